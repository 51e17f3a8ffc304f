"""In which group an alert waits for its message, and how the messages of groups leave.

┌ decide ─► catch-up? late? storm? case? ─► group ┐ … ┌ due ─► silence ─► quiet hours ─► budget ─► message ┐

The first half runs in the transaction that stores the alert, the second in one of its own, each second.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Final

import structlog

from monitor.alerting.backoff import GIVEN_UP_AFTER
from monitor.alerting.routes import decide, facts_of, walk
from monitor.alerting.stages import Candidate, Hold, Mute, Pending, Send, decide_flush
from monitor.errors import MonitorError
from monitor.flows.lexicon import forms
from monitor.flows.subscribing import routes_of
from monitor.models import (
    URGENT,
    AlarmIntent,
    AlarmKind,
    Dispatch,
    Group,
    Label,
    Lemmas,
    SignalIntent,
    SignalKind,
)
from monitor.query import compile_query, parse
from monitor.tracking.alarms import AFTERMATH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from monitor.alerting.silences import CompiledSilence
    from monitor.flows.ports import Plan
    from monitor.models import AlertIntent, Case, CaseEvent, Decision, Mention, Post, Receiver
    from monitor.store import Store
    from monitor.store.groups import DueGroup, Waiting

log = structlog.get_logger()

CATCH_UP: Final = timedelta(minutes=5)  # as long as the visits that were put off during an outage take to come in
LATE: Final = timedelta(minutes=10)  # what is found long after it was published waits so long for more of its kind
LATE_EVERY: Final = timedelta(hours=4)
STORM_EVERY: Final = timedelta(hours=4)
# Longer, so that the storm's own word, where there is one, takes it along.
IN_STORM: Final = STORM_EVERY + timedelta(minutes=30)
AGAIN: Final = timedelta(minutes=1)
GRAVE: Final = 100  # the priority of what is no mention: a storm, a lost network, a deadline
UNCONFIGURED: Final = timedelta(minutes=15)  # a receiver may be commented out for an hour


def place(receiver: Receiver, group: Group, *, is_silenced: bool) -> Group | None:
    """The group, or None where the message may leave at once: nothing is waited for, and nothing can hold it.

    `is_silenced` says that a silence holds, of whatever: then it is asked when the message leaves.
    """
    can_wait = group.wait or group.interval or group.until or receiver.quiet or receiver.budget
    return group if can_wait or is_silenced else None


@dataclass(frozen=True, slots=True)
class Dispatching:
    """Over one transaction of the caller's."""

    store: Store
    plan: Plan
    now: datetime

    def mention(self, intent: AlertIntent, post: Post, mention: Mention, *, post_id: int) -> AlertIntent:
        """The alert about a stored mention, with each receiver's group; its case must be known by now."""
        occasion = self._occasion(post, mention)
        storm = self.store.open_storm_of(mention.brand)
        case_id = self.store.case_of(post_id, mention.brand)
        return replace(
            intent,
            to=tuple(
                Dispatch(receiver, reason, self._placed(receiver, group, occasion, storm, case_id))
                for receiver, reason, group in intent.to
            ),
        )

    def _placed(
        self, receiver: Receiver, group: Group | None, occasion: Group | None, storm: int | None, case_id: int | None
    ) -> Group | None:
        if group is None:
            return None
        if occasion is not None:
            return self._place(receiver, occasion)
        if group.urgent:
            # Of one case one word at once is enough; another case is another matter.
            if case_id is not None:
                group = replace(group, key=f"urgent case:{case_id}", labels={"case": str(case_id)})
                is_told = self.store.has_group(receiver.name, group.key)
                if is_told and (in_storm := self._storm(receiver, storm)) is not None:
                    return in_storm
            return self._place(receiver, group)
        if (in_storm := self._storm(receiver, storm)) is not None:
            return in_storm
        if case_id is not None and (told := self.store.last_told_of_case(case_id, receiver.name)) is not None:
            group = replace(group, key=f"case:{case_id}", labels={"case": str(case_id)}, after=told)
        return self._place(receiver, group)

    def _place(self, receiver: Receiver, group: Group) -> Group | None:
        return place(receiver, group, is_silenced=bool(self.store.active_silences(self.now)))

    def _occasion(self, post: Post, mention: Mention) -> Group | None:
        """The group of what is told late, whoever hears of it; None for what is told as it happens."""
        urgent = any(case.name in URGENT for case in mention.special_cases)
        outage = self.store.last_outage()
        if outage is not None and outage.ended_at is not None and self.now - outage.ended_at < AFTERMATH:
            return catch_up(outage.ended_at, urgent=urgent)
        oldest = self.plan.max_age
        age = timedelta() if post.published is None else self.now - post.published
        if oldest is not None and age > oldest and not urgent:
            return Group(key="late", labels={"late": "yes"}, wait=LATE, interval=LATE_EVERY)
        return None

    def _storm(self, receiver: Receiver, storm: int | None) -> Group | None:
        """The group of the brand's open storm, for those who were told of it."""
        key = f"storm:{storm}"
        if storm is None or not self.store.has_group(receiver.name, key):
            return None
        return Group(key=key, wait=IN_STORM, interval=IN_STORM)

    def signal(
        self,
        intent: SignalIntent,
        *,
        facts: Mapping[str, object],
        group: Group | None = None,
    ) -> bool:
        """Tell those to whom routes lead for these facts, or else all that routes lead to; returns whether it is new.

        `group` is the one that it waits in, in place of the route's.
        """
        own = Group(key=f"signal:{intent.key}")
        heard = walk(self.plan.routes, facts, key=intent.key) or [
            Dispatch(self.plan.receivers[name], "a route leads there", own) for name in self.plan.fallback
        ]
        storm = None if group is not None or intent.brand is None else self.store.open_storm_of(intent.brand)
        to = [
            one._replace(group=self._storm(one.receiver, storm) or self._place(one.receiver, group or one.group or own))
            for one in heard
        ]
        return self.store.add_signal(intent, to, now=self.now) is not None

    def alarm(self, intent: AlarmIntent, to: Sequence[Receiver], *, group: Group | None = None) -> list[Dispatch]:
        """Who hears of an alarm, each in its group; none waits for a budget, and few are told."""
        reason = f"alarm: {intent.kind.value}"
        group = group or Group(key=f"alarm:{intent.key}", pressing=True)
        return [Dispatch(receiver, reason, self._place(receiver, group)) for receiver in to]

    def notice(self, key: str, case: Case, heard: Sequence[tuple[str, str]], *, pressing: bool) -> list[Dispatch]:
        """Who hears of a case, each in its group: cases that pass quiet hours do so whatever is told of them.

        What is `pressing` waits for no budget: a reminder that comes after its deadline reminds nobody.
        """
        urgent = not URGENT.isdisjoint(case.classes)
        group = Group(key=f"notice:{key}", labels={"case": str(case.id)}, urgent=urgent, pressing=pressing)
        receivers = self.plan.receivers
        return [Dispatch(receivers[name], why, self._place(receivers[name], group)) for name, why in heard]


