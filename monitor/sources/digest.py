"""The mentions in the mail of an alert service: one for each link that leads to somebody's page.

Services change their layout without a word; so nothing here knows one. A mention is a link with a title, the text
that stands with it up to the next such link, and a publisher where the markup names one.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

from lxml import etree

from monitor.errors import ReadError
from monitor.models import Response
from monitor.sources import fields
from monitor.sources.webpage import read_webpage
from monitor.text import canonical_url, clean_url, html_to_text

if TYPE_CHECKING:
    from collections.abc import Iterator

MENTIONS: Final = 100  # of one mail
_ANCHORS: Final = 1000
_TITLE: Final = 8  # code points of the shortest
_PUBLISHER: Final = 60  # code points of the longest line that is taken for one
_ENOUGH: Final = 40
_TEXT_CAP: Final = 256 * 1024
_TARGETS: Final = ("url", "u", "q", "to", "target", "link", "redirect")
_SHARING: Final = re.compile(
    r"(?:facebook\.com/(?:sharer|share)|(?:twitter|x)\.com/(?:intent|share)|linkedin\.com/share|t\.me/share"
    r"|plus\.google\.com/|vk\.com/share|wa\.me/)"
)
_SERVICE_WORDS: Final = re.compile(
    r"unsubscribe|manage|settings|view (?:in|it in) (?:your )?browser|flag as|see more|edit this|privacy"
    r"|отписаться|настройк|в браузере|изменить|ещё результаты|другие результаты",
    re.IGNORECASE,
)
_URL: Final = re.compile(r"<?(https?://[^\s<>\"]{4,4000})>?")


@dataclass(frozen=True, slots=True)
class Block:
    """One mention of a digest; `key` is the address without what alert services put into it."""

    key: str
    url: str
    title: str
    text: str
    publisher: str | None


def blocks_of_html(html: str, *, service: str) -> tuple[Block, ...]:
    """The mentions in a digest's HTML; `service` is the domain of its sender, whose own pages are none."""
    body = html.encode("utf-8", "replace")
    kind = (("content-type", "text/html; charset=utf-8"),)
    try:
        root = read_webpage(Response(url=f"https://{service}/", status=200, headers=kind, body=body)).root
    except (ReadError, ValueError):
        return ()
    titles = _titles(root, service)
    bearers: Counter[etree._Element] = Counter()
    for anchor in titles:
        bearers.update([anchor, *anchor.iterancestors()])
    found = list[Block]()
    for anchor, (key, url, title) in titles.items():
        place = _place(anchor, bearers, alone=len(titles) == 1)
        named = next((element for element in place.iter() if element.get("itemprop") == "publisher"), None)
        publisher = fields.name(" ".join(map(str, named.itertext()))) if named is not None else None
        lines = [line for line in _text_at(place, bearers).split("\n") if line]
        found.append(_block(key, url, title, lines, publisher=publisher))
    return tuple(found[:MENTIONS])


def blocks_of_text(text: str, *, service: str) -> tuple[Block, ...]:
    """The same in a digest that is plain text: paragraphs that hold an address."""
    found: dict[str, Block] = {}
    for paragraph in re.split(r"\n[ \t]*\r?\n", text[:_TEXT_CAP]):
        targets = (_target(address[1], service) for address in _URL.finditer(paragraph))
        url = next((target for target in targets if target), None)
        lines = [fields.prose(line, markup=False) for line in _URL.sub("", paragraph).splitlines()]
        lines = [line for line in lines if line]
        key = canonical_url(url) if url else None
        if url and key and lines and len(lines[0]) >= _TITLE and not _SERVICE_WORDS.match(lines[0]):
            found.setdefault(key, _block(key, url, lines[0], lines[1:], publisher=None))
        if len(found) == MENTIONS:
            break
    return tuple(found.values())


def _titles(root: etree._Element, service: str) -> dict[etree._Element, tuple[str, str, str]]:
    """Key, address and title of each link that makes a mention; these and the service's own lose their text."""
    found: dict[etree._Element, tuple[str, str, str]] = {}
    keys = set[str]()
    for anchor in list(root.iter("a"))[:_ANCHORS]:
        title = fields.prose(" ".join(map(str, anchor.itertext())), markup=False, one_line=True)
        url = _target(anchor.get("href", ""), service)
        key = canonical_url(url) if url else None
        again = key is not None and key in keys
        if url and key and not again and len(title) >= _TITLE and not _SERVICE_WORDS.match(title):
            found[anchor] = key, url, title
            keys.add(key)
        if url is None or again or anchor in found:
            for child in list(anchor):
                anchor.remove(child)
            anchor.text = None
    return found


def _target(link: str, service: str) -> str | None:
    """Where a link leads outside of the alert service; None for its own pages and for what shares."""
    url = fields.address(link, "")
    if url is None:
        return None
    parts = urlsplit(url)
    if _is_of(parts.hostname or "", service):
        query = parse_qs(parts.query, max_num_fields=100) if parts.query.count("&") < 100 else {}
        targets = (clean_url(query[name][0]) for name in _TARGETS if name in query)
        url = next((target for target in targets if target), "")
        parts = urlsplit(url)
    if not url or _is_of(parts.hostname or "", service):
        return None
    return None if _SHARING.match(f"{parts.hostname}{parts.path}".removeprefix("www.")) else url


def _is_of(host: str, service: str) -> bool:
    return host == service or host.endswith(f".{service}")


def _place(anchor: etree._Element, bearers: Counter[etree._Element], *, alone: bool) -> etree._Element:
    """The largest element around a title that holds no other; around the only one, the smallest that says something."""
    place = anchor
    for parent in anchor.iterancestors():
        if bearers[parent] > 1 or parent.tag in ("body", "html"):
            break
        place = parent
        if alone and len("".join(map(str, place.itertext())).strip()) >= _ENOUGH:
            break
    return place


def _text_at(place: etree._Element, bearers: Counter[etree._Element]) -> str:
    """The text of an element, or where it has none what follows it, up to the next title."""
    if own := _text(place):
        return own
    return html_to_text((place.tail or "") + "".join(_markup(element) for element in _following(place, bearers)))


def _following(place: etree._Element, bearers: Counter[etree._Element]) -> Iterator[etree._Element]:
    for number, element in enumerate(place.itersiblings()):
        if number >= 8 or element in bearers or element.tag == "hr":
            return
        yield element


def _text(element: etree._Element) -> str:
    return html_to_text(etree.tostring(element, encoding="unicode", method="html", with_tail=False))


def _markup(element: etree._Element) -> str:
    return etree.tostring(element, encoding="unicode", method="html")


def _block(key: str, url: str, title: str, lines: list[str], *, publisher: str | None) -> Block:
    if publisher is None and len(lines) > 1 and len(lines[0]) <= _PUBLISHER and lines[0][-1] not in ".!?…:":
        publisher = lines[0]
    if publisher is not None and lines and lines[0] == publisher:
        lines = lines[1:]
    return Block(key, url, title, fields.prose("\n".join(lines), markup=False), publisher)
