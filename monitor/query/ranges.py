"""Numbers and days as search tokens, so that the index finds what is rare: `priority>=90` among a million mentions.

A priority or influence is a whole number from 0 to 100: its token and that of its ten (9x) say all, so a comparison is
a few tokens. Ratings, relevances and times are finer; their steps (a star, a tenth, the day, month and year) narrow the
search, and the condition on the column decides.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from monitor.query.facets import Facts, facet
from monitor.query.meaning import OPERATORS
from monitor.query.nodes import Compare, Is, Or

WHOLE: Final = ("influence", "priority")
"""Fields of which the tokens tell everything; never unknown in the database."""

_STEPS: Final = {"rating": 1, "relevance": 10}  # steps in 1
_HIGHEST: Final = {"rating": 5, "relevance": 10}
_YEARS: Final = range(2000, 2041)  # earlier and later moments count as the first and the last of these

_INVERSE: Final = {">=": "<", "<": ">=", "<=": ">", ">": "<=", "=": "!=", "!=": "="}


def ranges_of(facts: Facts) -> str:
    """The tokens of a mention's numbers and time, with single spaces; `facets_of` gives the rest."""
    return " ".join(facet(field, value) for field, value in _values(facts))


def _values(facts: Facts) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for field in WHOLE:
        whole = facts.get(field)
        if isinstance(whole, int):
            found += [(field, str(whole)), (field, f"{whole // 10}x")]
    for field, steps in _STEPS.items():
        step = facts.get(field)
        if isinstance(step, int | float):
            found.append((field, str(int(step * steps))))
    at = facts.get("at")
    if isinstance(at, datetime):
        at = at.astimezone(UTC)
        found += [("at", _year(at.year)), ("at", f"{at:%Y%m}"), ("at", f"{at:%Y%m%d}")]
    return found


def _year(year: int) -> str:
    return str(min(max(year, _YEARS[0]), _YEARS[-1]))


def inverse(compare: Compare) -> Compare:
    """What holds where `compare` does not, if the number is known."""
    return Compare(compare.field, _INVERSE[compare.operator], compare.number)


def of_whole(compare: Compare) -> Or:
    """The tokens of which a mention has one exactly if `compare`, on one of WHOLE, holds."""
    holds = [OPERATORS[compare.operator](number, compare.number) for number in range(101)]
    values: list[str] = []
    for ten in range(11):
        numbers = range(10 * ten, min(10 * ten + 10, 101))
        fitting = [str(number) for number in numbers if holds[number]]
        values += [f"{ten}x"] if len(fitting) == len(numbers) else fitting
    return _any(compare.field, values)


def of_step(compare: Compare) -> Or | None:
    """Tokens of which every mention has one that `compare` holds for, None where that is no help."""
    steps = _STEPS[compare.field]
    values = [
        str(step)
        for step in range(_HIGHEST[compare.field] + 1)
        if _may_hold(compare.operator, low=step / steps, high=(step + 1) / steps, number=compare.number)
    ]
    return None if compare.operator == "!=" else _any(compare.field, values)


def _may_hold(sign: str, *, low: float, high: float, number: float) -> bool:
    """Whether a value of [low, high) may compare so; a little more is taken, for what rounding does."""
    return (sign not in {">=", ">", "="} or high + 0.001 >= number) and (
        sign not in {"<=", "<", "="} or low - 0.001 <= number
    )


def of_time(bound: datetime, *, since: bool) -> Or | None:
    """Tokens of which every mention has one that is of `bound` or later (`since`), or earlier; None: no help."""
    bound = bound.astimezone(UTC)
    year, month, day = bound.year, bound.month, bound.day
    if not _YEARS[0] < year < _YEARS[-1]:
        return None
    days, months, years = (
        (range(day, 32), range(month + 1, 13), range(year + 1, _YEARS[-1] + 1))
        if since
        else (range(1, day + 1), range(1, month), range(_YEARS[0], year))
    )
    values = [f"{year}{month:02}{number:02}" for number in days]
    values += [f"{year}{number:02}" for number in months]
    return _any("at", [*values, *map(str, years)])


def _any(field: str, values: list[str]) -> Or:
    # No mention has the empty token, so that nothing is found where no value fits.
    return Or(tuple(Is(field, value) for value in values or ["none"]))
