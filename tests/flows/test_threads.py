"""What becomes of a thread of which a page cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.errors import StatusError
from tests.flows.world import World, begin, play, post

if TYPE_CHECKING:
    from pathlib import Path


def test_what_an_older_page_of_a_known_thread_keeps_back_leaves_a_gap(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.web.lists("t1", post(20), post(19), mark="a")
        await begin(world)
        world.web.lists("t1", post(60), post(59), mark="b")
        world.web.pages |= {"t1/2": [post(58), post(57)], "t1/3": [post(20), post(19)]}
        world.web.fails(StatusError(500), page="t1/2")
        for _ in range(3):
            assert (await world.poll()).new == 0
        assert (world.count("posts"), world.count("gaps")) == (2, 0)
        assert (await world.poll()).new == 2
        assert world.count("gaps") == 1
        world.web.recovers()
        await world.poll()
        assert world.count("gaps") == 1

    play(tmp_path, story)


def test_the_last_page_of_a_thread_is_asked_for_again_where_only_the_way_to_it_was_read(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.web.lists("t1", post(20), mark="a")
        await begin(world)
        world.web.lists("t1", mark="b")
        world.web.pages["t1/2"] = [post(21), post(20)]
        world.web.fails(StatusError(500), page="t1/2")
        for _ in range(4):
            assert (await world.poll()).new == 0
        world.web.recovers()
        assert (await world.poll()).new == 1
        assert world.count("gaps") == 0

    play(tmp_path, story)
