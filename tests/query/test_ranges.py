"""Numbers and times as tokens: exact for whole numbers, never losing a mention for the rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from monitor.query import Compare, Is, Or
from monitor.query.facets import facet
from monitor.query.meaning import OPERATORS
from monitor.query.ranges import WHOLE, inverse, of_step, of_time, of_whole, ranges_of

OPERATOR_NAMES = list(OPERATORS)


def has_one_of(tokens: Or, facts: dict[str, object]) -> bool:
    known = set(ranges_of(facts).split())
    return any(facet(term.field, term.value) in known for term in tokens.terms if isinstance(term, Is))


@pytest.mark.parametrize("operator", OPERATOR_NAMES)
@pytest.mark.parametrize("number", [0, 1, 9.5, 10, 69, 70, 70.5, 99, 100])
def test_the_tokens_of_a_whole_number_say_all(operator: str, number: float) -> None:
    for field in WHOLE:
        compare = Compare(field, operator, number)
        tokens, opposite = of_whole(compare), of_whole(inverse(compare))
        assert len(tokens.terms) <= 20
        for value in range(101):
            holds = OPERATORS[operator](value, number)
            assert has_one_of(tokens, {field: value}) is holds
            assert has_one_of(opposite, {field: value}) is not holds


@pytest.mark.parametrize("operator", OPERATOR_NAMES)
@pytest.mark.parametrize(("field", "low", "high"), [("rating", 1, 5), ("relevance", 0, 1)])
def test_the_tokens_of_a_finer_number_lose_nothing(operator: str, field: str, low: int, high: int) -> None:
    values = [low + (high - low) * step / 200 for step in range(201)]
    for number in (*values[::10], 0.3, 0.7, 4.999):
        tokens = of_step(Compare(field, operator, number))
        for value in values if tokens else ():
            assert not OPERATORS[operator](value, number) or has_one_of(tokens or Or(()), {field: value})


def test_the_tokens_of_time_lose_nothing() -> None:
    random = Random(5)
    start = datetime(1995, 1, 1, tzinfo=UTC)
    moments = [start + timedelta(seconds=random.randrange(50 * 365 * 86400)) for _ in range(400)]
    moments += [datetime(year, month, 1, tzinfo=UTC) for year in (2000, 2025, 2026, 2040) for month in (1, 2, 12)]
    for bound in moments[::5] + moments[-12:]:
        since, before = of_time(bound, since=True), of_time(bound, since=False)
        for at in moments:
            tokens = since if at >= bound else before
            assert tokens is None or has_one_of(tokens, {"at": at})


def test_a_short_time_is_a_narrow_search() -> None:
    bound = datetime(2026, 11, 15, 12, tzinfo=UTC)
    tokens = of_time(bound, since=True)
    assert tokens is not None
    assert not has_one_of(tokens, {"at": bound - timedelta(days=1)})
    assert len(tokens.terms) < 50


def test_what_is_not_known_has_no_token() -> None:
    assert ranges_of({"rating": None, "at": None}) == ""
