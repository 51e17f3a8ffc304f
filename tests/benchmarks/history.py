"""Little histories for the judge: minutes from a beginning, one letter an author."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from benchmarks.alerting.records import History, Message, Row, Span, Truth

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
DAY = 24 * 60


def at(minutes: float) -> datetime:
    """So many minutes after the beginning."""
    return BEGIN + timedelta(minutes=minutes)


def row(minutes: float, *, author: str = "a", story: str | None = None, negative: float = 0.9, late: float = 1) -> Row:
    """A mention that is found `late` minutes after it was published."""
    return Row(
        id=f"{author}{minutes:g}",
        at=at(minutes),
        seen_at=at(minutes + late),
        author=author,
        source="forum",
        story=story,
        negative=negative,
        influence=0,
        special_cases=(),
        rating=None,
    )


def span(begin: float, end: float, story: str | None = None) -> Span:
    """A time in minutes."""
    return Span(begin=at(begin), end=at(end), story=story)


def history(*rows: Row, truth: Truth | None = None) -> History:
    """Mentions in the order in which they are found."""
    return History(name="little", rows=tuple(sorted(rows, key=lambda one: one.seen_at)), truth=truth)


def message(minutes: float, *mentions: str, opened: tuple[int, ...] = (), network: bool = False) -> Message:
    """A message that arrives so many minutes after the beginning."""
    name = f"m{minutes:g}"
    return Message(id=name, at=at(minutes), mentions=mentions, opened=opened, storms=opened, network=network)
