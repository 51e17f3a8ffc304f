"""What people hear of a target that takes nothing: one alarm, told where it can be heard, and one word when it is over.

It is never told by the target that it is about, nor by others that take nothing either. Where nobody else is left, it
stays in the log and among the open alarms.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from monitor.models import AlarmIntent, AlarmKind, Dispatch
from monitor.store.outbox import message_id

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from monitor.flows.ports import Plan
    from monitor.models import Target
    from monitor.store import PendingMessage, Store

TOLD_AFTER: Final = timedelta(hours=1)  # without anything that the target took

log = structlog.get_logger()


def note_refusal(store: Store, plan: Plan, message: PendingMessage, *, word: str, is_dead: bool, now: datetime) -> None:
    """Open the alarm of a message's target, where it took nothing for TOLD_AFTER or the message is given up.

    `word` says why. Call it in the transaction that settles the message.
    """
    name = _name(message.receiver, message.target)
    alarms = store.receiver_alarms()
    if any(alarm.key.startswith(name) for alarm in alarms):
        return
    since = store.untaken_since(message)
    target = _target(plan, message)
    # A target that left the configuration is the administrator's decision, until something is lost by it.
    if not is_dead and (target is None or now - since < TOLD_AFTER):
        return
    who = f"{message.receiver} ({_service(target)})"
    intent = AlarmIntent(
        key=f"{name}{since.isoformat()}", kind=AlarmKind.RECEIVER, source=None, reason=f"{who}: {word}", since=since
    )
    to = _hearers(plan, message, deaf={name, *(_spell(alarm.key) for alarm in alarms)})
    store.open_alarm(intent, source_id=None, to=to, now=now)
    if not to:
        log.error("a target takes no messages, and there is nobody else to tell", target=who, reason=word)


def note_taken(store: Store, plan: Plan, message: PendingMessage, *, now: datetime) -> None:
    """End the alarm of a message's target; who heard of it hears that too."""
    name = _name(message.receiver, message.target)
    alarms = store.receiver_alarms()
    for alarm in alarms:
        if not alarm.key.startswith(name):
            continue
        store.close_alarm(alarm.id, now)
        if alarm.told:
            deaf = {name, *(_spell(other.key) for other in alarms)}
            intent = AlarmIntent(
                key=f"{AlarmKind.RECOVERED}:{alarm.key}",
                kind=AlarmKind.RECOVERED,
                source=None,
                reason=f"{message.receiver} ({_service(_target(plan, message))})",
                since=alarm.since,
            )
            store.open_alarm(intent, source_id=None, to=_hearers(plan, message, deaf=deaf), now=now)


def _name(receiver: str, target: str) -> str:
    """What the keys of a target's alarms begin with; a receiver may be called anything, so its name is not in it."""
    return f"receiver:{message_id('receiver', receiver, target)}:"


def _spell(key: str) -> str:
    return ":".join(key.split(":")[:2]) + ":"


def _target(plan: Plan, message: PendingMessage) -> Target | None:
    receiver = plan.receivers.get(message.receiver)
    targets = receiver.targets if receiver else ()
    return next((target for target in targets if target.key == message.target), None)


def _service(target: Target | None) -> str:
    """The part of an address that is no secret."""
    return "no longer configured" if target is None else target.url.partition("://")[0]


def _hearers(plan: Plan, message: PendingMessage, *, deaf: Collection[str]) -> list[Dispatch]:
    """Who hears of alarms, and those of the receiver itself, or else anybody; but never by a target that is `deaf`."""
    own = plan.receivers.get(message.receiver)
    first = {one.name: one for one in (*plan.told, *((own,) if own else ()))}
    for heard in (first, plan.receivers):
        dispatches = []
        for receiver in heard.values():
            targets = tuple(
                one
                for one in receiver.targets
                # The same address may belong to two receivers.
                if one.key != message.target and _name(receiver.name, one.key) not in deaf
            )
            if targets:
                dispatches.append(Dispatch(replace(receiver, targets=targets), "alarm: receiver"))
        if dispatches:
            return dispatches
    return []
