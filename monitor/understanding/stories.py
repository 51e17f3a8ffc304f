"""Which posts tell the same thing: a copy, a near copy, a rewriting, a text that a machine has spun.

Two steps. A post gets a few `keys`, hashes of pairs of content words that stand near each other, in whatever form and
order; posts that share two of them are candidates. `compare` then looks at the words themselves, and finds a paragraph
inside a long article by sliding a window over it. Everything works on lemmas, in the order of the text, and knows no
language: words without content are a list, and the rest is counting.
"""

from __future__ import annotations

import itertools
import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache, cached_property, lru_cache
from hashlib import blake2b
from heapq import nsmallest
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from monitor.models import Lemmas

KEYS: Final = 512
"""Keys of one post at most; a usual post has some 50, and only long articles are cut."""
SHARED_KEYS: Final = 2
"""Earlier posts that share fewer keys with a post are not looked at."""
CANDIDATES: Final = 30
"""Earlier posts that are compared at most, those with most keys in common first."""
WINDOW: Final = timedelta(days=30)
"""How long a post can be joined by later ones."""
RECENT: Final = timedelta(days=7)
"""The time whose negative authors count for priority."""

_NEAR: Final = 4  # places apart at which two content words make a key: twice as many find no more
_COMPANY: Final = 8  # and within which two keep each other company: rewriting moves them apart
_MASK: Final = (1 << 63) - 1
_FEWEST: Final = 6  # content words; two shorter texts agree by chance («спасибо, всё хорошо»)
_ENOUGH: Final = 20  # distinct content words from which on a rewriting can be told from a like subject
_SOME: Final = 8  # and from which on a close retelling can
_CLOSE_WORDS, _CLOSE_COMPANY = 0.8, 0.5  # what a close one keeps of the words, and of their company
_LONGEST: Final = 4000  # content words of one post in which another's are looked for
_COMPARED: Final = 1500  # and by which it is looked for itself: thirty comparisons hold up the store for a second
_REPOST, _NEAR_DUPLICATE = 0.8, 0.5  # Jaccard of the pairs of neighbours
_WORDS: Final = 0.6  # share of the words of the shorter text that stand in one window of the longer one
_RUNS: Final = 0.3  # share of its runs of three words
_SPUN_WORDS, _SPUN_COMPANY = 0.5, 0.18  # fewer words, but many of them in the same company
_SPUN_BELOW: Final = 0.75  # a rewriting that keeps fewer of the words is called spun
_LEAST_WORDS: Final = 0.3  # a text that shares fewer of them is not looked at closely
_STRETCH: Final = 1.5  # a rewriting may be this much longer than what it rewrites


