"""How alerts become messages: routes and their timing, groups, silences, quiet hours, budgets, storms, digests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.models.posts import JSON

if TYPE_CHECKING:
    from monitor.models.settings import Receiver

URGENT: Final = frozenset({"rude_staff", "legal_threat", "health_safety"})
"""Special cases that pass quiet hours, the interruption budget and storms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When the messages of a group leave; the meanings are Alertmanager's.

    `wait` is how long a new group collects before its first message, `interval` the least time between two messages of
    a group, `repeat` how long an open state (a storm, a failing source, an unacknowledged case) stays untold.
    `group_by` names what members of a group share: brand, source, author, site, lang, story, sentiment, case.
    """

    group_by: tuple[str, ...] = ()
    wait: timedelta = timedelta()
    interval: timedelta = timedelta()
    repeat: timedelta = timedelta(days=1)


SHIPPED_TIMING: Final = Timing(
    group_by=("brand", "story"),
    wait=timedelta(minutes=2),
    interval=timedelta(minutes=5),
    repeat=timedelta(days=1),
)
"""What a route says that says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The group that a delivery waits in; there is one for each receiver and `key`.

    `labels` are what its members share. What is `urgent` passes quiet hours and the budget, what is `pressing` the
    budget alone. `after` is when people were told of the same matter last, which a new group counts its interval from;
    `until` the moment at which what waits leaves at the latest, instead of after `wait` or `interval`.
    """

    key: str
    labels: Mapping[str, str] = field(default_factory=dict)
    wait: timedelta = timedelta()
    interval: timedelta = timedelta()
    urgent: bool = False
    pressing: bool = False
    after: datetime | None = None
    until: datetime | None = None

    def due(self, *, waiting: datetime | None, told: datetime | None, now: datetime) -> datetime:
        """When its next message leaves; `waiting` is when it would anyhow, None where nothing waits in the group.

        `told` is when its last one left. As in Alertmanager, what comes within the interval waits for its end, and a
        group that was quiet for longer begins anew.
        """
        until = None if self.until is None else max(self.until, now)
        if waiting is not None or until is not None:
            return min(filter(None, (waiting, until)))
        # A moment that lies ahead was told by a clock that has been set back since.
        last = max((one for one in (told, self.after) if one is not None and one <= now), default=None)
        return last + self.interval if last is not None and last + self.interval > now else now + self.wait


class Dispatch(NamedTuple):
    """Who is told and why; without a group a message leaves at once."""

    receiver: Receiver
    reason: str
    group: Group | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """When a receiver is not to be disturbed: `days` of the week (0 is Monday) on which it begins, a zone's hours.

    `unless` is a query: what satisfies it is told all the same.
    """

    zone: str
    begin: time
    end: time
    days: frozenset[int] = frozenset(range(7))
    unless: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How often a receiver may be interrupted: `burst` pings at once, and from then on one each `per / pings`.

    The rest waits, and comes as one summary with the next ping.
    """

    pings: int
    per: timedelta
    burst: int


SHIPPED_BUDGET: Final = Budget(pings=10, per=timedelta(days=1), burst=3)
"""What a receiver may be interrupted with that says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Somebody wants nobody to be told of what satisfies the query `match`, or of the case `case_id`, for a time."""

    id: int
    match: str
    starts_at: datetime
    ends_at: datetime
    person: str
    comment: str
    case_id: int | None = None


class Cadence(StrEnum):
    """How often somebody hears: of each mention, or of all of an hour, a day or a week in a digest."""

    NOW = "now"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What a person wants to hear of, and how often; `receiver` is theirs, None while they have none.

    `at` and `day` (0 is Monday) say when a digest leaves, in the time zone `zone`. A digest without news is left out,
    unless `always`.
    """

    id: int
    person: str
    receiver: str | None
    match: str
    cadence: Cadence
    at: time = time(9)
    day: int = 0
    zone: str = "UTC"
    language: str | None = None
    always: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSettings:
    """A digest: who gets it, of what, how often and when. `name` is stable: it tells one digest from the next.

    The fields are those of a subscription; `language` None means the receiver's.
    """

    name: str
    to: str
    cadence: Cadence
    match: str = "*"
    at: time = time(9)
    day: int = 0
    zone: str = "UTC"
    language: str | None = None
    always: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingSettings:
    """Which mean of a source's ratings is worth an alert when it is crossed: over the last `span`, of `least` or more.

    Ratings are stars of five, whatever the site counts in.
    """

    line: float = 4.0
    span: timedelta = timedelta(days=30)
    least: int = 10


class SignalKind(StrEnum):
    """What else people are told of: what several mentions amount to, and states that stay open."""

    STORM_OPENED = "storm_opened"
    STORM_UPDATED = "storm_updated"
    STORM_CLOSED = "storm_closed"
    SPREADING = "spreading"  # a story that more and more authors tell
    CONFIRMED = "confirmed"  # others say the same of a mention
    RATING_FELL = "rating_fell"
    RATING_ROSE = "rating_rose"
    STANDING = "standing"  # an open state that nobody was told of for a while
    CASE_EVENT = "case_event"  # for webhooks only


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalIntent:
    """A decision that people must hear of something that is no single new mention; becomes an alert.

    `key` is the natural key. `figures` are what was counted, as each kind says in monitor/alerting/signals.py.
    """

    key: str
    kind: SignalKind
    reason: str
    brand: str | None = None
    source: str | None = None
    storm_id: int | None = None
    mention_id: int | None = None
    case_id: int | None = None
    alarm_id: int | None = None
    figures: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalView:
    """A stored signal as messages tell it; the post is that of its mention, empty where it is about none."""

    id: int
    alert_id: int
    kind: SignalKind
    reason: str
    at: datetime
    brand: str | None
    source: str | None
    storm_id: int | None
    case_id: int | None
    mention_id: int | None
    figures: Mapping[str, JSON]
    title: str = ""
    text: str = ""
    url: str | None = None
    author: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestView:
    """A stored digest as messages tell it: `figures` is what monitor/flows/digesting.py counted."""

    id: int
    alert_id: int
    name: str
    cadence: Cadence
    zone: str
    language: str | None
    from_at: datetime
    to_at: datetime
    figures: Mapping[str, JSON]


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """A burst of complaints about a brand that is under way: `figures` are those of its last reckoning."""

    id: int
    brand: str
    opened_at: datetime
    told_at: datetime
    figures: Mapping[str, JSON] = field(default_factory=dict)
