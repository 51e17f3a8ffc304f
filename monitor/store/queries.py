"""Mentions and alerts as rows of the database, with their posts, and back to records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from monitor.models import (
    AlarmKind,
    AlarmView,
    AlertView,
    Cadence,
    DeadlineKind,
    DigestView,
    Label,
    Level,
    Mention,
    MentionView,
    NoticeKind,
    NoticeView,
    Sentiment,
    SignalKind,
    SignalView,
    Span,
    SpecialCase,
    Why,
)
from monitor.store import rows

if TYPE_CHECKING:
    from collections.abc import Mapping


_MENTION_COLUMNS: Final = f"""
    mentions.id AS mention_id, mentions.post_id, mentions.brand, mentions.relevance, mentions.doubtful,
    mentions.sentiment, mentions.negative, mentions.neutral, mentions.positive, mentions.influence, mentions.priority,
    mentions.spans, mentions.special_cases, mentions.why, mentions.decision, posts.discovered_at,
    sources.name AS source, {", ".join(f"posts.{name.strip()}" for name in rows.POST_COLUMNS.split(","))}
"""
_MENTION_JOINS: Final = "JOIN posts ON posts.id = mentions.post_id JOIN sources ON sources.id = posts.source_id"
MENTION_VIEW: Final = f"SELECT {_MENTION_COLUMNS} FROM mentions {_MENTION_JOINS}"  # noqa: S608 - constants


def _due(kind: str, done: str) -> str:
    """SQL: the deadline of a kind of a case, counted from detection; nothing where what is due was done."""
    return (
        f"(SELECT max(due_at) FROM case_deadlines WHERE case_id = cases.id AND round = cases.round "  # noqa: S608 - constants
        f"AND clock = 'found' AND kind = '{kind}' AND cases.{done} IS NULL AND cases.state NOT IN ('closed', 'merged'))"
    )


ALERT_VIEW: Final = f"""
    SELECT alerts.id AS alert_id, alerts.reason, alerts.created_at AS alert_created_at, cases.id AS case_id,
        cases.opened_at AS case_opened_at, above.author AS parent_author,
        coalesce(nullif(above.text, ''), above.title) AS parent_text,
        (SELECT count(*) FROM (
            SELECT 1 FROM posts AS wrote JOIN mentions AS said ON said.post_id = wrote.id
            WHERE wrote.author_key = posts.author_key AND wrote.source_id = posts.source_id
                AND said.brand = mentions.brand AND said.id < mentions.id LIMIT 100)) AS earlier,
        {_due("acknowledge", "acknowledged_at")} AS acknowledge_by, {_due("resolve", "resolved_at")} AS resolve_by,
        {_MENTION_COLUMNS}
    FROM alerts JOIN mentions ON mentions.id = alerts.mention_id {_MENTION_JOINS}
        LEFT JOIN case_posts ON case_posts.post_id = mentions.post_id AND case_posts.brand = mentions.brand
        LEFT JOIN cases ON cases.id = case_posts.case_id
        LEFT JOIN posts AS above ON (above.source_id, above.native_id) = (posts.source_id, posts.parent)
"""  # noqa: S608 - constants

# An alert is about a mention, an alarm or a notice; a query for one of them passes over the others.
ALARM_VIEW: Final = """
    SELECT alarms.id, alerts.id AS alert_id, alarms.kind, sources.name AS source, sources.kind AS source_kind,
        sources.host, alarms.reason,
        alarms.opened_at, alarms.since_at, alarms.affected
    FROM alerts JOIN alarms ON alarms.id = alerts.alarm_id LEFT JOIN sources ON sources.id = alarms.source_id
"""

# The post of a notice is the one that brought it about, or else the newest of its case.
NOTICE_VIEW: Final = f"""
    SELECT case_notices.id AS notice_id, alerts.id AS alert_id, case_notices.kind AS notice_kind,
        case_notices.reason AS notice_reason, case_notices.at AS notice_at, case_notices.deadline,
        case_notices.due_at AS notice_due_at, cases.id AS case_id,
        {", ".join(f"cases.{name} AS case_{name}" for name in rows.CASE_COLUMNS)},
        sources.name AS source, posts.title, posts.text, posts.url, posts.author,
        (SELECT count(*) FROM case_posts WHERE case_posts.case_id = cases.id) AS posts_of_case
    FROM alerts JOIN case_notices ON case_notices.id = alerts.notice_id JOIN cases ON cases.id = case_notices.case_id
        LEFT JOIN posts ON posts.id = coalesce(case_notices.post_id, (
            SELECT max(post_id) FROM case_posts WHERE case_posts.case_id = cases.id))
        LEFT JOIN sources ON sources.id = posts.source_id
