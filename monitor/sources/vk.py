"""Kind `vk`: VK's search for posts and the walls of communities and people (https://dev.vk.com/method, version 5.199).

A kind of its own, because VK tells of errors inside a 200, names authors in lists apart, and quotes reposts as posts
within posts. The search shows at most a thousand posts; it is asked from an hour before the newest that was found.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import parse_qs, urlsplit

from monitor.errors import Blocked, LoginRefused, Malformed, ReadError, Throttled
from monitor.models import HttpRequest, Page
from monitor.sources import answers
from monitor.sources.paging import own_address
from monitor.sources.protocol import OneOrMore
from monitor.sources.vkposts import NAME, VkReader
from monitor.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.models import JSON, Request, Response

_VERSION: Final = "5.199"
_FIELDS: Final = "screen_name,followers_count,members_count"
_OVERLAP: Final = timedelta(hours=1)
_LISTS: Final = 25  # that one visit reads
_SEARCH: Final = "?"  # no wall is called so
_FOUND: Final = 200  # posts that one answer of the search may hold
_ON_WALL: Final = 100  # posts, or comments
_WAITS: Final = {6: timedelta(seconds=2), 9: timedelta(minutes=5), 29: timedelta(hours=1)}
_LOGIN: Final = frozenset({5, 27, 28, 1114, 1116, 1117})  # tokens that are wrong, of a wrong sort or out of date
_CAPTCHA: Final = 14


@dataclass(frozen=True, slots=True)
class VkOptions:
    """What is read of VK, and with which application's token."""

    token: str = field(metadata={"description": "Service token of an application, as a secret reference."})
    query: str = field(default="", metadata={"description": "Words to search for in all of VK."})
    domains: OneOrMore = field(
        default=(), metadata={"description": "Walls that are read: what stands after vk.com/ in their address."}
    )

    def __post_init__(self) -> None:
        if not self.token.strip():
            raise ValueError("token: VK answers nobody without one")
        if not (self.query.strip() or self.domains):
            raise ValueError("give a query or domains")
        if len(self.domains) + bool(self.query) > _LISTS:
            raise ValueError(f"domains: at most {_LISTS} lists are read by one source")
        for domain in self.domains:
            if not NAME.fullmatch(domain):
                raise ValueError(f"domains: {domain!r} is no name of a wall; write what stands after vk.com/")


