"""A backup put back: looked at as if a stranger had made it, and without telling anybody anything twice.

Who was told what since the backup is taken from the former database where that can still be read: the states of its
messages, by ids that an alert made again has again. Where it cannot, what the backup still had to send is muted, and
the first poll of each source is silent. docs/care.md gives the reasons.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.errors import InputError, StoreError
from monitor.store import rows
from monitor.store.backup import application_id, check_whole, read_only, sync
from monitor.store.checking import check_rows, check_schema
from monitor.store.connection import lock_database, open_writer, sqlite_errors
from monitor.store.forgotten import is_forgotten, standing_under
from monitor.store.outbox import SETTLED, message_id
from monitor.store.schema import APPLICATION_ID
from monitor.store.store import Store

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from sqlite_utils import Database

_SIDECARS: Final = ("-wal", "-shm", "-journal")
_MESSAGE: Final = "id, receiver, target, state, attempts, next_at, created_at, settled_at, error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """A backup that may be restored: the newest time that is written in it, None where nothing is."""

    newest: datetime | None
    posts: int
    mentions: int


class Quiet(NamedTuple):
    """What was done so that nobody is told twice.

    `carried` messages took their state from the former database; `muted` ones will not be sent; `silent` says that the
    first poll of each source wakes nobody; `forgotten` posts, erased on request since the backup, were erased again.
    """

    carried: int
    muted: int
    silent: bool
    forgotten: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore did; `former` is where the database that was there before lies now, None when there was none."""

    backup: Inspected
    former: Path | None
    former_readable: bool
    quiet: Quiet


def inspect(path: Path, *, called: Path | None = None) -> Inspected:
    """Check that `path`, spoken of as `called`, is a whole database of ours that this program can use. Reads only.

    Raises InputError when it is something else or holds what we never put there, DatabaseCorrupt, DatabaseTooNew.
    """
    name = called or path
    if (found := _strange(path)) is not None:
        raise InputError(f"{name} {found}")
    with sqlite_errors(name), closing(read_only(path)) as connection:
        connection.execute("PRAGMA query_only = ON")
        # Whose the schema is comes first: the checks of a strange one would run what it says.
        check_schema(connection, name)
        check_whole(connection, name)
        check_rows(connection, name)
        newest, posts, mentions = connection.execute(
            """
            SELECT (SELECT max(at) FROM (SELECT max(discovered_at) AS at FROM posts
                    UNION ALL SELECT max(last_polled_at) FROM sources UNION ALL SELECT max(created_at) FROM messages)),
                   (SELECT count(*) FROM posts), (SELECT count(*) FROM mentions)
            """
        ).fetchone()
    return Inspected(newest=rows.to_moment(newest), posts=posts, mentions=mentions)


def _strange(path: Path) -> str | None:
    """Why a file is no backup by its outside, None when it may be one."""
    if not path.is_file():
        return "is no file" if path.exists() else "does not exist"
    found = application_id(path)
    if found is None:
        return "is no SQLite database; a backup is one such file, no archive"
    wal = beside(path, "-wal")
    if wal.exists() and wal.stat().st_size:
        return "has a -wal file beside it: it is in use, or part of a copy; `monitor backup` makes whole ones"
    return None if found == APPLICATION_ID else "is a database of another program"


def beside(path: Path, suffix: str) -> Path:
    """The file that SQLite keeps beside a database."""
    return path.with_name(path.name + suffix)


# ── putting it in place ──


def restore(file: Path, database: Path, *, now: datetime, alert_again: bool = False) -> Restored:
    """Put the backup `file` in the place of `database`; the former file is kept beside it.

    `alert_again` tells again what may have been told, where the former database cannot say. A crash on the way leaves
    the former database in its place. Raises AlreadyRunning while a daemon runs, and what `inspect` raises.
    """
    with lock_database(database):
        part = database.with_name(f".{database.name}.{os.getpid()}.part")
        try:
            if (found := _strange(file)) is not None:
                raise InputError(f"{file} {found}")
            # What is looked at is what is used, whoever writes to `file` meanwhile.
            os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            shutil.copyfile(file, part)
            inspected = inspect(part, called=file)
            former = _settled(database)
            quiet = _make_quiet(part, former, inspected, now=now, alert_again=alert_again)
            sync(part)
            kept = _swap(part, database, now)
        except OSError as error:
            raise StoreError(f"{database}: {error.strerror or error}") from error
        finally:
            for suffix in ("", *_SIDECARS):
                beside(part, suffix).unlink(missing_ok=True)
    return Restored(backup=inspected, former=kept, former_readable=former is not None, quiet=quiet)


