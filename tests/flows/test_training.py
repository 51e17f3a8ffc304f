"""How people feel a mention counts at once and for good, and from enough of it the model learns when it is asked to."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from monitor.errors import InputError
from monitor.flows.correcting import correct
from monitor.flows.forgetting import forget
from monitor.flows.rescoring import Orders, rescore_posts
from monitor.flows.training import LEAST, MOST, train
from monitor.models import Label, Tier
from monitor.store.removal import Erased
from monitor.understanding import adapting
from monitor.understanding.relevance.learning import to_record
from tests.fetching.fakes import until
from tests.flows.telling import told
from tests.flows.test_correcting import taught_so
from tests.flows.test_rescoring import NewRules, each, plan_of
from tests.flows.world import BRAND, NOW, FakeWorker, World, mention, play, polled, post

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from monitor.flows.ports import Plan, Ports
    from monitor.models import JSON, Post
    from monitor.store import Store, Writer
    from monitor.worker import Taught

_HALF: dict[str, JSON] = {"macro_f1": 0.5, "accuracy": 0.5, "negative_recall": 0.5, "n": 40}
FIGURES: dict[str, JSON] = {
    "tier": "fast",
    "before": _HALF,
    "after": _HALF,
    "shipped_before": _HALF,
    "shipped_after": _HALF,
    "certainty": 0.9,
    "reason": None,
}
ADAPTATION: dict[str, JSON] = {
    "tier": "fast",
    "offset": "AAAAAAAAAAAAAAAA",
    "buckets": "",
    "weights": "",
    "meaning": None,
}


class Pupil(FakeWorker):
    """Learns as well as it is told to, and remembers what it was taught and by what it judges."""

    def __init__(self, tier: Tier = Tier.FAST) -> None:
        self.tier = tier
        self.is_better = True
        self.learns = True
        self.lessons: list[list[tuple[str, Label]]] = []
        self.adaptations: list[Mapping[str, JSON] | None] = []

    async def train_sentiment(
        self, answers: Sequence[tuple[Post, str, Label, datetime]], now: datetime
    ) -> dict[str, JSON] | None:
        assert all(brand == BRAND and at <= now for _, brand, _, at in answers)
        self.lessons.append([(found.text, label) for found, _, label, _ in answers])
        if not self.learns:
            return {"adaptation": None, "answers": 14}
        adaptation = {**ADAPTATION, "tier": self.tier.value}
        return {**FIGURES, "is_better": self.is_better, "adaptation": adaptation, "answers": len(answers)}

    def adapt(self, taught: Taught) -> None:
        self.adaptations.append(taught.get(self.tier))


def pupil(world: World) -> Pupil:
    world.worker = Pupil()
    return world.worker


async def feel(world: World, mention: int, label: str | None, **more: JSON) -> dict[str, Any]:
    said = await correct(world.ports, plan_of(world), {"mention": mention, "sentiment": label, **more})
    return cast("dict[str, Any]", said)


async def trained(world: World, **orders: JSON) -> dict[str, Any]:
    return cast("dict[str, Any]", await train(world.ports, world.plan, orders))


# ── corrections ──


def test_a_corrected_sentiment_counts_at_once_and_neither_rescore_nor_edit_brings_the_judges_back(
    tmp_path: Path,
) -> None:
    async def story(world: World) -> None:
        await polled(world, post(1))
        said = await feel(world, 1, "positive", person="Ирина")
        assert (said["sentiment"], said["about"], said["learned"], said["sentiments"]) == ("positive", None, None, 1)
        assert said["priority"] < 10
        row = mention(world)
        assert (row["sentiment"], row["negative"], row["positive"]) == ("positive", 0.01, 0.98)
        assert "felt as positive: somebody said so on 2026-" in row["why"]
        assert world.rows("SELECT sentiment, mentions FROM day_counts WHERE mentions > 0") == [
            {"sentiment": "positive", "mentions": 1}
        ]
        kept = await world.writer.run(lambda store: store.kept_posts([2]))
        await rescore_posts(kept, ports=world.ports, plan=plan_of(world), orders=Orders(apply=True))
        assert mention(world)["sentiment"] == "positive"
        world.web.shows(replace(post(1), text=f"В {BRAND} плохо, и ещё раз плохо"))
        await world.poll()
        assert (mention(world)["sentiment"], mention(world)["why"].count("felt as")) == ("positive", 1)

    play(tmp_path, story)


def test_the_last_feeling_counts_and_what_was_judged_stays_known(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(world, post(1))
        await feel(world, 1, "positive")
        await feel(world, 1, "neutral", about=False)
        await feel(world, 1, None, about=True)
        rows = world.rows("SELECT about, sentiment, judged, counts FROM v_corrections ORDER BY id")
        assert [tuple(row.values()) for row in rows] == [
            (None, "positive", "negative", 0),
            (0, "neutral", "negative", 1),
            (1, None, "negative", 1),
        ]
        row = mention(world)
        assert (row["sentiment"], row["doubtful"], row["why"].count("felt as")) == ("neutral", 0, 1)
        assert "by itself it is negative with probability 1.00" in row["why"]

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("label", "about", "days", "outcome"),
    [
        ("negative", None, 1, "alert to support (route matches: sentiment:negative)"),
        ("negative", True, 1, "alert to support (route matches: sentiment:negative)"),
        ("negative", False, 1, "nobody is told: it is not about the brand"),
        ("positive", None, 1, "nobody is told: it is not felt as negative"),
        ("positive", True, 1, "nobody is told: no route matches"),
        ("negative", None, 8, "nobody is told: it is older than 7 days"),
    ],
)
def test_what_is_felt_as_negative_is_told_if_it_is_news(
    tmp_path: Path, label: str, about: bool | None, days: int, outcome: str
) -> None:
    async def story(world: World) -> None:
        await polled(world, post(1, f"В {BRAND} опять очередь"))
        assert world.count("alerts") == 0
        world.clock.moment += timedelta(days=days)
        alerts = int(outcome.startswith("alert"))
        said = await feel(world, 1, label, about=about)
        assert (said["alerts"], said["outcome"]) == (alerts, outcome)
        said = await feel(world, 1, label, about=about)
        assert (said["alerts"], said["outcome"]) == (0, "nobody is told again" if alerts else outcome)
        assert world.count("alerts") == alerts

    play(tmp_path, story)


@pytest.mark.parametrize("is_rescored", [False, True])
def test_nobody_is_told_of_what_was_there_before_the_first_poll(tmp_path: Path, is_rescored: bool) -> None:
    async def story(world: World) -> None:
        world.web.shows(post(1, f"В {BRAND} опять очередь"))
        await world.poll()
        if is_rescored:
            world.worker = NewRules(each(relevance=0.98))
            kept = await world.writer.run(lambda store: store.kept_posts([1]))
            found = await rescore_posts(kept, ports=world.ports, plan=plan_of(world), orders=Orders(apply=True))
            assert found.mentions == 1
        said = await feel(world, 1, "negative")
        assert (said["alerts"], said["outcome"]) == (0, "nobody is told: it was there before the first poll")
        assert ("re-scored" in said["decision"]) is is_rescored
        assert world.count("alerts") == 0

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"mention": 1}, "say whether"),
        ({"mention": 1, "sentiment": "angry"}, "not 'angry'"),
        ({"mention": 1, "sentiment": []}, "a sentiment is negative, neutral, positive"),
        ({"mention": 7, "sentiment": "neutral"}, "no mention 7"),
        ({"mention": 1, "sentiment": "neutral", "brand": "Ромашка"}, "no post with a mention of 'Ромашка'"),
    ],
)
def test_an_answer_that_says_nothing_is_refused(tmp_path: Path, given: dict[str, JSON], words: str) -> None:
    async def story(world: World) -> None:
        await polled(world, post(1))
        with pytest.raises(InputError, match=words):
            await correct(world.ports, plan_of(world), given)
        assert world.count("corrections") == 0

    play(tmp_path, story)


def test_the_brand_may_be_named(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(world, post(1))
        assert (await feel(world, 1, "neutral", brand=BRAND.upper()))["mention"] == 1

    play(tmp_path, story)


def test_a_mention_whose_words_no_index_has_yet_is_felt_as_it_was_corrected(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(world, post(1))

        def unread(store: Store) -> None:
            store.add_learned(BRAND, to_record(taught_so(1.0)), answers=400, is_better=True, note="", now=NOW)
            store._db.execute("DELETE FROM mention_search")
            store._db.execute("UPDATE mentions SET search_version = 0")

        await world.writer.run(unread)
        assert (await feel(world, 1, "positive"))["sentiment"] == "positive"
        assert (mention(world)["sentiment"], world.count("mention_search")) == ("positive", 1)

    play(tmp_path, story)


# ── training ──


def test_as_many_corrections_are_asked_for_as_are_learned_from() -> None:
    assert (LEAST, MOST) == (adapting.LEAST, adapting.MOST)


async def felt(world: World, count: int = LEAST, *, first: int = 1) -> None:
    """So many mentions that somebody felt as positive."""
    await polled(world, *(post(number, f"{BRAND} плохо {number}") for number in range(first, first + count)))
    for row in world.rows(f"SELECT id FROM mentions ORDER BY id DESC LIMIT {count}"):
        await feel(world, cast("int", row["id"]), "positive")


def states(world: World) -> list[object]:
    return [row["state"] for row in world.rows("SELECT state FROM adaptations ORDER BY id")]


def test_too_few_corrections_teach_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        worker = pupil(world)
        await felt(world, LEAST - 1)
        said = await trained(world)
        assert (said["corrections"], said["needed"], said["figures"], said["version"]) == (LEAST - 1, LEAST, None, None)
        assert (said["distinct"], worker.lessons, worker.adaptations, states(world)) == (None, [], [], [])

    play(tmp_path, story)


def test_too_few_different_texts_teach_nothing_and_are_counted(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        worker = pupil(world)
        worker.learns = False
        await felt(world)
        said = await trained(world)
        assert (said["corrections"], said["distinct"], said["figures"], said["version"]) == (LEAST, 14, None, None)
        assert (said["is_better"], worker.adaptations, states(world)) == (False, [], [])

    play(tmp_path, story)


def test_what_is_better_counts_at_once_and_can_be_taken_back(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        worker = pupil(world)
        await felt(world)
        said = await trained(world)
        assert (said["figures"], said["is_better"], said["version"], said["active"]) == (FIGURES, True, 1, 1)
        assert (said["corrections"], said["distinct"]) == (LEAST, LEAST)
        (lesson,) = worker.lessons
        assert (len(lesson), {label for _, label in lesson}) == (LEAST, {Label.POSITIVE})
        assert all(text.startswith(f"{BRAND} плохо ") for text, _ in lesson)
        assert [one and one["tier"] for one in worker.adaptations] == ["fast"]
        await trained(world)
        assert (states(world), world.rows("SELECT answers FROM adaptations")[0]) == (
            ["former", "active"],
            {"answers": LEAST},
        )
        said = await trained(world, undo=True)
        assert (said["undone"], said["active"], said["corrections"]) == (2, 1, LEAST)
        assert (await trained(world, undo=True))["active"] is None
        assert [one is None for one in worker.adaptations] == [False, False, False, True]
        with pytest.raises(InputError, match="nothing to undo"):
            await trained(world, undo=True)

    play(tmp_path, story)


def test_what_is_no_better_is_kept_and_does_not_count(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        worker = pupil(world)
        await felt(world)
        await trained(world)
        worker.is_better = False
        said = await trained(world)
        assert (said["is_better"], said["version"], said["active"]) == (False, 2, 1)
        assert (states(world), len(worker.adaptations)) == (["active", "worse"], 1)

    play(tmp_path, story)


def test_each_tier_learns_for_itself(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        pupil(world)
        await felt(world)
        await trained(world)
        world.worker = worker = Pupil(Tier.QUALITY)
        with pytest.raises(InputError, match="nothing to undo"):
            await trained(world, undo=True)
        assert (await trained(world))["active"] == 2
        assert states(world) == ["active", "active"]
        assert (await trained(world, undo=True))["active"] is None
        assert [one and one["tier"] for one in worker.adaptations] == [Tier.QUALITY, None]
        assert states(world) == ["active", "undone"]

    play(tmp_path, story)


def test_a_dry_run_keeps_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        worker = pupil(world)
        await felt(world)
        said = await trained(world, dry_run=True)
        assert (said["figures"], said["is_better"], said["version"], said["active"]) == (FIGURES, True, None, None)
        assert (states(world), worker.adaptations) == ([], [])

    play(tmp_path, story)


def test_what_is_erased_while_it_is_learned_from_teaches_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        class Late(Pupil):
            async def train_sentiment(
                self, answers: Sequence[tuple[Post, str, Label, datetime]], now: datetime
            ) -> dict[str, JSON] | None:
                await world.writer.run(erase)
                return await super().train_sentiment(answers, now)

        def erase(store: Store) -> None:
            store.erase([2], now=NOW)

        world.worker = worker = Late()
        await felt(world)
        with pytest.raises(InputError, match="erased"):
            await trained(world)
        assert (states(world), worker.adaptations) == ([], [])

    play(tmp_path, story)


async def forget_one(world: World) -> None:
    """An author whose post was corrected asks to be forgotten."""
    post_id = await felt_olga(world)
    await trained(world)
    assert await forget_olga(world.ports, world.plan, post_id) is True


async def felt_olga(world: World) -> int:
    """Her post, of which somebody said how it is felt."""
    world.web.shows(told(900, f"{BRAND} плохо", by="Ольга"))
    await world.poll()
    (theirs,) = world.rows("SELECT id, post_id FROM mentions ORDER BY id DESC LIMIT 1")
    await feel(world, cast("int", theirs["id"]), "neutral")
    return cast("int", theirs["post_id"])


async def forget_olga(ports: Ports, plan: Plan, post_id: int) -> JSON:
    """Whether what was learned went with her post."""
    posts: list[JSON] = [post_id]
    said = await forget(ports, plan, {"kind": "author", "value": "ольга", "posts": posts})
    return cast("dict[str, JSON]", said)["unlearned"]


class TrainedMeanwhile:
    """A writer between whose erasing and what comes next somebody trains."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def run(self, function: Callable[[Store], object]) -> object:
        found = await self._world.writer.run(function)
        if isinstance(found, Erased):
            await trained(self._world)
        return found


