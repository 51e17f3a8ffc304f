"""The commands `monitor routes …`: what the routing tree makes of mentions."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import typer

from monitor.cli import app
from monitor.cli.common import (
    LARGEST,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    config_path,
    counted,
    database_path,
    load_config,
    print_json,
    print_line,
    print_nothing,
    print_table,
    progress,
    reader,
    short_time,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from monitor.config import Config
    from monitor.flows.trying import Batch, Heard

routes_app = typer.Typer(no_args_is_help=True, help="What the routes make of mentions.")
app.add_typer(routes_app, name="routes")


@routes_app.command("explain")
def explain(
    mention: Annotated[int, typer.Argument(metavar="ID", min=1, max=LARGEST, help="Number of a mention.")],
    *,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say who would be told of a mention if it came now, and why, and who was told of it in fact."""
    from monitor import logs
    from monitor.cli.acting import act

    store = reader(db)
    try:
        is_known = store.mention(mention) is not None
    finally:
        store.close()
    if not is_known:
        print_nothing(f"there is no mention {mention}")
    logs.configure()
    told = cast("dict[str, Any]", act("explain", config=config, db=db, timeout=120.0, mention=mention))
    if as_json:
        print_json(told)
        return
    for line in _explained(told):
        print_line(line)


def _explained(told: Mapping[str, Any]) -> Iterator[str]:
    """What the verb `explain` returned, for a person."""
    case = f", in case {told['case']}" if told["case"] is not None else ""
    yield f"mention {told['mention']} of {told['brand']} at {told['source']}{case}"
    yield f"decided when it came: {told['decision']}"
    yield f"decided now: {told['now']}"
    yield ""
    yield "The routes, in the order in which they are asked:"
    for route in told["routes"]:
        leads = f" → {route['receiver']}" if route["receiver"] else ""
        yield f"{'  ' * (route['name'].count('.') + 1)}{route['name']} “{route['query']}”{leads}: {route['reason']}"
    yield ""
    yield "Who would be told now:" if told["told"] else "Nobody would be told now."
    for one in told["told"]:
        yield f"  {one['receiver']}: {one['reason']}"
        yield f"    {_group(one)}"
        if one["kept_back"]:
            yield f"    kept back: {one['kept_back']}"
    for one in told["silences"]:
        yield f"  silence {one['id']} by {one['person']} is about it until {_minute(one['ends_at'])}: {one['comment']}"
    yield ""
    yield "What happened:" if told["deliveries"] else "Nobody was told, and nobody is about to be."
    for one in told["deliveries"]:
        yield from _delivery(one)


def _group(one: Mapping[str, Any]) -> str:
    if one["group"] is None:
        return "at once, in a message of its own"
    wait = "at once" if not one["wait_seconds"] else f"after {one['wait_seconds']:g} s"
    return f"in the group {one['group']}, a new one {wait}{'; urgent' if one['urgent'] else ''}"


def _delivery(one: Mapping[str, Any]) -> Iterator[str]:
    """One delivery with what is noted of it, its group and its messages."""
    what = f" of the signal {one['signal'].replace('_', ' ')}" if one["signal"] else ""
    settled = f" at {_minute(one['settled_at'])}" if one["settled_at"] else ""
    yield f"  delivery {one['id']}{what} to {one['receiver']}: {one['state']}{settled}; {one['reason']}"
    if one["note"]:
        yield f"    {one['note']}"
    if one["group"] is not None:
        due = f", which leaves at {_minute(one['due_at'])}" if one["due_at"] else ""
        yield f"    in the group {one['group']}{due}"
    for message in one["messages"]:
        again = f", next at {_minute(message['next_at'])}" if message["next_at"] else ""
        error = f": {message['error']}" if message["error"] else ""
        attempts = "1 attempt" if message["attempts"] == 1 else f"{message['attempts']} attempts"
        yield f"    message {message['id']}: {message['state']}, {attempts}{again}{error}"


def _minute(stored: object) -> str:
    """A stored time, to the minute."""
    return f"{str(stored)[:16].replace('T', ' ')} UTC"


# ── test ──

_SHOWN: Final = 20  # alerts that are new or gone, of each