def _settled(database: Path) -> Path | None:
    """The former database with its WAL moved into it, None where there is none that can be read.

    Raises InputError when it is none of ours: then --db names the wrong file.
    """
    if not database.exists():
        return None
    if application_id(database) not in (APPLICATION_ID, 0, None):
        raise InputError(f"{database} is a database of another program; it is left as it is")
    try:
        with closing(sqlite3.connect(database)) as connection:
            if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                return None
            connection.execute("SELECT id, state, settled_at, error FROM messages LIMIT 1")
            connection.execute("SELECT host, next_at, retry_at FROM hosts LIMIT 1")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.DatabaseError:
        return None  # said in Restored.former_readable
    return database


def _swap(part: Path, database: Path, now: datetime) -> Path | None:
    """Give the new file the database's name; where the former one lies now, None when there was none."""
    kept = None
    if database.exists():
        kept = database.with_name(f"{database.name}.before-restore-{now:%Y%m%dT%H%M%SZ}")
        # The former WAL must not meet the new file: SQLite would play it into it.
        for suffix in _SIDECARS:
            if beside(database, suffix).exists():
                beside(database, suffix).replace(beside(kept, suffix))
        os.link(database, kept)
    part.replace(database)
    sync(database.parent)
    return kept


# ── telling nothing twice ──


def _make_quiet(part: Path, former: Path | None, inspected: Inspected, *, now: datetime, alert_again: bool) -> Quiet:
    db = open_writer(part)
    store = Store(db)
    try:
        _mend_search(store, db)
        if former is not None:
            db.execute("ATTACH ? AS former", (str(former),))
            try:
                with store.transaction():
                    carried = _carry_over(db, now)
                forgotten = _forget_again(store, db, now)
            finally:
                db.execute("DETACH former")
            return Quiet(carried=carried, muted=0, silent=False, forgotten=forgotten)
        if alert_again:
            return Quiet(carried=0, muted=0, silent=False, forgotten=0)
        with store.transaction():
            muted = _mute(db, inspected, now)
            db.execute("UPDATE sources SET baseline_at = NULL")
        return Quiet(carried=0, muted=muted, silent=True, forgotten=0)
    finally:
        store.close()


def _mend_search(store: Store, db: Database) -> None:
    """SQLite's own check does not look into the search index; one that is damaged is made again from its content."""
    for remedy in ("integrity-check", "rebuild"):
        try:
            with store.transaction():
                db.execute("INSERT INTO mention_search (mention_search) VALUES (?)", (remedy,))
        except sqlite3.DatabaseError:
            if remedy == "rebuild":
                raise
        else:
            return


def _carry_over(db: Database, now: datetime) -> int:
    """Take from the former database what the world outside has seen; the number of messages that it is about."""
    db.execute(
        "CREATE TEMP TABLE told AS SELECT messages.id FROM messages JOIN former.messages AS later USING (id) "
        "WHERE later.state <> messages.state"
    )
    db.execute(
        """
        UPDATE messages SET state = later.state, attempts = later.attempts, next_at = later.next_at, claimed_at = NULL,
            settled_at = later.settled_at, error = later.error
        FROM former.messages AS later WHERE later.id = messages.id AND messages.id IN (SELECT id FROM told)
        """
    )
    # The posts of these are not in the backup. When a source shows them again, their alerts find the message sent.
    added = db.execute(
        f"""
        INSERT INTO messages ({_MESSAGE}) SELECT {_MESSAGE} FROM former.messages AS later
        WHERE state = 'sent' AND NOT EXISTS (SELECT 1 FROM main.messages WHERE id = later.id)
        """  # noqa: S608 - constants
    ).rowcount
    _carry_over_deliveries(db)
    db.execute(
        f"UPDATE deliveries SET {SETTLED} WHERE id IN (SELECT delivery_id FROM message_deliveries "  # noqa: S608 - as above
        "WHERE message_id IN (SELECT id FROM told UNION SELECT id FROM told_alone))",
        {"now": rows.to_text(now)},
    )
    _carry_over_cases(db)
    # A host that asked to be left alone asked so whatever we remember.
    db.execute(
        """
        INSERT INTO hosts (host, next_at, retry_at) SELECT host, next_at, retry_at FROM former.hosts WHERE true
        ON CONFLICT (host) DO UPDATE SET next_at = excluded.next_at, retry_at = excluded.retry_at
        """
    )
    changed = db.execute("SELECT count(*) FROM told").fetchone()[0]
    return int(changed) + int(added)


