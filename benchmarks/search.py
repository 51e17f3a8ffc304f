"""A million mentions: how long the newest hits, a search and a timeline take while a writer goes on inserting.

`python -m benchmarks.search [--mentions 1000000] [--seconds 60] [--keep FOLDER]`. The database is made in bulk, with
the real schema and real index rows, from an invented vocabulary (Russian and English syllables, Zipf's law, two forms
a word). Queries are those of people: written in the query language, compiled and run as `monitor search` and (the
timelines) `monitor stats --by day` do. Another process stores mentions all the while, a hundred a second, each in a
transaction. Exit 1 where the p95 of a newest-first query exceeds 20 ms.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import sys
import time
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from monitor.lemmas import VERSION
from monitor.models import Lemmas, Mention, Post, Sentiment
from monitor.models.judgements import Label, Level, SpecialCase
from monitor.models.settings import Source
from monitor.query import parse
from monitor.query.facets import facets_of
from monitor.query.ranges import ranges_of
from monitor.query.sql import Sql, compile_sql
from monitor.store import Reader, Store, open_reader, open_writer, stats
from monitor.store.search import is_everything

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.sharedctypes import Synchronized
    from multiprocessing.synchronize import Event
    from typing import TypeAlias

    from sqlite_utils import Database

    Row: TypeAlias = tuple[tuple[int, str, int, str, bool, int, int, int], tuple[str, str]]

TARGET = 0.020  # seconds, p95, newest first
VOCABULARY = 50_000  # words, two forms each
WORDS_PER_TEXT = 32
SOURCES, AUTHORS = 200, 40_000
BRANDS = {f"brand{number}": 0.5**number for number in range(1, 12)}  # half are of the first, 1 in 2,000 of the last
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SPAN = timedelta(days=730)
CHUNK = 10_000
RATE = 100  # mentions that the writer stores a second, each in a transaction of its own

_SYLLABLES = (
    ["ба", "ве", "ги", "до", "жу", "за", "ка", "ло", "ми", "не", "пра", "ру", "сто", "та", "у", "фе", "ше"],
    ["ba", "ce", "di", "fo", "gu", "ha", "jo", "ka", "li", "mo", "ne", "pra", "ru", "sto", "ta", "vo", "ze"],
)


@cache
def vocabulary() -> list[str]:
    """Invented words, Russian and English by turns, the most frequent first."""
    chance = random.Random(7)
    found: dict[str, None] = {}
    while len(found) < VOCABULARY:
        syllables = _SYLLABLES[len(found) % 2]
        found["".join(chance.choices(syllables, k=chance.choice((2, 3, 3, 4))))] = None
    return list(found)


def forms(word: str) -> tuple[str, str]:
    """How a word is spelt; its lemma is the first."""
    return word, word + ("ми" if word[0] > "z" else "ed")


def variants(word: str) -> frozenset[str]:
    """What `monitor.lemmas.variants` is to real words."""
    return frozenset({word.removesuffix("ми").removesuffix("ed") or word})


def texts(count: int, numbers: np.random.Generator, *, length: int = WORDS_PER_TEXT) -> Iterator[tuple[str, str]]:
    """Texts and their lemmas, word frequencies by Zipf's law."""
    weights = np.cumsum(1 / np.arange(1, VOCABULARY + 1) ** 1.05)
    words = np.array(vocabulary(), dtype=object)
    spelt = np.array([forms(word) for word in vocabulary()], dtype=object)
    for start in range(0, count, CHUNK):
        size = (min(CHUNK, count - start), length)
        drawn = np.searchsorted(weights, numbers.random(size) * weights[-1])
        written = spelt[drawn, numbers.integers(0, 2, size)]
        yield from zip(map(" ".join, written), map(" ".join, words[drawn]), strict=True)


