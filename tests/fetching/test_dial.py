"""Names: resolved once, every address checked, and only checked ones dialled."""

from __future__ import annotations

import asyncio
import socket
import threading
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

import pytest

from monitor.errors import AddressRefused, ConnectFailed, DeadlineExceeded
from monitor.fetching import dial
from monitor.fetching.dial import SystemResolver, checked_addresses
from monitor.models import HttpRequest
from tests.fetching.fakes import LOOPBACK, FakeResolver, connects, fetching, run
from tests.fetching.zoo import FEED, answer, redirect, serve

if TYPE_CHECKING:
    from collections.abc import Sequence


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def test_only_the_good_addresses_of_a_mixed_answer_are_kept() -> None:
    resolver = FakeResolver(mixed_test=[["127.0.0.1", "8.8.8.8", "::1", "8.8.8.8", "2606:4700::1111"]])
    found = run(checked_addresses("mixed.test", allow=(), resolver=resolver))
    assert found == [ip_address("8.8.8.8"), ip_address("2606:4700::1111")]


def test_a_refusal_names_the_host_the_addresses_and_the_reasons() -> None:
    resolver = FakeResolver(inner_test=[["10.0.0.1", "fe80::1%eth0"]])
    with pytest.raises(AddressRefused, match=r"inner\.test is 10\.0\.0\.1 \(private\), fe80::1%eth0 \(link-local\)"):
        run(checked_addresses("inner.test", allow=(), resolver=resolver))


def test_a_name_without_addresses_is_refused() -> None:
    with pytest.raises(AddressRefused, match="no address"):
        run(checked_addresses("empty.test", allow=(), resolver=FakeResolver(empty_test=[[]])))


def test_a_literal_is_not_resolved() -> None:
    resolver = FakeResolver()
    assert run(checked_addresses("8.8.8.8", allow=(), resolver=resolver)) == [ip_address("8.8.8.8")]
    assert resolver.asked == []


def test_rebinding_finds_no_second_question(monkeypatch: pytest.MonkeyPatch) -> None:
    # Public when checked; whoever asked again would be sent to loopback.
    resolver = FakeResolver(rebind_test=[["203.0.114.1"], ["127.0.0.1"]])
    dialled: list[Any] = []

    async def refuse(_loop: object, _sock: object, address: Any) -> None:
        dialled.append(address)
        raise ConnectionRefusedError(111, "no")

    monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_connect", refuse)

    async def check() -> None:
        async with fetching(resolver=resolver) as fetcher:
            with connects() as seen, pytest.raises(ConnectFailed):
                await fetcher.fetch(HttpRequest(url="http://rebind.test/"))
            assert seen == []

    run(check())
    assert resolver.asked == ["rebind.test"]
    assert dialled == [("203.0.114.1", 80)]


def test_a_name_that_turns_private_is_refused_at_the_next_hop() -> None:
    async def check() -> None:
        async with serve(redirect("http://second.test/")) as server:
            resolver = FakeResolver(first_test=[["127.0.0.1"]], second_test=[["192.168.1.1"]])
            async with fetching(resolver=resolver) as fetcher:
                with connects() as dialled, pytest.raises(AddressRefused, match=r"second\.test"):
                    await fetcher.fetch(HttpRequest(url=f"http://first.test:{server.port}/"), allow=LOOPBACK)
            assert dialled == [("127.0.0.1", server.port)]
            assert resolver.asked == ["first.test", "second.test"]

    run(check())


def test_each_hop_is_resolved_once() -> None:
    async def check() -> None:
        async with serve(answer(FEED)) as second, serve(redirect(f"http://b.test:{second.port}/")) as first:
            resolver = FakeResolver(a_test=[["127.0.0.1"], ["10.0.0.1"]], b_test=[["127.0.0.1"], ["10.0.0.1"]])
            async with fetching(resolver=resolver) as fetcher:
                response = await fetcher.fetch(HttpRequest(url=f"http://a.test:{first.port}/"), allow=LOOPBACK)
            assert response.body == FEED
            assert response.url == f"http://b.test:{second.port}/"
            assert resolver.asked == ["a.test", "b.test"]
            assert f"\r\nHost: b.test:{second.port}\r\n".encode() in second.heads[0]

    run(check())


def test_the_next_address_is_tried_when_one_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dial, "ATTEMPT_SECONDS", 0.05)
    real = asyncio.SelectorEventLoop.sock_connect

    async def connect(loop: asyncio.SelectorEventLoop, sock: socket.socket, address: Any) -> None:
        if address[0] == "127.0.0.2":
            await asyncio.Event().wait()  # a black hole
        if address[0] == "127.0.0.3":
            raise ConnectionRefusedError(111, "no")
        await real(loop, sock, address)

    monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_connect", connect)

    async def check() -> None:
        async with serve(answer(FEED)) as server:
            resolver = FakeResolver(three_test=[["127.0.0.2", "127.0.0.3", "127.0.0.1"]])
            async with fetching(resolver=resolver) as fetcher:
                response = await fetcher.fetch(HttpRequest(url=f"http://three.test:{server.port}/"), allow=LOOPBACK)
            assert response.body == FEED

    run(check())


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")
def test_ipv6_is_dialled() -> None:
    async def check() -> None:
        async with serve(answer(FEED), host="::1") as server, fetching() as fetcher:
            response = await fetcher.fetch(HttpRequest(url=server.url()), allow=(ip_network("::1/128"),))
            assert response.body == FEED
            assert fetcher.state_of(f"[::1]:{server.port}").next_at is not None

    run(check())


def test_the_deadline_covers_the_resolver() -> None:
    async def hang(_host: str) -> Sequence[str]:
        await asyncio.Event().wait()
        return ()

    async def check() -> None:
        async with fetching(resolver=hang, timeout=timedelta(seconds=0.1)) as fetcher:
            with pytest.raises(DeadlineExceeded):
                await fetcher.fetch(HttpRequest(url="http://slow.test/"))

    run(check())


def test_an_unknown_name_is_a_failed_connection() -> None:
    async def check() -> None:
        async with fetching() as fetcher:
            with pytest.raises(ConnectFailed, match=r"nowhere\.test:80: the name cannot be resolved"):
                await fetcher.fetch(HttpRequest(url="http://nowhere.test/?token=secret"))

    run(check())


def test_the_system_resolver_knows_localhost() -> None:
    async def check() -> Sequence[str]:
        return await SystemResolver()("localhost")

    assert "127.0.0.1" in run(check())


def test_hanging_names_leave_room_for_others_and_are_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def getaddrinfo(host: bytes, *_args: object, **_kwargs: object) -> list[tuple[object, ...]]:
        if host.startswith(b"hang"):
            release.wait(30)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    async def check() -> None:
        resolver = SystemResolver(limit=20)
        hanging = [asyncio.create_task(resolver(f"hang{number}.test")) for number in range(19)]
        await asyncio.sleep(0)
        assert list(await resolver("quick.test")) == ["8.8.8.8"]
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)

    run(check())  # ends although nineteen names still hang
    assert not release.is_set()
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "resolve")
    release.set()
