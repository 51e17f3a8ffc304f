"""One request with its redirects, within every bound: what flows call to read a source over HTTP."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import httpx

from monitor import __version__
from monitor.errors import DeadlineExceeded, RedirectRefused, StatusError
from monitor.fetching.address import host_of
from monitor.fetching.body import read_body
from monitor.fetching.dial import SystemResolver
from monitor.fetching.hosts import HostQueues
from monitor.fetching.mailbox import read_mailbox
from monitor.fetching.mapping import foreign_errors
from monitor.fetching.politeness import asked_to_wait
from monitor.fetching.redirects import first_hop, next_hop
from monitor.fetching.robots import PRODUCT, Robots
from monitor.fetching.transport import GuardedTransport
from monitor.models import HttpRequest, Response, Validators

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Iterable

    from monitor.clock import Clock
    from monitor.fetching.dial import Resolver
    from monitor.fetching.proxy import Proxy
    from monitor.fetching.redirects import Hop
    from monitor.models import FetchSettings, HostState, ImapRequest, Network

_WITH_BODY: Final = frozenset({200, 201, 202, 203})
_WITHOUT_BODY: Final = frozenset({204, 205})
# What a source may not set: how the answer is framed and encoded is this package's business.
_OURS: Final = frozenset(
    {"accept-encoding", "connection", "content-length", "host", "if-modified-since", "if-none-match", "te"}
    | {"transfer-encoding", "upgrade"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What one hop brought; `body` is read only where the status promises data."""

    status: int
    headers: httpx.Headers
    body: bytes


