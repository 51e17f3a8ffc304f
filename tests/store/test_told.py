"""Stories, authors, stances and answers on a real database: what is found, and by which index."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from monitor.errors import InputError
from monitor.models import Author, Label, Lemmas, Mention, Post, Sentiment, Source
from monitor.store import Reader, Store, open_reader, open_writer, stances
from monitor.store.authors import Known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SOURCES = ("forum", "news", "blog")
FELT = Sentiment(label=Label.NEGATIVE, negative=0.9, neutral=0.1, positive=0.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    db = open_writer(tmp_path / "monitor.db")
    store = Store(db)
    sources = [Source(name=name, kind="feed", url="https://x.example/", options=None) for name in SOURCES]
    hosts = {"forum": "one.example:443", "news": "one.example:443", "blog": "two.example:443"}
    store.sync_sources(sources, hosts, NOW)
    yield store
    store.close()


def say(store: Store, number: int, *, source: int = 1, brand: str | None = "Б", **post: object) -> int:
    """Store a post, with a mention unless it names nobody."""
    one = replace(Post(native_id=f"n{number}", text=f"текст {number}"), **post)  # type: ignore[arg-type] # any field
    post_id = store.add_post(source, one, identities=[f"id:{number}"], now=NOW + timedelta(minutes=number))
    assert post_id is not None
    if brand:
        mention = Mention(
            brand=brand,
            relevance=1.0,
            doubtful=False,
            spans=(),
            sentiment=FELT,
            special_cases=(),
            influence=1,
            priority=50,
            why=(),
        )
        lemmas = Lemmas(title=one.title, text=one.text)
        store.add_mention(post_id, mention, decision="", lemmas=lemmas, now=NOW)
    return post_id


def by(name: str | None, url: str | None = None, followers: int | None = None) -> Author:
    return Author(name=name, url=url, followers=followers)


def test_those_that_share_most_keys_come_first_and_a_phrase_of_everybody_costs_little(store: Store) -> None:
    posts = [say(store, number) for number in range(1, 120)]
    for post_id in posts:
        store.add_story_keys(post_id, [1, 2, 1000 + post_id])
    store.add_story_keys(posts[3], [7, 8])
    found = store.sharing([1, 7, 8, 2**63 - 1], at_least=2, limit=5, without=0)
    assert [(told.post_id, told.lemmas) for told in found] == [(posts[3], "текст 4")]
    assert len(store.sharing([1, 2], at_least=2, limit=500, without=posts[-1])) == 49  # of the newest fifty
    assert store.sharing([1], at_least=2, limit=5, without=0) == []


def test_the_earliest_post_of_a_story_is_its_origin_whenever_it_was_found(store: Store) -> None:
    first = say(store, 1, published=NOW)
    second = say(store, 2, published=NOW + timedelta(hours=1))
    earlier = say(store, 3, published=NOW - timedelta(hours=5), source=2)
    assert store.join_story(second, like=first, kind="repost", share=1.0) == 2
    assert store.join_story(earlier, like=second, kind="spun", share=0.5) == 3
    assert store.origin_of(second) == (earlier, 3)
    assert store.origin_of(say(store, 4)) == (5 - 1, 1)
    told = store.members(1, limit=1)
    assert [one.post_id for one in told] == [earlier]
    assert {one.post_id for one in store.members(1, limit=9)} == {first, second, earlier}
    row = next(store._db.query("SELECT first_at, last_at, sources FROM v_stories"))
    assert row == {"first_at": "2026-11-21T07:00:00.000Z", "last_at": "2026-11-21T13:00:00.000Z", "sources": 2}


def test_an_author_is_found_by_name_here_or_everywhere_or_by_profile(store: Store) -> None:
    profile = "https://vk.com/Anna.K"
    say(store, 1, author=by("Анна"), thread="t1")
    say(store, 2, author=by("анна"), source=2)
    say(store, 3, author=by("А. К.", "http://m.vk.com/anna.k/"), source=3, brand=None)
    here = say(store, 4, author=by("Анна", profile))
    everywhere = store.wrote(Known("АННА", link=profile), without=here, posts=9, mentions=9)
    assert (everywhere.posts, len(everywhere.mentions), sorted(everywhere.names)) == (3, 2, ["А. К.", "Анна", "анна"])
    assert everywhere.first_seen == NOW + timedelta(minutes=1)
    assert [(said.source, said.thread, said.negative) for said in everywhere.mentions] == [
        ("news", None, True),
        ("forum", "t1", True),
    ]
    assert store.wrote(Known("анна", source="news"), without=here, posts=9, mentions=9).posts == 1
    assert store.wrote(Known(None, link="https://www.vk.com/anna.k"), without=0, posts=9, mentions=9).posts == 2
    assert store.wrote(Known("Анна"), without=0, posts=2, mentions=1).posts == 2
    assert store.wrote(Known(" "), without=0, posts=9, mentions=9).posts == 0


def test_of_who_writes_much_only_the_newest_posts_are_walked(store: Store) -> None:
    for number in range(1, 7):
        say(store, number, author=by("робот"), source=1 + number % 2)
    assert store.wrote(Known("робот"), without=6, posts=2, mentions=9).first_seen == NOW + timedelta(minutes=4)
    assert store.wrote(Known("робот", "news"), without=6, posts=1, mentions=9).first_seen == NOW + timedelta(minutes=5)
    indexes = {"posts_by_author_anywhere": Known("робот"), "posts_by_author_key": Known("робот", "news")}
    for index, known in indexes.items():
        plan = steps(store, partial(store.wrote, known, without=6, posts=2, mentions=9))
        assert any(f"USING COVERING INDEX {index} " in step for step in plan), plan


def test_the_mention_that_a_reply_answers_is_sought_among_the_newest_of_its_thread(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    mention = say(store, 1, thread="t", author=by("Анна"))
    for number in (2, 3):
        say(store, number, thread="t", brand=None)
    reply = say(store, 4, thread="t", brand=None, author=by("Олег"))
    monkeypatch.setattr(stances, "NEWEST", 3)
    assert store.note_stance(reply, "confirms") is None
    monkeypatch.setattr(stances, "NEWEST", 4)
    assert store.note_stance(reply, "confirms") == mention


def test_each_author_is_counted_once_for_a_platform(store: Store) -> None:
    say(store, 1, author=by("а", followers=10))
    say(store, 2, author=by("А", followers=5000), source=2)  # the same host
    say(store, 3, author=by("а", followers=10), source=3)
    say(store, 4, author=by("б", followers=1000))
    say(store, 5, author=by("в"))
    say(store, 6, author=by(None, followers=7))
    assert store.reach_below("news", 900) == (2, 2)  # half of the like, which is the 1000
    assert store.reach_below("forum", 0) == (0, 2)
    assert store.reach_below("blog", 10) == (0, 1)
    assert store.reach_below("unknown", 10) == (0, 0)


@pytest.mark.parametrize(
    ("host", "rank"), [("a.b.example.org", 7), ("example.org", 7), ("Other.Example", 9), ("org", None), ("x.y", None)]
)
def test_a_host_has_the_rank_of_the_nearest_domain(store: Store, host: str, rank: int | None) -> None:
    ranks = [("example.org", 8), ("example.org", 7), ("other.example", 9)]
    assert store.rank_domains(ranks, of="a", first=True, last=True) == 2
    assert store.domain_rank(host) == rank


def test_a_list_of_ranks_takes_the_place_of_the_former_once_it_is_whole(store: Store) -> None:
    store.rank_domains([("old.example", 1)], of="a", first=True, last=True)
    assert store.rank_domains([("new.example", 2)], of="b", first=True, last=False) == 1
    assert store.domain_rank("old.example") == 1
    assert store.domain_rank("new.example") is None
    assert store.rank_domains([("newer.example", 3)], of="b", first=False, last=True) == 2
    assert store.domain_rank("old.example") is None
    assert store.domain_rank("new.example") == 2


def test_two_lists_of_ranks_at_once_do_not_mix(store: Store) -> None:
    store.rank_domains([("one.example", 1)], of="a", first=True, last=False)
    store.rank_domains([("two.example", 2)], of="b", first=True, last=False)
    with pytest.raises(InputError, match="start it again"):
        store.rank_domains([("more.example", 3)], of="a", first=False, last=True)
    assert store.rank_domains([("three.example", 4)], of="b", first=False, last=True) == 2
    with pytest.raises(InputError, match="start it again"):
        store.rank_domains([], of="b", first=False, last=True)


def steps(store: Store, ask: Callable[[], object]) -> list[str]:
    """How SQLite goes about all that `ask` asks."""
    asked: list[str] = []
    store._db.conn.set_trace_callback(asked.append)
    with store.transaction():
        ask()
    store._db.conn.set_trace_callback(None)
    plans = [
        str(row[3])
        for statement in asked
        if statement.lstrip().upper().startswith(("SELECT", "WITH", "UPDATE", "INSERT", "DELETE"))
        for row in store._db.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
    ]
    assert plans
    return plans


BIG = ("posts", "mentions", "story_keys", "stances", "corrections", "sightings", "told", "other", "later")


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.sharing([1, 2, 3], at_least=1, limit=30, without=3),
        lambda store: store.members(1, limit=200),
        lambda store: store.told_before(1, 9, limit=30),
        lambda store: store.answered_by([1, 2]),
        lambda store: store.origin_of(2),
        lambda store: store.told([1, 2]),
        lambda store: store.wrote(Known("анна", "forum", "https://vk.com/a"), without=1, posts=300, mentions=100),
        lambda store: store.count_reach(1, Post(author=by("анна", followers=5))),
        lambda store: store.stances_on(1, limit=500),
        lambda store: store.note_stance(3, "confirms"),
        lambda store: store.corrected(1),
        lambda store: store.domain_rank("a.example.org"),
        lambda store: store.active_learned(),
        lambda store: store.join_story(3, like=1, kind="repost", share=1.0),
        lambda store: store.prune_story_keys(NOW, after=0),
        lambda store: store.is_alerted(1),
    ],
    ids=range(16),
)
def test_what_a_poll_asks_reaches_an_index(store: Store, ask: Callable[[Store], object]) -> None:
    for number in range(1, 4):
        post_id = say(store, number, author=by("Анна", "https://vk.com/a", 5), thread="t", parent=f"n{number - 1}")
        store.add_story_keys(post_id, [1, 2, 3, number])
    store.join_story(2, like=1, kind="repost", share=1.0)
    for step in steps(store, lambda: ask(store)):
        words = step.split()
        scans = words[0] == "SCAN" and words[1] in BIG
        assert not scans, step


def test_readers_ask_the_same(store: Store, tmp_path: Path) -> None:
    say(store, 1, author=by("Анна"))
    reader = Reader(open_reader(tmp_path / "monitor.db"))
    assert reader.author_of(1) == ("Анна", None, "forum")
    assert reader.author_of(9) is None
    assert reader.wrote(Known("Анна"), without=0, posts=9, mentions=9).posts == 1
    reader.close()
