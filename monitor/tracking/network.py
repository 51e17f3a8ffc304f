"""Whether it is the network that is lost, and not some sites: what the last polls of different hosts came to.

A host that has been silent since before another one answered has a trouble of its own. So only silences count that
began after the last answer of anybody; three of them make a lost network, and one answer makes it whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.errors import AddressRefused, ConnectFailed, DeadlineExceeded, FetchError, ReadError, RobotsRefused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from monitor.errors import SourceError

ENOUGH: Final = 3  # silent hosts; where fewer are watched, all of them, and at least two
WINDOW: Final = timedelta(hours=1)  # a silence that nobody has looked at for longer says nothing of now


class Reach(StrEnum):
    """What a poll says of the network: it got an answer, it got none, it got none and so did the others, or nothing."""

    UP = "up"
    LOST = "lost"
    DOWN = "down"
    UNSURE = "unsure"


class Contact(NamedTuple):
    """What a poll says, and where it is DOWN since when, as how many hosts say.

    `doubtful` is a LOST one where somebody fell silent after the last answer of anybody: it may yet be the network.
    """

    reach: Reach
    since: datetime | None = None
    hosts: int = 0
    doubtful: bool = False


class Silence(NamedTuple):
    """Polls of one host without an answer: when the first of them was, None where nobody knows, and the last."""

    since: datetime | None
    last: datetime


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The last polls of all hosts: when anybody answered last, and who has been silent since when.

    `excused` says that earlier failures of a host need not be its own, because the network was lost since.
    """

    answered_at: datetime | None = None
    excused: bool = False
    silent: Mapping[str, Silence] = field(default_factory=dict)


def is_unreached(error: SourceError) -> bool:
    """Whether no answer came at all, which may be the network's fault."""
    if isinstance(error, RobotsRefused):
        return error.retry_at is not None  # it could not be read; else it was, and says no
    return isinstance(error, ConnectFailed | DeadlineExceeded)


def is_answer(error: SourceError | None) -> bool:
    """Whether the source's host was spoken to; a robots.txt that says no is known from another time."""
    return error is None or (
        isinstance(error, FetchError | ReadError)
        and not isinstance(error, AddressRefused | RobotsRefused)
        and not is_unreached(error)
    )


def answered(outcomes: Outcomes, host: str, *, now: datetime, was_down: bool) -> Outcomes:
    """After an answer, whatever it said; where the network `was_down`, every silence was its fault and is over."""
    others = {} if was_down else {name: silence for name, silence in outcomes.silent.items() if name != host}
    return Outcomes(answered_at=now, excused=outcomes.excused or was_down, silent=others)


def unanswered(outcomes: Outcomes, host: str, *, begun_at: datetime, now: datetime, known_before: bool) -> Outcomes:
    """After a poll without an answer; `known_before` where the host was silent before these outcomes were kept."""
    if outcomes.answered_at is not None and begun_at <= outcomes.answered_at:
        return outcomes  # somebody answered meanwhile, and perhaps this one would, too, by now
    before = outcomes.silent.get(host)
    is_old = known_before and not outcomes.excused
    since = before.since if before else None if is_old else begun_at
    return replace(outcomes, silent={**outcomes.silent, host: Silence(since, now)})


def look(outcomes: Outcomes, *, hosts: int, now: datetime) -> Contact:
    """What a poll without an answer says together with the others: DOWN or LOST. `hosts` are watched."""
    since = [
        silence.since
        for silence in outcomes.silent.values()
        if silence.since is not None
        and now - silence.last <= WINDOW
        and (outcomes.answered_at is None or silence.since > outcomes.answered_at)
    ]
    if len(since) < max(2, min(ENOUGH, hosts)):
        return Contact(Reach.LOST, doubtful=hosts > 1 and bool(since))
    return Contact(Reach.DOWN, since=min(since), hosts=len(since))
