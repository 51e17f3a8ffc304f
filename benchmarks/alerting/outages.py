"""When a history's network was lost: inferred from how late its mentions were found, never from the truth about it."""

from __future__ import annotations

from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks.alerting.records import Span

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from benchmarks.alerting.records import Row

LATE: Final = timedelta(minutes=15)
USUAL: Final = 5  # times the usual delay from which on a mention was found late
TOGETHER: Final = timedelta(minutes=30)  # between two late finds of one outage
SHORTEST: Final = timedelta(minutes=30)


def outages_of(rows: Sequence[Row]) -> list[Span]:
    """Times without any find whose end brought late ones: the network was lost, and all was found when it was back."""
    if not rows:
        return []
    late_after = max(LATE, USUAL * timedelta(seconds=median(_delay(row).total_seconds() for row in rows)))
    found: list[Span] = []
    for late in _clusters([row for row in rows if _delay(row) > late_after]):
        end = late[0].seen_at
        before = max((row.seen_at for row in rows if row.seen_at < end), default=end)
        begin = max(before, min(row.at for row in late))
        if end - begin >= SHORTEST:
            found.append(Span(begin=begin, end=end - timedelta(seconds=1)))
    return found


def _delay(row: Row) -> timedelta:
    return row.seen_at - row.at


def _clusters(late: Sequence[Row]) -> list[list[Row]]:
    clusters: list[list[Row]] = []
    last: datetime | None = None
    for row in late:
        if last is None or row.seen_at - last > TOGETHER:
            clusters.append([])
        clusters[-1].append(row)
        last = row.seen_at
    return clusters
