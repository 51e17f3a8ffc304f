"""Opening the database file: pragmas, checks, and the lock that keeps a second daemon out."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final

from sqlite_utils import Database

from monitor.errors import AlreadyRunning, DatabaseCorrupt, StoreError
from monitor.store.schema import MIGRATIONS, migrate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUSY_TIMEOUT: Final = 5.0  # seconds; only a backup or an analyst's lock can make the one writer wait


@contextmanager
def sqlite_errors(path: Path) -> Iterator[None]:
    """The one place where sqlite3's errors become ours."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        text = str(error)
        # A migration meets rows that contradict each other where another program has written.
        if isinstance(error, sqlite3.OperationalError | sqlite3.IntegrityError) and "malformed" not in text:
            raise StoreError(f"{path}: {text}") from error
        if "malformed" in text or "not a database" in text:
            raise DatabaseCorrupt(f"{path}: {text}") from error
        raise


def open_writer(path: Path) -> Database:
    """Open or create the database for writing and bring its schema up to date.

    Call it in the thread that will use it, and only while holding `lock_database`: SQLite before 3.51.3 may corrupt a
    WAL file when two connections write or checkpoint at once. Raises DatabaseCorrupt, DatabaseTooNew, StoreError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite_errors(path):
        # The file holds what people wrote about themselves: nobody else on the machine may read it.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        db = Database(sqlite3.connect(path, timeout=BUSY_TIMEOUT), use_counts_table=False)
        check = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if check != "ok":
            raise DatabaseCorrupt(f"{path}: {check}")
        db.enable_wal()
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        migrate(db)
    return db


def open_reader(path: Path) -> Database:
    """Open the database read-only; it may be in use by a daemon.

    Raises StoreError where there is none yet, where it may not be read, and where it is of an earlier version.
    """
    try:
        path.stat()
    except FileNotFoundError:
        raise StoreError(f"{path}: there is no database yet; start `monitor run` first") from None
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from error
    with sqlite_errors(path):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_TIMEOUT, check_same_thread=False
        )
        connection.execute("PRAGMA query_only = ON")
        connection.execute("SELECT 1 FROM sources LIMIT 1")  # is it a database, and ours?
        database = Database(connection, recursive_triggers=False)
        if MIGRATIONS.pending(database):
            database.close()
            raise StoreError(
                f"{path}: an earlier version wrote it; run `monitor migrate`, or start this version's daemon"
            )
        return database


@contextmanager
def lock_database(path: Path) -> Iterator[None]:
    """Hold the database for this process; the kernel lets go of it when the process ends, however it ends.

    Raises AlreadyRunning with the holder's pid.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock_path = path.with_name(path.name + ".lock")
    descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(_pid_in(handle)) from None
        handle.seek(0)
        handle.truncate()
        handle.write(f"{os.getpid()}\n")
        handle.flush()
        yield


def _pid_in(handle: IO[str]) -> int:
    text = handle.read(20).strip()
    return int(text) if text.isdigit() else 0
