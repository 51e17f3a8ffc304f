"""Replies that say the same of their author, or that it is not so, count for the mention above them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.alerting.routes import CompiledRoute
from monitor.models import Author
from monitor.query import parse
from tests.flows.telling import TALE, reply, told, with_teller
from tests.flows.test_stories import polled
from tests.flows.world import BRAND, NOW, SUPPORT, World, play

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.store import Store

CONFIRMED = (CompiledRoute(parse("case:confirmed_by_others"), SUPPORT),)


def said(world: World) -> str:
    return str(world.rows("SELECT why FROM mentions ORDER BY id LIMIT 1")[0]["why"])


def test_R14_others_who_confirm_raise_a_mention_and_those_who_must_know_are_told_once(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        with_teller(world).routes = CONFIRMED
        await polled(world, told(1, by="Мария"))
        (before,) = world.rows("SELECT priority, decision FROM mentions")
        assert before["decision"] == "no route matches"
        await polled(world, reply(2, "+1", to="n1", by="Мария"))
        assert world.count("alerts") == 0  # the author
        await polled(world, reply(3, "+1 и у меня", to="n1", by="Олег"))
        assert "alert to support" in str(world.rows("SELECT decision FROM mentions")[0]["decision"])
        await polled(world, reply(4, "+1", to="n1", by="Олег"), reply(5, "+1 тоже", to="n1", by="Нина"))
        (after,) = world.rows("SELECT priority FROM mentions")
        assert int(str(after["priority"])) > int(str(before["priority"]))
        assert (world.count("alerts"), world.count("stances")) == (1, 4)

    play(tmp_path, story)


def test_those_who_say_otherwise_are_subtracted(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        with_teller(world).routes = CONFIRMED
        await polled(world, told(1), reply(2, "неправда", to="n1", by="Яна"))
        await polled(world, reply(3, "+1", to="n1", by="Олег"), reply(4, "+1", to="n1", by="Олег"))
        assert world.count("alerts") == 0
        await polled(world, reply(5, "+1", to="n1", by="Пётр"))
        assert world.count("alerts") == 1

    play(tmp_path, story)


def test_the_brand_itself_confirms_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        with_teller(world).own_accounts = {"поддержка": BRAND}
        await polled(world, told(1), reply(2, "+1", to="n1", by="поддержка"))
        assert world.count("stances") == 0

    play(tmp_path, story)


def test_what_was_recorded_silently_stays_silent(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        with_teller(world).routes = CONFIRMED
        world.web.shows(told(1))
        await world.poll()
        await polled(world, reply(2, "+1", to="n1", by="Олег"), reply(3, "+1", to="n1", by="Нина"))
        assert world.count("alerts") == 0
        assert "confirmed-by-others" in said(world)
        assert '"silent"' in said(world)

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("text", "to", "expected"),
    [
        ("+1", "n2", "rebuts"),  # who agrees with a no says no
        ("неправда", "n2", "confirms"),
        ("+1", "n3", None),  # who agrees with somebody who said neither
        ("+1", "n1", "confirms"),
    ],
)
def test_a_reply_is_about_what_it_stands_under(tmp_path: Path, text: str, to: str, expected: str | None) -> None:
    async def story(world: World) -> None:
        await polled(with_teller(world), told(1), reply(2, "неправда", to="n1", by="Яна", thread="t"))
        await polled(world, reply(3, "а сколько стоит", to="n1", by="Ян", thread="t"))
        await polled(world, reply(4, text, to=to, by="Олег", thread="t"))
        found = world.rows("SELECT stance, post_id FROM stances WHERE reply_id = 5")
        assert found == ([{"stance": expected, "post_id": 2}] if expected else [])

    play(tmp_path, story)


def test_a_reply_that_stands_under_none_answers_the_newest_mention_of_its_thread(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(with_teller(world), told(1, thread="t"), told(2, f"В {BRAND} плохо и дорого", thread="t"))
        await polled(world, reply(3, "+1", to="unknown", by="Олег", thread="t"))
        await polled(world, reply(4, "+1", to="unknown", by="Олег", thread="another"))
        assert world.rows("SELECT reply_id, post_id FROM stances") == [{"reply_id": 4, "post_id": 3}]

    play(tmp_path, story)


def test_a_mention_that_confirms_counts_for_the_one_above_it_too(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(with_teller(world), told(1), reply(2, f"+1, {TALE[:40]}", to="n1", by="Олег"))
        assert (world.count("mentions"), world.count("stances")) == (2, 1)

    play(tmp_path, story)


def test_a_mention_that_no_search_finds_yet_waits_for_its_lemmas_all_the_same(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(with_teller(world), told(1))

        def forget_index(store: Store) -> None:
            store._db.execute("DELETE FROM mention_search")
            store._db.execute("UPDATE mentions SET search_version = 0")

        await world.writer.run(forget_index)
        await polled(world, reply(2, "+1", to="n1", by="Олег"))
        assert "confirmed-by-others" in said(world)
        assert world.rows("SELECT search_version FROM mentions") == [{"search_version": 0}]
        assert world.count("mention_search") == 0

    play(tmp_path, story)


def test_those_who_are_nobody_in_particular_count_as_one(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(with_teller(world), told(1, by="Мария"))
        await polled(world, *(reply(number, "+1", to="n1", by="Гость") for number in range(2, 8)))
        assert world.count("stances") == 6
        assert "1 other person confirmed it in answers, 0 said otherwise" in said(world)

    play(tmp_path, story)


@pytest.mark.parametrize(
    "author",
    [
        Author(name="Мария77кот"),  # without the profile
        Author(name="Мария", url="https://forum.example/u/5"),  # by another name
    ],
)
def test_who_has_the_authors_name_or_profile_is_the_author(tmp_path: Path, author: Author) -> None:
    async def story(world: World) -> None:
        hers = Author(name="Мария77кот", url="https://forum.example/u/5")
        await polled(with_teller(world), replace(told(1), author=hers))
        await polled(world, replace(reply(2, "+1", to="n1", by=""), author=author))
        assert world.count("stances") == 1
        assert "confirmed" not in said(world)

    play(tmp_path, story)


def test_a_reply_that_is_edited_says_what_it_says_now(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(with_teller(world), told(1), reply(2, "+1", to="n1", by="Олег"))
        assert "1 other person confirmed it" in said(world)
        await polled(world, reply(2, "неправда, у меня всё хорошо", to="n1", by="Олег"))
        assert world.rows("SELECT stance, post_id FROM stances") == [{"stance": "rebuts", "post_id": 2}]
        assert "confirmed" not in said(world)
        await polled(world, reply(2, "уже не помню", to="n1", by="Олег"))
        assert world.count("stances") == 0

    play(tmp_path, story)


@pytest.mark.parametrize(("days", "alerts"), [(6, 1), (8, 0)])
def test_a_confirmation_of_what_is_no_news_wakes_nobody(tmp_path: Path, days: int, alerts: int) -> None:
    async def story(world: World) -> None:
        with_teller(world).routes = CONFIRMED
        await polled(world, told(1, by="Мария", published=NOW - timedelta(days=days)))
        await polled(world, reply(2, "+1", to="n1", by="Олег"), reply(3, "+1", to="n1", by="Яна"))
        assert "2 other people confirmed it" in said(world)
        assert world.count("alerts") == alerts

    play(tmp_path, story)
