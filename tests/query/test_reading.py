"""The filter language: what it reads, and what it says when it cannot be read."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta

import pytest

from monitor.errors import QueryError
from monitor.query import And, Compare, Everything, Exact, Is, Near, Node, Not, Or, Phrase, Query, Time, Word, parse
from monitor.query.reading import MAX_DEPTH, MAX_LENGTH

A, B, C = Word("a"), Word("b"), Word("c")


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
        ("=Word", Exact("Word")),
        ('="Two Words"', Exact("Two Words")),
        ("=C++", Exact("C++")),
        ("a =Word", And((A, Exact("Word")))),
        ("priority =5", Compare("priority", "=", 5)),
        ("title:a", Word("a", "title")),
        ('title: "a b"', Phrase("a b", "title")),
        ("title:=Word", Exact("Word", "title")),
        ('Title:="Two Words"', Exact("Two Words", "title")),
        ("a near/5 b", Near("a", "b", 5)),
        ("a NEAR/5 b", Near("a", "b", 5)),
        ("c a near/1 b c", And((C, Near("a", "b", 1), C))),
        ("NOT a near/100 b", Not(Near("a", "b", 100))),
        ("a near/2 b OR c", Or((Near("a", "b", 2), C))),
        ("since:7d", Time("since", timedelta(days=7))),
        ("before:1y2w3d4h5m", Time("before", timedelta(days=382, hours=4, minutes=5))),
        ("since:2026-01-31", Time("since", datetime(2026, 1, 31, tzinfo=UTC))),
        ("since:2026-01-31T10:00Z", Time("since", datetime(2026, 1, 31, 10, tzinfo=UTC))),
        ("before:2026-01-31T01:30:15+03:00", Time("before", datetime(2026, 1, 30, 22, 30, 15, tzinfo=UTC))),
        ("case:legal_threat", Is("case", "legal_threat")),
        ("a # b", A),
        ("a #", A),
        ("# first\n# second\r\na # third\nOR\n b", Or((A, B))),
        ("#tag c# x", And((Word("#tag"), Word("c#"), Word("x")))),
        ('"a # b" c', And((Phrase("a # b"), C))),
        ("(# why\na)", A),
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
        ("alarming>0.5", 0, "alarming is text; write alarming:0.5"),
        ("unsure:0.5", 7, "unsure cannot be '0.5' (it is one of yes, no)"),
        ("influence>=many", 11, "influence compares with a number, not with 'many'"),
        ("influence>=170", 11, "influence runs from 0 to 100"),
        ("relevance>=70", 11, "relevance runs from 0 to 1"),
        ("rating<=-1", 8, "rating compares with a number, not with '-1'"),
        ("rating<=0", 8, "rating runs from 1 to 5"),
        ("rating:6", 7, "rating runs from 1 to 5"),
        ("special:vip", 0, "there is no field 'special' (write case:)"),
        ("stars<=2", 0, "there is no field 'stars' (write rating=)"),
        ("text:late", 0, "there is no field 'text' (a word without a field is looked for in title and text)"),
        ("title=late", 0, "title is text; write title:late"),
        ("title:", 6, "title: needs a value"),
        ("title:(a b)", 6, "title: needs a value"),
        ("title:lat*", 6, "* stands alone, for everything; there are no wildcards"),
        ("title:a near/3 b", 0, "near stands between two single words, as in late near/5 delivery"),
        ("since:7", 6, "a duration needs a unit; write since:7d (one of y, w, d, h, m)"),
        ("since:", 6, "since: needs a value"),
        ('since:""', 6, "since takes 7d (units y, w, d, h, m), 2026-01-31 or 2026-01-31T10:00Z, not ''"),
        ("since:7s", 6, "since takes 7d (units y, w, d, h, m), 2026-01-31 or 2026-01-31T10:00Z, not '7s'"),
        ("since:1d2w", 6, "since takes 7d (units y, w, d, h, m), 2026-01-31 or 2026-01-31T10:00Z, not '1d2w'"),
        ("before:101y", 7, "100y is the longest duration"),
        ("before:99999999y", 7, "100y is the longest duration"),
        ("since>=7d", 0, "since is time; write since:7d"),
        ("since:2026-02-30", 6, "there is no such moment as 2026-02-30"),
        ("since:0001-01-01T00:00+05:00", 6, "there is no such moment as 0001-01-01T00:00+05:00"),
        (
            "since:2026-01-31T10:00",
            6,
            "a time needs its zone; write 2026-01-31T10:00Z for UTC, or an offset such as +03:00",
        ),
        ("site:https://forum.invalid/x", 5, "site takes a domain alone, as in site:example.org"),
        ("site:forum.invalid:443", 5, "site takes a domain alone, as in site:example.org"),
        ("site:.", 5, "site: needs a value"),
        ("brand:\u200b", 6, "brand: needs a value"),
        ("= a", 0, '= needs what it looks for at once, as in =Word or ="Two Words"'),
        ("a OR =", 5, '= needs what it looks for at once, as in =Word or ="Two Words"'),
        ("=++", 0, "there is no letter or digit to look for"),
        ("a near b", 2, 'near needs a number of words, as in near/5; to search the word, write "near"'),
        ("near b", 0, 'operators are written near/5; to search the word, write "near"'),
        ("a near/ b", 2, "near needs a number of words, as in near/5"),
        ("a near/five b", 2, "near needs a number of words, as in near/5"),
        ("a near/٣ b", 2, "near needs a number of words, as in near/5"),
        ("a near/999999999999 b", 2, "near needs a number of words, as in near/5"),
        ("a near/101 b", 2, "near reaches over 100 words at most"),
        (
            "a near/0 b",
            2,
            'near/0 leaves no room; for words side by side write "two words", for any order near/1',
        ),
        ("near/5 b", 0, "near/5 has nothing to its left"),
        ("a near/5", 8, "a term is missing here"),
        ("a near/5 (b)", 9, "near stands between two single words, as in late near/5 delivery"),
        ("a near/5 NOT b", 9, "near stands between two single words, as in late near/5 delivery"),
        ("wi-fi near/5 b", 0, "near stands between two single words, as in late near/5 delivery"),
        ('a near/5 "b c"', 9, "near stands between two single words, as in late near/5 delivery"),
        ("brand:x near/5 b", 0, "near stands between two single words, as in late near/5 delivery"),
        ("a near/5 А near/2 b", 11, "near joins two words; join the next pair by AND: a near/5 b AND b near/5 c"),
        ("a near/5 A", 9, "near takes two different words"),
        (
            "# all of it",
            11,
            "the filter is empty (write * for everything); the comment at character 1 runs to the end of the line",
        ),
        ("a AND # b", 9, "a term is missing here; the comment at character 7 runs to the end of the line"),
        ("(a # b)", 0, "a ( that is never closed; the comment at character 4 runs to the end of the line"),
        ("brand: # x", 10, "brand: needs a value; the comment at character 8 runs to the end of the line"),
        ("# x\na AND", 9, "a term is missing here"),
        ("a \udcff", 2, "half a character: the text is no UTF-8"),
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
    with pytest.raises(QueryError, match=r"fields are brand, .*, before; quote it to search the words"):
        parse("https://x.invalid/a")


def test_terms_are_the_leaves_in_order() -> None:
    assert parse("a OR NOT (b brand:x)").terms() == (A, B, Is("brand", "x"))


def test_a_query_can_be_sent_to_another_process() -> None:
    query = parse('sentiment:negative OR "a b"')
    assert pickle.loads(pickle.dumps(query)) == query


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("since:1w", "since:7d"),
        ("since:90m", "since:90m"),
        ("since:48h", "since:2d"),
        ("since:52559999m", "since:52559999m"),
        ("before:730d", "before:2y"),
        ("since:0m", "since:0d"),
        ("before:2026-01-31T00:00:00Z", "before:2026-01-31"),
        ("before:2026-01-31T10:00:07Z", "before:2026-01-31T10:00:07Z"),
        ("a  NEAR/3   b # why", "a near/3 b"),
        ('="Word"', "=Word"),
        ('title:="a b"', 'title:="a b"'),
        ("(a b) OR (c)", "a AND b OR c"),
    ],
)
def test_printing(text: str, printed: str) -> None:
    assert str(parse(text)) == printed
    assert parse(printed) == parse(text)


def test_a_value_that_would_begin_a_comment_is_printed_in_quotes() -> None:
    assert str(parse('brand:"#"')) == 'brand:"#"'
