"""The verbs that change sources, hosts, posts and mentions. Synchronous; used by one thread at a time.

Every verb that must be atomic with others is called inside `transaction()`; natural keys under UNIQUE make each of
them safe to repeat after a crash.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from monitor.store import rows
from monitor.store.adaptations import AdaptationVerbs
from monitor.store.alarms import AlarmVerbs
from monitor.store.answers import AnswerVerbs
from monitor.store.backlog import BacklogVerbs
from monitor.store.cases import CaseVerbs
from monitor.store.corrections import CorrectionVerbs
from monitor.store.digests import DigestVerbs
from monitor.store.erase import EraseVerbs
from monitor.store.followed import FollowVerbs
from monitor.store.forgotten import mark
from monitor.store.groups import GroupVerbs
from monitor.store.history import HistoryReading
from monitor.store.learned import LearnedVerbs
from monitor.store.persons import PersonVerbs
from monitor.store.posts import PostVerbs
from monitor.store.rescore import RescoreVerbs
from monitor.store.retention import RetentionVerbs
from monitor.store.signals import SignalVerbs
from monitor.store.silences import SilenceVerbs
from monitor.store.stances import StanceVerbs
from monitor.store.stories import StoryVerbs
from monitor.store.storms import StormVerbs
from monitor.store.subscriptions import SubscriptionVerbs
from monitor.store.tidying import TidyVerbs
from monitor.store.vanished import VanishedVerbs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from monitor.models import HostState, Source, SourceState

LEASE: Final = timedelta(minutes=15)  # longer than any poll may take; a crashed daemon's leases are dropped at start


@dataclass(frozen=True, slots=True)
class LeasedSource:
    """A source that is this caller's to poll; `until`, the end of the lease, is also what the lease is known by."""

    id: int
    state: SourceState
    until: str


