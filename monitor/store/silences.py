"""The verbs of silences: who wants nobody to be told of what, and until when; what ended stays on record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.models import Silence
from monitor.store import rows
from monitor.store.outbox import OutboxVerbs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlite_utils import Database


class SilenceReading:
    """What is asked of silences, in the writer's transaction and beside it."""

    _db: Database

    def active_silences(self, now: datetime) -> list[Silence]:
        """Those that hold now, in the order in which they were added."""
        found = self._db.query(
            "SELECT * FROM silences WHERE ends_at > :now AND starts_at <= :now ORDER BY id", {"now": rows.to_text(now)}
        )
        return [_silence(row) for row in found]

    def silences(self, limit: int) -> list[Silence]:
        """All of them, those that ended too, the newest first."""
        return [_silence(row) for row in self._db.query("SELECT * FROM silences ORDER BY id DESC LIMIT ?", (limit,))]

    def silence(self, number: int) -> Silence | None:
        """One of them, None where there is none of that number."""
        return next(map(_silence, self._db.query("SELECT * FROM silences WHERE id = ?", (number,))), None)


class SilenceVerbs(SilenceReading, OutboxVerbs):
    """The part of `Store` that keeps silences."""

    def add_silence(self, wanted: Silence, now: datetime) -> int:
        """Keep a silence, and return its number; that of `wanted` is not looked at. Its case must be there."""
        added = self._insert(
            "INSERT INTO silences (match, case_id, starts_at, ends_at, person, comment, created_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (
                wanted.match,
                wanted.case_id,
                rows.to_text(wanted.starts_at),
                rows.to_text(wanted.ends_at),
                wanted.person,
                wanted.comment,
                rows.to_text(now),
            ),
        )
        assert added is not None  # noqa: S101 - nothing can conflict
        return added

    def end_silence(self, number: int, now: datetime) -> bool:
        """From now on it mutes nothing. False where there is none of that number, or it has ended."""
        ended = self._db.execute(
            "UPDATE silences SET ends_at = :now WHERE id = :number AND ends_at > :now",
            {"now": rows.to_text(now), "number": number},
        )
        return ended.rowcount > 0


def _silence(row: Mapping[str, object]) -> Silence:
    return Silence(
        id=int(str(row["id"])),
        match=str(row["match"]),
        case_id=None if row["case_id"] is None else int(str(row["case_id"])),
        starts_at=rows.moment(row["starts_at"]),
        ends_at=rows.moment(row["ends_at"]),
        person=str(row["person"]),
        comment=str(row["comment"]),
    )
