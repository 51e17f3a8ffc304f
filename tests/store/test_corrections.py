"""Answers of two kinds do not disturb each other, and what they taught has versions."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.models import Label, Lemmas, Post, Tier
from monitor.store import Store, open_writer
from monitor.store.adaptations import KEPT
from monitor.store.forgotten import weigh
from tests.alerting.alerts import make_mention

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
OURS, OTHER = "МойСклад", "Ёлка"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Two posts, the first of which names two brands: mentions 1 to 3."""
    store = Store(open_writer(tmp_path / "monitor.db"))
    source = store.import_source("forum", NOW)
    for number, brands in ((1, (OURS, OTHER)), (2, (OURS,))):
        post = Post(native_id=f"n{number}", text=f"пост {number}")
        post_id = store.add_post(source, post, identities=[f"id:n{number}"], now=NOW)
        assert post_id is not None
        for brand in brands:
            mention = replace(make_mention(), brand=brand)
            store.add_mention(post_id, mention, decision="told", lemmas=Lemmas(), now=NOW)
    yield store
    store.close()


def answer(
    store: Store, mention: int, *, about: bool | None = None, sentiment: Label | None = None, now: datetime = NOW
) -> int | None:
    return store.add_correction(mention, about=about, sentiment=sentiment, note="", person="", now=now)


def test_the_newest_answer_to_each_question_counts(store: Store) -> None:
    answer(store, 1, about=True, sentiment=Label.NEUTRAL)
    answer(store, 1, sentiment=Label.POSITIVE, now=LATER)
    assert (store.corrected(1), store.felt(1)) == ({OURS: True}, {OURS: (Label.POSITIVE, LATER)})
    answer(store, 1, about=False)
    assert (store.corrected(1), store.felt(1)) == ({OURS: False}, {OURS: (Label.POSITIVE, LATER)})
    assert [(row["about"], row["sentiment"], row["counts"]) for row in store.corrections(limit=9)] == [
        (0, None, 1),
        (None, "positive", 1),
        (1, "neutral", 0),
    ]
    assert (store.answered(OURS), store.count_felt(), store.answered_brands()) == ((0, 1), 1, [OURS])


def test_whoever_only_said_how_it_is_felt_did_not_say_whether_it_is_about_the_brand(store: Store) -> None:
    answer(store, 1, sentiment=Label.NEGATIVE)
    assert (store.corrected(1), store.answers(OURS, limit=9), store.answered_brands()) == ({}, [], [])
    answer(store, 3, about=True)
    assert [one.view.id for one in store.feelings(limit=9)] == [1]


def test_what_was_judged_before_anybody_answered_is_kept(store: Store) -> None:
    judged = make_mention().sentiment.label
    answer(store, 1, sentiment=Label.POSITIVE)
    felt = replace(make_mention(), brand=OURS, sentiment=replace(make_mention().sentiment, label=Label.POSITIVE))
    store.rejudge_mention(1, felt, lemmas=None, decision=None)
    answer(store, 1, sentiment=Label.NEUTRAL, now=LATER)
    (feeling,) = store.feelings(limit=9)
    assert (feeling.label, feeling.judged, feeling.at) == (Label.NEUTRAL, judged, LATER)


def test_an_answer_to_nothing_is_none(store: Store) -> None:
    assert answer(store, 99, sentiment=Label.POSITIVE) is None
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        answer(store, 1)


@pytest.mark.parametrize(
    ("mention", "brand", "found"), [(1, "ёлка", 2), (1, "елка", 2), (2, OURS, 1), (3, OTHER, None), (9, OURS, None)]
)
def test_the_mention_of_another_brand_in_the_same_post_is_found(
    store: Store, mention: int, brand: str, found: int | None
) -> None:
    assert store.mention_beside(mention, brand) == found


def test_a_feeling_that_was_erased_is_known_to_be(store: Store) -> None:
    answer(store, 1, sentiment=Label.NEGATIVE)
    answer(store, 3, sentiment=Label.NEGATIVE)
    feelings = store.feelings(limit=9)
    assert store.are_kept(feelings)
    store.erase([1], now=NOW)
    assert not store.are_kept(feelings)
    assert [one.view.id for one in store.feelings(limit=9)] == [3]


