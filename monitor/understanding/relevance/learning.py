"""What people's answers ("about us", "not about us") teach of one brand: a logistic regression over nearby words.

It is trained in the worker process, which has numpy, and applied anywhere in plain Python. It joins the rules' score as
a blend: its share grows with the answers, and is none while it does no better than the rules on answers that it has not
seen. What it learned is a record of words and weights: readable, and gone when the record is deleted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import exp, log, sqrt
from typing import TYPE_CHECKING, Any, Final

from monitor.text import words
from monitor.understanding.assess import Opinion
from monitor.understanding.ownwords import own_words, without_chrome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from monitor.models import JSON, Lemmas, Mention, Post

LEAST: Final = 20
"""Answers of each kind before anything is learned."""
EACH: Final = 10
"""So many new answers make it worth to learn again."""
MOST: Final = 1_000
"""Older answers are not learned from: brands and their talk change."""
DRIFTED: Final = 0.15
"""So much less accuracy on the newest answers than on the older ones is drift."""

_AROUND: Final = 12  # words on each side of the name
_HALF: Final = 20  # answers at which rules and classifier have an equal say
_FOLDS: Final = 5
_NEWEST: Final = 20
_SCALE: Final = 3.0  # length of an answer's vector of words
_PENALTY: Final = 1.0
_ROUNDS: Final = 25
_KEPT: Final = 1_500
_FLOOR: Final = 0.03  # a rule's certainty that the classifier may still overrule
_RULE: Final = "rule"
_SURELY: Final = 1.64  # standard errors, beyond which a difference is chance once in twenty times


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A person's answer for one mention: its features, the relevance by rules alone, and when it was given."""

    features: frozenset[str]
    rule: float
    relevant: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What was learned of one brand.

    `accuracy` and `f1` are cross-validated, of the blend that is applied; `rules_accuracy` is that of the rules on the
    same answers. `drift` is the accuracy lost on the newest answers against the older ones, None for too few answers.
    """

    weights: Mapping[str, float]
    bias: float
    n_yes: int
    n_no: int
    accuracy: float
    f1: float
    rules_accuracy: float
    drift: float | None
    made_at: datetime

    @property
    def share(self) -> float:
        """The classifier's say in the blend, 0 to 1."""
        if self.accuracy <= self.rules_accuracy:
            return 0.0
        return _share(self.n_yes + self.n_no)

    @property
    def drifting(self) -> bool:
        """Whether the newest answers are met much worse than the older ones."""
        return self.drift is not None and self.drift > DRIFTED

    def opinion(self, post: Post, mention: Mention, lemmas: Lemmas) -> Opinion:
        """What it says of a mention as the judge left it, for `assess`."""
        chance = probability(self, features(post, mention, lemmas), mention.relevance)
        return Opinion(probability=chance, share=self.share, answers=self.n_yes + self.n_no)

    def telling(self, most: int = 15) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
        """The words that speak most for and most against the brand, with their weights."""
        ranked = sorted(
            ((name.partition(":")[2], weight) for name, weight in self.weights.items() if name.startswith("w:")),
            key=lambda pair: pair[1],
        )
        against = [pair for pair in ranked[:most] if pair[1] < 0]
        return [pair for pair in ranked[::-1][:most] if pair[1] > 0], against


def features(post: Post, mention: Mention, lemmas: Lemmas) -> frozenset[str]:
    """What is learned from: the words around the name, those right beside it, and the kinds of evidence found."""
    own = without_chrome(own_words(post))  # whose lemmas these are
    made = {
        f"e:{why.code}"
        for why in mention.why
        if why.weight is not None and not why.code.startswith(("influence", "priority-"))
    }
    for span in mention.spans[:8]:
        text, keys = (own.title, lemmas.title) if span.field == "title" else (own.text, lemmas.text)
        listed = keys.split()
        if span.field == "text" and len(words(text)) != len(listed):
            text = post.text  # a search index that was made anew has the lemmas of the whole text
        first = len(words(text[: span.start]))
        after = first + max(1, len(words(span.text)))
        made.update(f"w:{word}" for word in listed[max(0, first - _AROUND) : first])
        made.update(f"w:{word}" for word in listed[after : after + _AROUND])
        made.update(f"before:{word}" for word in listed[max(0, first - 1) : first])
        made.update(f"after:{word}" for word in listed[after : after + 1])
    return frozenset(made)


def is_due(answers: int | None, *, n_yes: int, n_no: int) -> bool:
    """Whether to learn now that there are so many answers of each kind; the last time there were `answers` in all."""
    return min(n_yes, n_no) >= LEAST and (answers is None or n_yes + n_no - answers >= EACH)


def is_worse(learned: Learned, active: Learned) -> bool:
    """Whether a new version does worse than the one that counts, by more than chance would explain.

    Each was measured on answers of its own time: where the newest ones show drift, the older measure means nothing.
    """
    lost = active.accuracy - learned.accuracy
    spread = sqrt(learned.accuracy * (1 - learned.accuracy) / max(1, active.n_yes + active.n_no))
    return lost > _SURELY * spread and not learned.drifting


