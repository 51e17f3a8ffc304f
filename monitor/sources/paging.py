"""Addresses of further pages: parameters set in the source's own address, and addresses that answers give.

An answer is written by strangers: an address in it is asked only where it leads to the source's own host, and only
with those secret references that the source's address itself holds. References stay as they are spelt.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote_plus, urljoin, urlsplit, urlunsplit

from monitor.text import URL_CAP, clean_url, safe_text

if TYPE_CHECKING:
    from monitor.models import Response

_REFERENCE: Final = re.compile(r"\$\{[^{}]*\}?")
_LINK: Final = re.compile(r"<([^<>]{1,8192})>((?:\s*;\s*[\w*-]+\s*=\s*(?:\"[^\"]*\"|[^\s,;\"<>]*))*)")
_REL: Final = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s,;\"]*))", re.IGNORECASE)
_DEFAULT_PORT: Final = {"http": ":80", "https": ":443"}


def with_parameter(url: str, name: str, value: str) -> str:
    """The address with one parameter of its query set; all else stays as it is spelt, the fragment is dropped."""
    url = url.partition("#")[0]
    head, _, query = url.partition("?")
    kept = [part for part in query.split("&") if part and unquote_plus(part.partition("=")[0]) != name]
    kept.append(f"{quoted(name)}={quoted(value)}")
    return f"{head}?{'&'.join(kept)}"


def quoted(value: str, safe: str = "") -> str:
    """A value as it stands in a query or a piece of a path; the signs in `safe` stay as they are."""
    return quote(value, safe=safe, errors="replace")


def own_address(link: str, base: str, home: str) -> str | None:
    """An address that an answer gave, relative to `base`, where it leads to the host of `home`; None elsewhere.

    It is asked in the scheme of `home`: many a site behind a proxy does not know its own.
    """
    if len(link) > URL_CAP or not {*_REFERENCE.findall(link)} <= {*_REFERENCE.findall(home)}:
        return None
    url = clean_url(link, base)
    if url is None:
        return None
    one, other = urlsplit(url), urlsplit(home)
    host, own = (_host(parts.scheme, parts.netloc) for parts in (one, other))
    if host != own:
        return None
    return urlunsplit(one._replace(scheme=other.scheme, netloc=other.netloc.rpartition("@")[2]))


def _host(scheme: str, netloc: str) -> str:
    return netloc.rpartition("@")[2].lower().removesuffix(_DEFAULT_PORT.get(scheme.lower(), ""))


def host_in(link: str, base: str) -> str:
    """The host to which an address in an answer leads, for messages: its path and query may hold secrets."""
    url = clean_url(link, base)
    return safe_text(_host("", urlsplit(url).netloc)) if url else "no address"


def next_link(response: Response) -> str | None:
    """The address that the Link header calls next (RFC 8288), absolute, or None."""
    for name, value in response.headers:
        if name != "link":
            continue
        for address, parameters in _LINK.findall(value[: 4 * URL_CAP]):
            rel = _REL.search(parameters)
            if rel and "next" in (rel[1] or rel[2]).lower().split():
                try:
                    return urljoin(response.url, str(address))
                except ValueError:
                    return None
    return None