def learn(store: Store, *posts: int, now: datetime = NOW, is_better: bool = True, tier: Tier = Tier.FAST) -> int:
    number = len(store.adaptation_versions()) + 1
    return store.add_adaptation(
        {"made": number}, tier=tier, figures={}, answers=20, posts=posts, is_better=is_better, now=now
    )


def states(store: Store, tier: Tier = Tier.FAST) -> list[str]:
    return [version.state for version in reversed(store.adaptation_versions()) if version.tier == tier]


def test_one_version_counts_and_undoing_goes_back_one_by_one(store: Store) -> None:
    assert (store.active_adaptation(Tier.FAST), store.adaptation(), store.undo_adaptation(Tier.FAST)) == (
        None,
        {},
        None,
    )
    for is_better in (True, False, True):
        learn(store, is_better=is_better)
    assert states(store) == ["former", "worse", "active"]
    assert (store.active_adaptation(Tier.FAST), store.adaptation()) == (3, {"fast": {"made": 3}})
    assert store.undo_adaptation(Tier.FAST) == (3, 1)
    assert learn(store) == 4
    assert states(store) == ["former", "worse", "undone", "active"]
    assert store.undo_adaptation(Tier.FAST) == (4, 1)
    assert store.undo_adaptation(Tier.FAST) == (1, None)
    assert store.undo_adaptation(Tier.FAST) is None


def test_each_tier_has_its_own_version_that_counts(store: Store) -> None:
    for tier in (Tier.FAST, Tier.QUALITY, Tier.QUALITY):
        learn(store, tier=tier)
    assert (states(store), states(store, Tier.QUALITY)) == (["active"], ["former", "active"])
    assert (store.active_adaptation(Tier.FAST), store.active_adaptation(Tier.QUALITY)) == (1, 3)
    assert store.adaptation() == {"fast": {"made": 1}, "quality": {"made": 3}}
    assert store.undo_adaptation(Tier.QUALITY) == (3, 2)
    assert store.undo_adaptation(Tier.QUALITY) == (2, None)
    assert (states(store), store.undo_adaptation(Tier.QUALITY)) == (["active"], None)


def test_the_oldest_versions_go_but_none_that_can_be_gone_back_to_for_one_that_is_worse(store: Store) -> None:
    learn(store, tier=Tier.QUALITY)
    for _ in range(KEPT + 3):
        learn(store)
    for _ in range(KEPT + 3):
        learn(store, is_better=False)
    assert states(store) == ["former"] * KEPT + ["active"] + ["worse"] * KEPT
    assert states(store, Tier.QUALITY) == ["active"]
    undone = [store.undo_adaptation(Tier.FAST) for _ in range(KEPT + 1)]
    assert undone[-1] == (4, None)


@pytest.mark.parametrize(
    ("erased", "left", "counted"),
    [
        ([1], ["worse"], 2),
        ([2], ["former", "active", "active"], 0),
        ([1, 2], [], 2),
        ([12], ["former", "worse", "active", "active"], 0),
    ],
)
def test_what_was_learned_from_erased_posts_goes_with_them_and_nothing_else(
    store: Store, erased: list[int], left: list[str], counted: int
) -> None:
    answer(store, 1, sentiment=Label.NEGATIVE)
    answer(store, 3, sentiment=Label.NEGATIVE)
    learn(store, 1)
    learn(store, 2, 2, is_better=False)
    learn(store, 121, 1, now=NOW - timedelta(days=1))  # somebody stepped the clock back
    learn(store, 1, 3, tier=Tier.QUALITY)
    assert weigh(store._db, erased).unlearned == counted
    assert store.erase(erased, now=LATER).unlearned == counted
    assert [version.state for version in reversed(store.adaptation_versions())] == left


def test_retention_takes_answers_with_their_posts_and_leaves_what_they_taught(store: Store) -> None:
    answer(store, 1, sentiment=Label.NEGATIVE)
    learn(store, 1)
    assert store.retire([1]).unlearned == 0
    assert (store.feelings(limit=9), store.active_adaptation(Tier.FAST)) == ([], 1)