@cache
def common_facets(brand: str, source: int, label: str, case: bool, russian: bool) -> str:
    return facets_of(
        {
            "brand": brand,
            "source": f"source{source}",
            "site": f"https://www.site{source}.test/",
            "lang": "ru" if russian else "en",
            "sentiment": label,
            "type": "review" if source % 4 == 0 else "post",
            "case": ["refund"] if case else [],
            "doubtful": False,
        }
    )


@cache
def author_facet(author: str) -> str:
    return facets_of({"author": author}).partition(" ")[2]


def columns_of(count: int, numbers: np.random.Generator) -> Iterator[tuple[int, str, int, str, bool, int, int, int]]:
    """Id, brand, source, sentiment, special case, influence, priority, author of each mention."""
    brands = np.array(list(BRANDS))
    weights = np.array(list(BRANDS.values()))
    drawn = zip(
        brands[np.searchsorted(np.cumsum(weights / weights.sum())[:-1], numbers.random(count))].tolist(),
        numbers.integers(0, SOURCES, count).tolist(),
        np.array(["negative", "neutral", "positive"])[numbers.integers(0, 3, count)].tolist(),
        (numbers.random(count) < 0.02).tolist(),
        np.minimum(numbers.exponential(15, count), 100).astype(int).tolist(),
        np.minimum(numbers.exponential(18, count), 100).astype(int).tolist(),
        numbers.integers(0, AUTHORS, count).tolist(),
        strict=True,
    )
    for number, row in enumerate(drawn, start=1):
        yield (number, *row)


def build(path: Path, count: int, *, length: int = WORDS_PER_TEXT) -> None:
    """The database, in bulk: the tables as the store fills them, the index rows as `index_mention` writes them."""
    db = open_writer(path)
    Store(db).sync_sources(
        [
            Source(name=f"source{n}", kind="feed", url=f"https://www.site{n}.test/feed", options=None)
            for n in range(SOURCES)
        ],
        {f"source{n}": f"site{n}.test:443" for n in range(SOURCES)},
        NOW,
    )
    numbers = np.random.default_rng(7)
    rows = zip(columns_of(count, numbers), texts(count, numbers, length=length), strict=True)
    for start in range(0, count, CHUNK):
        with db.atomic():
            insert(db, [next(rows) for _ in range(min(CHUNK, count - start))], count)
        if sys.stderr.isatty():
            print(f"\r{min(start + CHUNK, count):,} mentions", end="", file=sys.stderr)
    Store(db).close()


def insert(db: Database, rows: list[Row], count: int) -> None:
    """A chunk of mentions with their posts and index rows."""
    made = []
    for (number, brand, source, label, case, influence, priority, author), (text, lemmas) in rows:
        facets = common_facets(brand, source, label, case, text[0] > "z")
        at, rating = NOW - SPAN + SPAN * (number / count), float(number % 5 + 1) if source % 4 == 0 else None
        facts = {"at": at, "rating": rating, "influence": influence, "priority": priority, "relevance": 0.9}
        made.append(
            {
                "id": number,
                "key": f"{source + 1}:{number}",
                "source": source + 1,
                "url": f"https://www.site{source}.test/{number}",
                "text": text,
                "lemmas": lemmas,
                "author": f"Author {author}",
                "at": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                "lang": "ru" if text[0] > "z" else "en",
                "rating": rating,
                "type": "review" if source % 4 == 0 else "post",
                "brand": brand,
                "label": label,
                "influence": influence,
                "priority": priority,
                "spans": json.dumps([{"field": "text", "start": 0, "end": 5, "text": brand, "kind": "exact"}]),
                "cases": json.dumps([_CASE] * case),
                "why": _WHY,
                "facets": f"{facets} {author_facet(f'Author {author}')} {ranges_of(facts)}",
            }
        )
    for statement in _INSERTS:
        db.conn.executemany(statement, made)


