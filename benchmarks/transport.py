"""Which transport goes under httpx: CPU and wall time of conditional requests through each candidate.

`python -m benchmarks.transport` starts loopback servers in a separate process that answer 304, asks each candidate for
500 answers with 32 in flight, and prints the median and the best of 5 rounds, rounds interleaved. Three scenes: 500
hosts asked once each over TCP, the same over TLS, and 32 hosts asked in turn over kept connections. Every candidate
goes through the same address guard. The first row is what the product runs, queues and caps included; the second is its
transport alone, which is to be compared with the others.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import platform
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import httpx

from monitor.clock import SystemClock
from monitor.fetching.dial import checked_addresses
from monitor.fetching.fetcher import Fetcher
from monitor.fetching.transport import GuardedTransport
from monitor.models import FetchSettings, HttpRequest, Validators

HEADERS = {"If-None-Match": '"1"', "User-Agent": "benchmark", "Accept-Encoding": "gzip"}
ALLOW = (ip_network("127.0.0.0/8"),)
ANSWER = b'HTTP/1.1 304 Not Modified\r\nDate: Sat, 21 Nov 2026 10:00:00 GMT\r\nServer: s\r\nETag: "1"\r\n\r\n'

Ask: TypeAlias = Callable[[str], Awaitable[int]]
Candidate: TypeAlias = Callable[[ssl.SSLContext], AbstractAsyncContextManager[Ask]]


def address(number: int) -> str:
    return f"127.1.{number // 250}.{number % 250 + 1}"


async def resolve(host: str) -> list[str]:
    """Stands for DNS, at no cost: h17.bench.test is the 17th loopback address."""
    return [address(int(host.partition(".")[0][1:]))]


# ── The servers' process ────────────────────────────────────────────────────────────────────────────────────────────


class NotModified(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.held = b""

    def data_received(self, data: bytes) -> None:
        self.held += data
        while b"\r\n\r\n" in self.held:
            _, _, self.held = self.held.partition(b"\r\n\r\n")
            self.transport.write(ANSWER)


async def serve(hosts: int, certificate: str) -> None:
    """Listen on `hosts` addresses, in clear and with TLS, print both ports, and serve until the pipe closes."""
    loop = asyncio.get_running_loop()
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    ports = []
    for tls in (None, context):
        first = socket.create_server((address(0), 0), backlog=512)
        port = first.getsockname()[1]
        sockets = [first, *(socket.create_server((address(n), port), backlog=64) for n in range(1, hosts))]
        for sock in sockets:
            await loop.create_server(NotModified, sock=sock, ssl=tls)
        ports.append(port)
    print(*ports, flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


# ── Candidates ──────────────────────────────────────────────────────────────────────────────────────────────────────


def through_client(client: Any) -> Ask:
    async def ask(url: str) -> int:
        async with client.stream("GET", url, extensions={"allow": ALLOW}) as response:
            async for _ in response.aiter_raw():
                pass
            return int(response.status_code)

    return ask


@asynccontextmanager
async def product(tls: ssl.SSLContext) -> AsyncIterator[Ask]:
    settings = FetchSettings(contact="benchmark", gap=timedelta(), parallel=100)
    fetcher = Fetcher(settings, clock=SystemClock(), resolver=resolve, tls=tls)

    async def ask(url: str) -> int:
        response = await fetcher.fetch(HttpRequest(url=url), allow=ALLOW, validators=Validators(etag='"1"'))
        return response.status

    yield ask
    await fetcher.close()


@asynccontextmanager
async def own_bare(tls: ssl.SSLContext) -> AsyncIterator[Ask]:
    transport = GuardedTransport(resolver=resolve, tls=tls, wire_cap=1 << 20)

    async def ask(url: str) -> int:
        request = httpx.Request("GET", url, headers=HEADERS, extensions={"allow": ALLOW})
        response = await transport.handle_async_request(request)
        try:
            async for _ in response.aiter_raw():
                pass
        finally:
            await response.aclose()
        return response.status_code

    async with transport:
        yield ask


@asynccontextmanager
async def own_client(tls: ssl.SSLContext) -> AsyncIterator[Ask]:
    transport = GuardedTransport(resolver=resolve, tls=tls, wire_cap=1 << 20)
    async with httpx.AsyncClient(transport=transport, trust_env=False, headers=HEADERS) as client:
        yield through_client(client)


def over_httpcore(client_module: str, core_module: str) -> Candidate:
    """An httpx of either name over its own httpcore, the guard in the network backend."""

    @asynccontextmanager
    async def candidate(tls: ssl.SSLContext) -> AsyncIterator[Ask]:
        library, core = importlib.import_module(client_module), importlib.import_module(core_module)

        class Guard(core.AnyIOBackend):  # type: ignore[name-defined,misc]
            async def connect_tcp(self, host: str, port: int, **options: Any) -> Any:
                good = await checked_addresses(host, allow=ALLOW, resolver=resolve)
                return await super().connect_tcp(str(good[0]), port, **options)

        transport = library.AsyncHTTPTransport(verify=tls, trust_env=False)
        # httpx has no argument for the backend, so the pool is replaced behind its back.
        transport._pool = core.AsyncConnectionPool(  # noqa: SLF001
            ssl_context=tls, max_connections=100, max_keepalive_connections=64, network_backend=Guard()
        )
        async with library.AsyncClient(transport=transport, trust_env=False, headers=HEADERS) as client:
            yield through_client(client)

    return candidate


@asynccontextmanager
async def over_aiohttp(tls: ssl.SSLContext) -> AsyncIterator[Ask]:
    aiohttp = importlib.import_module("aiohttp")
    adapter = importlib.import_module("httpx_aiohttp")

    class Guard(aiohttp.abc.AbstractResolver):  # type: ignore[name-defined,misc]
        async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[dict[str, object]]:
            good = await checked_addresses(host, allow=ALLOW, resolver=resolve)
            return [
                {"hostname": host, "host": str(ip), "port": port, "family": family, "proto": 0, "flags": 0}
                for ip in good
            ]

        async def close(self) -> None:
            pass

    def session() -> Any:
        # DNS cache off: a cached answer would be shared by sources of different `allow`.
        connector = aiohttp.TCPConnector(resolver=Guard(), ssl=tls, use_dns_cache=False, limit=100)
        return aiohttp.ClientSession(connector=connector)

    transport = adapter.AiohttpTransport(verify=tls, trust_env=False, client=session)
    async with httpx.AsyncClient(transport=transport, trust_env=False, headers=HEADERS) as client:
        yield through_client(client)


CANDIDATES: dict[str, tuple[Candidate, tuple[str, ...]]] = {
    "the whole Fetcher over its own transport": (product, ()),
    "own transport (h11), called directly": (own_bare, ()),
    "own transport (h11), httpx.AsyncClient": (own_client, ()),
    "httpcore, httpx.AsyncClient": (over_httpcore("httpx", "httpcore"), ("httpcore",)),
    "httpx-aiohttp, httpx.AsyncClient": (over_aiohttp, ("aiohttp", "httpx_aiohttp")),
    "httpcore2, httpx2.AsyncClient": (over_httpcore("httpx2", "httpcore2"), ("httpx2", "httpcore2")),
}


# ── Rounds ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class Scene(NamedTuple):
    name: str
    url: str
    hosts: int


async def one_round(
    candidate: Candidate, scene: Scene, *, tls: ssl.SSLContext, requests: int, flight: int
) -> tuple[float, float]:
    """CPU and wall seconds of `requests` requests, each worker walking its own hosts in turn."""
    async with candidate(tls) as ask:

        async def worker(start: int) -> None:
            for number in range(start, requests, flight):
                status = await ask(scene.url.format(number % scene.hosts))
                if status != 304:
                    raise AssertionError(f"{scene.name}: HTTP {status}")

        wall, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(worker(start) for start in range(flight)))
        return time.process_time() - cpu, time.perf_counter() - wall


def missing(modules: tuple[str, ...]) -> list[str]:
    absent = []
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError:
            absent.append(name)
    return absent


def make_certificate(folder: Path) -> Path | None:
    """A key and a certificate for *.bench.test in one file, or None where openssl is not installed."""
    if shutil.which("openssl") is None:
        return None
    target = folder / "bench.pem"
    options = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=bench"
    name = "subjectAltName=DNS:*.bench.test"
    command = [
        "openssl",
        "req",
        *options.split(),
        "-addext",
        name,
        "-keyout",
        str(target),
        "-out",
        str(folder / "cert"),
    ]
    subprocess.run(command, check=True, capture_output=True)
    target.write_bytes(target.read_bytes() + (folder / "cert").read_bytes())
    return target


def measure(args: argparse.Namespace, certificate: Path | None) -> None:
    command = [sys.executable, "-m", "benchmarks.transport", "--serve", "--requests", str(args.requests)]
    tls = ssl.create_default_context()
    if certificate:
        command += ["--certificate", str(certificate)]
        tls.load_verify_locations(certificate)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        assert server.stdin
        clear, secure = server.stdout.readline().split()
        scenes = [Scene(f"{args.requests} hosts, TCP", f"http://h{{}}.bench.test:{clear}/feed", args.requests)]
        if certificate:
            scenes.append(
                Scene(f"{args.requests} hosts, TLS", f"https://h{{}}.bench.test:{secure}/feed", args.requests)
            )
        else:
            print("TLS scene left out: openssl is not installed")
        scenes.append(Scene(f"{args.flight} hosts, kept", f"http://h{{}}.bench.test:{clear}/feed", args.flight))
        table(args, scenes, tls)
        server.stdin.close()


def table(args: argparse.Namespace, scenes: list[Scene], tls: ssl.SSLContext) -> None:
    present = {}
    for name, (candidate, modules) in CANDIDATES.items():
        if absent := missing(modules):
            print(f"left out: {name}: {', '.join(absent)} not installed")
        else:
            present[name] = candidate
    print(f"{args.requests} conditional requests, {args.flight} in flight, {args.rounds} rounds, ", end="")
    print(f"Python {platform.python_version()}; CPU s median (min) / wall s median (min)")
    for scene in scenes:
        print(f"\n{scene.name}")
        seen: dict[str, list[tuple[float, float]]] = {name: [] for name in present}
        for _ in range(args.rounds):
            for name, candidate in present.items():
                run = one_round(candidate, scene, tls=tls, requests=args.requests, flight=args.flight)
                seen[name].append(asyncio.run(run))
        for name, rounds in seen.items():
            cpu, wall = zip(*rounds, strict=True)
            print(f"  {name:40} {statistics.median(cpu):6.3f} ({min(cpu):.3f}) / ", end="")
            print(f"{statistics.median(wall):6.3f} ({min(wall):.3f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--flight", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--certificate", default="", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(args.requests, args.certificate))
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(args, make_certificate(Path(folder)))


if __name__ == "__main__":
    main()
