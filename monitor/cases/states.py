"""A case as the fold of its events: one table says what each kind of event changes, and nothing else changes a case.

What may happen is decided elsewhere (guards.py, and the flows for what the monitor sees); here each event that was
stored is taken as it is, so that a history can always be read. Clocks never run backwards: an event that claims to be
earlier than the one before it counts from that one's time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

from monitor.models import Case, CaseState, EventKind, Outcome, Reached, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.models import JSON, CaseEvent

OPEN: Final = frozenset(
    {CaseState.NEW, CaseState.CHECKING, CaseState.VERDICT, CaseState.ANSWERED, CaseState.OFFLINE},
)
"""States in which the customer may still expect something of us."""

_Change: TypeAlias = Callable[[Case, "CaseEvent"], Case]


def fold(case_id: int, events: Sequence[CaseEvent]) -> Case:
    """The case that these events, in their order, amount to; the first must be `opened`.

    Raises ValueError where there is none, or the first is another.
    """
    case: Case | None = None
    for event in events:
        case = apply(case, event, case_id=case_id)
    if case is None:
        raise ValueError(f"case {case_id} has no events")
    return case


def apply(case: Case | None, event: CaseEvent, *, case_id: int) -> Case:
    """The case after one more event; `case` is None for the first.

    An event without a number of its own (`seq` 0) gets the next. Raises ValueError where the first is not `opened`,
    or a word in its body is none of ours.
    """
    if case is None:
        if event.kind is not EventKind.OPENED:
            raise ValueError(f"case {case_id} begins with {event.kind.value}, not with opened")
        return _opened(case_id, event)
    if event.at < (latest := _latest(case)):
        event = replace(event, at=latest)
    return replace(_CHANGES[event.kind](case, event), seq=event.seq or case.seq + 1)


def stamped(case: Case | None, event: CaseEvent, *, case_id: int, last: datetime | None = None) -> CaseEvent:
    """The event as it is stored: numbered, with the states before and after, and no earlier than the one before it.

    `last` is the time of the event before; without it the latest time that the case itself remembers counts.
    """
    return advance(case, [event], case_id=case_id, last=last)[1][0]


def advance(
    case: Case | None, events: Sequence[CaseEvent], *, case_id: int, last: datetime | None = None
) -> tuple[Case, tuple[CaseEvent, ...]]:
    """The case after several more events, and those events as they are stored (see `stamped`).

    Raises ValueError where there is neither a case nor an event.
    """
    stored: list[CaseEvent] = []
    for event in events:
        known = [event.at, *([] if last is None else [last]), *([] if case is None else [_latest(case)])]
        # In milliseconds, as the database keeps it: what is read again is what was reckoned.
        last = max(known).replace(microsecond=max(known).microsecond // 1000 * 1000)
        seq, before = (1, None) if case is None else (case.seq + 1, case.state)
        event = replace(event, at=last, seq=seq, before=before)  # noqa: PLW2901 - the same event, as it is stored
        case = apply(case, event, case_id=case_id)
        stored.append(replace(event, after=case.state))
    if case is None:
        raise ValueError(f"case {case_id} has no events")
    return case, tuple(stored)


def _latest(case: Case) -> datetime:
    """The latest moment that the case remembers."""
    known = (case.acknowledged_at, case.answered_at, case.resolved_at, case.waiting_at, case.closed_at)
    return max([case.opened_at, *(moment for moment in known if moment is not None)])


def _text(body: Mapping[str, JSON], key: str) -> str | None:
    """A text of an event's body; None where it is missing or empty."""
    value = body.get(key)
    return value if isinstance(value, str) and value else None


def _time(body: Mapping[str, JSON], key: str) -> datetime | None:
    """A time of an event's body, in UTC; None where it is missing."""
    text = _text(body, key)
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def _classes(body: Mapping[str, JSON]) -> tuple[str, ...]:
    """The classes that an event's body names, each once, sorted."""
    value = body.get("classes")
    return tuple(sorted({str(word) for word in value})) if isinstance(value, list) else ()


