"""How a poll ends, well or not: the source's row, its lease, and the alarms that open or end with it, in one piece."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.flows.dispatching import Dispatching, catch_up
from monitor.models import AlarmEnd, AlarmKind
from monitor.tracking.alarms import decide_alarms, network_back, network_lost
from monitor.tracking.network import Contact, Reach

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.flows.ports import Plan
    from monitor.models import AlarmIntent, Group, HostState, OpenAlarm, SourceState
    from monitor.store import LeasedSource, Store

NO_CONTACT: Final = Contact(Reach.UNSURE)


def settle(
    store: Store,
    leased: LeasedSource,
    state: SourceState,
    *,
    hosts: Sequence[HostState] = (),
    plan: Plan,
    now: datetime,
    gap: bool = False,
    contact: Contact = NO_CONTACT,
) -> bool:
    """Store what a poll left behind and what people must hear of it; returns whether the lease was still held.

    `gap` says that posts may have been missed, `contact` what the poll says of the network. Where the lease was lost,
    nothing of the source is stored or told.
    """
    with store.transaction():
        if not store.finish_poll(leased, state, hosts):
            return False
        alarms = store.open_alarms(leased.id)
        network = next((alarm for alarm in alarms if alarm.kind is AlarmKind.NETWORK), None)
        if contact.reach is Reach.UP and network is not None:
            _network_is_back(store, network, leased, plan=plan, now=now)
        elif contact.reach is Reach.DOWN and network is None and contact.since is not None:
            _tell(store, network_lost(contact.since, hosts=contact.hosts), None, plan=plan, now=now)
        # How it fared last is asked for only where it can matter: most polls are whole answers.
        has_gap = any(alarm.kind is AlarmKind.GAP for alarm in alarms)
        unreached = contact.reach in (Reach.LOST, Reach.DOWN)
        decided = decide_alarms(
            leased.state,
            state,
            open=[alarm for alarm in alarms if alarm is not network],
            outage=store.last_outage() if unreached or gap else None,
            unreached=unreached,
            gap=gap,
            last_gap_at=store.last_gap_at(leased.id) if has_gap and not gap else None,
            # Where it may yet be the network, one failure more tells.
            failing_after=plan.alarm_after + contact.doubtful,
            now=now,
        )
        for one in decided:
            if isinstance(one, AlarmEnd):
                store.close_alarm(one.id, now)
            else:
                _tell(store, one, leased.id, plan=plan, now=now)
    return True


def _network_is_back(store: Store, alarm: OpenAlarm, leased: LeasedSource, *, plan: Plan, now: datetime) -> None:
    """The first answer ends the alarm, and brings forward the visits that were put off because of it."""
    affected = store.hasten_unreached(alarm.since or alarm.opened_at, now) + bool(leased.state.failures)
    store.close_alarm(alarm.id, now)
    if alarm.told:
        # The word that it is over comes with all that was written meanwhile.
        _tell(store, network_back(alarm, affected=affected), None, plan=plan, now=now, group=catch_up(now))


def _tell(
    store: Store,
    intent: AlarmIntent,
    source_id: int | None,
    *,
    plan: Plan,
    now: datetime,
    group: Group | None = None,
) -> None:
    to = Dispatching(store, plan, now).alarm(intent, plan.told, group=group)
    store.open_alarm(intent, source_id=source_id, to=to, now=now)
