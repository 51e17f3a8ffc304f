"""What is asked of deliveries of one mention: who was told of it, who waits, and for what."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


class ToldReading:
    """What is asked of deliveries, in the writer's transaction and beside it."""

    _db: Database

    def told_of(self, mention_id: int) -> list[dict[str, object]]:
        """The deliveries of a mention and of signals about it, oldest first, each with its group and its messages.

        `due_at` is when the group's message leaves, while the delivery waits for it.
        """
        found = self._db.query(
            """
            SELECT deliveries.id, signals.kind AS signal, deliveries.receiver, deliveries.state, deliveries.reason,
                deliveries.note, groups.key AS "group",
                iif(deliveries.state = 'pending' AND count(messages.id) = 0, groups.due_at, NULL) AS due_at,
                deliveries.created_at, deliveries.settled_at,
                json_group_array(json_object('id', messages.id, 'state', messages.state, 'attempts', messages.attempts,
                    'next_at', iif(messages.state = 'pending', messages.next_at, NULL), 'error', messages.error)
                ) FILTER (WHERE messages.id IS NOT NULL) AS messages
            FROM alerts LEFT JOIN signals ON signals.id = alerts.signal_id
                JOIN deliveries ON deliveries.alert_id = alerts.id
                LEFT JOIN groups ON groups.id = deliveries.group_id
                LEFT JOIN message_deliveries ON message_deliveries.delivery_id = deliveries.id
                LEFT JOIN messages ON messages.id = message_deliveries.message_id
            WHERE alerts.mention_id = :mention
                OR alerts.signal_id IN (SELECT id FROM signals WHERE mention_id = :mention)
            GROUP BY deliveries.id ORDER BY deliveries.id
            """,
            {"mention": mention_id},
        )
        return [{**row, "messages": json.loads(str(row["messages"]))} for row in found]