def _opened(case_id: int, event: CaseEvent) -> Case:
    return Case(
        id=case_id,
        brand=_text(event.body, "brand") or "",
        state=CaseState.NEW,
        classes=_classes(event.body),
        opened_at=event.at,
        found_at=_time(event.body, "found_at") or event.at,
        published_at=_time(event.body, "published_at"),
        seq=event.seq or 1,
    )


def _same(case: Case, _event: CaseEvent) -> Case:
    """What is only told in the history."""
    return case


def _checking(case: Case) -> Case:
    return replace(case, state=CaseState.CHECKING) if case.state is CaseState.NEW else case


def _worked(case: Case, event: CaseEvent) -> Case:
    """Somebody of ours is at it; what the monitor does itself is no work on a case."""
    return _checking(case) if event.person else case


def _heard(case: Case, event: CaseEvent, *, at: datetime | None = None) -> Case:
    """The customer heard of us at `at`, else now: never before this round began, never later than it was told."""
    moment = _in_round(case, event, at=at)
    return replace(case, acknowledged_at=min(case.acknowledged_at or moment, moment))


def _in_round(case: Case, event: CaseEvent, *, at: datetime | None) -> datetime:
    return min(max(at or event.at, case.published_at or case.found_at), event.at)


def _resumed(case: Case, event: CaseEvent) -> Case:
    return _waited(case, event.at)


def _waited(case: Case, until: datetime) -> Case:
    if case.waiting_at is None:
        return case
    # What is waited for after the matter was resolved takes nothing off the time that it took.
    counts = case.resolved_at is None or case.waiting_at < case.resolved_at
    spent = max(until - case.waiting_at, timedelta()) if counts else timedelta()
    return replace(case, waiting_at=None, waited=case.waited + spent)


def _resolved(case: Case, event: CaseEvent, *, at: datetime | None = None) -> Case:
    """The resolve clock stops, and with it any waiting."""
    moment = _in_round(case, event, at=at)
    return replace(_waited(case, moment), resolved_at=min(case.resolved_at or moment, moment))


def _joined(case: Case, event: CaseEvent) -> Case:
    """Clocks are those of the post found first, in whatever order the posts came.

    What joins after the customer heard of us, or after the case reopened, is not what these clocks ran for.
    """
    found = _time(event.body, "found_at")
    if found is None or case.round > 1 or case.acknowledged_at is not None:
        return case
    theirs = (found, _time(event.body, "published_at"))
    ours = (case.found_at, case.published_at)
    far = datetime.max.replace(tzinfo=UTC)
    first = min((ours, theirs), key=lambda one: (one[0], one[1] or far))
    return replace(case, found_at=first[0], published_at=first[1])


def _merged(case: Case, event: CaseEvent) -> Case:
    return replace(_resumed(case, event), state=CaseState.MERGED, merged_into=int(str(event.body.get("into"))))


def _classed(case: Case, event: CaseEvent) -> Case:
    return replace(case, classes=_classes(event.body))


def _reopened(case: Case, event: CaseEvent) -> Case:
    return replace(
        case,
        state=CaseState.CHECKING,
        round=case.round + 1,
        found_at=min(_time(event.body, "found_at") or event.at, event.at),
        published_at=_time(event.body, "published_at"),
        acknowledged_at=None,
        answered_at=None,
        resolved_at=None,
        waiting_at=None,
        waited=timedelta(),
        failed=0,
        silent_reason=None,
        outcome=None,
        closed_at=None,
    )


def _assigned(case: Case, event: CaseEvent) -> Case:
    owner = _text(event.body, "owner")
    return replace(case if owner is None else _worked(case, event), owner=owner)


