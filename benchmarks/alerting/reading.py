"""What the messages that arrived were about, as the database says of each."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from benchmarks.alerting.records import Message

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

_CARRIED: Final = """
    FROM message_deliveries JOIN deliveries ON deliveries.id = delivery_id JOIN alerts ON alerts.id = alert_id
"""
_MENTIONS: Final = f"""
    SELECT message_id, posts.native_id {_CARRIED}
    JOIN mentions ON mentions.id = alerts.mention_id JOIN posts ON posts.id = mentions.post_id
"""
_CASES: Final = f"""
    SELECT message_id, posts.native_id {_CARRIED}
    JOIN case_notices ON case_notices.id = alerts.notice_id
    JOIN case_posts ON case_posts.case_id = case_notices.case_id JOIN posts ON posts.id = case_posts.post_id
"""
_SPREAD: Final = f"""
    SELECT message_id, posts.native_id {_CARRIED}
    JOIN signals ON signals.id = alerts.signal_id AND signals.kind <> 'standing'
    JOIN mentions ON mentions.id = signals.mention_id JOIN posts ON posts.id = mentions.post_id
"""
_STORMS: Final = f"""
    SELECT message_id, signals.kind, signals.storm_id {_CARRIED}
    JOIN signals ON signals.id = alerts.signal_id AND signals.storm_id IS NOT NULL
"""
_NETWORK: Final = f"""
    SELECT DISTINCT message_id {_CARRIED}
    JOIN alarms ON alarms.id = alerts.alarm_id AND alarms.source_id IS NULL AND alarms.kind IN ('network', 'recovered')
"""
_MUTED: Final = """
    SELECT posts.native_id FROM deliveries JOIN alerts ON alerts.id = alert_id
    JOIN mentions ON mentions.id = alerts.mention_id JOIN posts ON posts.id = mentions.post_id
    WHERE deliveries.state = 'muted' AND deliveries.note <> ''
"""


def messages_of(arrived: Sequence[tuple[str, datetime]], connection: sqlite3.Connection) -> tuple[Message, ...]:
    """Each arrival with what its message carries; the same message may have arrived more than once."""
    mentions, about = _pairs(connection, _MENTIONS), _pairs(connection, _CASES)
    for message, names in _pairs(connection, _SPREAD).items():
        about[message] += names
    storms: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for message, kind, storm in connection.execute(_STORMS).fetchall():
        storms[message].append((kind, storm))
    network = {message for (message,) in connection.execute(_NETWORK).fetchall()}
    return tuple(
        Message(
            id=message,
            at=at,
            mentions=tuple(mentions.get(message, ())),
            about=tuple(dict.fromkeys(about.get(message, ()))),
            opened=tuple(storm for kind, storm in storms.get(message, ()) if kind == "storm_opened"),
            closed=tuple(storm for kind, storm in storms.get(message, ()) if kind == "storm_closed"),
            storms=tuple(storm for _, storm in storms.get(message, ())),
            network=message in network,
        )
        for message, at in arrived
    )


def muted_in(connection: sqlite3.Connection) -> frozenset[str]:
    """The mentions with a delivery of which it is stored why it was muted."""
    return frozenset(name for (name,) in connection.execute(_MUTED).fetchall())


def _pairs(connection: sqlite3.Connection, query: str) -> defaultdict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for message, name in connection.execute(query).fetchall():
        found[message].append(name)
    return found
