"""A database of an earlier version: what commands say of it, and what `monitor migrate` makes of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from monitor.store import m001
from tests.cli.inprocess import Done, run_command
from tests.store.test_migration import OF_THE_FIRST_RELEASE

if TYPE_CHECKING:
    from pathlib import Path

UNINDEXED = "1 mentions are not indexed yet; the running daemon does it, or `monitor migrate`"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "monitor.db")) as db:
        db.executescript(m001.STATEMENTS + OF_THE_FIRST_RELEASE)
        db.executescript(
            "CREATE TABLE _sqlite_migrations (migration_set TEXT, name TEXT, applied_at TEXT);"
            "INSERT INTO _sqlite_migrations VALUES ('monitor', 'm001_first_schema', '');"
        )
    return tmp_path


def search(folder: Path, *more: str) -> Done:
    return run_command(folder, "search", "склад", *more)


@pytest.mark.parametrize(
    "command",
    [("search", "x"), ("mentions",), ("why", "1"), ("stats",), ("export",), ("sources",), ("deliveries",)],
)
def test_a_database_of_an_earlier_version_is_named_as_such(folder: Path, command: tuple[str, ...]) -> None:
    done = run_command(folder, *command)
    assert done.returncode == 78
    assert done.stderr.count("\n") == 1
    assert "monitor migrate" in done.stderr


def test_what_is_not_indexed_is_told_and_migrate_indexes_it(folder: Path) -> None:
    assert run_command(folder, "migrate", "--no-index").returncode == 0
    done = search(folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert UNINDEXED in done.stderr
    assert UNINDEXED in run_command(folder, "stats", "склад").stderr
    assert UNINDEXED not in run_command(folder, "stats").stderr
    assert "1 mentions were indexed" in run_command(folder, "migrate").stdout
    done = search(folder, "--count")
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 mentions\n", "")
    assert "indexed" not in run_command(folder, "migrate").stdout


def test_a_place_that_cannot_be_looked_at_is_told(folder: Path) -> None:
    done = run_command(folder, "search", "x", "--db", "d" * 300)
    assert done.returncode == 78
    assert "too long" in done.stderr.lower()
