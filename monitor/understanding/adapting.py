"""What people's corrections of sentiment teach the model of one installation: a small change of its logits.

The model that comes with the program stays as it is; a multinomial logistic regression over the n-grams of the
corrected texts, and over their meaning on the quality tier, learns what to add. Texts that come with the program are
learned from too, so that nothing general is unlearned, and what was gained is measured on texts that were left out.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from monitor.models import Label
from monitor.understanding.ngrams import Features, features, tokens
from monitor.understanding.sentiment import LABELS, Adaptation, softmax

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from monitor.models import JSON
    from monitor.understanding.sentiment import Meaning, Model

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

LEAST: Final = 20
"""Corrected texts before anything is learned."""
MOST: Final = 1_000
"""Older corrections are not learned from: what people talk of changes."""
WORSE: Final = 0.01
"""So much macro F1 may be lost on the texts that come with the program."""
CERTAIN: Final = 0.95
"""The share of resamples that must gain before a gain counts as more than chance."""

_SHIPPED: Final = Path(__file__).with_name("data") / "sentiment_lessons.jsonl.gz"
"""888 texts: kept out of the training of the model's weights, but its calibration, twelve numbers, saw them."""
_FOLDS: Final = 5
_SETTINGS: Final = tuple(product((0.3, 1.0, 3.0), (0.5, 2.0, 8.0)))
"""What is tried: what all texts that come with the program count together, where the corrections count 1; penalty."""
_STAY: Final = 0.5  # how much such a text asks for what the model says now, and not for its label
_COMMON: Final = 0.2  # value of the feature that every text has: the offset is learned with care
_MEANING: Final = 2 / 384**0.5  # as in the training of the model
_ROUNDS: Final = 100
_STILL: Final = 1e-3
_COLUMNS: Final = 2_048
_RESAMPLES: Final = 1_000
_SEED: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A text whose sentiment a person gave, and when."""

    text: str
    label: Label
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How well `n` labelled texts are judged; `macro_f1` is the mean over the classes that occur among them."""

    macro_f1: float
    accuracy: float
    negative_recall: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What `answers` corrected texts taught, and what it is worth.

    `before` and `after` are measured on the corrections, `shipped_before` and `shipped_after` on texts that come with
    the program; each text is judged by what was learned without it. `certainty` is the share of resamples of the
    corrections that gain both macro F1 and accuracy: macro F1 alone would gain by guessing where the model has no idea.
    """

    adaptation: Adaptation
    answers: int
    before: Figures
    after: Figures
    shipped_before: Figures
    shipped_after: Figures
    certainty: float
    made_at: datetime

    @property
    def is_better(self) -> bool:
        """Whether corrections gain more than chance would explain, and nothing general is lost."""
        return self.reason is None

    @property
    def reason(self) -> str | None:
        """What it lacks to be better, in words; None where it is."""
        if self.after.macro_f1 <= self.before.macro_f1:
            return "no better on the corrections"
        if round(self.shipped_before.macro_f1 - self.shipped_after.macro_f1, 4) > WORSE:  # as precise as figures are
            return "worse on the shipped texts"
        if self.certainty < CERTAIN:
            return f"not surely better on the corrections (in {self.certainty:.1%} of samples of them)"
        return None

    def to_json(self) -> dict[str, JSON]:
        """As JSON; `tier`, `is_better` and `reason` are there for who reads it."""
        return {
            "tier": self.adaptation.tier.value,
            "adaptation": self.adaptation.to_json(),
            "answers": self.answers,
            "before": asdict(self.before),
            "after": asdict(self.after),
            "shipped_before": asdict(self.shipped_before),
            "shipped_after": asdict(self.shipped_after),
            "certainty": self.certainty,
            "made_at": self.made_at.isoformat(),
            "is_better": self.is_better,
            "reason": self.reason,
        }


class _Texts(NamedTuple):
    """Labelled texts as the model reads them; `labels` index LABELS, `logits` are the model's own."""

    labels: Ints
    found: Features
    values: Floats
    vectors: Floats | None
    logits: Floats


