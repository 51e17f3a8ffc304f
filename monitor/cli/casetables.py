"""Figures of cases as sections: one list of rows each, which programs get as they are and people as a table."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from monitor.cases import figures
from monitor.cases.intervals import Estimate, share
from monitor.models import EventKind, Label

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from monitor.cases.course import Course
    from monitor.cases.figures import Began
    from monitor.cases.fixes import Change

Row: TypeAlias = dict[str, Any]

_SHARES: Final = frozenset({"covered", "rate", "in_time", "in_time_published", "recovered", "part"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A figure: its name for programs, its title, what people see of each row (key and heading), the rows."""

    figure: str
    title: str
    columns: Mapping[str, str]
    rows: Sequence[Row]
    notes: Sequence[str] = ()

    def cells(self) -> list[list[str]]:
        """The rows as people see them."""
        return [[_cell(key, row[key]) for key in self.columns] for row in self.rows]

    def objects(self) -> list[Row]:
        """The rows as programs get them, with the name of the figure."""
        return [{"figure": self.figure, **{key: _plain(value) for key, value in row.items()}} for row in self.rows]


def _cell(key: str, value: object) -> str:
    match value:
        case None:
            return ""
        case Estimate() if key in _SHARES:
            return f"{value.value:.0%} ({value.low:.0%}–{value.high:.0%})"
        case Estimate():
            return f"{value.value:.2f} ({value.low:.2f}–{value.high:.2f})"
        case float():
            return f"{value:.1f}"
        case Decimal():
            return f"{value:.2f}"
    return str(value)


def _plain(value: object) -> object:
    match value:
        case Estimate():
            return {name: _plain(getattr(value, name)) for name in ("value", "low", "high")}
        case float():
            return round(value, 4) if isfinite(value) else None
        case Decimal():
            return float(value)
    return value


def coverage(rows: Iterable[Mapping[str, object]]) -> Section:
    """1: how relevant negative mentions ended."""
    found = figures.ledgers(rows)
    return Section(
        figure="coverage",
        title="Relevant negative mentions, by the mention's month",
        columns={
            "brand": "brand",
            "month": "month",
            "mentions": "mentions",
            **{ending: ending for ending in figures.ENDINGS},
            "covered": "not open",
        },
        rows=[
            {
                "brand": one.brand,
                "month": one.month,
                "mentions": one.mentions,
                **one.ends,
                "covered": one.covered,
                "reasons": [{"reason": reason, "mentions": number} for reason, number in one.reasons],
            }
            for one in found
        ],
        notes=[
            f"silent: {reason or 'without a reason'}: {number} ({one.brand}, {one.month})"
            for one in found
            for reason, number in one.reasons
        ],
    )


def answers(counted: Iterable[tuple[str, str, int, int, float | None, int]]) -> Section:
    """2: who got an answer, of (by, key, mentions, answered, median hours, replies)."""
    return Section(
        figure="answers",
        title="Answers, to mentions of any sentiment",
        columns={
            "by": "by",
            "key": "",
            "mentions": "mentions",
            "answered": "answered",
            "rate": "response rate",
            "median_hours": "median hours",
            "replies": "replies",
        },
        rows=[
            {
                "by": by,
                "key": key,
                "mentions": mentions,
                "answered": answered,
                "rate": share(answered, mentions),
                "median_hours": hours,
                "replies": replies,
            }
            for by, key, mentions, answered, hours, replies in counted
        ],
        notes=["mentions, answered and the rate go by the mention's date, replies by the reply's date"],
    )


def recovery(ended: Sequence[figures.Ended], now: datetime) -> Section:
    """4: how authors of closed cases spoke afterwards."""
    found = figures.recovery(ended, now)
    labels = (Label.POSITIVE, Label.NEUTRAL, Label.NEGATIVE)
    row = {
        "cases": len(ended),
        **{label.value: found.last[label] for label in labels},
        "none": found.silent,
        "not_yet": found.waiting,
        "nameless": found.nameless,
        "recovered": found.recovered,
    }
    return Section(
        figure="recovery",
        title=f"How authors of closed cases last spoke of the brand, within {figures.LATER.days} days",
        columns={
            "cases": "cases",
            **{label.value: label.value for label in labels},
            "none": "none",
            "not_yet": "none yet",
            "nameless": "nameless",
            "recovered": "positive, of who wrote",
        },
        rows=[{**row, **{f"posts_{label.value}": found.posts[label] for label in labels}}] if ended else [],
    )


