"""The filter as records, each of which prints as text that reads back as itself, and the table of fields."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from monitor.models import Label, PostType

if TYPE_CHECKING:
    from collections.abc import Mapping

# Fields that hold text; the values that some of them are limited to.
TEXT_FIELDS: Mapping[str, tuple[str, ...]] = {
    "brand": (),
    "source": (),
    "author": (),
    "site": (),
    "lang": (),
    "special": (),
    "sentiment": tuple(Label),
    "type": tuple(PostType),
    "doubtful": ("yes", "no"),
}
# Fields that hold a number, with the range that makes sense.
NUMBER_FIELDS: Mapping[str, tuple[int, int]] = {
    "influence": (0, 100),
    "priority": (0, 100),
    "rating": (0, 5),
    "relevance": (0, 1),
}

# A value that needs no quotes.
BARE = re.compile(r'[^\s()"]+')


@dataclass(frozen=True, slots=True)
class Everything:
    """`*`: always holds."""

    def __str__(self) -> str:
        return "*"


@dataclass(frozen=True, slots=True)
class Word:
    """A word that stands in the title or the text, whatever its case."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that stand side by side in the title or in the text."""

    text: str

    def __str__(self) -> str:
        return _quote(self.text)


@dataclass(frozen=True, slots=True)
class Is:
    """A field of TEXT_FIELDS has this value, whatever its case; `site:` holds for subdomains too."""

    field: str
    value: str

    def __str__(self) -> str:
        bare = BARE.fullmatch(self.value) is not None
        return f"{self.field}:{self.value if bare else _quote(self.value)}"


@dataclass(frozen=True, slots=True)
class Compare:
    """A field of NUMBER_FIELDS compares so with this number."""

    field: str
    operator: str
    number: float

    def __str__(self) -> str:
        return f"{self.field}{self.operator}{_number(self.number)}"


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


Node: TypeAlias = Everything | Word | Phrase | Is | Compare | Not | And | Or


def leaves(node: Node) -> tuple[Node, ...]:
    """The terms without the connectives, in the order of the text."""
    if isinstance(node, Not):
        return leaves(node.term)
    if isinstance(node, And | Or):
        return tuple(leaf for term in node.terms for leaf in leaves(term))
    return (node,)


def _group(node: Node, *kinds: type[And | Or]) -> str:
    return f"({node})" if isinstance(node, kinds) else str(node)


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _number(number: float) -> str:
    return f"{number:.9f}".rstrip("0").rstrip(".")
