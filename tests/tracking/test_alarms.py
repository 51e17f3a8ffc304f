from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.errors import Blocked, ConnectFailed, LoginRefused, Malformed, RobotsRefused, StatusError
from monitor.models import AlarmEnd, AlarmIntent, AlarmKind, Health, OpenAlarm, Outage, SourceState
from monitor.tracking.alarms import AFTERMATH, WHOLE, decide_alarms, network_back, network_lost
from monitor.tracking.health import after_failure
from monitor.tracking.network import is_unreached

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.errors import SourceError

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SEEN = NOW - 30 * MINUTE
WELL = SourceState(name="forum", next_at=NOW, baseline_at=SEEN, last_success_at=SEEN, covered_at=SEEN)
CONNECT, STATUS, MALFORMED = ConnectFailed("no route"), StatusError(500), Malformed("no feed")
FORBIDDEN, LOGIN = StatusError(403), LoginRefused("bad token")


def alarm(kind: AlarmKind, number: int = 1, *, told: bool = True) -> OpenAlarm:
    return OpenAlarm(id=number, key=f"{kind}:forum:x", kind=kind, opened_at=NOW, since=SEEN, told=told)


def decided(
    before: SourceState, after: SourceState, *open_alarms: OpenAlarm, **given: object
) -> tuple[AlarmIntent | AlarmEnd, ...]:
    arguments = {"outage": None, "unreached": False, "gap": False, "last_gap_at": None, "failing_after": 3, "now": NOW}
    return decide_alarms(before, after, open=open_alarms, **{**arguments, **given})  # type: ignore[arg-type] # any of them


def kinds(decided: Sequence[AlarmIntent | AlarmEnd]) -> list[str]:
    return [one.kind.value if isinstance(one, AlarmIntent) else f"end {one.id}" for one in decided]


def told_of(errors: Sequence[SourceError], *, after: int = 3, outage: Outage | None = None) -> list[list[str]]:
    """What each of these failures in a row leads to."""
    state, alarms, said = WELL, list[OpenAlarm](), list[list[str]]()
    for error in errors:
        failed = after_failure(state, error, every=MINUTE, now=NOW)
        found = decided(state, failed, *alarms, unreached=is_unreached(error), outage=outage, failing_after=after)
        said.append(kinds(found))
        alarms += [alarm(one.kind, len(alarms)) for one in found if isinstance(one, AlarmIntent)]
        state = failed
    return said


def succeeded(health: Health = Health.OK, *, emptied: int = 0) -> SourceState:
    """After an answer, which was the so-manieth in a row with nothing."""
    return replace(WELL, last_success_at=NOW, health=health, rhythm={"emptied": emptied})


@pytest.mark.parametrize(
    ("errors", "told"),
    [
        ([STATUS] * 6, [[], [], ["failing"], [], [], []]),
        ([CONNECT, STATUS, MALFORMED, CONNECT], [[], [], ["failing"], []]),
        ([FORBIDDEN] * 4, [[], ["blocked"], [], []]),
        ([LOGIN, FORBIDDEN, LOGIN], [[], ["blocked"], []]),
        ([Blocked("captcha")] * 3, [[], ["blocked"], []]),
        ([RobotsRefused("says no")] * 3, [[], ["blocked"], []]),
        ([RobotsRefused("cannot be read", retry_at=NOW)] * 3, [[], [], ["failing"]]),
        ([STATUS, STATUS, FORBIDDEN, STATUS], [[], [], [], ["failing"]]),
        ([STATUS, STATUS, STATUS, FORBIDDEN, FORBIDDEN], [[], [], ["failing"], [], ["blocked"]]),
        ([FORBIDDEN, FORBIDDEN, STATUS, STATUS, STATUS, FORBIDDEN], [[], ["blocked"], [], [], [], []]),
    ],
)
def test_a_trouble_is_told_once_when_it_is_one(errors: list[SourceError], told: list[list[str]]) -> None:
    assert told_of(errors) == told


@pytest.mark.parametrize("after", [1, 2, 5])
def test_the_administrator_says_how_many_failures_make_an_alarm(after: int) -> None:
    assert told_of([STATUS] * 6, after=after) == [["failing"] if number == after else [] for number in range(1, 7)]


def test_an_alarm_says_what_was_said_and_until_when_the_source_was_seen() -> None:
    failed = replace(WELL, failures=3, health=Health.FAILING, error="status: HTTP 500")
    assert decided(WELL, failed) == (
        AlarmIntent(
            key=f"failing:forum:{SEEN.isoformat()}",
            kind=AlarmKind.FAILING,
            source="forum",
            reason="status: HTTP 500",
            since=SEEN,
        ),
    )
    (never,) = decided(replace(WELL, last_success_at=None, covered_at=None), failed)
    assert isinstance(never, AlarmIntent)
    assert (never.key, never.since) == ("failing:forum:never", None)


def test_the_first_answer_ends_all_and_is_told_once() -> None:
    failed = replace(WELL, failures=9, health=Health.BLOCKED)
    found = decided(failed, succeeded(), alarm(AlarmKind.FAILING, 1), alarm(AlarmKind.BLOCKED, 2))
    assert kinds(found) == ["end 1", "end 2", "recovered"]
    recovered = found[-1]
    assert isinstance(recovered, AlarmIntent)
    assert (recovered.reason, recovered.since) == ("failing, blocked", SEEN)
    assert kinds(decided(failed, succeeded(Health.DEGRADED), alarm(AlarmKind.FAILING))) == ["end 1", "recovered"]
    assert decided(failed, succeeded()) == ()


