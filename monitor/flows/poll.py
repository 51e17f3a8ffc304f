"""One visit to one source. Read this file first: it is the way of the data.

    fetch ─► read ─► unseen? ─► judge ─► ┌ one write transaction ──────────────────────────────┐
    fetching  worker   store     worker  │ assess ─► decide ─► posts, mentions, alerts,        │
                                         │ deliveries, messages, cursor, validators, host      │
                                         └─────────────────────────────────────────────────────┘

A crash before a commit repeats the visit (identity knows the posts again); a crash after it delivers all the same
(the messages are in the database). Nothing is marked as seen that is not stored with all that follows from it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.alerting.routes import decide
from monitor.errors import SourceError, WorkerKilled
from monitor.models import JSON, Backfill, Validators
from monitor.tracking.health import FAILING_AFTER, after_failure, after_success
from monitor.tracking.identity import identify, is_new
from monitor.understanding.assess import Context, assess

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from monitor.flows.ports import Plan, Ports
    from monitor.models import HostState, Judgement, Post, Request, Response, Source, SourceState
    from monitor.store import LeasedSource, Store
    from monitor.tracking.identity import Identified

TOGETHER: Final = 50  # posts that are judged, and stored in one transaction
OVERRUN: Final = "more was new than could be paged back: posts may have been missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a source showed: the posts never seen before, newest first, and what the next poll starts from."""

    new: tuple[Identified, ...]
    shown: int
    cursor: Mapping[str, JSON]
    validators: Validators
    not_modified: bool = False
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PollReport:
    """What a poll came to, for logs, metrics and `monitor poll`."""

    source: str
    shown: int = 0
    new: int = 0
    mentions: int = 0
    alerts: int = 0
    not_modified: bool = False
    error: SourceError | None = None

    def to_json(self) -> dict[str, JSON]:
        """The report as an object of JSON; `error` is "reason: words" or null."""
        error = f"{self.error.reason}: {self.error}" if self.error else None
        return {**asdict(replace(self, error=None)), "error": error}

    def plus(self, *, posts: int, mentions: int, alerts: int) -> PollReport:
        """The report with these counted in."""
        return replace(self, new=self.new + posts, mentions=self.mentions + mentions, alerts=self.alerts + alerts)


@dataclass(frozen=True, slots=True)
class Record:
    """What one write transaction is given: some posts with their judgements, and with the last ones the visit."""

    source: Source
    leased: LeasedSource
    posts: Sequence[Identified]
    judgements: Sequence[Judgement | None]
    visit: Visit | None
    hosts: Sequence[HostState]


class Recorded(NamedTuple):
    """What a write transaction led to."""

    mentions: int
    alerts: int


async def poll(source: Source, leased: LeasedSource, *, ports: Ports, plan: Plan) -> PollReport:
    """Visit `source`, store what is new with all that follows from it, and say when to come again.

    Raises nothing that a source can cause: its faults are stored in its row and returned in the report. What is new is
    judged and stored some posts at a time, oldest first, so that a poll that is broken off again and again, by crashes
    or by one post that kills its worker, still gets further each time; the row of the source goes with the last ones.
    """
    report = PollReport(source=source.name)
    try:
        visit = await visit_source(source, leased, ports=ports, plan=plan)
        report = replace(report, shown=visit.shown, not_modified=visit.not_modified)
        oldest_first = visit.new[::-1]
        for start in range(0, max(len(oldest_first), 1), TOGETHER):
            posts = oldest_first[start : start + TOGETHER]
            judgements = await _judge([found.post for found in posts], source, ports=ports)
            is_last = start + TOGETHER >= len(oldest_first)
            record = Record(source, leased, posts, judgements, visit if is_last else None, ports.fetcher.host_states())
            now = ports.clock.now()
            recorded = await ports.writer.run(partial(_apply, record=record, plan=plan, now=now))
            report = report.plus(posts=len(posts), mentions=recorded.mentions, alerts=recorded.alerts)
    except SourceError as error:
        hosts, now = ports.fetcher.host_states(), ports.clock.now()
        state = after_failure(leased.state, error, every=source.every, now=now)
        await ports.writer.run(lambda store: store.finish_poll(leased, state, hosts))
        return replace(report, error=error)
    return report


