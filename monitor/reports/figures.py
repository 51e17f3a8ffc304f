"""What is worked out from counted rows: shares, means, changes, periods; no I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any, TypeAlias

from monitor.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Row: TypeAlias = dict[str, Any]
DAY = timedelta(days=1)
# A report looks at the time before its own too, and at its end.
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Mentions of one key (a day, a brand, …); `rating_sum` adds up the ratings of the `ratings` that have one."""

    key: str
    mentions: int = 0
    negative: int = 0
    neutral: int = 0
    positive: int = 0
    ratings: int = 0
    rating_sum: float = 0.0

    @property
    def negative_share(self) -> float | None:
        """From 0 to 1; None where there is nothing to share."""
        return self.negative / self.mentions if self.mentions else None

    @property
    def mean_rating(self) -> float | None:
        """From 1 to 5; None where nobody rated."""
        return self.rating_sum / self.ratings if self.ratings else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """How mentions of one key were answered; `hours` are the waits for each first answer."""

    key: str
    mentions: int = 0
    answered: int = 0
    replies: int = 0
    hours: Sequence[float] = field(default=())

    @property
    def rate(self) -> float | None:
        """Answered mentions, from 0 to 1, counted at the date of the mention; None without mentions."""
        return self.answered / self.mentions if self.mentions else None

    @property
    def median_hours(self) -> float | None:
        """Median time to the first answer; None where nothing was answered."""
        return median(self.hours) if self.hours else None


def total(counts: Iterable[Count], key: str = "total") -> Count:
    """All of them as one."""
    found = list(counts)
    return Count(
        key=key,
        mentions=sum(count.mentions for count in found),
        negative=sum(count.negative for count in found),
        neutral=sum(count.neutral for count in found),
        positive=sum(count.positive for count in found),
        ratings=sum(count.ratings for count in found),
        rating_sum=sum(count.rating_sum for count in found),
    )


def total_answered(counts: Iterable[Answered], key: str = "total") -> Answered:
    """All of them as one."""
    found = list(counts)
    return Answered(
        key=key,
        mentions=sum(count.mentions for count in found),
        answered=sum(count.answered for count in found),
        replies=sum(count.replies for count in found),
        hours=[hours for count in found for hours in count.hours],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """[since, until) in whole UTC days; `label` is how it was asked for (2026-W46, 2026-11), empty for free dates."""

    since: datetime
    until: datetime
    label: str = ""

    @property
    def last_day(self) -> date:
        """The last day that belongs to it."""
        return (self.until - DAY).date()

    def days(self) -> list[date]:
        """Every day of it."""
        count = (self.until - self.since) // DAY
        return [self.since.date() + timedelta(days=number) for number in range(count)]

    def previous(self) -> Period:
        """The month before a month, else the stretch of the same length before it."""
        if re.fullmatch(r"\d{4}-\d\d", self.label):
            return month_period(f"{self.since - DAY:%Y-%m}")
        return Period(since=self.since - (self.until - self.since), until=self.since)


def midnight(day: date) -> datetime:
    """The moment at which a UTC day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def week_period(label: str) -> Period:
    """An ISO week such as 2026-W46. Raises InputError."""
    match = re.fullmatch(r"(\d{4})-W(\d\d)", label)
    try:
        since = midnight(date.fromisocalendar(int(match[1]), int(match[2]), 1)) if match else None
    except (ValueError, OverflowError):
        since = None
    if since is None or not EARLIEST <= since <= LATEST:
        raise InputError(f"{label!r} is no week of a report; one is written 2026-W46")
    return Period(since=since, until=since + 7 * DAY, label=label)


def month_period(label: str) -> Period:
    """A month such as 2026-11. Raises InputError."""
    try:
        since = datetime.strptime(label, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        since = None
    if since is None or not EARLIEST <= since <= LATEST:
        raise InputError(f"{label!r} is no month of a report; one is written 2026-11")
    return Period(since=since, until=(since + 31 * DAY).replace(day=1), label=label)


def every_day(period: Period, counts: Iterable[Count]) -> list[Count]:
    """A count for each day of the period; days on which nothing was said have one of zero."""
    by_day = {count.key: count for count in counts}
    return [by_day.get(day.isoformat(), Count(key=day.isoformat())) for day in period.days()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One brand's share of what was said of all."""

    count: Count
    share: float
    competitor: bool


def voices(counts: Iterable[Count], competitors: Iterable[str]) -> list[Voice]:
    """Share of voice, the loudest first."""
    found, rivals = list(counts), set(competitors)
    whole = total(found).mentions
    return [
        Voice(count=count, share=count.mentions / whole, competitor=count.key in rivals)
        for count in sorted(found, key=lambda count: (-count.mentions, count.key))
        if count.mentions
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that a report shows. `before` and its kin are None where the history does not reach back far enough."""

    period: Period
    made_at: datetime
    brands: tuple[str, ...]
    days: Sequence[Count]
    before: Count | None
    voices: Sequence[Voice]
    share_before: float | None
    sources: Sequence[Count]
    authors: Sequence[Row]
    gravest: Sequence[Row]
    answers: Sequence[Answered]
    answers_before: Answered | None
    coverage: Sequence[Row]
    gaps: Sequence[Row]
    watched_since: datetime | None

    @property
    def now(self) -> Count:
        """The whole period as one count."""
        return total(self.days)
