"""How alerts find their group and leave: over a real store, with the clock in hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.errors import ConnectFailed
from monitor.models import Budget, Person, QuietHours, Role, Silence, Timing
from monitor.query import compile_query, parse
from tests.flows.office import DAY, HOUR, MINUTE, Office
from tests.flows.world import NOW, SUPPORT, World, play

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.store import Store

GROUPED = Timing(group_by=("brand", "story"), wait=2 * MINUTE, interval=30 * MINUTE)
NIGHT = QuietHours(zone="UTC", begin=time(12), end=time(20))


def test_a_group_collects_for_its_wait_and_then_leaves_as_one_message(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        office = await Office(world, timing=GROUPED).open()
        await office.says("ключ")
        await office.passes(MINUTE)
        await office.says("лампа")
        assert office.sent == []
        await office.passes(HOUR)
        assert office.told() == [(2, ["ключ", "лампа"])]

    play(tmp_path, story)


def test_what_comes_within_the_interval_waits_for_its_end_and_later_ones_begin_anew(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        office = await Office(world, timing=GROUPED).open()
        await office.says("ключ")
        await office.passes(10 * MINUTE)
        await office.says("лампа")
        await office.passes(5 * MINUTE)
        await office.says("дверь")
        await office.passes(3 * HOUR)
        await office.says("окно")
        await office.passes(HOUR)
        assert office.told() == [(2, ["ключ"]), (32, ["лампа", "дверь"]), (197, ["окно"])]

    play(tmp_path, story)


@pytest.mark.parametrize("word", ["суд", "хам", "яд"])
def test_R32_what_is_urgent_waits_for_nothing(tmp_path: Path, word: str) -> None:
    async def story(world: World) -> None:
        spent = replace(SUPPORT, quiet=NIGHT, budget=Budget(pings=1, per=DAY, burst=1))
        office = await Office(world, receiver=spent, timing=GROUPED).open()
        await office.says("ключ")
        await office.says(f"{word} и")
        assert office.told() == [(0, [word])]

    play(tmp_path, story)


def test_urgent_ones_of_one_case_leave_in_groups_and_those_of_another_at_once(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        office = await Office(world, timing=GROUPED).open()
        await office.says("суд да", author="Ольга")
        for number in range(20):
            await office.passes(MINUTE)
            await office.says(f"суд{number} суд", author="Ольга")
        await office.passes(HOUR)
        assert [len(words) for _, words in office.told()] == [1, 20]
        await office.says("хам и", author="Пётр")
        assert office.told()[-1][1] == ["хам"]  # another case is another matter

    play(tmp_path, story)


def test_quiet_hours_put_off_and_what_waited_comes_in_one_message(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        office = await Office(world, receiver=replace(SUPPORT, quiet=NIGHT)).open()
        await office.says("ключ")
        await office.passes(HOUR, step=10 * MINUTE)
        await office.says("лампа")
        assert office.sent == []
        assert [row["note"] for row in office.deliveries()] == ["quiet hours until 2026-11-21 20:00 UTC"] * 2
        await office.passes(8 * HOUR, step=10 * MINUTE)
        assert office.told() == [(480, ["ключ", "лампа"])]
        assert {row["state"] for row in office.deliveries()} == {"sent"}

    play(tmp_path, story)


def test_quiet_hours_let_through_what_their_filter_says(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        quiet = replace(SUPPORT, quiet=NIGHT)
        unless = {quiet.name: compile_query(parse('"лампа"'))}
        office = await Office(world, receiver=quiet, settings={"unless": unless}).open()
        await office.says("ключ")
        assert office.sent == []
        await office.says("лампа")
        # What may pass takes along what waited in its group.
        assert office.told() == [(0, ["ключ", "лампа"])]

    play(tmp_path, story)


def test_a_budget_keeps_the_rest_for_one_summary_and_loses_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        careful = replace(SUPPORT, budget=Budget(pings=12, per=DAY, burst=2))
        office = await Office(world, receiver=careful).open()
        for number in range(9):
            await office.says(f"слово{number}")
            await office.passes(MINUTE, step=MINUTE)
        await office.passes(DAY, step=10 * MINUTE)
        assert [len(words) for _, words in office.told()] == [1, 1, 7]
        assert {row["state"] for row in office.deliveries()} == {"sent"}

    play(tmp_path, story)


def silence(store: Store, match: str, *, case_id: int | None = None) -> None:
    wanted = Silence(
        id=0, match=match, case_id=case_id, starts_at=NOW, ends_at=NOW + HOUR, person="Анна", comment="акция"
    )
    store.add_silence(wanted, now=NOW)


def test_a_silence_mutes_and_says_who_asked_for_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        office = await Office(world).open()
        await world.writer.run(lambda store: silence(store, '"лампа"'))
        office.timing = GROUPED
        await office.says("ключ", "лампа")
        await office.passes(2 * HOUR, step=MINUTE)
        await office.says("лампа")
        await office.passes(HOUR, step=MINUTE)
        assert [words for _, words in office.told()] == [["ключ"], ["лампа"]]
        (muted,) = (row for row in office.deliveries() if row["state"] == "muted")
        assert "Анна" in str(muted["note"])
        assert "акция" in str(muted["note"])

    play(tmp_path, story)


def test_a_case_can_be_muted(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        office = await Office(world).open()
        await office.says("ключ", author="Ольга")
        (case,) = world.rows("SELECT id FROM cases")
        await world.writer.run(lambda store: silence(store, "*", case_id=int(str(case["id"]))))
        office.timing = GROUPED
        await office.says("лампа", author="Ольга")
        await office.says("дверь", author="Пётр")
        await office.passes(HOUR, step=MINUTE)
        assert [words for _, words in office.told()] == [["ключ"], ["дверь"]]

    play(tmp_path, story)


def test_a_post_that_joins_an_open_case_joins_its_message(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        office = await Office(world, timing=GROUPED).open()
        await office.says("ключ", author="Ольга")
        await office.passes(5 * MINUTE)
        await office.says("лампа", author="Ольга")
        await office.says("дверь", author="Пётр")
        await office.passes(HOUR, step=MINUTE)
        # Of the case people were told at 2; both groups had their interval to wait for.
        assert sorted(words for _, words in office.told()) == [["дверь"], ["ключ"], ["лампа"]]
        groups = {str(row["key"]) for row in world.rows("SELECT key FROM groups")}
        assert any(key.startswith("case:") for key in groups)

    play(tmp_path, story)


def test_what_is_found_late_gets_no_message_of_its_own(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        office = await Office(world).open()
        for number in range(5):
            await office.says(f"старое{number}", ago=3 * DAY)
            await office.passes(MINUTE)
        await office.says("новое")
        await office.passes(HOUR, step=MINUTE)
        assert [words for _, words in office.told()] == [["новое"], [f"старое{number}" for number in range(5)]]

    play(tmp_path, story)


def test_T15_an_article_of_2016_is_history_and_tells_nobody(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        office = await Office(world).open()
        await office.says("статья", ago=10 * 365 * DAY)
        await office.passes(2 * DAY, step=HOUR)
        assert office.sent == []
        (mention,) = world.rows("SELECT decision FROM mentions")
        assert "long ago" in str(mention["decision"])
        assert world.count("deliveries") == 0

    play(tmp_path, story)


def test_after_an_outage_all_comes_with_the_word_that_it_is_over(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        office = await Office(world, timing=GROUPED).open()
        await world.writer.run(lambda store: lose_network(store, office))
        await office.leave()
        await office.passes(12 * HOUR, step=10 * MINUTE)
        await world.writer.run(lambda store: find_network(store, office))
        for number in range(30):
            await office.says(f"хам{number} хам", ago=timedelta(hours=number % 12))
            await office.passes(timedelta(seconds=5))
        await office.passes(HOUR, step=MINUTE)
        assert [len(words) for _, words in office.told()] == [1, 31]
        assert office.told()[1][1][-1] == "alarm recovered"

    play(tmp_path, story)


def lose_network(store: Store, office: Office) -> None:
    from monitor.flows.settling import _tell
    from monitor.tracking.alarms import network_lost

    _tell(store, network_lost(office.now, hosts=3), None, plan=office.plan, now=office.now)


def find_network(store: Store, office: Office) -> None:
    from monitor.flows.dispatching import catch_up
    from monitor.flows.settling import _tell
    from monitor.tracking.alarms import network_back

    (alarm,) = store.open_alarms(0)
    store.close_alarm(alarm.id, office.now)
    back = network_back(alarm, affected=3)
    _tell(store, back, None, plan=office.plan, now=office.now, group=catch_up(office.now))


def test_a_case_that_nobody_acknowledges_is_told_again_after_the_repeat_interval(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        office = await Office(world, timing=replace(GROUPED, repeat=4 * HOUR)).open()
        await world.writer.run(lambda store: store.put_person(Person(name="Ирина", role=Role.LEAD), NOW))
        await office.says("ключ")
        await office.says("лампа")
        for _ in range(9):
            await office.passes(HOUR, step=10 * MINUTE)
            await office.stands()
        standing = [at for at, words in office.told() if "signal standing" in words]
        assert standing == [242, 482] or len(standing) == 2
        assert all(words == ["signal standing"] * 2 for _, words in office.told()[1:])

    play(tmp_path, story)


def test_a_receiver_that_left_the_configuration_keeps_what_waits(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        office = await Office(world, timing=GROUPED).open()
        await office.says("ключ")
        kept = office.receiver
        office.settings = {"receivers": {}, "routes": ()}
        await office.passes(HOUR, step=MINUTE)
        assert office.sent == []
        assert "not configured" in str(office.deliveries()[0]["note"])
        office.settings, office.receiver = {}, kept
        await office.passes(HOUR, step=MINUTE)
        assert [words for _, words in office.told()] == [["ключ"]]

    play(tmp_path, story)


def test_network_faults_of_one_source_do_not_hide_alerts(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        office = await Office(world, timing=GROUPED).open()
        await office.says("ключ")
        world.web.fails(ConnectFailed("no"))
        await office.passes(5 * MINUTE)
        assert office.told() == [(2, ["ключ"])]

    play(tmp_path, story)