@routes_app.command("test")
def try_stored(
    *,
    since: Annotated[str, typer.Option(help="Only posts since then: 90d, 2026-01-31.")] = "90d",
    config: ConfigOption = None,
    judge: Annotated[
        bool, typer.Option("--judge", help="Judge the posts again, as is done anyhow where brands differ.")
    ] = False,
    silent: Annotated[
        bool, typer.Option("--silent", help="Also what was recorded silently: first polls and imports.")
    ] = False,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try a configuration on the stored history: how many alerts for whom, which are new, which are gone."""
    import asyncio

    from monitor.cli.reporting import moment_of
    from monitor.clock import SystemClock

    tried, now = load_config(config), SystemClock().now()
    judge = judge or _brands_differ(config, tried)
    moment = moment_of("since", since, now)
    tally = _Tally(as_json=as_json)
    asyncio.run(_try(tried, tally, since=moment, now=now, judge=judge, silent=silent, db=db))
    if as_json:
        print_json({"judged_again": judge, "since": moment, **tally.to_json()})
    else:
        _show(tally, judge=judge, since=short_time(moment))


def _brands_differ(given: Path | None, tried: Config) -> bool:
    """Whether another file than the usual one is tried, with other brands."""
    from monitor.config import load_brands

    usual = config_path(None)
    if given is None or not usual.exists() or usual.resolve() == given.resolve():
        return False
    return load_brands(usual) != tried.brands


async def _try(
    tried: Config, tally: _Tally, *, since: datetime | None, now: datetime, judge: bool, silent: bool, db: Path | None
) -> None:
    """Reads beside a running daemon, with a worker process of its own."""
    import asyncio
    from array import array

    from monitor.flows.ports import make_plan, make_workers
    from monitor.flows.trying import Trial
    from monitor.store import open_reader
    from monitor.store.connection import sqlite_errors
    from monitor.store.replay import Replay

    stored = Replay(open_reader(database_path(db)))
    try:
        worker = make_workers(tried, stored.adaptation(), workers=1)
        try:
            plan = await make_plan(tried, worker)
            trial = Trial(plan=plan, stored=stored, worker=worker if judge else None, with_silent=silent)
            with sqlite_errors(database_path(db)):
                posts = array("q", stored.posts_since(since, mentions_only=not judge, now=now))
            with progress("routes", len(posts)) as advance:
                async for batch in trial.batches(list(posts[at : at + 100]) for at in range(0, len(posts), 100)):
                    tally.add(batch)
                    advance(batch.posts + batch.skipped)
        finally:
            await asyncio.to_thread(worker.close)
    finally:
        stored.close()


class _Tally:
    """What was counted so far; what changed is printed at once where programs read, and else only the first of it."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.posts = self.mentions = self.silent = self.skipped = 0
        self.receivers: dict[str, Counter[str]] = {}
        self.shown: dict[str, list[Heard]] = {"new": [], "gone": []}

    def add(self, batch: Batch) -> None:
        """Count what came of some more posts."""
        self.posts += batch.posts
        self.mentions += batch.mentions
        self.silent += batch.silent
        self.skipped += batch.skipped
        for heard in batch.heard:
            counts = self.receivers.setdefault(heard.receiver, Counter())
            counts["then"] += heard.was_told
            counts["now"] += heard.is_told
            if heard.change is None:
                continue
            counts[heard.change] += 1
            if self.as_json:
                print_json(heard.to_json())
            elif len(self.shown[heard.change]) < _SHOWN:
                self.shown[heard.change].append(heard)

    def to_json(self) -> dict[str, object]:
        """The counts."""
        return {
            "posts": self.posts,
            "mentions": self.mentions,
            "silent": self.silent,
            "skipped": self.skipped,
            "receivers": {
                name: {what: counts[what] for what in _COUNTS} for name, counts in sorted(self.receivers.items())
            },
        }


_COUNTS: Final = ("then", "now", "new", "gone")


def _show(tally: _Tally, *, judge: bool, since: str) -> None:
    if tally.receivers:
        print_table(
            ("receiver", *_COUNTS),
            ((name, *(counts[what] for what in _COUNTS)) for name, counts in sorted(tally.receivers.items())),
        )
    for what, shown in tally.shown.items():
        if shown:
            print_line("")
            print_table(
                (what, "receiver", "title", "link"),
                ((one.mention or "–", one.receiver, one.title, one.url or "") for one in shown),
            )
        if (count := sum(counts[what] for counts in tally.receivers.values())) > len(shown):
            print_line(f"… {len(shown)} of {count}; all with --json")
    if tally.receivers:
        print_line("")
    how = "judged again" if judge else "as they are stored"
    left_out = f", {tally.skipped} posts left out (gone, or too much for the judge)" if tally.skipped else ""
    silently = f", {tally.silent} of them recorded silently (--silent counts them, too)" if tally.silent else ""
    print_line(f"{counted(tally.mentions, 'mention')} since {since}, {how}{silently}{left_out}; nothing was changed")
