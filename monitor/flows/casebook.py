"""What every change of a case goes through: events are appended, the case follows, its deadlines are reckoned anew.

And who hears of it. Nothing here decides what happens: monitor/flows/casework.py does for posts, casedesk.py for people
and ticks.py for time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from monitor.cases.deadlines import BREACH, deadlines, is_reminder, waits_of
from monitor.cases.guards import open_duties
from monitor.cases.playbooks import combine
from monitor.cases.states import advance
from monitor.cases.telling import whom
from monitor.flows.dispatching import Dispatching, tell_events
from monitor.models import CaseClock, CaseEvent, EventKind, Label, NoticeIntent, NoticeKind
from monitor.store import rows

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from monitor.flows.ports import Plan
    from monitor.models import JSON, Author, Case, Deadline, Person, Playbook
    from monitor.store import Store
    from monitor.store.casedeadlines import Fired


_PRESSING: Final = frozenset({NoticeKind.REMINDER, NoticeKind.BREACH, NoticeKind.WROTE})
AGAIN: Final = "the author wrote again"
AFTER_ALL: Final = "it is about the brand after all"
GOES_ON: Final = "an open case goes on in this one"
"""Why a case opens again; messages have words for each in each language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A stored post as a case sees it: `label` is how it is felt, `is_told` whether people hear of it anyhow."""

    post_id: int
    author: Author
    source: str
    found_at: datetime
    published_at: datetime | None
    label: Label
    mention_id: int | None = None
    is_told: bool = False

    @property
    def at(self) -> datetime:
        """When it was written, as far as is known."""
        return min(self.published_at, self.found_at) if self.published_at else self.found_at


@dataclass(frozen=True, slots=True)
class CaseBook:
    """Over one transaction of the caller's."""

    store: Store
    plan: Plan
    now: datetime

    def write(self, case: Case, *events: CaseEvent) -> Case:
        """Append events and store what the case is by them, with its deadlines."""
        (last,) = self.store.events_of(case.id, since=case.seq - 1)  # of a story of thousands, all would be too many
        case, stored = advance(case, events, case_id=case.id, last=last.at)
        self.store.save_case(case, stored)
        self.store.set_deadlines(case, self._due(case))
        tell_events(self.store, self.plan, case, stored, self.now)
        return case

    def begin(self, opened: CaseEvent) -> Case:
        """A new case, by its first event."""
        case = self.store.add_case(opened)
        tell_events(self.store, self.plan, case, [replace(opened, seq=case.seq)], self.now)
        return case

    def replies(self, case: Case) -> tuple[list[CaseEvent], list[CaseEvent]]:
        """Public answers that people noted, and those that were seen: each noted one is the seen one at its place."""
        events = self.store.events_of(case.id)
        noted = [one for one in events if one.kind is EventKind.ANSWERED and one.body.get("public") is not False]
        return noted, [one for one in events if one.kind is EventKind.ANSWER_SEEN]

    def person(self, name: str) -> Person | None:
        """Who works here under this name, however it is capitalised."""
        return next((one for one in self.store.persons() if one.name.casefold() == name.strip().casefold()), None)

    def reckon(self, case: Case) -> None:
        """Reckon anew what is due in a case, by rules that may have changed."""
        stood = {(one.kind, one.clock, one.step): one for one, fired in self.store.deadlines_of(case.id) if not fired}
        soon = self.now + self.playbook(case).remind
        self.store.set_deadlines(
            case,
            [
                one
                if one.at > self.now or stood.get((one.kind, one.clock, one.step)) == one
                else replace(one, at=soon, due_at=max(one.due_at, soon))
                for one in self._due(case)
            ],
        )

    def _due(self, case: Case) -> tuple[Deadline, ...]:
        playbook = self.playbook(case)
        waits = waits_of(self.store.events_of(case.id)) if case.waited else ()
        return deadlines(case, playbook, self.plan.office, open_duties=open_duties(case, playbook), waits=waits)

    def playbook(self, case: Case) -> Playbook:
        """What is due in a case of these classes."""
        return combine(case.classes, self.plan.playbooks)

    def case(self, number: int) -> Case:
        """A case whose number was read in this transaction."""
        case = self.store.case(number)
        assert case is not None  # noqa: S101 - its number was just read from the database
        return case

    # ── time ──

    def came_due(self, fired: Fired) -> None:
        """A step of a deadline has come: it is noted, and whoever it is for hears of it."""
        case, due = self.case(fired.case_id), fired.deadline
        body: dict[str, JSON] = {
            "deadline": due.kind.value,
            "clock": due.clock.value,
            "step": 0 if is_reminder(due) else due.step,
            "due_at": rows.to_text(due.due_at),
        }
        kind = EventKind.REMINDED if is_reminder(due) else EventKind.BREACHED
        case = self.write(case, CaseEvent(kind=kind, at=self.now, body=body))
        is_late = due.step < BREACH and due.due_at <= self.now  # nobody ran: the breach itself is told now
        if due.to is None or is_late:
            return
        self.tell(
            case,
            NoticeKind.REMINDER if is_reminder(due) else NoticeKind.BREACH,
            f"{case.round}:{due.kind.value}:{due.clock.value}:{due.step}",
            due.to,
            reason=f"{due.kind.value} by {due.due_at:%Y-%m-%d %H:%M} UTC",
            deadline=due,
        )

    # ── who hears ──

    def tell_first(self, case: Case, said: Said | None, *, before: Case | None = None) -> None:
        """Those who must hear of such a case at once; where that is nobody, those who hear of the mention anyhow.

        `before` is the case without its newest classes: whom it was told to then, it is not told again.
        """
        kind = NoticeKind.OPENED if before is None else NoticeKind.GRAVER
        told = () if before is None else self.playbook(before).tell
        known: set[str] = set()  # where nobody is known for two of the words, both lead to the same receivers
        for word in self.playbook(case).tell:
            if word not in told:
                reason = f"such a case is told to: {word}"
                known |= self.tell(case, kind, f"{case.round}:{word}", word, reason=reason, said=said, known=known)

    def tell(
        self,
        case: Case,
        kind: NoticeKind,
        key: str,
        word: str,
        *,
        reason: str,
        said: Said | None = None,
        deadline: Deadline | None = None,
        only: bool = False,
        known: Collection[str] = (),
    ) -> set[str]:
        """Let those hear of a case whom a word of its playbook means, else the next word that means somebody.

        With `only`, or where people hear of the post itself, nobody else hears where the word means nobody. Unless it
        is about a `deadline`, it says what is due next. Those who are `known` to hear of it are passed over; returns
        the receivers that hear.
        """
        if deadline is None:
            deadline = next(
                (one for one in self._due(case) if one.clock is CaseClock.FOUND and one.step >= BREACH), None
            )
        only = only or (said is not None and said.is_told)
        persons = self.store.persons()
        # Where nobody is known to work cases off, whoever hears of mentions is not pressed to.
        is_pressing = kind in _PRESSING
        heard = whom(
            word,
            case=case,
            persons=persons,
            receivers=self.plan.receivers,
            ladder=() if only else self.playbook(case).ladder,
            fallback=() if only or (is_pressing and not persons) else self.plan.fallback,
        )
        heard = tuple((name, why) for name, why in heard if name not in known)
        intent = NoticeIntent(
            key=f"case:{case.id}:{kind.value}:{key}",
            kind=kind,
            case_id=case.id,
            reason=reason,
            to=heard,
            deadline=deadline.kind if deadline else None,
            clock=deadline.clock if deadline else None,
            due_at=deadline.due_at if deadline else None,
            post_id=said.post_id if said else None,
        )
        to = Dispatching(self.store, self.plan, self.now).notice(intent.key, case, heard, pressing=is_pressing)
        self.store.add_notice(intent, to, now=self.now)
        return {name for name, _ in heard}
