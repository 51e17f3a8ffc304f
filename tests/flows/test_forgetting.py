"""What is taken out of history, on request or after its time, stays out, and nothing else goes with it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest

from monitor.config import RetentionSettings
from monitor.errors import InputError
from monitor.flows.forgetting import TOGETHER, forget, retain, tidy, whom
from monitor.models import Author, HostState, Post
from monitor.store import Store, open_reader
from monitor.store.forgotten import Whom, posts_of, standing_under
from tests.flows.telling import reply, told, with_teller
from tests.flows.world import BRAND, NOW, World, marks, play, post

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
        asked = whom(author=PERSON, url=None, source="forum")

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


def test_only_whole_names_are_taken_out_of_cursors(tmp_path: Path) -> None:
    kept = {
        "https://a.example/aa": "17",
        "https://forum.example/all?by=ab": "тара",
        "https://forum.example/t/170": "at 12:30",
    }
    named = {
        "https://forum.example/u/A/": "m",
        "https://forum.example/all?by=a": "m",
        "https://forum.example/t/17/": "m",
        "https://forum.example/t/20-a-gripe": "m",
        "https://forum.example/t/21": "last by A, 12:30",
        "https://forum.example/1?utm_source=list": "m",
        "17": "m",
    }

    async def story(world: World) -> None:
        await watched(world)
        world.web.shows(replace(post(1, native="17"), author=Author(name="a")))
        await world.poll()
        cursor = json.dumps({"read": "17", "threads": kept | named}, ensure_ascii=False)
        await world.writer.run(lambda store: store._db.execute("UPDATE sources SET cursor = ?", (cursor,)))
        await forget_all(world, tmp_path / "monitor.db", whom(author="a", url=None))
        assert json.loads(marks(world)) == {"read": "17", "threads": kept}

    play(tmp_path, story)


@pytest.mark.parametrize("in_stored_cursor", [False, True])
def test_a_poll_under_way_does_not_bring_a_cursor_back(tmp_path: Path, in_stored_cursor: bool) -> None:
    async def story(world: World) -> None:
        await watched(world)
        world.web.shows(by(PERSON, post(1)))
        await world.poll()
        cursor = json.dumps({"threads": {PERSON: "m"}} if in_stored_cursor else {}, ensure_ascii=False)
        await world.writer.run(lambda store: store._db.execute("UPDATE sources SET cursor = ?", (cursor,)))
        now = world.clock.now()
        leased = await world.writer.run(lambda store: store.lease_named("forum", now))
        assert leased is not None
        await forget_all(world, tmp_path / "monitor.db", whom(author=PERSON, url=None))
        seen = replace(leased.state, cursor={"threads": {PERSON: "m2"}}, error=PERSON)
        await world.writer.run(lambda store: store.finish_poll(leased, seen))
        assert PERSON not in str(world.rows("SELECT * FROM sources"))
        assert (await world.poll()).error is None  # the source is polled on

    play(tmp_path, story)


def test_the_site_of_a_person_is_forgotten_and_not_stored_again(tmp_path: Path) -> None:
    own, shared = "https://www.olga.example/post", "https://papers.example/1"

    async def story(world: World) -> None:
        await watched(world)
        hosts = [
            HostState(host=f"{host}.example:443", robots="User-agent: *") for host in ("olga", "www.olga", "papers")
        ]
        world.web.host_states = lambda: tuple(hosts)  # type: ignore[method-assign]
        mine = replace(by(PERSON, post(1)), url=own)
        world.web.shows(mine, replace(by(PERSON, post(2)), url=shared), replace(post(3), url=f"{shared}2"))
        await world.poll()
        assert world.count("hosts") == 3
        await forget_all(world, tmp_path / "monitor.db", whom(author=PERSON, url=None))
        # The daemon still knows them, and leaves them alone as they asked; it writes them down no more.
        for _ in range(2):
            assert [row["host"] for row in world.rows("SELECT host FROM hosts")] == ["papers.example:443"]
            await world.poll()
        assert await tidy(world.ports, world.plan, {}) == {"clean": True}
        assert files_with("olga.example", tmp_path) == []

    play(tmp_path, story)


def test_notes_that_quote_it_are_blanked(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await watched(world)
        world.web.shows(by(PERSON, post(1)), by("Иван", post(2)))
        await world.poll()

        def note(store: Store) -> None:
            store._db.execute("DELETE FROM gaps")
            for reason in ("a thread was passed over (https://forum.example/1)", "https://forum.example/12 waits"):
                store.add_gap(1, since=NOW, until=NOW, reason=reason, now=NOW)
            store._db.execute("UPDATE sources SET error = 'read: page of ольга канарейкина'")
            first, second = store._db.execute("SELECT id FROM messages ORDER BY rowid").fetchall()
            store._db.execute("UPDATE message_deliveries SET message_id = ? WHERE message_id = ?", second + first)
            store._db.execute("DELETE FROM messages WHERE id = ?", first)
            store._db.execute("UPDATE messages SET error = ?", (f"rejected: {PERSON} пишет",))

        await world.writer.run(note)
        await forget_all(world, tmp_path / "monitor.db", whom(author=PERSON, url=None))
        assert [row["reason"] for row in world.rows("SELECT reason FROM gaps")] == [
            "",
            "https://forum.example/12 waits",
        ]
        assert world.rows("SELECT error FROM sources UNION ALL SELECT error FROM messages") == [{"error": None}] * 2

    play(tmp_path, story)


def test_no_byte_stays_in_index_pages_or_free_ones(tmp_path: Path) -> None:
    """Names in random order split pages and stand between them; edits and deletions leave free pages behind."""
    order = Random(1)

    async def story(world: World) -> None:
        await watched(world)

        def plant(store: Store) -> None:
            with store.transaction():
                for number in range(3000):
                    place, is_theirs = order.randrange(10**9), number % 10 == 0
                    one = Post(
                        native_id=str(number),
                        url=f"https://forum.example/{place}/{'kanareika' * 20 if is_theirs else 'x' * 180}",
                        text=f"{'kanareika' if is_theirs else 'слово'} " * order.randrange(1, 300),
                        author=Author(name="kanareika" if is_theirs else f"имя {place}"),
                    )
                    post_id = store.add_post(1, one, identities=[f"id:{number}"], now=NOW)
                    assert post_id is not None
                    if number % 7 == 0:
                        store.revise_post(post_id, title="", text=one.text[: len(one.text) // 2], now=NOW)

        await world.writer.run(plant)
        await forget_all(world, tmp_path / "monitor.db", whom(author="kanareika", url=None))
        assert await tidy(world.ports, world.plan, {}) == {"clean": True}
        assert files_with("kanareika", tmp_path) == []
        assert world.count("posts") == 2701

    play(tmp_path, story)


def test_no_byte_stays_in_stories_stances_answers_or_the_reasons_of_others(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        with_teller(world)
        await watched(world)
        theirs = replace(
            told(1, by="Kanareika Olga"), author=Author(name="Kanareika Olga", url="https://vk.com/kanareika")
        )
        world.web.shows(told(2, by="Иван"), theirs)  # oldest last
        await world.poll()
        world.web.shows(
            reply(3, "+1 kanareika права", to="n2", by="Kanareika Olga"), reply(4, "+1", to="n2", by="Пётр")
        )
        await world.poll()

        def answer(store: Store) -> None:
            store.add_correction(1, about=True, note="это Kanareika Olga", person="Ирина", now=NOW)
            store.add_correction(2, about=True, note="пишет вслед за Kanareika Olga", person="Ирина", now=NOW)
            why = [
                {"code": "retold", "text": "first told by Kanareika Olga", "field": None, "start": None, "end": None}
            ]
            store._db.execute("UPDATE mentions SET why = ? WHERE id = 2", (json.dumps(why),))

        await world.writer.run(answer)
        assert (world.count("stories"), world.count("stances"), world.count("corrections")) == (1, 2, 2)
        await forget_all(world, tmp_path / "monitor.db", whom(author="Kanareika Olga", url=None))
        assert (world.count("stances"), world.count("corrections")) == (1, 1)
        assert world.rows("SELECT posts, origin_id FROM stories") == [{"posts": 1, "origin_id": 3}]
        assert world.rows("SELECT note FROM corrections") == [{"note": ""}]
        assert "(forgotten)" in str(world.rows("SELECT why FROM mentions")[0]["why"])
        assert world.rows("SELECT DISTINCT post_id FROM story_keys WHERE post_id NOT IN (SELECT id FROM posts)") == []
        assert await tidy(world.ports, world.plan, {}) == {"clean": True}
        for spelt in ("kanareika", "Kanareika", "KANAREIKA"):
            assert files_with(spelt, tmp_path) == []

    play(tmp_path, story)


def test_a_forgotten_reply_confirms_nothing_any_more(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        with_teller(world)
        await watched(world)
        for one in (told(1), reply(2, "+1", to="n1", by=PERSON), reply(3, "+1", to="n1", by="Пётр")):
            world.web.shows(one)
            await world.poll()
        (before,) = world.rows("SELECT priority, why FROM mentions")
        assert "2 other people confirmed it" in str(before["why"])
        await forget_all(world, tmp_path / "monitor.db", whom(author=PERSON, url=None))
        (after,) = world.rows("SELECT priority, why FROM mentions")
        assert "1 other person confirmed it" in str(after["why"])
        assert int(str(after["priority"])) < int(str(before["priority"]))

    play(tmp_path, story)


def test_who_is_forgotten_answered_as_nobody_in_particular(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await watched(world)
        world.web.shows(post(1))
        await world.poll()

        def answer(store: Store) -> None:
            for person in (PERSON.upper(), "Пётр"):
                store.add_correction(1, about=True, note="", person=person, now=NOW)

        await world.writer.run(answer)
        await forget_all(world, tmp_path / "monitor.db", whom(author=PERSON, url=None))
        assert [row["person"] for row in world.rows("SELECT person FROM corrections ORDER BY id")] == ["", "Пётр"]

    play(tmp_path, story)


def test_what_an_edit_took_out_is_searched_no_more(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await watched(world)
        world.web.shows(post(1, f"В {BRAND} плохо сломалось"))
        await world.poll()
        world.web.shows(post(1, "текст убран"))
        await world.poll()
        assert world.count("mention_search") == 0
        assert world.rows("SELECT doubtful, search_version FROM mentions") == [{"doubtful": 1, "search_version": 0}]

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
        await close_cases(world)
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


async def close_cases(world: World) -> None:
    """Everybody did their work."""
    await world.writer.run(lambda store: store._db.execute("UPDATE cases SET state = 'closed'"))


def test_a_post_waits_for_its_alert_and_its_case(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await watched(world)
        world.web.shows(post(1))
        await world.poll()
        world.clock.moment += timedelta(days=400)
        assert (await retain(KEEP, ports=world.ports)).mentions == 0
        await settle(world)
        assert (await retain(KEEP, ports=world.ports)).mentions == 0
        await close_cases(world)
        gone = await retain(KEEP, ports=world.ports)
        assert (gone.mentions, gone.cases) == (1, 1)

    play(tmp_path, story)


def test_our_answer_lives_as_long_as_what_it_answers(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.own_accounts = {"поддержка": BRAND}
        await watched(world)
        world.web.shows(by("Поддержка", replace(post(2, "разберёмся"), thread="t")), replace(post(1), thread="t"))
        await world.poll()
        await settle(world)
        await close_cases(world)
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
        erased = {"posts", "mentions", "cases", "case_notices", "alerts", "deliveries", "messages"}
        # A new table here needs its line in RemovalVerbs._remove_posts, what hangs on a case in _leave_cases.
        assert {pair for pair in referring if pair[1] in erased} == {
            ("sightings", "posts"),
            ("mentions", "posts"),
            ("revisions", "posts"),
            ("answers", "posts"),
            ("followed", "posts"),
            ("stories", "posts"),
            ("story_keys", "posts"),
            ("stances", "posts"),
            ("corrections", "mentions"),
            ("case_posts", "posts"),
            ("case_posts", "mentions"),
            ("case_posts", "cases"),
            ("case_notices", "posts"),
            ("case_notices", "cases"),
            ("case_deadlines", "cases"),
            ("case_events", "cases"),
            ("cases", "cases"),
            ("silences", "cases"),
            ("signals", "cases"),
            ("signals", "mentions"),
            ("alerts", "case_notices"),
            ("alerts", "mentions"),
            ("deliveries", "alerts"),
            ("message_deliveries", "deliveries"),
            ("message_deliveries", "messages"),
        }

    play(tmp_path, story)
