"""Who wrote a post, joined across sources, and what else they wrote.

Nobody is identified: an account is known by its name where it is written, and across places only by what is hardly a
coincidence, a distinctive handle or the address of a profile. «Гость», admin or Анна is nobody in particular.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from monitor.text import canonical_url, fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from monitor.models import Author

SERIAL_WINDOW: Final = timedelta(days=30)
"""The time in which an author's negative posts about a brand are counted."""

_SHORTEST: Final = 6  # letters and digits of a handle that can be told from others
_SHORTEST_PLAIN: Final = 8  # of one that is a single word of Latin letters
_SHORTEST_BARE: Final = 4  # of its letters, without the digits at its end (id123456 is a number, no name)
_ADDRESS: Final = re.compile(r"([\w.+\-]+)@[\w\-]+(?:\.[\w\-]+)+")
_PARTS: Final = re.compile(r"[A-ZА-ЯЁ]?[^\W\d_A-ZА-ЯЁ]+|[A-ZА-ЯЁ]+")
_MARKED: Final = re.compile(r"[\d_.\-]|[a-zа-яё][A-ZА-ЯЁ]")
_END: Final = re.compile(r"[\d_.\-]+$")
_HOST_PREFIX: Final = re.compile(r"^(?:www|m|mobile|old|new)\.(?=[^.]+\.)")
_SAME_HOST: Final = {"twitter.com": "x.com", "vk.ru": "vk.com", "fb.com": "facebook.com", "telegram.me": "t.me"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorKey:
    """What an author is known by: `key` within the history, `link` the canonical address of the profile.

    Two posts are of one author where either agrees. `distinctive` says that `key` is a handle that holds everywhere;
    else it begins with the source and holds there only.
    """

    key: str
    link: str | None
    distinctive: bool

    def is_same(self, other: AuthorKey) -> bool:
        """Whether both are of one author, as far as can be told."""
        return self.key == other.key or (self.link is not None and self.link == other.link)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorPost:
    """A mention in an earlier post of an author: of `brand`, at `source`, in `thread` where it stands in one.

    `negative` says that it is and that the brand is surely meant.
    """

    post_id: int
    brand: str
    source: str
    at: datetime
    negative: bool
    thread: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorHistory:
    """What is stored of an author before a post: mentions, newest first, of any brand; `names` as they were written.

    `posts` counts all stored posts of the author, `first_seen` is that of the first; mentions may be cut to the newest.
    """

    key: str
    names: tuple[str, ...] = ()
    mentions: tuple[AuthorPost, ...] = ()
    posts: int = 0
    first_seen: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Posts of an author about one brand, or at one place, and how many of them are negative."""

    name: str
    posts: int
    negative: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """An author as people see them: posts about a brand, about others and at each source, the most first.

    `recent_negative` counts negative posts about the brand within `SERIAL_WINDOW`.
    """

    names: tuple[str, ...]
    posts: int
    first_seen: datetime | None
    about_us: Tally
    recent_negative: int
    about_others: tuple[Tally, ...]
    places: tuple[Tally, ...]
    threads: int


def author_key(author: Author, source: str) -> AuthorKey | None:
    """What the author of a post at `source` is known by; None where it is nobody in particular."""
    link = profile_link(author.url)
    name = author.name or ""
    handle = fold(name).strip().lstrip("@")
    if is_distinctive(name):
        return AuthorKey(key=f"@{handle}", link=link, distinctive=True)
    if handle and _bare(handle) not in _words("nobody"):
        return AuthorKey(key=f"{source}/{handle}", link=link, distinctive=False)
    return AuthorKey(key=link, link=link, distinctive=True) if link else None


def is_distinctive(name: str) -> bool:
    """Whether a name is a handle that two people hardly have by chance."""
    handle = name.strip().lstrip("@")
    if address := _ADDRESS.fullmatch(handle):
        return fold(address[1]) not in _words("nobody")
    folded = fold(handle)
    if not re.fullmatch(r"[\w.\-]+", handle) or sum(map(str.isalnum, folded)) < _SHORTEST:
        return False
    bare = _bare(folded)
    parts = [fold(part) for part in _PARTS.findall(handle)]
    if len(bare) < _SHORTEST_BARE or bare in _words("nobody") or all(part in _words("nobody") for part in parts):
        return False
    if bare in _words("first_names") or not _words("first_names").isdisjoint(parts):
        return len(parts) > 1 and any(map(str.isdigit, handle))  # Anna and anna_smith are many, anna_smith_1987 is not
    return bool(_MARKED.search(handle)) or (handle.isascii() and handle.isalpha() and len(handle) >= _SHORTEST_PLAIN)


def profile_link(url: str | None) -> str | None:
    """The one spelling of a profile's address, without scheme; None for none, or for the front page of a site."""
    canonical = canonical_url(url) if url else None
    if canonical is None:
        return None
    parts = urlsplit(canonical)
    host = _HOST_PREFIX.sub("", parts.netloc.lower())
    host = _SAME_HOST.get(host, host)
    path = parts.path.rstrip("/").casefold()
    if not path and not parts.query and host.count(".") < 2:
        return None
    return f"{host}{path}?{parts.query}" if parts.query else f"{host}{path}"


def recent_negatives(history: AuthorHistory, *, brand: str, now: datetime) -> tuple[AuthorPost, ...]:
    """The author's negative mentions of a brand within `SERIAL_WINDOW`, one for each post."""
    posts = {
        mention.post_id: mention
        for mention in history.mentions
        if mention.brand == brand and mention.negative and now - SERIAL_WINDOW < mention.at <= now
    }
    return tuple(posts.values())


def dossier(history: AuthorHistory, *, brand: str, now: datetime) -> Dossier:
    """What is known of an author, seen from one brand."""
    ours = [mention for mention in history.mentions if mention.brand == brand]
    by_post = {mention.post_id: mention for mention in history.mentions}
    return Dossier(
        names=history.names,
        posts=history.posts,
        first_seen=history.first_seen,
        about_us=_tally(brand, ours),
        recent_negative=len(recent_negatives(history, brand=brand, now=now)),
        about_others=_tallies((mention.brand, mention) for mention in history.mentions if mention.brand != brand),
        places=_tallies((mention.source, mention) for mention in by_post.values()),
        threads=len({(mention.source, mention.thread) for mention in by_post.values() if mention.thread}),
    )


def _tallies(named: Iterable[tuple[str, AuthorPost]]) -> tuple[Tally, ...]:
    groups: dict[str, list[AuthorPost]] = {}
    for name, mention in named:
        groups.setdefault(name, []).append(mention)
    tallies = (_tally(name, mentions) for name, mentions in groups.items())
    return tuple(sorted(tallies, key=lambda tally: (-tally.posts, tally.name)))


def _tally(name: str, mentions: Sequence[AuthorPost]) -> Tally:
    negative = {mention.post_id for mention in mentions if mention.negative}
    return Tally(name=name, posts=len({mention.post_id for mention in mentions}), negative=len(negative))


def _bare(handle: str) -> str:
    return _END.sub("", handle)


@cache
def _words(name: str) -> frozenset[str]:
    """A list of the data file: `nobody` (names that anybody may give) or `first_names`."""
    text = files("monitor.understanding").joinpath("data", "handles.toml").read_text(encoding="utf-8")
    return frozenset(tomllib.loads(text)[name])