class Fetcher:
    """Fetches for one process: queues, connections and the TLS context are shared, bounds come from `settings`.

    `hosts` are the rows that the last run left; `resolver` and `tls` default to the machine's. Not thread-safe.
    """

    def __init__(
        self,
        settings: FetchSettings,
        *,
        clock: Clock,
        hosts: Iterable[HostState] = (),
        resolver: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        # Both log whole URLs at INFO and DEBUG, secrets in the query included.
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self.apply(settings)
        rows = tuple(hosts)
        self._queues = HostQueues(clock=clock, gap=settings.gap, hosts=rows)
        self._robots = Robots(clock=clock, hosts=rows)
        self._clock = clock
        self._resolver = resolver or SystemResolver()
        self._mail_tls = tls
        self._transport = GuardedTransport(
            resolver=self._resolver, tls=tls or tls_context(), wire_cap=settings.wire_cap
        )

    def apply(self, settings: FetchSettings) -> None:
        """Take over changed bounds for the fetches to come; queues, and what hosts asked for, stay.

        The cap on the wire stays as it was first given.
        """
        self._settings = settings
        self._user_agent = f"{PRODUCT}/{__version__} (+{settings.contact})"
        self._parallel = asyncio.Semaphore(settings.parallel)

    async def fetch(
        self,
        request: HttpRequest,
        *,
        allow: tuple[Network, ...] = (),
        validators: Validators = Validators(),  # noqa: B008 - frozen
        headers: tuple[tuple[str, str], ...] = (),
        gap: timedelta | None = None,
        roam: bool = True,
        proxy: Proxy | None = None,
    ) -> Response:
        """The whole answer to `request`, after at most `settings.redirects` redirects.

        `allow` opens private networks, without `roam` only for the origin of `request` itself; `validators` are what
        the last answer gave, `headers` are the source's own with secrets resolved (those of the request win), `gap`
        replaces `settings.gap`, and everything goes by way of `proxy`. `Response.elapsed` and the deadline leave out
        what politeness waits. A page for people is asked for only where robots.txt lets us, redirects too.
        Raises a `FetchError`; a `StatusError` without any request when the host has asked for peace, with the moment in
        `retry_at`.
        """
        gap = self._settings.gap if gap is None else gap
        hop = first_hop(request, headers)
        origin = hop.origin
        spent = 0.0
        seen = set()
        for _ in range(self._settings.redirects + 1):
            if (hop.method, hop.url) in seen:
                raise RedirectRefused(f"{host_of(hop.url)}: the redirects go in a circle")
            seen.add((hop.method, hop.url))
            opened = allow if roam or hop.origin == origin else ()
            if request.for_people:
                await self._heed_robots(hop.url, allow=opened, gap=gap, proxy=proxy)
            left = self._settings.timeout.total_seconds() - spent
            answer, seconds = await self._take_turn(
                hop, allow=opened, validators=validators, gap=gap, left=left, proxy=proxy
            )
            spent += seconds
            location = next(iter(answer.headers.get_list("location")), None)
            following = next_hop(hop, status=answer.status, location=location)
            if following is None:
                return _response(hop, answer, validators=validators, elapsed=timedelta(seconds=spent))
            hop = following
        raise RedirectRefused(f"{host_of(hop.url)}: more than {self._settings.redirects} redirects")

    def leave_alone(self, url: str, wait: timedelta) -> None:
        """No request to the host of `url` for so long: its answer asked for it in the body."""
        host = host_of(url)
        self._queues.defer(host, status=429, retry_at=self._clock.now() + wait)

    async def fetch_mail(
        self,
        request: ImapRequest,
        *,
        allow: tuple[Network, ...] = (),
        gap: timedelta | None = None,
        proxy: Proxy | None = None,
    ) -> Response:
        """The messages of a mailbox that `request` asks for, in one exchange that takes its turn as any other.

        Fewer than asked for where they are more than the cap on the wire together. Raises a `FetchError`,
        `LoginRefused` or `Malformed`.
        """
        host = host_of(request.url)
        gap = self._settings.gap if gap is None else gap
        if self._mail_tls is None:  # most installations read no mailbox
            self._mail_tls = tls_context(protocol="imap")
        async with self._queues.turn(host, gap=gap), self._parallel:
            started = asyncio.get_running_loop().time()
            async with self._bounded(host, self._settings.timeout.total_seconds()):
                response = await read_mailbox(
                    request,
                    allow=allow,
                    resolver=self._resolver,
                    tls=self._mail_tls,
                    cap=self._settings.wire_cap,
                    proxy=proxy,
                )
            return replace(response, elapsed=timedelta(seconds=asyncio.get_running_loop().time() - started))

    def state_of(self, host: str) -> HostState:
        """What is to be remembered of a host, named as `address.host_of` names it."""
        robots, robots_at = self._robots.of(host)
        return replace(self._queues.state_of(host), robots=robots, robots_at=robots_at)

    def host_states(self) -> tuple[HostState, ...]:
        """Every host that is to be left alone for some time yet, or whose robots.txt was read lately."""
        hosts = dict.fromkeys([*(state.host for state in self._queues.states()), *self._robots.lately_read()])
        return tuple(map(self.state_of, hosts))

    async def close(self) -> None:
        """Close idle connections. Fetches under way are the caller's to cancel."""
        await self._transport.aclose()

    async def _heed_robots(
        self, url: httpx.URL, *, allow: tuple[Network, ...], gap: timedelta, proxy: Proxy | None
    ) -> None:
        """Raise `RobotsRefused` where the host wants nobody to read `url`; slow down where it asks for it."""
        address = str(url.copy_with(raw_path=b"/robots.txt"))

        async def fetch() -> bytes:
            return (await self.fetch(HttpRequest(url=address), allow=allow, gap=gap, proxy=proxy)).body

        host = host_of(url)
        self._queues.slow_down(host, delay=await self._robots.delay_of(host, str(url), fetch=fetch))

    async def _take_turn(
        self,
        hop: Hop,
        *,
        allow: tuple[Network, ...],
        validators: Validators,
        gap: timedelta,
        left: float,
        proxy: Proxy | None,
    ) -> tuple[_Answer, float]:
        """One hop and the seconds that it took on the wire; raises `StatusError` for a status of 400 and more."""
        host = host_of(hop.url)
        loop = asyncio.get_running_loop()
        async with self._queues.turn(host, gap=gap), self._parallel:
            started = loop.time()
            async with self._bounded(host, left):
                answer = await self._exchange(hop, allow=allow, validators=validators, proxy=proxy)
            if answer.status >= 400:
                retry_at = asked_to_wait(answer.status, answer.headers, self._clock.now())
                if retry_at is not None:
                    self._queues.defer(host, status=answer.status, retry_at=retry_at)
                raise StatusError(answer.status, retry_at=retry_at)
            return answer, loop.time() - started

    @asynccontextmanager
    async def _bounded(self, host: str, left: float) -> AsyncIterator[None]:
        """What happens on the wire within `left` seconds, and with our errors."""
        try:
            async with asyncio.timeout(left):
                with foreign_errors(host):
                    yield
        except TimeoutError:
            raise DeadlineExceeded(f"{host}: not done in {self._settings.timeout.total_seconds():g} s") from None

    async def _exchange(
        self, hop: Hop, *, allow: tuple[Network, ...], validators: Validators, proxy: Proxy | None
    ) -> _Answer:
        response = await self._transport.handle_async_request(
            httpx.Request(
                hop.method,
                hop.url,
                headers=self._headers(hop, validators),
                content=hop.body,
                extensions={"allow": allow, "proxy": proxy},
            )
        )
        try:
            body = b""
            if response.status_code in _WITH_BODY and hop.method != "HEAD":
                body = await read_body(
                    response, wire_cap=self._settings.wire_cap, decoded_cap=self._settings.decoded_cap
                )
            return _Answer(status=response.status_code, headers=response.headers, body=body)
        finally:
            await response.aclose()

    def _headers(self, hop: Hop, validators: Validators) -> list[tuple[bytes, bytes]]:
        """Headers as bytes: ours, then the source's own in place of what it may replace."""
        chosen = {"user-agent": self._user_agent, "accept": "*/*"}
        chosen |= {name.lower(): value for name, value in hop.headers if name.lower() not in _OURS}
        encoded = [(name.encode(), value.encode()) for name, value in chosen.items()]
        encoded.append((b"accept-encoding", b"gzip"))
        if hop.method in ("GET", "HEAD"):
            for name, validator in (
                (b"if-none-match", validators.etag),
                (b"if-modified-since", validators.last_modified),
            ):
                if validator is not None:
                    # Latin-1 both ways gives back the very bytes that the server sent.
                    encoded.append((name, validator.encode("latin-1")))
        return encoded


def tls_context(*, protocol: str = "http/1.1") -> ssl.SSLContext:
    """Verifies against httpx's bundle and the machine's own store, so that a private CA needs no setting here.

    `protocol` is what is spoken, as ALPN names it.
    """
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    context.set_alpn_protocols([protocol])
    return context


def _response(hop: Hop, answer: _Answer, *, validators: Validators, elapsed: timedelta) -> Response:
    """The answer in our terms. Raises `StatusError` for a status that carries no data."""
    asked = validators != Validators() and hop.method in ("GET", "HEAD")
    not_modified = answer.status == 304 and asked
    if not not_modified and answer.status not in _WITH_BODY | _WITHOUT_BODY:
        raise StatusError(answer.status)
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers.raw)
    response = Response(
        url=str(hop.url),
        status=answer.status,
        headers=headers,
        body=answer.body,
        validators=validators,
        not_modified=not_modified,
        elapsed=elapsed,
    )
    if not_modified:
        return response
    return replace(
        response, validators=Validators(etag=response.header("etag"), last_modified=response.header("last-modified"))
    )
