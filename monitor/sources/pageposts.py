"""From an item of a page to a Post: what each field's spelling means."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.models import Author, Post, PostType
from monitor.sources import fields, figures
from monitor.text import canonical_url, clean_url, plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from monitor.models import JSON
    from monitor.sources import dates
    from monitor.sources.items import Item, Reader

_NAME_CAP: Final = 160
_TITLE_CAP: Final = 500
_ID_CAP: Final = 256


@dataclass(frozen=True, slots=True)
class PostWriter:
    """Makes Posts of the items of one page; `known` is what a list said of the thread whose page it is."""

    reader: Reader
    best: float | None
    base: str
    clock: dates.Clock
    thread: str | None
    known: Mapping[str, JSON]

    def post(self, item: Item) -> Post | None:
        """The post in an item; None where it says nothing."""
        title, text = self._line(item, "title")[:_TITLE_CAP], self.reader.prose(item, "text")
        if not title and not text:
            return None
        native_id = self._line(item, "id")
        thread, parent = self._reference(item, "thread") or self.thread, self._reference(item, "parent")
        rating = self._rating(item)
        return Post(
            native_id=native_id if 0 < len(native_id) <= _ID_CAP else None,
            url=self._url(item) or (f"{self.thread}#{native_id}" if self.thread and native_id else None),
            title=title,
            text=text,
            author=self._author(item),
            published=self._published(item),
            rating=rating,
            likes=self._count(item, "likes"),
            replies=self._count(item, "replies"),
            views=self._count(item, "views"),
            thread=thread or parent,
            parent=parent,
            type=_type(answers=bool(self.thread or parent), rated=rating is not None, titled=bool(title)),
        )

    def opening(self, post: Post) -> Post:
        """The post that opens the thread, with what the list said of it."""
        title, replies, views = (self.known.get(name) for name in ("title", "replies", "views"))
        return dataclasses.replace(
            post,
            title=post.title or (title if isinstance(title, str) else ""),
            replies=replies if isinstance(replies, int) and post.replies is None else post.replies,
            views=views if isinstance(views, int) and post.views is None else post.views,
            type=PostType.POST if post.type is PostType.COMMENT else post.type,
        )

    def _line(self, item: Item, name: str) -> str:
        return next((plain_text(value, one_line=True) for value in self.reader.values(item, name)), "")

    def _links(self, item: Item, name: str) -> Iterator[str]:
        return self.reader.values(item, name, attributes=("href", "content"), text=False)

    def _url(self, item: Item) -> str | None:
        url = next(filter(None, (fields.address(link, self.base) for link in self._links(item, "url"))), None)
        return _without_session(url) if url else None

    def _reference(self, item: Item, name: str) -> str | None:
        """What a post stands under: an address, a name, or the fragment by which the page calls another post."""
        for value in (*self._links(item, name), self._line(item, name)):
            if value.startswith("#"):
                return value[1 : _ID_CAP + 1] or None
            if "/" in value or "?" in value:
                return clean_url(value, self.base)
            if value:
                return value[:_ID_CAP]
        return None

    def _author(self, item: Item) -> Author:
        urls = filter(None, (clean_url(link, self.base) for link in self._links(item, "author_url")))
        name = self._line(item, "author")[:_NAME_CAP]
        return Author(
            name=name or None, url=next(map(_without_session, urls), None), followers=self._count(item, "followers")
        )

    def _published(self, item: Item) -> datetime | None:
        # A title often spells out what the text abbreviates.
        values = self.reader.values(item, "published", attributes=("datetime", "title"))
        return next(filter(None, map(self.clock.moment, values)), None)

    def _count(self, item: Item, name: str) -> int | None:
        counts = map(figures.count, self.reader.values(item, name))
        return next((count for count in counts if count is not None), None)

    def _rating(self, item: Item) -> float | None:
        ratings = (figures.rating(value, self.best) for value in self.reader.values(item, "rating"))
        return next((rating for rating in ratings if rating is not None), None)


def _without_session(url: str) -> str:
    """The address without what boards put into their links at each visit; its fragment says which post is meant."""
    _, mark, fragment = url.partition("#")
    return f"{canonical_url(url) or url}{mark}{fragment}"


def _type(*, answers: bool, rated: bool, titled: bool) -> PostType:
    if rated:
        return PostType.REVIEW
    if answers:
        return PostType.COMMENT
    return PostType.ARTICLE if titled else PostType.POST
