"""The verbs of the outbox: alerts, deliveries and messages, written with what caused them and settled one by one."""

from __future__ import annotations

from base64 import b32encode
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2s
from typing import TYPE_CHECKING, Final

from monitor.store import rows
from monitor.store.queries import ALARM_VIEW, ALERT_VIEW, NOTICE_VIEW, alarm_view, alert_view, notice_view

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlite_utils import Database

    from monitor.models import AlarmView, AlertIntent, AlertView, NoticeView


# The state of a delivery, from the states of its messages; `:now` is when it was settled if it is.
SETTLED: Final = """
    (state, settled_at) = (SELECT state, CASE WHEN state <> 'pending' THEN coalesce(settled_at, :now) END FROM (
        SELECT CASE
            WHEN count(*) = 0 OR max(messages.state = 'pending') THEN 'pending'
            WHEN max(messages.state = 'dead') THEN 'dead'
            WHEN max(messages.state = 'sent') THEN 'sent'
            ELSE 'muted' END AS state
        FROM message_deliveries JOIN messages ON messages.id = message_id WHERE delivery_id = deliveries.id))
"""
CLAIM: Final = timedelta(minutes=5)  # much longer than any target may take


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingMessage:
    """A claimed message: `attempts` counts those already made.

    It carries mentions (`alerts`), `alarms` or `notices` of cases, oldest first, of one sort only.
    """

    id: str
    receiver: str
    target: str
    attempts: int
    created_at: datetime
    alerts: tuple[AlertView, ...] = ()
    alarms: tuple[AlarmView, ...] = ()
    notices: tuple[NoticeView, ...] = ()


def message_id(alert_key: str, receiver: str, target: str) -> str:
    """26 characters that name one message for ever: a repetition after a crash carries the same."""
    digest = blake2s(f"{alert_key}\x00{receiver}\x00{target}".encode(), digest_size=16).digest()
    return b32encode(digest).decode().rstrip("=").lower()


