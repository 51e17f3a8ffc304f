from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.cases.guards import Act, allowed, decide, open_duties
from monitor.errors import Refused
from monitor.models import JSON, Case, CaseEvent, CaseState, Duty, EventKind, Person, Playbook, Role, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
AGENT, LEAD, LEGAL, ANALYST, ADMIN = (Person(name=role.value, role=role) for role in Role)
PLAYBOOK = Playbook(
    acknowledge=timedelta(hours=1),
    resolve=timedelta(days=1),
    remind=timedelta(minutes=15),
    pause=timedelta(hours=1),
    ladder=("owner", "lead"),
    duties=frozenset({Duty.VERDICT}),
    attempts=3,
)
THREAT = replace(PLAYBOOK, duties=frozenset({Duty.VERDICT, Duty.LEGAL}))
EVERY_DUTY = replace(PLAYBOOK, duties=frozenset(Duty))
CASE = Case(
    id=12,
    brand="Acme",
    state=CaseState.CHECKING,
    classes=("negative", "rude_staff"),
    opened_at=NOW - timedelta(hours=1),
    found_at=NOW - timedelta(hours=1),
    seq=3,
)
WAITING = replace(CASE, waiting_at=NOW - timedelta(minutes=5))
SAID: dict[Act, dict[str, JSON]] = {
    Act.TAKE: {},
    Act.ASSIGN: {"owner": "lead"},
    Act.NOTE: {"text": "x"},
    Act.EVIDENCE: {"what": "x"},
    Act.ATTEMPT: {"channel": "phone", "outcome": "failed"},
    Act.TICKET: {"id": "T-1"},
    Act.CLAIM: {"text": "x", "truth": "false"},
    Act.COMPENSATE: {"what": "x"},
    Act.FINDINGS: {"text": "x"},
    Act.CLEAR: {"text": "x"},
    Act.TEMPLATE: {"name": "thanks", "language": "ru"},
    Act.VERDICT: {"verdict": "not", "text": "x"},
    Act.ANSWER: {"text": "x"},
    Act.OFFLINE: {"channel": "phone"},
    Act.SILENT: {"text": "x"},
    Act.WAIT: {"text": "x"},
    Act.RESUME: {},
    Act.CLOSE: {},
    Act.REOPEN: {"why": "x"},
}


def done(
    act: Act,
    case: Case = CASE,
    *,
    person: Person = LEAD,
    playbook: Playbook = PLAYBOOK,
    body: dict[str, JSON] | None = None,
) -> tuple[CaseEvent, ...]:
    return decide(act, case, person=person, playbook=playbook, body=SAID[act] if body is None else body, now=NOW)


def refused(
    act: Act,
    case: Case = CASE,
    *,
    person: Person = LEAD,
    playbook: Playbook = PLAYBOOK,
    body: dict[str, JSON] | None = None,
) -> list[str]:
    """The codes of all reasons against it; none if it may be done."""
    try:
        done(act, case, person=person, playbook=playbook, body=body)
    except Refused as error:
        return [one.code for one in error.refusals]
    return []


def in_state(state: CaseState) -> Case:
    return replace(CASE, state=state, verdict=Verdict.NOT, merged_into=5 if state is CaseState.MERGED else None)


