"""An existing history is read from what other tools export, judged, and stored once."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from monitor.errors import InputError, WorkerKilled
from monitor.flows.importing import FOUND, PORTION, PORTION_BYTES, Imported, import_posts, import_verb, portions
from monitor.flows.tables import Reading, Row, encoding_of, format_of, open_csv, post_from_json, read_csv, read_json
from monitor.models import Author, Post, PostType
from monitor.sources.render import post_to_json
from tests.flows.world import BRAND, NOW, World, play, post

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from monitor.models import Judgement


def rows_of(text: str, reading: Reading | None = None) -> list[Row]:
    return list(read_csv(*open_csv(StringIO(text, newline="")), reading or Reading()))


def one(text: str, reading: Reading | None = None) -> Post:
    (row,) = rows_of(text, reading)
    assert row.post is not None, row.fault
    return row.post


# ── files ──


@pytest.mark.parametrize(
    "text",
    [
        (
            "Дата;Автор;Текст;Ссылка;Оценка;Заголовок\n"
            '21.11.2026 10:30;Ольга;"Долго; но ""дошло""";https://shop.example/r/1;4,5;Отзыв\n'
        ),
        (
            "DATE,Author,Text,URL,Rating,Title\n"
            '2026-11-21T10:30:00Z,Ольга,"Долго; но ""дошло""",https://shop.example/r/1,9/10,Отзыв\n'
        ),
        (
            "rating\ttitle\tlink\tcontent\tusername\tpublished at\n"
            '4.5\tОтзыв\thttps://shop.example/r/1\t"Долго; но ""дошло"""\tОльга\t21/11/2026 10:30\n'
        ),
        (
            "\ufeffcreated_at|Автор|Полный текст|Ссылка на пост|Звезды|headline\r\n"
            '1795257000|Ольга|"Долго; но ""дошло"""|https://shop.example/r/1|4.5|Отзыв\r\n'
        ),
        (
            '\nдата,время,автор,текст,ссылка,оценка,тема\n2026-11-21,10:30,Ольга,"Долго; но ""дошло""",'
            "https://shop.example/r/1,4.5,Отзыв\n"
        ),
    ],
)
def test_columns_of_other_tools_are_understood(text: str) -> None:
    assert one(text) == Post(
        url="https://shop.example/r/1",
        title="Отзыв",
        text='Долго; но "дошло"',
        author=Author(name="Ольга"),
        published=datetime(2026, 11, 21, 10, 30, tzinfo=UTC),
        rating=4.5,
    )


