"""What is taken out of history, on request or after its time, stays out, and nothing else goes with it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.config import RetentionSettings
from monitor.errors import InputError
from monitor.flows.forgetting import TOGETHER, forget, retain, tidy, whom
from monitor.models import Author, Post
from monitor.store import Store, open_reader
from monitor.store.erase import Whom, posts_of, standing_under
from tests.flows.world import BRAND, NOW, World, play, post

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.models import JSON

KEEP = RetentionSettings(mentions=timedelta(days=365), others=timedelta(days=30))
PERSON = "Ольга Канарейкина"


def by(author: str, given: Post) -> Post:
    return replace(given, author=Author(name=author, url="https://forum.example/u/olga"))


async def forget_all(world: World, path: Path, asked: Whom) -> dict[str, JSON]:
    """What the command does: mark, find, erase."""
    named: dict[str, JSON] = {"kind": asked.kind, "value": asked.value, "source": asked.source}
    await forget(world.ports, world.plan, named)
    db = open_reader(path)
    posts = posts_of(db, asked)
    under = standing_under(db, posts)
    db.close()
    report = await forget(world.ports, world.plan, {**named, "posts": [*posts], "standing_under": [*under]})
    assert isinstance(report, dict)
    return report


def files_with(text: str, folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir() if file.is_file() and text.encode() in file.read_bytes()]


async def watched(world: World) -> None:
    """Past the silent first poll."""
    world.web.shows(post(0, "ни о ком"))
    await world.poll()


@pytest.mark.parametrize(
    ("author", "url", "expected"),
    [
        ("  ОЛЬГА  канарейкина", None, Whom(kind="author", value="ольга канарейкина")),
        ("https://forum.example/u/olga?utm_source=x", None, Whom(kind="author", value="https://forum.example/u/olga")),
        (None, "HTTPS://Forum.example/1#c", Whom(kind="url", value="https://forum.example/1")),
    ],
)
def test_a_request_is_read_as_people_spell_it(author: str | None, url: str | None, expected: Whom) -> None:
    assert whom(author=author, url=url) == expected


@pytest.mark.parametrize(("author", "url"), [(None, None), ("a", "https://a.example/"), (" ", None), (None, "ftp://a")])
def test_a_request_that_names_nobody_is_refused(author: str | None, url: str | None) -> None:
    with pytest.raises(InputError):
        whom(author=author, url=url)


def test_all_that_hangs_on_a_post_goes_with_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await watched(world)
        world.web.shows(by(PERSON, post(1)), by("Иван", post(2)))
        await world.poll()
        assert (world.count("alerts"), world.count("mention_search")) == (2, 2)
        # An edit leaves a revision.
        world.web.shows(by(PERSON, replace(post(1), text=f"В {BRAND} всё плохо, дополнено")), by("Иван", post(2)))
        await world.poll()
        report = await forget_all(world, tmp_path / "monitor.db", whom(author=PERSON, url=None))
        assert {name: report[name] for name in ("posts", "mentions", "alerts", "deliveries", "messages")} == {
            "posts": 1,
            "mentions": 1,
            "alerts": 1,
            "deliveries": 1,
            "messages": 1,
        }
        for table in ("alerts", "deliveries", "messages", "mentions", "mention_search"):
            assert world.count(table) == 1, table
        assert (world.count("posts"), world.count("revisions")) == (2, 0)
        assert world.rows("SELECT sum(mentions) AS n FROM day_counts") == [{"n": 1}]

    play(tmp_path, story)


def test_a_message_that_carries_others_too_still_goes_out(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await watched(world)
        world.web.shows(by(PERSON, post(1)), by("Иван", post(2)))
        await world.poll()

        def group(store: Store) -> None:
            first, second = store._db.execute("SELECT id FROM messages ORDER BY rowid").fetchall()
            store._db.execute("UPDATE message_deliveries SET message_id = ? WHERE message_id = ?", first + second)
            store._db.execute("DELETE FROM messages WHERE id = ?", second)

        await world.writer.run(group)
        await forget_all(world, tmp_path / "monitor.db", whom(author=PERSON, url=None))
        now = world.clock.now()
        (message,) = await world.writer.run(lambda store: store.claim_messages(now, 5))
        assert [alert.view.post.author.name for alert in message.alerts] == ["Иван"]

    play(tmp_path, story)


def test_what_was_forgotten_never_comes_back(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await watched(world)
        world.web.shows(by(PERSON, post(1)))
        await world.poll()
        await forget_all(world, tmp_path / "monitor.db", whom(author=PERSON, url=None))
        # Still served; edited; written anew; and one by somebody else.
        world.web.shows(by(PERSON, post(1)), by("Иван", post(2)))
        await world.poll()
        world.web.shows(by(PERSON, replace(post(1), text=f"В {BRAND} теперь хорошо")), by(PERSON.upper(), post(3)))
        for _ in range(2):
            await world.poll()
        assert [row["author"] for row in world.rows("SELECT author FROM posts WHERE author IS NOT NULL")] == ["Иван"]
        # What is not stored is known all the same: it is not looked at again at every poll.
        assert (await world.poll()).new == 0

    play(tmp_path, story)


def test_a_name_may_be_forgotten_at_one_source_only(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await watched(world)
        asked = whom(author=PERSON, url=None, source=1)

        def stored(store: Store) -> list[bool]:
            store.forget(asked, now=NOW)
            return [store.is_forgotten(source, by(PERSON, post(1))) for source in (1, 2)]

        assert await world.writer.run(stored) == [True, False]

    play(tmp_path, story)


def test_an_address_is_forgotten_however_it_was_spelt_and_its_thread_stays_together(tmp_path: Path) -> None:
    address = "https://forum.example/1"

    async def story(world: World) -> None:
        await watched(world)
        first = replace(post(1), url=f"{address}?utm_source=feed#top", native_id="first")
        world.web.shows(
            first,
            replace(post(2), thread="first", parent="first"),
            replace(post(3), thread="first", parent=f"{address}?utm_source=feed#top"),
            replace(post(10), thread="other"),
        )
        await world.poll()
        report = await forget_all(world, tmp_path / "monitor.db", whom(author=None, url=address))
        assert report["posts"] == 1
        rows = world.rows("SELECT url, thread, parent FROM posts WHERE thread IS NOT NULL ORDER BY id")
        assert len({row["thread"] for row in rows}) == 2
        assert not [row for row in rows if "first" in str(row) or f"{address}?" in str(row)]

    play(tmp_path, story)


def test_cursors_keep_nothing_of_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await watched(world)
        world.web.shows(by(PERSON, post(1)))
        await world.poll()
        cursor = '{"threads": {"https://forum.example/1": "m", "https://forum.example/7": "n"}, "seen": ["n1", "n7"]}'
        await world.writer.run(lambda store: store._db.execute("UPDATE sources SET cursor = ?", (cursor,)))
        report = await forget_all(world, tmp_path / "monitor.db", whom(author=PERSON, url=None))
        assert report["cursors"] == 1
        (row,) = world.rows("SELECT cursor FROM sources")
        assert row["cursor"] == '{"threads": {"https://forum.example/7": "n"}, "seen": ["n7"]}'

    play(tmp_path, story)


def test_tidying_says_when_a_reader_keeps_old_pages(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await watched(world)
        world.web.shows(by(PERSON, post(1)))
        await world.poll()
        reader = open_reader(tmp_path / "monitor.db")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM posts").fetchall()
        await forget_all(world, tmp_path / "monitor.db", whom(author=PERSON, url=None))
        assert await tidy(world.ports, world.plan, {}) == {"clean": False}
        reader.execute("COMMIT")
        assert await tidy(world.ports, world.plan, {}) == {"clean": True}
        reader.close()
        assert files_with(PERSON, tmp_path) == []

    play(tmp_path, story)


# ── retention ──


def test_posts_go_after_their_time_and_do_not_come_back_as_new(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await watched(world)
        world.web.shows(post(0, "ни о ком"), post(1), post(2, "тоже ни о ком"))
        await world.poll()
        await settle(world)
        counts = world.rows("SELECT * FROM day_counts")
        world.clock.moment += timedelta(days=29)
        assert (await retain(KEEP, ports=world.ports)).posts == 0
        world.clock.moment += timedelta(days=2)
        assert (await retain(KEEP, ports=world.ports)).posts == 2
        assert [row["native_id"] for row in world.rows("SELECT native_id FROM posts")] == ["n1"]
        world.clock.moment += timedelta(days=365)
        gone = await retain(KEEP, ports=world.ports)
        assert (gone.posts, gone.mentions, gone.alerts, gone.messages) == (1, 1, 1, 1)
        assert [world.count(table) for table in ("posts", "mentions", "mention_search", "messages")] == [0, 0, 0, 0]
        # The source still serves them, also with other words.
        assert (await world.poll()).new == 0
        world.web.shows(post(1), replace(post(2), text=f"а теперь о {BRAND}"))
        assert (await world.poll()).new == 0
        assert world.count("posts") == 0
        # History keeps its figures.
        assert world.rows("SELECT * FROM day_counts") == counts

    play(tmp_path, story)


async def settle(world: World) -> None:
    """All messages are sent."""
    now = world.clock.now()

    def send(store: Store) -> None:
        for message in store.claim_messages(now, 100):
            store.message_sent(message.id, now)

    await world.writer.run(send)


def test_a_post_waits_for_its_alert(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await watched(world)
        world.web.shows(post(1))
        await world.poll()
        world.clock.moment += timedelta(days=400)
        assert (await retain(KEEP, ports=world.ports)).mentions == 0
        await settle(world)
        assert (await retain(KEEP, ports=world.ports)).mentions == 1

    play(tmp_path, story)


def test_our_answer_lives_as_long_as_what_it_answers(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.own_accounts = {"поддержка": BRAND}
        await watched(world)
        world.web.shows(by("Поддержка", replace(post(2, "разберёмся"), thread="t")), replace(post(1), thread="t"))
        await world.poll()
        await settle(world)
        assert world.count("answers") == 1
        world.clock.moment += timedelta(days=100)
        await retain(KEEP, ports=world.ports)
        assert (world.count("posts"), world.count("answers")) == (2, 1)
        world.clock.moment += timedelta(days=300)
        await retain(KEEP, ports=world.ports)
        assert (world.count("posts"), world.count("answers")) == (0, 0)

    play(tmp_path, story)


def test_polls_go_on_while_much_is_past_its_time(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await watched(world)
        world.web.shows(*(post(number, "ни о ком") for number in range(4 * TOGETHER)))
        await world.poll()
        world.clock.moment += timedelta(days=40)
        order: list[str] = []

        async def other_work() -> None:
            for _ in range(3):
                await world.writer.run(lambda store: store.has_posts(1))
                order.append("other")

        async def retention() -> None:
            gone = await retain(KEEP, ports=world.ports)
            order.append(f"gone {gone.posts}")

        await asyncio.gather(retention(), other_work())
        assert order == ["other", "other", "other", f"gone {4 * TOGETHER}"]

    play(tmp_path, story)


def test_every_table_that_refers_to_what_is_erased_is_known_here(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        referring = {
            (str(row["name"]), str(row["to"]))
            for row in world.rows(
                'SELECT m.name, f."table" AS "to" FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS f'
            )
        }
        erased = {"posts", "mentions", "alerts", "deliveries", "messages"}
        # A new table here needs its line in EraseVerbs._delete.
        assert {pair for pair in referring if pair[1] in erased} == {
            ("sightings", "posts"),
            ("mentions", "posts"),
            ("revisions", "posts"),
            ("answers", "posts"),
            ("alerts", "mentions"),
            ("deliveries", "alerts"),
            ("message_deliveries", "deliveries"),
            ("message_deliveries", "messages"),
        }

    play(tmp_path, story)