_CASE = {"name": "refund", "level": "medium", "rule": "r1", "field": "text", "start": 0, "end": 5}
_REASON = {"code": "match", "text": "named in the text", "field": "text", "start": 0, "end": 5, "weight": 1.0}
_WHY = json.dumps([_REASON] * 4)
_INSERTS = (
    """INSERT INTO posts (id, key, source_id, url, title, text, author, published_at, discovered_at, lang, rating, type)
    VALUES (:id, :key, :source, :url, '', :text, :author, :at, :at, :lang, :rating, :type)""",
    f"""INSERT INTO mentions (id, post_id, brand, relevance, doubtful, sentiment, negative, neutral, positive,
        influence, priority, spans, special_cases, why, decision, created_at, source_id, at, rating, search_version)
    VALUES (:id, :id, :brand, 0.9, 0, :label, 0.3, 0.4, 0.3, :influence,
        :priority, :spans, :cases, :why, 'no route matches', :at, :source, :at, :rating, {VERSION})""",
    """INSERT INTO mention_search (rowid, title, text, title_lemmas, text_lemmas, facets)
    VALUES (:id, '', :text, '', :lemmas, :facets)""",
)


def write(path: str, stop: Event, written: Synchronized[int]) -> None:
    """Insert mentions as the daemon does, RATE a second or as many as the disk takes, until told to stop."""
    store = Store(open_writer(Path(path)))
    drawn = texts(10_000_000, np.random.default_rng(8))
    cases = (SpecialCase(name="refund", level=Level.MEDIUM, rule="r1", field="text", start=0, end=5),)
    sentiment = Sentiment(label=Label.NEGATIVE, negative=0.8, neutral=0.1, positive=0.1)
    mention = Mention(
        brand="brand1", relevance=0.9, doubtful=False, spans=(), sentiment=sentiment, special_cases=cases, influence=10,
        priority=20, why=(),
    )  # fmt: skip
    run, due = time.time_ns(), time.monotonic()
    for number, (text, lemmas) in enumerate(drawn):
        if stop.is_set():
            break
        now = datetime.now(UTC)
        with store.transaction():
            post_id = store.add_post(1, Post(text=text, published=now), identities=[f"{run}:{number}"], now=now)
            assert post_id is not None
            store.add_mention(post_id, mention, decision="-", lemmas=Lemmas(text=lemmas), now=now)
        written.value += 1
        time.sleep(max(0.0, due + number / RATE - time.monotonic()))
    store.close()


def queries(chance: random.Random) -> dict[str, str]:
    """One query of each sort, in the query language."""
    words = vocabulary()
    common, mid, rare = (chance.choice(words[low:high]) for low, high in ((0, 20), (300, 1_000), (20_000, 50_000)))
    brand, other = chance.choice(list(BRANDS)), chance.choice(words[0:300])
    return {
        "newest: everything": "*",
        "newest: brand": f"brand:{brand}",
        "newest: brand, negative": f"brand:{brand} sentiment:negative",
        "newest: negative, priority>=50": "sentiment:negative priority>=50",
        "newest: priority>=90": "priority>=90",
        "newest: brand, rare priority": f"brand:{brand} priority>=95",
        "newest: special case": f"case:refund brand:{brand}",
        "newest: author": f'author:"Author {chance.randrange(AUTHORS)}"',
        "search: common word": forms(common)[1],
        "search: mid word": forms(mid)[1],
        "search: rare word": forms(rare)[1],
        "search: common word, rare brand": f"{common} brand:{list(BRANDS)[-1]}",
        "search: two words": f"{common} {other}",
        "search: phrase": f'"{common} {other}"',
        "search: near": f"{common} near/5 {mid}",
        "search: NOT": f"{mid} NOT {common} NOT sentiment:positive",
        "search: OR": f"{mid} OR {rare} OR author:\"Author 7\"",
        "search: word, priority>=80": f"{common} priority>=80",
        "search: word, last day": f"{mid} since:1d",
        "search: exactly": f"=\"{common} {other}\"",
    }  # fmt: skip


