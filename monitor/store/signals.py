"""The verbs of signals: what several mentions amount to, and states that stay open, told through the outbox."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.models import AlertIntent
from monitor.store import rows
from monitor.store.outbox import OutboxVerbs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.models import Dispatch, SignalIntent


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An open state: an alarm, or a case that nobody has acknowledged; `told_at` is when anybody was told of it last.

    `reason` says what is open: the alarm's kind, or "unacknowledged".
    """

    since: datetime
    told_at: datetime
    reason: str
    brand: str | None = None
    source: str | None = None
    case_id: int | None = None
    alarm_id: int | None = None
    mention_id: int | None = None


_STANDING: Final = """
    WITH open_cases AS (
        SELECT cases.id, cases.brand, cases.found_at, max(
            coalesce((SELECT max(at) FROM signals WHERE case_id = cases.id AND kind = 'standing'), ''),
            coalesce((SELECT max(at) FROM case_notices WHERE case_id = cases.id), ''),
            coalesce((SELECT max(alerts.created_at) FROM case_posts JOIN alerts USING (mention_id)
                WHERE case_posts.case_id = cases.id), '')) AS told_at
        FROM cases WHERE state = 'new' AND acknowledged_at IS NULL AND opened_at >= :since
    ), open_alarms AS (
        SELECT alarms.id, alarms.kind, alarms.opened_at, sources.name AS source, max(
            coalesce((SELECT max(at) FROM signals WHERE alarm_id = alarms.id), ''),
            coalesce((SELECT max(created_at) FROM alerts WHERE alarm_id = alarms.id), '')) AS told_at
        FROM alarms LEFT JOIN sources ON sources.id = alarms.source_id
        WHERE closed_at IS NULL AND alarms.kind <> 'gap' AND alarms.opened_at >= :since
    )
    SELECT found_at AS since, told_at, 'unacknowledged' AS reason, brand, NULL AS source, id AS case_id,
        NULL AS alarm_id,
        (SELECT min(mention_id) FROM case_posts WHERE case_posts.case_id = open_cases.id) AS mention_id
    FROM open_cases WHERE told_at <> '' AND told_at <= :before
    UNION ALL SELECT opened_at, told_at, kind, NULL, source, NULL, id, NULL
    FROM open_alarms WHERE told_at <> '' AND told_at <= :before
    ORDER BY 1 LIMIT :limit
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

    def standing(self, *, before: datetime, since: datetime, limit: int) -> list[Standing]:
        """Open states of which people were told, nobody later than `before`, that began after `since`; oldest first.

        Gaps are no states: they happened.
        """
        values = {"before": rows.to_text(before), "since": rows.to_text(since), "limit": limit}
        return [
            Standing(**{**row, "since": rows.moment(row["since"]), "told_at": rows.moment(row["told_at"])})
            for row in self._db.query(_STANDING, values)
        ]

    def told_case(self, case_id: int) -> list[str]:
        """The receivers that were told of a case, by name."""
        found = self._db.execute(
            """
            SELECT DISTINCT receiver FROM deliveries JOIN alerts ON alerts.id = alert_id
            WHERE mention_id IN (SELECT mention_id FROM case_posts WHERE case_id = :case AND mention_id IS NOT NULL)
                OR notice_id IN (SELECT id FROM case_notices WHERE case_id = :case)
            ORDER BY 1
            """,
            {"case": case_id},
        )
        return [str(row[0]) for row in found.fetchall()]
