"""The command by which people answer whether a mention is about its brand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from monitor.cli import app
from monitor.cli.common import LARGEST, ConfigOption, DatabaseOption, JsonOption, print_json, print_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.models import JSON


@app.command()
def correct(
    mention: Annotated[int, typer.Argument(metavar="ID", min=1, max=LARGEST, help="Number of a mention.")],
    about: Annotated[Literal["yes", "no"], typer.Option(help="Is it about the brand?")],
    *,
    note: Annotated[str, typer.Option(help="Why, for those who read it later.")] = "",
    person: Annotated[str, typer.Option(metavar="NAME", help="Who answers.")] = "",
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer whether a mention is about its brand: it counts at once and for good, and the brand learns from it."""
    from monitor import logs
    from monitor.cli.acting import act

    logs.configure()
    told = act("correct", config=config, db=db, mention=mention, about=about == "yes", note=note, person=person)
    if as_json:
        print_json(told)
        return
    answered = cast("Mapping[str, JSON]", told)  # what flows.correcting.correct returns
    answers = cast("Mapping[str, int]", answered["answers"])
    brand = answered["brand"]
    print_line(
        f"mention {mention} is {'' if answered['about'] else 'not '}about {brand}: priority {answered['priority']}, "
        f"{answered['decision']}"
    )
    print_line(f"{brand} has {answers['yes']} answers yes and {answers['no']} no")
    if isinstance(learned := answered["learned"], dict):
        counts = "counts from now on" if learned["counts"] else "does not count, the rules are right more often"
        print_line(
            f"learned from {learned['answers']} answers, version {learned['version']}: {learned['note']}; {counts}"
        )
