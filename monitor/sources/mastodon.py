"""Kind `mastodon`: Mastodon and what speaks its API (Pleroma, Akkoma, GoToSocial), https://docs.joinmastodon.org/.

A kind of its own, because each tag is a list of its own with its own place to go on from, ids are ordered in each
server's own way, and a token may be needed. Posts of other servers come late and are sorted in where they belong by
their date, so what is asked for begins an hour before the newest post that was seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final

from monitor.errors import LoginRefused, Malformed
from monitor.models import Author, HttpRequest, Page, Post, PostType
from monitor.sources import answers, fields
from monitor.sources.paging import next_link, own_address, quoted
from monitor.sources.protocol import OneOrMore
from monitor.text import clean_url, safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from monitor.models import JSON, Request, Response

_LIMIT: Final = 40  # of the timelines and of the search
_OVERLAP: Final = timedelta(hours=1)
_SEARCH: Final = "?"
_LOCAL: Final = "."
_LISTS: Final = 25  # that one visit reads


@dataclass(frozen=True, slots=True)
class MastodonOptions:
    """What is read of a server of the Fediverse."""

    tags: OneOrMore = field(default=(), metadata={"description": "Hashtags that are watched, without #."})
    query: str = field(
        default="", metadata={"description": "Words to search for; needs a token, finds only those who agreed."}
    )
    token: str = field(default="", metadata={"description": "Access token of an application, as a secret reference."})
    public: bool = field(default=False, metadata={"description": "Whether all that is written on the server is read."})

    def __post_init__(self) -> None:
        if not (self.tags or self.query.strip() or self.public):
            raise ValueError("give tags, a query or public: true")
        if self.query and not self.token:
            raise ValueError("query: needs a token")
        if len(self.tags) + bool(self.query) + self.public > _LISTS:
            raise ValueError(f"tags: at most {_LISTS} lists are read by one source")
        for tag in self.tags:
            if not tag.removeprefix("#").replace("_", "").isalnum():
                raise ValueError(f"tags: {tag!r} is no hashtag (letters, digits and _ only)")


@dataclass(frozen=True, slots=True)
class MastodonKind:
    """Reads the server at `url`: one list for each tag, for the search and for the local timeline."""

    Options: ClassVar[type] = MastodonOptions
    address: ClassVar[str] = ""

    url: str
    options: Any  # MastodonOptions; a KindClass takes any object

    def start(self, cursor: Mapping[str, JSON], now: datetime) -> Request:
        """The request for the first list."""
        return self._request(self._lists[0], cursor, asked=now.isoformat())

    def replies(self, address: str, cursor: Mapping[str, JSON], now: datetime) -> Request | None:  # noqa: ARG002
        """The request for the conversation below a post; None for an address elsewhere."""
        url = own_address(address, self.url, self.url)
        return self._http(url, step="replies", carry={"asked": now.isoformat()}) if url else None

    def read(self, request: Request, response: Response, cursor: Mapping[str, JSON]) -> Page:
        """The posts of a list, newest first; boosts of others' posts are none.

        Raises `errors.LoginRefused` where the server wants a token, `errors.Blocked` for a web page.
        """
        answer, latest = answers.read_json(response), answers.latest_of(request, response)
        if said := answers.line(answer, "error"):
            wants = "authenticat" in said.lower() or "token" in said.lower()
            raise (LoginRefused if wants else Malformed)(f"the server says: {safe_text(said)}")
        if request.step == "replies":
            listed = _listed(answer, "descendants")
            answered = [post for status in listed if (post := self._post(status, latest))]
            return Page(posts=tuple(reversed(answered)), cursor=cursor)
        name = str(request.carry.get("list", ""))
        listed = _listed(answer, "statuses") if isinstance(answer, dict) and "statuses" in answer else _listed(answer)
        posts = tuple(post for status in listed if (post := self._post(status, latest)))
        more = self._more(request, response, listed)
        is_first, since = request.step == "list", answers.record(cursor.get("since"))
        if is_first and (known := _overlapping(listed, latest)):
            cursor = {**cursor, "since": {**since, name: known}}
        rest = self._lists[self._lists.index(name) + 1 :] if is_first and name in self._lists else []
        onward = self._request(rest[0], cursor, asked=request.carry.get("asked")) if rest else None
        is_joined = not more and bool(request.carry.get("since"))
        return Page(posts=posts, more=more, cursor=cursor, joined=is_joined, onward=onward)

    def _more(self, request: Request, response: Response, listed: list[dict[str, JSON]]) -> tuple[Request, ...]:
        """The request for what is older than the listed, from the same beginning."""
        name, since = str(request.carry.get("list", "")), str(request.carry.get("since") or "")
        oldest = answers.identifier(listed[-1], "id") if listed else ""
        if not oldest or (len(listed) < _LIMIT and next_link(response) is None):
            return ()
        passed = (answers.count(request.carry.get("passed")) or 0) + len(listed)
        older: dict[str, str | int] = {"offset": passed} if name == _SEARCH else {"max_id": oldest}
        again = self._request(name, {}, asked=request.carry.get("asked"), older=older, since=since)
        return (replace(again, carry={**again.carry, "passed": passed}),)

    def _post(self, status: dict[str, JSON], latest: datetime | None) -> Post | None:
        """The post in a status; None for a boost, and for one without words."""
        native_id, account = answers.identifier(status, "id"), answers.record(status, "account")
        title, text = answers.line(status, "spoiler_text"), fields.prose(answers.text(status, "content"), markup=True)
        if not native_id or answers.record(status, "reblog") or not (title or text):
            return None
        parent = answers.identifier(status, "in_reply_to_id") or None
        links = (clean_url(answers.text(status, name), self.url) for name in ("url", "uri"))
        return Post(
            native_id=native_id,
            url=next(filter(None, links), None),
            title=title,
            text=text,
            author=Author(
                name=answers.line(account, "acct") or None,
                url=clean_url(answers.text(account, "url"), self.url),
                followers=answers.count(account, "followers_count"),
            ),
            published=answers.moment(status, "created_at", latest=latest),
            likes=answers.count(status, "favourites_count"),
            replies=answers.count(status, "replies_count"),
            thread=parent,
            parent=parent,
            type=PostType.COMMENT if parent else PostType.POST,
            lang=answers.language(status, "language"),
            follow=f"{self._home}/api/v1/statuses/{quoted(native_id)}/context",
        )

    @property
    def _home(self) -> str:
        return self.url.partition("?")[0].rstrip("/")

    @property
    def _lists(self) -> list[str]:
        """The names of the lists; no tag has one of the two that are none."""
        tags = dict.fromkeys(tag.removeprefix("#") for tag in self.options.tags)
        return [*tags, *([_SEARCH] if self.options.query else []), *([_LOCAL] if self.options.public else [])]

    def _request(
        self,
        name: str,
        cursor: Mapping[str, JSON],
        *,
        asked: JSON,
        older: Mapping[str, str | int] | None = None,
        since: str | None = None,
    ) -> HttpRequest:
        """The request for a list from where the cursor says; for what is `older` than that, from the same `since`."""
        own: dict[str, str | int] = {}
        if since is None:
            since = answers.identifier(cursor.get("since"), name)
        if name == _SEARCH:
            path, own, since = "/api/v2/search", {"q": self.options.query, "type": "statuses"}, ""
        elif name == _LOCAL:
            path, own = "/api/v1/timelines/public", {"local": "true"}
        else:
            path = f"/api/v1/timelines/tag/{quoted(name)}"
        url = answers.query(f"{self._home}{path}", {**own, "limit": _LIMIT}, {"since_id": since, **(older or {})})
        carry: dict[str, JSON] = {"asked": asked, "list": name, "since": since}
        return self._http(url, step="page" if older else "list", carry=carry)

    def _http(self, url: str, *, step: str, carry: Mapping[str, JSON]) -> HttpRequest:
        token = self.options.token
        headers = (("accept", "application/json"), *((("authorization", f"Bearer {token}"),) if token else ()))
        return HttpRequest(url=url, headers=headers, step=step, carry=carry, with_secrets=bool(token))


def _overlapping(listed: list[dict[str, JSON]], latest: datetime | None) -> str:
    """The id of the newest post that is an hour older than the newest of all; "" where none is."""
    dates = [(moment, status) for status in listed if (moment := answers.moment(status, "created_at", latest=latest))]
    newest = max((moment for moment, _ in dates), default=None)
    if newest is None:
        return ""
    return next((answers.identifier(status, "id") for moment, status in dates if moment <= newest - _OVERLAP), "")


def _listed(answer: JSON, key: str = "") -> list[dict[str, JSON]]:
    """The statuses of an answer; raises `errors.Malformed` where it is no list of them."""
    found = answers.record(answer).get(key) if key else answer
    if not isinstance(found, list):
        raise Malformed("no list of posts in the answer: is it the address of a server with Mastodon's API?")
    listed = answers.records(found)
    if found and not any("id" in status and "content" in status for status in listed):
        raise Malformed("a list came, but not of posts")
    return listed
