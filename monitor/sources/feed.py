"""Kind `feed`: RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, CDF and JSON Feed 1.x.

The way of the bytes: `decoding` makes text of them, `markup` makes well-formed bounded XML of the text (or says that
it is no feed), feedparser reads that, and the functions here turn its entries into Posts. feedparser is given a
BytesIO and nothing else: a str or bytes may be opened as a file or fetched as an address.

What a post is: a comment if it answers something (RFC 4685) or comes from WordPress's feed of comments; a review if
its author rated; a video where the item is one; else an article if it has a title and a post if it has none.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, cast

import feedparser

from monitor.errors import Malformed
from monitor.models import Author, HttpRequest, Page, Post, PostType
from monitor.sources import fields
from monitor.sources.decoding import charset_of, decode
from monitor.sources.jsonfeed import read_json_feed
from monitor.sources.markup import ITEM_CAP, feed_xml
from monitor.text import clean_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.models import JSON, Request, Response

_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, "
    "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5"
)
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_SKIPPED = re.compile(rb"<skipHours>(.{0,2000}?)</skipHours>", re.IGNORECASE | re.DOTALL)
_HOUR = re.compile(rb"<hour>\s*(\d{1,2})\s*</hour>", re.IGNORECASE)
_FEED_TYPES = frozenset({"application/atom+xml", "application/rss+xml", "application/feed+json", "application/rdf+xml"})
_THREADING = "http://purl.org/syndication/thread/1.0"

Entry = dict[str, Any]
"""What feedparser makes of an element: str for text, dict for attributes, list where it may repeat."""


@dataclass(frozen=True, slots=True)
class FeedOptions:
    """A feed needs nothing but its address."""


@dataclass(frozen=True, slots=True)
class FeedKind:
    """Reads one feed at `url`."""

    Options: ClassVar[type] = FeedOptions
    address: ClassVar[str] = ""

    url: str
    options: object

    def start(self, cursor: Mapping[str, JSON], now: datetime) -> Request:  # noqa: ARG002 - a feed is always read whole
        """The request for the feed; `now` bounds the dates that the answer may hold."""
        return _request(self.url, step="list", asked=now.isoformat())

    def replies(self, address: str, cursor: Mapping[str, JSON], now: datetime) -> Request:  # noqa: ARG002 - as above
        """The request for the feed of a post's comments."""
        return _request(address, step="replies", asked=now.isoformat())

    def read(self, request: Request, response: Response, cursor: Mapping[str, JSON]) -> Page:
        """The posts of a feed in its order, and the next page of an archived feed (RFC 5005) in `more`.

        Raises `errors.Blocked` for a web page and `errors.Malformed` for an empty, cut off or unreadable body.
        """
        if not response.body.strip():
            raise Malformed("empty body")
        text = decode(response.body, charset_of(response.header("content-type"))).lstrip("\ufeff \t\r\n\0")
        asked = request.carry.get("asked")
        latest = datetime.fromisoformat(asked) + response.elapsed if isinstance(asked, str) else None
        pace = _Pace()
        if text.startswith("{"):
            posts, following = read_json_feed(text, base=response.url, latest=latest, limit=ITEM_CAP)
        else:
            posts, following, pace = _read_xml(text, response.url, latest)
        are_replies = request.step == "replies"
        if are_replies:
            posts = tuple(replace(post, type=PostType.COMMENT, follow=None) for post in posts)
        more: tuple[Request, ...] = ()
        if following and following not in (request.url, response.url):
            more = (_request(following, step="replies" if are_replies else "page", asked=asked),)
        return Page(posts=posts, more=more, cursor=cursor, every=pace.every, quiet_hours=pace.quiet_hours)


def _request(url: str, *, step: str, asked: JSON) -> HttpRequest:
    return HttpRequest(url=url, headers=(("accept", _ACCEPT),), step=step, carry={"asked": asked})


