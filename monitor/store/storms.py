"""The verbs of storms and of lines that ratings cross, and what they are reckoned from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.models import Storm
from monitor.store import rows
from monitor.store.outbox import OutboxVerbs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlite_utils import Database

    from monitor.models import JSON

# A mention of which somebody might have been told: not recorded as history.
_COUNTS: Final = "NOT mentions.doubtful AND substr(mentions.decision, 1, 17) <> 'recorded silently'"
_HEARD: Final = f"""
    SELECT min(mentions.at, posts.discovered_at) AS heard_at, coalesce(posts.author_key, posts.author_link),
        mentions.sentiment = 'negative'
    FROM mentions JOIN posts ON posts.id = mentions.post_id
    WHERE mentions.brand = :brand AND mentions.at >= :since AND {_COUNTS}
"""  # noqa: S608 - constants


class HeardRow(NamedTuple):
    """A mention: when it was published, or found where that was earlier; by whom, None where that is not known."""

    at: datetime
    author: str | None
    is_negative: bool


class DayRow(NamedTuple):
    """A day, from midnight UTC: how many mentions a brand had on it, and how many negative ones."""

    at: datetime
    mentions: int
    negative: int


class RatingRow(NamedTuple):
    """The ratings of a brand at a source over a time; `below` says on which side of its line the mean was last."""

    brand: str
    source: str
    ratings: int
    mean: float
    below: bool | None


class TellingStory(NamedTuple):
    """A story as far as it is told against a brand: its number, by how many authors, since when, and its first post."""

    story_id: int
    authors: int
    mentions: int
    since: datetime
    mention_id: int


class StormReading:
    """What is asked of storms, in the writer's transaction and beside it."""

    _db: Database

    def open_storm_of(self, brand: str) -> int | None:
        """The number of the storm that a brand is in, None where it is in none."""
        row = self._db.execute("SELECT id FROM storms WHERE brand = ? AND closed_at IS NULL", (brand,)).fetchone()
        return None if row is None else int(row[0])

    def open_storms(self) -> list[Storm]:
        """All that are under way, the oldest first."""
        return [_storm(row) for row in self._db.query("SELECT * FROM storms WHERE closed_at IS NULL ORDER BY id")]

    def closed_storms(self, brand: str, since: datetime) -> list[tuple[Storm, datetime]]:
        """Those of a brand that ended since then, each with its end, the oldest first."""
        found = self._db.query(
            "SELECT * FROM storms WHERE brand = ? AND closed_at >= ? ORDER BY closed_at", (brand, rows.to_text(since))
        )
        return [(_storm(row), rows.moment(row["closed_at"])) for row in found]

    def negative_brands(self, since: datetime) -> list[str]:
        """Brands of which somebody complained on that day or later."""
        found = self._db.execute(
            "SELECT DISTINCT brand FROM day_counts WHERE day >= ? AND sentiment = 'negative' AND NOT doubtful "
            "AND mentions > 0 ORDER BY brand",
            (rows.to_text(since)[:10],),
        )
        return [str(row[0]) for row in found.fetchall()]

    def last_found(self, brand: str) -> datetime | None:
        """When the newest mention of a brand was found."""
        row = self._db.execute(
            "SELECT posts.discovered_at FROM mentions JOIN posts ON posts.id = post_id WHERE brand = ? "
            "ORDER BY mentions.id DESC LIMIT 1",
            (brand,),
        ).fetchone()
        return None if row is None else rows.moment(row[0])

    def heard_since(self, brand: str) -> datetime | None:
        """When the first mention of a brand was found that is no history."""
        row = self._db.execute(
            f"SELECT posts.discovered_at FROM mentions JOIN posts ON posts.id = post_id WHERE brand = ? AND {_COUNTS} "  # noqa: S608
            "ORDER BY mentions.id LIMIT 1",
            (brand,),
        ).fetchone()
        return None if row is None else rows.moment(row[0])

    def heard(self, brand: str, since: datetime) -> list[HeardRow]:
        """The mentions of a brand since then, oldest first, without doubtful ones and history."""
        return self._heard(f"{_HEARD} ORDER BY heard_at", brand, since)

    def complaints(self, brand: str, since: datetime, until: datetime) -> list[HeardRow]:
        """The negative ones of [since, until), oldest first."""
        query = f"{_HEARD} AND mentions.sentiment = 'negative' AND heard_at < :until ORDER BY heard_at"
        return self._heard(query, brand, since, until=until)

    def _heard(self, query: str, brand: str, since: datetime, **bounds: datetime) -> list[HeardRow]:
        given = {name: rows.to_text(bound) for name, bound in {"since": since, **bounds}.items()}
        found = self._db.execute(query, {"brand": brand, **given}).fetchall()
        return [HeardRow(rows.moment(at), author, bool(is_negative)) for at, author, is_negative in found]

    def heard_by_day(self, brand: str, since: datetime, until: datetime) -> list[DayRow]:
        """Its days of [since, until), without doubtful mentions, but with history that was recorded silently."""
        found = self._db.execute(
            "SELECT day, sum(mentions), sum(iif(sentiment = 'negative', mentions, 0)) FROM day_counts "
            "WHERE day >= ? AND day < ? AND brand = ? AND NOT doubtful GROUP BY day",
            (rows.to_text(since)[:10], rows.to_text(until)[:10], brand),
        )
        return [DayRow(rows.moment(f"{day}T00:00:00.000Z"), *counts) for day, *counts in found.fetchall()]

    def ratings(self, since: datetime, *, least: int) -> list[RatingRow]:
        """What brands are rated at sources since that day, where there are at least so many ratings."""
        found = self._db.execute(
            """
            SELECT rated.brand, sources.name, rated.ratings, rated.rating_sum / rated.ratings, rating_lines.below
            FROM (
                SELECT brand, source_id, sum(ratings) AS ratings, sum(rating_sum) AS rating_sum FROM day_counts
                WHERE day >= ? AND ratings > 0 AND NOT doubtful GROUP BY brand, source_id HAVING sum(ratings) >= ?
            ) AS rated JOIN sources ON sources.id = rated.source_id LEFT JOIN rating_lines
                ON (rating_lines.brand, rating_lines.source_id) = (rated.brand, rated.source_id)
            ORDER BY rated.brand, sources.name
            """,
            (rows.to_text(since)[:10], least),
        )
        return [
            RatingRow(brand, source, ratings, mean, None if below is None else bool(below))
            for brand, source, ratings, mean, below in found.fetchall()
        ]

    def story_number(self, post_id: int) -> int | None:
        """The story that a post tells, None where nobody else tells it."""
        row = self._db.execute("SELECT story_id FROM posts WHERE id = ?", (post_id,)).fetchone()
        return None if row is None or row[0] is None else int(row[0])

    def telling_story(self, story_id: int, brand: str) -> TellingStory | None:
        """A story as far as it is told against a brand; None where nobody does."""
        row = self._db.execute(
            f"""
            SELECT posts.story_id, count(DISTINCT coalesce(author_key, author_link, '')), count(*), min(mentions.at),
                mentions.id
            FROM posts JOIN mentions ON mentions.post_id = posts.id
            WHERE posts.story_id = ? AND mentions.brand = ?
                AND mentions.sentiment = 'negative' AND {_COUNTS}
            """,  # noqa: S608 - constants
            (story_id, brand),
        ).fetchone()
        return None if row[0] is None else TellingStory(row[0], row[1], row[2], rows.moment(row[3]), row[4])

    def has_signal(self, key: str) -> bool:
        """Whether something was told under this natural key."""
        return self._db.execute("SELECT 1 FROM signals WHERE key = ?", (key,)).fetchone() is not None


