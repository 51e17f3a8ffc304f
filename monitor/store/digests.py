"""The verbs of digests, and what they count: each a stretch of time, read by an index of it, and nothing else.

`match` of a scope is what somebody asked for. A mention counts in the minute it was published in, as in all figures;
`found_late` has those that were found after their time had been told.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from monitor.models import AlertIntent
from monitor.store import rows
from monitor.store.casedeadlines import OVER
from monitor.store.outbox import OutboxVerbs
from monitor.store.queries import DIGEST_OWNERS, DIGEST_POSTS, DUE
from monitor.store.search import register
from monitor.store.stats import Scope, gaps, of_mentions, watched_since

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlite_utils import Database

    from monitor.models import JSON, DigestSettings, Dispatch
    from monitor.query.sql import Sql

Row: TypeAlias = dict[str, Any]

_RANKED: Final = 50  # mentions of the highest priority among which those of other stories are looked for
_LATE: Final = 1_000  # mentions that were found late and are counted
_CASES: Final = 5_000  # open cases that are looked at

# A search for each post of an open case would take seconds; one search back to the oldest of them takes none.
_OPEN_POSTS: Final = f"""
    FROM cases CROSS JOIN case_posts ON case_posts.case_id = cases.id WHERE cases.state NOT IN {OVER}
"""
_FOUND: Final = f"""
    AND mentions.id IN (SELECT rowid FROM mention_search WHERE mention_search MATCH :_match
        AND rowid >= (SELECT min(case_posts.mention_id) {_OPEN_POSTS}))
"""  # noqa: S608 - constants
_HOLDING: Final = f"""
    AND cases.id IN (SELECT held.case_id FROM (SELECT case_posts.case_id, case_posts.mention_id {_OPEN_POSTS}) AS held
        CROSS JOIN mentions ON mentions.id = held.mention_id WHERE ({{condition}}) {{found}})
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True, kw_only=True)
class Digested:
    """The last digest of a name: until when it counted, and the newest mention and delivery that were there then."""

    until: datetime
    mention_id: int
    delivery_id: int


