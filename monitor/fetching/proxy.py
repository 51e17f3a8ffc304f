"""Connections through an outgoing proxy, with the guard of addresses on this side of it.

The proxy is told an address that was checked here and never a name, for http too: whatever it can reach, it cannot be
made to reach for us. TLS is spoken with the site itself, through the tunnel.
"""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Final

import httpx

from monitor.errors import AddressRefused, ConnectFailed
from monitor.fetching.dial import ATTEMPT_SECONDS, checked_addresses, connect, speak
from monitor.fetching.mapping import foreign_errors

if TYPE_CHECKING:
    import socket
    import ssl

    from monitor.fetching.address import Address
    from monitor.fetching.dial import Resolver
    from monitor.fetching.wire import Wire
    from monitor.models import Network

_PORTS: Final = {"http": 80, "socks5": 1080}
_ATTEMPTS: Final = 3  # addresses of one site that a proxy is asked for
_HEAD_CAP: Final = 16 * 1024
_STATUS: Final = re.compile(rb"HTTP/1\.[01] (\d{3})")
_WHO: Final = "the proxy"

# RFC 1928, 6
_SOCKS_REPLIES: Final = {
    1: "has failed",
    2: "does not allow this destination",
    3: "cannot reach the network",
    4: "cannot reach the host",
    5: "was refused the connection",
    6: "has waited too long",
    7: "knows no CONNECT",
    8: "does not take this sort of address",
}


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where the proxy listens; `allow` are private networks that it may itself lie in."""

    scheme: str
    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    allow: tuple[Network, ...] = ()


class _Refused(ConnectFailed):
    """The proxy does not connect us to this address; it may to another."""


def parse_proxy(text: str, *, allow: tuple[Network, ...]) -> Proxy:
    """`http://[user:password@]host[:port]` or the same with `socks5`. Raises AddressRefused, which quotes nothing."""
    try:
        url = httpx.URL(text)
        proxy = Proxy(
            scheme=url.scheme,
            host=url.raw_host.decode("ascii"),
            port=url.port or _PORTS.get(url.scheme, 0),
            user=url.username,
            password=url.password,
            allow=allow,
        )
    except (httpx.InvalidURL, ValueError):
        raise AddressRefused("the proxy's address is not a URL") from None
    if proxy.scheme not in _PORTS or not proxy.host or "%" in proxy.host or not 1 <= proxy.port <= 65535:
        raise AddressRefused("the proxy's address is not http://host:port or socks5://host:port")
    if max(len(proxy.user.encode()), len(proxy.password.encode())) > 255:
        raise AddressRefused("the proxy's user or password is too long")
    return proxy


async def dial_through(
    proxy: Proxy, host: str, port: int, *, allow: tuple[Network, ...], resolver: Resolver, tls: ssl.SSLContext | None
) -> Wire:
    """What `dial.dial` gives, by way of `proxy`. Nothing is sent before both sides' addresses are checked.

    Raises `AddressRefused`, `ConnectFailed` for what goes wrong with the proxy, and OSError.
    """
    targets = await checked_addresses(host, allow=allow, resolver=resolver)
    return await speak(await connect_through(proxy, targets, port, resolver=resolver), host, tls=tls)


async def connect_through(proxy: Proxy, targets: list[Address], port: int, *, resolver: Resolver) -> socket.socket:
    """What `dial.connect` gives, by way of `proxy`. Raises `AddressRefused` and `ConnectFailed`."""
    with foreign_errors(_WHO):
        entries = await checked_addresses(proxy.host, allow=proxy.allow, resolver=resolver)
        for target in targets[:_ATTEMPTS][:-1]:
            try:
                async with asyncio.timeout(ATTEMPT_SECONDS):
                    return await _tunnel(proxy, entries, target, port)
            except (_Refused, TimeoutError):
                continue
        return await _tunnel(proxy, entries, targets[:_ATTEMPTS][-1], port)


async def _tunnel(proxy: Proxy, entries: list[Address], target: Address, port: int) -> socket.socket:
    sock = await connect(entries, proxy.port)
    try:
        await (_ask_http if proxy.scheme == "http" else _ask_socks)(sock, proxy, target, port)
    except BaseException:
        sock.close()
        raise
    return sock


async def _ask_http(sock: socket.socket, proxy: Proxy, target: Address, port: int) -> None:
    loop = asyncio.get_running_loop()
    place = f"[{target}]:{port}" if target.version == 6 else f"{target}:{port}"
    lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
    if proxy.user or proxy.password:
        token = b64encode(f"{proxy.user}:{proxy.password}".encode()).decode("ascii")
        lines.append(f"Proxy-Authorization: Basic {token}")
    await loop.sock_sendall(sock, "\r\n".join([*lines, "", ""]).encode("ascii"))
    head = b""
    while b"\r\n\r\n" not in head:
        piece = await loop.sock_recv(sock, 4096)
        head += piece
        if not piece or len(head) > _HEAD_CAP:
            raise ConnectFailed(f"{_WHO}: its answer broke off or is too long")
    status = _STATUS.match(head)
    if status is None:
        raise ConnectFailed(f"{_WHO}: its answer is not HTTP")
    if status[1] == b"407":
        raise ConnectFailed(f"{_WHO} does not take its user and password (HTTP 407)")
    if not status[1].startswith(b"2"):
        raise _Refused(f"{_WHO} does not connect us (HTTP {status[1].decode()})")
    if not head.endswith(b"\r\n\r\n"):
        raise ConnectFailed(f"{_WHO}: it speaks before the site was asked anything")


async def _ask_socks(sock: socket.socket, proxy: Proxy, target: Address, port: int) -> None:
    """RFC 1928, and RFC 1929 where there is a user."""
    loop = asyncio.get_running_loop()
    known = bool(proxy.user or proxy.password)
    await loop.sock_sendall(sock, b"\x05\x02\x00\x02" if known else b"\x05\x01\x00")
    version, method = await _exactly(sock, 2)
    if version != 5:
        raise ConnectFailed(f"{_WHO}: its answer is not SOCKS 5")
    if method == 2 and known:
        user, password = proxy.user.encode(), proxy.password.encode()
        await loop.sock_sendall(sock, bytes([1, len(user)]) + user + bytes([len(password)]) + password)
        if (await _exactly(sock, 2))[1] != 0:
            raise ConnectFailed(f"{_WHO} does not take its user and password")
    elif method != 0:
        raise ConnectFailed(f"{_WHO} wants another login than the one that is given")
    sort = 1 if isinstance(target, IPv4Address) else 4
    await loop.sock_sendall(sock, bytes([5, 1, 0, sort]) + target.packed + port.to_bytes(2, "big"))
    version, reply, _, sort = await _exactly(sock, 4)
    if version != 5:
        raise ConnectFailed(f"{_WHO}: its answer is not SOCKS 5")
    if reply != 0:
        raise _Refused(f"{_WHO} {_SOCKS_REPLIES.get(reply, 'has failed')}")
    # What it names is the address that it dials from.
    await _exactly(sock, 2 + ({1: 4, 4: 16}.get(sort) or (await _exactly(sock, 1))[0]))


async def _exactly(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = await asyncio.get_running_loop().sock_recv(sock, count - len(data))
        if not piece:
            raise ConnectFailed(f"{_WHO}: its answer broke off")
        data += piece
    return data
