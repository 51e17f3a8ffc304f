"""Posts that are past their time: which they are, and how they go while the figures of their days stay."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.store import rows
from monitor.store.casedeadlines import OVER
from monitor.store.removal import Erased, RemovalVerbs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

WINDOW: Final = 500  # posts that are looked at in one go for being past their time: some milliseconds


class Window(NamedTuple):
    """Posts that are past their time, and the id to go on after, None where the rest is younger."""

    ids: list[int]
    after: int | None


class RetentionVerbs(RemovalVerbs):
    """The part of `Store` that lets go of what has had its time."""

    def retire(self, ids: Sequence[int]) -> Erased:
        """Take posts away that are past their time; the figures of each day keep counting their mentions."""
        wanted = json.dumps(ids)
        with self.transaction():
            counted = self._db.execute(
                """
                SELECT substr(at, 1, 10), brand, source_id, sentiment, doubtful, count(*), count(rating), total(rating)
                FROM mentions WHERE post_id IN (SELECT value FROM json_each(?)) GROUP BY 1, 2, 3, 4, 5
                """,
                (wanted,),
            ).fetchall()
            gone = self._remove_posts(ids)
            # The trigger of mentions has subtracted them.
            self._db.conn.executemany(
                """
                INSERT INTO day_counts VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
                    mentions = mentions + excluded.mentions, ratings = ratings + excluded.ratings,
                    rating_sum = rating_sum + excluded.rating_sum
                """,
                counted,
            )
        return gone

    def retire_alarms(self, before: datetime) -> Erased:
        """Take away alarms that were over before then, with all that was told of them; one on its way waits."""
        with self.transaction():
            found = self._db.execute(
                """
                SELECT id FROM alarms WHERE closed_at < ? AND NOT EXISTS (
                    SELECT 1 FROM alerts JOIN deliveries ON deliveries.alert_id = alerts.id
                    WHERE alerts.alarm_id = alarms.id AND deliveries.state = 'pending')
                """,
                (rows.to_text(before),),
            )
            alarms = [int(alarm_id) for (alarm_id,) in found.fetchall()]
            gone = self._remove_alerts(
                self._ids("SELECT id FROM alerts WHERE alarm_id IN (SELECT value FROM json_each(?))", alarms)
            )
            self._remove("alarms", "id", alarms)
        return gone

    def past_their_time(self, after: int, *, mentions_before: datetime, others_before: datetime) -> Window:
        """Of the next WINDOW posts those that were found before their limit and that nobody waits for.

        A post waits while an alert about it or its case is on its way, or its case is not over. An answer of ours
        counts as a mention: response figures live as long as what was answered; a post of a case does, too.
        """
        latest = rows.to_text(max(mentions_before, others_before))
        looked_at = self._db.execute(
            """
            SELECT id, discovered_at < CASE
                WHEN EXISTS (SELECT 1 FROM mentions WHERE post_id = posts.id)
                  OR EXISTS (SELECT 1 FROM answers WHERE answer_id = posts.id)
                  OR EXISTS (SELECT 1 FROM case_posts WHERE post_id = posts.id) THEN :mentions ELSE :others END,
                discovered_at < :latest
            FROM posts WHERE id > :after ORDER BY id LIMIT :window
            """,
            {
                "after": after,
                "mentions": rows.to_text(mentions_before),
                "others": rows.to_text(others_before),
                "latest": latest,
                "window": WINDOW,
            },
        ).fetchall()
        past = [int(post_id) for post_id, is_past, _ in looked_at if is_past]
        awaited = self._awaited(past)
        more = len(looked_at) == WINDOW and any(is_old for _, _, is_old in looked_at)
        return Window([post_id for post_id in past if post_id not in awaited], looked_at[-1][0] if more else None)

    def _awaited(self, ids: Sequence[int]) -> set[int]:
        found = self._db.execute(
            f"""
            SELECT DISTINCT mentions.post_id FROM mentions JOIN alerts ON alerts.mention_id = mentions.id
            JOIN deliveries ON deliveries.alert_id = alerts.id
            WHERE deliveries.state = 'pending' AND mentions.post_id IN (SELECT value FROM json_each(:ids))
            UNION SELECT case_posts.post_id FROM case_posts JOIN cases ON cases.id = case_posts.case_id
            WHERE case_posts.post_id IN (SELECT value FROM json_each(:ids)) AND (cases.state NOT IN {OVER} OR EXISTS (
                SELECT 1 FROM case_notices JOIN alerts ON alerts.notice_id = case_notices.id
                JOIN deliveries ON deliveries.alert_id = alerts.id
                WHERE case_notices.case_id = cases.id AND deliveries.state = 'pending'))
            """,  # noqa: S608 - a constant
            {"ids": json.dumps(ids)},
        )
        return {int(post_id) for (post_id,) in found.fetchall()}
