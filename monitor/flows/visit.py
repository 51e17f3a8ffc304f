"""What one visit to a source shows: its pages, as far back as they are new, and the threads that they list.

Nothing is stored here: what a visit found is judged and stored by monitor/flows/poll.py. What a visit leaves for the
next one (it is bounded in requests and in time) is not noted in the cursor either, and the validators are dropped, so
that the next visit is shown it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.errors import LoginRefused, SourceError, StatusError
from monitor.flows.following import read_followed
from monitor.flows.hints import pace_of
from monitor.flows.pages import read_pages
from monitor.flows.threads import marks_of, read_threads
from monitor.flows.vanishing import look_for_vanished
from monitor.flows.walk import LONGEST, Walk
from monitor.models import JSON, Content, Validators
from monitor.tracking.cadence import refresh_after, rhythm_of
from monitor.tracking.layout import lost_by, told_by
from monitor.tracking.overlap import note, recall, turned_over

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime, timedelta

    from monitor.flows.ports import Plan, Ports
    from monitor.flows.walk import Seen
    from monitor.models import Post, Request, Response, Source
    from monitor.store import LeasedSource, Store
    from monitor.tracking.identity import Identified

CHAIN: Final = 30  # lists that one visit reads one after the other: tags, countries, and the login before them

# What a visit itself keeps in the cursor, beside what the kind keeps there: how its first page looked, the pages that
# wait, where reading pages again broke off (both monitor/flows/pages.py), and what the posts used to say of themselves.
_OURS: Final = ("recall", "pages", "reread", "told", "shown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a source showed: the posts never seen before, newest first, and what the next poll starts from.

    `changed` are posts that were known under another wording; `history` are keys of new ones that are no news,
    `replies` of those that were read under followed posts; `outcomes` is what else is to be stored; `overrun` says that
    more was new than could be read, `whole` that nothing was left for the next visit,
    `is_delta` that the source was asked only for what came since. `every` and `quiet_hours` are
    what the site says of its own pace.
    """

    new: tuple[Identified, ...]
    begun_at: datetime
    shown: int
    cursor: Mapping[str, JSON]
    validators: Validators
    changed: tuple[Identified, ...] = ()
    history: frozenset[str] = frozenset()
    replies: frozenset[str] = frozenset()
    outcomes: tuple[Callable[[Store], object], ...] = ()
    overrun: bool = False
    whole: bool = True
    is_delta: bool = False
    not_modified: bool = False
    note: str | None = None
    every: timedelta | None = None
    quiet_hours: frozenset[int] = frozenset()


async def visit_source(source: Source, leased: LeasedSource, *, ports: Ports, plan: Plan) -> Visit:
    """Fetch and read until something known is seen; nothing is stored. Raises SourceError.

    The first visit reads back as far as one visit may: what was there before is history. Later ones page back until a
    page joins up with what was seen. A token that has run out is thrown away, and the visit begun anew.
    """
    try:
        return await _visit(source, leased, ports=ports, plan=plan)
    except (LoginRefused, StatusError) as error:
        if isinstance(error, StatusError) and error.status != 401:
            raise
        if ports.sessions.pop(source.name, None) is None:
            raise
    return await _visit(source, leased, ports=ports, plan=plan)


async def _visit(source: Source, leased: LeasedSource, *, ports: Ports, plan: Plan) -> Visit:
    state, begun_at = leased.state, ports.clock.now()
    cursor = {**state.cursor, "session": session} if (session := ports.sessions.get(source.name)) else state.cursor
    request = plan.kinds[source.name].start(cursor, begun_at)
    until = ports.clock.monotonic() + LONGEST.total_seconds()
    walk = Walk(
        source=source,
        leased=leased,
        ports=ports,
        plan=plan,
        first=request.url,
        begun_at=begun_at,
        until=until,
        cursor=cursor,
    )
    response = await walk.fetch(request, validators=_believed(walk))
    if response.not_modified:
        return await _unchanged(walk, response)
    seen = await walk.read(request, response)
    lists = await _read_lists(walk, request, seen)
    await read_threads(walk)
    waiting: Sequence[Identified] = ()
    if source.content is Content.PAGE and not walk.is_silent:
        waiting = await read_pages(walk)
    is_delta = all(one.page.joined and one.page.listed is None for one in lists)
    await look_for_vanished(walk, lists[0] if len(lists) == 1 and not is_delta else None)
    await read_followed(walk)
    return Visit(
        new=tuple(walk.new.values()),
        replies=frozenset(walk.replies),
        outcomes=tuple(walk.outcomes),
        begun_at=begun_at,
        changed=tuple(walk.changed.values()),
        history=frozenset(walk.history),
        overrun=walk.overrun,
        whole=walk.complete,
        is_delta=is_delta,
        shown=sum(map(_shown_by, lists)),
        cursor=_kept(walk, waiting),
        validators=response.validators if walk.complete and len(lists) == 1 else Validators(),
        note="; ".join(dict.fromkeys(walk.notes)) or None,
        every=max(filter(None, (seen.page.every, pace_of(response))), default=None),
        quiet_hours=seen.page.quiet_hours,
    )


