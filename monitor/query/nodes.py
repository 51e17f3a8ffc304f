"""The filter as records, each of which prints as text that reads back as itself, and the table of fields."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

from monitor.models import Label, PostType

if TYPE_CHECKING:
    from collections.abc import Mapping

# Fields that hold text; the values that some of them are limited to.
TEXT_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "brand": (),
    "source": (),
    "author": (),
    "site": (),
    "lang": (),
    "case": (),
    "sentiment": tuple(Label),
    "type": tuple(PostType),
    "doubtful": ("yes", "no"),
    "unsure": ("yes", "no"),
    "alarming": ("yes", "no"),
}
RECKONED_FIELDS: Final = frozenset({"unsure", "alarming"})
"""Text fields that follow from the stored probabilities of the sentiment, and are in no index."""

# Fields that hold a number, with the range that makes sense.
NUMBER_FIELDS: Final[Mapping[str, tuple[int, int]]] = {
    "influence": (0, 100),
    "priority": (0, 100),
    "rating": (1, 5),
    "relevance": (0, 1),
}
TIME_FIELDS: Final = ("since", "before")
TITLE: Final = "title"
"""The field whose value is a word, a phrase or an exact spelling."""

DURATIONS: Final[Mapping[str, timedelta]] = {
    "y": timedelta(days=365),
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
}
"""Units of time, as in sources.yaml; the largest is written first."""

# A value that needs no quotes.
BARE: Final = re.compile(r'[^\s()"]+')


@dataclass(frozen=True, slots=True)
class Everything:
    """`*`: always holds."""

    def __str__(self) -> str:
        return "*"


@dataclass(frozen=True, slots=True)
class Word:
    """A word in any inflection, in the title or the text, or in the title only; its parts stand side by side."""

    text: str
    field: str = ""

    def __str__(self) -> str:
        return _in(self.field, self.text)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words side by side as they are spelt, whatever their case, in the title or the text, or in the title only."""

    text: str
    field: str = ""

    def __str__(self) -> str:
        return _in(self.field, _quote(self.text))


@dataclass(frozen=True, slots=True)
class Exact:
    """A word or words exactly as written, case too, in the title or the text, or in the title only."""

    text: str
    field: str = ""

    def __str__(self) -> str:
        return _in(self.field, f"={_bare_or_quoted(self.text)}")


@dataclass(frozen=True, slots=True)
class Near:
    """Two words in any inflection and any order, in the title or in the text, with at most `most` words between."""

    left: str
    right: str
    most: int

    def __str__(self) -> str:
        return f"{self.left} near/{self.most} {self.right}"


@dataclass(frozen=True, slots=True)
class Is:
    """A field of TEXT_FIELDS has this value, whatever its case; `site:` holds for subdomains too."""

    field: str
    value: str

    def __str__(self) -> str:
        return f"{self.field}:{_bare_or_quoted(self.value)}"


@dataclass(frozen=True, slots=True)
class Compare:
    """A field of NUMBER_FIELDS compares so with this number."""

    field: str
    operator: str
    number: float

    def __str__(self) -> str:
        return f"{self.field}{self.operator}{_number(self.number)}"


@dataclass(frozen=True, slots=True)
class Time:
    """Published, else discovered, at or after (`since`) or before (`before`) a moment; a timedelta means that ago."""

    field: str
    moment: datetime | timedelta

    def __str__(self) -> str:
        return f"{self.field}:{_moment(self.moment)}"


@dataclass(frozen=True, slots=True)
class Not:
    """The term does not hold."""

    term: Node

    def __str__(self) -> str:
        return f"NOT {_group(self.term, And, Or)}"


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more terms hold."""

    terms: tuple[Node, ...]

    def __str__(self) -> str:
        return " AND ".join(_group(term, And, Or) for term in self.terms)


@dataclass(frozen=True, slots=True)
class Or:
    """One of two or more terms holds."""

    terms: tuple[Node, ...]

    def __str__(self) -> str:
        return " OR ".join(_group(term, Or) for term in self.terms)


Leaf: TypeAlias = Everything | Word | Phrase | Exact | Near | Is | Compare | Time
Node: TypeAlias = Leaf | Not | And | Or


def leaves(node: Node) -> tuple[Leaf, ...]:
    """The terms without the connectives, in the order of the text."""
    if isinstance(node, Not):
        return leaves(node.term)
    if isinstance(node, And | Or):
        return tuple(leaf for term in node.terms for leaf in leaves(term))
    return (node,)


def _group(node: Node, *kinds: type[And | Or]) -> str:
    return f"({node})" if isinstance(node, kinds) else str(node)


def _in(field: str, term: str) -> str:
    return f"{field}:{term}" if field else term


def _bare_or_quoted(text: str) -> str:
    # A # before a space would begin a comment.
    return text if BARE.fullmatch(text) and text != "#" else _quote(text)


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _number(number: float) -> str:
    return f"{number:.9f}".rstrip("0").rstrip(".")


def _moment(moment: datetime | timedelta) -> str:
    """As it is read: in the largest unit but weeks that divides it, or a date, or a date with its time."""
    if isinstance(moment, timedelta):
        units = ((name, unit) for name, unit in DURATIONS.items() if name != "w" and moment >= unit)
        return next((f"{moment // unit}{name}" for name, unit in units if not moment % unit), "0d")
    text = moment.isoformat(timespec="seconds" if moment.second else "minutes")
    return text.replace("+00:00", "Z").removesuffix("T00:00Z")
