"""When digests are due, what they cover and what they count; pure.

A digest leaves at wall-clock times of its zone. An hour that a change of the clocks leaves out counts as the one after
it, of one that comes twice the first is meant: each day has one daily digest.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypedDict
from zoneinfo import ZoneInfo

from monitor.models import Cadence, DigestSettings
from monitor.query import And, Is, Not, Or

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from monitor.models import Subscription
    from monitor.query import Node

LONGEST: Final = timedelta(days=31)
"""What one digest covers at the most: who was away for longer reads a report."""
HOURS: Final = 24  # bars of the chart of an hourly digest
DAYS: Final = 14  # bars of the chart of a daily or weekly one
LATE: Final = timedelta(days=7)
"""What is found later than this after it was published is history, and no news."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """[since, until), in UTC."""

    since: datetime
    until: datetime

    def before(self) -> Stretch:
        """The time of the same length before it."""
        return Stretch(since=self.since - (self.until - self.since), until=self.since)


def of_subscription(wanted: Subscription, receiver: str) -> DigestSettings:
    """The digest that a person subscribed to, as if it were configured; its name is stable."""
    return DigestSettings(
        name=f"subscription {wanted.id}",
        to=receiver,
        cadence=wanted.cadence,
        match=wanted.match,
        at=wanted.at,
        day=wanted.day,
        zone=wanted.zone,
        language=wanted.language,
        always=wanted.always,
    )


# ── When ──


def next_at(settings: DigestSettings, after: datetime) -> datetime:
    """The first moment (UTC) after another at which the digest leaves."""
    return min(moment for moment in _moments(settings, after) if moment > after)


def last_at(settings: DigestSettings, until: datetime) -> datetime:
    """The last moment (UTC) up to and with another at which the digest had to leave."""
    return max(moment for moment in _moments(settings, until) if moment <= until)


def _moments(settings: DigestSettings, near: datetime) -> Iterator[datetime]:
    """Its moments around another one, at least one on either side."""
    local = near.astimezone(ZoneInfo(settings.zone))
    if settings.cadence is Cadence.HOURLY:
        start = near.replace(second=0, microsecond=0) + timedelta(minutes=settings.at.minute - local.minute)
        yield from (start + timedelta(hours=number) for number in (-2, -1, 0, 1, 2))
        return
    for number in range(-8, 9):
        day = local.date() + timedelta(days=number)
        if settings.cadence is Cadence.DAILY or day.weekday() == settings.day:
            yield datetime.combine(day, settings.at, local.tzinfo).astimezone(UTC)


def first_stretch(settings: DigestSettings, until: datetime) -> Stretch:
    """What a digest that was never made before covers: one cadence."""
    return Stretch(since=last_at(settings, until - timedelta(microseconds=1)), until=until)


def due(settings: DigestSettings, last: datetime, now: datetime) -> Stretch | None:
    """What the digest that is due covers, from the end of the last one; None where nothing is due.

    Where several were missed, one covers all of them, up to LONGEST.
    """
    until = last_at(settings, now)
    return Stretch(since=max(last, until - LONGEST), until=until) if until > last else None


# ── What ──


class Told(TypedDict):
    """A story: the mention that stands for it, and how many posts by how many authors told it in the time."""

    story: int
    mention: int
    posts: int
    authors: int


class Voice(TypedDict):
    """How often a brand was mentioned."""

    brand: str
    mentions: int
    competitor: bool


class Due(TypedDict):
    """An open case; `due_at` is when the next thing is, or was, due in it."""

    id: int
    brand: str
    classes: list[str]
    due_at: str | None


class Chart(TypedDict):
    """Mentions and negative ones for each bar; `ends` is when each bar ends, `marked` those that the digest covers."""

    hourly: bool
    values: list[int]
    negative: list[int]
    ends: list[str]
    marked: list[int]


class Named(TypedDict):
    """A post as it is when the digest is told."""

    id: int
    brand: str
    at: str
    sentiment: str
    priority: int
    rating: float | None
    spans: list[dict[str, object]]
    title: str
    text: str
    url: str | None
    author: str | None
    source: str


class Figures(TypedDict, total=False):
    """What a digest counts, as it is stored: numbers, names of brands and sources, and nothing that a post says.

    `about` is the digest's name or a subscription's query. `before` is of the time of the same length before it, None
    where that was not watched. `late` were published before the time and found in it. `upto` are the newest mention
    and delivery that were there. `posts` and `owners` are what the numbers name, read when the digest is told.
    """

    about: str
    mentions: int
    negative: int
    positive: int
    ratings: int
    mean: float | None
    before: Before | None
    late: int
    voices: list[Voice]
    stories: list[Told]
    top: list[int]
    found_late: list[int]
    open_cases: int
    overdue: int
    cases: list[Due]
    alerts: dict[str, int]
    watched: int
    troubled: list[list[str]]
    gaps: list[list[str]]
    more_gaps: int
    chart: Chart
    upto: list[int]
    mention_ids: list[int]
    case_ids: list[int]
    posts: list[Named]
    owners: dict[str, str | None]


class Before(TypedDict):
    """The same figures of the time before."""

    mentions: int
    negative: int
    mean: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """What was said of a brand in a minute (as in 2026-11-21T21:33); `rating_sum` adds up `ratings` ratings."""

    minute: str
    brand: str
    mentions: int
    negative: int
    positive: int
    ratings: int
    rating_sum: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Minutes added up."""

    mentions: int = 0
    negative: int = 0
    positive: int = 0
    ratings: int = 0
    rating_sum: float = 0.0

    @property
    def mean(self) -> float | None:
        """The mean rating, from 1 to 5; None where nobody rated."""
        return round(self.rating_sum / self.ratings, 2) if self.ratings else None


