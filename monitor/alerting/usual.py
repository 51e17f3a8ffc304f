"""What is usual of a brand at an hour, and how likely chance alone goes beyond it; for storms."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import timedelta
from math import exp, lgamma, log, log1p
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
DAYS: Final = 28  # of the baseline
NORMAL: Final = timedelta(days=3)  # hours of a storm beyond this are the new usual
TRIMMED: Final = 0.1  # of the same hours: those with the most complaints count as much as the next one
RAISED: Final = 1.1  # what trimming takes away from the mean
PRIOR_RATE: Final = 0.1  # complaints a day of a brand of which nothing is known
PRIOR_EVENTS: Final = 3.0  # complaints that the mean of all hours weighs against the same hours
PRIOR_SPREAD: Final = 0.5  # spread of a brand of which little is known; its weight is that of so many squared means
PRIOR_WEIGHT: Final = 2.0
STRESS: Final = 1.4  # the spread that was reckoned is not the last word
LEAST_SPREAD: Final = 0.02  # of the share between days
PRIOR_SHARE: Final = (1.0, 5.0)  # complaints among mentions, of a brand of which nothing is known

_at = attrgetter("at")


class Heard(NamedTuple):
    """A mention that counts: when it was published, never later than it was found; None is an unknown author."""

    at: datetime
    author: str | None
    is_negative: bool = True


class Day(NamedTuple):
    """How many mentions a day had, and how many of them were negative; `at` is its beginning."""

    at: datetime
    mentions: int
    negative: int


class Usual(NamedTuple):
    """What a window holds usually: its mean, how far it spreads (0 is Poisson), and the range of ordinary days."""

    mean: float
    spread: float
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """Mentions in the order of their time."""

    heard: Sequence[Heard]

    def between(self, after: datetime, until: datetime) -> Sequence[Heard]:
        """Those of (after, until]."""
        return self.heard[bisect_right(self.heard, after, key=_at) : bisect_right(self.heard, until, key=_at)]

    def authors(self, after: datetime, until: datetime) -> int:
        """By how many they are; those of whom nothing is known are one."""
        return len({one.author for one in self.between(after, until)})

    def since(self, first: datetime) -> Sequence[Heard]:
        """Those from then on."""
        return self.heard[bisect_left(self.heard, first, key=_at) :]


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was usual before `now`: windows that ended at the same hour of the last DAYS days, without `storms`."""

    complaints: Timeline
    storms: Sequence[tuple[datetime, datetime]]
    since: datetime
    now: datetime

    def usual(self, window: timedelta) -> Usual:
        """The same hours; its spread is only that of what is not known, `spread` adds the rest."""
        counts = sorted(self._counts(window))
        cut = counts[-1 - int(len(counts) * TRIMMED)] if counts else 0
        same = RAISED * sum(min(count, cut) for count in counts)
        overall = self.rate() * (window / HOUR)
        mean = (same + PRIOR_EVENTS) / (len(counts) + PRIOR_EVENTS / overall)
        # The rate is reckoned from so many complaints.
        return Usual(mean=mean, spread=1 / (same + PRIOR_EVENTS), low=counts[0] if counts else 0, high=cut)

    def rate(self) -> float:
        """Authors an hour, over all hours of the day: one more than were heard, as a few days tell little."""
        counts = self._counts(DAY)
        return max(PRIOR_RATE, (sum(counts) + 1) / max(1, len(counts))) / 24

    def spread(self, window: timedelta) -> float:
        """How far counts of the same hours lie apart beyond what Poisson explains, over all hours of the day."""
        above, squares = PRIOR_SPREAD * PRIOR_WEIGHT, PRIOR_WEIGHT
        window = max(window, HOUR)
        for number in range(int(DAY / window)):
            counts = sorted(self._counts(window, back=number * window))
            if len(counts) > 1:
                if window > HOUR:  # one burst that was no storm says nothing of all other days
                    counts[-1] = counts[-2]
                mean = sum(counts) / len(counts)
                above += sum((count - mean) ** 2 for count in counts) * len(counts) / (len(counts) - 1) - sum(counts)
                squares += mean * mean * len(counts)
        return max(0.0, STRESS * above / squares)

    def _counts(self, window: timedelta, *, back: timedelta = timedelta()) -> list[int]:
        """Authors in the windows that ended so long before now's hour, on each day."""
        counts = []
        for number in range(1, DAYS + 1):
            end = self.now - back - number * DAY
            if end - window < self.since:
                break
            if not is_stormy(self.storms, end - window, end):
                counts.append(self.complaints.authors(end - window, end))
        return counts


def is_stormy(storms: Sequence[tuple[datetime, datetime]], after: datetime, until: datetime) -> bool:
    """Whether a time lies in one of the storms."""
    return any(begin < until and after < min(end, begin + NORMAL) for begin, end in storms)


def tail(count: int, *, mean: float, spread: float) -> float:
    """The chance that a negative binomial variable reaches `count`, which is above its `mean`.

    Its variance is mean + spread · mean².
    """
    size = 1 / max(spread, 1e-6)
    odds = mean / (size + mean)
    term = exp(lgamma(count + size) - lgamma(count + 1) - lgamma(size) - size * log1p(mean / size) + count * log(odds))
    total = 0.0
    while term > total * 1e-6:
        total += term
        term *= odds * (count + size) / (count + 1)
        count += 1
    return min(1.0, total)


def share_of(days: Sequence[Day]) -> tuple[float, float]:
    """The usual share of complaints among mentions, and its spread: how two mentions of one day are correlated."""
    few, many = PRIOR_SHARE
    share = min(0.9, RAISED * (sum(day.negative for day in days) + few) / (sum(day.mentions for day in days) + many))
    apart = sum((day.negative - day.mentions * share) ** 2 - day.mentions * share * (1 - share) for day in days)
    weight = sum(day.mentions * (day.mentions - 1) for day in days) * share * (1 - share)
    return share, min(0.9, max(LEAST_SPREAD, STRESS * apart / weight if weight else 0.0))


def share_tail(count: int, *, of: int, share: float, spread: float) -> float:
    """The chance that at least `count` of so many are negative, where the share itself varies (beta-binomial)."""
    weight = 1 / spread - 1
    yes, no = share * weight, (1 - share) * weight

    def beta(a: float, b: float) -> float:
        return lgamma(a) + lgamma(b) - lgamma(a + b)

    def chance(n: int) -> float:
        ways = lgamma(of + 1) - lgamma(n + 1) - lgamma(of - n + 1)
        return exp(ways + beta(n + yes, of - n + no) - beta(yes, no))

    return min(1.0, sum(map(chance, range(count, of + 1))))
