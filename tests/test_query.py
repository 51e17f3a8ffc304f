"""The filter language: what it reads, what it means, what it says when it cannot be read."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import QueryError
from monitor.query import (
    And,
    Compare,
    Everything,
    Is,
    Node,
    Not,
    Or,
    Phrase,
    Query,
    Word,
    compile_query,
    explain,
    parse,
)
from monitor.query.nodes import NUMBER_FIELDS, TEXT_FIELDS
from monitor.query.reading import MAX_DEPTH, MAX_LENGTH

A, B, C = Word("a"), Word("b"), Word("c")

FACTS = {
    "title": "Кассолёт: чек не печатается",
    "text": "Писал трижды, ответа нет. Support of node.js is broken!",
    "brand": "Кассолёт",
    "source": "habr",
    "author": "Анна К.",
    "site": "https://m.forum.invalid/topic/7",
    "lang": "ru",
    "type": "review",
    "special": ["legal_threat", "vip"],
    "sentiment": "negative",
    "doubtful": False,
    "influence": 70,
    "priority": 55,
    "rating": None,
    "relevance": 0.8,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", A),
        ("*", Everything()),
        ('"a b"', Phrase("a b")),
        ('"say \\"no\\" \\\\ \\n"', Phrase('say "no" \\ \\n')),
        ("a b", And((A, B))),
        ("a AND b c", And((A, B, C))),
        ("a OR b c", Or((A, And((B, C))))),
        ("a b OR c", Or((And((A, B)), C))),
        ("(a OR b) c", And((Or((A, B)), C))),
        ("a OR(b)", Or((A, B))),
        ("NOT a b", And((Not(A), B))),
        ("NOT(a b)", Not(And((A, B)))),
        ("NOT NOT a", Not(Not(A))),
        ("(a b) c", And((And((A, B)), C))),
        ("sentiment:Negative", Is("sentiment", "negative")),
        ("SENTIMENT:negative", Is("sentiment", "negative")),
        ('brand:"Мой Склад"', Is("brand", "Мой Склад")),
        ("brand: МойСклад", Is("brand", "МойСклад")),
        ("author:OR", Is("author", "OR")),
        ("influence>=70", Compare("influence", ">=", 70)),
        ("influence >= 70", Compare("influence", ">=", 70)),
        ("rating:5", Compare("rating", "=", 5)),
        ("relevance!=0.25", Compare("relevance", "!=", 0.25)),
        ("12:30 c++", And((Word("12:30"), Word("c++")))),
        ("\n a\t\n", A),
    ],
)
def test_reading(text: str, expected: Node) -> None:
    assert parse(text) == Query(expected)


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("", 0, "the filter is empty (write * for everything)"),
        ("  ", 2, "the filter is empty (write * for everything)"),
        ("sentimnt:negative", 0, "there is no field 'sentimnt' (did you mean sentiment?)"),
        ("a AND brnd:x", 6, "there is no field 'brnd' (did you mean brand?)"),
        ("sentiment:bad", 10, "sentiment cannot be 'bad' (it is one of negative, neutral, positive)"),
        ("type:tweet", 5, "type cannot be 'tweet' (it is one of post, comment, review, article, video, email)"),
        ("doubtful:maybe", 9, "doubtful cannot be 'maybe' (it is one of yes, no)"),
        ("influence>=many", 11, "influence compares with a number, not with 'many'"),
        ("influence>=170", 11, "influence runs from 0 to 100"),
        ("relevance>=70", 11, "relevance runs from 0 to 1"),
        ("rating<=-1", 8, "rating compares with a number, not with '-1'"),
        ("brand>=3", 0, "brand is text; write brand:3"),
        ("brand:", 6, "brand: needs a value"),
        ("brand: (a)", 7, "brand: needs a value"),
        ('brand:" "', 6, "brand: needs a value"),
        ("a OR", 4, "a term is missing here"),
        ("a AND", 5, "a term is missing here"),
        ("NOT", 3, "a term is missing here"),
        ("()", 1, "a term is missing here"),
        ("OR a", 0, "OR has nothing to its left"),
        ("a AND AND b", 6, "AND has nothing to its left"),
        ("a (b", 2, "a ( that is never closed"),
        ("a) b", 1, "a ) without its ("),
        ('a "b', 2, "a quote that is never closed"),
        ('""', 0, "there is no letter or digit to look for"),
        ("a ++", 2, "there is no letter or digit to look for"),
        ('a"b"', 1, "a quote inside a word; put a space before it or quote the whole value"),
        ('brand:Мой"Склад"', 9, "a quote inside a word; put a space before it or quote the whole value"),
        ("a or b", 2, 'operators are written OR; to search the word, write "or"'),
        ("not a", 0, 'operators are written NOT; to search the word, write "not"'),
        ("a -b", 2, "to exclude a word, write NOT b"),
        ("!b", 0, "to exclude a word, write NOT b"),
        ("скла*", 0, "* stands alone, for everything; there are no wildcards"),
        ("(" * 41 + "a" + ")" * 41, 40, f"more than {MAX_DEPTH} levels of parentheses and NOT"),
        ("a" * (MAX_LENGTH + 1), MAX_LENGTH, f"the filter is longer than {MAX_LENGTH} characters"),
    ],
)
def test_mistakes_point_at_the_character(text: str, position: int, message: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert (caught.value.position, caught.value.message) == (position, message)


def test_a_field_far_from_all_others_lists_them() -> None:
    with pytest.raises(QueryError, match=r"fields are brand, .*, relevance; quote it to search the words"):
        parse("https://x.invalid/a")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*", True),
        ("кассолет", True),
        ("КАССОЛЁТ", True),
        ("касса", False),
        ("касс", False),
        ("node.js", True),
        ("node", True),
        ('"чек не печатается"', True),
        ('"печатается писал"', False),  # the end of the title and the beginning of the text are not side by side
        ('"ответа, нет"', True),
        ("brand:кассолет", True),
        ("brand:Касса", False),
        ("source:HABR", True),
        ('author:"анна к."', True),
        ("author:анна", False),
        ("site:forum.invalid", True),
        ("site:www.m.forum.invalid", True),
        ("site:um.invalid", False),
        ("site:forum", False),
        ("lang:RU", True),
        ("type:review", True),
        ("special:vip", True),
        ("special:churn", False),
        ("sentiment:negative", True),
        ("doubtful:no", True),
        ("doubtful:yes", False),
        ("influence>=70", True),
        ("influence>70", False),
        ("influence<71", True),
        ("influence<=69", False),
        ("influence:70", True),
        ("influence!=70", False),
        ("relevance>=0.8", True),
        ("rating<=2", False),
        ("NOT rating<=2", True),
        ("sentiment:positive OR influence>=70", True),
        ("sentiment:negative influence>=71", False),
        ("NOT (sentiment:positive OR influence>70)", True),
    ],
)
def test_meaning(text: str, expected: bool) -> None:
    query = parse(text)
    assert query.matches(FACTS) is expected
    assert compile_query(query)(FACTS) is expected
    assert parse(f"NOT ({text})").matches(FACTS) is not expected


@pytest.mark.parametrize("field", [*TEXT_FIELDS, *NUMBER_FIELDS])
def test_what_is_not_known_fails(field: str) -> None:
    allowed = TEXT_FIELDS.get(field) or ("1",)
    query = parse(f"{field}:{allowed[0]}")
    assert not query.matches({})
    assert not query.matches({field: None})


def test_a_site_may_be_given_as_a_host_and_never_breaks() -> None:
    assert parse("site:forum.invalid").matches({"site": "M.Forum.invalid"})
    assert not parse("site:forum.invalid").matches({"site": "http://[half"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sentiment:negative OR influence>=90", "yes: sentiment:negative (it is negative)"),
        ("sentiment:positive OR influence>=90", "no: sentiment:positive (it is negative), influence>=90 (it is 70)"),
        ("lang:ru rating<=2 influence>=90", "no: rating<=2 (not known)"),
        ("чек doubtful:no", "yes: чек (said), doubtful:no (it is no)"),
        ("NOT чек", "no: чек (said)"),
        ('NOT ("чек есть" OR lang:en)', 'yes: "чек есть" (not said), lang:en (it is ru)'),
        ("special:churn", "no: special:churn (it is legal_threat, vip)"),
        ("*", "yes: *"),
    ],
)
def test_explaining_names_the_terms_that_decided(text: str, expected: str) -> None:
    assert explain(parse(text), FACTS) == expected


def test_terms_are_the_leaves_in_order() -> None:
    assert parse("a OR NOT (b brand:x)").terms() == (A, B, Is("brand", "x"))


def test_a_query_can_be_sent_to_another_process() -> None:
    query = parse('sentiment:negative OR "a b"')
    assert pickle.loads(pickle.dumps(query)) == query


# ── Properties ──────────────────────────────────────────────────────────────────────────────────────────────────────

ALPHABET = 'abя1ё ()"\\*-!:<>=.,@AND OR NOT brand sentiment influence rating \t\n'
WORDS = st.from_regex(r"[a-zа-яё0-9][a-zа-яё0-9.+#]{0,8}", fullmatch=True).filter(
    lambda w: w not in {"and", "or", "not"}
)
VALUES = st.text(min_size=1, max_size=12).filter(lambda value: bool(value.strip()))
PHRASES = st.text(max_size=12).map(lambda text: f"а{text}")


def is_field() -> st.SearchStrategy[Node]:
    free = st.tuples(st.sampled_from([name for name, values in TEXT_FIELDS.items() if not values]), VALUES)
    limited = st.sampled_from([(name, value) for name, values in TEXT_FIELDS.items() for value in values])
    return (free | limited).map(lambda pair: Is(*map(str, pair)))


def comparison(name: str) -> st.SearchStrategy[Node]:
    low, high = NUMBER_FIELDS[name]
    numbers = st.integers(low, high).map(float) | st.integers(low * 1000, high * 1000).map(lambda n: n / 1000)
    return st.builds(Compare, st.just(name), st.sampled_from([">=", "<=", "!=", "=", ">", "<"]), numbers)


LEAVES: st.SearchStrategy[Node] = (
    st.just(Everything())
    | WORDS.map(Word)
    | PHRASES.map(Phrase)
    | is_field()
    | st.sampled_from(sorted(NUMBER_FIELDS)).flatmap(comparison)
)


def connected(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(inner, min_size=2, max_size=4).map(tuple)
    return inner.map(Not) | several.map(And) | several.map(Or)


NODES = st.recursive(LEAVES, connected, max_leaves=12)


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=60) | st.text(alphabet=ALPHABET, max_size=60))
def test_reading_raises_nothing_but_query_errors(text: str) -> None:
    try:
        query = parse(text)
    except QueryError as error:
        position = error.position
    else:
        assert parse(str(query)) == query
        position = 0
    assert 0 <= position <= len(text)


@settings(max_examples=300, deadline=None)
@given(node=NODES)
def test_printing_and_reading_again_gives_the_same_filter(node: Node) -> None:
    assert parse(str(Query(node))) == Query(node)


@settings(max_examples=200, deadline=None)
@given(node=NODES, title=st.text(max_size=20), influence=st.none() | st.integers(0, 100))
def test_the_explanation_agrees_with_the_answer(node: Node, title: str, influence: int | None) -> None:
    facts = {"title": title, "influence": influence, "brand": "а", "sentiment": "neutral", "doubtful": True}
    holds = Query(node).matches(facts)
    assert explain(Query(node), facts).startswith("yes: " if holds else "no: ")
    assert Query(Not(node)).matches(facts) is not holds
