"""How soon a person should look, from 0 to 100, every term of it shown.

The product form keeps a praise by a celebrity low and a mention that is hardly about us lower. The judge scores a post
alone; how many tell the same joins in `assess`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log2
from typing import TYPE_CHECKING

from monitor.models import Level, PostType, Why

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.models import Post, Span, SpecialCase

_SEVERITY = {Level.CRITICAL: 1.0, Level.HIGH: 0.7, Level.MEDIUM: 0.35, Level.INFO: 0.0}
_FURTHER_CASE = 0.1
_MOST_SEVERITY = 1.2
_MOST_SPREAD = 5.0
_NOT_ADDRESSED = 0.8
_LEAST_NEGATIVITY = 0.3
_STEEPNESS = 0.55
_GRAVE = frozenset({Level.HIGH, Level.CRITICAL})
FLOORS = {"health_safety": 75, "fraud_leak": 75, "legal_threat": 60}
"""Special cases that are never below this, however calm they sound; not for doubtful mentions.

The same as `floor` in data/special_cases/cases.toml, which is not read here: a test holds both together.
"""


@dataclass(frozen=True, slots=True)
class Priority:
    """A value from 0 to 100 and its terms."""

    value: int
    why: tuple[Why, ...]


def priority(
    *,
    negative: float,
    relevance: float,
    doubtful: bool,
    influence: int,
    addressed: bool,
    special_cases: Sequence[SpecialCase] = (),
    authors: int = 1,
) -> Priority:
    """Priority of a mention.

    `negative` is the probability of negative sentiment, `addressed` whether the post is a review or speaks to the
    brand, `authors` how many people told the same thing as something bad in the last week, this one included. A plain
    negative review by one unknown person comes to 56; 75 and more is for now, 50 to 74 for today, 25 to 49 for this
    week.

    With N negative, R relevance, S log2(1 + authors) up to 5, I influence, C the gravest special case and .1 for each
    further one, V .8 where the brand is not addressed: 100 (1 - e^(-.55 R V [N (1 + .5 S + .5 I) + .8 C max(N, .3)])).
    """
    spread = min(_MOST_SPREAD, log2(1 + authors))
    reach = influence / 100
    voice = 1.0 if addressed else _NOT_ADDRESSED
    severity = _severity(special_cases)
    raw = negative * (1 + 0.5 * spread + 0.5 * reach) + 0.8 * severity * max(negative, _LEAST_NEGATIVITY)
    value = round(100 * (1 - exp(-_STEEPNESS * relevance * voice * raw)))
    terms = [
        ("negative", negative, f"negative with probability {negative:.2f}"),
        ("authors", spread, _told_by(authors)),
        ("reach", reach, f"influence {influence} of 100"),
        ("relevance", relevance, f"relevance {relevance:.2f}"),
        ("addressed", voice, "a review or a word to the brand" if addressed else "not addressed to the brand"),
    ]
    if severity:
        names = ", ".join(dict.fromkeys(case.name for case in special_cases if _SEVERITY[case.level]))
        terms.append(("severity", severity, f"special cases: {names}"))
    why = [Why(code=f"priority-{code}", text=text, weight=round(weight, 3)) for code, weight, text in terms]
    grave = [case.name for case in special_cases if case.level in _GRAVE and not doubtful]
    floor = max((FLOORS.get(name, 0) for name in grave), default=0)
    if floor > value:
        value = floor
        why.append(Why(code="priority-floor", text=f"such a case is never below {floor}", weight=floor))
    return Priority(value, tuple(why))


def is_addressed(post: Post, spans: Sequence[Span]) -> bool:
    """Whether a post is a review, or speaks to the brand by its handle."""
    return post.type is PostType.REVIEW or post.rating is not None or any(span.kind == "handle" for span in spans)


def _told_by(authors: int) -> str:
    return "told by 1 author" if authors == 1 else f"told as something bad by {authors} authors in 7 days"


def _severity(special_cases: Sequence[SpecialCase]) -> float:
    """The gravest case, and a little for each further one; what is only worth knowing adds nothing."""
    grave = {case.name: _SEVERITY[case.level] for case in special_cases if _SEVERITY[case.level]}
    if not grave:
        return 0.0
    return min(_MOST_SEVERITY, max(grave.values()) + _FURTHER_CASE * (len(grave) - 1))