def test_nobody_is_told_of_the_end_of_what_nobody_was_told() -> None:
    failed = replace(WELL, failures=9, health=Health.FAILING)
    assert kinds(decided(failed, succeeded(), alarm(AlarmKind.FAILING, told=False))) == ["end 1"]


def test_a_single_answer_with_nothing_changes_nothing() -> None:
    first, second = succeeded(Health.STALE, emptied=1), succeeded(Health.STALE, emptied=2)
    assert decided(WELL, first) == ()
    assert decided(first, succeeded()) == ()
    assert kinds(decided(first, second)) == ["stale"]
    failed = replace(WELL, failures=4, health=Health.FAILING)
    assert decided(failed, first, alarm(AlarmKind.FAILING)) == ()
    assert kinds(decided(first, second, alarm(AlarmKind.FAILING))) == ["end 1", "stale"]
    assert kinds(decided(first, succeeded(), alarm(AlarmKind.FAILING))) == ["end 1", "recovered"]


def test_a_source_that_is_too_silent_is_told_at_once_and_only_once() -> None:
    stale = succeeded(Health.STALE)
    assert kinds(decided(WELL, stale)) == ["stale"]
    assert decided(stale, stale, alarm(AlarmKind.STALE)) == ()
    assert kinds(decided(stale, succeeded(), alarm(AlarmKind.STALE))) == ["end 1", "recovered"]
    # It answers again, but with nothing: no recovery.
    failed = replace(WELL, failures=4, health=Health.FAILING)
    assert kinds(decided(failed, stale, alarm(AlarmKind.FAILING))) == ["end 1", "stale"]
    # A stale source that fails on top of it is no news.
    assert decided(stale, failed, alarm(AlarmKind.STALE)) == ()


def test_a_gap_is_told_again_only_after_a_day_without_one_and_its_end_is_not_told() -> None:
    assert kinds(decided(WELL, succeeded(Health.DEGRADED), gap=True)) == ["gap"]
    opened = alarm(AlarmKind.GAP)
    assert decided(WELL, succeeded(Health.DEGRADED), opened, gap=True) == ()
    assert decided(WELL, succeeded(Health.DEGRADED), opened) == ()
    assert decided(WELL, succeeded(), opened, last_gap_at=NOW - WHOLE + MINUTE) == ()
    assert kinds(decided(WELL, succeeded(), opened, last_gap_at=NOW - WHOLE)) == ["end 1"]
    failing = alarm(AlarmKind.FAILING, 2)
    assert kinds(decided(WELL, succeeded(), opened, failing, last_gap_at=NOW - MINUTE)) == ["end 2", "recovered"]
    (_, recovered) = decided(WELL, succeeded(), opened, failing, last_gap_at=NOW - MINUTE)
    assert isinstance(recovered, AlarmIntent)
    assert recovered.reason == "failing"
    assert kinds(decided(WELL, succeeded(Health.DEGRADED), alarm(AlarmKind.FAILING), gap=True)) == [
        "end 1",
        "recovered",
        "gap",
    ]


@pytest.mark.parametrize(
    ("ended", "told"),
    [(None, False), (NOW - MINUTE, False), (NOW - AFTERMATH, True)],
    ids=["while it lasts", "just after", "long after"],
)
def test_a_lost_network_hides_the_sources_that_give_no_answer(ended: datetime | None, told: bool) -> None:
    outage = Outage(begun_at=NOW - 60 * MINUTE, ended_at=ended)
    assert told_of([CONNECT] * 4, outage=outage) == [[], [], ["failing"] if told else [], []]
    # What answers is not hidden.
    assert told_of([STATUS] * 3, outage=outage) == [[], [], ["failing"]]


@pytest.mark.parametrize(
    ("ended", "told"),
    [(None, False), (SEEN + MINUTE, False), (SEEN - MINUTE, True)],
    ids=["while it lasts", "since the last success", "before it"],
)
def test_the_gaps_that_a_lost_network_leaves_are_not_told_one_by_one(ended: datetime | None, told: bool) -> None:
    outage = Outage(begun_at=SEEN - 60 * MINUTE, ended_at=ended)
    assert kinds(decided(WELL, succeeded(), outage=outage, gap=True)) == (["gap"] if told else [])


def test_two_outages_have_two_names_and_the_same_one_has_one() -> None:
    one, other = network_lost(NOW, hosts=3), network_lost(NOW + MINUTE, hosts=3)
    assert one.key != other.key
    lost = OpenAlarm(id=1, key=one.key, kind=one.kind, opened_at=NOW, since=NOW, told=True)
    back = network_back(lost, affected=50)
    assert (back.kind, back.source, back.affected, back.since) == (AlarmKind.RECOVERED, None, 50, NOW)
    assert back == network_back(lost, affected=50)
    later = replace(WELL, last_success_at=NOW)
    failed = replace(WELL, failures=3, health=Health.FAILING)
    (first,), (again,) = decided(WELL, failed), decided(later, replace(failed, last_success_at=NOW))
    assert isinstance(first, AlarmIntent)
    assert isinstance(again, AlarmIntent)
    assert first.key != again.key
