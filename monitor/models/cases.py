"""Cases, the persons who work them off, the playbooks they follow, and what is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from monitor.models.posts import JSON


class Role(StrEnum):
    """What a person may do."""

    AGENT = "agent"
    LEAD = "lead"
    LEGAL = "legal"
    ANALYST = "analyst"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody of ours; `receiver` is where they are told, a name of sources.yaml; founders are told last of all."""

    name: str
    role: Role
    receiver: str | None = None
    founder: bool = False


class CaseState(StrEnum):
    """Where a case stands; `merged` ones go on under another number."""

    NEW = "new"
    CHECKING = "checking"
    VERDICT = "verdict"
    ANSWERED = "answered"
    OFFLINE = "offline"
    SILENT = "silent"
    CLOSED = "closed"
    MERGED = "merged"


class Verdict(StrEnum):
    """What checking a complaint came to."""

    JUSTIFIED = "justified"
    PARTLY = "partly"
    NOT = "not"
    FAKE = "fake"
    WRONG_BUSINESS = "wrong_business"


class Outcome(StrEnum):
    """How the customer went on; `official` complains through official channels, `spreading` tells everybody."""

    ADVOCATE = "advocate"
    CONTENT = "content"
    QUIET = "quiet"
    OFFICIAL = "official"
    SPREADING = "spreading"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"


class Truth(StrEnum):
    """What is known of a single claim."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


class Reached(StrEnum):
    """How an attempt to speak to the customer ended; the last two count as failed."""

    REACHED = "reached"
    FAILED = "failed"
    REFUSED = "refused"


class Duty(StrEnum):
    """What must be done before a case may be closed.

    A verdict; findings of an inquiry; acknowledgement by a person with the role legal before anything is answered; an
    offer to the customer (a compensation, or the note that none is due).
    """

    VERDICT = "verdict"
    FINDINGS = "findings"
    LEGAL = "legal"
    OFFER = "offer"


class EventKind(StrEnum):
    """What happened to a case. The keys of an event's body are named here; those in brackets may be missing."""

    OPENED = "opened"  # brand, classes, why, found_at, [published_at]
    JOINED = "joined"  # post, why, [found_at, published_at]
    LEFT = "left"  # post, to
    MERGED = "merged"  # into
    CLASSED = "classed"  # classes: all that it has from now on
    REOPENED = "reopened"  # why, found_at, [published_at, post]
    ASSIGNED = "assigned"  # owner: a name, or null
    NOTED = "noted"  # text
    EVIDENCE = "evidence"  # what, [url]
    ATTEMPT = "attempt"  # channel, outcome (Reached), [text]
    TICKET = "ticket"  # id, [url]
    CLAIM = "claim"  # text, truth (Truth); of the same text the last one counts
    COMPENSATED = "compensated"  # what, [value, currency, text]
    VERDICT = "verdict"  # verdict, text
    ANSWERED = "answered"  # full: bool, public: bool, [url, text, template, at, confirms: it was seen before]
    # answer (post id), post, at, full: bool, [confirms: a person had said so, earlier: it was before this round]
    ANSWER_SEEN = "answer_seen"
    ANSWER_GONE = "answer_gone"  # answer (post id)
    ANSWER_BACK = "answer_back"  # answer (post id)
    OFFLINE = "offline"  # channel, [id, text]
    SILENT = "silent"  # text: the reason
    WAITING = "waiting"  # text: for what
    RESUMED = "resumed"  # why
    FINDINGS = "findings"  # text
    CLEARED = "cleared"  # text: what the role legal says
    TEMPLATE = "template"  # name, language
    REMINDED = "reminded"  # deadline, clock, due_at
    BREACHED = "breached"  # deadline, clock, step, due_at
    CLOSED = "closed"  # outcome, [text]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvent:
    """One change of a case: what, when, by whom ("" is the monitor itself), and the state before and after.

    `seq` counts the events of one case from 1; 0 where it is not stored yet.
    """

    kind: EventKind
    at: datetime
    person: str = ""
    body: Mapping[str, JSON] = field(default_factory=dict)
    before: CaseState | None = None
    after: CaseState | None = None
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case as its events have left it; `monitor.cases.states.fold` makes it from them and nothing else.

    `classes` are special cases and `negative`, `story` or `manual`, sorted. `round` counts from 1 and rises when it
    reopens: the clocks start anew, from `published_at` (None where unknown) and `found_at`. `acknowledged_at` is when
    the customer first heard of us in this round, `answered_at` when the full answer was given or seen, `resolved_at`
    when the resolve clock stopped. While `waiting_at` is set the customer has the word; `waited` is the time before
    that. `attempts` are all, `failed` those in a row that did not reach the customer. `cleared_by` is the person with
    the role legal; `silent_reason` why nobody answers; `seq` the number of the last event.
    """

    id: int
    brand: str
    state: CaseState
    classes: tuple[str, ...]
    opened_at: datetime
    found_at: datetime
    published_at: datetime | None = None
    round: int = 1
    owner: str | None = None
    verdict: Verdict | None = None
    acknowledged_at: datetime | None = None
    answered_at: datetime | None = None
    resolved_at: datetime | None = None
    waiting_at: datetime | None = None
    waited: timedelta = timedelta()
    attempts: int = 0
    failed: int = 0
    public_replies: int = 0
    cleared_by: str | None = None
    findings: str | None = None
    offered: bool = False
    silent_reason: str | None = None
    ticket: str | None = None
    outcome: Outcome | None = None
    closed_at: datetime | None = None
    merged_into: int | None = None
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeHours:
    """When people work: `days` of the week (0 is Monday) from `begin` to `end` in the time zone `zone`, no holidays."""

    zone: str
    days: frozenset[int]
    begin: time
    end: time
    holidays: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybookSettings:
    """What sources.yaml says of a class of cases; None where it leaves the shipped value."""

    acknowledge: timedelta | None = None
    resolve: timedelta | None = None
    remind: timedelta | None = None
    pause: timedelta | None = None
    ladder: tuple[str, ...] | None = None
    tell: tuple[str, ...] | None = None
    duties: frozenset[Duty] | None = None
    always: bool | None = None
    attempts: int | None = None
    templates: Mapping[str, Mapping[str, str]] | None = None
    """By language, then by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbook:
    """What is due in a case: the deadlines, who hears of them, and duties.

    `remind` is how long before a deadline the first of the `ladder` is reminded; the second hears at the breach, each
    further one a `pause` after the one before. `tell` hear at once when such a case opens. A step is `owner`, a role,
    `founder`, or the name of a person or receiver. `always` counts hours when the office is closed, too. After
    `attempts` failed ones in a row anybody may give up reaching the customer.
    """

    acknowledge: timedelta
    resolve: timedelta
    remind: timedelta
    pause: timedelta
    ladder: tuple[str, ...]
    tell: tuple[str, ...] = ()
    duties: frozenset[Duty] = frozenset()
    always: bool = False
    attempts: int = 3


