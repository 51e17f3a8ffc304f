"""How far a look at the answers to a mention reads, and what becomes of what it did not reach."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.errors import StatusError
from monitor.flows.following import PAGES
from tests.flows.test_following import HOUR, asked, later, meet, reply
from tests.flows.world import BRAND, NOW, FakeWeb, World, play, post, state

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.models import HttpRequest, Post, Response


def in_turn(*numbers: int) -> list[Post]:
    """Answers that were published later, the higher their number."""
    return [replace(reply(number), published=NOW + timedelta(seconds=number)) for number in numbers]


def test_further_pages_are_read_until_something_known_and_the_lists_cursor_stays_its_own(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await meet(world, asked(2))
        world.web.answers("a2", *in_turn(24, 23))
        world.web.answers("a2+", *in_turn(22, 21))
        await later(world)
        assert world.count("posts") == 6
        assert "spoilt" not in str(world.rows("SELECT cursor FROM sources")[0]["cursor"])
        world.web.requests.clear()
        await later(world)
        assert "a2+" not in world.web.addresses

    play(tmp_path, story)


@pytest.mark.parametrize("first", [in_turn(*range(21, 51)), [post(number, "У меня тоже") for number in range(21, 51)]])
def test_where_the_newest_answers_stand_last_the_last_page_is_read(tmp_path: Path, first: list[Post]) -> None:
    async def story(world: World) -> None:
        await meet(world, asked(2))
        world.web.answers("a2", *first)
        world.web.answers("a2+")
        await later(world)
        assert world.count("posts") == 32
        world.web.answers("a2+", reply(51, f"В {BRAND} плохо"))
        await later(world)
        assert (world.count("posts"), world.count("alerts"), world.count("gaps")) == (33, 2, 0)

    play(tmp_path, story)


@pytest.mark.parametrize("status", [500, 404])
def test_answers_above_a_page_that_fails_wait_for_it(tmp_path: Path, status: int) -> None:
    async def story(world: World) -> None:
        await meet(world, asked(2))
        world.web.answers("a2", *in_turn(24, 23))
        world.web.answers("a2+", *in_turn(22, 21))
        world.web.fails(StatusError(status), page="a2+")
        await later(world)
        assert (world.count("posts"), world.count("followed")) == (2, 1)
        world.web.recovers()
        await later(world)
        assert (world.count("posts"), world.count("gaps")) == (6, 0)

    play(tmp_path, story)


def test_answers_above_a_page_that_keeps_failing_are_kept_and_leave_one_gap(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await meet(world, asked(2))
        world.web.answers("a2", *in_turn(24, 23))
        world.web.answers("a2+", *in_turn(22, 21))
        world.web.fails(StatusError(500), page="a2+")
        for looks in range(1, 6):
            await later(world, 3 * HOUR)
            assert (world.count("posts"), world.count("gaps")) == ((4, 1) if looks > 2 else (2, 0))

    play(tmp_path, story)


def test_a_look_for_which_the_visit_has_no_time_left_is_repeated(tmp_path: Path) -> None:
    class SlowWeb(FakeWeb):
        async def fetch(self, request: HttpRequest, **how: object) -> Response:
            if request.url == "a2" and world_of:
                await world_of.pop().clock.sleep(10 * 60)
            return await super().fetch(request, **how)  # type: ignore[arg-type]

    world_of: list[World] = []

    async def story(world: World) -> None:
        world.web = SlowWeb()
        await meet(world, asked(2))
        world.web.answers("a2", *in_turn(24, 23))
        world.web.answers("a2+", *in_turn(22, 21))
        world_of.append(world)
        await later(world)
        assert (world.count("posts"), world.web.addresses.count("a2+")) == (2, 0)
        await world.poll()
        assert (world.count("posts"), world.count("gaps")) == (6, 0)

    play(tmp_path, story)


def test_more_news_than_a_look_may_read_leaves_a_gap_but_not_what_was_there_before_the_first(tmp_path: Path) -> None:
    def fill(world: World, begin_at: int) -> None:
        for page in range(PAGES + 2):
            newest = begin_at - 10 * page
            world.web.answers("a2" + "+" * page, *in_turn(*range(newest, newest - 10, -1)))

    async def story(world: World) -> None:
        await meet(world, asked(2))
        fill(world, 1000)
        await later(world)
        assert (world.count("posts"), world.count("gaps")) == (2 + 10 * PAGES, 0)
        fill(world, 2000)
        await later(world)
        assert (world.count("posts"), world.count("gaps")) == (2 + 20 * PAGES, 1)
        assert world.count("followed") == 1

    play(tmp_path, story)


def test_a_thread_whose_newest_answers_are_beyond_reach_is_let_go(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await meet(world, asked(2))
        for page in range(PAGES + 1):
            world.web.answers("a2" + "+" * page, *in_turn(100 + 2 * page, 101 + 2 * page))
        await later(world)
        assert world.count("followed") == 0
        assert "too long" in str(state(world)["error"])

    play(tmp_path, story)
