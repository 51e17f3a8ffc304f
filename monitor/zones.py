"""What the clocks of a time zone show, when they are put forward and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, time
    from zoneinfo import ZoneInfo


def first_moment(day: date, hour: time, zone: ZoneInfo) -> datetime:
    """The first moment, in UTC, at which the clocks of a zone show this hour or a later one."""
    wall = datetime.combine(day, hour)
    later = wall.replace(tzinfo=zone).astimezone(UTC)
    if later.astimezone(zone).replace(tzinfo=None) == wall:
        return later
    # The clocks skip this hour. Read with the offset before the change it lies after the change, with the one after it
    # before the change; the change itself is found between them, to the second.
    earlier = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    while later - earlier > timedelta(seconds=1):
        middle = earlier + (later - earlier) / 2
        if middle.astimezone(zone).replace(tzinfo=None) < wall:
            earlier = middle
        else:
            later = middle
    return later.replace(microsecond=0)
