"""What a brand answered: which post a reply by one of its accounts belongs to, and whether it is still shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from monitor.models import Author
from monitor.store import rows
from monitor.store.outbox import OutboxVerbs

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime


class Reply(NamedTuple):
    """A post that stands under others and answers none so far; `at` is when it was published, or else found."""

    id: int
    author: Author
    at: str


class Answered(NamedTuple):
    """An answer of a brand's own account: the reply by its `id`, the post that it answers, and when it was written."""

    id: int
    post_id: int
    at: datetime


class Standing(NamedTuple):
    """An answer that was there when it was looked for last; `url` is its own address."""

    id: int
    url: str
    text: str
    at: datetime
    seen_at: datetime


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
            INSERT INTO answers (answer_id, post_id, brand, answered_at, seen_at)
            SELECT reply.id, posts.id, :brand, coalesce(reply.published_at, reply.discovered_at), reply.discovered_at
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

    def own_answers(self, post_id: int, brand: str) -> list[Answered]:
        """What a brand answered to a post, oldest first."""
        return self._answered("post_id = ? AND brand = ?", (post_id, brand))

    def answered_by_reply(self, reply_id: int, brand: str) -> Answered | None:
        """What a reply answers for a brand; None where it answers nothing."""
        return next(iter(self._answered("answer_id = ? AND brand = ?", (reply_id, brand))), None)

    def _answered(self, where: str, values: tuple[object, ...]) -> list[Answered]:
        found = self._db.execute(
            f"SELECT answer_id, post_id, answered_at FROM answers WHERE {where} ORDER BY answered_at, answer_id",  # noqa: S608 - constants
            values,
        )
        return [Answered(int(answer), int(post), rows.moment(at)) for answer, post, at in found.fetchall()]

    def cases_answered_by(self, answer_id: int) -> list[int]:
        """The cases that hold a post which a reply answers."""
        found = self._db.execute(
            "SELECT case_id FROM answers JOIN case_posts USING (post_id, brand) WHERE answer_id = ? ORDER BY case_id",
            (answer_id,),
        )
        return [int(case_id) for (case_id,) in found.fetchall()]

    def standing_answers(self, source_id: int, *, since: datetime, limit: int) -> list[Standing]:
        """Answers at a source, written since then, that have an address and are not missing; longest unseen first."""
        found = self._db.execute(
            """
            SELECT DISTINCT posts.id, posts.url, posts.text, answered_at, coalesce(seen_at, answered_at) AS seen
            FROM answers JOIN posts ON posts.id = answer_id
            WHERE answered_at >= ? AND posts.source_id = ? AND posts.url IS NOT NULL AND missing_at IS NULL
              AND removed_at IS NULL
            ORDER BY seen, posts.id LIMIT ?
            """,
            (rows.to_text(since), source_id, limit),
        )
        return [
            Standing(int(answer), url, text, rows.moment(at), rows.moment(seen))
            for answer, url, text, at, seen in found.fetchall()
        ]

    def answer_stands(self, answer_id: int, now: datetime) -> None:
        """An answer was looked for, and it is there."""
        self._db.execute(
            "UPDATE answers SET seen_at = ?, gone_at = NULL WHERE answer_id = ?", (rows.to_text(now), answer_id)
        )

    def answer_vanished(self, answer_id: int, now: datetime) -> None:
        """An answer is no longer shown."""
        self._db.execute("UPDATE answers SET gone_at = ? WHERE answer_id = ?", (rows.to_text(now), answer_id))

    def answers_among(self, post_ids: Collection[int]) -> list[int]:
        """Those of these posts that are answers and are no longer shown."""
        found = self._db.execute(
            "SELECT DISTINCT answer_id FROM answers WHERE gone_at IS NOT NULL "
            "AND answer_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(post_ids)),),
        )
        return [int(answer) for (answer,) in found.fetchall()]
