"""What stays open and untold: sources that fail, cases that nobody has acknowledged. It is said again, and rarely.

A storm tells its own course (monitor/flows/storming.py). All that stands is told to a receiver in one message, at most
once in the repeat interval of its routes; what nobody touched for a week is left to reports and digests.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from monitor.alerting.routes import every_route
from monitor.flows.dispatching import place
from monitor.models import Dispatch, Group, SignalIntent, SignalKind, Timing
from monitor.store import rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from monitor.flows.ports import Plan
    from monitor.models import Receiver
    from monitor.store import Store
    from monitor.store.signals import Standing

LONGEST: Final = timedelta(days=7)
TOGETHER: Final = 200  # open states that are told of in one transaction
WAIT: Final = timedelta(minutes=1)  # so that what stands open comes in one message


def tell_standing(store: Store, plan: Plan, now: datetime) -> int:
    """Tell again of what was open all through the repeat interval of somebody who knows of it; returns how many."""
    repeats = {receiver.name: repeat_of(receiver, plan) for receiver in plan.receivers.values()}
    if not repeats:
        return 0
    told = 0
    with store.transaction():
        is_silenced = bool(store.active_silences(now))
        for one in store.standing(before=now - min(repeats.values()), since=now - LONGEST, limit=TOGETHER):
            to = [
                Dispatch(
                    receiver,
                    "it is still open",
                    place(receiver, _group(repeats[receiver.name]), is_silenced=is_silenced),
                )
                for receiver in _who(one, store, plan)
                if now - one.told_at >= repeats[receiver.name]
            ]
            told += bool(to) and store.add_signal(_intent(one), to, now=now) is not None
    return told


def repeat_of(receiver: Receiver, plan: Plan) -> timedelta:
    """How long an open state stays untold to a receiver: the shortest that a route which leads there says."""
    return min(
        (route.timing.repeat for route in every_route(plan.routes) if route.receiver == receiver),
        default=Timing().repeat,
    )


def _group(repeat: timedelta) -> Group:
    return Group(key="standing", labels={"standing": "yes"}, wait=WAIT, interval=repeat)


def _who(one: Standing, store: Store, plan: Plan) -> Iterator[Receiver]:
    if one.case_id is None:
        yield from plan.told
        return
    for name in store.told_case(one.case_id):
        if name in plan.receivers:
            yield plan.receivers[name]


def _intent(one: Standing) -> SignalIntent:
    what, number = ("alarm", one.alarm_id) if one.case_id is None else ("case", one.case_id)
    return SignalIntent(
        key=f"standing:{what}:{number}:{rows.to_text(one.told_at)}",
        kind=SignalKind.STANDING,
        reason=one.reason,
        brand=one.brand,
        source=one.source,
        mention_id=one.mention_id,
        case_id=one.case_id,
        alarm_id=one.alarm_id,
        figures={"what": what, "since": rows.to_text(one.since)},
    )
