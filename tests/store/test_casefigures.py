"""Rows of figures, from a real database whose cases are written as plain SQL."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from monitor.models import Author, CaseState, EventKind, Label, Level, SpecialCase
from monitor.store import casefigures, rows
from monitor.store.authors import Known
from tests.reports.history import DAY, HOUR, MONDAY, OTHER, OURS, RIVAL, History, open_history

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlite_utils import Database

SINCE, UNTIL = MONDAY, MONDAY + 30 * DAY


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    history = open_history(tmp_path / "monitor.db")
    yield history
    history.store.close()


@pytest.fixture
def db(history: History) -> Database:
    return history.store._db


def put_case(
    db: Database,
    number: int,
    events: list[tuple[str, datetime, str | None, str | None, dict[str, Any]]],
    posts: list[tuple[int, int | None]] = (),  # type: ignore[assignment]
    *,
    brand: str = OURS,
    **columns: object,
) -> None:
    """A case with its events (kind, at, state before, after, body) and posts (post, mention)."""
    first = rows.to_text(events[0][1])
    row = {"id": number, "brand": brand, "state": "new", "classes": '["negative"]', "round": 1, "seq": len(events)}
    db.table("cases").insert({**row, "opened_at": first, "found_at": first, **columns})
    for seq, (kind, at, before, after, body) in enumerate(events, start=1):
        db.table("case_events").insert(
            {"case_id": number, "seq": seq, "at": rows.to_text(at), "person": "Ирина", "kind": kind}
            | {"before_state": before, "after_state": after, "body": json.dumps(body, ensure_ascii=False)}
        )
    for post_id, mention_id in posts:
        db.table("case_posts").insert(
            {"post_id": post_id, "brand": brand, "case_id": number, "mention_id": mention_id}
            | {"why": "opened", "joined_at": first}
        )


def opening(at: datetime) -> tuple[str, datetime, None, str, dict[str, Any]]:
    return ("opened", at, None, "new", {"brand": OURS, "classes": ["negative"], "found_at": rows.to_text(at)})


def ends(db: Database, **given: Any) -> dict[tuple[str, str | None], int]:
    found = casefigures.endings(db, **{"since": SINCE, "until": UNTIL, "brands": [OURS], **given})
    return {(row["ending"], row["reason"]): row["mentions"] for row in found}


@pytest.mark.parametrize(
    ("columns", "closed_from", "expected"),
    [
        ({"state": "new"}, None, ("open", None)),
        ({"state": "checking"}, None, ("open", None)),
        ({"state": "verdict"}, None, ("open", None)),
        ({"state": "answered"}, None, ("answered", None)),
        ({"state": "offline"}, None, ("offline", None)),
        ({"state": "silent", "silent_reason": "тролль"}, None, ("silent", "тролль")),
        ({"state": "closed"}, "answered", ("answered", None)),
        ({"state": "closed", "silent_reason": "не наш"}, "silent", ("silent", "не наш")),
        ({"state": "closed", "silent_reason": "было раньше"}, "offline", ("offline", None)),
    ],
)
def test_R24_a_mention_ends_as_its_case(
    history: History, db: Database, columns: dict[str, str], closed_from: str | None, expected: tuple[str, str | None]
) -> None:
    said = history.say(MONDAY + HOUR, label=Label.NEGATIVE)
    closing = [] if closed_from is None else [("closed", MONDAY + DAY, closed_from, "closed", {"outcome": "quiet"})]
    put_case(db, 1, [opening(MONDAY + 2 * HOUR), *closing], [said], **columns)
    assert ends(db) == {expected: 1}


def test_R24_without_a_case_an_answer_that_still_stands_decides(history: History, db: Database) -> None:
    posts = [history.say(MONDAY + number * HOUR, label=Label.NEGATIVE)[0] for number in range(3)]
    for post_id in posts[:2]:
        history.answer(post_id, MONDAY + 5 * HOUR)
    db.execute("UPDATE answers SET gone_at = ? WHERE post_id = ?", (rows.to_text(MONDAY + DAY), posts[0]))
    assert ends(db) == {("answered", None): 1, ("open", None): 2}


def test_R24_what_nobody_need_answer_is_no_part_of_the_ledger(history: History, db: Database) -> None:
    own = SpecialCase(name="own_voice", level=Level.INFO, rule="own-sorry", field="text", start=0, end=3, hides=True)
    history.say(MONDAY, label=Label.NEGATIVE, doubtful=True)
    history.say(MONDAY, label=Label.POSITIVE)
    history.say(MONDAY, label=Label.NEGATIVE, brand=RIVAL)
    history.say(MONDAY - HOUR, label=Label.NEGATIVE)
    history.say(MONDAY + 30 * DAY, label=Label.NEGATIVE)
    history.say(MONDAY, label=Label.NEGATIVE, cases=(own,))
    _, silent = history.say(MONDAY, label=Label.NEGATIVE)
    db.execute("""UPDATE mentions SET why = '[{"code": "silent", "text": "первый опрос"}]' WHERE id = ?""", (silent,))
    asked, _ = history.say(MONDAY, label=Label.POSITIVE)
    reply = history.answer(asked, MONDAY + HOUR)
    db.execute(
        "INSERT INTO mentions SELECT NULL, ?, brand, relevance, 0, 'negative', negative, neutral, positive, influence, "
        "priority, spans, special_cases, why, decision, created_at, source_id, at, rating, search_version "
        "FROM mentions WHERE post_id = ?",
        (reply, asked),
    )
    assert ends(db) == {}
    # What a case holds is somebody's work, however it came there.
    put_case(db, 1, [opening(MONDAY + DAY)], [(silent, silent)])
    assert ends(db) == {("open", None): 1}


def test_R24_the_ledger_is_by_brand_and_month(history: History, db: Database) -> None:
    for days, brand in ((0, OURS), (25, OURS), (25, OTHER), (26, OTHER)):
        history.say(MONDAY + days * DAY, label=Label.NEGATIVE, brand=brand)
    found = casefigures.endings(db, since=SINCE, until=UNTIL, brands=[OURS, OTHER])
    assert [(row["brand"], row["month"], row["mentions"]) for row in found] == [
        (OTHER, "2026-12", 2),
        (OURS, "2026-11", 1),
        (OURS, "2026-12", 1),
    ]


def test_influence_is_counted_by_value(history: History, db: Database) -> None:
    for influence in (10, 10, 80):
        history.say(MONDAY, influence=influence)
    history.say(MONDAY, influence=80, doubtful=True)
    history.say(MONDAY - DAY, influence=80)
    found = casefigures.influences(db, since=SINCE, until=UNTIL, brands=[OURS])
    assert [(row["influence"], row["mentions"]) for row in found] == [(10, 2), (80, 1)]


def test_a_case_comes_with_all_its_events_once_something_happened_in_the_time(db: Database) -> None:
    early = MONDAY - 40 * DAY
    put_case(db, 1, [opening(early), ("silent", MONDAY + DAY, "new", "silent", {"text": "тролль"})])
    put_case(db, 2, [opening(early), ("noted", MONDAY + DAY, "new", "checking", {"text": "…"})])
    put_case(db, 3, [opening(MONDAY)], brand=RIVAL)
    put_case(db, 4, [opening(UNTIL)])
    put_case(db, 5, [opening(MONDAY)])
    found = dict(casefigures.events(db, since=SINCE, until=UNTIL, brands=[OURS]))
    assert {number: [event.kind for event in events] for number, events in found.items()} == {
        1: [EventKind.OPENED, EventKind.SILENT],
        5: [EventKind.OPENED],
    }
    last = found[1][-1]
    assert (last.at, last.person, last.seq) == (MONDAY + DAY, "Ирина", 2)
    assert (last.before, last.after, last.body) == (CaseState.NEW, CaseState.SILENT, {"text": "тролль"})


def test_posts_of_cases_come_with_author_source_and_influence(history: History, db: Database) -> None:
    olga = Author(name="Ольга", url="https://forum.example.org/u/olga")
    first, mention = history.say(MONDAY, author=olga, influence=70)
    second, _ = history.say(MONDAY + HOUR, source="news", author=olga)
    put_case(db, 1, [opening(MONDAY)], [(second, None), (first, mention)])
    put_case(db, 2, [opening(MONDAY)])
    found = casefigures.postings(db, [1, 2])
    assert [(row["case_id"], row["post_id"], row["source"], row["influence"]) for row in found] == [
        (1, first, "forum", 70),
        (1, second, "news", 10),
    ]
    assert (found[0]["at"], found[0]["author"], found[0]["url"]) == (MONDAY, "Ольга", olga.url)


def test_R50_what_an_author_said_later_is_found_by_name_here_or_by_profile_anywhere(
    history: History, db: Database
) -> None:
    olga = Author(name="Ольга", url="https://forum.example.org/u/olga")
    moved = Author(name="Ольга К.", url="https://forum.example.org/u/olga/")
    stranger = Author(name="Ольга", url="https://news.example.org/u/17")
    history.say(MONDAY, author=olga, label=Label.NEGATIVE)
    history.say(MONDAY + 2 * DAY, author=Author(name="ольга"), label=Label.NEUTRAL)
    history.say(MONDAY + 3 * DAY, author=moved, source="reviews", label=Label.POSITIVE)
    history.say(MONDAY + 4 * DAY, author=stranger, source="news", label=Label.NEGATIVE)
    history.say(MONDAY + 5 * DAY, author=olga, brand=OTHER)
    history.say(MONDAY + 6 * DAY, author=olga, doubtful=True)
    history.say(MONDAY + 95 * DAY, author=olga)
    known = Known(name="Ольга", source="forum", link=olga.url)
    found = casefigures.later(db, known, brand=OURS, after=MONDAY + DAY, until=MONDAY + 91 * DAY)
    assert found == [(MONDAY + 2 * DAY, "neutral"), (MONDAY + 3 * DAY, "positive")]
    assert casefigures.later(db, Known(name=None), brand=OURS, after=MONDAY, until=UNTIL) == []
    anywhere = casefigures.later(db, Known(name="Ольга"), brand=OURS, after=MONDAY + DAY, until=UNTIL)
    assert [label for _, label in anywhere] == ["neutral", "negative"]


def test_R11_complaints_are_negative_mentions_of_that_issue(history: History, db: Database) -> None:
    def about(name: str) -> tuple[SpecialCase, ...]:
        rule = f"history:known-issue:{name}"
        return (SpecialCase(name="known_issue", level=Level.INFO, rule=rule, field="text", start=0, end=3),)

    history.say(MONDAY, label=Label.NEGATIVE, cases=about("касса"))
    history.say(MONDAY + 23 * HOUR, label=Label.NEGATIVE, cases=about("касса"))
    history.say(MONDAY, label=Label.NEGATIVE, cases=about("касса-2"))
    history.say(MONDAY, label=Label.POSITIVE, cases=about("касса"))
    history.say(MONDAY, label=Label.NEGATIVE, cases=about("касса"), doubtful=True)
    history.say(MONDAY, label=Label.NEGATIVE, cases=about("касса"), brand=OTHER)
    history.say(MONDAY + DAY, label=Label.NEGATIVE, cases=about("касса"))
    day = date(2026, 11, 9)
    assert casefigures.complaints(db, "касса", brand=OURS, since=day, until=day + timedelta(days=1)) == 2


def test_a_month_is_found_by_an_index_whatever_else_is_stored(history: History, db: Database) -> None:
    seen: list[str] = []
    db.conn.set_trace_callback(seen.append)
    bounds: dict[str, Any] = {"since": SINCE, "until": UNTIL, "brands": [OURS]}
    casefigures.endings(db, **bounds)
    casefigures.influences(db, **bounds)
    list(casefigures.events(db, **bounds))
    casefigures.postings(db, [1])
    casefigures.later(
        db, Known(name="Ольга", source="forum", link="https://a.example/b"), brand=OURS, after=SINCE, until=UNTIL
    )
    casefigures.complaints(db, "касса", brand=OURS, since=SINCE.date(), until=UNTIL.date())
    db.conn.set_trace_callback(None)
    asked = [statement for statement in seen if "SELECT" in statement]
    assert len(asked) == 6
    for statement in asked:
        steps = [str(step[3]) for step in db.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()]
        scans = [step for step in steps if step.startswith("SCAN")]
        assert scans == [
            step for step in scans if any(word in step for word in ("VIRTUAL", "wanted", "mine", "(sub", "ended"))
        ]
        assert any("USING" in step and "INDEX" in step for step in steps)
