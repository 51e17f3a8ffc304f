"""From what Reddit gives, an entry of a feed or a thing of the API, to a Post."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from monitor.models import Author, Post, PostType
from monitor.sources import answers
from monitor.sources.paging import quoted
from monitor.text import FIELD_CAP, plain_text

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.models import JSON

SITE: Final = "https://www.reddit.com"
THING: Final = re.compile(r"t[13]_[a-z0-9]{1,13}")
"""The id of a comment (t1) or a post (t3)."""

_PATH: Final = re.compile(r"https?://(?:[\w-]{1,20}\.)?reddit\.com(/[^?#]*)", re.ASCII)
_POST: Final = re.compile(r"/comments/([a-z0-9]{1,13})(?:/|$)")
_TAIL: Final = re.compile(r"\s*submitted by\s+/u/\S+(?:\s+to\s+/?r/\S+)?(?:\s*\[link\])?(?:\s*\[comments\])?\s*$")
_QUOTED: Final = re.compile(r"^>(?!!)[> ]*", re.MULTILINE)
_NOBODY: Final = frozenset({"[deleted]", "[removed]"})


def from_feed(entry: Post, *, home: str) -> Post | None:
    """An entry without what Reddit put around it; None for what is no post or comment, and what was removed.

    `home` is where its answers can be asked for.
    """
    native_id, path = entry.native_id or "", _PATH.match(entry.url or "")
    if not THING.fullmatch(native_id):
        return None
    url = f"{SITE}{path[1]}" if path else entry.url
    above = _POST.search(path[1]) if path else None
    is_comment = native_id.startswith("t1_")
    thread = f"t3_{above[1]}" if is_comment and above else None
    text = entry.text if is_comment else _TAIL.sub("", entry.text)
    name = (entry.author.name or "").removeprefix("/u/")
    if text in _NOBODY or not (text or entry.title):
        return None
    return replace(
        entry,
        url=url,
        title="" if is_comment else entry.title,  # that of a comment only says whose it is, and on what
        text=text,
        author=_author(name),
        thread=thread,
        parent=thread,
        type=PostType.COMMENT if is_comment else PostType.POST,
        follow=f"{home}{path[1].rstrip('/')}/.rss" if path else None,
    )


def from_api(thing: dict[str, JSON], *, latest: datetime | None, home: str) -> Post | None:
    """The post or comment in a thing; None for anything else, and for what was removed.

    `latest` is when the answer came, `home` where the answers to it can be asked for.
    """
    said, kind = answers.record(thing, "data"), answers.text(thing, "kind")
    native_id, is_comment = answers.text(said, "name"), kind == "t1"
    if kind not in ("t1", "t3") or not THING.fullmatch(native_id):
        return None
    text = _markdown(answers.text(said, "body" if is_comment else "selftext"))
    title = "" if is_comment else answers.line(said, "title")
    thread, parent = (one if THING.fullmatch(one) else None for one in _above(said)) if is_comment else (None, None)
    if text in _NOBODY or not (text or title):
        return None
    short = native_id[3:]
    top = thread[3:] if thread else short
    path = f"/comments/{top}/_/{short}/" if is_comment else f"/comments/{short}/"
    given = answers.text(said, "permalink")
    return Post(
        native_id=native_id,
        url=SITE + (quoted(given, "/%") if given.startswith(("/r/", "/user/")) else path),
        title=title,
        text=text,
        author=_author(answers.text(said, "author")),
        published=answers.moment(said, "created_utc", latest=latest),
        likes=answers.count(said, "score") if said.get("score_hidden") is not True else None,
        replies=answers.count(said, "num_comments"),
        thread=thread,
        parent=parent or thread,
        type=PostType.COMMENT if is_comment else PostType.POST,
        follow=f"{home}/comments/{top}{f'/_/{short}' if is_comment else ''}",
    )


def _above(said: dict[str, JSON]) -> tuple[str, str]:
    """The ids of the post that a comment stands under, and of what it answers."""
    return answers.text(said, "link_id"), answers.text(said, "parent_id")


def _author(name: str) -> Author:
    return Author(name=name, url=f"{SITE}/user/{quoted(name)}") if re.fullmatch(r"[\w-]{1,50}", name) else Author()


def _markdown(text: str) -> str:
    """A text as Reddit keeps it; its quotes begin with > already."""
    return _QUOTED.sub("> ", plain_text(text[:FIELD_CAP]))
