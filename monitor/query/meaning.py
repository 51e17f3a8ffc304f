"""What words, spellings and moments mean: what the predicate and the SQL share, so that both find the same.

A word is looked for in any inflection: its dictionary forms are compared with those of the text. A word of several
parts (wi-fi) means its parts side by side, each in any inflection, so it has as many readings as there are
combinations; beyond MOST_READINGS it is looked for as it is spelt, like a phrase.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Final, TypeAlias

from monitor.query.nodes import Near, Word
from monitor.text import words

if TYPE_CHECKING:
    from monitor.query.asking import Query

Variants: TypeAlias = Callable[[str], frozenset[str]]
"""A folded word to every dictionary form that it may have, in any language."""

MOST_READINGS: Final = 256

OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}


def known_variants(word: str) -> frozenset[str]:
    """`monitor.lemmas.variants`, whose dictionaries are loaded by the first call and no sooner."""
    from monitor.lemmas import variants

    return variants(word)


def words_of(query: Query) -> frozenset[str]:
    """The folded words whose variants a query needs, each of which `compile_query` asks for once."""
    texts: list[str] = []
    for term in query.terms():
        match term:
            case Word(text):
                texts.append(text)
            case Near(left, right):
                texts += left, right
    return frozenset(word for text in texts for word in words(text))


def readings(text: str, variants: Variants) -> tuple[str, ...] | None:
    """Every way to read a word of one or several parts as dictionary forms with single spaces; None: too many."""
    forms = [sorted(variants(part)) for part in words(text)]
    return tuple(map(" ".join, product(*forms))) if prod(map(len, forms)) <= MOST_READINGS else None


def sides(near: Near, variants: Variants) -> tuple[frozenset[str], frozenset[str]] | None:
    """The dictionary forms of both words of `near`; None: too many pairs, so both are looked for as they are spelt."""
    left, right = (frozenset(readings(word, variants) or ()) for word in (near.left, near.right))
    return (left, right) if 0 < len(left) * len(right) <= MOST_READINGS else None


def spelt(text: str, phrase: str) -> bool:
    """Whether `phrase` stands in `text` exactly so, case too, as whole words; any white space equals any other."""
    return _spelling(phrase).search(text) is not None


@lru_cache(maxsize=256)
def _spelling(phrase: str) -> re.Pattern[str]:
    before = r"(?<![^\W_])" if phrase[:1].isalnum() else ""
    after = r"(?![^\W_])" if phrase[-1:].isalnum() else ""
    return re.compile(before + r"\s+".join(map(re.escape, phrase.split())) + after)


def stamp(moment: datetime) -> str:
    """A moment as the database spells it, in UTC with milliseconds, the rest cut off: sorts as text."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
