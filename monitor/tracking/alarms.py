"""Which alarms a poll opens and ends: each sort at most once for a source, and one word when it is over.

A source that cannot be seen is told once, as failing, blocked or stale; only a graver finding is told after another. A
single answer without posts changes nothing, since many a site gives one by mistake. Posts that may have been missed are
told once, as long as no day passes without more of them; that they came to an end is not told. A lost network is told
instead of all the sources that it hides, and so are the gaps that it leaves.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from monitor.models import AlarmEnd, AlarmIntent, AlarmKind, Health
from monitor.tracking.cadence import rhythm_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from monitor.models import OpenAlarm, Outage, SourceState

BLOCKED_AFTER: Final = 2  # refusals in a row; a single one may be a passing mood of the site's guard
AFTERMATH: Final = timedelta(minutes=15)  # as long as a poll that began while the network was lost may still be out
WHOLE: Final = timedelta(days=1)  # without a gap, after which the next one is news
_OUTAGES: Final = frozenset({AlarmKind.FAILING, AlarmKind.BLOCKED, AlarmKind.STALE})


def decide_alarms(
    before: SourceState,
    after: SourceState,
    *,
    open: Collection[OpenAlarm],  # noqa: A002 - the word for it
    outage: Outage | None,
    unreached: bool,
    gap: bool,
    last_gap_at: datetime | None,
    failing_after: int,
    now: datetime,
) -> tuple[AlarmIntent | AlarmEnd, ...]:
    """What people must hear of a source after a poll that led from one state to another.

    `open` are its alarms that are not over; `outage` is the last one of the network. `unreached` says that the poll got
    no answer, which is no news of the source while the network is lost; `gap` that posts may have been missed.
    `last_gap_at` is when that was last so, None where no alarm of a gap is open.
    """
    kinds = {alarm.kind for alarm in open}
    if after.failures:
        hidden = unreached and outage is not None and (outage.ended_at is None or now - outage.ended_at < AFTERMATH)
        kind = None if hidden else _trouble(before, after, kinds=kinds, failing_after=failing_after)
        return (_intent(kind, before, after),) if kind else ()
    decided: list[AlarmIntent | AlarmEnd] = []
    if rhythm_of(after.rhythm).emptied != 1:
        ended = [alarm for alarm in open if _is_ended(alarm, after)]
        decided += [AlarmEnd(alarm.id) for alarm in ended]
        told = [alarm for alarm in ended if alarm.told]
        if told and after.health is not Health.STALE:
            decided.append(_recovered(told, after))
        if after.health is Health.STALE and AlarmKind.STALE not in kinds:
            decided.append(_intent(AlarmKind.STALE, before, after))
    if not gap and last_gap_at is not None and now - last_gap_at >= WHOLE:
        decided += [AlarmEnd(alarm.id) for alarm in open if alarm.kind is AlarmKind.GAP]
    if gap and AlarmKind.GAP not in kinds and not _is_left_by(outage, before):
        decided.append(_intent(AlarmKind.GAP, before, after))
    return tuple(decided)


def _trouble(
    before: SourceState, after: SourceState, *, kinds: Collection[AlarmKind], failing_after: int
) -> AlarmKind | None:
    """What a failure is told as, None where it is too early or was told."""
    is_blocked = after.health is Health.BLOCKED
    if is_blocked and before.health is Health.BLOCKED and before.failures >= BLOCKED_AFTER - 1:
        return None if AlarmKind.BLOCKED in kinds else AlarmKind.BLOCKED
    if not is_blocked and after.failures >= failing_after and _OUTAGES.isdisjoint(kinds):
        return AlarmKind.FAILING
    return None


def _is_ended(alarm: OpenAlarm, after: SourceState) -> bool:
    """Whether an answer ends the alarm: even an empty page does so with those of no answer."""
    if alarm.kind is AlarmKind.GAP:
        return False
    return after.health is not Health.STALE or alarm.kind is not AlarmKind.STALE


def _is_left_by(outage: Outage | None, before: SourceState) -> bool:
    """Whether a gap lies in the time when the network was lost, of which people know."""
    if outage is None:
        return False
    return outage.ended_at is None or before.last_success_at is None or before.last_success_at < outage.ended_at


def _intent(kind: AlarmKind, before: SourceState, after: SourceState) -> AlarmIntent:
    # The last success tells one trouble from the next one, also after a restart or a restore.
    last = before.last_success_at.isoformat() if before.last_success_at else "never"
    return AlarmIntent(
        key=f"{kind}:{after.name}:{last}",
        kind=kind,
        source=after.name,
        reason=after.error or "",
        since=before.covered_at or before.last_success_at,
    )


def _recovered(ended: Collection[OpenAlarm], after: SourceState) -> AlarmIntent:
    first = min(ended, key=lambda alarm: alarm.opened_at)
    return AlarmIntent(
        key=f"{AlarmKind.RECOVERED}:{first.key}",
        kind=AlarmKind.RECOVERED,
        source=after.name,
        reason=", ".join(dict.fromkeys(alarm.kind.value for alarm in ended)),
        since=first.since,
    )


def network_lost(since: datetime, *, hosts: int) -> AlarmIntent:
    """That nothing is seen, as so many hosts say."""
    return AlarmIntent(
        key=f"{AlarmKind.NETWORK}:{since.isoformat()}",
        kind=AlarmKind.NETWORK,
        source=None,
        reason="",
        since=since,
        affected=hosts,
    )


def network_back(alarm: OpenAlarm, *, affected: int) -> AlarmIntent:
    """That the network is back, and how many sources it hid."""
    return AlarmIntent(
        key=f"{AlarmKind.RECOVERED}:{alarm.key}",
        kind=AlarmKind.RECOVERED,
        source=None,
        reason=alarm.kind.value,
        since=alarm.since,
        affected=affected,
    )