class StormVerbs(OutboxVerbs):
    """The part of `Store` that keeps storms."""

    def open_storm(self, brand: str, figures: Mapping[str, JSON], *, now: datetime) -> int | None:
        """A storm begins; returns its number, None where the brand is in one already."""
        at = rows.to_text(now)
        return self._insert(
            "INSERT INTO storms (brand, opened_at, told_at, figures) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING "
            "RETURNING id",
            (brand, at, at, _dumped(figures)),
        )

    def reopen_storm(self, storm_id: int, figures: Mapping[str, JSON], *, now: datetime) -> None:
        """One that was over goes on."""
        self._db.execute(
            "UPDATE storms SET closed_at = NULL, told_at = ?, figures = ? WHERE id = ?",
            (rows.to_text(now), _dumped(figures), storm_id),
        )

    def update_storm(self, storm_id: int, figures: Mapping[str, JSON], *, now: datetime) -> None:
        """People are told of it again."""
        self._db.execute(
            "UPDATE storms SET told_at = ?, figures = ? WHERE id = ?", (rows.to_text(now), _dumped(figures), storm_id)
        )

    def close_storm(self, storm_id: int, figures: Mapping[str, JSON], *, now: datetime) -> None:
        """It is over."""
        at = rows.to_text(now)
        self._db.execute(
            "UPDATE storms SET closed_at = ?, told_at = ?, figures = ? WHERE id = ?",
            (at, at, _dumped(figures), storm_id),
        )

    def hasten_groups(self, key: str, *, now: datetime) -> None:
        """What waits in the groups of this key, whoever gets it, leaves with what is told now."""
        self._db.execute(
            "UPDATE groups SET due_at = :now WHERE key = :key AND due_at > :now",
            {"now": rows.to_text(now), "key": key},
        )

    def note_rating(self, found: RatingRow, *, below: bool, now: datetime) -> None:
        """Remember on which side of its line the mean of a brand's ratings at a source is."""
        self._db.execute(
            "INSERT INTO rating_lines SELECT ?, id, ?, ?, ?, ? FROM sources WHERE name = ? "
            "ON CONFLICT (brand, source_id) DO UPDATE SET below = excluded.below, mean = excluded.mean, "
            "ratings = excluded.ratings, at = excluded.at",
            (found.brand, int(below), found.mean, found.ratings, rows.to_text(now), found.source),
        )


def _storm(row: Mapping[str, object]) -> Storm:
    return Storm(
        id=int(str(row["id"])),
        brand=str(row["brand"]),
        opened_at=rows.moment(row["opened_at"]),
        told_at=rows.moment(row["told_at"]),
        figures=json.loads(str(row["figures"])),
    )


def _dumped(figures: Mapping[str, JSON]) -> str:
    return json.dumps(dict(figures), ensure_ascii=False)
