"""Trains what tells special cases by resemblance, and measures it on texts that it has not seen.

    python -m training.special_cases                train and write monitor/understanding/data/resemblance.npz
    python -m training.special_cases --evaluate     five folds: precision, recall and number of each case and language

The texts are our own: `training/authored/special_cases/` and the examples beside the tests. Features and inference are
the package's own; scikit-learn is needed here only. The same texts, seed and package versions give the same figures.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.svm import LinearSVC

from monitor.lemmas import lemmatise
from monitor.models import Brand, Post
from monitor.understanding.heads import Head
from monitor.understanding.judge import Judge
from monitor.understanding.ngrams import BLOCK, BUCKETS, features, tokens
from monitor.understanding.resemblance import ARTIFACT, SURE, wording
from monitor.understanding.rules import FOLDER, WHOLE
from training.corpora import DATA, SHIPPED, joined, read_rows
from training.sentiment import inputs, quantised_idf

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

REPOSITORY: Final = Path(__file__).resolve().parents[1]
PLACES: Final = (
    REPOSITORY / "training" / "authored" / "special_cases",
    REPOSITORY / "tests" / "understanding" / "special_cases" / "examples",
)
C: Final = 0.5
"""C of the support vector machines."""
FOLDS: Final = 5
LITTLE: Final = frozenset({"de", "es", "uk"})
"""Languages with too few texts to have a say against the rules."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Labelled texts as the head reads them.

    `labels` and `seen` have a row a text and a column a case: whether it is of the case, and whether a rule saw it.
    """

    wordings: tuple[str, ...]
    languages: tuple[str, ...]
    labels: NDArray[np.bool_]
    seen: NDArray[np.bool_]

    def taken(self, at: NDArray[np.int64]) -> Texts:
        """Some of the texts."""
        wordings, languages = (tuple(known[n] for n in at) for known in (self.wordings, self.languages))
        return Texts(wordings, languages, self.labels[at], self.seen[at])


PARTS: Final = (5, 10)
"""Of how many texts a lengthened one is put together: at least, and less than."""
LENGTHENED: Final = 0.1
"""Lengthened texts for each text."""
ORDINARY: Final = {"ru": 1500, "en": 1500, "de": 300, "es": 300}
"""How many ordinary posts of each language are learned from."""
WITHOUT_EXAMPLES: Final = frozenset({"rebuts"})
"""Cases that the rules alone tell."""


@cache
def cases() -> tuple[str, ...]:
    """The cases that there are examples of, in the order of cases.toml."""
    tables = tomllib.loads((FOLDER / "cases.toml").read_text(encoding="utf-8"))
    return tuple(name for name in tables if name not in WITHOUT_EXAMPLES)


def read_texts(place: Path) -> Texts:
    """All texts of a folder, each once."""
    lines = [
        json.loads(line)
        for file in sorted(place.glob("*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    lines = list({line["text"]: line for line in lines}.values())
    judge = Judge(())
    of_brand = {name: judge.for_brands([Brand(name=name)]) for name in {line["brand"] for line in lines}}
    posts = [Post(text=line["text"], lang=line["lang"]) for line in lines]
    judges = [of_brand[line["brand"]] for line in lines]
    seen = [{case.name for case in one.by_rules(post)} for one, post in zip(judges, posts, strict=True)]
    return Texts(
        tuple(one.wording(post) for one, post in zip(judges, posts, strict=True)),
        tuple(line["lang"] for line in lines),
        np.array([[case in line["labels"] for case in cases()] for line in lines]),
        np.array([[case in cases_seen for case in cases()] for cases_seen in seen]),
    )


def together(one: Texts, other: Texts) -> Texts:
    """Both, in order."""
    return Texts(
        one.wordings + other.wordings,
        one.languages + other.languages,
        np.concatenate([one.labels, other.labels]),
        np.concatenate([one.seen, other.seen]),
    )


@cache
def ordinary() -> Texts:
    """Posts of the sentiment corpora that may be trained on, taken as of no case: hardly one in a hundred is.

    What is written for a case, or to look like it, is not what most posts are like.
    """
    chosen = np.random.default_rng(0)
    rows = joined([read_rows(DATA / f"{name}.train.tsv.gz") for name in SHIPPED])
    at = [
        n
        for lang, count in ORDINARY.items()
        for n in chosen.choice([n for n, one in enumerate(rows.languages) if one == lang], size=count, replace=False)
    ]
    wordings = tuple(wording(rows.texts[n], lemmatise(rows.texts[n], rows.languages[n])) for n in at)
    labels = np.zeros((len(at), len(cases())), dtype=np.bool_)
    return Texts(wordings, tuple(rows.languages[n] for n in at), labels, labels)


def lengthened(texts: Texts) -> Texts:
    """Long posts that are of none of the cases WHOLE, each put together of some short ones.

    Else length alone would speak for an article: people seldom write long examples of anything else.
    """
    chosen = np.random.default_rng(0)
    short = ~texts.labels[:, [cases().index(name) for name in WHOLE]].any(axis=1)
    of_language = [np.array([one == lang for one in texts.languages]) & short for lang in sorted(set(texts.languages))]
    parts = [
        chosen.choice(np.flatnonzero(where), size=chosen.integers(*PARTS), replace=False)
        for where in of_language
        for _ in range(round(where.sum() * LENGTHENED))
        if where.sum() > PARTS[1]
    ]
    long_ones = tuple("\n".join(texts.wordings[n] for n in part) for part in parts)
    labels = np.array([texts.labels[part].any(axis=0) for part in parts])
    return Texts(long_ones, tuple(texts.languages[part[0]] for part in parts), labels, np.zeros_like(labels))


def train(texts: Texts, calibration: Mapping[str, Floats] | None = None) -> dict[str, NDArray[np.generic]]:
    """The arrays of the artifact."""
    texts = together(texts, ordinary())
    longer = together(texts, lengthened(texts))
    idf, step = quantised_idf(texts.wordings)
    rows = inputs(idf.astype(np.float32) * step, longer.wordings)
    weights = np.zeros((BUCKETS, len(cases())))
    for k, case in enumerate(cases()):
        taken = longer if case in WHOLE else texts
        machine = LinearSVC(C=C, class_weight="balanced", random_state=0)
        weights[:, k] = machine.fit(rows[: len(taken.wordings)], taken.labels[:, k]).coef_[0]
    blocks = weights.reshape(2, BLOCK, len(cases()))
    scales = np.maximum(np.abs(blocks).max(axis=1) / 127, 1e-9).astype(np.float32)
    return {
        "cases": np.array(cases()),
        "languages": np.array(sorted(set(texts.languages) - LITTLE)),
        "weights": np.round(blocks / scales[:, None, :]).astype(np.int8).reshape(BUCKETS, len(cases())),
        "scales": scales,
        "idf": idf,
        "idf_step": np.array(step),
        **(calibration or {}),
    }


def folded(texts: Texts) -> Floats:
    """The decision values that each text gets from a head that was trained without it."""
    decisions = np.zeros(texts.labels.shape)
    for kept, left in KFold(FOLDS, shuffle=True, random_state=0).split(texts.labels):
        head = Head.from_arrays(train(texts.taken(kept)))
        decisions[left] = head.decisions(features([tokens(text) for text in texts.taken(left).wordings]))
    return decisions


def calibrated(decisions: Floats, texts: Texts) -> dict[str, Floats]:
    """What turns the decision values of the folds, and what the rules saw, into chances; for each case.

    From texts that the rules were not written by: else the rules would be believed more than they deserve.
    """
    fitted = [
        LogisticRegression(C=10.0).fit(np.stack([decisions[:, k], texts.seen[:, k]], axis=1), texts.labels[:, k])
        for k in range(len(cases()))
    ]
    return {
        "slope": np.round([one.coef_[0, 0] for one in fitted], 4),
        "bonus": np.round([max(0.0, one.coef_[0, 1]) for one in fitted], 4),
        "offset": np.round([one.intercept_[0] for one in fitted], 4),
    }


def show(texts: Texts, told: NDArray[np.bool_]) -> None:
    """Precision, recall and F1 of each case and language."""
    for k, case in enumerate(cases()):
        figures = []
        for lang in sorted(set(texts.languages)):
            of_lang = np.array([one == lang for one in texts.languages])
            want, got = texts.labels[of_lang, k], told[of_lang, k]
            hits = int((want & got).sum())
            precision, recall = hits / max(1, got.sum()), hits / max(1, want.sum())
            figures.append(f"{lang} {precision:.2f} {recall:.2f} ({want.sum()})")
        print(f"{case:18}" + "   ".join(figures))


def main() -> None:
    """Train, or measure by folds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--evaluate", action="store_true", help="figures of the folds only")
    options = parser.parse_args()
    authored, examples = map(read_texts, PLACES)
    both = together(authored, examples)
    unseen = np.arange(len(authored.wordings))
    decisions = folded(both)[unseen]
    calibration = calibrated(decisions, authored)
    told = calibration["slope"] * decisions + calibration["offset"] + calibration["bonus"] * authored.seen
    show(authored, 1 / (1 + np.exp(-told)) >= SURE)
    if not options.evaluate:
        np.savez_compressed(ARTIFACT, **train(both, calibration))  # type: ignore[arg-type] # numpy's own stub
        print(f"{ARTIFACT.name}: {ARTIFACT.stat().st_size} bytes, {len(both.wordings)} texts")


if __name__ == "__main__":
    main()
