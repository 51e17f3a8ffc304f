"""Options of the kind `html`, and the compiled selectors that stand in them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor.sources.dates import LANGUAGES
from monitor.sources.items import Reader
from monitor.sources.protocol import OneOrMore


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Where the fields of a post stand within an item: selectors, `selector@attribute`, or `@attribute` of the item."""

    id: OneOrMore = field(default=(), metadata={"description": "What the site itself calls the post."})
    url: OneOrMore = field(default=(), metadata={"description": "Link to the post."})
    title: OneOrMore = field(default=(), metadata={"description": "Its headline."})
    text: OneOrMore = field(
        default=(":scope",),
        metadata={"description": "What it says: all that is selected. The whole item if not given."},
    )
    author: OneOrMore = field(default=(), metadata={"description": "Name of the author."})
    author_url: OneOrMore = field(default=(), metadata={"description": "Link to the author."})
    followers: OneOrMore = field(default=(), metadata={"description": "How many follow the author."})
    published: OneOrMore = field(default=(), metadata={"description": "When it was published."})
    rating: OneOrMore = field(default=(), metadata={"description": "What the author rates."})
    likes: OneOrMore = field(default=(), metadata={"description": "How many like it."})
    replies: OneOrMore = field(default=(), metadata={"description": "How many answers it has."})
    views: OneOrMore = field(default=(), metadata={"description": "How often it was looked at."})
    thread: OneOrMore = field(default=(), metadata={"description": "Link to or name of the thread it stands in."})
    parent: OneOrMore = field(default=(), metadata={"description": "Link to or name of the post it answers."})

    def selectors(self) -> dict[str, tuple[str, ...]]:
        """The selectors of each field."""
        return {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadOptions:
    """How the page of a thread is read; needed with `follow`."""

    item: str = field(default="", metadata={"description": "Selector of one post."})
    fields: Fields = field(default=Fields(), metadata={"description": "Selectors of its fields."})
    remove: OneOrMore = field(default=(), metadata={"description": "What is cut out of a post, such as quotes."})
    next: str = field(default="", metadata={"description": "Link to the page with the posts before these."})
    last: str = field(default="", metadata={"description": "Link to the last page, where that has the newest posts."})


@dataclass(frozen=True, slots=True, kw_only=True)
class HtmlOptions:
    """Selectors for the page, and how its dates and ratings are meant."""

    item: str = field(metadata={"description": "Selector of one post, or with follow of one thread, on the page."})
    fields: Fields = field(default=Fields(), metadata={"description": "Selectors of its fields."})
    remove: OneOrMore = field(default=(), metadata={"description": "What is cut out of an item, such as quotes."})
    next: str = field(default="", metadata={"description": "Link to the page with older posts."})
    follow: OneOrMore = field(default=(), metadata={"description": "Link within an item to the page of its thread."})
    mark: OneOrMore = field(default=(), metadata={"description": "What changes in an item when its thread grows."})
    thread: ThreadOptions = field(
        default=ThreadOptions(), metadata={"description": "How the page of a thread is read; needed with follow."}
    )
    languages: OneOrMore = field(
        default=LANGUAGES, metadata={"description": "Languages of dates in words; with a country (en-GB) where needed."}
    )
    timezone: str = field(default="UTC", metadata={"description": "Time zone of the site's dates."})
    rating_best: float | None = field(default=None, metadata={"description": "The highest rating, such as 10."})

    def __post_init__(self) -> None:
        """Refuses, by ValueError, what would only fail when a page is read."""
        listed = list_reader(self)
        if self.follow:
            if not self.thread.item:
                raise ValueError("follow needs thread.item, the selector of a post on the page of a thread")
            if not any(map(listed.has, ("mark", "replies", "published"))):
                raise ValueError("follow needs mark, fields.replies or fields.published, to see which threads grew")
            try:
                thread_reader(self.thread)
            except ValueError as error:
                raise ValueError(f"thread.{error}") from None
        elif self.thread != ThreadOptions() or self.mark:
            raise ValueError("thread and mark have no effect without follow, the selector of the link to a thread")
        try:
            ZoneInfo(self.timezone)
        except (ValueError, OSError, ZoneInfoNotFoundError):
            raise ValueError(f"timezone: there is no {self.timezone!r}; write it as in Europe/Moscow") from None
        for language in self.languages:
            if language.partition("-")[0] not in LANGUAGES:
                raise ValueError(f"languages: dates in {language!r} cannot be read; known are {', '.join(LANGUAGES)}")
        if not self.languages:
            raise ValueError("languages: must not be empty")
        if self.rating_best is not None and not 1 <= self.rating_best <= 1000:
            raise ValueError("rating_best: must be between 1 and 1000")


@lru_cache(maxsize=64)
def list_reader(options: HtmlOptions) -> Reader:
    """The compiled selectors of a list. Raises ValueError."""
    beside = {"follow": options.follow, "mark": options.mark}
    given = options.fields.selectors()
    return Reader(options.item, fields=given, beside=beside, remove=options.remove, once={"next": options.next})


@lru_cache(maxsize=64)
def thread_reader(options: ThreadOptions) -> Reader:
    """The compiled selectors of a thread's page. Raises ValueError."""
    once = {"next": options.next, "last": options.last}
    # Of the numbers before that of this page the last one leads back to the page before it.
    last = frozenset({"next"})
    given = options.fields.selectors()
    return Reader(options.item, fields=given, beside={}, remove=options.remove, once=once, last=last)
