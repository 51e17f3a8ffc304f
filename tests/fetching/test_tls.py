"""TLS with a certificate authority of our own, made by the openssl program."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import pytest

from monitor.errors import ConnectFailed, DeadlineExceeded, FetchError
from monitor.fetching.fetcher import tls_context
from monitor.models import HttpRequest
from tests.fetching.fakes import LOOPBACK, FakeResolver, fetching, run
from tests.fetching.zoo import FEED, answer, close, redirect, serve

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    Peer: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl program is not installed")


class Contexts(NamedTuple):
    client: ssl.SSLContext
    server: ssl.SSLContext


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Contexts:
    folder: Path = tmp_path_factory.mktemp("tls")
    names = "subjectAltName=DNS:feed.test,IP:127.0.0.1"
    options = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=feed.test"
    command = ["openssl", "req", *options.split(), "-addext", names, "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    client = tls_context()
    client.load_verify_locations(folder / "cert.pem")
    return Contexts(client, server)


def resolver() -> FakeResolver:
    return FakeResolver(feed_test=[["127.0.0.1"]], other_test=[["127.0.0.1"]])


@pytest.mark.parametrize("host", ["feed.test", "127.0.0.1", "feed.test."])
def test_the_certificate_of_the_host_is_taken_at_the_checked_address(tls: Contexts, host: str) -> None:
    async def check() -> None:
        names = FakeResolver(feed_test=[["127.0.0.1"]], feed_test_=[["127.0.0.1"]])
        async with serve(answer(FEED), tls=tls.server) as server, fetching(tls=tls.client, resolver=names) as fetcher:
            for _ in range(2):
                response = await fetcher.fetch(HttpRequest(url=f"https://{host}:{server.port}/"), allow=LOOPBACK)
                assert response.body == FEED
            assert server.connections == 1

    run(check())


def test_the_certificate_of_another_host_is_refused(tls: Contexts) -> None:
    async def check() -> None:
        async with serve(answer(FEED), tls=tls.server) as server:
            async with fetching(tls=tls.client, resolver=resolver()) as fetcher:
                with pytest.raises(ConnectFailed, match=r"other\.test:\d+: certificate refused \(Hostname mismatch"):
                    await fetcher.fetch(HttpRequest(url=f"https://other.test:{server.port}/"), allow=LOOPBACK)
            assert server.heads == []

    run(check())


def test_an_unknown_authority_is_refused(tls: Contexts) -> None:
    async def check() -> None:
        strict = fetching(tls=tls_context(), resolver=resolver())
        async with serve(answer(FEED), tls=tls.server) as server, strict as fetcher:
            with pytest.raises(ConnectFailed, match=r"certificate refused \(self-signed"):
                await fetcher.fetch(HttpRequest(url=f"https://feed.test:{server.port}/"), allow=LOOPBACK)

    run(check())


async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example ESMTP\r\n")
    writer.close()


async def stare(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


@pytest.mark.parametrize(("peer", "error"), [(greet, ConnectFailed), (stare, DeadlineExceeded)])
def test_a_peer_that_shakes_no_hands(tls: Contexts, peer: Peer, error: type[FetchError]) -> None:
    async def check() -> None:
        listener = await asyncio.start_server(peer, "127.0.0.1", 0)
        url = f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
        async with listener, fetching(tls=tls.client, timeout=timedelta(seconds=0.5)) as fetcher:
            with pytest.raises(error):
                await fetcher.fetch(HttpRequest(url=url), allow=LOOPBACK)
            await asyncio.sleep(0.05)  # lets the peer see that we left, and end

    run(check())


def test_a_body_without_length_ends_with_the_connection(tls: Contexts) -> None:
    async def check() -> None:
        handler = close(b"HTTP/1.1 200 OK\r\n\r\n" + FEED)
        async with serve(handler, tls=tls.server) as server, fetching(tls=tls.client) as fetcher:
            response = await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK)
            assert response.body == FEED

    run(check())


def test_a_downgrade_is_followed_without_secrets(tls: Contexts) -> None:
    async def check() -> None:
        async with serve(answer(FEED)) as clear, serve(redirect(clear.url()), tls=tls.server) as secure:
            async with fetching(tls=tls.client) as fetcher:
                headers = (("Authorization", "Bearer s3cret"),)
                await fetcher.fetch(HttpRequest(url=secure.url()), allow=LOOPBACK, headers=headers)
            assert b"s3cret" in secure.heads[0]
            assert b"s3cret" not in clear.heads[0]

    run(check())
