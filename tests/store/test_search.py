"""The search index: what it finds, in which order, how it is kept true, and by which plan it is read."""

from __future__ import annotations

import random
import re
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from benchmarks.search import build, compiled, queries
from monitor.lemmas import VERSION, lemmatise
from monitor.models import (
    Author,
    Label,
    Lemmas,
    Level,
    Mention,
    Post,
    PostType,
    Sentiment,
    Source,
    SpecialCase,
)
from monitor.query import parse
from monitor.query.sql import Sql, compile_sql
from monitor.store import Reader, Store, open_reader, open_writer
from monitor.store.search import (
    hits,
    index_mention,
    index_stale,
    number,
    register,
    stale_mentions,
    unindex_mention,
    views,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlite_utils import Database

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
NEUTRAL = Sentiment(label=Label.NEUTRAL, negative=0.1, neutral=0.8, positive=0.1)
NEGATIVE = Sentiment(label=Label.NEGATIVE, negative=0.8, neutral=0.1, positive=0.1)
REFUND = SpecialCase(name="refund", level=Level.MEDIUM, rule="r1", field="text", start=0, end=5)
PLAIN = Mention(
    brand="МойСклад",
    relevance=0.9,
    doubtful=False,
    spans=(),
    sentiment=NEUTRAL,
    special_cases=(),
    influence=10,
    priority=20,
    why=(),
)
POSTS = [  # in the order of their ids: the newest hit is the last
    (Post(title="Ёлки на складе", text="Жалуюсь: Товар не пришёл.", lang="ru", published=NOW - 40 * DAY), PLAIN),
    (
        Post(text="He complained about the refund", lang="en", rating=1.0, type=PostType.REVIEW, published=NOW - DAY),
        replace(PLAIN, sentiment=NEGATIVE, special_cases=(REFUND,), priority=95),
    ),
    (
        Post(url="https://www.forum.example.org/t/1", text="Склад как склад", lang="ru", author=Author(name="Анна K.")),
        replace(PLAIN, brand="Other Brand", influence=80),
    ),
    (Post(text="товар! refund?", published=NOW - 2 * DAY), replace(PLAIN, doubtful=True)),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


@pytest.fixture
def db(path: Path) -> Iterator[Database]:
    db = open_writer(path)
    store = Store(db)
    sources = [Source(name=name, kind="feed", url="https://a.test/", options=None) for name in ("forum", "blog")]
    store.sync_sources(sources, {"forum": "a.test:443", "blog": "a.test:443"}, NOW)
    for place, (post, mention) in enumerate(POSTS, start=1):
        with store.transaction():
            post_id = store.add_post(1 + place % 2, post, identities=[f"n{place}"], now=NOW)
            assert post_id == place
            assert store.add_mention(post_id, mention, decision="", lemmas=lemmas_of(post), now=NOW) == place
    yield db
    store.close()


@pytest.fixture
def reader(db: Database, path: Path) -> Iterator[Reader]:
    reader = Reader(open_reader(path))
    yield reader
    reader.close()


def lemmas_of(post: Post) -> Lemmas:
    return Lemmas(title=lemmatise(post.title, post.lang), text=lemmatise(post.text, post.lang))


def sql(text: str) -> Sql:
    return compile_sql(parse(text), now=NOW)


def found(reader: Reader, text: str) -> list[int]:
    return [view.id for view in reader.search(sql(text), limit=50)]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("*", [4, 3, 2, 1]),
        ("склад", [3, 1]),
        ("складов", [3, 1]),
        ("елка", [1]),
        ("title:склад", [1]),
        ("жаловаться", [1]),
        ("complain", [2]),
        ('"complain"', []),
        ('"НЕ пришёл"', [1]),
        ("=Товар", [1]),
        ("=товар", [4]),
        ("товар прийти", [1]),
        ("товар near/1 прийти", [1]),
        ("жаловаться near/1 прийти", []),
        ("товар OR complain", [4, 2, 1]),
        ("NOT склад", [4, 2]),
        ("brand:мойсклад", [4, 2, 1]),
        ('brand:"other brand"', [3]),
        ("source:forum", [4, 2]),
        ("site:example.org", [3]),
        ("site:example.org NOT site:forum.example.org", []),
        ('author:"анна k."', [3]),
        ("lang:en", [2]),
        ("sentiment:negative", [2]),
        ("type:review", [2]),
        ("case:refund", [2]),
        ("doubtful:yes", [4]),
        ("alarming:yes", [2]),
        ("refund alarming:no", [4]),
        ("unsure:yes OR brand:мойсклад NOT alarming:yes", [4, 1]),
        ("priority>=95", [2]),
        ("refund priority<50", [4]),
        ("склад OR priority>90", [3, 2, 1]),
        ("rating<=2", [2]),
        ("NOT rating<=2", [4, 3, 1]),
        ("since:36h", [3, 2]),
        ("before:2026-11-01 склад", [1]),
    ],
)
def test_what_a_query_finds(reader: Reader, text: str, ids: list[int]) -> None:
    assert found(reader, text) == ids
    assert reader.count(sql(text)) == len(ids)


def test_a_hit_is_the_mention_with_its_post(reader: Reader) -> None:
    (view,) = reader.search(sql("complain"), limit=1)
    assert (view.post.text, view.mention.special_cases, view.source) == (POSTS[1][0].text, (REFUND,), "forum")


def test_pages_follow_each_other_without_gap_or_repetition(reader: Reader) -> None:
    seen: list[int] = []
    for _ in range(3):
        seen += [view.id for view in reader.search(sql("*"), limit=2, **({"before_id": seen[-1]} if seen else {}))]
    assert seen == [4, 3, 2, 1]
    assert [view.id for view in reader.search(sql("склад"), limit=1, before_id=3)] == [1]


