"""Kind `discourse`: forums on Discourse (https://docs.discourse.org), by the JSON that each of them serves.

A kind of its own, because posts, topics and categories come in lists apart that must be joined, a long topic comes in
pieces that its own list of ids leads to, and errors may stand inside a 200. The newest posts of the whole forum
(`/posts.json`) are the best there is; `latest` reads the topics that grew, for forums that hide that list; `search`
gives only the beginnings of posts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from monitor.errors import LoginRefused, Malformed, Throttled
from monitor.models import HttpRequest, Page, PostType
from monitor.sources import answers
from monitor.sources.discourseposts import DiscourseReader
from monitor.sources.paging import own_address, quoted
from monitor.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from monitor.models import JSON, Request, Response

_OVERLAP: Final = timedelta(hours=1)
_TAIL: Final = 30  # posts of a topic that are asked for by their ids
_WAITING: Final = 1_000  # posts of a topic that a visit may read back to
_LONGEST: Final = 86_400  # seconds that a forum may ask to be left alone
_MARKS: Final = 500  # topics whose state is remembered
_LOGIN: Final = frozenset({"not_logged_in", "invalid_access"})


@dataclass(frozen=True, slots=True)
class DiscourseOptions:
    """What is read of a forum on Discourse."""

    mode: Literal["posts", "latest", "search"] = field(
        default="posts",
        metadata={"description": "posts: the newest of all; latest: topics that grew; search: what query finds."},
    )
    query: str = field(default="", metadata={"description": "Words to search for, at least 3 characters."})
    categories: tuple[int, ...] = field(
        default=(), metadata={"description": "Numbers of the categories that are read; all where none is given."}
    )

    def __post_init__(self) -> None:
        if self.mode == "search" and len(self.query.strip()) < 3:
            raise ValueError("query: mode search needs one of at least 3 characters")
        if self.mode != "search" and self.query:
            raise ValueError("query: is only used with mode: search")


@dataclass(frozen=True, slots=True)
class DiscourseKind:
    """Reads the forum at `url`."""

    Options: ClassVar[type] = DiscourseOptions
    address: ClassVar[str] = ""

    url: str
    options: Any  # DiscourseOptions; a KindClass takes any object

    def start(self, cursor: Mapping[str, JSON], now: datetime) -> Request:
        """The request for the newest posts, the topics that changed last, or what the search finds."""
        newest = answers.moment(cursor.get("newest"))
        since: JSON = answers.count(cursor.get("last"))
        if self.options.mode == "search":
            since = f"{newest - _OVERLAP:%Y-%m-%d}" if newest else None
        return self._list({"asked": now.isoformat(), "since": since})

    def replies(self, address: str, cursor: Mapping[str, JSON], now: datetime) -> Request | None:  # noqa: ARG002
        """The request for the piece of a topic that begins with the post; None for an address elsewhere."""
        url = own_address(address, self.url, self.url)
        return _request(url, step="replies", carry={"asked": now.isoformat()}) if url else None

    def read(self, request: Request, response: Response, cursor: Mapping[str, JSON]) -> Page:
        """The posts in an answer, newest first, or the topics that grew.

        Raises `errors.Throttled` and `errors.LoginRefused` where the forum says so, `errors.Blocked` for a web page.
        """
        answer = answers.read_json(response)
        _refuse_errors(answer)
        reader = DiscourseReader(self._home, answers.latest_of(request, response))
        match request.step:
            case "replies" | "thread":
                return self._topic(request, answer, cursor, reader)
            case "list" | "page" if self.options.mode == "latest":
                return self._topics(request, answer, cursor, reader)
            case _ if self.options.mode == "search":
                return self._found(request, answer, cursor, reader)
        return self._newest(request, answer, cursor, reader)

    def _newest(self, request: Request, answer: JSON, cursor: Mapping[str, JSON], reader: DiscourseReader) -> Page:
        """A piece of the forum's posts, whose ids rise without end, so that the last one known is where it joins up."""
        listed = _listed(answer, "latest_posts")
        posts = tuple(filter(None, (reader.post(post, {}) for post in listed if self._wants(post))))
        ids = [number for post in listed if (number := answers.count(post, "id"))]
        last, oldest = answers.count(request.carry.get("since")) or 0, min(ids, default=0)
        if ids and request.step == "list":
            cursor = {**cursor, "last": max(*ids, last)}
        older = self._list({**request.carry, "before": oldest - 1}, step="page") if oldest > max(last, 1) else None
        # A piece without any post of the categories must not look like the end of what is new.
        onward = older if last and not posts else None
        more = (older,) if older and not onward else ()
        return Page(posts=posts, more=more, cursor=cursor, joined=bool(last and ids) and oldest <= last, onward=onward)

    @property
    def _home(self) -> str:
        return self.url.partition("?")[0].rstrip("/")

    def _list(self, carry: Mapping[str, JSON], *, step: str = "list") -> HttpRequest:
        home, page = self._home, answers.count(carry.get("page")) or 0
        match self.options.mode:
            case "posts":
                url = answers.query(f"{home}/posts.json", {}, {"before": answers.count(carry.get("before")) or ""})
            case "latest":
                url = answers.query(f"{home}/latest.json", {"no_definitions": "true"}, {"page": page or ""})
            case _:
                after = f" after:{since}" if (since := answers.text(carry.get("since"))) else ""
                words = f"{self.options.query} order:latest{after}"
                url = answers.query(f"{home}/search.json", {"q": words}, {"page": page or ""})
        return _request(url, step=step, carry=carry)

    def _wants(self, item: JSON) -> bool:
        return not self.options.categories or answers.number(item, "category_id") in self.options.categories

    def _next(self, request: Request, page: int) -> tuple[Request, ...]:
        return (self._list({**request.carry, "page": page}, step="page"),)

    def _found(self, request: Request, answer: JSON, cursor: Mapping[str, JSON], reader: DiscourseReader) -> Page:
        """What a search found, joined with the topics that it stands in."""
        topics = {answers.identifier(topic, "id"): topic for topic in answers.records(answer, "topics")}
        listed = _listed(answer, "posts")
        joined = [(post, topics.get(answers.identifier(post, "topic_id"), {})) for post in listed]
        posts = tuple(filter(None, (reader.post(post, topic) for post, topic in joined if self._wants(topic))))
        page = (answers.count(request.carry.get("page")) or 1) + 1
        is_more = bool(answers.record(answer, "grouped_search_result").get("more_full_page_results")) and bool(listed)
        dates = [post.published for post in posts if post.published]
        newest = max([*dates, *filter(None, [answers.moment(cursor.get("newest"))])], default=None)
        more = self._next(request, page) if is_more else ()
        cursor = {**cursor, "newest": newest.isoformat()} if newest else cursor
        return Page(posts=posts, more=more, cursor=cursor, joined=bool(request.carry.get("since")) and not is_more)

    def _topics(self, request: Request, answer: JSON, cursor: Mapping[str, JSON], reader: DiscourseReader) -> Page:
        """The topics above the first that stands as it is known: a topic moves up whenever something happens in it."""
        listed = [topic for topic in _listed(answer, "topic_list", "topics") if self._wants(topic)]
        known, met = answers.record(cursor.get("threads")), False
        threads: list[Request] = []
        for topic in listed:
            number, last = answers.identifier(topic, "id"), answers.count(topic, "highest_post_number") or 1
            address = f"{reader.home}/t/{quoted(number)}"
            mark = f"{last} {answers.text(topic, 'bumped_at')[:40]}"
            is_known = known.get(address) == mark
            met = met or (is_known and topic.get("pinned") is not True)
            if number and not met and not is_known:
                said: dict[str, JSON] = {"title": answers.line(topic, "title"), "views": answers.count(topic, "views")}
                carry = {"asked": request.carry.get("asked"), "thread": address, "mark": mark, "replies": last - 1}
                threads.append(_request(f"{address}/{last}.json", step="thread", carry=carry | said))
        page = (answers.count(request.carry.get("page")) or 0) + 1
        is_more = bool(threads) and not met and "more_topics_url" in answers.record(answer, "topic_list")
        kept = dict(list(known.items())[-_MARKS:])
        more = self._next(request, page) if is_more else ()
        cursor = {**cursor, "threads": kept}
        return Page(threads=tuple(threads), more=more, cursor=cursor, joined=not is_more, listed=len(listed))

    def _topic(self, request: Request, answer: JSON, cursor: Mapping[str, JSON], reader: DiscourseReader) -> Page:
        """A piece of a topic; the piece before it, or where answers are looked for, the topic's end."""
        shown = _listed(answer, "post_stream", "posts")
        is_answer = request.step == "replies"
        said = answers.record(answer) if answers.text(answer, "title") else dict(request.carry)
        posts = [post for item in shown if (post := reader.post(item, said))]
        if is_answer:
            posts = [post for post in posts if post.type is PostType.COMMENT]
        if thread := request.carry.get("thread"):
            marks = {**answers.record(cursor.get("threads")), str(thread): request.carry.get("mark")}
            cursor = {**cursor, "threads": marks}
        in_order = posts if is_answer else posts[::-1]  # the rest of the answers comes after these
        return Page(posts=tuple(in_order), more=self._rest(request, answer, shown), cursor=cursor)

    def _rest(self, request: Request, answer: JSON, shown: list[dict[str, JSON]]) -> tuple[Request, ...]:
        """The posts before the piece, newest first; where answers are looked for, those at the end of the topic."""
        waiting, topic = [*answers.items(request.carry.get("waiting"))], str(request.carry.get("topic", ""))
        if stream := answers.record(answer, "post_stream").get("stream"):
            ids = [
                number for one in (stream if isinstance(stream, list) else []) if (number := answers.identifier(one))
            ]
            seen = {answers.identifier(post, "id") for post in shown}
            places = [place for place, number in enumerate(ids) if number in seen] or [len(ids)]
            kept = ids[places[-1] + 1 :][-_TAIL:] if request.step == "replies" else ids[: places[0]][-_WAITING:]
            waiting, topic = [*kept], answers.identifier(answer, "id")
        chosen, waiting = waiting[-_TAIL:], waiting[:-_TAIL]
        if not chosen or not topic:
            return ()
        wanted = "&".join(f"post_ids[]={quoted(str(number))}" for number in chosen)
        url = f"{self._home}/t/{quoted(topic)}/posts.json?{wanted}"
        return (_request(url, step=request.step, carry={**request.carry, "waiting": waiting, "topic": topic}),)


