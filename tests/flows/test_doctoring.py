"""What `doctor` makes of facts: level, words and advice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitor.cases.playbooks import known
from monitor.fetching.reaching import Reached
from monitor.flows import doctoring
from monitor.flows.doctoring import MEGABYTE, Finding, Mode
from monitor.models import Person, Role
from monitor.store.condition import Condition

if TYPE_CHECKING:
    from collections.abc import Iterable

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DB = Path("monitor.db")
SOURCE = {"name": "forum", "health": "ok", "error": None, "last_polled_at": "x", "last_success_at": "x"}


def versions(sqlite: tuple[int, ...], differing: tuple[str, ...] = ()) -> list[Finding]:
    return list(doctoring.versions(python=(3, 11, 7), sqlite=sqlite, differing=differing, lock=Path("r.lock")))


def database(condition: Condition | None, free: int = 10_000) -> list[Finding]:
    return list(doctoring.database(DB, condition, disk_free=free * MEGABYTE, disk_total=20_000 * MEGABYTE))


CASES: list[tuple[str, Iterable[Finding], str, str]] = [
    ("old SQLite", versions((3, 40, 1)), "note", "has the WAL-reset fault (mended in 3.51.3)"),
    ("new SQLite", versions((3, 51, 3)), "ok", "SQLite 3.51.3"),
    ("another package", versions((3, 51, 3), ("x 1 (locked: 2)",)), "note", "x 1 (locked: 2)"),
    ("no database", database(None), "note", "does not exist yet"),
    ("corrupt", database(Condition(error="malformed")), "problem", "monitor.db: malformed"),
    ("older schema", database(Condition(missing_steps=("m002",))), "note", "its schema lacks m002"),
    ("strange trigger", database(Condition(strange="holds a trigger")), "note", "holds a trigger"),
    ("large WAL", database(Condition(wal=300 * MEGABYTE)), "note", "the WAL has grown to 300 MB"),
    ("full disk", database(None, free=900), "problem", "900 MB are free"),
    ("no room for a backup", database(Condition(size=9_000 * MEGABYTE)), "note", "too few for a backup"),
    (
        "clock at 1970",
        doctoring.clock(datetime(1970, 1, 1, tzinfo=UTC), newest=None, synchronised=None),
        "problem",
        "1970",
    ),
    (
        "clock behind",
        doctoring.clock(NOW, newest=NOW + timedelta(hours=1), synchronised=True),
        "problem",
        "the database holds 2026-11-21 13:00 UTC",
    ),
    ("clock alone", doctoring.clock(NOW, newest=NOW, synchronised=False), "note", "nothing keeps it right"),
    ("clock right", doctoring.clock(NOW, newest=NOW, synchronised=True), "ok", "2026-11-21 12:00 UTC"),
    ("no name", doctoring.hosts({"a.test:443": Reached(error="unknown")}, NOW), "problem", "a.test:443: unknown"),
    (
        "certificate",
        doctoring.hosts({"a.test:443": Reached(expires=NOW + timedelta(days=3))}, NOW),
        "note",
        "its certificate ends in 3 days",
    ),
    ("reached", doctoring.hosts({"a.test:80": Reached()}, NOW), "ok", "1 hosts can be reached"),
    ("open file", doctoring.permissions([Mode(DB, 0o644, 0o600)]), "problem", "monitor.db is open to others (644)"),
    ("private file", doctoring.permissions([Mode(DB, 0o400, 0o600)]), "ok", "their owner alone"),
    ("no daemon", [doctoring.daemon(answers=False, tick_age=None)], "note", "none runs"),
    ("stuck daemon", [doctoring.daemon(answers=True, tick_age=90.0)], "problem", "90 s ago"),
    ("daemon", [doctoring.daemon(answers=True, tick_age=1.0)], "ok", "it runs"),
    ("stale", doctoring.sources([SOURCE | {"health": "stale"}]), "problem", "forum is stale: no reason was noted"),
    ("degraded", doctoring.sources([SOURCE | {"health": "degraded", "error": "x"}]), "note", "forum is degraded: x"),
    ("never read", doctoring.sources([SOURCE | {"last_success_at": None}]), "problem", "forum has never been read"),
    ("well", doctoring.sources([SOURCE]), "ok", "1 of 1 sources are well"),
    ("refused", doctoring.receivers({"a": "no"}, configured=1, dead=0), "problem", "a: no"),
    ("dead", doctoring.receivers({}, configured=1, dead=3), "problem", "3 deliveries were given up"),
    ("nobody", doctoring.receivers({}, configured=0, dead=0), "note", "nobody is told"),
    ("dictionaries", [doctoring.dictionaries(("de",))], "note", "de are not prepared"),
]


@pytest.mark.parametrize(("found", "level", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_fact_has_its_finding_and_what_is_not_well_its_advice(
    found: Iterable[Finding], level: str, words: str
) -> None:
    (finding,) = [finding for finding in found if words in finding.what]
    assert finding.level == level
    assert (finding.level == "ok") is (finding.advice == "")


def test_a_state_of_health_that_asks_for_care_names_the_source_in_its_advice() -> None:
    (finding,) = doctoring.sources([SOURCE | {"health": "failing"}])
    assert "monitor poll forum" in finding.advice


LEGAL = {"legal_threat": known({})["legal_threat"]}


@pytest.mark.parametrize(
    ("persons", "said"),
    [
        ((), ["ok", "note"]),
        ((Person(name="vera", role=Role.LEGAL, receiver="law"),), ["ok"]),
        ((Person(name="anna", role=Role.AGENT),), ["note", "ok"]),
        ((Person(name="vera", role=Role.LEGAL, receiver="gone"),), ["problem", "ok"]),
    ],
    ids=["nobody", "all well", "no lawyer", "no such receiver"],
)
def test_people_are_there_for_what_playbooks_ask(persons: tuple[Person, ...], said: list[str]) -> None:
    found = list(doctoring.people(persons, LEGAL, {"law"}))
    assert [finding.level for finding in found] == said
    assert all(finding.advice for finding in found if finding.level != "ok")
