"""Figures over the history: counts, answers, authors, the gravest mentions, coverage, and whole mentions for an export.

Each function reads and returns rows whose keys its docstring names. What has no filter is answered from `day_counts`,
the rest from the index of the filter or of the time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from monitor.store import rows
from monitor.store.search import later
from monitor.store.views import DAY, SITE, week_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlite_utils import Database

    from monitor.query.sql import Sql

    History: TypeAlias = Database
    """What every function here reads: the database, opened for reading."""

Row: TypeAlias = dict[str, Any]

_COUNTED: Final = {
    "": "''",
    "day": "day",
    "week": week_of("day"),
    "month": "substr(day, 1, 7)",
    "brand": "brand",
    "source": "(SELECT name FROM sources WHERE id = source_id)",
    "sentiment": "sentiment",
}
_LOOKED_UP: Final = {
    "": "''",
    "day": DAY,
    "week": week_of(DAY),
    "month": "substr(mentions.at, 1, 7)",
    "brand": "mentions.brand",
    "source": "(SELECT name FROM sources WHERE id = mentions.source_id)",
    "sentiment": "mentions.sentiment",
    "lang": "coalesce(posts.lang, '')",
    "site": f"coalesce({SITE}, '')",
    "type": "posts.type",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which mentions are meant: those of [since, until) of these brands (none named: all) that the filter holds for.

    Doubtful ones are left out unless asked for.
    """

    since: datetime | None = None
    until: datetime | None = None
    brands: tuple[str, ...] = ()
    doubtful: bool = False
    sql: Sql | None = None

    def whole_days(self) -> bool:
        """Whether counts by day are enough to answer."""
        return self.sql is None and all(
            moment is None or rows.to_text(moment).endswith("T00:00:00.000Z") for moment in (self.since, self.until)
        )


def counts(db: Database, by: str, scope: Scope) -> list[Row]:
    """Mentions by day, week, month, brand, source, sentiment, lang, site, type, or "" for all at once.

    Keys: key, mentions, negative, neutral, positive, ratings, rating_sum. In the order of the key.
    """
    if by in _COUNTED and scope.whole_days():
        conditions, parameters = _of_days(scope)
        source, key, weight = "day_counts", _COUNTED[by], "mentions"
        rated = "total(rating_sum) AS rating_sum, sum(ratings) AS ratings"
    else:
        key, weight = _LOOKED_UP[by], "1"
        source, conditions, parameters = of_mentions(scope, posts="posts." in key)
        rated = "total(mentions.rating) AS rating_sum, count(mentions.rating) AS ratings"
    labels = ", ".join(
        f"coalesce(sum({weight}) FILTER (WHERE sentiment = '{label}'), 0) AS {label}"
        for label in ("negative", "neutral", "positive")
    )
    total = "sum(mentions)" if weight == "mentions" else "count(*)"
    return list(
        db.query(
            f"SELECT {key} AS key, {total} AS mentions, {labels}, {rated} FROM {source} "  # noqa: S608 - constants
            f"WHERE {conditions} GROUP BY 1 HAVING {total} > 0 ORDER BY 1",
            parameters,
        )
    )


def _of_days(scope: Scope) -> tuple[str, Row]:
    """Conditions on `day_counts` and their parameters."""
    conditions = ["1" if scope.doubtful else "doubtful = 0"]
    parameters: Row = {}
    for name, operator, moment in (("since", ">=", scope.since), ("until", "<", scope.until)):
        if moment is not None:
            conditions.append(f"day {operator} :{name}")
            parameters[name] = rows.to_text(moment)[:10]
    if scope.brands:
        conditions.append("brand IN (SELECT value FROM json_each(:brands))")
        parameters["brands"] = json.dumps(scope.brands)
    return " AND ".join(conditions), parameters


