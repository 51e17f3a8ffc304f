"""Kind `schemaorg`: what pages tell search engines in schema.org's words: reviews, forum threads, questions, articles.

It needs no selectors, and outlives redesigns; it sees only what the page says in its markup. With `follow` the page is
a list of pages: it is read as kind `html` reads a list of threads, with its marks, and each page is read as a thread.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, ClassVar, Final
from zoneinfo import ZoneInfo

from monitor.errors import Blocked, Malformed
from monitor.models import HttpRequest, Page, PostType
from monitor.sources.css import compiled
from monitor.sources.dates import LANGUAGES, Clock
from monitor.sources.html import HtmlKind, marks_of
from monitor.sources.htmloptions import HtmlOptions, ThreadOptions
from monitor.sources.jsonbody import split_selector
from monitor.sources.jsonoptions import checked_clock
from monitor.sources.paging import own_address
from monitor.sources.protocol import OneOrMore
from monitor.sources.schemaposts import TYPES, SchemaReader
from monitor.sources.structured import structured
from monitor.sources.webpage import read_webpage
from monitor.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.models import JSON, Post, Request, Response
    from monitor.sources.structured import Structured
    from monitor.sources.webpage import WebPage

_ACCEPT: Final = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesOptions:
    """The pages of a thread; needed where it has several."""

    next: str = field(default="", metadata={"description": "Link to the page with the posts before these."})
    last: str = field(default="", metadata={"description": "Link to the last page, where that has the newest posts."})


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaOptions:
    """Which records are posts, where more pages are, and how dates and ratings are meant."""

    types: OneOrMore = field(
        default=tuple(TYPES), metadata={"description": "Types of schema.org that are posts, such as Review; else all."}
    )
    next: str = field(default="", metadata={"description": "Selector of the link to the page with older posts."})
    item: str = field(default="", metadata={"description": "With follow: selector of one thread in the list."})
    follow: OneOrMore = field(
        default=(), metadata={"description": "Link within an item, or on the page, to a page that is read as a thread."}
    )
    mark: OneOrMore = field(
        default=(), metadata={"description": "What changes in an item when its page does; else each is read once."}
    )
    thread: PagesOptions = field(
        default=PagesOptions(), metadata={"description": "With follow: the further pages of a thread."}
    )
    languages: OneOrMore = field(default=LANGUAGES, metadata={"description": "Languages of dates in words."})
    timezone: str = field(default="UTC", metadata={"description": "Time zone of dates that name none."})
    rating_best: float | None = field(
        default=None, metadata={"description": "The highest rating, where the page does not say it."}
    )

    def __post_init__(self) -> None:
        """Refuses, by ValueError, what would only fail when a page is read."""
        unknown = [one for one in self.types if one not in TYPES]
        if unknown or not self.types:
            raise ValueError(f"types: {', '.join(unknown) or 'nothing'} is no post; known are {', '.join(TYPES)}")
        for name, selector in (
            ("next", self.next),
            ("thread.next", self.thread.next),
            ("thread.last", self.thread.last),
        ):
            try:
                split_selector(selector or "a")
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        if self.follow:
            listing(self)
        elif self.item or self.mark or self.thread != PagesOptions():
            raise ValueError("item, mark and thread have no effect without follow, the selector of a link to a page")
        checked_clock(self.languages, self.timezone, self.rating_best)


@lru_cache(maxsize=64)
def listing(options: SchemaOptions) -> HtmlOptions:
    """How the list of pages is read. Raises ValueError."""
    # Without an item each link is one itself; without a mark its address is, which never changes.
    item = options.item or ", ".join(one.partition("@")[0] for one in options.follow)
    follow = options.follow if options.item else ("@href",)
    mark = options.mark or follow
    mark = tuple(one if "@" in one or options.mark else f"{one}@href" for one in mark)
    return HtmlOptions(item=item, follow=follow, mark=mark, next=options.next, thread=ThreadOptions(item="html"))


@dataclass(frozen=True, slots=True)
class SchemaKind:
    """Reads the pages that begin at `url`."""

    Options: ClassVar[type] = SchemaOptions
    address: ClassVar[str] = ""

    url: str
    options: Any  # SchemaOptions; a KindClass takes any object

    def start(self, cursor: Mapping[str, JSON], now: datetime) -> Request:  # noqa: ARG002 - a page shows the newest
        """The request for the page or the list of pages."""
        return _request(self.url, "list", {"asked": now.isoformat()})

    def replies(self, address: str, cursor: Mapping[str, JSON], now: datetime) -> None:
        """A page shows its answers by itself."""

    def read(self, request: Request, response: Response, cursor: Mapping[str, JSON]) -> Page:
        """The posts of a page, newest first where they have dates; or the pages of a list that changed.

        Raises `errors.Blocked` where a challenge, captcha, login or consent page came, and `errors.Malformed` for what
        is no HTML, for a page that says nothing in schema.org's words, and for JSON-LD that cannot be read.
        """
        options: SchemaOptions = self.options
        is_thread = request.step == "thread"
        if options.follow and not is_thread:
            return HtmlKind(self.url, listing(options)).read(request, response, cursor)
        page = read_webpage(response)
        found = structured(page)
        asked = datetime.fromisoformat(str(request.carry["asked"])) + response.elapsed
        clock = Clock(asked=asked, zone=ZoneInfo(options.timezone), languages=options.languages)
        reader = partial(SchemaReader, url=response.url, base=page.base, clock=clock, best=options.rating_best)
        posts, listed = reader(frozenset(options.types)).posts(found), None
        if not posts:
            _explain(page, found)
            listed = len(reader(frozenset(TYPES)).posts(found)) or None  # posts of other types
        posts = _newest_first(_at_home(posts, response.url))
        if not is_thread:
            older = self._link(page, options.next, request, response)
            more = (_request(older, "page", request.carry),) if older else ()
            return Page(posts=tuple(posts), more=more, cursor=cursor, listed=listed)
        if not request.carry.get("jumped") and (last := self._link(page, options.thread.last, request, response)):
            return Page(more=(_request(last, "thread", {**request.carry, "jumped": True}),), cursor=cursor)
        older = self._link(page, options.thread.next, request, response)
        more = (_request(older, "thread", {**request.carry, "jumped": True}),) if older else ()
        marks = {**marks_of(cursor), str(request.carry["thread"]): request.carry["mark"]}
        return Page(posts=tuple(posts), more=more, cursor={**cursor, "threads": marks})

    def _link(self, page: WebPage, selector: str, request: Request, response: Response) -> str | None:
        """The address of another page of the site, None where it is this one or another site's."""
        if not selector:
            return None
        css, attribute = split_selector(selector)
        found = (match.element for match in compiled((css,)).walk(page.root) if match.done & 1)
        link = next(filter(None, (element.get(attribute or "href") for element in found)), "")
        url = own_address(link, page.base, self.url) if link else None
        here = {one.partition("#")[0] for one in (request.url, response.url)}
        return url if url and url.partition("#")[0] not in here else None


