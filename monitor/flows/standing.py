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
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.flows.ports import Plan
    from monitor.models import Receiver
    from monitor.store import Store
    from monitor.store.signals import Standing

LONGEST: Final = timedelta(days=7)
GROUP: Final = Group(key="standing", labels={"standing": "yes"}, wait=timedelta(minutes=1))


def tell_standing(store: Store, plan: Plan, now: datetime) -> int:
    """Tell those again who know of an open state and were not told of it for their repeat interval; returns how many.

    With it goes all that was told to them more than half of the interval ago, so that one message in each interval
    tells of everything that is open.
    """
    with store.transaction():
        standing = store.standing(since=now - LONGEST)
        due = {name: _since_when(receiver, standing, plan, now) for name, receiver in plan.receivers.items()}
        is_silenced, told = bool(store.active_silences(now)), 0
        for one in standing:
            to = [
                Dispatch(
                    plan.receivers[name], "still open", place(plan.receivers[name], GROUP, is_silenced=is_silenced)
                )
                for name, at in one.told_at.items()
                if (border := due.get(name)) is not None and at <= border
            ]
            told += bool(to) and store.add_signal(_intent(one, now), to, now=now) is not None
    return told


def _since_when(receiver: Receiver, standing: Sequence[Standing], plan: Plan, now: datetime) -> datetime | None:
    """What was told to a receiver up to then is told again now; None where nothing is."""
    repeat = repeat_of(receiver, plan)
    first = min((at for one in standing for name, at in one.told_at.items() if name == receiver.name), default=now)
    return now - repeat / 2 if now - first >= repeat else None


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
