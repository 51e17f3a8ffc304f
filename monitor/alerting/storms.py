"""When complaints come faster than chance explains: a storm opens, is told of again while it lasts, and closes.

Complaints are counted by their distinct authors in windows that end now, and measured against the same hours of the
last four weeks. Complaints come in bursts even on calm days, so the measure is a negative binomial distribution
(Poisson whose rate varies): its mean is that of the same hours, its spread that of all hours. A window is exceptional
where chance alone would fill it so but once in several months. Beside it the share of complaints among all authors is
tested, with a binomial distribution whose share varies from day to day: a bad turn need not be loud.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from monitor.alerting.usual import (
    DAY,
    DAYS,
    HOUR,
    Baseline,
    Day,
    Heard,
    Timeline,
    Usual,
    is_stormy,
    share_of,
    share_tail,
    tail,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from monitor.models import JSON, Storm

LIMITS: Final = {
    timedelta(minutes=15): 0.1,
    HOUR: 0.1,
    timedelta(hours=6): 0.15,
    DAY: 0.15,
}
"""The windows, and how many of them a month chance alone may fill so where a storm opens: a brand of one an hour gets
a third of it, as what bursts often bursts in more ways than are counted here."""
LASTS: Final = 10  # times as often, and a storm that is open goes on
SHARE: Final = 0.02  # windows a month, for the share of complaints
SHARED: Final = 5  # authors, before their share is asked
OF_SHARE: Final = (timedelta(hours=6), DAY)
LEAST: Final = 3  # authors; fewer are no storm however rare they are
KNOWN: Final = timedelta(days=2)  # a brand that is watched for less has no usual yet
SLIDES: Final = 2.0  # a window that slides meets a burst about so much more often than one that stands
MONTH: Final = timedelta(days=30)
QUIET: Final = 3  # hours without an exceptional window, before a storm is over
EPISODE: Final = timedelta(days=1)  # a storm that comes back within it is the same one
REPEAT: Final = timedelta(hours=4)
DOUBLED: Final = timedelta(hours=1)  # at least this long after people were told, doubled or not
NEWS: Final = timedelta(hours=6)  # what is only exceptional over more was told before
GREW: Final = 1.25  # times as many authors, and it is worth telling again
CHART: Final = 48  # hours


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What is usual of a brand.

    `complaints` are its negative mentions of the last 31 days before those of the last two, oldest first;
    `since` is when it was first heard of. `days` count the mentions of each day. `storms` are former ones, from the
    first complaint to the end.
    """

    since: datetime
    complaints: Sequence[Heard] = ()
    days: Sequence[Day] = ()
    storms: Sequence[tuple[datetime, datetime]] = ()


class Open(NamedTuple):
    """A storm begins; `again`, where the last one goes on."""

    figures: Mapping[str, JSON]
    reason: str
    again: bool


class Update(NamedTuple):
    """People hear again of a storm that is open."""

    figures: Mapping[str, JSON]
    reason: str


class Close(NamedTuple):
    """It is over."""

    figures: Mapping[str, JSON]
    reason: str


class Stay(NamedTuple):
    """Nothing changes."""

    reason: str


Turn: TypeAlias = Open | Update | Close | Stay


class _Found(NamedTuple):
    """An exceptional window: `monthly` is how many such windows a month chance alone fills so."""

    window: timedelta
    heard: Sequence[Heard]
    authors: int
    usual: Usual
    monthly: float
    by_share: bool

    @property
    def said(self) -> str:
        hours = self.window / HOUR
        what = "their share is" if self.by_share else "they are"
        return (
            f"{self.authors} authors in {hours:g} h, usually {self.usual.low}–{self.usual.high}: "
            f"{what} so by chance {self.monthly:.2g} times a month"
        )


def decide_storm(
    history: History,
    recent: Sequence[Heard],
    storm: Storm | None,
    now: datetime,
    *,
    repeat: timedelta = REPEAT,
    remind: timedelta = DAY,
) -> Turn:
    """What becomes of a brand's storm: `recent` are all its mentions of the last two days, oldest first.

    `storm` is the one that is open. People hear of it again after `repeat` if more complained, when it doubled, and
    after `remind` in any case.
    """
    if storm is not None:
        begun = (since_of(storm), now)
        history = replace(history, storms=[*history.storms, begun])
    complaints = Timeline([*history.complaints, *(one for one in recent if one.is_negative)])
    reckoning = _Reckoning(history, complaints, Timeline(recent))
    if storm is not None:
        return _go_on(reckoning, storm, now, repeat=repeat, remind=remind)
    if now - history.since < KNOWN:
        return Stay(f"watched only since {history.since:%Y-%m-%d %H:%M}")
    found = reckoning.gravest(now)
    if found is None:
        return Stay("nothing exceptional")
    again = any(now - end <= EPISODE for _, end in history.storms)
    return Open(reckoning.figures(found, now, since=found.heard[0].at), found.said, again)


def since_of(storm: Storm) -> datetime:
    """The time of the first complaint of a storm."""
    since = storm.figures.get("since")
    return datetime.fromisoformat(since) if isinstance(since, str) else storm.opened_at


