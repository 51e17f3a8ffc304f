"""What must not keep alerts back, nor let them through: receivers that are gone, rows that are broken, what is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from monitor.alerting.stages import decide_flush
from monitor.flows import dispatching
from monitor.flows.dispatching import Dispatching, flush, tell_signal
from monitor.flows.ticks import flush_groups
from monitor.models import (
    AlarmIntent,
    AlarmKind,
    Budget,
    CaseEvent,
    Dispatch,
    EventKind,
    Group,
    QuietHours,
    Receiver,
    SignalIntent,
    SignalKind,
    Silence,
    Target,
    Timing,
)
from tests.flows.office import DAY, HOUR, MINUTE, Office
from tests.flows.world import BRAND, NOW, SUPPORT, World, play

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.models import JSON
    from monitor.store import Store

GROUPED = Timing(group_by=("brand", "story"), wait=2 * MINUTE, interval=30 * MINUTE)
BOSS = Receiver(name="boss", targets=(Target(key="pager", url="json://127.0.0.1:8/"),))
NIGHT = QuietHours(zone="UTC", begin=time(12), end=time(20))


def storm(store: Store, office: Office) -> None:
    number = store.open_storm(BRAND, {}, now=office.now)
    intent = SignalIntent(
        key="opened", kind=SignalKind.STORM_OPENED, reason="r", brand=BRAND, storm_id=number, figures={"authors": 3}
    )
    facts = {"brand": BRAND, "sentiment": "negative", "priority": 100}
    group = Group(key=f"storm:{number}", interval=4 * HOUR, urgent=True)
    tell_signal(store, office.plan, intent, facts=facts, now=office.now, group=group)


def test_R32_what_is_urgent_waits_for_no_storm(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        office = await Office(world, timing=GROUPED).open()
        await world.writer.run(lambda store: storm(store, office))
        await office.leave()
        await office.says("ключ")
        await office.says("суд да")
        await office.passes(HOUR, step=MINUTE)
        assert [words for _, words in office.told()] == [["signal storm_opened"], ["суд"]]

    play(tmp_path, story)


def test_of_an_urgent_case_that_was_told_the_storm_takes_what_comes_after(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        office = await Office(world, timing=GROUPED).open()
        await world.writer.run(lambda store: storm(store, office))
        await office.leave()
        await office.says("суд да", author="Ольга")
        await office.says("суд опять", author="Ольга")
        await office.says("хам и", author="Пётр")
        await office.passes(HOUR, step=MINUTE)
        assert [words for _, words in office.told()] == [["signal storm_opened"], ["суд"], ["хам"]]
        await office.passes(4 * HOUR, step=10 * MINUTE)
        assert [words for _, words in office.told()][3:] == [["суд"]]

    play(tmp_path, story)


def test_what_follows_an_urgent_word_of_a_group_is_not_urgent_by_that(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        office = await Office(world, receiver=replace(SUPPORT, quiet=NIGHT), timing=GROUPED).open()
        await world.writer.run(lambda store: storm(store, office))
        await office.leave()
        await office.says("ключ")
        await office.passes(6 * HOUR, step=10 * MINUTE)
        assert [words for _, words in office.told()] == [["signal storm_opened"]]
        await office.passes(3 * HOUR, step=10 * MINUTE)
        assert [words for _, words in office.told()][1:] == [["ключ"]]

    play(tmp_path, story)


def test_what_waits_for_a_receiver_that_is_gone_is_given_up_after_a_week_and_that_is_told(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        office = await Office(world, timing=GROUPED).open()
        await office.says("ключ")
        office.settings = {"receivers": {"boss": BOSS}, "routes": (), "told": (BOSS,)}
        await office.passes(6 * DAY, step=6 * HOUR)
        assert office.sent == []
        await office.passes(2 * DAY, step=6 * HOUR)
        assert [words for _, words in office.told()] == [["alarm receiver"]]
        states = world.rows("SELECT receiver, state FROM deliveries ORDER BY receiver")
        assert [(row["receiver"], row["state"]) for row in states] == [("boss", "sent"), ("support", "dead")]
        assert world.rows("SELECT 1 FROM alarms WHERE closed_at IS NULL") == []  # it happened, and is no state

    play(tmp_path, story)


def test_what_breaks_for_one_receiver_keeps_nobody_else_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(groups: Any, *, receiver: Receiver, **asked: Any) -> Any:
        if receiver.name == "support":
            raise ValueError("a row that nobody can read")
        return decide_flush(groups, receiver=receiver, **asked)

    async def story(world: World) -> None:
        office = await Office(world, timing=GROUPED).open()
        office.settings = {"receivers": {"support": SUPPORT, "boss": BOSS}}
        await office.says("ключ")

        def alarm(store: Store) -> None:
            intent = AlarmIntent(key="k", kind=AlarmKind.FAILING, source=None, reason="r", since=None)
            to = [Dispatch(BOSS, "alarm", Group(key="alarm", wait=2 * MINUTE))]
            store.open_alarm(intent, source_id=None, to=to, now=office.now)

        await world.writer.run(alarm)
        with monkeypatch.context() as patch:
            patch.setattr(dispatching, "decide_flush", broken)
            await office.passes(5 * MINUTE)
        assert [words for _, words in office.told()] == [["alarm failing"]]
        await office.passes(5 * MINUTE)
        assert [words for _, words in office.told()] == [["alarm failing"], ["ключ"]]

    play(tmp_path, story)


def test_groups_that_break_as_a_whole_stop_no_message_that_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(world: World) -> None:
        office = await Office(world, timing=GROUPED).open()
        await office.says("ключ")
        world.clock.moment += HOUR
        with monkeypatch.context() as patch:
            patch.setattr("monitor.store.groups.GroupVerbs.due_groups", lambda *_, **__: 1 / 0)
            assert await flush_groups(world.ports, office.plan) == 0
        assert await flush_groups(world.ports, office.plan) == 1

    play(tmp_path, story)


def test_a_moment_that_lies_ahead_was_told_by_a_wrong_clock() -> None:
    group = Group(key="k", wait=MINUTE, interval=HOUR)
    assert group.due(waiting=None, told=NOW + 3650 * DAY, now=NOW) == NOW + MINUTE
    assert group.due(waiting=None, told=NOW - MINUTE, now=NOW) == NOW + 59 * MINUTE


def test_what_is_due_comes_before_its_deadline_whatever_the_budget_says(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        spent = replace(SUPPORT, budget=Budget(pings=1, per=DAY, burst=1))
        office = await Office(world, receiver=spent).open()
        await office.says("ключ")
        await office.says("лампа")
        (number,) = (int(str(row["id"])) for row in world.rows("SELECT min(id) AS id FROM cases"))

        def remind(store: Store) -> None:
            case = store.case(number)
            assert case is not None
            to = Dispatching(store, office.plan, office.now).notice("k", case, [("support", "owner")], pressing=True)
            group = to[0].group
            assert group is not None
            assert group.pressing
            intent = SignalIntent(key="k", kind=SignalKind.STANDING, reason="r", case_id=number)
            store.add_signal(intent, to, now=office.now)

        await world.writer.run(remind)
        await office.leave()
        assert [words for _, words in office.told()] == [["ключ"], ["signal standing"]]

    play(tmp_path, story)


def test_what_is_over_when_its_message_leaves_is_not_told_as_open(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        office = await Office(
            world, receiver=replace(SUPPORT, quiet=NIGHT), timing=replace(GROUPED, repeat=HOUR)
        ).open()
        await office.says("суд да")
        await office.passes(2 * HOUR, step=10 * MINUTE)
        await office.stands()

        def acknowledge(store: Store) -> None:
            from monitor.flows.casebook import CaseBook

            book = CaseBook(store, office.plan, office.now)
            body: dict[str, JSON] = {"full": False, "public": True, "text": "видим"}
            book.write(book.case(1), CaseEvent(kind=EventKind.ANSWERED, at=office.now, person="Анна", body=body))

        await world.writer.run(acknowledge)
        await office.passes(8 * HOUR, step=10 * MINUTE)
        assert [words for _, words in office.told()] == [["суд"]]
        assert [row["note"] for row in office.deliveries()][-1] == "it is over meanwhile"

    play(tmp_path, story)


def test_each_receiver_hears_of_what_stands_open_by_its_own_interval(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        from monitor.alerting.routes import CompiledRoute
        from monitor.query import parse

        office = await Office(world).open()
        slow = CompiledRoute(parse("*"), BOSS, timing=replace(GROUPED, repeat=12 * HOUR), continues=True)
        fast = CompiledRoute(parse("*"), SUPPORT, timing=replace(GROUPED, repeat=4 * HOUR))
        office.settings = {"receivers": {"boss": BOSS, "support": SUPPORT}, "routes": (slow, fast)}
        await office.says("ключ")
        for _ in range(26):
            await office.passes(HOUR, step=10 * MINUTE)
            await office.stands()
        told = world.rows(
            "SELECT receiver, count(*) AS times FROM deliveries JOIN alerts ON alerts.id = alert_id "
            "WHERE signal_id IS NOT NULL GROUP BY 1 ORDER BY 1"
        )
        assert [(row["receiver"], row["times"]) for row in told] == [("boss", 2), ("support", 6)]

    play(tmp_path, story)


def test_a_silence_of_all_that_is_not_grave_mutes_no_storm(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        office = await Office(world).open()
        wanted = Silence(
            id=0, match="NOT priority>=80", starts_at=NOW, ends_at=NOW + HOUR, person="Анна", comment="только важное"
        )
        await world.writer.run(lambda store: store.add_silence(wanted, now=NOW))
        await office.says("ключ")
        await world.writer.run(lambda store: storm(store, office))
        await office.passes(timedelta(minutes=5))
        assert [words for _, words in office.told()] == [["signal storm_opened"]]

    play(tmp_path, story)


def test_a_silence_of_a_mention_holds_for_what_is_told_of_it_besides(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        office = await Office(world).open()
        await office.says("ключ")
        wanted = Silence(id=0, match='"ключ"', starts_at=NOW, ends_at=NOW + HOUR, person="Анна", comment="знаем")

        def confirm(store: Store) -> None:
            store.add_silence(wanted, now=NOW)
            intent = SignalIntent(key="k", kind=SignalKind.CONFIRMED, reason="r", brand=BRAND, mention_id=1)
            tell_signal(store, office.plan, intent, facts={"sentiment": "negative"}, now=office.now)

        await world.writer.run(confirm)
        await office.leave()
        assert [words for _, words in office.told()] == [["ключ"]]
        assert [row["state"] for row in office.deliveries()] == ["sent", "muted"]

    play(tmp_path, story)


@pytest.mark.parametrize("name", ['Иван "Грозный" Петров', "Анна\\Смит", "Олег"])
def test_no_group_keeps_the_name_of_who_was_forgotten(tmp_path: Path, name: str) -> None:
    async def story(world: World) -> None:
        office = await Office(world, timing=replace(GROUPED, group_by=("author",))).open()
        await office.says("ключ", author=name)
        await world.writer.run(lambda store: flush(store, office.plan, office.now + HOUR))
        await world.writer.run(lambda store: store.erase([1], now=office.now))
        (group,) = world.rows("SELECT key, labels FROM groups")
        assert name.split(maxsplit=1)[0].split("\\", maxsplit=1)[0] not in f"{group['key']} {group['labels']}"

    play(tmp_path, story)
