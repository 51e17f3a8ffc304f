"""What sources yield, and what is asked of them and answered on the way."""

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
    native ids or addresses of what the post stands under. `follow` is the address at which the answers to it can be
    read, where its kind can read them (see `Kind.replies`).

    Words that the author only quotes stand in `text` as lines that begin with "> ".
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
    follow: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One HTTP request that a kind asks for; picklable.

    `step` names the stage of the kind's own protocol ("list", "page"), `carry` is what the kind wants to see again
    when the answer is read. `for_people` says that the address is a page for people and not a feed or an API:
    robots.txt is asked first.

    `with_secrets` says that the kind made the whole request from its own options, and that nothing in its address
    comes from an answer: then the secret references of the options are resolved in address, headers and body,
    wherever it leads. A token that an answer gave may stand in its headers; such a request is never logged.
    """

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    step: str = "list"
    carry: Mapping[str, JSON] = field(default_factory=dict)
    for_people: bool = False
    with_secrets: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapRequest:
    """Messages of a mailbox that a kind asks for: at most `limit` with a UID above `since`, oldest first.

    `url` is `imaps://host[:port]/folder`; `user` and `password` may be secret references. Where the mailbox has
    another UIDVALIDITY than `validity`, `since` means nothing, and the newest `limit` messages are given. Messages
    stay unread.
    """

    url: str
    user: str
    password: str = field(repr=False)
    since: int = 0
    validity: int | None = None
    limit: int = 50
    step: str = "list"
    carry: Mapping[str, JSON] = field(default_factory=dict)


Request: TypeAlias = HttpRequest | ImapRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What the server gave us to ask "has it changed?" with; sent back exactly as received."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A whole HTTP answer within the caps, decoded from its transfer and content encodings; or that of a mailbox.

    `url` is the final address after redirects; `headers` have lower-case names; `not_modified` is True for a 304, and
    then `body` is empty. `messages` are those of a mailbox as (UID, RFC 5322 bytes), oldest first; there the headers
    hold `uidvalidity`, and the status is 200.
    """

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    validators: Validators = field(default_factory=Validators)
    not_modified: bool = False
    elapsed: timedelta = timedelta()
    messages: tuple[tuple[int, bytes], ...] = ()

    def header(self, name: str) -> str | None:
        """Value of the first header called `name` (any case), or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key == wanted), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a kind read from one answer.

    `more` are requests that would reach further back; the flow follows them only while everything on the page is new.
    `threads` are pages on which the posts stand that this page only lists; the flow fetches each of them, up to its
    bound for one visit. `cursor` is what the kind wants to be given when the next answer of this visit is read, and at
    the next poll: reading a thread's page notes in it how far that thread is known. What a kind keeps under its key
    "session" (a token that a login gave) lives in memory only and is never stored.

    `joined` says that the answer reaches back to where the cursor says that the last visit ended: it was asked for all
    that came since, and there is no more of it.
    `listed` is how many threads the page lists, those that did not change too; None for a page that lists none.
    `onward` is the request that this answer was only the way to (after a login): it is always followed.
    `wait` is how long the site asks, in the body, to be left alone. `every` is how often the site itself says that it
    changes (RSS ttl, sy:updatePeriod), `quiet_hours` the hours of the day (UTC) in which it does not (skipHours).
    """

    posts: tuple[Post, ...] = ()
    more: tuple[Request, ...] = ()
    threads: tuple[Request, ...] = ()
    cursor: Mapping[str, JSON] = field(default_factory=dict)
    joined: bool = False
    listed: int | None = None
    onward: Request | None = None
    wait: timedelta | None = None
    every: timedelta | None = None
    quiet_hours: frozenset[int] = frozenset()
