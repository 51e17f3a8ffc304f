"""The labelled texts that sentiment is trained and measured on: those of the data folder, and our own.

    python -m training.corpora        what our own corpus holds, how alike its texts are, how far two labellers agree

Our own are `training/authored/sentiment/LANG.jsonl`: written for this project, one by one, by writers who had seen no
corpus; every REGRESSION-th of them is kept out of training and ships for `monitor train` to check itself by.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from monitor.understanding.ngrams import tokens
from monitor.understanding.sentiment import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

REPOSITORY: Final = Path(__file__).resolve().parents[1]
DATA: Final = REPOSITORY.parent / "shared" / "data" / "sentiment"
AUTHORED: Final = REPOSITORY / "training" / "authored" / "sentiment"
SECOND: Final = REPOSITORY / "training" / "authored" / "sentiment_second_labels.jsonl"
"""Labels that another labeller gave a sample, without seeing the first."""

SHIPPED: Final = ("amazon_sentences", "cedr", "rusentitweet", "rusentne", "semeval1316", "umsab")
"""What the models in the package are trained on besides our own texts; docs/sentiment-model-card.md says why."""
MEASURED_ONLY: Final = ("crowdflower_brands", "nc_rusentiment")
"""Corpora whose licence does not allow it, or could not be verified: never trained on."""
OWN: Final = "authored"
MOST: Final = 50_000
"""Texts of a corpus that are trained on: more of one kind drown the others."""
REGRESSION: Final = 12

_RUN: Final = 5  # words that two texts must not share in a row


@dataclass(frozen=True, slots=True)
class Rows:
    """Labelled texts: `labels` index LABELS."""

    languages: tuple[str, ...]
    labels: Ints
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus: what is trained on, and what it is measured by."""

    name: str
    train: Rows
    dev: Rows


def rows_of(labelled: Iterable[tuple[str, str, str]]) -> Rows:
    """Rows from languages, labels and texts."""
    listed = list(labelled)
    labels = np.array([LABELS.index(label) for _, label, _ in listed], dtype=np.int64)
    return Rows(tuple(lang for lang, _, _ in listed), labels, tuple(text for _, _, text in listed))


def read_rows(path: Path) -> Rows:
    """Rows of a gzipped file with the columns lang, domain, label, text."""
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as lines:
        next(lines)
        rows = [line.rstrip("\n").split("\t", 3) for line in lines]
    return rows_of((lang, label, text) for lang, _, label, text in rows)


def read_corpora(folder: Path) -> dict[str, Corpus]:
    """The corpora of the data folder; what stands in any dev part is left out of every train part."""
    dev = {name: read_rows(folder / f"{name}.dev.tsv.gz") for name in (*SHIPPED, *MEASURED_ONLY)}
    seen = {spelling(text) for rows in dev.values() for text in rows.texts}
    corpora: dict[str, Corpus] = {}
    for name, rows in dev.items():
        train = drawn(read_rows(folder / f"{name}.train.tsv.gz"), MOST)
        corpora[name] = Corpus(name, taken(train, [spelling(text) not in seen for text in train.texts]), rows)
    return corpora


def authored() -> list[dict[str, Any]]:
    """Our own texts, in the order of the languages: text, lang, label, sector, kind and what is hard about it."""
    lines = (
        line for path in sorted(AUTHORED.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()
    )
    return [json.loads(line) for line in lines]


def own_corpus() -> Corpus:
    """Our own texts: the train part, and as dev what ships for `monitor train`."""
    listed = authored()
    kept_out = [place % REGRESSION == 0 for place in range(len(listed))]
    rows = rows_of((one["lang"], one["label"], one["text"]) for one in listed)
    return Corpus(OWN, taken(rows, [not out for out in kept_out]), taken(rows, kept_out))


def spelling(text: str) -> str:
    """A text without what two copies of it may differ in."""
    return " ".join(token for token in tokens(text) if token.isalnum())


def taken(rows: Rows, wanted: Sequence[bool]) -> Rows:
    """The wanted ones of some rows."""
    at = [place for place, keep in enumerate(wanted) if keep]
    return Rows(tuple(rows.languages[place] for place in at), rows.labels[at], tuple(rows.texts[place] for place in at))


def drawn(rows: Rows, most: int) -> Rows:
    """At most so many rows, drawn at random, always the same."""
    if len(rows.texts) <= most:
        return rows
    places = list(range(len(rows.texts)))
    Random(0).shuffle(places)
    wanted = set(places[:most])
    return taken(rows, [place in wanted for place in range(len(rows.texts))])


def joined(parts: Iterable[Rows]) -> Rows:
    """Several files as one."""
    listed = list(parts)
    return Rows(
        tuple(language for rows in listed for language in rows.languages),
        np.concatenate([rows.labels for rows in listed]),
        tuple(text for rows in listed for text in rows.texts),
    )


def by_language(rows: Rows) -> dict[str, Rows]:
    """The rows of each language."""
    return {lang: taken(rows, [other == lang for other in rows.languages]) for lang in sorted(set(rows.languages))}


def alike(texts: Sequence[str]) -> list[int]:
    """The places of texts that share a run of five words with another."""
    runs: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for place, text in enumerate(texts):
        words = re.findall(r"\w+", text.lower())
        for start in range(len(words) - _RUN + 1):
            runs[tuple(words[start : start + _RUN])].add(place)
    return sorted({place for places in runs.values() if len(places) > 1 for place in places})


def agreement(first: Sequence[str], second: Sequence[str]) -> tuple[float, float]:
    """The share of texts that two labellers gave the same label, and Cohen's kappa."""
    same = sum(a == b for a, b in zip(first, second, strict=True)) / len(first)
    shares = [Counter(labels) for labels in (first, second)]
    chance = sum(shares[0][label] * shares[1][label] for label in shares[0]) / len(first) ** 2
    return same, (same - chance) / (1 - chance)


def main() -> None:
    """Run from the command line."""
    listed = authored()
    print(f"{len(listed)} texts of our own, {len({one['sector'] for one in listed})} sectors")
    for lang in sorted({one["lang"] for one in listed}):
        labels = Counter(one["label"] for one in listed if one["lang"] == lang)
        print(f"  {lang}: {sum(labels.values())}", {label.value: labels[label.value] for label in LABELS})
    for field in ("kind", "hard"):
        print(f"{field}: ", dict(Counter(one[field] or "plain" for one in listed).most_common()))
    same_words = alike([one["text"] for one in listed])
    print(f"{len(same_words) / len(listed):.1%} share a run of {_RUN} words with another")
    first = {one["text"]: one["label"] for one in listed}
    second = [json.loads(line) for line in SECOND.read_text(encoding="utf-8").splitlines()]
    pairs = [(first[one["text"]], one["label"]) for one in second if one["text"] in first]
    same, kappa = agreement([a for a, _ in pairs], [b for _, b in pairs])
    print(f"second labelling of {len(pairs)}: {same:.1%} the same, Cohen's kappa {kappa:.2f}")


if __name__ == "__main__":
    main()