async def _unchanged(walk: Walk, response: Response) -> Visit:
    """The list is as it was; people may have answered to what stands on it all the same."""
    await look_for_vanished(walk, None)
    await read_followed(walk)
    return Visit(
        new=tuple(walk.new.values()),
        begun_at=walk.begun_at,
        changed=tuple(walk.changed.values()),
        history=frozenset(walk.history),
        replies=frozenset(walk.replies),
        outcomes=tuple(walk.outcomes),
        shown=0,
        cursor=walk.leased.state.cursor,
        validators=response.validators,
        not_modified=True,
        note="; ".join(dict.fromkeys(walk.notes)) or None,
        every=pace_of(response),
    )


def _believed(walk: Walk) -> Validators:
    """The validators, unless "not modified" was answered for so long that it may be a broken server's only answer."""
    state = walk.leased.state
    since = state.covered_at or state.last_success_at
    if since is None or walk.begun_at - since >= refresh_after(rhythm_of(state.rhythm)):
        return Validators()
    return state.validators


async def _read_lists(walk: Walk, request: Request, seen: Seen) -> list[Seen]:
    """Page back each list of the source, as far as it is new; most sources have one. Returns the first page of each."""
    lists: list[Seen] = []
    before, recalled = walk.leased.state.cursor.get("recall"), dict[str, JSON]()
    while True:
        name = str(request.carry.get("list", ""))
        known = before.get(name) if isinstance(before, dict) else None
        if seen.page.onward is None or seen.page.posts:
            lists.append(seen)
            await _page_back(walk, seen, known)
            keys, fresh = [found.key for found in seen.posts], {found.key for found in seen.fresh}
            # An answer without posts says nothing of what will join up with the next one.
            recalled[name] = note(keys, fresh, recall(known)).to_json() if keys else known
        if seen.page.onward is None or len(lists) >= CHAIN or walk.is_late:
            break
        request = seen.page.onward
        seen = await walk.read(request, await walk.fetch(request))
    walk.kept["recall"] = recalled
    _notice_layout(walk, [found.post for one in lists for found in one.posts])
    return lists


def _notice_layout(walk: Walk, posts: Sequence[Post]) -> None:
    """A note when the posts lack what they always had; it stays until they have it again."""
    kept = walk.leased.state.cursor.get("told")
    before = frozenset(map(str, kept)) if isinstance(kept, list) else frozenset[str]()
    if lost := lost_by(posts, before):
        walk.notes.append(f"the posts have no {' and no '.join(lost)} any more: did the layout change?")
    told: list[JSON] = [*sorted(before.intersection(lost) | told_by(posts))] if posts else [*sorted(before)]
    walk.kept["told"] = told


async def _page_back(walk: Walk, first: Seen, known: JSON) -> None:
    """Read further pages until one shows something known; a note when that was never reached."""
    before, seen = recall(known), first
    keys = [found.key for found in first.posts]
    stuck = note(keys, {found.key for found in first.fresh}, before)
    if seen.page.joined or seen.reaches(before):
        return
    for _ in range(walk.source.max_pages - 1):
        if not seen.page.more or walk.is_late:
            break
        request = seen.page.more[0]
        try:
            seen = await walk.read(request, await walk.fetch(request))
        except SourceError as error:
            if walk.leased.state.baseline_at is None:
                walk.notes.append(f"not all that was there before could be read ({error})")
                return
            # A page that keeps failing must not hold back for ever what the first pages showed.
            if walk.is_patient:
                raise
            walk.miss(f" ({error})")
            return
        if seen.page.joined or seen.reaches(stuck.among(before)):
            return
    # Posts that wait for their pages are new each time.
    waits = "pages" in walk.leased.state.cursor
    is_over = turned_over(keys, before) or bool(seen.page.listed and not seen.posts)
    if walk.leased.state.baseline_at and (seen.page.more or (is_over and not waits)):
        walk.miss()


def _shown_by(seen: Seen) -> int:
    """Posts and threads on a page; where its kind does not count the threads, those that changed."""
    return len(seen.page.posts) + (len(seen.page.threads) if seen.page.listed is None else seen.page.listed)


def _kept(walk: Walk, waiting: Sequence[Identified]) -> dict[str, JSON]:
    """The cursor for the next visit; what a login gave stays in memory."""
    cursor = dict(_cursor(walk, waiting))
    if session := cursor.pop("session", None):
        walk.ports.sessions[walk.source.name] = session
    return {key: value for key, value in cursor.items() if key not in _OURS} | walk.kept


def _cursor(walk: Walk, waiting: Sequence[Identified]) -> Mapping[str, JSON]:
    """The kind's cursor for the next visit, which must be led again to the posts that wait."""
    before, threads = marks_of(walk.leased.state.cursor), {found.post.thread for found in waiting}
    if not threads <= marks_of(walk.cursor).keys():  # where they stand is not known, so all is read again
        return walk.leased.state.cursor
    marks = {thread: mark for thread, mark in marks_of(walk.cursor).items() if thread not in threads}
    marks |= {thread: before[thread] for thread in threads if thread in before}
    return {**walk.cursor, "threads": marks} if threads else walk.cursor
