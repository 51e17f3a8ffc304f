"""The command rescore: judging the stored history again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import app
from monitor.cli.acting import doing
from monitor.cli.common import (
    ConfigOption,
    DatabaseOption,
    JsonOption,
    database_path,
    load_config,
    print_json,
    print_line,
    print_nothing,
    print_table,
    progress,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from monitor.flows.rescoring import Difference, Orders

TOGETHER = 100  # posts that are judged again at once


@app.command()
def rescore(
    *,
    query: Annotated[str | None, typer.Argument(help="Only posts with a mention that matches this filter.")] = None,
    since: Annotated[str | None, typer.Option(help="Only posts since then: 7d, 2026-01-31.")] = None,
    brand: Annotated[str | None, typer.Option(help="Only mentions of this brand.")] = None,
    mentions_only: Annotated[
        bool, typer.Option("--mentions-only", help="Only posts that mention somebody already.")
    ] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Write what differs; else it is only shown.")] = False,
    alert: Annotated[
        bool, typer.Option("--alert", help="With --apply: tell people of mentions of this week that are new or worse.")
    ] = False,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge the stored history again with today's configuration: shows the difference, writes it with --apply."""
    import asyncio
    import time

    from monitor.cli.reporting import moment_of
    from monitor.clock import SystemClock
    from monitor.flows.rescoring import Orders
    from monitor.query import parse

    if alert and not apply:
        raise typer.BadParameter("--alert goes with --apply")
    loaded = load_config(config)
    names = [watched.name for watched in loaded.brands]
    if brand is not None and brand not in names:
        raise typer.BadParameter(f"there is no brand {brand!r}; configured are: {', '.join(names)}")
    now = SystemClock().now()
    chosen = _chosen(
        db,
        query=parse(query) if query else None,
        since=moment_of("since", since, now),
        mentions_only=mentions_only,
        now=now,
    )
    if not chosen:
        print_nothing("no stored post fits")
    started = time.monotonic()
    orders = Orders(brand=brand, apply=apply, alert=alert)
    difference = asyncio.run(_rescore(chosen, orders, config=config, db=db))
    seconds = max(time.monotonic() - started, 0.001)
    if as_json:
        print_json({**difference.to_json(), "applied": apply, "seconds": round(seconds, 3)})
    else:
        _show_difference(difference, apply=apply, seconds=seconds)


def _chosen(db: Path | None, **scope: Any) -> Sequence[int]:
    from array import array

    from monitor.cli.searching import tell_unindexed
    from monitor.store import open_reader
    from monitor.store.connection import sqlite_errors
    from monitor.store.rescore import candidates
    from monitor.store.search import unindexed

    opened = open_reader(database_path(db))
    try:
        if scope["query"] is not None:
            tell_unindexed(unindexed(opened))
        with sqlite_errors(database_path(db)):
            return array("q", candidates(opened, **scope))
    finally:
        opened.close()


async def _rescore(chosen: Sequence[int], orders: Orders, *, config: Path | None, db: Path | None) -> Difference:
    from monitor.flows.rescoring import Difference

    difference = Difference()
    work = _applied if orders.apply else _previewed
    with progress("rescore", len(chosen)) as advance:
        async for batch, found in work(chosen, orders, config=config, db=db):
            difference = difference.plus(found)
            advance(batch)
    return difference


async def _applied(
    chosen: Sequence[int], orders: Orders, *, config: Path | None, db: Path | None
) -> AsyncIterator[tuple[int, Difference]]:
    """Write what differs, some posts at a time: broken off and repeated it goes on where it was."""
    from monitor.flows.rescoring import Difference

    fingerprint = load_config(config).fingerprint
    async with doing(config=config, db=db) as do:
        for posts in _batches(chosen):
            found = await do("rescore", posts=posts, brand=orders.brand, alert=orders.alert, fingerprint=fingerprint)
            yield len(posts), Difference.from_json(found)


async def _previewed(
    chosen: Sequence[int], orders: Orders, *, config: Path | None, db: Path | None
) -> AsyncIterator[tuple[int, Difference]]:
    """Only look: reads beside a running daemon, in worker processes of its own."""
    import asyncio

    from monitor.clock import SystemClock
    from monitor.flows.context import History
    from monitor.flows.ports import make_plan
    from monitor.flows.rescoring import preview_posts
    from monitor.store import Reader, open_reader
    from monitor.store.rescore import kept_posts
    from monitor.worker import WorkerPool

    loaded = load_config(config)
    # A process takes seconds to start: for a few posts the second one comes too late.
    worker = WorkerPool(loaded.brands, workers=1 if len(chosen) < 1000 else 2)
    opened = open_reader(database_path(db))
    reader = Reader(opened)
    try:
        plan = await make_plan(loaded, worker)
        for posts in _batches(chosen):
            kept = kept_posts(opened, posts)
            history = History(stored=reader, plan=plan, now=SystemClock().now())
            yield len(posts), await preview_posts(kept, worker=worker, plan=plan, orders=orders, history=history)
    finally:
        opened.close()
        await asyncio.to_thread(worker.close)


def _batches(chosen: Sequence[int]) -> Iterator[list[int]]:
    return (list(chosen[start : start + TOGETHER]) for start in range(0, len(chosen), TOGETHER))


def _show_difference(difference: Difference, *, apply: bool, seconds: float) -> None:
    from collections import defaultdict

    brands: dict[str, dict[str, int]] = defaultdict(dict)
    for (name, word), count in sorted(difference.counts.items()):
        brands[name][word] = count
    if brands:
        plain = ("gained", "lost", "doubtful", "certain", "priority", "details")
        print_table(
            ("brand", *plain, "sentiment"),
            (
                (
                    name,
                    *(words.get(word, 0) for word in plain),
                    ", ".join(f"{word} {n}" for word, n in words.items() if "→" in word),
                )
                for name, words in brands.items()
            ),
        )
    if difference.examples:
        print_table(
            ("post", "brand", "change", "source", "what"),
            (
                (example["post"], example["brand"], ", ".join(example["change"]), example["source"], example["what"])  # type: ignore[arg-type]
                for example in difference.examples
            ),
        )
    done = f"{difference.posts} posts judged again in {seconds:.1f} s ({difference.posts / seconds:.0f} a second)"
    changed = sum(words_of for words_of in difference.counts.values())
    what = f"{changed} changes {'written' if apply else 'found, none written (--apply writes them)'}"
    alerts = f", {difference.alerts} alerts" if apply else ""
    skipped = f", {difference.skipped} posts left out (gone, edited meanwhile, or too much for the judge)"
    print_line(f"{done}: {what}{alerts}{skipped if difference.skipped else ''}")
