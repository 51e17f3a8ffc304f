"""What happens to groups whose time has come: silence, then quiet hours, then the budget of their receiver.

A silence is somebody's explicit word and mutes what is urgent, too; quiet hours and the budget only put off, and only
what is not urgent. Groups that were put off and are due now leave together, as one summary.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from monitor.alerting.budget import next_ping, why_later
from monitor.alerting.quiet import quiet_until
from monitor.alerting.silences import first_match, why_muted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from monitor.alerting.silences import CompiledSilence
    from monitor.models import Receiver
    from monitor.query import Predicate


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A delivery that waits: `facts` are what queries ask of its subject, `case_id` the case that this belongs to."""

    delivery: int
    facts: Mapping[str, object]
    case_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A group whose message is due; `held` says that it was put off before, `pressing` that the budget is not asked."""

    id: int
    urgent: bool
    held: bool
    members: tuple[Candidate, ...]
    pressing: bool = False


class Send(NamedTuple):
    """One message of these members leaves; with it these groups are done, also where no member is left.

    `is_ping` says that it counts as an interruption.
    """

    groups: tuple[int, ...]
    members: tuple[int, ...]
    is_ping: bool


class Hold(NamedTuple):
    """A group waits until then (UTC), and why."""

    group: int
    until: datetime
    reason: str


class Mute(NamedTuple):
    """Nobody is told of these members, and why."""

    members: tuple[int, ...]
    reason: str


Act: TypeAlias = Send | Hold | Mute


def decide_flush(
    groups: Sequence[Pending],
    *,
    receiver: Receiver,
    silences: Sequence[CompiledSilence],
    unless: Predicate | None,
    pings: Sequence[datetime],
    now: datetime,
) -> tuple[Act, ...]:
    """What becomes of groups of one receiver that are due; each member is in one Send or Mute, or in a held group.

    `unless` is the query of the receiver's quiet hours, `pings` when it was interrupted before.
    """
    acts: list[Act] = []
    waiting: list[Pending] = []
    for group in groups:
        left, muted = _silenced(group, silences, now)
        acts += muted
        if group.urgent or not left.members:
            acts.append(Send((group.id,), _deliveries([left]), is_ping=False))
        elif (held := _quiet(left, receiver, unless, now)) is not None:
            acts.append(held)
        elif group.pressing:
            acts.append(Send((group.id,), _deliveries([left]), is_ping=False))
        else:
            waiting.append(left)
    return (*acts, *_within_budget(waiting, receiver, pings, now))


def _silenced(group: Pending, silences: Sequence[CompiledSilence], now: datetime) -> tuple[Pending, list[Mute]]:
    """The group without the members that a silence is about, and these by silence."""
    left: list[Candidate] = []
    muted: dict[str, list[int]] = {}
    for member in group.members:
        silence = first_match(silences, member.facts, case_id=member.case_id, now=now)
        if silence is None:
            left.append(member)
        else:
            muted.setdefault(why_muted(silence), []).append(member.delivery)
    return replace(group, members=tuple(left)), [Mute(tuple(those), reason) for reason, those in muted.items()]


def _quiet(group: Pending, receiver: Receiver, unless: Predicate | None, now: datetime) -> Hold | None:
    until = None if receiver.quiet is None else quiet_until(receiver.quiet, now)
    if until is None or (unless is not None and any(unless(member.facts) for member in group.members)):
        return None
    return Hold(group.id, until, f"quiet hours until {until:%Y-%m-%d %H:%M} UTC")


def _within_budget(
    groups: Iterable[Pending], receiver: Receiver, pings: Sequence[datetime], now: datetime
) -> list[Act]:
    """One message for all that were put off before, then one for each other group, while the budget lasts."""
    groups = list(groups)
    summary = [group for group in groups if group.held]
    messages = ([summary] if summary else []) + [[group] for group in groups if not group.held]
    if receiver.budget is None:
        return [_send(message, is_ping=True) for message in messages]
    acts: list[Act] = []
    spent = list(pings)
    for message in messages:
        later = next_ping(receiver.budget, spent, now)
        if later <= now:
            spent.append(now)
            acts.append(_send(message, is_ping=True))
            continue
        reason = f"{why_later(receiver.budget, spent, now)}; the next one at {later:%Y-%m-%d %H:%M} UTC"
        acts += [Hold(group.id, later, reason) for group in message]
    return acts


def _send(groups: Sequence[Pending], *, is_ping: bool) -> Send:
    return Send(tuple(group.id for group in groups), _deliveries(groups), is_ping)


def _deliveries(groups: Iterable[Pending]) -> tuple[int, ...]:
    return tuple(member.delivery for group in groups for member in group.members)
