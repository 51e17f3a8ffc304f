"""Fields of a rule file's tables, read with their types; each mistake is noted with file, line and place."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from monitor.errors import InputError
from monitor.understanding.rules.patterns import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_Made = TypeVar("_Made")


@dataclass(slots=True)
class Faults:
    """The mistakes of one file, in the order they were met."""

    file: str
    source: str
    told: list[str] = field(default_factory=list)

    def add(self, place: str, problem: str) -> None:
        """Note a mistake at a rule's id or a table, with its line where that can be found."""
        name = re.escape(place)
        named = rf"id[ \t]*=[ \t]*[\"']{name}[\"']|\[\[?{name}\]|{name}[ \t]*="
        found = re.search(rf"^[ \t]*(?:{named})", self.source, re.MULTILINE)
        line = f":{self.source.count(chr(10), 0, found.start()) + 1}" if found else ""
        self.told.append(f"{self.file}{line}: {place}: {problem}")

    def trying(self, place: str, make: Callable[[], _Made]) -> _Made | None:
        """What `make` makes; None where it raises InputError, which is noted."""
        try:
            return make()
        except InputError as fault:
            self.add(place, str(fault))
            return None


@dataclass(slots=True)
class Fields:
    """The fields of one table; `place` is the name under which mistakes are told."""

    table: Mapping[str, Any]
    place: str
    faults: Faults

    def fault(self, problem: str) -> None:
        """Note a mistake of this table."""
        self.faults.add(self.place, problem)

    def only(self, known: Iterable[str]) -> None:
        """Note every field that is not known."""
        known = tuple(known)
        for key in self.table:
            if key not in known:
                self.fault(f"unknown field «{key}»; {nearest(key, known)}")

    def text(self, key: str) -> str | None:
        """A field that must be there and be a text."""
        value = self.table.get(key)
        if isinstance(value, str) and value:
            return value
        self.fault(f"«{key}» is missing" if value is None else f"«{key}» must be a text")
        return None

    def number(self, key: str, default: float, *, low: float, high: float) -> float:
        """A number from `low` to `high`."""
        value = self.table.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self.fault(f"«{key}» must be a number")
        elif not low <= value <= high:
            self.fault(f"«{key}» is {value:g} and must be from {low:g} to {high:g}")
        else:
            return value
        return default

    def whole(self, key: str, *, low: int, high: int) -> int | None:
        """A whole number from `low` to `high`, None where the field is absent."""
        if key not in self.table:
            return None
        value = self.number(key, low, low=low, high=high)
        if value != int(value):
            self.fault(f"«{key}» must be a whole number")
        return int(value)

    def flag(self, key: str) -> bool:
        """True or false; false where the field is absent."""
        value = self.table.get(key, False)
        if not isinstance(value, bool):
            self.fault(f"«{key}» must be true or false")
        return value is True

    def choice(self, key: str, default: str | None, known: Sequence[str]) -> str:
        """One of the known words; the first of them where it is none, which is noted."""
        value = self.table.get(key, default)
        if value in known:
            return str(value)
        self.fault(f"«{key}» is missing" if value is None else f"unknown {key} «{value}»; {nearest(str(value), known)}")
        return known[0]

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty where the field is absent."""
        value = self.table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            self.fault(f"«{key}» must be a list of texts in quotation marks")
            return ()
        if key in self.table and not value and key != "guards":
            self.fault(f"«{key}» is an empty list; leave it out")
        return tuple(value)

    def names(self, key: str, known: Iterable[str]) -> tuple[str, ...]:
        """A list of known words."""
        known = tuple(known)
        found = self.texts(key)
        for name in found:
            if name not in known:
                self.fault(f"unknown «{name}» in {key}; {nearest(name, known)}")
        return found
