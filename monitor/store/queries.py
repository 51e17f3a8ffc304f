"""What people ask: reading only, beside a running daemon, bounded and newest first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from monitor.models import AlertView, Label, Level, Mention, MentionView, Sentiment, Span, SpecialCase, Why
from monitor.store import rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlite_utils import Database

_MENTION_COLUMNS: Final = f"""
    mentions.id AS mention_id, mentions.post_id, mentions.brand, mentions.relevance, mentions.doubtful,
    mentions.sentiment, mentions.negative, mentions.neutral, mentions.positive, mentions.influence, mentions.priority,
    mentions.spans, mentions.special_cases, mentions.why, mentions.decision, posts.discovered_at,
    sources.name AS source, {", ".join(f"posts.{name.strip()}" for name in rows.POST_COLUMNS.split(","))}
"""
_MENTION_JOINS: Final = "JOIN posts ON posts.id = mentions.post_id JOIN sources ON sources.id = posts.source_id"
MENTION_VIEW: Final = f"SELECT {_MENTION_COLUMNS} FROM mentions {_MENTION_JOINS}"  # noqa: S608 - constants
ALERT_VIEW: Final = (
    f"SELECT alerts.id AS alert_id, alerts.reason, alerts.created_at AS alert_created_at, {_MENTION_COLUMNS} "  # noqa: S608 - constants
    f"FROM alerts JOIN mentions ON mentions.id = alerts.mention_id {_MENTION_JOINS}"
)


def mention_view(row: Mapping[str, object]) -> MentionView:
    """A record from a row of MENTION_VIEW."""
    discovered_at = rows.to_moment(str(row["discovered_at"]))
    assert discovered_at is not None  # noqa: S101 - the column is NOT NULL
    return MentionView(
        id=int(str(row["mention_id"])),
        source=str(row["source"]),
        post_id=int(str(row["post_id"])),
        post=rows.post_of(row),
        discovered_at=discovered_at,
        decision=str(row["decision"]),
        mention=Mention(
            brand=str(row["brand"]),
            relevance=float(str(row["relevance"])),
            doubtful=bool(row["doubtful"]),
            spans=tuple(Span(**item) for item in json.loads(str(row["spans"]))),
            sentiment=Sentiment(
                label=Label(str(row["sentiment"])),
                negative=float(str(row["negative"])),
                neutral=float(str(row["neutral"])),
                positive=float(str(row["positive"])),
            ),
            special_cases=tuple(
                SpecialCase(**{**item, "level": Level(item["level"])}) for item in json.loads(str(row["special_cases"]))
            ),
            influence=int(str(row["influence"])),
            priority=int(str(row["priority"])),
            why=tuple(Why(**item) for item in json.loads(str(row["why"]))),
        ),
    )


def alert_view(row: Mapping[str, object]) -> AlertView:
    """A record from a row of ALERT_VIEW."""
    created_at = rows.to_moment(str(row["alert_created_at"]))
    assert created_at is not None  # noqa: S101 - the column is NOT NULL
    return AlertView(
        id=int(str(row["alert_id"])), reason=str(row["reason"]), created_at=created_at, view=mention_view(row)
    )


class Reader:
    """Reading side of the database; give each thread its own."""

    def __init__(self, db: Database) -> None:
        self._db = db

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

    def deliveries_of(self, mention_id: int) -> list[dict[str, object]]:
        """The deliveries that a mention led to."""
        return list(
            self._db.query(
                "SELECT deliveries.id, receiver, state, deliveries.reason, settled_at FROM deliveries "
                "JOIN alerts ON alerts.id = alert_id WHERE mention_id = ? ORDER BY deliveries.id",
                (mention_id,),
            )
        )

    def sources(self) -> list[dict[str, object]]:
        """Every configured source with its state, what it yielded and whether its host asked to be left alone."""
        return list(
            self._db.query(
                """
                SELECT name, kind, url, health, error, failures, every_seconds, sources.next_at, last_polled_at,
                       last_success_at, last_new_at, hosts.retry_at,
                       (SELECT count(*) FROM posts WHERE source_id = sources.id) AS posts
                FROM sources LEFT JOIN hosts USING (host) WHERE active ORDER BY name
                """
            )
        )

    def deliveries(self, *, limit: int, state: str | None = None) -> list[dict[str, object]]:
        """The newest deliveries with the attempts and last error of their messages."""
        return list(
            self._db.query(
                """
                SELECT deliveries.id, alert_id, mention_id, deliveries.receiver, deliveries.state, deliveries.reason,
                       deliveries.created_at, deliveries.settled_at, max(messages.attempts) AS attempts,
                       max(messages.error) AS error,
                       min(CASE WHEN messages.state = 'pending' THEN messages.next_at END) AS next_at
                FROM (
                    SELECT * FROM deliveries WHERE :state IS NULL OR state = :state ORDER BY id DESC LIMIT :limit
                ) AS deliveries JOIN alerts ON alerts.id = alert_id
                LEFT JOIN message_deliveries ON delivery_id = deliveries.id
                LEFT JOIN messages ON messages.id = message_id
                GROUP BY deliveries.id ORDER BY deliveries.id DESC
                """,
                {"state": state, "limit": limit},
            )
        )

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
                       (SELECT count(*) FROM deliveries WHERE state = 'dead') AS deliveries_dead,
                       (SELECT count(*) FROM sources WHERE active) AS sources,
                       (SELECT count(*) FROM sources WHERE active AND health NOT IN ('ok', 'degraded')) AS sources_bad
                """
            )
        )
        return {name: int(value) for name, value in row.items()}