def _go_on(reckoning: _Reckoning, storm: Storm, now: datetime, *, repeat: timedelta, remind: timedelta) -> Turn:
    """What becomes of a storm that is open."""
    since = since_of(storm)
    untold = now - storm.told_at
    moments = [now - hours * HOUR for hours in range(QUIET + 1)]
    if untold >= QUIET * HOUR and all(reckoning.gravest(at, lenient=LASTS) is None for at in moments):
        figures = {**storm.figures, **reckoning.totals(now, since=since), "until": now.isoformat()}
        return Close(figures, f"nothing exceptional for {QUIET} h")
    told = storm.figures.get("total_authors")
    before = told if isinstance(told, int) else 0
    authors = len({one.author for one in reckoning.complaints.since(since)})
    has_doubled = authors >= 2 * before and untold >= min(DOUBLED, repeat)
    is_reminder = untold >= remind
    if not has_doubled and not is_reminder and (untold < repeat or authors < GREW * before):
        return Stay("it lasts")
    found = reckoning.gravest(now, lenient=LASTS, longest=DAY if is_reminder else NEWS)
    if found is None:
        return Stay("it ebbs away")
    return Update(reckoning.figures(found, now, since=since), found.said)


@dataclass(frozen=True, slots=True)
class _Reckoning:
    """What is known of a brand, and what it says of a moment."""

    history: History
    complaints: Timeline
    mentions: Timeline

    def gravest(self, now: datetime, *, lenient: float = 1.0, longest: timedelta = DAY) -> _Found | None:
        """Of the exceptional windows that end at that time, the one that chance fills most seldom."""
        found = (one for one in self._exceptional(now, lenient) if one.window <= longest)
        return min(found, key=lambda one: one.monthly, default=None)

    def _exceptional(self, now: datetime, lenient: float) -> Iterator[_Found]:
        storms, since = self.history.storms, self.history.since
        baseline = Baseline(self.complaints, storms, since, now)
        rate = None
        known = min(1.0, (now - since) / (DAYS * DAY))  # the less is known, the rarer it must be
        for window, limit in LIMITS.items():
            heard = self.complaints.between(now - window, now)
            authors = len({one.author for one in heard})
            if authors < LEAST:
                continue
            rate = baseline.rate() if rate is None else rate
            usual = baseline.usual(window)
            if authors <= usual.mean:
                continue
            found = _Found(window, heard, authors, usual, self._monthly(authors, usual, window), by_share=False)
            allowed = lenient * known * limit / (1 + 2 * rate)
            # Most windows are ordinary by any measure, and the spread takes longest to reckon.
            if found.monthly <= allowed:
                usual = usual._replace(spread=usual.spread + baseline.spread(window))
                found = found._replace(usual=usual, monthly=self._monthly(authors, usual, window))
            if found.monthly <= allowed:
                yield found
            elif authors >= SHARED and window in OF_SHARE:
                found = found._replace(monthly=self._monthly_share(authors, window, now), by_share=True)
                if found.monthly <= lenient * known * SHARE:
                    yield found

    @staticmethod
    def _monthly(authors: int, usual: Usual, window: timedelta) -> float:
        return SLIDES * (MONTH / window) * tail(authors, mean=usual.mean, spread=usual.spread)

    def _monthly_share(self, authors: int, window: timedelta, now: datetime) -> float:
        share, spread = self._usual_share()
        of = max(authors, self.mentions.authors(now - window, now))
        return SLIDES * (MONTH / window) * share_tail(authors, of=of, share=share, spread=spread)

    def _usual_share(self) -> tuple[float, float]:
        return share_of([day for day in self.history.days if not is_stormy(self.history.storms, day.at, day.at + DAY)])

    def figures(self, found: _Found, now: datetime, *, since: datetime) -> dict[str, JSON]:
        """What people are told of it; times are ISO 8601, `hours` are complaints an hour, the last is the running one.

        `monthly` is how many such windows a month chance fills, `chance` what it is for this one.
        """
        mentions = self.mentions.between(now - found.window, now)
        share, _ = self._usual_share()
        return {
            "window": found.window / HOUR,
            "authors": found.authors,
            "mentions": len(found.heard),
            "low": found.usual.low,
            "high": found.usual.high,
            "monthly": found.monthly,
            "chance": found.monthly / SLIDES / (MONTH / found.window),
            "by": "share" if found.by_share else "count",
            "share": len(found.heard) / max(1, len(mentions)),
            "usual_share": share,
            "since": since.isoformat(),
            **self.totals(now, since=since),
        }

    def totals(self, now: datetime, *, since: datetime) -> dict[str, JSON]:
        """What there was of it so far."""
        heard = self.complaints.since(since)
        hours = [0] * CHART
        for one in self.complaints.between(now - CHART * HOUR, now):
            hours[CHART - 1 - (now - one.at) // HOUR] += 1
        return {
            "total_authors": len({one.author for one in heard}),
            "total_mentions": len(heard),
            "at": now.isoformat(),
            "hours": [*hours],
        }
