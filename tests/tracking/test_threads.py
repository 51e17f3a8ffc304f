from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.tracking.threads import BACKOFF, HOT, LONGEST, SILENT, next_look, soonest

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("silence", "step"),
    [
        (timedelta(0), 5 * MINUTE),
        (59 * MINUTE, 5 * MINUTE),
        (HOUR, 15 * MINUTE),
        (3 * HOUR, 30 * MINUTE),
        (12 * HOUR, HOUR),
        (DAY, 3 * HOUR),
        (3 * DAY, 12 * HOUR),
        (7 * DAY - MINUTE, 12 * HOUR),
        (7 * DAY, None),
        (-HOUR, 5 * MINUTE),
    ],
)
def test_R10_a_thread_is_looked_at_as_often_as_people_answer_and_has_an_end(
    silence: timedelta, step: timedelta | None
) -> None:
    following = next_look(last_new_at=NOW - silence, since=NOW - 8 * DAY, every=5 * MINUTE, now=NOW)
    assert following == (None if step is None else NOW + step)


def test_a_thread_that_goes_on_for_ever_is_let_go_after_a_month() -> None:
    assert next_look(last_new_at=NOW, since=NOW - LONGEST, every=MINUTE, now=NOW) is None
    assert next_look(last_new_at=NOW, since=NOW - LONGEST + MINUTE, every=MINUTE, now=NOW) == NOW + HOT


def test_a_source_that_is_visited_rarely_is_not_hunted_for_its_threads() -> None:
    assert next_look(last_new_at=NOW, since=NOW, every=4 * HOUR, now=NOW) == NOW + 2 * HOUR
    assert (soonest(4 * HOUR), soonest(2 * MINUTE)) == (2 * HOUR, HOT)
    assert next_look(last_new_at=NOW - 2 * DAY, since=NOW - 2 * DAY, every=4 * HOUR, now=NOW) == NOW + 3 * HOUR


@pytest.mark.parametrize(
    ("failures", "step"), [(1, 10 * MINUTE), (2, 20 * MINUTE), (5, 160 * MINUTE), (9, BACKOFF), (10_000, BACKOFF)]
)
def test_failures_put_the_next_look_off(failures: int, step: timedelta) -> None:
    following = next_look(last_new_at=NOW, since=NOW, every=MINUTE, now=NOW, failures=failures)
    assert following == NOW + step


@given(
    st.timedeltas(timedelta(0), 2 * SILENT),
    st.timedeltas(timedelta(0), 2 * LONGEST),
    st.timedeltas(timedelta(seconds=1), 30 * DAY),
    st.integers(0, 100),
)
def test_every_thread_ends(silence: timedelta, age: timedelta, every: timedelta, failures: int) -> None:
    following = next_look(last_new_at=NOW - silence, since=NOW - age, every=every, now=NOW, failures=failures)
    assert (following is None) == (silence >= SILENT or age >= LONGEST)
    assert following is None or following >= NOW + HOT
