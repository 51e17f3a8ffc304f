"""The order, the gaps and the silences of one host's queue, on a clock that only sleeps advance."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from monitor.errors import StatusError
from monitor.fetching.hosts import HostQueues
from monitor.models import HostState
from tests.fetching.fakes import NOW, FakeClock, run

GAP = timedelta(seconds=2)
HOST = "example.org:80"


def test_turns_come_in_order_one_at_a_time_with_a_gap_after_each_end() -> None:
    clock = FakeClock()
    queues = HostQueues(clock=clock, gap=GAP)
    log: list[tuple[str, int, float]] = []

    async def visit(number: int) -> None:
        async with queues.turn(HOST, gap=GAP):
            log.append(("start", number, clock.monotonic() - NOW.timestamp()))
            clock.time += timedelta(seconds=5)  # what the request takes
            await asyncio.sleep(0)
            log.append(("end", number, clock.monotonic() - NOW.timestamp()))

    async def check() -> None:
        await asyncio.gather(*(visit(number) for number in range(4)))

    run(check())
    assert log == [
        ("start", 0, 0), ("end", 0, 5), ("start", 1, 7), ("end", 1, 12),
        ("start", 2, 14), ("end", 2, 19), ("start", 3, 21), ("end", 3, 26),
    ]  # fmt: skip


def test_hosts_do_not_wait_for_each_other() -> None:
    clock = FakeClock()
    queues = HostQueues(clock=clock, gap=GAP)

    async def check() -> None:
        async with queues.turn("a:80", gap=GAP), queues.turn("b:80", gap=GAP), queues.turn("a:443", gap=GAP):
            pass

    run(check())
    assert clock.slept == []


def test_the_gap_is_kept_after_a_failure() -> None:
    clock = FakeClock()
    queues = HostQueues(clock=clock, gap=GAP)

    async def check() -> None:
        with pytest.raises(OSError, match="broken"):
            async with queues.turn(HOST, gap=GAP):
                raise OSError("broken")
        async with queues.turn(HOST, gap=GAP):
            pass

    run(check())
    assert clock.slept == [2.0]


def test_no_gap_means_no_sleep() -> None:
    clock = FakeClock()
    queues = HostQueues(clock=clock, gap=GAP)

    async def check() -> None:
        for _ in range(3):
            async with queues.turn(HOST, gap=timedelta()):
                pass

    run(check())
    assert clock.slept == []


def test_a_cancelled_visitor_leaves_the_queue() -> None:
    clock = FakeClock()
    queues = HostQueues(clock=clock, gap=timedelta())
    served: list[str] = []

    async def visit(name: str, hold: asyncio.Event) -> None:
        async with queues.turn(HOST, gap=timedelta()):
            served.append(name)
            await hold.wait()

    async def check() -> None:
        hold = asyncio.Event()
        tasks = [asyncio.create_task(visit(name, hold)) for name in ("first", "second", "third")]
        await asyncio.sleep(0)
        tasks[1].cancel()
        hold.set()
        await asyncio.gather(*tasks, return_exceptions=True)

    run(check())
    assert served == ["first", "third"]


def test_a_deferred_host_is_refused_until_its_moment() -> None:
    clock = FakeClock()
    queues = HostQueues(clock=clock, gap=GAP)
    retry_at = NOW + timedelta(minutes=5)

    async def check() -> None:
        async with queues.turn(HOST, gap=GAP):
            queues.defer(HOST, status=503, retry_at=retry_at)
        with pytest.raises(StatusError) as caught:
            async with queues.turn(HOST, gap=GAP):
                pytest.fail("no turn was due")
        assert (caught.value.status, caught.value.retry_at) == (503, retry_at)
        clock.time = retry_at
        async with queues.turn(HOST, gap=GAP):
            pass

    run(check())


@pytest.mark.parametrize(("first", "then", "left"), [(60, 1, 60), (1, 60, 60)], ids=["shorter", "longer"])
def test_of_two_waits_that_a_host_asks_for_the_longer_one_holds(first: int, then: int, left: int) -> None:
    clock = FakeClock()
    queues = HostQueues(clock=clock, gap=GAP, hosts=[HostState(host="b:80", retry_at=NOW + timedelta(minutes=first))])
    queues.defer("a:80", status=429, retry_at=NOW + timedelta(minutes=first))
    for host in ("a:80", "b:80"):
        queues.defer(host, status=429, retry_at=NOW + timedelta(minutes=then))
        assert queues.state_of(host).retry_at == NOW + timedelta(minutes=left)

    async def check() -> None:
        clock.time = NOW + timedelta(minutes=left, seconds=-1)
        for host in ("a:80", "b:80"):
            with pytest.raises(StatusError):
                async with queues.turn(host, gap=GAP):
                    pytest.fail("no turn was due")

    run(check())


def test_those_who_wait_are_refused_when_the_first_is_told_to_wait() -> None:
    queues = HostQueues(clock=FakeClock(), gap=GAP)
    turns: list[int] = []

    async def visit(number: int) -> None:
        async with queues.turn(HOST, gap=GAP):
            turns.append(number)
            await asyncio.sleep(0)
            queues.defer(HOST, status=429, retry_at=NOW + timedelta(minutes=5))

    async def check() -> list[BaseException | None]:
        return await asyncio.gather(*(visit(number) for number in range(3)), return_exceptions=True)

    outcomes = run(check())
    assert turns == [0]
    assert [type(outcome) for outcome in outcomes] == [type(None), StatusError, StatusError]


def test_rows_survive_a_restart() -> None:
    clock = FakeClock()
    rows = (
        HostState(host="gap:80", next_at=NOW + timedelta(seconds=1.5)),
        HostState(host="stepped:80", next_at=NOW + timedelta(days=1)),
        HostState(host="told:80", retry_at=NOW + timedelta(hours=1)),
        HostState(host="past:80", next_at=NOW - GAP, retry_at=NOW - GAP),
    )
    queues = HostQueues(clock=clock, gap=GAP, hosts=rows)
    assert queues.states() == rows[:3]
    assert queues.state_of("told:80") == rows[2]
    assert queues.state_of("unknown:80") == HostState(host="unknown:80")

    async def check() -> None:
        with pytest.raises(StatusError) as caught:
            async with queues.turn("told:80", gap=GAP):
                pass
        assert caught.value.status == 429
        async with queues.turn("gap:80", gap=GAP):
            pass
        async with queues.turn("stepped:80", gap=GAP):
            pass
        async with queues.turn("past:80", gap=GAP):
            pass

    run(check())
    assert clock.slept == [1.5, 2.0]


def test_hosts_that_bind_nothing_are_forgotten() -> None:
    clock = FakeClock()
    queues = HostQueues(clock=clock, gap=GAP)

    async def check() -> None:
        async with queues.turn("kept:80", gap=GAP):
            queues.defer("kept:80", status=429, retry_at=NOW + timedelta(days=1))
        for number in range(5000):
            async with queues.turn(f"r{number}.example:80", gap=GAP):
                pass
            clock.time += timedelta(seconds=3)

    run(check())
    assert len(queues._queues) <= 1100
    assert queues.state_of("kept:80").retry_at == NOW + timedelta(days=1)


def test_a_wall_clock_that_is_set_forward_shortens_no_wish_to_be_left_alone() -> None:
    class Stepped(FakeClock):
        stepped = timedelta()

        def now(self) -> datetime:
            return super().now() + self.stepped

    async def story() -> None:
        clock = Stepped()
        queues = HostQueues(clock=clock, gap=GAP)
        async with queues.turn("a:80", gap=GAP):
            queues.defer("a:80", status=429, retry_at=clock.now() + timedelta(hours=1))
        clock.stepped = timedelta(hours=2)
        with pytest.raises(StatusError) as refused:
            async with queues.turn("a:80", gap=GAP):
                pass
        assert refused.value.retry_at == clock.now() + timedelta(hours=1)
        await clock.sleep(3600)
        async with queues.turn("a:80", gap=GAP):
            pass

    run(story())
