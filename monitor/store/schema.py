"""Schema and migrations: numbered, each in a transaction of its own, never edited once released."""

from __future__ import annotations

import re
from typing import Final

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from monitor.errors import DatabaseTooNew
from monitor.store import m001, m002, m003, m004, m005, m006, m007
from monitor.store.views import create_views

MIGRATIONS: Final = Migrations("monitor")
APPLICATION_ID: Final = 0x424D4D31  # "BMM1", so that `file` and `restore` know whose file this is


@MIGRATIONS()
def m001_first_schema(db: Database) -> None:
    """Sources, hosts, posts and their sightings, mentions, alerts, deliveries, messages."""
    _run(db, m001.STATEMENTS)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")


@MIGRATIONS()
def m002_history(db: Database) -> None:
    """What makes history searchable and erasable: index, revisions, gaps, answers, counts by day, tombstones."""
    m002.register(db)
    _run(db, m002.STATEMENTS)


@MIGRATIONS()
def m003_coverage(db: Database) -> None:
    """What every place asks for: coverage and rhythm of sources, followed threads, removal, alarms."""
    _run(db, m003.STATEMENTS)


@MIGRATIONS()
def m004_judgement(db: Database) -> None:
    """What judging with history asks for: stories, authors, stances, corrections, what was learned, ranks, reach."""
    m004.register(db)
    _run(db, m004.STATEMENTS)


@MIGRATIONS()
def m005_sentiment(db: Database) -> None:
    """Corrections of sentiment, and the versions of what was learned of them."""
    _run(db, m005.STATEMENTS)


@MIGRATIONS()
def m006_cases(db: Database) -> None:
    """Cases, their events, posts, deadlines and notices, and the persons who work them off."""
    _run(db, m006.STATEMENTS)


@MIGRATIONS()
def m007_alerting(db: Database) -> None:
    """Groups, silences, subscriptions, storms, signals and digests."""
    _run(db, m007.STATEMENTS)


def _run(db: Database, statements: str) -> None:
    """Run statements that end in a semicolon at the end of a line; one within a trigger is indented."""
    for statement in re.split(r";\n(?![ \t])", statements):
        if statement.strip():
            db.execute(statement)


def migrate(db: Database) -> None:
    """Bring the file to the schema of this program.

    Raises DatabaseTooNew when it holds migrations that this program does not know.
    """
    ours = {migration.name for migration in MIGRATIONS.pending(Database(memory=True))}
    if unknown := {migration.name for migration in MIGRATIONS.applied(db)} - ours:
        raise DatabaseTooNew(f"the database was written by a later version (it has {', '.join(sorted(unknown))})")
    MIGRATIONS.apply(db)
    create_views(db)
