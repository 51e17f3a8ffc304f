"""What stays open and untold: sources that fail, cases that nobody has acknowledged. It is said again, and rarely.

A storm tells its own course (monitor/flows/storming.py). Each receiver hears after the repeat interval of its routes,
of all that is due together; what nobody touched for a week is left to reports and digests. What is over by the time at
which the message leaves is told no more (monitor/flows/dispatching.py).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from monitor.alerting.routes import every_route
from monitor.flows.dispatching import place
from monitor.models import Dispatch, Group, SignalIntent, SignalKind, Timing
from monitor.store import rows

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.flows.ports import Plan
    from monitor.models import Receiver
    from monitor.store import Store
    from monitor.store.signals import Standing

LONGEST: Final = timedelta(days=7)
GROUP: Final = Group(key="standing", labels={"standing": "yes"}, wait=timedelta(minutes=1), interval=timedelta(hours=3))
"""What stands open comes together: what becomes due within three hours after a message waits for their end."""


def tell_standing(store: Store, plan: Plan, now: datetime) -> int:
    """Tell those again who know of an open state and were not told of it for their repeat interval; returns how many.

    Whoever was told of a case hears of it again; of an alarm, whoever hears of alarms.
    """
    repeats = {receiver.name: repeat_of(receiver, plan) for receiver in plan.receivers.values()}
    told = 0
    with store.transaction():
        is_silenced = bool(store.active_silences(now))
        for one in store.standing(since=now - LONGEST):
            to = [
                Dispatch(
                    plan.receivers[name],
                    "it is still open",
                    place(plan.receivers[name], GROUP, is_silenced=is_silenced),
                )
                for name, at in one.told_at.items()
                if name in repeats and now - at >= repeats[name]
            ]
            told += bool(to) and store.add_signal(_intent(one, now), to, now=now) is not None
    return told


def repeat_of(receiver: Receiver, plan: Plan) -> timedelta:
    """How long an open state stays untold to a receiver: the shortest that a route which leads there says."""
    return min(
        (route.timing.repeat for route in every_route(plan.routes) if route.receiver == receiver),
        default=Timing().repeat,
    )


def _intent(one: Standing, now: datetime) -> SignalIntent:
    what, number = ("alarm", one.alarm_id) if one.case_id is None else ("case", one.case_id)
    return SignalIntent(
        key=f"standing:{what}:{number}:{rows.to_text(now)}",
        kind=SignalKind.STANDING,
        reason=one.reason,
        brand=one.brand,
        source=one.source,
        mention_id=one.mention_id,
        case_id=one.case_id,
        alarm_id=one.alarm_id,
        figures={"what": what, "since": rows.to_text(one.since)},
    )
