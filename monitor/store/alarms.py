"""The verbs of alarms: what cannot be seen, from when to when; told through the same outbox as mentions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.errors import ConnectFailed, DeadlineExceeded
from monitor.models import AlarmKind, AlertIntent, OpenAlarm, Outage
from monitor.store import rows
from monitor.store.outbox import OutboxVerbs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.models import AlarmIntent, Dispatch

_UNREACHED: Final = tuple(f"{error.reason}:" for error in (ConnectFailed, DeadlineExceeded))


class AlarmVerbs(OutboxVerbs):
    """The part of `Store` that knows what cannot be seen."""

    def open_alarms(self, source_id: int) -> list[OpenAlarm]:
        """The alarms of a source that are not over, and that of the network, oldest first."""
        found = self._db.query(
            """
            SELECT id, key, kind, opened_at, since_at, EXISTS (SELECT 1 FROM alerts WHERE alarm_id = alarms.id) AS told
            FROM alarms WHERE closed_at IS NULL AND (source_id = ? OR kind = ?) ORDER BY id
            """,
            (source_id, AlarmKind.NETWORK.value),
        )
        return [
            OpenAlarm(
                id=int(row["id"]),
                key=str(row["key"]),
                kind=AlarmKind(row["kind"]),
                opened_at=rows.moment(row["opened_at"]),
                since=rows.to_moment(row["since_at"]),
                told=bool(row["told"]),
            )
            for row in found
        ]

    def open_alarm(self, intent: AlarmIntent, *, source_id: int | None, to: Sequence[Dispatch], now: datetime) -> None:
        """Store an alarm and, where there is somebody `to` hear of it, an alert with its deliveries and messages.

        One of a recovery is over as soon as it is told. Writing the same intent again changes nothing.
        """
        at = rows.to_text(now)
        alarm = self._insert(
            "INSERT INTO alarms (key, kind, source_id, reason, since_at, affected, opened_at, closed_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING RETURNING id",
            (
                intent.key,
                intent.kind.value,
                source_id,
                intent.reason,
                rows.to_text_or_none(intent.since),
                intent.affected,
                at,
                at if intent.kind is AlarmKind.RECOVERED else None,
            ),
        )
        if alarm is not None and to:
            told = AlertIntent(key=f"alarm:{intent.key}", reason=f"alarm: {intent.kind.value}", to=tuple(to))
            self._add_alert(told, alarm_id=alarm, now=now)

    def close_alarm(self, alarm_id: int, now: datetime) -> None:
        """It is over."""
        self._db.execute("UPDATE alarms SET closed_at = ? WHERE id = ?", (rows.to_text(now), alarm_id))

    def last_gap_at(self, source_id: int) -> datetime | None:
        """When posts of a source may have been missed last, so far as it was told or recorded; None where never."""
        row = self._db.execute(
            "SELECT max(at) FROM (SELECT max(recorded_at) AS at FROM gaps WHERE source_id = :source UNION ALL "
            "SELECT max(opened_at) FROM alarms WHERE source_id = :source AND kind = :kind)",
            {"source": source_id, "kind": AlarmKind.GAP.value},
        ).fetchone()
        return rows.to_moment(row[0])

    def last_outage(self) -> Outage | None:
        """When the network was lost last, None where it never was."""
        found = self._db.query(
            "SELECT opened_at, closed_at FROM alarms WHERE kind = ? ORDER BY id DESC LIMIT 1",
            (AlarmKind.NETWORK.value,),
        )
        row = next(found, None)
        if row is None:
            return None
        return Outage(begun_at=rows.moment(row["opened_at"]), ended_at=rows.to_moment(row["closed_at"]))

    def hasten_unreached(self, since: datetime, now: datetime) -> int:
        """Make the sources due that were polled since then and got no answer; returns how many those are."""
        return self._db.execute(
            """
            UPDATE sources SET next_at = min(next_at, :now)
            WHERE active AND failures > 0 AND last_polled_at >= :since
                AND substr(error, 1, instr(error, ':')) IN (:connect, :timeout)
            """,
            {
                "now": rows.to_text(now),
                "since": rows.to_text(since),
                "connect": _UNREACHED[0],
                "timeout": _UNREACHED[1],
            },
        ).rowcount
