"""What a visit reads besides its first pages: threads; and who is told the source's secrets."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.errors import (
    Malformed,
    RobotsRefused,
    SourceError,
    StatusError,
)
from monitor.flows.threads import FIRST_THREADS, OPENED, THREADS
from monitor.flows.walk import LONGEST
from monitor.models import Content, Post, Source
from monitor.store import Store
from tests.flows.world import NOW, World, begin, marks, play, post, state

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from monitor.models import JSON, Page, Request, Response

SOURCE = Source(name="forum", kind="feed", url="1", options=None, every=timedelta(minutes=10))
CUT = replace(SOURCE, content=Content.PAGE)


def test_the_first_visit_reads_the_threads_and_wakes_nobody(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.web.lists("t1", post(1), mark="a")
        report = await world.poll()
        assert (report.new, report.mentions, report.alerts) == (1, 1, 0)
        assert world.web.addresses == ["1", "t1"]
        assert '{"t1": "a"}' in marks(world)

    play(tmp_path, story)


def test_only_threads_that_changed_are_read(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.web.lists("t1", post(1), mark="a")
        world.web.lists("t2", post(2), mark="a")
        await begin(world)
        world.web.lists("t2", post(2), post(3), mark="b")
        report = await world.poll()
        assert (report.new, report.alerts) == (1, 1)
        assert world.web.addresses == ["1", "t2"]
        await world.poll()
        assert world.web.addresses == ["1", "t2", "1"]

    play(tmp_path, story)


def test_a_post_that_stands_in_two_places_is_stored_once(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await begin(world)
        world.web.shows(post(1))
        world.web.lists("t1", post(1), post(2), mark="a")
        report = await world.poll()
        assert (report.new, report.alerts, world.count("posts")) == (2, 2, 2)

    play(tmp_path, story)


def test_a_thread_is_read_back_while_all_of_a_page_is_new(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.web.lists("t1", post(1), mark="a")
        await begin(world)
        world.web.lists("t1", post(7), post(6), mark="b")
        world.web.shows(post(5), post(4), page="t1/2")
        world.web.shows(post(3), post(1), page="t1/3")
        world.web.shows(post(0), page="t1/4")
        assert (await world.poll()).new == 5
        assert world.web.addresses == ["1", "t1", "t1/2", "t1/3"]
        assert state(world)["health"] == "ok"

    play(tmp_path, story)


def test_a_first_page_that_only_leads_to_the_last_one_is_no_page_of_the_thread(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await begin(world)
        world.web.lists("t1", mark="a")
        world.web.shows(post(2), page="t1/2")
        world.web.shows(post(1), page="t1/3")
        assert (await world.poll()).new == 1
        assert world.web.addresses == ["1", "t1", "t1/2"]

    play(tmp_path, story, source=replace(SOURCE, max_pages=1))


def test_a_list_of_nothing_but_threads_is_paged_back_where_its_kind_offers_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await begin(world)
        world.web.lists("t1", post(1), mark="a")
        world.web.shows(post(2), page="2")
        assert (await world.poll()).new == 2
        assert world.web.addresses == ["1", "2", "t1"]
        assert (await world.poll()).new == 0
        assert world.web.addresses == ["1", "2", "t1", "1"]
        assert state(world)["health"] == "ok"

    play(tmp_path, story)


@pytest.mark.parametrize(("known", "health"), [(True, "degraded"), (False, "ok")])
def test_no_more_pages_of_a_thread_than_the_source_allows(tmp_path: Path, *, known: bool, health: str) -> None:
    async def story(world: World) -> None:
        if known:
            world.web.lists("t1", post(0), mark="a")
        await begin(world)
        world.web.lists("t1", post(1), mark="b")
        for number in range(2, 9):
            world.web.shows(post(number), page=f"t1/{number}")
        assert (await world.poll()).new == world.source.max_pages
        # What stood in a thread before it was ever seen is history; in a known one it is a gap.
        assert state(world)["health"] == health
        assert world.count("gaps") == int(known)

    play(tmp_path, story)


def test_threads_beyond_the_bound_are_read_by_the_next_visits_though_nothing_changes(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.web.etag = '"v1"'
        await begin(world)
        world.web.etag = '"v2"'
        total = THREADS + 5
        for number in range(total):
            world.web.lists(f"t{number}", post(number), mark="a")
        assert (await world.poll()).new == THREADS
        assert state(world)["error"] == "5 threads wait for the next visit"
        assert state(world)["etag"] is None
        assert (await world.poll()).new == 5
        assert state(world) == {"health": "ok", "error": None, "failures": 0, "etag": '"v2"'}
        assert sorted(set(world.web.addresses)) == sorted(["1", *(f"t{number}" for number in range(total))])
        assert len(world.web.addresses) == total + 2

    play(tmp_path, story)


def test_threads_that_wait_stand_above_those_that_were_read(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await begin(world)
        for number in range(THREADS + 5):
            world.web.lists(f"t{number}", post(number), mark="a")
        await world.poll()
        assert world.web.addresses[1:] == [f"t{number}" for number in range(THREADS + 4, 4, -1)]

    play(tmp_path, story)


def test_the_first_visit_reads_more_threads_because_they_are_history(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        for number in range(FIRST_THREADS + 1):
            world.web.lists(f"t{number}", post(number), mark="a")
        assert (await world.poll()).new == FIRST_THREADS

    play(tmp_path, story)


def test_a_visit_that_lasts_too_long_leaves_the_rest_to_the_next(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await begin(world)
        for number in range(3):
            world.web.lists(f"t{number}", post(number), mark="a")
        fetch = world.web.fetch

        async def slow(*args: object, **kwargs: object) -> object:
            world.clock.moment += LONGEST / 2
            return await fetch(*args, **kwargs)  # type: ignore[arg-type]

        world.web.fetch = slow  # type: ignore[method-assign,assignment]
        assert (await world.poll()).new == 1
        assert state(world)["error"] == "2 threads wait for the next visit"

    play(tmp_path, story)


@pytest.mark.parametrize("error", [StatusError(404), StatusError(410), StatusError(403), RobotsRefused("no")])
def test_a_thread_that_is_gone_is_not_asked_for_again_until_its_mark_changes(
    tmp_path: Path, error: SourceError
) -> None:
    async def story(world: World) -> None:
        await begin(world)
        world.web.lists("t1", mark="a")
        world.web.lists("t2", post(2), mark="a")
        world.web.fails(error, page="t1")
        assert (await world.poll()).new == 1
        assert state(world)["error"] == f"a thread was passed over ({error})"
        await world.poll()
        assert world.web.addresses == ["1", "t2", "t1", "1"]
        assert state(world)["health"] == "ok"
        world.web.recovers()
        world.web.lists("t1", post(1), mark="b")
        assert (await world.poll()).new == 1

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("error", "asked_again"),
    [
        (StatusError(500), True),
        (StatusError(403, retry_at=NOW + timedelta(minutes=3)), True),
        (RobotsRefused("unreadable", retry_at=NOW), True),
        (Malformed("half a page"), False),
    ],
)
def test_a_thread_that_fails_loses_nothing_and_holds_nothing_back_for_ever(
    tmp_path: Path, error: SourceError, *, asked_again: bool
) -> None:
    async def story(world: World) -> None:
        await begin(world)
        world.web.shows(post(9))
        world.web.lists("t1", post(1), mark="a")
        world.web.lists("t2", post(2), mark="a")
        world.web.fails(error, page="t1")
        for _ in range(3):
            assert (await world.poll()).error is error
            assert world.count("posts") == 0
        report = await world.poll()
        assert (report.error, report.new) == (None, 2)
        assert str(state(world)["error"]).startswith(f"a thread was passed over ({error})")
        assert world.count("gaps") == int(not asked_again)
        world.web.recovers()
        assert (await world.poll()).new == int(asked_again)

    play(tmp_path, story)


def test_a_crash_before_the_commit_repeats_the_threads_and_one_after_it_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(world: World) -> None:
        await begin(world)
        for number in range(3):
            world.web.lists(
                f"t{number}", *(replace(post(100 * number + line), published=NOW) for line in range(30)), mark="a"
            )

        def broken(*_: object, **__: object) -> None:
            raise RuntimeError("disk on fire")

        with monkeypatch.context() as patch:
            patch.setattr(Store, "finish_poll", broken)
            with pytest.raises(RuntimeError):
                await world.poll()
        # The first batch is stored, the marks are not.
        assert world.count("posts") == 50
        assert '"threads": {}' not in marks(world)
        await world.writer.run(lambda store: store.start_over(world.clock.now()))
        report = await world.poll()
        assert report.new == 40
        assert (world.count("posts"), world.count("alerts")) == (90, 90)
        world.web.requests.clear()
        await world.poll()
        assert world.web.addresses == ["1"]

    play(tmp_path, story)


def test_secrets_and_headers_go_to_the_sources_own_site_and_nowhere_else(tmp_path: Path) -> None:
    own, other = "https://forum.example/t", "https://evil.example/t"
    source = replace(
        SOURCE, url="https://forum.example/?key=${KEY}", headers=(("X-Key", "${KEY}"),), content=Content.PAGE
    )

    async def story(world: World) -> None:
        world.web.first = source.url
        world.reveal = lambda text: text.replace("${KEY}", "s3cret").replace("${OTHER}", "0ther")
        await begin(world)
        named = [own, f"{own}?${{KEY}}", f"{own}?${{OTHER}}", other, f"{other}?${{KEY}}", "https://a@evil.example/"]
        world.web.shows(
            *(Post(native_id=str(number), url=url, text="о погоде") for number, url in enumerate(reversed(named))),
            page=source.url,
        )
        await world.poll()
        sent = [(request.url, how["headers"]) for request, how in world.web.asked]
        key = (("X-Key", "s3cret"),)
        assert sent == [
            ("https://forum.example/?key=s3cret", key),
            (own, key),
            (f"{own}?s3cret", key),
            (f"{own}?${{OTHER}}", key),
            (other, ()),
            (f"{other}?${{KEY}}", ()),
            ("https://a@evil.example/", ()),
        ]

    play(tmp_path, story, source=source)


# ── Threads that are read for the first time ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("posts", "days", "alerts"),
    [
        (OPENED, None, OPENED),  # short and without dates: it may well be new, and nothing of a new thread is lost
        (30, None, 1),  # long: its newest post brought it up
        (30, 0, 30),
        (30, -9, 0),
    ],
)
def test_an_old_thread_that_comes_up_is_history_but_for_its_newest_post(
    tmp_path: Path, posts: int, days: int | None, alerts: int
) -> None:
    published = None if days is None else NOW + timedelta(days=days)

    async def story(world: World) -> None:
        world.web.lists("t1", post(1), mark="a")
        await begin(world)
        world.web.lists(
            "t2", *(replace(post(100 - n), published=published, thread="t2") for n in range(posts)), mark="a"
        )
        report = await world.poll()
        assert (report.new, report.mentions, report.alerts) == (posts, posts, alerts)
        if alerts == 1:
            told = "SELECT post_id FROM mentions JOIN alerts ON mention_id = mentions.id"
            assert world.rows(f"SELECT native_id FROM posts WHERE id IN ({told})") == [{"native_id": "n100"}]

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("carry", "alerts"), [({}, 2), ({"old": True}, 0), ({"replies": 40}, 1), ({"replies": 1}, 2), ({"old": False}, 2)]
)
def test_the_list_may_say_that_a_thread_is_old(tmp_path: Path, carry: dict[str, JSON], alerts: int) -> None:
    async def story(world: World) -> None:
        await begin(world)
        read = world.web.read

        def listed(request: Request, response: Response, cursor: Mapping[str, JSON]) -> Page:
            page = read(request, response, cursor)
            return replace(page, threads=tuple(replace(one, carry={**one.carry, **carry}) for one in page.threads))

        world.web.read = listed  # type: ignore[method-assign,assignment]
        world.web.lists("t1", post(2), post(1), mark="a")
        report = await world.poll()
        assert (report.new, report.alerts) == (2, alerts)

    play(tmp_path, story)


def test_a_thread_whose_mark_was_forgotten_is_no_first_reading(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.web.lists("t1", *(post(number) for number in range(30)), mark="a")
        await begin(world)
        await world.writer.run(lambda store: store._db.execute("UPDATE sources SET cursor = '{}'"))
        world.web.lists("t1", post(32), post(31), *(post(number) for number in range(30)), mark="b")
        assert (await world.poll()).alerts == 2

    play(tmp_path, story)


# ── What may have been missed ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("before", "after", "gaps"),
    [
        (range(20), range(100, 120), 1),
        (range(20), range(100, 130), 1),
        (range(20), range(100, 115), 0),  # fewer: the site may have taken the others down
        (range(19, -1, -1), range(38, 18, -1), 0),  # one is left: nothing passed unseen
        (range(1), range(100, 101), 0),  # a page that shows one replaces it
        (range(0), range(100, 120), 0),  # there was nothing before
    ],
)
def test_a_feed_that_turned_over_leaves_a_gap_and_is_polled_sooner(
    tmp_path: Path, before: range, after: range, gaps: int
) -> None:
    async def story(world: World) -> None:
        world.web.shows(*map(post, before))
        await begin(world)
        world.web.shows(*map(post, after))
        await world.poll()
        assert world.count("gaps") == gaps
        next_at = str(world.rows("SELECT next_at FROM sources")[0]["next_at"]).replace("Z", "+00:00")
        waits = datetime.fromisoformat(next_at) - world.clock.now()
        every = world.source.every
        assert waits == every / 2 if gaps else every * 0.95 <= waits <= every
        await world.poll()
        assert world.count("gaps") == gaps

    play(tmp_path, story)
