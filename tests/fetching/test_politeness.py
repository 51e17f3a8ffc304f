from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.fetching.politeness import LONGEST_WAIT, asked_to_wait, wait_before
from tests.fetching.fakes import NOW

DAY = NOW + LONGEST_WAIT


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", NOW + timedelta(seconds=120)),
        (" 120 ", NOW + timedelta(seconds=120)),
        ("1.5", NOW + timedelta(seconds=1.5)),
        ("0", None),
        ("-5", None),
        ("86401", DAY),
        ("9" * 400, DAY),
        ("Sat, 21 Nov 2026 12:05:00 GMT", NOW + timedelta(minutes=5)),
        ("Saturday, 21-Nov-26 12:05:00 GMT", NOW + timedelta(minutes=5)),
        ("Sat Nov 21 12:05:00 2026", NOW + timedelta(minutes=5)),
        ("Sat, 21 Nov 2026 15:05:00 +0300", NOW + timedelta(minutes=5)),
        ("Sat, 21 Nov 2026 11:59:59 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", DAY),
        ("Fri, 31 Dec 9999 23:59:59 -1200", None),
        ("soon", None),
        ("", None),
        ("1e3", None),
        ("١٢٠", None),
        ("120, 120", None),
    ],
)
def test_retry_after(value: str, expected: datetime | None) -> None:
    assert asked_to_wait(429, {"retry-after": value}, NOW) == expected
    assert asked_to_wait(503, {"retry-after": value}, NOW) == expected


@pytest.mark.parametrize(
    ("remaining", "reset", "expected"),
    [
        ("0", "30", NOW + timedelta(seconds=30)),
        ("0.0", "30", NOW + timedelta(seconds=30)),
        ("0", str(int(NOW.timestamp()) + 90), NOW + timedelta(seconds=90)),
        ("0", str(int(NOW.timestamp()) - 90), None),
        ("5", "30", None),
        ("0", "", None),
        ("", "30", None),
    ],
)
def test_rate_limit_headers(remaining: str, reset: str, expected: datetime | None) -> None:
    headers = {"x-ratelimit-remaining": remaining, "x-ratelimit-reset": reset}
    assert asked_to_wait(403, headers, NOW) == expected


def test_retry_after_goes_before_the_rate_limit() -> None:
    headers = {"retry-after": "10", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "99"}
    assert asked_to_wait(429, headers, NOW) == NOW + timedelta(seconds=10)


@pytest.mark.parametrize("status", [200, 301, 404, 410, 500])
def test_other_statuses_ask_for_nothing(status: int) -> None:
    assert asked_to_wait(status, {"retry-after": "120"}, NOW) is None


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_value_is_read_or_ignored(value: str) -> None:
    when = asked_to_wait(429, {"retry-after": value}, NOW)
    assert when is None or NOW < when <= DAY
    assert when is None or when.tzinfo is UTC or when.utcoffset() == timedelta()


@pytest.mark.parametrize(
    ("next_in", "gap", "expected"),
    [
        (None, 2, 0),
        (-5, 2, 0),
        (0, 2, 0),
        (1, 2, 1),
        (2, 2, 2),
        (3600, 2, 2),  # the clock was set back by an hour
        (1, 0, 0),
    ],
)
def test_wait_before(next_in: float | None, gap: float, expected: float) -> None:
    next_at = None if next_in is None else NOW + timedelta(seconds=next_in)
    assert wait_before(next_at, NOW, gap=timedelta(seconds=gap)) == timedelta(seconds=expected)


@pytest.mark.parametrize(
    ("ours", "minutes"),
    [(timedelta(), 10), (timedelta(hours=2), 10), (timedelta(hours=-2), 10)],
    ids=["right", "ahead", "behind"],
)
def test_a_date_to_come_back_at_is_counted_from_the_hosts_own_clock(ours: timedelta, minutes: int) -> None:
    headers = {
        "date": format_datetime(NOW, usegmt=True),
        "retry-after": format_datetime(NOW + timedelta(minutes=minutes), usegmt=True),
    }
    assert asked_to_wait(429, headers, NOW + ours) == NOW + ours + timedelta(minutes=minutes)
