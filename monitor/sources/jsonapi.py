"""Kind `json`: JSON APIs of any shape, and JSON that stands in a web page, read by paths that the configuration gives.

The cursor holds {"newest": moment} where the address or the body of the request asks for what came {since} then.
Further pages are asked for by number, by a cursor, or at an address that the answer gives; such an address is asked
only on the source's own host. Errors that a site tells with a status of 200 are told by their words.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final
from zoneinfo import ZoneInfo

from monitor.errors import LoginRefused, Malformed, Throttled
from monitor.models import HttpRequest, Page, PostType
from monitor.sources.dates import Clock
from monitor.sources.jsonbody import read_embedded_json, read_json
from monitor.sources.jsonoptions import JsonFields, JsonOptions
from monitor.sources.jsonpath import Answer, condition, joined, path, spelt
from monitor.sources.jsonposts import PostMaker
from monitor.sources.markup import ITEM_CAP
from monitor.sources.paging import host_in, next_link, own_address, quoted, with_parameter
from monitor.text import plain_text, safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.models import JSON, Post, Request, Response

_ACCEPT: Final = "application/json, application/*+json;q=0.9, */*;q=0.5"
_ACCEPT_PAGE: Final = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"
_LEAST_PAGE: Final = 20  # no API cuts its answer to fewer
_SLOT: Final = re.compile(r"(?<!\$)\{(since|page|cursor)\}")
_THROTTLED: Final = re.compile(
    r"rate.?limit|thrott|too many|too fast|flood|slow down|quota|limit (?:is )?(?:exceeded|reached)", re.IGNORECASE
)
_LOGIN: Final = re.compile(
    r"auth|log.?in|sign.?in|token|credential|api.?key|password|access.?denied|forbidden|permission", re.IGNORECASE
)
_WAIT: Final = timedelta(minutes=5)  # where a site that wants quiet does not say for how long
_LONGEST: Final = 24 * 3600
_CURSOR_CAP: Final = 4_096


@dataclass(frozen=True, slots=True)
class JsonKind:
    """Reads the answers that begin at `url`."""

    Options: ClassVar[type] = JsonOptions
    address: ClassVar[str] = ""

    url: str
    options: Any  # JsonOptions; a KindClass takes any object

    def start(self, cursor: Mapping[str, JSON], now: datetime) -> Request:
        """The request for the first page, in which {since} is the newest post seen, less the overlap."""
        options: JsonOptions = self.options
        newest = _moment(cursor.get("newest"))
        since = min(newest, now) - options.since.overlap if newest else now - options.since.first
        carry: dict[str, JSON] = {
            "asked": now.isoformat(),
            "since": _spelt_moment(since, options.since.format),
            "page": options.page.first,
            "cursor": options.cursor.first,
        }
        return self._request("list", carry)

    def replies(self, address: str, cursor: Mapping[str, JSON], now: datetime) -> Request | None:  # noqa: ARG002 - read whole
        """The request for the answers to a post, where its fields say where they are."""
        options: JsonOptions = self.options
        if not options.fields.follow:
            return None
        return self._get(address, "replies", {"asked": now.isoformat()})

    def read(self, request: Request, response: Response, cursor: Mapping[str, JSON]) -> Page:
        """The posts in an answer, in its order.

        Raises `errors.Blocked` for a web page, `errors.Malformed` for what is no JSON, where nothing stands at the
        paths to the posts, and for a next page on another host; for an error that the site tells `errors.Throttled`,
        `errors.LoginRefused` or `errors.Malformed`.
        """
        options: JsonOptions = self.options
        are_replies = request.step == "replies"
        script = options.script if not are_replies else ""
        root = read_embedded_json(response, script) if script else read_json(response)
        answer = Answer(root)
        if options.join:
            records = [record for one in options.join for record in path(one).elements(root, answer)]
            answer = Answer(root, joined(records))
        wait = self._backoff(answer)
        self._check(answer, wait)
        items = self._items(answer, are_replies=are_replies)
        maker = self._maker(request, response, answer)
        kept = [item for item in items if self._is_wanted(item, answer)]
        posts = tuple(filter(None, map(maker.post, kept)))
        following = self._following(request, response, answer, len(items))
        more = (following,) if following else ()
        are_filtered = bool(items) and not kept and not self._asks_since
        return Page(
            posts=posts,
            more=more,
            cursor=cursor if are_replies else self._noted(request, cursor, posts),
            joined=not more and self._asks_since and (self._pages or len(items) < _LEAST_PAGE),
            listed=len(items) if are_filtered else None,
            wait=wait,
        )

    @property
    def _pages(self) -> bool:
        """Whether an answer that was cut short would lead on to the rest."""
        options: JsonOptions = self.options
        return bool(options.next or options.page.param or options.cursor.path or options.link_header) or (
            "page" in self._slots
        )

    @property
    def _slots(self) -> set[str]:
        return {slot[1] for slot in _SLOT.finditer(f"{self.url} {self.options.body}")}

    @property
    def _asks_since(self) -> bool:
        """Whether a poll asks only for what came since the last one."""
        return "since" in self._slots

    # Requests. ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _request(self, step: str, carry: Mapping[str, JSON]) -> HttpRequest:
        """The request that `carry` describes, made of the source's own address and body."""
        options: JsonOptions = self.options
        url = _SLOT.sub(lambda slot: quoted(str(carry[slot[1]]), safe=":"), self.url)
        if options.cursor.param and carry["cursor"]:
            url = with_parameter(url, options.cursor.param, str(carry["cursor"]))
        if options.page.param and carry["page"] != options.page.first:
            url = with_parameter(url, options.page.param, str(carry["page"]))
        if not options.body:
            return self._get(url, step, carry)
        is_json = options.body.lstrip().startswith(("{", "["))
        escape = _in_json if is_json else quoted
        body = _SLOT.sub(lambda slot: escape(str(carry[slot[1]])), options.body)
        kind = "application/json" if is_json else "application/x-www-form-urlencoded"
        return HttpRequest(
            url=url,
            method="POST",
            headers=(("accept", _ACCEPT), ("content-type", kind)),
            body=body.encode(),
            step=step,
            carry=carry,
            with_secrets="${" in options.body,
        )

    def _get(self, url: str, step: str, carry: Mapping[str, JSON]) -> HttpRequest:
        is_page = bool(self.options.script) and step != "replies"
        accept = _ACCEPT_PAGE if is_page else _ACCEPT
        return HttpRequest(url=url, headers=(("accept", accept),), step=step, carry=carry, for_people=is_page)

    def _following(self, request: Request, response: Response, answer: Answer, shown: int) -> HttpRequest | None:
        """The request for the next page, None after the last one."""
        options: JsonOptions = self.options
        if options.more and not condition(options.more).holds(answer.root, answer):
            return None
        if options.next or options.link_header:
            link = next_link(response) if options.link_header else _text_at(options.next, answer)
            return self._linked(request, response, link) if link else None
        carry = None if request.step == "replies" else self._turned(request.carry, answer, shown)
        return self._request("page", carry) if carry else None

    def _turned(self, carry: Mapping[str, JSON], answer: Answer, shown: int) -> Mapping[str, JSON] | None:
        """What the request for the next page carries, by its cursor or number."""
        options: JsonOptions = self.options
        if options.cursor.path:
            mark = _text_at(options.cursor.path, answer)
            if not mark or mark == carry.get("cursor") or len(mark) > _CURSOR_CAP:
                return None
            if "${" in mark:
                raise Malformed("the cursor of the next page is spelt like a secret")
            return {**carry, "cursor": mark}
        page = carry.get("page")
        if options.pages_by_number and isinstance(page, int) and shown >= max(options.page.size, 1):
            return {**carry, "page": page + options.page.step}
        return None

    def _linked(self, request: Request, response: Response, link: str) -> HttpRequest | None:
        url = own_address(link, response.url, self.url)
        if url is None:
            raise Malformed(f"the next page is at another site: {host_in(link, response.url)}")
        is_another = url not in (request.url, response.url)
        return self._get(url, "replies" if request.step == "replies" else "page", request.carry) if is_another else None

    # Answers. ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _backoff(self, answer: Answer) -> timedelta | None:
        text = _text_at(self.options.backoff, answer)
        try:
            seconds = float(text or 0)
        except ValueError:
            return None
        return timedelta(seconds=min(seconds, _LONGEST)) if seconds > 0 else None

    def _check(self, answer: Answer, wait: timedelta | None) -> None:
        for text in self.options.error:
            error = condition(text)
            if not error.holds(answer.root, answer):
                continue
            words = safe_text(plain_text(error.told(answer.root, answer), one_line=True)[:200]) or "nothing"
            message = f"the site says {words} at {text}"
            if _THROTTLED.search(words):
                raise Throttled(message, wait=wait or _WAIT)
            raise LoginRefused(message) if _LOGIN.search(words) else Malformed(message)

    def _items(self, answer: Answer, *, are_replies: bool) -> list[JSON]:
        """The items of an answer with those nested in them, each before what is nested in it."""
        options: JsonOptions = self.options
        wanted = options.answers.items if are_replies else options.items
        paths = [path(one) for one in wanted or ("$",)]
        if not any(one.is_there(answer.root, answer) for one in paths):
            raise Malformed(f"nothing stands at {', '.join(wanted)} in the answer")
        found = [item for one in paths for item in one.elements(answer.root, answer)]
        if (not wanted and not isinstance(answer.root, list)) or any(isinstance(item, str | int) for item in found):
            raise Malformed(f"no list of records stands at {', '.join(wanted) or 'the root of the answer'}")
        nested = options.answers.nested if are_replies else options.nested
        items: list[JSON] = []
        stack = found[::-1]
        while stack and len(items) < ITEM_CAP:
            item = stack.pop()
            if isinstance(item, dict | list):
                items.append(item)
                stack += path(nested).elements(item, answer)[:ITEM_CAP][::-1] if nested else []
        return items

    def _is_wanted(self, item: JSON, answer: Answer) -> bool:
        options: JsonOptions = self.options
        return all(condition(one).holds(item, answer) for one in options.include) and not any(
            condition(one).holds(item, answer) for one in options.exclude
        )

    def _maker(self, request: Request, response: Response, answer: Answer) -> PostMaker:
        options: JsonOptions = self.options
        are_replies = request.step == "replies"
        own = are_replies and options.answers.fields != JsonFields()
        asked = datetime.fromisoformat(str(request.carry["asked"])) + response.elapsed
        return PostMaker(
            given=(options.answers.fields if own else options.fields).given(),
            answer=answer,
            base=response.url,
            home=self.url,
            clock=Clock(asked=asked, zone=ZoneInfo(options.timezone), languages=options.languages),
            asked=asked,
            markup=options.html,
            best=options.rating_best,
            type=PostType.COMMENT if are_replies else options.type,
        )

    def _noted(self, request: Request, cursor: Mapping[str, JSON], posts: tuple[Post, ...]) -> Mapping[str, JSON]:
        """The cursor with the newest moment that was seen, where a poll asks for what came since."""
        if not self._asks_since:
            return cursor
        asked = datetime.fromisoformat(str(request.carry["asked"]))
        moments = [min(post.published, asked) for post in posts if post.published]
        newest = max([*moments, *filter(None, [_moment(cursor.get("newest"))])], default=None)
        return {**cursor, "newest": newest.isoformat()} if newest else cursor


def _text_at(text: str, answer: Answer) -> str:
    """The first text or number at a path from the root of an answer; empty where there is none."""
    values = path(text).values(answer.root, answer) if text else []
    return next((spelt(value) for value in values if value and not isinstance(value, bool)), "")


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


def _spelt_moment(moment: datetime, form: str) -> str:
    moment = moment.astimezone(UTC).replace(microsecond=0)
    if form.startswith("epoch"):
        return str(int(moment.timestamp()) * (1000 if form == "epoch_ms" else 1))
    return moment.date().isoformat() if form == "date" else moment.isoformat().replace("+00:00", "Z")


def _in_json(text: str) -> str:
    return json.dumps(text)[1:-1]
