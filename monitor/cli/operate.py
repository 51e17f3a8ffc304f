"""Commands of the administrator: run, check, schema, poll, sources, deliveries."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import app
from monitor.cli.common import (
    ConfigOption,
    DatabaseOption,
    JsonOption,
    config_path,
    database_path,
    load_config,
    print_json,
    print_line,
    print_table,
    reader,
    short_time,
)
from monitor.models import DeliveryState

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.flows.ports import Ports
    from monitor.models import JSON, Judgement, Post


@app.command()
def run(config: ConfigOption = None, db: DatabaseOption = None) -> None:
    """Run the daemon: poll, judge, store, alert, until SIGTERM. SIGHUP reloads the configuration."""
    from monitor import logs

    os.umask(0o077)  # the database and its socket are for this user alone
    logs.configure()
    loaded = load_config(config)
    logs.hide(loaded.secrets)
    from monitor.daemon import Daemon

    daemon = Daemon(config_path(config), database_path(db), environ=os.environ)
    asyncio.run(daemon.run(loaded))
    sys.stderr.flush()
    # A sender may still wait in a socket for a target that answers nothing; its message is due again at the next start.
    os._exit(0)


@app.command()
def check(config: ConfigOption = None) -> None:
    """Check the configuration: every mistake at once with line and hint, then what to know about it."""
    from monitor import notify
    from monitor.understanding.names import warnings

    loaded = load_config(config)
    for fault in loaded.warnings:
        print_line(f"{fault} [warning]")
    for brand in loaded.brands:
        for warning in warnings(brand):
            print_line(f"brand {brand.name}: {warning.alias!r} {warning.problem} ({warning.hint}) [warning]")
    broken = [
        f"receiver {receiver.name}: address {number} is none that Apprise understands"
        for receiver in loaded.receivers
        for number, target in enumerate(receiver.targets, start=1)
        if not notify.usable(target)
    ]
    for line in broken:
        print_line(line)
    print_line(
        f"{config_path(config)}: {len(loaded.brands)} brands, {len(loaded.sources)} sources, "
        f"{len(loaded.receivers)} receivers, {len(loaded.routes)} routes"
    )
    if broken:
        raise typer.Exit(1)


@app.command()
def schema() -> None:
    """Print the JSON Schema of sources.yaml, for editors."""
    from monitor.config import json_schema

    print_json(json_schema())


@app.command()
def poll(
    name: Annotated[str, typer.Argument(help="Name of a source in the configuration.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be found; store nothing.")] = False,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Poll one source now: through the running daemon, or alone when none runs."""
    if dry_run:
        found = asyncio.run(_try(load_config(config), name))
        for post, judgement in found:
            _show_found(post, judgement, as_json=as_json)
        if not found:
            raise typer.Exit(1)
        return
    report = _poll_through_daemon(name, database_path(db), config)
    if as_json:
        print_json(report)
    elif report["error"]:
        print_line(f"{name}: {report['error']}")
    else:
        print_line("{source}: {shown} shown, {new} new, {mentions} mentions, {alerts} alerts".format(**report))
    if report["error"]:
        raise typer.Exit(1)


def _poll_through_daemon(name: str, database: Path, config: Path | None) -> dict[str, JSON]:
    from monitor import control
    from monitor.errors import DaemonUnreachable

    try:
        report = control.call(database, "poll", name=name)
    except DaemonUnreachable:
        report = asyncio.run(_poll_alone(load_config(config), name, database))
    assert isinstance(report, dict)  # noqa: S101 - both ways give PollReport.to_json()
    return report