def tell_events(store: Store, plan: Plan, case: Case, events: Sequence[CaseEvent], now: datetime) -> None:
    """Let the webhooks that asked for it hear of each event of a case, in their order."""
    listening = [
        replace(receiver, targets=targets)
        for receiver in plan.receivers.values()
        if (targets := tuple(target for target in receiver.targets if target.events))
    ]
    for event in events if listening else ():
        intent = SignalIntent(
            key=f"case-event:{case.id}:{event.seq}",
            kind=SignalKind.CASE_EVENT,
            reason=event.kind.value,
            brand=case.brand,
            case_id=case.id,
            figures={"seq": event.seq},
        )
        store.add_signal(intent, [Dispatch(one, "it hears of all events of cases") for one in listening], now=now)


def catch_up(ended_at: datetime, *, urgent: bool = False) -> Group:
    """The group of all that an outage of the network held back, and of the word that it is over."""
    return Group(
        key=f"catch-up:{ended_at.isoformat(timespec='seconds')}",  # what is stored has no more digits
        labels={"catch-up": "yes"},
        until=ended_at + CATCH_UP,
        interval=AFTERMATH,
        urgent=urgent,
    )


def tell_signal(
    store: Store,
    plan: Plan,
    intent: SignalIntent,
    *,
    facts: Mapping[str, object],
    now: datetime,
    group: Group | None = None,
) -> bool:
    """See `Dispatching.signal`."""
    return Dispatching(store, plan, now).signal(intent, facts=facts, group=group)


def decide_on(
    store: Store,
    plan: Plan,
    post: Post,
    mention: Mention,
    *,
    post_id: int,
    source: str,
    key: str,
    lemmas: Lemmas,
    silent: str | None,
    now: datetime,
) -> Decision:
    """Whether people must see a mention of a stored post now: by routes, and by what persons subscribed to."""
    return decide(
        post,
        mention,
        lemmas=lemmas,
        source=source,
        key=key,
        silent=silent,
        competitor=mention.brand in plan.competitors,
        routes=plan.routes,
        subscriptions=routes_of(store, plan),
        story=story_of(store, post_id),
        now=now,
    )


def story_of(store: Store, post_id: int) -> int | None:
    """The story that a stored post tells, named by its first post; None where nobody else tells it."""
    origin, posts = store.origin_of(post_id)
    return origin if posts > 1 else None


# ── messages leave ──


def flush(store: Store, plan: Plan, now: datetime) -> int:
    """Make the messages of all groups whose time has come, or say why they wait or stay away; returns how many groups.

    One transaction for each receiver: a crash in it leaves every delivery waiting.
    """
    if not store.has_due_groups(now):
        return 0
    due = sorted(store.due_groups(now), key=lambda group: (group.receiver, group.due_at, group.id))
    silences = silences_at(store, now)
    for name, found in groupby(due, key=lambda group: group.receiver):
        groups = list(found)
        try:
            with store.transaction():
                _flush_receiver(store, plan, name, groups, silences=silences, now=now)
        except Exception:
            # Whatever is wrong with what one receiver waits for must not keep the others waiting.
            log.exception("the messages of a receiver cannot be made", receiver=name)
            for group in groups:
                store.hold_group(group.id, until=now + AGAIN, note="its message could not be made")
    return len(due)


