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
from monitor.understanding.resemblance import ARTIFACT, SURE, Wording, wording
from monitor.understanding.rules import FOLDER, WHOLE
from training.corpora import DATA, SHIPPED, joined, read_rows
from training.sentiment import inputs, quantised_idf
from training.vectors import vectors

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
C_MEANING: Final = 0.03
"""C of the regressions on the encoder's vectors."""
VECTORS: Final = "special_cases"
"""Under which name the vectors are kept."""
FOLDS: Final = 5
LITTLE: Final = frozenset({"de", "es", "uk"})
"""Languages with too few texts for n-grams to have a say against the rules; what a text means needs fewer."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Labelled texts as the head reads them.

    `labels` and `seen` have a row a text and a column a case: whether it is of the case, and whether a rule saw it.
    """

    wordings: tuple[Wording, ...]
    languages: tuple[str, ...]
    labels: NDArray[np.bool_]
    seen: NDArray[np.bool_]

    @property
    def words(self) -> list[str]:
        """What n-grams are made of."""
        return [one.words for one in self.wordings]

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
    texts = [(rows.texts[n], rows.languages[n]) for n in at]
    wordings = tuple(Wording(wording(text, lemmatise(text, lang)), text) for text, lang in texts)
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
    long_ones = tuple(Wording(*map("\n".join, zip(*(texts.wordings[n] for n in part), strict=True))) for part in parts)
    labels = np.array([texts.labels[part].any(axis=0) for part in parts])
    return Texts(long_ones, tuple(texts.languages[part[0]] for part in parts), labels, np.zeros_like(labels))


def train(texts: Texts) -> dict[str, NDArray[np.generic]]:
    """The head over n-grams, as the artifact holds it."""
    texts = together(texts, ordinary())
    longer = together(texts, lengthened(texts))
    idf, step = quantised_idf(texts.words)
    rows = inputs(idf.astype(np.float32) * step, longer.words)
    weights = np.zeros((BUCKETS, len(cases())))
    for k, case in enumerate(cases()):
        taken = longer if case in WHOLE else texts
        machine = LinearSVC(C=C, class_weight="balanced", random_state=0)
        weights[:, k] = machine.fit(rows[: len(taken.wordings)], taken.labels[:, k]).coef_[0]
    blocks = weights.reshape(2, BLOCK, len(cases()))
    scales = np.maximum(np.abs(blocks).max(axis=1) / 127, 1e-9).astype(np.float32)
    return {
        "weights": np.round(blocks / scales[:, None, :]).astype(np.int8).reshape(BUCKETS, len(cases())),
        "scales": scales,
        "idf": idf,
        "idf_step": np.array(step),
    }


def meaning(texts: Texts) -> tuple[Floats, Floats]:
    """The weights of the encoder's vectors, shape (WIDTH, cases), and what is added for each case."""
    texts = together(texts, ordinary())
    rows = vectors(VECTORS, [one.said for one in texts.wordings]).astype(np.float64)
    centre, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    rows = (rows - centre) / spread
    fitted = [
        LogisticRegression(C=C_MEANING, class_weight="balanced", max_iter=500).fit(rows, texts.labels[:, k])
        for k in range(len(cases()))
    ]
    weights = np.stack([one.coef_[0] / spread for one in fitted], axis=1)
    return weights, np.array([one.intercept_[0] for one in fitted]) - centre @ weights


def said(head: Mapping[str, NDArray[np.generic]], meant: tuple[Floats, Floats], texts: Texts) -> Floats:
    """What both heads say of texts: decision values of shape (2, texts, cases)."""
    words = Head.from_arrays(head).decisions(features([tokens(text) for text in texts.words]))
    weights, offset = meant
    return np.stack([words, vectors(VECTORS, [one.said for one in texts.wordings]) @ weights + offset])


def folded(texts: Texts) -> Floats:
    """The decision values that each text gets from heads that were trained without it, as `said` gives them."""
    decisions = np.zeros((2, *texts.labels.shape))
    for kept, left in KFold(FOLDS, shuffle=True, random_state=0).split(texts.labels):
        of_kept = texts.taken(kept)
        decisions[:, left] = said(train(of_kept), meaning(of_kept), texts.taken(left))
    return decisions


def calibrated(decisions: Floats, texts: Texts) -> dict[str, Floats]:
    """What turns decision values of the folds, and what the rules saw, into chances: `slopes`, `bonus` and `offset`.

    From texts that the rules were not written by: else the rules would be believed more than they deserve.
    """
    fitted = [
        LogisticRegression(C=10.0).fit(np.stack([*decisions[:, :, k], texts.seen[:, k]], axis=1), texts.labels[:, k])
        for k in range(len(cases()))
    ]
    return {
        "slopes": np.array([one.coef_[0, :-1] for one in fitted]).T,
        "bonus": np.array([max(0.0, one.coef_[0, -1]) for one in fitted]),
        "offset": np.array([one.intercept_[0] for one in fitted]),
    }


def chances(decisions: Floats, calibration: Mapping[str, Floats], seen: NDArray[np.bool_]) -> Floats:
    """The chance of each case, shape (texts, cases)."""
    told = (decisions * calibration["slopes"][:, None, :]).sum(axis=0)
    found: Floats = 1 / (1 + np.exp(-(told + calibration["offset"] + calibration["bonus"] * seen)))
    return found


def artifact(both: Texts, fast: Mapping[str, Floats], quality: Mapping[str, Floats]) -> dict[str, NDArray[np.generic]]:
    """The arrays of the artifact: one head over n-grams, and for each tier how it is read."""
    weights, offset = meaning(both)
    slope, meant = quality["slopes"]
    languages = sorted(set(both.languages))
    return {
        "cases": np.array(cases()),
        **train(both),
        "fast_languages": np.array([one for one in languages if one not in LITTLE]),
        "fast_slope": np.round(fast["slopes"][0], 4),
        "fast_bonus": np.round(fast["bonus"], 4),
        "fast_offset": np.round(fast["offset"], 4),
        "quality_languages": np.array(languages),
        "quality_slope": np.round(slope, 4),
        "quality_bonus": np.round(quality["bonus"], 4),
        "quality_offset": np.round(quality["offset"] + meant * offset, 4),
        "quality_meaning": (meant * weights).astype(np.float32),
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
    decisions = folded(both)[:, : len(authored.wordings)]
    fast, quality = calibrated(decisions[:1], authored), calibrated(decisions, authored)
    for tier, calibration, read in (("fast", fast, decisions[:1]), ("quality", quality, decisions)):
        print(tier)
        show(authored, chances(read, calibration, authored.seen) >= SURE)
    if not options.evaluate:
        np.savez_compressed(ARTIFACT, **artifact(both, fast, quality))  # type: ignore[arg-type] # numpy's own stub
        print(f"{ARTIFACT.name}: {ARTIFACT.stat().st_size} bytes, {len(both.wordings)} texts")


if __name__ == "__main__":
    main()
