"""The command rescore: judging the stored history again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, cast

import typer

from monitor.cli import app
from monitor.cli.acting import doing
from monitor.cli.common import (
    ConfigOption,
    DatabaseOption,
    JsonOption,
    counted,
    database_path,
    load_config,
    print_json,
    print_line,
    print_nothing,
    print_table,
    progress,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    from monitor.flows.rescoring import Difference, Orders
    from monitor.models import JSON, Tier

SentimentOption = Annotated[
    Literal["auto", "quality", "fast"] | None,
    typer.Option("--sentiment", help="Read sentiment this way, whatever the configuration says."),
]

_LEGEND: Final = {
    "doubtful": "no longer surely about the brand",
    "certain": "surely about it now",
    "priority": "moved by 10 points or more",
    "details": "a smaller move of the priority, other figures, special cases or reasons",
}
_PLAIN: Final = ("gained", "lost", *_LEGEND)

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
    sentiment: SentimentOption = None,
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
    difference = asyncio.run(_rescore(chosen, orders, tier=sentiment, config=config, db=db))
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


async def _rescore(
    chosen: Sequence[int], orders: Orders, *, tier: str | None, config: Path | None, db: Path | None
) -> Difference:
    import time

    from monitor.flows.rescoring import Difference
    from monitor.models import Tier

    difference = Difference()
    work = _applied if orders.apply else _previewed
    ready, done = time.monotonic(), 0
    with progress("rescore", len(chosen)) as advance:
        async for batch, found in work(chosen, orders, tier=Tier(tier) if tier else None, config=config, db=db):
            difference = difference.plus(found)
            advance(batch)
            if batch == 0:
                ready = time.monotonic()
            elif done == 0 and batch < len(chosen):
                _foretell((time.monotonic() - ready) / batch * len(chosen), len(chosen))
            done += batch
    return difference


def _foretell(seconds: float, posts: int) -> None:
    """Say how long all will take, by how long the first posts took."""
    value, unit = next(
        (seconds / length, unit)
        for unit, length in (("hours", 3600.0), ("minutes", 60.0), ("seconds", 1.0))
        if seconds >= 1.5 * length or unit == "seconds"
    )
    count = max(round(value), 1)
    sys.stderr.write(f"monitor: about {count} {unit if count > 1 else unit[:-1]} for {posts:,} posts\n")


async def _applied(
    chosen: Sequence[int], orders: Orders, *, tier: Tier | None, config: Path | None, db: Path | None
) -> AsyncIterator[tuple[int, Difference]]:
    """Write what differs, some posts at a time: broken off and repeated it goes on where it was.

    What comes first is of no posts: everything is ready then.
    """
    from itertools import chain

    from monitor.flows.rescoring import Difference

    how = {"fingerprint": load_config(config).fingerprint, "sentiment": tier and tier.value}
    async with doing(config=config, db=db, sentiment=tier) as do:
        for posts in chain([[]], _batches(chosen)):
            found = await do("rescore", posts=posts, brand=orders.brand, alert=orders.alert, **how)
            yield len(posts), Difference.from_json(found)


async def _previewed(
    chosen: Sequence[int], orders: Orders, *, tier: Tier | None, config: Path | None, db: Path | None
) -> AsyncIterator[tuple[int, Difference]]:
    """Only look: reads beside a running daemon, in worker processes of its own; what comes first as in `_applied`."""
    import asyncio
    from dataclasses import replace

    from monitor.clock import SystemClock
    from monitor.flows.context import History
    from monitor.flows.ports import make_plan, make_workers
    from monitor.flows.rescoring import Difference, preview_posts
    from monitor.store import Reader, open_reader
    from monitor.store.rescore import kept_posts

    loaded = load_config(config)
    opened = open_reader(database_path(db))
    try:
        reader = Reader(opened)
        worker = make_workers(replace(loaded, sentiment=tier or loaded.sentiment), reader.adaptation(), workers=1)
        try:
            await worker.start_judges()
            plan = await make_plan(loaded, worker)
            yield 0, Difference()
            for posts in _batches(chosen):
                kept = kept_posts(opened, posts)
                history = History(stored=reader, plan=plan, now=SystemClock().now())
                yield len(posts), await preview_posts(kept, worker=worker, plan=plan, orders=orders, history=history)
        finally:
            await asyncio.to_thread(worker.close)
    finally:
        opened.close()


def _batches(chosen: Sequence[int]) -> Iterator[list[int]]:
    return (list(chosen[start : start + TOGETHER]) for start in range(0, len(chosen), TOGETHER))


def _show_difference(difference: Difference, *, apply: bool, seconds: float) -> None:
    _show_counts(difference)
    if difference.examples:
        print_line("")
        print_table(
            ("id", "brand", "change", "source", "what"),
            (
                (one["mention"] or "–", one["brand"], _change(one), one["source"], one["what"])
                for one in difference.examples
            ),
        )
        if difference.mentions > len(difference.examples):
            print_line(
                f"… {len(difference.examples)} of {difference.mentions}; those with no more than details come last"
            )
    done = f"{difference.posts} posts judged again in {seconds:.1f} s ({difference.posts / seconds:.0f} a second)"
    mentions = counted(difference.mentions, "mention")
    what = f"{mentions} changed" if apply else f"{mentions} would change, none is written (--apply writes them)"
    alerts = f", {counted(difference.alerts, 'alert')}" if apply else ""
    skipped = f", {difference.skipped} posts left out (gone, edited meanwhile, or too much for the judge)"
    print_line(f"{done}: {what}{alerts}{skipped if difference.skipped else ''}")


def _show_counts(difference: Difference) -> None:
    """How often what changed, brand by brand, and what the words mean that occur."""
    brands = sorted({name for name, _ in difference.counts})
    if not brands:
        return
    print_table(
        ("brand", *_PLAIN), ((name, *(difference.counts.get((name, word), 0) for word in _PLAIN)) for name in brands)
    )
    for name in brands:
        turned = {word: n for (of, word), n in sorted(difference.counts.items()) if of == name and "→" in word}
        if turned:
            print_line(f"{name}, sentiment: {', '.join(f'{word} {n}' for word, n in turned.items())}")
    found = {word for _, word in difference.counts}
    if legend := [f"{word}: {meaning}" for word, meaning in _LEGEND.items() if word in found]:
        print_line("; ".join(legend))


def _change(example: Mapping[str, JSON]) -> str:
    """What changed of a mention; where it is details, these."""
    return ", ".join(cast("list[str]", example["details"] or example["change"]))
