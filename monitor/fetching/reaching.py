"""Whether a host can be reached as a poll would: its name, its addresses through the guard, its certificate."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from monitor.errors import AddressRefused
from monitor.fetching.address import MAIL, WEB, parse_url, port_of
from monitor.fetching.dial import SystemResolver, checked_addresses, dial
from monitor.fetching.fetcher import tls_context

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.fetching.dial import Resolver
    from monitor.models import Network

_AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True)
class Reached:
    """What came of one host: `error` is empty where it was reached; `expires` is None without TLS."""

    error: str = ""
    expires: datetime | None = None


async def reach_all(
    urls: Mapping[str, tuple[Network, ...]],
    *,
    seconds: float,
    resolver: Resolver | None = None,
    tls: ssl.SSLContext | None = None,
) -> dict[str, Reached]:
    """Reach the host of each URL, given with the private networks that it may lie in; each for at most `seconds`.

    Sends nothing after the TLS handshake; of hosts without TLS only the name is looked up.
    """
    looking, context, places = resolver or SystemResolver(), tls or tls_context(), asyncio.Semaphore(_AT_ONCE)

    async def one(url: str, allow: tuple[Network, ...]) -> Reached:
        async with places:
            try:
                async with asyncio.timeout(seconds):
                    return await _reach(url, allow, looking, context)
            except TimeoutError:
                return Reached(error=f"no answer within {seconds:.0f} s")
            except ssl.SSLCertVerificationError as error:
                return Reached(error=f"its certificate is not accepted: {error.verify_message}")
            except (OSError, AddressRefused) as error:
                return Reached(error=str(error) or type(error).__name__)

    found = await asyncio.gather(*(one(url, allow) for url, allow in urls.items()))
    return dict(zip(urls, found, strict=True))


async def _reach(text: str, allow: tuple[Network, ...], resolver: Resolver, tls: ssl.SSLContext) -> Reached:
    url = parse_url(text, schemes=WEB + MAIL)
    host = url.raw_host.decode("ascii")
    if url.scheme not in ("https", "imaps"):
        await checked_addresses(host, allow=allow, resolver=resolver)
        return Reached()
    wire = await dial(host, port_of(url), allow=allow, resolver=resolver, tls=tls)
    try:
        certificate = wire.transport.get_extra_info("peercert") or {}
    finally:
        wire.transport.abort()
    until = certificate.get("notAfter")
    return Reached(expires=datetime.fromtimestamp(ssl.cert_time_to_seconds(until), UTC) if until else None)
