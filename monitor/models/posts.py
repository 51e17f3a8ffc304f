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
    when the answer is read. A header value may hold a secret reference; fetching resolves it. `for_people` says that
    the address is a page for people and not a feed or an API: robots.txt is asked first.
    """

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    step: str = "list"
    carry: Mapping[str, JSON] = field(default_factory=dict)
    for_people: bool = False


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
    `threads` are pages on which the posts stand that this page only lists; the flow fetches each of them, up to its
    bound for one visit. `cursor` is what the kind wants to be given when the next answer of this visit is read, and at
    the next poll: reading a thread's page notes in it how far that thread is known.
    """

    posts: tuple[Post, ...]
    more: tuple[Request, ...] = ()
    threads: tuple[Request, ...] = ()
    cursor: Mapping[str, JSON] = field(default_factory=dict)