@pytest.mark.parametrize(
    ("act", "kind", "body"),
    [
        (Act.TAKE, EventKind.ASSIGNED, {"owner": "lead"}),
        (Act.ASSIGN, EventKind.ASSIGNED, {"owner": "lead"}),
        (Act.NOTE, EventKind.NOTED, {"text": "x"}),
        (Act.EVIDENCE, EventKind.EVIDENCE, {"what": "x"}),
        (Act.ATTEMPT, EventKind.ATTEMPT, {"channel": "phone", "outcome": "failed"}),
        (Act.TICKET, EventKind.TICKET, {"id": "T-1"}),
        (Act.CLAIM, EventKind.CLAIM, {"text": "x", "truth": "false"}),
        (Act.COMPENSATE, EventKind.COMPENSATED, {"what": "x"}),
        (Act.FINDINGS, EventKind.FINDINGS, {"text": "x"}),
        (Act.TEMPLATE, EventKind.TEMPLATE, {"name": "thanks", "language": "ru"}),
        (Act.VERDICT, EventKind.VERDICT, {"verdict": "not", "text": "x"}),
        (Act.ANSWER, EventKind.ANSWERED, {"full": False, "public": True, "text": "x"}),
        (Act.OFFLINE, EventKind.OFFLINE, {"channel": "phone"}),
        (Act.SILENT, EventKind.SILENT, {"text": "x"}),
        (Act.WAIT, EventKind.WAITING, {"text": "x"}),
    ],
)
def test_an_act_becomes_one_event_of_the_person(act: Act, kind: EventKind, body: dict[str, JSON]) -> None:
    assert done(act) == (CaseEvent(kind=kind, at=NOW, person="lead", body=body),)


@pytest.mark.parametrize(
    ("act", "state", "kind", "body"),
    [
        (Act.CLOSE, CaseState.OFFLINE, EventKind.CLOSED, {"outcome": "unknown"}),
        (Act.REOPEN, CaseState.CLOSED, EventKind.REOPENED, {"why": "x", "found_at": NOW.isoformat()}),
    ],
)
def test_the_end_of_a_case_and_its_return(act: Act, state: CaseState, kind: EventKind, body: dict[str, JSON]) -> None:
    assert done(act, in_state(state)) == (CaseEvent(kind=kind, at=NOW, person="lead", body=body),)


def test_a_case_of_somebody_else_may_be_taken() -> None:
    (event,) = done(Act.TAKE, replace(CASE, owner="Bob"), person=AGENT)
    assert event.body == {"owner": "agent"}


@pytest.mark.parametrize(
    ("case", "playbook", "body", "full"),
    [
        (CASE, PLAYBOOK, {"text": "x"}, False),
        (replace(CASE, verdict=Verdict.FAKE), PLAYBOOK, {"text": "x"}, True),
        (CASE, replace(PLAYBOOK, duties=frozenset()), {"text": "x"}, True),
        (CASE, PLAYBOOK, {"url": "https://a.example/1", "full": True}, True),
        (replace(CASE, verdict=Verdict.FAKE), PLAYBOOK, {"text": "x", "full": False}, False),
    ],
)
def test_an_answer_is_the_full_one_once_a_verdict_stands(
    case: Case, playbook: Playbook, body: dict[str, JSON], full: bool
) -> None:
    (event,) = done(Act.ANSWER, case, playbook=playbook, body=body)
    assert event.body["full"] is full
    assert event.body["public"] is True


@pytest.mark.parametrize(
    ("act", "kinds"),
    [
        (Act.ANSWER, [EventKind.RESUMED, EventKind.ANSWERED]),
        (Act.VERDICT, [EventKind.RESUMED, EventKind.VERDICT]),
        (Act.OFFLINE, [EventKind.RESUMED, EventKind.OFFLINE]),
        (Act.SILENT, [EventKind.RESUMED, EventKind.SILENT]),
        (Act.RESUME, [EventKind.RESUMED]),
        (Act.NOTE, [EventKind.NOTED]),
        (Act.ATTEMPT, [EventKind.ATTEMPT]),
    ],
)
def test_what_we_do_ourselves_ends_waiting_for_the_customer(act: Act, kinds: Sequence[EventKind]) -> None:
    events = done(act, WAITING)
    assert [one.kind for one in events] == list(kinds)
    assert events[0].kind is not EventKind.RESUMED or events[0].body == {"why": act.value}


@pytest.mark.parametrize("act", list(SAID))
def test_an_analyst_may_do_nothing(act: Act) -> None:
    assert "role" in refused(act, person=ANALYST)


