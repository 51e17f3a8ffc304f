from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.cases.states import OPEN, advance, apply, fold, stamped
from monitor.models import JSON, Case, CaseEvent, CaseState, EventKind, Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
Told = tuple[EventKind, dict[str, JSON]]

OPENED: Told = (
    EventKind.OPENED,
    {"brand": "Acme", "classes": ["negative", "late"], "why": "rule", "found_at": "2026-03-02T09:00:00.000Z"},
)
ANSWER: Told = (EventKind.ANSWERED, {"full": True, "public": True, "text": "here it is"})
THANKS: Told = (EventKind.ANSWERED, {"full": False, "public": True, "text": "we are at it"})
VERDICT: Told = (EventKind.VERDICT, {"verdict": "justified", "text": "the receipt says so"})
OFFLINE: Told = (EventKind.OFFLINE, {"channel": "phone"})
SILENT: Told = (EventKind.SILENT, {"text": "never replies"})
CLOSED: Told = (EventKind.CLOSED, {"outcome": "content"})
WAITING: Told = (EventKind.WAITING, {"text": "the order number"})
REOPENED: Told = (EventKind.REOPENED, {"why": "wrote again", "found_at": "2026-03-02T09:30:00Z"})
FAILED: Told = (EventKind.ATTEMPT, {"channel": "phone", "outcome": "failed"})
REACHED: Told = (EventKind.ATTEMPT, {"channel": "phone", "outcome": "reached"})


def at(minutes: int) -> datetime:
    return NINE + timedelta(minutes=minutes)


def told(*events: Told, person: str = "Ann") -> list[CaseEvent]:
    """Opened at nine, then something every ten minutes."""
    return [
        CaseEvent(kind=kind, at=at(10 * number), person=person if number else "", body=body)
        for number, (kind, body) in enumerate([OPENED, *events])
    ]


def after(*events: Told, person: str = "Ann") -> Case:
    return fold(7, told(*events, person=person))


def test_a_case_begins_as_its_first_event_says() -> None:
    assert after() == Case(
        id=7,
        brand="Acme",
        state=CaseState.NEW,
        classes=("late", "negative"),
        opened_at=NINE,
        found_at=NINE,
        seq=1,
    )


def test_a_case_begins_with_opened() -> None:
    with pytest.raises(ValueError, match="begins with noted"):
        apply(None, CaseEvent(kind=EventKind.NOTED, at=NINE), case_id=7)
    with pytest.raises(ValueError, match="no events"):
        fold(7, [])


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([(EventKind.NOTED, {"text": "x"})], CaseState.CHECKING),
        ([(EventKind.ASSIGNED, {"owner": "Ann"})], CaseState.CHECKING),
        ([(EventKind.ASSIGNED, {"owner": None})], CaseState.NEW),
        ([(EventKind.EVIDENCE, {"what": "x"})], CaseState.CHECKING),
        ([(EventKind.TICKET, {"id": "T-1"})], CaseState.CHECKING),
        ([(EventKind.CLAIM, {"text": "x", "truth": "true"})], CaseState.CHECKING),
        ([(EventKind.COMPENSATED, {"what": "a new one"})], CaseState.CHECKING),
        ([(EventKind.FINDINGS, {"text": "x"})], CaseState.CHECKING),
        ([FAILED], CaseState.CHECKING),
        ([(EventKind.CLEARED, {"text": "x"})], CaseState.NEW),
        ([(EventKind.TEMPLATE, {"name": "x", "language": "ru"})], CaseState.NEW),
        ([WAITING], CaseState.NEW),
        ([(EventKind.JOINED, {"post": 3, "why": "x"})], CaseState.NEW),
        ([(EventKind.OPENED, {"brand": "Other", "classes": []})], CaseState.NEW),
        ([VERDICT], CaseState.VERDICT),
        ([VERDICT, (EventKind.NOTED, {"text": "x"})], CaseState.VERDICT),
        ([ANSWER, VERDICT], CaseState.ANSWERED),
        ([SILENT, VERDICT], CaseState.SILENT),
        ([THANKS], CaseState.CHECKING),
        ([VERDICT, THANKS], CaseState.VERDICT),
        ([ANSWER], CaseState.ANSWERED),
        ([ANSWER, OFFLINE], CaseState.OFFLINE),
        ([OFFLINE, ANSWER], CaseState.ANSWERED),
        ([SILENT, ANSWER], CaseState.ANSWERED),
        ([SILENT, THANKS], CaseState.SILENT),
        ([OFFLINE, CLOSED], CaseState.CLOSED),
        ([OFFLINE, CLOSED, (EventKind.ANSWER_SEEN, {"answer": 3, "full": True})], CaseState.CLOSED),
        ([ANSWER, (EventKind.ANSWER_GONE, {"answer": 3})], CaseState.ANSWERED),
        ([OFFLINE, CLOSED, REOPENED], CaseState.CHECKING),
        ([(EventKind.MERGED, {"into": 4})], CaseState.MERGED),
    ],
)
def test_what_happens_moves_a_case(events: Sequence[Told], state: CaseState) -> None:
    assert after(*events).state is state


