"""Posts and queries made up by chance from one seed, and a real database that holds the posts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import exp
from typing import TYPE_CHECKING

from monitor.alerting.routes import facts_of
from monitor.models import (
    ALERT_BIAS,
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
from monitor.query import And, Compare, Everything, Exact, Facts, Is, Near, Node, Not, Or, Phrase, Time, Word
from monitor.query.nodes import NUMBER_FIELDS, TEXT_FIELDS
from monitor.store import Store, open_writer
from monitor.store.search import index_mention, register
from monitor.text import words
from tests.query.tongues import TONGUES, lemmatise

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from random import Random

    from sqlite_utils import Database

NOW = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)

FORMS = [form for lemmas in TONGUES.values() for spellings in lemmas.values() for form in spellings]
ODDITIES = [
    "wi-fi",
    "Wi-Fis",
    "C++",
    "node.js",
    "№5",
    "🔥",
    "АО",
    "ао",
    "Ёлку",
    "NEAR",
    "AND",
    "title",
    '"',
    "*",
    "a_b",
]
ODDITIES += [
    "скла\u00adд",
    "ＡＢＣ",
    "2026",
    "Store,",
    "(leaves)",
    "stores—store",
    "\u0000x",
    "…",
    "Kasse!\nKassen",
    "²",
]
BRANDS = ["Кассолёт", "Kassolet", "Acme & Co.", "X"]
SOURCES = ["habr", "forum-1", "Отзывы"]
AUTHORS = [None, "Анна К.", "анна к.", 'Bob "x" O’Neil', "a*b", "NEAR(a b, 3)", "title : x", "ёж", "ЕЖ", "🔥", " ", "-"]
SITES = [None, "https://forum.example.org/t/1", "http://example.org", "https://www.habr.com/ru/", "https://пример.рф/a"]
SITES += ["https://xn--e1afmkfd.xn--p1ai/b", "http://127.0.0.1:5000/x", "https://a.b.c.d.e.f.g.h.i.example.org/"]
LANGS = [None, "ru", "en", "de", "uk", "en-GB"]
CASES = ["legal_threat", "vip", "rude staff"]
WANTED_SITES = ["example.org", "org", "forum.example.org", "habr.com", "пример.рф", "0.0.1", "absent.example"]
MOMENTS: list[datetime | timedelta] = [timedelta(days=30), timedelta(days=200), timedelta(hours=5), timedelta(0)]
MOMENTS += [
    datetime(2026, 6, 1, tzinfo=UTC),
    datetime(2026, 9, 30, 23, 59, tzinfo=UTC),
    datetime(2020, 1, 1, tzinfo=UTC),
]


@dataclass(frozen=True, slots=True)
class Corpus:
    db: Database
    facts: dict[int, Facts]
    """By the id of the mention."""


def make_text(random: Random, most: int) -> str:
    """A few words, some of them said twice, with odd ones between and any case."""
    text = ""
    for _ in range(random.randint(0, most)):
        word = random.choice(ODDITIES) if random.random() < 0.2 else random.choice(FORMS)
        case: Callable[[str], str] = random.choice((str, str, str.capitalize, str.upper))
        text += random.choice(["", "", "", "«"]) + case(word) + random.choice([" ", " ", " ", ", ", "\n", ". ", "  "])
    return text


def make_post(random: Random, number: int) -> Post:
    rating = random.choice([None, None, 1.0, 1.5, 2.0, 3.3, 4.0, 5.0])
    published = random.choice([None, NOW - timedelta(seconds=random.randrange(300 * 86400), microseconds=1)])
    return Post(
        native_id=str(number),
        url=random.choice(SITES),
        title=make_text(random, 6).strip(),
        text=make_text(random, 25),
        author=Author(name=random.choice(AUTHORS)),
        published=random.choice([published, NOW - timedelta(days=30)]),
        rating=rating,
        type=random.choice(list(PostType)),
        lang=random.choice(LANGS),
    )


def make_sentiment(random: Random) -> Sentiment:
    """Any probabilities, often at a bound of what is unsure or alarming; the label follows nothing."""
    positive = random.choice([random.random(), 0.5, 0.4999, 1.0])
    rest = 1 - positive
    # What is exactly as alarming as the positive is likely, with nothing left to be neutral, and one more at random.
    negative = random.choice([rest * random.random(), min(rest, positive / exp(ALERT_BIAS)), rest, 0.0])
    shares = {"negative": negative, "neutral": rest - negative, "positive": positive}
    return Sentiment(label=random.choice(list(Label)), **shares)


def make_mention(random: Random) -> Mention:
    cases = random.sample(CASES, random.choice([0, 0, 1, 2]))
    return Mention(
        brand=random.choice(BRANDS),
        relevance=random.choice([0.25, 0.8, 1.0, round(random.random(), 3)]),
        doubtful=random.random() < 0.3,
        spans=(),
        sentiment=make_sentiment(random),
        special_cases=tuple(
            SpecialCase(name=name, level=Level.HIGH, rule="r", field="text", start=0, end=1) for name in cases
        ),
        influence=random.choice([0, 50, 70, 100, random.randrange(101)]),
        priority=random.randrange(101),
        why=(),
    )


def build(path: Path, random: Random, *, posts: int) -> Corpus:
    """A database with so many posts, each mentioning one brand, and what a predicate is told of each mention."""
    db = open_writer(path)
    register(db)
    store = Store(db)
    sources = [Source(name=name, kind="feed", url="https://example.org/", options=None) for name in SOURCES]
    store.sync_sources(sources, dict.fromkeys(SOURCES, "example.org:443"), NOW)
    ids = {row["name"]: int(row["id"]) for row in db.query("SELECT id, name FROM sources")}
    facts: dict[int, Facts] = {}
    with store.transaction():
        for number in range(posts):
            post, mention, source = make_post(random, number), make_mention(random), random.choice(SOURCES)
            lemmas = Lemmas(title=lemmatise(post.title, post.lang), text=lemmatise(post.text, post.lang))
            post_id = store.add_post(ids[source], post, identities=[f"id:{number}"], now=NOW)
            assert post_id is not None
            mention_id = store.add_mention(post_id, mention, decision="", lemmas=lemmas, now=NOW)
            index_mention(db, mention_id, lemmas)
            facts[mention_id] = facts_of(post, mention, lemmas=lemmas, source=source, now=NOW)
    return Corpus(db, facts)


# ── Queries ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def make_query(random: Random, corpus: Corpus, depth: int = 3) -> Node:
    chance = random.random()
    if depth == 0 or chance < 0.35:
        return make_leaf(random, corpus)
    if chance < 0.5:
        return Not(make_query(random, corpus, depth - 1))
    several = tuple(make_query(random, corpus, depth - 1) for _ in range(random.randint(2, 3)))
    return And(several) if random.random() < 0.5 else Or(several)


def make_leaf(random: Random, corpus: Corpus) -> Node:
    sort = random.choice([*LEAVES, Word, Is])
    said = random.choice(["title", "text"])
    text = str(random.choice(list(corpus.facts.values()))[said])
    field = "title" if random.random() < 0.25 else ""
    if sort is Word:
        return Word(
            _case(random, random.choice([*FORMS, *FORMS, "wi-fi", "wi.FIS", "node.js", "absent", "C++"])), field
        )
    if sort is Phrase:
        found = words(text)
        start = random.randrange(len(found) + 1)
        return Phrase(" ".join(found[start : start + random.randint(1, 3)]) or "чек", field)
    if sort is Exact:
        spelt = text.split()
        start = random.randrange(len(spelt) + 1)
        phrase = " ".join(spelt[start : start + random.choice([1, 1, 1, 2])]).strip("«.,\0")
        return Exact(_case(random, phrase) if words(phrase) else random.choice(FORMS), field)
    if sort is Near:
        left, right = (_case(random, word) for word in random.sample(FORMS, 2))
        return Near(left, right, random.randint(1, 12)) if words(left) != words(right) else Word(left)
    return make_fact(random, sort)


def make_fact(random: Random, sort: type[Node]) -> Node:
    if sort is Compare:
        field = random.choice(list(NUMBER_FIELDS))
        low, high = NUMBER_FIELDS[field]
        number = random.choice([low, high, low + (high - low) / 4, 0.8 if high == 1 else (low + high) // 2])
        return Compare(field, random.choice([">=", "<=", "!=", "=", ">", "<"]), float(number))
    if sort is Time:
        return Time(random.choice(["since", "before"]), random.choice(MOMENTS))
    if sort is Is:
        field = random.choice(list(TEXT_FIELDS))
        free: Mapping[str, Sequence[str | None]] = {
            "brand": BRANDS,
            "source": SOURCES,
            "author": AUTHORS,
            "site": WANTED_SITES,
            "lang": LANGS,
            "case": CASES,
        }
        values = [value for value in free.get(field, TEXT_FIELDS[field]) if value and value.strip()]
        value = random.choice(values)
        return Is(field, value if TEXT_FIELDS[field] else _case(random, value))
    return Everything()


LEAVES: tuple[type[Node], ...] = (Everything, Word, Phrase, Exact, Near, Is, Compare, Time)


def _case(random: Random, text: str) -> str:
    case: Callable[[str], str] = random.choice((str, str, str, str.lower, str.upper))
    return case(text)
