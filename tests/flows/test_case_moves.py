"""What posts that belong elsewhere do to cases that people work on: nothing done is lost, nothing open disappears."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from monitor.models import Author
from tests.flows.desk import act, body_of, case_row, events, people, posts_of, ticks, told
from tests.flows.telling import TALE, with_teller
from tests.flows.telling import told as telling
from tests.flows.world import BRAND, World, play, polled, post

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.models import Post

TELLER, COPYIST = "olga_petrova_87", "ivan_sidorov_1979"


def other(number: int, author: str) -> Post:
    """A complaint of another matter."""
    return replace(post(number, f"В {BRAND} плохо: совсем другое, про возврат денег"), author=Author(name=author))


def copy(number: int, author: str, *, hours: int, world: World) -> Post:
    """The tale, told by somebody so many hours ago."""
    return telling(number, TALE, by=author, published=world.clock.moment - timedelta(hours=hours))


async def shown(world: World, *posts: Post) -> None:
    world.web.shows(*posts)
    await world.poll()


def test_an_open_complaint_that_goes_on_in_a_closed_case_opens_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        with_teller(world)
        await polled(world, copy(1, COPYIST, hours=1, world=world))
        await act(world, "silent", person="anna", text="перепост")
        await act(world, "close", person="anna")
        await shown(world, other(2, TELLER))
        await shown(world, copy(3, TELLER, hours=9, world=world))
        assert (case_row(world, 1)["state"], case_row(world, 2)["state"]) == ("checking", "merged")
        assert posts_of(world, 1) == ["n1", "n2", "n3"]
        assert world.rows("SELECT kind FROM case_notices WHERE case_id = 1 AND kind = 'reopened'")
        due = world.rows("SELECT 1 FROM case_deadlines WHERE case_id = 1 AND fired_at IS NULL")
        assert due

    play(tmp_path, story)


def test_an_answer_in_one_case_is_no_answer_in_the_one_where_it_goes_on(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        with_teller(world)
        await polled(world, copy(1, COPYIST, hours=1, world=world))
        await shown(world, other(2, TELLER))
        await act(world, "ticket", case=2, person="anna", id="T-7")
        await act(world, "verdict", case=2, person="anna", verdict="justified", text="проверили")
        await act(world, "answer", case=2, person="anna", text="Спасибо, деньги вернули.")
        await shown(world, copy(3, TELLER, hours=9, world=world))
        row = case_row(world, 1)
        assert (row["verdict"], row["state"], row["acknowledged_at"]) == (None, "new", None)
        assert world.rows(
            "SELECT 1 FROM case_deadlines WHERE case_id = 1 AND kind = 'acknowledge' AND fired_at IS NULL"
        )
        notes = [str(body["text"]) for body in body_of(world, "noted", 1)]
        assert [word for word in ("T-7", "justified", "деньги вернули") if any(word in note for note in notes)] == [
            "T-7",
            "justified",
            "деньги вернули",
        ]

    play(tmp_path, story)


def test_that_the_customer_heard_of_us_counts_where_an_open_case_goes_on(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        with_teller(world)
        await polled(world, copy(1, COPYIST, hours=1, world=world))
        await shown(world, other(2, TELLER))
        await act(world, "answer", case=2, person="anna", text="Спасибо, проверяем.")
        heard = case_row(world, 2)["acknowledged_at"]
        await shown(world, copy(3, TELLER, hours=9, world=world))
        row = case_row(world, 1)
        assert (row["state"], row["acknowledged_at"], row["public_replies"]) == ("checking", heard, 0)

    play(tmp_path, story)


def test_who_told_it_first_and_was_never_answered_opens_the_case_of_the_copy(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        with_teller(world)
        await polled(world, copy(1, COPYIST, hours=1, world=world))
        await act(world, "verdict", person="anna", verdict="fake", text="перепост")
        await act(world, "answer", person="anna", text="Спасибо, такого заказа у нас нет.")
        await act(world, "close", person="anna")
        world.clock.moment += timedelta(hours=30)
        await shown(world, copy(2, TELLER, hours=40, world=world))
        assert (case_row(world, 1)["state"], case_row(world, 1)["round"]) == ("checking", 2)

    play(tmp_path, story)


def test_a_case_that_begins_by_a_split_has_the_time_that_it_has_from_now_on(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        with_teller(world)
        await people(world, "add", name="anna", role="agent", receiver="support", by="anna")
        await polled(world, copy(1, COPYIST, hours=1, world=world))
        await shown(world, other(2, COPYIST))
        await act(world, "take", person="anna")
        await act(world, "answer", person="anna", text="Спасибо, проверяем.")
        world.clock.moment += timedelta(hours=20)
        await ticks(world)
        before = len(told(world))
        await shown(world, copy(3, TELLER, hours=30, world=world))
        await ticks(world)
        assert [one.what.split()[0] for one in told(world)[before:]] == ["opened", "wrote"]
        row = case_row(world, 2)
        assert (row["owner"], row["acknowledged_at"]) == ("anna", None)
        assert "breached" not in [kind for kind in events(world, 2) if kind != "breached"]
        assert world.rows("SELECT 1 FROM case_deadlines WHERE case_id = 2 AND clock = 'found' AND fired_at IS NULL")

    play(tmp_path, story)
