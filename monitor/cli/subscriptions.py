"""The command `subscriptions`: what each person wants to hear of, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

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
)
from monitor.cli.groups import ListGroup

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monitor.models import JSON

CadenceName = Literal["now", "hourly", "daily", "weekly"]
DayName = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

subscriptions_app = typer.Typer(cls=ListGroup, help="What each person wants to hear of, and how often.")
app.add_typer(subscriptions_app, name="subscriptions")


@subscriptions_app.command("list")
def list_subscriptions(
    *,
    person: Annotated[str | None, typer.Option(metavar="NAME", help="Only those of this person.")] = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who subscribed to what."""
    from monitor.flows.subscribing import subscription_json

    store = reader(db)
    try:
        found = [subscription_json(one) for one in store.subscriptions()]
    finally:
        store.close()
    if person is not None:
        found = [one for one in found if str(one["person"]).casefold() == person.casefold()]
    if not found:
        whose = "nobody" if person is None else person
        print_nothing(f"{whose} subscribed to nothing: monitor subscriptions add PERSON QUERY")
    _print(found, as_json=as_json)


@subscriptions_app.command("add")
def add(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="As the person is called in `monitor people`.")],
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Filter, as `monitor search` has it; * is everything.")],
    *,
    cadence: Annotated[
        CadenceName, typer.Option(help="now: each mention as it is found; the others: a digest.")
    ] = "now",
    at: Annotated[
        str, typer.Option(metavar="TIME", help="When a digest leaves; of an hourly one the minutes count.")
    ] = "9:00",
    day: Annotated[DayName, typer.Option(help="On which day a weekly digest leaves.")] = "monday",
    zone: Annotated[str | None, typer.Option(help="Time zone of --at. Default: that of the person's receiver.")] = None,
    language: Annotated[
        str | None, typer.Option(help="Language of the digest. Default: that of the person's receiver.")
    ] = None,
    always: Annotated[bool, typer.Option("--always", help="Send the digest without news, too.")] = False,
    by: PersonOption = None,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a person hear of what the query holds for, besides what routes tell them."""
    given: dict[str, JSON] = {"person": person, "match": query, "cadence": cadence, "at": at, "day": day}
    given |= {"zone": zone, "language": language, "always": always}
    answer = _ask({"do": "add", "by": acting_person(by), **given}, config, db)
    _print(answer["subscriptions"], as_json=as_json)
    if not as_json:
        for one in answer["subscriptions"]:
            if one["id"] == answer["id"] and not one["receiver"]:
                name = one["person"]
                print_line(f"{name} has no receiver and hears of nothing: monitor people receiver {name} RECEIVER")


@subscriptions_app.command("end")
def end(
    number: Annotated[int, typer.Argument(metavar="ID", min=1, max=LARGEST, help="Number of the subscription.")],
    *,
    by: PersonOption = None,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a subscription."""
    answer = _ask({"do": "end", "by": acting_person(by), "id": number}, config, db)
    if not answer["subscriptions"] and not as_json:
        print_line("nobody subscribes to anything any more")
        return
    _print(answer["subscriptions"], as_json=as_json)


def _ask(asked: dict[str, JSON], config: Any, db: Any) -> dict[str, Any]:
    from monitor import logs
    from monitor.cli.acting import act

    logs.configure()
    return cast("dict[str, Any]", act("subscribe", config=config, db=db, timeout=120.0, **asked))


def _print(found: Iterable[Mapping[str, Any]], *, as_json: bool) -> None:
    if as_json:
        for one in found:
            print_json(one)
        return
    print_table(
        ("id", "person", "told at", "how often", "query"),
        ((one["id"], one["person"], one["receiver"], _often(one), one["match"]) for one in found),
    )


def _often(one: Mapping[str, Any]) -> str:
    when = {
        "now": "at once",
        "hourly": f"hourly, minute {one['at'][3:]}",
        "daily": f"daily {one['at']} {one['zone']}",
        "weekly": f"{one['day']} {one['at']} {one['zone']}",
    }[one["cadence"]]
    return f"{when}, always" if one["always"] else when
