"""Conditions of a whole post: figures of it, and comparisons with them, as in `when = ["words >= 60"]`."""

from __future__ import annotations

import operator
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from monitor.errors import InputError
from monitor.models import PostType
from monitor.understanding.rules.patterns import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from monitor.models import Post, Span
    from monitor.understanding.reading import Reading
    from monitor.understanding.rules.views import View
    from monitor.understanding.rules.vocabulary import Index

_CONDITION: Final = re.compile(r"([a-z_]+)\s*(>=|<=|==|>|<)\s*([0-9]+(?:\.[0-9]+)?)")
_OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
}
_LIST_ITEM: Final = re.compile(r"^[ \t]*(?:[-–—•*·▪✅✔️➡👉]|\d{1,2}[.)])\s*\S", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of a figure of the post with a number; a figure that is not known holds for nothing."""

    figure: str
    operator: str
    number: float

    def __str__(self) -> str:
        return f"{self.figure} {self.operator} {self.number:g}"


@dataclass(slots=True)
class Figures:
    """The figures of a post as one brand sees it, each worked out when it is first asked for.

    `words` are the word lists of the rules' language, in which the view is.
    """

    post: Post
    readings: Sequence[Reading]
    spans: Sequence[Span]
    others: Sequence[Span]
    view: View
    words: Mapping[str, Index]
    _known: dict[str, float | None] = field(default_factory=dict)
    _kinds: Counter[str] | None = None

    def hold(self, condition: Condition) -> bool:
        """Whether a condition holds."""
        if condition.figure not in self._known:
            self._known[condition.figure] = FIGURES[condition.figure](self)
        value = self._known[condition.figure]
        return value is not None and _OPERATORS[condition.operator](value, condition.number)

    def kinds(self) -> Counter[str]:
        """How many tokens of each kind title and text have."""
        if self._kinds is None:
            self._kinds = Counter([token.kind for reading in self.readings for token in reading.tokens])
        return self._kinds


def parse(text: str) -> Condition:
    """A condition as it is written. Raises InputError with what is wrong."""
    found = _CONDITION.fullmatch(text.strip())
    if found is None:
        raise InputError(f"«{text}» is no condition: write a figure, one of >= <= > < ==, and a number")
    if found[1] not in FIGURES:
        raise InputError(f"unknown figure «{found[1]}» in «{text}»; {nearest(found[1], FIGURES)}")
    return Condition(found[1], found[2], float(found[3]))


def _of_kind(kind: str) -> Callable[[Figures], float]:
    return lambda figures: figures.kinds()[kind]


def _marked(mark: str, listed: str) -> Callable[[Figures], float]:
    """How many units have a mark or stand in a word list."""

    def count(figures: Figures) -> float:
        view = figures.view
        return len(
            (view.covered(figures.words[listed]) if listed in figures.words else frozenset())
            | {at for at, token in enumerate(view.tokens) if mark in token.marks}
        )

    return count


def _capitals(figures: Figures) -> float:
    letters = [character for text in _texts(figures.post) for character in text if character.isalpha()]
    return sum(map(str.isupper, letters)) / len(letters) if letters else 0.0


def _texts(post: Post) -> tuple[str, str]:
    return post.title, post.text


FIGURES: Final[Mapping[str, Callable[[Figures], float | None]]] = {
    "words": _of_kind("word"),
    "sentences": lambda figures: sum(len(reading.sentences) for reading in figures.readings),
    "urls": _of_kind("url"),
    "phones": _of_kind("phone"),
    "emails": _of_kind("email"),
    "handles": _of_kind("handle"),
    "hashtags": _of_kind("hashtag"),
    "emoji": _of_kind("emoji"),
    "questions": lambda figures: sum(sent.question for reading in figures.readings for sent in reading.sentences),
    "exclamations": lambda figures: sum(text.count("!") for text in _texts(figures.post)),
    "digits": lambda figures: sum(sum(map(str.isdigit, text)) for text in _texts(figures.post)),
    "first_person": _marked("1per", "first_person"),
    "second_person": _marked("2per", "second_person"),
    "third_person": _marked("3per", "third_person"),
    "imperatives": _marked("impr", "imperative"),
    "capitals": _capitals,
    "brands": lambda figures: len(figures.spans),
    "other_brands": lambda figures: len(figures.others),
    "rating": lambda figures: figures.post.rating,
    "reply": lambda figures: figures.post.parent is not None or figures.post.type is PostType.COMMENT,
    "review": lambda figures: figures.post.type is PostType.REVIEW or figures.post.rating is not None,
    "article": lambda figures: figures.post.type is PostType.ARTICLE,
    "list_items": lambda figures: sum(len(_LIST_ITEM.findall(text)) for text in _texts(figures.post)),
}
"""What `when` may compare; counts, but `capitals` is a share of all letters and `rating` runs from 1 to 5."""
