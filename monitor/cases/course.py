"""The course that a case took, round by round: what figures are worked out from.

A case begins a new round when it opens again, and its record keeps the times of the last one only. The events know all
of them, so each course is folded anew from these, by the same rules as the case itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from monitor.cases.states import apply
from monitor.models import CaseClock, CaseState, DeadlineKind, EventKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.models import Case, CaseEvent


class Span(StrEnum):
    """What time is taken of: until the customer heard of us, got the full answer, until the matter was resolved."""

    ACKNOWLEDGE = "acknowledge"
    ANSWER = "answer"
    RESOLVE = "resolve"


class Kept(StrEnum):
    """How a deadline went; `running` is neither done nor past, or past and not noted yet."""

    MET = "met"
    BREACHED = "breached"
    RUNNING = "running"


_DUE: Final = {Span.ACKNOWLEDGE: DeadlineKind.ACKNOWLEDGE, Span.RESOLVE: DeadlineKind.RESOLVE}


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePosting:
    """A post of a case; `at` is when it was published, else found, `keys` what its author is known by.

    `influence` is that of its mention, None where it mentions no brand.
    """

    post_id: int
    at: datetime
    source: str
    keys: frozenset[str] = frozenset()
    influence: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """A case from its opening, or opening anew at `begun_at`, to the next. `late` are its breaches: when it was due."""

    begun_at: datetime
    found_at: datetime
    published_at: datetime | None
    done: Mapping[Span, datetime]
    waited: timedelta
    late: Mapping[tuple[DeadlineKind, CaseClock], datetime]

    def hours(self, span: Span, clock: CaseClock) -> float | None:
        """How long it took; None where that is not done or the clock's start is unknown.

        What was done before it was found took no time. The time that the customer had the word is no part of resolving.
        """
        start = self.found_at if clock is CaseClock.FOUND else self.published_at
        if start is None or span not in self.done:
            return None
        taken = self.done[span] - start - (self.waited if span is Span.RESOLVE else timedelta())
        return max(taken, timedelta()) / timedelta(hours=1)

    def kept(self, span: Span, clock: CaseClock) -> Kept | None:
        """How its deadline went.

        None where there is none: for the answer, without the time of publication, and where it was decided in time
        that nobody answers.
        """
        if span not in _DUE or (clock is CaseClock.PUBLISHED and self.published_at is None):
            return None
        if (_DUE[span], clock) in self.late:
            return Kept.BREACHED
        if span in self.done:
            return Kept.MET
        return None if Span.RESOLVE in self.done else Kept.RUNNING


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A case as it is now with all its rounds, its events, and its posts from the first written on."""

    case: Case
    rounds: tuple[Round, ...]
    events: tuple[CaseEvent, ...]
    posts: tuple[CasePosting, ...] = field(default=())

    @property
    def is_merged(self) -> bool:
        """Whether it goes on under another number, where its rounds are counted."""
        return self.case.state is CaseState.MERGED

    @property
    def first(self) -> CasePosting | None:
        """The post that told it first, whose author the case is about; None where it was erased."""
        return self.posts[0] if self.posts else None

    @property
    def hopped_at(self) -> datetime | None:
        """When the author first wrote at another source than at first; None where that never was."""
        if self.first is None:
            return None
        first = self.first
        return next((one.at for one in self.posts if one.source != first.source and one.keys & first.keys), None)


def course(case_id: int, events: Sequence[CaseEvent], posts: Sequence[CasePosting] = ()) -> Course:
    """What all events of a case, from the first, and its posts amount to. Raises ValueError without events."""
    case: Case | None = None
    rounds: list[Round] = []
    begun_at: datetime | None = None
    late: dict[tuple[DeadlineKind, CaseClock], datetime] = {}
    for event in events:
        if event.kind is EventKind.REOPENED and case is not None and begun_at is not None:
            rounds.append(_round(case, begun_at, late))
            begun_at, late = event.at, {}
        begun_at = begun_at or event.at
        if event.kind is EventKind.BREACHED and case is not None:
            kind, clock = DeadlineKind(str(event.body["deadline"])), CaseClock(str(event.body["clock"]))
            late.setdefault((kind, clock), datetime.fromisoformat(str(event.body["due_at"])))
        case = apply(case, event, case_id=case_id)
    if case is None or begun_at is None:
        raise ValueError(f"case {case_id} has no events")
    rounds.append(_round(case, begun_at, late))
    ordered = tuple(sorted(posts, key=lambda post: (post.at, post.post_id)))
    return Course(case=case, rounds=tuple(rounds), events=tuple(events), posts=ordered)


def _round(case: Case, begun_at: datetime, late: Mapping[tuple[DeadlineKind, CaseClock], datetime]) -> Round:
    stamps = (case.acknowledged_at, case.answered_at, case.resolved_at)
    done = {span: stamp for span, stamp in zip(Span, stamps, strict=True) if stamp is not None}
    heard_at = case.acknowledged_at
    return Round(
        begun_at=begun_at,
        found_at=case.found_at,
        published_at=case.published_at,
        done=done,
        waited=case.waited,
        # An answer in time that was seen late is in time, whatever was noted of it before. With the resolving it is not
        # so: a case that was answered in time may have had a duty left.
        late={
            (kind, clock): due_at
            for (kind, clock), due_at in late.items()
            if kind is DeadlineKind.RESOLVE or heard_at is None or heard_at > due_at
        },
    )
