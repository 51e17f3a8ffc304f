"""Sites that are read by their own kinds: what a request to each API asks for, and how it answers."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from monitor.sources.appstore import AppStoreOptions
from monitor.sources.bluesky import BlueskyOptions
from monitor.sources.discourse import DiscourseOptions
from monitor.sources.googleplay import GooglePlayOptions
from monitor.sources.jsonoptions import JsonFields, JsonOptions
from monitor.sources.mastodon import MastodonOptions
from monitor.sources.reddit import RedditOptions
from monitor.sources.schemaorg import SchemaOptions
from monitor.sources.vk import VkOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.sim.render import Item
    from tests.sim.site import Entry, Site

SECRET: Final = "${SIM_TOKEN}"
ALWAYS_PAGED: Final = frozenset({"discourse", "mastodon", "vk", "appstore", "bluesky", "googleplay"})
NEVER_PAGED: Final = frozenset({"reddit"})  # its feeds go on only where an answer is full
THROTTLING: Final = frozenset({"vk", "discourse"})  # they ask for peace in the body of a good answer
PEACE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which posts a request wants: from number `start` of the newest, or by the numbers that they have."""

    start: int = 0
    below: int | None = None
    above: int | None = None
    since: datetime | None = None
    is_login: bool = False

    @property
    def is_first(self) -> bool:
        """Whether it begins with the newest."""
        return not self.start and self.below is None

    def among(self, entries: Sequence[Entry], window: int) -> tuple[list[Entry], bool]:
        """The page, and whether there is more that is older."""
        wanted = [
            one
            for one in entries
            if (self.below is None or one.number <= self.below)
            and (self.above is None or one.number > self.above)
            and (self.since is None or one.at >= self.since)
        ]
        return wanted[self.start : self.start + window], len(wanted) > self.start + window


def asked(site: Site, rest: str, query: Mapping[str, list[str]], body: bytes | None) -> Asked:
    """What a request to an API wants; `rest` is its path below the site's."""

    def number(name: str) -> int | None:
        return int(query[name][0]) if name in query else None

    match site.style:
        case "json" | "schemaorg":
            return Asked(start=((number("page") or 1) - 1) * site.window)
        case "discourse":
            return Asked(below=number("before"))
        case "mastodon":
            older = number("max_id")
            return Asked(below=None if older is None else older - 1, above=number("since_id"))
        case "vk":
            return Asked(start=number("offset") or 0)
        case "appstore":
            page = re.search(r"page=(\d+)", rest)
            return Asked(start=(int(page[1]) - 1) * site.window if page else 0)
        case "bluesky":
            since = query.get("since", [""])[0]
            is_login = rest.endswith("createSession")
            moment = datetime.fromisoformat(since) if since else None
            return Asked(start=number("cursor") or 0, since=moment, is_login=is_login)
        case "googleplay":
            token = re.search(rb"from(\d+)", body or b"")
            return Asked(start=int(token[1]) if token else 0)
    return Asked()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an API answers with."""

    site: Site
    items: Sequence[Item]
    total: int
    start: int
    older: str | None  # the address of the next page, where the site has pages and there is one

    @property
    def following(self) -> int:
        """The number of the first post of the next page."""
        return self.start + len(self.items)


def _json(told: Told) -> str:
    rows = [
        {
            "id": one.native,
            "link": one.url,
            "head": one.title,
            "body": one.text,
            "who": {"name": one.author},
            "at": one.at.isoformat(),
        }
        for one in told.items
    ]
    return json.dumps({"found": {"rows": rows}, "links": {"next": told.older}})


def _schemaorg(told: Told) -> str:
    graph = [
        {
            "@type": "Review",
            "@id": one.url,
            "url": one.url,
            "name": one.title,
            "reviewBody": one.text,
            "author": {"@type": "Person", "name": one.author},
            "datePublished": one.at.isoformat(),
            "reviewRating": {"@type": "Rating", "ratingValue": "3"},
        }
        for one in told.items
    ]
    data = json.dumps({"@context": "https://schema.org", "@graph": [{"@type": "WebSite", "name": "x"}, *graph]})
    older = f'<a class="older" href="{escape(told.older)}">older</a>' if told.older else ""
    return (
        f"<!doctype html><html><head><meta charset=utf-8><title>x</title>"
        f'<script type="application/ld+json">{data}</script></head><body>{older}</body></html>'
    )


def _discourse(told: Told) -> str:
    posts = [
        {
            "id": one.number,
            "username": one.author,
            "topic_id": one.number // 5,
            "topic_slug": one.key,
            "post_number": one.number % 5 + 1,
            "topic_title": one.title,
            "cooked": f"<p>{escape(one.text)}</p>",
            "created_at": one.at.isoformat(),
        }
        for one in told.items
    ]
    return json.dumps({"latest_posts": posts})


def _mastodon(told: Told) -> str:
    return json.dumps(
        [
            {
                "id": str(one.number),
                "created_at": one.at.isoformat(),
                "content": f"<p>{escape(one.text)}</p>",
                "url": one.url,
                "account": {"acct": one.author, "url": f"{told.site.base}/@{one.number % 7}"},
            }
            for one in told.items
        ]
    )


def owner(site: Site) -> int:
    """The number of a wall's owner."""
    return crc32(site.name.encode()) % 1_000_000 + 1


