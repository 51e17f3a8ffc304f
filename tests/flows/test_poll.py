from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.errors import Blocked, ConnectFailed, StatusError, WorkerKilled
from monitor.models import Backfill, Judgement, Post, Source
from monitor.store import Store
from tests.flows.world import BRAND, NOW, World, marks, play, post, state

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def test_the_first_poll_records_silently(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.web.shows(post(2), post(1))
        report = await world.poll()
        assert (report.new, report.mentions, report.alerts) == (2, 2, 0)
        assert {row["decision"] for row in world.rows("SELECT decision FROM mentions")} == {
            "recorded silently: first poll of this source"
        }

    play(tmp_path, story)


def test_the_first_poll_alerts_where_the_source_says_so(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.web.shows(post(1))
        assert (await world.poll()).alerts == 1

    source = Source(name="forum", kind="feed", url="1", options=None, backfill=Backfill.ALERT)
    play(tmp_path, story, source=source)


def test_what_is_new_after_the_first_poll_becomes_an_alert_with_delivery_and_message(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.web.shows(post(1))
        await world.poll()
        world.web.shows(post(2), post(1))
        report = await world.poll()
        assert (report.new, report.mentions, report.alerts) == (1, 1, 1)
        assert (world.count("alerts"), world.count("deliveries"), world.count("messages")) == (1, 1, 1)

    play(tmp_path, story)


def test_a_post_that_names_no_brand_is_stored_and_is_no_mention(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.web.shows(post(1, "о погоде"))
        await world.poll()
        assert (world.count("posts"), world.count("mentions")) == (1, 0)

    play(tmp_path, story)


def test_posts_are_stored_oldest_first(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.web.shows(post(3), post(2), post(1))
        await world.poll()
        assert [row["native_id"] for row in world.rows("SELECT native_id FROM posts ORDER BY id")] == ["n1", "n2", "n3"]

    play(tmp_path, story)


def test_an_edited_post_is_no_news(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.web.shows(post(1))
        await world.poll()
        world.web.shows(replace(post(1), text=f"{BRAND}: плохо, дополнено"))
        report = await world.poll()
        assert (report.new, world.count("posts")) == (0, 1)

    play(tmp_path, story)


def test_nothing_is_asked_twice_that_has_not_changed(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.web.etag = '"v1"'
        world.web.shows(post(1))
        await world.poll()
        report = await world.poll()
        assert report.not_modified
        assert [validators.etag for _, validators in world.web.requests] == [None, '"v1"']
        assert world.rows("SELECT etag, health FROM sources") == [{"etag": '"v1"', "health": "ok"}]

    play(tmp_path, story)


def test_a_burst_larger_than_a_page_is_paged_back_until_something_known(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.web.shows(post(1))
        await world.poll()
        world.web.shows(post(6), post(5))
        world.web.shows(post(4), post(3), page="2")
        world.web.shows(post(2), post(1), page="3")
        world.web.shows(post(0), page="4")
        report = await world.poll()
        assert report.new == 5
        assert [url for url, _ in world.web.requests] == ["1", "1", "2", "3"]

    play(tmp_path, story)


def test_the_first_poll_reads_back_as_far_as_one_may_and_misses_nothing_by_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        for page in range(1, 10):
            world.web.shows(post(100 - page), page=str(page))
        assert (await world.poll()).new == world.source.max_pages
        assert world.count("gaps") == 0
        assert state(world)["health"] == "ok"

    play(tmp_path, story)


def test_more_than_could_be_paged_back_is_said(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.web.shows(post(0))
        await world.poll()
        for page in range(1, 10):
            world.web.shows(post(100 - page), page=str(page))
        report = await world.poll()
        assert report.new == world.source.max_pages
        row = world.rows("SELECT health, error FROM sources")[0]
        assert row == {
            "health": "degraded",
            "error": "more was new than could be paged back: posts may have been missed",
        }

    play(tmp_path, story)


def test_a_failing_further_page_loses_nothing_and_holds_nothing_back_for_ever(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.web.shows(post(0))
        await world.poll()
        world.web.shows(post(3))
        world.web.shows(post(2), page="2")
        world.web.fails(StatusError(500), page="2")
        for _ in range(3):
            assert (await world.poll()).error is not None
            assert world.count("posts") == 1
        report = await world.poll()
        assert (report.error, report.new) == (None, 1)
        assert "posts may have been missed" in str(world.rows("SELECT error FROM sources")[0]["error"])

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("error", "health", "shown"),
    [
        (ConnectFailed("forum.example: refused"), "degraded", "connect: forum.example: refused"),
        (StatusError(500), "degraded", "status: HTTP 500"),
        (Blocked("a login page"), "blocked", "blocked: a login page"),
    ],
)
def test_a_fault_of_the_source_is_stored_and_keeps_the_cursor(
    tmp_path: Path, error: ConnectFailed | StatusError | Blocked, health: str, shown: str
) -> None:
    async def story(world: World) -> None:
        world.web.etag = '"v1"'
        world.web.shows(post(1))
        await world.poll()
        world.web.fails(error)
        before = marks(world)
        assert '"read": "1"' in before
        report = await world.poll()
        assert report.error is error
        assert state(world) == {"health": health, "error": shown, "failures": 1, "etag": '"v1"'}
        assert marks(world) == before
        world.web.recovers()
        world.web.etag = '"v2"'
        world.web.shows(post(2), post(1))
        assert (await world.poll()).new == 1
        assert world.rows("SELECT health, error, failures FROM sources")[0] == {
            "health": "ok",
            "error": None,
            "failures": 0,
        }

    play(tmp_path, story)


def test_a_host_that_names_a_moment_is_not_asked_before(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        retry_at = NOW + timedelta(hours=2)
        world.web.fails(StatusError(429, retry_at=retry_at))
        await world.poll()

        async def leased_at(hours: float) -> int:
            now = NOW + timedelta(hours=hours)
            return len(await world.writer.run(lambda store: store.lease_due(now, 1)))

        assert await leased_at(1.99) == 0
        assert await leased_at(2.01) == 1

    play(tmp_path, story)


def test_nothing_where_there_was_something_is_stale(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.poll()
        assert world.rows("SELECT health FROM sources") == [{"health": "ok"}]
        world.web.shows(post(1))
        await world.poll()
        world.web.shows()
        await world.poll()
        assert world.rows("SELECT health FROM sources") == [{"health": "stale"}]

    play(tmp_path, story)


def test_two_polls_in_flight_store_a_post_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(world: World) -> None:
        await world.poll()
        world.web.shows(post(1))
        first = await world.poll()
        # A second poll that looked before the first one committed brings the same post to the transaction.
        with monkeypatch.context() as patch:
            patch.setattr(Store, "unseen", lambda _self, _source, identities: set(identities))
            await world.poll()
        assert first.alerts == 1
        assert (world.count("posts"), world.count("mentions"), world.count("alerts")) == (1, 1, 1)

    play(tmp_path, story)


def test_a_fault_inside_the_transaction_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(world: World) -> None:
        world.web.etag = '"v1"'
        await world.poll()
        world.web.etag = '"v2"'
        world.web.shows(post(2), post(1))

        def broken(*_: object) -> None:
            raise RuntimeError("disk on fire")

        with monkeypatch.context() as patch:
            patch.setattr(Store, "finish_poll", broken)
            with pytest.raises(RuntimeError):
                await world.poll()
        assert (world.count("posts"), world.count("alerts")) == (0, 0)
        await world.writer.run(lambda store: store.start_over(world.clock.now()))
        report = await world.poll()
        assert (report.new, report.alerts) == (2, 2)

    play(tmp_path, story)


def test_a_page_that_is_too_much_for_one_worker_is_judged_in_halves(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.poll()
        world.web.shows(*(post(number) for number in range(8, 0, -1)))
        whole = world.worker.judge

        async def judge_few(posts: Sequence[Post], *, site_weight: float | None) -> list[Judgement | None]:
            if len(posts) > 2:
                raise WorkerKilled("took longer than 60 s")
            return await whole(posts, site_weight=site_weight)

        world.worker.judge = judge_few  # type: ignore[method-assign]
        report = await world.poll()
        assert (report.error, report.new, report.mentions) == (None, 8, 8)

    play(tmp_path, story)


def test_a_poll_that_is_broken_off_again_and_again_gets_further_each_time(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.poll()
        world.web.etag = '"v2"'
        world.web.shows(*(post(number) for number in range(130, 0, -1)))
        whole = world.worker.judge
        stored = []

        async def judge_once(posts: Sequence[Post], *, site_weight: float | None) -> list[Judgement | None]:
            world.worker.judge = killed  # type: ignore[method-assign]
            return await whole(posts, site_weight=site_weight)

        async def killed(posts: Sequence[Post], *, site_weight: float | None) -> list[Judgement | None]:
            raise WorkerKilled("the worker died")

        for _ in range(3):
            world.worker.judge = judge_once  # type: ignore[method-assign]
            await world.poll()
            stored.append(world.count("posts"))
        assert stored == [50, 100, 130]
        assert world.count("alerts") == 130
        assert [row["native_id"] for row in world.rows("SELECT native_id FROM posts ORDER BY id LIMIT 2")] == [
            "n1",
            "n2",
        ]

    play(tmp_path, story)
