from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.errors import Blocked, ConnectFailed, SourceError, StatusError, Throttled
from monitor.models import Health, SourceState, Validators
from monitor.models.settings import LEARNED
from monitor.tracking.cadence import (
    REFRESH,
    Rhythm,
    interval_of,
    is_too_silent,
    learn,
    next_after_failure,
    next_after_overrun,
    next_after_success,
    refresh_after,
    rhythm_of,
)
from monitor.tracking.health import NOTHING_LEFT, Answered, after_failure, after_success

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


ANSWERED = Answered(validators=Validators(etag='"b"'), cursor={}, begun_at=NOW - timedelta(seconds=9), shown=10)


def success(state: SourceState, answered: Answered = ANSWERED, *, learns: bool = False) -> SourceState:
    return after_success(state, answered, every=EVERY, learns=learns, now=NOW)


def test_an_overrun_brings_the_next_visit_sooner() -> None:
    state = success(STATE, replace(ANSWERED, new_posts=2, note="more", overrun=True))
    assert (state.next_at, state.health) == (NOW + EVERY / 2, Health.DEGRADED)


def test_a_success_forgets_the_failures() -> None:
    state = success(
        SourceState(name="forum", next_at=NOW, failures=7, health=Health.FAILING, error="x"),
        replace(ANSWERED, new_posts=1),
    )
    assert (state.failures, state.health, state.error, state.last_new_at) == (0, Health.OK, None, NOW)
    assert state.baseline_at == NOW


def test_how_often_nothing_came_in_a_row_is_known_across_failures() -> None:
    state, counted = STATE, []
    for emptied in (True, True, None, True, False, True):
        if emptied is None:
            state = after_failure(state, StatusError(500), every=timedelta(minutes=1), now=NOW)
        else:
            state = success(state, replace(ANSWERED, emptied=emptied))
        counted.append(rhythm_of(state.rhythm).emptied)
    assert counted == [1, 2, 2, 3, 0, 1]


def test_nothing_where_there_was_something_is_stale_and_asked_for_in_full_again() -> None:
    state = success(STATE, replace(ANSWERED, emptied=True))
    assert (state.health, state.error, state.validators) == (Health.STALE, NOTHING_LEFT, STATE.validators)


def test_a_note_degrades_but_the_visit_counts() -> None:
    state = success(STATE, replace(ANSWERED, note="posts may have been missed"))
    assert (state.health, state.error, state.validators) == (
        Health.DEGRADED,
        "posts may have been missed",
        Validators(etag='"b"'),
    )


# ── What is learned ──


def watched(*, hours_between: float, days: float, posts: int = 1) -> Rhythm:
    """The rhythm of a source that brought `posts` at each visit, so many hours apart."""
    rhythm, since = Rhythm(), timedelta(hours=hours_between)
    for _ in range(int(days * 24 / hours_between)):
        rhythm = learn(rhythm, posts=posts, shown=20, since=since, silence=since)
    return rhythm


def test_a_source_of_which_nothing_is_known_is_visited_every_quarter_of_an_hour() -> None:
    assert interval_of(Rhythm()) == timedelta(minutes=15)


@pytest.mark.parametrize(
    ("hours_between", "posts", "low", "high"),
    [(0.1, 6, 2, 2), (1, 1, 5, 7), (24, 1, 120, 160), (24 * 14, 1, 360, 360)],
)
def test_busy_sources_are_visited_often_and_calm_ones_seldom(
    hours_between: float, posts: int, low: int, high: int
) -> None:
    interval = interval_of(watched(hours_between=hours_between, days=60, posts=posts))
    assert timedelta(minutes=low) <= interval <= timedelta(minutes=high)
    assert LEARNED[0] <= interval <= LEARNED[1]


def test_a_source_that_wakes_up_is_visited_more_often_at_once() -> None:
    calm = watched(hours_between=48, days=30)
    awake = learn(calm, posts=20, shown=20, since=timedelta(hours=3), silence=timedelta(hours=40))
    assert interval_of(awake) < interval_of(calm) / 3


def test_what_the_site_asks_for_lengthens_a_learned_interval_up_to_an_hour() -> None:
    busy = watched(hours_between=0.1, days=3, posts=6)
    assert interval_of(busy, hint=timedelta(minutes=20)) == timedelta(minutes=20)
    assert interval_of(busy, hint=timedelta(days=1)) == timedelta(hours=1)


