from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML
from sqlite_utils import Database

from monitor.store.views import SITE, VIEWS, create_views, week_of
from tests.reports.history import DAY, HOUR, MONDAY, OURS, History, fill, open_history

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
METADATA = YAML(typ="safe").load(ROOT / "monitor" / "reports" / "datasette.yaml")["databases"]["monitor"]
TABLES = {name: table for name, table in METADATA["tables"].items() if name in VIEWS}


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    history = open_history(tmp_path / "monitor.db")
    fill(history)
    yield history
    history.store.close()


@pytest.fixture
def db(history: History) -> Database:
    return history.store._db


def row(db: Database, statement: str) -> dict[str, Any]:
    return next(iter(db.query(statement)))


def plan(db: Database, statement: str) -> str:
    return "\n".join(str(step["detail"]) for step in db.query(f"EXPLAIN QUERY PLAN {statement}"))


@pytest.mark.parametrize("name", VIEWS)
def test_R62_each_view_has_the_columns_that_the_page_and_the_metadata_describe(db: Database, name: str) -> None:
    page = (ROOT / "docs" / "history.md").read_text(encoding="utf-8")
    section = re.search(rf"^### {name}\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL)
    assert section is not None
    documented = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", section[1], re.MULTILINE))
    assert list(documented) == [column.name for column in db[name].columns]
    assert documented == TABLES[name]["columns"]
    assert section[1].startswith(TABLES[name]["description"])


def test_nothing_is_described_that_is_no_view() -> None:
    assert set(TABLES) == set(VIEWS)


def test_views_that_read_as_they_should_are_left_alone(db: Database) -> None:
    before = row(db, "PRAGMA schema_version")
    create_views(db)
    assert row(db, "PRAGMA schema_version") == before


def test_a_view_of_an_earlier_version_is_replaced_and_others_stay(db: Database) -> None:
    db.execute("DROP VIEW v_gaps")
    db.execute("CREATE VIEW v_gaps AS SELECT 1 AS old")
    db.execute("CREATE VIEW v_mine AS SELECT 1 AS mine")
    create_views(db)
    assert "reason" in {column.name for column in db["v_gaps"].columns}
    assert "v_mine" in db.view_names()


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("SELECT * FROM v_mentions WHERE id = 7", "mentions USING INTEGER PRIMARY KEY"),
        ("SELECT * FROM v_mentions WHERE day = '2026-11-10'", "mentions USING INDEX mentions_by_day"),
        ("SELECT * FROM v_mentions WHERE day >= '2026-11-01' AND day < '2026-12-01'", "mentions_by_day"),
        ("SELECT * FROM v_mentions WHERE at >= '2026-11-10' AND at < '2026-11-11'", "mentions_by_time"),
        ("SELECT * FROM v_mentions ORDER BY at DESC LIMIT 9", "mentions USING INDEX mentions_by_time"),
        ("SELECT * FROM v_special_cases WHERE day = '2026-11-10'", "mentions USING INDEX mentions_by_day"),
        ("SELECT * FROM v_special_cases WHERE mention_id = 7", "mentions USING INTEGER PRIMARY KEY"),
        ("SELECT * FROM v_days WHERE day = '2026-11-10'", "day_counts USING PRIMARY KEY"),
        ("SELECT * FROM v_answers WHERE day = '2026-11-10'", "mentions USING INDEX mentions_by_day"),
        ("SELECT * FROM v_answers WHERE answered_at > '2026-11-10'", "answers USING INDEX answers_by_time"),
        ("SELECT * FROM v_alerts WHERE id = 1", "alerts USING INTEGER PRIMARY KEY"),
        ("SELECT * FROM v_deliveries WHERE id = 1", "deliveries USING INTEGER PRIMARY KEY"),
        ("SELECT * FROM v_gaps WHERE source = 'forum'", "gaps USING INDEX gaps_by_source"),
        ("SELECT * FROM v_sources WHERE source = 'forum'", "sources USING INDEX sqlite_autoindex_sources_1"),
        ("SELECT * FROM v_revisions WHERE post_id = 7", "revisions USING INDEX revisions_by_post"),
    ],
)
def test_a_filter_on_number_or_day_reaches_an_index(db: Database, statement: str, index: str) -> None:
    steps = plan(db, statement)
    assert index in steps
    tables = "mentions|posts|day_counts|answers|alerts|deliveries|gaps|revisions"
    assert not re.search(rf"SCAN ({tables})(?! USING INDEX mentions_by_time)\b", steps)
    if "ORDER BY at" in statement:
        assert "TEMP B-TREE FOR ORDER BY" not in steps


