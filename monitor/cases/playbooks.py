"""Which playbook a case follows: the shipped ones, what sources.yaml changes of them, and their union over classes."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields, replace
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from monitor.cases.rules import MANUAL, NEGATIVE
from monitor.models import Duty, Playbook

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from monitor.models import PlaybookSettings

_KEYS: Final = frozenset(field.name for field in fields(Playbook))
_UNITS: Final = {"h": timedelta(hours=1), "m": timedelta(minutes=1)}


def names() -> frozenset[str]:
    """The classes that have a shipped playbook."""
    return frozenset(_shipped())


def known(settings: Mapping[str, PlaybookSettings]) -> Mapping[str, Playbook]:
    """All playbooks by class: the shipped ones with what `settings` say of them.

    A class that only `settings` name starts from the playbook of `negative`, as it stands after its own settings.
    """
    shipped = dict(_shipped())
    if NEGATIVE in settings:
        shipped[NEGATIVE] = _changed(shipped[NEGATIVE], settings[NEGATIVE])
    others = {name: said for name, said in settings.items() if name != NEGATIVE}
    return shipped | {name: _changed(shipped.get(name, shipped[NEGATIVE]), said) for name, said in others.items()}


def combine(classes: Collection[str], playbooks: Mapping[str, Playbook]) -> Playbook:
    """The playbook of a case with these classes, whatever their order: the strictest of theirs.

    The shortest deadlines and all duties and tells hold; reminder, pauses and ladder are those of the most urgent one,
    the one with the shortest time to acknowledge. Classes without a playbook add nothing beside others that have one;
    alone they are complaints. Without any class it is that of a case opened by hand.
    """
    fallback = NEGATIVE if classes else MANUAL
    having = {name for name in classes if name in playbooks} or {fallback}
    by_urgency = [playbooks[name] for name in sorted(having, key=lambda name: _urgency(name, playbooks[name]))]
    return replace(
        by_urgency[0],
        acknowledge=min(playbook.acknowledge for playbook in by_urgency),
        resolve=min(playbook.resolve for playbook in by_urgency),
        tell=_united(playbook.tell for playbook in by_urgency),
        duties=frozenset().union(*(playbook.duties for playbook in by_urgency)),
        always=any(playbook.always for playbook in by_urgency),
        attempts=max(playbook.attempts for playbook in by_urgency),
    )


def _urgency(name: str, playbook: Playbook) -> tuple[timedelta, timedelta, str]:
    return playbook.acknowledge, playbook.resolve, name


def _united(tells: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for tell in tells for word in tell))


def _changed(playbook: Playbook, said: PlaybookSettings) -> Playbook:
    given: dict[str, Any] = {key: value for key in _KEYS if (value := getattr(said, key)) is not None}
    return replace(playbook, **given)


@cache
def _shipped() -> Mapping[str, Playbook]:
    text = files(__package__).joinpath("data", "playbooks.toml").read_text(encoding="utf-8")
    return {name: _read(table) for name, table in tomllib.loads(text).items()}


def _read(table: Mapping[str, Any]) -> Playbook:
    return Playbook(
        acknowledge=_duration(table["acknowledge"]),
        resolve=_duration(table["resolve"]),
        remind=_duration(table["remind"]),
        pause=_duration(table["pause"]),
        ladder=tuple(table["ladder"]),
        tell=tuple(table.get("tell", ())),
        duties=frozenset(map(Duty, table.get("duties", ()))),
        always=table.get("always", False),
    )


def _duration(text: str) -> timedelta:
    return sum((int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([hm])", text)), timedelta())
