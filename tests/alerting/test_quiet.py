"""Quiet hours: tables of moments, and what must hold for any hours, days and zone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerting.quiet import quiet_until
from monitor.models import QuietHours

NIGHT = QuietHours(zone="Europe/Moscow", begin=time(22), end=time(8))
WORKDAYS = QuietHours(zone="Europe/Moscow", begin=time(22), end=time(8), days=frozenset(range(5)))
LUNCH = QuietHours(zone="UTC", begin=time(12), end=time(13, 30), days=frozenset({0}))
WEEKEND = QuietHours(zone="UTC", begin=time(0), end=time(0), days=frozenset({5, 6}))
ALWAYS = QuietHours(zone="UTC", begin=time(0), end=time(0))
BERLIN = QuietHours(zone="Europe/Berlin", begin=time(1), end=time(5))
SKIPPED = QuietHours(zone="Europe/Berlin", begin=time(22), end=time(2, 30))
TWICE = QuietHours(zone="Europe/Berlin", begin=time(2, 30), end=time(6))
HOURS = {
    "night": NIGHT,
    "workdays": WORKDAYS,
    "lunch": LUNCH,
    "weekend": WEEKEND,
    "always": ALWAYS,
    "berlin": BERLIN,
    "skipped": SKIPPED,
    "twice": TWICE,
}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# 2026-11-22 is a Sunday; Moscow is three hours ahead. In Berlin the clocks go forward on 2026-03-29 (2:00 is 3:00) and
# back on 2026-10-25 (3:00 is 2:00).
@pytest.mark.parametrize(
    ("hours", "now", "until"),
    [
        ("night", "2026-11-22 18:59", None),
        ("night", "2026-11-22 19:00", "2026-11-23 05:00"),
        ("night", "2026-11-22 21:30", "2026-11-23 05:00"),  # past midnight there
        ("night", "2026-11-23 04:59", "2026-11-23 05:00"),
        ("night", "2026-11-23 05:00", None),
        ("workdays", "2026-11-22 19:00", None),  # a Sunday's evening
        ("workdays", "2026-11-23 04:00", None),  # and the morning after it: the hours belong to the day they begin on
        ("workdays", "2026-11-20 20:00", "2026-11-21 05:00"),  # Friday's last into Saturday
        ("workdays", "2026-11-21 04:00", "2026-11-21 05:00"),
        ("workdays", "2026-11-21 20:00", None),
        ("lunch", "2026-11-23 12:00", "2026-11-23 13:30"),
        ("lunch", "2026-11-23 13:30", None),
        ("lunch", "2026-11-24 12:30", None),
        ("weekend", "2026-11-21 10:00", "2026-11-23 00:00"),  # whole days have no seam
        ("weekend", "2026-11-22 10:00", "2026-11-23 00:00"),
        ("weekend", "2026-11-23 00:00", None),
        ("always", "2026-11-22 10:00", None),  # hours that never end are none
        ("berlin", "2026-03-29 00:00", "2026-03-29 03:00"),  # three hours that night
        ("berlin", "2026-10-24 23:00", "2026-10-25 04:00"),  # and five that one
        ("skipped", "2026-03-29 00:30", "2026-03-29 01:00"),  # 2:30 does not come; at 3:00 it is over
        ("skipped", "2026-10-25 00:15", "2026-10-25 00:30"),
        ("skipped", "2026-10-25 01:15", None),  # 2:15 the second time
        ("twice", "2026-10-25 01:15", "2026-10-25 05:00"),
    ],
)
def test_quiet_until(hours: str, now: str, until: str | None) -> None:
    assert quiet_until(HOURS[hours], utc(now)) == (utc(until) if until else None)


quiets = st.builds(
    QuietHours,
    zone=st.sampled_from(
        ["UTC", "Europe/Moscow", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu"]
    ),
    begin=st.times().map(lambda hour: hour.replace(second=0, microsecond=0)),
    end=st.times().map(lambda hour: hour.replace(second=0, microsecond=0)),
    days=st.frozensets(st.integers(0, 6)),
)
moments = st.integers(0, 2 * 366 * 24 * 60).map(lambda minutes: utc("2026-01-01") + timedelta(minutes=minutes))


@given(quiets, moments)
def test_they_end_within_a_week_and_it_is_not_quiet_then(quiet: QuietHours, now: datetime) -> None:
    until = quiet_until(quiet, now)
    if until is not None:
        assert now < until < now + timedelta(days=7)
        assert quiet_until(quiet, until) is None


@given(quiets, moments)
def test_while_it_is_quiet_the_end_stays_the_same(quiet: QuietHours, now: datetime) -> None:
    until = quiet_until(quiet, now)
    if until is not None:
        assert quiet_until(quiet, now + (until - now) / 2) == until


@given(quiets, moments)
def test_away_from_changes_of_the_clocks_the_wall_clock_decides(quiet: QuietHours, now: datetime) -> None:
    zone = ZoneInfo(quiet.zone)
    wall = now.astimezone(zone)
    offsets = {(now + timedelta(hours=hour)).astimezone(zone).utcoffset() for hour in range(-48, 24 * 9, 6)}
    every_day = quiet.begin == quiet.end and len(quiet.days) == 7
    if len(offsets) > 1 or every_day:
        return
    hour, today, yesterday = wall.time(), wall.weekday(), (wall.weekday() - 1) % 7
    if quiet.begin < quiet.end:
        expected = today in quiet.days and quiet.begin <= hour < quiet.end
    else:
        expected = (today in quiet.days and hour >= quiet.begin) or (yesterday in quiet.days and hour < quiet.end)
    assert (quiet_until(quiet, now) is not None) is expected