def tally(minutes: Iterable[Minute], stretch: Stretch) -> Tally:
    """What was said in a stretch of whole minutes."""
    since, until = _spelt(stretch.since), _spelt(stretch.until)
    found = [one for one in minutes if since <= one.minute < until]
    return Tally(
        mentions=sum(one.mentions for one in found),
        negative=sum(one.negative for one in found),
        positive=sum(one.positive for one in found),
        ratings=sum(one.ratings for one in found),
        rating_sum=sum(one.rating_sum for one in found),
    )


def voices(minutes: Iterable[Minute], stretch: Stretch, *, competitors: Iterable[str]) -> list[Voice]:
    """How often each brand was mentioned, the loudest first."""
    since, until, rivals = _spelt(stretch.since), _spelt(stretch.until), set(competitors)
    counted = Counter[str]()
    for one in minutes:
        if since <= one.minute < until:
            counted[one.brand] += one.mentions
    return [
        Voice(brand=brand, mentions=number, competitor=brand in rivals)
        for brand, number in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    ]


def edges(settings: DigestSettings, until: datetime) -> list[datetime]:
    """Where the bars of the chart begin, and where the last one ends: hours, or days of the wall clock."""
    if settings.cadence is Cadence.HOURLY:
        return [until - timedelta(hours=number) for number in range(HOURS, -1, -1)]
    local = until.astimezone(ZoneInfo(settings.zone))
    return [(local - timedelta(days=number)).astimezone(UTC) for number in range(DAYS, -1, -1)]


def chart(minutes: Sequence[Minute], bounds: Sequence[datetime], *, stretch: Stretch, hourly: bool) -> Chart:
    """The bars between the bounds; marked are those that lie in the stretch for the greater part."""
    bars = [Stretch(since=since, until=until) for since, until in pairwise(bounds)]
    counted = [tally(minutes, bar) for bar in bars]
    middles = [bar.since + (bar.until - bar.since) / 2 for bar in bars]
    return Chart(
        hourly=hourly,
        values=[one.mentions for one in counted],
        negative=[one.negative for one in counted],
        ends=[bar.until.isoformat() for bar in bars],
        marked=[number for number, middle in enumerate(middles) if stretch.since <= middle < stretch.until],
    )


def names_a_brand(node: Node) -> bool:
    """Whether a query says of which brand it is: then competitors count like any other."""
    if isinstance(node, Not):
        return False
    if isinstance(node, And | Or):
        return any(map(names_a_brand, node.terms))
    return isinstance(node, Is) and node.field == "brand"


def is_news(figures: Figures) -> bool:
    """Whether anything was said, or found of late, that the digest is about."""
    return bool(figures["mentions"] or figures["late"])


def _spelt(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M}"