def test_a_column_that_is_not_known_can_be_named() -> None:
    reading = Reading(columns={"что пишут": "text", "когда": "published"}, zone=ZoneInfo("Europe/Moscow"))
    found = one("Что пишут,Когда\nдолго,21.11.2026 10:30\n", reading)
    assert (found.text, found.published) == ("долго", datetime(2026, 11, 21, 7, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("x,https://a.example/,31.02.2026,", "day is out of range"),
        ("x,https://a.example/,yesterday,", "no date that is understood"),
        ("x,https://a.example/,03/04/2026,", "may be two days"),
        ("x,https://a.example/,01.01.1970,", "before 2000"),
        ("x,https://a.example/,,great", "no rating"),
        ("x,javascript:alert(1),,", "no http(s) address"),
        ("   ,https://a.example/,,", "neither a text nor a title"),
        ("x,https://a.example/,,5,more", "5 cells"),
        ("\udcff,https://a.example/,,", "bytes that are not in the encoding"),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_the_others_are_read(cells: str, reason: str) -> None:
    rows = rows_of(f"text,url,date,rating\nfirst,,,\n{cells}\nlast,,,\n")
    assert [(row.line, row.post and row.post.text) for row in rows] == [(2, "first"), (3, None), (4, "last")]
    assert reason in rows[1].fault


@pytest.mark.parametrize(("order", "month"), [("day-first", 4), ("month-first", 3)])
def test_what_a_date_with_slashes_means_can_be_said(order: str, month: int) -> None:
    found = one("text,date\nx,03/04/2026 5:07 PM\n", Reading(dates=order))  # type: ignore[arg-type]
    assert found.published == datetime(2026, month, 7 - month, 17, 7, tzinfo=UTC)


def test_a_cell_that_was_kept_from_being_a_formula_is_read_as_it_was() -> None:
    assert one("text\n'-50% на всё\n").text == "-50% на всё"
    assert one("text\n'tis\n").text == "'tis"


MANY = "".join(f"row {n},Eve{n}\n" for n in range(3000))
LONG = "".join(f"row {n} {'and on ' * 70},Eve{n}\n" for n in range(3000))


@pytest.mark.parametrize(
    ("rows", "faulty"),
    [
        ('"open,Bob\n' + MANY, [2]),  # to the end of the file
        ('"open,Bob\n' + LONG, [2]),  # over more than a megabyte
        (MANY + '"open,Bob\n' + MANY + 'he said "hi",Bob\n' + MANY, [3002]),
        ('"open,Bob\n' + MANY + '"also open,Bob\n' + MANY, [2, 3003]),
        ('"open,Bob\n' + MANY + '"well, closed",Bob\n' + MANY, [2]),
        ('"open,Bob\na,b\nc,d\n5",6,f\n' + MANY, [2, 5]),  # ends where a cell ends, with too many cells
        ('"' + "x" * 3_000_000 + ",Bob\n" + MANY, [2]),
        (("y" * 2_000_000 + "," + "z" * 1_500_000 + "\n") + MANY, [2]),
        ('"text,' + "x" * 900_000 + '\n' + "y" * 900_000 + '\nlast line",Bob\n' + MANY, [2, 3]),
    ],
)  # fmt: skip
def test_a_quote_that_is_not_closed_and_a_line_without_end_cost_one_row(rows: str, faulty: list[int]) -> None:
    found = rows_of("text,author\n" + rows)
    assert [row.line for row in found if row.post is None] == faulty
    assert len(found) == rows.count("\n")


def test_a_cell_of_many_lines_and_quotes_amid_a_cell_are_read() -> None:
    found = rows_of('text,author\n"one\n\n""two""",Bob\n"he" said,Eve\n"a" "b",Ann\nlast,Bob\n')
    assert [(row.line, row.post and row.post.text) for row in found] == [
        (2, 'one\n"two"'), (5, "he said"), (6, 'a "b"'), (7, "last"),
    ]  # fmt: skip


def test_a_header_with_an_open_quote_is_told() -> None:
    with pytest.raises(InputError, match="header"):
        rows_of('"text,author\n' + MANY)


def test_a_line_of_json_without_end_is_one_bad_row() -> None:
    text = '{"text": "' + "x" * 3_000_000 + '"}\n{"text": "last"}\n'
    found = list(read_json(StringIO(text), Reading()))
    assert [(row.line, row.post and row.post.text) for row in found] == [(1, None), (2, "last")]


def test_a_count_that_nobody_can_have_counted_is_a_bad_row() -> None:
    text = '{"text": "x", "likes": 99999999999999999999}\n{"text": "x", "views": 1e400}\n{"text": "last"}\n'
    found = list(read_json(StringIO(text), Reading()))
    assert [row.post is None for row in found] == [True, True, False]


def test_json_lines_of_other_tools_are_read() -> None:
    text = '{"body": "Долго", "user": "ivan", "permalink": "https://a.example/1", "stars": 2}\nnonsense\n[1]\n\n'
    rows = list(read_json(StringIO(text), Reading()))
    assert rows[0].post == Post(url="https://a.example/1", text="Долго", author=Author(name="ivan"), rating=2)
    assert [(row.line, row.fault) for row in rows[1:]] == [(2, "it is no JSON"), (3, "it is no JSON object")]


def test_our_own_lines_are_read_back() -> None:
    given = Post(
        native_id="7",
        url="https://a.example/7",
        title="Отзыв",
        text="Первая строка\nвторая",
        author=Author(name="Ольга", url="https://a.example/u/1", followers=12),
        published=datetime(2026, 1, 31, 10, 0, 0, 123000, tzinfo=UTC),
        rating=3.67,
        likes=1,
        replies=0,
        views=1234567,
        thread="t",
        parent="p",
        type=PostType.REVIEW,
    )
    assert post_from_json(post_to_json(given)) == given
    with pytest.raises(InputError):
        post_from_json({"text": ""})


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("utf-8", "utf-8-sig"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("cp1251", "cp1251")],
)
def test_the_encoding_is_told_by_the_letters(encoding: str, expected: str, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    # The first letters beyond ASCII stand where no sample of the beginning would find them.
    file.write_bytes(
        ("text\n" + "x" * 70_000 + "\nДолго ждали ответа от поддержки, но ответили вежливо\n").encode(encoding)
    )
    assert encoding_of(file) == expected


def test_what_a_file_is_is_told_by_its_name_or_beginning(tmp_path: Path) -> None:
    for name, content, expected in (("a.csv", "{", "csv"), ("b.txt", ' {"text"', "jsonl"), ("c", "text;date", "csv")):
        (tmp_path / name).write_text(content, encoding="utf-8")
        assert format_of(tmp_path / name, "utf-8-sig") == expected


def test_rows_are_sent_in_portions_of_one_source_that_fit_a_line() -> None:
    named = [Row(line, post(line), source=f"s{line % 2}") for line in range(PORTION + 1)]
    sent = list(portions(named, source=None))
    assert [(portion.source, len(portion.posts)) for portion in sent] == [("s0", 100), ("s1", 100), ("s0", 1)]
    assert {portion.source for portion in portions(named, source="all")} == {"all"}
    for long in (
        [replace(post(line), text="я" * 60_000) for line in range(10)],
        [replace(post(line), text='"\\\n' * 20_000) for line in range(30)],
        [replace(post(line), url="https://a.example/" + "u" * 8_000, thread="\x1f" * 1000) for line in range(199)],
    ):
        for portion in portions([Row(1, one) for one in long], source="all"):
            assert len(json.dumps({"posts": portion.posts}, ensure_ascii=False).encode()) <= PORTION_BYTES
    (faulty,) = portions([Row(9, None, fault="why"), Row(10, post(1))], source=None)
    assert faulty.faults == ((9, "why"), (10, "it names no source, and --source was not given"))


# ── the flow ──


async def bring(world: World, *posts: Post, source: str = "archive", dry_run: bool = False) -> Imported:
    return await import_posts(source, posts, ports=world.ports, plan=world.plan, dry_run=dry_run)


def test_posts_are_stored_judged_and_searchable_and_wake_nobody(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        assert await bring(world, post(1), post(2, "ни о ком")) == Imported(new=2, mentions=1)
        (mention,) = world.rows("SELECT decision, sentiment, search_version FROM mentions")
        assert (mention["decision"], mention["sentiment"]) == (FOUND, "negative")
        assert (world.count("mention_search"), world.count("alerts")) == (1, 0)
        (source,) = world.rows("SELECT kind, active FROM sources WHERE name = 'archive'")
        assert source == {"kind": "import", "active": 0}
        now = world.clock.now()
        leased = await world.writer.run(lambda store: store.lease_due(now, 10))
        assert [one.state.name for one in leased] == ["forum"]

    play(tmp_path, story)


def test_a_second_time_nothing_is_stored(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        posts = [post(number) for number in range(120)]
        assert (await bring(world, *posts)).new == 120
        assert await bring(world, *posts) == Imported(known=120)
        # Other portions of the same file, and a line that stands in it twice.
        assert (await bring(world, *posts[50:], post(500), post(500))) == Imported(new=1, known=71, mentions=1)

    play(tmp_path, story)


def test_what_a_watched_source_has_shown_is_known(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        signed = replace(post(3), author=Author(name="Ольга"))
        world.web.shows(post(1), signed)
        await world.poll()
        elsewhere = replace(post(1), native_id="other", url="https://forum.example/1?utm_source=x")
        same_id = replace(post(2, "другое"), native_id="n1")
        copied = replace(signed, native_id=None, url=None)
        assert await bring(world, elsewhere, same_id, copied) == Imported(new=1, known=2)

    play(tmp_path, story)


def test_an_import_into_a_watched_source_is_known_to_its_polls(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        assert (await bring(world, post(1), source="forum")).new == 1
        world.web.shows(post(1), post(2))
        assert (await world.poll()).new == 1

    play(tmp_path, story)


def test_a_dry_run_stores_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.web.shows(post(1))
        await world.poll()
        before = world.count("sightings")
        assert await bring(world, post(1), post(2), dry_run=True) == Imported(new=1, known=1, mentions=1)
        assert (world.count("posts"), world.count("sightings"), world.count("sources")) == (1, before, 1)

    play(tmp_path, story)


def test_what_was_erased_on_request_is_refused(tmp_path: Path) -> None:
    from monitor.flows.forgetting import whom

    async def story(world: World) -> None:
        await world.writer.run(lambda store: store.forget(whom(author="Ольга", url=None), now=NOW))
        given = replace(post(1), author=Author(name="ОЛЬГА"))
        for dry_run in (True, False):
            assert await bring(world, given, dry_run=dry_run) == Imported(refused=1, mentions=int(dry_run))
        assert world.count("posts") == 0

    play(tmp_path, story)


def test_a_post_that_is_too_much_for_the_judge_does_not_stop_the_others(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        judge = world.worker.judge

        async def fragile(posts: Sequence[Post], *, site_weight: float | None) -> list[Judgement | None]:
            if any("bomb" in post.text for post in posts):
                raise WorkerKilled("took longer than 60 s")
            return await judge(posts, site_weight=site_weight)

        world.worker.judge = fragile  # type: ignore[method-assign]
        found = await bring(world, *(post(n, "bomb" if n == 7 else f"В {BRAND}") for n in range(20)))
        assert found == Imported(new=19, unjudged=1, mentions=19)

    play(tmp_path, story)


def thread_of(days: int) -> list[Post]:
    """Questions of one thread and our answer to each a day later, from the oldest on."""
    posts = []
    for day in range(days):
        asked = NOW - timedelta(days=400 - 2 * day)
        question = replace(post(2 * day), thread="t", published=asked, author=Author(name="Ольга"))
        reply = replace(post(2 * day + 1, "Разберёмся"), thread="t", published=asked + timedelta(days=1))
        posts += [question, replace(reply, author=Author(name="@HelpDesk"))]
    return posts


@pytest.mark.parametrize("order", ["newest first", "oldest first", "any"])
@pytest.mark.parametrize("at_once", [1, 7, 200])
def test_answers_are_linked_in_whatever_order_they_come(tmp_path: Path, order: str, at_once: int) -> None:
    async def story(world: World) -> None:
        world.own_accounts = {"helpdesk": BRAND}
        posts = thread_of(6)
        posts += [
            replace(post(100, "под ним"), parent="n101", published=None, author=Author(name="helpdesk")),
            replace(post(101), published=NOW - timedelta(days=3)),
            replace(post(102, "сам"), thread="other", author=Author(name="helpdesk")),
        ]
        if order == "newest first":
            posts.reverse()
        elif order == "any":
            random.Random(3).shuffle(posts)
        for start in range(0, len(posts), at_once):
            await bring(world, *posts[start : start + at_once])
        assert world.count("answers") == 0
        linked = await import_verb(world.ports, world.plan, {"source": "archive", "posts": [], "finish": True})
        assert linked == Imported(answers=7).to_json()
        found = world.rows(
            "SELECT posts.native_id AS question, reply.native_id AS reply FROM answers "
            "JOIN posts ON posts.id = post_id JOIN posts AS reply ON reply.id = answer_id"
        )
        expected = {f"n{2 * day}": f"n{2 * day + 1}" for day in range(6)} | {"n101": "n100"}
        assert {row["question"]: row["reply"] for row in found} == expected
        again = await import_verb(world.ports, world.plan, {"source": "archive", "posts": [], "finish": True})
        assert again == Imported().to_json()
        nowhere = await import_verb(world.ports, world.plan, {"source": "unknown", "posts": [], "finish": True})
        assert nowhere == Imported().to_json()

    play(tmp_path, story)


def test_the_verb_takes_posts_as_they_are_printed(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        arguments = {"source": "archive", "posts": [post_to_json(post(1))]}
        report = await import_verb(world.ports, world.plan, arguments)  # type: ignore[arg-type]
        assert report == {"new": 1, "known": 0, "refused": 0, "unjudged": 0, "mentions": 1, "answers": 0}
        with pytest.raises(InputError):
            await import_verb(world.ports, world.plan, {"source": "a", "posts": "all"})

    play(tmp_path, story)
