"""How well brands that are ordinary words are told from the words, on posts of our own.

`ru.jsonl` and `en.jsonl` were written before the data files; `ru_later.jsonl` after them, half of it about brands that
they do not know.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitor.models import Brand, Post
from monitor.understanding.matching.matcher import find
from monitor.understanding.matching.names import build
from monitor.understanding.relevance import weigh

if TYPE_CHECKING:
    from monitor.understanding.matching.forms import Morphology

EXAMPLES = Path(__file__).with_name("examples")


@pytest.mark.parametrize(("name", "least"), [("ru", 0.93), ("en", 0.93), ("ru_later", 0.88)])
def test_relevance_of_our_examples(name: str, least: float, morphology: Morphology) -> None:
    rows = [json.loads(line) for line in (EXAMPLES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    index = {brand: build([Brand(name=brand)], morphology) for brand in {row["brand"] for row in rows}}
    pairs = []
    for row in rows:
        post, brand = Post(text=row["text"], lang=row["lang"]), Brand(name=row["brand"])
        found = find(post, index[row["brand"]])
        said = bool(found.hits) and not weigh(post, brand, hits=found.hits, cues=found.cues, others=()).doubtful
        pairs.append((said, row["relevant"]))
    both = sum(said and wanted for said, wanted in pairs)
    f1 = 2 * both / (sum(said for said, _ in pairs) + sum(wanted for _, wanted in pairs))
    print(f"{name}: n={len(rows)} F1={f1:.3f}")
    assert f1 >= least


def test_the_examples_hold_enough_of_both_kinds() -> None:
    for name, least in (("ru", 120), ("en", 60)):
        rows = [json.loads(line) for line in (EXAMPLES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
        assert min(sum(row["relevant"] for row in rows), sum(not row["relevant"] for row in rows)) >= least
