"""The search index and what is asked of it: a mention's row in it, and hits newest first and their number.

A mention's row in `mention_search` holds the words and lemmas of its post, its facets and the steps of its numbers and
time, so that one MATCH answers any combination of them by walking posting lists from the newest id down: no scan, no
sort, and hardly more steps than there are hits to show. What is finer (times, ratings, exact spellings) is a condition
on what MATCH yields, read from the narrow index `mentions_by_facts`. Only a query that the index cannot narrow at all
(everything, NOT rating<=2) walks that index itself from its newest end; most mentions satisfy it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from monitor.lemmas import VERSION
from monitor.query import Is, spelt
from monitor.query.facets import facet, facets_of
from monitor.query.ranges import of_time, ranges_of
from monitor.store import rows
from monitor.store.queries import MENTION_VIEW, mention_view
from monitor.text import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from typing import TypeAlias

    from sqlite_utils import Database

    from monitor.models import Lemmas, MentionView
    from monitor.query import Facts
    from monitor.query.sql import Sql

    Statement: TypeAlias = tuple[str, dict[str, object]]

NEWEST: Final = 2**63 - 1
"""Before this id are all."""

COUNTED: Final = 10_000
"""Hits beyond these are not counted: the answer is "10,000 or more"."""

_CONDITIONLESS: Final = "1"  # what compile_sql says where MATCH is the whole query


def register(db: Database) -> None:
    """Make the exact spellings of queries known to SQL."""
    db.conn.create_function("spelt", 2, spelt, deterministic=True)


# ── Writing ──


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleMention:
    """A mention whose index row is missing or was made with other lemmas; `lang` is its post's."""

    id: int
    title: str
    text: str
    lang: str | None


def index_mention(db: Database, mention_id: int, lemmas: Lemmas) -> None:
    """Write a mention's index row anew, from its post as it stands and the lemmas of that wording.

    Call it inside the transaction that changed the mention. A mention that is gone gets no row.
    """
    unindex_mention(db, mention_id)
    row = next(db.query(_INDEXED, (mention_id,)), None)
    if row is None:
        return
    db.execute(
        "INSERT INTO mention_search (rowid, title, text, title_lemmas, text_lemmas, facets) VALUES (?, ?, ?, ?, ?, ?)",
        (mention_id, *index_columns(row["title"], row["text"], lemmas), index_facets(_facts(row))),
    )
    db.execute("UPDATE mentions SET search_version = ? WHERE id = ?", (VERSION, mention_id))


_INDEXED: Final = """
    SELECT mentions.brand, sources.name AS source, posts.author, posts.url AS site, posts.lang, mentions.sentiment,
           posts.type, mentions.special_cases, mentions.doubtful, posts.title, posts.text,
           mentions.influence, mentions.priority, mentions.relevance, mentions.rating, mentions.at
    FROM mentions JOIN posts ON posts.id = mentions.post_id JOIN sources ON sources.id = mentions.source_id
    WHERE mentions.id = ?
"""


def index_columns(title: str, text: str, lemmas: Lemmas) -> tuple[str, str, str, str]:
    """The words of a post as the index holds them."""
    return " ".join(words(title)), " ".join(words(text)), lemmas.title, lemmas.text


def index_facets(facts: Facts) -> str:
    """Everything else that a query may ask of a mention, as tokens."""
    return f"{facets_of(facts)} {ranges_of(facts)}"


def _facts(row: Mapping[str, object]) -> dict[str, object]:
    """What a query may ask of the text fields of a mention."""
    cases = [case["name"] for case in json.loads(str(row["special_cases"]))]
    return {**row, "doubtful": bool(row["doubtful"]), "case": cases, "at": rows.to_moment(str(row["at"]))}


def unindex_mention(db: Database, mention_id: int) -> None:
    """Take a mention out of the index; call it before its row goes."""
    db.execute("DELETE FROM mention_search WHERE rowid = ?", (mention_id,))


def stale_mentions(db: Database, limit: int) -> list[StaleMention]:
    """Up to `limit` mentions to be indexed anew, after a migration or a change of the lemmas; mostly none."""
    found = db.query(
        "SELECT mentions.id, title, text, lang FROM mentions JOIN posts ON posts.id = mentions.post_id "
        "WHERE search_version < ? ORDER BY search_version LIMIT ?",
        (VERSION, limit),
    )
    return [StaleMention(**row) for row in found]


