"""What the tests of fetching share: a clock whose sleeps cost nothing, a fetcher for loopback, a watch on sockets."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, TypeVar

from monitor.fetching.fetcher import Fetcher
from monitor.models import FetchSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Sequence

    from monitor.fetching.dial import Resolver
    from monitor.models import HostState

T = TypeVar("T")

LOOPBACK = (ip_network("127.0.0.0/8"),)
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
# Built once: the real one reads two certificate stores.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a test's coroutine; a test that hangs fails after a minute."""

    async def bounded() -> T:
        async with asyncio.timeout(60):
            return await coroutine

    return asyncio.run(bounded())


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what the loop or the kernel does in its own time; `run` bounds it."""
    while not condition():  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(0.01)


class FakeClock:
    """Starts at NOW and advances only when somebody sleeps."""

    def __init__(self) -> None:
        self.time = NOW
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)
        await asyncio.sleep(0)


class FakeResolver:
    """Answers from a table, each time with the next of a name's answers, and remembers what it was asked."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self._answers = {name.replace("_", "."): list(given) for name, given in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        if host not in self._answers:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        given = self._answers[host]
        return given.pop(0) if len(given) > 1 else given[0]


@asynccontextmanager
async def fetching(
    *,
    clock: FakeClock | None = None,
    hosts: Iterable[HostState] = (),
    resolver: Resolver | None = None,
    tls: ssl.SSLContext = NO_TLS,
    **settings: Any,
) -> AsyncIterator[Fetcher]:
    """A fetcher without gap whose caps and deadline are small unless `settings` say otherwise."""
    bounds: dict[str, Any] = {
        "contact": "support@example.org",
        "gap": timedelta(),
        "timeout": timedelta(seconds=20),
        "wire_cap": 256 * 1024,
        "decoded_cap": 4 * 1024 * 1024,
    }
    fetcher = Fetcher(
        FetchSettings(**(bounds | settings)),
        clock=clock or FakeClock(),
        hosts=hosts,
        resolver=resolver or FakeResolver(),
        tls=tls,
    )
    try:
        yield fetcher
    finally:
        await fetcher.close()


_watching: list[list[Any]] = []


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        for seen in _watching:
            seen.append(args[1])


sys.addaudithook(_audit)  # Python has no way to take one back


@contextmanager
def connects() -> Iterator[list[Any]]:
    """Every address that this process dials meanwhile, told by the interpreter itself."""
    seen: list[Any] = []
    _watching.append(seen)
    try:
        yield seen
    finally:
        _watching.remove(seen)
