"""What goes out with a request of a visit, and what is taken out of its answer: secrets, logins, private networks.

Pages are written by strangers. Only the source's own origin (scheme, host and port) gets what the configuration says
of the source; and no kind is ever given the value of a secret, because what a kind reads is stored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from monitor.config.secrets import MIN_LENGTH, references
from monitor.errors import AddressRefused
from monitor.fetching.address import host_of, parse_url
from monitor.fetching.proxy import parse_proxy
from monitor.models import ImapRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from monitor.flows.ports import Plan, Ports
    from monitor.models import HttpRequest, Request, Response, Source, Validators

TOKEN: Final = (
    8  # characters of a secret that is looked for in body and headers: a shorter one may be a word that people write
)

_LOGIN: Final = re.compile(r"(https?://)([^/?#]*@)?", re.IGNORECASE)
_ORIGIN: Final = re.compile(r"[^/?#]*//[^/?#]*")


async def ask(
    request: Request, *, source: Source, first: str, ports: Ports, plan: Plan, validators: Validators
) -> Response:
    """The answer to a request of a visit that began at `first`, without secrets. Raises SourceError.

    The source's own origin gets its headers, the login of its address and those secrets that its address names, and
    only there do the networks in `allow` hold; after a redirect to another origin only for `first` itself.
    """
    known = {*references(source.url), *references(first)}
    options = set(_references_in(source.options))
    proxy = parse_proxy(plan.reveal(source.proxy), allow=source.allow) if source.proxy else None
    if isinstance(request, ImapRequest):
        mail = _revealed_mail(request, plan.reveal)
        response = await ports.fetcher.fetch_mail(mail, allow=source.allow, proxy=proxy)
        return _without_secrets(response, [(plan.reveal(one), one) for one in options | known], asked=request.url)
    if request.with_secrets:
        known |= options
    address = plan.reveal(request.url) if known.issuperset(references(request.url)) else request.url
    is_own = is_same_origin(address, plan.reveal(first))
    if not is_own and not request.with_secrets:
        address = request.url
    elif is_own and not any(name.lower() == "authorization" for name, _ in request.headers):
        address = _with_login(address, plan.reveal(first))
    response = await ports.fetcher.fetch(
        replace(_revealed(request, options, plan.reveal), url=address, for_people=request.for_people and source.robots),
        allow=source.allow if is_own or request.with_secrets else (),
        headers=tuple((name, plan.reveal(value)) for name, value in source.headers) if is_own else (),
        validators=validators,
        roam=request.url == first,  # a link to the source's own site may be a stranger's, and redirect anywhere
        proxy=proxy,
    )
    if response.url == address:
        response = replace(response, url=request.url)
    spelt = {*known, *options, *(reference for _, value in source.headers for reference in references(value))}
    return _without_secrets(response, [(plan.reveal(one), one) for one in spelt], asked=request.url)


def _revealed(request: HttpRequest, options: Collection[str], reveal: Callable[[str], str]) -> HttpRequest:
    """The request with the secrets of the kind's options in headers and body, where the kind made all of it."""
    if not request.with_secrets:
        return request
    body = request.body
    for reference in options:
        body = body.replace(reference.encode(), reveal(reference).encode()) if body else body
    return replace(request, headers=tuple((name, reveal(value)) for name, value in request.headers), body=body)


def _revealed_mail(request: ImapRequest, reveal: Callable[[str], str]) -> ImapRequest:
    return replace(request, url=reveal(request.url), user=reveal(request.user), password=reveal(request.password))


def _references_in(value: object) -> Iterator[str]:
    """The secret references in a kind's options, however deep they stand."""
    if isinstance(value, str):
        yield from references(value)
    elif isinstance(value, Mapping):
        yield from _references_in(tuple(value.items()))
    elif isinstance(value, tuple | list | frozenset):
        for part in value:
            yield from _references_in(part)
    elif is_dataclass(value) and not isinstance(value, type):
        yield from _references_in(tuple(getattr(value, option.name) for option in fields(value)))


def is_same_origin(one: str, other: str) -> bool:
    """Whether two addresses lead to the same scheme, host and port; two that lead nowhere do."""
    return _origin(one) == _origin(other)


def _origin(url: str) -> tuple[str, str] | None:
    try:
        return parse_url(url).scheme, host_of(url)
    except AddressRefused:
        return None


def _with_login(url: str, first: str) -> str:
    """`url` with the user and password of `first`, where it has none of its own."""
    login, own = _LOGIN.match(first), _LOGIN.match(url)
    if login is None or own is None or not login[2] or own[2]:
        return url
    return own[1] + login[2] + url[own.end() :]


def _without_secrets(response: Response, secrets: Iterable[tuple[str, str]], *, asked: str) -> Response:
    """The answer with the names of secrets in place of their values; `asked` is its address where that fails."""
    secrets = [(value, name) for value, name in secrets if value != name and len(value) >= MIN_LENGTH]
    url, body, headers = response.url, response.body, response.headers
    for value, name in secrets:
        named = _ORIGIN.match(asked)
        start = _ORIGIN.match(url)
        # A host is public unless the configuration hides it; a short secret may well be a part of one.
        place = 0 if named is None or name in named[0] or start is None else start.end()
        rest = url[place:]
        for spelling in _spellings(value):
            rest = re.sub(re.escape(spelling), lambda _, name=name: name, rest, flags=re.IGNORECASE)  # type: ignore[misc]
        url = url[:place] + rest
        if _holds(url[place:], value):
            url = asked
        if len(value) >= TOKEN:
            for spelling in _spellings(value):
                body = body.replace(spelling.encode(), name.encode())
                headers = tuple((header, text.replace(spelling, name)) for header, text in headers)
    return replace(response, url=url, body=body, headers=headers)


def _spellings(value: str) -> list[str]:
    """How a value may stand in an address, longest first."""
    found = {value, quote(value, safe=""), quote(value), quote(value, safe="!$&'()*+,;=:/?@"), quote_plus(value)}
    return sorted(found, key=len, reverse=True)


def _holds(url: str, value: str) -> bool:
    wanted = {value.casefold(), unquote(value).casefold()}
    read = {url.casefold(), unquote(url).casefold(), unquote_plus(url).casefold()}
    return any(one in text for one in wanted for text in read)
