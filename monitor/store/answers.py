"""What a brand answered: which post a reply by one of its accounts belongs to."""

from __future__ import annotations

from typing import NamedTuple

from monitor.models import Author
from monitor.store.outbox import OutboxVerbs


class Reply(NamedTuple):
    """A post that stands under others and answers none so far; `at` is when it was published, or else found."""

    id: int
    author: Author
    at: str


class AnswerVerbs(OutboxVerbs):
    """The part of `Store` that knows answers."""

    def unlinked_replies(self, source_id: int, *, after: int, limit: int) -> list[Reply]:
        """Up to `limit` posts of a source beyond the id `after` that stand under others and are no answers yet."""
        found = self._db.execute(
            """
            SELECT id, author, author_url, coalesce(published_at, discovered_at) FROM posts
            WHERE source_id = ? AND id > ? AND coalesce(thread, parent) IS NOT NULL
              AND coalesce(author, author_url) IS NOT NULL
              AND NOT EXISTS (SELECT 1 FROM answers WHERE answer_id = posts.id)
            ORDER BY id LIMIT ?
            """,
            (source_id, after, limit),
        )
        return [Reply(post_id, Author(name=name, url=url), at) for post_id, name, url, at in found]

    def link_answer(self, reply_id: int, *, brand: str) -> bool:
        """Note that a stored post, by an account of `brand`, answers one that mentions it; whether there is one.

        The one it stands under counts first, else the newest of its thread before it that has no answer yet.
        """
        linked = self._db.execute(
            """
            WITH reply AS (SELECT *, coalesce(thread, parent) AS place FROM posts WHERE id = :reply), thread AS (
                SELECT posts.id FROM reply JOIN posts ON posts.source_id = reply.source_id
                    AND posts.thread = reply.place
                UNION SELECT posts.id FROM reply JOIN posts ON posts.source_id = reply.source_id
                    AND posts.native_id IN (reply.place, reply.parent)
                UNION SELECT posts.id FROM reply JOIN posts ON posts.url IN (reply.place, reply.parent)
                    AND +posts.source_id = reply.source_id  -- the +: by the index of addresses
            )
            INSERT INTO answers (answer_id, post_id, brand, answered_at)
            SELECT reply.id, posts.id, :brand, coalesce(reply.published_at, reply.discovered_at)
            FROM reply CROSS JOIN thread CROSS JOIN posts ON posts.id = thread.id
            CROSS JOIN mentions ON mentions.post_id = posts.id AND mentions.brand = :brand
            WHERE posts.id != reply.id AND posts.author IS NOT reply.author
              AND (reply.parent IN (posts.native_id, posts.url) IS TRUE OR posts.published_at IS NULL
                   OR mentions.at <= coalesce(reply.published_at, reply.discovered_at))
            ORDER BY reply.parent IN (posts.native_id, posts.url) IS TRUE DESC,
                     EXISTS (SELECT 1 FROM answers WHERE post_id = posts.id), mentions.at DESC, posts.id DESC
            LIMIT 1 ON CONFLICT DO NOTHING RETURNING answer_id
            """,
            {"reply": reply_id, "brand": brand},
        )
        return bool(linked.fetchall())