def _carry_over_deliveries(db: Database) -> None:
    """What a target was told together with other things is noted for each alert, as if it had come alone.

    The id of a message is made of all that it carries, and what is told again may be in other company.
    """
    told = db.execute(
        """
        SELECT DISTINCT alerts.key, later.receiver, later.target, later.settled_at
        FROM former.messages AS later JOIN former.message_deliveries AS held ON held.message_id = later.id
            JOIN former.deliveries ON deliveries.id = held.delivery_id
            JOIN former.alerts ON alerts.id = deliveries.alert_id
        WHERE later.state = 'sent'
        """
    ).fetchall()
    db.execute("CREATE TEMP TABLE told_alone (id TEXT)")
    for key, receiver, target, at in told:
        alone = message_id(key, receiver, target)
        db.execute("INSERT INTO told_alone VALUES (?)", (alone,))
        db.execute(
            """
            INSERT INTO messages (id, receiver, target, state, attempts, next_at, created_at, settled_at)
            VALUES (:id, :receiver, :target, 'sent', 1, :at, :at, :at)
            ON CONFLICT (id) DO UPDATE SET state = 'sent', settled_at = excluded.settled_at, claimed_at = NULL
            WHERE state <> 'sent'
            """,
            {"id": alone, "receiver": receiver, "target": target, "at": at},
        )
        db.execute(
            """
            UPDATE message_deliveries SET message_id = :alone
            WHERE delivery_id = (SELECT deliveries.id FROM main.deliveries JOIN main.alerts ON alerts.id = alert_id
                                 WHERE alerts.key = :key AND deliveries.receiver = :receiver)
                AND message_id IN (SELECT id FROM main.messages WHERE state <> 'sent' AND target = :target)
            """,
            {"alone": alone, "key": key, "receiver": receiver, "target": target},
        )
    db.execute("DELETE FROM messages WHERE state = 'pending' AND id NOT IN (SELECT message_id FROM message_deliveries)")


def _carry_over_cases(db: Database) -> None:
    """A step of a deadline that was told is not told again, and the number of a case that is lost is given to no other.

    Its people know it by that number.
    """
    if not db.execute("SELECT 1 FROM former.sqlite_master WHERE name = 'case_deadlines'").fetchone():
        return
    db.execute(
        """
        UPDATE case_deadlines SET fired_at = later.fired_at
        FROM former.case_deadlines AS later JOIN former.cases AS known ON known.id = later.case_id
            JOIN main.cases AS kept ON (kept.id, kept.brand, kept.opened_at) = (known.id, known.brand, known.opened_at)
        WHERE later.fired_at IS NOT NULL AND case_deadlines.fired_at IS NULL
            AND (case_deadlines.case_id, case_deadlines.round, case_deadlines.kind, case_deadlines.clock,
                case_deadlines.step) = (kept.id, later.round, later.kind, later.clock, later.step)
        """
    )
    row = db.execute("SELECT seq FROM former.sqlite_sequence WHERE name = 'cases'").fetchone()
    if row is not None:
        db.execute(
            "INSERT INTO main.sqlite_sequence (name, seq) SELECT 'cases', 0 WHERE NOT EXISTS "
            "(SELECT 1 FROM main.sqlite_sequence WHERE name = 'cases')"
        )
        db.execute("UPDATE main.sqlite_sequence SET seq = max(seq, ?) WHERE name = 'cases'", row)


def _forget_again(store: Store, db: Database, now: datetime) -> int:
    """Erase what was erased on request since the backup; the number of posts."""
    if not db.execute("SELECT 1 FROM former.sqlite_master WHERE name = 'forgotten'").fetchone():
        return 0
    added = db.execute("INSERT OR IGNORE INTO forgotten (kind, hash, at) SELECT kind, hash, at FROM former.forgotten")
    db.conn.commit()
    if added.rowcount <= 0:
        return 0
    found = db.execute(f"SELECT id, source_id, {rows.POST_COLUMNS} FROM posts")  # noqa: S608 - constant
    names = [column[0] for column in found.description]
    posts = (dict(zip(names, row, strict=True)) for row in found)
    ids = [int(row["id"]) for row in posts if is_forgotten(db, int(row["source_id"]), rows.post_of(row))]
    if ids:
        store.erase(ids, now=now, standing_under=standing_under(db, ids))
        done = store.merge_search(first=True)
        while not done:
            done = store.merge_search(first=False)
        store.compact()
    return len(ids)


def _mute(db: Database, inspected: Inspected, now: datetime) -> int:
    """Let nothing go out that the backup still had to send: nobody knows whether it was sent meanwhile."""
    made = f"{inspected.newest:%Y-%m-%d %H:%M} UTC" if inspected.newest else "an unknown time"
    values = {"now": rows.to_text(now), "reason": f"restored from backup of {made}: may have been sent before"}
    db.execute(
        "UPDATE deliveries SET state = 'muted', settled_at = :now, reason = :reason WHERE state = 'pending'", values
    )
    db.execute("UPDATE case_deadlines SET fired_at = :now WHERE fired_at IS NULL AND at <= :now", values)
    return int(
        db.execute(
            "UPDATE messages SET state = 'muted', settled_at = :now, claimed_at = NULL, error = :reason "
            "WHERE state = 'pending'",
            values,
        ).rowcount
    )
