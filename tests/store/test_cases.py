"""Cases on a real database: nothing is lost or told twice, whoever writes, whenever the program ends."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from monitor.cases.states import fold
from monitor.errors import StoreError
from monitor.models import (
    AlertIntent,
    Author,
    Case,
    CaseClock,
    CaseEvent,
    CaseState,
    DeadlineKind,
    Dispatch,
    EventKind,
    Label,
    NoticeKind,
    Outcome,
    Verdict,
)
from monitor.store import Reader, open_reader
from monitor.store.neighbours import InThread
from tests.store.cases import (
    BRAND,
    HOUR,
    MINUTE,
    NOW,
    SUPPORT,
    change,
    due,
    note,
    notice,
    open_case,
    open_store,
    opened,
    say,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.store import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = open_store(path)
    yield store
    store.close()


# ── a case and its events ──


def test_a_case_is_opened_with_its_clocks_and_is_what_its_events_amount_to(store: Store) -> None:
    case = store.add_case(opened(classes=("story", "negative")))
    assert (case.id, case.state, case.classes, case.seq) == (1, CaseState.NEW, ("negative", "story"), 1)
    assert (case.published_at, case.found_at, case.opened_at) == (NOW - HOUR, NOW - MINUTE, NOW)
    assert fold(case.id, store.events_of(case.id)) == case == store.case(case.id)
    assert store.case(2) is None


def test_every_field_of_a_case_comes_back(store: Store) -> None:
    into = store.add_case(opened())
    case = store.add_case(opened())
    changed = Case(
        id=case.id,
        brand=BRAND,
        state=CaseState.CLOSED,
        classes=("negative", "vip"),
        opened_at=NOW,
        found_at=NOW,
        published_at=None,
        round=3,
        owner="Ирина",
        verdict=Verdict.PARTLY,
        acknowledged_at=NOW + MINUTE,
        answered_at=NOW + 2 * MINUTE,
        resolved_at=NOW + 3 * MINUTE,
        waiting_at=NOW + 4 * MINUTE,
        waited=timedelta(hours=1, milliseconds=5),
        attempts=4,
        failed=2,
        public_replies=1,
        cleared_by="Юрист",
        findings="кассир был груб",
        offered=True,
        silent_reason="тролль",
        ticket="T-1",
        outcome=Outcome.CONTENT,
        closed_at=NOW + 5 * MINUTE,
        merged_into=into.id,
        seq=2,
    )
    said = CaseEvent(kind=EventKind.NOTED, at=NOW, person="Ирина", body={"text": "звонила"}, seq=2)
    store.save_case(changed, [said])
    assert store.case(case.id) == changed
    assert store.events_of(case.id)[1] == said


def test_a_lost_update_is_an_error_and_changes_nothing(store: Store) -> None:
    case = store.add_case(opened())
    note(store, case, "первая")
    before = (store.case(case.id), store.events_of(case.id))
    with pytest.raises(StoreError, match="case 1 was changed meanwhile"):
        note(store, case, "вторая, от того же начала")
    ahead = replace(case, seq=4)
    with pytest.raises(StoreError, match="changed meanwhile"):
        store.save_case(ahead, [CaseEvent(kind=EventKind.NOTED, at=NOW, seq=4)])
    with pytest.raises(StoreError, match="case 9"):
        store.save_case(replace(case, id=9, seq=2), [CaseEvent(kind=EventKind.NOTED, at=NOW, seq=2)])
    assert (store.case(case.id), store.events_of(case.id)) == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE case_events SET body = '{}'",
        "UPDATE case_events SET at = '2020-01-01T00:00:00.000Z', body = '{\"text\": \"(forgotten)\"}'",
        "UPDATE case_events SET person = 'кто-то другой'",
        "DELETE FROM case_events",
    ],
)
def test_what_happened_cannot_be_rewritten(store: Store, statement: str) -> None:
    open_case(store, say(store, "a"))
    before = store.events_of(1)
    with pytest.raises(sqlite3.IntegrityError, match="events of a case are not"):
        store._db.execute(statement)
    assert store.events_of(1) == before


# ── posts ──


def test_a_post_is_in_one_case_of_a_brand_and_moves_with_its_mention(store: Store) -> None:
    first, second = say(store, "a", title="Тема", url="https://one.example/a"), say(store, "b", at=NOW - HOUR)
    one, other = open_case(store, first, second), open_case(store)
    store.put_post(one.id, post_id=first[0], brand=BRAND, mention_id=None, why="again", now=NOW + HOUR)
    earlier, later = store.case_posts(one.id)
    assert (earlier.post_id, later.post_id, later.mention_id, later.why) == (second[0], *first, "its author")
    assert (later.joined_at, later.at, later.sentiment, later.lang) == (NOW, NOW, Label.NEGATIVE, "ru")
    assert (later.author.name, later.title, later.url, later.source) == ("Анна", "Тема", "https://one.example/a", "one")
    assert store.customer_of(one.id) == (Author(name="Анна"), "one")
    assert store.customer_of(other.id) is None
    store.move_post(other.id, post_id=first[0], brand=BRAND, why="told it first", now=NOW + HOUR)
    (moved,) = store.case_posts(other.id)
    assert (moved.post_id, moved.mention_id, moved.why, moved.joined_at) == (*first, "told it first", NOW + HOUR)
    assert (store.case_of(first[0], BRAND), store.case_of(second[0], BRAND)) == (other.id, one.id)
    assert store.case_of(first[0], "другой") is None
    assert store.language_of_case(one.id) == "ru"


def test_what_a_person_linked_stays_linked_by_hand(store: Store) -> None:
    post = say(store, "a")
    one, other = open_case(store), open_case(store)
    for by_hand in (True, False):
        store.put_post(one.id, post_id=post[0], brand=BRAND, mention_id=post[1], why="linked", now=NOW, by_hand=by_hand)
    store.move_post(other.id, post_id=post[0], brand=BRAND, why="merged", now=NOW)
    assert [(near.case_id, near.by_hand) for near in store.neighbours(BRAND, [post[0]])] == [(other.id, True)]
    loose = say(store, "b", by="Борис")
    assert [(near.case_id, near.by_hand) for near in store.neighbours(BRAND, [loose[0]])] == [(None, False)]


def listed(store: Store, **filters: Any) -> list[object]:
    return [row["id"] for row in store.cases_list(limit=filters.pop("limit", 9), **filters)]


def test_cases_are_listed_by_what_is_due_and_filtered(store: Store, path: Path) -> None:
    late = open_case(store, say(store, "a", title="Верните", url="https://one.example/a"), say(store, "b"))
    soon, idle = open_case(store, say(store, "c"), brand="NordTea"), open_case(store)
    over = change(store, open_case(store), CaseEvent(kind=EventKind.CLOSED, at=NOW), state=CaseState.CLOSED)
    store.set_deadlines(soon, [due(0, NOW + HOUR), due(1, NOW + 2 * HOUR)])
    store.set_deadlines(late, [due(0, NOW - HOUR), due(1, NOW - MINUTE)])
    late = change(store, late, CaseEvent(kind=EventKind.ASSIGNED, at=NOW, body={"owner": "Ирина"}), owner="Ирина")
    assert [one.deadline.step for one in store.fire_deadlines(NOW, 9)] == [0, 1]
    # Told to the end it is no less overdue.
    assert listed(store) == [late.id, soon.id, over.id, idle.id]
    assert listed(store, open_only=True) == [late.id, soon.id, idle.id]
    assert listed(store, states=[CaseState.CLOSED]) == [over.id]
    assert listed(store, states=[CaseState.CLOSED, CaseState.NEW], open_only=True, limit=2) == [late.id, soon.id]
    assert listed(store, owner="Ирина") == [late.id]
    assert listed(store, brand="NordTea") == [soon.id]
    assert listed(store, of_class="vip") == []
    assert listed(store, of_class="negative", due_before=NOW) == [late.id]
    reader = Reader(open_reader(path))
    (row,) = reader.cases_list(limit=1)
    reader.close()
    assert (row["classes"], row["due_at"], row["posts"]) == (["negative"], "2026-11-21T11:59:00.000Z", 2)
    assert (row["title"], row["excerpt"], row["author"], row["source"]) == ("Верните", f"{BRAND}: a", "Анна", "one")
    acknowledged = change(store, late, CaseEvent(kind=EventKind.NOTED, at=NOW), acknowledged_at=NOW)
    assert listed(store) == [soon.id, over.id, idle.id, acknowledged.id]


# ── deadlines ──


def test_each_step_is_taken_once_oldest_first_also_after_a_restart(store: Store, path: Path) -> None:
    case, other = store.add_case(opened()), store.add_case(opened())
    store.set_deadlines(case, [due(0, NOW), due(1, NOW + HOUR), due(2, NOW + 2 * HOUR, to=None)])
    store.set_deadlines(other, [due(0, NOW - HOUR)])
    assert store.fire_deadlines(NOW - 2 * HOUR, 9) == []
    fired = store.fire_deadlines(NOW + HOUR, 2)
    assert [(one.case_id, one.deadline) for one in fired] == [(other.id, due(0, NOW - HOUR)), (case.id, due(0, NOW))]
    again = open_store(path)
    assert [one.deadline.step for one in again.fire_deadlines(NOW + HOUR, 9)] == [1]
    assert again.fire_deadlines(NOW - HOUR, 9) == []  # a clock that was set back
    assert [one.deadline for one in again.fire_deadlines(NOW + 9 * HOUR, 9)] == [due(2, NOW + 2 * HOUR, to=None)]
    assert again.fire_deadlines(NOW + 9 * HOUR, 9) == []
    again.close()


def test_what_was_not_written_down_fires_again(store: Store) -> None:
    case = store.add_case(opened())
    store.set_deadlines(case, [due(1, NOW)])

    def crash() -> None:
        with store.transaction():
            assert len(store.fire_deadlines(NOW, 9)) == 1
            raise RuntimeError

    with pytest.raises(RuntimeError):
        crash()
    assert len(store.fire_deadlines(NOW, 9)) == 1


def test_deadlines_are_moved_and_dropped_until_their_moment_and_never_after(store: Store) -> None:
    case = store.add_case(opened())
    store.set_deadlines(case, [due(0, NOW), due(1, NOW + HOUR), due(1, NOW + HOUR, kind=DeadlineKind.RESOLVE)])
    store.fire_deadlines(NOW, 9)
    store.set_deadlines(case, [due(0, NOW + 3 * HOUR), due(1, NOW + 4 * HOUR)])
    assert store.deadlines_of(case.id) == [(due(0, NOW), NOW), (due(1, NOW + 4 * HOUR), None)]
    store.set_deadlines(case, [])
    assert store.deadlines_of(case.id) == [(due(0, NOW), NOW)]
    reopened = change(store, case, CaseEvent(kind=EventKind.REOPENED, at=NOW), round=2)
    store.set_deadlines(reopened, [due(0, NOW + 5 * HOUR)])
    assert [one.deadline for one in store.fire_deadlines(NOW + 9 * HOUR, 9)] == [due(0, NOW + 5 * HOUR)]


@pytest.mark.parametrize(
    ("state", "fires"), [(CaseState.SILENT, True), (CaseState.CLOSED, False), (CaseState.MERGED, False)]
)
def test_what_is_over_misses_nothing(store: Store, state: CaseState, fires: bool) -> None:
    case = store.add_case(opened())
    store.set_deadlines(case, [due(1, NOW)])
    change(store, case, CaseEvent(kind=EventKind.NOTED, at=NOW), state=state)
    assert bool(store.fire_deadlines(NOW, 9)) is fires


def test_due_deadlines_are_found_by_their_index(store: Store) -> None:
    plan = store._db.execute(
        "EXPLAIN QUERY PLAN SELECT id FROM case_deadlines INDEXED BY case_deadlines_due "
        "WHERE fired_at IS NULL AND at <= 'x' ORDER BY at, id LIMIT 9"
    ).fetchall()
    assert "SEARCH case_deadlines USING INDEX case_deadlines_due (at<?)" in [step[3] for step in plan]
    assert not any("TEMP B-TREE" in step[3] for step in plan)


# ── notices ──


def test_a_notice_is_told_once_and_carries_its_case(store: Store) -> None:
    first, last = say(store, "a", title="Первая", at=NOW - HOUR), say(store, "b", title="Вторая", source=2)
    case = open_case(store, first, last)
    intent = notice(case, "k", deadline=DeadlineKind.ACKNOWLEDGE, clock=CaseClock.FOUND, due_at=NOW, post_id=first[0])
    number = store.add_notice(intent, [Dispatch(SUPPORT, "owner")], now=NOW)
    assert number == 1
    assert store.add_notice(intent, [Dispatch(SUPPORT, "owner")], now=NOW + HOUR) is None
    assert store.add_notice(notice(case, "nobody"), [], now=NOW) == 2
    opened_at_last = notice(case, "last", kind=NoticeKind.OPENED)
    store.add_notice(opened_at_last, [Dispatch(SUPPORT, "agents")], now=NOW)
    (message,) = store.claim_messages(NOW, 9)
    assert (message.alerts, message.alarms) == ((), ())
    (told,) = message.notices
    assert (told.id, told.kind, told.reason, told.at) == (1, NoticeKind.BREACH, "acknowledge by 12:00", NOW)
    assert (told.case, told.deadline, told.due_at, told.posts) == (case, DeadlineKind.ACKNOWLEDGE, NOW, 2)
    assert (told.source, told.title, told.author) == ("one", "Первая", "Анна")
    store.message_sent(message.id, NOW)
    (message,) = store.claim_messages(NOW, 9)
    assert [(told.kind, told.title, told.source) for told in message.notices] == [(NoticeKind.OPENED, "Вторая", "two")]
    shown = list(store._db.query("SELECT alarm, notice, case_id, brand, reason, title, sent FROM v_alerts ORDER BY id"))
    assert shown[0] == {
        "alarm": None,
        "notice": "breach",
        "case_id": 1,
        "brand": BRAND,
        "reason": "acknowledge by 12:00",
        "title": "Первая",
        "sent": 1,
    }
    assert [tuple(row) for row in store._db.execute("SELECT notice, case_id, reason, state FROM v_deliveries")] == [
        ("breach", 1, "owner", "sent"),
        ("opened", 1, "agents", "pending"),
    ]


# ── neighbours ──


def near(store: Store, post_id: int, **given: Any) -> dict[int, int | None]:
    return {one.post_id: one.case_id for one in store.neighbours(BRAND, [post_id], **given)}


def test_neighbours_lead_from_a_copy_to_its_teller_and_all_that_they_told(store: Store) -> None:
    told, copy = say(store, "told", by="Анна"), say(store, "copy", by="Борис", source=2)
    elsewhere = say(store, "elsewhere", by="Анна", source=2)
    copied = say(store, "copied", by="Вера")
    aside, loose = say(store, "aside", by="Глеб"), say(store, "loose", by="Борис")
    store.join_story(copy[0], like=told[0], kind="repost", share=1.0)
    store.join_story(copied[0], like=elsewhere[0], kind="repost", share=1.0)
    first, second, third = (open_case(store, post) for post in (told, elsewhere, aside))
    store.put_post(second.id, post_id=copied[0], brand=BRAND, mention_id=None, why="the same story", now=NOW)
    other = open_case(store, say(store, "b", brand="NordTea"), brand="NordTea")
    expected = {told[0]: first.id, copy[0]: None, elsewhere[0]: second.id, copied[0]: second.id}
    assert near(store, copy[0]) == expected
    assert near(store, aside[0]) == {aside[0]: third.id}
    assert near(store, loose[0]) == {loose[0]: None}
    assert other.id not in expected.values()
    (placed,) = store.neighbours(BRAND, [aside[0]])
    assert (placed.author, placed.source, placed.story_id, placed.at) == (Author(name="Глеб"), "one", None, NOW)


def test_whether_one_name_is_one_author_is_for_the_caller_to_say(store: Store) -> None:
    mine, theirs = say(store, "mine", by="Гость"), say(store, "theirs", by="Гость", source=2)
    open_case(store, theirs)
    assert set(near(store, mine[0])) == {mine[0], theirs[0]}
    assert set(near(store, mine[0], keys=lambda author, source: {f"{source}/{author.name}"})) == {mine[0]}


def test_all_posts_of_a_case_that_is_found_are_there(store: Store) -> None:
    mine, linked = say(store, "mine"), say(store, "linked", by="Никто")
    open_case(store, mine, linked)
    new = say(store, "new")
    assert set(near(store, new[0], keys=lambda author, _: {str(author.name)})) == {mine[0], linked[0], new[0]}


def test_the_first_of_a_long_story_is_among_its_neighbours(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.store.neighbours.NEIGHBOURS", 50)
    with store.transaction():
        posts = [say(store, f"n{number}", by=f"автор {number}") for number in range(70)]
        for post in posts[1:]:
            store.join_story(post[0], like=posts[0][0], kind="repost", share=1.0)
        open_case(store, *posts[:-1])
    found = near(store, posts[-1][0])
    assert len(found) == 50
    assert {posts[0][0], posts[-1][0]} <= set(found)


def test_what_an_author_wrote_beside_their_complaint_and_who_complains_in_a_thread(store: Store) -> None:
    topic = say(store, "t", url="https://one.example/t")
    mine = [say(store, f"m{n}", brand=None, thread=thread) for n, thread in enumerate(("t", "https://one.example/t"))]
    say(store, "other", brand=None, thread="t", by="Борис")
    say(store, "another thread", brand=None, thread="u")
    named = say(store, "named", thread="t")
    say(store, "another source", brand=None, thread="t", source=2)
    assert store.beside(topic[0]) == [mine[0][0], mine[1][0]]
    assert store.beside(named[0]) == [mine[0][0]]  # as its source names the thread
    case = open_case(store, topic)
    other = open_case(store, named, brand="NordTea")
    assert store.cases_in_thread(1, "t") == [
        InThread(other.id, "NordTea", named[0], Author(name="Анна")),
        InThread(case.id, BRAND, topic[0], Author(name="Анна")),
    ]
    assert store.cases_in_thread(1, "t", limit=1)[0].case_id == other.id
    assert store.cases_in_thread(2, "t") == []


def test_a_mentions_alert_names_the_case_and_what_is_due(store: Store) -> None:
    post = say(store, "a")
    case = open_case(store, post)
    store.set_deadlines(case, [due(1, NOW + HOUR), due(1, NOW + 9 * HOUR, kind=DeadlineKind.RESOLVE)])
    change(store, case, CaseEvent(kind=EventKind.NOTED, at=NOW), acknowledged_at=NOW)
    assert post[1] is not None
    store.add_alert(post[1], AlertIntent(key="m", reason="r", to=(Dispatch(SUPPORT, "r"),)), now=NOW)
    (message,) = store.claim_messages(NOW, 1)
    assert [(one.case_id, one.acknowledge_by, one.resolve_by) for one in message.alerts] == [
        (case.id, None, NOW + 9 * HOUR)
    ]


def test_moments_keep_their_milliseconds(store: Store) -> None:
    at = datetime.fromisoformat("2026-11-21T12:00:00.123456+00:00")
    case = store.add_case(opened(at=at))
    assert case.opened_at == at.replace(microsecond=123_000)
