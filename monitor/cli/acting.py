"""Doing what changes something: through the running daemon, or in this process when none runs."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from monitor.cli.common import database_path, load_config

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from monitor.flows.ports import Plan, Ports
    from monitor.models import JSON, Tier


def act(verb: str, *, config: Path | None, db: Path | None, timeout: float = 120.0, **arguments: JSON) -> JSON:
    """What the verb of `monitor.flows.desk.VERBS` returns.

    Raises what the verb raises (InputError where the daemon refused), AnswerLost when the daemon was asked and did not
    answer in time (it goes on) or broke off, AlreadyRunning when a daemon holds the database and does not
    listen, ConfigError when this process has to do it and the configuration is wrong.
    """
    import asyncio

    async def once() -> JSON:
        # One thing is done in its turn: a second process would only cost its start.
        async with doing(config=config, db=db, follow=verb == "poll", workers=1) as do:
            answer: JSON = await do(verb, timeout=timeout, **arguments)
            return answer

    return asyncio.run(once())


@asynccontextmanager
async def doing(
    *,
    config: Path | None,
    db: Path | None,
    follow: bool = False,
    workers: int | None = None,
    sentiment: Tier | None = None,
) -> AsyncIterator[Callable[..., Any]]:
    """Gives `do(verb, **arguments)` for many steps: through the running daemon, else holding the database meanwhile.

    `follow`, `workers` and `sentiment` as in `holding`.
    """
    from monitor import control
    from monitor.errors import AnswerLost, DaemonUnreachable

    async with AsyncExitStack() as stack:
        alone: list[tuple[Ports, Plan]] = []
        reached: list[str] = []

        async def do(verb: str, *, timeout: float = 600.0, **arguments: JSON) -> JSON:
            if not alone:
                try:
                    answer = control.call(database_path(db), verb, timeout=timeout, **arguments)
                except AnswerLost:
                    raise  # it may have been done: then it is not done here once more
                except DaemonUnreachable:
                    if reached:
                        raise
                    held = holding(config=config, db=db, follow=follow, workers=workers, sentiment=sentiment)
                    alone.append(await stack.enter_async_context(held))
                else:
                    reached.append(verb)
                    return answer
            from monitor.flows import desk

            return await desk.VERBS[verb](*alone[0], arguments)

        yield do


@asynccontextmanager
async def holding(
    *,
    config: Path | None,
    db: Path | None,
    follow: bool = False,
    workers: int | None = None,
    sentiment: Tier | None = None,
) -> AsyncIterator[tuple[Ports, Plan]]:
    """The ports and the plan of this configuration, holding the lock that a daemon would hold.

    `workers` is how many processes judge, by default as many as a daemon has. With `follow` the rows of sources are
    made to follow it, as at the start of a daemon: only who polls wants that. `sentiment` is read as the configuration
    says, unless another tier is given.

    Raises AlreadyRunning, ConfigError, StoreError and its kin.
    """
    from monitor.clock import SystemClock
    from monitor.daemon import close_ports, make_ports, sync_sources
    from monitor.flows.ports import make_plan
    from monitor.store import Writer, lock_database
    from monitor.worker import WORKERS

    os.umask(0o077)  # the database is for this user alone
    loaded, database = load_config(config), database_path(db)
    loaded = replace(loaded, sentiment=sentiment or loaded.sentiment)
    with lock_database(database):
        writer = Writer(database)
        await writer.start()
        try:
            ports = await make_ports(loaded, clock=SystemClock(), writer=writer, workers=workers or WORKERS)
            try:
                plan = await make_plan(loaded, ports.worker)
                if follow:
                    await sync_sources(plan, ports)
                yield ports, plan
            finally:
                await close_ports(ports)
        finally:
            await writer.close()
