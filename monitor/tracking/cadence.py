"""When to come again: the configured interval, backing off from failures, never giving up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

LONGEST_BACKOFF: Final = timedelta(hours=6)
SHORTEST: Final = timedelta(minutes=1)  # no source is visited more often because much is new, unless `every` says so


def next_after_success(every: timedelta, now: datetime) -> datetime:
    """One interval from now."""
    return now + every


def next_after_overrun(every: timedelta, now: datetime) -> datetime:
    """Half an interval from now, since more was new than one visit could reach; not under a minute or `every`."""
    return now + max(every / 2, min(every, SHORTEST))


def next_after_failure(every: timedelta, *, failures: int, retry_at: datetime | None, now: datetime) -> datetime:
    """The interval doubled for each failure in a row after the first, at most 6 hours (or the interval, if longer).

    `failures` counts this one too. `retry_at`, where the host named a moment, is a floor.
    """
    longest = max(every, LONGEST_BACKOFF)
    # 2**40 intervals exceed any cap; a larger exponent would only overflow timedelta.
    backoff = longest if failures > 40 else min(every * 2 ** (failures - 1), longest)
    return max(now + backoff, retry_at or now)
