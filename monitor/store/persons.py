"""The persons who work cases off: who they are, and who was one. Nobody stored is a shop of one person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.models import Person, Role
from monitor.store import rows
from monitor.store.outbox import OutboxVerbs

if TYPE_CHECKING:
    from datetime import datetime

    from sqlite_utils import Database


class PersonReading:
    """What is asked of persons."""

    _db: Database

    def persons(self) -> list[Person]:
        """Those who have not left, by name."""
        return [
            Person(name=name, role=Role(role), receiver=receiver, founder=bool(founder))
            for name, role, receiver, founder in self._db.execute(
                "SELECT name, role, receiver, founder FROM persons WHERE left_at IS NULL ORDER BY name"
            ).fetchall()
        ]


class PersonVerbs(PersonReading, OutboxVerbs):
    """The part of `Store` that knows persons."""

    def put_person(self, person: Person, now: datetime) -> None:
        """Add somebody, or say anew what they are; one who had left is back."""
        self._db.execute(
            """
            INSERT INTO persons (name, role, receiver, founder, added_at) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET role = excluded.role, receiver = excluded.receiver,
                founder = excluded.founder, left_at = NULL,
                added_at = iif(left_at IS NULL, added_at, excluded.added_at)
            """,
            (person.name, person.role.value, person.receiver, int(person.founder), rows.to_text(now)),
        )

    def remove_person(self, name: str, now: datetime) -> bool:
        """Somebody leaves; what they did stays under their name. False where nobody of that name is here."""
        left = self._db.execute(
            "UPDATE persons SET left_at = ? WHERE name = ? AND left_at IS NULL", (rows.to_text(now), name)
        )
        return left.rowcount > 0
