"""What people may say and what comes of it: names that are resolved, words that are tidied, times that count."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from monitor.cases.playbooks import known
from monitor.cases.states import fold
from monitor.errors import InputError, Refused
from monitor.flows.casework import CaseWork
from monitor.flows.desk import VERBS
from monitor.flows.ticks import follow_playbooks
from monitor.models import Author, Level, PlaybookSettings, SpecialCase
from tests.flows.desk import (
    BUYER,
    act,
    body_of,
    by,
    case_row,
    elsewhere,
    events,
    lost,
    people,
    refused,
    said,
    shop,
    shown,
    ticks,
    told,
    until,
)
from tests.flows.world import BRAND, World, play, polled, post

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from monitor.models import JSON
    from monitor.store import Store

CALM = f"В {BRAND} с понедельника новые часы работы"


def test_a_case_begun_from_an_older_mention_has_its_time_from_now_on(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        desk = await shop(world)
        await shown(desk, by(BUYER, "n", CALM, world=desk))
        await until(desk, 5 * 24 * 60)
        await act(desk, "open", case=1, person="anna")
        await ticks(desk)
        assert [one.what for one in told(desk)] == []
        assert case_row(desk)["acknowledged_at"] is None

    play(tmp_path, story)


def test_what_was_written_before_the_answer_is_found_later_and_is_no_return(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        desk, _ = await lost(world)
        await act(desk, "verdict", person="anna", verdict="justified", text="нашли на складе")
        before = desk.clock.moment
        await until(desk, 60)
        await act(desk, "answer", person="anna", text="Спасибо, что написали: посылка нашлась.")
        wall = await elsewhere(desk, "wall")
        await shown(wall, said("x1", f"Жалуюсь и тут: {BRAND} потерял посылку, ужас", by=BUYER, at=before, site="wall"))
        assert (case_row(desk)["state"], case_row(desk)["round"]) == ("answered", 1)
        assert events(desk)[-1] == "joined"

    play(tmp_path, story)


def test_an_answer_of_before_settles_no_new_round(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.own_accounts = {"testomarket_help": BRAND}
        await polled(world, replace(post(1), author=Author(name=BUYER), thread="t"))
        await act(world, "verdict", person="anna", verdict="justified", text="да")
        await act(world, "answer", person="anna", text="Спасибо, исправили.")
        answered = world.clock.moment
        world.clock.moment += timedelta(hours=1)
        again = replace(post(2), author=Author(name=BUYER), thread="t", published=world.clock.moment)
        await shown(world, again)
        late = replace(
            post(3, "Ответ поддержки"), author=Author(name="testomarket_help"), thread="t", published=answered
        )
        await shown(world, replace(late, parent="n2"))
        row = case_row(world)
        assert (row["state"], row["round"], row["acknowledged_at"]) == ("checking", 2, None)

    play(tmp_path, story)


def test_what_is_not_about_the_brand_stops_the_case(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        desk, _ = await lost(world)
        given: dict[str, JSON] = {"mention": 1, "about": False, "person": "anna"}
        await VERBS["correct"](desk.ports, desk.plan, given)
        assert (case_row(desk)["state"], events(desk)[-1]) == ("checking", "noted")  # it is for a lead to decide
        await VERBS["correct"](desk.ports, desk.plan, {**given, "person": "boris"})
        row = case_row(desk)
        assert (row["state"], row["silent_reason"]) == ("silent", f"not about {BRAND}")
        since = len(told(desk))
        desk.clock.moment += timedelta(days=5)
        await ticks(desk)
        assert told(desk)[since:] == []
        await VERBS["correct"](desk.ports, desk.plan, {**given, "about": True})
        assert (case_row(desk)["state"], case_row(desk)["round"]) == ("checking", 2)

    play(tmp_path, story)


def test_where_nobody_is_known_deadlines_are_noted_and_nobody_is_pressed(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await polled(world, post(1))
        world.clock.moment += timedelta(days=5)
        assert await ticks(world) > 0
        assert "breached" in events(world)
        assert [one.what for one in told(world, routes=True)] == ["mention"]

    play(tmp_path, story)


def test_a_reload_reaches_the_deadlines_of_open_cases(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        desk, _ = await lost(world)
        strict = known({"negative": PlaybookSettings(acknowledge=timedelta(hours=9))})
        await follow_playbooks(desk.ports, replace(desk.plan, playbooks=strict))
        await until(desk, 8 * 60)
        assert told(desk) == []

    play(tmp_path, story)


def test_a_class_that_comes_after_the_end_wakes_nobody(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        desk, _ = await lost(world)
        await act(desk, "silent", person="boris", text="не к нам")
        await act(desk, "close", person="anna")
        since = len(told(desk))

        def reclass(store: Store) -> None:
            (row,) = desk.rows("SELECT post_id FROM mentions")
            with store.transaction():
                (kept,) = store.kept_posts([int(str(row["post_id"]))])
                rude = SpecialCase(name="rude_staff", level=Level.HIGH, rule="r", field="text", start=0, end=1)
                mention = replace(kept.mentions[0].mention, special_cases=(rude,))
                CaseWork(store, desk.plan, desk.clock.moment).reclassed(kept.id, mention)

        await desk.writer.run(reclass)
        assert "rude_staff" in case_row(desk)["classes"]
        assert told(desk)[since:] == []

    play(tmp_path, story)


async def _unknown_owner(desk: World) -> None:
    with pytest.raises(InputError, match="Nnina"):
        await act(desk, "assign", person="anna", owner="Nnina")


async def _analyst_owns(desk: World) -> None:
    assert await refused(desk, "assign", person="anna", owner="oleg") == {"role"}


async def _any_capitals(desk: World) -> None:
    assert (await act(desk, "assign", person="anna", owner=" NINA "))["owner"] == "nina"
    assert [(one.receiver, one.what.split()[0]) for one in told(desk)] == [("nina", "assigned")]


async def _no_name(desk: World) -> None:
    with pytest.raises(InputError, match="who"):
        await act(desk, "take", person=" ")


async def _no_number(desk: World) -> None:
    with pytest.raises(InputError, match="number"):
        await VERBS["case"](desk.ports, desk.plan, {"act": "take", "case": "abc", "person": "anna"})


async def _tried_opening(desk: World) -> None:
    with pytest.raises(InputError, match="tried"):
        await act(desk, "open", case=1, person="anna", dry_run=True)


async def _words_of_a_verdict(desk: World) -> None:
    assert await refused(desk, "template", person="anna", name="negative_justified") == {"verdict"}
    await act(desk, "verdict", person="anna", verdict="fake", text="такого заказа нет")
    assert await refused(desk, "template", person="anna", name="negative_justified") == {"verdict"}
    assert (await act(desk, "template", person="anna", name="negative_fake"))["text"]


async def _linked_to_closed(desk: World) -> None:
    await act(desk, "silent", person="boris", text="не к нам")
    await act(desk, "close", person="anna")
    assert await refused(desk, "join", person="anna", mention=1) >= {"closed"}


async def _reopened_by_another(desk: World) -> None:
    await act(desk, "take", person="anna")
    await act(desk, "silent", person="boris", text="не к нам")
    await act(desk, "reopen", person="boris", why="к нам")
    assert [(one.receiver, one.what.split()[0]) for one in told(desk)] == [("anna", "reopened")]


async def _acknowledged_before_the_verdict_and_seen_after(desk: World) -> None:
    desk.own_accounts = {"testomarket_help": BRAND}
    (thread,) = desk.rows("SELECT native_id FROM posts JOIN case_posts ON post_id = posts.id")
    at = desk.clock.moment
    await act(desk, "answer", person="anna", text="Спасибо, уже проверяем.", full=False)
    desk.clock.moment += timedelta(hours=1)
    await act(desk, "verdict", person="anna", verdict="justified", text="да")
    await shown(
        desk, said("r1", "Спасибо, уже проверяем", by="testomarket_help", at=at, under=str(thread["native_id"]))
    )
    assert (case_row(desk)["state"], case_row(desk)["resolved_at"]) == ("verdict", None)


async def _closed_while_waiting(desk: World) -> None:
    await act(desk, "verdict", person="anna", verdict="justified", text="да")
    await act(desk, "answer", person="anna", text="Спасибо, исправили.")
    await act(desk, "wait", person="anna", text="подтверждение")
    desk.clock.moment += timedelta(days=5)
    await act(desk, "close", person="anna", outcome="content")
    assert case_row(desk)["waited_seconds"] == 0  # what came after the answer takes nothing off the time to it


async def _writes_again_and_names_no_brand(desk: World) -> None:
    (thread,) = desk.rows("SELECT native_id FROM posts JOIN case_posts ON post_id = posts.id")
    native = str(thread["native_id"])
    await shown(
        desk, said("again", "Иду в прокуратуру, сколько можно ждать", by=BUYER, at=desk.clock.moment, under=native)
    )
    assert events(desk)[-1] in ("joined", "classed")
    assert ("anna", "wrote") in [(one.receiver, one.what.split()[0]) for one in told(desk)]


async def _seen_before_it_was_noted(desk: World) -> None:
    desk.own_accounts = {"testomarket_help": BRAND}
    (thread,) = desk.rows("SELECT native_id FROM posts JOIN case_posts ON post_id = posts.id")
    now = desk.clock.moment
    reply = said("r1", "Спасибо, уже ищем вашу посылку", by="testomarket_help", at=now, under=str(thread["native_id"]))
    await shown(desk, reply)
    await act(desk, "answer", person="anna", url=reply.url)
    assert body_of(desk, "answered")[0]["confirms"] is True
    assert case_row(desk)["public_replies"] == 1


@pytest.mark.parametrize(
    "said_and_done",
    [
        _unknown_owner,
        _analyst_owns,
        _any_capitals,
        _no_name,
        _no_number,
        _tried_opening,
        _words_of_a_verdict,
        _linked_to_closed,
        _reopened_by_another,
        _seen_before_it_was_noted,
        _acknowledged_before_the_verdict_and_seen_after,
        _closed_while_waiting,
        _writes_again_and_names_no_brand,
    ],
    ids=lambda one: one.__name__.strip("_"),
)
def test_at_the_desk(tmp_path: Path, said_and_done: Callable[[World], Awaitable[None]]) -> None:
    async def story(world: World) -> None:
        desk, _ = await lost(world)
        await said_and_done(desk)

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ({"name": "olga", "receiver": "nosuch"}, "no receiver"),
        ({"name": "Owner"}, "a part"),
        ({"name": "LEAD"}, "a part"),
        ({"name": " "}, "needs a name"),
        ({"name": "Anna"}, "already"),
    ],
    ids=str,
)
def test_who_cannot_be_entered(tmp_path: Path, who: dict[str, object], words: str) -> None:
    async def story(world: World) -> None:
        desk = await shop(world)
        with pytest.raises(InputError, match=words):
            await people(desk, "add", by="boris", **who)

    play(tmp_path, story)


def test_an_agent_does_not_say_who_works_here(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        desk = await shop(world)
        with pytest.raises(Refused):
            await people(desk, "remove", by="anna", name="boris")

    play(tmp_path, story)


def test_the_row_is_the_fold_of_the_events_whatever_the_clock_shows(tmp_path: Path) -> None:
    """A real clock has microseconds, the database milliseconds."""

    async def story(world: World) -> None:
        desk, _ = await lost(world)
        steps: tuple[tuple[str, dict[str, Any]], ...] = (
            ("wait", {"text": "чек"}),
            ("resume", {"why": "прислали"}),
            ("verdict", {"verdict": "partly", "text": "да"}),
            ("answer", {"text": "Спасибо, что написали."}),
            ("reopen", {"why": "ещё вопрос"}),
        )
        for what, body in steps:
            desk.clock.moment += timedelta(minutes=1, microseconds=123_956)
            await act(desk, what, person="anna", **body)
        reader = desk.reader()
        assert reader.case(1) == fold(1, reader.events_of(1))

    play(tmp_path, story)
