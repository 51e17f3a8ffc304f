"""Every inmate of the zoo against the whole fetcher."""

from __future__ import annotations

import asyncio
import tracemalloc
from datetime import timedelta

import pytest

from monitor.errors import BodyTooLarge, DeadlineExceeded, FetchError, StatusError
from monitor.models import HttpRequest
from tests.fetching import zoo
from tests.fetching.fakes import LOOPBACK, fetching, run
from tests.fetching.zoo import BAD, FEED, GOOD, SLOW, serve


@pytest.mark.parametrize("name", GOOD)
def test_odd_but_whole_answers_are_read(name: str) -> None:
    handler, expected = GOOD[name]

    async def check() -> None:
        async with serve(handler) as server, fetching() as fetcher:
            response = await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK)
            assert response.body == expected

    run(check())


@pytest.mark.parametrize("name", BAD)
def test_hostile_and_broken_answers_are_refused(name: str) -> None:
    handler, expected = BAD[name]

    async def check() -> None:
        async with serve(handler) as server, fetching() as fetcher:
            with pytest.raises(FetchError) as caught:
                await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK)
            assert type(caught.value) is expected, caught.value

    run(check())


@pytest.mark.parametrize("name", SLOW)
def test_the_deadline_covers_the_whole_exchange(name: str) -> None:
    async def check() -> None:
        # Each drip comes sooner than the deadline, so a timeout per read would never strike.
        async with serve(SLOW[name]) as server, fetching(timeout=timedelta(seconds=0.4)) as fetcher:
            with pytest.raises(DeadlineExceeded):
                await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK)

    run(check())


def test_the_deadline_covers_all_redirects_together() -> None:
    async def handler(head: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)
        await zoo.chain(4)(head, writer)

    async def check() -> None:
        async with serve(handler) as server, fetching(timeout=timedelta(seconds=0.8)) as fetcher:
            with pytest.raises(DeadlineExceeded):
                await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK)
            assert 2 <= len(server.heads) <= 3

    run(check())


def test_a_bomb_of_a_gigabyte_takes_little_memory() -> None:
    async def check() -> int:
        # The wire cap lets the whole bomb through, so that only the decoded cap and the ratio stop it.
        roomy = fetching(wire_cap=5 * 1024 * 1024, decoded_cap=15 * 1024 * 1024)
        async with serve(zoo.bomb) as server, roomy as fetcher:
            tracemalloc.start()
            with pytest.raises(FetchError, match="inflate"):
                await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return peak

    assert run(check()) < 64 * 1024 * 1024


def test_what_frames_a_body_counts_as_bytes_on_the_wire() -> None:
    async def check() -> None:
        async with serve(BAD["chunks that are mostly extension"][0]) as server, fetching() as fetcher:
            with pytest.raises(BodyTooLarge, match="more than 262144 bytes on the wire"):
                await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK)

    run(check())


def test_a_hostile_server_does_not_delay_its_neighbours() -> None:
    async def check() -> None:
        async with serve(zoo.silence) as mute, serve(zoo.answer(FEED)) as healthy, fetching(parallel=4) as fetcher:
            stuck = [asyncio.create_task(fetcher.fetch(HttpRequest(url=mute.url()), allow=LOOPBACK)) for _ in range(8)]
            await asyncio.sleep(0)
            for _ in range(10):
                response = await fetcher.fetch(HttpRequest(url=healthy.url()), allow=LOOPBACK)
                assert response.body == FEED
            # All eight wait in one queue and hold one of the four places.
            assert len(mute.heads) == 1
            for task in stuck:
                task.cancel()
            await asyncio.gather(*stuck, return_exceptions=True)

    run(check())


def test_nobody_listening_is_a_failed_connection() -> None:
    async def check() -> None:
        async with serve(zoo.silence) as server:
            pass
        async with fetching() as fetcher:
            with pytest.raises(FetchError, match="refused"):
                await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK)

    run(check())


def test_a_status_keeps_its_number() -> None:
    async def check() -> None:
        async with serve(BAD["410"][0]) as server, fetching() as fetcher:
            with pytest.raises(StatusError) as caught:
                await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK)
            assert (caught.value.status, caught.value.retry_at) == (410, None)

    run(check())