def _listed(answer: JSON, *keys: str) -> list[dict[str, JSON]]:
    """The records of a list; raises `errors.Malformed` where there is no such list."""
    inner = answers.record(answer, *keys[:-1])
    if not isinstance(inner.get(keys[-1]), list):
        raise Malformed(f"no list {'.'.join(keys)} in the answer: is it the address of a forum on Discourse?")
    return answers.records(inner, keys[-1])


def _refuse_errors(answer: JSON) -> None:
    """Raises what a forum says of itself instead of an answer."""
    what = answers.items(answer, "errors")
    if not what and not answers.text(answer, "error_type"):
        return
    said = safe_text(answers.line(what[0]) if what else answers.line(answer, "error_type"))
    seconds = answers.count(answer, "extras", "wait_seconds")
    if seconds is not None or answers.text(answer, "error_type") == "rate_limit":
        raise Throttled(said, wait=timedelta(seconds=min(seconds or 60, _LONGEST)))
    if answers.text(answer, "error_type") in _LOGIN:
        raise LoginRefused(said)
    raise Malformed(f"the forum says: {said}")


def _request(url: str, *, step: str, carry: Mapping[str, JSON]) -> HttpRequest:
    return HttpRequest(url=url, headers=(("accept", "application/json"),), step=step, carry=carry)
