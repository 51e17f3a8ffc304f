"""What one visit to a source shows: its pages, as far back as they are new, and the threads that they list.

Nothing is stored here: what a visit found is judged and stored by monitor/flows/poll.py. What a visit leaves for the
next one (it is bounded in requests and in time) is not noted in the cursor either, and the validators are dropped, so
that the next visit is shown it again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.errors import ReadError, SourceError
from monitor.flows.outgoing import ask
from monitor.flows.pages import is_gone, read_pages
from monitor.flows.recording import BEFORE_WATCH
from monitor.models import Backfill, Content, Validators
from monitor.tracking.health import FAILING_AFTER
from monitor.tracking.identity import identify, is_new

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.flows.ports import Plan, Ports
    from monitor.models import JSON, Page, Request, Response, Source
    from monitor.store import LeasedSource
    from monitor.tracking.identity import Identified

OVERRUN: Final = "more was new than could be paged back: posts may have been missed"
THREADS: Final = 20  # threads that one visit reads
FIRST_THREADS: Final = 100  # those of the first visit, so that what stands in them is history and not news
LONGEST: Final = timedelta(minutes=8)  # a visit begins no further page then; a lease lasts 15 minutes
OPENED: Final = 10  # undated posts of a thread that may have been opened since the last visit; more were there before
WORDINGS: Final = 20  # identities of one post that are noted; a counter in its text must not fill the disk

# What a visit itself keeps in the cursor, beside what the kind keeps there: the posts of the first page at the last
# visit, the pages that wait, and where reading pages again broke off (both monitor/flows/pages.py).
_OURS: Final = ("shown", "pages", "reread")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a source showed: the posts never seen before, newest first, and what the next poll starts from.

    `changed` are posts that were known under another wording; `history` are keys of new ones that are no news;
    `overrun` says that more was new than could be read.
    """

    new: tuple[Identified, ...]
    changed: tuple[Identified, ...] = ()
    history: frozenset[str] = frozenset()
    overrun: bool = False
    shown: int
    cursor: Mapping[str, JSON]
    validators: Validators
    not_modified: bool = False
    note: str | None = None


class Seen(NamedTuple):
    """A page that was read: its posts, and those among them that the source never showed before."""

    page: Page
    posts: Sequence[Identified]
    fresh: Sequence[Identified]

    @property
    def all_new(self) -> bool:
        """Whether nothing on it is known; a page that lists nothing but threads counts as new.

        Its kind offers `more` only where there is evidence that more threads grew.
        """
        return bool(self.fresh or self.page.threads) and len(self.fresh) == len(self.posts)


@dataclass(slots=True, kw_only=True)
class Walk:
    """A visit under way; `first` is the address that the configuration leads to, `until` is on the monotonic clock.

    `complete` turns False when something is left for the next visit; `kept` goes into its cursor.
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
    history: set[str] = field(default_factory=set)
    kept: dict[str, JSON] = field(default_factory=dict)
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

    def miss(self, why: str = "") -> None:
        """Something may have been missed."""
        self.overrun = True
        self.notes.append(OVERRUN + why)

    async def fetch(self, request: Request, *, validators: Validators | None = None) -> Response:
        """The answer to a request; see `outgoing.ask`."""
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
        page = await self.ports.worker.read(self.plan.kinds[self.source.name], request, response, self.cursor)
        self.cursor = page.cursor
        identified = identify(page.posts)
        identities = {identity for found in identified for identity in found.identities}
        unseen = await self.ports.writer.run(lambda store: store.unseen(self.leased.id, identities))
        fresh = [found for found in identified if is_new(found, unseen)]
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
    seen = await walk.read(request, response)
    if state.baseline_at and seen.all_new:
        await _page_back(walk, seen)
    await _read_threads(walk)
    waiting: Sequence[Identified] = ()
    if source.content is Content.PAGE and not walk.is_silent:
        waiting = await read_pages(walk)
    shown = len(seen.posts) or int(str(state.cursor.get("shown", 0)))
    if shown > 1:
        walk.kept["shown"] = shown
    return Visit(
        new=tuple(walk.new.values()),
        changed=tuple(walk.changed.values()),
        history=frozenset(walk.history),
        overrun=walk.overrun,
        shown=len(seen.page.posts) + len(seen.page.threads) + len(_marks(seen.page.cursor)),
        cursor={key: value for key, value in _cursor(walk, waiting).items() if key not in _OURS} | walk.kept,
        validators=response.validators if walk.complete else Validators(),
        note="; ".join(dict.fromkeys(walk.notes)) or None,
    )


def _cursor(walk: Walk, waiting: Sequence[Identified]) -> Mapping[str, JSON]:
    """The kind's cursor for the next visit, which must be led again to the posts that wait."""
    before, threads = _marks(walk.leased.state.cursor), {found.post.thread for found in waiting}
    if not threads <= _marks(walk.cursor).keys():  # where they stand is not known, so all is read again
        return walk.leased.state.cursor
    marks = {thread: mark for thread, mark in _marks(walk.cursor).items() if thread not in threads}
    marks |= {thread: before[thread] for thread in threads if thread in before}
    return {**walk.cursor, "threads": marks} if threads else walk.cursor


