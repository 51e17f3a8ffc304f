"""Outgoing proxies on loopback: HTTP CONNECT and SOCKS 5, with a login if one is given, which note whom they reach."""

from __future__ import annotations

import asyncio
import contextlib
from base64 import b64encode
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass
class ProxyServer:
    """`refusal` is a status or a SOCKS reply in place of a connection; `raw` is sent in place of any answer."""

    scheme: str
    user: str = ""
    password: str = ""
    refusal: int = 0
    refused: frozenset[str] = frozenset()
    raw: bytes | None = None
    port: int = 0
    reached: list[str] = field(default_factory=list)
    connections: int = 0

    def url(self, login: str = "") -> str:
        return f"{self.scheme}://{login}{'@' if login else ''}127.0.0.1:{self.port}"

    async def admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, int] | None:
        """The place that the client asks for, if it may have it."""
        if self.raw is not None:
            writer.write(self.raw)
            return None
        return await (self._http(reader, writer) if self.scheme == "http" else self._socks(reader, writer))

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, int] | None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, place, _ = head.split("\r\n")[0].split(" ")
        assert method == "CONNECT"
        token = b64encode(f"{self.user}:{self.password}".encode()).decode()
        if self.user and f"Proxy-Authorization: Basic {token}\r\n" not in head:
            writer.write(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\n\r\n")
            return None
        self.reached.append(place)
        host, _, port = place.rpartition(":")
        if self.refusal or host in self.refused:
            writer.write(b"HTTP/1.1 %d No\r\nContent-Length: 2\r\n\r\nno" % (self.refusal or 502))
            return None
        writer.write(b"HTTP/1.0 200 Connected\r\nVia: ours\r\n\r\n")
        return host.strip("[]"), int(port)

    async def _socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, int] | None:
        _, count = await reader.readexactly(2)
        methods = await reader.readexactly(count)
        method = 2 if self.user else 0
        writer.write(bytes([5, method if method in methods else 255]))
        if method not in methods:
            return None
        if method == 2:
            _, size = await reader.readexactly(2)
            user = await reader.readexactly(size)
            password = await reader.readexactly((await reader.readexactly(1))[0])
            good = (user, password) == (self.user.encode(), self.password.encode())
            writer.write(b"\x01\x00" if good else b"\x01\x01")
            if not good:
                return None
        _, _, _, sort = await reader.readexactly(4)
        assert sort in (1, 4), "a name was sent"
        packed = await reader.readexactly(4 if sort == 1 else 16)
        ip = IPv4Address(packed) if sort == 1 else IPv6Address(packed)
        port = int.from_bytes(await reader.readexactly(2), "big")
        self.reached.append(f"{ip}:{port}")
        reply = self.refusal or (5 if str(ip) in self.refused else 0)
        writer.write(bytes([5, reply, 0, 3, 4]) + b"ours" + b"\0\0")
        return None if reply else (str(ip), port)


@asynccontextmanager
async def proxy_server(server: ProxyServer) -> AsyncIterator[ProxyServer]:
    """Run `server` on a free port."""
    clients: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        clients.add(task)
        server.connections += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            place = await server.admit(reader, writer)
            await writer.drain()
            if place is not None:
                theirs, ours = await asyncio.open_connection(*place)
                try:
                    await asyncio.gather(pump(reader, ours), pump(theirs, writer))
                finally:
                    ours.transport.abort()
        writer.close()

    listener = await asyncio.start_server(client, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients)
        await listener.wait_closed()
