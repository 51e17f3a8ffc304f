"""Posts with a mention, and our answers, that their site no longer shows: missed, asked for at their page, marked.

That a post is gone is no fault of its source, and nothing here fails a visit. What was said stays on record. An answer
of ours is asked for now and then though nothing misses it: a list of threads does not show it.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from monitor.errors import SourceError
from monitor.flows.casework import CaseWork
from monitor.models import Health, HttpRequest
from monitor.store.vanished import Missing
from monitor.tracking.removal import (
    PAGELESS,
    Place,
    Verdict,
    absent,
    ask_again_after,
    beginning_of,
    confirm_after,
    covered_since,
    judge,
    look_again_after,
)

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from monitor.flows.ports import Plan
    from monitor.flows.walk import Seen, Walk
    from monitor.store import Store
    from monitor.store.vanished import Standing

ASKED: Final = 3  # pages of missing posts that one visit asks for
LOOKED_AT: Final = 50  # posts with a mention that are looked for on a page
WATCHED: Final = timedelta(days=30)  # an older post is no longer asked for


async def look_for_vanished(walk: Walk, seen: Seen | None) -> None:
    """Note which posts a list lacks or shows again, and ask for the pages of those that were missing before.

    `seen` is the first page of the list; None where the list is as it was, or has no one order.
    """
    if walk.leased.state.baseline_at is None:
        return
    for missing in await _missing(walk, seen):
        if walk.is_late:
            return
        verdict = await _verdict(walk, missing)
        now, interval = walk.ports.clock.now(), walk.leased.state.interval or walk.source.every
        walk.outcomes.append(
            partial(_settle, missing=missing, verdict=verdict, interval=interval, plan=walk.plan, now=now)
        )
    await _look_for_answers(walk)


async def _look_for_answers(walk: Walk) -> None:
    """Ask for the pages of answers of ours that were not looked for lately; a few, and none of a site that is shut."""
    if walk.leased.state.health is Health.BLOCKED or walk.source.kind in PAGELESS:
        return
    source_id, now = walk.leased.id, walk.ports.clock.now()
    interval = walk.leased.state.interval or walk.source.every
    found = await walk.ports.writer.run(
        lambda store: store.standing_answers(source_id, since=now - WATCHED, limit=LOOKED_AT)
    )
    due = [one for one in found if now - one.seen_at >= look_again_after(one.seen_at - one.at, interval)]
    for answer in due[:ASKED]:
        if walk.is_late:
            return
        missing = Missing(id=answer.id, url=answer.url, text=answer.text, has_lacked=False)
        verdict = await _verdict(walk, missing)
        if verdict is Verdict.THERE:
            walk.outcomes.append(partial(_stands, answer=answer.id, now=walk.ports.clock.now()))
        elif verdict is not Verdict.OPEN:
            walk.outcomes.append(
                partial(_settle, missing=missing, verdict=verdict, interval=interval, plan=walk.plan, now=now)
            )


def _stands(store: Store, *, answer: int, now: datetime) -> None:
    store.answer_stands(answer, now)


async def _missing(walk: Walk, seen: Seen | None) -> list[Missing]:
    """The posts to ask for; what the list itself says of others becomes an outcome of the visit."""
    source_id, now = walk.leased.id, walk.ports.clock.now()
    identified = seen.posts if seen is not None else ()
    identities = {identity for found in identified for identity in found.identities}
    posts = [found.post for found in identified]
    since = covered_since(posts)

    def load(store: Store) -> tuple[dict[int, bool], set[int], list[Missing]]:
        shown = store.known_as(source_id, identities)
        known = store.mentioned_since(source_id, since, until=now, limit=LOOKED_AT) if since else []
        unmarked = {one.id: Place(one.type, one.is_under) for one in known if not one.missing}
        before = now - confirm_after(walk.leased.state.interval or walk.source.every)
        waiting = store.missing_before(source_id, before, published_since=now - WATCHED, limit=ASKED + len(shown))
        return shown, set(absent(posts, unmarked, shown)), [one for one in waiting if one.id not in shown][:ASKED]

    shown, lacking, waiting = await walk.ports.writer.run(load)
    back = {post_id for post_id, is_marked in shown.items() if is_marked}
    if back:
        walk.outcomes.append(partial(_show_again, back=back, plan=walk.plan, now=now))
    if lacking:
        walk.outcomes.append(lambda store: store.mark_missing(lacking, now))
    return [] if walk.leased.state.health is Health.BLOCKED or walk.source.kind in PAGELESS else waiting


async def look_in_thread(walk: Walk, thread: str, seen: Seen) -> None:
    """Note which posts the newest page of a thread lacks, or shows again."""
    source_id, now = walk.leased.id, walk.ports.clock.now()
    identities = {identity for found in seen.posts for identity in found.identities}
    since = covered_since([found.post for found in seen.posts], least=1)
    if since is None or len(seen.fresh) == len(seen.posts):
        return

    def load(store: Store) -> tuple[dict[int, bool], list[Standing]]:
        known = store.mentioned_since(source_id, since, until=now, limit=LOOKED_AT, thread=thread)
        return (store.known_as(source_id, identities) if known else {}), known

    shown, known = await walk.ports.writer.run(load)
    lacking = [one.id for one in known if not one.missing and one.id not in shown]
    back = [post_id for post_id, is_marked in shown.items() if is_marked]
    if back:
        walk.outcomes.append(partial(_show_again, back=back, plan=walk.plan, now=now))
    if lacking:
        walk.outcomes.append(lambda store: store.mark_missing(lacking, now))


async def _verdict(walk: Walk, missing: Missing) -> Verdict:
    """What the post's own page says."""
    if missing.url is None:
        return Verdict.OPEN
    beginning = beginning_of(missing.text)
    request = HttpRequest(url=missing.url, step="permalink", for_people=True)
    try:
        response = await walk.fetch(request)
        held = await walk.ports.worker.holds(response, beginning) if beginning else None
        return judge(held, has_lacked=missing.has_lacked)
    except SourceError as error:
        return judge(error, has_lacked=missing.has_lacked)


def _show_again(store: Store, *, back: Collection[int], plan: Plan, now: datetime) -> None:
    store.mark_shown(back)
    for answer in store.answers_among(back):
        store.answer_stands(answer, now)
        CaseWork(store, plan, now).vanished(answer, gone=False)


def _settle(
    store: Store, *, missing: Missing, verdict: Verdict, interval: timedelta, plan: Plan, now: datetime
) -> None:
    if verdict is Verdict.GONE:
        store.mark_removed(missing.id, now)
        store.answer_vanished(missing.id, now)
        CaseWork(store, plan, now).vanished(missing.id, gone=True)
        return
    has_lacked = verdict is Verdict.LACKING or (missing.has_lacked and verdict is Verdict.OPEN)
    store.ask_later(missing.id, now + ask_again_after(verdict, interval), has_lacked=has_lacked)
