"""`monitor report cases`, as an analyst runs it, over cases that are written as plain SQL."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from monitor.models import Author, CaseEvent, EventKind, Label, Level, PostType, SpecialCase
from monitor.store import rows
from tests.cli.inprocess import run_command
from tests.reports.history import DAY, HOUR, MONDAY, OURS, RIVAL, History, open_history

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from monitor.models import JSON
    from tests.cli.inprocess import Done

NOVEMBER = ("--since", "2026-11-01", "--until", "2026-12-01")
CONFIG = f"""
contact: watch@shop.test
sentiment: fast
brands:
  - {{name: {OURS}, known_issues: {{касса: [касса]}}}}
  - {{name: {RIVAL}, competitor: true}}
sources:
  - {{name: forum, kind: feed, url: "https://forum.example.org/feed"}}
"""


def happened(kind: EventKind, at: datetime, *, person: str = "Ирина", **body: JSON) -> CaseEvent:
    return CaseEvent(kind=kind, at=at, person=person, body=body)


def put_case(history: History, number: int, events: list[CaseEvent], posts: list[tuple[int, int]]) -> None:
    """A case by its events and posts; its row says what the events amount to."""
    from monitor.cases.states import advance

    case, stored = advance(None, events, case_id=number)
    db = history.store._db
    db.table("cases").insert({"id": number, **rows.case_columns(case)})
    for event in stored:
        db.execute(
            "INSERT INTO case_events VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(number, event.seq, rows.to_text(event.at), event.person, event.kind.value, event.before, event.after),
                json.dumps(dict(event.body), ensure_ascii=False),
            ),
        )
    for post_id, mention_id in posts:
        db.execute(
            "INSERT INTO case_posts (post_id, brand, case_id, mention_id, why, joined_at) "
            "VALUES (?, ?, ?, ?, 'felt as negative', ?)",
            (post_id, OURS, number, mention_id, rows.to_text(events[0].at)),
        )


def opened(at: datetime, *classes: str) -> CaseEvent:
    body: dict[str, JSON] = {"brand": OURS, "classes": ["negative", *classes], "why": "felt as negative"}
    body |= {"found_at": at.isoformat(), "published_at": (at - HOUR).isoformat()}
    return CaseEvent(kind=EventKind.OPENED, at=at, body=body)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three complaints: one is answered, made good and praised later, one is left alone, one is forgotten."""
    folder = tmp_path_factory.mktemp("cases")
    history = open_history(folder / "monitor.db")
    olga = Author(name="Ольга", url="https://forum.example.org/u/olga")
    first = history.say(MONDAY, label=Label.NEGATIVE, author=olga, influence=90)
    moved = history.say(MONDAY + 3 * HOUR, label=Label.NEGATIVE, author=olga, source="news")
    history.say(MONDAY + 9 * DAY, label=Label.POSITIVE, author=olga, kind=PostType.REVIEW)
    second = history.say(MONDAY + HOUR, label=Label.NEGATIVE, source="reviews", kind=PostType.REVIEW)
    history.say(MONDAY + 2 * HOUR, label=Label.NEGATIVE, source="reviews", kind=PostType.REVIEW)
    rule = "history:known-issue:касса"
    issue = SpecialCase(name="known_issue", level=Level.INFO, rule=rule, field="text", start=0, end=5)
    for number in range(12):
        history.say(MONDAY - (number + 1) * HOUR, label=Label.NEGATIVE, cases=(issue,))
        history.say(MONDAY - DAY + number * HOUR)
        history.say(MONDAY + number * HOUR)
    at = MONDAY + HOUR
    late: dict[str, JSON] = {"deadline": "acknowledge", "clock": "found", "step": 1, "due_at": at.isoformat()}
    put_case(
        history,
        1,
        [
            opened(at, "refund"),
            CaseEvent(kind=EventKind.BREACHED, at=at + timedelta(minutes=30), body=late),
            happened(EventKind.ATTEMPT, at + HOUR, channel="phone", outcome="failed"),
            happened(EventKind.VERDICT, at + 2 * HOUR, verdict="justified", text="чек есть"),
            happened(EventKind.COMPENSATED, at + 3 * HOUR, what="certificate", value=1500, currency="RUB"),
            happened(EventKind.ANSWERED, at + 4 * HOUR, full=True, public=True),
            happened(EventKind.CLOSED, at + DAY, outcome="advocate"),
        ],
        [first, moved],
    )
    put_case(
        history,
        2,
        [opened(at + HOUR), happened(EventKind.SILENT, at + 2 * HOUR, person="Олег", text="это тролль")],
        [second],
    )
    history.store.close()
    (folder / "sources.yaml").write_text(CONFIG, encoding="utf-8")
    return folder