class _Pace(NamedTuple):
    """How long RSS says that it may be kept (`ttl`), and the hours of the day (UTC) in which it does not change.

    `sy:updatePeriod` is not heeded: WordPress says "hourly" of everything.
    """

    every: timedelta | None = None
    quiet_hours: frozenset[int] = frozenset()


def _pace_of(feed: Entry, xml: bytes) -> _Pace:
    minutes = fields.count(_string(feed, "ttl"))
    skipped = _SKIPPED.search(xml, 0, 64 * 1024)
    hours = {int(hour) % 24 for hour in _HOUR.findall(skipped[1])} if skipped else set()
    return _Pace(timedelta(minutes=min(minutes, 24 * 60)) if minutes else None, frozenset(hours))


def _read_xml(text: str, base: str, latest: datetime | None) -> tuple[tuple[Post, ...], str | None, _Pace]:
    xml = feed_xml(text)
    try:
        parsed = feedparser.parse(io.BytesIO(xml), sanitize_html=False, resolve_relative_uris=False)
    except Exception as error:  # feedparser's handlers raise whatever the document provokes
        raise Malformed(f"feedparser: {type(error).__name__}") from error
    feed = cast("Entry", parsed["feed"])
    reader = _Reader(feed, version=parsed["version"], namespaces=parsed["namespaces"], base=base, latest=latest)
    following = next((link["href"] for link in _links(feed) if link.get("rel") == "next"), None)
    posts = tuple(map(reader.post, parsed["entries"]))
    return posts, clean_url(following, base) if following else None, _pace_of(feed, xml)


# dict.get, because FeedParserDict.get maps old names to new ones and warns about it; and any element that feedparser
# has no word for may put something of another type under any key.


def _string(entry: Entry, key: str) -> str:
    value = dict.get(entry, key)
    return value if isinstance(value, str) else ""


def _record(entry: Entry, key: str) -> Entry:
    value = dict.get(entry, key)
    return value if isinstance(value, dict) else {}


def _records(entry: Entry, key: str) -> list[Entry]:
    value = dict.get(entry, key)
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _links(entry: Entry) -> list[Entry]:
    return [link for link in _records(entry, "links") if link.get("href")]


