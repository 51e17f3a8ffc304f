"""Waiting for the customer has an end: who has the case is reminded, once in each waiting, and nothing is missed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from monitor.cases.course import Kept, Span, course
from monitor.models import CaseClock
from tests.flows.desk import BUYER, HOURS, act, body_of, by, events, lost, minute, shown, ticks, told, until
from tests.flows.world import World, play

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flows.desk import Shop

DAY = 24 * HOURS
RESOLVE = 72 * HOURS
ASKED = "Спасибо, что написали. Подскажите номер заказа и день покупки?"


async def waiting(world: World) -> tuple[Shop, int]:
    """A case in which the customer was asked, and the minute in which that was."""
    desk, _ = await lost(world)
    await act(desk, "answer", person="anna", text=ASKED)
    await act(desk, "wait", person="anna", text="номер заказа")
    return desk, minute(desk)


def test_who_waits_is_reminded_once_in_each_waiting_of_a_round_and_again_in_the_next(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        desk, asked = await waiting(world)
        await until(desk, asked + RESOLVE - 1)
        assert told(desk) == []
        await until(desk, asked + RESOLVE)
        await until(desk, asked + 6 * DAY)
        first = (asked + RESOLVE, "anna", "reminder wait")
        assert told(desk) == [first]
        assert await ticks(desk) == 0

        await act(desk, "resume", person="anna")
        await act(desk, "wait", person="anna", text="номер заказа, мы звонили")
        again = minute(desk)
        await act(desk, "note", person="anna", text="написали и в почту")  # what is due is reckoned anew
        await until(desk, again + RESOLVE)
        await until(desk, again + 6 * DAY)
        second = (again + RESOLVE, "anna", "reminder wait")
        assert told(desk) == [first, second]

        await act(desk, "verdict", person="anna", verdict="not", text="Заказ не назван, проверить нечего")
        await act(desk, "answer", person="anna", text="Спасибо. Назовите номер заказа, и мы поможем")
        await act(desk, "close", person="anna", outcome="unreachable")
        await act(desk, "reopen", person="boris", why="клиент позвонил")
        await act(desk, "answer", person="anna", text=ASKED)
        await act(desk, "wait", person="anna", text="номер заказа")
        asked = minute(desk)
        await until(desk, asked + RESOLVE)
        assert told(desk)[-1] == (asked + RESOLVE, "anna", "reminder wait")
        assert events(desk).count("reminded") == 3

    play(tmp_path, story)


def test_whoever_keeps_waiting_has_missed_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        desk, asked = await waiting(world)
        await until(desk, asked + 5 * DAY)
        (body,) = body_of(desk, "reminded")
        assert (body["deadline"], body["step"], minute(desk, body["due_at"])) == ("wait", 0, asked + RESOLVE)
        assert body_of(desk, "breached") == []
        # Of the deadlines that can be missed the figures and the view say the same as before.
        found = await desk.writer.run(lambda store: course(1, store.events_of(1)))
        (turn,) = found.rounds
        assert turn.late == {}
        assert [turn.kept(span, CaseClock.FOUND) for span in Span] == [Kept.MET, None, Kept.RUNNING]
        [row] = desk.rows("SELECT acknowledged_in_time, resolved_in_time FROM v_cases")
        assert [row[name] for name in ("acknowledged_in_time", "resolved_in_time")] == ["met", "running"]
        missed = desk.rows("SELECT kind FROM v_case_deadlines WHERE step > 0 AND fired_at IS NOT NULL")
        assert list(missed) == []
        # Its own deadline runs on from where it stood still.
        await act(desk, "resume", person="anna")
        since = minute(desk)
        await until(desk, since + RESOLVE + HOURS)
        assert [one.what for one in told(desk, since=since)] == ["reminder resolve", "breach resolve"]

    play(tmp_path, story)


def test_where_the_customer_writes_in_time_nobody_is_reminded(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        desk, asked = await waiting(world)
        await until(desk, asked + RESOLVE - 10)
        await shown(desk, by(BUYER, "number", "Заказ 5512", world=desk, under="lost"))
        await until(desk, asked + RESOLVE + 2 * HOURS)
        assert "reminder wait" not in [one.what for one in told(desk)]
        assert list(desk.rows("SELECT 1 FROM case_deadlines WHERE kind = 'wait'")) == []

    play(tmp_path, story)


def test_a_wait_that_ended_while_nobody_ran_is_told_when_somebody_does(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        desk, asked = await waiting(world)
        desk.clock.moment += timedelta(days=9)
        await ticks(desk)
        assert told(desk) == [(asked + 9 * DAY, "anna", "reminder wait")]

    play(tmp_path, story)


def test_a_case_that_lost_its_owner_is_reminded_of_to_the_agents(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        desk, asked = await waiting(world)
        await act(desk, "assign", person="boris", owner=None)
        await until(desk, asked + 4 * DAY)
        assert {one.receiver for one in told(desk) if one.what == "reminder wait"} == {"anna", "nina"}

    play(tmp_path, story)


def test_the_office_hours_count_for_a_wait_too(tmp_path: Path) -> None:
    from tests.flows.test_cases_stories import OFFICE

    async def story(world: World) -> None:
        desk, _ = await lost(world)
        await act(replace(desk, office=OFFICE), "answer", person="anna", text=ASKED)
        await act(replace(desk, office=OFFICE), "wait", person="anna", text="номер заказа")
        [row] = desk.rows("SELECT due_at FROM case_deadlines WHERE kind = 'wait'")
        assert minute(desk, row["due_at"]) > minute(desk) + RESOLVE

    play(tmp_path, story)
