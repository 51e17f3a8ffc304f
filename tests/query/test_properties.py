"""Properties of the filter language, on texts and queries made up by Hypothesis."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import QueryError
from monitor.query import (
    And,
    Compare,
    Everything,
    Exact,
    Is,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Query,
    Time,
    Word,
    compile_query,
    explain,
    parse,
)
from monitor.query.nodes import NUMBER_FIELDS, TEXT_FIELDS
from monitor.query.values import Unfit, is_value
from tests.query.tongues import lemmatise, variants

PIECES = [
    "a",
    "b",
    "ё",
    "1",
    "AND",
    "OR",
    "NOT",
    "(",
    ")",
    '"',
    "\\",
    "*",
    "-",
    "=",
    ":",
    "#",
    " ",
    "\n",
    "\0",
    "near/3",
    "near",
]
PIECES += [
    "title:",
    "since:",
    "7d",
    "2026-01-31",
    "T10:00Z",
    "rating",
    "<=",
    "4",
    "site:",
    "brand:",
    "sentiment:negative",
    ".",
]
ANY_CHARACTER = st.characters()  # lone surrogates too

WORDS = st.from_regex(r"[a-zа-яё0-9][a-zа-яё0-9.+#]{0,8}", fullmatch=True).filter(
    lambda w: w not in {"and", "or", "not", "near"}
)
VALUES = st.text(min_size=1, max_size=12)
PHRASES = st.text(max_size=12).map(lambda text: f"а{text}")
IN_TITLE = st.sampled_from(["", "title"])


def fits(field: str, value: str) -> bool:
    try:
        return bool(is_value(field, value))
    except Unfit:
        return False


def is_field() -> st.SearchStrategy[Node]:
    free = st.tuples(st.sampled_from([name for name, values in TEXT_FIELDS.items() if not values]), VALUES)
    limited = st.sampled_from([(name, value) for name, values in TEXT_FIELDS.items() for value in values])
    return (free.filter(lambda pair: fits(*pair)) | limited).map(lambda pair: Is(*map(str, pair)))


def comparison(name: str) -> st.SearchStrategy[Node]:
    low, high = NUMBER_FIELDS[name]
    numbers = st.integers(low, high).map(float) | st.integers(low * 1000, high * 1000).map(lambda n: n / 1000)
    return st.builds(Compare, st.just(name), st.sampled_from([">=", "<=", "!=", "=", ">", "<"]), numbers)


MOMENTS = st.integers(0, 10**6).map(lambda minutes: timedelta(minutes=minutes)) | st.datetimes(
    timezones=st.just(UTC)
).map(lambda moment: moment.replace(microsecond=0))
NEARS: st.SearchStrategy[Node] = st.builds(
    Near, st.sampled_from("abc"), st.sampled_from(["d", "E", "#f"]), st.integers(1, 100)
)
LEAVES: st.SearchStrategy[Node] = (
    st.just(Everything())
    | st.builds(Word, WORDS, IN_TITLE)
    | st.builds(Phrase, PHRASES, IN_TITLE)
    | st.builds(Exact, PHRASES, IN_TITLE)
    | NEARS
    | st.builds(Time, st.sampled_from(["since", "before"]), MOMENTS)
    | is_field()
    | st.sampled_from(sorted(NUMBER_FIELDS)).flatmap(comparison)
)


def connected(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(inner, min_size=2, max_size=4).map(tuple)
    return inner.map(Not) | several.map(And) | several.map(Or)


NODES = st.recursive(LEAVES, connected, max_leaves=12)


@settings(max_examples=600, deadline=None)
@given(
    text=st.text(max_size=60)
    | st.text(alphabet=ANY_CHARACTER, max_size=30)
    | st.lists(st.sampled_from(PIECES), max_size=25).map("".join)
    | st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join)
)
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
    facts = {
        "title": title,
        "title_lemmas": lemmatise(title, "ru"),
        "influence": influence,
        "brand": "а",
        "sentiment": "neutral",
        "doubtful": True,
        "at": datetime(2026, 1, 31, tzinfo=UTC),
        "now": datetime(2026, 11, 22, tzinfo=UTC),
    }
    holds = compile_query(Query(node), variants)(facts)
    assert explain(Query(node), facts, variants).startswith("yes: " if holds else "no: ")
    assert compile_query(Query(Not(node)), variants)(facts) is not holds
