"""Working time: tables of moments, and what must hold for any office, moment and span."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.cases.hours import FURTHEST, add_working, back, worked
from monitor.models import OfficeHours

WEEK = frozenset(range(5))
MOSCOW = OfficeHours(
    zone="Europe/Moscow", days=WEEK, begin=time(9), end=time(18), holidays=frozenset({date(2026, 1, 1)})
)
BERLIN = OfficeHours(zone="Europe/Berlin", days=frozenset(range(7)), begin=time(1), end=time(5))
SKIPPED = OfficeHours(zone="Europe/Berlin", days=frozenset(range(7)), begin=time(2, 15), end=time(2, 45))
NIGHT = OfficeHours(zone="UTC", days=frozenset({4}), begin=time(22), end=time(6))
ROUND = OfficeHours(zone="UTC", days=frozenset({5, 6}), begin=time(0), end=time(0))
OFFICES = {"moscow": MOSCOW, "berlin": BERLIN, "skipped": SKIPPED, "night": NIGHT, "round": ROUND}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


# 2026-01-02 is a Friday. In Berlin the clocks go forward on 2026-03-29 (2:00 is 3:00) and back on 2026-10-25.
@pytest.mark.parametrize(
    ("office", "start", "span", "end"),
    [
        (None, "2026-01-02 15:00", 30, "2026-01-03 21:00"),
        ("moscow", "2026-01-02 06:00", 2, "2026-01-02 08:00"),  # from the opening on
        ("moscow", "2026-01-02 13:30", 2.5, "2026-01-05 07:00"),  # over the weekend
        ("moscow", "2026-01-02 13:00", 2, "2026-01-02 15:00"),  # exactly until it closes
        ("moscow", "2026-01-03 10:00", 1, "2026-01-05 07:00"),  # found on a Saturday
        ("moscow", "2025-12-31 14:00", 2, "2026-01-02 07:00"),  # New Year is a holiday
        ("moscow", "2026-01-03 10:00", 0, "2026-01-03 10:00"),
        ("berlin", "2026-03-29 00:00", 3, "2026-03-29 03:00"),  # the shift that night has three hours: 1 to 5, no 2
        ("berlin", "2026-03-29 00:00", 4, "2026-03-30 00:00"),
        ("berlin", "2026-10-24 23:00", 5, "2026-10-25 04:00"),  # and that one five
        ("skipped", "2026-03-28 12:00", 0.25, "2026-03-30 00:30"),  # a shift that did not exist
        ("night", "2026-01-02 20:00", 8, "2026-01-03 06:00"),  # Friday's shift ends on Saturday
        ("night", "2026-01-03 05:00", 2, "2026-01-09 23:00"),
        ("round", "2026-01-02 12:00", 30, "2026-01-04 06:00"),  # whole days have no seam
    ],
)
def test_so_much_working_time_has_passed_by_then(office: str | None, start: str, span: float, end: str) -> None:
    there = OFFICES[office] if office else None
    assert add_working(utc(start), hours(span), there) == utc(end)
    assert worked(utc(start), utc(end), there) == hours(span)


@pytest.mark.parametrize(
    ("office", "end", "span", "start", "at"),
    [
        (None, "2026-01-02 15:00", 1, "2026-01-01 00:00", "2026-01-02 14:00"),
        ("moscow", "2026-01-05 07:00", 0.5, "2026-01-01 00:00", "2026-01-05 06:30"),
        ("moscow", "2026-01-05 07:00", 1, "2026-01-01 00:00", "2026-01-05 06:00"),  # as it opens, not as it closed
        ("moscow", "2026-01-05 07:00", 2, "2026-01-01 00:00", "2026-01-02 14:00"),
        ("moscow", "2026-01-05 07:00", 2, "2026-01-02 14:30", "2026-01-02 14:30"),  # never before the start
        ("moscow", "2026-01-04 07:00", 0, "2026-01-01 00:00", "2026-01-04 07:00"),
        ("berlin", "2026-03-29 03:00", 2, "2026-03-20 00:00", "2026-03-29 01:00"),
        ("night", "2026-01-09 23:00", 2, "2026-01-01 00:00", "2026-01-03 05:00"),
    ],
)
def test_taken_back_from_the_end(office: str | None, end: str, span: float, start: str, at: str) -> None:
    assert back(utc(end), hours(span), OFFICES[office] if office else None, start=utc(start)) == utc(at)


def test_time_that_runs_backwards_is_no_working_time() -> None:
    assert worked(utc("2026-01-02 12:00"), utc("2026-01-02 10:00"), None) == timedelta()
    assert worked(utc("2026-01-02 12:00"), utc("2026-01-02 10:00"), MOSCOW) == timedelta()


@pytest.mark.timeout(60)
def test_an_office_that_never_opens_ends_the_search() -> None:
    never = OfficeHours(zone="UTC", days=frozenset(), begin=time(9), end=time(18))
    start = utc("2026-01-02 12:00")
    assert add_working(start, hours(1), never) == start + FURTHEST
    rarely = OfficeHours(zone="UTC", days=frozenset({0}), begin=time(9), end=time(9, 1))
    assert add_working(start, hours(24), rarely) == start + FURTHEST


def test_a_day_that_a_country_left_out_has_no_shift() -> None:
    samoa = OfficeHours(zone="Pacific/Apia", days=frozenset(range(7)), begin=time(9), end=time(17))
    before = datetime(2011, 12, 29, 17, tzinfo=ZoneInfo("Pacific/Apia")).astimezone(UTC)
    opens = datetime(2011, 12, 31, 9, tzinfo=ZoneInfo("Pacific/Apia")).astimezone(UTC)
    assert add_working(before, hours(1), samoa) == opens + hours(1)
    assert worked(before, opens, samoa) == timedelta()


# ── Any office ──────────────────────────────────────────────────────────────────────────────────────────────────────

CLOCK = st.times().map(lambda hour: hour.replace(second=0, microsecond=0))
OFFICE = st.builds(
    OfficeHours,
    zone=st.sampled_from(
        [
            "UTC",
            "Europe/Moscow",
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",
            "Pacific/Apia",
            "Asia/Kolkata",
        ]
    ),
    days=st.frozensets(st.integers(0, 6), min_size=1),
    begin=CLOCK,
    end=CLOCK,
    holidays=st.frozensets(st.dates(date(2025, 12, 1), date(2026, 12, 31)), max_size=4),
)
# Nights in which the clocks change somewhere come up often.
CHANGES = [
    "2026-03-08 07:00",
    "2026-03-29 01:00",
    "2026-04-04 15:00",
    "2026-10-03 15:30",
    "2026-10-25 01:00",
    "2026-11-01 06:00",
]
MOMENT = st.builds(
    lambda around, minutes: utc(around) + timedelta(minutes=minutes),
    st.sampled_from([*CHANGES, "2011-12-30 10:00", "2026-01-01 00:00"]),
    st.integers(-10_000, 10_000),
)
# At most what the least office, one minute a week, has in a third of FURTHEST.
SPAN = st.integers(0, 170).map(lambda minutes: timedelta(minutes=minutes))
FEW = settings(max_examples=60, deadline=None, derandomize=True, database=None)


@FEW
@given(OFFICE, MOMENT, SPAN)
def test_exactly_the_span_is_worked(office: OfficeHours, start: datetime, span: timedelta) -> None:
    end = add_working(start, span, office)
    assert end >= start
    assert worked(start, end, office) == span
    if span:  # the first such moment: a little earlier it was less
        assert worked(start, end - timedelta(seconds=1), office) < span


@FEW
@given(OFFICE, MOMENT, SPAN, SPAN)
def test_more_time_never_ends_earlier_and_parts_make_up_the_whole(
    office: OfficeHours, start: datetime, span: timedelta, more: timedelta
) -> None:
    assert add_working(start, span, office) <= add_working(start, span + more, office)
    if more:
        assert add_working(add_working(start, span, office), more, office) == add_working(start, span + more, office)


@FEW
@given(OFFICE, MOMENT, st.integers(0, 20_000), SPAN)
def test_a_later_start_never_ends_earlier(office: OfficeHours, start: datetime, minutes: int, span: timedelta) -> None:
    later = start + timedelta(minutes=minutes)
    assert add_working(start, span, office) <= add_working(later, span, office)


@FEW
@given(OFFICE, MOMENT, st.integers(0, 20_000), st.integers(0, 20_000))
def test_working_time_adds_up(office: OfficeHours, start: datetime, first: int, second: int) -> None:
    middle = start + timedelta(minutes=first)
    end = middle + timedelta(minutes=second)
    assert worked(start, middle, office) + worked(middle, end, office) == worked(start, end, office)
    assert worked(start, end, office) <= end - start


@FEW
@given(OFFICE, MOMENT, st.integers(0, 20_000), SPAN)
def test_taken_back_the_span_is_worked_until_the_end(
    office: OfficeHours, start: datetime, minutes: int, span: timedelta
) -> None:
    end = start + timedelta(minutes=minutes)
    at = back(end, span, office, start=start)
    assert start <= at <= end
    assert worked(at, end, office) == min(span, worked(start, end, office))
