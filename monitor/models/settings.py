"""What the administrator decides: sources.yaml as records."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from monitor.models.alerts import SHIPPED_TIMING, Budget, QuietHours, Timing
from monitor.models.posts import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """A name to watch.

    `context_any` and `context_none` are words that speak for and against its being meant; `rule` is a query that its
    mentions have to satisfy, or else they are doubtful. `fixed` says of known issues since which day they are.
    `vip` are accounts and addresses of customers who matter most.
    """

    name: str
    aliases: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()
    context_packs: tuple[str, ...] = ()
    context_any: tuple[str, ...] = ()
    context_none: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    rule: str | None = None
    own_domains: tuple[str, ...] = ()
    own_accounts: tuple[str, ...] = ()
    vip: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    known_issues: tuple[tuple[str, tuple[str, ...]], ...] = ()
    fixed: tuple[tuple[str, date], ...] = ()
    competitor: bool = False


LEARNED: Final = (timedelta(minutes=2), timedelta(hours=6))
"""Bounds of an interval that is learned from a source's rhythm."""


class Backfill(StrEnum):
    """What the first poll of a source does with what it finds."""

    SILENT = "silent"
    ALERT = "alert"


class Content(StrEnum):
    """Where the text of a post is taken from: the source itself, or the page that the post's address leads to."""

    SOURCE = "source"
    PAGE = "page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A configured place.

    `options` is the kind's own options record; `allow` are private networks that may be dialled for this source;
    `weight` is the prior influence (0 to 1) of whoever writes there; `robots` is False where the administrator answers
    for not asking robots.txt. `every` is the interval that the administrator decided on; where `learns`, nobody did,
    and it is what a new source starts with. `proxy` is the address of an outgoing proxy (http or socks5).
    """

    name: str
    kind: str
    url: str
    options: object
    recipe: str | None = None
    every: timedelta = timedelta(minutes=15)
    learns: bool = False
    proxy: str | None = field(default=None, repr=False)
    allow: tuple[Network, ...] = ()
    backfill: Backfill = Backfill.SILENT
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    weight: float | None = None
    lang: str | None = None
    max_pages: int = 5
    content: Content = Content.SOURCE
    robots: bool = True
    enabled: bool = True

    @property
    def longest(self) -> timedelta:
        """The longest time between two visits that went well."""
        return max(LEARNED[1], self.every) if self.learns else self.every


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One address of a receiver: one that Apprise understands, or a webhook that is sent our own JSON.

    `key` is a short hash of the address as it is spelt in the file: stable across secrets, and no secret itself.
    `url` may hold secrets and must never be logged, stored or shown, and so must `secret`, by which what a webhook is
    sent is signed. With `events` a webhook hears of each event of each case, too.
    """

    key: str
    url: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)
    is_webhook: bool = False
    events: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Who is told, and where; `language` is that of the messages, `zone` the time zone that they tell times in.

    `templates` are the administrator's own, by what they are of: title and body.
    """

    name: str
    targets: tuple[Target, ...]
    language: str = "en"
    zone: str = "UTC"
    quiet: QuietHours | None = None
    budget: Budget | None = None
    templates: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Mentions that match the query `match` go to the receiver `to`, or as one of the `routes` below it says.

    `to` None means the receiver of the route above. After a route that holds, its siblings are asked only where it
    `continues`. `timing` is what counts here, whether it is said here or above.
    """

    match: str
    to: str | None
    continues: bool = False
    timing: Timing = SHIPPED_TIMING
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSettings:
    """Who hears that a source cannot be seen, after how many failures in a row; None means all that routes name."""

    to: tuple[str, ...] | None = None
    after: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSettings:
    """Bounds of fetching; sizes are bytes. `gap` is the pause between two requests to one host."""

    contact: str
    parallel: int = 64
    gap: timedelta = timedelta(seconds=2)
    timeout: timedelta = timedelta(seconds=30)
    wire_cap: int = 5 * 1024 * 1024
    decoded_cap: int = 15 * 1024 * 1024
    redirects: int = 5
