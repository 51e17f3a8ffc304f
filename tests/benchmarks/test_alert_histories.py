from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.alerting.histories import Scene, make, scenes, write
from benchmarks.alerting.judged import audience, judged
from benchmarks.alerting.outages import outages_of
from benchmarks.alerting.records import load
from monitor.models import Author, Label, Post
from monitor.understanding.influence import influence
from monitor.understanding.stories import StoryKind, compare, content, keys
from tests.benchmarks.history import at, row

if TYPE_CHECKING:
    from pathlib import Path

SCENE = Scene(name="tiny", seed=1, days=4, outages=((50, 6),), crises=((70, 5, 9, True),), flood=(80, 30, 50, 5))


def test_a_seed_is_the_same_each_time() -> None:
    assert make(SCENE) == make(SCENE)
    assert make(SCENE) != make(replace(SCENE, seed=2))


def test_what_is_written_is_read_with_its_truth(tmp_path: Path) -> None:
    history = load(write(SCENE, tmp_path))
    assert history.name == "tiny"
    assert history.truth is not None
    assert [one.story for one in (*history.truth.crises, *history.truth.floods)] == ["crisis-slow", "flood"]
    assert list(history.rows) == sorted(history.rows, key=lambda one: one.seen_at)


def test_scenes_cover_quiet_and_busy_brands() -> None:
    made = scenes(14)
    assert {one.rate for one in made} >= {0.05, 10.0}
    assert {len(one.outages) for one in made} == {1, 2}
    assert len({one.name for one in made}) == 14


def test_an_outage_is_inferred_from_late_finds_alone(tmp_path: Path) -> None:
    history = load(write(SCENE, tmp_path))
    (found,) = outages_of(history.rows)
    assert history.truth is not None
    (real,) = history.truth.outages
    assert real.begin <= found.begin < real.end
    assert 0 <= (found.end - real.end).total_seconds() < 300


def test_one_late_find_among_others_is_no_outage() -> None:
    rows = [row(number) for number in range(0, 600, 10)] + [row(100, author="late", late=405)]
    assert outages_of(sorted(rows, key=lambda one: one.seen_at)) == []


def test_nothing_found_for_long_is_no_outage_where_nothing_was_late() -> None:
    assert outages_of([row(0), row(10), row(5000)]) == []


def test_posts_of_one_story_are_nearly_copies_and_others_share_no_key() -> None:
    told = [judged(row(number, story="it"), "h")[1].lemmas for number in range(3)]
    alone = [judged(row(number), "h")[1].lemmas for number in range(10, 210)]
    likeness = compare(content(told[0].text), content(told[2].text))
    assert likeness is not None
    assert likeness.kind is StoryKind.NEAR_DUPLICATE
    seen: set[int] = set()
    for lemmas in (told[0], *alone):
        assert len(seen.intersection(keys(lemmas))) < 2
        seen.update(keys(lemmas))


def test_the_audience_gives_the_influence_that_the_history_says() -> None:
    for said in range(101):
        followers, views = audience(said)
        post = Post(author=Author(followers=followers), views=views)
        assert influence(post).value == min(said, 92)


def test_half_is_negative_and_less_is_not() -> None:
    labels = [judged(row(1, negative=chance), "h")[1].sentiment.label for chance in (0.5, 0.49)]
    assert labels == [Label.NEGATIVE, Label.NEUTRAL]


def test_the_identity_of_a_post_is_that_of_its_mention() -> None:
    found, _ = judged(row(7), "h")
    assert (found.post.native_id, found.post.published) == ("a7", at(7))
