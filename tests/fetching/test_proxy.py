"""What goes through an outgoing proxy, what it is told, and what does not go at all."""

from __future__ import annotations

import asyncio
import logging
import shutil
import ssl
import subprocess
from datetime import timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest

from monitor.errors import AddressRefused, ConnectFailed, DeadlineExceeded
from monitor.fetching.fetcher import tls_context
from monitor.fetching.proxy import Proxy, parse_proxy
from monitor.models import HttpRequest
from tests.fetching.fakes import LOOPBACK, FakeResolver, connects, fetching, run
from tests.fetching.proxies import ProxyServer, proxy_server
from tests.fetching.zoo import FEED, Server, answer, redirect, serve

if TYPE_CHECKING:
    from pathlib import Path

SCHEMES = ["http", "socks5"]
LOGIN: dict[str, Any] = {"user": "desk", "password": "s3cret:pass"}


def through(server: ProxyServer, login: str = "") -> Proxy:
    return parse_proxy(server.url(login), allow=LOOPBACK)


@pytest.mark.parametrize("login", ["", "desk:s3cret%3Apass"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_proxy_is_told_the_checked_address(scheme: str, login: str) -> None:
    async def check() -> None:
        resolver = FakeResolver(feed_test=[["127.0.0.1"]])
        inner = ProxyServer(scheme, **(LOGIN if login else {}))
        async with proxy_server(inner) as way, serve(answer(FEED)) as server, fetching(resolver=resolver) as fetcher:
            request = HttpRequest(url=f"http://feed.test:{server.port}/feed")
            for _ in range(2):
                response = await fetcher.fetch(request, allow=LOOPBACK, proxy=through(way, login))
                assert response.body == FEED
            assert way.reached == [f"127.0.0.1:{server.port}"]  # one tunnel for both
            assert server.heads[0].startswith(b"GET /feed HTTP/1.1\r\nHost: feed.test:")
            assert b"s3cret" not in server.heads[0]
            assert b"roxy-" not in server.heads[0]

    run(check())


@pytest.mark.parametrize("scheme", SCHEMES)
def test_connections_are_not_shared_between_ways(scheme: str) -> None:
    async def check() -> None:
        async with (
            proxy_server(ProxyServer(scheme)) as one,
            proxy_server(ProxyServer(scheme)) as other,
            serve(answer(FEED)) as server,
            fetching() as fetcher,
        ):
            for way in (through(one), through(other), None, through(one), None):
                await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK, proxy=way)
            assert (one.connections, other.connections, server.connections) == (1, 1, 3)

    run(check())


@pytest.mark.parametrize("scheme", SCHEMES)
def test_robots_and_redirects_go_the_same_way(scheme: str) -> None:
    async def handler(head: bytes, writer: asyncio.StreamWriter) -> None:
        robots = head.startswith(b"GET /robots.txt")
        await (answer(b"User-agent: *\nDisallow: /no") if robots else redirect(targets[0].url()))(head, writer)

    async def check() -> None:
        async with (
            proxy_server(ProxyServer(scheme)) as way,
            serve(answer(FEED)) as last,
            serve(handler) as first,
            fetching() as fetcher,
        ):
            targets.append(last)
            request = HttpRequest(url=first.url(), for_people=True)
            with connects() as dialled:
                response = await fetcher.fetch(request, allow=LOOPBACK, proxy=through(way))
            assert response.body == FEED
            assert set(way.reached) == {f"127.0.0.1:{first.port}", f"127.0.0.1:{last.port}"}
            # The proxy runs in this process too; nothing else dials the sites.
            assert dialled.count(("127.0.0.1", way.port)) == way.connections
            assert len(dialled) == 2 * way.connections

    targets: list[Server] = []
    run(check())


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("target", ["10.0.0.1", "169.254.169.254", "inside.test", "2130706433"])
def test_an_allowed_proxy_opens_no_private_site(scheme: str, target: str) -> None:
    async def check() -> None:
        resolver = FakeResolver(inside_test=[["10.0.0.7"]], **{"2130706433": [["127.0.0.1"]]})
        async with proxy_server(ProxyServer(scheme)) as way, fetching(resolver=resolver) as fetcher:
            with connects() as dialled, pytest.raises(AddressRefused):
                await fetcher.fetch(HttpRequest(url=f"http://{target}/"), proxy=through(way))
            assert (dialled, way.connections) == ([], 0)

    run(check())


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_private_proxy_that_is_not_allowed_is_not_dialled(scheme: str) -> None:
    async def check() -> None:
        resolver = FakeResolver(public_test=[["93.184.215.14"]])
        async with proxy_server(ProxyServer(scheme)) as way, fetching(resolver=resolver) as fetcher:
            for allow in ((), (ip_network("10.0.0.0/8"),)):
                with connects() as dialled, pytest.raises(AddressRefused, match="loopback"):
                    await fetcher.fetch(
                        HttpRequest(url="http://public.test/"),
                        allow=LOOPBACK,
                        proxy=parse_proxy(way.url(), allow=allow),
                    )
                assert (dialled, way.connections) == ([], 0)

    run(check())


def test_a_public_site_is_named_to_the_proxy_by_address_and_refused_addresses_are_passed_over() -> None:
    async def check() -> None:
        resolver = FakeResolver(public_test=[["2a00:1450::1", "10.0.0.1", "93.184.215.14"]])
        inner = ProxyServer("http", refused=frozenset({"[2a00:1450::1]", "93.184.215.14"}))
        async with proxy_server(inner) as way, fetching(resolver=resolver) as fetcher:
            with pytest.raises(ConnectFailed, match=r"does not connect us \(HTTP 502\)"):
                await fetcher.fetch(HttpRequest(url="http://public.test/"), proxy=through(way))
            assert way.reached == ["[2a00:1450::1]:80", "93.184.215.14:80"]

    run(check())


@pytest.mark.parametrize(
    ("server", "login", "words"),
    [
        (ProxyServer("http", **LOGIN), "", "user and password"),
        (ProxyServer("http", **LOGIN), "desk:s3cret", "user and password"),
        (ProxyServer("http", refusal=403), "desk:s3cret", "HTTP 403"),
        (ProxyServer("http", raw=b"SSH-2.0-x\r\n\r\n"), "desk:s3cret", "not HTTP"),
        (ProxyServer("http", raw=b""), "desk:s3cret", "broke off|reset"),
        (ProxyServer("http", raw=b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20_000), "desk:s3cret", "too long"),
        (ProxyServer("http", raw=b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n"), "", "before"),
        (ProxyServer("socks5", **LOGIN), "", "another login"),
        (ProxyServer("socks5", **LOGIN), "desk:s3cret", "user and password"),
        (ProxyServer("socks5", refusal=2), "desk:s3cret", "does not allow"),
        (ProxyServer("socks5", refusal=77), "desk:s3cret", "has failed"),
        (ProxyServer("socks5", raw=b"HTTP/1.1 400 No\r\n\r\n"), "desk:s3cret", "not SOCKS"),
        (ProxyServer("socks5", raw=b"\x05"), "desk:s3cret", "broke off|reset"),
    ],
)
def test_refusals_say_why_and_no_password(
    server: ProxyServer, login: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def check() -> None:
        caplog.set_level(logging.DEBUG)
        async with proxy_server(server) as way, serve(answer(FEED)) as site, fetching() as fetcher:
            with pytest.raises(ConnectFailed, match=words) as caught:
                await fetcher.fetch(HttpRequest(url=site.url()), allow=LOOPBACK, proxy=through(way, login))
            assert site.connections == 0
        assert "s3cret" not in f"{caught.value!r} {caught.value.__cause__!r} {caplog.text} {through(way, login)!r}"

    run(check())


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_proxy_that_is_not_there(scheme: str) -> None:
    async def check() -> None:
        async with proxy_server(ProxyServer(scheme)) as way:
            pass
        async with fetching() as fetcher:
            with pytest.raises(ConnectFailed, match="the proxy: Connection refused"):
                await fetcher.fetch(HttpRequest(url="http://127.0.0.1:9/"), allow=LOOPBACK, proxy=through(way))

    run(check())


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_proxy_that_says_nothing_ends_at_the_deadline(scheme: str) -> None:
    async def stare(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        gone.set()

    gone = asyncio.Event()

    async def check() -> None:
        listener = await asyncio.start_server(stare, "127.0.0.1", 0)
        way = parse_proxy(f"{scheme}://127.0.0.1:{listener.sockets[0].getsockname()[1]}", allow=LOOPBACK)
        async with listener, fetching(timeout=timedelta(seconds=0.3)) as fetcher:
            with pytest.raises(DeadlineExceeded):
                await fetcher.fetch(HttpRequest(url="http://127.0.0.1:9/"), allow=LOOPBACK, proxy=way)
            await gone.wait()

    run(check())


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    if shutil.which("openssl") is None:
        pytest.skip("the openssl program is not installed")
    folder: Path = tmp_path_factory.mktemp("tls")
    options = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=feed.test"
    command = ["openssl", "req", *options.split(), "-addext", "subjectAltName=DNS:feed.test"]
    subprocess.run([*command, "-keyout", "key.pem", "-out", "cert.pem"], cwd=folder, check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    client = tls_context()
    client.load_verify_locations(folder / "cert.pem")
    return client, server


@pytest.mark.parametrize("scheme", SCHEMES)
def test_tls_is_spoken_with_the_site_and_verified_for_its_name(
    scheme: str, tls: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    async def check() -> None:
        resolver = FakeResolver(feed_test=[["127.0.0.1"]], other_test=[["127.0.0.1"]])
        async with (
            proxy_server(ProxyServer(scheme)) as way,
            serve(answer(FEED), tls=tls[1]) as server,
            fetching(tls=tls[0], resolver=resolver) as fetcher,
        ):
            good = HttpRequest(url=f"https://feed.test:{server.port}/")
            assert (await fetcher.fetch(good, allow=LOOPBACK, proxy=through(way))).body == FEED
            bad = HttpRequest(url=f"https://other.test:{server.port}/")
            with pytest.raises(ConnectFailed, match=r"other\.test:\d+: certificate refused"):
                await fetcher.fetch(bad, allow=LOOPBACK, proxy=through(way))
            assert len(server.heads) == 1

    run(check())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://proxy.test", ("http", "proxy.test", 80, "", "")),
        ("http://a:b%40@proxy.test:3128/", ("http", "proxy.test", 3128, "a", "b@")),
        ("socks5://proxy.test", ("socks5", "proxy.test", 1080, "", "")),
        ("socks5://u:p@10.0.0.1:9050", ("socks5", "10.0.0.1", 9050, "u", "p")),
    ],
)
def test_parse(text: str, expected: tuple[str, str, int, str, str]) -> None:
    proxy = parse_proxy(text, allow=())
    assert (proxy.scheme, proxy.host, proxy.port, proxy.user, proxy.password) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "proxy.test:80",
        "https://s3cret@proxy.test",
        "socks4://proxy.test",
        "http://",
        "http://s3cret@%31/",
        "http://p:99999/",
        "http://s3cret:" + "x" * 256 + "@p/",
        "http://[s3cret/",
    ],
)
def test_what_is_no_proxy(text: str) -> None:
    with pytest.raises(AddressRefused) as caught:
        parse_proxy(text, allow=())
    assert "s3cret" not in str(caught.value)