class StoryKind(StrEnum):
    """How a post tells what an earlier one told, the surest first."""

    REPOST = "repost"
    NEAR_DUPLICATE = "near_duplicate"
    REWRITTEN = "rewritten"
    SPUN = "spun"


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """An earlier post that shares keys; `lemmas` are those of its title and text, `author` is the author's key."""

    post_id: int
    story_id: int | None
    lemmas: str
    author: str | None
    source: str
    at: datetime
    negative: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How alike two texts are; `share` (0 to 1) is of pairs for copies, of the shorter text's words for the others."""

    kind: StoryKind
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """An earlier post that tells the same."""

    earlier: Earlier
    likeness: Likeness


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryDecision:
    """The story of a post: it joins that of `nearest`, or begins one where `nearest` is None.

    `story` is None too where `nearest` has no story yet: both then make a new one, whose origin is `nearest`.
    `alike` are all earlier posts that tell the same, the most alike first.
    """

    alike: tuple[Alike, ...] = ()

    @property
    def nearest(self) -> Alike | None:
        """The earlier post that this one is most like."""
        return self.alike[0] if self.alike else None

    @property
    def story(self) -> int | None:
        """The story that is joined."""
        return self.alike[0].earlier.story_id if self.alike else None

    @property
    def kind(self) -> StoryKind | None:
        """How it tells the same; None for the first to tell it."""
        return self.alike[0].likeness.kind if self.alike else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A post of a story; `own` says that the brand itself wrote it, which is no spread."""

    post_id: int
    author: str | None
    source: str
    at: datetime
    negative: bool
    own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryFigures:
    """How far a story has spread: distinct authors and sources of all its posts, its first post, its pace.

    `negative_authors` are the keys of those who told it as something bad within `RECENT`; a post without an author
    counts as one of its own. `growth` is in posts an hour, over the last day or the life of the story.
    """

    posts: int
    authors: int
    sources: int
    negative_authors: frozenset[str]
    origin: Member
    growth: float


def content(lemmas: str) -> list[str]:
    """The words that say something, in their order."""
    idle = _idle_words()
    return [word for word in lemmas.split()[: 4 * _LONGEST] if len(word) > 1 and word not in idle][:_LONGEST]


def joined(lemmas: Lemmas) -> str:
    """The lemmas of title and text as one string, as `Earlier.lemmas` has them."""
    return f"{lemmas.title} {lemmas.text}".strip()


def keys(lemmas: Lemmas) -> tuple[int, ...]:
    """The keys of a post, up to `KEYS` positive 63-bit numbers in rising order; none for a very short text.

    Of each post those with the lowest numbers are kept, so that a long article and a paragraph of it keep the same.
    """
    words = content(joined(lemmas))
    if len(set(words)) < _FEWEST:
        return ()
    hashes = [_hash(word) for word in words]
    pairs: set[int] = set()
    for apart in range(1, _NEAR + 1):
        pairs.update([(one + two) & _MASK for one, two in zip(hashes, hashes[apart:], strict=False) if one != two])
    return tuple(sorted(pairs) if len(pairs) <= KEYS else nsmallest(KEYS, pairs))


class _Text:
    """A text as it is compared: its content words, and those of its beginning, of which each is worked out once."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words[:_LONGEST]
        self.beginning = words[:_COMPARED]

    @cached_property
    def distinct(self) -> set[str]:
        return set(self.beginning)

    @cached_property
    def neighbours(self) -> set[tuple[str, str]]:
        return {(one, two) if one < two else (two, one) for one, two in itertools.pairwise(self.beginning)}

    @cached_property
    def company(self) -> set[tuple[str, str]]:
        return _company(self.beginning)

    @cached_property
    def runs(self) -> set[tuple[str, str, str]]:
        return set(zip(self.beginning, self.beginning[1:], self.beginning[2:], strict=False))


def compare(one: Sequence[str], other: Sequence[str]) -> Likeness | None:
    """How two texts tell the same, given as their content words; None where nothing shows that they do."""
    return _compare(_Text(one), _Text(other))


def _compare(one: _Text, other: _Text) -> Likeness | None:
    shorter, longer = (one, other) if len(one.words) <= len(other.words) else (other, one)
    if len(shorter.distinct) < _FEWEST:
        return None
    if len(shorter.words) >= _NEAR_DUPLICATE * len(longer.words):
        jaccard = _jaccard(shorter.neighbours, longer.neighbours)
        if jaccard >= _REPOST:
            return Likeness(kind=StoryKind.REPOST, share=jaccard)
        if jaccard >= _NEAR_DUPLICATE:
            return Likeness(kind=StoryKind.NEAR_DUPLICATE, share=jaccard)
    return _rewriting(shorter, longer)


def decide(lemmas: Lemmas, candidates: Iterable[Earlier]) -> StoryDecision:
    """Which story a post with these lemmas joins; `candidates` share `SHARED_KEYS` keys with it."""
    text = _Text(content(joined(lemmas)))
    order = list(StoryKind)
    alike = [
        Alike(earlier=earlier, likeness=likeness)
        for earlier in candidates
        if (likeness := _compare(text, _Text(content(earlier.lemmas)))) is not None
    ]
    alike.sort(key=lambda found: (order.index(found.likeness.kind), -found.likeness.share, found.earlier.at))
    return StoryDecision(alike=tuple(alike))