def _vk(told: Told) -> str:
    number = owner(told.site)
    items = [
        {"id": one.number, "owner_id": -number, "from_id": -number, "date": int(one.at.timestamp()), "text": one.text}
        for one in told.items
    ]
    groups = [{"id": number, "name": "Wall", "screen_name": "wall"}]
    return json.dumps({"response": {"count": told.total, "items": items, "profiles": [], "groups": groups}})


def _reddit(told: Told) -> str:
    entries = "".join(
        f"<entry><id>t3_{_base36(one.number)}</id><title>{escape(one.title)}</title><author><name>/u/{one.author}</name>"
        f'</author><link href="https://www.reddit.com/r/sim/comments/{_base36(one.number)}/{one.key}/"/>'
        f"<published>{one.at.isoformat()}</published><updated>{one.at.isoformat()}</updated>"
        f'<content type="html">{escape("<p>" + escape(one.text) + "</p>")}</content></entry>'
        for one in told.items
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>{entries}</feed>'


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


def _appstore(told: Told) -> str:
    entries = [
        {
            "id": {"label": str(9_000_000 + one.number)},
            "title": {"label": one.title},
            "content": {"label": one.text, "attributes": {"type": "text"}},
            "im:rating": {"label": "2"},
            "updated": {"label": one.at.isoformat()},
            "author": {"name": {"label": one.author}, "uri": {"label": f"{told.site.base}/u/{one.number}"}},
        }
        for one in told.items
    ]
    shown: dict[str, Any] = {"entry": entries[0] if len(entries) == 1 else entries} if entries else {}
    return json.dumps({"feed": {"title": {"label": "x"}, **shown}})


def _bluesky(told: Told) -> str:
    posts = [
        {
            "uri": f"at://did:plc:sim{one.number % 7}/app.bsky.feed.post/{one.key}",
            "author": {"handle": f"person{one.number % 7}.example"},
            "record": {"text": one.text, "createdAt": one.at.isoformat()},
            "indexedAt": one.at.isoformat(),
        }
        for one in told.items
    ]
    return json.dumps({"posts": posts, **({"cursor": str(told.following)} if told.older else {})})


def _googleplay(told: Told) -> str:
    rows = [
        [f"rev-{one.key}", [one.author], 2, None, one.text, [int(one.at.timestamp()), 0], 0, None] for one in told.items
    ]
    inner = json.dumps([rows, [None, f"from{told.following}" if told.older else None]])
    return ")]}'\n\n" + json.dumps([["wrb.fr", "oCPfdb", inner, None, None, None, "generic"]])


BELOW: Final = re.compile(r"^t/\d+/\d+\.json|/context$|/method/wall\.getComments|getPostThread|/comments/")
"""Paths at which the answers to a post stand; nobody ever answers here."""
ANSWERS: Final[Mapping[str, str]] = {
    "discourse": json.dumps({"id": 1, "post_stream": {"posts": [], "stream": []}}),
    "mastodon": json.dumps({"ancestors": [], "descendants": []}),
    "vk": json.dumps({"response": {"count": 0, "items": [], "profiles": [], "groups": []}}),
    "bluesky": json.dumps({"thread": {"post": {}, "replies": []}}),
    "reddit": '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>x</title></feed>',
}
LOGIN: Final = json.dumps({"accessJwt": "sim-token.0123456789abcdef.x"})
BODIES: Final[Mapping[str, Callable[[Told], str]]] = {
    "json": _json,
    "schemaorg": _schemaorg,
    "discourse": _discourse,
    "mastodon": _mastodon,
    "vk": _vk,
    "reddit": _reddit,
    "appstore": _appstore,
    "bluesky": _bluesky,
    "googleplay": _googleplay,
}
THROTTLED: Final = {
    "vk": json.dumps({"error": {"error_code": 29, "error_msg": "Rate limit reached"}}),
    "discourse": json.dumps(
        {"errors": ["Slow down"], "error_type": "rate_limit", "extras": {"wait_seconds": PEACE.total_seconds()}}
    ),
}

_JSON: Final = JsonOptions(
    items=("found.rows",),
    fields=JsonFields(
        id=("id",), url=("link",), title=("head",), text=("body",), author=("who.name",), published=("at",)
    ),
    next="links.next",
)
OPTIONS: Final[Mapping[str, object]] = {
    "json": _JSON,
    "schemaorg": SchemaOptions(types=("Review",), next="a.older"),
    "discourse": DiscourseOptions(),
    "mastodon": MastodonOptions(public=True),
    "vk": VkOptions(token=SECRET, domains=("wall",)),
    "reddit": RedditOptions(subreddits=("sim",)),
    "appstore": AppStoreOptions(app="6448311069"),
    "bluesky": BlueskyOptions(query=("brand",), handle="sim.example", app_password=SECRET),
    "googleplay": GooglePlayOptions(app="org.example.app"),
}
