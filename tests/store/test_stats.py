from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from monitor.query import parse
from monitor.query.sql import Sql, compile_sql
from monitor.store import rows, stats
from monitor.store.stats import Scope
from tests.reports.history import DAY, HOUR, MONDAY, OTHER, OURS, RIVAL, History, fill, open_history

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlite_utils import Database

WEEK = Scope(since=MONDAY, until=MONDAY + 7 * DAY)
EVERYTHING = Sql(match=None, condition="1", parameters={})  # holds for all, and makes each mention be looked at


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    history = open_history(tmp_path / "monitor.db")
    fill(history)
    yield history
    history.store.close()


@pytest.fixture
def db(history: History) -> Database:
    return history.store._db


def mentions(found: list[stats.Row]) -> dict[str, int]:
    return {row["key"]: row["mentions"] for row in found}


@pytest.mark.parametrize("by", ["", "day", "week", "month", "brand", "source", "sentiment"])
@pytest.mark.parametrize("doubtful", [False, True])
@pytest.mark.parametrize("brands", [(), (OURS, RIVAL)])
def test_counts_of_days_and_counts_of_mentions_agree(
    db: Database, by: str, doubtful: bool, brands: tuple[str, ...]
) -> None:
    quick = Scope(since=WEEK.since, until=WEEK.until, doubtful=doubtful, brands=brands)
    slow = Scope(since=WEEK.since, until=WEEK.until, doubtful=doubtful, brands=brands, sql=EVERYTHING)
    found = stats.counts(db, by, quick)
    assert found == stats.counts(db, by, slow)
    assert found


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("brand", {OURS: 10, OTHER: 4, RIVAL: 4}),
        ("week", {"2026-W46": 18}),
        ("source", {"forum": 5, "news": 4, "reviews": 9}),
        ("lang", {"en": 4, "ru": 14}),
        ("site", {"forum.example.org": 5, "news.example.org": 4, "reviews.example.org": 9}),
        ("type", {"article": 4, "post": 5, "review": 9}),
        ("day", {"2026-11-09": 4, "2026-11-10": 5, "2026-11-11": 4, "2026-11-12": 4, "2026-11-13": 1}),
    ],
)
def test_mentions_are_counted_by(db: Database, by: str, expected: dict[str, int]) -> None:
    assert mentions(stats.counts(db, by, WEEK)) == expected


def test_an_hour_is_no_whole_day(db: Database) -> None:
    scope = Scope(since=MONDAY + 3 * HOUR, until=MONDAY + 4 * HOUR)
    assert not scope.whole_days()
    assert mentions(stats.counts(db, "source", scope)) == {"reviews": 2}


def test_a_filter_is_the_same_for_every_brand(db: Database) -> None:
    sql = compile_sql(parse("rating<=2"), now=MONDAY)
    assert mentions(stats.counts(db, "brand", Scope(sql=sql))) == {OURS: 4}


def test_R60_answers_go_by_the_mention_and_replies_by_the_reply(history: History, db: Database) -> None:
    asked, _ = history.say(MONDAY + 20 * DAY)
    history.answer(asked, MONDAY + 50 * DAY)
    found = {row["key"]: row for row in stats.answers(db, "month", Scope(since=MONDAY + 8 * DAY))}
    assert found == {
        "2026-11": {"key": "2026-11", "mentions": 1, "answered": 1, "hours": [30 * 24], "replies": 0},
        "2026-12": {"key": "2026-12", "mentions": 0, "answered": 0, "hours": [], "replies": 1},
    }


def test_R60_answers_by_type(db: Database) -> None:
    found = {row["key"]: row for row in stats.answers(db, "type", WEEK)}
    assert (found["review"]["mentions"], found["review"]["answered"], found["review"]["replies"]) == (9, 3, 3)
    assert found["review"]["hours"] == [2, 2, 2]
    assert (found["post"]["answered"], found["post"]["hours"]) == (1, [4])


def test_the_most_influential_author_comes_first(db: Database) -> None:
    first = stats.authors(db, WEEK, limit=2)[0]
    assert (first["author"], first["influence"], first["followers"], first["negative"]) == ("Ольга", 80, 120_000, 1)


def test_the_gravest_are_negative_or_special_by_priority(db: Database) -> None:
    found = stats.gravest(db, WEEK, limit=3)
    assert [row["priority"] for row in found] == [95, 46, 43]
    assert {row["sentiment"] for row in found} == {"negative"}
    assert len(stats.gravest(db, Scope(), limit=100)) == 7


def test_an_export_is_newest_first_and_bounded(db: Database) -> None:
    columns, found = stats.mentions(db, WEEK, limit=5)
    times = [row[columns.index("at")] for row in found]
    assert times == sorted(times, reverse=True)
    assert len(times) == 5
    assert list(stats.mentions(db, Scope(brands=("nobody",)))[1]) == []


def test_gaps_that_touch_the_time_are_told(db: Database) -> None:
    assert [gap["source"] for gap in stats.gaps(db, since=MONDAY, until=MONDAY + 7 * DAY)] == ["reviews"]
    assert stats.gaps(db, since=MONDAY + 6 * DAY, until=MONDAY + 7 * DAY) == []


@pytest.mark.parametrize("text", ["rating<=2", f'brand:"{OURS}"', "NOT sentiment:negative", "NOT rating<=2"])
@pytest.mark.parametrize("hours", [0, 5, 24, 30, 96])
def test_the_days_of_a_filter_are_those_of_its_mentions(db: Database, text: str, hours: int) -> None:
    sql = compile_sql(parse(text), now=MONDAY)
    scope = Scope(sql=sql, since=MONDAY + hours * HOUR, until=MONDAY + 3 * DAY, doubtful=True)
    _, chosen = stats.mentions(db, Scope(sql=sql, doubtful=True))
    moments = [row[3] for row in chosen]
    bounds = (rows.to_text(MONDAY + hours * HOUR), rows.to_text(MONDAY + 3 * DAY))
    expected = Counter(at[:10] for at in moments if bounds[0] <= at < bounds[1])
    assert mentions(stats.counts(db, "day", scope)) == expected
    assert expected or hours >= 30


def test_a_timeline_without_a_filter_never_touches_a_mention(db: Database) -> None:
    seen: list[str] = []
    with db.tracer(lambda statement, _parameters: seen.append(statement)):
        stats.counts(db, "day", WEEK)
        stats.first_day(db)
    assert seen
    assert not [statement for statement in seen if "FROM mentions" in statement]
    steps = [str(step["detail"]) for step in db.query(f"EXPLAIN QUERY PLAN {seen[0]}", {"since": "a", "until": "b"})]
    assert steps == ["SEARCH day_counts USING PRIMARY KEY (day>? AND day<?)"]


def test_an_export_of_a_week_reads_that_week_alone(db: Database) -> None:
    seen: list[str] = []
    with db.tracer(lambda statement, _parameters: seen.append(statement)):
        list(stats.mentions(db, Scope(since=WEEK.since, until=WEEK.until, brands=(OURS,)))[1])
    values = {"_since": "a", "_until": "b", "_brands": "[]", "_limit": 1}
    steps = "\n".join(str(step["detail"]) for step in db.query(f"EXPLAIN QUERY PLAN {seen[-1]}", values))
    assert "SEARCH mentions USING INDEX mentions_by_time (at>? AND at<?)" in steps
    assert "FOR ORDER BY" not in steps
