"""What people ask: reading only, beside a running daemon, bounded and newest first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from monitor.store import rows
from monitor.store.history import HistoryReading
from monitor.store.queries import MENTION_VIEW, mention_view
from monitor.store.search import Searching, register

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlite_utils import Database

    from monitor.models import HostState, Label, MentionView


class Reader(HistoryReading, Searching):
    """Reading side of the database; give each thread its own."""

    def __init__(self, db: Database) -> None:
        self._db = db
        register(db)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def mentions(
        self, *, limit: int, brand: str | None = None, sentiment: Label | None = None
    ) -> Iterator[MentionView]:
        """The newest mentions, optionally of one brand or sentiment."""
        conditions = [name for name, value in (("brand", brand), ("sentiment", sentiment)) if value is not None]
        where = " AND ".join(f"mentions.{name} = :{name}" for name in conditions) or "1"
        yield from map(
            mention_view,
            self._db.query(
                f"{MENTION_VIEW} WHERE {where} ORDER BY mentions.id DESC LIMIT :limit",
                {"brand": brand, "sentiment": sentiment and sentiment.value, "limit": limit},
            ),
        )

    def mention(self, mention_id: int) -> MentionView | None:
        """One mention, or None."""
        row = next(self._db.query(f"{MENTION_VIEW} WHERE mentions.id = ?", (mention_id,)), None)
        return None if row is None else mention_view(row)

    def removed(self, post_ids: Sequence[int]) -> dict[int, str]:
        """Those of some posts that are gone from their site, with the time at which that was seen."""
        found = self._db.execute(
            "SELECT id, removed_at FROM posts WHERE removed_at IS NOT NULL AND id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(post_ids)),),
        )
        return {int(post_id): str(removed_at) for post_id, removed_at in found.fetchall()}

    def wordings(self, post_id: int) -> list[dict[str, object]]:
        """Every wording of a post that was seen, oldest first, each with the time it was first seen and its SHA-256."""
        return list(
            self._db.query(
                """
                SELECT seen_at, hash, title, text FROM revisions WHERE post_id = :post
                UNION ALL
                SELECT coalesce((SELECT max(replaced_at) FROM revisions WHERE post_id = :post), discovered_at),
                       hash, title, text
                FROM posts WHERE id = :post ORDER BY 1
                """,
                {"post": post_id},
            )
        )

    def answers_to(self, post_id: int) -> list[dict[str, object]]:
        """The answers of brands to a post, oldest first."""
        return list(
            self._db.query(
                "SELECT brand, answered_at, url, text FROM answers JOIN posts ON posts.id = answer_id "
                "WHERE post_id = ? ORDER BY answered_at",
                (post_id,),
            )
        )

    def deliveries_of(self, mention_id: int) -> list[dict[str, object]]:
        """The deliveries that a mention led to."""
        return list(
            self._db.query(
                "SELECT deliveries.id, receiver, state, deliveries.reason, note, settled_at FROM deliveries "
                "JOIN alerts ON alerts.id = alert_id WHERE mention_id = ? ORDER BY deliveries.id",
                (mention_id,),
            )
        )

    def sources(self) -> list[dict[str, object]]:
        """Every configured source with its state, what it yielded, and how late and how completely it is seen.

        `retry_at` is until when its host asked to be left alone; `delay_minutes` is its interval and the median time
        from publication to discovery; `gaps` are stretches of time that it could not cover; `alarm` names the sorts of
        alarms that are not over.
        """
        return list(
            self._db.query(
                """
                SELECT name, sources.kind, sources.url, sources.health, sources.error, sources.failures, every_seconds,
                       sources.next_at, sources.last_polled_at, sources.last_success_at, sources.last_new_at,
                       hosts.retry_at, delay_minutes, gaps, gap_minutes, last_gap_at,
                       (SELECT group_concat(kind, ', ') FROM alarms
                        WHERE source_id = sources.id AND closed_at IS NULL) AS alarm,
                       (SELECT count(*) FROM posts WHERE source_id = sources.id) AS posts
                FROM sources JOIN v_sources USING (id) LEFT JOIN hosts ON hosts.host = sources.host
                WHERE sources.active ORDER BY name
                """
            )
        )

    def hosts(self) -> list[HostState]:
        """Every host that was ever spoken to, as the daemon noted it last."""
        return [rows.host_state(row) for row in self._db.query("SELECT * FROM hosts")]

    def network_lost_since(self) -> str | None:
        """Since when no source answers; None where one does."""
        row = self._db.execute("SELECT since_at FROM alarms WHERE kind = 'network' AND closed_at IS NULL").fetchone()
        return None if row is None else str(row[0])

    def gaps(self, source: str) -> list[dict[str, object]]:
        """The stretches of time that a source could not cover, newest first."""
        return list(
            self._db.query(
                "SELECT from_at, to_at, minutes, reason FROM v_gaps WHERE source = ? ORDER BY id DESC LIMIT 1000",
                (source,),
            )
        )

    def deliveries(self, *, limit: int, state: str | None = None) -> list[dict[str, object]]:
        """The newest deliveries, whatever they tell of, with the attempts and last error of their messages."""
        return list(
            self._db.query(
                """
                SELECT deliveries.id, alert_id, alerts.mention_id, alarms.kind AS alarm, case_notices.kind AS notice,
                       coalesce(case_notices.case_id, signals.case_id) AS case_id,
                       signals.kind AS signal, digests.name AS digest,
                       deliveries.receiver, deliveries.state, deliveries.reason, deliveries.note,
                       deliveries.created_at, deliveries.settled_at, groups.due_at AS waits_until,
                       max(messages.attempts) AS attempts, max(messages.error) AS error,
                       min(CASE WHEN messages.state = 'pending' THEN messages.next_at END) AS next_at
                FROM (
                    SELECT * FROM deliveries WHERE :state IS NULL OR state = :state ORDER BY id DESC LIMIT :limit
                ) AS deliveries JOIN alerts ON alerts.id = alert_id LEFT JOIN alarms ON alarms.id = alerts.alarm_id
                LEFT JOIN case_notices ON case_notices.id = notice_id
                LEFT JOIN signals ON signals.id = signal_id LEFT JOIN digests ON digests.id = digest_id
                LEFT JOIN groups ON groups.id = group_id AND deliveries.state = 'pending'
                LEFT JOIN message_deliveries ON delivery_id = deliveries.id
                LEFT JOIN messages ON messages.id = message_id
                GROUP BY deliveries.id ORDER BY deliveries.id DESC
                """,
                {"state": state, "limit": limit},
            )
        )

    def dead_deliveries(self) -> list[int]:
        """The numbers of all deliveries that were given up, oldest first."""
        found = self._db.execute("SELECT id FROM deliveries WHERE state = 'dead' ORDER BY id")
        return [int(row[0]) for row in found]

    def brands(self) -> list[str]:
        """The brands that have mentions; from the counts by day, which are few."""
        return [str(row[0]) for row in self._db.execute("SELECT DISTINCT brand FROM day_counts ORDER BY brand")]

    def is_blind(self) -> bool:
        """Whether there are sources and the last poll of each of them failed."""
        row = self._db.execute("SELECT count(*), sum(failures > 0) FROM sources WHERE active").fetchone()
        return bool(row[0]) and row[0] == row[1]

    def health(self) -> dict[str, int]:
        """How many sources are in which state."""
        found = self._db.query("SELECT health, count(*) AS sources FROM sources WHERE active GROUP BY health")
        return {str(row["health"]): int(row["sources"]) for row in found}

    def counts(self) -> dict[str, int]:
        """Sizes that /healthz and /metrics show."""
        row = next(
            self._db.query(
                """
                SELECT (SELECT count(*) FROM messages WHERE state = 'pending') AS messages_pending,
                       (SELECT count(*) FROM deliveries WHERE state = 'pending' AND NOT EXISTS (
                           SELECT 1 FROM message_deliveries WHERE delivery_id = deliveries.id)) AS deliveries_waiting,
                       (SELECT count(*) FROM deliveries WHERE state = 'dead') AS deliveries_dead,
                       (SELECT count(*) FROM sources WHERE active) AS sources,
                       (SELECT count(*) FROM sources WHERE active AND health NOT IN ('ok', 'degraded')) AS sources_bad
                """
            )
        )
        return {name: int(value) for name, value in row.items()}
