"""What people answered: whether a mention is about the brand, and how it is felt.

The newest answer to each of the two counts, all are kept.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.models import Label
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


class Feeling(NamedTuple):
    """A mention and how somebody last said it is felt; `judged` is what had been said before, `id` the number."""

    id: int
    view: MentionView
    label: Label
    judged: Label
    at: datetime


def _newest(column: str) -> str:
    """SQL: an answer says something of `column`, and none after it does."""
    return (
        "corrections.id = (SELECT max(id) FROM corrections AS later "  # noqa: S608 - constants, here and below
        f"WHERE later.mention_id = corrections.mention_id AND later.{column} IS NOT NULL)"
    )


def _corrected(column: str) -> str:
    return f"""
        SELECT brand, corrections.{column}, corrections.at
        FROM mentions CROSS JOIN corrections ON mention_id = mentions.id
        WHERE post_id = ? AND {_newest(column)}
    """  # noqa: S608


_ANSWERS: Final = f"""
    SELECT * FROM (
        SELECT corrections.id AS correction_id, about, corrections.doubtful AS doubted, corrections.at AS answered_at,
            view.*
        FROM corrections CROSS JOIN ({MENTION_VIEW}) AS view ON view.mention_id = corrections.mention_id
        WHERE view.brand = ? AND {_newest("about")} ORDER BY corrections.id DESC LIMIT ?
    ) ORDER BY correction_id
"""  # noqa: S608
_FEELINGS: Final = f"""
    SELECT * FROM (
        SELECT corrections.id AS correction_id, corrections.sentiment AS label, judged, corrections.at AS answered_at,
            view.*
        FROM corrections CROSS JOIN ({MENTION_VIEW}) AS view ON view.mention_id = corrections.mention_id
        WHERE {_newest("sentiment")} ORDER BY corrections.id DESC LIMIT ?
    ) ORDER BY correction_id
"""  # noqa: S608
_ANSWERED: Final = f"""
    SELECT total(about), count(*) FROM corrections CROSS JOIN mentions ON mentions.id = mention_id
    WHERE brand = ? AND {_newest("about")}
"""  # noqa: S608
_FELT: Final = f"SELECT count(*) FROM corrections WHERE {_newest('sentiment')}"  # noqa: S608
_KEPT: Final = """
    SELECT count(*) FROM json_each(?) AS given CROSS JOIN corrections ON corrections.id = given.value ->> 0
    WHERE mention_id = given.value ->> 1 AND at = given.value ->> 2
