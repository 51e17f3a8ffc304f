"""One visit to one source. Read this file first: it is the way of the data.

    fetch ─► read ─► unseen? ─► judge ─► ┌ one write transaction ──────────────────────────────┐
    fetching  worker   store     worker  │ assess ─► decide ─► posts, mentions, alerts,        │
                                         │ deliveries, messages, alarms, cursor, host          │
                                         └─────────────────────────────────────────────────────┘

A crash before a commit repeats the visit (identity knows the posts again); a crash after it delivers all the same
(the messages are in the database). Nothing is marked as seen that is not stored with all that follows from it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from monitor.errors import SourceError, WorkerKilled
from monitor.flows.judging import judge_posts
from monitor.flows.recording import Batch, record
from monitor.flows.settling import settle
from monitor.flows.visit import visit_source
from monitor.tracking.health import after_failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.flows.ports import Plan, Ports
    from monitor.flows.recording import Judged
    from monitor.models import JSON, Source
    from monitor.store import LeasedSource
    from monitor.tracking.identity import Identified
    from monitor.tracking.network import Contact

TOGETHER: Final = 50  # posts that are judged, and stored in one transaction


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


async def poll(source: Source, leased: LeasedSource, *, ports: Ports, plan: Plan) -> PollReport:
    """Visit `source`, store what is new with all that follows from it, and say when to come again.

    Raises nothing that a source can cause: its faults are stored in its row and returned in the report. What is new is
    judged and stored some posts at a time, oldest first, so that a poll that is broken off again and again, by crashes
    or by one post that kills its worker, still gets further each time; the row of the source goes with the last ones.
    """
    report = PollReport(source=source.name)
    begun_at = ports.clock.now()

    def contact(error: SourceError | None = None) -> Contact:
        was_failing, now = leased.state.failures > 0, ports.clock.now()
        among = plan.sources.values()
        return ports.contacts.note(source, error, among=among, begun_at=begun_at, now=now, was_failing=was_failing)

    try:
        visit = await visit_source(source, leased, ports=ports, plan=plan)
        report = replace(report, shown=visit.shown, not_modified=visit.not_modified)
        answered = contact()
        oldest_first = visit.new[::-1]
        for start in range(0, max(len(oldest_first), 1), TOGETHER):
            new = oldest_first[start : start + TOGETHER]
            is_last = start + TOGETHER >= len(oldest_first)
            batch = Batch(
                source=source,
                leased=leased,
                new=await _judge(new, source, ports=ports),
                changed=await _judge(visit.changed, source, ports=ports) if is_last else (),
                visit=visit if is_last else None,
                history=visit.history,
                added=visit.added,
                hosts=ports.fetcher.host_states(),
                contact=answered,
            )
            now = ports.clock.now()
            recorded = await ports.writer.run(partial(record, batch=batch, plan=plan, now=now))
            report = report.plus(posts=len(new), mentions=recorded.mentions, alerts=recorded.alerts)
    except SourceError as error:
        hosts, now = ports.fetcher.host_states(), ports.clock.now()
        state = after_failure(leased.state, error, every=source.every, now=now)
        said = contact(error)
        await ports.writer.run(
            lambda store: settle(store, leased, state, hosts=hosts, plan=plan, now=now, contact=said)
        )
        return replace(report, error=error)
    return report


async def _judge(found: Sequence[Identified], source: Source, *, ports: Ports) -> list[Judged]:
    """The posts, each with its judgement.

    Raises WorkerKilled when a single post is too much: the source then fails visibly, rather than lose a mention.
    """
    posts = [replace(one.post, lang=one.post.lang or source.lang) for one in found]
    judged: list[Judged] = []
    for one, post, said in zip(
        found, posts, await judge_posts(posts, weight=source.weight, worker=ports.worker), strict=True
    ):
        if isinstance(said, WorkerKilled):
            raise said
        judged.append((replace(one, post=post), said))
    return judged
