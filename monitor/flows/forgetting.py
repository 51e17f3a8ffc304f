"""Taking things out of history: a person's data on request, and what is past its time.

The request comes in three steps, each a verb, so that a long one shows its progress: `forget` marks the person and
erases the posts that the face found, `tidy` removes what SQLite leaves behind of deleted rows. Logs say how many and
which hash, never who.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, cast

import structlog

from monitor.errors import InputError
from monitor.flows.correcting import learn_if_due
from monitor.flows.reassessing import reassess
from monitor.flows.training import unlearn
from monitor.store.forgotten import Whom
from monitor.store.removal import Erased
from monitor.text import canonical_url, fold
from monitor.understanding.stories import WINDOW

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from monitor.config import RetentionSettings
    from monitor.flows.ports import Plan, Ports
    from monitor.models import JSON
    from monitor.store import Store
    from monitor.store.retention import Window

TOGETHER: Final = 50  # posts that go in one transaction: the writer is free again within 50 ms
READER_PATIENCE: Final = 30.0  # seconds that a reader may keep the WAL from being emptied

log = structlog.get_logger()


def whom(*, author: str | None, url: str | None, source: str | None = None) -> Whom:
    """What a request names. Raises InputError unless it is either an author (name or address) or one address."""
    if (author is None) == (url is None):
        raise InputError("say either whose posts are to be forgotten, or which address")
    given = (author if author is not None else url) or ""
    address = canonical_url(given.strip())
    if url is not None:
        if address is None:
            raise InputError("that is no http(s) address")
        return Whom(kind="url", value=address, source=source)
    if not (name := address or fold(given)):
        raise InputError("the author's name is empty")
    return Whom(kind="author", value=name, source=source)


async def forget(ports: Ports, plan: Plan, arguments: Mapping[str, JSON]) -> JSON:
    """The verb: from now on nobody stores posts of `whom`; `posts`, which are theirs, are erased.

    Returns what went, and whether what was learned of sentiment was `unlearned` with it, until it is learned again.
    """
    source = arguments.get("source")
    kind = cast("Literal['author', 'url']", arguments["kind"])
    asked = Whom(kind=kind, value=str(arguments["value"]), source=None if source is None else str(source))
    posts, standing_under = (_ids(arguments.get(name)) for name in ("posts", "standing_under"))
    now = ports.clock.now()
    is_new = await ports.writer.run(partial(_mark, asked, now))
    erased = Erased()
    for batch in _batches(posts):
        erased = erased.plus(await ports.writer.run(partial(_erase, batch, standing_under, plan, now)))
    if erased.unlearned:
        await unlearn(ports)
    for brand in await ports.writer.run(lambda store: store.answered_brands()) if erased.posts else ():
        await learn_if_due(brand, ports=ports)  # anew, without what was erased
    log.info("forgotten", kind=asked.kind, hash=asked.hash.hex(), new=is_new, **erased._asdict())
    return {"hash": asked.hash.hex(), "new": is_new, **erased._asdict(), "unlearned": erased.unlearned > 0}


def _mark(asked: Whom, now: datetime, store: Store) -> bool:
    with store.transaction():
        if asked.kind == "author" and asked.source is None:
            store.forget_person(asked.value)
        return store.forget(asked, now=now)


def _erase(batch: Sequence[int], standing_under: Sequence[int], plan: Plan, now: datetime, store: Store) -> Erased:
    with store.transaction():
        answered = store.answered_by(batch)
        erased = store.erase(batch, now=now, standing_under=standing_under)
        # What they had confirmed is confirmed by the others alone.
        reassess(store, answered, plan=plan, now=now, decide_anew=False)
    return erased


async def tidy(ports: Ports, _plan: Plan, _arguments: Mapping[str, JSON]) -> JSON:
    """The verb: no byte of what was erased stays in the files of the database.

    The index is merged in small steps; writing the file anew holds the writer for some seconds a gigabyte. Returns
    {"clean": false} where a reader kept the WAL for READER_PATIENCE; ask again when it has gone.
    """
    first, done = True, False
    while not done:
        done = await ports.writer.run(partial(_merge, first))
        first = False
    await ports.writer.run(lambda store: store.compact())
    started = ports.clock.monotonic()
    while not (clean := await ports.writer.run(lambda store: store.empty_wal())):
        if ports.clock.monotonic() - started > READER_PATIENCE:
            break
        await ports.clock.sleep(1.0)
    log.info("tidied", clean=clean)
    return {"clean": clean}


def _merge(first: bool, store: Store) -> bool:
    return store.merge_search(first=first)


OLD_GROUPS: Final = timedelta(days=30)  # a group that nobody was told by for so long begins anew anyhow


async def retain(retention: RetentionSettings, *, ports: Ports) -> Erased:
    """Every few hours: posts and alarms past their time go, some at a time; returns how much went.

    Counted from when a post was found, or an alarm was over; alarms are kept as long as mentions are. Tombstones keep a
    source that still serves a post from bringing it back as new; a post waits while an alert about it is on its way.
    """
    now = ports.clock.now()
    limits = partial(_past, mentions=now - retention.mentions, others=now - retention.others)
    after: int | None = 0
    gone = Erased()
    while after is not None:
        window = await ports.writer.run(partial(limits, after))
        for batch in _batches(window.ids):
            gone = gone.plus(await ports.writer.run(partial(_retire, batch)))
        after = window.after
    keyed: int | None = 0
    while keyed is not None:  # by its keys a post is joined by later ones for a month
        keyed = await ports.writer.run(partial(_prune, now - WINDOW, keyed))
    past = now - retention.mentions
    gone = gone.plus(await ports.writer.run(lambda store: store.retire_alarms(past)))
    gone = gone.plus(await ports.writer.run(lambda store: store.retire_told(past)))
    await ports.writer.run(lambda store: store.drop_old_groups(now - OLD_GROUPS))
    if gone.posts or gone.alerts:
        log.info("retention", **gone._asdict())
    return gone


def _prune(before: datetime, after: int, store: Store) -> int | None:
    return store.prune_story_keys(before, after=after)


def _past(after: int, store: Store, *, mentions: datetime, others: datetime) -> Window:
    return store.past_their_time(after, mentions_before=mentions, others_before=others)


def _retire(batch: Sequence[int], store: Store) -> Erased:
    return store.retire(batch)


def _batches(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[start : start + TOGETHER] for start in range(0, len(ids), TOGETHER)]


def _ids(value: JSON) -> list[int]:
    return [int(str(item)) for item in value] if isinstance(value, list) else []