def train(answers: Iterable[Answer], *, now: datetime, least: int = LEAST) -> Learned | None:
    """Learn from the newest answers; None with fewer than `least` of either kind.

    Needs numpy: for the worker process.
    """
    kept = sorted(answers, key=lambda answer: answer.at)[-MOST:]
    n_yes = sum(answer.relevant for answer in kept)
    if min(n_yes, len(kept) - n_yes) < least:
        return None
    chances = _held_out(kept)
    right = [(chance >= 0.5) == answer.relevant for chance, answer in zip(chances, kept, strict=True)]
    by_rules = [(answer.rule >= 0.5) == answer.relevant for answer in kept]
    said = sum(chance >= 0.5 for chance in chances)
    both = sum(chance >= 0.5 and answer.relevant for chance, answer in zip(chances, kept, strict=True))
    older = right[:-_NEWEST]
    drift = None if len(older) < _NEWEST else sum(older) / len(older) - sum(right[-_NEWEST:]) / _NEWEST
    weights, bias = _fit(kept)
    return Learned(
        weights=weights,
        bias=bias,
        n_yes=n_yes,
        n_no=len(kept) - n_yes,
        accuracy=sum(right) / len(kept),
        f1=2 * both / (said + n_yes),
        rules_accuracy=sum(by_rules) / len(kept),
        drift=drift,
        made_at=now,
    )


def probability(learned: Learned, found: frozenset[str], rule: float) -> float:
    """The chance that the brand is meant, by what was learned alone."""
    return _chance(learned.weights, learned.bias, found, rule)


def to_record(learned: Learned) -> dict[str, JSON]:
    """What was learned as plain data, for the database."""
    return {
        "weights": dict(learned.weights),
        "bias": learned.bias,
        "n_yes": learned.n_yes,
        "n_no": learned.n_no,
        "accuracy": learned.accuracy,
        "f1": learned.f1,
        "rules_accuracy": learned.rules_accuracy,
        "drift": learned.drift,
        "made_at": learned.made_at.isoformat(),
    }


def from_record(record: Mapping[str, Any]) -> Learned:
    """The reverse of `to_record`; raises KeyError, TypeError or ValueError for anything else."""
    return Learned(**{**record, "made_at": datetime.fromisoformat(record["made_at"])})


def _share(answers: int) -> float:
    return answers / (answers + _HALF)


def _blended(rule: float, learned: float, share: float) -> float:
    return (1 - share) * rule + share * learned


def _logit(chance: float) -> float:
    chance = min(max(chance, _FLOOR), 1 - _FLOOR)
    return log(chance / (1 - chance))


def _sigmoid(x: float) -> float:
    return 1 / (1 + exp(-x)) if x > -700 else 0.0


def _chance(weights: Mapping[str, float], bias: float, found: frozenset[str], rule: float) -> float:
    each = _SCALE / sqrt(len(found)) if found else 0.0
    told = sum(weights.get(name, 0.0) for name in found) * each
    return _sigmoid(bias + told + weights.get(_RULE, 0.0) * _logit(rule))


def _held_out(answers: Sequence[Answer]) -> list[float]:
    """For each answer what the blend would say that was learned without it, in folds of both kinds."""
    fold = [0] * len(answers)
    for kind in (True, False):
        for rank, at in enumerate([at for at, answer in enumerate(answers) if answer.relevant is kind]):
            fold[at] = rank % _FOLDS
    chances = [0.0] * len(answers)
    for number in range(_FOLDS):
        weights, bias = _fit([answer for answer, own in zip(answers, fold, strict=True) if own != number])
        for at, answer in enumerate(answers):
            if fold[at] == number:
                learned = _chance(weights, bias, answer.features, answer.rule)
                chances[at] = _blended(answer.rule, learned, _share(len(answers)))
    return chances


def _fit(answers: Sequence[Answer]) -> tuple[dict[str, float], float]:
    """Weights and bias of a penalised logistic regression, by Newton's method over the answers (they are few)."""
    import numpy as np

    seen: dict[str, int] = {}
    for answer in answers:
        for name in answer.features:
            seen[name] = seen.get(name, 0) + 1
    # A word that a single answer holds tells nothing of the next post.
    column = {name: at for at, name in enumerate(sorted(name for name, times in seen.items() if times > 1))}
    rows = np.zeros((len(answers), len(column) + 2))
    for at, answer in enumerate(answers):
        each = _SCALE / sqrt(len(answer.features)) if answer.features else 0.0
        for name in answer.features:
            if name in column:
                rows[at, column[name]] = each
        rows[at, -2:] = _logit(answer.rule), 1.0
    wanted = np.array([answer.relevant for answer in answers], dtype=float)
    kernel = rows @ rows.T
    duals = np.zeros(len(answers))
    for _ in range(_ROUNDS):
        score = kernel @ duals
        chance = 1 / (1 + np.exp(-np.clip(score, -30, 30)))
        spread = np.maximum(chance * (1 - chance), 1e-6)
        step = spread[:, None] * kernel + _PENALTY * np.eye(len(answers))
        made = np.linalg.solve(step, spread * score + wanted - chance)
        if np.abs(made - duals).max() < 1e-6:
            break
        duals = made
    told = rows.T @ duals
    ranked = sorted(column, key=lambda name: -abs(told[column[name]]))[:_KEPT]
    weights = {name: round(float(told[column[name]]), 4) for name in ranked}
    weights[_RULE] = round(float(told[-2]), 4)
    return weights, round(float(told[-1]), 4)
