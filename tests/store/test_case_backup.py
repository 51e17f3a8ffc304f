"""Cases in backups: what was told of them is not told again, and a file with a case that cannot be read is refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from monitor.errors import InputError
from monitor.models import CaseEvent, Dispatch, EventKind, Person, Role
from monitor.store import Store, open_writer
from monitor.store.backup import back_up
from monitor.store.restore import inspect, restore
from tests.store.cases import HOUR, NOW, SUPPORT, change, due, notice, open_case, open_store, say

if TYPE_CHECKING:
    from pathlib import Path

LATER = NOW + 6 * HOUR
AT = "2026-11-21T12:00:00.000Z"


def tell(store: Store) -> list[str]:
    """What ticks and the outbox do: each step that is due becomes a notice, and every message is sent."""
    with store.transaction():
        for fired in store.fire_deadlines(LATER, 9):
            case = store.case(fired.case_id)
            assert case is not None
            reason = f"step {fired.deadline.step}"
            key = f"case:{case.id}:{fired.deadline.step}"
            store.add_notice(notice(case, key, reason=reason), [Dispatch(SUPPORT, "owner")], now=LATER)
    told = []
    while claimed := store.claim_messages(LATER, 9):
        for message in claimed:
            told += [f"{one.case.id} {one.reason}" for one in message.notices]
            store.message_sent(message.id, LATER)
    return told


def backed_up(path: Path, copy: Path) -> Store:
    """A store with a case of two steps that was backed up before anybody was told."""
    store = open_store(path)
    store.put_person(Person(name="Ирина", role=Role.LEAD), NOW)
    case = open_case(store, say(store, "a"))
    store.set_deadlines(case, [due(0, NOW), due(1, NOW + HOUR)])
    back_up(path, copy)
    return store


def test_a_step_that_was_told_since_the_backup_is_not_told_again(tmp_path: Path) -> None:
    path, copy = tmp_path / "monitor.db", tmp_path / "copy.db"
    with closing(backed_up(path, copy)) as store:
        assert store.fire_deadlines(NOW, 9) != []  # one of the two, and nobody was written to
        assert tell(store) == ["1 step 1"]
    restore(copy, path, now=LATER)
    with closing(Store(open_writer(path))) as store:
        assert tell(store) == []
        assert [fired for _, fired in store.deadlines_of(1)] == [NOW, LATER]
        assert [person.name for person in store.persons()] == ["Ирина"]


def test_a_step_that_nobody_heard_of_is_told_after_a_restore(tmp_path: Path) -> None:
    path, copy = tmp_path / "monitor.db", tmp_path / "copy.db"
    backed_up(path, copy).close()
    restore(copy, path, now=LATER)
    with closing(Store(open_writer(path))) as store:
        assert tell(store) == ["1 step 0", "1 step 1"]


def test_the_number_of_a_case_that_was_lost_is_given_to_no_other(tmp_path: Path) -> None:
    path, copy = tmp_path / "monitor.db", tmp_path / "copy.db"
    with closing(backed_up(path, copy)) as store:
        lost = open_case(store, say(store, "b"))
        store.add_notice(notice(lost, "case:2:1"), [Dispatch(SUPPORT, "owner")], now=NOW)
        tell(store)
    restore(copy, path, now=LATER)
    with closing(Store(open_writer(path))) as store:
        case = open_case(store, say(store, "c"))
        assert case.id == 3
        store.add_notice(notice(case, "case:3:1", reason="another"), [Dispatch(SUPPORT, "owner")], now=LATER)
        assert tell(store) == ["3 another"]


def test_another_case_of_the_same_number_keeps_its_own_deadlines(tmp_path: Path) -> None:
    path, copy = tmp_path / "monitor.db", tmp_path / "copy.db"
    backed_up(path, copy).close()
    path.unlink()
    with closing(open_store(path)) as store:  # set up anew: its case 1 is another
        other = open_case(store, say(store, "z"), at=NOW - HOUR)
        store.set_deadlines(other, [due(0, NOW), due(1, NOW)])
        store.fire_deadlines(NOW, 9)
    restore(copy, path, now=LATER)
    with closing(Store(open_writer(path))) as store:
        assert tell(store) == ["1 step 0", "1 step 1"]


def test_without_a_readable_former_database_steps_of_the_past_are_taken_as_told(tmp_path: Path) -> None:
    path, copy = tmp_path / "monitor.db", tmp_path / "copy.db"
    with closing(backed_up(path, copy)) as store:
        case = store.case(1)
        assert case is not None
        store.set_deadlines(case, [due(0, NOW), due(1, LATER + HOUR)])
        back_up(path, copy)
    path.unlink()
    restore(copy, path, now=LATER)
    with closing(Store(open_writer(path))) as store:
        assert store.fire_deadlines(LATER, 9) == []
        assert len(store.fire_deadlines(LATER + HOUR, 9)) == 1


def test_a_backup_of_a_former_version_meets_a_database_without_cases(tmp_path: Path) -> None:
    path, copy = tmp_path / "monitor.db", tmp_path / "copy.db"
    backed_up(path, copy).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("PRAGMA foreign_keys = OFF; DROP TABLE case_deadlines; DELETE FROM sqlite_sequence;")
    restore(copy, path, now=LATER)
    with closing(Store(open_writer(path))) as store:
        assert store.case(1) is not None


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE persons SET role = 'king'", "persons .* role"),
        ("UPDATE persons SET added_at = 'soon'", "persons .* added_at"),
        ("UPDATE cases SET state = 'lost'", "cases .* state"),
        ("UPDATE cases SET classes = 'negative'", "cases .* classes"),
        ("UPDATE cases SET classes = '[1]'", "cases .* classes"),
        ("UPDATE cases SET verdict = 'guilty'", "cases .* verdict"),
        ("UPDATE cases SET outcome = 'sold'", "cases .* outcome"),
        ("UPDATE cases SET waited_seconds = -1", "cases .* waited_seconds"),
        ("UPDATE cases SET waited_seconds = 9e999", "cases .* waited_seconds"),
        ("UPDATE cases SET found_at = '2026-11-21'", "cases .* found_at"),
        ("UPDATE cases SET waiting_at = ''", "cases .* waiting_at"),
        ("INSERT INTO case_events VALUES (1, 9, '{at}', '', 'sold', NULL, NULL, '{{}}')", "case_events .* kind"),
        (
            "INSERT INTO case_events VALUES (1, 9, '{at}', '', 'noted', 'x', NULL, '{{}}')",
            "case_events .* before_state",
        ),
        ("INSERT INTO case_events VALUES (1, 9, '{at}', '', 'noted', NULL, 'x', '{{}}')", "case_events .* after_state"),
        ("INSERT INTO case_events VALUES (1, 9, '{at}', '', 'noted', NULL, NULL, '[]')", "case_events .* body"),
        ("UPDATE case_deadlines SET kind = 'pay'", "case_deadlines .* kind"),
        ("UPDATE case_deadlines SET clock = 'sand'", "case_deadlines .* clock"),
        ("UPDATE case_deadlines SET due_at = 'x'", "case_deadlines .* due_at"),
        ("UPDATE case_deadlines SET step = 'first' WHERE id = 1", "case_deadlines .* step"),
        ("UPDATE case_notices SET kind = 'shout'", "case_notices .* kind"),
        ("UPDATE case_notices SET deadline = 'pay'", "case_notices .* deadline"),
        ("UPDATE case_notices SET clock = 'sand'", "case_notices .* clock"),
        ("UPDATE answers SET seen_at = 'x'", "answers .* seen_at"),
    ],
)
def test_s19_a_case_that_cannot_be_read_is_named(tmp_path: Path, statement: str, words: str) -> None:
    path, copy = tmp_path / "monitor.db", tmp_path / "copy.db"
    with closing(backed_up(path, copy)) as store:
        case = store.case(1)
        assert case is not None
        change(store, case, CaseEvent(kind=EventKind.NOTED, at=NOW))
        store.add_notice(notice(case, "k"), [Dispatch(SUPPORT, "owner")], now=NOW)
        answered = "INSERT INTO answers (answer_id, post_id, brand, answered_at) VALUES (1, 1, 'x', ?)"
        store._db.execute(answered, (AT,))
        back_up(path, copy)
    assert inspect(copy).posts == 1
    with closing(sqlite3.connect(copy)) as connection:
        connection.executescript(statement.format(at=AT))
    with pytest.raises(InputError, match=f"row of {words} cannot be read"):
        inspect(copy)
