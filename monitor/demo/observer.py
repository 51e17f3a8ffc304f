"""The observer: counts what became of each post, from evidence that the product cannot colour.

It reads the little web's journal (what was published, what was asked for), the bytes that the receivers kept and the
database through plain sqlite3, and shares no code with the rest of `monitor`. What is due it works out itself:

- every published post must be stored exactly once, whole, at its own source, whether or not anybody ever asked for the
  page that it stands on (a reader who skips a page would otherwise hide its own fault);
- every brand that a post names, by its writer's word, must be a mention of it;
- every mention that the configuration routes, unless its post was there at the silent first poll, must be an alert;
- every alert must have reached every sink that is due: a delivery that says so, and bytes that name both the alert and
  the address of its post. The database's word alone proves nothing, nor does the sink's.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.demo.evidence import open_database

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from monitor.demo.evidence import Arrived, Duty, Evidence, Mentioned, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What became of the posts; `lost` and `repeated` name each fault in words.

    `copies` says how many of the repeated are messages that came again under the same id, as they may after a crash.
    """

    posts: int
    mentions: int
    negative: int
    alerts: int
    delivered: Mapping[str, int]
    lost: tuple[str, ...]
    repeated: tuple[str, ...]
    copies: int

    def to_json(self) -> dict[str, object]:
        """The figures that other programs read."""
        return {
            "posts": self.posts,
            "mentions": self.mentions,
            "negative": self.negative,
            "alerts": self.alerts,
            "delivered": dict(self.delivered),
            "lost": len(self.lost),
            "repeated": len(self.repeated),
        }


def count(evidence: Evidence) -> Count:
    """What became of each post; see the module's charter for what is due."""
    names = {post.key: post for post in evidence.published}
    ours = {row.id for row in evidence.stored if row.key in names}
    alerts = {str(alert) for alert in evidence.alerts}
    return Count(
        posts=len({row.key for row in evidence.stored if row.key in names}),
        mentions=sum(mention.post in ours for mention in evidence.mentioned),
        negative=sum(mention.post in ours and mention.sentiment == "negative" for mention in evidence.mentioned),
        alerts=len(alerts),
        delivered={
            sink: len(
                {alert for message in evidence.arrived[sink] for alert in (*message.alerts, *message.listed)} & alerts
            )
            for sink in evidence.duty.sinks
        },
        lost=tuple(_lost(evidence)),
        repeated=tuple(_repeated(evidence)),
        copies=sum(len(messages) - len(_ids(messages)) for messages in evidence.arrived.values()),
    )


def baseline(evidence: Evidence) -> frozenset[str]:
    """Keys of the posts that the first poll of their feed found; empty when there is no silent first poll."""
    if not evidence.duty.silent_first:
        return frozenset()
    first: dict[tuple[str, str], Request] = {}
    for request in evidence.requests:
        if request.status == 200 and request.path.endswith(".xml"):
            first.setdefault((request.host, request.path), request)
    return frozenset(key for request in first.values() for key in request.posts)


def integrity(database: Path) -> str:
    """What SQLite's own check says of the file: "ok", or its first complaint."""
    try:
        with closing(open_database(database)) as connection:
            return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    except sqlite3.DatabaseError as error:
        return str(error)


def _lost(evidence: Evidence) -> Iterator[str]:
    rows = {row.key: row for row in reversed(evidence.stored)}
    mentions: dict[int, list[Mentioned]] = {}
    for mention in evidence.mentioned:
        mentions.setdefault(mention.post, []).append(mention)
    alert_of = {mention: alert for alert, mention in evidence.alerts.items()}
    known = baseline(evidence)
    for post in evidence.published:
        row = rows.get(post.key)
        if row is None:
            yield f"post {post.key} of {post.feed} is not stored"
            continue
        if row.source != post.feed or _words(post.text) not in _words(row.text):
            yield f"post {post.key} of {post.feed} is stored wrongly: at {row.source}, {row.text!r}"
        found = mentions.get(row.id, [])
        for brand in sorted(set(post.names) - {mention.brand for mention in found}):
            yield f"post {post.key} names {brand} and has no mention of it"
        for mention in found:
            if post.key not in known and _routed(mention, evidence.duty):
                yield from _undelivered(post.key, mention, alert_of.get(mention.id), evidence)


def _undelivered(key: str, mention: Mentioned, alert: int | None, evidence: Evidence) -> Iterator[str]:
    if alert is None:
        yield f"mention {mention.id} ({key}, {mention.brand}, {mention.sentiment}) has no alert"
        return
    for sink, receiver in evidence.duty.sinks.items():
        state = evidence.deliveries.get((alert, receiver), "missing")
        if state != "sent":
            yield f"the delivery of alert {alert} ({key}) to {receiver} is {state}"
        elif not any(_tells(message, str(alert), key) for message in evidence.arrived[sink]):
            yield f"alert {alert} ({key}) is not in the {sink} sink, though its delivery says sent"


def _tells(message: Arrived, alert: str, key: str) -> bool:
    return alert in message.listed or (alert in message.alerts and key in message.links)


def _repeated(evidence: Evidence) -> Iterator[str]:
    """What came more than once, and what came though it was not due: an old post told as news is a repetition too."""
    keys = {post.key for post in evidence.published}
    for key, times in Counter(row.key for row in evidence.stored).items():
        if key not in keys:
            yield f"{times} stored posts stand for nothing that was published ({key})"
        elif times > 1:
            yield f"post {key} is stored {times} times"
    key_of = {row.id: row.key for row in evidence.stored}
    mentions = {mention.id: mention for mention in evidence.mentioned}
    known = baseline(evidence)
    for mention_id, times in Counter(evidence.alerts.values()).items():
        mention = mentions.get(mention_id)
        if mention is None or not _routed(mention, evidence.duty) or key_of.get(mention.post) in known:
            yield f"mention {mention_id} has an alert that nobody was due"
        elif times > 1:
            yield f"mention {mention_id} has {times} alerts"
    for sink, messages in evidence.arrived.items():
        yield from _arrived_again(sink, messages, alerts={str(alert) for alert in evidence.alerts})


def _arrived_again(sink: str, messages: tuple[Arrived, ...], *, alerts: set[str]) -> Iterator[str]:
    for id_, times in _ids(messages).items():
        yield from [f"message {id_} came to the {sink} sink again"] * (times - 1)
    bearers: dict[str, set[str]] = {}
    for message in messages:
        for alert in (*message.alerts, *(message.listed & alerts)):
            bearers.setdefault(alert, set()).add(message.message)
    for alert, ids in bearers.items():
        if alert not in alerts:
            yield f"the {sink} sink has alert {alert}, which the database does not know"
        if len(ids) > 1:
            yield f"alert {alert} came to the {sink} sink in {len(ids)} messages of different ids"


def _ids(messages: Iterable[Arrived]) -> Counter[str]:
    return Counter(message.message for message in messages)


def _routed(mention: Mentioned, duty: Duty) -> bool:
    return mention.brand in duty.brands and mention.sentiment in duty.sentiments


def _words(text: str) -> str:
    return " ".join(text.split())
