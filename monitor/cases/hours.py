"""Working time: how much of it lies between two moments, and when so much of it will have passed.

An office works one shift a day, in its own time zone. A shift whose end is not after its begin lasts until that hour of
the next day and belongs to the day on which it begins, also where the next day is a holiday. Hours of the wall clock
that a change of the clocks leaves out count as the moment of the change; of those that come twice the first is meant.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from monitor.zones import first_moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.models import OfficeHours

FURTHEST: Final = timedelta(days=3653)
"""No search for working time goes further than these ten years."""

_DAY: Final = timedelta(days=1)


def worked(begin: datetime, end: datetime, office: OfficeHours | None) -> timedelta:
    """The working time from `begin` to `end`, nothing where `end` is not after `begin`; without an office all of it."""
    if end <= begin:
        return timedelta()
    if office is None:
        return end - begin
    shifts = _shifts(office, begin, end)
    return sum((min(to, end) - max(since, begin) for since, to in shifts), timedelta())


def add_working(start: datetime, span: timedelta, office: OfficeHours | None) -> datetime:
    """The first moment from `start` on by which `span` of working time has passed.

    It is at most `FURTHEST` away where an office works, so that one that hardly ever opens ends the search, too.
    """
    if office is None or span <= timedelta():
        return start + max(span, timedelta())
    left = span
    for since, to in _shifts(office, start, start + FURTHEST):
        first = max(since, start)
        if to - first >= left:
            return min(first + left, start + FURTHEST)
        left -= to - first
    return start + FURTHEST


def back(end: datetime, span: timedelta, office: OfficeHours | None, *, start: datetime) -> datetime:
    """The last moment before `end` from which on `span` of working time passes until then, never before `start`."""
    if office is None or span <= timedelta():
        return max(start, end - max(span, timedelta()))
    left = span
    for since, to in reversed(list(_shifts(office, start, end))):
        last = min(to, end)
        if last - since >= left:
            return max(start, last - left)
        left -= last - since
    return start


def _shifts(office: OfficeHours, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The shifts that overlap a stretch of time, in their order, in UTC."""
    zone = ZoneInfo(office.zone)
    # A shift of the day before may last into the first day.
    day, last = begin.astimezone(zone).date() - _DAY, end.astimezone(zone).date()
    while day <= last:
        if day.weekday() in office.days and day not in office.holidays:
            since = first_moment(day, office.begin, zone)
            to = first_moment(day if office.end > office.begin else day + _DAY, office.end, zone)
            if max(since, begin) < min(to, end):
                yield since, to
        day += _DAY
