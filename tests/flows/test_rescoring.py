"""The stored history is judged again: the difference is shown before it counts, and nothing is lost by it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from monitor.errors import InputError, WorkerKilled
from monitor.flows.context import History
from monitor.flows.rescoring import EXAMPLES, Difference, Orders, compare, preview_posts, rescore, rescore_posts
from monitor.models import Brand, Judgement, Label, Lemmas, Level, Mention, Sentiment, SpecialCase, Tier, Why
from monitor.query import parse
from monitor.store import Reader, open_reader
from monitor.store.rescore import candidates, kept_posts
from monitor.understanding import tiers
from tests.flows.world import BRAND, NOW, FakeWorker, World, play, polled, post

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from monitor.config import Config
    from monitor.flows.ports import Plan
    from monitor.models import Post
    from monitor.worker import WorkerPool

OTHER = "Новомаркет"
Rule = "Callable[[Judgement, Post], Judgement]"


class NewRules(FakeWorker):
    """The judge after a change of rules."""

    tier = Tier.FAST

    def __init__(self, rule: Callable[[Judgement, Post], Judgement]) -> None:
        self._rule = rule

    async def judge(self, posts: Sequence[Post], *, site_weight: float | None) -> list[Judgement | None]:
        return [self._rule(self._judge(one), one) for one in posts]


def feeling(label: Label) -> Sentiment:
    share = {name: float(name is label) for name in Label}
    return Sentiment(
        label=label, negative=share[Label.NEGATIVE], neutral=share[Label.NEUTRAL], positive=share[Label.POSITIVE]
    )


def near(less: float) -> Sentiment:
    """As negative as the other judge says, but for so much."""
    return Sentiment(label=Label.NEGATIVE, negative=1 - less, neutral=less, positive=0.0)


def each(**changes: object) -> Callable[[Judgement, Post], Judgement]:
    """Every mention is judged with these changes."""
    return lambda judgement, _post: replace(
        judgement,
        mentions=tuple(replace(mention, **changes) for mention in judgement.mentions),  # type: ignore[arg-type]
    )


def unchanged(judgement: Judgement, _post: Post) -> Judgement:
    return judgement


def nobody(judgement: Judgement, _post: Post) -> Judgement:
    return replace(judgement, mentions=())


def also_other(judgement: Judgement, found: Post) -> Judgement:
    """A brand was added whose name stands in some posts."""
    if OTHER not in found.text:
        return judgement
    gained = Mention(
        brand=OTHER,
        relevance=1.0,
        doubtful=False,
        spans=(),
        sentiment=feeling(Label.NEGATIVE),
        special_cases=(),
        influence=5,
        priority=40,
        why=(),
    )
    return replace(judgement, mentions=(*judgement.mentions, gained), lemmas=Lemmas(text="новый лемма"))


def plan_of(world: World, *brands: str) -> Plan:
    watched = tuple(Brand(name=name) for name in brands or (BRAND, OTHER))
    config = SimpleNamespace(brands=watched, fingerprint="same")
    return replace(world.plan, config=cast("Config", config))


async def judged_again(world: World, rule: Callable[[Judgement, Post], Judgement], **orders: object) -> Difference:
    world.worker = NewRules(rule)
    kept = await world.writer.run(lambda store: store.kept_posts(range(1, 100)))
    given = Orders(apply=True, **orders)  # type: ignore[arg-type]
    return await rescore_posts(kept, ports=world.ports, plan=plan_of(world), orders=given)


def doubtful_posts(folder: Path) -> list[int]:
    """What the search index says."""
    db = open_reader(folder / "monitor.db")
    found = candidates(db, query=parse("doubtful:yes"), since=None, mentions_only=False, now=NOW)
    db.close()
    return found


CHANGES = [
    (each(sentiment=feeling(Label.NEUTRAL)), {"negative→neutral": 1, "priority": 1}),
    (each(doubtful=True), {"doubtful": 1}),
    (each(relevance=0.5), {"priority": 1}),
    (each(relevance=0.98), {"details": 1}),
    (each(sentiment=feeling(Label.POSITIVE)), {"negative→positive": 1, "priority": 1}),
    (nobody, {"lost": 1}),
    (unchanged, {}),
    (each(sentiment=near(0.000_19)), {}),
    (each(sentiment=near(0.000_21)), {"details": 1}),
]


@pytest.mark.parametrize(("rule", "expected"), CHANGES)
def test_what_differs_is_counted_written_and_not_found_again(
    rule: Callable[[Judgement, Post], Judgement], expected: dict[str, int], tmp_path: Path
) -> None:
    async def story(world: World) -> None:
        await polled(world, post(1), post(2, "ни о ком"))
        (before,) = world.rows("SELECT id, decision FROM mentions")
        difference = await judged_again(world, rule)
        assert difference.counts == Counter({(BRAND, word): count for word, count in expected.items()})
        assert (difference.posts, difference.skipped, difference.alerts) == (3, 0, 0)
        (after,) = world.rows("SELECT id, decision FROM mentions")
        assert after["id"] == before["id"]
        if expected:
            date = f"{world.clock.now():%Y-%m-%d}"
            assert after["decision"] == f"re-scored {date}: {', '.join(expected)}; before: {before['decision']}"
        else:
            assert after == before
        # Broken off and repeated it changes nothing more; a second change keeps the first decision.
        assert not (await judged_again(world, rule)).counts
        await judged_again(world, each(relevance=0.3))
        (last,) = world.rows("SELECT decision FROM mentions")
        assert str(last["decision"]).count("before: ") == 1
        assert str(before["decision"]) in str(last["decision"])

    play(tmp_path, story)


def test_examples_name_mentions_as_people_do_and_details_come_last(tmp_path: Path) -> None:
    def rule(judgement: Judgement, found: Post) -> Judgement:
        if OTHER in found.text:
            return also_other(judgement, found)
        few = (SpecialCase(name="refund", level=Level.INFO, rule="test", field="text", start=0, end=1),)
        return each(relevance=0.98, special_cases=few)(judgement, found)

    async def story(world: World) -> None:
        await polled(world, *(post(number) for number in range(1, EXAMPLES + 2)), post(90, f"В {OTHER} плохо"))
        difference = await judged_again(world, rule)
        assert (difference.mentions, len(difference.examples)) == (EXAMPLES + 2, EXAMPLES)
        first, second, *_ = difference.examples
        (gained,) = world.rows(f"SELECT id FROM mentions WHERE brand = '{OTHER}'")
        assert (first["change"], first["mention"]) == (["gained"], gained["id"])
        assert (second["change"], second["mention"]) == (["details"], 1)
        assert "relevance 1.00→0.98" in cast("list[str]", second["details"])
        assert "+refund" in cast("list[str]", second["details"])

    play(tmp_path, story)


def test_a_preview_writes_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(world, post(1), post(2, f"В {OTHER} плохо"))
        before = world.rows("SELECT * FROM mentions")
        reader = Reader(open_reader(tmp_path / "monitor.db"))
        kept = kept_posts(reader._db, [1, 2, 3, 999])
        worker, plan = cast("WorkerPool", NewRules(also_other)), plan_of(world)
        history = History(stored=reader, plan=plan, now=NOW)
        difference = await preview_posts(kept, worker=worker, plan=plan, orders=Orders(), history=history)
        reader.close()
        assert difference.counts == {(OTHER, "gained"): 1}
        (example,) = difference.examples
        assert (example["change"], example["mention"], example["source"]) == (["gained"], None, "forum")
        assert (difference.mentions, example["details"]) == (1, [])
        assert world.rows("SELECT * FROM mentions") == before

    play(tmp_path, story)


def test_index_and_counts_by_day_follow(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(world, post(1), post(2, f"В {OTHER} плохо"))
        await judged_again(world, also_other)
        await judged_again(world, lambda judgement, found: also_other(each(doubtful=True)(judgement, found), found))
        counted = world.rows("SELECT brand, doubtful, mentions FROM day_counts WHERE mentions ORDER BY brand")
        assert counted == [
            {"brand": OTHER, "doubtful": 0, "mentions": 1},
            {"brand": BRAND, "doubtful": 1, "mentions": 1},
        ]
        assert world.rows("SELECT rowid AS id FROM mention_search") == world.rows("SELECT id FROM mentions")
        found = world.rows("SELECT text_lemmas FROM mention_search WHERE text_lemmas MATCH 'text_lemmas:лемма'")
        assert found == [{"text_lemmas": "новый лемма"}]
        db = open_reader(tmp_path / "monitor.db")
        for query, expected in (("doubtful:yes", [2]), (f"brand:{OTHER}", [3]), ("doubtful:no", [3])):
            chosen = candidates(db, query=parse(query), since=None, mentions_only=False, now=NOW)
            posts = world.rows("SELECT post_id, id FROM mentions")
            assert chosen == [row["post_id"] for row in posts if row["post_id"] in chosen], query
            assert len(chosen) == len(expected), query
        db.close()

    play(tmp_path, story)


def test_a_lost_mention_stays_with_its_alert_and_can_be_regained(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(world, post(1))
        await judged_again(world, nobody)
        (lost,) = world.rows("SELECT doubtful, why FROM mentions")
        assert (lost["doubtful"], "no-longer-matches" in str(lost["why"])) == (1, True)
        assert world.count("alerts") == 1
        assert doubtful_posts(tmp_path) == [2]
        difference = await judged_again(world, unchanged)
        assert difference.counts == {(BRAND, "certain"): 1}
        (regained,) = world.rows("SELECT doubtful, why FROM mentions")
        assert (regained["doubtful"], "no-longer-matches" in str(regained["why"])) == (0, False)
        assert doubtful_posts(tmp_path) == []

    play(tmp_path, story)


def test_mentions_of_a_brand_that_is_configured_no_more_are_left_alone(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(world, post(1))
        kept = await world.writer.run(lambda store: store.kept_posts([1, 2]))
        worker = cast("WorkerPool", NewRules(nobody))
        reader, plan = world.reader(), plan_of(world, OTHER)
        history = History(stored=reader, plan=plan, now=NOW)
        found = await preview_posts(kept, worker=worker, plan=plan, orders=Orders(), history=history)
        reader.close()
        assert not found.counts

    play(tmp_path, story)


def test_one_brand_alone_is_looked_at(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(world, post(1, f"В {BRAND} и {OTHER} плохо"))
        both = lambda judgement, found: also_other(each(relevance=0.2)(judgement, found), found)  # noqa: E731
        assert (await judged_again(world, both, brand=OTHER)).counts == {(OTHER, "gained"): 1}
        assert (await judged_again(world, both)).counts == {(BRAND, "priority"): 1}

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("alert", "age", "expected"),
    [
        (True, timedelta(days=1), ["alert to support"]),
        (False, timedelta(days=1), []),
        (True, timedelta(days=8), []),
    ],
)
def test_people_are_told_only_when_asked_for_and_of_news(
    alert: bool, age: timedelta, expected: list[str], tmp_path: Path
) -> None:
    async def story(world: World) -> None:
        recent = replace(post(1, f"В {OTHER} плохо"), published=NOW - age)
        await polled(world, recent)
        assert world.count("alerts") == 0
        for _ in range(2):
            await judged_again(world, also_other, alert=alert)
        assert [str(row["reason"])[:16] for row in world.rows("SELECT reason FROM alerts")] == expected
        assert world.count("messages") == len(expected)

    play(tmp_path, story)


def test_who_was_told_is_not_told_again(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(world, post(1))
        await judged_again(world, each(sentiment=feeling(Label.NEUTRAL)))
        await judged_again(world, unchanged, alert=True)
        assert (world.count("alerts"), world.count("messages")) == (1, 1)

    play(tmp_path, story)


def test_what_changed_while_it_was_judged_is_left_out(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(world, post(1), post(2))
        kept = await world.writer.run(lambda store: store.kept_posts([2, 3]))
        await world.writer.run(lambda store: store.erase([2], now=NOW))
        await world.writer.run(lambda store: store.revise_post(3, title="", text="иначе", now=NOW))
        world.worker = NewRules(each(relevance=0.2))
        difference = await rescore_posts(kept, ports=world.ports, plan=plan_of(world), orders=Orders(apply=True))
        assert (difference.posts, difference.skipped) == (0, 2)

    play(tmp_path, story)


def test_a_post_that_is_too_much_for_the_judge_is_left_out(tmp_path: Path) -> None:
    def bomb(judgement: Judgement, found: Post) -> Judgement:
        if found.native_id == "n1":
            raise WorkerKilled("took longer than 60 s")
        return replace(judgement, mentions=())

    async def story(world: World) -> None:
        await polled(world, post(1), post(2))
        difference = await judged_again(world, bomb)
        assert (difference.posts, difference.skipped, difference.counts) == (2, 1, {(BRAND, "lost"): 1})

    play(tmp_path, story)


def test_the_verb_refuses_another_configuration_and_answers_in_json(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(world, post(1))
        world.worker = NewRules(each(relevance=0.2))
        plan = plan_of(world)
        with pytest.raises(InputError, match="another configuration"):
            await rescore(world.ports, plan, {"posts": [1, 2], "fingerprint": "other"})
        report = await rescore(world.ports, plan, {"posts": [1, 2], "fingerprint": "same"})
        assert isinstance(report, dict)
        read = Difference.from_json(report)
        assert (read.counts, read.mentions) == ({(BRAND, "priority"): 1}, 1)
        assert read.plus(read).to_json()["brands"] == {BRAND: {"priority": 2}}

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("wanted", "is_installed", "refusal"),
    [
        ("fast", True, None),
        ("quality", True, "the tier fast, and has no room for a second one: set `sentiment: quality`"),
        ("auto", True, "set `sentiment: auto`"),
        ("auto", False, None),
        ("quality", False, "which is not installed"),
    ],
)
def test_the_verb_refuses_a_tier_that_is_not_loaded(
    wanted: str, is_installed: bool, refusal: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiers, "available", lambda: is_installed)

    async def story(world: World) -> None:
        await polled(world, post(1))
        world.worker = NewRules(unchanged)
        ask = rescore(world.ports, plan_of(world), {"posts": [2], "fingerprint": "same", "sentiment": wanted})
        if refusal is None:
            report = await ask
            assert isinstance(report, dict)
            assert report["posts"] == 1
        else:
            with pytest.raises(InputError, match=re.escape(refusal)):
                await ask

    play(tmp_path, story)


def test_which_posts_are_judged_again(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        old = replace(post(1), published=NOW - timedelta(days=40))
        await polled(world, old, post(2), post(3, "ни о ком"))
        by_id = {row["id"]: str(row["native_id"]) for row in world.rows("SELECT id, native_id FROM posts")}
        db = open_reader(tmp_path / "monitor.db")
        week = NOW - timedelta(days=7)
        for scope, expected in (
            ({}, ["n0", "n3", "n2", "n1"]),
            ({"mentions_only": True}, ["n2", "n1"]),
            ({"since": week}, ["n0", "n3", "n2"]),
            ({"query": parse("sentiment:negative")}, ["n2", "n1"]),
            ({"query": parse("sentiment:negative since:7d"), "since": week}, ["n2"]),
            ({"query": parse("sentiment:positive")}, []),
        ):
            given = {"query": None, "since": None, "mentions_only": False, "now": NOW, **scope}
            assert [by_id[post_id] for post_id in candidates(db, **given)] == expected, scope  # type: ignore[arg-type]
        db.close()

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("code", "before", "after", "counts"),
    [
        ("contradiction", "the text alone reads positive (0.62)", "the text alone reads positive (0.63)", {}),
        (
            "contradiction",
            "the text alone reads positive (0.62)",
            "the text alone reads positive (0.64)",
            {"details": 1},
        ),
        ("sentiment", "reads negative (0.50)", "unsure, reads most like negative (0.50)", {}),
        ("rating", "4 of 5 stars", "5 of 5 stars", {"details": 1}),
        ("match", "«a» is «b»", "«a» is «c»", {"details": 1}),
    ],
)
def test_what_follows_from_the_last_digits_of_a_probability_is_no_difference(
    code: str, before: str, after: str, counts: dict[str, int], tmp_path: Path
) -> None:
    async def story(world: World) -> None:
        await polled(world, post(1))
        told = [each(why=(Why(code=code, text=text),)) for text in (before, after)]
        await judged_again(world, told[0])
        difference = await judged_again(world, told[1])
        assert difference.counts == Counter({(BRAND, word): count for word, count in counts.items()})
        assert not (await judged_again(world, told[1])).counts

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("less", "points", "is_same"), [(0.0, 0, True), (0.0, 1, False), (0.000_1, 1, True), (0.000_1, 2, False)]
)
def test_a_point_of_priority_may_follow_from_the_last_digits_of_a_probability(
    less: float, points: int, is_same: bool, tmp_path: Path
) -> None:
    async def story(world: World) -> None:
        await polled(world, post(1))
        kept = next(one for one in await world.writer.run(lambda store: store.kept_posts(range(1, 9))) if one.mentions)
        was = kept.mentions[0].mention
        new = replace(was, sentiment=near(less), priority=was.priority + points)
        judgement = Judgement(lang="ru", sentiment=new.sentiment, special_cases=(), mentions=(new,))
        assert (not compare(kept, judgement, plan=plan_of(world), orders=Orders())) == is_same

    play(tmp_path, story)