class DeadlineKind(StrEnum):
    """What is due: that the customer hears of us, that the matter is resolved, that the customer keeps us waiting.

    The last is nobody's fault: it is reminded of once in each waiting, and never missed.
    """

    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    WAIT = "wait"


class CaseClock(StrEnum):
    """Where a deadline is counted from: publication is the customer's view, detection is what staff can answer for."""

    PUBLISHED = "published"
    FOUND = "found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """When something happens unless what is due is done: `step` 0 reminds, 1 is the breach, 2… escalate.

    `due_at` is the deadline itself, `at` the moment of this step, `to` the step of the ladder that hears, None where
    the breach is only recorded. Of the kind `wait` there is one step, a reminder; its number names the waiting.
    """

    kind: DeadlineKind
    clock: CaseClock
    step: int
    at: datetime
    due_at: datetime
    to: str | None


class NoticeKind(StrEnum):
    """What people are told of a case."""

    OPENED = "opened"
    ASSIGNED = "assigned"
    REMINDER = "reminder"
    BREACH = "breach"
    REOPENED = "reopened"
    ANSWER_GONE = "answer_gone"
    WROTE = "wrote"
    GRAVER = "graver"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeIntent:
    """A decision that people must hear of a case; becomes an alert.

    `key` is the natural key. `deadline`, `clock` and `due_at` are those of a reminder or breach; `post_id` is the post
    that brought it about; `reason` says why, and `to` pairs receivers' names with why they are told.
    """

    key: str
    kind: NoticeKind
    case_id: int
    reason: str
    to: tuple[tuple[str, str], ...]
    deadline: DeadlineKind | None = None
    clock: CaseClock | None = None
    due_at: datetime | None = None
    post_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeView:
    """A stored notice as messages tell it, with its case and the post that it is about (the last one if none is)."""

    id: int
    alert_id: int
    kind: NoticeKind
    reason: str
    at: datetime
    case: Case
    deadline: DeadlineKind | None
    due_at: datetime | None
    source: str | None
    title: str
    text: str
    url: str | None
    author: str | None
    posts: int
    is_locked: bool = False
    """Whether nothing may be answered without the word of legal; by the playbooks, which no store knows."""
