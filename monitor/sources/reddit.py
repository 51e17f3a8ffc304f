"""Kind `reddit`: a search, or the newest posts or comments of subreddits, by Reddit's feeds or by its API.

A kind of its own, because the API wants a login whose token runs out, because Reddit says in the headers of a good
answer that it wants to be left alone, and because its feeds put around each text what nobody wrote. Feeds need the
user's own token (reddit.com/prefs/feeds), and bear one request in half a minute; the API needs an application.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final

from monitor.errors import LoginRefused, Malformed, Throttled
from monitor.models import HttpRequest, Page, Post, PostType
from monitor.sources import answers
from monitor.sources.feed import FeedKind, FeedOptions
from monitor.sources.paging import own_address
from monitor.sources.protocol import OneOrMore
from monitor.sources.redditposts import SITE, THING, from_api, from_feed
from monitor.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from monitor.models import JSON, Request, Response

_API: Final = "https://oauth.reddit.com"
_LIMIT: Final = 100
_FEW: Final = 25  # entries of a full feed where Reddit does not give as many as were asked for
_LIFE: Final = 3600  # seconds that a token lives which does not say how long
_LONGEST: Final = 900.0  # seconds for which Reddit's count of requests may ask to be left alone
_TOKEN: Final = re.compile(r"[\w.~+/=-]{8,8192}", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z0-9_]{1,50}")


@dataclass(frozen=True, slots=True)
class RedditOptions:
    """What is read of Reddit: by the user's feed token, or by an application's id and secret."""

    query: str = field(default="", metadata={"description": "Words to search for; in the subreddits, if any."})
    subreddits: OneOrMore = field(default=(), metadata={"description": "Subreddits, without r/."})
    comments: bool = field(
        default=False, metadata={"description": "Whether the comments of the subreddits are read, not their posts."}
    )
    user: str = field(default="", metadata={"description": "Account to which feed_token belongs."})
    feed_token: str = field(default="", metadata={"description": "Token of reddit.com/prefs/feeds, as a secret."})
    client_id: str = field(default="", metadata={"description": "Id of an application, as a secret reference."})
    client_secret: str = field(default="", metadata={"description": "Its secret, as a secret reference."})

    def __post_init__(self) -> None:
        if not (self.query.strip() or self.subreddits):
            raise ValueError("give a query or subreddits")
        if self.comments and (self.query or not self.subreddits):
            raise ValueError("comments: are read of subreddits; Reddit cannot search in them")
        for name in self.subreddits:
            if not _NAME.fullmatch(name):
                raise ValueError(f"subreddits: {name!r} is no name of one; write it without r/")
        if bool(self.user) != bool(self.feed_token):
            raise ValueError("user and feed_token: one needs the other")
        if bool(self.client_id) != bool(self.client_secret):
            raise ValueError("client_id and client_secret: one needs the other")
        if self.user and self.client_id:
            raise ValueError("give user and feed_token, or client_id and client_secret")


@dataclass(frozen=True, slots=True)
class RedditKind:
    """Reads one list of Reddit at `url`."""

    Options: ClassVar[type] = RedditOptions
    address: ClassVar[str] = SITE

    url: str
    options: Any  # RedditOptions; a KindClass takes any object

    def start(self, cursor: Mapping[str, JSON], now: datetime) -> Request:
        """The request for the newest of the list, or for a login where there is no token."""
        asked = now.isoformat()
        if self.options.client_id and not _token(cursor, now):
            return self._login(step="login", carry={"asked": asked})
        return self._list(_token(cursor, now), asked=asked)

    def replies(self, address: str, cursor: Mapping[str, JSON], now: datetime) -> Request | None:
        """The request for the comments below a post, or for the login before it; None for an address elsewhere."""
        home = self._api if self.options.client_id else self._home
        url, carry = own_address(address, home, home), {"asked": now.isoformat()}
        if url is None:
            return None
        if self.options.client_id and not _token(cursor, now):
            return self._login(step="replies", carry={**carry, "onward": url})
        return self._below(url, _token(cursor, now), carry)

    def read(self, request: Request, response: Response, cursor: Mapping[str, JSON]) -> Page:
        """The posts of the list, newest first.

        Raises `errors.Blocked` for a web page (Reddit's welcome among them), `errors.LoginRefused` and
        `errors.Throttled` where the API says so.
        """
        if not self.options.client_id:
            page = self._read_feed(request, response, cursor)
        else:
            answer = answers.read_json(response)
            _refuse_errors(answer)
            if request.step == "login" or "onward" in request.carry:
                return self._logged_in(request, answer, cursor)
            page = self._read_listing(request, response, answer, cursor)
        return replace(page, wait=_wait(response))

    def _login(self, *, step: str, carry: Mapping[str, JSON]) -> HttpRequest:
        scheme, _, rest = self._home.partition("://")
        own = ":".join(answers.own_quoted(part) for part in (self.options.client_id, self.options.client_secret))
        return HttpRequest(
            url=f"{scheme}://{own}@{rest}/api/v1/access_token",
            method="POST",
            headers=(("accept", "application/json"), ("content-type", "application/x-www-form-urlencoded")),
            body=b"grant_type=client_credentials",
            step=step,
            carry=carry,
            with_secrets=True,
        )

    def _logged_in(self, request: Request, answer: JSON, cursor: Mapping[str, JSON]) -> Page:
        token, asked = answers.text(answer, "access_token"), str(request.carry.get("asked"))
        begun = answers.moment(asked)
        if not _TOKEN.fullmatch(token) or begun is None:
            raise Malformed("the answer to the login holds no token")
        life = min(answers.count(answer, "expires_in") or _LIFE, 30 * 86_400)
        until = begun + timedelta(seconds=max(life - 120, 0))
        cursor = {**cursor, "session": {"token": token, "until": until.isoformat()}}
        if isinstance(url := request.carry.get("onward"), str):
            return Page(cursor=cursor, onward=self._below(url, token, {"asked": asked}))
        return Page(cursor=cursor, onward=self._list(token, asked=asked))

    @property
    def _home(self) -> str:
        return self.url.partition("?")[0].rstrip("/")

    @property
    def _api(self) -> str:
        return _API if self._home == SITE else self._home

    def _list(self, token: str, *, asked: JSON, after: str = "") -> HttpRequest:
        """The request for the list, or for what is older in it than the post `after`."""
        within = f"/r/{'+'.join(self.options.subreddits)}" if self.options.subreddits else ""
        own: dict[str, str | int] = {"limit": _LIMIT}
        if self.options.query:
            path = f"{within}/search"
            own |= {"q": self.options.query, "sort": "new", "restrict_sr": 1 if within else ""}
        else:
            path = f"{within}/{'comments' if self.options.comments else 'new'}"
        home = self._api if self.options.client_id else f"{self._home}"
        path = path if self.options.client_id else f"{path}.rss"
        return self._http(
            home + path, own, {"after": after}, token=token, step="page" if after else "list", asked=asked
        )

    def _below(self, url: str, token: str, carry: Mapping[str, JSON]) -> HttpRequest:
        own: dict[str, str | int] = {"limit": _LIMIT, "sort": "new"}
        return self._http(url.partition("?")[0], own, {}, token=token, step="replies", asked=carry.get("asked"))

    def _http(
        self,
        url: str,
        own: Mapping[str, str | int],
        given: Mapping[str, str | int],
        *,
        token: str,
        step: str,
        asked: JSON,
    ) -> HttpRequest:
        carry = {"asked": asked}
        if self.options.client_id:
            headers = (("accept", "application/json"), ("authorization", f"Bearer {token}"))
            return HttpRequest(
                url=answers.query(url, {**own, "raw_json": 1}, given), headers=headers, step=step, carry=carry
            )
        login = {"feed": self.options.feed_token, "user": self.options.user}
        url = answers.query(url, {**own, **login}, given)
        accept = (("accept", "application/atom+xml"),)
        return HttpRequest(url=url, headers=accept, step=step, carry=carry, with_secrets=bool(self.options.feed_token))

    def _older(self, request: Request, cursor: Mapping[str, JSON], after: str) -> tuple[Request, ...]:
        if request.step == "replies" or not THING.fullmatch(after):
            return ()
        token = answers.text(cursor.get("session"), "token")
        return (self._list(token, asked=request.carry.get("asked"), after=after),)

    # ── Feeds ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _read_feed(self, request: Request, response: Response, cursor: Mapping[str, JSON]) -> Page:
        entries = FeedKind(self.url, FeedOptions()).read(request, response, {}).posts
        posts = [post for entry in entries if (post := from_feed(entry, home=self._home))]
        if request.step == "replies":
            posts = [post for post in posts if post.type is PostType.COMMENT]
        things = [entry.native_id or "" for entry in entries if THING.fullmatch(entry.native_id or "")]
        last = things[-1] if len(things) >= _FEW else ""
        return Page(posts=tuple(posts), more=self._older(request, cursor, last), cursor=cursor)

    # ── The API ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _read_listing(self, request: Request, response: Response, answer: JSON, cursor: Mapping[str, JSON]) -> Page:
        latest = answers.latest_of(request, response)
        listings = [answer] if isinstance(answer, dict) else answers.items(answer)
        if not listings or any(answers.text(one, "kind") != "Listing" for one in listings):
            raise Malformed("no listing in the answer")
        waiting = [thing for one in reversed(listings) for thing in reversed(answers.records(one, "data", "children"))]
        posts = list[Post]()
        while waiting and len(posts) < answers.ITEM_CAP:
            thing = waiting.pop()
            if post := from_api(thing, latest=latest, home=self._api):
                posts.append(post)
            waiting += reversed(answers.records(thing, "data", "replies", "data", "children"))
        if request.step == "replies":
            posts = [post for post in posts if post.type is PostType.COMMENT]
        after = answers.text(answer, "data", "after") if isinstance(answer, dict) else ""
        return Page(posts=tuple(posts), more=self._older(request, cursor, after), cursor=cursor)


def _token(cursor: Mapping[str, JSON], now: datetime) -> str:
    """The token of a login that has not run out; "" where there is none."""
    until = answers.moment(cursor.get("session"), "until")
    return answers.text(cursor.get("session"), "token") if until is not None and until > now else ""


def _wait(response: Response) -> timedelta | None:
    """How long Reddit wants to be left alone, where its headers say that no request is left."""
    try:
        left = float(response.header("x-ratelimit-remaining") or "1")
        wait = float(response.header("x-ratelimit-reset") or "0")
    except ValueError:
        return None
    return timedelta(seconds=min(wait, _LONGEST)) if left < 1 and wait > 0 else None


def _refuse_errors(answer: JSON) -> None:
    """Raises what Reddit says of itself instead of an answer."""
    error = answers.record(answer).get("error")
    if error is None:
        return
    said = safe_text(f"Reddit says {answers.line(answer, 'error') or answers.number(answer, 'error')}")
    if error == 429:
        raise Throttled(said, wait=timedelta(minutes=1))
    if error in (401, 403) or answers.text(answer, "error") in (
        "invalid_grant",
        "unauthorized_client",
        "invalid_client",
    ):
        raise LoginRefused(said)
    raise Malformed(said)
