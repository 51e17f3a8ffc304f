"""Silences: somebody who knows why says what nobody is to be told of for a time, and ends it again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from monitor.alerting.silences import EVERYTHING, first_match
from monitor.config.fields import duration, spell_duration
from monitor.errors import InputError
from monitor.flows.dispatching import candidate
from monitor.flows.lexicon import forms, learn
from monitor.models import Silence
from monitor.query import compile_query, parse
from monitor.text import plain_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.flows.ports import Plan, Ports
    from monitor.models import JSON
    from monitor.query import Predicate
    from monitor.store import Store

LONGEST: Final = timedelta(days=90)
"""What nobody is to hear of for longer is no matter of a silence but of the routes."""
LONGEST_COMMENT: Final = 200
"""Code points: the comment is noted with each delivery that the silence mutes."""
_MOST: Final = 1000  # groups that are looked through for what a silence would mute
_EVER: Final = datetime.max.replace(tzinfo=UTC)


async def silence(ports: Ports, _plan: Plan, arguments: Mapping[str, JSON]) -> JSON:
    """The verb: `do` add or end a silence, asked `by` somebody; the `silence` as it is then.

    Added is one of what satisfies the query `match` or of all that belongs to the `case`, `for` a time (as in 2d) or
    `until` a moment (ISO 8601, in UTC where no zone is said), with a `comment`; `waiting` is how many deliveries it
    mutes as it is now. Ended is the one of the number `id`. Raises InputError, and QueryError for a query that cannot
    be read.
    """
    match arguments.get("do"):
        case "add":
            return await _add(ports, arguments)
        case "end":
            number = _number(arguments.get("id"), "silence")
            return await ports.writer.run(partial(_end, number, _said(arguments, "by"), ports.clock.now()))
        case done:
            raise InputError(f"silences are added or ended, not {done!r}")


async def _add(ports: Ports, arguments: Mapping[str, JSON]) -> JSON:
    now = ports.clock.now()
    match, case = _said(arguments, "match"), arguments.get("case")
    if bool(match) is (case is not None):
        raise InputError("a silence is of what satisfies a query, or of a case: give one of them")
    comment = _said(arguments, "comment")
    if not comment:
        raise InputError("say why: a comment is noted with all that the silence mutes (--comment TEXT)")
    if len(comment) > LONGEST_COMMENT:
        raise InputError(f"a comment has at most {LONGEST_COMMENT} characters, not {len(comment)}")
    query = parse(match or EVERYTHING)
    await learn(ports, [str(query)])
    wanted = Silence(
        id=0,
        match=str(query),
        case_id=None if case is None else _number(case, "case"),
        starts_at=now,
        ends_at=_end_of(arguments, now),
        person=_said(arguments, "by"),
        comment=comment,
    )
    return await ports.writer.run(partial(_store, wanted, compile_query(query, forms), now))


def _store(wanted: Silence, holds: Predicate, now: datetime, store: Store) -> JSON:
    with store.transaction():
        wanted = replace(wanted, person=_person(store, wanted.person))
        if wanted.case_id is not None and store.case(wanted.case_id) is None:
            raise InputError(f"there is no case {wanted.case_id}")
        added = replace(wanted, id=store.add_silence(wanted, now))
        return {"silence": silence_json(added), "waiting": _waiting(store, added, holds, now)}


def _waiting(store: Store, added: Silence, holds: Predicate, now: datetime) -> int:
    """How many deliveries that wait for their message it is about."""
    found = (
        candidate(store, one, knows=True) for group in store.due_groups(_EVER, limit=_MOST) for one in group.waiting
    )
    matches = (first_match([(added, holds)], one.facts, case_id=one.case_id, now=now) for one in found)
    return sum(match is not None for match in matches)


def _end(number: int, by: str, now: datetime, store: Store) -> JSON:
    with store.transaction():
        _person(store, by)
        found = store.silence(number)
        if found is None:
            raise InputError(f"there is no silence {number}")
        if not store.end_silence(number, now):
            raise InputError(f"silence {number} ended at {found.ends_at:%Y-%m-%d %H:%M} UTC")
        return {"silence": silence_json(replace(found, ends_at=now))}


def _person(store: Store, name: str) -> str:
    """Who asks, as they are entered; where nobody is, whoever asks."""
    if not name:
        raise InputError("say who does this")
    persons = {person.name.casefold(): person.name for person in store.persons()}
    if persons and name.casefold() not in persons:
        names = ", ".join(persons.values())
        raise InputError(f"nobody here is called {name!r}; there are {names} (monitor people add, or --as NAME)")
    return persons.get(name.casefold(), name)


def _end_of(arguments: Mapping[str, JSON], now: datetime) -> datetime:
    span, moment = arguments.get("for"), arguments.get("until")
    if (span is None) is (moment is None):
        raise InputError("say for how long (--for 2d), or until when (--until 2026-11-30T09:00)")
    try:
        end = now + duration(span) if span is not None else datetime.fromisoformat(str(moment))
    except (ValueError, OverflowError):
        hint = "write 30m, 2h or 7d" if span is not None else "write 2026-11-30 or 2026-11-30T09:00, in UTC"
        raise InputError(f"{span if span is not None else moment!r} is no time; {hint}") from None
    end = end.replace(tzinfo=UTC) if end.tzinfo is None else end.astimezone(UTC)
    if end <= now:
        raise InputError("a silence ends later than now")
    if end - now > LONGEST:
        raise InputError(f"a silence lasts at most {spell_duration(LONGEST)}; what nobody needs is for the routes")
    return end


def _said(arguments: Mapping[str, JSON], key: str) -> str:
    return plain_text(str(arguments.get(key) or ""), one_line=True)


def _number(value: JSON, what: str) -> int:
    if isinstance(value, int | str) and str(value).isdecimal():
        return int(value)
    raise InputError(f"a {what} is named by its number, not {value!r}")


def silence_json(silence: Silence) -> dict[str, JSON]:
    """A silence as an object."""
    return {
        "id": silence.id,
        "match": silence.match,
        "case": silence.case_id,
        "starts_at": silence.starts_at.isoformat(),
        "ends_at": silence.ends_at.isoformat(),
        "person": silence.person,
        "comment": silence.comment,
    }
