"""Options of the kind `json`: where things stand in an answer, how its next page is asked for, what it says of itself.

Paths, conditions and templates are those of monitor/sources/jsonpath.py.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor.sources.dates import LANGUAGES
from monitor.sources.jsonbody import split_selector
from monitor.sources.jsonpath import condition, path, template
from monitor.sources.protocol import OneOrMore


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonFields:
    """Where the fields of a post stand in an item: paths or templates, the first that says something counts."""

    id: OneOrMore = field(default=(), metadata={"description": "What the site itself calls the post."})
    url: OneOrMore = field(default=(), metadata={"description": "Its address, absolute or relative to the answer's."})
    title: OneOrMore = field(default=(), metadata={"description": "Its headline."})
    text: OneOrMore = field(default=(), metadata={"description": "What it says."})
    author: OneOrMore = field(default=(), metadata={"description": "Name of the author."})
    author_url: OneOrMore = field(default=(), metadata={"description": "Address of the author."})
    followers: OneOrMore = field(default=(), metadata={"description": "How many follow the author."})
    published: OneOrMore = field(
        default=(), metadata={"description": "When it was published: a date, or seconds, ms or us since 1970."}
    )
    rating: OneOrMore = field(
        default=(), metadata={"description": "What the author rates; true and false are the best and the worst."}
    )
    likes: OneOrMore = field(default=(), metadata={"description": "How many like it."})
    replies: OneOrMore = field(default=(), metadata={"description": "How many answers it has."})
    views: OneOrMore = field(default=(), metadata={"description": "How often it was looked at."})
    thread: OneOrMore = field(default=(), metadata={"description": "Id or address of the thread it stands in."})
    parent: OneOrMore = field(default=(), metadata={"description": "Id or address of the post it answers; 0 is none."})
    lang: OneOrMore = field(default=(), metadata={"description": "Code of its language."})
    follow: OneOrMore = field(
        default=(), metadata={"description": "Address of the answers to it, on the source's own site."}
    )

    def given(self) -> dict[str, tuple[str, ...]]:
        """The paths and templates of each field."""
        return {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersOptions:
    """How the answers to a post are read, at the address in its field follow."""

    items: OneOrMore = field(default=(), metadata={"description": "Paths to the answers; the whole body if not given."})
    nested: str = field(default="", metadata={"description": "Path within an answer to the answers to it."})
    fields: JsonFields = field(
        default=JsonFields(), metadata={"description": "Where their fields stand; as in the list if not given."}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOptions:
    """Pages that are asked for by their number, or by the number of what comes before them."""

    param: str = field(
        default="", metadata={"description": "Parameter of the address; or write {page} into url or body."}
    )
    first: int = field(default=1, metadata={"description": "Number of the first page."})
    step: int = field(default=1, metadata={"description": "What is added for the next one; for offsets, the size."})
    size: int = field(default=0, metadata={"description": "Items of a full page; one with fewer is the last."})


@dataclass(frozen=True, slots=True, kw_only=True)
class CursorOptions:
    """Pages that are asked for by what the page before them says."""

    path: str = field(default="", metadata={"description": "Where an answer names the next page; none is the end."})
    param: str = field(
        default="", metadata={"description": "Parameter of the address; or write {cursor} into url or body."}
    )
    first: str = field(default="", metadata={"description": "What asks for the first page, where it must be said."})


@dataclass(frozen=True, slots=True, kw_only=True)
class SinceOptions:
    """What {since} in url or body means: the newest post that was seen, less an overlap."""

    format: Literal["epoch", "epoch_ms", "iso", "date"] = field(
        default="iso", metadata={"description": "How a moment is spelt: 1763900000, in ms, 2026-11-23T12:00:00Z, date."}
    )
    overlap: timedelta = field(
        default=timedelta(hours=1), metadata={"description": "How late the site may show what was published."}
    )
    first: timedelta = field(default=timedelta(days=7), metadata={"description": "How far back the first poll asks."})


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonOptions:
    """Paths into the answer, how the next page is asked for, and how dates and ratings are meant."""

    items: OneOrMore = field(
        default=(), metadata={"description": "Paths to the posts, all of them count; the whole body if not given."}
    )
    nested: str = field(default="", metadata={"description": "Path within an item to more items, such as answers."})
    fields: JsonFields = field(default=JsonFields(), metadata={"description": "Where the fields of a post stand."})
    type: Literal["auto", "post", "comment", "review", "article", "video"] = field(
        default="auto",
        metadata={"description": "What a post is; auto: a review if rated, a comment if it has a parent, and so on."},
    )
    html: bool | None = field(
        default=None,
        metadata={"description": "Whether titles, texts and names are HTML; told by their tags if unsaid."},
    )
    include: OneOrMore = field(default=(), metadata={"description": "Conditions that an item must meet, all of them."})
    exclude: OneOrMore = field(default=(), metadata={"description": "Conditions any of which drops an item."})
    join: OneOrMore = field(
        default=(), metadata={"description": "Paths to records that items name by type and id (JSON:API: included)."}
    )
    script: str = field(
        default="", metadata={"description": "Selector of the element of a web page in which the JSON stands."}
    )
    body: str = field(default="", metadata={"description": "Body to send; the request is then a POST."})
    since: SinceOptions = field(default=SinceOptions(), metadata={"description": "What {since} in url or body means."})
    page: PageOptions = field(default=PageOptions(), metadata={"description": "Pages asked for by number or offset."})
    cursor: CursorOptions = field(default=CursorOptions(), metadata={"description": "Pages asked for by a cursor."})
    next: str = field(default="", metadata={"description": "Path to the address of the next page."})
    link_header: bool = field(default=False, metadata={"description": "The next page stands in the Link header."})
    more: str = field(default="", metadata={"description": "Condition for there being a next page."})
    error: OneOrMore = field(
        default=(), metadata={"description": "Conditions that make of an answer an error; the first to hold is told."}
    )
    backoff: str = field(default="", metadata={"description": "Path to the seconds for which the site wants quiet."})
    answers: AnswersOptions = field(
        default=AnswersOptions(), metadata={"description": "How the answers at fields.follow are read."}
    )
    languages: OneOrMore = field(default=LANGUAGES, metadata={"description": "Languages of dates in words."})
    timezone: str = field(default="UTC", metadata={"description": "Time zone of dates that name none."})
    rating_best: float | None = field(default=None, metadata={"description": "The highest rating, such as 10."})

    def __post_init__(self) -> None:
        """Refuses, by ValueError, what would only fail when an answer is read."""
        for name, texts in self._spelt().items():
            for text in texts:
                try:
                    _CHECKS.get(name.partition(".")[0], path)(text)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None
        if not any((self.fields.title, self.fields.text)):
            raise ValueError("fields: needs title or text")
        if self.fields.follow and self.answers.fields != JsonFields() and not self.answers.fields.text:
            raise ValueError("answers.fields: needs text")
        if not self.fields.follow and self.answers != AnswersOptions():
            raise ValueError("answers has no effect without fields.follow, the address of the answers to a post")
        if self.cursor.first and not self.cursor.path:
            raise ValueError("cursor: needs path, where an answer names the next page")
        if self.page.size < 0 or self.page.step < 1:
            raise ValueError("page: size must not be negative, step must be at least 1")
        if sum(map(bool, (self.pages_by_number, self.cursor.path, self.next, self.link_header))) > 1:
            raise ValueError("page, cursor, next and link_header exclude each other")
        if min(self.since.overlap, self.since.first) < timedelta():
            raise ValueError("since: must not be negative")
        checked_clock(self.languages, self.timezone, self.rating_best)

    @property
    def pages_by_number(self) -> bool:
        """Whether further pages are asked for by their number."""
        return self.page != PageOptions()

    def _spelt(self) -> dict[str, tuple[str, ...]]:
        """All that is a path, a template, a condition or a selector, by its key."""
        of_fields = {f"fields.{name}": texts for name, texts in self.fields.given().items()}
        of_fields |= {f"fields.answers.{name}": texts for name, texts in self.answers.fields.given().items()}
        single = {"nested": self.nested, "answers.nested": self.answers.nested, "cursor.path": self.cursor.path}
        single |= {"next": self.next, "more": self.more, "backoff": self.backoff, "script": self.script}
        several = {"items": self.items, "answers.items": self.answers.items, "join": self.join, "error": self.error}
        several |= {"include": self.include, "exclude": self.exclude}
        return {**of_fields, **several, **{name: (text,) for name, text in single.items() if text}}


def checked_clock(languages: tuple[str, ...], timezone: str, rating_best: float | None) -> None:
    """Refuses, by ValueError, languages whose dates cannot be read, unknown time zones and ratings of no scale."""
    try:
        ZoneInfo(timezone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ValueError(f"timezone: there is no {timezone!r}; write it as in Europe/Moscow") from None
    if not languages:
        raise ValueError("languages: must not be empty")
    for language in languages:
        if language.partition("-")[0] not in LANGUAGES:
            raise ValueError(f"languages: dates in {language!r} cannot be read; known are {', '.join(LANGUAGES)}")
    if rating_best is not None and not 1 <= rating_best <= 1000:
        raise ValueError("rating_best: must be between 1 and 1000")


def _field(text: str) -> object:
    return template(text) or path(text)


_CHECKS: Mapping[str, Callable[[str], object]] = {
    "fields": _field,
    "include": condition,
    "exclude": condition,
    "more": condition,
    "error": condition,
    "script": split_selector,
}