def unindexed(db: Database) -> int:
    """How many mentions no search finds yet, or finds by the lemmas of an earlier version only; mostly none."""
    return int(db.execute("SELECT count(*) FROM mentions WHERE search_version < ?", (VERSION,)).fetchone()[0])


def index_stale(db: Database, lemmas: Iterable[tuple[StaleMention, Lemmas]]) -> None:
    """Write the index rows of mentions that `stale_mentions` gave; one whose post reads differently by now waits."""
    for stale, its_lemmas in lemmas:
        unchanged = db.execute(
            "SELECT 1 FROM mentions JOIN posts ON posts.id = mentions.post_id "
            "WHERE mentions.id = ? AND search_version < ? AND title = ? AND text = ?",
            (stale.id, VERSION, stale.title, stale.text),
        ).fetchone()
        if unchanged:
            index_mention(db, stale.id, its_lemmas)


# ── Reading ──


def hits(query: Sql, *, limit: int, before_id: int = NEWEST) -> Statement:
    """The ids of the newest mentions below `before_id` for which `query` holds, from the newest down."""
    conditions = [] if query.condition == _CONDITIONLESS else [query.condition]
    parameters: dict[str, object] = {**query.parameters, "_before": before_id, "_limit": limit}
    facts = "mentions INDEXED BY mentions_by_facts"
    if query.match is None:
        tables, key = facts, "mentions.id"
    else:
        key = "mention_search.rowid"
        # The order of a CROSS JOIN is the order of the walk; without a condition the index alone is enough.
        joined = f" CROSS JOIN {facts} ON mentions.id = mention_search.rowid"
        tables = "mention_search" + (joined if conditions else "")
        conditions.insert(0, "mention_search MATCH :_match")
        parameters["_match"] = query.match
    where = " AND ".join(f"({condition})" for condition in [*conditions, f"{key} < :_before"])
    return f"SELECT {key} FROM {tables} WHERE {where} ORDER BY {key} DESC LIMIT :_limit", parameters  # noqa: S608


def views(ids: Iterable[int]) -> Statement:
    """These mentions in full, in no order."""
    statement = f"{MENTION_VIEW} WHERE mentions.id IN (SELECT value FROM json_each(:ids))"  # noqa: S608 - a constant
    return statement, {"ids": json.dumps(list(ids))}


def number(query: Sql, *, at_most: int = COUNTED) -> Statement:
    """How many mentions `query` holds for, counted up to `at_most`."""
    statement, parameters = hits(query, limit=at_most)
    return f"SELECT count(*) FROM ({statement})", parameters  # noqa: S608 - constants and a compiled query


def later(query: Sql, since: datetime) -> Sql:
    """`query` with its search narrowed to mentions that may be of `since` or later; the exact bound is the caller's."""
    tokens = of_time(since, since=True)
    if tokens is None or query.match is None:
        return query
    terms = [facet(term.field, term.value) for term in tokens.terms if isinstance(term, Is)]
    bound = " OR ".join(f'facets : "{term}"' for term in terms)
    return replace(query, match=f"({query.match}) AND ({bound})")


def is_everything(query: Sql) -> bool:
    """Whether `query` holds for every mention."""
    return query.match is None and query.condition == _CONDITIONLESS


class Searching:
    """The part of `Reader` that searches; the connection must have been given to `register`."""

    _db: Database

    def search(self, query: Sql, *, limit: int, before_id: int = NEWEST) -> list[MentionView]:
        """The newest mentions for which `query` holds; give the last one's id as `before_id` to read on."""
        ids = [mention_id for (mention_id,) in self._db.execute(*hits(query, limit=limit, before_id=before_id))]
        found = {view.id: view for view in map(mention_view, self._db.query(*views(ids)))}
        return [found[mention_id] for mention_id in ids if mention_id in found]

    def unindexed(self) -> int:
        """See the function of this name."""
        return unindexed(self._db)

    def count(self, query: Sql, *, at_most: int = COUNTED) -> int:
        """How many mentions `query` holds for; `at_most` means that many or more."""
        return int(self._db.execute(*number(query, at_most=at_most)).fetchone()[0])