class _Reader:
    """Turns feedparser's entries into Posts, knowing the feed around them."""

    def __init__(
        self, feed: Entry, *, version: str, namespaces: Mapping[str, str], base: str, latest: datetime | None
    ) -> None:
        atom = version.startswith("atom")
        # RSS has no xml:base as a rule; its authors write links relative to the site that the channel names.
        self._base = base if atom else clean_url(_string(feed, "link"), base) or base
        self._everyone = self._author(feed) if atom else Author()
        self._thr = next((prefix for prefix, uri in namespaces.items() if uri == _THREADING), "thr")
        self._latest = latest

    def post(self, entry: Entry) -> Post:
        title = self._prose(entry, "title", one_line=True)
        publisher = _string(_record(entry, "source"), "title")
        if publisher:
            title = title.removesuffix(f" - {publisher}")
        url = self._url(entry)
        reply = _record(entry, f"{self._thr}_in-reply-to")
        page, _, fragment = (url or "").partition("#")
        commented = fragment.startswith("comment-")
        thread = (clean_url(reply.get("href", ""), self._base) or "").partition("#")[0] or (page if commented else None)
        parent = fields.identifier(reply.get("ref", "") or reply.get("href", ""))
        stars = self._rating(entry)
        author = self._author(entry)
        kind = _type(entry, answers=commented or bool(reply), rated=stars is not None, titled=bool(title))
        return Post(
            native_id=fields.identifier(_string(entry, "id")),
            url=url,
            title=title,
            text=self._text(entry),
            author=author if author.name or author.url else self._everyone,
            published=self._published(entry),
            rating=None if kind is PostType.VIDEO else stars,  # there the stars are the audience's
            replies=self._replies(entry),
            views=fields.count(_record(entry, "media_statistics").get("views")),
            thread=thread or parent,
            parent=parent,
            type=kind,
            follow=self._follow(entry),
        )

    def _follow(self, entry: Entry) -> str | None:
        """The feed of the comments on an entry, as WordPress (wfw:commentRss) and Atom (RFC 4685) name it."""
        named = [_string(entry, "wfw_commentrss")]
        named += [
            link["href"] for link in _links(entry) if link.get("rel") == "replies" and link.get("type") in _FEED_TYPES
        ]
        return next((url for address in named if address and (url := clean_url(address, self._base))), None)

    def _prose(self, entry: Entry, key: str, *, one_line: bool = False) -> str:
        declared = _record(entry, f"{key}_detail").get("type")
        return fields.prose(_string(entry, key), markup=declared in _HTML_TYPES, one_line=one_line)

    def _text(self, entry: Entry) -> str:
        contents = [
            fields.prose(content.get("value", ""), markup=content.get("type") in _HTML_TYPES)
            for content in _records(entry, "content")
        ]
        # Without a summary of its own an entry gets a copy of its content there, of which no type is declared.
        own = not contents or "summary_detail" in entry
        return fields.richest([*contents, self._prose(entry, "summary")] if own else contents)

    def _url(self, entry: Entry) -> str | None:
        link = _string(entry, "link")
        alternates = [other["href"] for other in _links(entry) if other.get("rel") == "alternate"]
        if link not in alternates:
            # Then it is the id, which need not be an address, or an enclosure without an href overwrote the link.
            return next(filter(None, (fields.address(url, self._base) for url in alternates)), fields.address(link, ""))
        return next(filter(None, (fields.address(url, self._base) for url in (link, *alternates))), None)

    def _author(self, entry: Entry) -> Author:
        line = _string(entry, "author")
        authors = _records(entry, "authors")
        # feedparser cuts addresses out of a line, but knows no top-level domain of more than four letters.
        mangled = len(authors) == 1 and "email" in authors[0]
        for author in [*authors, _record(entry, "author_detail"), {"name": line}]:
            name = fields.signed(line) if mangled else fields.name(author.get("name") or author.get("email") or "")
            known = Author(name=name, url=clean_url(author.get("href") or "", self._base))
            if known.name or known.url:
                return known
        return Author()

    def _published(self, entry: Entry) -> datetime | None:
        for key in ("published", "updated", "created"):
            parsed = dict.get(entry, f"{key}_parsed")
            if _string(entry, key).startswith("-"):  # PHP's nought, read as the year 2000
                continue
            try:
                moment = datetime(*parsed[:6]) if isinstance(parsed, tuple) else None  # noqa: DTZ001 - instant() says UTC
            except (ValueError, OverflowError):
                continue
            if known := fields.instant(moment, self._latest):
                return known
        return None

    def _replies(self, entry: Entry) -> int | None:
        counts: list[object] = [_string(entry, f"{self._thr}_total"), _string(entry, "slash_comments")]
        counts += [link.get(f"{self._thr}:count") for link in _links(entry) if link.get("rel") == "replies"]
        return next((known for known in map(fields.count, counts) if known is not None), None)

    def _rating(self, entry: Entry) -> float | None:
        """The author's rating of what the post is about.

        `media:rating` says who may watch. `media:starRating` with a count is what the audience thinks of the post.
        """
        for key, value in entry.items():
            given = value if isinstance(value, dict) else {"value": value}
            stars = key == "media_starrating" and given.get("count", "1") == "1"
            if stars or ((key == "rating" or key.endswith("_rating")) and "media_rating" not in entry):
                known = fields.rating(given.get("value", given.get("average")), given.get("max", given.get("best")))
                if known is not None:
                    return known
        return None


def _type(entry: Entry, *, answers: bool, rated: bool, titled: bool) -> PostType:
    if answers:
        return PostType.COMMENT
    media = [*_records(entry, "media_content"), *(link for link in _links(entry) if link.get("rel") == "enclosure")]
    if "yt_videoid" in entry or any(
        part.get("medium") == "video" or part.get("type", "").startswith("video/") for part in media
    ):
        return PostType.VIDEO
    if rated:
        return PostType.REVIEW
    return PostType.ARTICLE if titled else PostType.POST