"""  # noqa: S608 - constants

SIGNAL_VIEW: Final = """
    SELECT signals.id AS signal_id, alerts.id AS alert_id, signals.kind, signals.reason, signals.at, signals.brand,
        signals.storm_id, signals.case_id, signals.mention_id, signals.figures,
        (SELECT json_object('seq', seq, 'kind', kind, 'at', at, 'person', person, 'before', before_state,
                'after', after_state, 'body', json(body))
            FROM case_events WHERE signals.kind = 'case_event' AND case_events.case_id = signals.case_id
                AND seq = signals.figures ->> 'seq') AS event,
        coalesce(places.name, sources.name) AS source, posts.title, posts.text, posts.url, posts.author
    FROM alerts JOIN signals ON signals.id = alerts.signal_id
        LEFT JOIN sources AS places ON places.id = signals.source_id
        LEFT JOIN mentions ON mentions.id = signals.mention_id LEFT JOIN posts ON posts.id = mentions.post_id
        LEFT JOIN sources ON sources.id = posts.source_id
"""
# A digest keeps numbers; what these name is read when it is told, so that a post that was erased is told no more.
DIGEST_POSTS: Final = """
    SELECT json_group_array(json_object('id', mentions.id, 'brand', mentions.brand, 'at', mentions.at,
        'sentiment', mentions.sentiment, 'priority', mentions.priority, 'rating', mentions.rating,
        'spans', json(mentions.spans), 'title', substr(posts.title, 1, 300), 'text', substr(posts.text, 1, 4000),
        'url', posts.url, 'author', posts.author, 'source', sources.name))
    FROM json_each({numbers}) AS named CROSS JOIN mentions ON mentions.id = named.value
        JOIN posts ON posts.id = mentions.post_id JOIN sources ON sources.id = mentions.source_id
"""
DIGEST_OWNERS: Final = """
    SELECT json_group_object(cases.id, cases.owner)
    FROM json_each({numbers}) AS named CROSS JOIN cases ON cases.id = named.value
"""
DIGEST_VIEW: Final = f"""
    SELECT digests.id AS digest_id, alerts.id AS alert_id, digests.name, digests.cadence, digests.zone,
        digests.language, digests.from_at, digests.to_at, digests.figures,
        ({DIGEST_POSTS.format(numbers="digests.figures, '$.mention_ids'")}) AS posts,
        ({DIGEST_OWNERS.format(numbers="digests.figures, '$.case_ids'")}) AS owners
    FROM alerts JOIN digests ON digests.id = alerts.digest_id
"""  # noqa: S608 - constants

# Of a case: the deadline that comes next, or has passed and is not met: told to the end it is no less overdue. While we
# wait for the customer, that is the end of this waiting; former ones ended before it began.
DUE: Final = """
    SELECT min(due_at) FROM case_deadlines
    WHERE case_deadlines.case_id = cases.id AND case_deadlines.round = cases.round AND clock = 'found' AND (
        fired_at IS NULL OR (step > 0 AND state NOT IN ('closed', 'merged') AND CASE kind
            WHEN 'acknowledge' THEN acknowledged_at IS NULL AND state <> 'silent'
            WHEN 'resolve' THEN coalesce(resolved_at, waiting_at) IS NULL
            ELSE waiting_at < due_at END))
"""
FIRST: Final = """
    SELECT posts.id FROM case_posts CROSS JOIN posts ON posts.id = case_posts.post_id
    WHERE case_posts.case_id = cases.id
    ORDER BY by_hand, coalesce(posts.published_at, posts.discovered_at), posts.id LIMIT 1
