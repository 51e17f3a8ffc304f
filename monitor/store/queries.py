"""Mentions and alerts as rows of the database, with their posts, and back to records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from monitor.models import (
    AlarmKind,
    AlarmView,
    AlertView,
    Label,
    Level,
    Mention,
    MentionView,
    Sentiment,
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
ALERT_VIEW: Final = (
    f"SELECT alerts.id AS alert_id, alerts.reason, alerts.created_at AS alert_created_at, {_MENTION_COLUMNS} "  # noqa: S608 - constants
    f"FROM alerts JOIN mentions ON mentions.id = alerts.mention_id {_MENTION_JOINS}"
)

# An alert is about a mention or about an alarm; a query for the one passes over the other.
ALARM_VIEW: Final = """
    SELECT alarms.id, alarms.kind, sources.name AS source, sources.kind AS source_kind, sources.host, alarms.reason,
        alarms.opened_at, alarms.since_at, alarms.affected
    FROM alerts JOIN alarms ON alarms.id = alerts.alarm_id LEFT JOIN sources ON sources.id = alarms.source_id
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


def alert_view(row: Mapping[str, Any]) -> AlertView:
    """A record from a row of ALERT_VIEW."""
    created_at = rows.to_moment(str(row["alert_created_at"]))
    assert created_at is not None  # noqa: S101 - the column is NOT NULL
    return AlertView(
        id=int(str(row["alert_id"])), reason=str(row["reason"]), created_at=created_at, view=mention_view(row)
    )


def alarm_view(row: Mapping[str, Any]) -> AlarmView:
    """A record from a row of ALARM_VIEW."""
    opened_at = rows.to_moment(row["opened_at"])
    assert opened_at is not None  # noqa: S101 - the column is NOT NULL
    return AlarmView(
        id=row["id"],
        kind=AlarmKind(row["kind"]),
        source=row["source"],
        source_kind=row["source_kind"],
        host=row["host"],
        reason=row["reason"],
        opened_at=opened_at,
        since=rows.to_moment(row["since_at"]),
        affected=row["affected"],
    )
