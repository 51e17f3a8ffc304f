"""How a source fares, from the outcome of its last polls. Health is shown and told; it never stops the polling."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from monitor.errors import Blocked, SourceError, StatusError
from monitor.models import Health, SourceState
from monitor.tracking.cadence import next_after_failure, next_after_overrun, next_after_success

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from monitor.models import JSON, Validators

FAILING_AFTER: Final = 3  # failures in a row; fewer are a passing fault
NOTHING_LEFT: Final = "stale: no posts where there were some"


def after_success(
    state: SourceState,
    *,
    every: timedelta,
    validators: Validators,
    cursor: Mapping[str, JSON],
    new_posts: int,
    emptied: bool,
    note: str | None,
    now: datetime,
    overrun: bool = False,
) -> SourceState:
    """The state after a poll that was answered.

    `emptied` when nothing came where there had been posts before; `note` is a fault that did not stop the poll;
    `overrun` when more was new than the poll could reach, which brings the next one sooner.
    """
    health = Health.STALE if emptied else Health.DEGRADED if note else Health.OK
    return replace(
        state,
        next_at=next_after_overrun(every, now) if overrun else next_after_success(every, now),
        # Asking "has it changed?" about an empty page would keep a broken layout hidden behind 304 for ever.
        validators=state.validators if emptied else validators,
        cursor=cursor,
        baseline_at=state.baseline_at or now,
        last_polled_at=now,
        last_success_at=now,
        last_new_at=now if new_posts else state.last_new_at,
        failures=0,
        health=health,
        error=NOTHING_LEFT if emptied else note,
    )


def after_failure(state: SourceState, error: SourceError, *, every: timedelta, now: datetime) -> SourceState:
    """The state after a poll that failed; cursor and validators stay, so nothing is skipped."""
    failures = state.failures + 1
    retry_at = error.retry_at if isinstance(error, StatusError) else None
    if isinstance(error, Blocked):
        health = Health.BLOCKED
    else:
        health = Health.FAILING if failures >= FAILING_AFTER else Health.DEGRADED
    return replace(
        state,
        next_at=next_after_failure(every, failures=failures, retry_at=retry_at, now=now),
        last_polled_at=now,
        failures=failures,
        health=health,
        error=f"{error.reason}: {error}",
    )
