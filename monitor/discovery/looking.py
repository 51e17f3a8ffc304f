"""Evidence from one answer: its form, feed links, signs of engines, schema.org data, sitemaps and links."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

from monitor.discovery.engines import ENGINES
from monitor.errors import Malformed
from monitor.sources.decoding import charset_of_page, decode
from monitor.sources.webpage import read_webpage
from monitor.text import clean_url, plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lxml import etree

    from monitor.discovery.offers import Engine, Offer
    from monitor.models import Response
    from monitor.sources.webpage import WebPage

Form = Literal["page", "feed", "sitemap", "robots", "discourse", "wordpress", "nothing"]

LINKS: Final = 400
"""Links of a page that are kept."""

_HEAD: Final = 16_384
_FEED_TYPES: Final = re.compile(
    r"application/(?:rss|atom|rdf|feed)\+(?:xml|json)|application/json\+feed", re.IGNORECASE
)
_FEED: Final = re.compile(r"<(?:\w+:)?(?:rss|rdf|feed)[\s/>]", re.IGNORECASE)
_SITEMAP: Final = re.compile(r"<(?:\w+:)?(?:urlset|sitemapindex)[\s/>]", re.IGNORECASE)
_JSON_SIGNS: Final[tuple[tuple[Form, re.Pattern[str]], ...]] = (
    ("feed", re.compile(r"jsonfeed\.org/version")),
    ("discourse", re.compile(r'"topic_list"\s*:|"can_create_topic"\s*:')),
    ("wordpress", re.compile(r'"namespaces"\s*:\s*\[[^]]*"wp\\?/v2"')),
)
_PAGE: Final = re.compile(r"<(?:!doctype html|html|head|body)\b", re.IGNORECASE)
_JSON_LD: Final = re.compile(r'"@type"\s*:\s*(?:"([A-Za-z]+)"|\[\s*"([A-Za-z]+)")')
_ROBOTS: Final = re.compile(r"^sitemap:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A feed that a page names."""

    url: str
    title: str


