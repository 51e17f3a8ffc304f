"""Stories: by which keys the next post finds them, which posts they have, and how they are listed.

A story gets its row when a second post tells it. The keys of a story's first posts stand for all of it: thousands of
copies are found by the few that were first, and cost the next one no more.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.models import Author
from monitor.store import rows
from monitor.store.outbox import OutboxVerbs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlite_utils import Database

KEYED: Final = 20  # posts of one story that keep their keys
_COMMON: Final = 50  # newest posts that are looked at for one key: what more share is a phrase that everybody uses
_LOOKED_AT: Final = 200  # first posts of a story among which those are that others may tell in their own words
_NEWEST_ID: Final = 2**63 - 1
_PRUNED: Final = 200  # posts whose keys are looked at in one go for being past their time


class Told(NamedTuple):
    """A post that tells a story; `negative` where any of its mentions is, `lemmas` are those of title and text.

    `kind` and `share` say how it tells what an earlier one told, None for the first.
    """

    post_id: int
    story_id: int | None
    kind: str | None
    share: float | None
    author: Author
    source: str
    at: datetime
    negative: bool
    lemmas: str


_TOLD: Final = """
    SELECT posts.id AS post_id, story_id, story_kind AS kind, story_share AS share, author, author_url,
        sources.name AS source, coalesce(published_at, discovered_at) AS at,
        EXISTS (SELECT 1 FROM mentions WHERE post_id = posts.id AND sentiment = 'negative') AS negative,
        {lemmas} AS lemmas
    FROM posts JOIN sources ON sources.id = source_id WHERE {where}
"""
_AMONG: Final = "posts.id IN (SELECT value FROM json_each(?))"
_LEMMAS: Final = """(
    SELECT trim(title_lemmas || ' ' || text_lemmas) FROM mention_search
    WHERE rowid = (SELECT id FROM mentions WHERE post_id = posts.id LIMIT 1))"""
# For each key its newest posts, which is a walk of the primary key from its end.
_SHARING: Final = f"""
    SELECT shared.value, count(*) FROM (
        SELECT (SELECT json_group_array(post_id) FROM (
            SELECT post_id FROM story_keys WHERE hash = wanted.value ORDER BY post_id DESC LIMIT {_COMMON}
        )) AS posts FROM json_each(:keys) AS wanted
    ) JOIN json_each(posts) AS shared
    WHERE shared.value <> :without GROUP BY 1 HAVING count(*) >= :at_least ORDER BY 2 DESC, 1 DESC LIMIT :limit