async def _poll_alone(config: Config, name: str, database: Path) -> JSON:
    """Poll in this process, holding the lock that the daemon would hold."""
    from monitor.clock import SystemClock
    from monitor.daemon import make_ports, sync_sources
    from monitor.flows import desk
    from monitor.flows.ports import make_plan
    from monitor.store import Writer, lock_database

    with lock_database(database):
        writer = Writer(database)
        await writer.start()
        try:
            plan, ports = make_plan(config), await make_ports(config, clock=SystemClock(), writer=writer)
            await sync_sources(plan, ports)
            try:
                return (await desk.poll_now(name, ports=ports, plan=plan)).to_json()
            finally:
                await _close(ports)
        finally:
            await writer.close()


async def _try(config: Config, name: str) -> list[tuple[Post, Judgement | None]]:
    """Poll into a database of its own that is thrown away."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from monitor.clock import SystemClock
    from monitor.daemon import make_ports
    from monitor.flows import desk
    from monitor.flows.ports import make_plan
    from monitor.store import Writer

    with TemporaryDirectory() as folder:
        writer = Writer(Path(folder) / "try.db")
        await writer.start()
        plan, ports = make_plan(config), await make_ports(config, clock=SystemClock(), writer=writer)
        try:
            return await desk.try_source(name, ports=ports, plan=plan)
        finally:
            await _close(ports)
            await writer.close()


async def _close(ports: Ports) -> None:
    await asyncio.to_thread(ports.worker.close)
    await ports.fetcher.close()


def _show_found(post: Post, judgement: Judgement | None, *, as_json: bool) -> None:
    from monitor.sources.render import post_to_json
    from monitor.understanding.wire import judgement_to_json

    if as_json:
        print_json(
            {
                **post_to_json(post),
                "judgement": judgement_to_json(post.native_id, judgement) if judgement else None,
            }
        )
        return
    print_line(f"{post.published or '?'}  {post.title or post.text[:80]}")
    for mention in judgement.mentions if judgement else ():
        label, priority = mention.sentiment.label.value, mention.priority
        print_line(f"    {mention.brand}: {label}, priority {priority}, influence {mention.influence}")


@app.command()
def sources(db: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Show every source: health, last success, next poll, what is wrong."""
    rows = reader(db).sources()
    if as_json:
        for row in rows:
            print_json(row)
    else:
        print_table(
            ("source", "health", "posts", "last success", "next poll", "error"),
            (
                (
                    row["name"],
                    row["health"],
                    row["posts"],
                    short_time(row["last_success_at"]),
                    short_time(_next_poll(row)),
                    row["error"],
                )
                for row in rows
            ),
        )
    if not rows:
        raise typer.Exit(1)


def _next_poll(row: dict[str, object]) -> str:
    return max(str(row["next_at"]), str(row["retry_at"] or ""))


deliveries_app = typer.Typer(
    invoke_without_command=True, help="Show the newest deliveries: who was told, who could not be."
)
app.add_typer(deliveries_app, name="deliveries")


@deliveries_app.callback()
def deliveries(
    context: typer.Context,
    state: Annotated[DeliveryState | None, typer.Option(help="Only those in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at the most.")] = 50,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the newest deliveries: who was told, who could not be."""
    if context.invoked_subcommand:
        return
    rows = reader(db).deliveries(limit=limit, state=state and state.value)
    if as_json:
        for row in rows:
            print_json(row)
    else:
        print_table(
            ("id", "mention", "receiver", "state", "attempts", "created", "settled", "last error"),
            (
                (
                    *(row[name] for name in ("id", "mention_id", "receiver", "state", "attempts")),
                    short_time(row["created_at"]),
                    short_time(row["settled_at"]),
                    row["error"],
                )
                for row in rows
            ),
        )
    if not rows:
        raise typer.Exit(1)


@deliveries_app.command("retry")
def retry(
    delivery: Annotated[int, typer.Argument(help="Number of a dead delivery.")],
    db: DatabaseOption = None,
) -> None:
    """Send a dead delivery again; needs the running daemon."""
    from monitor import control

    messages = control.call(database_path(db), "retry", delivery=delivery)
    print_line(f"delivery {delivery}: {messages} messages are pending again")
