"""The threads that a list leads to: each is read back until something known, as many as one visit bears.

A thread's request carries {"thread": address, "mark": text}; the cursor holds {"threads": {address: mark}} of those
that were read. The kind asks for a thread while its mark differs, so a thread that was not read is asked for again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.errors import ReadError, SourceError
from monitor.flows.pages import is_gone
from monitor.flows.recording import BEFORE_WATCH
from monitor.flows.vanishing import look_in_thread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.flows.walk import Walk
    from monitor.models import JSON, Request
    from monitor.tracking.identity import Identified

THREADS: Final = 20  # threads that one visit reads
FIRST_THREADS: Final = 100  # those of the first visit, so that what stands in them is history and not news
OPENED: Final = 10  # undated posts of a thread that may have been opened since the last visit; more were there before


async def read_threads(walk: Walk) -> None:
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
    is_known = request.carry.get("thread") in marks_of(walk.leased.state.cursor)
    listed, before = request, walk.cursor
    fresh: list[Identified] = []
    number, bound, is_whole = 0, walk.source.max_pages, False
    while number < bound and (number == 0 or not walk.is_late):
        try:
            seen = await walk.read(request, await walk.fetch(request))
        except SourceError as error:
            if not fresh:  # a page that only led here has noted in the cursor that the thread was read
                walk.cursor = before
            _give_up(walk, request, error)
            # Nobody comes back for what is below the newest page, nor for what cannot be read at all.
            if is_known if fresh else isinstance(error, ReadError):
                walk.miss(f" ({error})")
            break
        page = seen.page
        if is_known and not fresh and page.posts:
            await look_in_thread(walk, str(listed.carry.get("thread")), seen)
        fresh += seen.fresh
        is_known = is_known or len(seen.fresh) < len(seen.posts)
        if not page.more or (page.posts and len(seen.fresh) < len(seen.posts)):
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
        walk.cursor = {**walk.cursor, "threads": {**marks_of(walk.cursor), str(thread): mark}}
        walk.notes.append(f"a thread was passed over ({error})")
    else:
        walk.leave(f"a thread was passed over ({error})")


def marks_of(cursor: Mapping[str, JSON]) -> dict[str, JSON]:
    """How far each thread was read, by its address."""
    marks = cursor.get("threads")
    return marks if isinstance(marks, dict) else {}
