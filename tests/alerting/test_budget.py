"""The interruption budget: tables of pings, and what must hold for any budget and any moments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerting.budget import next_ping, why_later
from monitor.models import SHIPPED_BUDGET, Budget

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
HOURLY = Budget(pings=6, per=timedelta(hours=1), burst=2)  # one more each ten minutes
ONE = Budget(pings=1, per=timedelta(hours=1), burst=1)
WIDE = Budget(pings=2, per=timedelta(hours=1), burst=5)  # a burst that the hour does not allow


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("budget", "pings", "now", "expected"),
    [
        (HOURLY, [], 0, 0),
        (HOURLY, [0], 0, 0),
        (HOURLY, [0, 0], 0, 10),
        (HOURLY, [0, 0], 9, 10),
        (HOURLY, [0, 0], 10, 10),
        (HOURLY, [0, 0, 10], 10, 20),
        (HOURLY, [0, 0, 10], 35, 35),  # two tokens have fallen by then
        (HOURLY, [0, 0, 10, 35], 35, 35),
        (HOURLY, [0, 0, 10, 35, 35], 35, 45),  # it was full at 30, and what fell later is lost
        (HOURLY, [0, 0, 10, 20, 30, 40], 40, 60),  # six in the hour, although a token falls at 50
        (HOURLY, [0, 0, 10, 20, 30, 40], 60, 60),
        (HOURLY, [0, 0], 600, 600),
        (ONE, [0], 59, 60),
        (ONE, [0], 60, 60),
        (WIDE, [0, 1], 2, 60),
        (WIDE, [1, 0], 2, 60),  # in whatever order
        (HOURLY, [700, 700], 5, 5),  # the clock was set back
    ],
)
def test_the_next_ping_is_due_then(budget: Budget, pings: list[float], now: float, expected: float) -> None:
    assert next_ping(budget, map(at, pings), at(now)) == at(expected)


def test_the_shipped_budget_is_three_at_once_and_ten_a_day() -> None:
    pings: list[datetime] = []
    for minute in range(24 * 60):
        if next_ping(SHIPPED_BUDGET, pings, at(minute)) == at(minute):
            pings.append(at(minute))
    assert pings[:4] == [at(0), at(1), at(2), at(144)]
    assert len(pings) == 10


@pytest.mark.parametrize(
    ("pings", "expected"),
    [([0, 0], "more than 2 pings at once"), ([0, 0, 10, 20, 30, 40], "more than 6 pings in 1 h")],
)
def test_a_ping_that_has_to_wait_says_for_what(pings: list[float], expected: str) -> None:
    assert why_later(HOURLY, map(at, pings), at(max(pings))) == expected


budgets = st.builds(
    Budget,
    pings=st.integers(1, 30),
    per=st.sampled_from([timedelta(minutes=7), timedelta(hours=1), timedelta(days=1), timedelta(days=7)]),
    burst=st.integers(1, 8),
)
moments = st.lists(st.integers(0, 60 * 24 * 9).map(at), max_size=60).map(sorted)


@given(budgets, moments)
def test_whoever_asks_whenever_gets_no_more_than_the_budget(budget: Budget, asked: list[datetime]) -> None:
    pings: list[datetime] = []
    for now in asked:
        if next_ping(budget, pings, now) <= now:
            pings.append(now)
    for number, first in enumerate(pings):
        since = pings[number:]
        assert sum(ping < first + budget.per for ping in since) <= budget.pings
        for count, last in enumerate(since, start=1):
            assert count <= budget.burst + (last - first) / budget.per * budget.pings + 1e-6


@given(budgets, moments)
def test_nobody_waits_longer_than_the_budget_lasts(budget: Budget, pings: list[datetime]) -> None:
    now = pings[-1] if pings else START
    due = next_ping(budget, pings, now)
    assert now <= due <= now + max(budget.per, budget.per * len(pings) / budget.pings)
    assert next_ping(budget, pings, due) == due


@given(budgets, moments)
def test_a_receiver_that_was_left_alone_has_its_burst_again(budget: Budget, pings: list[datetime]) -> None:
    now = (pings[-1] if pings else START) + budget.per
    spent = [*pings]
    for _ in range(min(budget.burst, budget.pings)):
        assert next_ping(budget, spent, now) == now
        spent.append(now)
