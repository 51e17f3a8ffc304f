"""The command by which people answer whether a mention is about its brand, and how it is felt."""

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
    about: Annotated[Literal["yes", "no"] | None, typer.Option(help="Is it about the brand?")] = None,
    sentiment: Annotated[
        Literal["negative", "neutral", "positive"] | None, typer.Option(help="How is it felt toward the brand?")
    ] = None,
    *,
    brand: Annotated[
        str | None, typer.Option(metavar="NAME", help="Meant is the same post's mention of this brand.")
    ] = None,
    note: Annotated[str, typer.Option(help="Why, for those who read it later.")] = "",
    person: Annotated[str, typer.Option(metavar="NAME", help="Who answers.")] = "",
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer whether a mention is about its brand, or how it is felt: it counts at once and for good, and teaches."""
    from monitor import logs
    from monitor.cli.acting import act

    if about is None and sentiment is None:
        raise typer.BadParameter("say one of them, or both", param_hint="--about, --sentiment")
    logs.configure()
    told = act(
        "correct",
        config=config,
        db=db,
        mention=mention,
        brand=brand,
        about=None if about is None else about == "yes",
        sentiment=sentiment,
        note=note,
        person=person,
    )
    if as_json:
        print_json(told)
        return
    _print(cast("Mapping[str, JSON]", told), is_felt=sentiment is not None)  # what flows.correcting.correct returns


def _print(answered: Mapping[str, JSON], *, is_felt: bool) -> None:
    answers = cast("Mapping[str, int]", answered["answers"])
    brand = answered["brand"]
    said = [] if answered["about"] is None else [f"is {'' if answered['about'] else 'not '}about {brand}"]
    said += [f"is felt as {answered['sentiment']} toward {brand}"] if is_felt else []
    print_line(
        f"mention {answered['mention']} {' and '.join(said)}: priority {answered['priority']}; {answered['outcome']}"
    )
    if answered["about"] is not None:
        print_line(f"{brand} has {answers['yes']} answers yes and {answers['no']} no")
    if is_felt:
        print_line(_corrected(cast("int", answered["sentiments"]), cast("int", answered["needed"])))
    if isinstance(learned := answered["learned"], dict):
        counts = "counts from now on" if learned["counts"] else "does not count, the rules are right more often"
        print_line(
            f"learned from {learned['answers']} answers, version {learned['version']}: {learned['note']}; {counts}"
        )


def _corrected(count: int, needed: int) -> str:
    if count < needed:
        return f"corrected sentiments: {count} of {needed} that monitor train needs"
    return f"corrected sentiments: {count}; monitor train learns from them, if {needed} are of different texts"
