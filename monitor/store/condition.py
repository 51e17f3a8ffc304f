"""What state the database file is in, for `doctor`: read beside a running daemon, nothing is changed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sqlite_utils import Database

from monitor.errors import InputError, MonitorError
from monitor.store import rows
from monitor.store.backup import migrations_of, read_only
from monitor.store.checking import check_schema
from monitor.store.connection import sqlite_errors
from monitor.store.restore import beside
from monitor.store.schema import MIGRATIONS

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

SQLITE: Final = sqlite3.sqlite_version_info
WAL_RESET_MENDED: Final = (3, 51, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Sizes in bytes; `error` is why the file cannot be used, empty where it can; `newest` the latest time in it."""

    size: int = 0
    wal: int = 0
    free: int = 0
    missing_steps: tuple[str, ...] = ()
    newest: datetime | None = None
    strange: str = ""
    error: str = ""


def examine(path: Path) -> Condition:
    """Look at the database as a whole; takes seconds for each gigabyte."""
    wal = beside(path, "-wal")
    sizes = Condition(size=path.stat().st_size, wal=wal.stat().st_size if wal.exists() else 0)
    try:
        with sqlite_errors(path), closing(read_only(path)) as connection:
            said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if said != "ok":
                return replace(sizes, error=str(said))
            known = {migration.name for migration in MIGRATIONS.pending(Database(memory=True))}
            pages, size = (
                connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_size")
            )
            newest = connection.execute(
                "SELECT max(at) FROM (SELECT max(discovered_at) AS at FROM posts "
                "UNION ALL SELECT max(last_polled_at) FROM sources)"
            ).fetchone()[0]
            return replace(
                sizes,
                free=pages * size,
                missing_steps=tuple(sorted(known - set(migrations_of(connection)))),
                newest=rows.to_moment(newest),
                strange=_strange(connection, path),
            )
    except (MonitorError, sqlite3.DatabaseError) as error:
        return replace(sizes, error=str(error))


def _strange(connection: sqlite3.Connection, path: Path) -> str:
    try:
        check_schema(connection, path)
    except InputError as error:
        return str(error)
    return ""
