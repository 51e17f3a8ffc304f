"""What is stored besides posts and mentions, and what is decided and shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.models.alerts import Dispatch
from monitor.models.judgements import Mention
from monitor.models.posts import JSON, Post, Validators


class Health(StrEnum):
    """State of a source, from its last polls."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILING = "failing"
    STALE = "stale"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """The row of a source: everything that survives a restart.

    `baseline_at` is when the first successful poll ended, None before; `last_new_at` when something new was seen last;
    `covered_at` when it was last read whole, so that nothing published before is missing. `rhythm` is what was learned
    of its pace (`tracking.cadence.Rhythm`), `interval` the one that follows from it, or that was configured.
    """

    name: str
    next_at: datetime
    cursor: Mapping[str, JSON] = field(default_factory=dict)
    validators: Validators = field(default_factory=Validators)
    baseline_at: datetime | None = None
    last_polled_at: datetime | None = None
    last_success_at: datetime | None = None
    last_new_at: datetime | None = None
    failures: int = 0
    health: Health = Health.OK
    error: str | None = None
    covered_at: datetime | None = None
    rhythm: Mapping[str, JSON] = field(default_factory=dict)
    interval: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState:
    """Politeness towards one host:port: no request before `next_at`, and none before `retry_at`.

    `robots` is the text of its robots.txt as it was at `robots_at`; empty where it has none.
    """

    host: str
    next_at: datetime | None = None
    retry_at: datetime | None = None
    robots: str | None = None
    robots_at: datetime | None = None


class DeliveryState(StrEnum):
    """State of a delivery; of a message too, which is never muted."""

    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"
    MUTED = "muted"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertIntent:
    """A decision that people must see a mention; becomes an alert and one delivery for each receiver.

    `key` is the natural key: writing the same intent twice makes one alert. `to` says who is told, why, and in which
    group.
    """

    key: str
    reason: str
    to: tuple[Dispatch, ...]


class AlarmKind(StrEnum):
    """What an alarm is about; all but the last stay open until it is over."""

    FAILING = "failing"
    BLOCKED = "blocked"
    STALE = "stale"
    GAP = "gap"
    NETWORK = "network"
    RECEIVER = "receiver"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmIntent:
    """A decision that people must hear of a source, or of the network, which is no source's: then `source` is None.

    `key` is the natural key: writing the same intent twice makes one alarm. `reason` is what was said; `since` the last
    moment that is known to be covered; `affected` counts sources, or hosts where the network is lost.
    """

    key: str
    kind: AlarmKind
    source: str | None
    reason: str
    since: datetime | None
    affected: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAlarm:
    """A stored alarm that is not over; `told` says whether it had a receiver."""

    id: int
    key: str
    kind: AlarmKind
    opened_at: datetime
    since: datetime | None
    told: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A time when the network was lost; `ended_at` is None while it is."""

    begun_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class AlarmEnd:
    """A decision that an open alarm is over."""

    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmView:
    """A stored alarm as messages tell it; `source_kind` and `host` are those of its source."""

    id: int
    alert_id: int
    kind: AlarmKind
    source: str | None
    source_kind: str | None
    host: str | None
    reason: str
    opened_at: datetime
    since: datetime | None
    affected: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What happens with a mention: an alert or none, and in either case why."""

    alert: AlertIntent | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionView:
    """A stored mention with its post, as people and messages see it."""

    id: int
    source: str
    post_id: int
    post: Post
    discovered_at: datetime
    mention: Mention
    decision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """A stored alert with its mention, and the case that its post is in, with the deadlines that still run there.

    The deadlines are those from detection; None where the customer has heard of us, or the matter is resolved.
    `earlier` counts what the author said of the brand before, at the same source, up to 100; None where nobody in
    particular wrote it. The parent is the post that it answers, as far as that is stored.
    """

    id: int
    reason: str
    created_at: datetime
    view: MentionView
    case_id: int | None = None
    case_opened_at: datetime | None = None
    acknowledge_by: datetime | None = None
    resolve_by: datetime | None = None
    earlier: int | None = None
    parent_author: str | None = None
    parent_text: str | None = None
