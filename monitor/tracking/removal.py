"""Which posts are missing from where they should stand, and whether one is gone for good.

A list in falling order of dates shows every post since the last one on it. A stored post of that time that is not there
is missing; it may only have been hidden for a while, moved, or left out by a stale cache. So it counts as removed only
if it is still missing later, and its own page says so too: by a 404 or 410, or by lacking its words twice, a day apart,
because a site under maintenance, or one that wants a login, answers with a page too. Its text stays whatever happened.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.errors import SourceError, StatusError
from monitor.text import words

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from monitor.models import Post, PostType

CONFIRM_AFTER: Final = timedelta(minutes=30)
_CONFIRMING: Final = 3  # intervals of a source that is visited so often that they are less
_AGAIN_AFTER: Final = timedelta(days=1)  # a page that lacked the words is asked once more; maintenance is over then
_OWN_NETWORK: Final = timedelta(minutes=1)  # shorter intervals are allowed only there
_THERE_AFTER: Final = timedelta(days=1)
_OPEN_AFTER: Final = timedelta(hours=2)
BEGINNING: Final = 60  # letters and digits of a text by which it is known on its page
TELLING: Final = 12  # fewer tell one text from another no more

PAGELESS: Final = frozenset({"appstore", "googleplay"})
"""Kinds whose posts have no page of their own: their addresses lead to the app, which tells nothing of a review."""

_LOOKS: Final = (
    (timedelta(hours=1), timedelta(hours=1)),
    (timedelta(days=7), timedelta(days=1)),
    (timedelta.max, timedelta(days=7)),
)
_GONE: Final = frozenset({404, 410})


class Place(NamedTuple):
    """What sort of place a post has: its type, and whether it stands under another."""

    type: PostType
    is_under: bool


class Verdict(StrEnum):
    """What the page of a missing post says; `LACKING` that it lacks the words, which one look does not prove."""

    GONE = "gone"
    LACKING = "lacking"
    THERE = "there"
    OPEN = "open"


def confirm_after(interval: timedelta) -> timedelta:
    """How long a post must be missing until its page is asked."""
    return min(CONFIRM_AFTER, _CONFIRMING * interval)


def ask_again_after(verdict: Verdict, interval: timedelta) -> timedelta:
    """How long a missing post's page is left alone, beyond that time, when it did not say that the post is gone."""
    if verdict is Verdict.LACKING:
        # A day is what strangers' sites need; in one's own network, where a visit may come every second, nobody waits.
        return _CONFIRMING * interval if interval < _OWN_NETWORK else _AGAIN_AFTER
    return _THERE_AFTER if verdict is Verdict.THERE else _OPEN_AFTER


def look_again_after(age: timedelta, interval: timedelta) -> timedelta:
    """How long after it was seen last an answer of ours is looked for again, by how old it was then.

    Soon at first, when moderators look at it, then daily and weekly; in one's own network, which may be visited every
    second, a few visits later.
    """
    if interval < _OWN_NETWORK:
        return _CONFIRMING * interval
    return next(after for until, after in _LOOKS if age < until)


def covered_since(posts: Sequence[Post], *, least: int = 2) -> datetime | None:
    """The moment after which a list shows every post; None where its dates are in no order.

    Pinned posts at the top of a list do not count: they are of any age. Fewer than `least` in order tell nothing.
    """
    dates = [post.published for post in posts if post.published]
    if not dates:
        return None
    start = len(dates) - 1
    while start > 0 and dates[start - 1] >= dates[start]:
        start -= 1
    in_order = len(dates) - start
    return dates[-1] if in_order >= least and in_order * 2 >= len(dates) else None


def absent(posts: Sequence[Post], known: Mapping[int, Place], shown: Collection[int]) -> list[int]:
    """The numbers of those `known` posts that are not among the `shown` and that the list would show.

    Answers that were read in their thread stand in no list of threads, so that only posts like those on the page are
    expected there.
    """
    places = {Place(post.type, post.thread is not None) for post in posts}
    return [number for number, place in known.items() if number not in shown and place in places]


def beginning_of(text: str) -> str | None:
    """The first letters and digits of the author's own lines, as a page is searched for them; None if they are few."""
    own = " ".join(line for line in text[: BEGINNING * 50].splitlines() if not line.startswith(">"))
    letters = "".join(words(own))[:BEGINNING]
    return letters if len(letters) >= TELLING else None


def judge(answer: SourceError | bool | None, *, has_lacked: bool) -> Verdict:
    """What follows from asking for a missing post's page.

    `answer` is the fault that came instead of it, or whether the page holds the text; None where nobody can tell.
    `has_lacked` says that the page did not hold it at an earlier look, since which the post was not shown.
    """
    if isinstance(answer, StatusError) and answer.status in _GONE:
        return Verdict.GONE
    if not isinstance(answer, bool):
        return Verdict.OPEN
    if answer:
        return Verdict.THERE
    return Verdict.GONE if has_lacked else Verdict.LACKING