def test_the_monitors_own_note_is_no_work_on_a_case() -> None:
    assert after((EventKind.NOTED, {"text": "case 9 goes on here"}), person="").state is CaseState.NEW


@pytest.mark.parametrize("kind", list(EventKind))
def test_every_kind_of_event_can_follow(kind: EventKind) -> None:
    body: dict[str, JSON] = {
        "brand": "Acme",
        "classes": ["vip"],
        "into": 4,
        "outcome": "unknown",
        "verdict": "not",
        **({"outcome": "failed"} if kind is EventKind.ATTEMPT else {}),
    }
    assert after((kind, body)).seq == 2


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([THANKS], {"acknowledged_at": at(10), "answered_at": None, "resolved_at": None, "public_replies": 1}),
        ([THANKS, ANSWER], {"acknowledged_at": at(10), "answered_at": at(20), "resolved_at": at(20)}),
        ([(EventKind.ANSWERED, {"full": True, "public": False})], {"public_replies": 0, "answered_at": at(10)}),
        ([OFFLINE], {"acknowledged_at": at(10), "answered_at": None, "resolved_at": None}),
        ([OFFLINE, CLOSED], {"resolved_at": at(20), "closed_at": at(20), "outcome": Outcome.CONTENT}),
        ([ANSWER, CLOSED], {"resolved_at": at(10), "closed_at": at(20)}),
        ([SILENT], {"acknowledged_at": None, "resolved_at": at(10), "silent_reason": "never replies"}),
        ([SILENT, ANSWER], {"silent_reason": None, "answered_at": at(20), "resolved_at": at(10)}),
        ([FAILED, FAILED], {"attempts": 2, "failed": 2, "acknowledged_at": None}),
        ([FAILED, REACHED], {"attempts": 2, "failed": 0, "acknowledged_at": at(20)}),
        ([(EventKind.ATTEMPT, {"channel": "mail", "outcome": "refused"})], {"attempts": 1, "failed": 1}),
        ([VERDICT, (EventKind.VERDICT, {"verdict": "fake", "text": "x"})], {"verdict": Verdict.FAKE}),
        ([(EventKind.ASSIGNED, {"owner": "Bob"}), (EventKind.ASSIGNED, {"owner": None})], {"owner": None}),
        ([(EventKind.CLEARED, {"text": "x"})], {"cleared_by": "Ann"}),
        ([(EventKind.TICKET, {"id": "T-1"})], {"ticket": "T-1"}),
        ([(EventKind.CLASSED, {"classes": ["vip", "negative", "vip"]})], {"classes": ("negative", "vip")}),
        ([WAITING], {"waiting_at": at(10), "waited": timedelta()}),
        ([WAITING, WAITING], {"waiting_at": at(10)}),
        ([WAITING, (EventKind.RESUMED, {"why": "x"})], {"waiting_at": None, "waited": timedelta(minutes=10)}),
        ([WAITING, ANSWER], {"waiting_at": None, "waited": timedelta(minutes=10)}),
        ([(EventKind.RESUMED, {"why": "x"})], {"waited": timedelta()}),
        ([(EventKind.MERGED, {"into": 4})], {"merged_into": 4}),
    ],
)
def test_what_happens_is_remembered(events: Sequence[Told], expected: dict[str, object]) -> None:
    case = after(*events)
    assert {name: getattr(case, name) for name in expected} == expected