def _attempted(case: Case, event: CaseEvent) -> Case:
    case = replace(_worked(case, event), attempts=case.attempts + 1)
    if Reached(str(event.body.get("outcome"))) is Reached.REACHED:
        return _heard(replace(case, failed=0), event)
    return replace(case, failed=case.failed + 1)


def _ticketed(case: Case, event: CaseEvent) -> Case:
    return replace(_worked(case, event), ticket=_text(event.body, "id"))


def _compensated(case: Case, event: CaseEvent) -> Case:
    return replace(_worked(case, event), offered=True)


def _judged(case: Case, event: CaseEvent) -> Case:
    state = CaseState.VERDICT if case.state in {CaseState.NEW, CaseState.CHECKING} else case.state
    return replace(case, state=state, verdict=Verdict(str(event.body.get("verdict"))))


def _answered(case: Case, event: CaseEvent) -> Case:
    """Said by a person or seen by the monitor, whose event says when; on a closed case it only completes the times."""
    if event.body.get("earlier") is True:
        return case
    at = _time(event.body, "at")
    case = _heard(case, event, at=at)
    is_another = event.body.get("public") is not False and event.body.get("confirms") is not True
    case = replace(case, public_replies=case.public_replies + is_another)
    if event.body.get("full") is not True:
        return _checking(case)
    moment = _in_round(case, event, at=at)
    case = replace(_resolved(case, event, at=at), answered_at=min(case.answered_at or moment, moment))
    if case.state in {CaseState.CLOSED, CaseState.MERGED}:
        return case
    return replace(case, state=CaseState.ANSWERED, silent_reason=None)


def _offline(case: Case, event: CaseEvent) -> Case:
    return replace(_heard(case, event), state=CaseState.OFFLINE)


def _silent(case: Case, event: CaseEvent) -> Case:
    return replace(_resolved(case, event), state=CaseState.SILENT, silent_reason=_text(event.body, "text"))


def _waiting(case: Case, event: CaseEvent) -> Case:
    return replace(case, waiting_at=case.waiting_at or event.at)


def _found_out(case: Case, event: CaseEvent) -> Case:
    return replace(_worked(case, event), findings=_text(event.body, "text"))


def _cleared(case: Case, event: CaseEvent) -> Case:
    return replace(case, cleared_by=event.person)


def _closed(case: Case, event: CaseEvent) -> Case:
    outcome = Outcome(str(event.body.get("outcome", Outcome.UNKNOWN.value)))
    return replace(_resolved(case, event), state=CaseState.CLOSED, outcome=outcome, closed_at=event.at)


_CHANGES: Final[Mapping[EventKind, _Change]] = {
    EventKind.OPENED: _same,  # a second one changes nothing: a case begins once
    EventKind.JOINED: _joined,
    EventKind.LEFT: _same,
    EventKind.MERGED: _merged,
    EventKind.CLASSED: _classed,
    EventKind.REOPENED: _reopened,
    EventKind.ASSIGNED: _assigned,
    EventKind.NOTED: _worked,
    EventKind.EVIDENCE: _worked,
    EventKind.ATTEMPT: _attempted,
    EventKind.TICKET: _ticketed,
    EventKind.CLAIM: _worked,
    EventKind.COMPENSATED: _compensated,
    EventKind.VERDICT: _judged,
    EventKind.ANSWERED: _answered,
    EventKind.ANSWER_SEEN: _answered,
    EventKind.ANSWER_GONE: _same,
    EventKind.ANSWER_BACK: _same,
    EventKind.OFFLINE: _offline,
    EventKind.SILENT: _silent,
    EventKind.WAITING: _waiting,
    EventKind.RESUMED: _resumed,
    EventKind.FINDINGS: _found_out,
    EventKind.CLEARED: _cleared,
    EventKind.TEMPLATE: _same,
    EventKind.REMINDED: _same,
    EventKind.BREACHED: _same,
    EventKind.CLOSED: _closed,
}