class _Problem(NamedTuple):
    """What is learned from: corrections first, then what comes with the program.

    `wanted` are the shares of each class that a text asks for, `weights` what it counts, `fold` is when it is left out.
    """

    kernel: Floats
    logits: Floats
    labels: Ints
    wanted: Floats
    weights: Floats
    fold: Ints
    corrections: int


def train(model: Model, lessons: Sequence[Lesson], *, now: datetime) -> Training | None:
    """Learn from the newest corrections, the last one of each text; `now` is when it was learned.

    None for fewer than LEAST texts, and where all are of one label. It takes some seconds for 500 lessons; on the
    quality tier the encoder's time for each text comes to it. Raises InputError where the encoder is gone.
    """
    kept = newest(lessons)
    if len(kept) < LEAST or len({lesson.label for lesson in kept}) < 2:
        return None
    model = model.adapted(None)
    own = _read(model, [lesson.text for lesson in kept], [lesson.label for lesson in kept])
    shipped = _shipped_as_read(model)
    problem = _problem(own, shipped)
    said, setting = _left_out(problem)
    n = problem.corrections
    before, after = problem.logits.argmax(axis=1), said.argmax(axis=1)
    return Training(
        adaptation=_adaptation(model, own, shipped, _fit(problem, np.arange(len(problem.labels)), setting)),
        answers=n,
        before=figures(own.labels, before[:n]),
        after=figures(own.labels, after[:n]),
        shipped_before=figures(shipped.labels, before[n:]),
        shipped_after=figures(shipped.labels, after[n:]),
        certainty=_certainty(own.labels, before[:n], after[:n]),
        made_at=now,
    )


def figures(labels: Ints, said: Ints) -> Figures:
    """How often what was said of some texts is what it should be; both index LABELS."""
    confusion = np.bincount(labels * len(LABELS) + said, minlength=len(LABELS) ** 2).reshape(1, len(LABELS), -1)
    negative = LABELS.index(Label.NEGATIVE)
    return Figures(
        macro_f1=round(float(_macro_f1(confusion)[0]), 4),
        accuracy=round(float((labels == said).mean()), 4),
        negative_recall=round(float(confusion[0, negative, negative] / max(1, confusion[0, negative].sum())), 4),
        n=len(labels),
    )


def _macro_f1(confusion: Ints) -> Floats:
    """The mean F1 of the classes that occur, for each matrix (label, said) of many."""
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    occurring = confusion.sum(axis=2) > 0
    f1 = 2 * hits / np.maximum(1, confusion.sum(axis=1) + confusion.sum(axis=2))
    found: Floats = (f1 * occurring).sum(axis=1) / np.maximum(1, occurring.sum(axis=1))
    return found


def _certainty(labels: Ints, before: Ints, after: Ints) -> float:
    """How often macro F1 and accuracy gain when the texts are drawn anew, with repeats: a paired bootstrap."""
    drawn = np.random.default_rng(_SEED).integers(len(labels), size=(_RESAMPLES, len(labels)))
    was, now = (_drawn_anew(labels * len(LABELS) + said, drawn) for said in (before, after))
    right = np.diagonal(now - was, axis1=1, axis2=2).sum(axis=1)
    return float(((_macro_f1(now) > _macro_f1(was)) & (right > 0)).mean())


def _drawn_anew(cells: Ints, drawn: Ints) -> Ints:
    """The matrix (label, said) of each drawing; `cells` number the entries of a matrix."""
    size = len(LABELS) ** 2
    counts = np.bincount((cells[drawn] + np.arange(len(drawn))[:, None] * size).ravel(), minlength=len(drawn) * size)
    return counts.reshape(len(drawn), len(LABELS), len(LABELS))


def newest(lessons: Sequence[Lesson]) -> list[Lesson]:
    """What `train` learns from: the newest lesson of each text, oldest first. It reads texts as the model does."""
    by_text = {" ".join(tokens(one.text)): one for one in sorted(lessons, key=lambda one: one.at)}
    return sorted(by_text.values(), key=lambda one: (one.at, one.text))[-MOST:]


