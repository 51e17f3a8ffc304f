"""When a connection is kept, lent, and given up."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network

import pytest

from monitor.errors import ConnectFailed
from monitor.fetching import transport
from monitor.models import HttpRequest
from tests.fetching.fakes import LOOPBACK, FakeResolver, fetching, run, until
from tests.fetching.zoo import FEED, Handler, answer, chain, close, endless, keep, serve

NARROW = (ip_network("127.0.0.1/32"),)


@pytest.mark.parametrize(
    ("handler", "connections"),
    [
        (answer(FEED), 1),
        (keep(b"HTTP/1.1 204 No Content\r\n\r\n"), 1),
        (answer(FEED, b"Connection: close"), 3),
        (close(b"HTTP/1.0 200 OK\r\n\r\n" + FEED), 3),
        (keep(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi, and what nobody asked for"), 3),
    ],
)
def test_a_connection_is_kept_when_the_answer_leaves_it_clean(handler: Handler, connections: int) -> None:
    async def check() -> None:
        async with serve(handler) as server, fetching() as fetcher:
            for _ in range(3):
                await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK)
            assert (len(server.heads), server.connections) == (3, connections)

    run(check())


def test_redirects_on_one_host_use_one_connection() -> None:
    async def check() -> None:
        async with serve(chain(3)) as server, fetching() as fetcher:
            await fetcher.fetch(HttpRequest(url=server.url("/0")), allow=LOOPBACK)
            assert (len(server.heads), server.connections) == (4, 1)

    run(check())


def test_sources_with_different_leave_do_not_share_connections() -> None:
    async def check() -> None:
        async with serve(answer(FEED)) as server, fetching() as fetcher:
            for allow in (LOOPBACK, NARROW, LOOPBACK, NARROW):
                await fetcher.fetch(HttpRequest(url=server.url()), allow=allow)
            assert server.connections == 2

    run(check())


def test_a_kept_connection_that_the_server_closed_is_replaced() -> None:
    async def handler(head: bytes, writer: asyncio.StreamWriter) -> None:
        await answer(FEED)(head, writer)
        await writer.drain()
        await asyncio.sleep(0.01)
        writer.close()

    async def check() -> None:
        async with serve(handler) as server, fetching() as fetcher:
            for _ in range(3):
                await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK)
                await asyncio.sleep(0.05)
            assert (len(server.heads), server.connections) == (3, 3)

    run(check())


def test_an_answer_before_the_question_is_not_taken_for_one() -> None:
    async def handler(head: bytes, writer: asyncio.StreamWriter) -> None:
        await answer(FEED)(head, writer)
        await asyncio.sleep(0.01)
        await answer(b"smuggled")(head, writer)

    async def check() -> None:
        async with serve(handler) as server, fetching() as fetcher:
            for _ in range(2):
                response = await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK)
                assert response.body == FEED
                await asyncio.sleep(0.05)
            assert server.connections == 2

    run(check())


def closing_on_the_second() -> Handler:
    """Takes the second request of a connection and closes without an answer, as a server does whose time is up."""
    asked: set[asyncio.StreamWriter] = set()

    async def handler(head: bytes, writer: asyncio.StreamWriter) -> None:
        if writer in asked:
            writer.close()
        else:
            asked.add(writer)
            await answer(FEED)(head, writer)

    return handler


def test_a_get_that_meets_a_closing_connection_is_asked_once_more() -> None:
    async def check() -> None:
        async with serve(closing_on_the_second()) as server, fetching() as fetcher:
            for _ in range(2):
                response = await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK)
                assert response.body == FEED
            assert (len(server.heads), server.connections) == (3, 2)

    run(check())


def test_a_post_is_never_sent_over_a_kept_connection() -> None:
    async def check() -> None:
        async with serve(closing_on_the_second()) as server, fetching() as fetcher:
            await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK)
            await fetcher.fetch(HttpRequest(url=server.url(), method="POST", body=b"x"), allow=LOOPBACK)
            assert (len(server.heads), server.connections) == (2, 2)

    run(check())


def test_an_answer_that_breaks_off_is_not_asked_again() -> None:
    replies = [answer(FEED), close(b"HTTP/1.1 200 OK\r\nServ")]

    async def handler(head: bytes, writer: asyncio.StreamWriter) -> None:
        await replies.pop(0)(head, writer)

    async def check() -> None:
        async with serve(handler) as server, fetching() as fetcher:
            await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK)
            with pytest.raises(ConnectFailed):
                await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK)
            assert len(server.heads) == 2

    run(check())


def test_idle_connections_are_few_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "IDLE_CONNECTIONS", 2)
    monkeypatch.setattr(transport, "IDLE_SECONDS", 0.05)

    async def check() -> None:
        resolver = FakeResolver(**{f"h{number}_test": [["127.0.0.1"]] for number in range(5)})
        async with serve(answer(FEED)) as server, fetching(resolver=resolver) as fetcher:
            for number in range(5):
                await fetcher.fetch(HttpRequest(url=f"http://h{number}.test:{server.port}/"), allow=LOOPBACK)
            waiting = fetcher._transport._idle._waiting
            assert [key.host for key in waiting] == ["h3.test", "h4.test"]
            await until(lambda: not waiting)

    run(check())


def test_a_cancelled_fetch_ends_its_connection() -> None:
    async def check() -> None:
        asked, gone = asyncio.Event(), asyncio.Event()

        async def handler(head: bytes, writer: asyncio.StreamWriter) -> None:
            asked.set()
            try:
                await endless(b"HTTP/1.1 200 OK\r\nX-Drip: ", b"a", pause=0.01)(head, writer)
            except ConnectionError:
                gone.set()

        async with serve(handler) as server, fetching() as fetcher:
            task = asyncio.create_task(fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK))
            await asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await gone.wait()

    run(check())
