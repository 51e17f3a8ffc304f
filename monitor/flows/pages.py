"""`content: page`: the text of new posts from the pages that their addresses lead to, where a source cuts it short.

A brand is often named only in the body. What cannot be read now is not stored now: the post waits, unseen, for the
next visits, so that nothing is lost, while all others go on; what can never be read, or not within some visits, keeps
the text that the source gave. The pages are strangers': their faults are noted, and are never the source's own.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from hashlib import blake2s
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
from monitor.tracking.identity import Identified, identify

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from monitor.flows.walk import Walk
    from monitor.models import JSON, Post
    from monitor.sources.article import Article

PAGES: Final = 30  # pages of new posts that one visit reads
REREAD: Final = 5  # pages of posts that the source words anew; some sources do so at every visit
VISITS: Final = 4  # visits in which a page that cannot be read is waited for
DOWN: Final = 3  # faults of one host in a visit, after which its other pages are not asked for
_WAITING: Final = 500  # pages that are remembered to be waited for

_GONE: Final = frozenset({403, 404, 410})
_PASSING: Final = frozenset({408, 425, 429})


def is_gone(error: SourceError) -> bool:
    """Whether a page is not to be had, and asking again is no use."""
    if isinstance(error, RobotsRefused | StatusError) and error.retry_at is not None:
        return False
    return isinstance(error, RobotsRefused) or (isinstance(error, StatusError) and error.status in _GONE)


async def read_pages(walk: Walk) -> list[Identified]:
    """Put the text of their pages into the new posts of a visit; the posts that are left for the next ones.

    What is left is taken out of the walk.
    """
    reading = _Reading(walk, _waited(walk.leased.state.cursor))
    posts = list(walk.new.values())
    oldest_first = dict.fromkeys(address for found in reversed(posts) if (address := _page_of(found.post)))
    for address in reading.in_turn(oldest_first):
        if reading.asked >= PAGES or walk.is_late:
            break
        await reading.read(address)
    walk.new.clear()
    waiting = []
    for found in posts:
        address = _page_of(found.post)
        if address and address not in reading.articles:
            waiting.append(found)
        else:
            post = _completed(found.post, reading.articles.get(address), now=walk.ports.clock.now())
            walk.new[found.key] = replace(found, post=post)
    await _reread(walk, reading)
    if reading.waits:
        walk.kept["pages"] = dict(list(reading.waits.items())[:_WAITING])
    if waiting:
        walk.leave(f"{len(waiting)} new posts wait for the next visit")
    return waiting


async def _reread(walk: Walk, reading: _Reading) -> None:
    """The same for posts that are worded anew, some at each visit and in turn.

    Those that are not read stand as they are, and show again.
    """
    changed = dict(sorted((_name(key), found) for key, found in walk.changed.items()))
    walk.changed.clear()
    last = str(walk.leased.state.cursor.get("reread", ""))
    in_turn = [*(name for name in changed if name > last), *(name for name in changed if name <= last)]
    for name in in_turn[:REREAD]:
        found, address = changed[name], _page_of(changed[name].post)
        if walk.is_late or reading.is_down(address):
            break
        last = name
        if address and address not in reading.articles:
            await reading.read(address)
        if address and address not in reading.articles:
            continue  # it is waited for
        article = reading.articles.get(address)
        if article is None:
            found = await _without_page(walk, found)
        walk.changed[found.key] = replace(found, post=_completed(found.post, article, now=walk.ports.clock.now()))
    if len(walk.changed) < len(changed):
        walk.kept["reread"] = last
        walk.complete = False  # else an answer that nothing changed would hide the others


async def _without_page(walk: Walk, found: Identified) -> Identified:
    """A post whose page is not to be had: worded as the source does now, unless its text once came from the page."""
    stored = await walk.ports.writer.run(lambda store: store.find_post(walk.leased.id, found.key))
    if stored is None:
        return found
    post = replace(found.post, title=stored.title, text=stored.text)
    given = next(one for one in identify([post])[0].identities if one.startswith("text:"))
    unseen = await walk.ports.writer.run(lambda store: store.unseen(walk.leased.id, [given]))
    return replace(found, post=post) if given in unseen else found


@dataclass(slots=True)
class _Reading:
    """The pages of one visit: `articles` holds None for those that are not to be had.

    `before` and `waits` say of pages that are waited for, by name, in how many visits, and how often they were asked
    for: those that failed least are asked for first, so that none is starved by others.
    """

    walk: Walk
    before: Mapping[str, tuple[int, int]]
    articles: dict[str, Article | None] = field(default_factory=dict)
    waits: dict[str, JSON] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    asked: int = 0

    def in_turn(self, addresses: Iterable[str]) -> list[str]:
        """Those that failed least first; the others stay in their order."""
        return sorted(addresses, key=lambda address: self.before.get(_name(address), (0, 0))[1])

    def is_down(self, address: str) -> bool:
        """Whether the page's host failed too often in this visit."""
        return self.faults[_host(address)] >= DOWN

    async def read(self, address: str) -> None:
        """Read a page, or note that it is waited for; too long a wait ends with the source's own text."""
        visits, asked = self.before.get(_name(address), (0, 0))
        why = "its site does not answer"
        if not self.is_down(address):
            self.asked, asked = self.asked + 1, asked + 1
            try:
                self.articles[address] = await _read(self.walk, address)
            except SourceError as error:
                self.faults[_host(address)] += 1
                why = str(error)
            else:
                return
        if visits + 1 < VISITS:
            self.waits[_name(address)] = [visits + 1, asked]
            self.walk.notes.append(f"a page could not be read ({why})")
        else:
            self.articles[address] = None
            self.walk.notes.append(f"a page could not be read, the source's own text was kept ({why})")


def _host(address: str) -> str:
    return address.partition("//")[2].partition("/")[0].lower()


def _name(text: str) -> str:
    """What is remembered of an address: it may name a person, and the cursor is no place for that."""
    return blake2s(text.encode(errors="surrogatepass"), digest_size=8).hexdigest()


def _waited(cursor: Mapping[str, JSON]) -> dict[str, tuple[int, int]]:
    waits = cursor.get("pages")
    if not isinstance(waits, dict):
        return {}
    pairs = {name: pair for name, pair in waits.items() if isinstance(pair, list) and len(pair) == 2}
    return {name: (int(str(pair[0])), int(str(pair[1]))) for name, pair in pairs.items()}


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
