"""From the outbox to people: claim messages ─► render ─► Apprise ─► sent | retry | dead.

Only a message that is on its way when the process dies can be sent twice, and then under the same id.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import structlog

from monitor import notify
from monitor.alerting.backoff import next_attempt
from monitor.alerting.rendering import render
from monitor.cases.guards import open_duties
from monitor.cases.playbooks import combine
from monitor.errors import DeliveryError
from monitor.flows.undelivered import note_refusal, note_taken
from monitor.models import Duty
from monitor.understanding.authors import author_key

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from datetime import datetime

    from monitor.alerting.messages import Carried
    from monitor.flows.ports import Plan, Ports
    from monitor.models import AlertView, NoticeView, Receiver, Target
    from monitor.store import PendingMessage, Store

log = structlog.get_logger()


async def deliver(message: PendingMessage, *, ports: Ports, plan: Plan, senders: Executor) -> str:
    """Send one claimed message in a thread of `senders` and settle it; returns sent, retry or dead."""
    try:
        receiver, target = _address(message, plan)
        hand_over = partial(_hand_over, message, receiver, target, plan, ports.clock.now())
        await asyncio.get_running_loop().run_in_executor(senders, hand_over)
    except DeliveryError as error:
        refusal = error
    except Exception:
        # Nothing is lost by it: the message is tried again like any other, and its target is told of as dead.
        log.exception("a delivery broke", id=message.id)
        refusal = DeliveryError("our own fault, see the log", retry=True, reason_word="internal")
    else:
        await ports.writer.run(partial(_taken, message, plan, ports.clock.now()))
        return "sent"
    return await ports.writer.run(partial(_refused, message, refusal, plan, ports.clock.now()))


def _address(message: PendingMessage, plan: Plan) -> tuple[Receiver, Target]:
    receiver = plan.receivers.get(message.receiver)
    for target in receiver.targets if receiver else ():
        if receiver and target.key == message.target:
            return receiver, target
    # It may be commented out for an hour: the message waits like one whose target is down.
    raise DeliveryError(
        f"the receiver {message.receiver!r} no longer has this target", retry=True, reason_word="refused"
    )


def _hand_over(message: PendingMessage, receiver: Receiver, target: Target, plan: Plan, now: datetime) -> None:
    """Render and send; in a sender's thread, since charts take their time. Raises DeliveryError."""
    carried = _carried(message, plan)
    try:
        rendered = render(message.id, carried, target=target, receiver=receiver, base_url=plan.base_url, now=now)
    except Exception as error:
        log.exception("a message cannot be written", id=message.id)
        raise DeliveryError("it cannot be written", retry=False, reason_word="internal") from error
    try:
        notify.send(target, rendered, message_id=message.id)
    except DeliveryError as error:
        if error.reason_word != "content":
            raise
        try:
            notify.send(target, notify.reduced(rendered), message_id=message.id)
        except DeliveryError as again:
            if again.reason_word != "content" or not str(again).startswith("SMTP"):
                raise
            # A mail server that takes not even the bones of a mail refuses us, and may be talked to.
            raise DeliveryError(str(again), retry=True, reason_word="refused") from again


def _carried(message: PendingMessage, plan: Plan) -> tuple[Carried, ...]:
    """What people must see first comes first."""
    notices = tuple(_locked(view, plan) for view in message.notices)
    alerts = tuple(_known(alert) for alert in message.alerts)
    return (*message.signals, *message.digests, *notices, *message.alarms, *alerts)


def _known(alert: AlertView) -> AlertView:
    """Without a count of what its author wrote, where that is nobody in particular."""
    is_somebody = author_key(alert.view.post.author, alert.view.source) is not None
    return alert if is_somebody else replace(alert, earlier=None)


def _locked(view: NoticeView, plan: Plan) -> NoticeView:
    """With what the case's playbook says now: whether nothing may be answered before legal has said so."""
    duties = open_duties(view.case, combine(view.case.classes, plan.playbooks))
    return replace(view, is_locked=Duty.LEGAL in duties)


def _taken(message: PendingMessage, plan: Plan, now: datetime, store: Store) -> None:
    with store.transaction():
        store.message_sent(message.id, now)
        note_taken(store, plan, message, now=now)


def _refused(message: PendingMessage, error: DeliveryError, plan: Plan, now: datetime, store: Store) -> str:
    """Settle a message that was not taken: retry or dead."""
    # What is refused for its content even when it is reduced to its bones will be refused for ever.
    next_at = None
    if error.retry and error.reason_word != "content":
        next_at = next_attempt(
            attempts=message.attempts + 1,
            created_at=message.created_at,
            now=now,
            jitter=random.random(),
            retry_after=error.retry_after,
        )
    # Whoever names a time to come back limits us, whatever else they say; a clock step does not shorten that time.
    word = error.reason_word if error.retry_after is None else "rate-limited"
    with store.transaction():
        if next_at is None:
            store.message_dead(message.id, f"{word}: {error}", now)
        else:
            store.message_retry(message.id, error=f"{word}: {error}", next_at=next_at)
        note_refusal(store, plan, message, word=word, is_dead=next_at is None, now=now)
    return "retry" if next_at else "dead"
