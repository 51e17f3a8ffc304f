"""What a reader of the messages had of them: how many, how soon, how often in vain. Knows nothing of the program.

Everything is counted from the messages that arrived, the history and the truth about it.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from math import ceil
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from benchmarks.alerting.records import History, Message, Row, Span, Truth

AUTHORS: Final = 3  # distinct ones with whom a crisis can be known
AFTERWARDS: Final = timedelta(days=1)  # a storm that opens so long after its cause is no false one
DAY: Final = timedelta(days=1)

Figures = dict[str, float | int | None]

TARGETS: Final[Mapping[str, float]] = {
    "calm_day_messages_p95": 15,
    "crisis_minutes_max": 15,
    "false_storms_per_30d": 1.5,
    "flood_messages": 3,
    "outage_messages": 3,
    "lost": 0,
    "repeated": 0,
    "crises_untold": 0,
    "floods_without_storm": 0,
}
"""The most that each figure may be."""


def judge(history: History, messages: Sequence[Message], *, muted: Collection[str] = ()) -> Figures:
    """The figures of a history; `muted` are mentions of which it is stored why nobody was told.

    Without a truth there are only those that need none. A figure is None where it cannot be said: no crisis had three
    authors, no storm was told.
    """
    messages = sorted(messages, key=lambda message: message.at)
    figures: Figures = {"messages": len(messages)}
    if history.truth is not None:
        figures |= _calm(history, history.truth, messages)
        figures |= _crises(history, history.truth, messages)
        figures |= _false_storms(history, history.truth, messages)
        figures |= _floods(history, history.truth, messages)
        figures["outage_messages"] = max(
            (_of_outage(history, one, messages) for one in history.truth.outages), default=0
        )
    carried = Counter(mention for message in messages for mention in message.mentions)
    figures["lost"] = sum(row.is_wanted and not carried[row.id] and row.id not in muted for row in history.rows)
    again = sum(times - 1 for times in Counter(message.id for message in messages).values())
    # What one message carries is told once, however often that message arrives.
    distinct = Counter(mention for message in _distinct(messages) for mention in message.mentions)
    figures["repeated"] = again + sum(times - 1 for times in distinct.values())
    return figures


def misses(figures: Mapping[str, float | int | None]) -> list[str]:
    """The targets that were missed, each with its figure."""
    return [
        f"{name} is {figures[name]:g}, at most {most:g}"
        for name, most in TARGETS.items()
        if (figure := figures.get(name)) is not None and figure > most
    ]


def _distinct(messages: Sequence[Message]) -> list[Message]:
    return list({message.id: message for message in messages}.values())


# ── calm days ──


def _calm(history: History, truth: Truth, messages: Sequence[Message]) -> Figures:
    restless = {
        day
        for span in (*truth.crises, *truth.outages, *truth.floods)
        for day in _days(span.begin, span.end + AFTERWARDS)
    }
    days = [day for day in _days(history.rows[0].seen_at, history.rows[-1].seen_at) if day not in restless]
    got = Counter(message.at.astimezone(UTC).date() for message in messages)
    counts = sorted(got[day.date()] for day in days)
    if not counts:
        return {"calm_days": 0, "calm_day_messages_p95": None, "calm_day_messages_max": None}
    return {
        "calm_days": len(counts),
        "calm_day_messages_p95": counts[ceil(0.95 * len(counts)) - 1],
        "calm_day_messages_max": counts[-1],
    }


def _days(begin: datetime, end: datetime) -> Iterator[datetime]:
    """The midnights (UTC) of the days from one moment to another, both counted."""
    day = datetime.combine(begin.astimezone(UTC).date(), time(), UTC)
    while day <= end:
        yield day
        day += DAY


# ── crises ──


def _crises(history: History, truth: Truth, messages: Sequence[Message]) -> Figures:
    told: list[float] = []
    stormed: list[float] = []
    silent = unstormed = 0
    for crisis in truth.crises:
        rows = [row for row in history.rows if _belongs(row, crisis)]
        known = _known_at(rows)
        if known is None:
            continue
        names = {row.id for row in rows}
        first = next((one for one in messages if one.at >= crisis.begin and _is_about(one, names, crisis)), None)
        if first is None:
            silent += 1
        else:
            told.append(_minutes(known, first.at))
        storm = _storm_at(crisis, messages)
        if storm is None:
            unstormed += 1
        else:
            stormed.append(_minutes(known, storm))
    return {
        "crisis_minutes_max": max(told, default=None),
        "storm_minutes_max": max(stormed, default=None),
        "crises_untold": silent,
        "storms_untold": unstormed,
    }


def _belongs(row: Row, span: Span) -> bool:
    """Whether a mention is of a crisis or flood: of its story where there is one, else of its time."""
    if not span.begin <= row.at <= span.end:
        return False
    return row.is_negative if span.story is None else row.story == span.story


def _known_at(rows: Sequence[Row]) -> datetime | None:
    """When the third distinct author complained, as far as was seen; None where there never was one."""
    authors: set[str] = set()
    for row in rows:
        if row.is_negative:
            authors.add(row.author)
        if len(authors) == AUTHORS:
            return row.seen_at
    return None


def _is_about(message: Message, names: set[str], span: Span) -> bool:
    """Whether a message tells of a crisis: a mention of it, its case, or a storm in its time."""
    if not names.isdisjoint(message.mentions) or not names.isdisjoint(message.about):
        return True
    return bool(set(message.storms) - set(message.closed)) and message.at <= span.end + AFTERWARDS


def _storm_at(span: Span, messages: Sequence[Message]) -> datetime | None:
    """When a storm was told of: at once where one was open already."""
    before = {storm for one in messages if one.at < span.begin for storm in one.opened}
    before -= {storm for one in messages if one.at < span.begin for storm in one.closed}
    if before:
        return span.begin
    return next((one.at for one in messages if one.opened and span.begin <= one.at <= span.end + AFTERWARDS), None)


def _minutes(since: datetime, until: datetime) -> float:
    return round(max(0.0, (until - since) / timedelta(minutes=1)), 1)


# ── storms in vain, floods, outages ──


def _false_storms(history: History, truth: Truth, messages: Sequence[Message]) -> Figures:
    """Storms that opened without crisis or flood; that much was found at once after an outage excuses none."""
    causes = (*truth.crises, *truth.floods)
    opened = [message.at for message in _distinct(messages) for _ in message.opened]
    false = sum(not any(one.begin <= at <= one.end + AFTERWARDS for one in causes) for at in opened)
    days = max(1.0, (history.rows[-1].seen_at - history.rows[0].seen_at) / DAY)
    return {"storms": len(opened), "false_storms_per_30d": round(false / days * 30, 2)}


def _floods(history: History, truth: Truth, messages: Sequence[Message]) -> Figures:
    """Messages that carry anything of a flood, are about a case of it, or about the storm that it is."""
    most = 0
    without = sum(_storm_at(flood, messages) is None for flood in truth.floods)
    for flood in truth.floods:
        names = {row.id for row in history.rows if _belongs(row, flood)}
        storms = {storm for one in messages if flood.begin <= one.at <= flood.end + AFTERWARDS for storm in one.opened}
        about = [
            one
            for one in messages
            if not names.isdisjoint((*one.mentions, *one.about)) or not storms.isdisjoint(one.storms)
        ]
        most = max(most, len(about))
    return {"flood_messages": most, "floods_without_storm": without}


def _of_outage(history: History, outage: Span, messages: Sequence[Message]) -> int:
    """Messages that carry what was published in an outage and found after it, or tell of the outage itself."""
    late = {row.id for row in history.rows if outage.begin <= row.at <= outage.end <= row.seen_at}
    return sum(
        not late.isdisjoint(message.mentions)
        or (message.network and outage.begin <= message.at <= outage.end + timedelta(hours=1))
        for message in messages
    )
