"""The verbs of signals: what several mentions amount to, and states that stay open, told through the outbox."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.models import AlertIntent
from monitor.store import rows
from monitor.store.outbox import OutboxVerbs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from monitor.models import Dispatch, SignalIntent


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An open state: an alarm, or a case that nobody has acknowledged; `told_at` is when each receiver was told last.

    `reason` says what is open: the alarm's kind, or "unacknowledged".
    """

    since: datetime
    told_at: Mapping[str, datetime]
    reason: str
    brand: str | None = None
    source: str | None = None
    case_id: int | None = None
    alarm_id: int | None = None
    mention_id: int | None = None


_STANDING: Final = """
    SELECT found_at AS since, 'unacknowledged' AS reason, brand, NULL AS source, id AS case_id, NULL AS alarm_id,
        (SELECT min(mention_id) FROM case_posts WHERE case_posts.case_id = cases.id) AS mention_id
    FROM cases WHERE state = 'new' AND acknowledged_at IS NULL AND opened_at >= :since
    UNION ALL SELECT alarms.opened_at, alarms.kind, NULL, sources.name, NULL, alarms.id, NULL
    FROM alarms LEFT JOIN sources ON sources.id = alarms.source_id
    WHERE closed_at IS NULL AND alarms.kind NOT IN ('gap', 'receiver') AND alarms.opened_at >= :since
"""
# Whom a silence kept from it has not been told.
_TOLD: Final = """
    WITH open_cases AS (
        SELECT id FROM cases WHERE state = 'new' AND acknowledged_at IS NULL AND opened_at >= :since
    ), open_alarms AS (
        SELECT id FROM alarms WHERE closed_at IS NULL AND kind NOT IN ('gap', 'receiver') AND opened_at >= :since
    ), told AS (
        SELECT case_posts.case_id, NULL AS alarm_id, alerts.id AS alert FROM case_posts
            JOIN alerts ON alerts.mention_id = case_posts.mention_id WHERE case_posts.case_id IN open_cases
        UNION ALL SELECT case_id, NULL, alerts.id FROM case_notices JOIN alerts ON notice_id = case_notices.id
            WHERE case_id IN open_cases
        UNION ALL SELECT signals.case_id, NULL, alerts.id FROM signals JOIN alerts ON signal_id = signals.id
            WHERE signals.case_id IN open_cases AND kind = 'standing'
        UNION ALL SELECT NULL, signals.alarm_id, alerts.id FROM signals JOIN alerts ON signal_id = signals.id
            WHERE signals.alarm_id IN open_alarms AND kind = 'standing'
        UNION ALL SELECT NULL, alarm_id, id FROM alerts WHERE alarm_id IN open_alarms
    )
    SELECT case_id, alarm_id, receiver, max(deliveries.created_at) FROM told JOIN deliveries ON alert_id = alert
    WHERE state <> 'muted' GROUP BY 1, 2, 3
"""


class SignalVerbs(OutboxVerbs):
    """The part of `Store` that tells what is no single new mention."""

    def add_signal(self, intent: SignalIntent, to: Sequence[Dispatch], *, now: datetime) -> int | None:
        """Store a signal and, where there is somebody `to` hear of it, an alert with its deliveries.

        Returns its number; None where the same intent was stored before, which tells nobody again.
        """
        with self._in_transaction():
            signal = self._insert(
                "INSERT INTO signals (key, kind, brand, source_id, storm_id, mention_id, case_id, alarm_id, reason, "
                "figures, at) VALUES (?, ?, ?, (SELECT id FROM sources WHERE name = ?), ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (key) DO NOTHING RETURNING id",
                (
                    intent.key,
                    intent.kind.value,
                    intent.brand,
                    intent.source,
                    intent.storm_id,
                    intent.mention_id,
                    intent.case_id,
                    intent.alarm_id,
                    intent.reason,
                    json.dumps(dict(intent.figures), ensure_ascii=False),
                    rows.to_text(now),
                ),
            )
            if signal is not None and to:
                told = AlertIntent(key=f"signal:{intent.key}", reason=intent.reason, to=tuple(to))
                self._add_alert(told, signal_id=signal, now=now)
        return signal

    def standing(self, *, since: datetime) -> list[Standing]:
        """Open states that began after `since`, with those who were told of them.

        Gaps are no states: they happened. Of a receiver that takes nothing those hear who can.
        """
        values = {"since": rows.to_text(since)}
        told: dict[tuple[int | None, int | None], dict[str, datetime]] = {}
        for case_id, alarm_id, receiver, at in self._db.execute(_TOLD, values).fetchall():
            told.setdefault((case_id, alarm_id), {})[str(receiver)] = rows.moment(at)
        return [
            Standing(**{**row, "since": rows.moment(row["since"]), "told_at": heard})
            for row in self._db.query(_STANDING, values)
            if (heard := told.get((row["case_id"], row["alarm_id"])))
        ]

    def is_standing(self, signal_id: int) -> bool:
        """Whether what a signal told of as open still is."""
        row = self._db.execute(
            """
            SELECT coalesce(alarms.closed_at IS NULL AND alarms.id IS NOT NULL, 0)
                OR coalesce(cases.state = 'new' AND cases.acknowledged_at IS NULL, 0)
            FROM signals LEFT JOIN alarms ON alarms.id = signals.alarm_id LEFT JOIN cases ON cases.id = signals.case_id
            WHERE signals.id = ?
            """,
            (signal_id,),
        ).fetchone()
        return bool(row[0])
