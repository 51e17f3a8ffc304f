"""Facts as tokens of the search index."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.query.facets import ALL, facet, facets_of
from monitor.text import fold


def tokens_in_index(text: str) -> set[str]:
    with sqlite3.connect(":memory:") as db:
        db.execute("CREATE VIRTUAL TABLE made USING fts5 (facets, tokenize = 'ascii')")
        db.execute("CREATE VIRTUAL TABLE terms USING fts5vocab (made, row)")
        db.execute("INSERT INTO made VALUES (?)", (text,))
        found = {term for (term,) in db.execute("SELECT term FROM terms")}
    db.close()
    return found


def test_every_fact_is_one_token_of_the_index() -> None:
    facts = {
        "brand": "Acme & Co.",
        "source": "forum-1",
        "author": 'Bob "x" O’Neil',
        "site": "https://www.forum.example.org:8080/t?a=b",
        "lang": "ru",
        "sentiment": "negative",
        "type": "review",
        "case": ["legal_threat", "vip"],
        "doubtful": True,
        "influence": 70,
        "text": "words",
    }
    expected = {ALL, facet("brand", "acme & co."), facet("source", "forum-1"), facet("author", 'BOB "X" O’Neil')}
    expected |= {facet("site", domain) for domain in ("forum.example.org", "example.org", "org")}
    expected |= {facet("lang", "ru"), facet("sentiment", "negative"), facet("type", "review"), facet("doubtful", "yes")}
    expected |= {facet("case", "legal_threat"), facet("case", "vip")}
    assert tokens_in_index(facets_of(facts)) == expected


@pytest.mark.parametrize("facts", [{}, {"author": None, "site": None, "lang": "", "case": [], "brand": " \u200b"}])
def test_what_is_not_known_has_no_token(facts: dict[str, object]) -> None:
    assert facets_of(facts) == ALL


def test_a_token_is_spelt_so() -> None:
    assert facet("author", "Анна К.") == "author\ue03aанна\ue020к\ue02e"
    assert facet("site", "www.Example.org") == "site\ue03aexample\ue02eorg"
    assert facet("author", "\ud800") == "author\ue03a\ufffd"


@given(value=st.text(alphabet=st.characters(), min_size=1, max_size=20))
def test_any_value_is_one_token(value: str) -> None:
    token = facet("author", value)
    token.encode()
    if fold(value):
        assert tokens_in_index(token) == {token}


def test_an_endless_value_is_cut_below_the_longest_token_of_the_index() -> None:
    token = facet("author", "я" * 60_000)
    assert tokens_in_index(token) == {token}
