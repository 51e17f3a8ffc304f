"""The terms of this project as frozen records; no behaviour beyond what a record knows of itself.

Times are timezone-aware UTC datetimes, durations are timedeltas, offsets count code points, influence and priority
run from 0 to 100, relevance and probabilities from 0 to 1. None means "not known", an empty tuple means "none".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import TypeAlias

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
Network: TypeAlias = IPv4Network | IPv6Network


class PostType(StrEnum):
    """What sort of thing a source yielded."""

    POST = "post"
    COMMENT = "comment"
    REVIEW = "review"
    ARTICLE = "article"
    VIDEO = "video"
    EMAIL = "email"


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who wrote a post, as far as the source says."""

    name: str | None = None
    url: str | None = None
    followers: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One thing that somebody published, as a source yielded it.

    `native_id` is the id that the source itself gives and keeps; `url` is absolute and http(s), or None; `title` and
    `text` are plain text; `rating` is on the scale 1 to 5 whatever scale the site uses; `thread` and `parent` are the
    native ids or addresses of what the post stands under.
    """

    native_id: str | None = None
    url: str | None = None
    title: str = ""
    text: str = ""
    author: Author = field(default_factory=Author)
    published: datetime | None = None
    rating: float | None = None
    likes: int | None = None
    replies: int | None = None
    views: int | None = None
    thread: str | None = None
    parent: str | None = None
    type: PostType = PostType.POST
    lang: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One HTTP request that a kind asks for; picklable.

    `step` names the stage of the kind's own protocol ("list", "page"), `carry` is what the kind wants to see again
    when the answer is read. A header value may hold a secret reference; fetching resolves it.
    """

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    step: str = "list"
    carry: Mapping[str, JSON] = field(default_factory=dict)


Request: TypeAlias = HttpRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What the server gave us to ask "has it changed?" with; sent back exactly as received."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A whole HTTP answer within the caps, decoded from its transfer and content encodings.

    `url` is the final address after redirects; `headers` have lower-case names; `not_modified` is True for a 304, and
    then `body` is empty.
    """

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    validators: Validators = field(default_factory=Validators)
    not_modified: bool = False
    elapsed: timedelta = timedelta()

    def header(self, name: str) -> str | None:
        """Value of the first header called `name` (any case), or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key == wanted), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a kind read from one answer.

    `more` are requests that would reach further back; the flow follows them only while everything on the page is new.
    `cursor` is what the kind wants to be given at the next poll.
    """

    posts: tuple[Post, ...]
    more: tuple[Request, ...] = ()
    cursor: Mapping[str, JSON] = field(default_factory=dict)


class Label(StrEnum):
    """Sentiment toward a brand."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class Level(StrEnum):
    """How grave a special case is."""

    INFO = "info"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentiment:
    """Probabilities that sum to 1, and the label that is shown."""

    label: Label
    negative: float
    neutral: float
    positive: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A place where a brand is named: `field` is title or text, `text` the original words, `kind` how it matched."""

    field: str
    start: int
    end: int
    text: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialCase:
    """A class of post with duties of its own; `rule` is the id of the rule that saw it."""

    name: str
    level: Level
    rule: str
    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """One reason of a judgement: `code` is stable, `text` is for people, `weight` is its share where it has one."""

    code: str
    text: str
    field: str | None = None
    start: int | None = None
    end: int | None = None
    weight: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A post seen from one brand."""

    brand: str
    relevance: float
    doubtful: bool
    spans: tuple[Span, ...]
    sentiment: Sentiment
    special_cases: tuple[SpecialCase, ...]
    influence: int
    priority: int
    why: tuple[Why, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the judge says of one post, knowing nothing but the post and the configuration."""

    lang: str | None
    sentiment: Sentiment
    special_cases: tuple[SpecialCase, ...]
    mentions: tuple[Mention, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """A name to watch; `context_any` and `context_none` are words that speak for and against its being meant."""

    name: str
    aliases: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()
    context_packs: tuple[str, ...] = ()
    context_any: tuple[str, ...] = ()
    context_none: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    own_domains: tuple[str, ...] = ()
    own_accounts: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    known_issues: tuple[tuple[str, tuple[str, ...]], ...] = ()
    competitor: bool = False


class Backfill(StrEnum):
    """What the first poll of a source does with what it finds."""

    SILENT = "silent"
    ALERT = "alert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A configured place.

    `options` is the kind's own options record; `allow` are private networks that may be dialled for this source;
    `weight` is the prior influence (0 to 1) of whoever writes there.
    """

    name: str
    kind: str
    url: str
    options: object
    recipe: str | None = None
    every: timedelta = timedelta(minutes=15)
    allow: tuple[Network, ...] = ()
    backfill: Backfill = Backfill.SILENT
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    weight: float | None = None
    lang: str | None = None
    max_pages: int = 5
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One Apprise address of a receiver.

    `key` is a short hash of the address as it is spelt in the file: stable across secrets, and no secret itself.
    `url` may hold secrets and must never be logged, stored or shown.
    """

    key: str
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Who is told, and where; `language` is that of the messages."""

    name: str
    targets: tuple[Target, ...]
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Mentions that match the query `match` go to the receiver `to`."""

    match: str
    to: str


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


class Health(StrEnum):
    """State of a source, from its last polls."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILING = "failing"
    STALE = "stale"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """The row of a source: everything that survives a restart.

    `baseline_at` is when the first successful poll ended, None before; `last_new_at` when something new was seen last.
    """

    name: str
    next_at: datetime
    cursor: Mapping[str, JSON] = field(default_factory=dict)
    validators: Validators = field(default_factory=Validators)
    baseline_at: datetime | None = None
    last_polled_at: datetime | None = None
    last_success_at: datetime | None = None
    last_new_at: datetime | None = None
    failures: int = 0
    health: Health = Health.OK
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState:
    """Politeness towards one host:port: no request before `next_at`, and none before `retry_at`."""

    host: str
    next_at: datetime | None = None
    retry_at: datetime | None = None


class DeliveryState(StrEnum):
    """State of a delivery; of a message too, which is never muted."""

    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"
    MUTED = "muted"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertIntent:
    """A decision that people must see a mention; becomes an alert and one delivery for each receiver.

    `key` is the natural key: writing the same intent twice makes one alert. `to` pairs each receiver with the reason
    why it is told.
    """

    key: str
    reason: str
    to: tuple[tuple[Receiver, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What happens with a mention: an alert or none, and in either case why."""

    alert: AlertIntent | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionView:
    """A stored mention with its post, as people and messages see it."""

    id: int
    source: str
    post_id: int
    post: Post
    discovered_at: datetime
    mention: Mention
    decision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """A stored alert with its mention."""

    id: int
    reason: str
    created_at: datetime
    view: MentionView
