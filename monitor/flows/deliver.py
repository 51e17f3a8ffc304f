"""From the outbox to people: claim messages ─► render ─► Apprise ─► sent | retry | dead.

Only a message that is on its way when the process dies can be sent twice, and then under the same id.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from monitor import notify
from monitor.alerting.backoff import next_attempt
from monitor.alerting.rendering import render
from monitor.alerting.styles import style_of
from monitor.cases.guards import open_duties
from monitor.cases.playbooks import combine
from monitor.errors import DeliveryError
from monitor.models import Duty

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from monitor.flows.ports import Plan, Ports
    from monitor.models import NoticeView, Target
    from monitor.store import PendingMessage


async def deliver(message: PendingMessage, *, ports: Ports, plan: Plan, senders: Executor) -> str:
    """Send one claimed message in a thread of `senders` and settle it; returns sent, retry or dead."""
    try:
        receiver = plan.receivers.get(message.receiver)
        target = _target(message, plan)
        rendered = render(
            message.id,
            tuple(_locked(view, plan) for view in message.notices) or message.alarms or message.alerts,
            style=style_of(target.url),
            language=receiver.language if receiver else "en",
        )
        send = partial(notify.send, target, rendered, message_id=message.id)
        await asyncio.get_running_loop().run_in_executor(senders, send)
    except DeliveryError as error:
        return await _failed(message, error, ports=ports)
    now = ports.clock.now()
    await ports.writer.run(lambda store: store.message_sent(message.id, now))
    return "sent"


def _locked(view: NoticeView, plan: Plan) -> NoticeView:
    """With what the case's playbook says now: whether nothing may be answered before legal has said so."""
    duties = open_duties(view.case, combine(view.case.classes, plan.playbooks))
    return replace(view, is_locked=Duty.LEGAL in duties)


def _target(message: PendingMessage, plan: Plan) -> Target:
    receiver = plan.receivers.get(message.receiver)
    targets = receiver.targets if receiver else ()
    for target in targets:
        if target.key == message.target:
            return target
    # It may be commented out for an hour: the message waits like one whose target is down.
    raise DeliveryError(
        f"the receiver {message.receiver!r} no longer has this target", retry=True, reason_word="refused"
    )


async def _failed(message: PendingMessage, error: DeliveryError, *, ports: Ports) -> str:
    now = ports.clock.now()
    text = f"{error.reason_word}: {error}"
    next_at = (
        next_attempt(attempts=message.attempts + 1, created_at=message.created_at, now=now, jitter=random.random())
        if error.retry
        else None
    )
    if next_at is None:
        await ports.writer.run(lambda store: store.message_dead(message.id, text, now))
        return "dead"
    await ports.writer.run(lambda store: store.message_retry(message.id, error=text, next_at=next_at))
    return "retry"
