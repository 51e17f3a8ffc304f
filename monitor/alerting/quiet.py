"""Quiet hours: until when a receiver is not to be disturbed.

Hours whose end is not after their begin last until that hour of the next day, and belong to the day on which they
begin. Hours of the wall clock that a change of the clocks leaves out count as the moment of the change; of those that
come twice the first is meant.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from monitor.zones import first_moment

if TYPE_CHECKING:
    from monitor.models import QuietHours

_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)


def quiet_until(quiet: QuietHours, now: datetime) -> datetime | None:
    """When the quiet hours end (UTC) that it is now, None where it is none.

    Hours that meet are one stretch. Hours that leave no time in a week are none: nobody is to wait for ever.
    """
    zone = ZoneInfo(quiet.zone)
    today = now.astimezone(zone).date()
    until = now
    for number in range(-1, 9):  # those of yesterday may last into today
        day = today + number * _DAY
        if day.weekday() in quiet.days:
            begin = first_moment(day, quiet.begin, zone)
            end = first_moment(day if quiet.end > quiet.begin else day + _DAY, quiet.end, zone)
            if begin <= until < end:
                until = end
    return until if now < until < now + _WEEK else None