def report(folder: Path, *arguments: str, code: int = 0) -> Done:
    done = run_command(folder, "report", *arguments, environ={"COLUMNS": "200"})
    assert done.returncode == code, (done.stdout, done.stderr)
    return done


def figures(folder: Path, name: str, *arguments: str) -> list[dict[str, Any]]:
    done = report(folder, "cases", "--json", *(arguments or NOVEMBER))
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [{key: value for key, value in row.items() if key != "figure"} for row in found if row["figure"] == name]


def test_R24_the_ledger_says_how_each_relevant_negative_ended(folder: Path) -> None:
    (row,) = figures(folder, "coverage")
    assert {name: row[name] for name in ("brand", "month", "mentions", "answered", "offline", "silent", "open")} == {
        "brand": OURS,
        "month": "2026-11",
        "mentions": 16,
        "answered": 2,
        "offline": 0,
        "silent": 1,
        "open": 13,
    }
    assert row["reasons"] == [{"reason": "это тролль", "mentions": 1}]
    assert row["covered"]["low"] < row["covered"]["value"] == 0.1875 < row["covered"]["high"]


def test_R60_answers_go_by_the_mention_and_replies_by_the_reply(folder: Path) -> None:
    found = {(row["by"], row["key"]): row for row in figures(folder, "answers")}
    assert (found["type", "review"]["mentions"], found["type", "review"]["replies"]) == (3, 0)
    assert found["month", "2026-11"]["rate"]["value"] == 0


def test_R28_times_are_told_by_class_source_and_influence(folder: Path) -> None:
    found = {(row["by"], row["key"], row["span"]): row for row in figures(folder, "times")}
    answer = found["class", "refund", "answer"]
    assert (answer["cases"], answer["median_hours"], answer["median_hours_published"]) == (1, 4, 5)
    assert found["source", "forum", "acknowledge"]["in_time"]["value"] == 0
    assert found["source", "reviews", "resolve"]["median_hours"] == 1
    assert found["decile", "10", "answer"]["cases"] == 1
    assert found["all", "all", "resolve"]["cases"] == 2
    assert [row["finding"] for row in figures(folder, "fairness")] == [
        "too few cases to tell whether influence matters: 1, 20 are needed"
    ] * 2


def test_R1_deadlines_are_met_or_breached_by_kind_and_clock(folder: Path) -> None:
    found = {(row["kind"], row["clock"]): row for row in figures(folder, "deadlines")}
    assert {key: (row["met"], row["breached"], row["running"]) for key, row in found.items()} == {
        ("acknowledge", "found"): (0, 1, 0),
        ("acknowledge", "published"): (1, 0, 0),
        ("resolve", "found"): (2, 0, 0),
        ("resolve", "published"): (2, 0, 0),
    }


def test_R50_the_later_word_of_a_customer_says_whether_they_are_back(folder: Path) -> None:
    (row,) = figures(folder, "recovery")
    assert (row["cases"], row["positive"], row["negative"], row["posts_positive"]) == (1, 1, 0, 1)
    assert row["recovered"]["value"] == 1
    assert row["recovered"]["low"] < 0.3


def test_R49_amends_have_a_cost(folder: Path) -> None:
    assert [(row["class"], row["what"], row["sum"], row["currency"]) for row in figures(folder, "costs")] == [
        (name, "certificate", 1500.0, "RUB") for name in ("all", "negative", "refund")
    ]


