"""The lists of a source: the first page of each, and further ones until they join up with what was seen before.

Most sources have one list; some have one for each tag or country, which a kind names in `carry["list"]` and chains by
`Page.onward`. The cursor remembers under "recall" how the first page of each looked, and under "told" what the posts
used to say of themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.errors import SourceError
from monitor.tracking.layout import lost_by, told_by
from monitor.tracking.overlap import Recall, note, recall, turned_over

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.flows.walk import Seen, Walk
    from monitor.models import JSON, Post, Request

CHAIN: Final = 60  # answers that one visit reads one after the other: tags, countries, and the login before them


class _List(NamedTuple):
    """The first page of a list; `before` is None where the list is new to a source that was watched already."""

    name: str
    seen: Seen
    before: Recall | None


async def read_lists(walk: Walk, request: Request, seen: Seen) -> list[Seen]:
    """Read the first page of each list and then page back each, as far as it is new; returns the first pages."""
    kept = walk.leased.state.cursor.get("recall")
    lists = []
    for step in range(CHAIN):
        name = str(request.carry.get("list", ""))
        if seen.page.onward is None or seen.page.posts:
            is_added = isinstance(kept, dict) and name not in kept
            lists.append(
                _List(name, seen, None if is_added else recall(kept.get(name) if isinstance(kept, dict) else 0))
            )
        if seen.page.onward is None:
            break
        if walk.is_late:
            # What the kind notes in the cursor of lists that it never read must not count as read.
            walk.leave("not all lists could be read in one visit")
            walk.cursor = walk.leased.state.cursor
            break
        if step == CHAIN - 1:
            walk.miss(" (too many lists)")
            break
        request = seen.page.onward
        seen = await walk.read(request, await walk.fetch(request))
    recalled: dict[str, JSON] = dict(kept) if isinstance(kept, dict) else {}
    for one in lists:
        await _page_back(walk, one)
        recalled[one.name] = _noted(one).to_json()
    walk.kept["recall"] = recalled
    _notice_layout(walk, [found.post for one in lists for found in one.seen.posts])
    return [one.seen for one in lists]


def shown_by(seen: Seen) -> int:
    """Posts and threads on a page; where its kind does not count the threads, those that changed."""
    return len(seen.page.posts) + (len(seen.page.threads) if seen.page.listed is None else seen.page.listed)


def _noted(one: _List) -> Recall:
    """What to remember of a list; an answer without posts says nothing of what will join up with the next one."""
    keys, before = [found.key for found in one.seen.posts], one.before or Recall()
    return note(keys, {found.key for found in one.seen.fresh}, before) if keys else before


async def _page_back(walk: Walk, one: _List) -> None:
    """Read further pages until one shows something known; a note when that was never reached.

    What stands in a list that was added to a watched source is history, as at the first visit of a source.
    """
    before, seen = one.before or Recall(), one.seen
    is_first = walk.leased.state.baseline_at is None or one.before is None
    pages = [seen]
    stuck = _noted(one)
    while not (seen.page.joined or seen.reaches(before)):
        if not seen.page.more or walk.is_late or len(pages) >= walk.source.max_pages:
            if not is_first:
                _judge_end(walk, seen, [found.key for found in one.seen.posts], before)
            break
        request = seen.page.more[0]
        try:
            seen = await walk.read(request, await walk.fetch(request))
        except SourceError as error:
            if is_first:
                walk.notes.append(f"not all that was there before could be read ({error})")
                break
            # A page that keeps failing must not hold back for ever what the first pages showed.
            if walk.is_patient:
                raise
            walk.miss(f" ({error})")
            break
        pages.append(seen)
        before = stuck.among(before)
    if one.before is None:
        walk.added |= {found.key for page in pages for found in page.fresh}


def _judge_end(walk: Walk, seen: Seen, keys: Sequence[str], before: Recall) -> None:
    """Paging back ended before anything known was met: was there more? Posts that wait for pages are new each time."""
    waits = "pages" in walk.leased.state.cursor
    is_over = turned_over(keys, before) or bool(seen.page.listed and not seen.posts)
    if seen.page.more or (is_over and not waits):
        walk.miss()


def _notice_layout(walk: Walk, posts: Sequence[Post]) -> None:
    """A note when the posts lack what they always had; it stays until they have it again."""
    kept = walk.leased.state.cursor.get("told")
    before = frozenset(map(str, kept)) if isinstance(kept, list) else frozenset[str]()
    if lost := lost_by(posts, before):
        walk.notes.append(f"the posts have no {' and no '.join(lost)} any more: did the layout change?")
    told: list[JSON] = [*sorted(before.intersection(lost) | told_by(posts))] if posts else [*sorted(before)]
    walk.kept["told"] = told
