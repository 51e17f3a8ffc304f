"""Commands of the administrator: run, check, schema, poll, deliveries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from monitor.cli import app
from monitor.cli.common import (
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
    stored_hosts,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.config import Config
    from monitor.errors import Fault
    from monitor.models import HostState, Judgement, Post, Tier


@app.command()
def run(config: ConfigOption = None, db: DatabaseOption = None) -> None:
    """Run the daemon: poll, judge, store, alert, until SIGTERM. SIGHUP reloads the configuration."""
    import asyncio
    import os
    import sys

    from monitor import logs
    from monitor.worker import use_one_thread

    use_one_thread()  # sqlite-utils imports numpy, too
    os.umask(0o077)  # the database and its socket are for this user alone
    logs.configure()
    logs.log_crashes()
    loaded = load_config(config)
    logs.hide(loaded.secrets)
    _tier(config_path(config), loaded)
    from monitor.daemon import Daemon

    daemon = Daemon(config_path(config), database_path(db), environ=os.environ)
    asyncio.run(daemon.run(loaded))
    sys.stderr.flush()
    # A sender may still wait in a socket for a target that answers nothing; its message is due again at the next start.
    os._exit(0)


@app.command()
def check(config: ConfigOption = None) -> None:
    """Check the configuration: every mistake at once with line and hint, then what to know about it."""
    from monitor.understanding.matching.names import clashes, warnings
    from monitor.understanding.relevance import automatic

    loaded = load_config(config)
    tier = _tier(config_path(config), loaded)
    for fault in loaded.warnings:
        print_line(f"{fault} [warning]")
    for brand in loaded.brands:
        for warning in warnings(brand):
            print_line(f"brand {brand.name}: {warning.alias!r} {warning.problem} ({warning.hint}) [warning]")
    for clash in clashes(loaded.brands):
        print_line(f"brand {clash.brand}: {clash.warning} [warning]")
    for brand in loaded.brands:
        if packs := automatic(brand):
            print_line(f"brand {brand.name}: well known, takes the context packs {', '.join(packs)} by itself [note]")
    broken = _broken_receivers(config_path(config), loaded)
    for fault in broken:
        print_line(str(fault))
    print_line(f"sentiment: {tier.value}{_why_fast(loaded.sentiment, tier)}")
    print_line(
        f"{config_path(config)}: {counted(len(loaded.brands), 'brand')}, {counted(len(loaded.sources), 'source')}, "
        f"{counted(len(loaded.receivers), 'receiver')}, {counted(len(loaded.routes), 'route')}"
    )
    if broken:
        raise typer.Exit(1)


def _tier(path: Path, loaded: Config) -> Tier:
    """How sentiment will be read. Raises ConfigError, with the place in the file, where that cannot be."""
    from monitor.config.document import read_document
    from monitor.errors import ConfigError, InputError
    from monitor.understanding.tiers import chosen

    try:
        return chosen(loaded.sentiment)
    except InputError as error:
        message = str(error).removeprefix("sentiment: ")
        raise ConfigError([read_document(path).fault(("sentiment",), message)]) from None


def _why_fast(wanted: Tier, tier: Tier) -> str:
    """What auto found missing."""
    from monitor.models import Tier
    from monitor.understanding.tiers import PACKAGE, VERSION

    return f" (the package {PACKAGE} {VERSION} is not installed)" if wanted is Tier.AUTO and tier is Tier.FAST else ""


def _broken_receivers(path: Path, loaded: Config) -> list[Fault]:
    """Each address that cannot be sent to and each template that is none, with its place in the file and the reason."""
    from monitor import notify
    from monitor.alerting.templates import template_fault
    from monitor.config.document import read_document

    document, faults = read_document(path), []
    for receiver in loaded.receivers:
        at = ("receivers", receiver.name)
        urls = [target for target in receiver.targets if not target.is_webhook]
        faults += [
            document.fault((*at, "urls", number), "Apprise does not understand it", reason)
            for number, target in enumerate(urls)
            if (reason := notify.refusal(target)) is not None
        ]
        faults += [
            document.fault((*at, "templates", name), f"is no template: {reason}")
            for name, template in receiver.templates
            if (reason := template_fault(template)) is not None
        ]
    return faults


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
        import asyncio

        found = asyncio.run(_try(load_config(config), name, hosts=stored_hosts(db)))
        for post, judgement in found:
            _show_found(post, judgement, as_json=as_json)
        if not found:
            print_nothing(f"the source {name!r} answered, but holds no posts")
        return
    from monitor.cli.acting import act

    report = act("poll", config=config, db=db, name=name)
    assert isinstance(report, dict)  # noqa: S101 - PollReport.to_json()
    if as_json:
        print_json(report)
    elif report["error"]:
        print_line(f"{name}: {report['error']}")
    elif report["not_modified"]:
        print_line(f"{name}: not modified since the last poll")
    else:
        print_line("{source}: {shown} shown, {new} new, {mentions} mentions, {alerts} alerts".format(**report))
    if report["error"]:
        raise typer.Exit(1)


async def _try(config: Config, name: str, *, hosts: Sequence[HostState]) -> list[tuple[Post, Judgement | None]]:
    """Poll into a database of its own that is thrown away; `hosts` are as the real one knows them."""
    from tempfile import TemporaryDirectory

    from monitor.clock import SystemClock
    from monitor.daemon import close_ports, make_ports
    from monitor.flows import desk
    from monitor.flows.ports import make_plan
    from monitor.store import Writer

    with TemporaryDirectory() as folder:
        writer = Writer(Path(folder) / "try.db")
        await writer.start()
        ports = await make_ports(config, clock=SystemClock(), writer=writer, workers=1, known=hosts)
        try:
            plan = await make_plan(config, ports.worker)
            return await desk.try_source(name, ports=ports, plan=plan)
        finally:
            await close_ports(ports)
            await writer.close()


def _show_found(post: Post, judgement: Judgement | None, *, as_json: bool) -> None:
    from monitor.cli.history import felt
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
        print_line(f"    {mention.brand}: {felt(mention)}, priority {mention.priority}, influence {mention.influence}")


deliveries_app = typer.Typer(
    invoke_without_command=True, help="Show the newest deliveries: who was told, who could not be."
)
app.add_typer(deliveries_app, name="deliveries")


@deliveries_app.callback()
def deliveries(
    context: typer.Context,
    state: Annotated[
        Literal["pending", "sent", "dead", "muted"] | None, typer.Option(help="Only those in this state.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at the most.")] = 50,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the newest deliveries: who was told, who could not be."""
    if context.invoked_subcommand:
        return
    rows = reader(db).deliveries(limit=limit, state=state)
    if not rows:
        print_nothing(f"no delivery is {state}" if state else "no deliveries yet: nothing has led to an alert")
    if as_json:
        for row in rows:
            print_json(row)
        return
    print_table(
        ("id", "about", "receiver", "state", "tries", "settled or due", "why it waits, or what went wrong"),
        (
            (
                row["id"],
                _about(row),
                *(row[name] for name in ("receiver", "state", "attempts")),
                short_time(row["settled_at"] or row["waits_until"] or row["next_at"]),
                row["note"] if row["attempts"] is None else row["error"],
            )
            for row in rows
        ),
    )


