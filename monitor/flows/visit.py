"""What one visit to a source shows: its pages, as far back as they are new, and the threads that they list.

Nothing is stored here: what a visit found is judged and stored by monitor/flows/poll.py. What a visit leaves for the
next one (it is bounded in requests and in time) is not noted in the cursor either, and the validators are dropped, so
that the next visit is shown it again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from monitor.config.secrets import references
from monitor.errors import ReadError, SourceError
from monitor.flows.pages import is_gone, read_pages
from monitor.models import Backfill, Content, Validators
from monitor.tracking.health import FAILING_AFTER
from monitor.tracking.identity import identify, is_new

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.flows.ports import Plan, Ports
    from monitor.models import JSON, Page, Request, Response, Source
    from monitor.store import LeasedSource
    from monitor.tracking.identity import Identified

OVERRUN: Final = "more was new than could be paged back: posts may have been missed"
THREADS: Final = 20  # threads that one visit reads
FIRST_THREADS: Final = 100  # those of the first visit, so that what stands in them is history and not news
LONGEST: Final = timedelta(minutes=8)  # a visit begins no further page then; a lease lasts 15 minutes

_ORIGIN: Final = re.compile(r"(https?)://(?:[^/?#]*@)?([^/?#]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a source showed: the posts never seen before, newest first, and what the next poll starts from.

    `changed` are posts that were known under another wording; `overrun` says that more was new than could be read.
    """

    new: tuple[Identified, ...]
    changed: tuple[Identified, ...] = ()
    overrun: bool = False
    shown: int
    cursor: Mapping[str, JSON]
    validators: Validators
    not_modified: bool = False
    note: str | None = None


@dataclass(slots=True, kw_only=True)
class Walk:
    """A visit under way; `first` is the address that the configuration leads to, `until` is on the monotonic clock.

    `complete` turns False when something is left for the next visit.
    """

    source: Source
    leased: LeasedSource
    ports: Ports
    plan: Plan
    first: str
    until: float
    cursor: Mapping[str, JSON]
    new: dict[str, Identified] = field(default_factory=dict)
    changed: dict[str, Identified] = field(default_factory=dict)
    threads: dict[str, Request] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    overrun: bool = False
    complete: bool = True

    @property
    def is_silent(self) -> bool:
        """Whether all that this visit finds is history."""
        return self.leased.state.baseline_at is None and self.source.backfill is Backfill.SILENT

    @property
    def is_late(self) -> bool:
        """Whether no further page may be begun."""
        return self.ports.clock.monotonic() >= self.until

    @property
    def is_patient(self) -> bool:
        """Whether a passing fault fails the visit; after some failures in a row it must not hold back all else."""
        return self.leased.state.failures < FAILING_AFTER

    def leave(self, what: str) -> None:
        """Something waits for the next visit."""
        self.complete = False
        self.notes.append(what)

    async def fetch(self, request: Request, *, validators: Validators | None = None) -> Response:
        """The answer to a request; secrets are put in on the way out and taken out of the address on the way back.

        Only the source's own site gets its headers and secrets, and only those that its address names: what a page
        links to is written by strangers.
        """
        is_own = _origin(request.url) == _origin(self.first)
        known = set(references(self.source.url)) | set(references(self.first))
        address = self.plan.reveal(request.url) if is_own and known.issuperset(references(request.url)) else request.url
        headers = self.source.headers if is_own else ()
        response = await self.ports.fetcher.fetch(
            replace(request, url=address, for_people=request.for_people and self.source.robots),
            allow=self.source.allow,
            headers=tuple((name, self.plan.reveal(value)) for name, value in headers),
            validators=validators or Validators(),
        )
        return replace(response, url=request.url) if response.url == address else response

    async def read(self, request: Request, response: Response) -> tuple[Page, bool]:
        """The page in an answer, and whether all of it is new; what is new, changed or listed there is noted.

        A page that lists nothing but threads counts as new: its kind offers `more` only where all of them grew.
        """
        page = await self.ports.worker.read(self.plan.kinds[self.source.name], request, response, self.cursor)
        self.cursor = page.cursor
        identified = identify(page.posts)
        identities = {identity for found in identified for identity in found.identities}
        unseen = await self.ports.writer.run(lambda store: store.unseen(self.leased.id, identities))
        fresh = [found for found in identified if is_new(found, unseen)]
        self.new |= {found.key: found for found in fresh if found.key not in self.new}
        self.changed |= {
            found.key: found
            for found in identified
            if found.key not in unseen and any(key in unseen for key in found.identities if key.startswith("text:"))
        }
        self.threads |= {thread.url: thread for thread in page.threads if thread.url not in self.threads}
        return page, bool(fresh or page.threads) and len(fresh) == len(identified)