"""


def mention_view(row: Mapping[str, Any]) -> MentionView:
    """A record from a row of MENTION_VIEW."""
    discovered_at = rows.to_moment(row["discovered_at"])
    assert discovered_at is not None  # noqa: S101 - the column is NOT NULL
    # One document instead of three: a search makes 50 of these while somebody waits.
    spans, special_cases, why = json.loads(f"[{row['spans']},{row['special_cases']},{row['why']}]")
    return MentionView(
        id=row["mention_id"],
        source=row["source"],
        post_id=row["post_id"],
        post=rows.post_of(row),
        discovered_at=discovered_at,
        decision=row["decision"],
        mention=Mention(
            brand=row["brand"],
            relevance=row["relevance"],
            doubtful=bool(row["doubtful"]),
            spans=tuple(Span(**item) for item in spans),
            sentiment=Sentiment(
                label=Label(row["sentiment"]),
                negative=row["negative"],
                neutral=row["neutral"],
                positive=row["positive"],
            ),
            special_cases=tuple(SpecialCase(**{**item, "level": Level(item["level"])}) for item in special_cases),
            influence=row["influence"],
            priority=row["priority"],
            why=tuple(Why(**item) for item in why),
        ),
    )


def alert_view(row: Mapping[str, Any], *, room: int | None = None) -> AlertView:
    """A record from a row of ALERT_VIEW; of the post's text the first `room` code points, None for all."""
    created_at = rows.to_moment(str(row["alert_created_at"]))
    assert created_at is not None  # noqa: S101 - the column is NOT NULL
    return AlertView(
        id=int(str(row["alert_id"])),
        reason=str(row["reason"]),
        created_at=created_at,
        view=mention_view(row if room is None else {**row, "text": str(row["text"])[:room]}),
        case_id=row["case_id"],
        case_opened_at=rows.to_moment(row["case_opened_at"]),
        earlier=row["earlier"],
        parent_author=row["parent_author"],
        parent_text=row["parent_text"],
        acknowledge_by=rows.to_moment(row["acknowledge_by"]),
        resolve_by=rows.to_moment(row["resolve_by"]),
    )


def alarm_view(row: Mapping[str, Any]) -> AlarmView:
    """A record from a row of ALARM_VIEW."""
    opened_at = rows.to_moment(row["opened_at"])
    assert opened_at is not None  # noqa: S101 - the column is NOT NULL
    return AlarmView(
        id=row["id"],
        alert_id=row["alert_id"],
        kind=AlarmKind(row["kind"]),
        source=row["source"],
        source_kind=row["source_kind"],
        host=row["host"],
        reason=row["reason"],
        opened_at=opened_at,
        since=rows.to_moment(row["since_at"]),
        affected=row["affected"],
    )


def signal_view(row: Mapping[str, Any]) -> SignalView:
    """A record from a row of SIGNAL_VIEW."""
    return SignalView(
        id=row["signal_id"],
        alert_id=row["alert_id"],
        kind=SignalKind(row["kind"]),
        reason=row["reason"],
        at=rows.moment(row["at"]),
        brand=row["brand"],
        source=row["source"],
        storm_id=row["storm_id"],
        case_id=row["case_id"],
        mention_id=row["mention_id"],
        figures=json.loads(row["event"] or row["figures"]),
        title=row["title"] or "",
        text=row["text"] or "",
        url=row["url"],
        author=row["author"],
    )


def digest_view(row: Mapping[str, Any]) -> DigestView:
    """A record from a row of DIGEST_VIEW; its figures have the `posts` and the `owners` of cases that they name."""
    return DigestView(
        id=row["digest_id"],
        alert_id=row["alert_id"],
        name=row["name"],
        cadence=Cadence(row["cadence"]),
        zone=row["zone"],
        language=row["language"],
        from_at=rows.moment(row["from_at"]),
        to_at=rows.moment(row["to_at"]),
        figures={
            **json.loads(row["figures"]),
            "posts": json.loads(row["posts"]),
            "owners": json.loads(row["owners"]),
        },
    )


def notice_view(row: Mapping[str, Any]) -> NoticeView:
    """A record from a row of NOTICE_VIEW."""
    return NoticeView(
        id=row["notice_id"],
        alert_id=row["alert_id"],
        kind=NoticeKind(row["notice_kind"]),
        reason=row["notice_reason"],
        at=rows.moment(row["notice_at"]),
        case=rows.case_of(row, prefix="case_"),
        deadline=None if row["deadline"] is None else DeadlineKind(row["deadline"]),
        due_at=rows.to_moment(row["notice_due_at"]),
        source=row["source"],
        title=row["title"] or "",
        text=row["text"] or "",
        url=row["url"],
        author=row["author"],
        posts=row["posts_of_case"],
    )
