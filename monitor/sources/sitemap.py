"""Kind `sitemap`: sitemaps, sitemap indexes and news sitemaps (sitemaps.org 0.9, Google's news extension), gzip or not.

It discovers pages where a site has no feed: a post is an address with the title that the sitemap or else the address
itself gives; its text comes with `content: page`. `lastmod` says when a page changed or was built, so it only decides
what is looked at. The files of an index are read as threads whose mark is their lastmod: newest first, and again only
when that changes. It is no recipe over `html`, because a sitemap is XML in two levels, packed, of up to 50 MB.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from lxml import etree

from monitor.errors import Blocked, Malformed
from monitor.models import HttpRequest, Page, Post, PostType
from monitor.sources.dates import Clock
from monitor.sources.decoding import charset_of, decode
from monitor.sources.html import marks_of
from monitor.sources.markup import ITEM_CAP
from monitor.sources.mending import mend
from monitor.sources.paging import host_in, own_address
from monitor.sources.protocol import OneOrMore
from monitor.sources.webpage import read_webpage
from monitor.text import URL_CAP, clean_url, plain_text, safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from monitor.models import JSON, Request, Response

_ACCEPT: Final = "application/xml, text/xml;q=0.9, */*;q=0.5"
_INFLATED: Final = 64 * 1024 * 1024  # the protocol allows 50 MB
_ENTRIES: Final = 60_000  # and 50,000 addresses
_MATCHED: Final = 500  # code points of an address that patterns are matched with
_MARK_CAP: Final = 80
_TITLE_CAP: Final = 500
_PUBLISHED: Final = "news:publication_date"
_REPEATS: Final = 5
_NAMES: Final = 40  # elements of one entry that are read
_ROOT: Final = re.compile(
    r"(?:\s|(?><\?.*?\?>)|(?><!--.*?-->)|<!DOCTYPE[^\[>]*>)*+<((?:\w+:)?\w+)", re.DOTALL | re.IGNORECASE
)
_ILLEGAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LANGUAGE: Final = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z]{2,4}){0,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SitemapOptions:
    """Which of the addresses are looked at."""

    include: OneOrMore = field(
        default=(), metadata={"description": "Regular expressions, one of which must occur in an address."}
    )
    exclude: OneOrMore = field(
        default=(), metadata={"description": "Regular expressions, none of which may occur in an address."}
    )
    newer_than: timedelta = field(
        default=timedelta(days=7), metadata={"description": "Addresses with older dates are left out; 0s takes all."}
    )
    files: int = field(default=10, metadata={"description": "Files of an index that one visit reads, newest first."})
    timezone: str = field(default="UTC", metadata={"description": "Time zone of dates that name none."})

    def __post_init__(self) -> None:
        """Refuses, by ValueError, what would only fail when a sitemap is read."""
        for name in ("include", "exclude"):
            for text in getattr(self, name):
                try:
                    pattern(text)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None
        if not 1 <= self.files <= 100:
            raise ValueError("files: must be between 1 and 100")
        try:
            ZoneInfo(self.timezone)
        except (ValueError, OSError, LookupError):
            raise ValueError(f"timezone: there is no {self.timezone!r}; write it as in Europe/Moscow") from None


@lru_cache(maxsize=256)
def pattern(text: str) -> re.Pattern[str]:
    """A regular expression that cannot be made to run for long on a stranger's address. Raises ValueError."""
    try:
        compiled = re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"{text!r} is no regular expression: {error}") from None
    bare = re.sub(r"\[\^?\]?(?:\\.|[^\]\\])*\]", "c", re.sub(r"\\[^\d]", "c", text))
    if re.search(r"\\\d|\(\?P=", bare):
        raise ValueError(f"{text!r} refers back to a group, which can take for ever")
    inner = re.compile(r"\((?:\?(?:[:=!]|<[=!]|P<\w+>))?([^()]*)\)([*+{]?)")
    while found := inner.search(bare):
        if found[2] and re.search(r"[*+{|?]", found[1]):
            raise ValueError(f"{text!r} repeats what repeats or branches itself, which can take for ever")
        bare = f"{bare[: found.start()]}{found[1].replace('|', 'c')}{found[2]}{bare[found.end() :]}"
    if len(re.findall(r"[*+]|\{\d*,\d*\}", bare)) > _REPEATS:
        raise ValueError(f"{text!r} has more than {_REPEATS} repetitions, which can take for ever")
    return compiled


