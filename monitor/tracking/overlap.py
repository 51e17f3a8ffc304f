"""Whether what a source shows now joins up with what it showed before, or posts may have passed between two looks.

A list that shows the newest first joins up where something known stands below all that is new. What stays on top
(pinned topics, advertisements) is known too and proves nothing, so it is remembered and not counted. A list in another
order joins up while half of what it last showed is still there.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """What is remembered of a source's first page: the posts that it last showed, and those that stay on top.

    Both hold short hashes: an identity may name a person, and the cursor is no place for that.
    """

    shown: tuple[str, ...] = ()
    stuck: frozenset[str] = frozenset()

    def among(self, earlier: Recall) -> Recall:
        """The same posts on top, beside what an earlier page showed."""
        return replace(earlier, stuck=self.stuck | earlier.stuck)

    def to_json(self) -> JSON:
        """For the cursor."""
        return {"shown": [*self.shown], "stuck": [*sorted(self.stuck)]}


def recall(kept: JSON) -> Recall:
    """What the cursor remembers; nothing where it was left by an earlier version."""
    if not isinstance(kept, dict):
        return Recall()
    shown, stuck = kept.get("shown"), kept.get("stuck")
    return Recall(
        shown=tuple(map(str, shown)) if isinstance(shown, list) else (),
        stuck=frozenset(map(str, stuck)) if isinstance(stuck, list) else frozenset(),
    )


def note(keys: Sequence[str], fresh: Collection[str], before: Recall) -> Recall:
    """What to remember after a first page: `keys` are its posts in order, `fresh` those of them that are new.

    Known posts above the first new one are taken to be stuck there, and stay so while they are shown; unless all that
    is new stands at the bottom, where something old slid up.
    """
    names = [name_of(key) for key in keys]
    places = [place for place, key in enumerate(keys) if key in fresh]
    slid_up = bool(places) and places[-1] == len(keys) - 1 and joins_up(keys, fresh, before)
    stuck = (before.stuck | set(names[: places[0]] if places and not slid_up else ())) & set(names)
    return Recall(shown=tuple(names[:REMEMBERED]), stuck=frozenset(sorted(stuck)[:STUCK]))


def joins_up(keys: Sequence[str], fresh: Collection[str], before: Recall) -> bool:
    """Whether a page reaches what was seen before, so that nothing can have passed between the two."""
    if not fresh:
        return True
    last = max(place for place, key in enumerate(keys) if key in fresh)
    if any(name_of(key) not in before.stuck for key in keys[last + 1 :]):
        return True
    names = {name_of(key) for key in keys} - before.stuck
    shown = set(before.shown) - before.stuck
    return bool(shown) and 2 * len(shown & names) >= len(shown)


def turned_over(keys: Sequence[str], before: Recall) -> bool:
    """Whether a page that does not join up was full: no fewer posts are shown than before, and none of those.

    A list that shows a single post only replaces it; one that shows fewer was cleared, not overrun.
    """
    return 1 < len(before.shown) <= len(keys)


def name_of(key: str) -> str:
    """A short hash of an identity."""
    return blake2s(key.encode(errors="surrogatepass"), digest_size=8).hexdigest()
