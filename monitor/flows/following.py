"""The answers to mentions: read at the address that a post gave for them, as long as somebody may still answer.

A confirmation, an escalation and the brand's own answer stand under a mention, often where no list shows them. What a
look brings becomes posts of the source like all others. The threads are strangers' pages beside the source: a fault of
one is noted and puts off the next look at it, and never fails the visit.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from monitor.errors import SourceError
from monitor.flows.pages import is_gone
from monitor.flows.vanishing import look_in_thread
from monitor.text import canonical_url
from monitor.tracking.threads import LONGEST, next_look

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.flows.walk import Walk
    from monitor.models import Mention, Post, SourceState
    from monitor.store import Store
    from monitor.store.followed import Followed

LOOKS: Final = 10  # threads that one visit looks at
PAGES: Final = 3  # pages of one thread, as far as all on them is new
SOONEST: Final = timedelta(minutes=1)  # a source is not visited earlier than this for its threads


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
    """The state with the next visit brought forward to when the first followed thread is due."""
    due = store.next_followed(source_id)
    return state if due is None else replace(state, next_at=min(state.next_at, max(due, now + SOONEST)))


async def read_followed(walk: Walk) -> None:
    """Look at the followed threads whose time has come; what is new there is added to the walk."""
    source_id, now = walk.leased.id, walk.ports.clock.now()
    for followed in await walk.ports.writer.run(lambda store: store.due_followed(source_id, now, LOOKS)):
        if walk.is_late:
            return
        await _look(walk, followed)


async def _look(walk: Walk, followed: Followed) -> None:
    known, changed, cursor, threads = set(walk.new), dict(walk.changed), walk.cursor, dict(walk.threads)
    failures, is_over = 0, False
    try:
        is_over = not await _read(walk, followed)
    except SourceError as error:
        failures, is_over = followed.failures + 1, is_gone(error)
        if not is_over:
            walk.notes.append(f"answers to a post could not be read ({error})")
    # What the list left in the cursor is how far the list was read, whatever a thread says.
    walk.cursor, walk.threads = cursor, threads
    for key, found in list(walk.changed.items()):
        if key not in changed and _is_itself(found.post, followed):
            del walk.changed[key]  # a thread words its first post otherwise than the list does
    fresh = [key for key in walk.new if key not in known]
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
        post_id=followed.post_id,
        next_at=None if is_over else next_at,
        last_new_at=last_new_at,
        failures=failures,
    )
    walk.outcomes.append(settled)


def _settle(store: Store, *, post_id: int, next_at: datetime | None, last_new_at: datetime, failures: int) -> None:
    store.settle_followed(post_id, next_at=next_at, last_new_at=last_new_at, failures=failures)


async def _read(walk: Walk, followed: Followed) -> bool:
    """Read the newest page of a thread, and further ones while all on them is new. Raises SourceError.

    Returns whether the kind reads answers at this address.
    """
    kind = walk.plan.kinds[walk.source.name]
    first = request = kind.replies(followed.address, walk.cursor, walk.ports.clock.now())
    for _ in range(PAGES):
        if request is None or walk.is_late:
            break
        seen = await walk.read(request, await walk.fetch(request))
        if request is first and seen.posts and (place := followed.native_id or followed.url):
            await look_in_thread(walk, place, seen)
        is_new = bool(seen.fresh) and len(seen.fresh) == len(seen.posts)
        further = seen.page.more[0] if seen.page.more and is_new else None
        request = seen.page.onward or further
    return first is not None


def _stay_under(walk: Walk, followed: Followed, fresh: Sequence[str]) -> bool:
    """Let each answer name what it stands under; returns whether there are any.

    The post itself, which many a thread begins with, is no answer to it. In a thread that is older than the watch,
    undated answers of the first look are history.
    """
    place, baseline = followed.native_id or followed.url, walk.leased.state.baseline_at
    is_first = followed.last_new_at <= followed.until - LONGEST
    is_old = is_first and baseline is not None and followed.last_new_at < baseline
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
