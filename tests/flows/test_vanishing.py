"""A post that its site no longer shows is marked after confirmation; what it said stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.errors import ConnectFailed, RobotsRefused, StatusError
from monitor.flows.vanishing import ASKED
from monitor.models import Health, Post, Source
from monitor.sources import KINDS
from monitor.tracking.removal import PAGELESS
from tests.flows.world import BRAND, NOW, World, begin, play, post, state

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.errors import SourceError

MINUTE = timedelta(minutes=1)
WAIT = timedelta(minutes=31)
DAY = timedelta(days=1, minutes=31)
TEXT = f"В {BRAND} опять всё плохо, никому не советую"


def said(number: int, text: str = TEXT) -> Post:
    """A post that was published later, the higher its number."""
    return replace(post(number, text), published=NOW + timedelta(seconds=number))


def page_of(number: int) -> str:
    return f"https://forum.example/{number}"


def removed(world: World) -> list[object]:
    return [row["native_id"] for row in world.rows("SELECT native_id FROM posts WHERE removed_at IS NOT NULL")]


def missing(world: World) -> list[object]:
    found = world.rows("SELECT native_id FROM posts WHERE missing_at IS NOT NULL AND removed_at IS NULL")
    return [row["native_id"] for row in found]


async def watch(world: World, count: int = 5) -> None:
    """A source on which posts 1 to `count` were seen; most of them are on their pages too."""
    world.web.shows(said(1), said(0, "привет"))
    await begin(world)
    world.web.articles = {page_of(number): f"{TEXT} ({number})" for number in range(count + 1)}
    await show(world, *range(1, count + 1))


async def show(world: World, *numbers: int, wait: timedelta = WAIT) -> None:
    """A visit at which the list holds only these, and one that nobody looks for."""
    world.web.shows(*(said(number) for number in reversed(numbers)), said(0, "привет"))
    world.clock.moment += wait
    await world.poll()


def asked_for(world: World) -> list[str]:
    return [request.url for request, _ in world.web.asked if request.step == "permalink"]


def test_R7_a_post_that_is_gone_is_marked_after_confirmation_and_its_text_stays(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await watch(world)
        del world.web.articles[page_of(3)]
        await show(world, 1, 2, 4, 5)
        assert (missing(world), removed(world), asked_for(world)) == (["n3"], [], [])
        await show(world, 1, 2, 4, 5, wait=MINUTE)
        assert asked_for(world) == []
        await show(world, 1, 2, 4, 5)
        assert removed(world) == ["n3"]
        assert world.rows("SELECT text FROM posts WHERE native_id = 'n3'") == [{"text": f"{TEXT} (3)"}]
        assert world.rows("SELECT count(*) AS shown FROM v_mentions WHERE removed_at IS NOT NULL") == [{"shown": 1}]
        assert state(world)["health"] == "ok"
        request, how = next((request, how) for request, how in world.web.asked if request.step == "permalink")
        assert (request.for_people, how["allow"], how["headers"]) == (True, (), ())
        await show(world, 1, 2, 4, 5)
        assert len(asked_for(world)) == 1

    play(tmp_path, story)


def test_R7_the_newest_may_be_gone_too_and_a_list_that_stays_as_it_is_confirms_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await watch(world)
        del world.web.articles[page_of(5)]
        await show(world, 1, 2, 3, 4)
        world.web.etag = '"same"'
        await show(world, 1, 2, 3, 4)
        assert removed(world) == ["n5"]

        world.web.articles[page_of(4)] = "Сообщение удалено его автором"
        world.web.etag = None
        await show(world, 1, 2, 3)
        world.web.etag = '"other"'
        await show(world, 1, 2, 3, wait=MINUTE)
        assert removed(world) == ["n5"]
        await show(world, 1, 2, 3)
        assert removed(world) == ["n5"]
        await show(world, 1, 2, 3, wait=DAY)
        assert removed(world) == ["n4", "n5"]

    play(tmp_path, story)


@pytest.mark.parametrize("body", ["Ведутся работы", "Слишком много запросов", "Войдите", "", "барахло " * 99])
def test_a_page_that_lacks_the_words_once_removes_nothing(tmp_path: Path, body: str) -> None:
    async def look(world: World, answer: str, *, wait: timedelta = DAY) -> list[object]:
        world.web.articles[page_of(3)] = answer
        world.web.asked.clear()
        await show(world, 1, 2, 4, 5, wait=wait)
        assert asked_for(world) == [page_of(3)]
        return removed(world)

    async def story(world: World) -> None:
        await watch(world)
        words = world.web.articles[page_of(3)]
        await show(world, 1, 2, 4, 5)
        assert await look(world, body, wait=WAIT) == []
        world.web.asked.clear()
        await show(world, 1, 2, 4, 5)
        assert asked_for(world) == []
        assert await look(world, words) == []
        assert await look(world, body) == []
        await show(world, 1, 2, 3, 4, 5)
        await show(world, 1, 2, 4, 5)
        assert await look(world, body) == []
        assert await look(world, "barrier") == []
        assert await look(world, body) == ["n3"]

    play(tmp_path, story)


def test_a_removal_in_ones_own_network_needs_no_day(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await watch(world)
        world.web.articles[page_of(3)] = "Ошибка"
        await show(world, 1, 2, 4, 5)
        await show(world, 1, 2, 4, 5, wait=MINUTE)
        assert removed(world) == []
        await show(world, 1, 2, 4, 5, wait=MINUTE)
        assert removed(world) == ["n3"]

    source = Source(name="forum", kind="feed", url="1", options=None, every=timedelta(seconds=3))
    play(tmp_path, story, source=source)


@pytest.mark.parametrize("kind", sorted(PAGELESS))
def test_reviews_that_have_no_page_of_their_own_are_not_judged_by_that_of_the_app(tmp_path: Path, kind: str) -> None:
    async def story(world: World) -> None:
        await watch(world)
        world.web.articles.clear()
        for _ in range(3):
            await show(world, 1, 2, 4, 5, wait=DAY)
        assert (asked_for(world), removed(world)) == ([], [])

    assert kind in KINDS
    play(tmp_path, story, source=Source(name="forum", kind=kind, url="1", options=None))


def test_a_post_that_shows_up_again_is_there_again(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await watch(world)
        await show(world, 1, 2, 4, 5)
        assert missing(world) == ["n3"]
        await show(world, 1, 2, 3, 4, 5)
        assert missing(world) == []
        world.web.articles.clear()
        await show(world, 1, 2, 4, 5)
        await show(world, 1, 2, 4, 5)
        assert removed(world) == ["n3"]
        await show(world, 1, 2, 3, 4, 5)
        assert removed(world) == []
        assert world.count("posts") == 6

    play(tmp_path, story)


@pytest.mark.parametrize("body", [f"{TEXT} (3)", "barrier", f"… и ещё {TEXT.upper()}!!! (3) и прочее"])
def test_a_page_that_still_holds_the_text_or_tells_nothing_removes_nothing(tmp_path: Path, body: str) -> None:
    async def story(world: World) -> None:
        await watch(world)
        world.web.articles[page_of(3)] = body
        await show(world, 1, 2, 4, 5)
        for _ in range(3):
            await show(world, 1, 2, 4, 5)
        assert (asked_for(world), removed(world), missing(world)) == ([page_of(3)], [], ["n3"])
        await show(world, 1, 2, 4, 5, wait=timedelta(days=2))
        assert len(asked_for(world)) == 2

    play(tmp_path, story)


@pytest.mark.parametrize("error", [StatusError(403), StatusError(503), ConnectFailed("no"), RobotsRefused("no")])
def test_any_other_failure_leaves_it_open(tmp_path: Path, error: SourceError) -> None:
    async def story(world: World) -> None:
        await watch(world)
        world.web.fails(error, page=page_of(3))
        await show(world, 1, 2, 4, 5)
        await show(world, 1, 2, 4, 5)
        assert (asked_for(world), removed(world), missing(world)) == ([page_of(3)], [], ["n3"])
        assert state(world) | {"etag": None} == {"health": "ok", "error": None, "failures": 0, "etag": None}
        world.web.recovers()
        del world.web.articles[page_of(3)]
        await show(world, 1, 2, 4, 5, wait=timedelta(hours=3))
        assert removed(world) == ["n3"]

    play(tmp_path, story)


def test_what_only_slid_off_the_list_or_was_pinned_is_not_missing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await watch(world)
        world.web.shows(said(1), said(8), said(7), said(6))
        world.clock.moment += WAIT
        await world.poll()
        assert missing(world) == []
        world.web.shows(said(3), said(9), said(5), said(8))  # no order: by relevance
        world.clock.moment += WAIT
        await world.poll()
        assert missing(world) == []

    play(tmp_path, story)


def test_only_mentions_are_looked_for_and_only_some_pages_are_asked_for_at_a_visit(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await watch(world, 8)
        world.web.articles.clear()
        world.web.shows(said(8), said(1), said(-1, "до всех"))
        for visit in (1, 2, 3, 4):
            world.clock.moment += WAIT
            await world.poll()
            assert len(asked_for(world)) == min((visit - 1) * ASKED, 6)
        assert removed(world) == [f"n{number}" for number in range(2, 8)]

    play(tmp_path, story)


def test_a_source_that_was_blocked_is_not_asked_for_more(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await watch(world)
        await show(world, 1, 2, 4, 5)
        blocked = ("UPDATE sources SET health = ?", (Health.BLOCKED.value,))
        await world.writer.run(lambda store: store._db.execute(*blocked))
        await show(world, 1, 2, 4, 5)
        assert asked_for(world) == []
        await show(world, 1, 2, 4, 5)
        assert asked_for(world) == [page_of(3)]

    play(tmp_path, story)


def test_a_post_without_an_address_stays_open(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await watch(world)
        nameless = replace(said(6), url=None)
        world.web.shows(nameless, said(5), said(0, "привет"))
        await world.poll()
        world.web.articles.clear()
        for _ in range(2):
            world.web.shows(said(5), said(0, "привет"))
            world.clock.moment += WAIT
            await world.poll()
        assert "n6" in missing(world)
        assert "n6" not in removed(world)

    play(tmp_path, story)


def test_answers_that_stand_in_no_list_are_not_missed_there(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await watch(world)
        world.web.shows(replace(said(6), follow="a6"), said(5), said(4))
        await world.poll()
        world.web.answers("a6", said(61))
        for _ in range(3):
            world.clock.moment += WAIT
            await world.poll()
        assert world.rows("SELECT thread FROM posts WHERE native_id = 'n61'") == [{"thread": "n6"}]
        assert missing(world) == []

    play(tmp_path, story)
