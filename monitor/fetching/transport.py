"""The transport under `httpx`: h11 over asyncio, dialled through the address guard.

Why not httpcore or aiohttp: docs/decisions.md, measured by `python -m benchmarks.transport`. A request says which
private networks it may enter in `extensions["allow"]` and by which proxy it goes in `extensions["proxy"]`; a connection
is reused only by requests that are equal in both.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple, cast

import h11
import httpx

from monitor.fetching.address import port_of
from monitor.fetching.dial import dial
from monitor.fetching.proxy import dial_through
from monitor.fetching.wire import Connection

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

    from monitor.fetching.dial import Resolver
    from monitor.fetching.proxy import Proxy
    from monitor.models import Network

IDLE_SECONDS: Final = 15.0
IDLE_CONNECTIONS: Final = 64


class _Key(NamedTuple):
    scheme: str
    host: str
    port: int
    allow: tuple[Network, ...]
    proxy: Proxy | None


class _Idle:
    """Connections that wait for another request: one per key, each for IDLE_SECONDS, IDLE_CONNECTIONS in all."""

    def __init__(self) -> None:
        self._waiting: dict[_Key, tuple[Connection, asyncio.TimerHandle]] = {}

    def put(self, key: _Key, connection: Connection) -> None:
        self._drop(key)
        if len(self._waiting) >= IDLE_CONNECTIONS:
            self._drop(next(iter(self._waiting)))
        timer = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._drop, key)
        self._waiting[key] = connection, timer

    def take(self, key: _Key) -> Connection | None:
        if key not in self._waiting:
            return None
        connection, timer = self._waiting.pop(key)
        timer.cancel()
        if connection.quiet:
            return connection
        connection.abort()
        return None

    def close(self) -> None:
        for key in tuple(self._waiting):
            self._drop(key)

    def _drop(self, key: _Key) -> None:
        if key in self._waiting:
            connection, timer = self._waiting.pop(key)
            timer.cancel()
            connection.abort()


class _Body(httpx.AsyncByteStream):
    """The body of one answer; gives the connection back if it was read to its end, and ends it otherwise."""

    def __init__(self, connection: Connection, *, key: _Key, idle: _Idle) -> None:
        self._connection = connection
        self._key = key
        self._idle = idle

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for data in self._connection.body():
            yield data

    async def aclose(self) -> None:
        if self._connection.recycle():
            self._idle.put(self._key, self._connection)
        else:
            self._connection.abort()


class GuardedTransport(httpx.AsyncBaseTransport):
    """An `httpx` transport that dials only addresses which the guard has checked.

    `wire_cap` bounds the bytes of one answer as received. Follows no redirect, keeps no cookie, decodes no content
    encoding and reads nothing from the environment. Raises `AddressRefused`, `BodyTooLarge`, and h11's, ssl's and the
    system's own errors as they are.
    """

    def __init__(self, *, resolver: Resolver, tls: ssl.SSLContext, wire_cap: int) -> None:
        self._resolver = resolver
        self._tls = tls
        self._wire_cap = wire_cap
        self._idle = _Idle()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the answer's body is a stream that must be closed."""
        url = request.url
        allow = cast("tuple[Network, ...]", request.extensions.get("allow", ()))
        proxy = cast("Proxy | None", request.extensions.get("proxy"))
        key = _Key(url.scheme, url.raw_host.decode("ascii"), port_of(url), allow, proxy)
        # Only what may be asked twice goes over a kept connection: the server may close it just as we use it.
        kept = self._idle.take(key) if request.method in ("GET", "HEAD") else None
        if kept is not None:
            try:
                return await self._exchange(kept, key, request)
            except (OSError, h11.RemoteProtocolError):
                if not kept.unanswered:
                    raise
        return await self._exchange(await self._open(key), key, request)

    async def aclose(self) -> None:
        """Close what is idle, and let the loop finish closing it."""
        self._idle.close()
        await asyncio.sleep(0)

    async def _open(self, key: _Key) -> Connection:
        tls = self._tls if key.scheme == "https" else None
        if key.proxy is None:
            wire = await dial(key.host, key.port, allow=key.allow, resolver=self._resolver, tls=tls)
        else:
            wire = await dial_through(key.proxy, key.host, key.port, allow=key.allow, resolver=self._resolver, tls=tls)
        return Connection(wire, wire_cap=self._wire_cap)

    async def _exchange(self, connection: Connection, key: _Key, request: httpx.Request) -> httpx.Response:
        try:
            head = await connection.ask(request)
        except BaseException:
            connection.abort()
            raise
        body = _Body(connection, key=key, idle=self._idle)
        return httpx.Response(head.status_code, headers=list(head.headers), stream=body, request=request)
