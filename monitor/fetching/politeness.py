"""When a host may be asked again: pure readings of what it said and of the gap that we owe it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_WAIT: Final = timedelta(hours=24)
_SAYS_WHEN: Final = frozenset({403, 429, 503})
_EPOCH_LIKE: Final = 1_000_000_000  # a reset beyond this many seconds is a Unix time (GitHub), not a duration (Reddit)


def asked_to_wait(status: int, headers: Mapping[str, str], now: datetime) -> datetime | None:
    """The moment before which an answer of `status` asks not to be followed by another request, at most 24 h away.

    Read from Retry-After, else from x-ratelimit-reset when nothing remains; None when the answer names no moment to
    come. `headers` has lower-case names.
    """
    if status not in _SAYS_WHEN:
        return None
    when = _retry_after(headers, now)
    if when is None and _number(headers.get("x-ratelimit-remaining", "")) == 0:
        when = _reset(headers.get("x-ratelimit-reset", ""), now)
    if when is None or when <= now:
        return None
    return min(when, now + LONGEST_WAIT)


def wait_before(next_at: datetime | None, now: datetime, *, gap: timedelta) -> timedelta:
    """How long to wait for a host that is to be left alone until `next_at`.

    Never longer than `gap`, the pause that `next_at` was made from: a wall clock set back must not silence a host.
    """
    if next_at is None:
        return timedelta()
    return max(timedelta(), min(next_at - now, gap))


def _retry_after(headers: Mapping[str, str], now: datetime) -> datetime | None:
    value = headers.get("retry-after", "")
    seconds = _number(value)
    if seconds is not None:
        return _later(now, seconds)
    when = _date(value)
    # Counted from the host's own clock where it tells it: ours may be ahead.
    said = _date(headers.get("date", ""))
    if when is None or said is None:
        return when
    return _later(now, max((when - said).total_seconds(), 0.0))


def _date(value: str) -> datetime | None:
    """All three forms of RFC 9110; a date without a zone is UTC there."""
    try:
        date = parsedate_to_datetime(value)
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _reset(value: str, now: datetime) -> datetime | None:
    seconds = _number(value)
    if seconds is None:
        return None
    return _later(now, seconds - now.timestamp() if seconds > _EPOCH_LIKE else seconds)


def _number(value: str) -> float | None:
    """A plain decimal number; Reddit's counters have fractions."""
    text = value.strip()
    if not text.isascii() or not text.replace(".", "", 1).isdigit():
        return None
    return float(text)


def _later(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=min(seconds, LONGEST_WAIT.total_seconds()))
