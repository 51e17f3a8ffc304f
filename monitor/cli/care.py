"""Commands that take care of an installation: backup, restore, doctor, receivers."""

from __future__ import annotations

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
    print_nothing,
    print_table,
    progress,
)

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.models import Receiver, Target
    from monitor.store.restore import Restored


@app.command()
def backup(
    out: Annotated[Path | None, typer.Option(help="Write this file.")] = None,
    to: Annotated[Path | None, typer.Option(help="Write a dated file into this folder.")] = None,
    keep: Annotated[int | None, typer.Option(min=1, help="With --to: keep only the newest so many.")] = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a checked copy of the database, while the daemon runs or not; by default into backups/ beside it."""
    from monitor.clock import SystemClock
    from monitor.store import backup as copies

    if out is not None and (to is not None or keep is not None):
        raise typer.BadParameter("--out names one file; --to and --keep are for a folder")
    database = database_path(db)
    folder = to or database.parent / "backups"
    with progress(f"backup of {database}", None):
        made = copies.back_up(database, out or folder / copies.dated_name(database, SystemClock().now()))
    removed = copies.rotate(folder, database, keep=keep) if keep is not None else []
    if as_json:
        print_json({"path": made.path, "size": made.size, "rows": made.rows, "removed": removed})
        return
    posts, mentions = made.rows["posts"], made.rows["mentions"]
    print_line(f"{made.path}: {made.size / 2**20:.1f} MB, checked: {posts} posts, {mentions} mentions")
    for path in removed:
        print_line(f"{path}: removed, {keep} newer ones are kept")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A backup: one SQLite file.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    alert_again: Annotated[
        bool, typer.Option("--alert-again", help="Tell rather twice than not at all, where nobody knows what was sent.")
    ] = False,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a backup in the place of the database; the former one is kept, and nobody is told anything twice."""
    from monitor.clock import SystemClock
    from monitor.store import restore as restoring

    database = database_path(db)
    with progress(f"checking {file}", None):
        found = restoring.inspect(file)
    if not yes:
        newest = f"{found.newest:%Y-%m-%d %H:%M} UTC" if found.newest else "nothing in it"
        print_line(f"{file}: sound; {found.posts} posts, {found.mentions} mentions, the newest from {newest}")
        typer.confirm(f"Put it in the place of {database}?", abort=True)
    with progress("restoring", None):
        done = restoring.restore(file, database, now=SystemClock().now(), alert_again=alert_again)
    if as_json:
        print_json(
            {
                "database": database,
                "former": done.former,
                "former_readable": done.former_readable,
                "posts": done.backup.posts,
                "mentions": done.backup.mentions,
                **done.quiet._asdict(),
            }
        )
    else:
        _show_restored(done, database, alert_again=alert_again)


def _show_restored(done: Restored, database: Path, *, alert_again: bool) -> None:
    print_line(f"{database}: restored, {done.backup.posts} posts, {done.backup.mentions} mentions")
    if done.former is not None:
        print_line(f"the former database is kept: {done.former}")
    if done.former_readable:
        print_line(f"{done.quiet.carried} messages are marked as the former database knew them; nothing is sent twice")
    elif alert_again:
        print_line("what was sent since the backup is not known, and may be sent again")
    else:
        print_line(
            f"what was sent since the backup is not known: {done.quiet.muted} messages are muted, and the first poll "
            "of each source records without alerts; start the daemon soon"
        )
    if done.quiet.forgotten:
        print_line(f"{done.quiet.forgotten} posts that were erased on request since the backup were erased again")
    elif not done.former_readable:
        print_line("if anybody was forgotten since the backup, do so again: monitor forget")


@app.command()
def doctor(
    fix_permissions: Annotated[
        bool, typer.Option("--fix-permissions", help="Take away the permissions that are too many.")
    ] = False,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look at everything that this installation needs, and say what to do; exit code 1 if there are problems."""
    from dataclasses import asdict

    from monitor.cli.examining import examine_all, mend, modes

    mended = mend(modes(config_path(config), database_path(db))) if fix_permissions else []
    for mode in mended if not as_json else ():
        print_line(f"mended  permissions: {mode.path} is {mode.bits & mode.allowed:o} now, was {mode.bits:o}")
    problems = 0
    for finding in examine_all(config, db):
        problems += finding.level == "problem"
        if as_json:
            print_json(asdict(finding))
            continue
        print_line(f"{finding.level:<7} {finding.area}: {finding.what}")
        if finding.advice:
            print_line(f"        → {finding.advice}")
    if problems:
        raise typer.Exit(1)


receivers_app = typer.Typer(invoke_without_command=True, help="Show the receivers; test one with a real message.")
app.add_typer(receivers_app, name="receivers")


@receivers_app.callback()
def receivers(context: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show the receivers of the configuration; `receivers test NAME` sends one a real message."""
    if context.invoked_subcommand:
        return
    loaded = load_config(config)
    if not loaded.receivers:
        print_nothing(f"{config_path(config)} names no receivers: mentions are recorded, nobody is told")
    lines = [
        (receiver.name, service_of(target.url), receiver.language, _problem(target))
        for receiver in loaded.receivers
        for target in receiver.targets
    ]
    if as_json:
        for name, service, language, problem in lines:
            print_json({"receiver": name, "service": service, "language": language, "problem": problem})
        return
    print_table(("receiver", "service", "language", "problem"), lines)


@receivers_app.command("test")
def send_test(
    name: Annotated[str, typer.Argument(help="Name of a receiver in the configuration.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send a real test message to each address of a receiver, and say of each what happened."""
    loaded = load_config(config)
    receiver = next((receiver for receiver in loaded.receivers if receiver.name == name), None)
    if receiver is None:
        known = ", ".join(sorted(receiver.name for receiver in loaded.receivers)) or "none"
        print_nothing(f"there is no receiver {name!r}; configured are: {known}")
    failed = 0
    with progress(f"telling {name}", len(receiver.targets)) as advance:
        for number, (service, error) in enumerate(_tried(receiver, loaded), start=1):
            advance(1)
            failed += error is not None
            if as_json:
                print_json(
                    {"receiver": name, "address": number, "service": service, "sent": error is None, "error": error}
                )
            else:
                print_line(f"{name}, address {number} ({service}): {'sent' if error is None else error}")
    if failed:
        raise typer.Exit(1)


def _tried(receiver: Receiver, loaded: Config) -> list[tuple[str, str | None]]:
    """Of each address its service, and why it did not take the message; secrets blanked."""
    from uuid import uuid4

    from monitor import logs, notify
    from monitor.alerting.messages import RenderedMessage
    from monitor.alerting.payload import payload
    from monitor.errors import DeliveryError

    logs.hide(loaded.secrets)
    told: list[tuple[str, str | None]] = []
    for target in receiver.targets:
        body, name = "This is a test of the brand mention monitor: its alerts reach you here.", uuid4().hex[:26]
        told_of_nothing = RenderedMessage(title="", body=payload(name, ()))  # a program knows a test by that
        message = told_of_nothing if target.is_webhook else RenderedMessage(title="Test message", body=body)
        error: str | None = None
        try:
            notify.send(target, message, message_id=name)
        except DeliveryError as refused:
            error = logs.redacted(f"{refused.reason_word}: {notify.refusal(target) or refused}")
        told.append((service_of(target.url), error))
    return told


def _problem(target: Target) -> str | None:
    from monitor import notify

    return notify.refusal(target)


def service_of(url: str) -> str:
    """The part of an address that is no secret."""
    service, separator, _ = url.partition("://")
    return service if separator and len(service) <= 20 else "?"