def test_what_was_learned_of_forgotten_posts_goes_and_is_learned_again_without_them(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        worker = pupil(world)
        await felt(world)
        await forget_one(world)
        assert [len(lesson) for lesson in worker.lessons] == [LEAST + 1]  # whoever asked waits for no training
        assert ([one is None for one in worker.adaptations], states(world)) == ([False, True], [])
        await trained(world)
        assert [len(lesson) for lesson in worker.lessons] == [LEAST + 1, LEAST]
        assert [one is None for one in worker.adaptations] == [False, True, False]
        assert world.rows("SELECT answers, state FROM adaptations") == [{"answers": LEAST, "state": "active"}]

    play(tmp_path, story)


def test_forgetting_somebody_else_changes_nothing_that_was_learned(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        worker = pupil(world)
        await felt(world)
        await trained(world)
        post_id = await felt_olga(world)
        assert await forget_olga(world.ports, world.plan, post_id) is False
        assert (len(worker.lessons), len(worker.adaptations), states(world)) == (1, 1, ["active"])

    play(tmp_path, story)


@pytest.mark.parametrize(("from_hers", "left"), [(False, ["former", "active"]), (True, ["active"])])
def test_what_is_learned_while_somebody_is_forgotten_does_not_hide_what_went(
    tmp_path: Path, from_hers: bool, left: list[str]
) -> None:
    async def story(world: World) -> None:
        pupil(world)
        await felt(world)
        if from_hers:
            post_id = await felt_olga(world)
            await trained(world)
        else:
            await trained(world)
            post_id = await felt_olga(world)
        ports = replace(world.ports, writer=cast("Writer", TrainedMeanwhile(world)))
        assert await forget_olga(ports, world.plan, post_id) is from_hers
        assert states(world) == left

    play(tmp_path, story)


def test_a_training_that_ends_does_not_bring_back_what_was_taken_back_meanwhile(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        worker = pupil(world)
        await felt(world)
        ports = world.ports
        training = asyncio.create_task(train(ports, world.plan, {}))
        await until(lambda: training.done() or states(world) == ["active"])
        undoing = asyncio.create_task(train(ports, world.plan, {"undo": True}))
        await asyncio.gather(training, undoing)
        assert states(world) == ["undone"]
        assert worker.adaptations[-1] is None

    play(tmp_path, story)
