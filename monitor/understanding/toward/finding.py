"""What the patterns say of the brands of one sentence."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from monitor.understanding.toward.patterns import LANGUAGES, Pattern, Patterns, Table, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.understanding.toward.lines import Line, Unit

_BEFORE: Final = 2
"""Words before a pattern's first in which a denial counts."""
_LISTED: Final = 3
_FINITE: Final = frozenset({"past", "pres", "futr", "infn"})
_SIGN: Final = re.compile(r"\W*?([<>])\W*")


class Role(StrEnum):
    """What a brand is to the author: one that he leaves or joins, the better or worse of two, or only a yardstick."""

    LEFT = "left"
    JOINED = "joined"
    BETTER = "better"
    WORSE = "worse"
    ASIDE = "aside"


@dataclass(frozen=True, slots=True)
class Finding:
    """A role of a brand, the words that say so, and whether they say it only where another brand has the opposite."""

    number: int
    role: Role
    field: str
    start: int
    end: int
    weak: bool = False


def findings(line: Line, text: str) -> Iterator[Finding]:
    """All that the patterns of its language find in a sentence; `text` is the whole field."""
    lang = line.sentence.lang or ""
    yield from _by_sign(line, text)
    if lang not in LANGUAGES:
        return
    known = table(lang)
    yield from _listed(line, known)
    yield from _asides(line, known)
    if line.sentence.question or not known.words["hypothetical"].isdisjoint(unit.token.text for unit in line.units):
        return
    yield from _directions(line, known)
    yield from _comparisons(line, known)


def _directions(line: Line, known: Table) -> Iterator[Finding]:
    for section, role in (("left", Role.LEFT), ("joined", Role.JOINED)):
        if role is Role.JOINED and _regretted(line, known):
            continue
        for strength, patterns in known.patterns[section].items():
            for found, units in _matches(line, patterns, known):
                yield _finding(line, int(found["A"]), role, units=units, weak=strength == "weak")


def _regretted(line: Line, known: Table) -> bool:
    """Whether the sentence regrets: «не жалею» does not."""
    units = line.units
    return any(
        not known.words["regret"].isdisjoint(unit.token.lemmas)
        and all(known.words["negation"].isdisjoint({other.token.text}) for other in units[max(0, at - _BEFORE) : at])
        for at, unit in enumerate(units)
    )


def _comparisons(line: Line, known: Table) -> Iterator[Finding]:
    compared = known.patterns["compared"]
    for name in ("better", "negated"):
        for found, units in _matches(line, compared[name], known):
            for slot, role in (("A", Role.BETTER), ("B", Role.WORSE)):
                if found.re.groupindex.get(slot):
                    yield _finding(line, int(found[slot]), role, units=units)
    for name, role in (("alone_better", Role.BETTER), ("alone_worse", Role.WORSE)):
        for found, units in _matches(line, compared[name], known):
            behind = line.units[bisect_right(line.places, found.end() - 1) :][:2]
            if all(known.words["once"].isdisjoint({unit.token.text}) for unit in behind):
                yield _finding(line, int(found["A"]), role, units=units)


def _asides(line: Line, known: Table) -> Iterator[Finding]:
    for name, patterns in known.patterns["aside"].items():
        for pattern in patterns.wanted(line.words):
            for found in pattern.expression.finditer(line.code):
                units = _units(line, found)
                number = int(found["A"])
                if name == "unlike" or (found.start() and len(line.brands()) > 1):
                    yield _finding(line, number, Role.ASIDE, units=units)


def _listed(line: Line, known: Table) -> Iterator[Finding]:
    """Brands of which three or more stand in a row, with nothing but commas and conjunctions between."""
    row: list[Unit] = []
    joints = known.words["joints"] | known.words["filler"] | {'"'}
    for unit in (*line.units, None):
        if unit is not None and unit.number is not None:
            row.append(unit)
        elif unit is None or unit.token.text not in joints:
            if len({one.number for one in row}) >= _LISTED:
                for one in row:
                    yield _finding(line, one.number or 0, Role.ASIDE, units=[row[0], row[-1]])
            row = []


def _by_sign(line: Line, text: str) -> Iterator[Finding]:
    """«A > B»."""
    for one, other in zip(line.units, line.units[1:], strict=False):
        if one.number is None or other.number is None or one.number == other.number:
            continue
        if sign := _SIGN.fullmatch(text[one.end : other.token.start]):
            first, second = (Role.BETTER, Role.WORSE) if sign[1] == ">" else (Role.WORSE, Role.BETTER)
            yield _finding(line, one.number, first, units=[one, other])
            yield _finding(line, other.number, second, units=[one, other])


def _matches(line: Line, patterns: Patterns, known: Table) -> Iterator[tuple[re.Match[str], Sequence[Unit]]]:
    for pattern in patterns.wanted(line.words):
        for found in pattern.expression.finditer(line.code):
            units = _units(line, found)
            pair = found.groupdict()
            if pair.get("A") == pair.get("B") or _ordered(units, pattern):
                continue
            if pattern.denies or not _denied(line, found, known):
                yield found, units


def _units(line: Line, found: re.Match[str]) -> Sequence[Unit]:
    first, last = _range(line, found)
    return line.units[first:last]


def _range(line: Line, found: re.Match[str]) -> tuple[int, int]:
    """The units that a match takes; the sign of a clause, with which it may begin, stands before its unit."""
    begins = found.start() + (line.code[found.start()] == "/")
    return bisect_right(line.places, begins) - 1, bisect_right(line.places, found.end() - 1)


def _ordered(units: Sequence[Unit], pattern: Pattern) -> bool:
    """Whether a verb among the units speaks to others; «прощай» is spelt so in its pattern."""
    return any(
        unit.number is None
        and ("2per" in unit.token.marks or ("impr" in unit.token.marks and _FINITE.isdisjoint(unit.token.marks)))
        and "verb" in unit.token.marks
        and unit.token.text not in pattern.spelt
        for unit in units
    )


def _denied(line: Line, found: re.Match[str], known: Table) -> bool:
    first, last = _range(line, found)
    clause = line.units[first].token.clause
    around = [unit for unit in line.units[max(0, first - _BEFORE) : first] if unit.token.clause == clause]
    return any(
        unit.number is None and unit.token.text in known.words["negation"]
        for unit in (*around, *line.units[first:last])
    )


def _finding(line: Line, number: int, role: Role, *, units: Sequence[Unit], weak: bool = False) -> Finding:
    return Finding(number, role, line.field, units[0].token.start, max(unit.end for unit in units), weak=weak)
