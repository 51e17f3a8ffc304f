"""The command forget: erasing a person's data on request, proved."""

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
    print_json,
    print_line,
    print_nothing,
    print_table,
    progress,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.models import JSON
    from monitor.store.forgotten import Whom

SHOWN = 20  # posts that are listed on a terminal


@app.command()
def forget(
    *,
    author: Annotated[
        str | None, typer.Option(help="Erase what this author wrote: name, or address of the profile.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="Erase the post at this address.")] = None,
    source: Annotated[str | None, typer.Option(help="With --author: only at this source.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would go; erase nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    backups: Annotated[Path | None, typer.Option(help="Also say which backups in this folder still hold it.")] = None,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase a person's data on request, from every file of the database, and never store it again."""
    import asyncio

    from monitor import logs

    logs.configure()
    asked, found = _found(author, url, source, db)
    held = _held(asked, database_path(db), backups)
    if dry_run:
        _show_found(found, held, as_json=as_json)
        _end(held)
        return
    if not yes:
        _confirm(found)
    report = asyncio.run(_forget(asked, config=config, db=db))
    report["backups"] = held
    if as_json:
        print_json(report)
    else:
        gone = ", ".join(f"{report[name]} {name}" for name in _COUNTED if report[name])
        print_line(f"erased: {gone or 'nothing was stored'}; it will not be stored again (hash {report['hash']})")
        if report["unlearned"]:
            print_line("what was learned of corrected sentiments counts no more: monitor train learns it again")
        _show_held(held)
    if not report["clean"]:
        print_nothing("a reader kept old pages in the -wal file: close it (datasette, sqlite3) and run this again")
    _end(held)


_COUNTED = ("posts", "mentions", "revisions", "answers", "cases", "alerts", "deliveries", "messages", "cursors")


def _found(author: str | None, url: str | None, source: str | None, db: Path | None) -> tuple[Whom, dict[str, Any]]:
    """What a request concerns, and what would go."""
    from monitor.errors import InputError
    from monitor.flows.forgetting import whom
    from monitor.store import open_reader
    from monitor.store.forgotten import posts_of, source_id_of, weigh
    from monitor.store.rescore import kept_posts

    opened = open_reader(database_path(db))
    try:
        if source is not None and source_id_of(opened, source) is None:
            raise InputError(f"there is no source {source!r} in the database")
        asked = whom(author=author, url=url, source=source)
        ids = posts_of(opened, asked)
        listed = [
            {
                "post": kept.id,
                "source": kept.source,
                "published": kept.post.published,
                "title": kept.post.title or kept.post.text[:60],
            }
            for kept in kept_posts(opened, ids[:1000])
        ]
        return asked, {**weigh(opened, ids)._asdict(), "listed": listed}
    finally:
        opened.close()


def _held(asked: Whom, database: Path, backups: Path | None) -> dict[str, int | None]:
    """The other database files that still hold it, by their path; None for one of which that cannot be known."""
    from monitor.store.forgotten import still_in

    wanted = [database.parent, database.parent / "backups", *([backups] if backups else [])]
    folders = {folder.resolve(): folder for folder in wanted if folder.is_dir()}.values()
    files = sorted(file for folder in folders for file in folder.iterdir() if file.is_file() and file != database)
    counted = {str(file): still_in(file, asked) for file in files if not file.name.startswith(database.name + "-")}
    return {file: count for file, count in counted.items() if count != 0}


def _show_found(found: Mapping[str, Any], held: Mapping[str, int | None], *, as_json: bool) -> None:
    if as_json:
        print_json({"dry_run": True, **found, "backups": held})
        return
    print_table(
        ("post", "source", "published", "what"),
        ((line["post"], line["source"], line["published"], line["title"]) for line in found["listed"][:SHOWN]),
    )
    print_line("would go: " + ", ".join(f"{found[name]} {name}" for name in _COUNTED if name != "cursors"))
    _show_held(held)


def _show_held(held: Mapping[str, int | None]) -> None:
    for file, count in held.items():
        if count is None:
            print_line(f"{file} cannot be read and may hold some of these posts: delete it")
            continue
        print_line(f"{file} still holds {count} of these posts: delete it, or forget again after restoring it")


def _end(held: Mapping[str, int | None]) -> None:
    """The exit code says where something is left to do that we cannot know."""
    if unread := [file for file, count in held.items() if count is None]:
        print_nothing(f"could not be read, and may hold it: {', '.join(unread)}")


def _confirm(found: Mapping[str, Any]) -> None:
    import sys

    if not sys.stdin.isatty():
        raise typer.BadParameter("this cannot be undone: say --yes, or --dry-run to see what would go")
    typer.confirm(f"Erase {found['posts']} posts with all that hangs on them? This cannot be undone.", abort=True)


async def _forget(asked: Whom, *, config: Path | None, db: Path | None) -> dict[str, Any]:
    from monitor.store import open_reader
    from monitor.store.forgotten import posts_of, standing_under

    named: dict[str, JSON] = {"kind": asked.kind, "value": asked.value, "source": asked.source}
    async with doing(config=config, db=db) as do:
        # From here on nothing new of theirs is stored; a poll that is under way may just have.
        report = await do("forget", **named)
        opened = open_reader(database_path(db))
        try:
            while ids := posts_of(opened, asked):
                batch = ids[:20_000]
                found = await do("forget", **named, posts=batch, standing_under=standing_under(opened, batch))
                report |= {name: report[name] + found[name] for name in _COUNTED}
                report["unlearned"] |= found["unlearned"]
        finally:
            opened.close()
        with progress("rewriting the database", None):
            report |= await do("tidy", timeout=24 * 3600.0)
    return dict(report)
