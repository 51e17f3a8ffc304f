"""What people answer counts at once and for good, and from enough answers a brand's relevance is learned."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from monitor.errors import InputError, WorkerKilled
from monitor.flows.correcting import RECENT, correct, learned, rank_domains
from monitor.flows.forgetting import forget
from monitor.flows.rescoring import Orders, rescore_posts
from monitor.models import Author
from monitor.understanding.relevance.learning import EACH, LEAST, Learned, to_record
from tests.flows.telling import Teller, reply, told
from tests.flows.test_rescoring import plan_of
from tests.flows.world import BRAND, NOW, FakeWorker, World, mention, play, polled, post

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from monitor.models import JSON, Judgement, Post
    from monitor.store import Store


def taught_so(accuracy: float) -> Learned:
    """What a worker learned: that nothing is about the brand."""
    return Learned(
        weights={"w:рынок": -2.0, "w:касса": 1.0},
        bias=-30.0,
        n_yes=200,
        n_no=200,
        accuracy=accuracy,
        f1=accuracy,
        rules_accuracy=0.95,
        drift=None,
        made_at=NOW,
    )


class Doubter(FakeWorker):
    """Doubts what says "может быть"; learns as well as it is told to."""

    def __init__(self) -> None:
        self.taught: Learned | None = taught_so(1.0)
        self.lessons: list[list[bool]] = []

    def _judge(self, post: Post) -> Judgement:
        judgement = super()._judge(post)
        doubtful = "может быть" in post.text
        mentions = tuple(
            replace(mention, doubtful=doubtful, relevance=0.3 if doubtful else 1.0) for mention in judgement.mentions
        )
        return replace(judgement, mentions=mentions)

    async def learn(self, brand: str, answers: Sequence[tuple[Post, bool, datetime]], now: datetime) -> Learned | None:
        assert brand == BRAND
        assert all(BRAND in found.text and at <= now for found, _, at in answers)
        self.lessons.append([about for _, about, _ in answers])
        return self.taught


def doubting(world: World) -> Doubter:
    world.worker = Doubter()
    return world.worker


async def answer(world: World, mention: int, *, about: bool, **more: JSON) -> dict[str, Any]:
    said = await correct(world.ports, plan_of(world), {"mention": mention, "about": about, **more})
    return cast("dict[str, Any]", said)


def test_no_makes_a_mention_doubtful_and_nothing_brings_it_back(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        doubting(world)
        await polled(world, post(1))
        said = await answer(world, 1, about=False, note="это рынок за домом", person="Ирина")
        assert (said["brand"], said["doubtful"], said["answers"], said["learned"]) == (
            BRAND,
            True,
            {"yes": 0, "no": 1},
            None,
        )
        row = mention(world)
        assert (row["doubtful"], row["relevance"], "a person answered" in row["why"]) == (1, 0.0, True)
        assert world.rows("SELECT rowid FROM mention_search WHERE facets MATCH '\"doubtful\ue03ayes\"'") == [
            {"rowid": 1}
        ]
        kept = await world.writer.run(lambda store: store.kept_posts([2]))
        await rescore_posts(kept, ports=world.ports, plan=plan_of(world), orders=Orders(apply=True))
        # An edit is judged anew, too.
        world.web.shows(replace(post(1), text=f"В {BRAND} плохо, и ещё раз"))
        await world.poll()
        assert (mention(world)["doubtful"], "a person answered" in mention(world)["why"]) == (1, True)
        reader = world.reader()
        (listed,) = reader.corrections(limit=5)
        assert (listed["note"], listed["person"], listed["doubtful"], listed["counts"]) == (
            "это рынок за домом",
            "Ирина",
            0,
            1,
        )
        assert reader.corrections(limit=5, brand="никто") == []
        reader.close()

    play(tmp_path, story)


def test_the_last_answer_counts_and_what_was_said_before_anybody_answered_stays(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        doubting(world)
        await polled(world, post(1, f"{BRAND} может быть"))
        assert (await answer(world, 1, about=True))["doubtful"] is False
        assert (await answer(world, 1, about=False))["answers"] == {"yes": 0, "no": 1}
        kept = world.rows("SELECT about, relevance, doubtful, counts FROM v_corrections ORDER BY id")
        assert [tuple(row.values()) for row in kept] == [(1, 0.3, 1, 0), (0, 0.3, 1, 1)]
        assert str(mention(world)["why"]).count("a person answered") == 1

    play(tmp_path, story)


@pytest.mark.parametrize(("days", "alerts"), [(1, 1), (8, 0)])
def test_a_doubtful_mention_that_is_about_us_is_told_if_it_is_news(tmp_path: Path, days: int, alerts: int) -> None:
    async def story(world: World) -> None:
        doubting(world)
        await polled(world, post(1, f"В {BRAND} может быть плохо"))
        assert world.count("alerts") == 0
        world.clock.moment += timedelta(days=days)
        said = await answer(world, 1, about=True)
        assert (said["alerts"], world.count("alerts"), world.count("messages")) == (alerts, alerts, alerts)
        await answer(world, 1, about=True)
        assert world.count("alerts") == alerts

    play(tmp_path, story)


def test_an_answer_to_nothing_is_refused(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        with pytest.raises(InputError, match="no mention 7"):
            await answer(world, 7, about=True)
        assert world.count("corrections") == 0

    play(tmp_path, story)


async def taught(world: World, count: int) -> None:
    """So many answers of each kind, all of which had been said right."""
    await polled(
        world,
        *(post(number, f"{BRAND} место {number}") for number in range(1, count + 1)),
        *(post(100 + number, f"{BRAND} может быть {number}") for number in range(1, count + 1)),
    )
    for row in world.rows("SELECT id, doubtful FROM mentions ORDER BY id"):
        await answer(world, cast("int", row["id"]), about=not row["doubtful"])


def test_from_enough_answers_on_it_learns_again_and_again(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        worker = doubting(world)
        await taught(world, LEAST + EACH)
        assert [len(lesson) for lesson in worker.lessons] == [LEAST + LEAST + EACH, 2 * (LEAST + EACH)]
        assert {True, False} == set(worker.lessons[0])
        versions = world.rows("SELECT state, answers FROM learned ORDER BY id")
        assert [row["state"] for row in versions] == ["former", "active"]

    play(tmp_path, story)


def test_what_learned_worse_does_not_count(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        worker = doubting(world)
        worker.taught = taught_so(0.9)
        await taught(world, LEAST)
        assert [row["state"] for row in world.rows("SELECT state FROM learned")] == ["worse"]
        worker.taught = None
        await taught_more(world)

    play(tmp_path, story)


async def taught_more(world: World) -> None:
    world.web.shows(*(post(500 + number, f"{BRAND} ещё {number}") for number in range(EACH)))
    await world.poll()
    for row in world.rows(f"SELECT id FROM mentions ORDER BY id DESC LIMIT {EACH}"):
        assert (await answer(world, cast("int", row["id"]), about=True))["learned"] is None


def test_what_was_learned_counts_in_the_next_poll_and_can_be_taken_back(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        doubting(world)
        await taught(world, LEAST)
        ask = {"brand": BRAND}
        shown = cast("dict[str, Any]", await learned(world.ports, world.plan, ask))
        assert (shown["answers"], shown["drifts"], len(shown["versions"])) == ({"yes": 20, "no": 20}, False, 1)
        for order, state, doubtful in (({}, "active", 1), ({"undo": True}, "undone", 0), ({"redo": True}, "active", 1)):
            shown = cast("dict[str, Any]", await learned(world.ports, world.plan, {**ask, **order}))
            assert shown["versions"][0]["state"] == state
            assert (shown["words"] is None) is (state == "undone")
            number = 700 + len(world.rows("SELECT 1 FROM posts"))
            world.web.shows(post(number, f"{BRAND} открылся"))
            await world.poll()
            (newest,) = world.rows("SELECT doubtful, why FROM mentions ORDER BY id DESC LIMIT 1")
            assert (newest["doubtful"], "learned from" in str(newest["why"])) == (doubtful, bool(doubtful))
        with pytest.raises(InputError, match="taken back"):
            await learned(world.ports, world.plan, {**ask, "redo": True})
        await learned(world.ports, world.plan, {**ask, "undo": True})
        with pytest.raises(InputError, match="counts"):
            await learned(world.ports, world.plan, {**ask, "undo": True})

    play(tmp_path, story)


def test_drift_is_seen(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        worker = doubting(world)
        worker.taught = None
        await polled(world, *(post(number, f"{BRAND} место {number}") for number in range(1, 2 * RECENT + 1)))
        for number in range(1, 2 * RECENT + 1):
            await answer(world, number, about=number <= RECENT or number % 5 != 0)
        shown = cast("dict[str, Any]", await learned(world.ports, world.plan, {"brand": BRAND}))
        assert (shown["right"], shown["drifts"]) == ({"recently": 0.8, "before": 1.0}, True)

    play(tmp_path, story)


def test_what_was_learned_of_forgotten_posts_is_learned_anew_without_them(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        worker = doubting(world)
        await taught(world, LEAST)
        world.web.shows(told(900, f"{BRAND} может быть", by="Ольга"))
        await world.poll()
        (theirs,) = world.rows("SELECT id, post_id FROM mentions ORDER BY id DESC LIMIT 1")
        await answer(world, cast("int", theirs["id"]), about=False)
        await forget(world.ports, world.plan, {"kind": "author", "value": "ольга", "posts": [theirs["post_id"]]})  # type: ignore[list-item]
        assert [len(lesson) for lesson in worker.lessons] == [2 * LEAST, 2 * LEAST]
        assert world.rows("SELECT id, answers, state FROM learned") == [{"id": 1, "answers": 40, "state": "active"}]

    play(tmp_path, story)


def test_what_is_erased_while_it_is_learned_from_teaches_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        worker = doubting(world)

        class Late(Doubter):
            async def learn(
                self, brand: str, answers: Sequence[tuple[Post, bool, datetime]], now: datetime
            ) -> Learned | None:
                await world.writer.run(erase)
                return await super().learn(brand, answers, now)

        def erase(store: Store) -> None:
            store.erase([2], now=NOW)

        world.worker = worker = Late()
        await taught(world, LEAST)
        assert len(worker.lessons) == 1
        assert world.count("learned") == 0

    play(tmp_path, story)


def test_a_worker_that_cannot_learn_stops_neither_an_answer_nor_forgetting(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        class Killed(Doubter):
            async def learn(
                self, brand: str, answers: Sequence[tuple[Post, bool, datetime]], now: datetime
            ) -> Learned | None:
                self.lessons.append([about for _, about, _ in answers])
                raise WorkerKilled("took longer than 60 s")

        world.worker = worker = Killed()
        await taught(world, LEAST)
        world.web.shows(told(900, f"{BRAND} может быть", by="Ольга"))
        await world.poll()
        (theirs,) = world.rows("SELECT post_id FROM mentions ORDER BY id DESC LIMIT 1")
        asked: dict[str, JSON] = {"kind": "author", "value": "ольга", "posts": [cast("int", theirs["post_id"])]}
        report = cast("dict[str, Any]", await forget(world.ports, world.plan, asked))
        assert (report["posts"], len(worker.lessons), world.count("corrections")) == (1, 2, 2 * LEAST)

    play(tmp_path, story)


def test_a_version_that_does_worse_than_the_one_that_counts_does_not_take_its_place(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        worker = doubting(world)
        await taught(world, LEAST)
        worker.taught = taught_so(0.96)
        world.web.shows(*(post(500 + number, f"{BRAND} ещё {number}") for number in range(EACH)))
        await world.poll()
        for row in world.rows(f"SELECT id FROM mentions ORDER BY id DESC LIMIT {EACH}"):
            await answer(world, cast("int", row["id"]), about=True)
        assert [row["state"] for row in world.rows("SELECT state FROM learned ORDER BY id")] == ["active", "worse"]

    play(tmp_path, story)


async def taught_and_told(world: World) -> None:
    """Enough answers to learn from, then a story of Maria's by a judge that knows who confirms what."""
    doubting(world)
    await taught(world, LEAST)
    world.worker = Teller()
    world.web.shows(told(900, by="Мария"))
    await world.poll()