def test_a_case_that_reopens_keeps_what_was_found_out_and_starts_its_clocks_anew() -> None:
    work: list[Told] = [(EventKind.ASSIGNED, {"owner": "Ann"}), VERDICT, FAILED, WAITING]
    kept: list[Told] = [(EventKind.FINDINGS, {"text": "x"}), (EventKind.CLEARED, {"text": "x"})]
    more: list[Told] = [(EventKind.COMPENSATED, {"what": "x"}), (EventKind.TICKET, {"id": "T-1"}), ANSWER, CLOSED]
    events = [*work, *kept, *more]
    before = after(*events)
    reopened: Told = (
        EventKind.REOPENED,
        {"why": "x", "found_at": at(105).isoformat(), "published_at": at(90).isoformat()},
    )
    assert after(*events, reopened) == replace(
        before,
        state=CaseState.CHECKING,
        round=2,
        found_at=at(105),
        published_at=at(90),
        acknowledged_at=None,
        answered_at=None,
        resolved_at=None,
        waited=timedelta(),
        failed=0,
        outcome=None,
        closed_at=None,
        seq=before.seq + 1,
    )
    assert before.waited == timedelta(minutes=50)


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        (at(5), at(5)),  # the monitor saw it later than it was said
        (at(-60), at(0)),  # an answer cannot be older than what it answers
        (at(300), at(10)),  # a date in the future is a mistake of the site
    ],
)
def test_an_answer_counts_from_when_it_was_given(said: datetime, heard: datetime) -> None:
    case = after((EventKind.ANSWER_SEEN, {"answer": 9, "post": 3, "at": said.isoformat(), "full": True}), person="")
    assert (case.acknowledged_at, case.answered_at, case.resolved_at) == (heard, heard, heard)
    assert (case.state, case.public_replies) == (CaseState.ANSWERED, 1)


def test_an_answer_given_before_it_was_noted_counts_from_the_earlier_time() -> None:
    case = after(ANSWER, (EventKind.ANSWER_SEEN, {"answer": 9, "at": at(5).isoformat(), "full": True}))
    assert (case.acknowledged_at, case.answered_at) == (at(5), at(5))


def joined(found: int, published: int | None) -> Told:
    body: dict[str, JSON] = {"post": 3, "why": "author", "found_at": at(found).isoformat()}
    return EventKind.JOINED, body if published is None else {**body, "published_at": at(published).isoformat()}


@pytest.mark.parametrize(
    ("events", "clocks"),
    [
        ([joined(5, -500)], (at(0), None)),  # found later: its date says nothing of when this began
        ([joined(-5, -20)], (at(-5), at(-20))),
        ([joined(0, -20)], (at(0), at(-20))),
        ([joined(-5, -20), joined(0, -30), joined(-9, None)], (at(-9), None)),
        ([joined(-9, None), joined(-5, -20), joined(0, -30)], (at(-9), None)),
        ([THANKS, joined(-5, -20)], (at(0), None)),
        ([OFFLINE, CLOSED, REOPENED, joined(-5, -20)], (at(30), None)),
    ],
)
def test_the_clocks_are_those_of_the_post_found_first(
    events: Sequence[Told], clocks: tuple[datetime, datetime | None]
) -> None:
    case = after(*events)
    assert (case.found_at, case.published_at) == clocks


def test_a_clock_that_was_set_back_moves_nothing_back() -> None:
    case = after(WAITING)
    late = CaseEvent(kind=EventKind.RESUMED, at=at(-600), body={"why": "x"})
    assert apply(case, late, case_id=7).waited == timedelta()
    assert stamped(case, late, case_id=7).at == at(10)
    assert stamped(case, late, case_id=7, last=at(15)).at == at(15)


def test_a_stored_event_has_its_number_and_both_states() -> None:
    case, stored = advance(None, told(VERDICT, ANSWER, CLOSED), case_id=7)
    assert [(one.seq, one.before, one.after) for one in stored] == [
        (1, None, CaseState.NEW),
        (2, CaseState.NEW, CaseState.VERDICT),
        (3, CaseState.VERDICT, CaseState.ANSWERED),
        (4, CaseState.ANSWERED, CaseState.CLOSED),
    ]
    assert fold(7, stored) == case == fold(7, told(VERDICT, ANSWER, CLOSED))
    with pytest.raises(ValueError, match="no events"):
        advance(None, [], case_id=7)


def test_a_word_that_is_none_of_ours_is_not_taken() -> None:
    with pytest.raises(ValueError, match="perhaps"):
        after((EventKind.VERDICT, {"verdict": "perhaps", "text": "x"}))


def test_what_was_forgotten_of_an_event_does_not_undo_it() -> None:
    case = after((EventKind.FINDINGS, {"text": "(forgotten)"}), (EventKind.COMPENSATED, {"what": "(forgotten)"}))
    assert case.findings == "(forgotten)"
    assert case.offered


def test_the_states_that_are_open() -> None:
    assert frozenset(CaseState) - {CaseState.SILENT, CaseState.CLOSED, CaseState.MERGED} == OPEN