def _about(row: Mapping[str, object]) -> str:
    """What a delivery tells of: a mention, an alarm, what happened in a case, a signal or a digest."""
    if row["case_id"] is not None:
        return f"case {row['case_id']}: {row['notice'] or row['signal']}"
    if row["mention_id"] is not None:
        return f"mention {row['mention_id']}"
    return str(row["alarm"] or row["signal"] or f"digest {row['digest']}")


@deliveries_app.command("retry")
def retry(
    delivery: Annotated[int | None, typer.Argument(help="Number of a dead delivery.")] = None,
    all_dead: Annotated[bool, typer.Option("--all-dead", help="Every dead delivery.")] = False,
    config: ConfigOption = None,
    db: DatabaseOption = None,
) -> None:
    """Send a dead delivery, or all of them, again: at once where a daemon runs, else when it is started."""
    from monitor.cli.acting import act

    if (delivery is None) is not all_dead:
        raise typer.BadParameter("name one delivery, or say --all-dead")
    numbers = [delivery] if delivery is not None else reader(db).dead_deliveries()
    if not numbers:
        print_nothing("no delivery is dead")
    with progress("retrying", len(numbers)) as advance:
        for number in numbers:
            messages = act("retry", config=config, db=db, delivery=number)
            print_line(f"delivery {number}: {messages} messages are pending again")
            advance(1)
