"""What is due in a case, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.cases.deadlines import deadlines, is_reminder, waits_of
from monitor.cases.hours import worked
from monitor.cases.states import fold
from monitor.models import (
    JSON,
    Case,
    CaseClock,
    CaseEvent,
    CaseState,
    Deadline,
    DeadlineKind,
    Duty,
    EventKind,
    OfficeHours,
    Playbook,
)

OFFICE = OfficeHours(zone="UTC", days=frozenset(range(5)), begin=time(9), end=time(18))
FRIDAY = datetime(2026, 1, 2, 17, tzinfo=UTC)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


PLAYBOOK = Playbook(
    acknowledge=hours(4), resolve=hours(24), remind=hours(1), pause=hours(2), ladder=("owner", "lead", "founder")
)
CASE = Case(id=7, brand="Кассолёт", state=CaseState.NEW, classes=("negative",), opened_at=FRIDAY, found_at=FRIDAY)


def spelt(found: tuple[Deadline, ...]) -> list[str]:
    """Each step as `kind clock step: day hour → who`."""
    return [f"{one.kind} {one.clock} {one.step}: {one.at:%d %H:%M} → {one.to or '-'}" for one in found]


def steps_of(kind: DeadlineKind, found: tuple[Deadline, ...], clock: CaseClock = CaseClock.FOUND) -> list[Deadline]:
    return [one for one in found if one.kind is kind and one.clock is clock]


def test_both_deadlines_with_reminder_breach_and_the_rest_of_the_ladder() -> None:
    found = deadlines(CASE, PLAYBOOK, None, open_duties=())
    assert spelt(found) == [
        "acknowledge found 0: 02 20:00 → owner",
        "acknowledge found 1: 02 21:00 → lead",
        "acknowledge found 2: 02 23:00 → founder",
        "resolve found 0: 03 16:00 → owner",
        "resolve found 1: 03 17:00 → lead",
        "resolve found 2: 03 19:00 → founder",
    ]
    assert {one.due_at for one in steps_of(DeadlineKind.ACKNOWLEDGE, found)} == {FRIDAY + hours(4)}


def test_office_hours_count_for_deadlines_reminders_and_pauses() -> None:
    found = deadlines(CASE, replace(PLAYBOOK, resolve=hours(9.5), pause=hours(8)), OFFICE, open_duties=())
    assert spelt(found) == [
        "acknowledge found 0: 05 11:00 → owner",
        "acknowledge found 1: 05 12:00 → lead",
        "acknowledge found 2: 06 11:00 → founder",
        "resolve found 0: 05 16:30 → owner",
        "resolve found 1: 05 17:30 → lead",
        "resolve found 2: 06 16:30 → founder",
    ]


def test_some_cases_do_not_wait_for_the_office() -> None:
    always = replace(PLAYBOOK, always=True)
    assert deadlines(CASE, always, OFFICE, open_duties=()) == deadlines(CASE, always, None, open_duties=())


def test_the_customers_clock_is_recorded_and_nobody_is_told() -> None:
    case = replace(CASE, published_at=FRIDAY - hours(6))
    found = deadlines(case, PLAYBOOK, None, open_duties=())
    assert [line for line in spelt(found) if "published" in line] == [
        "acknowledge published 1: 02 15:00 → -",  # over before the post was found
        "resolve published 1: 03 11:00 → -",
    ]
    assert [one for one in found if one.clock is CaseClock.FOUND] == list(
        deadlines(CASE, PLAYBOOK, None, open_duties=())
    )


@pytest.mark.parametrize(
    ("ladder", "remind", "heard"),
    [
        (("owner", "lead"), 1, ["owner", "lead"]),
        (("owner",), 1, ["owner", "owner"]),  # the breach is always told
        ((), 1, [None, None]),
        (("owner", "lead", "legal", "founder"), 1, ["owner", "lead", "legal", "founder"]),
        (("owner", "lead", "founder"), 0, ["lead", "founder"]),  # no reminder
    ],
)
def test_who_hears_at_each_step(ladder: tuple[str, ...], remind: float, heard: list[str | None]) -> None:
    playbook = replace(PLAYBOOK, ladder=ladder, remind=hours(remind))
    found = steps_of(DeadlineKind.ACKNOWLEDGE, deadlines(CASE, playbook, None, open_duties=()))
    assert [one.to for one in found] == heard


def test_a_reminder_that_would_come_with_the_case_or_before_it_is_none() -> None:
    found = deadlines(CASE, replace(PLAYBOOK, remind=hours(10)), OFFICE, open_duties=())
    assert next(one.step for one in steps_of(DeadlineKind.ACKNOWLEDGE, found)) == 1


HEARD = replace(CASE, acknowledged_at=FRIDAY)
DONE = replace(HEARD, resolved_at=FRIDAY)


@pytest.mark.parametrize(
    ("case", "duties", "kinds"),
    [
        (CASE, (), {"acknowledge", "resolve"}),
        (HEARD, (), {"resolve"}),
        (replace(CASE, waiting_at=FRIDAY), (), {"acknowledge", "wait"}),
        (replace(HEARD, waiting_at=FRIDAY), (Duty.FINDINGS,), {"wait"}),
        (replace(DONE, state=CaseState.ANSWERED, waiting_at=FRIDAY), (), {"wait"}),
        (replace(HEARD, state=CaseState.MERGED, waiting_at=FRIDAY), (), set()),
        (replace(DONE, state=CaseState.ANSWERED), (), set()),
        (replace(DONE, state=CaseState.ANSWERED), (Duty.FINDINGS,), {"resolve"}),
        (replace(HEARD, state=CaseState.OFFLINE), (), {"resolve"}),
        (replace(CASE, state=CaseState.SILENT, resolved_at=FRIDAY), (), set()),
        (replace(CASE, state=CaseState.SILENT, resolved_at=FRIDAY), (Duty.FINDINGS,), set()),
        (replace(CASE, state=CaseState.CLOSED, resolved_at=FRIDAY), (Duty.FINDINGS,), set()),
        (replace(CASE, state=CaseState.MERGED), (Duty.FINDINGS,), set()),
    ],
)
def test_what_still_matters(case: Case, duties: tuple[Duty, ...], kinds: set[str]) -> None:
    assert {str(one.kind) for one in deadlines(case, PLAYBOOK, None, open_duties=duties)} == kinds


@pytest.mark.parametrize(
    ("changed", "office", "due"),
    [
        ({}, None, "03 18:00 → owner"),
        ({"resolve": hours(4)}, OFFICE, "05 13:00 → owner"),  # the wait began as the office closed
        ({"resolve": hours(4), "always": True}, OFFICE, "02 22:00 → owner"),
        ({"remind": hours(0), "ladder": ("lead", "founder")}, None, "03 18:00 → lead"),
        ({"ladder": ()}, None, "03 18:00 → -"),
    ],
)
def test_waiting_for_the_customer_has_an_end_of_which_the_first_of_the_ladder_hears(
    changed: dict[str, object], office: OfficeHours | None, due: str
) -> None:
    case = replace(HEARD, waiting_at=FRIDAY + hours(1))
    (found,) = deadlines(case, replace(PLAYBOOK, **changed), office, open_duties=())  # type: ignore[arg-type] # its fields
    assert spelt((found,)) == [f"wait found {found.step}: {due}"]
    assert found.at == found.due_at
    assert found.step > 0
    assert is_reminder(found)  # nobody on our side misses anything


def test_each_waiting_of_a_round_is_a_deadline_of_its_own_and_stays_the_same_one() -> None:
    """Also where the former waiting counts for nothing: an answer from before it was seen late."""

    def step(since: datetime, **other: object) -> int:
        case = replace(HEARD, waiting_at=since, **other)  # type: ignore[arg-type] # any field
        (found,) = deadlines(case, PLAYBOOK, None, open_duties=())
        return found.step

    first = step(FRIDAY + hours(1))
    assert step(FRIDAY + hours(1), seq=9, owner="Анна", found_at=FRIDAY - hours(3)) == first
    assert len({first, step(FRIDAY + hours(30)), step(FRIDAY + hours(60), waited=hours(2))}) == 3


def test_a_step_says_whether_it_reminds() -> None:
    found = deadlines(CASE, PLAYBOOK, None, open_duties=())
    assert [is_reminder(one) for one in found] == [True, False, False, True, False, False]


def test_what_the_customer_had_the_word_for_is_not_ours() -> None:
    case = replace(HEARD, waited=hours(30))
    due = steps_of(DeadlineKind.RESOLVE, deadlines(case, PLAYBOOK, None, open_duties=()))[1].at
    assert due == FRIDAY + hours(24 + 30)


def test_of_a_weekend_that_was_waited_only_working_time_moves_the_deadline() -> None:
    # Friday 17:00 and twelve hours of work make Tuesday 11:00; waited from Friday 17:30 to Monday 10:00, 1.5 of work.
    playbook = replace(PLAYBOOK, resolve=hours(12))
    wait = (FRIDAY + hours(0.5), FRIDAY + hours(65))
    case = replace(HEARD, waited=wait[1] - wait[0])
    exact = steps_of(DeadlineKind.RESOLVE, deadlines(case, playbook, OFFICE, open_duties=(), waits=(wait,)))
    assert f"{exact[1].at:%d %H:%M}" == "06 12:30"
    rough = steps_of(DeadlineKind.RESOLVE, deadlines(case, playbook, OFFICE, open_duties=()))
    assert rough[1].at > exact[1].at


def happened(kind: EventKind, after: float) -> CaseEvent:
    bodies: dict[EventKind, dict[str, JSON]] = {
        EventKind.OPENED: {"brand": "Кассолёт", "classes": ["negative"], "why": "", "found_at": FRIDAY.isoformat()},
        EventKind.REOPENED: {"why": "", "found_at": (FRIDAY + hours(after)).isoformat()},
    }
    return CaseEvent(kind=kind, at=FRIDAY + hours(after), body=bodies.get(kind, {"text": "…"}))


W, R, SILENT, REOPENED = EventKind.WAITING, EventKind.RESUMED, EventKind.SILENT, EventKind.REOPENED


@pytest.mark.parametrize(
    ("events", "waits"),
    [
        ([], []),
        ([(W, 1)], []),
        ([(W, 1), (EventKind.NOTED, 2), (R, 3)], [(1, 3)]),
        ([(W, 1), (W, 2), (R, 3), (R, 4)], [(1, 3)]),
        ([(W, 1), (R, 3), (W, 5), (R, 6)], [(1, 3), (5, 6)]),
        ([(W, 1), (SILENT, 4)], [(1, 4)]),
        ([(W, 1), (R, 3), (SILENT, 4), (REOPENED, 5)], []),
        ([(W, 1), (SILENT, 4), (REOPENED, 5), (W, 6), (R, 8)], [(6, 8)]),
    ],
)
def test_the_waits_of_a_round(events: list[tuple[EventKind, float]], waits: list[tuple[float, float]]) -> None:
    story = [happened(EventKind.OPENED, 0), *(happened(kind, after) for kind, after in events)]
    found = waits_of(story)
    assert found == tuple((FRIDAY + hours(since), FRIDAY + hours(to)) for since, to in waits)
    assert sum((to - since for since, to in found), timedelta()) == fold(7, story).waited


# ── Any case ────────────────────────────────────────────────────────────────────────────────────────────────────────

SPAN = st.integers(1, 6000).map(lambda minutes: timedelta(minutes=minutes))
ANY_PLAYBOOK = st.builds(
    Playbook,
    acknowledge=SPAN,
    resolve=SPAN,
    remind=st.integers(0, 6000).map(lambda minutes: timedelta(minutes=minutes)),
    pause=SPAN,
    ladder=st.lists(st.sampled_from(["owner", "lead", "founder"]), max_size=4).map(tuple),
    always=st.booleans(),
)
ANY_OFFICE = st.none() | st.builds(
    OfficeHours,
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata"]),
    days=st.frozensets(st.integers(0, 6), min_size=1),
    begin=st.sampled_from([time(0), time(2, 30), time(9), time(22)]),
    end=st.sampled_from([time(0), time(3, 15), time(18)]),
)
MOMENT = st.integers(0, 60_000).map(lambda minutes: datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=minutes))
FEW = settings(max_examples=60, deadline=None, derandomize=True, database=None)


@FEW
@given(ANY_PLAYBOOK, ANY_OFFICE, MOMENT, st.none() | MOMENT)
def test_steps_come_in_their_order(
    playbook: Playbook, office: OfficeHours | None, found_at: datetime, published_at: datetime | None
) -> None:
    case = replace(CASE, found_at=found_at, published_at=published_at)
    found = deadlines(case, playbook, office, open_duties=())
    assert len({(one.kind, one.clock, one.step) for one in found}) == len(found)
    for kind in DeadlineKind:
        steps = steps_of(kind, found)
        assert [one.at for one in steps] == sorted(one.at for one in steps)
        assert [one.step for one in steps] == sorted(one.step for one in steps)
        assert all((one.at >= one.due_at) == (one.step > 0) or one.at == one.due_at for one in steps)
        assert all(one.at >= found_at for one in steps)
        recorded = steps_of(kind, found, CaseClock.PUBLISHED)
        is_recorded = published_at is not None and kind is not DeadlineKind.WAIT
        assert [(one.step, one.to) for one in recorded] == ([(1, None)] if is_recorded else [])


@FEW
@given(ANY_PLAYBOOK, ANY_OFFICE, st.lists(st.integers(0, 9000), min_size=2, max_size=8).map(sorted))
def test_to_wait_and_to_resume_never_moves_a_deadline_back(
    playbook: Playbook, office: OfficeHours | None, minutes: list[int]
) -> None:
    moments = [FRIDAY + timedelta(minutes=minute) for minute in minutes]
    waits: list[tuple[datetime, datetime]] = []
    before = deadlines(HEARD, playbook, office, open_duties=())
    for since, to in zip(moments[::2], moments[1::2], strict=False):
        waits.append((since, to))
        after = deadlines(HEARD, playbook, office, open_duties=(), waits=waits)
        former = {(one.kind, one.clock, one.step): one for one in before}
        moved = {(one.kind, one.clock, one.step): one for one in after}
        assert former.keys() <= moved.keys()  # a reminder may get room by the wait
        assert all(moved[key].at >= old.at and moved[key].due_at >= old.due_at for key, old in former.items())
        before = after


@FEW
@given(ANY_OFFICE, MOMENT, SPAN, st.integers(0, 3000), st.integers(0, 9000))
def test_what_was_left_is_left_after_the_wait(
    office: OfficeHours | None, found_at: datetime, span: timedelta, first: int, then: int
) -> None:
    since = found_at + timedelta(minutes=first)
    to = since + timedelta(minutes=then)
    playbook = replace(PLAYBOOK, resolve=span)
    case = replace(HEARD, found_at=found_at)
    due = steps_of(DeadlineKind.RESOLVE, deadlines(case, playbook, office, open_duties=()))[1].due_at
    moved = steps_of(DeadlineKind.RESOLVE, deadlines(case, playbook, office, open_duties=(), waits=[(since, to)]))[
        1
    ].due_at
    left = worked(since, due, office)
    if left and to > since:
        assert worked(to, moved, office) == left
