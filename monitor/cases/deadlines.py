"""What is due in a case, and when: both deadlines on both clocks, with reminder, breach and each step after it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from monitor.cases.hours import add_working, back, worked
from monitor.cases.states import apply
from monitor.models import CaseClock, CaseState, Deadline, DeadlineKind, Duty

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from monitor.models import Case, CaseEvent, OfficeHours, Playbook

BREACH: Final = 1
"""The step at the deadline itself; 0 is the reminder before it."""

_OVER: Final = frozenset({CaseState.CLOSED, CaseState.MERGED})


def deadlines(
    case: Case,
    playbook: Playbook,
    office: OfficeHours | None,
    *,
    open_duties: Collection[Duty],
    waits: Sequence[tuple[datetime, datetime]] = (),
) -> tuple[Deadline, ...]:
    """All steps of the current round that still matter, those that have passed too, in the order of kind and clock.

    To acknowledge is due until the customer heard of us or it is decided to stay silent; to resolve is due until the
    matter is resolved and no duty is open, or stays unanswered by decision, and not while the customer has the word:
    then the owner is reminded of that after as long as there is to resolve, so that no deadline falls silent for good.
    `waits` are the times for which the customer had it, as `waits_of` gives them; without them `Case.waited` counts as
    working time, which is exact where all hours count, and else never too early.
    """
    hours = None if playbook.always else office
    result: list[Deadline] = []
    if case.acknowledged_at is None and case.state not in _OVER | {CaseState.SILENT}:
        result += _steps(case, playbook, hours, kind=DeadlineKind.ACKNOWLEDGE, span=playbook.acknowledge)
    is_resolved = case.state is CaseState.SILENT or (case.resolved_at is not None and not open_duties)
    if case.waiting_at is None and case.state not in _OVER and not is_resolved:
        paused = sum((worked(begin, end, hours) for begin, end in waits), timedelta()) if waits else case.waited
        result += _steps(case, playbook, hours, kind=DeadlineKind.RESOLVE, span=playbook.resolve + paused)
    if case.waiting_at is not None and case.state not in _OVER:
        due = add_working(case.waiting_at, playbook.resolve, hours)
        # Each waiting has a number of its own, the same however often it is asked for: what was told stays told.
        step = BREACH + (case.waiting_at - case.opened_at) // timedelta(seconds=1)
        to = _hearing(playbook.ladder, 0)
        result.append(Deadline(kind=DeadlineKind.WAIT, clock=CaseClock.FOUND, step=step, at=due, due_at=due, to=to))
    return tuple(result)


def is_reminder(due: Deadline) -> bool:
    """Whether a step reminds of what is due, rather than saying that it was missed."""
    return due.step < BREACH or due.kind is DeadlineKind.WAIT


def waits_of(events: Iterable[CaseEvent]) -> tuple[tuple[datetime, datetime], ...]:
    """From when to when the customer had the word in the current round, by all events of a case; only what is over.

    Together they are `Case.waited`. Raises ValueError where the events are none of a case.
    """
    waits: list[tuple[datetime, datetime]] = []
    case: Case | None = None
    for event in events:
        before, case = case, apply(case, event, case_id=0)  # the number plays no part
        if before is None or before.round != case.round:
            waits = []
        elif before.waiting_at is not None and case.waited > before.waited:
            waits.append((before.waiting_at, before.waiting_at + (case.waited - before.waited)))
    return tuple(waits)


def _steps(
    case: Case, playbook: Playbook, hours: OfficeHours | None, *, kind: DeadlineKind, span: timedelta
) -> Iterator[Deadline]:
    due = add_working(case.found_at, span, hours)
    for step in range(max(BREACH + 1, len(playbook.ladder))):
        at = _at(step, due, playbook, hours, start=case.found_at)
        if step < BREACH and (at <= case.found_at or not playbook.remind):
            continue  # a reminder that comes with the news reminds of nothing
        to = _hearing(playbook.ladder, step)
        yield Deadline(kind=kind, clock=CaseClock.FOUND, step=step, at=at, due_at=due, to=to)
    if case.published_at is not None:
        due = add_working(case.published_at, span, hours)
        yield Deadline(kind=kind, clock=CaseClock.PUBLISHED, step=BREACH, at=due, due_at=due, to=None)


def _at(step: int, due: datetime, playbook: Playbook, hours: OfficeHours | None, *, start: datetime) -> datetime:
    if step < BREACH:
        return back(due, playbook.remind, hours, start=start)
    return add_working(due, (step - BREACH) * playbook.pause, hours)


def _hearing(ladder: Sequence[str], step: int) -> str | None:
    """The step of the ladder that hears; a ladder that is too short for the breach has its last step hear it."""
    return ladder[min(step, len(ladder) - 1)] if ladder else None
