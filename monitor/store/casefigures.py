"""The rows that figures of cases are worked out from: how mentions ended, what happened to cases, what was said later.

Each function reads a stretch of time by an index of it (mentions by their time, events by kind and time, the rest by
the numbers that came of those), so that a month costs a month, however long the history is.
"""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from monitor.models import CaseEvent, EventKind
from monitor.store import rows
from monitor.store.caseviews import OUTCOME, RELEVANT
from monitor.store.m004 import author_key, author_link

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import date, datetime

    from monitor.store.authors import Known
    from monitor.store.stats import History

Row: TypeAlias = dict[str, Any]

HAPPENED: Final = tuple(
    kind.value
    for kind in (
        *(EventKind.OPENED, EventKind.REOPENED, EventKind.CLOSED, EventKind.COMPENSATED),
        *(EventKind.ATTEMPT, EventKind.OFFLINE, EventKind.SILENT),
    )
)
"""Events of which one within a stretch of time puts a case into its figures."""

_NEWEST: Final = 1_000  # posts under one name that are looked at: a name may be that of a hundred thousand guests
_IN_TIME: Final = "mentions.at >= :since AND mentions.at < :until AND NOT mentions.doubtful"
# The + keeps the planner from reading all that was ever said of a brand to find a month of it.
_OF_BRANDS: Final = "+mentions.brand IN (SELECT value FROM json_each(:brands))"


def endings(db: History, *, since: datetime, until: datetime, brands: Collection[str]) -> list[Row]:
    """How relevant negative mentions of a time ended. Keys: brand, month, ending, reason (of silence), mentions.

    Left out are doubtful ones, answers of the brand itself, and, unless a case holds them, what was recorded silently
    and what the company itself says. Without a case, one that has an answer which still stands is answered.
    """
    return list(
        db.query(
            f"""
            WITH ended AS MATERIALIZED (
                SELECT mentions.brand, substr(mentions.at, 1, 7) AS month, cases.silent_reason AS reason,
                    {OUTCOME} AS ending
                FROM mentions LEFT JOIN case_posts ON case_posts.post_id = mentions.post_id
                    AND case_posts.brand = mentions.brand LEFT JOIN cases ON cases.id = case_posts.case_id
                WHERE {_IN_TIME} AND {_OF_BRANDS} AND {RELEVANT}
            )
            SELECT brand, month, ending, iif(ending = 'silent', reason, NULL) AS reason, count(*) AS mentions
            FROM ended GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
            """,  # noqa: S608 - constants; values are parameters
            _bounds(since, until, brands),
        )
    )


def influences(db: History, *, since: datetime, until: datetime, brands: Collection[str]) -> list[Row]:
    """Mentions of a time by brand and influence. Keys: brand, influence, mentions."""
    return list(
        db.query(
            f"SELECT mentions.brand, influence, count(*) AS mentions FROM mentions WHERE {_IN_TIME} AND {_OF_BRANDS} "  # noqa: S608
            "GROUP BY 1, 2 ORDER BY 1, 2",
            _bounds(since, until, brands),
        )
    )


def events(
    db: History, *, since: datetime, until: datetime, brands: Collection[str]
) -> Iterator[tuple[int, list[CaseEvent]]]:
    """Each case to which something of HAPPENED happened in [since, until), with all its events in their order."""
    found = db.query(
        """
        SELECT case_events.* FROM (
            SELECT DISTINCT case_id FROM case_events INDEXED BY case_events_by_kind
            WHERE kind IN (SELECT value FROM json_each(:kinds)) AND at >= :since AND at < :until
        ) AS wanted CROSS JOIN cases ON cases.id = wanted.case_id
            CROSS JOIN case_events ON case_events.case_id = cases.id
        WHERE cases.brand IN (SELECT value FROM json_each(:brands)) ORDER BY case_events.case_id, case_events.seq
        """,
        {**_bounds(since, until, brands), "kinds": json.dumps(HAPPENED)},
    )
    for case_id, of_case in groupby(found, key=lambda row: int(row["case_id"])):
        yield case_id, [rows.event_of(row) for row in of_case]


def postings(db: History, case_ids: Collection[int]) -> list[Row]:
    """Posts of cases. Keys: case_id, post_id, at, source, author, url (of the author), influence (of the mention)."""
    found = db.query(
        """
        SELECT case_posts.case_id, case_posts.post_id, coalesce(posts.published_at, posts.discovered_at) AS at,
            sources.name AS source, posts.author, posts.author_url AS url, mentions.influence
        FROM json_each(:cases) AS wanted CROSS JOIN case_posts ON case_posts.case_id = wanted.value
            CROSS JOIN posts ON posts.id = case_posts.post_id JOIN sources ON sources.id = posts.source_id
            LEFT JOIN mentions ON mentions.post_id = case_posts.post_id AND mentions.brand = case_posts.brand
        ORDER BY case_posts.case_id, at, case_posts.post_id
        """,
        {"cases": json.dumps(sorted(case_ids))},
    )
    return [{**row, "at": rows.moment(row["at"])} for row in found]


def later(db: History, known: Known, *, brand: str, after: datetime, until: datetime) -> list[tuple[datetime, str]]:
    """What somebody said of a brand in (after, until], oldest first: when, and as what sentiment; no doubtful ones."""
    name, link = author_key(known.name), author_link(known.link)
    here = " AND source_id = (SELECT id FROM sources WHERE name = :source)" if known.source is not None else ""
    ways = [f"author_key = :name{here}"] * (name is not None) + ["author_link = :link"] * (link is not None)
    if not ways:
        return []
    newest = " UNION ".join(
        f"SELECT id FROM (SELECT id FROM posts WHERE {way} ORDER BY id DESC LIMIT {_NEWEST})"  # noqa: S608 - constants
        for way in ways
    )
    found = db.execute(
        f"SELECT mentions.at, mentions.sentiment FROM ({newest}) AS mine "  # noqa: S608 - constants
        "CROSS JOIN mentions ON mentions.post_id = mine.id WHERE mentions.brand = :brand AND NOT mentions.doubtful "
        "AND mentions.at > :after AND mentions.at <= :until ORDER BY mentions.at, mentions.id",
        {
            "name": name,
            "source": known.source,
            "link": link,
            "brand": brand,
            "after": rows.to_text(after),
            "until": rows.to_text(until),
        },
    )
    return [(rows.moment(at), str(sentiment)) for at, sentiment in found.fetchall()]


def complaints(db: History, issue: str, *, brand: str, since: date, until: date) -> int:
    """Negative mentions of a brand, on days of [since, until), in which a known issue was recognised."""
    found = db.execute(
        """
        SELECT count(*) FROM mentions
        WHERE mentions.at >= :since AND mentions.at < :until AND +mentions.brand = :brand AND NOT mentions.doubtful
          AND mentions.sentiment = 'negative' AND EXISTS (
            SELECT 1 FROM json_each(mentions.special_cases)
            WHERE value ->> 'name' = 'known_issue' AND value ->> 'rule' = 'history:known-issue:' || :issue)
        """,
        {"issue": issue, "brand": brand, "since": since.isoformat(), "until": until.isoformat()},
    )
    return int(found.fetchone()[0])


def _bounds(since: datetime, until: datetime, brands: Collection[str]) -> Row:
    return {"since": rows.to_text(since), "until": rows.to_text(until), "brands": json.dumps(sorted(brands))}
