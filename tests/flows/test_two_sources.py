"""The same post through two sources is one post with two sightings, one mention and one alert."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from monitor.models import Author, Backfill, Source
from tests.flows.world import BRAND, NOW, FakeWeb, World, play, post

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.models import Post
    from monitor.store import Store

ALERTS = Source(name="alerts", kind="feed", url="1", options=None, backfill=Backfill.ALERT)
LONG = f"В {BRAND} плохо: заказ не привезли третий день, поддержка не отвечает, деньги не возвращают"
ORIGINAL = replace(post(1), text=LONG, title="Где мой заказ", author=Author(name="Анна"))


async def second(world: World) -> World:
    """A second source on the same database, which alerts from its first poll on."""

    def sync(store: Store) -> None:
        store.sync_sources([world.source, ALERTS], {"forum": "forum.example:443", "alerts": "alerts.example:443"}, NOW)

    await world.writer.run(sync)
    return World(writer=world.writer, reader=world.reader, source=ALERTS, web=FakeWeb(), clock=world.clock)


def counts(world: World) -> dict[str, int]:
    return {table: world.count(table) for table in ("posts", "mentions", "alerts")}


@pytest.mark.parametrize(
    "copy",
    [
        replace(ORIGINAL, native_id="tag:alerts,1"),
        replace(ORIGINAL, native_id="a", url="http://www.google.com/url?url=https://forum.example/1&ct=ga"),
        replace(ORIGINAL, native_id="b", url="https://forum.example/1?utm_source=rss", author=Author()),
        replace(ORIGINAL, native_id="c", title="", text=LONG[:70] + "…"),
        replace(ORIGINAL, native_id="d", title="ГДЕ МОЙ ЗАКАЗ", text="", author=Author()),
    ],
    ids=["id", "wrapped", "tracked", "cut", "title"],
)
def test_a_post_that_another_source_showed_is_sighted_and_not_stored_again(tmp_path: Path, copy: Post) -> None:
    async def story(world: World) -> None:
        other = await second(world)
        await world.poll()
        world.web.shows(ORIGINAL, post(2))
        assert (await world.poll()).alerts == 2
        before = counts(world)
        other.web.shows(copy)
        report = await other.poll()
        assert (report.mentions, report.alerts) == (0, 0)
        assert counts(world) == before
        seen = world.rows("SELECT DISTINCT source_id FROM sightings WHERE post_id = 2")
        assert len(seen) == 2
        assert (await other.poll()).new == 0  # it is known there now

    play(tmp_path, story)


@pytest.mark.parametrize(
    "other_post",
    [
        replace(ORIGINAL, native_id="x", title="Re: Где", text=f"Тоже плохо в {BRAND}", author=Author(name="Пётр")),
        replace(ORIGINAL, native_id="x", title="Отвечаем", text=f"{BRAND} плохо не делает", author=Author()),
        replace(ORIGINAL, native_id="x", url="https://forum.example/1#comment-7", author=Author(name="Анна")),
        replace(ORIGINAL, native_id="x", url="https://other.example/1"),
    ],
    ids=["another author", "other words", "a comment below it", "another page"],
)
def test_what_only_shares_an_address_or_only_the_words_is_a_post_of_its_own(tmp_path: Path, other_post: Post) -> None:
    async def story(world: World) -> None:
        other = await second(world)
        await world.poll()
        world.web.shows(ORIGINAL, post(2))
        await world.poll()
        other.web.shows(other_post)
        assert (await other.poll()).mentions == 1
        assert world.count("posts") == 3

    play(tmp_path, story)


def test_a_source_that_says_more_adds_the_brand_that_the_first_left_out(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        other = await second(world)
        await world.poll()
        teaser = replace(ORIGINAL, text="Заказ не привезли третий день")
        world.web.shows(teaser, post(2))
        await world.poll()
        assert world.rows("SELECT count(*) AS n FROM mentions WHERE post_id = 2") == [{"n": 0}]
        other.web.shows(replace(ORIGINAL, native_id="full"))
        report = await other.poll()
        assert (report.mentions, report.alerts) == (1, 1)
        assert world.count("posts") == 2
        assert world.rows("SELECT text FROM posts WHERE id = 2") == [{"text": LONG}]
        assert world.rows("SELECT text FROM revisions") == [{"text": teaser.text}]

    play(tmp_path, story)


def test_what_stood_in_the_first_poll_of_one_source_is_news_when_another_shows_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.web.shows(post(2))
        await world.poll()
        silent = await second(world)
        silent.source = replace(ALERTS, backfill=Backfill.SILENT)
        silent.web.shows(ORIGINAL)
        assert (await silent.poll()).alerts == 0
        world.web.shows(ORIGINAL, post(2))
        assert (await world.poll()).alerts == 1
        assert counts(world) == {"posts": 2, "mentions": 2, "alerts": 1}
        assert (await world.poll()).alerts == 0

    play(tmp_path, story)


def test_how_another_source_cuts_a_post_is_no_edit_of_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        other = await second(world)
        await world.poll()
        world.web.shows(ORIGINAL, post(2))
        await world.poll()
        for cut in (LONG[:75] + "…", "Заказ не привезли третий день…"):
            other.web.shows(replace(ORIGINAL, native_id="snippet", text=cut))
            await other.poll()
        assert world.rows("SELECT text FROM posts WHERE id = 2") == [{"text": LONG}]
        assert world.count("revisions") == 0
        assert world.rows("SELECT doubtful FROM mentions WHERE post_id = 2") == [{"doubtful": 0}]

    play(tmp_path, story)