def fixes(changes: Iterable[Change]) -> Section:
    """5: known issues before and after their fix."""
    found = list(changes)
    return Section(
        figure="fixes",
        title="Complaints of known issues before and after the fix, for each 1,000 mentions",
        columns={
            "brand": "brand",
            "issue": "issue",
            "fixed": "fixed",
            "days": "days",
            "before_per_1000": "before",
            "after_per_1000": "after",
            "ratio": "ratio",
            "ratio_of_days": "ratio by day",
            "finding": "",
        },
        rows=[
            {
                "brand": one.brand,
                "issue": one.issue,
                "fixed": one.window.fixed.isoformat(),
                "days": one.window.days,
                "complaints_before": one.complaints[0],
                "complaints_after": one.complaints[1],
                "mentions_before": one.mentions[0],
                "mentions_after": one.mentions[1],
                "before_per_1000": one.per_thousand[0],
                "after_per_1000": one.per_thousand[1],
                "before_per_day": one.per_day[0],
                "after_per_day": one.per_day[1],
                "ratio": one.ratio_of_mentions,
                "ratio_of_days": one.ratio_of_days,
                "finding": one.finding,
            }
            for one in found
        ],
    )


def costs(courses: Sequence[Course], since: datetime, until: datetime) -> Section:
    """6: what amends cost."""
    return Section(
        figure="costs",
        title="Compensations, all and by class (a case of several classes counts in each)",
        columns={
            "class": "class",
            "what": "what",
            "currency": "currency",
            "number": "number",
            "valued": "with a value",
            "sum": "sum",
            "mean": "mean",
        },
        rows=[
            {
                "class": one.class_ or "all",
                "what": one.what,
                "currency": one.currency,
                "number": one.number,
                "valued": len(one.values),
                "sum": sum(one.values, Decimal()) if one.values else None,
                "mean": one.mean,
            }
            for one in figures.costs(courses, since, until)
        ],
    )


def outcomes(courses: Sequence[Course], since: datetime, until: datetime) -> Section:
    """7: how customers went on."""
    ended = figures.outcomes(courses, since, until)
    closes = sum(ended.values())
    return Section(
        figure="outcomes",
        title="How customers of closed cases went on",
        columns={"outcome": "outcome", "cases": "cases", "part": "of all"},
        rows=[
            {"outcome": outcome.value, "cases": number, "part": share(number, closes)}
            for outcome, number in ended.items()
            if closes
        ],
    )


def hops(rounds: Sequence[Began]) -> Section:
    """7: who went elsewhere with a complaint."""
    return Section(
        figure="hops",
        title="Authors of cases who wrote at another source too",
        columns={
            "acknowledged": "acknowledged",
            "cases": "cases",
            "hopped": "elsewhere too",
            "part": "of all",
            "afterwards": "after the deadline",
        },
        rows=[
            {
                "acknowledged": "late" if one.missed else "not late",
                "cases": one.cases,
                "hopped": one.hopped,
                "part": one.part,
                "afterwards": one.afterwards if one.missed else None,
            }
            for one in figures.hops(rounds)
            if one.cases
        ],
    )


def done(courses: Sequence[Course], since: datetime, until: datetime) -> list[Section]:
    """7: attempts, what moved offline, what nobody answers."""
    moved = figures.tally(courses, EventKind.OFFLINE, ["channel"], since=since, until=until)
    silent = figures.tally(courses, EventKind.SILENT, ["person", "text"], since=since, until=until)
    return [
        Section(
            figure="attempts",
            title="Attempts to speak to the customer",
            columns={"channel": "channel", "reached": "reached", "failed": "failed", "refused": "refused"},
            rows=[
                {"channel": channel, **{reached.value: number for reached, number in how.items()}}
                for channel, how in figures.attempts(courses, since, until).items()
            ],
        ),
        Section(
            figure="offline",
            title="Moved offline",
            columns={"channel": "channel", "times": "times"},
            rows=[{"channel": channel, "times": number} for (channel,), number in moved],
        ),
        Section(
            figure="silences",
            title="Deliberately unanswered",
            columns={"person": "by", "times": "times", "reason": "reason"},
            rows=[{"person": person, "times": number, "reason": reason} for (person, reason), number in silent],
        ),
    ]
