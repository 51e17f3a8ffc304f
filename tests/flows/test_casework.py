"""What posts do to cases: open one, join one, open it again, belong together whatever their order, and answer it."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.cases.states import fold
from monitor.errors import StatusError
from monitor.models import Author, EventKind, Label
from tests.flows.desk import act, body_of, case_row, events, posts_of, refused, ticks
from tests.flows.telling import ELSE, TALE, Teller, reply, told, with_teller
from tests.flows.world import BRAND, NOW, FakeWeb, World, play, polled, post

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from monitor.models import Judgement, Post
    from monitor.store import Store

OLGA, IVAN = "olga_petrova_87", "ivan.sidorov.1979"
OURS = "testomarket_help"


def by(author: str, number: int, text: str = f"В {BRAND} плохо", **rest: object) -> Post:
    return replace(post(number, text), author=Author(name=author), **rest)  # type: ignore[arg-type] # any field


async def shown(world: World, *posts: Post) -> None:
    """One visit that shows these."""
    world.web.shows(*posts)
    await world.poll()


def cases(world: World) -> list[tuple[object, object]]:
    return [(row["id"], row["state"]) for row in world.rows("SELECT id, state FROM cases ORDER BY id")]


def test_a_negative_mention_opens_a_case_and_a_neutral_one_does_not(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(world, by(OLGA, 1), by(IVAN, 2, f"В {BRAND} был вчера"))
        assert cases(world) == [(1, "new")]
        assert case_row(world)["classes"] == ["negative"]
        assert posts_of(world) == ["n1"]
        (opened,) = body_of(world, "opened")
        assert (opened["brand"], opened["why"]) == (BRAND, "felt as negative")

    play(tmp_path, story)


def test_history_and_competitors_make_no_cases(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await shown(world, by(OLGA, 1))  # the silent first visit
        world.competitors = frozenset({BRAND})
        await shown(world, by(IVAN, 2), by(OLGA, 1))
        assert (world.count("mentions"), cases(world)) == (2, [])

    play(tmp_path, story)


def test_an_authors_next_complaint_joins_the_case_and_nobody_in_particular_has_none_to_join(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(world, by(OLGA, 1))
        for one in (by("Гость", 2), by("Гость", 3), by(OLGA, 4), by(IVAN, 5)):
            await shown(world, one)
        assert [posts_of(world, number) for number in (1, 2, 3, 4)] == [["n1", "n4"], ["n2"], ["n3"], ["n5"]]
        assert events(world) == ["opened", "joined"]

    play(tmp_path, story)


@pytest.mark.parametrize("text", ["ой, всё", f"{BRAND}, могли бы извиниться"], ids=["no brand", "neutral"])
def test_what_the_author_adds_in_the_thread_joins_whatever_it_names(tmp_path: Path, text: str) -> None:
    async def story(world: World) -> None:
        await polled(world, by(OLGA, 1, thread="t9"))
        await shown(world, replace(by(OLGA, 2, text), thread="t9"), replace(by(IVAN, 3, "и у меня"), thread="t9"))
        assert posts_of(world) == ["n1", "n2"]

    play(tmp_path, story)


def test_what_the_author_had_said_in_the_thread_before_the_complaint_is_in_the_case(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(
            world, replace(by(OLGA, 1, "жду курьера"), thread="t9"), replace(by(IVAN, 2, "я тоже"), thread="t9")
        )
        await shown(world, replace(by(OLGA, 3), thread="t9"))
        assert posts_of(world) == ["n1", "n3"]

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("text", "state", "round_"),
    [(f"В {BRAND} плохо", "checking", 2), (f"В {BRAND} был", "checking", 2), (f"{BRAND} отлично", "closed", 1)],
    ids=["bad", "neutral", "praise"],
)
def test_a_closed_case_opens_again_when_the_author_writes_unless_it_is_praise(
    tmp_path: Path, text: str, state: str, round_: int
) -> None:
    async def story(world: World) -> None:
        world.worker = _Praising()
        await polled(world, by(OLGA, 1))
        await act(world, "verdict", person="anna", verdict="not", text="проверили записи")
        await act(world, "answer", person="anna", text="Спасибо, что написали.")
        await act(world, "close", person="anna", outcome="content")
        await shown(world, by(OLGA, 2, text))
        assert (case_row(world)["state"], case_row(world)["round"]) == (state, round_)
        assert posts_of(world) == ["n1", "n2"]

    play(tmp_path, story)


def test_after_three_months_the_next_complaint_is_another_case(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(world, by(OLGA, 1))
        await act(world, "silent", person="anna", text="не к нам")
        await act(world, "close", person="anna", outcome="quiet")
        world.clock.moment += timedelta(days=91)
        await shown(world, by(OLGA, 2))
        assert cases(world) == [(1, "closed"), (2, "new")]

    play(tmp_path, story)


def test_what_the_customer_writes_ends_the_waiting(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(world, by(OLGA, 1))
        await act(world, "wait", person="anna", text="номер заказа")
        world.clock.moment += timedelta(hours=2)
        await shown(world, by(OLGA, 2))
        row = case_row(world)
        assert (row["waiting_at"], row["waited_seconds"]) == (None, 7260.0)
        assert events(world)[-2:] == ["joined", "resumed"]

    play(tmp_path, story)


# ── who told it first ──


COPY = told(2, TALE, by="kopirka_2020", published=NOW - timedelta(hours=1))
ORIGINAL = told(1, f"{TALE}!", by=OLGA, published=NOW - timedelta(hours=3))
OWN = told(3, ELSE + " плохо", by="kopirka_2020", published=NOW - timedelta(hours=2))


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
def test_a_copy_belongs_to_who_told_it_first_whatever_came_first(tmp_path: Path, order: Sequence[int]) -> None:
    posts = (ORIGINAL, COPY, OWN)

    async def story(world: World) -> None:
        await polled(with_teller(world))
        for number in order:
            await shown(world, posts[number])
        held = world.rows(
            "SELECT group_concat(native_id) AS posts FROM (SELECT case_id, native_id FROM case_posts "
            "JOIN posts ON posts.id = post_id ORDER BY native_id) GROUP BY case_id ORDER BY 1"
        )
        assert [row["posts"] for row in held] == ["n1,n2", "n3"]

    play(tmp_path, story)


# ── the answer, seen ──


def answer(number: int, to: str, **rest: object) -> Post:
    text = "Здравствуйте! Спасибо, что написали, уже разбираемся с вашим заказом."
    return replace(reply(number, text, to=to, by=OURS, thread="t9"), **rest)  # type: ignore[arg-type]


async def answered(world: World) -> None:
    """A complaint, and our answer an hour after it."""
    world.own_accounts = {OURS: BRAND}
    await polled(world, by(OLGA, 1, thread="t9", published=NOW))
    world.clock.moment = NOW + timedelta(hours=1)
    await shown(world, answer(2, "n1", published=NOW + timedelta(minutes=50)))


def test_our_own_answer_in_the_thread_acknowledges_and_the_time_is_its_own(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await answered(world)
        row = case_row(world)
        assert (row["state"], row["acknowledged_at"], row["answered_at"]) == (
            "checking",
            "2026-11-21T12:50:00.000Z",
            None,
        )
        assert events(world) == ["opened", "answer_seen"]

    play(tmp_path, story)


def test_after_a_verdict_our_own_answer_is_the_answer(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await answered(world)
        await act(world, "verdict", person="anna", verdict="justified", text="курьер опоздал")
        world.clock.moment += timedelta(minutes=5)
        await shown(world, answer(3, "n1", published=world.clock.moment))
        assert case_row(world)["state"] == "answered"

    play(tmp_path, story)


def test_an_answer_that_goes_is_told_to_the_owner_and_its_return_is_noted(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await answered(world)
        await act(world, "take", person="anna")
        world.web.shows(by(OLGA, 1, thread="t9", published=NOW))
        world.clock.moment += timedelta(hours=2)  # the answer's own page is asked, and it is a 404
        await world.poll()
        assert events(world)[-1] == "answer_gone"
        (notice,) = world.rows("SELECT kind, reason FROM case_notices WHERE kind = 'answer_gone'")
        assert notice["reason"] == "our answer is no longer shown"
        (row,) = world.rows("SELECT gone_at FROM answers")
        assert row["gone_at"] is not None
        world.clock.moment += timedelta(hours=2)
        await shown(world, answer(2, "n1", published=NOW + timedelta(minutes=50)))
        assert events(world)[-1] == "answer_back"
        assert world.rows("SELECT gone_at FROM answers") == [{"gone_at": None}]

    play(tmp_path, story)


def test_an_answer_that_stands_is_looked_for_again_an_hour_and_a_day_later(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await answered(world)
        world.web.articles["https://forum.example/2"] = answer(2, "n1").text
        asked: list[int] = []
        for hours in range(1, 50):
            world.clock.moment = NOW + timedelta(hours=1 + hours)
            before = len(world.web.addresses)
            await world.poll()
            if "https://forum.example/2" in world.web.addresses[before:]:
                asked.append(hours)
        assert asked == [1, 25, 49]
        assert "answer_gone" not in events(world)

    play(tmp_path, story)


def test_a_site_that_cannot_be_asked_says_nothing_of_the_answer(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await answered(world)
        world.web.fails(StatusError(503), page="https://forum.example/2")
        world.clock.moment += timedelta(hours=3)
        await world.poll()
        assert events(world) == ["opened", "answer_seen"]

    play(tmp_path, story)


# ── at once ──


def test_two_polls_and_people_at_once_make_one_case_and_lose_nothing(tmp_path: Path) -> None:
    """What each of them did stands in the log, numbered without a gap, and the case is what the log amounts to."""

    async def story(world: World) -> None:
        await polled(world, by(OLGA, 1))
        other = await _second(world)
        rng = random.Random(7)
        for step in range(10):
            world.web.shows(by(OLGA, 100 + step))
            other.web.shows(by(OLGA, 200 + step))
            doing = [world.poll(), other.poll(), act(world, "note", person="anna", text=f"a{step}")]
            doing += [act(world, "findings", person="ivan", text=f"b{step}"), ticks(world)]
            rng.shuffle(doing)
            await asyncio.gather(*doing)
        assert len(cases(world)) == 1
        log = world.rows("SELECT seq FROM case_events ORDER BY seq")
        assert [row["seq"] for row in log] == list(range(1, len(log) + 1))
        said = [str(body["text"]) for kind in ("noted", "findings") for body in body_of(world, kind)]
        assert sorted(said) == sorted(f"{who}{step}" for who in "ab" for step in range(10))
        assert len(posts_of(world)) == 1 + 20
        assert len(body_of(world, "joined")) == 20
        reader = world.reader()
        assert reader.case(1) == fold(1, reader.events_of(1))

    play(tmp_path, story)


def test_two_polls_that_both_find_the_first_complaint_open_one_case(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(world)
        other = await _second(world)
        world.web.shows(by(OLGA, 1))
        other.web.shows(by(OLGA, 2))
        await asyncio.gather(world.poll(), other.poll())
        assert len(cases(world)) == 1
        assert len(posts_of(world)) == 2

    play(tmp_path, story)


async def _second(world: World) -> World:
    """A second source on the same database, past its silent first visit."""
    source = replace(world.source, name="reviews")

    def sync(store: Store) -> None:
        hosts = {"forum": "forum.example:443", "reviews": "reviews.example:443"}
        store.sync_sources([world.source, source], hosts, NOW)

    await world.writer.run(sync)
    other = World(
        writer=world.writer,
        reader=world.reader,
        source=source,
        web=FakeWeb(),
        clock=world.clock,
        worker=world.worker,
    )
    await other.poll()
    return other


class _Praising(Teller):
    """Judges «отлично» as praise."""

    def _judge(self, post: Post) -> Judgement:
        judgement = super()._judge(post)
        if "отлично" not in post.text:
            return judgement
        praise = replace(judgement.sentiment, label=Label.POSITIVE, neutral=0.0, positive=1.0)
        mentions = tuple(replace(one, sentiment=praise) for one in judgement.mentions)
        return replace(judgement, sentiment=praise, mentions=mentions)


# ── one person, no people known ──


def test_where_nobody_is_known_whoever_acts_may_all_but_what_only_legal_may(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(world, by(OLGA, 1))
        done = await act(world, "take", person="kolya")
        assert done["owner"] == "kolya"
        assert await refused(world, "clear", person="kolya", text="можно") == {"role"}
        assert EventKind.CLEARED not in events(world)

    play(tmp_path, story)
