"""What a filter means, as a predicate over facts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.query import Query, compile_query, explain, parse, spelt, words_of
from monitor.query.meaning import MOST_READINGS, readings, stamp
from monitor.query.nodes import NUMBER_FIELDS, TEXT_FIELDS
from monitor.store.rows import to_text
from tests.query.tongues import lemmatise, variants

TITLE = "Кассолёт: чеки не работают"
TEXT = "Писал трижды, ответа нет. Support of Node.js left the stores;\nWi-Fis are gone. Склад и сталь…"
FACTS = {
    "title": TITLE,
    "text": TEXT,
    "title_lemmas": lemmatise(TITLE, "ru"),
    "text_lemmas": lemmatise(TEXT, "en"),
    "brand": "Кассолёт",
    "source": "habr",
    "author": "Анна К.",
    "site": "https://m.forum.invalid/topic/7",
    "lang": "ru",
    "type": "review",
    "case": ["legal_threat", "vip"],
    "sentiment": "negative",
    "doubtful": False,
    "unsure": True,
    "alarming": False,
    "influence": 70,
    "priority": 55,
    "rating": None,
    "relevance": 0.8,
    "at": datetime(2026, 11, 20, 10, 0, tzinfo=UTC),
    "now": datetime(2026, 11, 22, 12, 0, tzinfo=UTC),
}


def holds(query: Query, facts: dict[str, object] = FACTS) -> bool:
    return compile_query(query, variants)(facts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*", True),
        # words, in any inflection
        ("кассолет", True),
        ("КАССОЛЁТ", True),
        ("касса", False),
        ("касс", False),
        ("чек", True),
        ("чека", True),
        ("store", True),
        ("stored", True),
        ("leaves", True),  # of "leave", which "left" is
        ("leaf", False),
        ("стали", True),  # of «сталь» or of «стать»
        ("стать", False),
        # words of several parts
        ("node.js", True),
        ("node", True),
        ("js.node", False),
        ("wi-fi", True),
        ("fi-wi", False),
        ("нет-support", True),  # punctuation is no distance
        ("работают-писал", False),  # the end of the title and the beginning of the text are not side by side
        # phrases, as spelt
        ('"чеки не работают"', True),
        ('"чек не работает"', False),
        ('"ответа, НЕТ"', True),
        ('"store"', False),
        ('"работают писал"', False),
        # exactly as written
        ("=Support", True),
        ("=support", False),
        ("=Suppor", False),
        ("=Кассолёт", True),
        ("=Кассолет", False),
        ('="Node.js left"', True),
        ('="node.js left"', False),
        ('="stores; Wi-Fis"', True),  # any white space equals any other
        ('="stores Wi-Fis"', False),
        ("=Node.", True),
        # in the title only
        ("title:чек", True),
        ("title:support", False),
        ('title:"не работают"', True),
        ('title:"ответа нет"', False),
        ("title:=Кассолёт", True),
        ("title:=Support", False),
        # near each other
        ("support near/1 node", True),
        ("node near/1 support", True),
        ("support near/2 leave", False),
        ("supports near/3 leaves", True),
        ("писал near/9 чек", False),  # title and text are no neighbours
        # fields
        ("brand:кассолет", True),
        ("brand:Касса", False),
        ("source:HABR", True),
        ('author:"анна к."', True),
        ("author:анна", False),
        ("site:forum.invalid", True),
        ("site:www.m.forum.invalid", True),
        ("site:um.invalid", False),
        ("site:forum", False),
        ("site:invalid", True),
        ("lang:RU", True),
        ("type:review", True),
        ("case:vip", True),
        ("case:churn", False),
        ("sentiment:negative", True),
        ("doubtful:no", True),
        ("doubtful:yes", False),
        ("unsure:yes", True),
        ("unsure:NO", False),
        ("alarming:yes", False),
        ("alarming:no", True),
        # numbers
        ("influence>=70", True),
        ("influence>70", False),
        ("influence<71", True),
        ("influence<=69", False),
        ("influence:70", True),
        ("influence!=70", False),
        ("relevance>=0.8", True),
        ("rating<=2", False),
        ("rating>2", False),
        ("rating=4", False),
        ("rating!=4", False),
        ("NOT rating=4", True),
        # time
        ("since:3d", True),
        ("since:2d", False),
        ("since:50h", True),
        ("before:2d", True),
        ("before:50h", False),
        ("since:2026-11-20", True),
        ("since:2026-11-20T10:00Z", True),
        ("since:2026-11-20T10:01Z", False),
        ("before:2026-11-20T10:00Z", False),
        ("before:2026-11-20T13:01+03:00", True),
        ("before:2026-11-20", False),
        ("before:2026-11-21", True),
        # together
        ("sentiment:positive OR influence>=70", True),
        ("sentiment:negative influence>=71", False),
        ("NOT (sentiment:positive OR influence>70)", True),
        ("чек # NOT чек", True),
    ],
)
def test_meaning(text: str, expected: bool) -> None:
    assert holds(parse(text)) is expected
    assert holds(parse(f"NOT ({text}\n)")) is not expected


@pytest.mark.parametrize("field", [*TEXT_FIELDS, *NUMBER_FIELDS, "title", "since", "before"])
def test_what_is_not_known_fails(field: str) -> None:
    values = {"since": "1d", "before": "2026-01-31"} | {
        name: allowed[0] for name, allowed in TEXT_FIELDS.items() if allowed
    }
    query = parse(f"{field}:{values.get(field, '1')}")
    unknown = {"since": "at", "before": "at"}.get(field, field)
    assert not holds(query, {})
    assert not holds(query, {unknown: None})
    assert holds(Query(parse(f"NOT {query}").root), {})


def test_so_long_ago_needs_to_know_now() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert not holds(parse("since:100y"), {"at": at})
    assert holds(parse("since:100y"), {"at": at, "now": at})


def test_a_site_may_be_given_as_a_host_and_never_breaks() -> None:
    assert holds(parse("site:forum.invalid"), {"site": "M.Forum.invalid"})
    assert not holds(parse("site:forum.invalid"), {"site": "http://[half"})


def test_a_language_is_known_by_its_code_and_by_its_tag() -> None:
    for asked in ("pt", "pt-br", "PT-BR"):
        assert holds(parse(f"lang:{asked}"), {"lang": "pt-BR"})
    assert holds(parse("lang:pt"), {"lang": "pt_BR"})
    assert not holds(parse("lang:pt-BR"), {"lang": "pt"})


def test_a_site_is_known_by_its_letters_and_by_its_punycode() -> None:
    for asked in ("пример.рф", "xn--e1afmkfd.xn--p1ai", "рф"):
        assert holds(parse(f"site:{asked}"), {"site": "https://www.пример.рф/a"})
        assert holds(parse(f"site:{asked}"), {"site": "https://xn--e1afmkfd.xn--p1ai/a"})
    assert not holds(parse("site:пример.рф"), {"site": "https://xn--999999999/a"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sentiment:negative OR influence>=90", "yes: sentiment:negative (it is negative)"),
        ("sentiment:positive OR influence>=90", "no: sentiment:positive (it is negative), influence>=90 (it is 70)"),
        ("lang:ru rating<=2 influence>=90", "no: rating<=2 (not known)"),
        ("чек doubtful:no", "yes: чек (said), doubtful:no (it is no)"),
        ("alarming:yes OR unsure:no", "no: alarming:yes (it is no), unsure:no (it is yes)"),
        ("NOT чек", "no: чек (said)"),
        ('NOT ("чек есть" OR lang:en)', 'yes: "чек есть" (not said), lang:en (it is ru)'),
        ("case:churn", "no: case:churn (it is legal_threat, vip)"),
        ("=support", "no: =support (not said)"),
        ("support near/3 left", "yes: support near/3 left (said)"),
        ("since:1d", "no: since:1d (it is 2026-11-20T10:00:00.000Z)"),
        ("*", "yes: *"),
    ],
)
def test_explaining_names_the_terms_that_decided(text: str, expected: str) -> None:
    assert explain(parse(text), FACTS, variants) == expected


# ── Words ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_variants_are_asked_for_once_and_for_the_words_that_need_them() -> None:
    asked: list[str] = []

    def counting(word: str) -> frozenset[str]:
        asked.append(word)
        return variants(word)

    query = parse('Чеки OR wi-Fi OR ("в кассе" =Кассе title:Ёлки склад near/3 store brand:чек)')
    predicate = compile_query(query, counting)
    assert words_of(query) == {"чеки", "wi", "fi", "елки", "склад", "store"}
    assert sorted(asked) == sorted(words_of(query))
    predicate(FACTS)
    predicate(FACTS)
    assert len(asked) == 6


def many(word: str) -> frozenset[str]:
    return frozenset(f"{word}{number}" for number in range(20))


def test_a_word_with_too_many_readings_is_looked_for_as_spelt() -> None:
    assert len(readings("a-b", lambda word: frozenset({word, f"{word}s"})) or ()) == 4
    assert MOST_READINGS < 20 * 20
    assert readings("a-b", many) is None
    for text, title, lemmas in (("a-b", "A b", "x y"), ("a near/1 b", "b x a", "y z x")):
        predicate = compile_query(parse(text), many)
        assert predicate({"title": title, "title_lemmas": lemmas})
        assert not predicate({"title": "x y", "title_lemmas": "a0 b0"})


@pytest.mark.parametrize(
    ("line", "most", "expected"),
    [
        ("чек x склад", 1, True),
        ("склад x чек", 1, True),
        ("чек x y склад", 1, False),
        ("чек x y склад", 2, True),
        ("чек склад", 1, True),
        ("чек x x чек x x x склад чек", 1, True),
        ("чек", 9, False),
        ("", 9, False),
    ],
)
def test_near_counts_the_words_between(line: str, most: int, expected: bool) -> None:
    assert holds(parse(f"чек near/{most} склад"), {"text": line, "text_lemmas": line}) is expected


def test_one_word_may_be_both_words_of_near() -> None:
    assert holds(parse("стать near/1 сталь"), {"text": "стали", "text_lemmas": "стать"}) is False
    assert holds(parse("стали near/1 сталь"), {"text": "сталь", "text_lemmas": "сталь"}) is True


@pytest.mark.parametrize(
    ("text", "phrase", "expected"),
    [
        ("С++ и C++11", "C++", True),
        ("C++", "C", True),
        ("ABC", "B", False),
        ("A_B", "B", True),
        ("a\u00a0\n b", "a b", True),
        ("a  b", "a b", True),
        ("a.b", "a b", False),
        ("x (УРА) y", "(УРА)", True),
        ("a" * 100_000, "a" * 50, False),
    ],
)
def test_exact_spelling(text: str, phrase: str, expected: bool) -> None:
    assert spelt(text, phrase) is expected


def test_a_moment_is_spelt_as_the_store_spells_it() -> None:
    moment = datetime(2026, 11, 22, 12, 0, 0, 999_999, tzinfo=UTC)
    for other in (moment, moment.replace(microsecond=0), moment - timedelta(days=20_000)):
        assert stamp(other) == to_text(other)
