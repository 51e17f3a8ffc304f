"""A visit under way: what it was shown so far, how it asks and reads, and what it leaves for the next one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.errors import Throttled
from monitor.flows.outgoing import ask
from monitor.models import Backfill, Validators
from monitor.tracking.health import FAILING_AFTER
from monitor.tracking.identity import identify, known_as, known_by
from monitor.tracking.overlap import Recall, joins_up

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from monitor.flows.ports import Plan, Ports
    from monitor.models import JSON, Page, Request, Response, Source
    from monitor.store import LeasedSource, Store
    from monitor.tracking.identity import Identified

OVERRUN: Final = "more was new than could be paged back: posts may have been missed"
LONGEST: Final = timedelta(minutes=8)  # a visit begins no further page then; a lease lasts 15 minutes
WORDINGS: Final = 20  # identities of one post that are noted; a counter in its text must not fill the disk


class Seen(NamedTuple):
    """A page that was read: its posts, and those among them that the source never showed before."""

    page: Page
    posts: Sequence[Identified]
    fresh: Sequence[Identified]

    def reaches(self, before: Recall) -> bool:
        """Whether the page reaches what was seen before; one that lists nothing but threads does not.

        Its kind offers `more` only where there is evidence that more threads grew.
        """
        if not self.posts:
            return not self.page.threads
        return joins_up([found.key for found in self.posts], {found.key for found in self.fresh}, before)


@dataclass(slots=True, kw_only=True)
class Walk:
    """A visit under way; `first` is the address that the configuration leads to, `until` is on the monotonic clock.

    `begun_at` is when its first request went out; before `rest_until` (as `until`, on the monotonic clock) the site
    asked for no other. `complete` turns False when something is left for the next visit; `kept` goes into its cursor.
    `history` are keys of undated new posts that are no news, `added` those of a list that the source did not have
    before, `replies` those that were read under others; `outcomes` is what else is to be stored with the visit.
    """

    source: Source
    leased: LeasedSource
    ports: Ports
    plan: Plan
    first: str
    begun_at: datetime
    until: float
    cursor: Mapping[str, JSON]
    new: dict[str, Identified] = field(default_factory=dict)
    changed: dict[str, Identified] = field(default_factory=dict)
    threads: dict[str, Request] = field(default_factory=dict)
    history: set[str] = field(default_factory=set)
    added: set[str] = field(default_factory=set)
    replies: set[str] = field(default_factory=set)
    outcomes: list[Callable[[Store], object]] = field(default_factory=list)
    kept: dict[str, JSON] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    overrun: bool = False
    complete: bool = True
    rest_until: float = 0.0

    @property
    def is_silent(self) -> bool:
        """Whether all that this visit finds is history."""
        return self.leased.state.baseline_at is None and self.source.backfill is Backfill.SILENT

    @property
    def is_late(self) -> bool:
        """Whether no further page may be begun."""
        return max(self.ports.clock.monotonic(), self.rest_until) >= self.until

    @property
    def is_patient(self) -> bool:
        """Whether a passing fault fails the visit; after some failures in a row it must not hold back all else."""
        return self.leased.state.failures < FAILING_AFTER

    def leave(self, what: str) -> None:
        """Something waits for the next visit."""
        self.complete = False
        self.notes.append(what)

    def miss(self, why: str = "") -> None:
        """Something may have been missed."""
        self.overrun = True
        self.notes.append(OVERRUN + why)

    async def fetch(self, request: Request, *, validators: Validators | None = None) -> Response:
        """The answer to a request; see `outgoing.ask`. What an answer of this visit asked to wait is waited for."""
        if (left := self.rest_until - self.ports.clock.monotonic()) > 0 and not self.is_late:
            await self.ports.clock.sleep(left)
        return await ask(
            request,
            source=self.source,
            first=self.first,
            ports=self.ports,
            plan=self.plan,
            validators=validators or Validators(),
        )

    async def read(self, request: Request, response: Response) -> Seen:
        """The page in an answer; what is new, changed or listed there is noted."""
        try:
            page = await self.ports.worker.read(self.plan.kinds[self.source.name], request, response, self.cursor)
        except Throttled as error:
            self.ports.fetcher.leave_alone(self.plan.reveal(request.url), error.wait)
            raise
        if page.wait is not None:
            self.rest_until = self.ports.clock.monotonic() + page.wait.total_seconds()
            self.ports.fetcher.leave_alone(self.plan.reveal(request.url), page.wait)
        self.cursor = page.cursor
        identified = identify(page.posts)
        identities = {identity for found in identified for identity in found.identities}
        unseen = await self.ports.writer.run(lambda store: store.unseen(self.leased.id, identities))
        known_keys = [known_as(found, unseen) for found in identified]
        fresh = [found for found, key in zip(identified, known_keys, strict=True) if key is None]
        identified = [known_by(found, key) if key else found for found, key in zip(identified, known_keys, strict=True)]
        self.new |= {found.key: found for found in fresh if found.key not in self.new}
        changed = {
            found.key: found
            for found in identified
            if found.key not in unseen and any(key in unseen for key in found.identities if key.startswith("text:"))
        }
        if changed:
            # What was erased stays so, however it is worded; what is worded anew for ever is not followed for ever.
            known = await self.ports.writer.run(lambda store: store.wordings(self.leased.id, list(changed)))
            self.changed |= {key: found for key, found in changed.items() if 0 < known.get(key, 0) < WORDINGS}
        self.threads |= {thread.url: thread for thread in page.threads if thread.url not in self.threads}
        return Seen(page, identified, fresh)
