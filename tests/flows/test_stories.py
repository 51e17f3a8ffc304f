"""Posts that tell the same thing become one story, in the transaction that stores them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from monitor.config import RetentionSettings
from monitor.flows.forgetting import forget, retain
from monitor.store import open_reader
from monitor.store.forgotten import Whom, posts_of
from monitor.store.stories import KEYED
from tests.flows.telling import ELSE, TALE, reply, told, with_teller
from tests.flows.world import BRAND, NOW, World, play, post

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from monitor.models import Post

KEEP = RetentionSettings(mentions=timedelta(days=365), others=timedelta(days=300))


async def polled(world: World, *posts: Post) -> None:
    """Past the silent first poll, then these posts, one visit each."""
    if not world.count("posts"):
        world.web.shows(replace(post(0), text="ни о ком"))
        await world.poll()
    for one in posts:
        world.web.shows(one)
        await world.poll()


def stories(world: World) -> list[dict[str, object]]:
    return world.rows("SELECT id, posts, authors, negatives, origin_id FROM v_stories")


def test_a_copy_joins_the_story_of_the_first_and_both_say_so(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(with_teller(world), told(1), told(2, f"{TALE}!!"), told(3, ELSE))
        assert stories(world) == [{"id": 1, "posts": 2, "authors": 2, "negatives": 2, "origin_id": 2}]
        kinds = world.rows("SELECT id, story_id, story_kind FROM posts ORDER BY id")
        assert [(row["story_id"], row["story_kind"]) for row in kinds] == [
            (None, None),
            (1, None),
            (1, "repost"),
            (None, None),
        ]
        (why,) = world.rows("SELECT why FROM mentions WHERE post_id = 3")
        assert "of post 2 at forum" in str(why["why"])
        reader = world.reader()
        (listed,) = reader.stories(limit=5)
        assert (listed["brands"], listed["sources"]) == ("Тестомаркет", 1)
        assert reader.stories(limit=5, brand="никто") == []
        shown = reader.story(1)
        assert shown is not None
        members = shown["members"]
        assert isinstance(members, list)
        assert [(member["post_id"], member["kind"]) for member in members] == [(2, "origin"), (3, "repost")]
        assert reader.story(7) is None
        reader.close()

    play(tmp_path, story)


def test_a_story_that_grows_raises_the_post_that_began_it_and_tells_nobody_of_it_again(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(with_teller(world), told(1))
        (before,) = world.rows("SELECT priority FROM mentions WHERE post_id = 2")
        await polled(world, told(2), told(3), told(4))
        rows = world.rows("SELECT post_id, priority FROM mentions ORDER BY post_id")
        priorities = {row["post_id"]: int(str(row["priority"])) for row in rows}
        assert priorities[2] == priorities[5] > int(str(before["priority"]))
        assert world.rows("SELECT mention_id, count(*) AS n FROM alerts GROUP BY 1 HAVING n > 1") == []
        found = world.rows(f"SELECT rowid AS id FROM mention_search WHERE facets MATCH '{_facet(priorities[2])}'")
        assert {row["id"] for row in found} >= {1, 4}

    play(tmp_path, story)


def _facet(priority: int) -> str:
    from monitor.query import parse
    from monitor.query.sql import compile_sql

    compiled = compile_sql(parse(f"priority={priority}"), now=NOW, variants=lambda word: frozenset({word}))
    assert compiled.match is not None
    return compiled.match.removeprefix("facets : ")


def test_copies_add_no_keys_and_a_long_story_keeps_those_of_its_first_posts(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(with_teller(world), told(1))
        keys = world.count("story_keys")
        assert keys > 50
        await polled(world, *(told(number) for number in range(2, 6)))
        assert world.count("story_keys") == keys
        # Near copies: a word in three is another.
        parts = TALE.split()
        for number in range(10, 10 + KEYED + 3):
            text = " ".join(f"{word}{number}" if at % 9 == number % 9 else word for at, word in enumerate(parts))
            await polled(world, told(number, text))
        keyed = world.rows("SELECT count(DISTINCT post_id) AS n FROM story_keys")[0]["n"]
        assert 1 < int(str(keyed)) <= KEYED
        assert len(stories(world)) == 1

    play(tmp_path, story)


def test_history_that_is_shown_late_is_joined_by_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        old = NOW - timedelta(days=40)
        await polled(with_teller(world), told(1, published=old), told(2, published=NOW))
        assert stories(world) == []
        assert world.rows("SELECT DISTINCT post_id FROM story_keys") == [{"post_id": 3}]

    play(tmp_path, story)


def test_keys_go_after_a_month_unless_their_story_goes_on(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(with_teller(world), told(1), told(2, ELSE), told(3))
        world.clock.moment += timedelta(days=20)
        await polled(world, told(4, published=world.clock.moment))
        world.clock.moment += timedelta(days=20)
        await retain(KEEP, ports=world.ports)
        assert world.rows("SELECT DISTINCT post_id FROM story_keys") == [{"post_id": 2}]
        world.clock.moment += timedelta(days=20)
        await retain(KEEP, ports=world.ports)
        assert world.count("story_keys") == 0

    play(tmp_path, story)


def test_a_story_outlives_its_first_post_and_ends_with_its_last(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(with_teller(world), told(1, by="Первая"), told(2, by="Вторая"), told(3, by="Третья"))
        path = tmp_path / "monitor.db"
        for name, left in (("первая", [(2, 3)]), ("вторая", [(1, 4)]), ("третья", [])):
            db = open_reader(path)
            gone: list[int] = posts_of(db, Whom(kind="author", value=name))
            db.close()
            await forget(world.ports, world.plan, {"kind": "author", "value": name, "posts": [*gone]})
            assert [(row["posts"], row["origin_id"]) for row in stories(world)] == left
        assert (world.count("story_keys"), world.count("posts")) == (0, 1)
        assert world.rows("PRAGMA foreign_key_check") == []

    play(tmp_path, story)


def test_an_edit_keeps_its_story(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(with_teller(world), told(1), told(2))
        await polled(world, replace(told(2), text=f"{TALE}. Дополню: вернули деньги"))
        (row,) = world.rows(
            "SELECT posts.story_kind, why FROM posts JOIN mentions ON post_id = posts.id WHERE posts.id = 3"
        )
        assert row["story_kind"] == "repost"
        assert "story" in [why["code"] for why in json.loads(str(row["why"]))]

    play(tmp_path, story)


def told_of(world: World, post_id: int) -> list[str]:
    (row,) = world.rows(f"SELECT why FROM mentions WHERE post_id = {post_id}")
    return [why["text"] for why in json.loads(str(row["why"])) if why["code"] in ("story", "spread")]


def test_a_post_that_is_looked_at_again_is_like_the_same_post_and_comes_after_the_same_ones(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        longer = f"{TALE} " + " ".join(f"добавка{number} слово{number} ещё{number}" for number in range(12))
        await polled(with_teller(world), told(1), told(2, longer), told(3, longer), told(4))
        # The first one by its date, although it was found last.
        await polled(world, told(5, published=NOW - timedelta(days=2)))
        posts = range(3, 7)
        before = [told_of(world, post_id) for post_id in posts]
        assert "of post 3 at forum" in before[1][0]
        assert "before it 2 posts told this" in before[1][1]
        await polled(world, *(reply(10 + one, "+1", to=f"n{one}", by="Олег") for one in (2, 3, 4, 5)))
        assert world.count("stances") == 4
        after = [told_of(world, post_id) for post_id in posts]
        for was, now in zip(before, after, strict=True):
            assert now[0] == was[0]
            assert now[1].split(",")[0] == was[1].split(",")[0]

    play(tmp_path, story)


def test_of_a_long_story_it_is_said_that_not_all_posts_were_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.flows.context.MEMBERS", 3)

    async def story(world: World) -> None:
        await polled(with_teller(world), *(told(number) for number in range(1, 7)))
        assert "before it 2 posts told this" in told_of(world, 4)[1]
        assert "before it at least 4 posts told this" in told_of(world, 7)[1]

    play(tmp_path, story)


def test_mentions_that_may_be_of_something_else_make_nobody_a_serial_complainer(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(with_teller(world), *(told(number, f"{BRAND} плохо {number}", by="кот_77") for number in (1, 2)))
        await world.writer.run(lambda store: store._db.execute("UPDATE mentions SET doubtful = 1"))
        await polled(world, told(3, f"{BRAND} плохо опять", by="кот_77"))
        assert "serial-complainer" not in str(world.rows("SELECT why FROM mentions WHERE post_id = 4"))
        await world.writer.run(lambda store: store._db.execute("UPDATE mentions SET doubtful = 0"))
        await polled(world, told(4, f"{BRAND} плохо ещё раз", by="кот_77"))
        assert "serial-complainer" in str(world.rows("SELECT why FROM mentions WHERE post_id = 5"))

    play(tmp_path, story)