@dataclass(frozen=True, slots=True)
class VkKind:
    """Reads VK's API at `url`: one list for each wall and one for the search."""

    Options: ClassVar[type] = VkOptions
    address: ClassVar[str] = "https://api.vk.com"

    url: str
    options: Any  # VkOptions; a KindClass takes any object

    def start(self, cursor: Mapping[str, JSON], now: datetime) -> Request:
        """The request for the first list."""
        return self._list(self._lists[0], cursor, asked=now.isoformat())

    def replies(self, address: str, cursor: Mapping[str, JSON], now: datetime) -> Request | None:  # noqa: ARG002
        """The request for the newest comments on a post; None for an address elsewhere."""
        url = own_address(address, self.url, self.url)
        query = parse_qs(urlsplit(url or "").query, max_num_fields=10) if len(address) < 500 else {}
        owner, post = (answers.number(query.get(name, [""])[0]) for name in ("owner_id", "post_id"))
        if owner is None or post is None:
            return None
        own: dict[str, str | int] = {"sort": "desc", "need_likes": 1, "thread_items_count": 10, "count": _ON_WALL}
        carry: dict[str, JSON] = {"asked": now.isoformat()}
        return self._call("wall.getComments", own, {"owner_id": owner, "post_id": post}, step="replies", carry=carry)

    def read(self, request: Request, response: Response, cursor: Mapping[str, JSON]) -> Page:
        """The posts of a list, newest first.

        Raises `errors.LoginRefused`, `errors.Throttled` or `errors.Blocked` (a captcha) where VK says so.
        """
        answer, latest = answers.read_json(response), answers.latest_of(request, response)
        if error := answers.record(answer, "error"):
            raise _refusal(error, about=str(request.carry.get("list", "")))
        said = answers.record(answer, "response")
        if not isinstance(said.get("items"), list):
            raise Malformed("no list of posts in the answer: is it the address of VK's API?")
        reader, listed = VkReader(self._home, said, latest), answers.records(said, "items")
        if request.step == "replies":
            return Page(posts=reader.comments(listed), cursor=cursor)
        posts = tuple(post for item in listed if (post := reader.post(item)))
        more = self._more(request, said, listed)
        name, onward = str(request.carry.get("list", "")), None
        if request.step == "list":
            dates = [post.published for post in posts if post.published]
            known = answers.moment(cursor.get("newest"))
            if name == _SEARCH and (newest := max([*dates, *([known] if known else [])], default=None)):
                cursor = {**cursor, "newest": newest.isoformat()}
            rest = self._lists[self._lists.index(name) + 1 :] if name in self._lists else []
            onward = self._list(rest[0], cursor, asked=request.carry.get("asked")) if rest else None
        is_joined = bool(request.carry.get("since")) and not more
        return Page(posts=posts, more=more, cursor=cursor, joined=is_joined, onward=onward)

    @property
    def _home(self) -> str:
        return self.url.partition("?")[0].rstrip("/")

    @property
    def _lists(self) -> list[str]:
        return [*dict.fromkeys(self.options.domains), *([_SEARCH] if self.options.query else [])]

    def _list(self, name: str, cursor: Mapping[str, JSON], *, asked: JSON) -> HttpRequest:
        newest = answers.moment(cursor.get("newest"))
        since = int((newest - _OVERLAP).timestamp()) if newest and name == _SEARCH else 0
        return self._ask(name, {}, step="list", carry={"asked": asked, "list": name, "since": since})

    def _more(self, request: Request, said: Mapping[str, JSON], listed: list[dict[str, JSON]]) -> tuple[Request, ...]:
        """The request for what is older than the listed, from the same beginning."""
        name = str(request.carry.get("list", ""))
        passed = (answers.count(request.carry.get("passed")) or 0) + len(listed)
        following = answers.text(dict(said), "next_from")[:1000]
        is_more = bool(following) if name == _SEARCH else passed < (answers.count(dict(said), "count") or 0)
        if not listed or not is_more:
            return ()
        given: dict[str, str | int] = {"start_from": following} if name == _SEARCH else {"offset": passed}
        return (self._ask(name, given, step="page", carry={**request.carry, "passed": passed}),)

    def _ask(self, name: str, given: Mapping[str, str | int], *, step: str, carry: Mapping[str, JSON]) -> HttpRequest:
        if name == _SEARCH:
            since = answers.count(carry.get("since")) or ""
            own: dict[str, str | int] = {"q": self.options.query, "count": _FOUND, "start_time": since}
            return self._call("newsfeed.search", own, given, step=step, carry=carry)
        return self._call("wall.get", {"domain": name, "count": _ON_WALL}, given, step=step, carry=carry)

    def _call(
        self,
        method: str,
        own: Mapping[str, str | int],
        given: Mapping[str, str | int],
        *,
        step: str,
        carry: Mapping[str, JSON],
    ) -> HttpRequest:
        common = {"extended": 1, "fields": _FIELDS, "v": _VERSION, "access_token": self.options.token}
        url = answers.query(f"{self._home}/method/{method}", {**own, **common}, given)
        headers = (("accept", "application/json"),)
        return HttpRequest(url=url, headers=headers, step=step, carry=carry, with_secrets=True)


def _refusal(error: dict[str, JSON], *, about: str) -> ReadError:
    code, said = answers.number(error, "error_code"), safe_text(answers.line(error, "error_msg"))
    named = f" about {safe_text(about)}" if about not in ("", _SEARCH) else ""
    message = f"VK says{named}: error {code}, {said}"
    if code in _WAITS:
        return Throttled(message, wait=_WAITS[code])
    if code == _CAPTCHA:
        return Blocked(message)
    return (LoginRefused if code in _LOGIN else Malformed)(message)
