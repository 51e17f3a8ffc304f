"""Posts that are past their time: which they are, and how they go while the figures of their days stay."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.store import rows
from monitor.store.casedeadlines import OVER
from monitor.store.casenotes import blank_notes
from monitor.store.erase import Names
from monitor.store.removal import Erased, RemovalVerbs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

WINDOW: Final = 500  # posts that are looked at in one go for being past their time: some milliseconds


# Cases that hold these posts, or let them go to another, unless they hold nothing else.
_SHARED: Final = """
    WITH going (id) AS MATERIALIZED (SELECT value FROM json_each(?)), held (case_id, post_id) AS (
        SELECT case_id, post_id FROM case_posts WHERE post_id IN going
        UNION SELECT case_id, body ->> 'post' FROM case_events WHERE kind = 'left' AND body ->> 'post' IN going
    )
    SELECT case_id, post_id FROM held WHERE NOT EXISTS (
            SELECT 1 FROM case_posts WHERE case_id = held.case_id AND post_id IN going)
        OR EXISTS (SELECT 1 FROM case_posts WHERE case_id = held.case_id AND post_id NOT IN going)
"""
# A case, and those that went on in it.
_FAMILY: Final = """
    WITH RECURSIVE family (id) AS (
        SELECT ? UNION SELECT cases.id FROM family JOIN cases ON cases.merged_into = family.id
    ) SELECT id FROM family
"""
_AUTHORS_LEFT: Final = """
    SELECT DISTINCT author, author_url FROM case_posts CROSS JOIN posts ON posts.id = post_id
    WHERE case_id IN (SELECT value FROM json_each(:family)) AND post_id NOT IN (SELECT value FROM json_each(:ids))
"""


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
            self._blank_shared(ids)
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

    def _blank_shared(self, ids: Sequence[int]) -> None:
        """In cases that go on without these posts nothing quotes them, nor names whoever is in the case no more."""
        held: dict[int, list[int]] = {}
        for case_id, post_id in self._db.execute(_SHARED, (json.dumps(ids),)).fetchall():
            held.setdefault(int(case_id), []).append(int(post_id))
        for case_id, theirs in held.items():
            family = [int(one) for (one,) in self._db.execute(_FAMILY, (case_id,)).fetchall()]
            stay = {"family": json.dumps(family), "ids": json.dumps(ids)}
            here = {name for row in self._db.execute(_AUTHORS_LEFT, stay).fetchall() for name in row}
            found = self._db.execute(
                "SELECT author, author_url, url FROM posts WHERE id IN (SELECT value FROM json_each(?))",
                (json.dumps(theirs),),
            )
            gone = {name for row in found.fetchall() for name in row if name} - here
            blank_notes(self._db, theirs, Names.of([], sorted(gone)).stand_in, cases=family)

    def retire_alarms(self, before: datetime) -> Erased:
        """Take away alarms that were over before then, with all that was told of them; one on its way waits."""
        with self.transaction():
            found = self._db.execute(
                """
                SELECT id FROM alarms WHERE closed_at < ? AND NOT EXISTS (
                    SELECT 1 FROM alerts JOIN deliveries ON deliveries.alert_id = alerts.id
                    WHERE (alerts.alarm_id = alarms.id OR alerts.signal_id IN (
                        SELECT id FROM signals WHERE alarm_id = alarms.id)) AND deliveries.state = 'pending')
                """,
                (rows.to_text(before),),
            )
            alarms = [int(alarm_id) for (alarm_id,) in found.fetchall()]
            gone = self._remove_alerts(
                self._ids("SELECT id FROM alerts WHERE alarm_id IN (SELECT value FROM json_each(?))", alarms)
            ).plus(self._remove_signals("alarm_id", alarms))
            self._remove("alarms", "id", alarms)
        return gone

    def retire_told(self, before: datetime) -> Erased:
        """Take away signals and digests of before then, with all that was told of them; what is on its way waits."""
        gone = Erased()
        with self.transaction():
            for table, column, at in (("signals", "signal_id", "at"), ("digests", "digest_id", "created_at")):
                found = self._db.execute(
                    f"SELECT id FROM {table} WHERE {at} < ? AND NOT EXISTS ("  # noqa: S608 - constants
                    "SELECT 1 FROM alerts JOIN deliveries ON deliveries.alert_id = alerts.id "
                    f"WHERE alerts.{column} = {table}.id AND deliveries.state = 'pending')",
                    (rows.to_text(before),),
                )
                past = [int(number) for (number,) in found.fetchall()]
                told = f"SELECT id FROM alerts WHERE {column} IN (SELECT value FROM json_each(?))"  # noqa: S608 - constants
                gone = gone.plus(self._remove_alerts(self._ids(told, past)))
                self._remove(table, "id", past)
            # What a restore noted as told carries nothing.
            self._db.execute(
                "DELETE FROM messages WHERE state <> 'pending' AND settled_at < ? "
                "AND NOT EXISTS (SELECT 1 FROM message_deliveries WHERE message_id = messages.id)",
                (rows.to_text(before),),
            )
        return gone

    def past_their_time(self, after: int, *, mentions_before: datetime, others_before: datetime) -> Window:
        """Of the next WINDOW posts those that were found before their limit and that nobody waits for.

        A post waits while an alert about it or its case is on its way, and while its case is not over and goes on:
        something is due in it yet, or happened since `mentions_before`. What nobody touches any more is not kept for
        ever. An answer of ours counts as a mention: response figures live as long as what was answered; a post of a
        case does, too.
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
        awaited = self._awaited(past, mentions_before)
        more = len(looked_at) == WINDOW and any(is_old for _, _, is_old in looked_at)
        return Window([post_id for post_id in past if post_id not in awaited], looked_at[-1][0] if more else None)

    def _awaited(self, ids: Sequence[int], since: datetime) -> set[int]:
        found = self._db.execute(
            f"""
            SELECT mentions.post_id FROM mentions JOIN signals ON signals.mention_id = mentions.id
            JOIN alerts ON alerts.signal_id = signals.id JOIN deliveries ON deliveries.alert_id = alerts.id
            WHERE deliveries.state = 'pending' AND mentions.post_id IN (SELECT value FROM json_each(:ids))
            UNION SELECT DISTINCT mentions.post_id FROM mentions JOIN alerts ON alerts.mention_id = mentions.id
            JOIN deliveries ON deliveries.alert_id = alerts.id
            WHERE deliveries.state = 'pending' AND mentions.post_id IN (SELECT value FROM json_each(:ids))
            UNION SELECT case_posts.post_id FROM case_posts JOIN cases ON cases.id = case_posts.case_id
            WHERE case_posts.post_id IN (SELECT value FROM json_each(:ids)) AND ((cases.state NOT IN {OVER} AND (
                EXISTS (SELECT 1 FROM case_deadlines WHERE case_id = cases.id AND fired_at IS NULL)
                OR (SELECT at FROM case_events WHERE case_id = cases.id AND seq = cases.seq) >= :since
            )) OR EXISTS (
                SELECT 1 FROM case_notices JOIN alerts ON alerts.notice_id = case_notices.id
                JOIN deliveries ON deliveries.alert_id = alerts.id
                WHERE case_notices.case_id = cases.id AND deliveries.state = 'pending'))
            """,  # noqa: S608 - a constant
            {"ids": json.dumps(ids), "since": rows.to_text(since)},
        )
        return {int(post_id) for (post_id,) in found.fetchall()}
