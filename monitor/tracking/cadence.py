"""When to come again: the interval that the administrator decided on, or one learned from the source's rhythm.

A learned interval aims at `LOOKS` visits for each new post. The rate of posts is that of a gamma-Poisson model with an
exponential memory: what happened a week ago counts half, and a source of which nothing is known yet is visited every 15
minutes. Failures back off, and nothing ever stops the polling.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from monitor.models.settings import LEARNED

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from monitor.models import JSON

LONGEST_BACKOFF: Final = timedelta(hours=6)
SHORTEST: Final = timedelta(minutes=1)  # no source is visited more often because much is new, unless `every` says so
LOOKS: Final = 10  # visits for each new post that a learned interval aims at
LONGEST_HINT: Final = timedelta(hours=1)  # many sites ask for a day of caching and change every minute
JITTER: Final = 0.05  # share of an interval by which a visit may come early, so that not all come at once
REFRESH: Final = (timedelta(hours=2), timedelta(hours=24))  # bounds of how long "not modified" is believed

_HALF_LIFE: Final = timedelta(days=7)
_PRIOR_POSTS: Final = 1.0
_PRIOR_HOURS: Final = 2.5

# Silence that is too long for this source.
_SILENCES: Final = 3  # times the longest that was ever seen
_PAUSES: Final = 20  # times the mean pause: sites have calm weeks
_ENOUGH: Final = 10  # visits with something new, before the longest silence means anything
_WEEKS: Final = timedelta(days=14)  # of watching, before weekends have been seen
_SHORTEST_STALE: Final = timedelta(days=2)
_UNKNOWN_STALE: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """What was learned of a source: decayed counts of posts and hours, and how long it was silent between news.

    `news` counts visits that brought something new; `silence` is the longest stretch between two of them, in hours;
    `pace` is how many posts came in an hour when one came last; `window` is how many its first page shows; `emptied`
    counts answers in a row with nothing where there were posts.
    """

    posts: float = 0.0
    hours: float = 0.0
    news: int = 0
    silence: float = 0.0
    pace: float = 0.0
    window: int = 0
    emptied: int = 0

    @property
    def per_hour(self) -> float:
        """Posts in an hour, as far as is known."""
        return (self.posts + _PRIOR_POSTS) / (self.hours + _PRIOR_HOURS)

    def to_json(self) -> dict[str, JSON]:
        """For the source's row."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def rhythm_of(kept: Mapping[str, JSON]) -> Rhythm:
    """What a row holds; an unknown or broken entry counts as nothing learned."""
    known = {name: value for name, value in kept.items() if isinstance(value, int | float)}
    return Rhythm(
        posts=float(known.get("posts", 0)),
        hours=float(known.get("hours", 0)),
        news=int(known.get("news", 0)),
        silence=float(known.get("silence", 0)),
        pace=float(known.get("pace", 0)),
        window=int(known.get("window", 0)),
        emptied=int(known.get("emptied", 0)),
    )


def learn(rhythm: Rhythm, *, posts: int, shown: int, since: timedelta, silence: timedelta | None) -> Rhythm:
    """The rhythm after a visit that brought `posts` new ones, `since` after the one before.

    `silence` is how long nothing new had come before them, None where that is unknown.
    """
    fade = 0.5 ** (since / _HALF_LIFE)
    learned = replace(
        rhythm,
        posts=rhythm.posts * fade + posts,
        hours=rhythm.hours * fade + since / timedelta(hours=1),
        window=shown or rhythm.window,
    )
    if posts and silence is not None:
        longest = max(rhythm.silence, silence / timedelta(hours=1))
        learned = replace(learned, news=rhythm.news + 1, silence=longest, pace=learned.per_hour)
    return learned


def interval_of(rhythm: Rhythm, *, hint: timedelta | None = None) -> timedelta:
    """The learned interval; `hint` is how often the site itself says that it changes, at most an hour of it counts."""
    shortest, longest = LEARNED
    wanted = timedelta(hours=1 / (rhythm.per_hour * LOOKS))
    return min(max(wanted, shortest, min(hint or shortest, LONGEST_HINT)), longest)


def is_too_silent(rhythm: Rhythm, *, silence: timedelta, watched: timedelta) -> bool:
    """Whether nothing new has come for much longer than ever before."""
    if rhythm.news < _ENOUGH:
        return False
    floor = _SHORTEST_STALE if watched >= _WEEKS else _UNKNOWN_STALE
    chance = timedelta(hours=_PAUSES / rhythm.pace) if rhythm.pace else floor
    return silence > max(_SILENCES * timedelta(hours=rhythm.silence), floor, chance)


def refresh_after(rhythm: Rhythm) -> timedelta:
    """How long "not modified" is believed: half the time in which the page turns over, within REFRESH.

    A server that answers 304 for ever must not hide more than the page can show again.
    """
    shortest, longest = REFRESH
    return min(max(timedelta(hours=rhythm.window / rhythm.per_hour / 2), shortest), longest)


def next_after_success(
    interval: timedelta, now: datetime, *, jitter: float = 0.0, quiet_hours: Collection[int] = ()
) -> datetime:
    """One interval from now, a little less by `jitter` (0 to 1), and not in hours (UTC) in which nothing changes."""
    following = now + interval * (1 - JITTER * jitter)
    for _ in range(24):
        if following.hour not in quiet_hours or len(quiet_hours) >= 24:
            break
        following = following.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return following


def next_after_overrun(interval: timedelta, now: datetime) -> datetime:
    """Half an interval from now, since more was new than one visit could reach; not under a minute or `interval`."""
    return now + max(interval / 2, min(interval, SHORTEST))


def next_after_failure(every: timedelta, *, failures: int, retry_at: datetime | None, now: datetime) -> datetime:
    """The interval doubled for each failure in a row after the first, at most 6 hours (or the interval, if longer).

    `failures` counts this one too. `retry_at`, where the host named a moment, is a floor.
    """
    longest = max(every, LONGEST_BACKOFF)
    # 2**40 intervals exceed any cap; a larger exponent would only overflow timedelta.
    backoff = longest if failures > 40 else min(every * 2 ** (failures - 1), longest)
    return max(now + backoff, retry_at or now)
