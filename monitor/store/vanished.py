"""The verbs of posts that are missing from their source, gone from it, or back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from monitor.models import PostType
from monitor.store import rows
from monitor.store.m002 import identity_hash
from monitor.store.outbox import OutboxVerbs

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime


class Standing(NamedTuple):
    """A stored post with a mention, as far as its place in a list goes; `is_under` says that it has a thread."""

    id: int
    type: PostType
    is_under: bool
    missing: bool


class Missing(NamedTuple):
    """A post that has been missing for a while, with what its own page can be asked about.

    `has_lacked` says that the page has not held the text since.
    """

    id: int
    url: str | None
    text: str
    has_lacked: bool


class VanishedVerbs(OutboxVerbs):
    """The part of `Store` that knows what is gone."""

    def known_as(self, source_id: int, identities: Collection[str]) -> dict[int, bool]:
        """The posts that a source showed under these identities, and whether each counts as missing or removed."""
        found = self._db.execute(
            """
            SELECT posts.id, posts.missing_at IS NOT NULL OR posts.removed_at IS NOT NULL
            FROM json_each(?) AS wanted
                CROSS JOIN sightings ON sightings.source_id = ? AND sightings.identity = wanted.value
                CROSS JOIN posts ON posts.id = sightings.post_id
            """,
            (json.dumps([identity_hash(identity) for identity in identities]), source_id),
        )
        return {int(post_id): bool(marked) for post_id, marked in found.fetchall()}

    def mentioned_since(
        self, source_id: int, since: datetime, *, until: datetime, limit: int, thread: str | None = None
    ) -> list[Standing]:
        """Up to `limit` posts of a source or thread with a mention, or that answer one, written between two moments.

        Newest first.
        """
        within = "posts.source_id = :source AND posts.thread = :thread" if thread is not None else ":thread IS NULL"
        found = self._db.execute(
            f"""
            SELECT DISTINCT posts.id, posts.type, posts.thread IS NOT NULL, posts.missing_at IS NOT NULL, said.at
            FROM (
                SELECT post_id, at FROM mentions WHERE source_id = :source AND at > :since AND at < :until
                UNION ALL SELECT answer_id, answered_at FROM answers WHERE answered_at > :since AND answered_at < :until
            ) AS said CROSS JOIN posts ON posts.id = said.post_id
            WHERE posts.source_id = :source AND posts.published_at IS NOT NULL AND posts.removed_at IS NULL AND {within}
            ORDER BY said.at DESC LIMIT :limit
            """,  # noqa: S608 - one of two constants
            {
                "source": source_id,
                "since": rows.to_text(since),
                "until": rows.to_text(until),
                "thread": thread,
                "limit": limit,
            },
        )
        return [
            Standing(int(post_id), PostType(kind), bool(is_under), bool(missing))
            for post_id, kind, is_under, missing, _ in found.fetchall()
        ]

    def missing_before(
        self, source_id: int, before: datetime, *, published_since: datetime, limit: int
    ) -> list[Missing]:
        """Up to `limit` posts of a source that have been missing since before then, the longest missing first."""
        found = self._db.execute(
            "SELECT id, url, text, page_lacked FROM posts WHERE source_id = ? AND missing_at IS NOT NULL "
            "AND removed_at IS NULL AND missing_at <= ? AND published_at >= ? ORDER BY missing_at, id LIMIT ?",
            (source_id, rows.to_text(before), rows.to_text(published_since), limit),
        )
        return [Missing(int(post_id), url, text, bool(lacked)) for post_id, url, text, lacked in found.fetchall()]

    def mark_missing(self, ids: Collection[int], at: datetime) -> None:
        """These count as missing since `at`."""
        self._db.execute(
            "UPDATE posts SET missing_at = ?, page_lacked = 0 WHERE id IN (SELECT value FROM json_each(?))",
            (rows.to_text(at), json.dumps(list(ids))),
        )

    def ask_later(self, post_id: int, at: datetime, *, has_lacked: bool) -> None:
        """A missing post's page was asked and left it open; it counts as missing since `at`, which may lie ahead."""
        self._db.execute(
            "UPDATE posts SET missing_at = ?, page_lacked = ? WHERE id = ?", (rows.to_text(at), has_lacked, post_id)
        )

    def mark_removed(self, post_id: int, now: datetime) -> None:
        """This is gone from its site; what it said stays."""
        self._db.execute("UPDATE posts SET removed_at = ? WHERE id = ?", (rows.to_text(now), post_id))

    def mark_shown(self, ids: Collection[int]) -> None:
        """These are there again."""
        self._db.execute(
            "UPDATE posts SET missing_at = NULL, removed_at = NULL WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        )
