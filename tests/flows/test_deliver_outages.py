"""Receivers that fail for hours, hang, ask for peace or die: each delivery arrives once, in order, others on time."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.flows.outages import Town
from tests.flows.world import NOW, World, play

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
ENDLESS = 10**9
WAIT = 1800  # seconds of Retry-After


def trouble(town: Town, sort: str) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """How the receiver "sick" falls ill, and how it recovers."""
    temper = town.mail("sick") if sort.startswith("mail") else town.chat("sick")
    port: list[int] = []

    def falls() -> None:
        if sort.endswith("dies"):
            port.append(town.dies("sick"))
        elif sort == "chat hangs":
            temper.hangs = True
        else:
            temper.refuse = ENDLESS
            temper.retry_after = WAIT if sort == "chat asks for peace" else None

    def recovers() -> None:
        temper.hangs, temper.refuse, temper.retry_after = False, 0, None
        if port:
            (town.mail if sort.startswith("mail") else town.chat)("sick", port=port[0])

    return falls, recovers


@pytest.mark.parametrize(
    "sort", ["chat fails", "chat hangs", "chat asks for peace", "chat dies", "mail fails", "mail dies"]
)
def test_eight_hours_of_trouble_cost_nothing_but_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    async def story(world: World) -> None:
        with Town(world, tmp_path, monkeypatch) as town:
            town.chat("well")
            falls, recovers = trouble(town, sort)
            dice = random.Random(8)
            moments = sorted({timedelta(seconds=dice.randrange(1, 9 * 3600)) for _ in range(40)})
            events = {moment: lambda: town.tell("sick", "well") for moment in moments}
            await town.run(10 * HOUR, {**events, HOUR / 2: falls, HOUR / 2 + 8 * HOUR: recovers})
            everything = sorted(town.told_at)
            assert [alert for message in town.got("sick") for alert in message] == everything
            assert [alert for message in town.got("well") for alert in message] == everything
            assert max(town.delays("well")) <= SECOND
            assert len(town.got("sick")) < len(everything) / 2
            assert world.rows("SELECT DISTINCT state FROM deliveries") == [{"state": "sent"}]
            if sort == "chat asks for peace":
                asked = [line["time"] for line in town.lines("sick") if line["status"] == 429]
                every = [line["time"] for line in town.lines("sick")]
                assert len(asked) >= 14
                assert [at for at in every for before in asked if before < at < before + WAIT] == []

    play(tmp_path, story)


def test_more_than_twenty_that_wait_come_as_one_message_after_the_oldest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(world: World) -> None:
        with Town(world, tmp_path, monkeypatch) as town:
            temper = town.chat("sick")
            temper.refuse = ENDLESS
            for _ in range(23):
                await town.tell("sick")
            await town.run(HOUR, {HOUR / 2: lambda: setattr(temper, "refuse", 0)})
            assert [len(message) for message in town.got("sick")] == [1, 22]
            assert [alert for message in town.got("sick") for alert in message] == sorted(town.told_at)

    play(tmp_path, story)


def test_however_many_receivers_hang_the_others_find_a_sender(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(world: World) -> None:
        with Town(world, tmp_path, monkeypatch) as town:
            town.chat("well")
            names = [f"dead{number}" for number in range(40)]
            for name in names:
                town.chat(name).hangs = True
            events = {3 * SECOND * number: lambda: town.tell("well", *names) for number in range(1, 40)}
            await town.run(5 * MINUTE, events)
            assert len(town.delays("well")) == 39
            assert max(town.delays("well")) <= SECOND
            for name in names:
                town.chats[name].temper.hangs = False
            await town.run(HOUR)
            for name in names:
                assert sorted(alert for message in town.got(name) for alert in message) == sorted(town.told_at)

    play(tmp_path, story)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_fails_each_delivery_arrives_once_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    async def story(world: World) -> None:
        dice = random.Random(seed)
        with Town(world, tmp_path, monkeypatch) as town:
            names = ["a", "b", "c"]
            tempers = {name: (town.mail if name == "c" else town.chat)(name) for name in names}

            def changes() -> None:
                temper = tempers[dice.choice(names)]
                temper.refuse = dice.choice([0, 0, 1, 3, ENDLESS])
                temper.retry_after = dice.choice([None, None, 60, 4000])

            async def told() -> None:
                for _ in range(dice.choice([1, 1, 1, 2, 12])):
                    await town.tell(*dice.sample(names, dice.randint(1, 3)))

            events: dict[timedelta, Callable[[], Any]] = {}
            for _ in range(40):
                events[timedelta(seconds=dice.uniform(0, 6 * 3600))] = dice.choice([told, told, changes])
            await town.run(6 * HOUR, events)
            for temper in tempers.values():
                temper.refuse = 0
            await town.run(9 * HOUR)
            due = {
                name: [
                    row["id"]
                    for row in world.rows(
                        "SELECT alerts.id FROM alerts JOIN deliveries ON alert_id = alerts.id "
                        f"WHERE receiver = '{name}' AND mention_id IS NOT NULL ORDER BY alerts.id"
                    )
                ]
                for name in names
            }
            for name in names:
                # Alarms are told on the same way, and have numbers, too.
                got = [[alert for alert in message if alert in due[name]] for message in town.got(name)]
                assert sorted(alert for message in got for alert in message) == due[name]
                firsts = [min(message) for message in got if message]
                assert firsts == sorted(firsts)
            assert world.rows("SELECT DISTINCT state FROM deliveries") == [{"state": "sent"}]
            assert world.clock.moment > NOW

    play(tmp_path, story)
