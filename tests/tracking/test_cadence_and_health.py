from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.errors import Blocked, ConnectFailed, SourceError, StatusError
from monitor.models import Health, SourceState, Validators
from monitor.tracking.cadence import next_after_failure, next_after_overrun, next_after_success
from monitor.tracking.health import NOTHING_LEFT, after_failure, after_success

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
EVERY = timedelta(minutes=10)
STATE = SourceState(name="forum", next_at=NOW, cursor={"page": 2}, validators=Validators(etag='"a"'))


def test_a_success_comes_again_after_the_interval() -> None:
    assert next_after_success(EVERY, NOW) == NOW + EVERY


@pytest.mark.parametrize(("every", "seconds"), [(3600, 1800), (90, 60), (60, 60), (10, 10)])
def test_after_an_overrun_the_next_visit_comes_sooner_but_not_too_soon(every: int, seconds: int) -> None:
    assert next_after_overrun(timedelta(seconds=every), NOW) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("failures", "minutes"), [(1, 10), (2, 20), (3, 40), (6, 320), (7, 360), (50, 360), (10_000, 360)]
)
def test_failures_back_off_up_to_six_hours_and_never_stop(failures: int, minutes: int) -> None:
    assert next_after_failure(EVERY, failures=failures, retry_at=None, now=NOW) == NOW + timedelta(minutes=minutes)


def test_an_interval_longer_than_the_cap_is_kept() -> None:
    day = timedelta(days=1)
    assert next_after_failure(day, failures=3, retry_at=None, now=NOW) == NOW + day


def test_the_moment_that_the_host_named_is_a_floor() -> None:
    later = NOW + timedelta(hours=9)
    assert next_after_failure(EVERY, failures=1, retry_at=later, now=NOW) == later
    assert next_after_failure(EVERY, failures=2, retry_at=NOW, now=NOW) == NOW + 2 * EVERY


@pytest.mark.parametrize(
    ("failures", "error", "health"),
    [
        (0, ConnectFailed("refused"), Health.DEGRADED),
        (1, ConnectFailed("refused"), Health.DEGRADED),
        (2, ConnectFailed("refused"), Health.FAILING),
        (0, Blocked("a login page"), Health.BLOCKED),
    ],
)
def test_health_follows_the_failures_in_a_row(failures: int, error: SourceError, health: Health) -> None:
    state = SourceState(name="forum", next_at=NOW, failures=failures)
    assert after_failure(state, error, every=EVERY, now=NOW).health is health


def test_a_failure_keeps_cursor_and_validators() -> None:
    state = after_failure(STATE, StatusError(503), every=EVERY, now=NOW)
    assert (state.cursor, state.validators) == (STATE.cursor, STATE.validators)
    assert state.error == "status: HTTP 503"


def success(state: SourceState, *, emptied: bool = False, note: str | None = None, new_posts: int = 0) -> SourceState:
    return after_success(
        state,
        every=EVERY,
        validators=Validators(etag='"b"'),
        cursor={},
        new_posts=new_posts,
        emptied=emptied,
        note=note,
        now=NOW,
    )


def test_an_overrun_brings_the_next_visit_sooner() -> None:
    arguments = {"every": EVERY, "validators": Validators(), "cursor": {}, "new_posts": 2, "emptied": False}
    state = after_success(STATE, **arguments, note="more", now=NOW, overrun=True)  # type: ignore[arg-type]
    assert (state.next_at, state.health) == (NOW + EVERY / 2, Health.DEGRADED)


def test_a_success_forgets_the_failures() -> None:
    state = success(SourceState(name="forum", next_at=NOW, failures=7, health=Health.FAILING, error="x"), new_posts=1)
    assert (state.failures, state.health, state.error, state.last_new_at) == (0, Health.OK, None, NOW)
    assert state.baseline_at == NOW


def test_nothing_where_there_was_something_is_stale_and_asked_for_in_full_again() -> None:
    state = success(STATE, emptied=True)
    assert (state.health, state.error, state.validators) == (Health.STALE, NOTHING_LEFT, STATE.validators)


def test_a_note_degrades_but_the_visit_counts() -> None:
    state = success(STATE, note="posts may have been missed")
    assert (state.health, state.error, state.validators) == (
        Health.DEGRADED,
        "posts may have been missed",
        Validators(etag='"b"'),
    )
