"""The hops of one fetch, pure: where a redirect leads, and what of the request may go there."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import httpx

from monitor.errors import RedirectRefused
from monitor.fetching.address import check_url, parse_url, port_of

if TYPE_CHECKING:
    from monitor.models import HttpRequest

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
# Which of a source's own headers are secret cannot be told by their names, so only these cross an origin.
_HARMLESS: Final = frozenset({"accept", "accept-language", "user-agent"})
_OF_A_BODY: Final = frozenset({"content-type", "content-language"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One request of a fetch; `url` has neither userinfo nor fragment, header values may be secret."""

    url: httpx.URL
    method: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)

    @property
    def origin(self) -> tuple[str, bytes, int]:
        """Scheme, host and port: what secrets belong to."""
        return self.url.scheme, self.url.raw_host, port_of(self.url)


def first_hop(request: HttpRequest, headers: tuple[tuple[str, str], ...]) -> Hop:
    """The request as configured; `user:password@` in its URL becomes an Authorization header.

    Raises `AddressRefused` for a URL that cannot be fetched.
    """
    url = parse_url(request.url)
    own = (*headers, *request.headers)
    if url.userinfo:
        token = b64encode(f"{url.username}:{url.password}".encode()).decode("ascii")
        own = (*own, ("Authorization", f"Basic {token}"))
    return Hop(url=_bare_address(request.url), method=request.method.upper(), headers=own, body=request.body)


def next_hop(hop: Hop, *, status: int, location: str | None) -> Hop | None:
    """Where an answer of `status` to `hop` leads, or None when it is no redirect.

    Raises `RedirectRefused` for a target that is missing or cannot be followed, `AddressRefused` never: addresses are
    checked when they are dialled.
    """
    if status not in _REDIRECTS:
        return None
    if location is None:
        raise RedirectRefused("the redirect names no target")
    following = replace(hop, url=_target(hop.url, location))
    if status == 303 or (status in (301, 302) and hop.method == "POST"):
        kept = tuple(header for header in hop.headers if header[0].lower() not in _OF_A_BODY)
        following = replace(following, method="HEAD" if hop.method == "HEAD" else "GET", headers=kept, body=None)
    if following.origin == hop.origin:
        return following
    if following.body is not None:
        raise RedirectRefused("the redirect would send the request's body to another site")
    return replace(following, headers=tuple(header for header in following.headers if header[0].lower() in _HARMLESS))


def _target(base: httpx.URL, location: str) -> httpx.URL:
    try:
        url = base.join(location)
    except (httpx.InvalidURL, ValueError):
        raise RedirectRefused("the redirect's target is not a URL") from None
    if url.scheme not in ("http", "https"):
        raise RedirectRefused(f"the redirect leads to {url.scheme}:, not to http or https")
    if url.userinfo:
        raise RedirectRefused("the redirect's target carries a user name")
    check_url(url)
    return _bare(url)


@lru_cache(maxsize=1024)
def _bare_address(text: str) -> httpx.URL:
    return _bare(parse_url(text))


def _bare(url: httpx.URL) -> httpx.URL:
    return url.copy_with(userinfo=b"", fragment=None)