def test_counting_stops_where_it_is_told_to(reader: Reader) -> None:
    assert [reader.count(sql("*"), at_most=most) for most in (1, 3, 10)] == [1, 3, 4]
    assert reader.count(sql("склад"), at_most=1) == 1


def test_indexing_again_forgets_the_former_words(db: Database, reader: Reader) -> None:
    db.execute("UPDATE posts SET text = 'Совсем другое' WHERE id = 1")
    index_mention(db, 1, Lemmas(title="елка на склад", text="совсем другой"))
    assert (found(reader, "жаловаться"), found(reader, "другой"), found(reader, "елка")) == ([], [1], [1])


def test_what_is_taken_out_is_found_no_more(db: Database, reader: Reader) -> None:
    unindex_mention(db, 3)
    assert found(reader, "склад") == [1]
    index_mention(db, 999, Lemmas())  # gone, so nothing to index
    assert db.execute("SELECT count(*) FROM mention_search").fetchone() == (3,)
    db.execute("INSERT INTO mention_search (mention_search) VALUES ('integrity-check')")  # raises where it is broken


def test_stale_mentions_are_caught_up_with_once(db: Database, reader: Reader) -> None:
    assert stale_mentions(db, 10) == []
    db.execute("UPDATE mentions SET search_version = 0 WHERE id IN (2, 4)")
    db.execute("DELETE FROM mention_search WHERE rowid IN (2, 4)")
    assert found(reader, "refund") == []
    assert [stale.id for stale in stale_mentions(db, 1)] == [2]
    stale = stale_mentions(db, 10)
    assert [(one.id, one.text, one.lang) for one in stale] == [(2, POSTS[1][0].text, "en"), (4, POSTS[3][0].text, None)]
    index_stale(db, [(one, Lemmas(text=lemmatise(one.text, one.lang))) for one in stale])
    assert found(reader, "refund") == [4, 2]
    assert stale_mentions(db, 10) == []
    assert db.execute("SELECT search_version FROM mentions WHERE id = 2").fetchone() == (VERSION,)


def test_lemmas_of_a_wording_that_is_gone_are_not_written(db: Database) -> None:
    db.execute("UPDATE mentions SET search_version = 0 WHERE id = 1")
    (stale,) = stale_mentions(db, 10)
    db.execute("UPDATE posts SET text = 'new' WHERE id = 1")
    index_stale(db, [(stale, Lemmas(text="old"))])
    (again,) = stale_mentions(db, 10)
    assert again.text == "new"


@pytest.mark.parametrize(
    "text", ['" OR 1 --', "NEAR(a b)", "facets : x", "a\0b", "\ue03aall", "'; DROP TABLE posts; --"]
)
def test_what_posts_say_cannot_steer_the_index(db: Database, reader: Reader, text: str) -> None:
    db.execute("UPDATE posts SET text = ?, author = ? WHERE id = 1", (text, text))
    index_mention(db, 1, Lemmas(text=lemmatise(text, None)))
    assert found(reader, "brand:мойсклад") == [4, 2, 1]
    assert found(reader, "lang:en") == [2]


# ── The plan, at a size where a scan would show ──


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """50,000 mentions, and statistics that could tempt the planner."""
    path = tmp_path_factory.mktemp("large") / "monitor.db"
    build(path, 50_000, length=8)
    connection = sqlite3.connect(path)
    connection.execute("ANALYZE")
    connection.close()
    reader = open_reader(path)
    register(reader)
    yield reader
    reader.close()


MORE = {
    "mixed OR": "word OR priority>=90",
    "numbers only": "rating<=2 influence>=70 since:7d",
    "times only": "since:30d before:2026-11-20",
    "NOT only": "NOT word NOT brand:brand1",
    "NOT number": "NOT priority>=5",
    "nothing to narrow by": "NOT rating<=2",
    "exact alone": '="Some words"',
    "title": "title:word title:\"a b\"",
}  # fmt: skip
QUERIES = queries(random.Random(1)) | MORE


def plan(db: Database, statement: tuple[str, dict[str, object]]) -> str:
    return "\n".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement[0]}", statement[1]))


@pytest.mark.parametrize("name", QUERIES)
def test_no_query_scans_a_table_or_sorts(large: Database, name: str) -> None:
    query = compiled(QUERIES[name])
    for statement in (hits(query, limit=50), number(query), views([1, 2])):
        steps = plan(large, statement)
        assert "TEMP B-TREE" not in steps, steps
        # What may be scanned: the result of a MATCH, a list of ids that was given, the co-routine that is counted.
        scans = [step for step in re.findall(r"SCAN .*", steps) if "subquery" not in step]
        assert all("VIRTUAL TABLE INDEX" in scan for scan in scans), steps
        assert not any("mention_search VIRTUAL TABLE INDEX 0:" in scan and "M" not in scan for scan in scans), steps
        if query.match is not None and "mention_search" in statement[0]:
            # MATCH first, newest first by the index's own order: the flag 64 is FTS5's for a descending walk.
            walk = re.match(r"(?:CO-ROUTINE .*\n)?SCAN mention_search VIRTUAL TABLE INDEX (\d+):", steps)
            assert walk, steps
            assert int(walk[1]) & 64, steps


def test_only_a_query_that_cannot_be_narrowed_walks_the_mentions(large: Database) -> None:
    walking = {name for name, text in QUERIES.items() if compiled(text).match is None}
    assert walking == {"newest: everything", "nothing to narrow by"}
    for name in walking:
        steps = plan(large, hits(compiled(QUERIES[name]), limit=50))
        assert steps.startswith("SEARCH mentions USING COVERING INDEX mentions_by_facts (id<?)"), steps