@pytest.mark.parametrize(
    ("day", "week"),
    [
        ("2026-11-09", "2026-W46"),
        ("2026-11-15", "2026-W46"),
        ("2026-11-16", "2026-W47"),
        ("2021-01-03", "2020-W53"),  # a Sunday that belongs to the year before
        ("2024-12-30", "2025-W01"),  # a Monday that belongs to the year after
        ("2026-01-01", "2026-W01"),
    ],
)
def test_weeks_are_those_of_iso_8601(day: str, week: str) -> None:
    found = Database(memory=True).execute(f"SELECT {week_of(':day')}", {"day": day}).fetchone()[0]
    assert found == week


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://forum.example.org/t/1", "forum.example.org"),
        ("http://Forum.Example.org:8080/t", "forum.example.org"),
        ("https://example.org?q=1", "example.org"),
        ("https://example.org#top", "example.org"),
        ("https://host123/x", "host123"),
        ("http://[::1]:5000/x", "[::1]"),
        ("https://пример.рф/чай", "пример.рф"),
        (None, None),
    ],
)
def test_the_site_is_the_host_of_the_address(url: str | None, site: str | None) -> None:
    statement = f"SELECT {SITE} FROM (SELECT :url AS url) AS posts"
    assert Database(memory=True).execute(statement, {"url": url}).fetchone()[0] == site


def test_R62_a_mention_is_one_flat_row(db: Database) -> None:
    found = row(db, "SELECT * FROM v_mentions WHERE priority = 95")
    assert {
        name: found[name] for name in ("brand", "day", "week", "month", "source", "site", "author", "followers")
    } == {
        "brand": OURS,
        "day": "2026-11-10",
        "week": "2026-W46",
        "month": "2026-11",
        "source": "forum",
        "site": "forum.example.org",
        "author": "Ольга",
        "followers": 120_000,
    }
    assert (found["special_cases"], found["matched"], found["why"]) == ("legal", OURS, "named")
    assert (found["alerted"], found["revisions"], found["answered_at"]) == (1, 1, "2026-11-10T05:00:00.000Z")


def test_days_add_up_to_the_mentions(db: Database) -> None:
    flat = row(db, "SELECT count(*) AS mentions, total(rating) AS rating_sum, count(rating) AS ratings FROM v_mentions")
    days = row(
        db, "SELECT sum(mentions) AS mentions, sum(rating_sum) AS rating_sum, sum(ratings) AS ratings FROM v_days"
    )
    assert days == flat


def test_R53_a_source_shows_what_it_could_not_cover_and_what_delay_to_expect(db: Database) -> None:
    found = {source["source"]: source for source in db.query("SELECT * FROM v_sources")}
    assert (found["reviews"]["gaps"], found["reviews"]["gap_minutes"]) == (1, 18 * 60)
    # Everything in this history was found an hour late, and sources are polled every ten minutes.
    assert (found["forum"]["lateness_minutes"], found["forum"]["delay_minutes"]) == (60, 70)
    assert (found["silent"]["health"], found["silent"]["last_success_at"]) == ("failing", None)
    assert found["silent"]["delay_minutes"] == 10
    gap = row(db, "SELECT * FROM v_gaps")
    assert (gap["source"], gap["minutes"], gap["reason"]) == ("reviews", 18 * 60, "pages")


def test_usual_lateness_is_a_median_and_leaves_the_first_poll_out(history: History, db: Database) -> None:
    for late in (1, 2, 30):
        post_id, _ = history.say(MONDAY - late * HOUR, source="silent")
        db.execute("UPDATE posts SET discovered_at = '2026-11-09T00:00:00.000Z' WHERE id = ?", (post_id,))
    db.execute("UPDATE sources SET baseline_at = '2026-11-08T00:00:00.000Z' WHERE name = 'silent'")
    statement = "SELECT lateness_minutes FROM v_sources WHERE source = 'silent'"
    assert row(db, statement) == {"lateness_minutes": 120}
    db.execute("UPDATE sources SET baseline_at = '2026-11-09T00:00:00.000Z' WHERE name = 'silent'")
    assert row(db, statement) == {"lateness_minutes": None}


def test_R7_an_edited_post_keeps_its_earlier_wording_with_times_and_hashes(db: Database) -> None:
    found = row(db, "SELECT * FROM v_revisions")
    assert (found["title"], found["title_now"]) == ("Верните деньги", "Верните деньги!")
    assert found["seen_at"] < found["replaced_at"]
    assert len(found["hash"]) == 64
    assert found["hash"] != found["hash_now"]


def test_a_special_case_shows_the_words_that_made_it(db: Database) -> None:
    found = row(db, "SELECT special_case, level, words FROM v_special_cases")
    assert found == {"special_case": "legal", "level": "critical", "words": "подам в"}


def test_an_alert_shows_its_haste_and_its_deliveries(db: Database) -> None:
    found = row(db, "SELECT * FROM v_alerts")
    assert (found["minutes_from_publication"], found["minutes_from_discovery"], found["deliveries"]) == (61, 1, 1)
    assert (found["sent"], found["dead"]) == (0, 0)
    assert row(db, "SELECT receiver, state, attempts FROM v_deliveries") == {
        "receiver": "support",
        "state": "pending",
        "attempts": 0,
    }


def test_only_the_earliest_answer_is_the_first(history: History, db: Database) -> None:
    post_id = row(db, "SELECT post_id FROM v_answers WHERE source = 'forum'")["post_id"]
    history.answer(post_id, MONDAY + 3 * DAY)
    found = list(db.query("SELECT hours_to_answer, first_answer FROM v_answers WHERE source = 'forum' ORDER BY 1"))
    assert found == [{"hours_to_answer": 4, "first_answer": 1}, {"hours_to_answer": 47, "first_answer": 0}]