async def visit_source(source: Source, leased: LeasedSource, *, ports: Ports, plan: Plan) -> Visit:
    """Fetch and read until something known is seen; nothing is stored. Raises SourceError.

    The first visit of a source takes one page: what was there before is history. Later ones page back while all of a
    page is new.
    """
    state = leased.state
    request = plan.kinds[source.name].start(state.cursor, ports.clock.now())
    response = await _fetch(source, request, validators=state.validators, ports=ports, plan=plan)
    if response.not_modified:
        return Visit(new=(), shown=0, cursor=state.cursor, validators=response.validators, not_modified=True)
    page = await ports.worker.read(plan.kinds[source.name], request, response, state.cursor)
    identified = identify(page.posts)
    new = await _unseen(identified, leased, ports)
    note = None
    if state.baseline_at and new and len(new) == len(identified):
        older, note = await _page_back(source, leased, page.more, ports=ports, plan=plan)
        new = list({found.key: found for found in (*new, *older)}.values())
    return Visit(new=tuple(new), shown=len(identified), cursor=page.cursor, validators=response.validators, note=note)


async def _page_back(
    source: Source, leased: LeasedSource, more: tuple[Request, ...], *, ports: Ports, plan: Plan
) -> tuple[list[Identified], str | None]:
    """The unseen posts of further pages until one shows something known; a note when that was never reached."""
    found: list[Identified] = []
    kind = plan.kinds[source.name]
    for _ in range(source.max_pages - 1):
        if not more:
            return found, None
        try:
            response = await _fetch(source, more[0], validators=Validators(), ports=ports, plan=plan)
            page = await ports.worker.read(kind, more[0], response, leased.state.cursor)
        except SourceError as error:
            # A page that keeps failing must not hold back for ever what the first pages showed.
            if leased.state.failures < FAILING_AFTER:
                raise
            return found, f"{OVERRUN} ({error})"
        identified = identify(page.posts)
        new = await _unseen(identified, leased, ports)
        found += new
        if len(new) < len(identified):
            return found, None
        more = page.more
    return found, OVERRUN if more else None


async def _fetch(source: Source, request: Request, *, validators: Validators, ports: Ports, plan: Plan) -> Response:
    """The answer to a request; secrets are put in on the way out and taken out of the address on the way back."""
    address = plan.reveal(request.url)
    response = await ports.fetcher.fetch(
        replace(request, url=address),
        allow=source.allow,
        headers=tuple((name, plan.reveal(value)) for name, value in source.headers),
        validators=validators,
    )
    return replace(response, url=request.url) if response.url == address else response


async def _unseen(identified: Sequence[Identified], leased: LeasedSource, ports: Ports) -> list[Identified]:
    identities = {identity for item in identified for identity in item.identities}
    unseen = await ports.writer.run(lambda store: store.unseen(leased.id, identities))
    return [item for item in identified if is_new(item, unseen)]


async def _judge(posts: Sequence[Post], source: Source, *, ports: Ports) -> list[Judgement | None]:
    """The judgements of `posts`; a page that is too much for one worker is halved until each half is not.

    Raises WorkerKilled when a single post is too much: the source then fails visibly, rather than lose a mention.
    """
    try:
        return await ports.worker.judge(posts, site_weight=source.weight)
    except WorkerKilled:
        if len(posts) < 2:
            raise
    middle = len(posts) // 2
    return [
        *await _judge(posts[:middle], source, ports=ports),
        *await _judge(posts[middle:], source, ports=ports),
    ]


def _apply(store: Store, *, record: Record, plan: Plan, now: datetime) -> Recorded:
    """The write transaction: all that these posts lead to, or nothing of it."""
    source, leased = record.source, record.leased
    silent = leased.state.baseline_at is None and source.backfill is Backfill.SILENT
    mentions = alerts = 0
    with store.transaction():
        for found, judgement in zip(record.posts, record.judgements, strict=True):
            guessed = judgement.lang if judgement else None
            post = replace(found.post, lang=found.post.lang or source.lang or guessed)
            post_id = store.add_post(leased.id, post, identities=found.identities, now=now)
            if post_id is None or judgement is None:
                continue
            for mention in assess(judgement, Context(baseline=silent), now):
                decision = decide(
                    post,
                    mention,
                    source=source.name,
                    key=f"{source.name}:{found.key}",
                    baseline=silent,
                    competitor=mention.brand in plan.competitors,
                    routes=plan.routes,
                )
                mention_id = store.add_mention(post_id, mention, decision=decision.reason, now=now)
                mentions += 1
                if decision.alert is not None:
                    store.add_alert(mention_id, decision.alert, now=now)
                    alerts += 1
        if record.visit is not None:
            store.finish_poll(leased, _state_after(record.visit, record, store=store, now=now), record.hosts)
    return Recorded(mentions, alerts)


def _state_after(visit: Visit, record: Record, *, store: Store, now: datetime) -> SourceState:
    return after_success(
        record.leased.state,
        every=record.source.every,
        validators=visit.validators,
        cursor=visit.cursor,
        new_posts=len(visit.new),
        emptied=not visit.not_modified and visit.shown == 0 and store.has_posts(record.leased.id),
        note=visit.note,
        now=now,
    )
