"""Reaching hosts as a poll would, on loopback: names, the guard, certificates, and hosts that say nothing."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.fetching.fetcher import tls_context
from monitor.fetching.reaching import Reached, reach_all
from tests.fetching.fakes import LOOPBACK, FakeResolver, run
from tests.fetching.zoo import FEED, answer, serve

if TYPE_CHECKING:
    from pathlib import Path


def reach(url: str, **options: object) -> Reached:
    names = FakeResolver(feed_test=[["127.0.0.1"]])
    found = run(reach_all({url: LOOPBACK}, seconds=5, resolver=names, **options))  # type: ignore[arg-type]
    return found[url]


def test_of_an_http_host_the_name_is_looked_up() -> None:
    assert reach("http://feed.test:1/") == Reached()


@pytest.mark.parametrize(
    ("url", "words"),
    [("http://absent.test/", ""), ("http://10.0.0.1/", "private"), ("ftp://feed.test/", "only http and https")],
)
def test_what_cannot_be_reached_says_why(url: str, words: str) -> None:
    error = reach(url).error
    assert error
    assert words in error


def test_a_host_that_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        found = run(reach_all({url: LOOPBACK}, seconds=0.2))
    assert found[url].error == "no answer within 0 s"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl program is not installed")
def test_a_certificate_is_checked_and_its_end_is_told(tmp_path: Path) -> None:
    options = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 9 -subj /CN=feed.test"
    names = "subjectAltName=DNS:feed.test"
    command = ["openssl", "req", *options.split(), "-addext", names, "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    server_tls, client_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), tls_context()
    server_tls.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    client_tls.load_verify_locations(tmp_path / "cert.pem")
    resolver = FakeResolver(feed_test=[["127.0.0.1"]], other_test=[["127.0.0.1"]])

    async def check() -> list[Reached]:
        async with serve(answer(FEED), tls=server_tls) as server:
            urls = [f"https://{host}.test:{server.port}/" for host in ("feed", "other")]
            found = await reach_all(dict.fromkeys(urls, LOOPBACK), seconds=5, resolver=resolver, tls=client_tls)
            await asyncio.sleep(0)
            return [found[url] for url in urls]

    good, bad = run(check())
    assert good.expires is not None
    assert timedelta(days=8) < good.expires - datetime.now(UTC) <= timedelta(days=9)
    assert bad.error.startswith("its certificate is not accepted: Hostname mismatch")
