"""Toward whom: which brand of a post the author leaves, goes over to, compares with another or merely mentions.

Looks only at the sentences that name a brand. What it says is for the sentiment toward each brand, so it says nothing
rather than guess: not of questions, orders, what would be, or what is denied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.models import Why
from monitor.understanding.toward.finding import Finding, Role, findings
from monitor.understanding.toward.lines import Line, lines
from monitor.understanding.toward.pieces import TextSpan, shares

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.models import Span
    from monitor.understanding.reading import Reading

__all__ = ["Role", "TextSpan", "Toward", "toward"]

_OPPOSITE: Final = {Role.LEFT: Role.JOINED, Role.JOINED: Role.LEFT}
_SAYS: Final = {
    Role.LEFT: "the author leaves it",
    Role.JOINED: "the author goes over to it",
    Role.BETTER: "it is called the better of two",
    Role.WORSE: "it is called the worse of two",
    Role.ASIDE: "it is only a yardstick or listed",
}


@dataclass(frozen=True, slots=True)
class Toward:
    """What a post is about a brand.

    `text_spans` are the parts of title and text that speak of it; `why` has the words that give the `role`. `quoted`
    and `reported`: it is named in nothing but quotes, or in nothing but what others are said to have said.
    """

    text_spans: tuple[TextSpan, ...]
    role: Role | None
    why: tuple[Why, ...]
    quoted: bool
    reported: bool


def toward(readings: Sequence[Reading], spans: Mapping[int, Sequence[Span]]) -> dict[int, Toward]:
    """What a post is about each brand; `readings` are of its title and text, `spans` by the number of the brand."""
    named, pieces = lines(readings, spans)
    texts = {reading.field: reading.text for reading in readings}
    found = [finding for line in named for finding in findings(line, texts[line.field])]
    shared = shares(pieces, [number for number in spans if spans[number]])
    return {number: _of_brand(number, named, found=found, text_spans=shared.get(number, ())) for number in spans}


def _of_brand(
    number: int, named: Sequence[Line], *, found: Sequence[Finding], text_spans: tuple[TextSpan, ...]
) -> Toward:
    here = [line for line in named if number in line.brands()]
    chosen = _chosen(number, found, sentences=len(here))
    units = [unit for line in here for unit in line.units if unit.number == number]
    return Toward(
        text_spans=text_spans,
        role=chosen.role if chosen else None,
        why=(_why(chosen),) if chosen else (),
        quoted=bool(units) and all(unit.token.quoted for unit in units),
        reported=bool(here) and all(line.sentence.reported for line in here),
    )


def _chosen(number: int, found: Sequence[Finding], *, sentences: int) -> Finding | None:
    """The finding that counts: the last direction, else the first comparison, else an aside if there is no more."""
    own = [finding for finding in found if finding.number == number]
    others = {finding.role for finding in found if finding.number != number}
    directions = [one for one in own if one.role in _OPPOSITE and (not one.weak or _OPPOSITE[one.role] in others)]
    if directions:
        strong = [one for one in directions if not one.weak]
        return (strong or directions)[-1]
    compared = [one for one in own if one.role in {Role.BETTER, Role.WORSE}]
    if compared:
        return compared[0]
    asides = [one for one in own if one.role is Role.ASIDE]
    return asides[0] if asides and sentences == 1 else None


def _why(finding: Finding) -> Why:
    return Why(
        code=f"toward-{finding.role}",
        text=_SAYS[finding.role],
        field=finding.field,
        start=finding.start,
        end=finding.end,
    )