class _Entry(NamedTuple):
    """An address of a sitemap; `names` are the texts of the elements below it."""

    address: str
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SitemapKind:
    """Reads the sitemap or the index of sitemaps at `url`."""

    Options: ClassVar[type] = SitemapOptions
    address: ClassVar[str] = ""

    url: str
    options: Any  # SitemapOptions; a KindClass takes any object

    def start(self, cursor: Mapping[str, JSON], now: datetime) -> Request:  # noqa: ARG002 - a sitemap is read whole
        """The request for the sitemap."""
        return _request(self.url, "list", {"asked": now.isoformat()})

    def replies(self, address: str, cursor: Mapping[str, JSON], now: datetime) -> None:
        """A sitemap knows of no answers."""

    def read(self, request: Request, response: Response, cursor: Mapping[str, JSON]) -> Page:
        """The addresses of a sitemap as posts, newest first; or the files of an index that changed, as threads.

        Raises `errors.Blocked` for a web page, and `errors.Malformed` for what is no sitemap, is cut off, or holds
        more addresses without dates than can be told apart, and for an index of another site's files.
        """
        root, text = _document(response)
        entries = list(_entries(text, root))
        if _bare(root) == "sitemapindex":
            if request.step == "thread":
                raise Malformed("an index of sitemaps stands in an index of sitemaps")
            return self._index(entries, request, response, cursor)
        posts = self._posts(entries, request, response)
        if request.step == "thread":
            marks = {**marks_of(cursor), str(request.carry["thread"]): request.carry["mark"]}
            cursor = {**cursor, "threads": marks}
        # Where all is older than newer_than, or filtered away, the site shows something all the same.
        return Page(posts=posts, cursor=cursor, listed=None if posts or not entries else len(entries))

    def _index(self, entries: list[_Entry], request: Request, response: Response, cursor: Mapping[str, JSON]) -> Page:
        """The files that changed since they were read, newest first; one without a date is always read."""
        known, asked = marks_of(cursor), str(request.carry["asked"])
        clock = self._clock(request, response)
        listed: dict[str, tuple[datetime | None, str]] = {}
        for entry in entries:
            if url := own_address(entry.address, response.url, self.url):
                stamp = entry.names.get("lastmod", "")[:_MARK_CAP]
                listed.setdefault(url, (clock.moment(stamp), stamp))
        if entries and not listed:
            raise Malformed(f"the files of the index are at another site: {host_in(entries[0].address, response.url)}")
        first = datetime.min.replace(tzinfo=UTC)
        newest = sorted(listed, key=lambda url: listed[url][0] or first, reverse=True)[: self.options.files]
        # Reading one without a date gives it a mark that the next poll does not find again.
        marks = {url: listed[url][1] or f"read {asked}" for url in newest}
        requests = tuple(
            _request(url, "thread", {"asked": asked, "thread": url, "mark": mark})
            for url, mark in marks.items()
            if known.get(url) != mark or not listed[url][1]
        )
        kept = {url: known[url] for url in newest if url in known}
        return Page(threads=requests, cursor={**cursor, "threads": kept}, joined=True, listed=len(listed))

    def _clock(self, request: Request, response: Response) -> Clock:
        return Clock(asked=_asked(request, response), zone=ZoneInfo(self.options.timezone))

    def _posts(self, entries: list[_Entry], request: Request, response: Response) -> tuple[Post, ...]:
        options: SitemapOptions = self.options
        clock, asked = self._clock(request, response), _asked(request, response)
        dated: list[tuple[datetime, _Entry]] = []
        undated: list[_Entry] = []
        for entry in entries:
            if not self._is_wanted(entry.address):
                continue
            changed = clock.moment(entry.names.get(_PUBLISHED) or entry.names.get("lastmod", ""))
            if changed is None:
                undated.append(entry)
            elif not options.newer_than or changed >= asked - options.newer_than:
                dated.append((changed, entry))
        if len(undated) > ITEM_CAP:
            raise Malformed(f"more than {ITEM_CAP} addresses without a date; narrow them down with include")
        newest = sorted(dated, key=lambda pair: pair[0], reverse=True)[: ITEM_CAP - len(undated)]
        posts = (_post(entry, response.url, clock) for entry in (*(entry for _, entry in newest), *undated))
        return tuple(filter(None, posts))

    def _is_wanted(self, address: str) -> bool:
        options: SitemapOptions = self.options
        matched = address[:_MATCHED]
        if options.include and not any(pattern(one).search(matched) for one in options.include):
            return False
        return not any(pattern(one).search(matched) for one in options.exclude)


def _asked(request: Request, response: Response) -> datetime:
    return datetime.fromisoformat(str(request.carry["asked"])) + response.elapsed