def of_mentions(scope: Scope, *, timed: str = "mentions.at", posts: bool = False) -> tuple[str, str, Row]:
    """Tables, conditions and parameters that yield the mentions in scope, with their posts where they are asked for.

    `timed` is the column that the bounds of time hold for; that of the replies starts from them.
    """
    conditions = ["1" if scope.doubtful else "mentions.doubtful = 0"]
    parameters: Row = {}
    for name, operator, moment in (("_since", ">=", scope.since), ("_until", "<", scope.until)):
        if moment is not None:
            conditions.append(f"{timed} {operator} :{name}")
            parameters[name] = rows.to_text(moment)
    if scope.brands:
        # The + keeps the planner from reading all that was ever said of a brand to find a week of it.
        conditions.append("+mentions.brand IN (SELECT value FROM json_each(:_brands))")
        parameters["_brands"] = json.dumps(scope.brands)
    tables = ["mentions"]
    if timed != "mentions.at":
        tables = ["answers", "mentions ON (mentions.post_id, mentions.brand) = (answers.post_id, answers.brand)"]
    if (sql := scope.sql) is not None:
        conditions.append(f"({sql.condition})")
        parameters |= sql.parameters
        if sql.match is not None:
            if scope.since is not None and timed == "mentions.at":
                sql = later(sql, scope.since)
            conditions.append("mention_search MATCH :_match")
            parameters["_match"] = sql.match
            found = "mention_search.rowid = mentions.id"
            tables = (
                ["mention_search", f"mentions ON {found}"]
                if len(tables) == 1
                else [*tables, f"mention_search ON {found}"]
            )
    if posts:
        tables.append("posts ON posts.id = mentions.post_id")
    # The order of a CROSS JOIN is the order of the walk.
    return " CROSS JOIN ".join(tables), " AND ".join(conditions), parameters


def answers(db: Database, by: str, scope: Scope) -> list[Row]:
    """How mentions were answered by their brands. Keys: key, mentions, answered, hours, replies.

    Mentions are counted at their own date, `answered` of them have an answer by now, `hours` lists how long each of
    those waited for the first one; `replies` are counted at the date of the reply. An answer is no mention here.
    """
    key = _LOOKED_UP[by]
    tables, conditions, parameters = of_mentions(scope, posts="posts." in key)
    asked = db.query(
        f"""
        SELECT key, count(*) AS mentions, count(hours) AS answered,
               json_group_array(hours) FILTER (WHERE hours IS NOT NULL) AS hours
        FROM (
            SELECT {key} AS key, (
                SELECT round((julianday(min(answered_at)) - julianday(mentions.at)) * 24, 3) FROM answers
                WHERE answers.post_id = mentions.post_id AND answers.brand = mentions.brand
            ) AS hours
            FROM {tables}
            WHERE {conditions} AND NOT EXISTS (SELECT 1 FROM answers WHERE answer_id = mentions.post_id)
        ) GROUP BY key
        """,  # noqa: S608 - constants; values are parameters
        parameters,
    )
    found = {row["key"]: {**row, "hours": json.loads(row["hours"]), "replies": 0} for row in asked}
    tables, conditions, parameters = of_mentions(scope, timed="answers.answered_at", posts="posts." in key)
    replied = db.query(
        f"SELECT {key.replace('mentions.at', 'answers.answered_at')} AS key, count(*) AS replies "  # noqa: S608
        f"FROM {tables} WHERE {conditions} GROUP BY 1",
        parameters,
    )
    for row in replied:
        blank = {"key": row["key"], "mentions": 0, "answered": 0, "hours": []}
        found[row["key"]] = {**found.get(row["key"], blank), "replies": row["replies"]}
    return [found[name] for name in sorted(found)]


