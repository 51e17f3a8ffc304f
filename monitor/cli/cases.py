"""The command `cases`: what is to be worked off, a case with all that belongs to it, and the replies that fit it.

What people do with a case is in `monitor.cli.casework`; its commands are taken over here.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import app
from monitor.cli.caselines import classed, left, print_case, print_warnings, worded
from monitor.cli.casework import CaseArgument, PersonOption, acting_person, acts, ask
from monitor.cli.common import (
    ConfigOption,
    DatabaseOption,
    JsonOption,
    brand_as_stored,
    config_path,
    load_config,
    print_json,
    print_nothing,
    print_table,
    reader,
)
from monitor.cli.groups import ListGroup

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path

    from monitor.cases.templates import Template
    from monitor.config import Config
    from monitor.models import Case, CaseState, Deadline, Person, Playbook
    from monitor.store import Reader

LanguageOption = Annotated[
    str | None, typer.Option("--lang", metavar="LANGUAGE", help="As ru. Default: that of the case's first post.")
]

cases_app = typer.Typer(cls=ListGroup, help="The cases to work off: what is due, and what people do with them.")
app.add_typer(cases_app, name="cases")


@cases_app.command("list")
def list_cases(
    *,
    mine: Annotated[bool, typer.Option("--mine", help="Only those of whoever asks (--as).")] = False,
    owner: Annotated[str | None, typer.Option(metavar="NAME", help="Only those of this person.")] = None,
    state: Annotated[list[str] | None, typer.Option(metavar="STATE", help="Only in this state; may repeat.")] = None,
    brand: Annotated[str | None, typer.Option(help="Only of this brand.")] = None,
    of_class: Annotated[str | None, typer.Option("--class", metavar="CLASS", help="Only of this class.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Closed and merged ones, too.")] = False,
    due_within: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only what is due within this time, as 2h, or overdue.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at the most.")] = 50,
    person: PersonOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the cases that are open, the most urgent first."""
    from monitor.clock import SystemClock

    if mine and owner is not None:
        raise typer.BadParameter("--mine or --owner, not both")
    if every and state:
        raise typer.BadParameter("--all or --state, not both")
    now = SystemClock().now()
    until = now + _span(due_within) if due_within is not None else None
    asked = acting_person(person) if mine else owner
    store = reader(db)
    try:
        found = store.cases_list(
            states=_states(state) if state else None,
            open_only=not every and not state,
            owner=None if asked is None else _as_entered(asked, store.persons()),
            brand=brand_as_stored(brand, store) if brand is not None else None,
            of_class=of_class,
            due_before=until,
            limit=limit,
        )
    finally:
        store.close()
    if not found:
        print_nothing("there is no such case" if asked or state or brand or of_class or until else "no case is open")
    if as_json:
        for row in found:
            print_json(row)
        return
    print_table(("id", "state", "owner", "due", "posts", "class", "what"), (_line(row, now) for row in found))


def _line(row: Mapping[str, Any], now: datetime) -> Sequence[object]:
    from datetime import datetime

    due = left(datetime.fromisoformat(row["due_at"]), now) if row["due_at"] else ""
    state = f"{row['state']}, waiting" if row["waiting_at"] else row["state"]
    what = f"{row['brand']}: {row['title'] or row['excerpt'] or ''}"
    return row["id"], state, row["owner"], due, row["posts"], classed(row["classes"]), what[:80]


def _states(given: Sequence[str]) -> list[CaseState]:
    """States by their names. Raises what typer shows as wrong usage."""
    from monitor.models import CaseState

    try:
        return [CaseState(name) for name in given]
    except ValueError as error:
        raise typer.BadParameter(f"{error}; there are {', '.join(CaseState)}", param_hint="--state") from None


def _span(given: str) -> timedelta:
    """A time as sources.yaml writes it. Raises what typer shows as wrong usage."""
    from monitor.config.fields import duration

    try:
        return duration(given)
    except ValueError:
        raise typer.BadParameter("write 30m, 2h or 1d", param_hint="--due-within") from None


