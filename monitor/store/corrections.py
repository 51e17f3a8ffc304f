"""What people answered: whether a mention is about the brand. The newest answer to a mention counts, all are kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.store import rows
from monitor.store.outbox import OutboxVerbs
from monitor.store.queries import MENTION_VIEW, mention_view
from monitor.text import fold

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlite_utils import Database

    from monitor.models import MentionView


class Answer(NamedTuple):
    """A mention and what was last answered of it; `doubtful` is what had been said before, `id` the answer's number."""

    id: int
    view: MentionView
    about: bool
    doubtful: bool
    at: datetime


_NEWEST: Final = (
    "corrections.id = (SELECT max(id) FROM corrections AS later WHERE later.mention_id = corrections.mention_id)"
)
_CORRECTED: Final = f"""
    SELECT brand, about FROM mentions CROSS JOIN corrections ON mention_id = mentions.id
    WHERE post_id = ? AND {_NEWEST}
"""  # noqa: S608 - constants, here and below
_ANSWERS: Final = f"""
    SELECT * FROM (
        SELECT corrections.id AS correction_id, about, corrections.doubtful AS doubted, corrections.at AS answered_at,
            view.*
        FROM corrections CROSS JOIN ({MENTION_VIEW}) AS view ON view.mention_id = corrections.mention_id
        WHERE view.brand = ? AND {_NEWEST} ORDER BY corrections.id DESC LIMIT ?
    ) ORDER BY correction_id
"""  # noqa: S608
_ANSWERED: Final = f"""
    SELECT total(about), count(*) FROM corrections CROSS JOIN mentions ON mentions.id = mention_id
    WHERE brand = ? AND {_NEWEST}
"""  # noqa: S608


_KEPT: Final = """
    SELECT count(*) FROM json_each(?) AS given CROSS JOIN corrections ON corrections.id = given.value ->> 0
    WHERE mention_id = given.value ->> 1 AND at = given.value ->> 2
"""


class CorrectionReading:
    """What is asked of answers."""

    _db: Database

    def corrected(self, post_id: int) -> dict[str, bool]:
        """What was last answered of the mentions of a post, by brand."""
        found = self._db.execute(_CORRECTED, (post_id,))
        return {str(brand): bool(about) for brand, about in found.fetchall()}

    def corrections(self, *, limit: int, brand: str | None = None) -> list[dict[str, object]]:
        """The newest answers, as rows of `v_corrections`."""
        return list(
            self._db.query(
                "SELECT * FROM v_corrections WHERE :brand IS NULL OR brand = :brand ORDER BY id DESC LIMIT :limit",
                {"brand": brand, "limit": limit},
            )
        )

    def answers(self, brand: str, *, limit: int) -> list[Answer]:
        """The newest `limit` answers to mentions of a brand, the last one to each, oldest first."""
        found = self._db.query(_ANSWERS, (brand, limit))
        return [
            Answer(
                id=int(row["correction_id"]),
                view=mention_view(row),
                about=bool(row["about"]),
                doubtful=bool(row["doubted"]),
                at=rows.moment(row["answered_at"]),
            )
            for row in found
        ]

    def are_kept(self, answers: Sequence[Answer]) -> bool:
        """Whether none of these was erased since; a number may have been given again, with another moment."""
        given = [(answer.id, answer.view.id, rows.to_text(answer.at)) for answer in answers]
        (kept,) = self._db.execute(_KEPT, (json.dumps(given),)).fetchone()
        return int(kept) == len(given)

    def answered_brands(self) -> list[str]:
        """The brands whose mentions people answered."""
        found = self._db.execute("SELECT DISTINCT brand FROM corrections JOIN mentions ON mentions.id = mention_id")
        return sorted(str(brand) for (brand,) in found.fetchall())

    def answered(self, brand: str) -> tuple[int, int]:
        """How many mentions of a brand people said are about it, and how many are not."""
        yes, everything = self._db.execute(_ANSWERED, (brand,)).fetchone()
        return int(yes), int(everything) - int(yes)


class CorrectionVerbs(CorrectionReading, OutboxVerbs):
    """The part of `Store` that takes answers."""

    def place_of(self, mention_id: int) -> tuple[int, str]:
        """The post and the brand of a mention that is there."""
        row = self._db.execute("SELECT post_id, brand FROM mentions WHERE id = ?", (mention_id,)).fetchone()
        return int(row[0]), str(row[1])

    def forget_person(self, name: str) -> None:
        """Whoever answered under this name, folded, answered as nobody in particular; the answers stay."""
        found = self._db.execute("SELECT DISTINCT person FROM corrections WHERE person <> ''").fetchall()
        spelt = [person for (person,) in found if fold(person).strip() == name]
        self._db.execute(
            "UPDATE corrections SET person = '' WHERE person IN (SELECT value FROM json_each(?))", (json.dumps(spelt),)
        )

    def add_correction(self, mention_id: int, *, about: bool, note: str, person: str, now: datetime) -> int | None:
        """Note an answer, with what had been said before anybody answered; returns its number.

        None where there is no such mention.
        """
        return self._insert(
            """
            INSERT INTO corrections (mention_id, about, relevance, doubtful, note, person, at)
            SELECT mentions.id, :about, coalesce(first.relevance, mentions.relevance),
                coalesce(first.doubtful, mentions.doubtful), :note, :person, :at
            FROM mentions LEFT JOIN corrections AS first
                ON first.id = (SELECT min(id) FROM corrections WHERE mention_id = mentions.id)
            WHERE mentions.id = :mention RETURNING id
            """,
            {"mention": mention_id, "about": int(about), "note": note, "person": person, "at": rows.to_text(now)},
        )
