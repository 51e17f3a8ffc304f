from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.alerting.backoff import next_attempt

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("attempts", "retry_after", "wait"),
    [
        (1, 4 * SECOND, 8 * SECOND),
        (1, 30 * SECOND, 30 * SECOND),
        (20, 30 * SECOND, 720 * SECOND),
        (20, HOUR, HOUR),
        (1, 40 * HOUR, 24 * HOUR),
    ],
)
def test_a_target_is_left_alone_for_as_long_as_it_asked_but_no_more_than_a_day(
    attempts: int, retry_after: timedelta, wait: timedelta
) -> None:
    at = next_attempt(attempts=attempts, created_at=NOW, now=NOW, jitter=0.0, retry_after=retry_after)
    assert at == NOW + wait


def test_a_week_old_message_is_given_up_whatever_its_target_asks_for() -> None:
    week = timedelta(days=7)
    assert next_attempt(attempts=9, created_at=NOW - week, now=NOW, jitter=0.5, retry_after=HOUR) is None
