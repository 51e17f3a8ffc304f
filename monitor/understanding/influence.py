"""How far a post reaches, from 0 to 100, by what is publicly known of its author, its reactions and its place.

What is not known is left out, not taken as nothing; where nothing at all is known, a middling place is assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log10
from typing import TYPE_CHECKING

from monitor.models import Why

if TYPE_CHECKING:
    from monitor.models import Post

UNKNOWN_SITE = 0.3
"""Weight assumed for a place when nothing is known of a post."""

_FOLLOWERS_DECADES = 6
_REACTION_DECADES = 4
_MOST = 10**12


@dataclass(frozen=True, slots=True)
class Influence:
    """A value from 0 to 100 and its parts."""

    value: int
    why: tuple[Why, ...]


def influence(post: Post, site_weight: float | None = None) -> Influence:
    """Influence of a post; `site_weight` (0 to 1) is the configured weight of its source.

    1 - (1 - .6 author)(1 - .8 reactions)(1 - .6 site): each part alone can only raise it. A million followers and
    10,000 reactions make the author's and the reactions' part full.
    """
    parts: list[tuple[float, float, str]] = []
    if post.author.followers is not None:
        followers = _count(post.author.followers)
        parts.append((0.6, _clip(log10(1 + followers) / _FOLLOWERS_DECADES), f"the author has {followers:,} followers"))
    counts = {"views": post.views, "likes": post.likes, "replies": post.replies}
    known = {name: _count(count) for name, count in counts.items() if count is not None}
    if known:
        views, likes, replies = (known.get(name, 0) for name in counts)
        reactions = _clip(log10(1 + views / 50 + likes + 2 * replies) / _REACTION_DECADES)
        parts.append((0.8, reactions, ", ".join(f"{count:,} {name}" for name, count in known.items())))
    if site_weight is not None:
        parts.append((0.6, _clip(site_weight), f"the source has weight {site_weight:g}"))
    if not parts:
        parts.append((0.6, UNKNOWN_SITE, "neither the author's audience nor reactions are known"))
    left = 1.0
    for most, part, _ in parts:
        left *= 1 - most * part
    why = tuple(Why(code="influence", text=text, weight=round(most * part, 3)) for most, part, text in parts)
    return Influence(round(100 * (1 - left)), why)


def _count(given: int) -> int:
    """A public count as it can be: sites show negative sums of votes, and people send nonsense."""
    return min(_MOST, max(0, given))


def _clip(value: float) -> float:
    return min(1.0, max(0.0, value))
