"""The answers to a mention are read, how often and until when; a thread's faults are its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.errors import Malformed, StatusError
from monitor.flows.following import LOOKS
from monitor.models import Author, Post, Source
from monitor.store import rows
from monitor.tracking.threads import HOT
from tests.flows.world import BRAND, NOW, World, begin, play, post, state

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.errors import SourceError

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
LEARNING = Source(name="forum", kind="feed", url="1", options=None, learns=True)


def asked(number: int, text: str = f"В {BRAND} плохо") -> Post:
    """A post whose answers are read at "a<number>"."""
    return replace(post(number, text), follow=f"a{number}")


def reply(number: int, text: str = "У меня тоже", **what: object) -> Post:
    return replace(post(number, text), published=NOW, **what)  # type: ignore[arg-type]


def stored(world: World, native: str) -> dict[str, object]:
    return world.rows(f"SELECT type, thread, parent, text FROM posts WHERE native_id = '{native}'")[0]


def next_visit(world: World) -> datetime:
    moment = rows.to_moment(str(world.rows("SELECT next_at FROM sources")[0]["next_at"]))
    assert moment is not None
    return moment


async def meet(world: World, *posts: Post) -> None:
    """A first visit, then one that shows these."""
    world.web.shows(post(1, "привет"))
    await begin(world)
    world.web.shows(*posts, post(1, "привет"))
    await world.poll()
    world.web.requests.clear()


async def later(world: World, wait: timedelta = HOUR) -> None:
    world.clock.moment += wait
    await world.poll()


def test_R10_answers_to_a_mention_become_posts_under_it_and_mentions_of_their_own(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await meet(world, asked(2), asked(3, "ни о ком"))
        assert world.count("followed") == 1
        world.web.answers("a2", reply(21, f"И у меня в {BRAND} плохо"), reply(22))
        await later(world)
        assert "a2" in world.web.addresses
        assert "a3" not in world.web.addresses
        assert stored(world, "n21") | {"text": ""} == {"type": "comment", "thread": "n2", "parent": None, "text": ""}
        assert world.count("mentions") == 2
        assert world.count("alerts") == 2
        assert world.count("posts") == 5

    play(tmp_path, story)


def test_R56_an_answer_that_names_nobody_is_no_mention_whatever_it_stands_under(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await meet(world, asked(2))
        world.web.answers("a2", reply(21, "Ужасно, плохо"))
        await later(world)
        assert world.count("posts") == 3
        assert world.count("mentions") == 1

    play(tmp_path, story)


def test_the_brands_own_answer_is_linked_to_the_mention(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.own_accounts = {"help": BRAND}
        await meet(world, asked(2))
        world.web.answers("a2", reply(21, "Разбираемся", author=Author(name="help")))
        await later(world)
        answers = world.rows("SELECT brand FROM answers JOIN posts ON posts.id = post_id WHERE native_id = 'n2'")
        assert answers == [{"brand": BRAND}]

    play(tmp_path, story)


def test_what_the_kind_says_of_the_thread_stands_and_the_post_itself_is_no_answer(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await meet(world, asked(2))
        itself = reply(2, "другими словами")
        world.web.answers("a2", itself, replace(itself, native_id="x2"), reply(21, thread="t", parent="p"))
        await later(world)
        assert (stored(world, "n21")["thread"], stored(world, "n21")["parent"]) == ("t", "p")
        assert world.count("posts") == 3
        assert world.count("revisions") == 0

    play(tmp_path, story)


def test_a_doubtful_mention_is_not_followed(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        sure = world.worker._judge

        def doubt(one: Post) -> object:
            said = sure(one)
            return replace(said, mentions=tuple(replace(mention, doubtful=True) for mention in said.mentions))

        world.worker._judge = doubt  # type: ignore[method-assign,assignment]
        await meet(world, asked(2))
        assert world.count("mentions") == 1
        assert world.count("followed") == 0

    play(tmp_path, story)


def test_R10_a_learned_interval_is_cut_short_for_threads_and_at_most_by_half(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await meet(world, *(asked(number) for number in range(2, 2 + LOOKS + 5)))
        await later(world, timedelta(days=2))
        assert len({address for address in world.web.addresses if address.startswith("a")}) == LOOKS
        (row,) = world.rows("SELECT interval_seconds FROM sources")
        interval = timedelta(seconds=float(str(row["interval_seconds"])))
        assert interval > 2 * HOT
        early = next_visit(world) - world.clock.moment
        assert abs(early - interval / 2) < timedelta(milliseconds=2)  # the others are due at once
        before = world.rows("SELECT next_at FROM followed WHERE next_at > (SELECT last_polled_at FROM sources)")
        await world.poll()
        assert len({address for address in world.web.addresses if address.startswith("a")}) == LOOKS + 5
        assert next_visit(world) > world.clock.moment + interval * 0.9
        after = world.rows("SELECT next_at FROM followed ORDER BY next_at LIMIT 10")
        assert after == before  # out of turn nothing is looked at that is not due

    play(tmp_path, story, source=LEARNING)


def test_an_interval_that_somebody_decided_on_is_kept_and_threads_are_looked_at_in_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await meet(world, asked(2))
        assert next_visit(world) > world.clock.moment + 50 * MINUTE
        await later(world)
        assert "a2" in world.web.addresses
        assert next_visit(world) > world.clock.moment + 50 * MINUTE

    source = Source(name="forum", kind="feed", url="1", options=None, every=HOUR)
    play(tmp_path, story, source=source)


def test_a_kind_that_reads_no_answers_follows_nothing_for_long(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await meet(world, asked(2))
        world.web.answers_questions = False
        await later(world)
        assert world.count("followed") == 0

    play(tmp_path, story)


def test_what_stood_there_before_the_watch_is_not_followed(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.web.shows(*(asked(number) for number in range(1, 150)))
        await world.poll()
        assert (world.count("mentions"), world.count("followed")) == (149, 0)

    play(tmp_path, story)


def test_a_thread_with_several_mentions_is_read_once_and_each_of_them_keeps_it_going(tmp_path: Path) -> None:
    def there(number: int) -> Post:
        return replace(asked(number), follow="a2")

    async def story(world: World) -> None:
        await meet(world, there(2), there(3))
        assert world.count("followed") == 1
        await later(world)
        assert world.web.addresses.count("a2") == 1
        await later(world, timedelta(days=2))
        (before,) = world.rows("SELECT * FROM followed")
        world.web.shows(there(4), there(3), there(2), post(1, "привет"))
        await world.poll()
        (after,) = world.rows("SELECT * FROM followed")
        assert after["post_id"] == before["post_id"]
        assert str(after["next_at"]) < str(before["next_at"])
        assert str(after["until_at"]) > str(before["until_at"])
        world.web.shows(there(5), there(4), there(3), there(2), post(1, "привет"))
        await later(world, timedelta(days=8))  # the silence would have ended it at this very visit
        assert world.count("followed") == 1

    play(tmp_path, story)


def test_silence_makes_the_looks_rarer_and_ends_them(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await meet(world, asked(2))
        looks = 0
        for _ in range(24 * 8):
            world.web.requests.clear()
            await later(world, HOUR - MINUTE)
            looks += world.web.addresses.count("a2")
        assert world.count("followed") == 0
        assert 30 < looks < 70
        world.web.answers("a2", reply(21))
        await later(world)
        assert "a2" not in world.web.addresses

    play(tmp_path, story)


def test_a_list_that_has_not_changed_hides_no_answers(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await meet(world, asked(2))
        world.web.etag = '"one"'
        await world.poll()
        world.web.answers("a2", reply(21))
        await later(world, 20 * MINUTE)
        assert state(world)["health"] == "ok"
        assert stored(world, "n21")["thread"] == "n2"
        assert world.count("gaps") == 0

    play(tmp_path, story)


@pytest.mark.parametrize("error", [StatusError(500), Malformed("no thread"), StatusError(401)])
def test_a_failing_thread_fails_no_visit_and_is_asked_for_ever_less(tmp_path: Path, error: SourceError) -> None:
    async def story(world: World) -> None:
        await meet(world, asked(2))
        world.web.fails(error, page="a2")
        world.web.shows(post(5, "новое"), asked(2), post(1, "привет"))
        await later(world)
        assert world.count("posts") == 3
        assert "answers to a post could not be read" in str(state(world)["error"])
        assert state(world)["failures"] == 0
        assert world.rows("SELECT failures FROM followed") == [{"failures": 1}]
        await later(world, 20 * MINUTE)
        assert world.web.addresses.count("a2") == 1
        await later(world, 20 * MINUTE)
        assert world.web.addresses.count("a2") == 2
        world.web.recovers()
        world.web.answers("a2", reply(21))
        await later(world, 3 * HOUR)
        assert world.rows("SELECT failures FROM followed") == [{"failures": 0}]
        assert stored(world, "n21")["thread"] == "n2"

    play(tmp_path, story)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_thread_that_is_gone_is_over(tmp_path: Path, status: int) -> None:
    async def story(world: World) -> None:
        await meet(world, asked(2))
        world.web.fails(StatusError(status), page="a2")
        await later(world)
        assert world.count("followed") == 0
        assert state(world)["health"] == "ok"

    play(tmp_path, story)


def test_an_old_mention_is_not_followed_and_undated_answers_of_history_are_none_of_todays(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        old = replace(asked(2), published=NOW - timedelta(days=8))
        recent = replace(asked(3), published=NOW - timedelta(days=1))
        await meet(world, recent, old)
        assert world.rows("SELECT address FROM followed") == [{"address": "a3"}]
        alerts = world.count("alerts")
        world.web.answers("a3", post(31))
        await later(world, 3 * HOUR)
        assert world.count("mentions") == 3
        assert world.count("alerts") == alerts

    play(tmp_path, story)


def test_a_source_that_moved_reads_no_answers_at_the_old_place_and_what_is_erased_is_not_followed(
    tmp_path: Path,
) -> None:
    async def story(world: World) -> None:
        await meet(world, asked(2), asked(3))
        await world.writer.run(lambda store: store.erase([2], now=NOW))
        assert world.count("followed") == 1
        moved = replace(world.source, url="https://elsewhere.example/")
        await world.writer.run(lambda store: store.sync_sources([world.source], {"forum": "forum.example:443"}, NOW))
        assert world.count("followed") == 1
        await world.writer.run(lambda store: store.sync_sources([moved], {"forum": "elsewhere.example:443"}, NOW))
        assert world.count("followed") == 0

    play(tmp_path, story)


def test_a_clock_that_was_wrong_holds_no_thread_back_for_years(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await meet(world, asked(2))
        await world.writer.run(lambda store: store._db.execute("UPDATE followed SET next_at = '2036-01-01T00:00'"))
        await world.writer.run(lambda store: store.clamp_schedule(datetime(2026, 11, 21, 13, tzinfo=UTC)))
        due = world.rows("SELECT next_at FROM followed")[0]["next_at"]
        assert due == "2026-11-22T13:00:00.000Z"

    play(tmp_path, story)