"""  # noqa: S608 - constants


class StoryReading:
    """What is asked of stories."""

    _db: Database

    def sharing(self, keys: Sequence[int], *, at_least: int, limit: int, without: int) -> list[Told]:
        """Earlier posts that share keys, those with most in common first; not the post `without`."""
        found = self._db.execute(
            _SHARING, {"keys": json.dumps(keys), "at_least": at_least, "limit": limit, "without": without}
        ).fetchall()
        told = {one.post_id: one for one in self._told(_AMONG, [ids(found)], lemmas=_LEMMAS)}
        return [told[post_id] for post_id, _ in found if post_id in told]

    def origin_of(self, post_id: int) -> tuple[int, int]:
        """The first post of the story that a post tells, and how many tell it: itself where it tells none."""
        row = self._db.execute(
            "SELECT origin_id, posts FROM posts JOIN stories ON stories.id = story_id WHERE posts.id = ?", (post_id,)
        ).fetchone()
        return (post_id, 1) if row is None else (int(row[0]), int(row[1]))

    def told(self, post_ids: Sequence[int]) -> list[Told]:
        """These posts, without their lemmas."""
        return self._told(_AMONG, [json.dumps(post_ids)])

    def told_before(self, story_id: int, post_id: int, *, limit: int) -> list[Told]:
        """Of the posts of a story that were found before one of them the first `limit` that are no plain copies."""
        where = (
            "posts.id IN (SELECT id FROM (SELECT id, story_kind FROM posts WHERE story_id = :story AND id < :post "
            "ORDER BY id LIMIT :looked) WHERE story_kind IS NOT 'repost' "
            "OR id = (SELECT min(id) FROM posts WHERE story_id = :story) LIMIT :limit)"
        )
        values: dict[str, object] = {"story": story_id, "post": post_id, "looked": _LOOKED_AT, "limit": limit}
        return self._told(where, values, lemmas=_LEMMAS)

    def members(self, story_id: int, *, limit: int, before: int | None = None) -> list[Told]:
        """The first post of a story and the newest `limit` others, newest first; without their lemmas.

        With `before` only those that were found before this post.
        """
        where = (
            "posts.id IN (SELECT origin_id FROM stories WHERE id = :story AND origin_id < :before UNION "
            "SELECT id FROM (SELECT id FROM posts WHERE story_id = :story AND id < :before "
            "ORDER BY id DESC LIMIT :limit)) ORDER BY posts.id DESC"
        )
        return self._told(where, {"story": story_id, "limit": limit, "before": before or _NEWEST_ID})

    def _told(self, where: str, values: Sequence[object] | dict[str, object], *, lemmas: str = "''") -> list[Told]:
        found = self._db.query(_TOLD.format(where=where, lemmas=lemmas), values)
        return [
            Told(
                post_id=int(row["post_id"]),
                story_id=row["story_id"],
                kind=row["kind"],
                share=row["share"],
                author=Author(name=row["author"], url=row["author_url"]),
                source=str(row["source"]),
                at=rows.moment(row["at"]),
                negative=bool(row["negative"]),
                lemmas=row["lemmas"] or "",
            )
            for row in found
        ]

    def stories(
        self, *, limit: int, brand: str | None = None, since: datetime | None = None
    ) -> list[dict[str, object]]:
        """Stories by their newest post, that first; of a brand: those that mention it. As rows of `v_stories`."""
        return list(
            self._db.query(
                """
                SELECT v_stories.* FROM stories CROSS JOIN v_stories ON v_stories.id = stories.id
                WHERE stories.last_at >= :since AND (:brand IS NULL OR EXISTS (
                    SELECT 1 FROM posts JOIN mentions ON mentions.post_id = posts.id
                    WHERE posts.story_id = stories.id AND mentions.brand = :brand))
                ORDER BY stories.last_at DESC LIMIT :limit
                """,
                {"brand": brand, "since": rows.to_text_or_none(since) or "", "limit": limit},
            )
        )

    def story(self, story_id: int, *, limit: int = 1000) -> dict[str, object] | None:
        """One story as its row of `v_stories`, with `members`: its first `limit` posts, oldest first."""
        row = next(self._db.query("SELECT * FROM v_stories WHERE id = ?", (story_id,)), None)
        if row is None:
            return None
        members = self._db.query(
            """
            SELECT posts.id AS post_id, coalesce(published_at, discovered_at) AS at, sources.name AS source,
                posts.author, posts.url, coalesce(story_kind, 'origin') AS kind, posts.title,
                substr(posts.text, 1, 300) AS text,
                (SELECT json_group_array(json_object('mention', id, 'brand', brand, 'sentiment', sentiment,
                    'priority', priority)) FROM mentions WHERE post_id = posts.id) AS mentions
            FROM posts JOIN sources ON sources.id = source_id WHERE story_id = ? ORDER BY 2, 1 LIMIT ?
            """,
            (story_id, limit),
        )
        return {**row, "members": [{**member, "mentions": json.loads(member["mentions"])} for member in members]}


class StoryVerbs(StoryReading, OutboxVerbs):
    """The part of `Store` that knows stories."""

    def add_story_keys(self, post_id: int, keys: Sequence[int]) -> None:
        """By these keys later posts find this one."""
        with self._in_transaction():
            self._db.conn.executemany(
                "INSERT INTO story_keys (hash, post_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
                [(key, post_id) for key in keys],
            )

    def join_story(self, post_id: int, *, like: int, kind: str, share: float) -> int:
        """A post tells what the earlier post `like` told: both are of one story now. Returns how many posts it has."""
        with self._in_transaction():
            (story,) = self._db.execute("SELECT story_id FROM posts WHERE id = ?", (like,)).fetchone()
            if story is None:
                story = self._insert(
                    "INSERT INTO stories (origin_id, posts, first_at, last_at) "
                    "SELECT id, 1, coalesce(published_at, discovered_at), coalesce(published_at, discovered_at) "
                    "FROM posts WHERE id = ? RETURNING id",
                    (like,),
                )
                self._db.execute("UPDATE posts SET story_id = ? WHERE id = ?", (story, like))
            self._db.execute(
                "UPDATE posts SET story_id = ?, story_kind = ?, story_share = ? WHERE id = ?",
                (story, kind, share, post_id),
            )
            posts = self._insert(
                """
                UPDATE stories SET posts = posts + 1, last_at = max(last_at, joins.at),
                    origin_id = iif(joins.at < first_at, joins.id, origin_id), first_at = min(first_at, joins.at)
                FROM (SELECT id, coalesce(published_at, discovered_at) AS at FROM posts WHERE id = ?) AS joins
                WHERE stories.id = ? RETURNING posts
                """,
                (post_id, story),
            )
        assert posts is not None  # noqa: S101 - the story is there: it was just read or made
        return posts

    def prune_story_keys(self, before: datetime, *, after: int) -> int | None:
        """Let go of keys of posts, beyond the id `after`, that were found before then and whose story has rested since.

        Looks at some posts at a time; returns the id to go on after, None where the rest is younger.
        """
        looked_at = self._db.execute(
            """
            SELECT posts.id, discovered_at < :before, coalesce(stories.last_at, '') < :before
            FROM (SELECT DISTINCT post_id FROM story_keys WHERE post_id > :after ORDER BY post_id LIMIT :limit) AS keyed
            CROSS JOIN posts ON posts.id = keyed.post_id LEFT JOIN stories ON stories.id = story_id ORDER BY posts.id
            """,
            {"before": rows.to_text(before), "after": after, "limit": _PRUNED},
        ).fetchall()
        past = [post_id for post_id, is_old, is_over in looked_at if is_old and is_over]
        self._db.execute(
            "DELETE FROM story_keys WHERE post_id IN (SELECT value FROM json_each(?))", (json.dumps(past),)
        )
        more = len(looked_at) == _PRUNED and looked_at[-1][1]
        return int(looked_at[-1][0]) if more else None


def ids(found: Sequence[Sequence[object]]) -> str:
    """The first column of rows, as a parameter for json_each."""
    return json.dumps([row[0] for row in found])


def leave_stories(db: Database, posts: Sequence[int | str]) -> None:
    """Before posts go: their stories are told by the others alone, and end where there is none."""
    gone = json.dumps(list(posts))
    left = [row[0] for row in db.execute(_LEFT, (gone,)).fetchall()]
    db.execute("DELETE FROM story_keys WHERE post_id IN (SELECT value FROM json_each(?))", (gone,))
    if not left:
        return
    db.execute("UPDATE posts SET story_id = NULL WHERE id IN (SELECT value FROM json_each(?))", (gone,))
    for story in left:
        first = db.execute(
            "SELECT id, coalesce(published_at, discovered_at) AS at FROM posts WHERE story_id = ? "
            "ORDER BY at, id LIMIT 1",
            (story,),
        ).fetchone()
        if first is None:
            db.execute("DELETE FROM stories WHERE id = ?", (story,))
            continue
        db.execute(
            "UPDATE stories SET origin_id = ?, first_at = ?, (posts, last_at) = (SELECT count(*), "
            "max(coalesce(published_at, discovered_at)) FROM posts WHERE story_id = stories.id) WHERE id = ?",
            (*first, story),
        )


_LEFT: Final = (
    "SELECT DISTINCT story_id FROM posts WHERE id IN (SELECT value FROM json_each(?)) AND story_id IS NOT NULL"
)