class Store(
    PostVerbs,
    StoryVerbs,
    StanceVerbs,
    CorrectionVerbs,
    LearnedVerbs,
    AdaptationVerbs,
    EraseVerbs,
    RetentionVerbs,
    TidyVerbs,
    RescoreVerbs,
    AnswerVerbs,
    AlarmVerbs,
    FollowVerbs,
    VanishedVerbs,
    CaseVerbs,
    PersonVerbs,
    GroupVerbs,
    BacklogVerbs,
    SignalVerbs,
    SilenceVerbs,
    SubscriptionVerbs,
    StormVerbs,
    DigestVerbs,
    HistoryReading,
):
    """Writing side of the database."""

    def close(self) -> None:
        """Move the WAL into the file and close it."""
        self._db.execute("PRAGMA optimize")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()

    # ── sources and hosts ──

    def sync_sources(self, sources: Sequence[Source], hosts: Mapping[str, str], now: datetime) -> None:
        """Make the rows follow the configuration; `hosts` maps a source's name to its host:port.

        A source that is gone keeps its row and history but is polled no more; one whose kind or address changed
        starts over with a silent first poll.
        """
        with self.transaction():
            self._db.execute("UPDATE sources SET active = 0")
            for source in sources:
                self.unfollow_moved(source.name, kind=source.kind, url=source.url)
                self._db.execute(
                    """
                    INSERT INTO sources (name, kind, url, host, active, every_seconds, next_at)
                    VALUES (:name, :kind, :url, :host, :active, :every, :now)
                    ON CONFLICT (name) DO UPDATE SET
                        active = excluded.active, host = excluded.host, every_seconds = excluded.every_seconds,
                        cursor = CASE WHEN (kind, url) = (excluded.kind, excluded.url) THEN cursor ELSE '{}' END,
                        etag = CASE WHEN (kind, url) = (excluded.kind, excluded.url) THEN etag END,
                        last_modified = CASE WHEN (kind, url) = (excluded.kind, excluded.url) THEN last_modified END,
                        baseline_at = CASE WHEN (kind, url) = (excluded.kind, excluded.url) THEN baseline_at END,
                        leased_until = CASE WHEN (kind, url) = (excluded.kind, excluded.url) THEN leased_until END,
                        failures = CASE WHEN (kind, url) = (excluded.kind, excluded.url) THEN failures ELSE 0 END,
                        interval_seconds = CASE WHEN every_seconds = excluded.every_seconds THEN interval_seconds END,
                        next_at = CASE WHEN (kind, url) = (excluded.kind, excluded.url)
                                  THEN min(next_at, :latest) ELSE excluded.next_at END,
                        kind = excluded.kind, url = excluded.url
                    """,
                    {
                        "name": source.name,
                        "kind": source.kind,
                        "url": source.url,
                        "host": hosts[source.name],
                        "active": int(source.enabled),
                        "every": source.every.total_seconds(),
                        "now": rows.to_text(now),
                        "latest": rows.to_text(now + source.longest),
                    },
                )

    def start_over(self, now: datetime) -> None:
        """After a start: whatever was out when the last daemon ended is due again, and the schedule is sane."""
        with self.transaction():
            self._db.execute("UPDATE sources SET leased_until = NULL WHERE leased_until IS NOT NULL")
            # What was on its way may have arrived: it counts as tried, so that it keeps its id (store/backlog.py).
            self._db.execute(
                "UPDATE messages SET claimed_at = NULL, attempts = attempts + 1 "
                "WHERE state = 'pending' AND claimed_at IS NOT NULL"
            )
            self.clamp_schedule(now)

    def clamp_schedule(self, now: datetime) -> None:
        """After a start or a clock step: bring each next_at into [now, now + interval].

        Back-offs (failures > 0) and Retry-After (hosts) are promises to others and stay, up to a day.
        """
        with self.transaction():
            for row in list(self._db.query("SELECT * FROM sources WHERE active")):
                interval = timedelta(seconds=float(row["interval_seconds"] or row["every_seconds"]))
                ahead = timedelta(days=1) if row["failures"] else interval
                latest = rows.to_text(now + ahead)
                if str(row["next_at"]) > latest:
                    self._db.execute("UPDATE sources SET next_at = ? WHERE id = ?", (latest, row["id"]))
            self.clamp_followed(now, timedelta(days=1))
            latest = rows.to_text(now + timedelta(days=1))
            self._db.execute("UPDATE hosts SET retry_at = ? WHERE retry_at > ?", (latest, latest))
            # A gap lasts seconds and a message's pause minutes; what lies further ahead was written by another clock.
            soon = rows.to_text(now + timedelta(minutes=15))
            self._db.execute("UPDATE hosts SET next_at = NULL WHERE next_at > ?", (soon,))
            # A target that asked to be left alone is left alone by a restarted daemon, too.
            self._db.execute(
                "UPDATE messages SET next_at = CASE WHEN error LIKE 'rate-limited:%' THEN min(next_at, :latest) "
                "ELSE :soon END WHERE state = 'pending' AND next_at > :soon",
                {"soon": soon, "latest": latest},
            )
            # What quiet hours hold for longer is held again.
            self._db.execute("UPDATE groups SET due_at = ? WHERE due_at > ?", (latest, latest))
            at = rows.to_text(now)
            self._db.execute("UPDATE storms SET told_at = :at WHERE told_at > :at AND closed_at IS NULL", {"at": at})
            self._db.execute("DELETE FROM pings WHERE at > ?", (at,))

    def lease_due(self, now: datetime, limit: int, *, per_host: int = 2) -> list[LeasedSource]:
        """Take up to `limit` sources whose time has come, the longest waiting first.

        At most `per_host` of one host are out at a time (one on the wire, one being read), so that many sources
        behind one slow host cannot fill every place; none of a host that is to be left alone.
        """
        at = rows.to_text(now)
        with self.transaction():
            due = list(
                self._db.query(
                    """
                    WITH busy AS (
                        SELECT host, count(*) AS polls FROM sources WHERE leased_until > :now GROUP BY host
                    ), due AS (
                        SELECT sources.*,
                               row_number() OVER (PARTITION BY host ORDER BY sources.next_at, id)
                               + coalesce(busy.polls, 0) AS place
                        FROM sources LEFT JOIN busy USING (host) LEFT JOIN hosts USING (host)
                        WHERE active AND sources.next_at <= :now AND (leased_until IS NULL OR leased_until <= :now)
                          AND coalesce(hosts.retry_at, '') <= :now AND coalesce(hosts.next_at, '') <= :now
                    )
                    SELECT * FROM due WHERE place <= :per_host ORDER BY next_at, id LIMIT :limit
                    """,
                    {"now": at, "per_host": per_host, "limit": limit},
                )
            )
            until = rows.to_text(now + LEASE)
            for row in due:
                self._db.execute("UPDATE sources SET leased_until = ? WHERE id = ?", (until, row["id"]))
        return [LeasedSource(id=int(row["id"]), state=rows.source_state(row), until=until) for row in due]

    def lease_named(self, name: str, now: datetime) -> LeasedSource | None:
        """Take one source now, due or not; None when it is unknown or out already."""
        with self.transaction():
            row = next(
                self._db.query(
                    "SELECT * FROM sources WHERE name = ? AND active AND (leased_until IS NULL OR leased_until <= ?)",
                    (name, rows.to_text(now)),
                ),
                None,
            )
            if row is None:
                return None
            until = rows.to_text(now + LEASE)
            self._db.execute("UPDATE sources SET leased_until = ? WHERE id = ?", (until, row["id"]))
        return LeasedSource(id=int(row["id"]), state=rows.source_state(row), until=until)

    def finish_poll(self, leased: LeasedSource, state: SourceState, hosts: Sequence[HostState] = ()) -> bool:
        """Store what a poll left behind, of the source and of the hosts it spoke to, and give the lease back.

        Nothing of the source is stored when the lease was lost meanwhile: its address was changed, so the cursor that
        this poll left belongs to another place, or a post that it may name was erased. No row is stored of a host that
        was forgotten; what it asked for is known until the daemon stops. Returns whether the lease was still held.
        """
        finished = self._db.execute(
            """
            UPDATE sources SET leased_until = NULL, next_at = ?, cursor = ?, etag = ?, last_modified = ?,
                baseline_at = ?, last_polled_at = ?, last_success_at = ?, last_new_at = ?, failures = ?, health = ?,
                error = ?, covered_at = ?, rhythm = ?, interval_seconds = ?
            WHERE id = ? AND leased_until = ?
            """,
            (
                rows.to_text(state.next_at),
                json.dumps(state.cursor, ensure_ascii=False),
                state.validators.etag,
                state.validators.last_modified,
                rows.to_text_or_none(state.baseline_at),
                rows.to_text_or_none(state.last_polled_at),
                rows.to_text_or_none(state.last_success_at),
                rows.to_text_or_none(state.last_new_at),
                state.failures,
                state.health.value,
                state.error,
                rows.to_text_or_none(state.covered_at),
                json.dumps(dict(state.rhythm)),
                state.interval.total_seconds() if state.interval is not None else None,
                leased.id,
                leased.until,
            ),
        ).rowcount
        self._note_hosts(hosts)
        return bool(finished)

    def _note_hosts(self, hosts: Sequence[HostState]) -> None:
        forgotten = {row[0] for row in self._db.execute("SELECT hash FROM forgotten WHERE kind = 'host'").fetchall()}
        for host in hosts:
            if forgotten and mark(host.host) in forgotten:
                continue
            self._db.execute(
                """
                INSERT INTO hosts (host, next_at, retry_at, robots, robots_at) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (host) DO UPDATE SET next_at = excluded.next_at, retry_at = excluded.retry_at,
                    robots = excluded.robots, robots_at = excluded.robots_at
                WHERE (next_at, retry_at, robots_at) IS NOT (excluded.next_at, excluded.retry_at, excluded.robots_at)
                """,
                (
                    host.host,
                    rows.to_text_or_none(host.next_at),
                    rows.to_text_or_none(host.retry_at),
                    host.robots,
                    rows.to_text_or_none(host.robots_at),
                ),
            )

    def hosts(self) -> list[HostState]:
        """Every host that was ever spoken to."""
        return [rows.host_state(row) for row in self._db.query("SELECT * FROM hosts")]