def figures(members: Sequence[Member], *, now: datetime) -> StoryFigures | None:
    """The figures of a story; None if nobody but the brand tells it."""
    told = sorted((member for member in members if not member.own), key=lambda member: (member.at, member.post_id))
    if not told:
        return None
    authors = {member.author or f"post {member.post_id}" for member in told}
    recent = {
        member.author or f"post {member.post_id}" for member in told if member.negative and member.at > now - RECENT
    }
    day = timedelta(days=1)
    since = max(told[0].at, now - day)
    hours = max((now - since) / timedelta(hours=1), 1.0)
    return StoryFigures(
        posts=len(told),
        authors=len(authors),
        sources=len({member.source for member in told}),
        negative_authors=frozenset(recent),
        origin=told[0],
        growth=round(sum(member.at >= since for member in told) / hours, 2),
    )


def _rewriting(shorter: _Text, longer: _Text) -> Likeness | None:
    """Whether the shorter text stands in the longer one in other words."""
    words = shorter.distinct
    if len(words) < _SOME or len(words.intersection(longer.words)) < _LEAST_WORDS * len(words):
        return None
    start, end, kept = _best_window(words, longer.words, round(_STRETCH * len(shorter.beginning)))
    share = kept / len(words)
    window = longer.words[start:end]
    if len(words) < _ENOUGH:
        is_close = share >= _CLOSE_WORDS and _together(shorter, window) >= _CLOSE_COMPANY
        return Likeness(kind=StoryKind.REWRITTEN, share=share) if is_close else None
    is_spun = _SPUN_WORDS <= share < _WORDS and _together(shorter, window) >= _SPUN_COMPANY
    if not (share >= _WORDS or is_spun or _in_runs(shorter, longer.words) >= _RUNS):
        return None
    return Likeness(kind=StoryKind.REWRITTEN if share >= _SPUN_BELOW else StoryKind.SPUN, share=share)


def _together(text: _Text, words: Sequence[str]) -> float:
    """The share of a text's pairs that keep each other company in `words` too."""
    return len(text.company & _company(words)) / len(text.company)


def _in_runs(text: _Text, words: Sequence[str]) -> float:
    """The share of a text's runs of three that stand in `words`."""
    return len(text.runs.intersection(zip(words, words[1:], words[2:], strict=False))) / len(text.runs)


def _best_window(words: set[str], text: Sequence[str], size: int) -> tuple[int, int, int]:
    """Start, end and count of the run of `size` words of `text` that holds most of `words`."""
    places = [at for at, word in enumerate(text) if word in words]
    inside = dict.fromkeys(words, 0)
    best, first, kept = (0, 0, 0), 0, 0
    for at in places:
        kept += not inside[text[at]]
        inside[text[at]] += 1
        while places[first] <= at - size:
            inside[text[places[first]]] -= 1
            kept -= not inside[text[places[first]]]
            first += 1
        if kept > best[2]:
            best = (places[first], at + 1, kept)
    return best


def _company(words: Sequence[str]) -> set[tuple[str, str]]:
    return {
        (one, two) if one < two else (two, one)
        for at, one in enumerate(words)
        for two in words[at + 1 : at + 1 + _COMPANY]
        if one != two
    }


def _jaccard(one: set[tuple[str, str]], other: set[tuple[str, str]]) -> float:
    both = len(one & other)
    return both / (len(one) + len(other) - both)


@lru_cache(maxsize=1 << 15)
def _hash(word: str) -> int:
    return int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "big") & _MASK


@cache
def _idle_words() -> frozenset[str]:
    text = files("monitor.understanding").joinpath("data", "idle_words.toml").read_text(encoding="utf-8")
    return frozenset(word for line in tomllib.loads(text).values() for word in line)
