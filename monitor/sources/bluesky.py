"""Kind `bluesky`: what people write on Bluesky, by its search (https://docs.bsky.app, app.bsky.feed.searchPosts).

A kind of its own, because the search wants a login with a handle and an app password, whose token runs out, and because
an answer names a post by parts from which its address must be made. `createdAt` is what the author's program says, so
that a post is taken to be as old as the older of that and of when the network saw it.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final

from monitor.errors import LoginRefused, Malformed
from monitor.models import Author, HttpRequest, Page, Post, PostType
from monitor.sources import answers, fields
from monitor.sources.paging import own_address, quoted
from monitor.sources.protocol import OneOrMore
from monitor.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.models import JSON, Request, Response

_LIMIT: Final = 100
_OVERLAP: Final = timedelta(hours=1)
_LISTS: Final = 25  # that one visit reads, beside the login
_LIFE: Final = timedelta(hours=1)  # of a token that does not say when it runs out
_MARGIN: Final = timedelta(minutes=2)
_DEPTH: Final = 6  # of the answers to answers
_TOKEN: Final = re.compile(r"[\w.~+/=-]{16,8192}", re.ASCII)
_URI: Final = re.compile(r"at://(did:[a-z]{1,20}:[\w.:%-]{1,200})/app\.bsky\.feed\.post/([\w.~:-]{1,200})", re.ASCII)
_HANDLE: Final = re.compile(r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,10}")
_NO_HANDLE: Final = "handle.invalid"  # what the network calls an account whose domain no longer says that it is its


@dataclass(frozen=True, slots=True)
class BlueskyOptions:
    """What is searched for on Bluesky, and with which account."""

    query: OneOrMore = field(metadata={"description": "Words to search for; each query of a list by itself."})
    handle: str = field(metadata={"description": "Account that searches, such as name.bsky.social."})
    app_password: str = field(metadata={"description": "App password of the account, as a secret reference."})

    def __post_init__(self) -> None:
        if not self.query or not all(query.strip() for query in self.query):
            raise ValueError("query: is empty")
        if len(self.query) > _LISTS:
            raise ValueError(f"query: at most {_LISTS} are searched for by one source")
        if not self.handle.strip() or not self.app_password.strip():
            raise ValueError("handle and app_password: the search needs both")


@dataclass(frozen=True, slots=True)
class BlueskyKind:
    """Searches through the account's server at `url`."""

    Options: ClassVar[type] = BlueskyOptions
    address: ClassVar[str] = "https://bsky.social"

    url: str
    options: Any  # BlueskyOptions; a KindClass takes any object

    def start(self, cursor: Mapping[str, JSON], now: datetime) -> Request:
        """The request for the first search, or for a login where there is no token."""
        asked = now.isoformat()
        if token := _token(cursor, now):
            return self._search(self.options.query[0], cursor, asked=asked, token=token)
        return self._login(step="login", carry={"asked": asked})

    def replies(self, address: str, cursor: Mapping[str, JSON], now: datetime) -> Request | None:
        """The request for the thread below a post, or for the login before it; None for an address elsewhere."""
        url, carry = own_address(address, self.url, self.url), {"asked": now.isoformat()}
        if url is None:
            return None
        if token := _token(cursor, now):
            return _http(url, step="replies", carry=carry, token=token)
        return self._login(step="replies", carry={**carry, "onward": url})

    def read(self, request: Request, response: Response, cursor: Mapping[str, JSON]) -> Page:
        """The posts that a search found, newest first, or the request that a login leads on to.

        Raises `errors.LoginRefused` where the server says so, `errors.Blocked` for a web page.
        """
        answer, latest = answers.read_json(response), answers.latest_of(request, response)
        if error := answers.line(answer, "error"):
            refused = "auth" in error.lower() or "token" in error.lower() or "takedown" in error.lower()
            said = safe_text(f"{error}: {answers.line(answer, 'message')}")
            raise (LoginRefused if refused else Malformed)(f"the server says {said}")
        if request.step == "login" or "onward" in request.carry:
            return self._logged_in(request, answer, cursor)
        if request.step == "replies":
            return Page(posts=self._thread(answer, latest), cursor=cursor)
        found = answers.record(answer).get("posts")
        if not isinstance(found, list):
            raise Malformed("no list of posts in the answer")
        posts = tuple(post for item in answers.records(found) if (post := self._post(item, latest)))
        return self._page(request, answer, cursor, posts)

    def _login(self, *, step: str, carry: Mapping[str, JSON]) -> HttpRequest:
        login = {"identifier": self.options.handle.removeprefix("@"), "password": self.options.app_password}
        return HttpRequest(
            url=f"{self._home}/xrpc/com.atproto.server.createSession",
            method="POST",
            headers=(("accept", "application/json"), ("content-type", "application/json")),
            body=json.dumps(login, ensure_ascii=False).encode(),
            step=step,
            carry=carry,
            with_secrets=True,
        )

    def _logged_in(self, request: Request, answer: JSON, cursor: Mapping[str, JSON]) -> Page:
        token, asked = answers.text(answer, "accessJwt"), str(request.carry.get("asked"))
        if not _TOKEN.fullmatch(token):
            raise Malformed("the answer to the login holds no token")
        cursor = {**cursor, "session": {"token": token, "until": _until(token, asked)}}
        if isinstance(url := request.carry.get("onward"), str):
            onward = _http(url, step="replies", carry={"asked": asked}, token=token)
        else:
            onward = self._search(self.options.query[0], cursor, asked=asked, token=token)
        return Page(cursor=cursor, onward=onward)

    def _page(self, request: Request, answer: JSON, cursor: Mapping[str, JSON], posts: tuple[Post, ...]) -> Page:
        """What a search found, the request for older finds, and that for the next search."""
        name, since = str(request.carry.get("list", "")), str(request.carry.get("since", ""))
        asked, token = str(request.carry.get("asked")), answers.text(cursor.get("session"), "token")
        following = answers.text(answer, "cursor")[:1000]
        more: tuple[Request, ...] = ()
        if following and answers.items(answer, "posts"):
            more = (self._search(name, cursor, asked=asked, token=token, since=since, after=following),)
        onward = None
        if request.step == "list":
            dates = [post.published for post in posts if post.published]
            known = answers.moment(cursor.get("newest"), name)
            if newest := max([*dates, *([known] if known else [])], default=None):
                cursor = {**cursor, "newest": {**answers.record(cursor.get("newest")), name: newest.isoformat()}}
            rest = self.options.query[self.options.query.index(name) + 1 :] if name in self.options.query else ()
            onward = self._search(rest[0], cursor, asked=asked, token=token) if rest else None
        return Page(posts=posts, more=more, cursor=cursor, joined=bool(since) and not more, onward=onward)

    @property
    def _home(self) -> str:
        return self.url.partition("?")[0].rstrip("/")

    def _search(
        self,
        query: str,
        cursor: Mapping[str, JSON],
        *,
        asked: str,
        token: str,
        since: str | None = None,
        after: str = "",
    ) -> HttpRequest:
        """The request for what `query` finds from the moment `since`, or else from an hour before the newest find."""
        newest = answers.moment(cursor.get("newest"), query)
        if since is None:
            since = f"{newest - _OVERLAP:%Y-%m-%dT%H:%M:%S.000Z}" if newest else ""
        given: dict[str, str | int] = {"sort": "latest", "limit": _LIMIT, "since": since, "cursor": after}
        url = answers.query(f"{self._home}/xrpc/app.bsky.feed.searchPosts", {"q": query}, given)
        carry: dict[str, JSON] = {"asked": asked, "list": query, "since": since}
        return _http(url, step="page" if after else "list", carry=carry, token=token)

    def _thread(self, answer: JSON, latest: datetime | None) -> tuple[Post, ...]:
        """The answers below a post, however deep."""
        top = answers.record(answer).get("thread")
        if not isinstance(top, dict):
            raise Malformed("no thread in the answer")
        waiting, found = answers.records(top, "replies"), list[Post]()
        while waiting and len(found) < answers.ITEM_CAP:
            branch = waiting.pop()
            if post := self._post(answers.record(branch, "post"), latest):
                found.append(post)
            waiting += answers.records(branch, "replies")
        return tuple(sorted(found, key=lambda post: post.published or fields.EARLIEST, reverse=True))

    def _post(self, item: dict[str, JSON], latest: datetime | None) -> Post | None:
        """The post in a view of it; None for what is no post, was blocked or says nothing."""
        written, author, place = answers.record(item, "record"), answers.record(item, "author"), _at(item, "uri")
        text = fields.prose(answers.text(written, "text"), markup=False)
        if place is None or not text:
            return None
        did, key = place
        handle = answers.text(author, "handle")
        name = handle if _HANDLE.fullmatch(handle) and handle != _NO_HANDLE else did
        root, parent = (
            (uri if _URI.fullmatch(uri := answers.text(written, "reply", end, "uri")) else None)
            for end in ("root", "parent")
        )
        dates = [answers.moment(written, "createdAt", latest=latest), answers.moment(item, "indexedAt", latest=latest)]
        langs = answers.items(written, "langs")
        uri = f"at://{did}/app.bsky.feed.post/{key}"
        return Post(
            native_id=uri,
            url=f"https://bsky.app/profile/{quoted(name, ':')}/post/{quoted(key, ':')}",
            text=text,
            author=Author(name=name, url=f"https://bsky.app/profile/{quoted(name, ':')}"),
            published=min(filter(None, dates), default=None),
            likes=answers.count(item, "likeCount"),
            replies=answers.count(item, "replyCount"),
            thread=root or parent,
            parent=parent,
            type=PostType.COMMENT if parent else PostType.POST,
            lang=answers.language(langs[0]) if langs else None,
            follow=answers.query(
                f"{self._home}/xrpc/app.bsky.feed.getPostThread", {}, {"uri": uri, "depth": _DEPTH, "parentHeight": 0}
            ),
        )


def _at(item: dict[str, JSON], key: str) -> tuple[str, str] | None:
    """The account and the key in a post's AT address."""
    found = _URI.fullmatch(answers.text(item, key))
    return (found[1], found[2]) if found else None


def _http(url: str, *, step: str, carry: Mapping[str, JSON], token: str) -> HttpRequest:
    headers = (("accept", "application/json"), ("authorization", f"Bearer {token}"))
    return HttpRequest(url=url, headers=headers, step=step, carry=carry)


def _token(cursor: Mapping[str, JSON], now: datetime) -> str:
    """The token of a login that has not run out; "" where there is none."""
    until = answers.moment(cursor.get("session"), "until")
    return answers.text(cursor.get("session"), "token") if until is not None and until > now else ""


def _until(token: str, asked: str) -> str:
    """When a token runs out, as it says itself (RFC 7519): the server answers 400 to an old one, as to any mistake."""
    begun = answers.moment(asked) or datetime.now(UTC)
    claims = ([*token.split("."), ""])[1]
    try:
        said = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    except (ValueError, RecursionError):
        said = None
    until = answers.moment(said, "exp") or begun + _LIFE
    return (max(until - _MARGIN, begun)).isoformat()
