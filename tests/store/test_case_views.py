"""What analysts see of cases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from monitor.models import CaseEvent, CaseState, DeadlineKind, EventKind, Person, Role
from monitor.store.casefigures import endings
from tests.store.cases import BRAND, HOUR, MINUTE, NOW, change, due, open_case, open_store, say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta
    from pathlib import Path

    from monitor.models import Case
    from monitor.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "monitor.db")
    yield store
    store.close()


def one(store: Store, statement: str, *values: object) -> dict[str, Any]:
    (row,) = store._db.query(statement, values)
    return row


def end(store: Store, case: Case, state: CaseState, **fields: object) -> Case:
    event = CaseEvent(kind=EventKind(state.value), at=NOW, person="Ирина", body={"text": "т", "channel": "звонок"})
    return change(store, case, event, state=state, **fields)


def test_a_case_is_one_flat_row_with_the_times_from_both_clocks(store: Store) -> None:
    store.put_person(Person(name="Ирина", role=Role.AGENT), NOW)
    case = open_case(store, say(store, "a", title="Верните", at=NOW - HOUR), say(store, "b", source=2))
    store.set_deadlines(case, [due(1, NOW + HOUR)])
    store.fire_deadlines(NOW + HOUR, 9)
    event = CaseEvent(kind=EventKind.ANSWERED, at=NOW, body={"full": True, "public": True})
    change(
        store,
        case,
        event,
        state=CaseState.ANSWERED,
        owner="Ирина",
        acknowledged_at=NOW + 2 * HOUR,
        answered_at=NOW + 3 * HOUR,
        resolved_at=NOW + 4 * HOUR,
        waited=30 * MINUTE,
    )
    row = one(store, "SELECT * FROM v_cases")
    expected = {
        "state": "answered",
        "classes": "negative",
        "owner": "Ирина",
        "day": "2026-11-21",
        "minutes_to_acknowledge_from_publication": 180,
        "minutes_to_acknowledge": 121,
        "minutes_to_answer": 181,
        "minutes_to_resolve_from_publication": 270,
        "minutes_to_resolve": 211,
        "waited_minutes": 30,
        "acknowledge_by": "2026-11-21T13:00:00.000Z",
        "acknowledged_in_time": "breached",
        "acknowledged_in_time_from_publication": "met",
        "resolved_in_time": "met",
        "posts": 2,
        "sources": 2,
        "influence": 30,
        "priority": 50,
        "author": "Анна",
        "source": "one",
        "title": "Верните",
    }
    assert {name: row[name] for name in expected} == expected
    events = store._db.execute("SELECT seq, kind, text FROM v_case_events ORDER BY seq")
    assert events.fetchall() == [(1, "opened", "negative"), (2, "answered", None)]
    step = one(store, "SELECT kind, owner, minutes_late FROM v_case_deadlines")
    assert step == {"kind": "acknowledge", "owner": "Ирина", "minutes_late": 0}


def test_the_end_of_a_waiting_is_what_is_due_while_it_lasts_and_no_breach(store: Store) -> None:
    def listed() -> object:
        (row,) = store.cases_list(limit=9)
        return row["due_at"]

    case = open_case(store, say(store, "a"))
    case = change(store, case, CaseEvent(kind=EventKind.WAITING, at=NOW), acknowledged_at=NOW, waiting_at=NOW)
    store.set_deadlines(case, [due(601, NOW + 3 * HOUR, kind=DeadlineKind.WAIT)])
    assert listed() == "2026-11-21T15:00:00.000Z"
    store.fire_deadlines(NOW + 3 * HOUR, 9)
    store.set_deadlines(case, [due(601, NOW + 3 * HOUR, kind=DeadlineKind.WAIT)])
    assert listed() == "2026-11-21T15:00:00.000Z"
    told = one(store, "SELECT kind, step, fired_at IS NOT NULL AS fired FROM v_case_deadlines")
    assert told == {"kind": "wait", "step": 0, "fired": 1}
    assert one(store, "SELECT resolved_in_time, resolve_by FROM v_cases") == {
        "resolved_in_time": "running",
        "resolve_by": None,
    }
    later = NOW + 5 * HOUR
    case = change(store, case, CaseEvent(kind=EventKind.WAITING, at=later), waiting_at=later)
    store.set_deadlines(case, [due(18_601, NOW + 8 * HOUR, kind=DeadlineKind.WAIT)])
    assert listed() == "2026-11-21T20:00:00.000Z"  # not the end of the former one
    change(store, case, CaseEvent(kind=EventKind.RESUMED, at=later), waiting_at=None)
    store.set_deadlines(case, [])
    assert listed() is None


def test_a_deadline_is_met_breached_running_or_none(store: Store) -> None:
    case = open_case(store, say(store, "a"))
    kept = "SELECT acknowledged_in_time, resolved_in_time FROM v_cases"
    assert one(store, kept) == {"acknowledged_in_time": "running", "resolved_in_time": "running"}
    # In time it was decided that nobody answers.
    end(store, case, CaseState.SILENT, resolved_at=NOW)
    assert one(store, kept) == {"acknowledged_in_time": None, "resolved_in_time": "met"}
    store._db.execute("UPDATE cases SET published_at = NULL")
    unknown = one(
        store, "SELECT acknowledged_in_time_from_publication AS kept, minutes_to_resolve_from_publication FROM v_cases"
    )
    assert set(unknown.values()) == {None}


@pytest.mark.parametrize(
    ("states", "outcome", "reason"),
    [
        ([], "open", None),
        ([CaseState.ANSWERED], "answered", None),
        ([CaseState.ANSWERED, CaseState.CLOSED], "answered", None),
        ([CaseState.OFFLINE], "offline", "звонок"),
        ([CaseState.SILENT, CaseState.CLOSED], "silent", "тролль"),
    ],
)
def test_a_complaint_ends_as_its_case_does(
    store: Store, states: list[CaseState], outcome: str, reason: str | None
) -> None:
    case = open_case(store, say(store, "a", at=NOW - HOUR))
    for state in states:
        case = end(store, case, state, answered_at=NOW, silent_reason="тролль")
    row = one(store, "SELECT case_id, outcome, reason, hours_to_answer, day FROM v_coverage")
    hours = 1 if outcome == "answered" else None
    assert row == {
        "case_id": case.id,
        "outcome": outcome,
        "reason": reason,
        "hours_to_answer": hours,
        "day": "2026-11-21",
    }


def answer(store: Store, to: str, *, after: timedelta) -> None:
    reply = say(store, f"answer to {to}", by="поддержка", brand=None, parent=to, at=NOW + after)
    assert store.link_answer(reply[0], brand=BRAND)


def test_without_a_case_an_answer_that_stands_is_what_counts(store: Store) -> None:
    say(store, "answered")
    say(store, "gone")
    say(store, "open")
    say(store, "nobody's business", brand=None)
    answer(store, "answered", after=2 * HOUR)
    answer(store, "gone", after=HOUR)
    store._db.execute("UPDATE answers SET gone_at = answered_at WHERE post_id = 2")
    rows = list(store._db.query("SELECT post_id, outcome, hours_to_answer FROM v_coverage ORDER BY post_id"))
    assert [tuple(row.values()) for row in rows] == [(1, "answered", 2), (2, "open", None), (3, "open", None)]


def test_what_no_case_holds_counts_unless_it_is_history_doubtful_or_our_own(store: Store) -> None:
    for name in ("doubtful", "silent", "first", "ours", "held", "neutral", "counts"):
        say(store, name)
    change_mention = "UPDATE mentions SET {} WHERE id = ?"
    for number, change_of in enumerate(
        (
            "doubtful = 1",
            """why = '[{"code": "silent", "text": "old"}]'""",
            """why = '[{"code": "baseline", "text": "old"}]'""",
            """special_cases = '[{"name": "own_voice"}]'""",
            """why = '[{"code": "silent", "text": "old"}]'""",
            "sentiment = 'neutral'",
        ),
        1,
    ):
        store._db.execute(change_mention.format(change_of), (number,))
    open_case(store, (5, 5))
    assert [row[0] for row in store._db.execute("SELECT post_id FROM v_coverage ORDER BY 1")] == [5, 7]
    # The report counts the same.
    ledger = endings(store._db, since=NOW - HOUR, until=NOW + HOUR, brands=[BRAND])
    assert [(row["ending"], row["mentions"]) for row in ledger] == [("open", 2)]
