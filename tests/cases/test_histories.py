"""Ten thousand random histories of a case: whatever people do and the monitor sees, the rules hold in each of them.

What must hold is worked out here from the bare events, not by the functions that are under test.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.cases.guards import Act, decide
from monitor.cases.states import advance, fold
from monitor.errors import Refusal, Refused
from monitor.models import (
    JSON,
    Case,
    CaseEvent,
    CaseState,
    Duty,
    EventKind,
    Outcome,
    Person,
    Playbook,
    Reached,
    Role,
    Truth,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_Deed: TypeAlias = tuple[Act, Role, dict[str, JSON]]
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ATTEMPTS = 2
DICE = 16
"""Bytes of a history: one for its duties and what was done before, three for each of five things that happen."""
PERSONS = tuple(Person(name=role.value, role=role) for role in (*Role, Role.AGENT, Role.AGENT, Role.LEGAL))
DUTIES: tuple[frozenset[Duty], ...] = (
    frozenset(),
    frozenset({Duty.VERDICT}),
    frozenset({Duty.VERDICT, Duty.FINDINGS}),
    frozenset({Duty.VERDICT, Duty.LEGAL}),
    frozenset({Duty.OFFER}),
    frozenset(Duty),
)
# Minutes between what happens; the clock also stands still and is set back.
LATER = (1, 7, 60, 0, 1440, -5, -60 * 24 * 40, 3 * 1440)

DEEDS: tuple[tuple[Act, dict[str, JSON]], ...] = (
    (Act.TAKE, {}),
    (Act.ASSIGN, {"owner": "lead"}),
    (Act.ASSIGN, {"owner": None}),
    (Act.NOTE, {"text": "called"}),
    (Act.NOTE, {}),
    (Act.EVIDENCE, {"what": "receipt"}),
    *((Act.ATTEMPT, {"channel": "phone", "outcome": one.value}) for one in (*Reached, Reached.FAILED)),
    (Act.TICKET, {"id": "T-1"}),
    (Act.CLAIM, {"text": "it was late", "truth": Truth.TRUE.value}),
    (Act.COMPENSATE, {"what": "a new one"}),
    (Act.FINDINGS, {"text": "the shift was short of hands"}),
    (Act.FINDINGS, {"text": " \n "}),
    (Act.CLEAR, {"text": "may be answered"}),
    (Act.CLEAR, {"text": "may be answered"}),
    (Act.TEMPLATE, {"name": "thanks", "language": "en"}),
    (Act.VERDICT, {"verdict": Verdict.PARTLY.value, "text": "the receipt says so"}),
    (Act.VERDICT, {"verdict": Verdict.FAKE.value}),
    (Act.ANSWER, {"text": "thank you"}),
    (Act.ANSWER, {"text": "thank you", "full": True, "public": False}),
    (Act.ANSWER, {"full": True}),
    (Act.OFFLINE, {"channel": "phone"}),
    (Act.SILENT, {"text": "nobody answers"}),
    (Act.SILENT, {"text": ""}),
    (Act.WAIT, {"text": "the number of the order"}),
    (Act.RESUME, {}),
    (Act.CLOSE, {}),
    (Act.CLOSE, {"outcome": Outcome.CONTENT.value}),
    (Act.CLOSE, {}),
    (Act.REOPEN, {"why": "they called again"}),
)
# What was done before: half of what matters happens to cases that are nearly over, where five deeds seldom lead.
_WORKED: tuple[_Deed, ...] = (
    (Act.CLEAR, Role.LEGAL, {"text": "may be answered"}),
    (Act.VERDICT, Role.AGENT, {"verdict": Verdict.PARTLY.value, "text": "the receipt says so"}),
    (Act.FINDINGS, Role.LEAD, {"text": "the shift was short of hands"}),
    (Act.COMPENSATE, Role.AGENT, {"what": "a new one"}),
)
_ANSWERED: tuple[_Deed, ...] = (*_WORKED, (Act.ANSWER, Role.AGENT, {"text": "thank you"}))
BEFORE: tuple[tuple[_Deed, ...], ...] = (
    (),
    (),
    _WORKED[:2],
    _WORKED,
    _ANSWERED,
    (*_ANSWERED, (Act.CLOSE, Role.AGENT, {})),
    ((Act.SILENT, Role.LEAD, {"text": "nobody answers"}),),
    (_WORKED[0], (Act.OFFLINE, Role.AGENT, {"channel": "phone"})),
)
# What the monitor itself sees and does; a callable because some depend on the case.
SIGHTS = (
    EventKind.JOINED,
    EventKind.ANSWER_SEEN,
    EventKind.ANSWER_SEEN,
    EventKind.ANSWER_GONE,
    EventKind.ANSWER_BACK,
    EventKind.REMINDED,
    EventKind.BREACHED,
    EventKind.NOTED,
    EventKind.REOPENED,
)


@dataclass
class History:
    """What happened to one case, with the case after each event and what was refused."""

    playbook: Playbook
    events: list[CaseEvent] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    refused: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def case(self) -> Case:
        return self.cases[-1]

    def add(self, events: Sequence[CaseEvent]) -> None:
        for event in events:
            last = self.events[-1].at if self.events else None
            case, stored = advance(self.cases[-1] if self.cases else None, [event], case_id=7, last=last)
            self.events += stored
            self.cases.append(case)


def history(dice: bytes) -> History:
    """The history that these bytes are: playbook and what was done before, then three bytes for each thing."""
    playbook = Playbook(
        acknowledge=timedelta(hours=1),
        resolve=timedelta(days=1),
        remind=timedelta(minutes=15),
        pause=timedelta(hours=1),
        ladder=("owner", "lead"),
        duties=DUTIES[(dice[0] if dice else 0) % len(DUTIES)],
        attempts=ATTEMPTS,
    )
    now = START
    body: dict[str, JSON] = {"brand": "Acme", "classes": ["negative"], "why": "rule", "found_at": now.isoformat()}
    told = History(playbook)
    told.add([CaseEvent(kind=EventKind.OPENED, at=now, body=body)])
    for act, role, said in BEFORE[(dice[0] if dice else 0) // len(DUTIES) % len(BEFORE)]:
        told.add(decided(told, act, Person(name=role.value, role=role), said, now))
    for what, who, when in zip(dice[1::3], dice[2::3], dice[3::3], strict=False):
        now += timedelta(minutes=LATER[when % len(LATER)])
        if what % 5 == 4:
            told.add(seen(told, SIGHTS[who % len(SIGHTS)], now))
            continue
        act, said = DEEDS[what % len(DEEDS)]
        person = PERSONS[who % len(PERSONS)]
        told.add(decided(told, act, person, said, now))
    return told


def decided(told: History, act: Act, person: Person, said: dict[str, JSON], now: datetime) -> tuple[CaseEvent, ...]:
    outcomes: list[tuple[tuple[CaseEvent, ...], tuple[Refusal, ...]]] = []
    for _ in range(1 + (told.case.seq % 3 == 0)):  # asked again, it says the same
        try:
            outcomes.append((decide(act, told.case, person=person, playbook=told.playbook, body=said, now=now), ()))
        except Refused as refused:
            outcomes.append(((), refused.refusals))
    assert outcomes[0] == outcomes[-1]
    events, refusals = outcomes[0]
    assert bool(events) != bool(refusals)
    assert all(one.code and one.why and one.missing for one in refusals)
    told.refused.append(tuple(one.code for one in refusals))
    return events


def seen(told: History, kind: EventKind, now: datetime) -> tuple[CaseEvent, ...]:
    case = told.case
    ended = {CaseState.ANSWERED, CaseState.OFFLINE, CaseState.SILENT, CaseState.CLOSED}
    if kind is EventKind.REOPENED and case.state not in ended:
        kind = EventKind.MERGED if case.seq % 4 == 0 else EventKind.NOTED
    if case.state is CaseState.MERGED:
        return ()
    full = case.verdict is not None or Duty.VERDICT not in told.playbook.duties
    earlier = (now - timedelta(hours=2)).isoformat()
    bodies: dict[EventKind, dict[str, JSON]] = {
        EventKind.JOINED: {"post": 3, "why": "author", "found_at": earlier, "published_at": earlier},
        EventKind.ANSWER_SEEN: {"answer": 9, "post": 3, "at": earlier, "full": full},
        EventKind.REOPENED: {"why": "wrote again", "found_at": now.isoformat()},
        EventKind.MERGED: {"into": 5},
        EventKind.NOTED: {"text": "case 8 goes on here"},
    }
    event = CaseEvent(kind=kind, at=now, body=bodies.get(kind, {}))
    if kind is EventKind.JOINED and case.waiting_at is not None:
        return (event, CaseEvent(kind=EventKind.RESUMED, at=now, body={"why": "the author wrote"}))
    return (event,)


# ── what must hold, from the bare events ──


def check_guards(told: History) -> None:
    roles = {person.name: person.role for person in PERSONS}
    done: set[Duty] = set()
    ended: EventKind | None = None
    failed = 0
    for event in told.events:
        kind = event.kind
        if event.person:
            assert roles[event.person] is not Role.ANALYST
            assert event.before is not CaseState.MERGED
            if event.before is CaseState.CLOSED:
                assert kind in {EventKind.REOPENED, EventKind.NOTED, EventKind.EVIDENCE}
        if kind is EventKind.CLOSED:
            owed = set(told.playbook.duties) - done
            assert owed <= ({Duty.VERDICT} if ended is EventKind.SILENT else set())
            assert ended is not None
        elif kind is EventKind.SILENT:
            assert event.body["text"]
            assert roles[event.person] in {Role.LEAD, Role.LEGAL, Role.ADMIN} or failed >= ATTEMPTS
        elif kind is EventKind.CLEARED:
            assert roles[event.person] is Role.LEGAL
        elif kind in {EventKind.ANSWERED, EventKind.OFFLINE, EventKind.TEMPLATE}:
            assert Duty.LEGAL not in set(told.playbook.duties) - done
        if kind is EventKind.VERDICT:
            assert event.body["text"]
        if kind is EventKind.ATTEMPT:
            failed = 0 if event.body["outcome"] == "reached" else failed + 1
        if kind is EventKind.REOPENED:
            ended, failed = None, 0
        if kind in {EventKind.OFFLINE, EventKind.SILENT} or event.body.get("full") is True:
            ended = kind
        done |= {
            EventKind.VERDICT: {Duty.VERDICT},
            EventKind.FINDINGS: {Duty.FINDINGS},
            EventKind.CLEARED: {Duty.LEGAL},
            EventKind.COMPENSATED: {Duty.OFFER},
        }.get(kind, set())


def check_clocks(told: History) -> None:
    for number, (event, case) in enumerate(zip(told.events, told.cases, strict=True), 1):
        assert event.seq == case.seq == number
        begin = case.published_at or case.found_at
        told_at = (case.acknowledged_at, case.answered_at, case.resolved_at, case.waiting_at, case.closed_at)
        assert all(one is None or begin <= one <= event.at for one in told_at)
        assert case.waited >= timedelta()
        assert (case.resolved_at is None or case.waiting_at is None) or case.state not in {
            CaseState.CLOSED,
            CaseState.SILENT,
        }
    for before, after in zip(told.cases, told.cases[1:], strict=False):
        assert after.round in {before.round, before.round + 1}
        assert after.round > before.round or after.waited >= before.waited
        assert after.attempts >= before.attempts
    times = [event.at for event in told.events]
    assert times == sorted(times)


def check_chain(told: History) -> None:
    assert told.events[0].before is None
    assert [event.before for event in told.events[1:]] == [event.after for event in told.events[:-1]]
    assert [event.after for event in told.events] == [case.state for case in told.cases]


def check(told: History) -> None:
    check_guards(told)
    check_clocks(told)
    check_chain(told)
    assert fold(7, told.events) == told.case


# Ten histories an example: drawing one costs as much as playing it.
@settings(max_examples=1_000, deadline=None, derandomize=True, database=None)
@given(st.binary(min_size=10 * DICE, max_size=10 * DICE))
def test_every_rule_holds_in_ten_thousand_histories(dice: bytes) -> None:
    for begin in range(0, len(dice), DICE):
        check(history(dice[begin : begin + DICE]))


def test_histories_go_everywhere() -> None:
    chance = random.Random(11)
    told = [history(chance.randbytes(121)) for _ in range(150)]
    for one in told:
        check(one)
    assert {case.state for one in told for case in one.cases} == set(CaseState)
    assert {code for one in told for codes in one.refused for code in codes} >= {
        *("role", "closed", "merged", "silent", "not_answered", "is_open", "legal_gate", "too_few_attempts"),
        *("waiting", "not_waiting", "needs_text", "needs_answer"),
        *(f"open_{duty.value}" for duty in Duty),
    }
    closed = [event for one in told for event in one.events if event.kind is EventKind.CLOSED]
    assert len(closed) > 50
    assert sum(event.kind is EventKind.CLOSED for one in told if one.playbook.duties for event in one.events) > 50
    assert max(case.round for one in told for case in one.cases) > 2


@pytest.mark.parametrize("duty", list(Duty))
def test_the_checks_themselves_can_fail(duty: Duty) -> None:
    told = history(bytes([len(DUTIES) - 1]))
    ways = [EventKind.VERDICT, EventKind.FINDINGS, EventKind.CLEARED, EventKind.COMPENSATED]
    owed = dict(
        zip(Duty, (EventKind.VERDICT, EventKind.FINDINGS, EventKind.CLEARED, EventKind.COMPENSATED), strict=True)
    )
    body: dict[str, JSON] = {"verdict": "not", "text": "x", "what": "x"}
    told.add([CaseEvent(kind=kind, at=START, person="legal", body=body) for kind in ways if kind is not owed[duty]])
    seen_at: dict[str, JSON] = {"answer": 9, "at": START.isoformat(), "full": True}
    told.add([CaseEvent(kind=EventKind.ANSWER_SEEN, at=START, body=seen_at)])
    told.add([CaseEvent(kind=EventKind.CLOSED, at=START, person="legal", body={"outcome": "unknown"})])
    with pytest.raises(AssertionError):
        check_guards(told)
