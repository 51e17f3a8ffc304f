"""The verbs of groups: deliveries that wait for their message, and how the message is made of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.store import rows
from monitor.store.outbox import OutboxVerbs
from monitor.store.queries import MENTION_VIEW, mention_view

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from monitor.models import Group, MentionView, Receiver


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A delivery that waits for its message; `standing_signal` is the one that tells of something as still open."""

    delivery_id: int
    alert_id: int
    alert_key: str
    mention_id: int | None
    created_at: datetime
    standing_signal: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DueGroup:
    """A group whose message is due, with what waits in it, oldest first; `held` says that it was put off before."""

    id: int
    receiver: str
    key: str
    labels: Mapping[str, str]
    urgent: bool
    pressing: bool
    held: bool
    due_at: datetime
    waiting: tuple[Waiting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What an alert is about that is no mention itself, as far as that is known; `classes` are those of its case."""

    brand: str | None
    source: str | None
    case_id: int | None
    classes: tuple[str, ...]
    mention_id: int | None


class GroupVerbs(OutboxVerbs):
    """The part of `Store` that collects deliveries."""

    def has_due_groups(self, now: datetime) -> bool:
        """Whether anything is to be done: asked each second, mostly for nothing."""
        row = self._db.execute("SELECT 1 FROM groups WHERE due_at <= ? LIMIT 1", (rows.to_text(now),)).fetchone()
        return row is not None

    def due_groups(self, now: datetime, *, limit: int = 5000) -> list[DueGroup]:
        """Groups whose time has come, the longest due first."""
        found = list(
            self._db.query(
                "SELECT * FROM groups WHERE due_at <= ? ORDER BY due_at, id LIMIT ?", (rows.to_text(now), limit)
            )
        )
        return [self._due_group(row) for row in found]

    def _due_group(self, row: Mapping[str, object]) -> DueGroup:
        waiting = self._db.query(
            "SELECT deliveries.id, alert_id, alerts.key, alerts.mention_id, deliveries.created_at, "
            "signals.id AS signal FROM deliveries JOIN alerts ON alerts.id = alert_id "
            "LEFT JOIN signals ON signals.id = alerts.signal_id AND signals.kind = 'standing' "
            "WHERE group_id = ? AND state = 'pending' "
            "AND NOT EXISTS (SELECT 1 FROM message_deliveries WHERE delivery_id = deliveries.id) ORDER BY alert_id",
            (row["id"],),
        )
        return DueGroup(
            id=int(str(row["id"])),
            receiver=str(row["receiver"]),
            key=str(row["key"]),
            labels=json.loads(str(row["labels"])),
            urgent=bool(row["urgent"]),
            pressing=bool(row["pressing"]),
            held=bool(row["held"]),
            due_at=rows.moment(row["due_at"]),
            waiting=tuple(
                Waiting(
                    delivery_id=one["id"],
                    alert_id=one["alert_id"],
                    alert_key=one["key"],
                    mention_id=one["mention_id"],
                    created_at=rows.moment(one["created_at"]),
                    standing_signal=one["signal"],
                )
                for one in waiting
            ),
        )

    def send_groups(
        self,
        groups: Sequence[int],
        waiting: Sequence[Waiting],
        *,
        receiver: Receiver,
        is_ping: bool,
        now: datetime,
    ) -> None:
        """Make one message for each target of what waited in some groups of a receiver; call it in a transaction.

        `is_ping` counts it as an interruption. Groups of which nothing is left to send are done with, too.
        """
        at = rows.to_text(now)
        if waiting:
            name = "\n".join(one.alert_key for one in waiting)
            self._add_messages(name, receiver, {one.delivery_id: one.alert_key for one in waiting}, at)
            if is_ping:
                self._db.execute("INSERT INTO pings VALUES (?, ?)", (receiver.name, at))
        self._db.execute(
            "UPDATE groups SET due_at = NULL, held = 0, urgent = 0, pressing = 0, "
            "told_at = coalesce(:told, told_at) WHERE id IN (SELECT value FROM json_each(:ids))",
            {"told": at if waiting else None, "ids": json.dumps(list(groups))},
        )

    def hold_group(self, group_id: int, *, until: datetime, note: str) -> None:
        """Put the message of a group off; `note` says why, with each delivery."""
        self._db.execute(
            "UPDATE groups SET due_at = ?, held = 1 WHERE id = ?",
            (rows.to_text(until), group_id),
        )
        self._db.execute(
            "UPDATE deliveries SET note = ? WHERE group_id = ? AND state = 'pending' AND NOT EXISTS ("
            "SELECT 1 FROM message_deliveries WHERE delivery_id = deliveries.id)",
            (note, group_id),
        )

    def ask_again(self, now: datetime) -> None:
        """What was put off is due now: whatever holds it may have changed."""
        self._db.execute(
            "UPDATE groups SET due_at = ? WHERE held AND due_at > ?", (rows.to_text(now), rows.to_text(now))
        )

    def give_up(self, delivery_ids: Sequence[int], *, note: str, now: datetime) -> None:
        """Nobody can be told by these any more; `note` says why."""
        self._db.execute(
            "UPDATE deliveries SET state = 'dead', settled_at = ?, note = ? "
            "WHERE state = 'pending' AND id IN (SELECT value FROM json_each(?))",
            (rows.to_text(now), note, json.dumps(list(delivery_ids))),
        )

    def mute(self, delivery_ids: Sequence[int], *, note: str, now: datetime) -> None:
        """Nobody is told by these; `note` says why."""
        self._db.execute(
            "UPDATE deliveries SET state = 'muted', settled_at = ?, note = ? "
            "WHERE state = 'pending' AND id IN (SELECT value FROM json_each(?))",
            (rows.to_text(now), note, json.dumps(list(delivery_ids))),
        )

    def pings(self, receiver: str, since: datetime) -> list[datetime]:
        """When a receiver was interrupted since then, oldest first."""
        found = self._db.execute(
            "SELECT at FROM pings WHERE receiver = ? AND at >= ? ORDER BY at", (receiver, rows.to_text(since))
        )
        return [rows.moment(row[0]) for row in found.fetchall()]

    def waiting_of_brand(self, brand: str) -> list[tuple[str, int]]:
        """Receivers and deliveries of what waits of a brand: all but urgent mentions, oldest first."""
        found = self._db.execute(
            """
            SELECT deliveries.receiver, deliveries.id FROM groups CROSS JOIN deliveries ON group_id = groups.id
                JOIN alerts ON alerts.id = alert_id LEFT JOIN mentions ON mentions.id = alerts.mention_id
                LEFT JOIN signals ON signals.id = alerts.signal_id AND signals.kind = 'spreading'
            WHERE groups.due_at IS NOT NULL AND deliveries.state = 'pending'
                AND NOT groups.urgent AND coalesce(mentions.brand, signals.brand) = ?
                AND NOT EXISTS (SELECT 1 FROM message_deliveries WHERE delivery_id = deliveries.id)
            ORDER BY deliveries.id
            """,
            (brand,),
        )
        return [(str(receiver), int(delivery)) for receiver, delivery in found.fetchall()]

    def move_to_group(self, delivery_ids: Sequence[int], receiver: str, group: Group, *, now: datetime) -> None:
        """Let deliveries of one receiver wait in another group; what they leave empty is done with when it is due."""
        if delivery_ids:
            number = self._wait_in(receiver, group, now=now)
            self._db.execute(
                "UPDATE deliveries SET group_id = ?, note = NULL WHERE id IN (SELECT value FROM json_each(?))",
                (number, json.dumps(list(delivery_ids))),
            )

    def last_told_of_case(self, case_id: int, receiver: str) -> datetime | None:
        """When a receiver was told of a case by a mention or a notice last, or is about to be; None where never."""
        row = self._db.execute(
            """
            SELECT max(deliveries.created_at) FROM deliveries JOIN alerts ON alerts.id = alert_id
            WHERE receiver = :receiver AND (
                mention_id IN (SELECT mention_id FROM case_posts WHERE case_id = :case AND mention_id IS NOT NULL)
                OR notice_id IN (SELECT id FROM case_notices WHERE case_id = :case))
            """,
            {"case": case_id, "receiver": receiver},
        ).fetchone()
        return rows.to_moment(row[0])

    def has_group(self, receiver: str, key: str) -> bool:
        """Whether a receiver was ever told through a group, or is about to be."""
        row = self._db.execute("SELECT 1 FROM groups WHERE (receiver, key) = (?, ?)", (receiver, key)).fetchone()
        return row is not None

    def mention_of(self, mention_id: int) -> MentionView:
        """The mention of a waiting alert."""
        return mention_view(next(self._db.query(f"{MENTION_VIEW} WHERE mentions.id = ?", (mention_id,))))

    def subject_of(self, alert_id: int) -> Subject:
        """What an alert that is about no mention is about."""
        (row,) = self._db.query(
            """
            SELECT coalesce(signals.brand, cases.brand) AS brand, sources.name AS source, cases.id AS case_id,
                cases.classes, coalesce(signals.mention_id, (
                    SELECT mention_id FROM case_posts WHERE case_posts.post_id = case_notices.post_id
                        AND case_posts.case_id = case_notices.case_id)) AS mention_id
            FROM alerts LEFT JOIN alarms ON alarms.id = alerts.alarm_id
                LEFT JOIN case_notices ON case_notices.id = alerts.notice_id
                LEFT JOIN signals ON signals.id = alerts.signal_id
                LEFT JOIN cases ON cases.id = coalesce(case_notices.case_id, signals.case_id)
                LEFT JOIN sources ON sources.id = coalesce(alarms.source_id, signals.source_id)
            WHERE alerts.id = ?
            """,
            (alert_id,),
        )
        return Subject(
            brand=row["brand"],
            source=row["source"],
            case_id=row["case_id"],
            classes=tuple(json.loads(row["classes"] or "[]")),
            mention_id=row["mention_id"],
        )

    def drop_old_groups(self, before: datetime) -> int:
        """Forget groups and pings that nobody was told of since then; returns how many groups."""
        at = rows.to_text(before)
        old = "SELECT id FROM groups WHERE due_at IS NULL AND coalesce(told_at, '') < :at"
        with self.transaction():
            self._db.execute(f"UPDATE deliveries SET group_id = NULL WHERE group_id IN ({old})", {"at": at})  # noqa: S608
            gone = self._db.execute(f"DELETE FROM groups WHERE id IN ({old})", {"at": at}).rowcount  # noqa: S608
            self._db.execute("DELETE FROM pings WHERE at < ?", (at,))
        return int(gone)