async def _page_back(walk: Walk, seen: Seen) -> None:
    """Read further pages until one shows something known; a note when that was never reached."""
    first, more = seen, seen.page.more
    for _ in range(walk.source.max_pages - 1):
        if not more or walk.is_late:
            break
        try:
            seen = await walk.read(more[0], await walk.fetch(more[0]))
        except SourceError as error:
            # A page that keeps failing must not hold back for ever what the first pages showed.
            if walk.is_patient:
                raise
            walk.miss(f" ({error})")
            return
        if not seen.all_new:
            return
        more = seen.page.more
    if more or _turned_over(walk, first):
        walk.miss()


def _turned_over(walk: Walk, first: Seen) -> bool:
    """Whether a source of which all is new must have shown posts that passed unseen.

    It must where nothing of the last visit is left though no fewer posts are shown: then the page was full and was
    filled anew. A page that shows a single post only replaces it; posts that wait for their pages are new each time.
    """
    before = walk.leased.state.cursor
    shown = before.get("shown")
    return isinstance(shown, int) and 1 < shown <= len(first.posts) and "pages" not in before


# ── Threads ─────────────────────────────────────────────────────────────────────────────────────────────────────────
# A thread's request carries {"thread": address, "mark": text}; the cursor holds {"threads": {address: mark}} of those
# that were read. The kind asks for a thread while its mark differs, so a thread that was not read is asked for again.


async def _read_threads(walk: Walk) -> None:
    """Read the listed threads, up to the bound of one visit.

    The lowest come first, before they are gone from the list: what waits then stands above known threads, where news
    stands. At a first visit it is the other way round.
    """
    bound, requests = (FIRST_THREADS if walk.is_silent else THREADS), list(walk.threads.values())
    if not walk.is_silent:
        requests.reverse()
    for number, request in enumerate(requests):
        if number >= bound or walk.is_late:
            walk.leave(f"{len(requests) - number} threads wait for the next visit")
            return
        await _read_thread(walk, request)


async def _read_thread(walk: Walk, request: Request) -> None:
    """Read a thread back until something known; one that is gone is not asked for again until its mark changes."""
    is_known = request.carry.get("thread") in _marks(walk.leased.state.cursor)
    listed = request
    fresh: list[Identified] = []
    number, bound, is_whole = 0, walk.source.max_pages, False
    while number < bound and (number == 0 or not walk.is_late):
        try:
            seen = await walk.read(request, await walk.fetch(request))
        except SourceError as error:
            _give_up(walk, request, error)
            break
        page = seen.page
        fresh += seen.fresh
        is_known = is_known or len(seen.fresh) < len(seen.posts)
        if not page.more or (page.posts and not seen.all_new):
            is_whole = True
            break
        if number == 0 and not page.posts:  # it only leads to the last page of the thread
            bound += 1
        request = page.more[0]
        number += 1
    else:
        if is_known:  # of a thread that was never read before, what is further back is history
            walk.miss()
    if not is_known:
        walk.history |= _history(walk, listed, fresh, is_whole=is_whole)


def _history(walk: Walk, listed: Request, fresh: Sequence[Identified], *, is_whole: bool) -> set[str]:
    """Which undated posts of a thread that is read for the first time are no news; what has a date speaks for itself.

    A short thread is taken for new unless it stood where old ones stand, a longer one for an old one that was brought
    up by its newest post.
    """
    undated = [found.key for found in fresh if found.post.published is None]
    replies, baseline = listed.carry.get("replies"), walk.leased.state.baseline_at
    if isinstance(replies, int) and replies > len(fresh):
        is_whole = False
    dates = [found.post.published for found in fresh if found.post.published]
    is_old = bool(listed.carry.get("old"))
    if dates and baseline:
        is_new = is_whole and min(dates) >= baseline - BEFORE_WATCH
    else:
        is_new = is_whole and len(fresh) <= OPENED and not is_old
    if is_new or not undated:
        return set()
    newest = fresh[0].key
    return {key for key in undated if is_old or key != newest}


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