def test_what_was_learned_still_counts_when_others_confirm(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await taught_and_told(world)
        ask = "SELECT doubtful, relevance, why FROM mentions ORDER BY id DESC LIMIT 1"
        (before,) = world.rows(ask)
        world.web.shows(reply(901, "+1", to="n900", by="Олег"))
        await world.poll()
        (after,) = world.rows(ask)
        assert (after["doubtful"], after["relevance"]) == (1, before["relevance"])
        assert "learned from" in str(after["why"])
        assert "confirmed it" in str(after["why"])

    play(tmp_path, story)


def test_what_an_edit_took_out_stays_doubtful_when_others_confirm(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await taught_and_told(world)
        world.web.shows(told(900, "ошиблась, это было совсем в другом месте", by="Мария"))
        await world.poll()
        world.web.shows(reply(901, "+1", to="n900", by="Олег"))
        await world.poll()
        (after,) = world.rows("SELECT doubtful, why FROM mentions ORDER BY id DESC LIMIT 1")
        assert (after["doubtful"], "confirmed it" in str(after["why"])) == (1, True)

    play(tmp_path, story)


def test_ranks_of_domains_are_taken_over_and_join_the_influence(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        ranks: list[JSON] = [["forum.example", 1], ["other.example", 5]]
        whole: dict[str, JSON] = {"of": "a", "first": True, "last": True}
        assert await rank_domains(world.ports, world.plan, {"ranks": ranks, **whole}) == 2
        doubting(world)
        await polled(world, replace(post(1), author=Author(name="Анна")))
        assert "rank" in str(mention(world)["why"])
        assert await rank_domains(world.ports, world.plan, {"ranks": [["x.example", 9]], **whole}) == 1
        for wrong in (
            "x",
            [["x"]],
            [["x", "1"]],
            [["x", 0]],
            [["x", 10**20]],
            [["x y", 1]],
            [["x\0", 1]],
            [["www.", 1]],
        ):
            with pytest.raises(InputError):
                await rank_domains(world.ports, world.plan, {"ranks": cast("JSON", wrong), **whole})

    play(tmp_path, story)


def test_what_was_learned_is_not_asked_of_a_mention_whose_words_no_index_has_yet(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        doubting(world)
        world.worker = Teller()
        await polled(world, told(900, by="Мария"))

        def unread(store: Store) -> None:
            store.add_learned(BRAND, to_record(taught_so(1.0)), answers=400, is_better=True, note="", now=NOW)
            store._db.execute("DELETE FROM mention_search")

        await world.writer.run(unread)
        world.web.shows(reply(901, "+1", to="n900", by="Олег"))
        await world.poll()
        assert (mention(world)["doubtful"], "learned" in str(mention(world)["why"])) == (0, False)
        assert (await answer(world, 1, about=False))["doubtful"] is True

    play(tmp_path, story)