@pytest.mark.parametrize("act", list(SAID))
def test_a_merged_case_says_where_it_went(act: Act) -> None:
    person = LEGAL if act is Act.CLEAR else LEAD
    with pytest.raises(Refused) as error:
        done(act, in_state(CaseState.MERGED), person=person, playbook=EVERY_DUTY)
    (refusal,) = error.value.refusals
    assert (refusal.code, refusal.why) == ("merged", "case 12 goes on as case 5")
    assert refusal.missing == "work on that one: monitor cases show 5"


@pytest.mark.parametrize("act", list(SAID))
def test_a_closed_case_takes_notes_and_evidence_and_may_be_reopened(act: Act) -> None:
    person = LEGAL if act is Act.CLEAR else LEAD
    may_be = {Act.NOTE, Act.EVIDENCE, Act.REOPEN}
    found = refused(act, in_state(CaseState.CLOSED), person=person)
    assert ("closed" in found) is (act not in may_be)
    assert bool(found) is (act not in may_be)


@pytest.mark.parametrize("state", [CaseState.NEW, CaseState.CHECKING, CaseState.VERDICT])
def test_an_open_case_is_neither_closed_unanswered_nor_reopened(state: CaseState) -> None:
    assert refused(Act.CLOSE, in_state(state)) == ["not_answered"]
    assert refused(Act.REOPEN, in_state(state)) == ["is_open"]


@pytest.mark.parametrize("state", [CaseState.ANSWERED, CaseState.OFFLINE, CaseState.SILENT])
def test_a_case_that_was_dealt_with_is_closed_or_reopened(state: CaseState) -> None:
    assert refused(Act.CLOSE, in_state(state)) == []
    assert refused(Act.REOPEN, in_state(state)) == []
    assert refused(Act.VERDICT, in_state(state)) == []


@pytest.mark.parametrize("act", [Act.OFFLINE, Act.SILENT, Act.WAIT])
def test_what_stays_unanswered_is_reopened_first(act: Act) -> None:
    assert refused(act, in_state(CaseState.SILENT)) == ["silent"]


@pytest.mark.parametrize("act", list(SAID))
def test_only_what_is_told_to_the_customer_waits_for_the_role_legal(act: Act) -> None:
    person = LEGAL if act is Act.CLEAR else LEAD
    locked = act in {Act.TEMPLATE, Act.ANSWER, Act.OFFLINE}
    assert ("legal_gate" in refused(act, person=person, playbook=THREAT)) is locked
    cleared = replace(CASE, cleared_by="legal")
    assert "legal_gate" not in refused(act, cleared, person=person, playbook=THREAT)


def test_the_legal_gate_holds_for_an_answer_that_is_not_public() -> None:
    assert refused(Act.ANSWER, playbook=THREAT, body={"text": "x", "public": False}) == ["legal_gate"]


@pytest.mark.parametrize("person", [AGENT, LEAD, ADMIN])
def test_nobody_but_the_role_legal_clears(person: Person) -> None:
    assert refused(Act.CLEAR, person=person, playbook=THREAT) == ["role"]
    assert refused(Act.CLEAR, person=LEGAL, playbook=THREAT) == []


@pytest.mark.parametrize(
    ("person", "failed", "codes"),
    [
        *((AGENT, failed, ["too_few_attempts"]) for failed in range(3)),
        (AGENT, 3, []),
        (AGENT, 4, []),
        *((person, 0, []) for person in (LEAD, LEGAL, ADMIN)),
        (ANALYST, 9, ["role"]),
        (ANALYST, 0, ["role"]),
    ],
)
def test_giving_up_is_for_leads_or_after_enough_failed_attempts(
    person: Person, failed: int, codes: Sequence[str]
) -> None:
    assert refused(Act.SILENT, replace(CASE, failed=failed, attempts=9), person=person) == codes


def test_waiting_begins_once_and_ends_once() -> None:
    assert refused(Act.WAIT, WAITING) == ["waiting"]
    assert refused(Act.RESUME) == ["not_waiting"]


