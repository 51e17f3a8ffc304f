"""The command `people`: who works here, in which role, and where each is told of cases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from monitor.cli import app
from monitor.cli.casework import PersonOption, acting_person
from monitor.cli.common import (
    ConfigOption,
    DatabaseOption,
    JsonOption,
    print_json,
    print_line,
    print_nothing,
    print_table,
    reader,
)
from monitor.cli.groups import ListGroup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from monitor.models import JSON

RoleName = Literal["agent", "lead", "legal", "analyst", "admin"]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="As the person is called in cases.")]

people_app = typer.Typer(cls=ListGroup, help="Who works here, in which role, and where each is told of cases.")
app.add_typer(people_app, name="people")


@people_app.command("list")
def list_people(db: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Show who works here."""
    from monitor.flows.people import person_json

    store = reader(db)
    try:
        found = [person_json(person) for person in store.persons()]
    finally:
        store.close()
    if not found:
        print_nothing("nobody is entered: whoever acts has the role admin; monitor people add NAME --role ROLE")
    _print(found, as_json=as_json)


@people_app.command("add")
def add(
    name: NameArgument,
    *,
    role: Annotated[RoleName, typer.Option(help="What the person may do.")],
    receiver: Annotated[
        str | None, typer.Option(metavar="RECEIVER", help="Where the person is told: a name of `receivers:`.")
    ] = None,
    founder: Annotated[
        bool, typer.Option("--founder", help="Hears last of all, where everybody else did not help.")
    ] = False,
    by: PersonOption = None,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enter a person; one who left under that name comes back."""
    given: dict[str, JSON] = {"name": name, "role": role, "receiver": receiver, "founder": founder}
    _do("add", given, by=by, config=config, db=db, as_json=as_json)


@people_app.command("role")
def change_role(
    name: NameArgument,
    role: Annotated[RoleName, typer.Argument(metavar="ROLE", help="agent, lead, legal, analyst or admin.")],
    *,
    by: PersonOption = None,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a person another role."""
    _do("change", {"name": name, "role": role}, by=by, config=config, db=db, as_json=as_json)


@people_app.command("receiver")
def change_receiver(
    name: NameArgument,
    receiver: Annotated[
        str | None, typer.Argument(metavar="RECEIVER", help="A name of `receivers:`; without it, nowhere.")
    ] = None,
    *,
    by: PersonOption = None,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say where a person is told."""
    _do("change", {"name": name, "receiver": receiver}, by=by, config=config, db=db, as_json=as_json)


@people_app.command("remove")
def remove(
    name: NameArgument,
    *,
    by: PersonOption = None,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that a person works here no more; what they did stays under their name."""
    _do("remove", {"name": name}, by=by, config=config, db=db, as_json=as_json)


def _do(
    do: str, given: dict[str, JSON], *, by: str | None, config: Path | None, db: Path | None, as_json: bool
) -> None:
    from monitor import logs
    from monitor.cli.acting import act

    asked: dict[str, JSON] = {"do": do, "by": acting_person(by), **given}
    logs.configure()
    told = act("people", config=config, db=db, timeout=120.0, **asked)
    answer = cast("dict[str, list[Any]]", told)  # what flows.people returns
    if not answer["people"] and not as_json:
        print_line("nobody is entered any more: whoever acts has the role admin")
        return
    _print(answer["people"], as_json=as_json)
    if not as_json:
        for line in _advice(str(given["name"]), answer):
            print_line(line)


def _advice(name: str, answer: Mapping[str, list[Any]]) -> Iterator[str]:
    """What is left to do after somebody was entered or removed."""
    if answer["left"]:
        numbers = ", ".join(map(str, answer["left"]))
        yield f"{name} still owns open cases: {numbers}. Give each to somebody: monitor cases assign ID NAME"
    for one in answer["people"]:
        if one["name"].casefold() == name.casefold() and not one["receiver"]:
            yield f"{name} has no receiver and hears of nothing: monitor people receiver {name} RECEIVER"


def _print(people: Iterable[Mapping[str, Any]], *, as_json: bool) -> None:
    if as_json:
        for one in people:
            print_json(one)
        return
    print_table(
        ("name", "role", "founder", "told at"),
        ((one["name"], one["role"], "yes" if one["founder"] else "", one["receiver"]) for one in people),
    )