def test_R3_R22_R25_R30_what_became_of_cases_is_counted(folder: Path) -> None:
    assert {row["outcome"]: row["cases"] for row in figures(folder, "outcomes")}["advocate"] == 1
    assert [(row["acknowledged"], row["cases"], row["hopped"]) for row in figures(folder, "hops")] == [
        ("late", 1, 1),
        ("not late", 1, 0),
    ]
    assert figures(folder, "attempts") == [{"channel": "phone", "reached": 0, "failed": 1, "refused": 0}]
    assert figures(folder, "silences") == [{"person": "Олег", "times": 1, "reason": "это тролль"}]
    assert figures(folder, "offline") == []


def test_R11_a_known_issue_is_compared_before_and_after_its_fix(folder: Path) -> None:
    (row,) = figures(folder, "fixes", *NOVEMBER, "--issue", "касса", "--fixed", "2026-11-09", "--window", "1")
    assert (row["brand"], row["fixed"], row["days"]) == (OURS, "2026-11-09", 1)
    assert (row["complaints_before"], row["complaints_after"], row["after_per_day"]) == (12, 0, 0)
    assert row["finding"] == "complaints became rarer"
    assert row["ratio"]["value"] == 0 < row["ratio"]["high"] < 1
    assert figures(folder, "fixes") == []


def test_R11_the_day_of_a_fix_may_stand_in_the_configuration(folder: Path, tmp_path: Path) -> None:
    config = tmp_path / "fixed.yaml"
    issue = "known_issues: {касса: {words: [касса], fixed: 2026-11-09}}"
    config.write_text(CONFIG.replace("known_issues: {касса: [касса]}", issue), encoding="utf-8")
    (row,) = figures(folder, "fixes", *NOVEMBER, "--config", str(config), "--window", "1")
    assert (row["issue"], row["fixed"], row["complaints_before"]) == ("касса", "2026-11-09", 12)
    # What is said at the command counts for once.
    asked = ("--issue", "касса", "--fixed", "2026-10-15", "--config", str(config))
    (row,) = figures(folder, "fixes", *NOVEMBER, *asked)
    assert (row["fixed"], row["days"]) == ("2026-10-15", 4)  # the watch began on October 10


def test_people_get_tables_with_what_each_figure_rests_on(folder: Path) -> None:
    out = report(folder, "cases", *NOVEMBER).stdout
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert f"{OURS} 2026-11 16 2 0 1 13 19% (7%–43%)" in lines
    assert f"silent: это тролль: 1 ({OURS}, 2026-11)" in lines
    assert "certificate" in out
    assert lines[-1].startswith("from 2026-11-01 00:00 to 2026-12-01 00:00; times are UTC")
    after_offline = lines[lines.index("Moved offline") + 1]
    assert after_offline == "nothing in this time"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--since", "2026-12-02", "--until", "2026-12-01"), "--since is before --until"),
        (("--fixed", "2026-11-09"), "--fixed goes with --issue"),
        (("--issue", "касса", "--fixed", "вчера"), "is no day"),
        (("--issue", "касса"), "add --fixed DATE"),
    ],
)
def test_what_cannot_be_asked_is_said(folder: Path, arguments: tuple[str, ...], words: str) -> None:
    assert words in " ".join(report(folder, "cases", *arguments, code=2).stderr.split())


def test_an_unknown_brand_is_said(folder: Path) -> None:
    assert "no mention of 'Никто' is stored" in report(folder, "cases", "--brand", "Никто", code=65).stderr


def test_of_a_time_without_anything_that_is_said(folder: Path) -> None:
    done = report(folder, "cases", "--since", "2020-01-01", "--until", "2020-02-01", code=1)
    assert done.stderr == "monitor: no mention and no case from 2020-01-01 00:00 to 2020-02-01 00:00\n"
    assert done.stdout == ""


def test_the_page_is_meant_where_cases_are_not_named(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    for arguments in (("2026-W46",), ("--week", "2026-W46"), ("page", "2026-W46")):
        report(folder, *arguments, "--out", str(page))
        assert OURS in page.read_text(encoding="utf-8")
        page.unlink()
    assert "cases" in report(folder, "--help").stdout