def silences_at(store: Store, now: datetime) -> list[CompiledSilence]:
    """The silences that hold at this moment, ready to be asked; one that this version cannot read mutes nothing."""
    ready: list[CompiledSilence] = []
    for one in store.active_silences(now):
        try:
            ready.append((one, compile_query(parse(one.match), forms)))
        except MonitorError:
            log.exception("a silence cannot be read", silence=one.id)
    return ready


def _flush_receiver(
    store: Store,
    plan: Plan,
    name: str,
    groups: Sequence[DueGroup],
    *,
    silences: Sequence[CompiledSilence],
    now: datetime,
) -> None:
    receiver = plan.receivers.get(name)
    if receiver is None:
        _wait_for_receiver(store, plan, name, groups, now=now)
        return
    groups = [_still_open(store, group, now) for group in groups]
    unless = plan.unless.get(name)
    knows = bool(silences) or unless is not None
    acts = decide_flush(
        [
            Pending(
                id=group.id,
                urgent=group.urgent,
                held=group.held,
                pressing=group.pressing,
                members=tuple(candidate(store, one, knows=knows) for one in group.waiting),
            )
            for group in groups
        ],
        receiver=receiver,
        silences=silences,
        unless=unless,
        pings=store.pings(name, now - receiver.budget.per) if receiver.budget else (),
        now=now,
    )
    waiting = {one.delivery_id: one for group in groups for one in group.waiting}
    for act in acts:
        match act:
            case Send(groups=sent, members=members, is_ping=is_ping):
                carried = [waiting[delivery] for delivery in members]
                store.send_groups(sent, carried, receiver=receiver, is_ping=is_ping, now=now)
            case Hold(group=number, until=until, reason=reason):
                store.hold_group(number, until=until, note=reason)
            case Mute(members=members, reason=reason):
                store.mute(members, note=reason, now=now)


def _still_open(store: Store, group: DueGroup, now: datetime) -> DueGroup:
    """The group without what was told as open and is over by now."""
    over = [one for one in group.waiting if one.standing_signal and not store.is_standing(one.standing_signal)]
    store.mute([one.delivery_id for one in over], note="it is over meanwhile", now=now)
    return replace(group, waiting=tuple(one for one in group.waiting if one not in over)) if over else group


def _wait_for_receiver(store: Store, plan: Plan, name: str, groups: Sequence[DueGroup], *, now: datetime) -> None:
    """A receiver that is not configured may come back; what waits for it for a week is given up, and that is told."""
    for group in groups:
        store.hold_group(group.id, until=now + UNCONFIGURED, note=f"the receiver {name!r} is not configured")
    old = [one for group in groups for one in group.waiting if now - one.created_at >= GIVEN_UP_AFTER]
    if not old:
        return
    store.give_up([one.delivery_id for one in old], note=f"the receiver {name!r} was not configured", now=now)
    since = min(one.created_at for one in old)
    alarm = AlarmIntent(
        key=f"{AlarmKind.RECEIVER}:gone:{name}:{since.isoformat()}",
        kind=AlarmKind.RECEIVER,
        source=None,
        reason=f"{name} (no longer configured): given up",
        since=since,
    )
    store.open_alarm(alarm, source_id=None, to=Dispatching(store, plan, now).alarm(alarm, plan.told), now=now)
    for one in store.receiver_alarms():
        if one.key == alarm.key:  # it happened, and nothing ends it
            store.close_alarm(one.id, now)


def candidate(store: Store, one: Waiting, *, knows: bool) -> Candidate:
    """A waiting delivery with what silences and quiet hours ask about it, where they ask anything."""
    if not knows:
        return Candidate(delivery=one.delivery_id, facts={})
    about = one.mention_id
    if about is None:
        subject = store.subject_of(one.alert_id)
        about = subject.mention_id
        if about is None:
            # Whoever silences all but grave matters means neither a storm nor a lost network.
            told: dict[str, object] = {"sentiment": Label.NEGATIVE.value, "priority": GRAVE, "now": one.created_at}
            told |= {"brand": subject.brand, "source": subject.source, "case": list(subject.classes)}
            return Candidate(delivery=one.delivery_id, facts=told, case_id=subject.case_id)
    view = store.mention_of(about)
    lemmas = store.lemmas_of(about) or Lemmas()
    facts = dict(facts_of(view.post, view.mention, lemmas=lemmas, source=view.source, now=one.created_at))
    case_id = store.case_of(view.post_id, view.mention.brand)
    return Candidate(delivery=one.delivery_id, facts=facts, case_id=case_id)
