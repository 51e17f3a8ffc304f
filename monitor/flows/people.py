"""Who works here: persons, their roles and receivers, entered, changed and removed by a lead or an admin."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from monitor.cases.telling import FOUNDER, OWNER
from monitor.errors import InputError, Refusal, Refused
from monitor.models import Person, Role

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from monitor.flows.ports import Plan, Ports
    from monitor.models import JSON
    from monitor.store import Store

_MAY_MANAGE: Final = frozenset({Role.LEAD, Role.ADMIN})
MOST: Final = 100  # open cases of somebody who leaves that are named
_DO: Final = frozenset({"add", "change", "remove"})
_WORDS: Final = frozenset({OWNER, FOUNDER, *Role})  # mean somebody else in a playbook


async def people(ports: Ports, plan: Plan, arguments: Mapping[str, JSON]) -> JSON:
    """The verb: `do` add, change or remove the person `name`, asked `by` somebody; everybody as they are now.

    `left` are the open cases of somebody who was removed, which need another owner.

    `role`, `receiver` and `founder` are given or left as they are. A lead or an admin does this; where there is none
    yet, anybody. Raises InputError and Refused.
    """
    done = str(arguments.get("do"))
    if done not in _DO:
        raise InputError(f"people are added, changed or removed, not {done!r}")
    return await ports.writer.run(partial(_people, done, arguments, plan, ports.clock.now()))


def _people(done: str, arguments: Mapping[str, JSON], plan: Plan, now: datetime, store: Store) -> JSON:
    receiver = arguments.get("receiver")
    if receiver and str(receiver) not in plan.receivers:
        raise InputError(f"there is no receiver {receiver!r}; configured are: {', '.join(plan.receivers) or 'none'}")
    with store.transaction():
        persons = {person.name.casefold(): person for person in store.persons()}
        by, name = str(arguments.get("by") or ""), " ".join(str(arguments.get("name") or "").split())
        _may_manage(persons, by)
        known = persons.get(name.casefold())
        if done == "add":
            if not name or known is not None:
                raise InputError(f"{name} is there already" if name else "a person needs a name")
            if name.casefold() in _WORDS:
                raise InputError(f"{name!r} means a part in playbooks; a person needs a name of their own")
            store.put_person(_described(Person(name=name, role=Role.AGENT), arguments), now=now)
        elif known is None:
            raise InputError(f"nobody here is called {name!r}")
        elif done == "change":
            store.put_person(_described(known, arguments), now=now)
        else:
            store.remove_person(known.name, now=now)
        left = store.cases_list(limit=MOST, owner=known.name, open_only=True) if known and done == "remove" else []
        return {
            "people": [person_json(person) for person in store.persons()],
            "left": [int(str(row["id"])) for row in left],
        }


def _may_manage(persons: Mapping[str, Person], by: str) -> None:
    managing = [person.name for person in persons.values() if person.role in _MAY_MANAGE]
    asking = persons.get(by.casefold())
    if managing and (asking is None or asking.role not in _MAY_MANAGE):
        who = f"{by!r} may not change who works here"
        raise Refused([Refusal("role", who, f"ask {' or '.join(managing)} (--as NAME)")])


def _described(person: Person, arguments: Mapping[str, JSON]) -> Person:
    """The person with what was given of role, receiver and founder."""
    if (word := arguments.get("role")) is not None:
        if word not in list(Role):
            raise InputError(f"a role is {', '.join(Role)}, not {word!r}")
        person = replace(person, role=Role(str(word)))
    if "receiver" in arguments:
        person = replace(person, receiver=str(arguments["receiver"]) if arguments["receiver"] else None)
    if (founder := arguments.get("founder")) is not None:
        person = replace(person, founder=bool(founder))
    return person


def person_json(person: Person) -> dict[str, JSON]:
    """A person as an object."""
    return {**asdict(person), "role": person.role.value}
