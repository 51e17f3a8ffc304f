"""A person goes from the cases, in whatever words they stand there; the course of the case stays."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from monitor.cases.states import apply, fold, stamped
from monitor.models import CaseEvent, CaseState, Dispatch, EventKind, Person, Role
from monitor.store.forgotten import weigh
from tests.store.cases import BRAND, HOUR, NOW, SUPPORT, due, note, notice, open_case, open_store, say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from monitor.models import JSON, Case
    from monitor.store import Store

BLANK = "(forgotten)"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "monitor.db")
    yield store
    store.close()


def act(store: Store, case: Case, kind: EventKind, *, person: str = "Ирина", **body: JSON) -> Case:
    """Something happens to a case, as it does in the daemon."""
    event = stamped(case, CaseEvent(kind=kind, at=NOW, person=person, body=body), case_id=case.id)
    changed = apply(case, event, case_id=case.id)
    store.save_case(changed, [event])
    return changed


def bodies(store: Store, case_id: int) -> list[dict[str, JSON]]:
    return [dict(event.body) for event in store.events_of(case_id)[1:]]


def tables(store: Store) -> dict[str, int]:
    names = ("cases", "case_events", "case_posts", "case_deadlines", "case_notices", "alerts", "deliveries", "messages")
    return {name: store._db[name].count for name in names}


def test_a_case_that_is_about_nobody_else_goes_with_all_that_was_told_of_it(store: Store) -> None:
    kept, gone = say(store, "kept", by="Борис"), say(store, "gone", by="Анна")
    stays, goes = open_case(store, kept), open_case(store, gone)
    merged = open_case(store)
    act(store, merged, EventKind.MERGED, person="", into=goes.id)
    for case in (stays, goes):
        note(store, case, "звонила")
        store.add_notice(notice(case, f"k{case.id}", post_id=None), [Dispatch(SUPPORT, "owner")], now=NOW)
    store.add_notice(notice(merged, "merged"), [Dispatch(SUPPORT, "owner")], now=NOW)
    weighed = weigh(store._db, [gone[0]])
    assert (weighed.cases, weighed.alerts) == (2, 2)
    erased = store.erase([gone[0]], now=NOW)
    assert (erased.posts, erased.cases, erased.alerts, erased.messages) == (1, 2, 2, 2)
    assert tables(store) == {**dict.fromkeys(tables(store), 1), "case_events": 2, "case_deadlines": 0}
    assert [row["id"] for row in store.cases_list(limit=9)] == [stays.id]
    assert store._db.execute("PRAGMA foreign_key_check").fetchall() == []
    assert len(store.claim_messages(NOW, 9)) == 1


def test_of_a_case_of_several_what_names_or_quotes_one_of_them_is_blank_and_its_course_stays(store: Store) -> None:
    gone = say(
        store, "gone", by="Анна К.", text="Ваш кассир Пётр меня обсчитал на сто рублей", url="https://one.example/1"
    )
    kept = say(store, "kept", by="Борис")
    case = open_case(store, gone, kept)
    case = act(store, case, EventKind.JOINED, person="", post=gone[0], why="анна к. в той же ветке", author="Анна К.")
    case = act(store, case, EventKind.ASSIGNED, owner="Ирина")
    case = act(store, case, EventKind.NOTED, text="Пишет: «кассир Пётр меня обсчитал», проверю")
    case = act(store, case, EventKind.NOTED, text="Проверила кассу")
    case = act(store, case, EventKind.EVIDENCE, what="снимок", url="https://one.example/1")
    case = act(store, case, EventKind.FINDINGS, text="Анна К. права")
    case = act(store, case, EventKind.TICKET, id="T-7 (Анна К.)")
    case = act(store, case, EventKind.VERDICT, verdict="justified", text="подтвердилось")
    store.put_post(case.id, post_id=kept[0], brand=BRAND, mention_id=None, why="x", now=NOW)
    store._db.execute("UPDATE case_posts SET why = 'Анна К. linked it' WHERE post_id = ?", (kept[0],))
    store.add_notice(notice(case, "k", post_id=gone[0], reason="Анна К. ждёт"), [Dispatch(SUPPORT, "Анна К.")], now=NOW)
    (message,) = store.claim_messages(NOW, 1)
    store.message_retry(message.id, error="said Анна К.", next_at=NOW)
    other = note(store, open_case(store, say(store, "other", by="Вера")), "это подруга: Анна К.")
    erased = store.erase([gone[0]], now=NOW)
    assert (erased.posts, erased.cases, erased.alerts) == (1, 0, 0)
    assert bodies(store, case.id) == [
        {"post": gone[0], "why": BLANK, "author": BLANK},
        {"owner": "Ирина"},
        {"text": BLANK},
        {"text": "Проверила кассу"},
        {"what": "снимок", "url": BLANK},
        {"text": BLANK},
        {"id": BLANK},
        {"verdict": "justified", "text": "подтвердилось"},
    ]
    left = store.case(case.id)
    assert left == fold(case.id, store.events_of(case.id))
    assert left is not None
    assert (left.findings, left.ticket, left.owner) == (BLANK, BLANK, "Ирина")
    assert [(one.post_id, one.why) for one in store.case_posts(case.id)] == [(kept[0], BLANK)]
    assert bodies(store, other.id) == [{"text": BLANK}]
    assert store._db.execute("SELECT reason, post_id FROM case_notices").fetchall() == [(BLANK, None)]
    assert store._db.execute("SELECT reason FROM deliveries").fetchall() == [(BLANK,)]
    assert store._db.execute("SELECT error FROM messages").fetchall() == [(None,)]
    everything = json.dumps([list(store._db.query(f"SELECT * FROM {name}")) for name in tables(store)])
    assert "\\u0410\\u043d\\u043d\\u0430 \\u041a" not in everything  # Анна К


def test_a_short_post_counts_as_quoted_in_its_own_case_only(store: Store) -> None:
    gone, kept = say(store, "gone", by=None, text="Полный ужас"), say(store, "kept")
    mine, other = open_case(store, gone, kept), open_case(store, say(store, "other"))
    for case in (mine, other):
        note(store, case, "Клиент: «полный ужас»")
    store.erase([gone[0]], now=NOW)
    assert bodies(store, mine.id) == [{"text": BLANK}]
    assert bodies(store, other.id) == [{"text": "Клиент: «полный ужас»"}]


def test_one_of_ours_who_left_did_it_as_nobody_in_particular(store: Store) -> None:
    store.put_person(Person(name="Ирина", role=Role.LEGAL), NOW)
    case = open_case(store, say(store, "a"))
    case = act(store, case, EventKind.ASSIGNED, person="Олег", owner="Ирина")
    case = act(store, case, EventKind.CLEARED, text="можно")
    case = act(store, case, EventKind.NOTED, person="Олег", text="Спросил, Ирина согласна")
    store.add_notice(notice(case, "k", reason="Олег gave it to Ирина"), [Dispatch(SUPPORT, "owner")], now=NOW)
    before = store.events_of(case.id)
    store.forget_person("ирина")
    assert store.events_of(case.id) == before  # she works here
    store.remove_person("Ирина", NOW)
    store.forget_person("ирина")
    assert [event.person for event in store.events_of(case.id)] == ["", "Олег", BLANK, "Олег"]
    assert bodies(store, case.id) == [{"owner": BLANK}, {"text": "можно"}, {"text": BLANK}]
    changed = store.case(case.id)
    assert changed == fold(case.id, store.events_of(case.id))
    assert changed == replace(case, owner=BLANK, cleared_by=BLANK)
    assert store._db.execute("SELECT count(*) FROM persons").fetchone() == (0,)
    assert store._db.execute("SELECT reason FROM case_notices").fetchall() == [(BLANK,)]


def past(store: Store, *, limit: datetime = NOW + HOUR) -> list[int]:
    """What goes where posts of cases and all others may be as old as `limit`."""
    return store.past_their_time(0, mentions_before=limit, others_before=limit).ids


def test_posts_wait_while_their_case_goes_on_and_for_what_is_told_of_it(store: Store) -> None:
    first, second = say(store, "a"), say(store, "b", brand=None)
    case = open_case(store, first, second, at=NOW + 2 * HOUR)
    loose = say(store, "c")
    assert past(store) == [loose[0]]
    case = act(store, case, EventKind.SILENT, text="тролль")
    assert past(store) == [loose[0]]
    store.add_notice(notice(case, "k"), [Dispatch(SUPPORT, "owner")], now=NOW)
    case = act(store, case, EventKind.CLOSED, outcome="quiet")
    assert case.state is CaseState.CLOSED
    assert past(store) == [loose[0]]
    (message,) = store.claim_messages(NOW, 1)
    store.message_sent(message.id, NOW)
    assert past(store) == [first[0], second[0], loose[0]]
    # As long as a mention: what stands beside it is no other post.
    window = store.past_their_time(0, mentions_before=NOW - HOUR, others_before=NOW + 24 * HOUR)
    assert window.ids == []
    store.retire([first[0]])
    assert [one.post_id for one in store.case_posts(case.id)] == [second[0]]
    assert len(store.events_of(case.id)) == 3
    gone = store.retire([second[0]])
    assert (gone.cases, gone.alerts) == (1, 1)
    assert set(tables(store).values()) == {0}


def test_a_complaint_that_nobody_closes_is_not_kept_for_ever(store: Store) -> None:
    post = say(store, "a")
    case = open_case(store, post)
    assert past(store, limit=NOW) == []  # it was opened then
    assert past(store) == [post[0]]
    store.set_deadlines(case, [due(1, NOW + 9 * HOUR)])
    assert past(store) == []
    (fired,) = store.fire_deadlines(NOW + 9 * HOUR, 9)
    body: dict[str, JSON] = {
        "deadline": "acknowledge",
        "clock": "found",
        "step": 1,
        "due_at": "2026-11-21T21:00:00.000Z",
    }
    breached = CaseEvent(kind=EventKind.BREACHED, at=fired.deadline.at, body=body)
    store.save_case(replace(case, seq=2), [replace(breached, seq=2)])
    assert past(store, limit=NOW + 9 * HOUR) == []
    assert past(store, limit=NOW + 10 * HOUR) == [post[0]]
    assert store.retire([post[0]]).cases == 1
    assert tables(store)["case_events"] == tables(store)["case_deadlines"] == 0


NAME, URL, QUOTE = "Канарейкин Я.", "https://one.example/canary/1", "птица пела очень громко всю ночь"


def test_of_a_post_that_has_had_its_time_its_case_keeps_no_word(store: Store) -> None:
    gone, kept = say(store, "gone", by=NAME, text=QUOTE, url=URL), say(store, "kept", by="Борис")
    case = open_case(store, gone, kept)
    left = open_case(store, say(store, "left", by="Вера"))
    loose = open_case(store, say(store, "loose", by="Глеб"))
    case = act(store, case, EventKind.JOINED, person="", post=gone[0], why="the same story", author=NAME)
    left = act(store, left, EventKind.LEFT, person="", post=gone[0], to=case.id)
    merged = act(store, open_case(store), EventKind.MERGED, person="", into=case.id)
    texts = [f"Звонила: {NAME}", f"Пишет: «{QUOTE}»", f"см. {URL}", "Проверила кассу, Борис прав"]
    for text in texts:
        for one in (case, left, merged, loose):
            held = store.case(one.id)
            assert held is not None
            note(store, held, text)
    held = store.case(case.id)
    assert held is not None
    act(store, held, EventKind.FINDINGS, text=f"{NAME} права")
    store.add_notice(
        notice(case, "k", post_id=gone[0], reason=f"{NAME} ждёт"), [Dispatch(SUPPORT, f"to {NAME}")], now=NOW
    )
    store._db.execute("UPDATE case_posts SET why = ? WHERE post_id = ?", (f"{NAME} linked it", kept[0]))
    store.retire([gone[0]])
    for one in (case, left, merged):
        assert [body["text"] for body in bodies(store, one.id) if "text" in body][:4] == [*[BLANK] * 3, texts[3]]
    changed = store.case(case.id)
    assert changed is not None
    assert changed.findings == BLANK
    assert store._db.execute("SELECT reason FROM case_notices").fetchall() == [(BLANK,)]
    assert store._db.execute("SELECT reason FROM deliveries").fetchall() == [(BLANK,)]
    assert [(one.post_id, one.why) for one in store.case_posts(case.id)] == [(kept[0], BLANK)]
    everything = [
        dict(row)
        for name in ("case_events", "case_notices", "case_posts", "cases", "deliveries")
        for row in store._db.query(f"SELECT * FROM {name}")
        if row.get("case_id") != loose.id
    ]
    assert not [row for row in everything if any(word in str(row) for word in (NAME, URL, QUOTE))]
    # Who has the same name in another case has it still.
    assert [body["text"] for body in bodies(store, loose.id)] == texts
    assert store._db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_whoever_is_in_the_case_with_a_younger_post_is_named_there_still(store: Store) -> None:
    old, young = say(store, "old", by=NAME, text=QUOTE, url=URL), say(store, "young", by=NAME, text="Полный ужас")
    case = open_case(store, old, young)
    for text in (f"Звонила: {NAME}", f"Пишет: «{QUOTE}»", f"см. {URL}"):
        case = note(store, case, text)
    store.retire([old[0]])
    assert [body["text"] for body in bodies(store, case.id)] == [f"Звонила: {NAME}", BLANK, BLANK]
    assert store.retire([young[0]]).cases == 1
