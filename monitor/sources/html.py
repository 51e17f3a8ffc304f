"""Kind `html`: pages for people, read by CSS selectors: lists of posts or reviews, and lists of threads.

A list either holds the posts themselves, or with `follow` only leads to threads: then it yields no posts but the
threads of which it shows another mark (a number of replies, the time of the last post) than the cursor holds, and
reading a thread's page yields its posts and notes the mark. The cursor holds {"threads": {address: mark}}, and under
"listed" what the first page listed: a page that still lists all of that pushed nothing off, whatever grew. The request
of a thread carries both, what the list says of the opening post, and with "old" that it is not news by its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2s
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from monitor.errors import Blocked, Malformed
from monitor.models import HttpRequest, Page
from monitor.sources.dates import Clock
from monitor.sources.htmloptions import HtmlOptions, list_reader, thread_reader
from monitor.sources.markup import ITEM_CAP
from monitor.sources.pageposts import PostWriter
from monitor.sources.webpage import read_webpage
from monitor.text import canonical_url, clean_url, plain_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.models import JSON, Post, Request, Response
    from monitor.sources.items import Found, Item, Reader
    from monitor.sources.webpage import WebPage

_ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"
_THREAD_CAP = 500
_MARK_CAP = 80
_UNLISTED = 200  # marks of threads that left the first page: on older pages and when they come back they are known


@dataclass(frozen=True, slots=True)
class HtmlKind:
    """Reads the pages that begin at `url`."""

    Options: ClassVar[type] = HtmlOptions
    address: ClassVar[str] = ""

    url: str
    options: Any  # HtmlOptions; a KindClass takes any object

    def start(self, cursor: Mapping[str, JSON], now: datetime) -> Request:  # noqa: ARG002 - a list shows the newest
        """The request for the list."""
        return _request(self.url, step="list", carry={"asked": now.isoformat()})

    def replies(self, address: str, cursor: Mapping[str, JSON], now: datetime) -> None:
        """A list of threads shows by itself which of them grew."""

    def read(self, request: Request, response: Response, cursor: Mapping[str, JSON]) -> Page:
        """The posts of a page, or the threads of a list that grew since the cursor.

        Raises `errors.Blocked` where a challenge, captcha, login or consent page came, and `errors.Malformed` for what
        is no HTML, for a thread without posts and for a list of threads without marks.
        """
        options: HtmlOptions = self.options
        page = read_webpage(response)
        is_thread = request.step == "thread"
        reader = thread_reader(options.thread) if is_thread else list_reader(options)
        found = reader.find(page.root, limit=ITEM_CAP)
        if not found.items and (barrier := page.barrier()):
            raise Blocked(barrier)
        answer = _Answer(options, request, response, page, reader, found)
        if is_thread:
            return answer.thread(cursor)
        return answer.threads(cursor) if options.follow else answer.posts(cursor)


@dataclass(frozen=True, slots=True)
class _Answer:
    """A page that was read, with all that says what it means."""

    options: HtmlOptions
    request: Request
    response: Response
    page: WebPage
    reader: Reader
    found: Found

    def posts(self, cursor: Mapping[str, JSON]) -> Page:
        """The posts of a list."""
        posts = tuple(filter(None, map(self._writer().post, self.found.items)))
        return Page(posts=posts, more=self._older_list(), cursor=cursor)

    def threads(self, cursor: Mapping[str, JSON]) -> Page:
        """The threads of a list that grew or were never read; older pages only where there is evidence of more news.

        What stands above a known thread is news. What stands below the last of them is older, and only slid up: on the
        first page it is read as history, on older ones it is left alone. Evidence is a last known thread that grew, or
        a first page without any known thread but a few that keep their place at the top: then the list turned over, and
        is read back until it shows one.
        """
        known, writer = marks_of(cursor), self._writer()
        listed: dict[str, tuple[str, Item, str]] = {}
        for item in self.found.items[:_THREAD_CAP]:
            link = self._address(item, "follow")
            address = (self._address(item, "thread") or self._address(item, "url") or link or "").partition("#")[0]
            if link is not None and address not in listed:
                listed[address] = (self._mark(item), item, link)
        if listed and not any(mark for mark, _, _ in listed.values()):
            raise Malformed("no thread on the page shows a mark: see mark, fields.replies and fields.published")
        is_first, turned = self.request.step != "page", bool(self.request.carry.get("turned"))
        addresses = list(listed)
        met = [address for address in addresses if address in known]
        grew = {address for address in met if known[address] != listed[address][0]}
        tail = addresses[addresses.index(met[-1]) + 1 :] if met else []
        # A few threads that keep their place at the top are no evidence that all below them is old.
        slid = set(tail) if not is_first or len(tail) <= len(met) - len(grew) else set()
        if not met and not is_first and not turned:
            slid = set(addresses)
        requests = []
        for address, (mark, item, link) in listed.items():
            if address in grew or (address not in known and (is_first or address not in slid)):
                carry = self._said_in_list(writer.post(item)) | {"thread": address, "mark": mark}
                carry |= {"old": True} if address in slid else {}
                requests.append(_request(link, step="thread", carry=carry))
        # A thread that stands as it is known, and below what is new, is where the last visit ended.
        stands = bool(met) and met[-1] not in grew and (not is_first or not tail or bool(slid))
        turned = bool(listed) and not (stands or grew) and (is_first or turned)
        more = self._older_list(turned=turned) if turned or (met and met[-1] in grew) else ()
        names: list[JSON] = [name_of(address) for address in addresses]
        before = cursor.get("listed")
        pushed_off = set(map(str, before)) - set(map(str, names)) if isinstance(before, list) else None
        unlisted = [key for key in known if key not in listed][-_UNLISTED:]
        kept = {key: known[key] for key in (*unlisted, *met)} if is_first else known
        return Page(
            threads=tuple(requests),
            more=more,
            cursor={**cursor, "threads": kept, **({"listed": names} if is_first and names else {})},
            joined=not more and (stands or not known or pushed_off == set()),
            listed=len(listed),
        )

    def thread(self, cursor: Mapping[str, JSON]) -> Page:
        """The posts of a thread's page, newest first, or the way to its last page."""
        if not self.found.items:
            raise Malformed("no post on the page of a thread")
        if not self.request.carry.get("jumped") and (last := self._link("last")):
            return Page(posts=(), more=(self._onward(last),), cursor=cursor)
        thread, older = str(self.request.carry["thread"]), self._link("next")
        writer = self._writer(thread=thread)
        posts = [post for post in map(writer.post, self.found.items) if post]
        is_first_page = bool(self.options.thread.next) or canonical_url(self.request.url) == canonical_url(thread)
        # Pages of threads begin with the oldest post unless dates say otherwise.
        rising = bool(posts) and not _is_before(posts[-1], posts[0])
        if posts and older is None and is_first_page:
            opening = 0 if rising else -1
            posts[opening] = writer.opening(posts[opening])
        marks = {**marks_of(cursor), thread: self.request.carry["mark"]}
        more = (self._onward(older),) if older else ()
        return Page(posts=tuple(posts[::-1] if rising else posts), more=more, cursor={**cursor, "threads": marks})

    def _writer(self, *, thread: str | None = None) -> PostWriter:
        asked = datetime.fromisoformat(str(self.request.carry["asked"])) + self.response.elapsed
        clock = Clock(asked=asked, zone=ZoneInfo(self.options.timezone), languages=self.options.languages)
        best, base = self.options.rating_best, self.page.base
        return PostWriter(self.reader, best, base, clock, thread, known=self.request.carry)

    def _address(self, item: Item, name: str) -> str | None:
        links = (
            clean_url(link, self.page.base) for link in self.reader.values(item, name, attributes=("href",), text=False)
        )
        # Boards put another session into their links at each visit, and a thread is known by its link.
        return next(filter(None, (canonical_url(link) for link in links if link)), None)

    def _mark(self, item: Item) -> str:
        for name in ("mark", "replies", "published"):
            if self.reader.has(name):
                texts = self.reader.values(item, name, attributes=("datetime",) if name == "published" else ())
                return next((plain_text(text, one_line=True)[:_MARK_CAP] for text in texts), "")
        return ""

    def _said_in_list(self, said: Post | None) -> dict[str, JSON]:
        """What the list says of a thread's opening post."""
        carry: dict[str, JSON] = {"asked": self.request.carry["asked"]}
        if said is not None:
            carry |= {"title": said.title, "replies": said.replies, "views": said.views}
        return carry

    def _link(self, name: str) -> str | None:
        """The address of another page, None where it is this one."""
        link = self.reader.once(self.found, name, attribute="href")
        url = clean_url(link, self.page.base) if link else None
        here = {url.partition("#")[0] for url in (self.request.url, self.response.url)}
        return url if url and url.partition("#")[0] not in here else None

    def _older_list(self, *, turned: bool = False) -> tuple[Request, ...]:
        older = self._link("next")
        carry: dict[str, JSON] = {"asked": self.request.carry["asked"], "turned": turned}
        return (_request(older, step="page", carry=carry),) if older else ()

    def _onward(self, url: str) -> HttpRequest:
        return _request(url, step="thread", carry={**self.request.carry, "jumped": True})


def name_of(address: str) -> str:
    """A short hash of a thread's address; the cursor holds one for each thread on the first page."""
    return blake2s(address.encode(), digest_size=6).hexdigest()


def marks_of(cursor: Mapping[str, JSON]) -> dict[str, JSON]:
    """The marks of the threads that were read, by address."""
    marks = cursor.get("threads")
    return marks if isinstance(marks, dict) else {}


def _request(url: str, *, step: str, carry: Mapping[str, JSON]) -> HttpRequest:
    return HttpRequest(url=url, headers=(("accept", _ACCEPT),), step=step, carry=carry, for_people=True)


def _is_before(one: Post, other: Post) -> bool:
    return one.published is not None and other.published is not None and one.published < other.published
