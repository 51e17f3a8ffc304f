"""Versions of what was learned of a brand from people's answers: at most one counts, and any can be taken back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.store import rows
from monitor.store.outbox import OutboxVerbs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlite_utils import Database

    from monitor.models import JSON

KEPT: Final = 10  # versions of one brand that can be gone back to

_ACTIVE: Final = "SELECT brand, id FROM learned WHERE state = 'active'"


class Version(NamedTuple):
    """A version without its weights: of how many answers it was made, whether it counts, and what was said of it.

    `state` is active (it counts), former (a later one does), worse (than what counted when it was made) or undone.
    """

    id: int
    brand: str
    made_at: datetime
    answers: int
    state: str
    note: str
    undone_at: datetime | None


class LearnedReading:
    """What is asked of what was learned."""

    _db: Database

    def active_learned(self) -> dict[str, int]:
        """The version that counts, by brand."""
        return {str(brand): int(version) for brand, version in self._db.execute(_ACTIVE).fetchall()}

    def learned_record(self, version: int) -> str | None:
        """What a version says, as JSON; None where it is gone."""
        row = self._db.execute("SELECT record FROM learned WHERE id = ?", (version,)).fetchone()
        return None if row is None else str(row[0])

    def learned_versions(self, brand: str) -> list[Version]:
        """The versions of a brand, newest first."""
        found = self._db.execute(
            "SELECT id, brand, made_at, answers, state, note, undone_at FROM learned WHERE brand = ? ORDER BY id DESC",
            (brand,),
        )
        return [
            Version(row[0], row[1], rows.moment(row[2]), row[3], row[4], row[5], rows.to_moment(row[6]))
            for row in found.fetchall()
        ]


class LearnedVerbs(LearnedReading, OutboxVerbs):
    """The part of `Store` that keeps what was learned."""

    def add_learned(
        self, brand: str, record: Mapping[str, JSON], *, answers: int, is_better: bool, note: str, now: datetime
    ) -> int:
        """Store a version; where `is_better` it counts from now on. The oldest versions beyond KEPT go."""
        with self._in_transaction():
            if is_better:
                self._demote(brand, "former")
            version = self._insert(
                "INSERT INTO learned (brand, made_at, answers, record, state, note) VALUES (?, ?, ?, ?, ?, ?) "
                "RETURNING id",
                (
                    brand,
                    rows.to_text(now),
                    answers,
                    json.dumps(dict(record), ensure_ascii=False),
                    "active" if is_better else "worse",
                    note,
                ),
            )
            self._db.execute(
                "DELETE FROM learned WHERE brand = ? AND state <> 'active' AND id NOT IN "
                "(SELECT id FROM learned WHERE brand = ? ORDER BY id DESC LIMIT ?)",
                (brand, brand, KEPT),
            )
        assert version is not None  # noqa: S101 - nothing conflicts with a new number
        return version

    def undo_learned(self, brand: str, now: datetime) -> tuple[int, int | None] | None:
        """The version that counts counts no more, the one before it does; returns both, None where none counts."""
        with self._in_transaction():
            undone = self._demote(brand, "undone", at=rows.to_text(now))
            if undone is None:
                return None
            return undone, self._activate("brand = ? AND id < ? AND state = 'former' ORDER BY id DESC", (brand, undone))

    def redo_learned(self, brand: str) -> int | None:
        """The version that was taken back last counts again; returns it, None where none was."""
        with self._in_transaction():
            undone = self._db.execute(
                "SELECT id FROM learned WHERE brand = ? AND state = 'undone' ORDER BY undone_at DESC, id LIMIT 1",
                (brand,),
            ).fetchone()
            if undone is None:
                return None
            self._demote(brand, "former")
            return self._activate("id = ?", undone)

    def _demote(self, brand: str, state: str, *, at: str | None = None) -> int | None:
        return self._insert(
            "UPDATE learned SET state = ?, undone_at = ? WHERE brand = ? AND state = 'active' RETURNING id",
            (state, at, brand),
        )

    def _activate(self, which: str, values: Sequence[object]) -> int | None:
        chosen = f"SELECT id FROM learned WHERE {which} LIMIT 1"  # noqa: S608 - constants of this class
        return self._insert(
            f"UPDATE learned SET state = 'active', undone_at = NULL WHERE id = ({chosen}) RETURNING id",  # noqa: S608
            values,
        )


def unlearn(db: Database, posts: Sequence[int | str]) -> None:
    """Before posts are erased on request: what was learned of answers about them goes too, and is learned anew."""
    db.execute(
        "DELETE FROM learned WHERE brand IN (SELECT brand FROM mentions JOIN corrections ON mention_id = mentions.id "
        "WHERE about IS NOT NULL AND post_id IN (SELECT value FROM json_each(?)))",
        (json.dumps(list(posts)),),
    )
