"""Alarms over a real store and the real outbox; the sources and the network are faked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from monitor.config.record import RetentionSettings
from monitor.errors import ConnectFailed, DeadlineExceeded, Malformed, SourceError, StatusError
from monitor.flows.dispatching import CATCH_UP, flush
from monitor.flows.forgetting import retain
from monitor.flows.network import Contacts
from monitor.flows.poll import poll
from monitor.flows.settling import settle
from monitor.models import AlarmKind, Health, Receiver, Source, Target
from monitor.store import Reader, Store, Writer, open_reader
from tests.flows.world import SUPPORT, FakeWeb, HandClock, World, post

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from monitor.flows.ports import Plan, Ports
    from monitor.models import AlarmView

MINUTE = timedelta(minutes=1)
LEGAL = Receiver(name="legal", targets=(Target(key="chat", url="json://127.0.0.1:9/"), Target(key="mail", url="x://")))


@dataclass
class Sites:
    """Many sources, each with a site of its own, under one daemon that may be restarted."""

    path: Path
    sources: list[Source]
    clock: HandClock = field(default_factory=HandClock)
    webs: dict[str, FakeWeb] = field(default_factory=dict)
    told: tuple[Receiver, ...] = (SUPPORT,)
    alarm_after: int = 3

    async def start(self) -> None:
        self.writer = Writer(self.path)
        await self.writer.start()
        for source in self.sources:
            self.webs.setdefault(source.name, FakeWeb()).first = source.url
        hosts = {source.name: f"{source.name}.example:443" for source in self.sources}
        await self.writer.run(lambda store: store.sync_sources(self.sources, hosts, self.clock.moment))
        self.contacts = Contacts()

    async def restart(self) -> None:
        """What was in memory is gone; leases are dropped as at every start."""
        await self.writer.close()
        await self.start()
        await self.writer.run(lambda store: store.start_over(self.clock.moment))

    def world(self, source: Source) -> World:
        reader = lambda: Reader(open_reader(self.path))  # noqa: E731 - as in play()
        return World(writer=self.writer, reader=reader, source=source, web=self.webs[source.name], clock=self.clock)

    def ports_and_plan(self, source: Source) -> tuple[Ports, Plan]:
        world = self.world(source)
        plan = replace(
            world.plan,
            sources={one.name: one for one in self.sources},
            kinds={one.name: self.webs[one.name] for one in self.sources},
            told=self.told,
            alarm_after=self.alarm_after,
        )
        return replace(world.ports, contacts=self.contacts), plan

    async def round(self, *names: str) -> None:
        """One poll of each source, or of those named, two seconds apart."""
        for source in self.sources:
            if names and source.name not in names:
                continue
            self.clock.moment += timedelta(seconds=2)
            now = self.clock.moment
            leased = await self.writer.run(partial(Store.lease_named, name=source.name, now=now))
            assert leased is not None
            ports, plan = self.ports_and_plan(source)
            await poll(source, leased, ports=ports, plan=plan)

    def fail(self, error: SourceError, *names: str) -> None:
        for name, web in self.webs.items():
            if not names or name in names:
                web.fails(error, page=web.first)

    def recover(self, *names: str) -> None:
        for name, web in self.webs.items():
            if not names or name in names:
                web.recovers()

    async def messages(self) -> list[tuple[str, AlarmView]]:
        """What leaves the outbox now, with its ids; all of it is taken. What is caught up with has its time to come."""
        came: list[tuple[str, AlarmView]] = []
        now = self.clock.moment + CATCH_UP
        _, plan = self.ports_and_plan(self.sources[0])
        await self.writer.run(lambda store: flush(store, plan, now))
        while claimed := await self.writer.run(lambda store: store.claim_messages(now, 100)):
            for message in claimed:
                (alarm,) = message.alarms
                assert message.alerts == ()
                came.append((message.id, alarm))
                await self.writer.run(partial(Store.message_sent, message_id=message.id, now=now))
        return came

    async def told_now(self) -> list[str]:
        return [f"{alarm.kind} {alarm.source or '-'}" for _, alarm in await self.messages()]

    def rows(self, sql: str) -> list[dict[str, object]]:
        return self.world(self.sources[0]).rows(sql)


def site(number: int, **other: object) -> Source:
    given = {"name": f"s{number}", "kind": "feed", "url": f"https://s{number}.example/f", "options": None, **other}
    return Source(every=10 * MINUTE, **given)  # type: ignore[arg-type] # as given


def act(folder: Path, count: int, story: Callable[[Sites], Awaitable[None]], **given: object) -> None:
    async def run() -> None:
        sites = Sites(folder / "monitor.db", [site(number) for number in range(count)], **given)  # type: ignore[arg-type]
        await sites.start()
        try:
            await sites.round()  # a first visit of each, which is well
            assert await sites.messages() == []
            await story(sites)
        finally:
            await sites.writer.close()

    asyncio.run(run())


def test_a_source_that_fails_three_times_is_told_once_and_once_when_it_is_back(tmp_path: Path) -> None:
    async def story(sites: Sites) -> None:
        sites.fail(StatusError(500), "s1")
        for expected in ([], [], ["failing s1"], [], []):
            await sites.round()
            assert await sites.told_now() == expected
        sites.recover()
        await sites.round()
        ((_, back),) = await sites.messages()
        assert (back.kind, back.source, back.reason, back.host) == (
            AlarmKind.RECOVERED,
            "s1",
            "failing",
            "s1.example:443",
        )
        assert back.since is not None
        assert back.since < back.opened_at
        await sites.round()
        assert await sites.messages() == []
        assert sites.rows("SELECT count(*) AS n FROM alarms WHERE closed_at IS NULL") == [{"n": 0}]

    act(tmp_path, 4, story)


def test_fifty_sources_that_fall_silent_with_the_network_are_one_message(tmp_path: Path) -> None:
    async def story(sites: Sites) -> None:
        sites.fail(ConnectFailed("no route to host"))
        for _ in range(4):
            await sites.round()
            sites.clock.moment += 5 * MINUTE
        ((_, lost),) = await sites.messages()
        assert (lost.kind, lost.source, lost.affected) == (AlarmKind.NETWORK, None, 3)
        assert lost.since is not None
        assert lost.since <= lost.opened_at
        sites.recover()
        before = sites.rows("SELECT max(next_at) AS at FROM sources")
        await sites.round("s7")
        ((_, back),) = await sites.messages()
        assert (back.kind, back.source, back.affected) == (AlarmKind.RECOVERED, None, 50)
        # They are due at once, and not when their back-off ends.
        due = await sites.writer.run(lambda store: store.lease_due(sites.clock.moment, 100))
        assert (len(due), before[0]["at"] > sites.clock.moment.isoformat()) == (49, True)  # type: ignore[operator] # text
        await sites.writer.run(lambda store: store.start_over(sites.clock.moment))
        await sites.round()
        assert await sites.messages() == []

    act(tmp_path, 50, story)


def test_a_restart_in_between_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    async def story(sites: Sites) -> None:
        sites.fail(DeadlineExceeded("30 s"))
        await sites.round()
        await sites.restart()  # the message has not left yet
        for _ in range(3):
            await sites.round()
            await sites.restart()
        assert await sites.told_now() == ["network -"]
        sites.recover("s0")
        await sites.round("s0")
        await sites.restart()
        assert await sites.told_now() == ["recovered -"]
        sites.recover()
        await sites.round()
        assert await sites.messages() == []

    act(tmp_path, 8, story)


def test_a_restart_between_failures_and_between_alarm_and_recovery(tmp_path: Path) -> None:
    async def story(sites: Sites) -> None:
        sites.fail(Malformed("no feed"), "s2")
        for _ in range(4):
            await sites.round("s2")
            await sites.restart()
        assert await sites.told_now() == ["failing s2"]
        sites.recover()
        await sites.round("s2")
        await sites.restart()
        assert await sites.told_now() == ["recovered s2"]

    act(tmp_path, 3, story)


def test_a_source_that_stays_silent_after_the_network_is_back_is_told_then(tmp_path: Path) -> None:
    async def story(sites: Sites) -> None:
        sites.fail(ConnectFailed("no route to host"))
        for _ in range(3):
            await sites.round()
        sites.recover("s0", "s1", "s2", "s4")
        await sites.round()  # s3 may have been out since before
        assert await sites.told_now() == ["network -", "recovered -"]
        sites.clock.moment += 20 * MINUTE
        await sites.round()
        assert await sites.told_now() == ["failing s3"]

    act(tmp_path, 5, story)


def test_a_network_that_is_lost_again_is_told_again(tmp_path: Path) -> None:
    async def story(sites: Sites) -> None:
        for _ in range(2):
            sites.fail(ConnectFailed("no route to host"))
            await sites.round()
            assert await sites.told_now() == ["network -"]
            sites.recover()
            await sites.round()
            assert await sites.told_now() == ["recovered -"]
        # Right after it came back, before most were seen again.
        sites.fail(ConnectFailed("no route to host"))
        await sites.round()
        sites.recover("s0")
        await sites.round("s0")
        sites.fail(ConnectFailed("no route to host"))
        await sites.round()
        # The word that it was back waited for what was to be caught up with.
        assert await sites.told_now() == ["network -", "network -", "recovered -"]

    act(tmp_path, 6, story)


def test_sites_that_are_down_are_no_lost_network(tmp_path: Path) -> None:
    async def story(sites: Sites) -> None:
        sites.fail(ConnectFailed("refused"), "s0", "s2", "s4")
        for _ in range(3):
            await sites.round()
        assert sorted(await sites.told_now()) == ["failing s0", "failing s2", "failing s4"]
        await sites.restart()
        await sites.round()
        assert await sites.messages() == []

    act(tmp_path, 6, story)


def test_an_own_network_says_nothing_of_the_internet(tmp_path: Path) -> None:
    own = site(9, allow=("127.0.0.0/8",))

    async def story(sites: Sites) -> None:
        sites.sources.append(own)
        await sites.restart()
        sites.fail(ConnectFailed("no route to host"), "s0", "s1", "s2")
        for _ in range(3):
            for number in range(3):
                await sites.round(f"s{number}")
                await sites.round(own.name)
        assert await sites.told_now() == ["network -"]
        sites.fail(ConnectFailed("refused"), own.name)
        for _ in range(3):
            await sites.round(own.name)
        assert await sites.told_now() == ["failing s9"]
        sites.recover(own.name)
        await sites.round(own.name)
        assert await sites.told_now() == ["recovered s9"]
        sites.recover("s1")
        await sites.round("s1")
        assert await sites.told_now() == ["recovered -"]

    act(tmp_path, 3, story)


def test_whoever_is_told_gets_one_message_for_each_address(tmp_path: Path) -> None:
    async def story(sites: Sites) -> None:
        sites.fail(StatusError(403), "s0")
        await sites.round("s0")
        await sites.round("s0")
        came = await sites.messages()
        assert [alarm.kind for _, alarm in came] == [AlarmKind.BLOCKED] * 3
        assert len({number for number, _ in came}) == 3
        deliveries = sites.rows("SELECT receiver, state, reason FROM deliveries ORDER BY receiver")
        assert deliveries == [
            {"receiver": name, "state": "sent", "reason": "alarm: blocked"} for name in ("legal", "support")
        ]
        (shown,) = [row for row in sites.world(sites.sources[0]).reader().sources() if row["name"] == "s0"]
        assert (shown["health"], shown["alarm"]) == ("blocked", "blocked")

    act(tmp_path, 2, story, told=(SUPPORT, LEGAL))


def test_without_receivers_an_alarm_is_stored_and_shown_and_nobody_hears_of_its_end(tmp_path: Path) -> None:
    async def story(sites: Sites) -> None:
        sites.fail(StatusError(500), "s0")
        await sites.round("s0")
        reader = sites.world(sites.sources[0]).reader()
        assert [row["alarm"] for row in reader.sources()] == ["failing", None]
        sites.told = (SUPPORT,)
        sites.recover()
        await sites.round("s0")
        assert await sites.messages() == []
        assert [row["alarm"] for row in reader.sources()] == [None, None]
        assert sites.rows("SELECT count(*) AS n FROM alerts") == [{"n": 0}]
        reader.close()

    act(tmp_path, 2, story, told=(), alarm_after=1)


def test_alarms_that_are_long_over_go_as_mentions_do(tmp_path: Path) -> None:
    keep = RetentionSettings(mentions=timedelta(days=30), others=timedelta(days=3))

    async def story(sites: Sites) -> None:
        ports, _ = sites.ports_and_plan(sites.sources[0])
        sites.fail(StatusError(500), "s0", "s1")
        await sites.round()
        sites.recover("s0")
        await sites.round("s0")
        sites.clock.moment += timedelta(days=31)
        assert (await retain(keep, ports=ports)).alerts == 0  # they are still on their way
        assert sorted(await sites.told_now()) == ["failing s0", "failing s1", "recovered s0"]
        gone = await retain(keep, ports=ports)
        assert (gone.alerts, gone.deliveries, gone.messages) == (2, 2, 2)
        assert sites.rows("SELECT kind FROM alarms") == [{"kind": "failing"}]
        assert sites.rows("PRAGMA foreign_key_check") == []

    act(tmp_path, 3, story, alarm_after=1)


def test_a_poll_that_lost_its_lease_tells_nothing(tmp_path: Path) -> None:
    async def story(sites: Sites) -> None:
        sites.fail(StatusError(500), "s0")
        source = sites.sources[0]
        leased = await sites.writer.run(lambda store: store.lease_named("s0", sites.clock.moment))
        assert leased is not None

        def lose(store: Store) -> None:
            store._db.execute("UPDATE sources SET leased_until = NULL")

        await sites.writer.run(lose)
        ports, plan = sites.ports_and_plan(source)
        await poll(source, leased, ports=ports, plan=plan)
        assert sites.rows("SELECT count(*) AS n FROM alarms") == [{"n": 0}]

    act(tmp_path, 2, story, alarm_after=1)


def test_gaps_that_come_again_and_again_are_told_once(tmp_path: Path) -> None:
    async def visit(sites: Sites, *, gap: bool) -> None:
        _, plan = sites.ports_and_plan(sites.sources[0])
        now = sites.clock.moment

        def end(store: Store) -> None:
            leased = store.lease_named("s0", now)
            assert leased is not None
            state = replace(leased.state, last_success_at=now, health=Health.DEGRADED if gap else Health.OK)
            assert settle(store, leased, state, plan=plan, now=now, gap=gap)
            if gap:
                store.add_gap(leased.id, since=now - MINUTE, until=now, reason="more was new", now=now)

        await sites.writer.run(end)

    async def story(sites: Sites) -> None:
        for number in range(200):
            await visit(sites, gap=number % 2 == 0)
            sites.clock.moment += 15 * MINUTE
        assert await sites.told_now() == ["gap s0"]
        for _ in range(97):
            await visit(sites, gap=False)
            sites.clock.moment += 15 * MINUTE
        assert await sites.messages() == []
        await visit(sites, gap=True)
        assert await sites.told_now() == ["gap s0"]

    act(tmp_path, 1, story)


def test_an_empty_page_is_shown_at_once_and_told_when_it_stays_empty(tmp_path: Path) -> None:
    async def story(sites: Sites) -> None:
        web = sites.webs["s0"]
        web.shows(post(1, "Ничего"), post(2, "Ничего"), page=web.first)
        await sites.round("s0")
        for _ in range(3):
            web.shows(page=web.first)
            await sites.round("s0")
            assert sites.rows("SELECT health FROM sources") == [{"health": "stale"}]
            assert await sites.messages() == []
            web.shows(post(1, "Ничего"), page=web.first)
            await sites.round("s0")
        web.shows(page=web.first)
        await sites.round("s0")
        web.fails(StatusError(500), page=web.first)
        await sites.round("s0")
        assert await sites.messages() == []
        web.recovers()
        await sites.round("s0")
        ((_, alarm),) = await sites.messages()
        assert (alarm.kind, alarm.source) == (AlarmKind.STALE, "s0")
        assert "no posts" in alarm.reason

    act(tmp_path, 1, story)