def test_a_configured_interval_is_kept_whatever_was_learned() -> None:
    state = replace(STATE, baseline_at=NOW - timedelta(days=9), rhythm=watched(hours_between=1, days=9).to_json())
    hinted = replace(ANSWERED, hint=timedelta(minutes=40), quiet_hours=frozenset(range(24)))
    assert success(state, hinted).next_at == NOW + EVERY
    assert success(state, replace(ANSWERED, hint=timedelta(minutes=40)), learns=True).next_at > NOW + EVERY


def test_a_visit_comes_a_little_early_by_chance_and_never_late() -> None:
    assert next_after_success(EVERY, NOW, jitter=1.0) == NOW + EVERY * 0.95


def test_hours_in_which_nothing_changes_are_passed_over() -> None:
    assert next_after_success(EVERY, NOW, quiet_hours={12, 13}) == NOW.replace(hour=14)
    assert next_after_success(EVERY, NOW, quiet_hours=set(range(24))) == NOW + EVERY


def test_what_was_learned_survives_its_row() -> None:
    rhythm = watched(hours_between=3, days=12)
    kept = rhythm_of(rhythm.to_json())
    assert (kept.news, kept.window) == (rhythm.news, rhythm.window)
    assert kept.posts == pytest.approx(rhythm.posts, abs=0.001)
    assert rhythm_of({"posts": "many", "window": None}) == Rhythm()


@pytest.mark.parametrize(
    ("news", "longest", "watched_days", "silent_hours", "stale"),
    [
        (50, 12, 30, 47, False),  # three times the longest would be 36 h, but two days is the least
        (50, 12, 30, 49, True),
        (50, 12, 5, 100, False),  # no weekend has been seen yet
        (50, 12, 5, 169, True),
        (50, 100, 60, 299, False),
        (50, 100, 60, 301, True),
        (9, 1, 60, 9999, False),  # too little is known
    ],
)
def test_silence_is_too_long_against_the_longest_that_was_seen(
    news: int, longest: float, watched_days: int, silent_hours: int, stale: bool
) -> None:
    rhythm = Rhythm(news=news, silence=longest)
    silence = timedelta(hours=silent_hours)
    assert is_too_silent(rhythm, silence=silence, watched=timedelta(days=watched_days)) is stale


def test_a_silence_that_may_be_chance_is_none() -> None:
    calm = replace(watched(hours_between=24, days=40), silence=30)
    assert calm.pace == pytest.approx(1 / 24, rel=0.1)
    assert not is_too_silent(calm, silence=timedelta(days=18), watched=timedelta(days=60))
    assert is_too_silent(calm, silence=timedelta(days=22), watched=timedelta(days=60))


def test_too_long_a_silence_is_stale_and_asks_in_full() -> None:
    rhythm = Rhythm(news=50, silence=12).to_json()
    state = replace(STATE, baseline_at=NOW - timedelta(days=30), last_new_at=NOW - timedelta(days=4), rhythm=rhythm)
    silent = success(state, replace(ANSWERED, not_modified=True))
    assert (silent.health, silent.validators) == (Health.STALE, Validators())
    assert "nothing new for 96 hours" in str(silent.error)
    assert success(silent, replace(ANSWERED, new_posts=1)).health is Health.OK


def test_not_modified_is_believed_for_half_the_time_in_which_a_page_turns_over() -> None:
    assert refresh_after(Rhythm(window=20)) == REFRESH[1]
    busy = watched(hours_between=1, days=9, posts=2)  # two an hour, twenty on the page
    assert timedelta(hours=4) < refresh_after(busy) < timedelta(hours=6)
    assert refresh_after(Rhythm()) == REFRESH[0]


def test_only_a_whole_answer_covers_the_time_before_it() -> None:
    state = replace(STATE, covered_at=NOW - timedelta(days=1))
    assert success(state).covered_at == ANSWERED.begun_at
    for partly in ({"not_modified": True}, {"whole": False}, {"emptied": True}):
        assert success(state, replace(ANSWERED, **partly)).covered_at == state.covered_at  # type: ignore[arg-type]


def test_a_clock_that_was_set_back_learns_nothing_wrong() -> None:
    state = replace(STATE, baseline_at=NOW + timedelta(hours=2), last_polled_at=NOW + timedelta(hours=2))
    assert rhythm_of(success(state).rhythm) == Rhythm(window=10)


def test_a_site_that_wants_to_be_left_alone_is_left_alone() -> None:
    state = after_failure(STATE, Throttled("too many", wait=timedelta(hours=3)), every=EVERY, now=NOW)
    assert state.next_at == NOW + timedelta(hours=3)
