"""The address guard: a name is resolved once, every address is checked, and only a checked one is dialled."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from typing import TYPE_CHECKING, TypeAlias

from monitor.errors import AddressRefused
from monitor.fetching.address import check_address, literal
from monitor.fetching.beside import beside
from monitor.fetching.wire import Wire

if TYPE_CHECKING:
    import ssl

    from monitor.fetching.address import Address
    from monitor.models import Network

Resolver: TypeAlias = Callable[[str], Awaitable[Sequence[str]]]
"""From an ASCII host name to its addresses as text; raises OSError when it has none."""

# A blackholed first address (broken IPv6, most often) must leave time for the next one.
ATTEMPT_SECONDS = 4.0


class SystemResolver:
    """The machine's own resolver; `limit` bounds its threads (see `beside`)."""

    def __init__(self, limit: int = 32) -> None:
        self._free = asyncio.Semaphore(limit)

    async def __call__(self, host: str) -> Sequence[str]:
        """Addresses of `host` in the order in which the system would try them. Raises `socket.gaierror`."""
        # Bytes, because Python would put a str through its IDNA codec, which raises UnicodeError.
        name = host.encode("ascii")

        def look_up() -> Sequence[str]:
            return [str(entry[4][0]) for entry in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)]

        await self._free.acquire()
        return await beside(look_up, name="resolve", ended=self._free.release)


async def checked_addresses(host: str, *, allow: tuple[Network, ...], resolver: Resolver) -> list[Address]:
    """The addresses of `host` that may be dialled, in the resolver's order; asks the resolver at most once.

    Raises `AddressRefused` when none may be, OSError when there are none.
    """
    spelt = literal(host)
    found = [spelt] if spelt is not None else [ip_address(text) for text in dict.fromkeys(await resolver(host))]
    verdicts = [(ip, check_address(ip, allow)) for ip in found]
    good = [ip for ip, reason in verdicts if reason is None]
    if not good:
        bad = ", ".join(f"{ip} ({reason})" for ip, reason in verdicts[:3])
        raise AddressRefused(f"{host} is {bad}" if bad else f"{host} has no address")
    return good


async def dial(
    host: str,
    port: int,
    *,
    allow: tuple[Network, ...],
    resolver: Resolver,
    tls: ssl.SSLContext | None,
) -> Wire:
    """A connection to a checked address of `host`; with `tls` the certificate must be that of `host`.

    Raises `AddressRefused`, or OSError (ssl.SSLError included) when no address answers.
    """
    addresses = await checked_addresses(host, allow=allow, resolver=resolver)
    return await speak(await connect(addresses, port), host, tls=tls)


async def speak(sock: socket.socket, host: str, *, tls: ssl.SSLContext | None) -> Wire:
    """A wire over a connected socket; with `tls` the certificate must be that of `host`. Raises OSError."""
    name = host.rstrip(".") if tls is not None else None
    _, wire = await asyncio.get_running_loop().create_connection(Wire, sock=sock, ssl=tls, server_hostname=name)
    return wire


async def connect(addresses: Sequence[Address], port: int) -> socket.socket:
    """A non-blocking socket that is connected to the first of the checked `addresses` that answers. Raises OSError."""
    for address in addresses[:-1]:
        with contextlib.suppress(OSError):  # TimeoutError is one
            async with asyncio.timeout(ATTEMPT_SECONDS):
                return await _connect_one(address, port)
    return await _connect_one(addresses[-1], port)


async def _connect_one(address: Address, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (str(address), port))
    except BaseException:
        sock.close()
        raise
    return sock
