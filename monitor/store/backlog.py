"""The verbs of sending: which message is whose turn, and what becomes of those that pile up behind it.

A target gets its messages one at a time and in their order: as long as it does not take the oldest, it is asked for
nothing else. What waits behind that one has never been on its way, so nobody knows its id yet, and it may be folded.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.models import AlarmKind, OpenAlarm
from monitor.store import rows
from monitor.store.outbox import OutboxVerbs, message_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from monitor.store.outbox import PendingMessage

CLAIM: Final = timedelta(minutes=5)  # much longer than any target may take
WAITING: Final = 5  # messages that may wait for one target; more are folded
PATIENCE: Final = timedelta(seconds=10)  # a target that is well takes more than WAITING in this time
FOLDED: Final = 50  # deliveries in a message that was folded; more would not fit into a chat's


class _Unsent(NamedTuple):
    """A message that was never on its way: `place` is its place in the order, `size` how many deliveries it carries."""

    place: int
    id: str
    next_at: str
    created_at: str
    size: int


def packed(sizes: Sequence[int], *, most: int) -> Iterator[slice]:
    """Neighbours that go into one: as many as hold `most` together, and at least one."""
    begin, total = 0, 0
    for number, size in enumerate(sizes):
        if number > begin and total + size > most:
            yield slice(begin, number)
            begin, total = number, 0
        total += size
    if begin < len(sizes):
        yield slice(begin, len(sizes))


class BacklogVerbs(OutboxVerbs):
    """The part of `Store` that hands messages out."""

    def claim_messages(self, now: datetime, limit: int, *, refused: int | None = None) -> list[PendingMessage]:
        """Take up to `limit` messages whose time has come: of each target the oldest that is pending, if it is due.

        Of those that their target refused before, at most `refused`, and after the others. A claim that was not settled
        within CLAIM is void: the disk may have been full when it should have been. What piles up is folded here.
        """
        at = rows.to_text(now)
        with self.transaction():
            heads = list(
                self._db.query(
                    """
                    WITH heads AS (
                        SELECT min(rowid) AS place, max(claimed_at > :stale) AS is_out FROM messages
                        WHERE state = 'pending' GROUP BY receiver, target)
                    SELECT place, id, receiver, target, attempts, created_at
                    FROM heads JOIN messages ON messages.rowid = place
                    WHERE next_at <= :now AND NOT coalesce(is_out, 0) ORDER BY attempts > 0, place
                    """,
                    {"now": at, "stale": rows.to_text(now - CLAIM)},
                )
            )
            fresh = [row for row in heads if not row["attempts"]]
            again = [row for row in heads if row["attempts"]]
            due = (fresh + again[:refused])[: max(limit, 0)]
            for row in due:
                self._fold(row, now)
                self._db.execute("UPDATE messages SET claimed_at = ? WHERE id = ?", (at, row["id"]))
            return [self._pending_message(row) for row in due]

    def _fold(self, head: Mapping[str, object], now: datetime) -> None:
        """Make as few messages as can be of all that waits behind a target's oldest, where that is much and for long.

        The oldest stays what it is: the target may have taken it and not have said so.
        """
        found = self._db.execute(
            """
            SELECT rowid, id, next_at, created_at,
                (SELECT count(*) FROM message_deliveries WHERE message_id = messages.id)
            FROM messages WHERE state = 'pending' AND (receiver, target) = (?, ?) AND rowid > ?
                AND attempts = 0 AND claimed_at IS NULL
            ORDER BY rowid
            """,
            (head["receiver"], head["target"], head["place"]),
        )
        unsent = [_Unsent(*row) for row in found.fetchall()]
        if len(unsent) < WAITING or unsent[0].created_at > rows.to_text(now - PATIENCE):
            return
        for part in packed([one.size for one in unsent], most=FOLDED):
            if len(unsent[part]) > 1:
                self._merge(unsent[part], str(head["receiver"]), str(head["target"]))

    def _merge(self, parts: Sequence[_Unsent], receiver: str, target: str) -> None:
        """One message in the place of the first of these, which carries what they carry; they are gone."""
        ids = [one.id for one in parts]
        name = message_id("\n".join(ids), receiver, target)
        # It is given up when the newest of them is old enough for that: none of them before.
        self._db.execute(
            "INSERT INTO messages (id, receiver, target, next_at, created_at) VALUES (?, ?, ?, ?, ?)",
            (name, receiver, target, max(one.next_at for one in parts), max(one.created_at for one in parts)),
        )
        for former in ids:
            self._db.execute(
                "INSERT OR IGNORE INTO message_deliveries SELECT ?, delivery_id FROM message_deliveries "
                "WHERE message_id = ?",
                (name, former),
            )
            self._db.execute("DELETE FROM message_deliveries WHERE message_id = ?", (former,))
            self._db.execute("DELETE FROM messages WHERE id = ?", (former,))
        self._db.execute("UPDATE messages SET rowid = ? WHERE id = ?", (parts[0].place, name))

    # ── targets that take nothing ──

    def untaken_since(self, message: PendingMessage) -> datetime:
        """Since when a message's target has taken nothing though something was there for it."""
        row = self._db.execute(
            "SELECT max(settled_at) FROM messages WHERE state = 'sent' AND (receiver, target) = (?, ?)",
            (message.receiver, message.target),
        ).fetchone()
        taken = rows.to_moment(row[0])
        return message.created_at if taken is None else max(taken, message.created_at)

    def receiver_alarms(self) -> list[OpenAlarm]:
        """The alarms of targets that are not over, oldest first."""
        found = self._db.query(
            """
            SELECT id, key, opened_at, since_at, EXISTS (SELECT 1 FROM alerts WHERE alarm_id = alarms.id) AS told
            FROM alarms WHERE closed_at IS NULL AND kind = ? ORDER BY id
            """,
            (AlarmKind.RECEIVER.value,),
        )
        return [
            OpenAlarm(
                id=int(row["id"]),
                key=str(row["key"]),
                kind=AlarmKind.RECEIVER,
                opened_at=rows.moment(row["opened_at"]),
                since=rows.to_moment(row["since_at"]),
                told=bool(row["told"]),
            )
            for row in found
        ]