class OutboxVerbs:
    """The outbox half of `Store`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; durable when it ends. May be nested."""
        with self._db.atomic():
            yield

    def add_alert(self, mention_id: int, intent: AlertIntent, *, now: datetime) -> None:
        """Store an alert about a mention, a delivery for each receiver and a message for each of its targets.

        Writing the same intent again changes nothing.
        """
        self._add_alert(intent, mention_id=mention_id, now=now)

    def is_alerted(self, mention_id: int) -> bool:
        """Whether people were told of a mention, or are about to be."""
        return bool(self._db.execute("SELECT 1 FROM alerts WHERE mention_id = ? LIMIT 1", (mention_id,)).fetchall())

    def _add_alert(
        self,
        intent: AlertIntent,
        *,
        mention_id: int | None = None,
        alarm_id: int | None = None,
        notice_id: int | None = None,
        now: datetime,
    ) -> None:
        """An alert about one of the three."""
        at = rows.to_text(now)
        alert = self._insert(
            "INSERT INTO alerts (key, mention_id, alarm_id, notice_id, reason, created_at) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (key) DO NOTHING RETURNING id",
            (intent.key, mention_id, alarm_id, notice_id, intent.reason, at),
        )
        if alert is None:
            return
        for receiver, reason in intent.to:
            delivery = self._insert(
                "INSERT INTO deliveries (alert_id, receiver, reason, created_at) VALUES (?, ?, ?, ?) RETURNING id",
                (alert, receiver.name, reason, at),
            )
            for target in receiver.targets:
                message = message_id(intent.key, receiver.name, target.key)
                # After a restore the message may be there already, and sent: nobody is told twice.
                fresh = self._db.execute(
                    "INSERT INTO messages (id, receiver, target, next_at, created_at) VALUES (?, ?, ?, ?, ?) "
                    "ON CONFLICT (id) DO NOTHING",
                    (message, receiver.name, target.key, at, at),
                ).rowcount
                self._db.execute("INSERT INTO message_deliveries VALUES (?, ?)", (message, delivery))
                if not fresh:
                    self._settle_deliveries(message, at)

    def _insert(self, statement: str, values: Sequence[object] | dict[str, object]) -> int | None:
        """The number that an INSERT … RETURNING returned, None where a conflict left nothing to do."""
        # sqlite-utils commits writes by itself, but not those that return rows; the transaction does.
        with self._in_transaction():
            returned = self._db.execute(statement, values).fetchall()
        return int(returned[0][0]) if returned else None

    def _in_transaction(self) -> AbstractContextManager[None]:
        """The caller's transaction, or one of our own: a savepoint for each row would double its cost."""
        return nullcontext() if self._db.conn.in_transaction else self.transaction()

    def claim_messages(self, now: datetime, limit: int) -> list[PendingMessage]:
        """Take up to `limit` messages whose time has come: of each target the oldest due one, one at a time.

        A claim that was not settled within CLAIM is void: the disk may have been full when it should have been.
        """
        at = rows.to_text(now)
        with self.transaction():
            due = list(
                self._db.query(
                    """
                    SELECT min(rowid) AS oldest, id, receiver, target, attempts, created_at FROM messages
                    WHERE state = 'pending' AND next_at <= :now
                      AND (receiver, target) NOT IN (
                          SELECT receiver, target FROM messages WHERE state = 'pending' AND claimed_at > :stale)
                    GROUP BY receiver, target ORDER BY oldest LIMIT :limit
                    """,
                    {"now": at, "stale": rows.to_text(now - CLAIM), "limit": limit},
                )
            )
            for row in due:
                self._db.execute("UPDATE messages SET claimed_at = ? WHERE id = ?", (at, row["id"]))
            return [self._pending_message(row) for row in due]

    def _pending_message(self, row: Mapping[str, object]) -> PendingMessage:
        carried = (
            " JOIN deliveries ON deliveries.alert_id = alerts.id "
            "JOIN message_deliveries ON message_deliveries.delivery_id = deliveries.id "
            "WHERE message_deliveries.message_id = ? ORDER BY alerts.id"
        )
        alerts = self._db.query(ALERT_VIEW + carried, (row["id"],))
        alarms = self._db.query(ALARM_VIEW + carried, (row["id"],))
        notices = self._db.query(NOTICE_VIEW + carried, (row["id"],))
        created_at = rows.to_moment(str(row["created_at"]))
        assert created_at is not None  # noqa: S101 - the column is NOT NULL
        return PendingMessage(
            id=str(row["id"]),
            receiver=str(row["receiver"]),
            target=str(row["target"]),
            attempts=int(str(row["attempts"])),
            created_at=created_at,
            alerts=tuple(map(alert_view, alerts)),
            alarms=tuple(map(alarm_view, alarms)),
            notices=tuple(map(notice_view, notices)),
        )

    def message_sent(self, message_id: str, now: datetime) -> None:
        """The target took it; a delivery is sent when each of its messages is."""
        self._settle(message_id, state="sent", error=None, now=now)

    def message_dead(self, message_id: str, error: str, now: datetime) -> None:
        """Given up; its deliveries are dead once nothing of them is pending."""
        self._settle(message_id, state="dead", error=error, now=now)

    def message_retry(self, message_id: str, *, error: str, next_at: datetime) -> None:
        """The target did not take it; try again at `next_at`."""
        self._db.execute(
            "UPDATE messages SET attempts = attempts + 1, claimed_at = NULL, next_at = ?, error = ? WHERE id = ?",
            (rows.to_text(next_at), error, message_id),
        )

    def _settle(self, message_id: str, *, state: str, error: str | None, now: datetime) -> None:
        at = rows.to_text(now)
        with self.transaction():
            self._db.execute(
                "UPDATE messages SET state = ?, attempts = attempts + 1, claimed_at = NULL, settled_at = ?, error = ? "
                "WHERE id = ?",
                (state, at, error, message_id),
            )
            self._settle_deliveries(message_id, at)

    def _settle_deliveries(self, message_id: str, at: str) -> None:
        carried = "SELECT delivery_id FROM message_deliveries WHERE message_id = :id"
        self._db.execute(f"UPDATE deliveries SET {SETTLED} WHERE id IN ({carried})", {"now": at, "id": message_id})  # noqa: S608 - constants

    def revive_delivery(self, delivery_id: int, now: datetime) -> int:
        """Make the dead messages of a dead delivery pending again; returns how many there were."""
        with self.transaction():
            revived = self._db.execute(
                """
                UPDATE messages SET state = 'pending', settled_at = NULL, claimed_at = NULL, next_at = ?
                WHERE state = 'dead' AND id IN (SELECT message_id FROM message_deliveries WHERE delivery_id = ?)
                """,
                (rows.to_text(now), delivery_id),
            ).rowcount
            if revived:
                self._db.execute(
                    "UPDATE deliveries SET state = 'pending', settled_at = NULL WHERE id = ?", (delivery_id,)
                )
        return int(revived)
