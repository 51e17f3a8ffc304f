"""What time alone brings about: messages of groups, deadlines, storms, digests, what the index does not know yet."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from monitor.errors import WorkerKilled, WorkersStopped
from monitor.flows.casebook import CaseBook
from monitor.flows.digesting import send_digests
from monitor.flows.dispatching import flush
from monitor.flows.lexicon import learn_entered
from monitor.flows.standing import tell_standing
from monitor.flows.storming import watch_ratings, watch_storms
from monitor.models import Lemmas

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from monitor.flows.ports import Plan, Ports
    from monitor.store import Store
    from monitor.store.search import StaleMention

log = structlog.get_logger()

TOGETHER: Final = 100  # mentions that are indexed, or deadlines that are told of, in one transaction


async def deadlines(ports: Ports, plan: Plan) -> int:
    """Tell of each step of a deadline whose moment has come, once and for all; returns how many those were.

    A row is marked in the transaction that writes its notice, so that neither a restart nor a stepped clock tells
    twice; what came due while nobody ran is told now.
    """
    done = 0
    while told := await ports.writer.run(partial(tell_due, plan, ports.clock.now())):
        done += told
    return done


async def follow_playbooks(ports: Ports, plan: Plan) -> None:
    """Reckon the deadlines of cases under way anew, by this plan's playbooks and office hours; what was told stays.

    Nobody is late by a rule that did not hold: what would have been due already is due after a reminder's time.
    """
    after: int | None = 0
    while after is not None:
        after = await ports.writer.run(partial(_reckon, after, plan, ports.clock.now()))


def _reckon(after: int, plan: Plan, now: datetime, store: Store) -> int | None:
    with store.transaction():
        numbers = store.cases_under_way(after, limit=TOGETHER)
        book = CaseBook(store, plan, now)
        for number in numbers:
            book.reckon(book.case(number))
    return numbers[-1] if numbers else None


def tell_due(plan: Plan, now: datetime, store: Store) -> int:
    """Of the steps whose moment has come, the first TOGETHER; returns how many those were."""
    with store.transaction():
        fired = store.fire_deadlines(now, TOGETHER)
        work = CaseBook(store, plan, now)
        for one in fired:
            work.came_due(one)
    return len(fired)


async def flush_groups(ports: Ports, plan: Plan) -> int:
    """Make the messages of groups whose time has come; returns how many groups those were.

    Where that breaks, the messages that are made already leave all the same.
    """
    try:
        return await ports.writer.run(lambda store: flush(store, plan, ports.clock.now()))
    except Exception:
        log.exception("no messages can be made")
        return 0


async def watch(ports: Ports, plan: Plan) -> int:
    """Whether complaints have become a storm, or one has changed; returns how many were told."""
    return await ports.writer.run(partial(_look, watch_storms, plan, ports.clock.now()))


async def look_around(ports: Ports, plan: Plan) -> int:
    """Where ratings went, what still stands open, and whose digest is due; returns how many were told.

    Each is a transaction of its own: one that breaks takes nothing of the others with it.
    """
    with suppress(WorkerKilled, WorkersStopped):  # then a word is looked up where it is asked for
        await learn_entered(ports, plan)
    told = 0
    looks: tuple[Callable[[Store, Plan, datetime], int], ...]
    looks = (watch_ratings, tell_standing, send_digests)
    for look in looks:
        try:
            told += await ports.writer.run(partial(_look, look, plan, ports.clock.now()))
        except Exception:
            log.exception("a look around broke", look=look.__name__)
    return told


def _look(look: Callable[[Store, Plan, datetime], int], plan: Plan, now: datetime, store: Store) -> int:
    return look(store, plan, now)


async def reindex(ports: Ports) -> int:
    """Index mentions that a migration, an edit or a new version of the lemmas left behind; returns how many.

    Some at a time: nobody waits for the writer, and a stop in between loses nothing.
    """
    done = 0
    while stale := await ports.writer.run(lambda store: store.stale_mentions(TOGETHER)):
        await index(stale, ports=ports)
        done += len(stale)
    return done


async def index(stale: Sequence[StaleMention], *, ports: Ports) -> None:
    """Index mentions, in one transaction; one that was changed meanwhile waits."""
    lemmas = await _lemmatise(stale, ports=ports)
    await ports.writer.run(partial(_index, list(zip(stale, lemmas, strict=True))))


async def _lemmatise(stale: Sequence[StaleMention], *, ports: Ports) -> list[Lemmas]:
    """The lemmas of mentions; one that is too much for a worker is found by its words alone."""
    try:
        return await ports.worker.lemmatise([(mention.title, mention.text, mention.lang) for mention in stale])
    except WorkerKilled:
        if len(stale) == 1:
            return [Lemmas()]
    middle = len(stale) // 2
    return [*await _lemmatise(stale[:middle], ports=ports), *await _lemmatise(stale[middle:], ports=ports)]


def _index(lemmas: Sequence[tuple[StaleMention, Lemmas]], store: Store) -> None:
    store.index_stale(lemmas)