def _as_entered(name: str, persons: Sequence[Person]) -> str:
    """A name as it was entered, whatever the case."""
    return next((one.name for one in persons if one.name.casefold() == name.casefold()), name)


@cases_app.command("show")
def show(
    number: CaseArgument,
    person: PersonOption = None,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a case with all that belongs to it: what is due, its posts, what was done, what may be done now."""
    from monitor.clock import SystemClock

    store = reader(db)
    try:
        shown = _shown(_case(number, store), store, _configured(config), acting_person(person))
    finally:
        store.close()
    if as_json:
        print_json(shown)
    else:
        print_case(shown, SystemClock().now())


def _case(number: int, store: Reader) -> Case:
    found = store.case(number)
    if found is None:
        print_nothing(f"there is no case {number}")
    return found


def _shown(case: Case, store: Reader, config: Config | None, name: str) -> dict[str, Any]:
    """A case with all that belongs to it, as JSON; `allowed` is what the person may do, None where they are unknown."""
    from monitor.cases.guards import Act, allowed, open_duties
    from monitor.cases.record import case_json, event_json

    playbook, someone = _playbook(case, config), _person(name, store.persons())
    may = None if someone is None else allowed(case, person=someone, playbook=playbook)
    language = store.language_of_case(case.id) or "en"
    fitting = _templates(case, language, config) if may and Act.TEMPLATE in may else ()
    return {
        "case": case_json(case),
        "duties": [duty.value for duty in open_duties(case, playbook)],
        "deadlines": list(_deadlines(case, store.deadlines_of(case.id))),
        "posts": [
            {
                **one._asdict(),
                "joined_at": one.joined_at.isoformat(),
                "author": one.author.name,
                "at": one.at.isoformat(),
                "removed_at": one.removed_at and one.removed_at.isoformat(),
            }
            for one in store.case_posts(case.id)
        ],
        "events": [event_json(event) for event in store.events_of(case.id)],
        "told": store.told_of_case(case.id),
        "person": someone.name if someone else name,
        "role": someone.role.value if someone else None,
        "allowed": None if may is None else [act.value for act in may],
        "language": language,
        "templates": [one.name for one in fitting],
    }


def _deadlines(case: Case, steps: Sequence[tuple[Deadline, datetime | None]]) -> Iterator[dict[str, Any]]:
    """What is due, on each clock: until when, whether it was missed, and who hears next.

    Of the times that we waited for the customer, only the present one; it cannot be missed by us.
    """
    from monitor.cases.deadlines import is_reminder
    from monitor.models import DeadlineKind

    since = case.waiting_at
    steps = [
        (one, fired)
        for one, fired in steps
        if one.kind is not DeadlineKind.WAIT or (since is not None and since < one.due_at)
    ]
    for kind, clock in dict.fromkeys((one.kind, one.clock) for one, _ in steps):
        mine = [(one, fired) for one, fired in steps if (one.kind, one.clock) == (kind, clock)]
        ahead = [one for one, fired in mine if fired is None]
        missed = [fired for one, fired in mine if fired is not None and not is_reminder(one)]
        yield {
            "deadline": kind.value,
            "clock": clock.value,
            "due_at": mine[-1][0].due_at.isoformat(),
            "is_over": not ahead and kind is not DeadlineKind.WAIT and _is_done(case, kind),
            "missed_at": missed[0].isoformat() if missed else None,
            "next_at": ahead[0].at.isoformat() if ahead else None,
            "next_step": (0 if is_reminder(ahead[0]) else ahead[0].step) if ahead else None,
            "next_to": ahead[0].to if ahead else None,
        }


def _is_done(case: Case, kind: str) -> bool:
    from monitor.cases.rules import is_over

    return (case.acknowledged_at if kind == "acknowledge" else case.resolved_at) is not None or is_over(case)


def _configured(config: Path | None) -> Config | None:
    """The configuration, where there is one: without it, the playbooks and templates are those as shipped.

    One that was not named may be for other eyes, with secrets that this user cannot read: then that is said.
    """
    from monitor.errors import ConfigError

    if config is None and not config_path(None).exists():
        return None
    try:
        return load_config(config)
    except ConfigError:
        if config is not None:
            raise
        typer.echo(f"monitor: {config_path(None)} cannot be used: told by the playbooks as shipped", err=True)
        return None


def _playbook(case: Case, config: Config | None) -> Playbook:
    from monitor.cases.playbooks import combine, known

    return combine(case.classes, known(config.playbooks if config else {}))


def _templates(case: Case, language: str, config: Config | None) -> tuple[Template, ...]:
    from monitor.cases.templates import templates_for
    from monitor.models import Duty

    said = config.playbooks if config else {}
    own = {name: one.templates for name, one in said.items() if one.templates}
    return templates_for(case.classes, language, own, neutral=Duty.LEGAL in _playbook(case, config).duties)


def _person(name: str, persons: Sequence[Person]) -> Person | None:
    """Who asks; None where others are entered and this one is not."""
    from monitor.cases.roles import alone

    if not persons:
        return alone(name)
    return next((one for one in persons if one.name.casefold() == name.casefold()), None)


@cases_app.command("template")
def template(
    number: CaseArgument,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Name of a template; without it, those that fit.")
    ] = None,
    *,
    lang: LanguageOption = None,
    slot: Annotated[
        list[str] | None, typer.Option("--set", metavar="SLOT=VALUE", help="What stands in a slot; may repeat.")
    ] = None,
    person: PersonOption = None,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the reply templates that fit, or print one. Its slots are filled in as far as they are known."""
    from monitor.text import safe_text

    if name is None:
        _list_templates(number, lang, person=person, config=config, db=db, as_json=as_json)
        return
    pairs = [one.partition("=") for one in slot or ()]
    if any(not separator or not key for key, separator, _ in pairs):
        raise typer.BadParameter("write it as name=Olga", param_hint="--set")
    body = {"name": name, "language": lang, "set": {key: value for key, _, value in pairs}}
    done = ask("template", number, body, person=person, config=config, db=db)
    if as_json:
        print_json(done)
        return
    sys.stdout.write(f"{safe_text(done['text'], one_line=False)}\n")
    print_warnings(done["warnings"])
    if done["unfilled"]:
        sys.stderr.write(f"monitor: still to be filled in: {', '.join(map(safe_text, done['unfilled']))}\n")


def _list_templates(
    number: int, lang: str | None, *, person: str | None, config: Path | None, db: Path | None, as_json: bool
) -> None:
    """Raises Refused where the case hides its templates for now."""
    from monitor.cases.guards import Act, decide
    from monitor.cases.templates import slots
    from monitor.clock import SystemClock
    from monitor.errors import InputError

    name, plan = acting_person(person), _configured(config)
    store = reader(db)
    try:
        case = _case(number, store)
        someone = _person(name, store.persons())
        language = lang or store.language_of_case(number) or "en"
    finally:
        store.close()
    if someone is None:
        raise InputError(f"nobody here is called {name!r} (monitor people list says who is)")
    fitting = _templates(case, language, plan)
    for one in fitting[:1]:  # what hides one hides all
        body = {"name": one.name, "language": one.language}
        decide(Act.TEMPLATE, case, person=someone, playbook=_playbook(case, plan), body=body, now=SystemClock().now())
    if not fitting:
        print_nothing(f"no template in {language} fits case {number}")
    if as_json:
        for one in fitting:
            told = {**asdict(one), "verdicts": [verdict.value for verdict in one.verdicts]}
            print_json({**told, "slots": list(slots(one.text))})
        return
    print_table(("name", "for", "text"), ((one.name, _purpose(one), one.text) for one in fitting))


def _purpose(one: Template) -> str:
    """When a template fits: as the first answer, or after certain verdicts."""
    return "first answer" if one.first else ", ".join(worded(verdict) for verdict in one.verdicts)


cases_app.add_typer(acts)
