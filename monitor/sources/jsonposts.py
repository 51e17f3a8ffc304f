"""From an item of JSON to a Post: what each field's value means, whatever its type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from monitor.models import Author, Post, PostType
from monitor.sources import fields, figures
from monitor.sources.jsonpath import Answer, Slot, path, spelt, template
from monitor.sources.paging import own_address, quoted
from monitor.text import FIELD_CAP, clean_url, plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from monitor.models import JSON
    from monitor.sources.dates import Clock

_NAME_CAP: Final = 160
_TITLE_CAP: Final = 500
_ID_CAP: Final = 256
_JOINED: Final = 200  # elements of a list that a text is made of
_ADDRESS: Final = re.compile(r"https?:|\.{0,2}/", re.IGNORECASE)
_LANGUAGE: Final = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z]{2,4}){0,2}")
_REMOVED: Final = re.compile(r"\[\s*(?:deleted|removed)(?: by [\w ]{1,40})?\s*\]", re.IGNORECASE)
_NONE: Final = frozenset({"", "0", "null", "false"})
_RESERVED: Final = "/?&=#:,;@!$'()*+~%"
_SCALES: Final = ((10**14, 10**6), (10**11, 10**3), (0, 1))  # microseconds, milliseconds and seconds since 1970


@dataclass(frozen=True, slots=True)
class PostMaker:
    """Makes Posts of the items of one answer.

    `given` are the paths and templates of each field, `base` is what addresses are relative to, `home` the source's
    own address, `markup` whether texts are HTML (None: told by each), `type` what every post is ("auto": told).
    """

    given: Mapping[str, tuple[str, ...]]
    answer: Answer
    base: str
    home: str
    clock: Clock
    asked: datetime
    markup: bool | None
    best: float | None
    type: str

    def post(self, item: JSON) -> Post | None:
        """The post in an item; None where it says nothing, or only that it was removed."""
        title, text = self._prose(item, "title", one_line=True)[:_TITLE_CAP], self._prose(item, "text")
        if _REMOVED.fullmatch(text or title) or not (title or text):
            return None
        thread, parent = self._reference(item, "thread"), self._reference(item, "parent")
        rating = self._rating(item)
        native_id = fields.identifier(self._line(item, "id"))
        return Post(
            native_id=native_id if native_id and len(native_id) <= _ID_CAP else None,
            url=next(filter(None, (fields.address(link, self.base) for link in self._lines(item, "url"))), None),
            title=title,
            text=text,
            author=self._author(item),
            published=next(filter(None, map(self._moment, self._values(item, "published"))), None),
            rating=rating,
            likes=self._count(item, "likes"),
            replies=self._count(item, "replies"),
            views=self._count(item, "views"),
            thread=thread or parent,
            parent=parent,
            type=self._type(answers=parent is not None, rated=rating is not None, titled=bool(title)),
            lang=self._language(item),
            follow=self._follow(item),
        )

    def _type(self, *, answers: bool, rated: bool, titled: bool) -> PostType:
        if self.type != "auto":
            return PostType(self.type)
        if rated:
            return PostType.REVIEW
        if answers:
            return PostType.COMMENT
        return PostType.ARTICLE if titled else PostType.POST

    # What a field may be, best first. ────────────────────────────────────────────────────────────────────────────────

    def _values(self, item: JSON, name: str) -> Iterator[JSON]:
        """The values at a field's paths, and the texts that its templates make."""
        for one in self.given.get(name, ()):
            pieces = template(one)
            if pieces is None:
                yield from path(one).values(item, self.answer)
            elif (made := self._filled(item, pieces)) is not None:
                yield made

    def _filled(self, item: JSON, pieces: tuple[str | Slot, ...]) -> str | None:
        is_address = isinstance(pieces[0], str) and _ADDRESS.match(pieces[0]) is not None
        made = []
        for piece in pieces:
            if isinstance(piece, str):
                made.append(piece)
                continue
            value = next(filter(None, map(_plain, piece.path.values(item, self.answer))), "")
            if not value:
                return None
            made.append(_encoded(value, reserved=piece.reserved) if is_address else value)
        return "".join(made)

    def _lines(self, item: JSON, name: str) -> Iterator[str]:
        return filter(None, map(_plain, self._values(item, name)))

    def _line(self, item: JSON, name: str) -> str:
        return next((line for value in self._lines(item, name) if (line := plain_text(value, one_line=True))), "")

    def _prose(self, item: JSON, name: str, *, one_line: bool = False) -> str:
        for one in self.given.get(name, ()):
            pieces = template(one)
            if pieces is None:
                text = "\n".join(filter(None, map(self._read, path(one).elements(item, self.answer)[:_JOINED])))
            else:
                said = [
                    "\n".join(map(self._read, piece.path.elements(item, self.answer)[:_JOINED]))
                    if isinstance(piece, Slot)
                    else piece
                    for piece in pieces
                ]
                text = "".join(said) if any(said[1::2]) else ""
            if text := plain_text(text, one_line=one_line):
                return text
        return ""

    def _read(self, value: JSON) -> str:
        if not isinstance(value, str):
            return "" if isinstance(value, bool) else _plain(value)
        value = value[:FIELD_CAP]
        markup = self.markup if self.markup is not None else fields.looks_like_html(value)
        return fields.prose(value, markup=markup)

    # What it means. ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _author(self, item: JSON) -> Author:
        links = (clean_url(link, self.base) for link in self._lines(item, "author_url"))
        name = fields.name(self._line(item, "author")[: _NAME_CAP * 4])
        return Author(
            name=name[:_NAME_CAP] if name else None,
            url=next(filter(None, links), None),
            followers=self._count(item, "followers"),
        )

    def _moment(self, value: JSON) -> datetime | None:
        if isinstance(value, str):
            return self.clock.moment(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 10**17:
            return None
        scale = next(scale for least, scale in _SCALES if value >= least)
        return fields.instant(datetime.fromtimestamp(value / scale, UTC), self.asked)

    def _count(self, item: JSON, name: str) -> int | None:
        return next((known for known in map(_counted, self._values(item, name)) if known is not None), None)

    def _rating(self, item: JSON) -> float | None:
        return next((known for known in map(self._rated, self._values(item, "rating")) if known is not None), None)

    def _rated(self, value: JSON) -> float | None:
        if isinstance(value, bool):
            return 5.0 if value else 1.0
        if isinstance(value, int | float):
            best = f"{self.best:g}" if self.best is not None else None
            return fields.rating(f"{value:.4f}".rstrip("0").rstrip("."), best) if 0 < value <= 1000 else None
        return figures.rating(value, self.best) if isinstance(value, str) else None

    def _reference(self, item: JSON, name: str) -> str | None:
        for line in self._lines(item, name):
            value = plain_text(line, one_line=True)
            if value not in _NONE:
                return clean_url(value, self.base) if _ADDRESS.match(value) else value[:_ID_CAP]
        return None

    def _language(self, item: JSON) -> str | None:
        found = _LANGUAGE.fullmatch(self._line(item, "lang"))
        return found[1].lower() if found else None

    def _follow(self, item: JSON) -> str | None:
        links = (own_address(link, self.base, self.home) for link in self._lines(item, "follow"))
        return next(filter(None, links), None)


def _plain(value: JSON) -> str:
    """A text or a number as text; empty for all else."""
    return "" if value is None or isinstance(value, bool) else spelt(value)[:FIELD_CAP]


def _encoded(value: str, *, reserved: bool) -> str:
    return quoted(value, safe=_RESERVED if reserved else "")


def _counted(value: JSON) -> int | None:
    if isinstance(value, str):
        return figures.count(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= fields.LARGEST:
        return None
    return int(value)
