"""The SQL that filters become: its shape, and that nothing but search can come of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import QueryError
from monitor.query import And, Exact, Is, Near, Not, Or, Phrase, Query, Word, compile_query, parse, spelt
from monitor.query.facets import facet, facets_of
from monitor.query.meaning import stamp
from monitor.query.ranges import ranges_of
from monitor.query.reading import MAX_DEPTH
from monitor.query.sql import Sql, compile_sql
from monitor.text import words

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SAID = "{title_lemmas text_lemmas} : "
RU = f'facets : "{facet("lang", "ru")}"'


def alone(word: str) -> frozenset[str]:
    return frozenset({word})


def compiled(query: Query) -> Sql:
    return compile_sql(query, now=NOW, variants=alone)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("*", None),
        ("a", f'{SAID}"a"'),
        ("wi-fi", f'{SAID}"wi fi"'),
        ("title:a", 'title_lemmas : "a"'),
        ('"A b"', '{title text} : "a b"'),
        ('title:"a b"', 'title : "a b"'),
        ("a near/3 b", f'{SAID}NEAR("a" "b", 3)'),
        ("lang:RU", RU),
        ("a lang:ru", f'({SAID}"a" AND {RU})'),
        ("a * lang:ru", f'({SAID}"a" AND {RU})'),
        ("a OR lang:ru", f'({SAID}"a" OR {RU})'),
        ("a NOT lang:ru", f'({SAID}"a" NOT {RU})'),
        ("NOT NOT a", f'{SAID}"a"'),
        ("NOT a", f'("all" NOT {SAID}"a")'),
        ("NOT (a OR b)", f'("all" NOT ({SAID}"a" OR {SAID}"b"))'),
        ("NOT (a b)", f'("all" NOT ({SAID}"a" AND {SAID}"b"))'),
        ("NOT *", '("all" NOT "all")'),
    ],
)
def test_words_and_text_fields_are_one_match(text: str, match: str | None) -> None:
    assert compiled(parse(text)) == Sql(match, "1", {})


FOUND = "mentions.id IN (SELECT rowid FROM mention_search WHERE mention_search MATCH {})"
SPELT = "(SELECT spelt(posts.title, {0}) OR spelt(posts.text, {0}) FROM posts WHERE posts.id = mentions.post_id)"


TWO_STARS = "(" + " OR ".join(f'facets : "{facet("rating", str(stars))}"' for stars in (0, 1, 2)) + ")"


UNSURE = "max(mentions.negative, mentions.neutral, mentions.positive) < :q0"
ALARMING = "mentions.negative * :q0 >= max(mentions.neutral, mentions.positive)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("relevance!=0.5", Sql(None, "mentions.relevance != :q0", {"q0": 0.5})),
        ("NOT relevance>=0.5", Sql(None, "NOT mentions.relevance >= :q0", {"q0": 0.5})),
        ("rating<=2", Sql(TWO_STARS, "(mentions.rating IS NOT NULL AND mentions.rating <= :q0)", {"q0": 2.0})),
        ("since:100y", Sql(None, "mentions.at >= :q0", {"q0": "1926-12-17T12:00:00.000Z"})),
        ("before:1999-01-31", Sql(None, "mentions.at < :q0", {"q0": "1999-01-31T00:00:00.000Z"})),
        ("a relevance!=0.5", Sql(f'{SAID}"a"', "mentions.relevance != :q0", {"q0": 0.5})),
        ("=A", Sql('{title text} : "a"', SPELT.format(":q0"), {"q0": "A"})),
        (
            "title:=A",
            Sql(
                'title : "a"',
                "(SELECT spelt(posts.title, :q0) FROM posts WHERE posts.id = mentions.post_id)",
                {"q0": "A"},
            ),
        ),
        (
            "a OR relevance!=0.5",
            Sql(None, f"({FOUND.format(':q0')} OR mentions.relevance != :q1)", {"q0": f'{SAID}"a"', "q1": 0.5}),
        ),
        (
            "a (b OR relevance!=0.5)",
            Sql(
                f'{SAID}"a"',
                f"({FOUND.format(':q0')} OR mentions.relevance != :q1)",
                {"q0": f'{SAID}"b"', "q1": 0.5},
            ),
        ),
        (
            "(a relevance!=0.5) OR b",
            Sql(
                f'({SAID}"a" OR {SAID}"b")',
                f"({FOUND.format(':q0')} OR ({FOUND.format(':q1')} AND mentions.relevance != :q2))",
                {"q0": f'{SAID}"b"', "q1": f'{SAID}"a"', "q2": 0.5},
            ),
        ),
        ("unsure:yes", Sql(None, UNSURE, {"q0": 0.5})),
        ("unsure:no", Sql(None, f"NOT {UNSURE}", {"q0": 0.5})),
        ("a NOT alarming:yes", Sql(f'{SAID}"a"', f"NOT {ALARMING}", {"q0": pytest.approx(1.4918246976412703)})),
        (
            "NOT (a OR relevance=0.5)",
            Sql(f'("all" NOT {SAID}"a")', "NOT mentions.relevance = :q0", {"q0": 0.5}),
        ),
    ],
)
def test_the_rest_is_a_condition(text: str, expected: Sql) -> None:
    assert compiled(parse(text)) == expected


@pytest.mark.parametrize("text", ["priority>=50", "NOT influence!=7", "a OR (priority<3 NOT influence>1)"])
def test_priority_and_influence_are_tokens(text: str) -> None:
    sql = compiled(parse(text))
    assert sql.match is not None
    assert (sql.condition, sql.parameters) == ("1", {})


def test_every_inflection_is_looked_for() -> None:
    sql = compile_sql(parse("wi-fi OR a near/2 b"), now=NOW, variants=lambda word: frozenset({word, f"{word}s"}))
    parts = f'{SAID}("wi fi" OR "wi fis" OR "wis fi" OR "wis fis")'
    pairs = f'{SAID}(NEAR("a" "b", 2) OR NEAR("a" "bs", 2) OR NEAR("as" "b", 2) OR NEAR("as" "bs", 2))'
    assert sql.match == f"({parts} OR {pairs})"


def test_beyond_the_bound_words_are_looked_for_as_spelt() -> None:
    sql = compile_sql(
        parse("a-b c near/2 d"), now=NOW, variants=lambda word: frozenset(f"{word}{number}" for number in range(20))
    )
    assert sql.match == '({title text} : "a b" AND {title text} : NEAR("c" "d", 2))'


# ── Nothing but search ──────────────────────────────────────────────────────────────────────────────────────────────


def searched(query: Query, *, author: str = "", title: str = "") -> bool:
    """Whether a database that holds one mention finds it; raises what SQLite raises."""
    numbers = {"influence": 50, "priority": 50, "relevance": 0.5, "rating": None}
    facts = {"author": author, "title": title, "title_lemmas": " ".join(words(title)), "at": NOW, "now": NOW} | numbers
    with closing(sqlite3.connect(":memory:")) as db:
        db.create_function("spelt", 2, spelt)
        db.execute("CREATE TABLE posts (id INTEGER PRIMARY KEY, title, text)")
        db.execute(
            "CREATE TABLE mentions (id INTEGER PRIMARY KEY, post_id, at, influence, priority, relevance, rating)"
        )
        db.execute(
            "CREATE VIRTUAL TABLE mention_search USING "
            "fts5 (title, text, title_lemmas, text_lemmas, facets, tokenize = 'ascii')"
        )
        db.execute("INSERT INTO posts VALUES (1, ?, '')", (title,))
        db.execute("INSERT INTO mentions VALUES (1, 1, ?, ?, ?, ?, ?)", (stamp(NOW), *numbers.values()))
        said = " ".join(words(title))
        db.execute(
            "INSERT INTO mention_search VALUES (?, '', ?, '', ?)",
            (said, said, f"{facets_of(facts)} {ranges_of(facts)}"),
        )
        sql = compiled(query)
        statement = (
            f"SELECT 1 FROM mentions JOIN mention_search ON mention_search.rowid = mentions.id WHERE {sql.condition}"
        )
        statement += " AND mention_search MATCH :match" if sql.match else ""
        found = bool(db.execute(statement, {**sql.parameters, "match": sql.match}).fetchall())
    assert compile_query(query, alone)(facts) is found
    return found


HOSTILE = [
    '"',
    "'",
    '""',
    "a* b",
    "NEAR(a b, 2)",
    "NEAR",
    "AND",
    "OR",
    "NOT",
    "title : a",
    "{title} : a",
    "^a",
    "a + b",
]
HOSTILE += [
    "-title : a",
    ":q0",
    "?",
    "; DROP TABLE posts; --",
    "a\0b",
    "🔥",
    "%",
    "\\",
    "all",
    "a'b",
    "(",
    ")",
    "\ue03a",
]
HOSTILE += ["a\u2028b", "mention_search", "rank", "*", "#", "ß", "İ", "ŉ", "²", "ａ"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_only_looked_for(text: str) -> None:
    said = f"a {text} b"
    assert searched(Query(Is("author", text)), author=text)
    assert not searched(Query(Is("author", text)), author=f"{text}x")
    assert searched(Query(Phrase(said)), title=said)
    assert searched(Query(Exact(said)), title=said)
    assert not searched(Query(Phrase(said)), title="a x b")
    if words(text):
        assert searched(Query(Word(text)), title=said)
        assert not searched(Query(Word(text)), title="else")


def test_hostile_variants_are_only_looked_for() -> None:
    sql = compile_sql(Query(Near("a", "b", 2)), now=NOW, variants=lambda _: frozenset({'x" OR "all'}))
    assert sql.match == f'{SAID}NEAR("x"" OR ""all" "x"" OR ""all", 2)'


@settings(max_examples=150, deadline=None)
@given(text=st.text(alphabet=st.characters(), max_size=30), title=st.text(max_size=30))
def test_whatever_can_be_read_can_be_searched(text: str, title: str) -> None:
    try:
        query = parse(text)
    except QueryError:
        return
    searched(query, title=title)


def deepest(join: str) -> Query:
    """The query with the most levels that can be read."""
    query, text, level = parse("a0"), "a0", 0
    while True:
        level += 1
        text = join.format(f"({text})", f"a{level}", " OR" if level % 2 else "")
        try:
            query = parse(text)
        except QueryError:
            assert level > MAX_DEPTH / 3
            return query


@pytest.mark.parametrize(
    "join", ["{0}{2} {1}", "{1}{2} {0}", "NOT {0}", "({1}{2} {0}){2} b", "{1} NOT {0}", "{0}{2} priority<=77"]
)
def test_the_deepest_query_is_not_too_deep_for_the_index(join: str) -> None:
    query = deepest(join)
    for title in ("a0 a1 b", "a1", "a2 a4", "b"):
        searched(query, title=title)
    searched(Query(And((query.root, Or((query.root, Not(query.root)))))), title="a0 a1 b")


def test_the_longest_queries_can_be_searched() -> None:
    several = tuple(Word(f"a{number}") for number in range(1200))
    for root in (Or(several), And(several), Or(tuple(map(Not, several)))):
        searched(Query(root), title="a0 a1")
