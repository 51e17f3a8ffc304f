"""The answers to mentions: read at the address that a post gave for them, as long as somebody may still answer.

A confirmation, an escalation and the brand's own answer stand under a mention, often where no list shows them. What a
look brings becomes posts of the source like all others. The threads are strangers' pages beside the source: a fault of
one is noted and puts off the next look at it, and never fails the visit. What a look showed is kept only if it got as
far as something known, because the next one ends there; after some failures in a row it is kept, and the rest a gap.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.errors import SourceError
from monitor.flows.pages import is_gone
from monitor.flows.vanishing import look_in_thread
from monitor.text import canonical_url
from monitor.tracking.health import FAILING_AFTER
from monitor.tracking.threads import LONGEST, next_look, soonest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.flows.walk import Walk
    from monitor.models import Mention, Post, SourceState
    from monitor.store import Store
    from monitor.store.followed import Followed
    from monitor.tracking.identity import Identified

LOOKS: Final = 10  # threads that one visit looks at
PAGES: Final = 10  # pages of one thread, as far as they are read


class _Look(NamedTuple):
    """How a look at a thread ended: `is_over` says that there is no use in another.

    `is_cut` says that the visit had no time for the rest, `is_long` that more pages were there than may be read.
    """

    error: SourceError | None = None
    is_over: bool = False
    is_cut: bool = False
    is_long: bool = False


def begin_following(
    store: Store, source_id: int, post_id: int, post: Post, mention: Mention, *, every: timedelta, now: datetime
) -> None:
    """Follow a stored post from now on if it surely names a brand and says where its answers are read."""
    if not post.follow or mention.doubtful:
        return
    said_at = min(post.published or now, now)
    next_at = next_look(last_new_at=said_at, since=now, every=every, now=now)
    if next_at is not None:
        store.follow_post(post_id, source_id, post.follow, next_at=next_at, last_new_at=said_at, until=now + LONGEST)


def sooner(store: Store, source_id: int, state: SourceState, *, now: datetime) -> SourceState:
    """The state with the next visit brought forward to when the first followed thread is due, but not far."""
    due = store.next_followed(source_id)
    if due is None:
        return state
    return replace(state, next_at=min(state.next_at, max(due, now + soonest(state.interval or timedelta()))))


async def read_followed(walk: Walk) -> None:
    """Look at the followed threads whose time has come; what is new there is added to the walk."""
    source_id, now = walk.leased.id, walk.ports.clock.now()
    for followed in await walk.ports.writer.run(lambda store: store.due_followed(source_id, now, LOOKS)):
        if walk.is_late:
            return
        await _look(walk, followed)


async def _look(walk: Walk, followed: Followed) -> None:
    known, changed, cursor, threads = set(walk.new), dict(walk.changed), walk.cursor, dict(walk.threads)
    look = await _read(walk, followed)
    # What the list left in the cursor is how far the list was read, whatever a thread says.
    walk.cursor, walk.threads = cursor, threads
    for key, found in list(walk.changed.items()):
        if key not in changed and _is_itself(found.post, followed):
            del walk.changed[key]  # a thread words its first post otherwise than the list does
    fresh = [key for key in walk.new if key not in known]
    failures = followed.failures + 1 if look.error else 0
    if look.error and not look.is_over:
        walk.notes.append(f"answers to a post could not be read ({look.error})")
    if look.is_long and look.is_over:
        walk.notes.append("a thread is too long for the answers in it to be read")
    if look.is_cut or 0 < failures < FAILING_AFTER:
        for key in fresh:
            del walk.new[key]
        fresh = []
    if look.is_cut:
        return
    if fresh and (look.error or (look.is_long and not _is_first(followed))):
        walk.miss(f" ({look.error or 'a long thread'})")
    now = walk.ports.clock.now()
    last_new_at = now if _stay_under(walk, followed, fresh) else followed.last_new_at
    next_at = next_look(
        last_new_at=last_new_at,
        since=followed.until - LONGEST,
        every=walk.leased.state.interval or walk.source.every,
        now=now,
        failures=failures,
    )
    settled = partial(
        _settle,
        followed=followed,
        next_at=None if look.is_over else next_at,
        last_new_at=last_new_at,
        failures=failures,
    )
    walk.outcomes.append(settled)


def _settle(
    store: Store, *, followed: Followed, next_at: datetime | None, last_new_at: datetime, failures: int
) -> None:
    store.settle_followed(followed, next_at=next_at, last_new_at=last_new_at, failures=failures)


async def _read(walk: Walk, followed: Followed) -> _Look:
    """Read the first page of a thread, and further ones until something known where the newest stand first.

    Where they stand last, or in no order, the further pages are where news is. A thread whose last page is beyond the
    bound has nothing to show any more.
    """
    kind = walk.plan.kinds[walk.source.name]
    first = request = kind.replies(followed.address, walk.cursor, walk.ports.clock.now())
    is_read, leads_back = False, False
    for _ in range(PAGES):
        if request is None:
            return _Look(is_over=first is None)
        if walk.is_late:
            return _Look(is_cut=True)
        try:
            seen = await walk.read(request, await walk.fetch(request))
        except SourceError as error:
            return _Look(error=error, is_over=is_gone(error) and not is_read)
        if request is first and seen.posts and (place := followed.native_id or followed.url):
            await look_in_thread(walk, place, seen)
        is_read = is_read or seen.page.onward is None
        leads_back = _is_newest_first(seen.posts)
        is_joined = leads_back and len(seen.fresh) < len(seen.posts)
        further = seen.page.more[0] if seen.page.more and not is_joined else None
        request = seen.page.onward or further
    is_long = request is not None
    return _Look(is_long=is_long, is_over=is_long and not leads_back)


def _is_newest_first(posts: Sequence[Identified]) -> bool:
    dates = [found.post.published for found in posts if found.post.published]
    return len(dates) > 1 and dates[0] > dates[-1] and all(one >= other for one, other in pairwise(dates))


def _is_first(followed: Followed) -> bool:
    """Whether no look has shown an answer yet."""
    return followed.last_new_at <= followed.until - LONGEST


def _stay_under(walk: Walk, followed: Followed, fresh: Sequence[str]) -> bool:
    """Let each answer name what it stands under; returns whether there are any.

    The post itself, which many a thread begins with, is no answer to it. In a thread that is older than the watch,
    undated answers of the first look are history.
    """
    place, baseline = followed.native_id or followed.url, walk.leased.state.baseline_at
    is_old = _is_first(followed) and baseline is not None and followed.last_new_at < baseline
    for key in fresh:
        post = walk.new[key].post
        if _is_itself(post, followed):
            del walk.new[key]
            continue
        walk.new[key] = replace(walk.new[key], post=replace(post, thread=post.thread or place))
        walk.replies.add(key)
        if is_old and post.published is None:
            walk.history.add(key)
    return any(key in walk.replies for key in fresh)


def _is_itself(post: Post, followed: Followed) -> bool:
    if post.native_id is not None and post.native_id == followed.native_id:
        return True
    if post.url is None or followed.url is None or "#" in post.url:
        return False
    return canonical_url(post.url) == canonical_url(followed.url)
