"""The verbs of the outbox: alerts, deliveries and messages, written with what caused them and settled one by one."""

from __future__ import annotations

import json
from base64 import b32encode
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from hashlib import blake2s
from typing import TYPE_CHECKING, Final

from monitor.store import rows
from monitor.store.queries import (
    ALARM_VIEW,
    ALERT_VIEW,
    DIGEST_VIEW,
    NOTICE_VIEW,
    SIGNAL_VIEW,
    alarm_view,
    alert_view,
    digest_view,
    notice_view,
    signal_view,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlite_utils import Database

    from monitor.models import (
        AlarmView,
        AlertIntent,
        AlertView,
        DigestView,
        Dispatch,
        Group,
        NoticeView,
        Receiver,
        SignalView,
    )


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


MANY: Final = 50  # alerts in a message, from which on each is read in part
ROOM_OF_MANY: Final = 1000  # code points of a post


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingMessage:
    """A claimed message: `attempts` counts those already made.

    It carries mentions (`alerts`), `alarms`, `notices` of cases, `signals` and `digests`, each sort oldest first.
    """

    id: str
    receiver: str
    target: str
    attempts: int
    created_at: datetime
    alerts: tuple[AlertView, ...] = ()
    alarms: tuple[AlarmView, ...] = ()
    notices: tuple[NoticeView, ...] = ()
    signals: tuple[SignalView, ...] = ()
    digests: tuple[DigestView, ...] = ()


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
        """Store an alert about a mention, with a delivery for each receiver.

        A delivery waits in its group; where it has none, there is a message for each target at once.

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
        signal_id: int | None = None,
        digest_id: int | None = None,
        now: datetime,
    ) -> None:
        """An alert about one of the five."""
        at = rows.to_text(now)
        alert = self._insert(
            "INSERT INTO alerts (key, mention_id, alarm_id, notice_id, signal_id, digest_id, reason, created_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING RETURNING id",
            (intent.key, mention_id, alarm_id, notice_id, signal_id, digest_id, intent.reason, at),
        )
        if alert is not None:
            for one in intent.to:
                self._add_delivery(alert, intent.key, one, now=now)

    def _add_delivery(self, alert: int, key: str, dispatch: Dispatch, *, now: datetime) -> None:
        receiver, reason, group = dispatch
        at = rows.to_text(now)
        targets = receiver.targets
        # After a restore all of them may have been told by a group that is not made again.
        is_told = bool(targets) and all(self._was_told(key, receiver.name, one.key) for one in targets)
        waits_in = None if group is None or is_told else self._wait_in(receiver.name, group, now=now)
        delivery = self._insert(
            "INSERT INTO deliveries (alert_id, receiver, reason, group_id, created_at) VALUES (?, ?, ?, ?, ?) "
            "RETURNING id",
            (alert, receiver.name, reason, waits_in, at),
        )
        if waits_in is None and delivery is not None:
            self._add_messages(key, receiver, {delivery: key}, at)

    def _was_told(self, key: str, receiver: str, target: str) -> bool:
        """Whether a target has taken a message about this very alert alone, or a restored database says so."""
        found = self._db.execute(
            "SELECT 1 FROM messages WHERE id = ? AND state = 'sent'", (message_id(key, receiver, target),)
        )
        return found.fetchone() is not None

    def _add_messages(self, name: str, receiver: Receiver, deliveries: Mapping[int, str], at: str) -> None:
        """A message for each target that carries these deliveries (with the keys of their alerts).

        `name` is what its id is made of. What a target was told before a restore is not in it.
        """
        settled: set[str] = set()
        for target in receiver.targets:
            message = message_id(name, receiver.name, target.key)
            carriers = {
                delivery: message_id(key, receiver.name, target.key)
                if self._was_told(key, receiver.name, target.key)
                else message
                for delivery, key in deliveries.items()
            }
            if message in carriers.values():
                fresh = self._db.execute(
                    "INSERT INTO messages (id, receiver, target, next_at, created_at) VALUES (?, ?, ?, ?, ?) "
                    "ON CONFLICT (id) DO NOTHING",
                    (message, receiver.name, target.key, at, at),
                ).rowcount
                settled.update(() if fresh else (message,))
            settled.update(carrier for carrier in carriers.values() if carrier != message)
            for delivery, carrier in carriers.items():
                self._db.execute("INSERT INTO message_deliveries VALUES (?, ?)", (carrier, delivery))
        for carrier in settled:
            self._settle_deliveries(carrier, at)

    def _wait_in(self, receiver: str, group: Group, *, now: datetime) -> int:
        """The number of the group in which one more delivery waits; its message is due as the group says."""
        found = self._db.execute(
            "SELECT id, due_at, told_at, held FROM groups WHERE (receiver, key) = (?, ?)", (receiver, group.key)
        ).fetchone()
        waiting, told = (None, None) if found is None else (rows.to_moment(found[1]), rows.to_moment(found[2]))
        if found is not None and found[3] and waiting is not None:
            # What holds the others may let this one through, and is asked anew.
            due = rows.to_text(min(waiting, group.due(waiting=None, told=told, now=now)))
        else:
            due = rows.to_text(group.due(waiting=waiting, told=told, now=now))
        if found is not None:
            self._db.execute(
                "UPDATE groups SET due_at = ?, urgent = max(urgent, ?), pressing = max(pressing, ?) WHERE id = ?",
                (due, int(group.urgent), int(group.pressing), found[0]),
            )
            return int(found[0])
        number = self._insert(
            "INSERT INTO groups (receiver, key, labels, urgent, pressing, due_at) VALUES (?, ?, ?, ?, ?, ?) "
            "RETURNING id",
            (
                receiver,
                group.key,
                json.dumps(dict(group.labels), ensure_ascii=False),
                int(group.urgent),
                int(group.pressing),
                due,
            ),
        )
        assert number is not None  # noqa: S101 - it was just inserted
        return number

    def _insert(self, statement: str, values: Sequence[object] | dict[str, object]) -> int | None:
        """The number that an INSERT … RETURNING returned, None where a conflict left nothing to do."""
        # sqlite-utils commits writes by itself, but not those that return rows; the transaction does.
        with self._in_transaction():
            returned = self._db.execute(statement, values).fetchall()
        return int(returned[0][0]) if returned else None

    def _in_transaction(self) -> AbstractContextManager[None]:
        """The caller's transaction, or one of our own: a savepoint for each row would double its cost."""
        return nullcontext() if self._db.conn.in_transaction else self.transaction()

    def _pending_message(self, row: Mapping[str, object]) -> PendingMessage:
        carried = (
            " JOIN deliveries ON deliveries.alert_id = alerts.id "
            "JOIN message_deliveries ON message_deliveries.delivery_id = deliveries.id "
            "WHERE message_deliveries.message_id = ? ORDER BY alerts.id"
        )
        (many,) = self._db.execute(
            "SELECT count(*) > ? FROM message_deliveries WHERE message_id = ?", (MANY, row["id"])
        ).fetchone()
        # Of thousands nobody reads all, and all of them together would not fit into memory.
        room = ROOM_OF_MANY if many else None
        alerts = self._db.query(ALERT_VIEW + carried, (row["id"],))
        alarms = self._db.query(ALARM_VIEW + carried, (row["id"],))
        notices = self._db.query(NOTICE_VIEW + carried, (row["id"],))
        signals = self._db.query(SIGNAL_VIEW + carried, (row["id"],))
        digests = self._db.query(DIGEST_VIEW + carried, (row["id"],))
        created_at = rows.to_moment(str(row["created_at"]))
        assert created_at is not None  # noqa: S101 - the column is NOT NULL
        return PendingMessage(
            id=str(row["id"]),
            receiver=str(row["receiver"]),
            target=str(row["target"]),
            attempts=int(str(row["attempts"])),
            created_at=created_at,
            alerts=tuple(alert_view(alert, room=room) for alert in alerts),
            alarms=tuple(map(alarm_view, alarms)),
            notices=tuple(map(notice_view, notices)),
            signals=tuple(map(signal_view, signals)),
            digests=tuple(map(digest_view, digests)),
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
