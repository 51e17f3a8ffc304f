"""`content: page`: the text of new posts from the pages that their addresses lead to, where a source cuts it short.

A brand is often named only in the body. What cannot be read now is not stored now: the post waits, unseen, for the
next visit, so that nothing is lost; what can never be read keeps the text that the source gave.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from monitor.errors import (
    AddressRefused,
    BodyTooLarge,
    EncodingRefused,
    ReadError,
    RedirectRefused,
    RobotsRefused,
    SourceError,
    StatusError,
    WorkerKilled,
)
from monitor.models import HttpRequest

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.flows.visit import Walk
    from monitor.models import Post
    from monitor.sources.article import Article

PAGES: Final = 30  # pages of new posts that one visit reads
REREAD: Final = 5  # pages of posts that the source words anew; some sources do so at every visit

_GONE: Final = frozenset({403, 404, 410})
_PASSING: Final = frozenset({408, 425, 429})


def is_gone(error: SourceError) -> bool:
    """Whether a page is not to be had, and asking again is no use."""
    if isinstance(error, RobotsRefused | StatusError) and error.retry_at is not None:
        return False
    return isinstance(error, RobotsRefused) or (isinstance(error, StatusError) and error.status in _GONE)


async def read_pages(walk: Walk) -> int:
    """Put the text of their pages into the new posts of a visit, oldest first; the number that is left for the next.

    What is left is taken out of the walk. Raises SourceError when the page of the oldest post cannot be read now.
    """
    articles: dict[str, Article | None] = {}
    waiting = list(walk.new.values())
    walk.new.clear()
    while waiting:
        post = waiting[-1].post
        address = _page_of(post)
        if address and address not in articles:
            if len(articles) >= PAGES or walk.is_late:
                break
            try:
                articles[address] = await _read(walk, address)
            except SourceError as error:
                walk.notes.append(f"a page could not be read ({error})")
                if walk.new:
                    break
                if walk.is_patient:
                    raise
                articles[address] = None
        found = waiting.pop()
        walk.new[found.key] = replace(found, post=_completed(post, articles.get(address), now=walk.ports.clock.now()))
    walk.new = dict(reversed(walk.new.items()))
    await _reread(walk)
    if waiting:
        walk.leave(f"{len(waiting)} new posts wait for the next visit")
    return len(waiting)


async def _reread(walk: Walk) -> None:
    """The same for posts that are worded anew; those that are not read stand as they are, and show again."""
    waiting = list(walk.changed.items())
    walk.changed.clear()
    for key, found in waiting[:REREAD]:
        address = _page_of(found.post)
        try:
            article = await _read(walk, address) if address and not walk.is_late else None
        except SourceError:
            continue  # the wording that is stored stays, and the next visit finds the new one again
        if article is not None or not address:
            walk.changed[key] = replace(found, post=_completed(found.post, article, now=walk.ports.clock.now()))


async def _read(walk: Walk, address: str) -> Article | None:
    """What the page says; None where it never will say anything."""
    try:
        response = await walk.fetch(HttpRequest(url=address, step="article", for_people=True))
        return await walk.ports.worker.article(response)
    except SourceError as error:
        if _is_lasting(error):
            return None
        raise


def _is_lasting(error: SourceError) -> bool:
    if isinstance(error, StatusError):
        return error.retry_at is None and 400 <= error.status < 500 and error.status not in _PASSING
    if isinstance(error, ReadError):
        return not isinstance(error, WorkerKilled)
    refused = (AddressRefused, BodyTooLarge, EncodingRefused, RedirectRefused)
    return isinstance(error, refused) or is_gone(error)


def _page_of(post: Post) -> str:
    return (post.url or "").partition("#")[0]


def _completed(post: Post, article: Article | None, *, now: datetime) -> Post:
    """The post with the longer of the two texts; its author and date from the page only where it has none."""
    if article is None:
        return post
    is_anonymous = not (post.author.name or post.author.url)
    day = article.published if article.published and article.published <= now else None
    return replace(
        post,
        text=max(post.text, article.text, key=len),
        author=replace(post.author, name=article.author) if is_anonymous else post.author,
        published=post.published or day,
    )
