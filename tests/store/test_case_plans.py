"""On a history of twenty thousand mentions and two thousand cases: what is asked of cases is looked up, not searched.

Counted are the steps of SQLite's machine, which are the same on every computer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from monitor.models import CaseState, Dispatch
from tests.store.cases import BRAND, NOW, SUPPORT, due, notice, open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from monitor.store import Store

MENTIONS, CASES = 20_000, 2_000
_FILL = f"""
    CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MENTIONS})
        SELECT i, strftime('%Y-%m-%dT%H:%M:%S.000Z', '2025-01-01', '+' || (i * 47) || ' minutes') AS at FROM n;
    INSERT INTO posts (id, key, source_id, native_id, url, title, text, author, author_key, author_link, published_at,
            discovered_at, type, thread)
        SELECT i, 'k' || i, 1 + i % 2, 'p' || i, 'https://one.example/' || i, '', 'текст', 'автор ' || (i % 7000),
            'автор ' || (i % 7000), 'one.example/u/' || (i % 7000), at, at, 'post', 't' || (i % 500) FROM n;
    INSERT INTO mentions (id, post_id, brand, relevance, doubtful, sentiment, negative, neutral, positive, influence,
            priority, spans, special_cases, why, decision, created_at, at, source_id)
        SELECT i, i, '{BRAND}', 1, 0, iif(i % 3, 'neutral', 'negative'), 0.9, 0.1, 0, i % 100, 50, '[]', '[]', '[]', '',
            at, at, 1 + i % 2 FROM n;
    INSERT INTO stories (id, origin_id, posts, first_at, last_at) SELECT i, i, 10, at, at FROM n WHERE i <= 200;
    UPDATE posts SET story_id = 1 + id % 2000 WHERE 1 + id % 2000 <= 200;
    INSERT INTO cases (id, brand, state, classes, round, opened_at, found_at, seq)
        SELECT i, '{BRAND}', iif(i % 10, 'closed', 'new'), '["negative"]', 1, at, at, 2 FROM n WHERE i <= {CASES};
    INSERT INTO case_posts (post_id, brand, case_id, mention_id, why, joined_at)
        SELECT i * 10, '{BRAND}', i, i * 10, 'its author', at FROM n WHERE i <= {CASES};
    INSERT INTO case_events SELECT i, 1, at, '', 'opened', NULL, 'new', '{{}}' FROM n WHERE i <= {CASES};
    INSERT INTO case_events SELECT i, 2, at, 'Ирина', 'closed', 'answered', 'closed', '{{}}' FROM n WHERE i <= {CASES};
    INSERT INTO case_deadlines (case_id, round, kind, clock, step, at, due_at, fired_at)
        SELECT i, 1, kind, 'found', step, at, at, at FROM n, (SELECT 'acknowledge' AS kind UNION ALL SELECT 'resolve'),
            (SELECT 0 AS step UNION ALL SELECT 1) WHERE i <= {CASES};
    DROP TABLE n;
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = open_store(tmp_path_factory.mktemp("plans") / "monitor.db")
    store._db.conn.executescript(_FILL)
    yield store
    store.close()


def steps(store: Store, asked: Callable[[], object]) -> int:
    """How many hundreds of steps a question takes."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    store._db.conn.set_progress_handler(step, 100)
    try:
        asked()
    finally:
        store._db.conn.set_progress_handler(None, 0)
    return count


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("SELECT * FROM v_cases WHERE id = 7", "cases USING INTEGER PRIMARY KEY"),
        ("SELECT * FROM v_cases WHERE state = 'new'", "cases USING INDEX cases_by_state"),
        (f"SELECT * FROM v_cases WHERE brand = '{BRAND}' AND opened_at >= '2026'", "cases USING INDEX cases_by_brand"),
        ("SELECT * FROM v_case_events WHERE case_id = 7", "case_events USING PRIMARY KEY"),
        (
            "SELECT * FROM v_case_events WHERE kind = 'closed' AND at >= '2026'",
            "case_events USING INDEX case_events_by",
        ),
        ("SELECT * FROM v_case_deadlines WHERE case_id = 7", "case_deadlines USING INDEX"),
        ("SELECT * FROM v_coverage WHERE mention_id = 7", "mentions USING INTEGER PRIMARY KEY"),
        ("SELECT * FROM v_coverage WHERE day = '2026-01-10'", "mentions USING INDEX mentions_by_day"),
        ("SELECT * FROM v_coverage WHERE day >= '2026-01-01' AND day < '2026-02-01'", "mentions_by_day"),
        ("SELECT * FROM v_alerts WHERE id = 1", "alerts USING INTEGER PRIMARY KEY"),
        ("SELECT * FROM v_deliveries WHERE id = 1", "deliveries USING INTEGER PRIMARY KEY"),
    ],
)
def test_a_filter_reaches_an_index(store: Store, statement: str, index: str) -> None:
    plan = "\n".join(str(step["detail"]) for step in store._db.query(f"EXPLAIN QUERY PLAN {statement}"))
    assert index in plan
    tables = "mentions|posts|cases|case_posts|case_events|case_deadlines|case_notices|alerts|deliveries|answers"
    assert not re.search(rf"SCAN ({tables})\b", plan)


def test_what_is_asked_at_each_post_is_looked_up(store: Store) -> None:
    asked: dict[str, tuple[Callable[[], object], int]] = {
        "case": (lambda: store.case(7), 3),
        "case_of": (lambda: store.case_of(70, BRAND), 3),
        "case_posts": (lambda: store.case_posts(7), 3),
        "events_of": (lambda: store.events_of(7), 3),
        "neighbours": (lambda: store.neighbours(BRAND, [2010]), 300),
        "beside": (lambda: store.beside(2001), 60),
        "cases_in_thread": (lambda: store.cases_in_thread(1, "t2"), 60),
        "fire_deadlines": (lambda: store.fire_deadlines(NOW, 100), 5),
    }
    taken = {name: steps(store, question) for name, (question, _) in asked.items()}
    assert {name: count for name, count in taken.items() if count > asked[name][1]} == {}
    assert len(store.neighbours(BRAND, [2010])) > 1
    assert len(store.cases_in_thread(1, "t20")) > 1


def test_what_is_asked_at_each_change_costs_the_same_however_many_cases_there_are(store: Store) -> None:
    case = store.case(10)
    assert case is not None
    count = steps(store, lambda: store.set_deadlines(case, [due(0, NOW), due(1, NOW)]))
    assert count <= 10
    assert steps(store, lambda: store.add_notice(notice(case, "k"), [Dispatch(SUPPORT, "owner")], now=NOW)) <= 10
    assert steps(store, lambda: store.claim_messages(NOW, 9)) <= 20


def test_open_cases_are_listed_without_reading_the_closed_ones(store: Store) -> None:
    found = store.cases_list(limit=50, open_only=True)
    assert len(found) == 50
    assert {row["state"] for row in found} == {CaseState.NEW.value}
    plan = store._db.execute("SELECT count(*) FROM cases WHERE state = 'new'").fetchone()
    assert plan == (200,)
    assert (
        steps(store, lambda: store.cases_list(limit=50, open_only=True))
        < steps(store, lambda: store.cases_list(limit=50)) / 4
    )
