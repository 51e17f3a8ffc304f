"""What one visit to a source shows: its pages, as far back as they are new, and the threads that they list.

Nothing is stored here: what a visit found is judged and stored by monitor/flows/poll.py. What a visit leaves for the
next one (it is bounded in requests and in time) is not noted in the cursor either, and the validators are dropped, so
that the next visit is shown it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.errors import LoginRefused, StatusError
from monitor.flows.following import read_followed
from monitor.flows.hints import pace_of
from monitor.flows.lists import read_lists, shown_by
from monitor.flows.pages import read_pages
from monitor.flows.threads import marks_of, read_threads
from monitor.flows.vanishing import look_for_vanished
from monitor.flows.walk import LONGEST, Walk
from monitor.models import JSON, Content, Validators
from monitor.tracking.cadence import refresh_after, rhythm_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime, timedelta

    from monitor.flows.ports import Plan, Ports
    from monitor.models import Response, Source
    from monitor.store import LeasedSource, Store
    from monitor.tracking.identity import Identified

# What a visit itself keeps in the cursor, beside what the kind keeps there (see flows/lists.py and flows/pages.py);
# "shown" was kept by an earlier version.
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
    added: frozenset[str] = frozenset()
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
    until = ports.clock.monotonic() + LONGEST.total_seconds()
    try:
        return await _visit(source, leased, ports=ports, plan=plan, until=until)
    except (LoginRefused, StatusError) as error:
        if isinstance(error, StatusError) and error.status != 401:
            raise
        if ports.sessions.pop(source.name, None) is None:
            raise
    return await _visit(source, leased, ports=ports, plan=plan, until=until)


async def _visit(source: Source, leased: LeasedSource, *, ports: Ports, plan: Plan, until: float) -> Visit:
    state, begun_at = leased.state, ports.clock.now()
    cursor = {**state.cursor, "session": session} if (session := ports.sessions.get(source.name)) else state.cursor
    request = plan.kinds[source.name].start(cursor, begun_at)
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
    lists = await read_lists(walk, request, seen)
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
        added=frozenset(walk.added),
        overrun=walk.overrun,
        whole=walk.complete,
        is_delta=is_delta,
        shown=sum(map(shown_by, lists)),
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
