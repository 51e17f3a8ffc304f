"""Where a request may go: pure checks of an address and of a URL, made before anything is dialled.

The table of networks is our own because `ipaddress.is_global` differs between patch releases of Python and calls
multicast, NAT64, 6to4, site-local and IPv4-compatible addresses global on some of them.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Final, TypeAlias

import httpx

from monitor.errors import AddressRefused

if TYPE_CHECKING:
    from monitor.models import Network

Address: TypeAlias = IPv4Address | IPv6Address

# Sources: IANA special-purpose registries for IPv4 and IPv6, RFC 6890 and its updates.
_DENIED: Final[tuple[tuple[Network, str], ...]] = tuple(
    (ip_network(network), reason)
    for network, reason in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "cloud platform services"),  # Azure's, on an address that looks public
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.31.196.0/24", "AS112"),
        ("192.52.193.0/24", "automatic multicast tunnelling"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "AS112"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::/96", "IPv4-compatible"),
        ("::ffff:0:0:0/96", "IPv4-translated"),
        ("64:ff9b::/96", "NAT64"),
        ("64:ff9b:1::/48", "NAT64"),
        ("100::/64", "discard"),
        ("2001::/23", "protocol assignments"),  # Teredo, ORCHID, benchmarking
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("2620:4f:8000::/48", "AS112"),
        ("3fff::/20", "documentation"),
        ("5f00::/16", "segment routing"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
_GLOBAL_UNICAST: Final = ip_network("2000::/3")

WEB: Final = ("http", "https")
MAIL: Final = ("imap", "imaps")
_PORTS: Final = {"http": 80, "https": 443, "imap": 143, "imaps": 993}


def check_address(ip: Address, allow: tuple[Network, ...]) -> str | None:
    """Why `ip` may not be dialled, or None when it may.

    A network in `allow` opens what the table denies. An IPv4-mapped IPv6 address is judged as the IPv4 address that
    the kernel would dial.
    """
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if any(ip in network for network in allow):
        return None
    for network, reason in _DENIED:
        if ip in network:
            return reason
    if not ip.is_global or (ip.version == 6 and ip not in _GLOBAL_UNICAST):
        return "not global"
    return None


def check_url(url: httpx.URL, *, schemes: tuple[str, ...] = WEB) -> None:
    """Refuse a URL that no guarded request can be made from; the host's addresses are checked when it is dialled.

    Raises `AddressRefused`. Numeric spellings such as 2130706433 or 0x7f.1 pass: they are resolved like a name, and
    what they resolve to is checked.
    """
    if url.scheme not in schemes:
        raise AddressRefused(f"only {' and '.join(schemes)} are fetched, not {url.scheme or 'a relative address'!r}")
    try:
        named = bool(url.host)
    except UnicodeError:  # httpx decodes the punycode of a name only when it is asked for it
        raise AddressRefused("the host is no legal international name") from None
    if not named:
        raise AddressRefused("the address names no host")
    # A percent sign is an IPv6 zone or an escape: either would name another host to the resolver than to us.
    if b"%" in url.raw_host:
        raise AddressRefused("the host holds a percent sign")
    if not 1 <= port_of(url) <= 65535:
        raise AddressRefused(f"port {url.port} does not exist")


def port_of(url: httpx.URL) -> int:
    """The port that `url` means, named or by its scheme."""
    if url.port is not None:
        return url.port
    return _PORTS[url.scheme]


def host_of(url: httpx.URL | str) -> str:
    """`host:port` of a URL in its one spelling, the name of its queue and of its `HostState` row; of a mailbox's too.

    Raises `AddressRefused` when the URL cannot be fetched at all.
    """
    parsed = parse_url(url, schemes=WEB + MAIL) if isinstance(url, str) else url
    name = parsed.raw_host.decode("ascii").rstrip(".")
    ip = literal(name)
    return f"[{ip}]:{port_of(parsed)}" if ip is not None and ip.version == 6 else f"{name}:{port_of(parsed)}"


@lru_cache(maxsize=1024)
def parse_url(text: str, *, schemes: tuple[str, ...] = WEB) -> httpx.URL:
    """A checked URL; parsed once, so that what is checked is what is dialled. Raises `AddressRefused`."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        raise AddressRefused("the address is not a URL") from None
    check_url(url, schemes=schemes)
    return url


def literal(host: str) -> Address | None:
    """The address that `host` spells in its canonical form, or None when it has to be resolved."""
    try:
        return ip_address(host)
    except ValueError:
        return None
