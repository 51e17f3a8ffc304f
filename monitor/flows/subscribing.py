"""Subscriptions: what each person wants to hear of and how often, entered and ended by them or by a lead or an admin.

One of the cadence now is a route of its own, beside the tree; the others are digests.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, time
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor.alerting.catalogue import CATALOGUES
from monitor.alerting.routes import CompiledRoute
from monitor.errors import InputError, QueryError, Refusal, Refused
from monitor.flows.lexicon import forms, learn
from monitor.models import SHIPPED_TIMING, Cadence, Role, Subscription
from monitor.query import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.flows.ports import Plan, Ports
    from monitor.models import JSON, Person, Receiver
    from monitor.store import Store
    from monitor.store.subscriptions import SubscriptionReading

DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MAY_FOR_OTHERS: Final = frozenset({Role.LEAD, Role.ADMIN})


def routes_of(store: SubscriptionReading, plan: Plan) -> tuple[CompiledRoute, ...]:
    """The subscriptions that are told at once, as routes; those of persons without a configured receiver are none."""
    return tuple(
        _route(one.match, plan.receivers[one.receiver], f"subscription {one.id} of {one.person}")
        for one in store.subscriptions()
        if one.cadence is Cadence.NOW and one.receiver in plan.receivers
    )


@lru_cache(maxsize=1024)
def _route(match: str, receiver: Receiver, name: str) -> CompiledRoute:
    return CompiledRoute(parse(match), receiver, forms, timing=SHIPPED_TIMING, name=name)


async def subscribe(ports: Ports, plan: Plan, arguments: Mapping[str, JSON]) -> JSON:
    """The verb: `do` add a subscription of `person`, or end the one of this `id`; asked `by` somebody.

    Adding takes `match` (a query) and `cadence` (now, hourly, daily, weekly), and of a digest `at`, `day`, `zone`,
    `language` and `always`; where `zone` is not given it is that of the person's receiver. Returns all subscriptions,
    and with `id` the number of the one that was added or ended. Raises InputError and Refused.
    """
    done = str(arguments.get("do"))
    if done not in ("add", "end"):
        raise InputError(f"subscriptions are added or ended, not {done!r}")
    if done == "add":
        await learn(ports, [_match(arguments)])
    return await ports.writer.run(partial(_subscribe, done, arguments, plan, ports.clock.now()))


def _subscribe(done: str, arguments: Mapping[str, JSON], plan: Plan, now: datetime, store: Store) -> JSON:
    with store.transaction():
        persons = {person.name.casefold(): person for person in store.persons()}
        by = str(arguments.get("by") or "")
        if done == "add":
            person = _person(persons, str(arguments.get("person") or ""))
            _may(persons, by, person.name)
            number = store.add_subscription(_described(person, arguments, plan), now=now)
        else:
            number = _number(arguments.get("id"))
            known = next((one for one in store.subscriptions() if one.id == number), None)
            if known is None:
                raise InputError(f"there is no subscription {number}")
            _may(persons, by, known.person)
            store.end_subscription(number, now=now)
        return {"id": number, "subscriptions": [subscription_json(one) for one in store.subscriptions()]}


def _person(persons: Mapping[str, Person], name: str) -> Person:
    found = persons.get(" ".join(name.split()).casefold())
    if found is None:
        raise InputError(f"nobody here is called {name!r}; enter them first: monitor people add NAME --role ROLE")
    return found


def _may(persons: Mapping[str, Person], by: str, whose: str) -> None:
    """Refuse whoever is neither the person, a lead nor an admin; where there is no lead or admin, nobody."""
    asking = persons.get(by.casefold())
    managing = [person.name for person in persons.values() if person.role in _MAY_FOR_OTHERS]
    if managing and (asking is None or (asking.name != whose and asking.role not in _MAY_FOR_OTHERS)):
        who = f"{by!r} may not say what {whose} hears of"
        raise Refused([Refusal("role", who, f"ask {whose} or {' or '.join(managing)} (--as NAME)")])


def _number(given: JSON) -> int:
    try:
        return int(str(given))
    except ValueError:
        raise InputError(f"a subscription is named by its number, not {given!r}") from None


def _described(person: Person, arguments: Mapping[str, JSON], plan: Plan) -> Subscription:
    """The subscription that was asked for. Raises InputError for what cannot be."""
    receiver = plan.receivers.get(person.receiver or "")
    zone = str(arguments.get("zone") or (receiver.zone if receiver else "UTC"))
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise InputError(f"there is no time zone {zone!r}; write it as in Europe/Moscow") from None
    cadence, day = str(arguments.get("cadence") or "now"), str(arguments.get("day") or "monday").lower()
    if cadence not in list(Cadence):
        raise InputError(f"a cadence is {', '.join(Cadence)}, not {cadence!r}")
    if day not in DAYS:
        raise InputError(f"a day is {', '.join(DAYS)}, not {day!r}")
    language = arguments.get("language")
    if language is not None and language not in CATALOGUES:
        raise InputError(f"messages are written in {', '.join(CATALOGUES)}, not in {language!r}")
    return Subscription(
        id=0,
        person=person.name,
        receiver=person.receiver,
        match=_match(arguments),
        cadence=Cadence(cadence),
        at=_at(str(arguments.get("at") or "09:00")),
        day=DAYS.index(day),
        zone=zone,
        language=None if language is None else str(language),
        always=bool(arguments.get("always")),
    )


def _match(arguments: Mapping[str, JSON]) -> str:
    """The query that was asked for, as it prints; everything where none was."""
    try:
        return str(parse(str(arguments.get("match") or "*")))
    except QueryError as error:
        raise InputError(f"the query cannot be read: {error}") from None


def _at(text: str) -> time:
    try:
        return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - a time of day has no zone
    except ValueError:
        raise InputError(f"{text!r} is no time of day; write 9:00") from None


def subscription_json(one: Subscription) -> dict[str, JSON]:
    """A subscription as an object."""
    said = {"cadence": one.cadence.value, "at": one.at.isoformat("minutes"), "day": DAYS[one.day]}
    return {**asdict(one), **said}
