"""The command `silence`: what nobody is told of for a time, by whose word and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import typer

from monitor.cli import app
from monitor.cli.casework import PersonOption, acting_person
from monitor.cli.common import (
    LARGEST,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    print_json,
    print_line,
    print_nothing,
    print_table,
    reader,
    short_time,
)
from monitor.cli.groups import ListGroup

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

    from monitor.models import JSON

_MOST: Final = 200  # silences that are listed

silence_app = typer.Typer(cls=ListGroup, help="What nobody is told of for a time, by whose word and why.")
app.add_typer(silence_app, name="silence")


@silence_app.command("list")
def list_silences(
    *,
    every: Annotated[bool, typer.Option("--all", help="Those that ended, too.")] = False,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the silences that hold, the newest first."""
    from monitor.clock import SystemClock
    from monitor.flows.silencing import silence_json

    now = SystemClock().now()
    store = reader(db)
    try:
        found = [one for one in store.silences(_MOST) if every or one.ends_at > now]
    finally:
        store.close()
    if not found:
        print_nothing("there was no silence yet" if every else "no silence holds; --all shows those that ended")
    _print((silence_json(one) for one in found), now=now, as_json=as_json)


@silence_app.command("add")
def add(
    match: Annotated[str, typer.Argument(metavar="QUERY", help="What nobody is told of, as in routes.")] = "",
    *,
    case: Annotated[
        int | None, typer.Option(metavar="ID", min=1, max=LARGEST, help="All of a case, in place of a query.")
    ] = None,
    span: Annotated[str | None, typer.Option("--for", metavar="TIME", help="For how long: 30m, 2h, 7d.")] = None,
    until: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="Until when: 2026-11-30 or 2026-11-30T09:00, in UTC.")
    ] = None,
    comment: Annotated[str, typer.Option(metavar="TEXT", help="Why; noted with all that it mutes.")] = "",
    by: PersonOption = None,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let nobody be told of something for a time; it is found, stored and shown all the same."""
    from monitor.query import parse

    if match:
        parse(match)  # a mistake in it is shown with its place, whoever does the rest
    given: dict[str, JSON] = {"match": match, "case": case, "for": span, "until": until, "comment": comment}
    told = _do("add", given, by=by, config=config, db=db)
    if as_json:
        print_json(told)
        return
    print_line(_line(told["silence"]))
    if waiting := told["waiting"]:
        print_line(f"it mutes {waiting} {'delivery that waits' if waiting == 1 else 'deliveries that wait'} now")


@silence_app.command("end")
def end(
    number: Annotated[int, typer.Argument(metavar="ID", min=1, max=LARGEST, help="Number of a silence.")],
    *,
    by: PersonOption = None,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a silence now; what it muted stays muted."""
    told = _do("end", {"id": number}, by=by, config=config, db=db)
    if as_json:
        print_json(told)
        return
    print_line(f"ended: {_line(told['silence'])}")


def _do(do: str, given: dict[str, JSON], *, by: str | None, config: Path | None, db: Path | None) -> dict[str, Any]:
    from monitor import logs
    from monitor.cli.acting import act

    logs.configure()
    asked: dict[str, JSON] = {"do": do, "by": acting_person(by), **given}
    return cast(
        "dict[str, Any]", act("silence", config=config, db=db, timeout=120.0, **asked)
    )  # what flows.silencing returns


def _line(one: Mapping[str, Any]) -> str:
    until = f"{str(one['ends_at'])[:16].replace('T', ' ')} UTC"
    return f"silence {one['id']} of {_subject(one)} by {one['person']} until {until}: {one['comment']}"


def _subject(one: Mapping[str, Any]) -> str:
    return str(one["match"]) if one["case"] is None else f"case {one['case']}"


def _print(silences: Iterable[Mapping[str, Any]], *, now: datetime, as_json: bool) -> None:
    if as_json:
        for one in silences:
            print_json(one)
        return
    print_table(
        ("id", "of", "by", "from", "until", "why"),
        (
            (
                one["id"],
                _subject(one),
                one["person"],
                short_time(one["starts_at"]),
                short_time(one["ends_at"]) if one["ends_at"] > now.isoformat() else "ended",
                one["comment"],
            )
            for one in silences
        ),
    )
