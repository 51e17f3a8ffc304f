"""The write transaction: edits, answers, gaps and history, on a real database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.flows.recording import Batch, Recorded, record
from monitor.flows.visit import Visit
from monitor.models import Author, Backfill, Post, Validators
from monitor.tracking.identity import Identified, identify
from tests.flows.world import BRAND, NOW, World, play, post

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from monitor.models import SourceState

WATCHED_SINCE = NOW - timedelta(days=30)


async def recorded(
    world: World,
    *new: Post,
    changed: Sequence[Post] = (),
    visit: Visit | None = None,
    baseline: bool = True,
    **state: object,
) -> Recorded:
    """Record these posts as one batch of a source that has been watched for a month."""
    world.clock.moment += timedelta(minutes=1)
    now = world.clock.moment
    leased = await world.writer.run(lambda store: store.lease_named(world.source.name, now))
    assert leased is not None
    known: SourceState = replace(leased.state, baseline_at=WATCHED_SINCE if baseline else None, **state)  # type: ignore[arg-type] # any field
    judged = await world.worker.judge([*new, *changed], site_weight=None)
    found = list(zip([*identify(new), *identify(changed)], judged, strict=True))
    batch = Batch(
        source=world.source,
        leased=replace(leased, state=known),
        new=found[: len(new)],
        changed=found[len(new) :],
        visit=visit or Visit(new=(), begun_at=now, shown=1, cursor={}, validators=Validators()),
    )
    return await world.writer.run(lambda store: record(store, batch, plan=world.plan, now=now))


def test_an_edit_becomes_a_revision_with_the_former_wording_and_no_second_alert(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        first = post(1)
        assert await recorded(world, first) == Recorded(mentions=1, alerts=1)
        edited = replace(first, text=f"В {BRAND} уже хорошо")
        assert await recorded(world, changed=[edited]) == Recorded(mentions=0, alerts=0)
        assert world.rows("SELECT text FROM posts") == [{"text": edited.text}]
        (revision,) = world.rows("SELECT text, hash, seen_at, replaced_at FROM revisions")
        assert revision["text"] == first.text
        assert str(revision["seen_at"]) < str(revision["replaced_at"])
        assert world.rows("SELECT sentiment FROM mentions") == [{"sentiment": "neutral"}]

    play(tmp_path, story)


def test_the_hash_of_a_post_is_that_of_its_words(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        from hashlib import sha256

        first = replace(post(1), title="Про склад")
        await recorded(world, first)
        expected = sha256(f"{first.title}\n{first.text}".encode()).hexdigest()
        assert world.rows("SELECT hash FROM posts") == [{"hash": expected}]

    play(tmp_path, story)


def test_an_edit_that_gains_the_brand_is_a_mention(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        first = post(1, "Никого не называю")
        await recorded(world, first)
        assert world.count("mentions") == 0
        assert await recorded(world, changed=[replace(first, text=f"В {BRAND} плохо")]) == Recorded(1, 1)

    play(tmp_path, story)


def test_an_edit_that_loses_the_brand_keeps_the_mention_as_doubtful(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        first = post(1)
        await recorded(world, first)
        await recorded(world, changed=[replace(first, text="Ничего не было")])
        (mention,) = world.rows("SELECT doubtful, spans, why FROM mentions")
        assert (mention["doubtful"], mention["spans"]) == (1, "[]")
        assert "edited" in str(mention["why"])

    play(tmp_path, story)


def test_a_post_about_nobody_that_is_edited_leaves_no_revision(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        first = post(1, "Просмотров: 10")
        await recorded(world, first)
        await recorded(world, changed=[replace(first, text="Просмотров: 11")])
        assert world.count("revisions") == 0

    play(tmp_path, story)


def test_a_counter_in_the_text_does_not_fill_the_disk(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        first = post(1)
        await recorded(world, first)
        for number in range(25):
            await recorded(world, changed=[replace(first, text=f"{first.text} просмотров {number}")])
        assert world.count("revisions") == 20

    play(tmp_path, story)


QUESTION = replace(post(1), native_id="q1", thread="t1", author=Author(name="Пётр"))
ANSWER = Post(native_id="a1", text="Разбираемся, спасибо", thread="t1", author=Author(name="@Helpdesk"))


@pytest.mark.parametrize(
    "answer",
    [
        ANSWER,
        replace(ANSWER, thread=None, parent="q1"),
        replace(ANSWER, thread=None, parent=QUESTION.url),
        replace(ANSWER, author=Author(name="Служба заботы", url="https://forum.example/users/helpdesk/")),
    ],
    ids=["in the thread", "under the post", "under its address", "known by its page"],
)
def test_a_reply_by_an_own_account_is_linked_to_the_post_that_it_answers(tmp_path: Path, answer: Post) -> None:
    async def story(world: World) -> None:
        world.own_accounts = {"helpdesk": BRAND}
        await recorded(world, QUESTION)
        await recorded(world, answer)
        assert world.rows("SELECT answer_id, post_id, brand FROM answers") == [
            {"answer_id": 2, "post_id": 1, "brand": BRAND}
        ]

    play(tmp_path, story)


def test_a_reply_by_anybody_else_answers_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.own_accounts = {"helpdesk": BRAND}
        await recorded(world, QUESTION)
        await recorded(world, replace(ANSWER, author=Author(name="Василий")))
        await recorded(world, replace(ANSWER, native_id="a2", thread="elsewhere"))
        assert world.count("answers") == 0

    play(tmp_path, story)


def test_what_could_not_be_read_back_is_a_gap_from_the_last_whole_reading_to_the_oldest_post(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        oldest = replace(post(1), published=NOW - timedelta(hours=1))
        visit = Visit(
            new=(Identified(oldest, ("id:n1",)),),
            begun_at=NOW,
            shown=1,
            cursor={},
            validators=Validators(),
            overrun=True,
            note="too much",
        )
        await recorded(world, oldest, visit=visit, covered_at=NOW - timedelta(hours=5))
        assert world.rows("SELECT from_at, to_at, reason FROM gaps") == [
            {"from_at": "2026-11-21T07:00:00.000Z", "to_at": "2026-11-21T11:00:00.000Z", "reason": "too much"}
        ]

    play(tmp_path, story)


OLD = replace(post(1), published=WATCHED_SINCE - timedelta(days=40))


@pytest.mark.parametrize(
    ("old", "backfill", "alerts", "decision"),
    [
        (OLD, Backfill.SILENT, 1, "alert to support"),
        (replace(OLD, thread="t1"), Backfill.SILENT, 0, "before this source was watched"),
        (replace(OLD, thread="t1"), Backfill.ALERT, 1, "alert to support"),
        (replace(OLD, published=NOW.replace(year=2016)), Backfill.SILENT, 0, "published 2016-11-21, long ago"),
    ],
    ids=["a late find", "from before the watch", "asked for", "T15 an article of 2016"],
)
def test_history_wakes_nobody(tmp_path: Path, old: Post, backfill: Backfill, alerts: int, decision: str) -> None:
    async def story(world: World) -> None:
        world.source = replace(world.source, backfill=backfill)
        assert (await recorded(world, old)).alerts == alerts
        (mention,) = world.rows("SELECT decision FROM mentions")
        assert decision in str(mention["decision"])

    play(tmp_path, story)
