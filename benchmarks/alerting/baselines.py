"""What others would have sent: a message for each complaint, and one where an hour has more than mean + 3 σ."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from statistics import fmean, pstdev
from typing import TYPE_CHECKING, Final

from benchmarks.alerting.records import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.alerting.records import Row

HOUR: Final = timedelta(hours=1)
WEEK: Final = 7 * 24  # hours that mean and deviation are taken from
FEWEST: Final = 24  # hours without which nothing is known
SIGMAS: Final = 3.0


def every_negative(rows: Sequence[Row]) -> list[Message]:
    """One message a complaint, in the moment in which it is found."""
    return [Message(id=f"negative {row.id}", at=row.seen_at, mentions=(row.id,)) for row in rows if row.is_negative]


def mean_and_sigma(rows: Sequence[Row]) -> list[Message]:
    """One message an hour that has more complaints than usual, as soon as it has; a storm is a run of such hours."""
    before: deque[int] = deque(maxlen=WEEK)
    messages: list[Message] = []
    complaints: list[str] = []
    begin = _hour(rows[0].seen_at)
    is_told = was_told = False
    for row in rows:
        while row.seen_at >= begin + HOUR:
            before.append(len(complaints))
            complaints, was_told, is_told, begin = [], is_told, False, begin + HOUR
        if not row.is_negative:
            continue
        complaints.append(row.id)
        if is_told or len(before) < FEWEST or len(complaints) <= fmean(before) + SIGMAS * pstdev(before):
            continue
        is_told, number = True, len(messages)
        opened = () if was_told else (number,)
        messages.append(
            Message(id=f"hour {number}", at=row.seen_at, mentions=tuple(complaints), opened=opened, storms=(number,))
        )
    return messages


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
