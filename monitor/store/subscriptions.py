"""The verbs of subscriptions: what persons want to hear of, kept until they end it; what ended stays on record."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING

from monitor.models import Cadence, Subscription
from monitor.store import rows
from monitor.store.outbox import OutboxVerbs

if TYPE_CHECKING:
    from datetime import datetime

    from sqlite_utils import Database


class SubscriptionReading:
    """What is asked of subscriptions, in the writer's transaction and beside it."""

    _db: Database

    def subscriptions(self) -> list[Subscription]:
        """Those that have not ended, of persons who have not left, in the order in which they were added."""
        found = self._db.query(
            "SELECT subscriptions.*, persons.receiver FROM subscriptions JOIN persons ON persons.name = person "
            "WHERE ended_at IS NULL AND left_at IS NULL ORDER BY id"
        )
        return [
            Subscription(
                id=row["id"],
                person=row["person"],
                receiver=row["receiver"],
                match=row["match"],
                cadence=Cadence(row["cadence"]),
                at=time.fromisoformat(row["time_of_day"]),
                day=row["day"],
                zone=row["zone"],
                language=row["language"],
                always=bool(row["always"]),
            )
            for row in found
        ]


class SubscriptionVerbs(SubscriptionReading, OutboxVerbs):
    """The part of `Store` that keeps subscriptions."""

    def add_subscription(self, wanted: Subscription, now: datetime) -> int:
        """Keep what a person wants to hear of, and return its number; that of `wanted` is not looked at.

        The person must be known, or have been: that is the caller's to see to.
        """
        added = self._insert(
            "INSERT INTO subscriptions (person, match, cadence, time_of_day, day, zone, language, always, added_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (
                wanted.person,
                wanted.match,
                wanted.cadence.value,
                wanted.at.isoformat("minutes"),
                wanted.day,
                wanted.zone,
                wanted.language,
                int(wanted.always),
                rows.to_text(now),
            ),
        )
        assert added is not None  # noqa: S101 - nothing can conflict
        return added

    def end_subscription(self, number: int, now: datetime) -> bool:
        """From now on nobody hears by it. False where there is none of that number, or it has ended."""
        ended = self._db.execute(
            "UPDATE subscriptions SET ended_at = ? WHERE id = ? AND ended_at IS NULL", (rows.to_text(now), number)
        )
        return ended.rowcount > 0