async def visit_source(source: Source, leased: LeasedSource, *, ports: Ports, plan: Plan) -> Visit:
    """Fetch and read until something known is seen; nothing is stored. Raises SourceError.

    The first visit of a source takes one page and the threads that it lists: what was there before is history. Later
    ones page back while all of a page is new.
    """
    state = leased.state
    request = plan.kinds[source.name].start(state.cursor, ports.clock.now())
    until = ports.clock.monotonic() + LONGEST.total_seconds()
    walk = Walk(
        source=source, leased=leased, ports=ports, plan=plan, first=request.url, until=until, cursor=state.cursor
    )
    response = await walk.fetch(request, validators=state.validators)
    if response.not_modified:
        return Visit(new=(), shown=0, cursor=state.cursor, validators=response.validators, not_modified=True)
    page, all_new = await walk.read(request, response)
    if state.baseline_at and all_new:
        await _page_back(walk, page.more)
    await _read_threads(walk)
    cursor = walk.cursor
    if source.content is Content.PAGE and not walk.is_silent and await read_pages(walk):
        # Where the posts that are left stand is not known, so all that leads to them is read again.
        cursor = state.cursor
    return Visit(
        new=tuple(walk.new.values()),
        changed=tuple(walk.changed.values()),
        overrun=walk.overrun,
        shown=len(page.posts) + len(page.threads) + len(_marks(page.cursor)),
        cursor=cursor,
        validators=response.validators if walk.complete else Validators(),
        note="; ".join(dict.fromkeys(walk.notes)) or None,
    )


async def _page_back(walk: Walk, more: tuple[Request, ...]) -> None:
    """Read further pages until one shows something known; a note when that was never reached."""
    for _ in range(walk.source.max_pages - 1):
        if not more:
            return
        if walk.is_late:
            break
        try:
            page, all_new = await walk.read(more[0], await walk.fetch(more[0]))
        except SourceError as error:
            # A page that keeps failing must not hold back for ever what the first pages showed.
            if walk.is_patient:
                raise
            walk.overrun = True
            walk.notes.append(f"{OVERRUN} ({error})")
            return
        if not all_new:
            return
        more = page.more
    if more:
        walk.overrun = True
        walk.notes.append(OVERRUN)


# ── Threads ─────────────────────────────────────────────────────────────────────────────────────────────────────────
# A thread's request carries {"thread": address, "mark": text}; the cursor holds {"threads": {address: mark}} of those
# that were read. The kind asks for a thread while its mark differs, so a thread that was not read is asked for again.


async def _read_threads(walk: Walk) -> None:
    """Read the listed threads, up to the bound of one visit."""
    bound = FIRST_THREADS if walk.is_silent else THREADS
    requests = list(walk.threads.values())
    for number, request in enumerate(requests):
        if number >= bound or walk.is_late:
            walk.leave(f"{len(requests) - number} threads wait for the next visit")
            return
        await _read_thread(walk, request)


async def _read_thread(walk: Walk, request: Request) -> None:
    """Read a thread back until something known; one that is gone is not asked for again until its mark changes."""
    was_known = request.carry.get("thread") in _marks(walk.leased.state.cursor)
    number, bound = 0, walk.source.max_pages
    while number < bound:
        try:
            page, all_new = await walk.read(request, await walk.fetch(request))
        except SourceError as error:
            _give_up(walk, request, error)
            return
        if not page.more or (page.posts and not all_new):
            return
        if number == 0 and not page.posts:  # it only leads to the last page of the thread
            bound += 1
        request = page.more[0]
        number += 1
    if was_known:  # of a thread that was never read before, what is further back is history
        walk.overrun = True
        walk.notes.append(OVERRUN)


def _give_up(walk: Walk, request: Request, error: SourceError) -> None:
    """Go on without a thread; raises `error` where it may pass and the source has not failed often enough yet."""
    gone = is_gone(error)
    if not gone and walk.is_patient:
        raise error
    thread, mark = request.carry.get("thread"), request.carry.get("mark")
    known = isinstance(thread, str) and isinstance(mark, str)
    if known and (gone or isinstance(error, ReadError)):
        walk.cursor = {**walk.cursor, "threads": {**_marks(walk.cursor), str(thread): mark}}
        walk.notes.append(f"a thread was passed over ({error})")
    else:
        walk.leave(f"a thread was passed over ({error})")


def _marks(cursor: Mapping[str, JSON]) -> dict[str, JSON]:
    marks = cursor.get("threads")
    return marks if isinstance(marks, dict) else {}


def _origin(url: str) -> tuple[str, str] | None:
    found = _ORIGIN.match(url)
    return (found[1].lower(), found[2].lower()) if found else None
