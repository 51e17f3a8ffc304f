"""What names a person in rows about alerts, and how an erasure takes it out: who is told of what stays.

A query that names somebody cannot be blanked and still hold for the others: it holds for nothing from then on.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from monitor.store.casenotes import BLANK

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlite_utils import Database

NOTHING: Final = "NOT *"
"""A query that never holds."""
_BLANKED: Final = (
    ("silences", "comment", BLANK),
    ("silences", "person", BLANK),
    ("silences", "match", NOTHING),
    ("subscriptions", "match", NOTHING),
    ("deliveries", "reason", BLANK),
    ("deliveries", "note", BLANK),
    ("signals", "reason", BLANK),
)


def blank_alerting(db: Database, is_named: Callable[[str], bool]) -> None:
    """Blank what names somebody in silences, subscriptions, deliveries, signals and groups."""
    for number, key, labels in db.execute("SELECT id, key, labels FROM groups").fetchall():
        # In JSON a quote is not spelt as in a name.
        if is_named(key) or any(is_named(str(value)) for value in json.loads(labels).values()):
            db.execute("UPDATE groups SET key = ?, labels = '{}' WHERE id = ?", (f"{BLANK} {number}", number))
    for number, about in db.execute("SELECT id, figures ->> 'about' FROM digests").fetchall():
        if about and is_named(about):
            db.execute("UPDATE digests SET figures = json_set(figures, '$.about', '') WHERE id = ?", (number,))
    for table, column, blank in _BLANKED:
        found = db.execute(f"SELECT id, {column} FROM {table} WHERE {column} IS NOT NULL").fetchall()  # noqa: S608 - constants
        named = [number for number, text in found if is_named(text)]
        if named:
            db.execute(
                f"UPDATE {table} SET {column} = ? WHERE id IN (SELECT value FROM json_each(?))",  # noqa: S608 - constants
                (blank, json.dumps(named)),
            )