class DigestReading:
    """What is asked of digests, in the writer's transaction and beside it."""

    _db: Database

    def digested(self, name: str, until: datetime) -> Digested | None:
        """The last digest of a name up to a moment, whether somebody was told of it or not; None where none is."""
        row = self._db.execute(
            "SELECT to_at, figures ->> '$.upto[0]', figures ->> '$.upto[1]' FROM digests "
            "WHERE name = ? AND to_at <= ? ORDER BY to_at DESC LIMIT 1",
            (name, rows.to_text(until)),
        ).fetchone()
        if row is None:
            return None
        return Digested(until=rows.moment(row[0]), mention_id=int(row[1] or 0), delivery_id=int(row[2] or 0))

    def newest(self) -> tuple[int, int]:
        """The numbers of the newest mention and of the newest delivery; 0 where there is none."""
        row = self._db.execute(
            "SELECT (SELECT coalesce(max(id), 0) FROM mentions), (SELECT coalesce(max(id), 0) FROM deliveries)"
        ).fetchone()
        return int(row[0]), int(row[1])

    def watched_since(self) -> datetime | None:
        """When the first source had been polled once; None where that is still to come."""
        return watched_since(self._db)

    def mentions_by_minute(self, scope: Scope) -> list[Row]:
        """Mentions in scope by minute and brand.

        Keys: minute, brand, mentions, negative, positive, ratings, rating_sum.
        """
        register(self._db)
        tables, conditions, parameters = of_mentions(scope)
        return list(
            self._db.query(
                f"""
                SELECT substr(mentions.at, 1, 16) AS minute, mentions.brand, count(*) AS mentions,
                    count(*) FILTER (WHERE mentions.sentiment = 'negative') AS negative,
                    count(*) FILTER (WHERE mentions.sentiment = 'positive') AS positive,
                    count(mentions.rating) AS ratings, total(mentions.rating) AS rating_sum
                FROM {tables} WHERE {conditions} GROUP BY 1, 2
                """,  # noqa: S608 - constants; values are parameters
                parameters,
            )
        )

    def spreading(self, scope: Scope, *, limit: int) -> list[Row]:
        """Stories that several posts in scope tell, those of most authors first. Keys: story, mention, posts, authors.

        `mention` is the one of the highest priority.
        """
        tables, conditions, parameters = of_mentions(scope, posts=True)
        return list(
            self._db.query(
                f"""
                SELECT posts.story_id AS story, mentions.id AS mention, count(DISTINCT posts.id) AS posts,
                    count(DISTINCT posts.author) AS authors, max(mentions.priority) AS priority
                FROM {tables} WHERE {conditions} AND posts.story_id IS NOT NULL
                GROUP BY posts.story_id HAVING posts > 1
                ORDER BY authors DESC, posts DESC, priority DESC, story DESC LIMIT :_limit
                """,  # noqa: S608 - constants; values are parameters
                {**parameters, "_limit": limit},
            )
        )

    def foremost(self, scope: Scope, *, without: Sequence[int], limit: int) -> list[int]:
        """The mentions of the highest priority, one of each story, and none of the stories `without`."""
        tables, conditions, parameters = of_mentions(scope)
        found = self._db.execute(
            f"""
            SELECT ranked.id, posts.story_id FROM (
                SELECT mentions.id, mentions.post_id, mentions.priority FROM {tables} WHERE {conditions}
                ORDER BY mentions.priority DESC, mentions.id DESC LIMIT {_RANKED}
            ) AS ranked CROSS JOIN posts ON posts.id = ranked.post_id ORDER BY ranked.priority DESC, ranked.id DESC
            """,  # noqa: S608 - constants; values are parameters
            parameters,
        )
        told, chosen = set(without), list[int]()
        for mention, story in found.fetchall():
            if story is None or story not in told:
                told |= {story} if story is not None else set()
                chosen.append(int(mention))
        return chosen[:limit]

    def found_late(self, scope: Scope, *, after: int) -> list[tuple[int, str]]:
        """Mentions in scope beyond the number `after`, and their brands, the highest priority first."""
        tables, conditions, parameters = of_mentions(scope)
        found = self._db.execute(
            f"SELECT mentions.id, mentions.brand FROM {tables} WHERE {conditions} AND mentions.id > :_after "  # noqa: S608
            f"ORDER BY mentions.priority DESC, mentions.id DESC LIMIT {_LATE}",
            {**parameters, "_after": after},
        )
        return [(int(mention), str(brand)) for mention, brand in found.fetchall()]

    def open_cases(self, sql: Sql | None) -> list[Row]:
        """Open cases, all or those of a mention that a query holds for, the most urgent first.

        Keys: id, brand, classes (a list), due_at (the next thing due or overdue, None where nothing is).
        """
        held, parameters = "", dict[str, object]()
        if sql is not None:
            held = _HOLDING.format(condition=sql.condition, found=_FOUND if sql.match else "")
            parameters = {**sql.parameters, **({"_match": sql.match} if sql.match else {})}
        listed = self._db.query(
            f"SELECT * FROM (SELECT cases.id, cases.brand, cases.classes, ({DUE}) AS due_at FROM cases "  # noqa: S608
            f"WHERE cases.state NOT IN {OVER} {held} ORDER BY cases.id DESC LIMIT {_CASES}) "
            "ORDER BY due_at IS NULL, due_at, id",
            parameters,
        )
        return [{**row, "classes": json.loads(row["classes"])} for row in listed]

    def deliveries_by_state(self, *, after: int, since: datetime, receiver: str | None) -> dict[str, int]:
        """How many deliveries beyond the number `after`, made since then, are in which state; None is any receiver."""
        found = self._db.execute(
            "SELECT state, count(*) FROM deliveries WHERE id > :after AND created_at >= :since "
            "AND (:receiver IS NULL OR receiver = :receiver) GROUP BY 1",
            {"after": after, "since": rows.to_text(since), "receiver": receiver},
        )
        return {str(state): int(number) for state, number in found.fetchall()}

    def source_states(self) -> list[tuple[str, str]]:
        """Name and health of every source that is watched, by name."""
        found = self._db.execute("SELECT name, health FROM sources WHERE active ORDER BY name")
        return [(str(name), str(health)) for name, health in found.fetchall()]

    def gaps_of_all(self, *, since: datetime, until: datetime) -> list[Row]:
        """Stretches of [since, until) that sources could not cover. Keys: source, from_at, to_at, reason."""
        return gaps(self._db, since=since, until=until)

    def named_in_digest(self, mention_ids: Sequence[int], case_ids: Sequence[int]) -> dict[str, Any]:
        """The `posts` behind mentions and the `owners` of cases, as a stored digest has them when it is told."""
        posts = self._db.execute(DIGEST_POSTS.format(numbers="?"), (json.dumps(list(mention_ids)),)).fetchone()
        owners = self._db.execute(DIGEST_OWNERS.format(numbers="?"), (json.dumps(list(case_ids)),)).fetchone()
        return {"posts": json.loads(posts[0]), "owners": json.loads(owners[0])}


class DigestVerbs(DigestReading, OutboxVerbs):
    """The part of `Store` that keeps digests."""

    def add_digest(
        self,
        settings: DigestSettings,
        figures: Mapping[str, JSON],
        *,
        since: datetime,
        until: datetime,
        to: Dispatch | None,
        now: datetime,
    ) -> int | None:
        """Note that a digest was made of [since, until), and tell it where there is somebody to tell it `to`.

        Returns its number; None where the digest of this name and end was made before, which tells nobody again.
        """
        with self._in_transaction():
            number = self._insert(
                "INSERT INTO digests (name, cadence, zone, language, from_at, to_at, figures, created_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name, to_at) DO NOTHING RETURNING id",
                (
                    settings.name,
                    settings.cadence.value,
                    settings.zone,
                    settings.language,
                    rows.to_text(since),
                    rows.to_text(until),
                    json.dumps(dict(figures), ensure_ascii=False),
                    rows.to_text(now),
                ),
            )
            if number is not None and to is not None:
                key = f"digest:{settings.name}:{rows.to_text(until)}"
                told = AlertIntent(key=key, reason=f"digest: {settings.name}", to=(to,))
                self._add_alert(told, digest_id=number, now=now)
        return number
