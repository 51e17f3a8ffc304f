"""What people may do with a case as it stands: an act becomes events, or is refused with every reason at once.

One table says, for each act, in which states it may be done and what must have been done before; what it must say is in
bodies.py. Opening a case and joining posts to one are decided by the flow, which sees the posts and asks `may`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from monitor.cases.bodies import Body, read, usage
from monitor.cases.roles import MAY, MAY_GIVE_UP, Act, wrong_role
from monitor.cases.states import OPEN
from monitor.errors import Refusal, Refused
from monitor.models import CaseEvent, CaseState, Duty, EventKind, Outcome, Role

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from monitor.models import JSON, Case, Person, Playbook

__all__ = ["Act", "allowed", "decide", "may", "open_duties"]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What somebody wants to do, and what the case and its playbook are."""

    act: Act
    case: Case
    person: Person
    playbook: Playbook


_Check: TypeAlias = Callable[[_Asked], Iterator[Refusal]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """What an act is: the event it becomes, the states it may be done in, what else must hold."""

    kind: EventKind
    states: frozenset[CaseState] = OPEN | {CaseState.SILENT}
    checks: tuple[_Check, ...] = ()
    body: Callable[[_Asked, Body, datetime], Body] | None = None
    """The event's body, where it is not what was said."""
    resumes: bool = False
    """Whether waiting for the customer ends with it."""


def decide(
    act: Act,
    case: Case,
    *,
    person: Person,
    playbook: Playbook,
    body: Mapping[str, JSON],
    now: datetime,
) -> tuple[CaseEvent, ...]:
    """The events that the act amounts to, at least one, neither numbered nor stamped.

    `playbook` is that of the case's classes, `body` what the person says, by the keys of the event (`EventKind`).
    Raises Refused with every reason against it; ValueError for `open` and `join`, which are not decided here.
    """
    if act not in _RULES:
        raise ValueError(f"{act.value} is not decided by the state of a case")
    rule, asked = _RULES[act], _Asked(act, case, person, playbook)
    said, faults = read(act, case.id, body)
    if refusals := [*_against(rule, asked), *faults]:
        raise Refused(refusals)
    events = []
    if case.waiting_at is not None and rule.resumes:
        events.append(CaseEvent(kind=EventKind.RESUMED, at=now, person=person.name, body={"why": act.value}))
    made = said if rule.body is None else rule.body(asked, said, now)
    return (*events, CaseEvent(kind=rule.kind, at=now, person=person.name, body=made))


def may(act: Act, person: Person) -> None:
    """Whether the person's role may do this at all, whatever the case. Raises Refused where not."""
    if person.role not in MAY[act]:
        raise Refused([wrong_role(act, person)])


def allowed(case: Case, *, person: Person, playbook: Playbook) -> tuple[Act, ...]:
    """What this person may do with the case as it stands, whatever they would say; in the order of `Act`."""
    return tuple(
        act for act in Act if act in _RULES and not any(_against(_RULES[act], _Asked(act, case, person, playbook)))
    )


_OVER: Final = frozenset({CaseState.CLOSED, CaseState.MERGED})


def open_duties(case: Case, playbook: Playbook) -> tuple[Duty, ...]:
    """What must still be done before the case may be closed; nobody needs a verdict on what stays unanswered."""
    if case.state in _OVER:
        return ()
    return tuple(
        duty
        for duty in Duty
        if duty in playbook.duties
        and not _DUTIES[duty].done(case)
        and not (duty is Duty.VERDICT and case.state is CaseState.SILENT)
    )


@dataclass(frozen=True, slots=True)
class _Owed:
    """A duty: when it is done, what cannot be without it, and the act that does it, as a person would say it."""

    done: Callable[[Case], bool]
    without: str
    how: str
    act: Act


_DUTIES: Final[Mapping[Duty, _Owed]] = {
    Duty.VERDICT: _Owed(
        lambda case: case.verdict is not None, "a verdict", "say what checking came to, and why", Act.VERDICT
    ),
    Duty.FINDINGS: _Owed(lambda case: case.findings is not None, "findings", "write them", Act.FINDINGS),
    Duty.LEGAL: _Owed(
        lambda case: case.cleared_by is not None,
        "the word of somebody with the role legal",
        "somebody with the role legal (monitor people list) has to acknowledge it",
        Act.CLEAR,
    ),
    Duty.OFFER: _Owed(
        lambda case: case.offered,
        "an offer to the customer",
        "note what was offered, or that nothing is due",
        Act.COMPENSATE,
    ),
}


def _about(case: Case) -> str:
    """The classes that ask for more than the others, as people say them."""
    special = [name for name in case.classes if name not in {"negative", "story", "manual"}]
    return ", ".join(special or case.classes or ("case",)).replace("_", " ")


def _against(rule: _Rule, asked: _Asked) -> Iterator[Refusal]:
    """What speaks against the act, whatever it says; of a merged case only where it went."""
    if asked.person.role not in MAY[asked.act]:
        yield wrong_role(asked.act, asked.person)
    if asked.case.state not in rule.states:
        yield _wrong_state(asked)
    if asked.case.state is not CaseState.MERGED:
        for check in rule.checks:
            yield from check(asked)


_MISFITS: Final[Mapping[CaseState | Act, tuple[str, str, str]]] = {
    CaseState.MERGED: (
        "merged",
        "case {id} goes on as case {into}",
        "work on that one: monitor cases show {into}",
    ),
    CaseState.CLOSED: (
        "closed",
        "case {id} is closed",
        'if there is more to do, reopen it: monitor cases reopen {id} "..."',
    ),
    CaseState.SILENT: (
        "silent",
        "case {id} stays unanswered by decision",
        'to go on with it, reopen it: monitor cases reopen {id} "..."',
    ),
    Act.CLOSE: (
        "not_answered",
        "case {id} is neither answered, nor moved offline, nor left unanswered with a reason",
        "do one of these first: monitor cases answer, offline or silent {id}",
    ),
    Act.REOPEN: (
        "is_open",
        "case {id} is open: there is nothing to reopen",
        "go on with it: monitor cases show {id}",
    ),
}


def _wrong_state(asked: _Asked) -> Refusal:
    state: CaseState | Act = asked.case.state
    code, why, missing = _MISFITS[state if state in _MISFITS else asked.act]
    numbers = {"id": asked.case.id, "into": asked.case.merged_into}
    return Refusal(code=code, why=why.format_map(numbers), missing=missing.format_map(numbers))


def _owed(duty: Duty, asked: _Asked, *, code: str, what: str) -> Refusal:
    owed = _DUTIES[duty]
    return Refusal(
        code=code,
        why=f"{_about(asked.case)}: the case cannot be {what} without {owed.without}",
        missing=f"{owed.how}: {usage(owed.act, asked.case.id)}",
    )


def _duties_done(asked: _Asked) -> Iterator[Refusal]:
    for duty in open_duties(asked.case, asked.playbook):
        yield _owed(duty, asked, code=f"open_{duty.value}", what="closed")


def _legal_gate(asked: _Asked) -> Iterator[Refusal]:
    if Duty.LEGAL in open_duties(asked.case, asked.playbook):
        yield _owed(Duty.LEGAL, asked, code="legal_gate", what="answered")


def _may_give_up(asked: _Asked) -> Iterator[Refusal]:
    failed, enough = asked.case.failed, asked.playbook.attempts
    if asked.person.role in MAY_GIVE_UP or asked.person.role not in MAY[asked.act] or failed >= enough:
        return
    roles = " or ".join(role.value for role in Role if role in MAY_GIVE_UP)
    yield Refusal(
        code="too_few_attempts",
        why=f"{failed} of {enough} attempts in a row to reach the customer have failed: too few to give up",
        missing=f"ask somebody with the role {roles}, or try again: {usage(Act.ATTEMPT, asked.case.id)}",
    )


def _not_waiting(asked: _Asked) -> Iterator[Refusal]:
    if asked.case.waiting_at is not None:
        yield Refusal(
            code="waiting",
            why=f"case {asked.case.id} waits for the customer already",
            missing=f"if they have replied, go on: {usage(Act.RESUME, asked.case.id)}",
        )


def _is_waiting(asked: _Asked) -> Iterator[Refusal]:
    if asked.case.waiting_at is None:
        yield Refusal(
            code="not_waiting",
            why=f"case {asked.case.id} does not wait for the customer",
            missing=f"its clock runs; to stop it: {usage(Act.WAIT, asked.case.id)}",
        )


def _answer(asked: _Asked, said: Body, _now: datetime) -> Body:
    """An answer is the full one once a verdict stands, or where none is due, unless the person says otherwise."""
    judged = asked.case.verdict is not None or Duty.VERDICT not in asked.playbook.duties
    return {"full": judged, "public": True, **said}


_NOT_MERGED: Final = frozenset(CaseState) - {CaseState.MERGED}
_ENDED: Final = frozenset({CaseState.ANSWERED, CaseState.OFFLINE, CaseState.SILENT})

_RULES: Final[Mapping[Act, _Rule]] = {
    Act.TAKE: _Rule(kind=EventKind.ASSIGNED, body=lambda asked, _said, _now: {"owner": asked.person.name}),
    Act.ASSIGN: _Rule(kind=EventKind.ASSIGNED),
    Act.NOTE: _Rule(kind=EventKind.NOTED, states=_NOT_MERGED),
    Act.EVIDENCE: _Rule(kind=EventKind.EVIDENCE, states=_NOT_MERGED),
    Act.ATTEMPT: _Rule(kind=EventKind.ATTEMPT),
    Act.TICKET: _Rule(kind=EventKind.TICKET),
    Act.CLAIM: _Rule(kind=EventKind.CLAIM),
    Act.COMPENSATE: _Rule(kind=EventKind.COMPENSATED),
    Act.FINDINGS: _Rule(kind=EventKind.FINDINGS),
    Act.CLEAR: _Rule(kind=EventKind.CLEARED),
    Act.TEMPLATE: _Rule(kind=EventKind.TEMPLATE, checks=(_legal_gate,)),
    Act.VERDICT: _Rule(kind=EventKind.VERDICT, resumes=True),
    Act.ANSWER: _Rule(kind=EventKind.ANSWERED, checks=(_legal_gate,), body=_answer, resumes=True),
    Act.OFFLINE: _Rule(kind=EventKind.OFFLINE, states=OPEN, checks=(_legal_gate,), resumes=True),
    Act.SILENT: _Rule(kind=EventKind.SILENT, states=OPEN, checks=(_may_give_up,), resumes=True),
    Act.WAIT: _Rule(kind=EventKind.WAITING, states=OPEN, checks=(_not_waiting,)),
    Act.RESUME: _Rule(
        kind=EventKind.RESUMED,
        checks=(_is_waiting,),
        body=lambda asked, said, _now: {"why": asked.act.value, **said},
    ),
    Act.CLOSE: _Rule(
        kind=EventKind.CLOSED,
        states=_ENDED,
        checks=(_duties_done,),
        body=lambda _asked, said, _now: {"outcome": Outcome.UNKNOWN.value, **said},
        resumes=True,
    ),
    Act.REOPEN: _Rule(
        kind=EventKind.REOPENED,
        states=_ENDED | {CaseState.CLOSED},
        body=lambda _asked, said, now: {**said, "found_at": now.isoformat()},
        resumes=True,
    ),
}
