"""How a source fares, from the outcome of its last polls. Health is shown and told; it never stops the polling."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from monitor.errors import Blocked, LoginRefused, RobotsRefused, SourceError, StatusError, Throttled
from monitor.models import Health, SourceState, Validators
from monitor.tracking import cadence

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from monitor.models import JSON

FAILING_AFTER: Final = 3  # failures in a row; fewer are a passing fault
_UNWANTED: Final = (401, 403, 451)  # unauthorised, forbidden, unavailable for legal reasons
NOTHING_LEFT: Final = "stale: no posts where there were some"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a visit that was answered came to.

    `emptied` when nothing came where there had been posts before; `note` is a fault that did not stop the visit;
    `overrun` when more was new than it could reach; `whole` when nothing was left for the next one, `begun_at` being
    the moment up to which the source is then known. `hint` and `quiet_hours` are what the site says of its own pace.
    """

    validators: Validators
    cursor: Mapping[str, JSON]
    begun_at: datetime
    new_posts: int = 0
    shown: int = 0
    emptied: bool = False
    not_modified: bool = False
    overrun: bool = False
    whole: bool = True
    note: str | None = None
    hint: timedelta | None = None
    quiet_hours: frozenset[int] = frozenset()


def after_success(
    state: SourceState, answered: Answered, *, every: timedelta, learns: bool, now: datetime, jitter: float = 0.0
) -> SourceState:
    """The state after a poll that was answered; `every` is the configured interval unless the source `learns` its own.

    `jitter`, from 0 to 1, spreads the visits of sources that began together.
    """
    rhythm = _learned(state, answered, now=now)
    interval = cadence.interval_of(rhythm, hint=answered.hint) if learns else every
    silent = None if answered.new_posts else _too_silent(state, rhythm, now=now)
    health = Health.STALE if answered.emptied or silent else Health.DEGRADED if answered.note else Health.OK
    # Asking "has it changed?" about an empty page would keep a broken layout hidden behind 304 for ever; and about a
    # page that should have changed long ago, a broken server.
    validators = state.validators if answered.emptied else Validators() if silent else answered.validators
    if answered.overrun:
        next_at = cadence.next_after_overrun(interval, now)
    else:
        quiet_hours = answered.quiet_hours if learns else ()
        next_at = cadence.next_after_success(interval, now, jitter=jitter, quiet_hours=quiet_hours)
    is_read = answered.whole and not answered.not_modified and not answered.emptied
    return replace(
        state,
        next_at=next_at,
        validators=validators,
        cursor=answered.cursor,
        baseline_at=state.baseline_at or now,
        last_polled_at=now,
        last_success_at=now,
        last_new_at=now if answered.new_posts else state.last_new_at,
        covered_at=answered.begun_at if is_read else state.covered_at,
        failures=0,
        health=health,
        error=NOTHING_LEFT if answered.emptied else silent or answered.note,
        rhythm=rhythm.to_json(),
        interval=interval,
    )


def _learned(state: SourceState, answered: Answered, *, now: datetime) -> cadence.Rhythm:
    rhythm = cadence.rhythm_of(state.rhythm)
    rhythm = replace(rhythm, emptied=rhythm.emptied + 1 if answered.emptied else 0)
    if state.baseline_at is None:  # what was there before says nothing of the pace
        return cadence.learn(rhythm, posts=0, shown=answered.shown, since=timedelta(), silence=None)
    # A clock that was set back makes no time negative.
    since = max(now - (state.last_polled_at or now), timedelta())
    silence = max(now - (state.last_new_at or state.baseline_at), timedelta())
    return cadence.learn(rhythm, posts=answered.new_posts, shown=answered.shown, since=since, silence=silence)


def _too_silent(state: SourceState, rhythm: cadence.Rhythm, *, now: datetime) -> str | None:
    if state.baseline_at is None or state.last_new_at is None:
        return None
    silence = now - state.last_new_at
    if not cadence.is_too_silent(rhythm, silence=silence, watched=now - state.baseline_at):
        return None
    hours = round(silence / timedelta(hours=1))
    return f"stale: nothing new for {hours} hours, never before for more than {rhythm.silence:.0f}"


def after_failure(state: SourceState, error: SourceError, *, every: timedelta, now: datetime) -> SourceState:
    """The state after a poll that failed; cursor and validators stay, so nothing is skipped."""
    failures = state.failures + 1
    retry_at = error.retry_at if isinstance(error, StatusError) else None
    if isinstance(error, Throttled):
        retry_at = now + error.wait
    health = Health.BLOCKED if _blocks(error) else Health.FAILING if failures >= FAILING_AFTER else Health.DEGRADED
    return replace(
        state,
        next_at=cadence.next_after_failure(state.interval or every, failures=failures, retry_at=retry_at, now=now),
        last_polled_at=now,
        failures=failures,
        health=health,
        error=f"{error.reason}: {error}",
    )


def _blocks(error: SourceError) -> bool:
    """Whether the site does not want us, rather than cannot answer."""
    match error:
        case StatusError(status=status):
            return status in _UNWANTED
        case RobotsRefused(retry_at=retry_at):
            return retry_at is None  # else its robots.txt could not be read, which passes
        case _:
            return isinstance(error, Blocked | LoginRefused)