def authors(db: Database, scope: Scope, *, limit: int) -> list[Row]:
    """Who wrote, the most influential first. Keys: author, url, followers, mentions, negative, influence."""
    tables, conditions, parameters = of_mentions(scope, posts=True)
    return list(
        db.query(
            f"""
            SELECT posts.author, max(posts.author_url) AS url, max(posts.followers) AS followers,
                   count(*) AS mentions, count(*) FILTER (WHERE mentions.sentiment = 'negative') AS negative,
                   max(mentions.influence) AS influence
            FROM {tables} WHERE {conditions} AND posts.author != ''
            GROUP BY posts.author ORDER BY influence DESC, mentions DESC, posts.author LIMIT :_limit
            """,  # noqa: S608 - constants; values are parameters
            {**parameters, "_limit": limit},
        )
    )


def gravest(db: Database, scope: Scope, *, limit: int) -> list[Row]:
    """Negative mentions and special cases, by priority.

    Keys: id, brand, at, source, title, text, url, author, rating, sentiment, priority, influence, spans, special_cases,
    why (the last three as JSON).
    """
    tables, conditions, parameters = of_mentions(scope)
    return list(
        db.query(
            f"""
            SELECT mentions.id, mentions.brand, mentions.at, sources.name AS source, posts.title, posts.text, posts.url,
                   posts.author, mentions.rating, mentions.sentiment, mentions.priority, mentions.influence,
                   mentions.spans, mentions.special_cases, mentions.why
            FROM (
                SELECT mentions.id FROM {tables}
                WHERE {conditions} AND (mentions.sentiment = 'negative' OR mentions.special_cases != '[]')
                ORDER BY mentions.priority DESC, mentions.id DESC LIMIT :_limit
            ) AS chosen CROSS JOIN mentions USING (id) JOIN posts ON posts.id = mentions.post_id
            JOIN sources ON sources.id = mentions.source_id
            ORDER BY mentions.priority DESC, mentions.id DESC
            """,  # noqa: S608 - constants; values are parameters
            {**parameters, "_limit": limit},
        )
    )


def coverage(db: Database) -> list[Row]:
    """Every source that is watched, as `v_sources` shows it, by name."""
    return list(db.query("SELECT * FROM v_sources WHERE active ORDER BY source"))


def gaps(db: Database, *, since: datetime, until: datetime) -> list[Row]:
    """Stretches of [since, until) that a source could not cover. Keys: source, from_at, to_at, reason."""
    return list(
        db.query(
            """
            SELECT sources.name AS source, from_at, to_at, reason
            FROM sources CROSS JOIN gaps ON gaps.source_id = sources.id
            WHERE to_at > :since AND from_at < :until ORDER BY from_at
            """,
            {"since": rows.to_text(since), "until": rows.to_text(until)},
        )
    )


def watched_since(db: Database) -> datetime | None:
    """When the first source had been polled once; None where that is still to come."""
    found = db.execute("SELECT min(baseline_at) FROM sources").fetchone()
    return rows.to_moment(found[0])


def first_day(db: Database) -> str | None:
    """The day (2026-11-21) of the oldest mention, None where there is none."""
    found = db.execute("SELECT min(day) FROM day_counts").fetchone()
    return None if found is None else found[0]


def mentions(db: Database, scope: Scope, *, limit: int | None = None) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """The columns of `v_mentions` and its rows in scope, newest first, read from the file as they are asked for."""
    tables, conditions, parameters = of_mentions(scope)
    searched = scope.sql is not None and scope.sql.match is not None
    order = "mention_search.rowid DESC" if searched else "mentions.at DESC, mentions.id DESC"
    cursor = db.execute(
        f"SELECT v_mentions.* FROM {tables} JOIN v_mentions ON v_mentions.id = mentions.id "  # noqa: S608 - constants
        f"WHERE {conditions} ORDER BY {order} LIMIT :_limit",
        {**parameters, "_limit": -1 if limit is None else limit},
    )
    # The first row is fetched now, so that an error of the statement shows here and not amid a file.
    first = cursor.fetchone()
    return [column[0] for column in cursor.description], chain([] if first is None else [first], cursor)
