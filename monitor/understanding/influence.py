"""How far a post reaches, from 0 to 100, by what is publicly known of its author, its reactions and its place.

What is not known is left out, not taken as nothing; where nothing at all is known, a middling place is assumed. Each
part is told with what it rests on.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import log10
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from monitor.models import Why

if TYPE_CHECKING:
    from monitor.models import Post

UNKNOWN_SITE: Final = 0.3
"""Weight assumed for a place when nothing is known of a post."""

_FOLLOWERS_DECADES = 6
_REACTION_DECADES = 4
_RANK_DECADES = 6
_MOST = 10**12


@dataclass(frozen=True, slots=True)
class Influence:
    """A value from 0 to 100 and its parts."""

    value: int
    why: tuple[Why, ...]


def influence(
    post: Post,
    site_weight: float | None = None,
    *,
    percentile: float | None = None,
    domain_rank: int | None = None,
) -> Influence:
    """Influence of a post; `site_weight` (0 to 1) is the configured weight of its source.

    1 - (1 - .6 author)(1 - .8 reactions)(1 - .6 site): each part alone can only raise it. A million followers and
    10,000 reactions make the author's and the reactions' part full. `percentile` (0 to 1) is the author's place among
    those of the platform, above which the author's part does not go; `domain_rank` (1 is the most visited) is asked
    where neither the source nor the shipped list gives the place a weight.
    """
    parts = [part for part in (_author(post, percentile), _reactions(post)) if part is not None]
    if (site := _site(post, site_weight, domain_rank)) is not None:
        parts.append(site)
    if not parts:
        parts.append((0.6, UNKNOWN_SITE, "neither the author's audience nor reactions are known"))
    left = 1.0
    for most, part, _ in parts:
        left *= 1 - most * part
    why = tuple(Why(code="influence", text=text, weight=round(most * part, 3)) for most, part, text in parts)
    return Influence(round(100 * (1 - left)), why)


def site_weight(url: str | None) -> tuple[str, float] | None:
    """The host of the shipped list that an address belongs to, and its weight; None where it is not listed."""
    host = _host(url)
    weights = _weights()
    while host:
        if host in weights:
            return host, weights[host]
        host = host.partition(".")[2]
    return None


def _author(post: Post, percentile: float | None) -> tuple[float, float, str] | None:
    if post.author.followers is None:
        return None
    followers = _count(post.author.followers)
    part = _clip(log10(1 + followers) / _FOLLOWERS_DECADES)
    text = f"the author has {followers:,} followers"
    if percentile is not None and percentile < part:
        return 0.6, _clip(percentile), f"{text}, more than {100 * percentile:.0f} % of the known authors there"
    return 0.6, part, text


def _reactions(post: Post) -> tuple[float, float, str] | None:
    counts = {"views": post.views, "likes": post.likes, "replies": post.replies}
    known = {name: _count(count) for name, count in counts.items() if count is not None}
    if not known:
        return None
    views, likes, replies = (known.get(name, 0) for name in counts)
    part = _clip(log10(1 + views / 50 + likes + 2 * replies) / _REACTION_DECADES)
    return 0.8, part, ", ".join(f"{count:,} {name}" for name, count in known.items())


def _site(post: Post, given: float | None, rank: int | None) -> tuple[float, float, str] | None:
    """The part of the place: what the administrator says, else our list, else the imported rank."""
    if given is not None:
        return 0.6, _clip(given), f"the source has weight {given:g}"
    if (listed := site_weight(post.url)) is not None:
        host, weight = listed
        return 0.6, weight, f"{host} has weight {weight:g} in the shipped list"
    if rank is not None:
        weight = _clip(1 - log10(max(rank, 1)) / _RANK_DECADES)
        return 0.6, weight, f"its domain has rank {rank:,}"
    return None


def _host(url: str | None) -> str:
    try:
        return (urlsplit(url or "").hostname or "").removeprefix("www.")
    except ValueError:  # a broken IPv6 address names no host
        return ""


@cache
def _weights() -> dict[str, float]:
    text = files("monitor.understanding").joinpath("data", "site_weights.toml").read_text(encoding="utf-8")
    return {host: float(site["weight"]) for site in tomllib.loads(text)["sites"] for host in site["hosts"]}


def _count(given: int) -> int:
    """A public count as it can be: sites show negative sums of votes, and people send nonsense."""
    return min(_MOST, max(0, given))


def _clip(value: float) -> float:
    return min(1.0, max(0.0, value))
