"""Whether what a source shows now joins up with what it showed before, or posts may have passed between two looks.

A list that shows the newest first joins up where something known stands below all that is new. What stays on top
(pinned topics, advertisements) is known too and proves nothing, so it is remembered and not counted. A list in another
order joins up while more than half of what it last showed is still there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2s
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from monitor.models import JSON

REMEMBERED: Final = 60  # posts of a first page that are remembered
STUCK: Final = 30  # posts on top that are
FULL: Final = 0.8  # of the posts that a full page showed before: one may be hidden, or shown twice


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """What is remembered of a source's first page: the posts that it last showed, and those that stay on top.

    `top` are known posts that stood above new ones for the first time; if they do so again, they are `stuck`. All hold
    short hashes: an identity may name a person, and the cursor is no place for that.
    """

    shown: tuple[str, ...] = ()
    stuck: frozenset[str] = frozenset()
    top: frozenset[str] = frozenset()

    def among(self, earlier: Recall) -> Recall:
        """The same posts on top, beside what an earlier page showed."""
        return replace(earlier, stuck=self.stuck | earlier.stuck)

    def to_json(self) -> JSON:
        """For the cursor."""
        return {"shown": [*self.shown], "stuck": [*sorted(self.stuck)], "top": [*sorted(self.top)]}


def recall(kept: JSON) -> Recall:
    """What the cursor remembers; nothing where it was left by an earlier version."""
    if not isinstance(kept, dict):
        return Recall()
    shown, stuck, top = (_names(kept.get(name)) for name in ("shown", "stuck", "top"))
    return Recall(shown=tuple(shown), stuck=frozenset(stuck), top=frozenset(top))


def _names(kept: JSON) -> list[str]:
    return list(map(str, kept)) if isinstance(kept, list) else []


def note(keys: Sequence[str], fresh: Collection[str], before: Recall) -> Recall:
    """What to remember after a first page: `keys` are its posts in order, `fresh` those of them that are new.

    Known posts that stand above new ones at two such pages running are taken to be stuck there, and stay so while they
    are shown; once may be chance, where something old slid up from below or came late.
    """
    names = [name_of(key) for key in keys]
    first = next((place for place, key in enumerate(keys) if key in fresh), 0)
    top = frozenset(names[:first])
    stuck = (before.stuck | (top & before.top)) & set(names)
    return Recall(
        shown=tuple(names[:REMEMBERED]),
        stuck=frozenset(sorted(stuck)[:STUCK]),
        top=frozenset(sorted(top - stuck)[:STUCK]) if fresh else before.top,
    )


def joins_up(keys: Sequence[str], fresh: Collection[str], before: Recall) -> bool:
    """Whether a page reaches what was seen before, so that nothing can have passed between the two.

    What stands below all that is new must have stood in the upper half of what was shown before: an advertisement, or
    a post that stays at the bottom, is known too.
    """
    if not fresh:
        return True
    last = max(place for place, key in enumerate(keys) if key in fresh)
    shown = [name for name in before.shown if name not in before.stuck]
    below = {name_of(key) for key in keys[last + 1 :]} - before.stuck
    if below and (not before.shown or not below.isdisjoint(shown[: (len(shown) + 1) // 2])):
        return True
    names = {name_of(key) for key in keys}
    return 2 * len(names.intersection(shown)) > len(shown)


def turned_over(keys: Sequence[str], before: Recall) -> bool:
    """Whether a page that does not join up was full: hardly fewer posts are shown than before, and none of those.

    A list that never shows more than a single post only replaces it; one that shows fewer was cleared, not overrun.
    """
    return len(keys) > 1 and 0 < len(before.shown) * FULL <= len(keys)


def name_of(key: str) -> str:
    """A short hash of an identity."""
    return blake2s(key.encode(errors="surrogatepass"), digest_size=8).hexdigest()
