"""How the posts of a site look in an answer, by style; each renderer is given a `Shape` and returns the body."""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.utils import format_datetime
from html import escape
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from tests.sim.site import Entry, Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A post as it is shown: the faults of the moment have had their way with id and address."""

    key: str
    number: int
    native: str
    url: str
    title: str
    text: str
    author: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One page of a site: `older` is the address of the next one; `broken` says that its layout has changed."""

    site: Site
    items: Sequence[Item]
    older: str | None = None
    broken: bool = False


def _rss(shape: Shape) -> str:
    site = shape.site
    items = "".join(
        f"<item><title>{escape(item.title)}</title><link>{escape(item.url)}</link>"
        + (f'<guid isPermaLink="false">{escape(item.native)}</guid>' if site.guids else "")
        + f"<dc:creator>{item.author}</dc:creator><pubDate>{format_datetime(item.at)}</pubDate>"
        f"<description>{escape(item.text)}</description></item>"
        for item in shape.items
    )
    older = f'<atom:link rel="next" href="{escape(shape.older)}"/>' if shape.older else ""
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>{site.name}</title><link>{site.base}/</link>'
        f"<description>x</description>{older}{items}</channel></rss>"
    )


def _atom(shape: Shape) -> str:
    site = shape.site
    entries = "".join(
        f"<entry><id>{escape(item.native if site.guids else item.url)}</id><title>{escape(item.title)}</title>"
        f'<link rel="alternate" href="{escape(item.url)}"/><author><name>{item.author}</name></author>'
        f'<updated>{item.at.isoformat()}</updated><content type="text">{escape(item.text)}</content></entry>'
        for item in shape.items
    )
    older = f'<link rel="next" href="{escape(shape.older)}"/>' if shape.older else ""
    return (
        '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom">'
        f"<id>tag:{site.host},2026:{site.name}</id><title>{site.name}</title>"
        f"<updated>2026-01-01T00:00:00Z</updated>{older}{entries}</feed>"
    )


def _jsonfeed(shape: Shape) -> str:
    site = shape.site
    items = [
        {
            "id": item.native if site.guids else item.url,
            "url": item.url,
            "title": item.title,
            "content_text": item.text,
            "date_published": item.at.isoformat(),
            "authors": [{"name": item.author}],
        }
        for item in shape.items
    ]
    older = {"next_url": shape.older} if shape.older else {}
    return json.dumps(
        {"version": "https://jsonfeed.org/version/1.1", "title": site.name, **older, "items": items}, ensure_ascii=False
    )


def _page(title: str, body: str) -> str:
    return f"<!doctype html><html><head><meta charset=utf-8><title>{title}</title></head><body>{body}</body></html>"


def _local(site: Site, moment: datetime) -> str:
    """A date as a page for people shows it: local, without a zone; on some sites to the minute."""
    pattern = "%Y-%m-%d %H:%M" if len(site.name) % 2 else "%d.%m.%Y %H:%M:%S"
    return moment.astimezone(ZoneInfo(site.zone)).strftime(pattern)


def _list(shape: Shape) -> str:
    post, body = ("card", "words") if shape.broken else ("post", "body")
    items = "".join(
        f'<article class="{post}" data-id="{escape(item.native)}"><h2><a href="{escape(item.url)}">{escape(item.title)}'
        f'</a></h2><div class="{body}">{escape(item.text)}</div><span class="by">{item.author}</span>'
        f"<time>{_local(shape.site, item.at)}</time></article>"
        for item in shape.items
    )
    older = f'<a class="older" href="{escape(shape.older)}">older</a>' if shape.older else ""
    return _page(shape.site.name, f"<main>{items}{older}</main>")


RENDERERS: Final[Mapping[str, Callable[[Shape], str]]] = {
    "rss": _rss,
    "atom": _atom,
    "jsonfeed": _jsonfeed,
    "list": _list,
}
TYPES: Final[Mapping[str, str]] = {
    "rss": "application/rss+xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "jsonfeed": "application/feed+json",
    **dict.fromkeys(("json", "discourse", "mastodon", "vk", "appstore", "bluesky", "googleplay"), "application/json"),
    "reddit": "application/atom+xml; charset=UTF-8",
}
LOGIN: Final = _page("Sign in", '<form action="/login"><input name="user"><input type="password" name="pass"></form>')


def thread_list(
    site: Site, threads: Sequence[tuple[str, str, int, datetime]], *, older: str | None, broken: bool
) -> str:
    """A list of threads: (name, title, posts, last post) each."""
    row = "line" if broken else "topic"
    items = "".join(
        f'<li class="{row}"><a class="t" href="{site.base}/t/{name}">{escape(title)}</a>'
        f'<b class="n">{count - 1}</b><i class="last">{count} {_local(site, last)}</i></li>'
        for name, title, count, last in threads
    )
    link = f'<a class="older" href="{escape(older)}">older</a>' if older else ""
    return _page(site.name, f"<ul>{items}</ul>{link}")


def thread_page(site: Site, entries: Sequence[tuple[Entry, str]], title: str) -> str:
    """The posts of a thread, oldest first, each with its text."""
    items = "".join(
        f'<div class="msg" id="{entry.key}"><span class="by">{entry.author}</span>'
        f'<time>{_local(site, entry.at)}</time><div class="body">{escape(text)}</div></div>'
        for entry, text in entries
    )
    return _page(escape(title), f"<h1>{escape(title)}</h1>{items}")
