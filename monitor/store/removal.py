"""How posts leave the database with all that hangs on them, whatever the reason; and how many rows went."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.store.outbox import OutboxVerbs
from monitor.store.stories import leave_stories

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


class Erased(NamedTuple):
    """How many rows went; `unlearned` are versions of what corrections of sentiment taught, of those that counted."""

    posts: int = 0
    mentions: int = 0
    revisions: int = 0
    answers: int = 0
    alerts: int = 0
    deliveries: int = 0
    messages: int = 0
    cursors: int = 0
    unlearned: int = 0
    cases: int = 0

    def plus(self, other: Erased) -> Erased:
        """Both together."""
        return Erased(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


# Of cases that posts have left those without any, and those that had gone on in them.
_EMPTY: Final = """
    WITH RECURSIVE gone (id) AS (
        SELECT value FROM json_each(?) WHERE NOT EXISTS (SELECT 1 FROM case_posts WHERE case_id = value)
        UNION SELECT cases.id FROM gone JOIN cases ON cases.merged_into = gone.id
    ) SELECT id FROM gone
"""


class RemovalVerbs(OutboxVerbs):
    """What erasing on request and retention have in common."""

    def _remove_posts(self, ids: Sequence[int]) -> Erased:
        """Call it inside a transaction. The sightings stay as tombstones."""
        posts = self._ids("SELECT value FROM json_each(?)", ids)
        mentions = self._ids("SELECT id FROM mentions WHERE post_id IN (SELECT value FROM json_each(?))", posts)
        told = self._remove_alerts(
            self._ids("SELECT id FROM alerts WHERE mention_id IN (SELECT value FROM json_each(?))", mentions)
        ).plus(self._remove_signals("mention_id", mentions))
        told, cases = self._leave_cases(posts, told)
        answers = self._remove("answers", "answer_id", posts) + self._remove("answers", "post_id", posts)
        leave_stories(self._db, posts)
        self._remove("stances", "reply_id", posts)
        self._remove("stances", "post_id", posts)
        self._remove("corrections", "mention_id", mentions)
        self._remove("mention_search", "rowid", mentions)
        self._remove("followed", "post_id", posts)
        self._db.execute(
            "UPDATE sightings SET post_id = NULL WHERE post_id IN (SELECT value FROM json_each(?))",
            (json.dumps(posts),),
        )
        return told._replace(
            answers=answers,
            cases=cases,
            mentions=self._remove("mentions", "id", mentions),
            revisions=self._remove("revisions", "post_id", posts),
            posts=self._remove("posts", "id", posts),
        )

    def _leave_cases(self, posts: Collection[int | str], told: Erased) -> tuple[Erased, int]:
        """The cases of posts that go are about the others alone; one without others goes with all that was told of it.

        Returns what was told, with that of before, and the number of cases that went.
        """
        held = self._ids("SELECT case_id FROM case_posts WHERE post_id IN (SELECT value FROM json_each(?))", posts)
        self._remove("case_posts", "post_id", posts)
        self._db.execute(
            "UPDATE case_notices SET post_id = NULL WHERE post_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(posts)),),
        )
        over = self._ids(_EMPTY, held)
        told = told.plus(
            self._remove_alerts(
                self._ids(
                    "SELECT alerts.id FROM case_notices JOIN alerts ON notice_id = case_notices.id "
                    "WHERE case_id IN (SELECT value FROM json_each(?))",
                    over,
                )
            )
        )
        told = told.plus(self._remove_signals("case_id", over))
        for table in ("silences", "case_notices", "case_deadlines", "case_events"):
            self._remove(table, "case_id", over)
        return told, self._remove("cases", "id", over)

    def _remove_signals(self, column: str, among: Collection[int | str]) -> Erased:
        """Signals of mentions, cases or alarms that go, with all that was told of them.

        That a story spread stays known, or it would be told again of the posts that are left.
        """
        self._db.execute(
            f"UPDATE signals SET {column} = NULL WHERE kind = 'spreading' AND {column} IN ("  # noqa: S608 - constants
            "SELECT value FROM json_each(?))",
            (json.dumps(list(among)),),
        )
        signals = self._ids(f"SELECT id FROM signals WHERE {column} IN (SELECT value FROM json_each(?))", among)  # noqa: S608 - constants
        gone = self._remove_alerts(
            self._ids("SELECT id FROM alerts WHERE signal_id IN (SELECT value FROM json_each(?))", signals)
        )
        self._remove("signals", "id", signals)
        return gone

    def _remove_alerts(self, alerts: Collection[int | str]) -> Erased:
        """Alerts with their deliveries, and the messages that then carry nothing; call it inside a transaction."""
        deliveries = self._ids("SELECT id FROM deliveries WHERE alert_id IN (SELECT value FROM json_each(?))", alerts)
        messages = self._ids(
            "SELECT DISTINCT message_id FROM message_deliveries WHERE delivery_id IN (SELECT value FROM json_each(?))",
            deliveries,
        )
        self._remove("message_deliveries", "delivery_id", deliveries)
        messages_gone = self._db.execute(
            "DELETE FROM messages WHERE id IN (SELECT value FROM json_each(?)) "
            "AND NOT EXISTS (SELECT 1 FROM message_deliveries WHERE message_id = messages.id)",
            (json.dumps(messages),),
        ).rowcount
        return Erased(
            messages=messages_gone,
            deliveries=self._remove("deliveries", "id", deliveries),
            alerts=self._remove("alerts", "id", alerts),
        )

    def _ids(self, query: str, among: Collection[int | str]) -> list[int | str]:
        return [row[0] for row in self._db.execute(query, (json.dumps(list(among)),)).fetchall()]

    def _remove(self, table: str, column: str, among: Collection[int | str]) -> int:
        statement = f"DELETE FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))"  # noqa: S608 - constants
        return int(self._db.execute(statement, (json.dumps(list(among)),)).rowcount)
