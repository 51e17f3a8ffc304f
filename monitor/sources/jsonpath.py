"""Paths into JSON, texts made of them, and conditions on them: what a configuration can say of an answer's shape.

A path is `data.items[0].name`: keys, `[n]`, `[*]` for each element, `[key=value]` for those elements of a list that
have it, `["key.with.dots"]`, and `$.` before it for the root of the answer instead of the item. A template is a text
with `{path}` in it. A condition is `path`, `!path`, `path=value` or `path!=value`. It is no JSONPath or JMESPath:
those filter by expressions, of which a stranger's answer can make exponential work; this is linear and bounded.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, islice
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monitor.models import JSON

LIMIT: Final = 10_000
"""Values that a path leads to at most."""

_STEP: Final = re.compile(
    r"(?P<key>[^.\[\]{}\s\"'=!$]+)|\[(?P<index>-?\d{1,6})\]|\[(?P<each>\*)\]|\[\"(?P<quoted>[^\"]{1,200})\"\]|"
    r"\[(?P<name>[^\[\]\"=*]{1,100})=(?P<value>[^\[\]]{0,100})\]"
)
_SLOT: Final = re.compile(r"(?<!\$)\{(\+?)([^{}]+)\}")
_CONDITION: Final = re.compile(r"(?P<no>!?)(?P<path>(?:[^\[\]=!]|\[[^\]]*\])+)(?:(?P<sign>!?=)(?P<value>.*))?")


class _Step(NamedTuple):
    """One step: a key, a place in a list, all elements, or those in which `name` has `value`."""

    key: str | None = None
    place: int | None = None
    name: str | None = None
    value: str = ""

    @property
    def is_each(self) -> bool:
        return self == _EACH


_EACH: Final = _Step()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer's root, and its records by type and id, which others name (JSON:API)."""

    root: JSON
    joined: Mapping[tuple[str, str], Mapping[str, JSON]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Path:
    """A path that was read."""

    steps: tuple[_Step, ...]
    rooted: bool

    def values(self, item: JSON, answer: Answer) -> list[JSON]:
        """All that it leads to from an item of the answer, null included."""
        return _follow(self.steps, answer.root if self.rooted else item, answer)

    def is_there(self, item: JSON, answer: Answer) -> bool:
        """Whether it leads anywhere, up to its first `[*]`, where there may be nothing at the time."""
        first = next((number for number, step in enumerate(self.steps) if step.is_each), len(self.steps))
        return bool(_follow(self.steps[:first], answer.root if self.rooted else item, answer))

    def elements(self, item: JSON, answer: Answer) -> list[JSON]:
        """All that it leads to, and of a list at its end the elements."""
        found = self.values(item, answer)
        if self.steps and self.steps[-1].is_each:
            return found
        return list(islice(chain.from_iterable(one if isinstance(one, list) else [one] for one in found), LIMIT))


def _follow(steps: tuple[_Step, ...], start: JSON, answer: Answer) -> list[JSON]:
    found: list[JSON] = [start]
    for step in steps:
        found = list(islice(chain.from_iterable(_next(value, step, answer) for value in found), LIMIT))
    return found


def _next(value: JSON, step: _Step, answer: Answer) -> Iterable[JSON]:
    if step.key is not None:
        return _of_key(value, step.key, answer)
    if step.place is not None:
        inside = isinstance(value, list) and -len(value) <= step.place < len(value)
        return [value[step.place]] if isinstance(value, list) and inside else []
    elements = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    if step.is_each:
        return elements
    wanted = step.name or ""
    return (one for one in elements if isinstance(one, dict) and wanted in one and spelt(one[wanted]) == step.value)


def _of_key(value: JSON, key: str, answer: Answer) -> list[JSON]:
    if not isinstance(value, dict):
        return []
    if key not in value and answer.joined:
        value = dict(answer.joined.get(_identity(value), {}))
    return [value[key]] if key in value else []


def _identity(record: Mapping[str, JSON]) -> tuple[str, str]:
    return spelt(record.get("type")), spelt(record.get("id"))


def joined(records: Iterable[JSON]) -> dict[tuple[str, str], Mapping[str, JSON]]:
    """Records by type and id."""
    return {_identity(one): one for one in records if isinstance(one, dict) and "id" in one}


def spelt(value: JSON) -> str:
    """A plain value as conditions and templates spell it; empty for a list, a mapping and what is no number."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value) if value.bit_length() < 256 else ""
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 2**63 else repr(value)
    return ""


@lru_cache(maxsize=1024)
def path(text: str) -> Path:
    """Reads a path. Raises ValueError."""
    text = text.strip()
    rooted = text == "$" or text.startswith(("$.", "$["))
    rest = text[1:].removeprefix(".") if rooted else "" if text == "." else text
    steps: list[_Step] = []
    place = 0
    while place < len(rest):
        found = _STEP.match(rest, place)
        if not found:
            raise ValueError(f"{text!r} is no path: see {rest[place : place + 20]!r}")
        steps.append(_step(found))
        place = found.end()
        if rest[place : place + 1] == ".":
            place += 1
            if place == len(rest):
                raise ValueError(f"{text!r} is no path: a key is missing after the last dot")
        elif place < len(rest) and rest[place] != "[":
            raise ValueError(f"{text!r} is no path: see {rest[place : place + 20]!r}")
    if not text:
        raise ValueError("a path is empty")
    return Path(tuple(steps), rooted)


def _step(found: re.Match[str]) -> _Step:
    if found["index"]:
        return _Step(place=int(found["index"]))
    if found["each"]:
        return _EACH
    if found["name"]:
        return _Step(name=found["name"], value=found["value"])
    return _Step(key=found["key"] or found["quoted"])


class Slot(NamedTuple):
    """A path in a template; `reserved` says that its value keeps the signs that structure an address."""

    path: Path
    reserved: bool


Template: TypeAlias = tuple[str | Slot, ...]
"""Literal texts and the slots between them."""


@lru_cache(maxsize=1024)
def template(text: str) -> Template | None:
    """Reads a template; None for a text without `{path}`, which then is a path itself. Raises ValueError."""
    pieces: list[str | Slot] = []
    done = 0
    for found in _SLOT.finditer(text):
        pieces += [text[done : found.start()], Slot(path(found[2]), bool(found[1]))]
        done = found.end()
    return (*pieces, text[done:]) if pieces else None


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that was read; `sign` is "", "=" or "!=", and "!" for a path that must say nothing."""

    path: Path
    sign: str
    value: str

    def holds(self, item: JSON, answer: Answer) -> bool:
        """Whether an item meets it."""
        found = self.path.values(item, answer)
        if self.sign in ("", "!"):
            return any(map(_says_something, found)) != bool(self.sign)
        flat = chain.from_iterable(one if isinstance(one, list) else [one] for one in found)
        return any(spelt(one) == self.value for one in flat) == (self.sign == "=")

    def told(self, item: JSON, answer: Answer) -> str:
        """The first words at its path or within what stands there, for people; empty where there are none."""
        stack = self.path.values(item, answer)[::-1]
        for _ in range(100):
            value = stack.pop() if stack else ""
            if isinstance(value, dict | list):
                inner = list(value.values() if isinstance(value, dict) else value)[:20]
                stack += sorted(inner, key=lambda one: isinstance(one, str) and " " in one)
            elif words := spelt(value):
                return words
            if not stack:
                break
        return ""


def _says_something(value: JSON) -> bool:
    return bool(value)


@lru_cache(maxsize=1024)
def condition(text: str) -> Condition:
    """Reads a condition. Raises ValueError."""
    found = _CONDITION.fullmatch(text.strip())
    if not found or (found["no"] and found["sign"]):
        raise ValueError(f"{text!r} is no condition: write path, !path, path=value or path!=value")
    return Condition(path(found["path"]), found["sign"] or found["no"], (found["value"] or "").strip())