"""


class CorrectionReading:
    """What is asked of answers."""

    _db: Database

    def corrected(self, post_id: int) -> dict[str, bool]:
        """Whether the mentions of a post are about their brands, as was last answered, by brand."""
        found = self._db.execute(_corrected("about"), (post_id,))
        return {str(brand): bool(about) for brand, about, _ in found.fetchall()}

    def felt(self, post_id: int) -> dict[str, tuple[Label, datetime]]:
        """How the mentions of a post are felt, as was last answered, and when that was, by brand."""
        found = self._db.execute(_corrected("sentiment"), (post_id,))
        return {str(brand): (Label(label), rows.moment(at)) for brand, label, at in found.fetchall()}

    def corrections(self, *, limit: int, brand: str | None = None) -> list[dict[str, object]]:
        """The newest answers, as rows of `v_corrections`."""
        return list(
            self._db.query(
                "SELECT * FROM v_corrections WHERE :brand IS NULL OR brand = :brand ORDER BY id DESC LIMIT :limit",
                {"brand": brand, "limit": limit},
            )
        )

    def answers(self, brand: str, *, limit: int) -> list[Answer]:
        """The newest `limit` answers whether mentions are about a brand, the last one to each, oldest first."""
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

    def feelings(self, *, limit: int) -> list[Feeling]:
        """The newest `limit` corrections of sentiment, the last one of each mention, oldest first."""
        found = self._db.query(_FEELINGS, (limit,))
        return [
            Feeling(
                id=int(row["correction_id"]),
                view=mention_view(row),
                label=Label(row["label"]),
                judged=Label(row["judged"]),
                at=rows.moment(row["answered_at"]),
            )
            for row in found
        ]

    def are_kept(self, answers: Sequence[Answer | Feeling]) -> bool:
        """Whether none of these was erased since; a number may have been given again, with another moment."""
        given = [(answer.id, answer.view.id, rows.to_text(answer.at)) for answer in answers]
        (kept,) = self._db.execute(_KEPT, (json.dumps(given),)).fetchone()
        return int(kept) == len(given)

    def answered_brands(self) -> list[str]:
        """The brands of whose mentions people said whether they are about them."""
        found = self._db.execute(
            "SELECT DISTINCT brand FROM corrections JOIN mentions ON mentions.id = mention_id WHERE about IS NOT NULL"
        )
        return sorted(str(brand) for (brand,) in found.fetchall())

    def answered(self, brand: str) -> tuple[int, int]:
        """How many mentions of a brand people said are about it, and how many are not."""
        yes, everything = self._db.execute(_ANSWERED, (brand,)).fetchone()
        return int(yes), int(everything) - int(yes)

    def count_felt(self) -> int:
        """How many mentions have a sentiment that somebody corrected."""
        return int(self._db.execute(_FELT).fetchone()[0])


class CorrectionVerbs(CorrectionReading, OutboxVerbs):
    """The part of `Store` that takes answers."""

    def place_of(self, mention_id: int) -> tuple[int, str] | None:
        """The post and the brand of a mention; None where there is no such mention."""
        row = self._db.execute("SELECT post_id, brand FROM mentions WHERE id = ?", (mention_id,)).fetchone()
        return None if row is None else (int(row[0]), str(row[1]))

    def mention_beside(self, mention_id: int, brand: str) -> int | None:
        """The mention of a brand, in any case, in the post of another mention; None where there is none."""
        found = self._db.execute(
            "SELECT other.id, other.brand FROM mentions CROSS JOIN mentions AS other "
            "ON other.post_id = mentions.post_id WHERE mentions.id = ?",
            (mention_id,),
        ).fetchall()
        return next((int(other) for other, name in found if fold(name) == fold(brand)), None)

    def add_correction(
        self,
        mention_id: int,
        *,
        about: bool | None = None,
        sentiment: Label | None = None,
        note: str,
        person: str,
        now: datetime,
    ) -> int | None:
        """Note an answer, with what had been said before anybody gave one of its kind; returns its number.

        At least one of `about` and `sentiment` is given. None where there is no such mention.
        """
        return self._insert(
            """
            INSERT INTO corrections (mention_id, about, sentiment, relevance, doubtful, judged, note, person, at)
            SELECT mentions.id, :about, :sentiment, coalesce(first.relevance, mentions.relevance),
                coalesce(first.doubtful, mentions.doubtful), coalesce(felt.judged, mentions.sentiment), :note, :person,
                :at
            FROM mentions LEFT JOIN corrections AS first ON first.id = (
                    SELECT min(id) FROM corrections WHERE mention_id = mentions.id AND about IS NOT NULL)
                LEFT JOIN corrections AS felt ON felt.id = (
                    SELECT min(id) FROM corrections WHERE mention_id = mentions.id AND sentiment IS NOT NULL)
            WHERE mentions.id = :mention RETURNING id
            """,
            {
                "mention": mention_id,
                "about": None if about is None else int(about),
                "sentiment": None if sentiment is None else sentiment.value,
                "note": note,
                "person": person,
                "at": rows.to_text(now),
            },
        )


def forget_answerer(db: Database, name: str) -> None:
    """Whoever answered under this name, folded, answered as nobody in particular; the answers stay."""
    found = db.execute("SELECT DISTINCT person FROM corrections WHERE person <> ''").fetchall()
    spelt = [person for (person,) in found if fold(person).strip() == name]
    db.execute(
        "UPDATE corrections SET person = '' WHERE person IN (SELECT value FROM json_each(?))", (json.dumps(spelt),)
    )