@cache
def _shipped() -> tuple[tuple[str, ...], tuple[Label, ...]]:
    """Labelled texts that come with the program; `_SHIPPED` says what its model knows of them."""
    with gzip.open(_SHIPPED, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return tuple(row["text"] for row in rows), tuple(Label(row["label"]) for row in rows)


@lru_cache(maxsize=1)
def _shipped_vectors(meaning: Meaning) -> Floats:
    """The shipped texts' vectors cost the encoder some ten seconds: once for a process that keeps its model."""
    return meaning.standardised(_shipped()[0])


def _shipped_as_read(model: Model) -> _Texts:
    texts, labels = _shipped()
    return _read(model, texts, labels, None if model.meaning is None else _shipped_vectors(model.meaning))


def _read(model: Model, texts: Sequence[str], labels: Sequence[Label], vectors: Floats | None = None) -> _Texts:
    found = features([tokens(text) for text in texts])
    if vectors is None and model.meaning is not None:
        vectors = model.meaning.standardised(texts)
    return _Texts(
        labels=np.array([LABELS.index(label) for label in labels], dtype=np.int64),
        found=found,
        values=model.head.values(found),
        vectors=vectors,
        logits=model.logits(found, vectors),
    )


def _problem(own: _Texts, shipped: _Texts) -> _Problem:
    wanted = np.eye(len(LABELS))
    stay = softmax(shipped.logits)
    count = len(shipped.labels)
    return _Problem(
        kernel=_kernel(own, shipped),
        logits=np.concatenate([own.logits, shipped.logits]),
        labels=np.concatenate([own.labels, shipped.labels]),
        wanted=np.concatenate([wanted[own.labels], _STAY * stay + (1 - _STAY) * wanted[shipped.labels]]),
        weights=np.concatenate([_balanced(own.labels), np.full(count, len(own.labels) / count)]),
        fold=np.concatenate([_folds(own.labels), _folds(shipped.labels)]),
        corrections=len(own.labels),
    )


def _balanced(labels: Ints) -> Floats:
    """Weights, 1 on average, that keep the frequent labels from drowning the others, as in the model's training."""
    weights = 1 / np.sqrt(np.bincount(labels, minlength=len(LABELS))[labels])
    balanced: Floats = weights * (len(labels) / weights.sum())
    return balanced


def _kernel(own: _Texts, shipped: _Texts) -> Floats:
    """How alike any two texts are: what they share of the corrections' n-grams, of meaning, and of being texts."""
    buckets, rows, columns, values = _matrix(own, shipped)
    order = np.argsort(columns, kind="stable")
    rows, columns, values = rows[order], columns[order], values[order].astype(np.float32)
    count = len(own.labels) + len(shipped.labels)
    shared = np.zeros((count, count), dtype=np.float32)
    # A dense strip at a time: the whole matrix would take hundreds of megabytes.
    for start in range(0, len(buckets), _COLUMNS):
        first, last = np.searchsorted(columns, [start, start + _COLUMNS])
        strip = np.zeros((count, _COLUMNS), dtype=np.float32)
        strip[rows[first:last], columns[first:last] - start] = values[first:last]
        shared += strip @ strip.T
    kernel: Floats = shared.astype(np.float64) + _COMMON**2
    vectors = _vectors(own, shipped)
    return kernel if vectors is None else kernel + (_MEANING * vectors) @ (_MEANING * vectors).T


def _matrix(own: _Texts, shipped: _Texts) -> tuple[Ints, Ints, Ints, Floats]:
    """The buckets that are lit in the corrections, and rows, columns and values of the texts over them."""
    buckets = np.unique(own.found.buckets)
    met = np.concatenate([own.found.buckets, shipped.found.buckets])
    rows = np.concatenate([own.found.rows, shipped.found.rows + own.found.texts])
    values = np.concatenate([own.values, shipped.values])
    columns = np.searchsorted(buckets, met)
    known = np.isin(met, buckets)
    return buckets, rows[known], columns[known], values[known]


def _vectors(own: _Texts, shipped: _Texts) -> Floats | None:
    if own.vectors is None or shipped.vectors is None:
        return None
    return np.concatenate([own.vectors, shipped.vectors])


def _fit(problem: _Problem, at: Ints, setting: tuple[float, float]) -> Floats:
    """What each text adds to the logits of those like it, learned from the texts `at`; none of any other.

    The loss is convex, and its curvature nowhere above half the weighted kernel (Böhning 1992): steps by that bound
    never overshoot, and need one inverse for all of them.
    """
    share, penalty = setting
    kernel = problem.kernel[np.ix_(at, at)]
    weights = (problem.weights * np.where(np.arange(len(problem.labels)) < problem.corrections, 1, share))[at, None]
    step = np.linalg.inv(weights * kernel / 2 + penalty * np.eye(len(at)))
    duals = np.zeros((len(at), len(LABELS)))
    for _ in range(_ROUNDS):
        said = softmax(problem.logits[at] + kernel @ duals)
        change = step @ (weights * (problem.wanted[at] - said) - penalty * duals)
        duals += change
        if np.abs(change).max() <= _STILL * np.abs(duals).max():
            break
    whole = np.zeros((len(problem.labels), len(LABELS)))
    whole[at] = duals
    return whole


def _left_out(problem: _Problem) -> tuple[Floats, tuple[float, float]]:
    """The logits of each text by what was learned without its fold, and the setting that serves all folds best.

    A fold is judged with the setting that served the other folds best, so that nothing of it was chosen by its labels.
    """
    said = np.empty((len(_SETTINGS), *problem.logits.shape))
    for number in range(_FOLDS):
        learned, left = np.flatnonzero(problem.fold != number), np.flatnonzero(problem.fold == number)
        for row, setting in enumerate(_SETTINGS):
            said[row, left] = problem.logits[left] + problem.kernel[left] @ _fit(problem, learned, setting)
    chosen = np.empty_like(problem.logits)
    for number in range(_FOLDS):
        left = np.flatnonzero(problem.fold == number)
        chosen[left] = said[_best(problem, said, problem.fold != number), left]
    return chosen, _SETTINGS[_best(problem, said, np.ones(len(problem.labels), dtype=np.bool_))]


def _best(problem: _Problem, said: Floats, among: NDArray[np.bool_]) -> int:
    """The setting that loses least on corrections, of those that leave what comes with the program as good as it was.

    Where none does, the one that leaves it best.
    """
    is_own = np.arange(len(problem.labels)) < problem.corrections
    own, shipped = np.flatnonzero(among & is_own), np.flatnonzero(among & ~is_own)
    losses = [-np.log(softmax(logits[own])[np.arange(len(own)), problem.labels[own]]) for logits in said]
    lost = np.array([(loss * problem.weights[own]).sum() for loss in losses])
    before, *after = (
        figures(problem.labels[shipped], logits[shipped].argmax(axis=1)).macro_f1 for logits in (problem.logits, *said)
    )
    kept = np.array(after)
    allowed = kept >= min(before - WORSE / 2, kept.max())
    return int(np.where(allowed, lost, np.inf).argmin())


def _folds(labels: Ints) -> Ints:
    """The fold of each text, each label dealt out in turn."""
    fold = np.empty(len(labels), dtype=np.int64)
    for label in range(len(LABELS)):
        (at,) = np.nonzero(labels == label)
        fold[at] = (np.arange(len(at)) + label) % _FOLDS
    return fold


def _adaptation(model: Model, own: _Texts, shipped: _Texts, duals: Floats) -> Adaptation:
    """The sums of what the texts add, as weights of features, in the precision in which they are kept."""
    buckets, rows, columns, values = _matrix(own, shipped)
    shares = duals[rows] * values[:, None]
    classes = range(len(LABELS))
    weights: Floats = np.stack(
        [np.bincount(columns, shares[:, k], minlength=len(buckets)) for k in classes], axis=1
    ).astype(np.float64)
    vectors = _vectors(own, shipped)
    adaptation = Adaptation(
        tier=model.tier,
        offset=_COMMON**2 * duals.sum(axis=0),
        buckets=buckets,
        weights=weights,
        meaning=None if vectors is None else _MEANING**2 * (vectors.T @ duals),
    )
    return Adaptation.from_json(adaptation.to_json())