def _request(url: str, step: str, carry: Mapping[str, JSON]) -> HttpRequest:
    return HttpRequest(url=url, headers=(("accept", _ACCEPT),), step=step, carry=carry, for_people=True)


def _explain(page: WebPage, found: Structured) -> None:
    """Says why a page without posts is no answer; a page that tells of other things is one."""
    told = {name for roots in found.syntaxes for thing in roots for name in thing.types}
    if not told & TYPES.keys() and (barrier := page.barrier()):
        raise Blocked(barrier)
    named = f": {title}" if (title := page.title()) else ""
    if found.unread:
        raise Malformed(f"the page's JSON-LD cannot be read{named}")
    if not told:
        raise Malformed(f"the page says nothing in schema.org's words{safe_text(named)}")


def _at_home(posts: list[Post], url: str) -> list[Post]:
    """The posts, of which the one that the page is about stands at the page's address, its comments under it."""
    sorts = (PostType.REVIEW, PostType.COMMENT)
    opening = [post for post in posts if post.type not in sorts]
    if len(opening) != 1 or opening[0].url or opening[0].native_id:
        return posts
    replace = dataclasses.replace
    return [
        replace(post, url=url)
        if post is opening[0]
        else replace(post, thread=post.thread or url, parent=post.parent or url)
        if post.type is PostType.COMMENT
        else post
        for post in posts
    ]


def _newest_first(posts: list[Post]) -> list[Post]:
    dates = [post.published for post in posts if post.published]
    rising = len(dates) > 1 and dates[0] < dates[-1]
    return posts[::-1] if rising else posts
