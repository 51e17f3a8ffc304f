"""Predicate and SQL find the same, on a real database file, for queries made up by chance."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import pytest

from monitor.query import And, Everything, Is, Node, Not, Or, Query, compile_query, parse
from monitor.query.nodes import RECKONED_FIELDS
from monitor.query.sql import compile_sql
from tests.query.corpus import LEAVES, NOW, Corpus, build, make_query
from tests.query.tongues import variants

if TYPE_CHECKING:
    from collections.abc import Iterator

QUERIES, POSTS = 1200, 320


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    made = build(tmp_path_factory.mktemp("agreement") / "monitor.db", Random(2026), posts=POSTS)
    yield made
    made.db.close()


def by_predicate(corpus: Corpus, query: Query) -> set[int]:
    holds = compile_query(query, variants)
    return {mention for mention, facts in corpus.facts.items() if holds(facts)}


def by_sql(corpus: Corpus, query: Query) -> set[int]:
    sql = compile_sql(query, now=NOW, variants=variants)
    tables, conditions = "mentions", f"({sql.condition})"
    if sql.match is not None:
        tables += " JOIN mention_search ON mention_search.rowid = mentions.id"
        conditions += " AND mention_search MATCH :match"
    statement = f"SELECT mentions.id FROM {tables} WHERE {conditions}"
    return {mention for (mention,) in corpus.db.execute(statement, {**sql.parameters, "match": sql.match})}


def kinds(node: Node) -> Iterator[type]:
    yield type(node)
    for term in node.terms if isinstance(node, And | Or) else (node.term,) if isinstance(node, Not) else ():
        yield from kinds(term)


def test_predicate_and_sql_agree_on_generated_queries(corpus: Corpus, capsys: pytest.CaptureFixture[str]) -> None:
    random = Random(3)
    nodes: Counter[type] = Counter()
    queries: dict[str, Query] = {}
    while len(queries) < QUERIES:
        made = Query(make_query(random, corpus))
        queries[str(made)] = parse(str(made))
        nodes.update(kinds(made.root))
    holds = {text: compile_query(query, variants) for text, query in queries.items()}
    # Mention by mention, as a daemon asks its routes, and for the same reason: the words of a text are kept.
    expected: dict[str, set[int]] = {text: set() for text in queries}
    for mention, facts in corpus.facts.items():
        for text in queries:
            if holds[text](facts):
                expected[text].add(mention)
    for text, query in queries.items():
        assert str(query) == text
        assert by_sql(corpus, query) == expected[text], text
    sizes = Counter("none" if not hits else "all" if len(hits) == POSTS else "some" for hits in expected.values())
    with capsys.disabled():
        print(f"\n{len(queries)} queries over {POSTS} posts: predicate and SQL agree; hits: {dict(sizes)}")
    assert sizes["some"] > QUERIES / 2
    assert min(nodes[kind] for kind in (*LEAVES, Not, And, Or)) >= 100, nodes


def alone(random: Random, corpus: Corpus, kind: type) -> Node:
    while type(node := make_query(random, corpus, depth=0)) is not kind:
        pass
    return node


@pytest.mark.parametrize("kind", [kind for kind in LEAVES if kind is not Everything], ids=lambda kind: kind.__name__)
def test_each_sort_of_term_agrees_alone_and_with_not(corpus: Corpus, kind: type) -> None:
    random = Random(4)
    some = 0
    for _ in range(60):
        query = Query(alone(random, corpus, kind))
        expected = by_predicate(corpus, query)
        assert by_sql(corpus, query) == expected, str(query)
        assert by_sql(corpus, Query(Not(query.root))) == set(corpus.facts) - expected, str(query)
        some += 0 < len(expected) < POSTS
    assert some >= 10


@pytest.mark.parametrize("field", sorted(RECKONED_FIELDS))
@pytest.mark.parametrize("value", ["yes", "no"])
def test_what_is_reckoned_from_probabilities_agrees_alone_with_not_and_among_others(
    corpus: Corpus, field: str, value: str
) -> None:
    random = Random(5)
    asked = Is(field, value)
    expected = by_predicate(corpus, Query(asked))
    assert POSTS / 20 < len(expected) < POSTS * 19 / 20
    assert by_sql(corpus, Query(asked)) == expected
    assert by_sql(corpus, Query(Not(asked))) == set(corpus.facts) - expected
    for _ in range(40):
        other = make_query(random, corpus)
        for query in (Query(And((asked, other))), Query(Or((other, asked))), Query(Not(Or((other, asked))))):
            assert by_sql(corpus, query) == by_predicate(corpus, query), str(query)