def compiled(text: str) -> Sql:
    return compile_sql(parse(text), now=NOW, variants=variants)


class Times:
    """What queries of each sort took, in seconds: by the clock and of this thread's CPU."""

    def __init__(self) -> None:
        self.found: dict[str, list[tuple[float, float]]] = {}

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.thread_time()
        yield
        self.found.setdefault(name, []).append((time.perf_counter() - wall, time.thread_time() - cpu))


def measure(path: Path, seconds: float) -> Times:
    """Every sort of query in turn, each time with other words, for so long."""
    database = open_reader(path)
    reader = Reader(database)
    chance = random.Random(11)
    times = Times()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for name, text in queries(chance).items():
            with times.of(name):
                reader.search(compiled(text), limit=50)
        brand, mid = chance.choice(list(BRANDS)), chance.choice(vocabulary()[300:1_000])
        for name, text, days in (
            ("timeline: everything, 30 days", "*", 30),
            ("timeline: everything, 2 years", "*", 730),
            ("timeline: brand, 30 days", f"brand:{brand}", 30),
            ("timeline: word, 30 days", mid, 30),
        ):
            with times.of(name):
                stats.counts(database, "day", days_of(compiled(text), days))
        with times.of("count: mid word"):
            reader.count(compiled(mid))
    reader.close()
    return times


def days_of(query: Sql, number: int) -> stats.Scope:
    """What `monitor stats --by day` asks for of the last days."""
    return stats.Scope(sql=None if is_everything(query) else query, since=NOW.replace(hour=0) - timedelta(days=number))


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--mentions", type=int, default=1_000_000)
    arguments.add_argument("--seconds", type=float, default=60)
    arguments.add_argument("--keep", type=Path, help="make the database here, or use the one that is here")
    asked = arguments.parse_args()
    with nullcontext(asked.keep) if asked.keep else TemporaryDirectory() as folder:
        path = Path(folder) / "monitor.db"
        if not path.exists():
            started = time.monotonic()
            build(path, asked.mentions)
            print(
                f"\rbuilt in {time.monotonic() - started:.0f} s, {path.stat().st_size / 1e6:,.0f} MB", file=sys.stderr
            )
        context = multiprocessing.get_context("spawn")
        stop, written = context.Event(), context.Value("q", 0)
        writer = context.Process(target=write, args=(str(path), stop, written))
        writer.start()
        while written.value < 10 and writer.is_alive():
            time.sleep(0.1)
        started, before = time.monotonic(), written.value
        found = measure(path, asked.seconds)
        rate = (written.value - before) / (time.monotonic() - started)
        stop.set()
        writer.join()
        if writer.exitcode:
            sys.exit("the writer failed: the figures would be of an idle database")
    return report(found, rate)


def report(times: Times, rate: float) -> int:
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores under a load of {load:.1f}; the writer stored {rate:.0f} mentions a second\n")
    print("| query, newest 50 | runs | p50 ms | p95 ms | p99 ms | CPU p50 ms | CPU p95 ms |")
    print("| --- " * 7 + "|")
    slow, newest = [], []
    for name, taken in times.found.items():
        wall, cpu = np.array(taken).T * 1e3
        figures = [*np.quantile(wall, [0.5, 0.95, 0.99]), *np.quantile(cpu, [0.5, 0.95])]
        print(f"| {name} | {len(wall)} | " + " | ".join(f"{figure:.1f}" for figure in figures) + " |")
        if name.startswith("newest"):
            newest += wall.tolist()
            slow += [name] * bool(figures[1] > TARGET * 1e3)
    p95 = float(np.quantile(newest, 0.95))
    print(f"\nnewest first, all together: p95 {p95:.1f} ms; over {TARGET * 1e3:.0f} ms: {', '.join(slow) or 'none'}")
    return int(bool(slow))


if __name__ == "__main__":
    sys.exit(main())
