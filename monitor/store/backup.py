"""Copies of the database that can be trusted: made beside a writing daemon, checked before they get their name.

VACUUM INTO reads one moment of the file, however much is written meanwhile, and over a read-only connection: it never
checkpoints, which before SQLite 3.51.3 two connections may not do at once. `cp` of the file alone would lose the WAL.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.errors import DatabaseCorrupt, InputError, StoreError
from monitor.store.connection import BUSY_TIMEOUT, sqlite_errors
from monitor.store.schema import APPLICATION_ID

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

MAGIC: Final = b"SQLite format 3\0"
_AGAIN: Final = 3  # tries: what is erased between the count and the copy makes the copy look too small
_NUMBERED: Final = ("posts", "mentions", "alerts", "deliveries", "revisions")
_PLAIN: Final = ("hosts", "messages", "sightings", "sources")
_MIGRATIONS: Final = "_sqlite_migrations"


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished, checked copy: its size in bytes and its rows by table."""

    path: Path
    size: int
    rows: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Extent:
    """What a copy must at least hold: the newest numbers given out, and the schema's steps."""

    newest: dict[str, int]
    migrations: tuple[str, ...]


def read_only(path: Path) -> sqlite3.Connection:
    """A connection that cannot change `path` and never runs what a schema made by others would run."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_TIMEOUT)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    return connection


def application_id(path: Path) -> int | None:
    """The number by which a SQLite file says whose it is, read without SQLite; None for what is none."""
    with path.open("rb") as file:
        header = file.read(100)
    return int.from_bytes(header[68:72], "big") if len(header) == 100 and header.startswith(MAGIC) else None


def migrations_of(connection: sqlite3.Connection) -> tuple[str, ...]:
    """The steps of our schema that a file has taken."""
    found = connection.execute(f"SELECT name FROM {_MIGRATIONS} WHERE migration_set = 'monitor' ORDER BY name")  # noqa: S608 - constant
    return tuple(str(name) for (name,) in found)


def back_up(database: Path, out: Path) -> Backup:
    """Write a checked copy of `database` to `out`, which then either is whole or is not there; readable for us alone.

    An older backup at `out` is replaced. Raises InputError when something else stands there, StoreError and its kin.
    """
    if not database.exists():
        raise StoreError(f"{database}: there is no database yet")
    _may_write(out, database)
    out.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _room(database, out.parent)
    # A name of its own for each process; in the same folder, because a rename is atomic only there.
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        rows = _copied(database, part)
        sync(part)
        part.replace(out)
        sync(out.parent)
    except OSError as error:
        raise StoreError(f"{out}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    return Backup(path=out, size=out.stat().st_size, rows=rows)


def _may_write(out: Path, database: Path) -> None:
    if not out.exists():
        return
    if out.is_dir():
        raise InputError(f"{out} is a folder; name a file, or say --to")
    if out.samefile(database):
        raise InputError(f"{out} is the database itself")
    if application_id(out) != APPLICATION_ID:
        raise InputError(f"{out} exists and is no backup; it is left as it is")


def _room(database: Path, folder: Path) -> None:
    wal = database.with_name(database.name + "-wal")
    needed = database.stat().st_size + (wal.stat().st_size if wal.exists() else 0)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StoreError(f"{folder}: a backup may need {needed // 2**20} MB, {free // 2**20} MB are free")


def _copied(database: Path, part: Path) -> dict[str, int]:
    """Copy and check; the rows of the copy by table."""
    with sqlite_errors(database), closing(read_only(database)) as source:
        for _ in range(_AGAIN):
            before = _extent(source)
            part.unlink(missing_ok=True)
            os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            source.execute("VACUUM INTO ?", (str(part),))
            with closing(read_only(part)) as copy:
                check_whole(copy, part)
                if not _short_of(before, _extent(copy)):
                    return {name: _count(copy, name) for name in (*_NUMBERED, *_PLAIN)}
    raise StoreError(f"{database}: the copy lacks what was there before; is something erasing just now? Try again")


def _extent(connection: sqlite3.Connection) -> _Extent:
    newest = {name: connection.execute(f"SELECT max(id) FROM {name}").fetchone()[0] or 0 for name in _NUMBERED}  # noqa: S608 - constants
    return _Extent(newest=newest, migrations=migrations_of(connection))


def _short_of(before: _Extent, copy: _Extent) -> bool:
    return copy.migrations != before.migrations or any(copy.newest[name] < before.newest[name] for name in _NUMBERED)


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - our own table names


def check_whole(connection: sqlite3.Connection, path: Path) -> None:
    """SQLite's full check, that every reference leads somewhere, and whose the file is. Raises DatabaseCorrupt."""
    said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if said != "ok":
        raise DatabaseCorrupt(f"{path}: {said}")
    if lost := connection.execute("PRAGMA foreign_key_check").fetchone():
        raise DatabaseCorrupt(f"{path}: row {lost[1]} of {lost[0]} refers to a row of {lost[2]} that is not there")
    found = connection.execute("PRAGMA application_id").fetchone()[0]
    if found != APPLICATION_ID:
        raise DatabaseCorrupt(f"{path}: its application_id is {found}, not ours")


def sync(path: Path) -> None:
    """Have the disk keep a file's content, or a folder's names, through a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# ── a folder of backups ──


def dated_name(database: Path, now: datetime) -> str:
    """A backup's name in a folder; names sort as their times do."""
    return f"{database.stem}-{now:%Y%m%dT%H%M%SZ}.db"


def dated(folder: Path, database: Path) -> Sequence[Path]:
    """The backups of `database` in a folder, newest first; whatever else stands there is none of them."""
    pattern = re.compile(rf"{re.escape(database.stem)}-\d{{8}}T\d{{6}}Z\.db")
    return sorted((path for path in _files(folder) if pattern.fullmatch(path.name)), reverse=True)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else iter(())


def rotate(folder: Path, database: Path, *, keep: int) -> list[Path]:
    """Remove all but the newest `keep` backups of `database` in a folder; returns those removed."""
    old = list(dated(folder, database)[keep:])
    for path in old:
        path.unlink()
    return old