@pytest.mark.parametrize(
    ("case", "duties"),
    [
        (CASE, (Duty.VERDICT, Duty.FINDINGS, Duty.LEGAL, Duty.OFFER)),
        (replace(CASE, verdict=Verdict.NOT), (Duty.FINDINGS, Duty.LEGAL, Duty.OFFER)),
        (replace(CASE, findings="x", offered=True), (Duty.VERDICT, Duty.LEGAL)),
        (replace(CASE, cleared_by="legal", state=CaseState.SILENT), (Duty.FINDINGS, Duty.OFFER)),
    ],
)
def test_the_duties_that_are_still_open(case: Case, duties: tuple[Duty, ...]) -> None:
    assert open_duties(case, EVERY_DUTY) == duties
    assert open_duties(case, replace(EVERY_DUTY, duties=frozenset())) == ()


def test_all_reasons_are_told_at_once() -> None:
    assert refused(Act.CLOSE, person=ANALYST, playbook=EVERY_DUTY, body={"outcome": "glad"}) == [
        *("role", "not_answered", "open_verdict", "open_findings", "open_legal", "open_offer", "bad_outcome")
    ]
    assert refused(Act.ANSWER, person=ANALYST, playbook=THREAT, body={}) == ["role", "legal_gate", "needs_answer"]


@pytest.mark.parametrize(
    ("duty", "why", "missing"),
    [
        (
            Duty.VERDICT,
            "rude staff: the case cannot be closed without a verdict",
            (
                "say what checking came to, and why: "
                'monitor cases verdict 12 justified|partly|not|fake|wrong_business --note "..."'
            ),
        ),
        (
            Duty.FINDINGS,
            "rude staff: the case cannot be closed without findings",
            'write them: monitor cases findings 12 "..."',
        ),
        (
            Duty.LEGAL,
            "rude staff: the case cannot be closed without the word of somebody with the role legal",
            'somebody with the role legal (monitor people list) has to acknowledge it: monitor cases clear 12 "..."',
        ),
        (
            Duty.OFFER,
            "rude staff: the case cannot be closed without an offer to the customer",
            'note what was offered, or that nothing is due: monitor cases compensate 12 "..."',
        ),
    ],
)
def test_a_refusal_says_in_plain_words_what_to_do(duty: Duty, why: str, missing: str) -> None:
    case = replace(CASE, state=CaseState.OFFLINE)
    with pytest.raises(Refused) as error:
        done(Act.CLOSE, case, playbook=replace(PLAYBOOK, duties=frozenset({duty})))
    (refusal,) = error.value.refusals
    assert (refusal.code, refusal.why, refusal.missing) == (f"open_{duty.value}", why, missing)


@pytest.mark.parametrize("act", [Act.OPEN, Act.JOIN])
def test_what_the_flow_decides_is_not_decided_here(act: Act) -> None:
    with pytest.raises(ValueError, match="not decided by the state"):
        decide(act, CASE, person=LEAD, playbook=PLAYBOOK, body={}, now=NOW)


@pytest.mark.parametrize("person", [AGENT, LEAD, LEGAL, ANALYST, ADMIN])
@pytest.mark.parametrize("playbook", [PLAYBOOK, EVERY_DUTY])
@pytest.mark.parametrize("state", list(CaseState))
@pytest.mark.parametrize("waiting", [None, NOW])
def test_what_is_shown_as_allowed_is_what_may_be_done(
    person: Person, playbook: Playbook, state: CaseState, waiting: datetime | None
) -> None:
    case = replace(in_state(state), waiting_at=waiting)
    shown = allowed(case, person=person, playbook=playbook)
    assert set(shown) == {act for act in SAID if not refused(act, case, person=person, playbook=playbook)}


def test_an_agent_with_a_new_threat_sees_what_is_left_to_do() -> None:
    assert allowed(replace(CASE, state=CaseState.NEW), person=AGENT, playbook=THREAT) == (
        *(Act.TAKE, Act.ASSIGN, Act.NOTE, Act.EVIDENCE, Act.ATTEMPT, Act.TICKET, Act.CLAIM, Act.COMPENSATE),
        *(Act.FINDINGS, Act.VERDICT, Act.WAIT),
    )