@dataclass(frozen=True, slots=True)
class Recognised:
    """Software that an answer gives away: how sure, 0 to 1; where it is installed; what said so; what it offers."""

    engine: Engine
    sure: float
    home: str
    signs: tuple[str, ...]
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one answer says of its site; `types` counts the schema.org types on it, `barrier` is what came instead."""

    url: str
    form: Form
    feeds: tuple[FeedLink, ...] = ()
    engines: tuple[Recognised, ...] = ()
    types: Mapping[str, int] = field(default_factory=dict)
    sitemaps: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    barrier: str | None = None


def look(response: Response) -> Evidence:
    """What an answer is. One that cannot be read is evidence of form "nothing"."""
    text = decode(response.body, charset_of_page(response.header("content-type"), response.body)).lstrip(
        "\ufeff \r\n\t"
    )
    form = _form(response, text[:_HEAD])
    if form == "robots":
        named = (clean_url(url, response.url) for url in _ROBOTS.findall(text))
        return Evidence(url=response.url, form=form, sitemaps=tuple(filter(None, dict.fromkeys(named)))[:5])
    if form != "page":
        return Evidence(url=response.url, form=form)
    try:
        return look_at_page(read_webpage(response), response)
    except Malformed:
        return Evidence(url=response.url, form="nothing")


def _form(response: Response, head: str) -> Form:
    declared = (response.header("content-type") or "").lower()
    if _PAGE.search(head) and not re.match(r"<\?xml", head):
        return "page"
    if _SITEMAP.search(head):
        return "sitemap"
    if _FEED.search(head):
        return "feed"
    if head[:1] in ("{", "["):
        return next((form for form, pattern in _JSON_SIGNS if pattern.search(head)), "nothing")
    if response.url.partition("?")[0].endswith("/robots.txt"):
        return "robots"
    return "page" if _PAGE.search(head) or "html" in declared else "nothing"


def look_at_page(page: WebPage, response: Response) -> Evidence:
    """What a page for people says."""
    root = page.root
    sitemaps = [_address(link, page) for link in root.iter("link") if "sitemap" in _rel(link)]
    return Evidence(
        url=response.url,
        form="page",
        feeds=tuple(_feeds(page)),
        engines=_engines(page, response),
        types=_types(page),
        sitemaps=tuple(filter(None, sitemaps)),
        links=tuple(_links(page)),
        barrier=page.barrier(),
    )


def _rel(link: etree._Element) -> list[str]:
    return (link.get("rel") or "").lower().split()


def _address(link: etree._Element, page: WebPage) -> str | None:
    return clean_url(link.get("href") or "", page.base)


def _feeds(page: WebPage) -> Iterator[FeedLink]:
    seen = set()
    for link in page.root.iter("link", "a"):
        if "alternate" not in _rel(link) and link.tag == "link":
            continue
        if not _FEED_TYPES.search(link.get("type") or ""):
            continue
        url = _address(link, page)
        if url and url not in seen:
            seen.add(url)
            yield FeedLink(url, plain_text(link.get("title") or link.text or "", one_line=True)[:120])


def _links(page: WebPage) -> Iterator[str]:
    seen: set[str] = set()
    for link in page.root.iter("a"):
        url = _address(link, page)
        if url and (bare := url.partition("#")[0]) not in seen and len(seen) < LINKS:
            seen.add(bare)
            yield bare


# ── Engines ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _engines(page: WebPage, response: Response) -> tuple[Recognised, ...]:
    said = _said(page, response)
    found = [recognised for engine in ENGINES if (recognised := _recognise(engine, said, page)) is not None]
    return tuple(sorted(found, key=lambda one: -one.sure))


def _said(page: WebPage, response: Response) -> dict[str, list[str]]:
    """What signs are looked for in, by where they stand."""
    generators = [
        meta.get("content") or "" for meta in page.root.iter("meta") if (meta.get("name") or "").lower() == "generator"
    ]
    cookies = [value.partition("=")[0].strip() for name, value in response.headers if name == "set-cookie"]
    headers = [f"{name}: {value}" for name, value in response.headers if name != "set-cookie"]
    return {"generator": generators, "cookie": cookies, "header": headers, "markup": [page.markup]}


def _recognise(engine: Engine, said: Mapping[str, list[str]], page: WebPage) -> Recognised | None:
    doubt, signs = 1.0, []
    for sign in engine.signs:
        found = next(filter(None, (re.search(sign.pattern, text, re.IGNORECASE) for text in said[sign.where])), None)
        if found:
            doubt *= 1 - sign.weight
            signs.append(f"{sign.where}: {plain_text(found[0], one_line=True)[:60]}")
    if not signs:
        return None
    everything = "\n".join([*said["header"], page.markup])
    offers = tuple(offer for offer in engine.offers if re.search(offer.sign, everything, re.IGNORECASE))
    return Recognised(engine, round(1 - doubt, 2), _home(engine, everything, page), tuple(signs), offers)


def _home(engine: Engine, said: str, page: WebPage) -> str:
    """The address at which the software is installed, with a slash at its end; the site's root where nothing says."""
    if engine.home:
        for found in re.finditer(engine.home, said, re.IGNORECASE | re.MULTILINE):
            written = next((group for group in found.groups() if group is not None), "")
            home = clean_url(written or ".", page.base)
            if home and urlsplit(home).hostname == urlsplit(page.base).hostname:
                return home.rstrip("/") + "/"
    return (clean_url("/", page.base) or page.base).rstrip("/") + "/"


# ── schema.org ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _types(page: WebPage) -> dict[str, int]:
    """How often each schema.org type stands on the page: in JSON-LD, as microdata, as RDFa."""
    types: Counter[str] = Counter()
    for script in page.root.iter("script"):
        if "ld+json" in (script.get("type") or ""):
            types.update(one or several for one, several in _JSON_LD.findall(script.text or ""))
    for element in page.root.iter():
        for name in ("itemtype", "typeof"):
            for spelt in (element.get(name) or "").split():
                if name == "typeof" or "schema.org" in spelt:
                    types[re.split(r"[/:]", spelt)[-1]] += 1
    return dict(types)
