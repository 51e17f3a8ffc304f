"""What others answered to a mention: whether they say the same of themselves, or that it is not so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.models import Author
from monitor.store.outbox import OutboxVerbs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlite_utils import Database

CONFIRMS: Final = "confirms"
REBUTS: Final = "rebuts"


class Stance(NamedTuple):
    """Who answered, where, and which of the two."""

    reply_id: int
    author: Author
    source: str
    stance: str


class StanceReading:
    """What is asked of stances."""

    _db: Database

    def stances_on(self, post_id: int, *, limit: int) -> list[Stance]:
        """What others answered to a post, the first `limit`."""
        found = self._db.execute(
            "SELECT reply_id, author, author_url, sources.name, stance FROM stances "
            "JOIN posts ON posts.id = reply_id JOIN sources ON sources.id = posts.source_id "
            "WHERE stances.post_id = ? ORDER BY reply_id LIMIT ?",
            (post_id, limit),
        )
        return [Stance(row[0], Author(name=row[1], url=row[2]), row[3], row[4]) for row in found.fetchall()]

    def answered_by(self, reply_ids: Sequence[int]) -> list[int]:
        """The posts of others than these of which these replies say whether it is so."""
        found = self._db.execute(
            "SELECT DISTINCT post_id FROM json_each(:ids) AS given CROSS JOIN stances ON reply_id = given.value "
            "WHERE post_id NOT IN (SELECT value FROM json_each(:ids))",
            {"ids": json.dumps(list(reply_ids))},
        )
        return [int(post_id) for (post_id,) in found.fetchall()]


class StanceVerbs(StanceReading, OutboxVerbs):
    """The part of `Store` that knows stances."""

    def drop_stance(self, reply_id: int) -> int | None:
        """A reply says neither any more; returns the post of which it had, None where it had not."""
        return self._insert("DELETE FROM stances WHERE reply_id = ? RETURNING post_id", (reply_id,))

    def note_stance(self, reply_id: int, stance: str) -> int | None:
        """Note what a stored reply says of the mention above it; returns that one's post, None where there is none.

        The post that it stands under counts: a mention, or a reply whose own stance is known, to which saying no turns
        it round. One that stands under neither answers its thread: the newest mention before it.
        """
        under = self._db.execute(_UNDER, {"reply": reply_id}).fetchone()
        if under is not None:
            post_id, its_stance, is_opening = under
            if its_stance is not None:
                stance = CONFIRMS if stance == its_stance else REBUTS
            elif post_id is None and not is_opening:
                return None  # it answers what nobody here is concerned with
        else:
            post_id = None
        if post_id is None:
            found = self._db.execute(_BEFORE, {"reply": reply_id, "newest": NEWEST}).fetchone()
            post_id = None if found is None else found[0]
        if post_id is None:
            return None
        return self._insert(
            "INSERT INTO stances (reply_id, post_id, stance, said_at) "
            "SELECT id, ?, ?, coalesce(published_at, discovered_at) FROM posts WHERE id = ? "
            "ON CONFLICT DO NOTHING RETURNING post_id",
            (post_id, stance, reply_id),
        )


# What a reply stands directly under: the mention meant by it, its stance, and whether it opens the thread.
_UNDER: Final = """
    WITH reply AS (SELECT * FROM posts WHERE id = :reply), parent AS (
        SELECT posts.* FROM reply JOIN posts ON posts.source_id = reply.source_id AND posts.native_id = reply.parent
        UNION SELECT posts.* FROM reply JOIN posts ON posts.url = reply.parent AND +posts.source_id = reply.source_id
    )
    SELECT CASE WHEN EXISTS (SELECT 1 FROM mentions WHERE post_id = parent.id) THEN parent.id ELSE stances.post_id END,
        CASE WHEN NOT EXISTS (SELECT 1 FROM mentions WHERE post_id = parent.id) THEN stances.stance END,
        parent.thread IS NULL OR reply.thread IN (parent.native_id, parent.url)
    FROM reply CROSS JOIN parent LEFT JOIN stances ON stances.reply_id = parent.id
    WHERE parent.id <> reply.id ORDER BY parent.id LIMIT 1
"""
NEWEST: Final = 1_000
"""Posts of a thread, the newest, among which the mention is sought that a reply answers: some threads never end."""

# The newest mention of its thread before it, by somebody else.
_BEFORE: Final = """
    WITH reply AS (SELECT *, coalesce(thread, parent) AS place FROM posts WHERE id = :reply), thread AS (
        SELECT id FROM (
            SELECT id FROM posts WHERE (source_id, thread) = (SELECT source_id, place FROM reply)
            ORDER BY id DESC LIMIT :newest
        )
        UNION SELECT posts.id FROM reply JOIN posts ON posts.source_id = reply.source_id
            AND posts.native_id = reply.place
        UNION SELECT posts.id FROM reply JOIN posts ON posts.url = reply.place AND +posts.source_id = reply.source_id
    )
    SELECT posts.id FROM reply CROSS JOIN thread CROSS JOIN posts ON posts.id = thread.id
    CROSS JOIN mentions ON mentions.post_id = posts.id
    WHERE posts.id <> reply.id AND (posts.author IS NULL OR posts.author IS NOT reply.author)
      AND mentions.at <= coalesce(reply.published_at, reply.discovered_at)
    ORDER BY mentions.at DESC, posts.id DESC LIMIT 1
"""