def _request(url: str, step: str, carry: Mapping[str, JSON]) -> HttpRequest:
    return HttpRequest(url=url, headers=(("accept", _ACCEPT),), step=step, carry=carry)


def _document(response: Response) -> tuple[str, str]:
    """The root element's name as it is spelt, and a sitemap's text from its tag on."""
    body = _inflated(response.body) if response.body.startswith(b"\x1f\x8b") else response.body
    if not body.strip():
        raise Malformed("empty body")
    text = decode(body, charset_of(response.header("content-type"))).strip("\ufeff \t\r\n\0")
    root = _ROOT.match(text)
    name = _bare(root[1]) if root else ""
    if root and name in ("urlset", "sitemapindex"):
        if not re.search(rf"</(?:\w+:)?{name}\s*>\s*$|<(?:\w+:)?{name}\b[^<>]*/>\s*$", text[-4_000:], re.IGNORECASE):
            raise Malformed(f"cut off: the document ends before </{name}>")
        return root[1], text[root.start(1) - 1 :]
    if name in ("rss", "feed", "rdf"):
        raise Malformed("a feed came where a sitemap was due; kind feed reads it")
    if name in ("html", "head", "body") or re.match(r"\s*<!doctype html", text, re.IGNORECASE):
        named = f": {title}" if (title := read_webpage(response).title()) else ""
        raise Blocked(f"a web page came where a sitemap was due{named}")
    raise Malformed(f"not a sitemap: begins with {safe_text(text[:60].strip())!r}")


def _inflated(body: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(body, _INFLATED)
    except zlib.error as error:
        raise Malformed(f"not gzip: {error}") from None
    if unpacker.unconsumed_tail:
        raise Malformed(f"more than {_INFLATED // 1024 // 1024} MB when inflated")
    if not unpacker.eof:
        raise Malformed("cut off: the gzip stream does not end")
    return plain


def _entries(text: str, root: str) -> Iterator[_Entry]:
    """The entries of a sitemap, whose text begins with the tag of `root`; it is mended where it is no XML."""
    text = _ILLEGAL.sub("", text)
    try:
        tree = etree.fromstring(text.encode(), _parser(recover=False))
    except etree.XMLSyntaxError as error:
        tree = _recovered(mend(text, root=root, entities={}), str(error.msg))
    wanted = "sitemap" if _bare(root) == "sitemapindex" else "url"
    for number, element in enumerate(tree.iterchildren(f"{{*}}{wanted}")):
        if number >= _ENTRIES:
            raise Malformed(f"more than {_ENTRIES} addresses")
        names: dict[str, str] = {}
        for inner in element.iterdescendants("{*}*"):
            if inner.text and len(names) < _NAMES:
                names.setdefault(_name(inner, element), plain_text(inner.text[: URL_CAP + 1], one_line=True))
        if address := names.get("loc"):
            yield _Entry(address, names)


def _recovered(document: str, why: str) -> etree._Element:
    parser = _parser(recover=True)
    try:
        tree = etree.fromstring(document.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise Malformed(f"not XML: {error.msg}") from error
    if tree is None:
        raise Malformed(f"not XML: {why}")
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise Malformed("too deep or too large to be read")
    return tree


def _parser(*, recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        recover=recover,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _name(inner: etree._Element, entry: etree._Element) -> str:
    """`loc` of an element in an entry, `news:title` of one that stands deeper."""
    parent = inner.getparent()
    return _local(inner) if parent is entry or parent is None else f"{_local(parent)}:{_local(inner)}"


def _local(element: etree._Element) -> str:
    return _bare(str(element.tag).rpartition("}")[2])


def _bare(name: str) -> str:
    return name.rpartition(":")[2].lower()


def _post(entry: _Entry, base: str, clock: Clock) -> Post | None:
    url = clean_url(entry.address, base)
    if url is None:
        return None
    language = _LANGUAGE.fullmatch(entry.names.get("publication:language", ""))
    return Post(
        url=url,
        title=(entry.names.get("news:title") or _words_of(url))[:_TITLE_CAP],
        published=clock.moment(entry.names.get(_PUBLISHED, "")),
        type=PostType.ARTICLE,
        lang=language[1].lower() if language else None,
    )


def _words_of(url: str) -> str:
    """The words in an address: those of its last part that has letters."""
    parts = [unquote(part) for part in urlsplit(url).path.split("/")]
    for part in reversed(parts):
        words = re.sub(r"[\W_]+", " ", re.sub(r"\.(?:s?html?|php|aspx?)$", "", part, flags=re.IGNORECASE)).strip()
        if any(map(str.isalpha, words)):
            return plain_text(words, one_line=True)
    return url
