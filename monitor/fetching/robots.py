"""robots.txt (RFC 9309): which pages for people may be read, and how slowly; asked once in 24 hours of each host.

What is kept of a file are the groups that speak of us or of everybody, so that neither its size nor the number of
robots that it names costs anything later. A file that cannot be read closes its host until it can be.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, TypeVar

from protego import Protego

from monitor.errors import AddressRefused, FetchError, RedirectRefused, RobotsRefused, StatusError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime

    from monitor.clock import Clock
    from monitor.models import HostState

P = ParamSpec("P")
S = TypeVar("S", str, bytes)
T = TypeVar("T")

PRODUCT: Final = "brand-mention-monitor"  # our product token, in the User-Agent and in robots.txt
FRESH: Final = timedelta(hours=24)
STALE: Final = timedelta(days=30)  # how long an old copy speaks for a host whose file cannot be read
SIZE: Final = 512 * 1024  # bytes of a file that are read
LONGEST_DELAY: Final = timedelta(seconds=60)

_LINE: Final = 2048  # a rule that is longer matches no address that is ever asked for
_FIRST_RETRY: Final = timedelta(minutes=1)
_LAST_RETRY: Final = timedelta(hours=6)
_TELL: Final = timedelta(minutes=20)  # longer than a visit lasts, so that its end stores what it read
_KEPT: Final = 8 * 1024 * 1024  # code points of all files together; a site may redirect to ever new hosts
_ENTRY: Final = 512  # what a host costs besides its text
_QUICK: Final = 32 * 1024  # code points that are parsed within some milliseconds

_TOKEN: Final = re.compile(r"[a-z_-]+|\*")
_RULES: Final = {"allow": "allow", "disallow": "disallow", "crawldelay": "crawl-delay"}


def ours(body: bytes) -> str:
    """The groups of a robots.txt that are for us or for everybody, each line in one spelling.

    A token is compared whole, as RFC 9309 wants it: a group for "brand" is not for us. Lines that are no rule are
    passed over, as is everything behind `SIZE`.
    """
    kept = []
    named = for_us = False
    for line in body[:SIZE].decode("utf-8-sig", "replace").splitlines():
        name, _, value = line.partition("#")[0].partition(":")
        name = re.sub(r"[\s-]", "", name[:_LINE]).lower()
        value = value.strip()
        if name == "useragent":
            token = _TOKEN.match(value.lower())
            mine = token is not None and token[0] in ("*", PRODUCT)
            for_us = mine or (named and for_us)
            named = True
            if mine:
                kept.append(f"user-agent: {token[0]}" if token else "")
        elif name in _RULES:
            named = False
            if for_us and value and len(value) <= _LINE:
                kept.append(f"{_RULES[name]}: {value}")
    return "\n".join(kept)


def read_rules(text: str, url: str) -> tuple[bool, timedelta]:
    """Whether `url` may be read, and the pause between two requests that the host asks for, at most `LONGEST_DELAY`."""
    rules = Protego.parse(text)
    seconds = rules.crawl_delay(PRODUCT) or 0.0
    delay = timedelta(seconds=min(seconds, LONGEST_DELAY.total_seconds()))
    return rules.can_fetch(url, PRODUCT), delay


@dataclass(slots=True)
class _Known:
    """What is known of one host; `text` is None where nothing was ever read."""

    text: str | None = None
    read_at: datetime | None = None
    failures: int = 0
    retry_at: datetime | None = None
    error: str = ""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def within(self, span: timedelta, now: datetime) -> bool:
        return self.read_at is not None and self.read_at <= now < self.read_at + span

    def backs_off(self, now: datetime) -> bool:
        # The second half is for a clock that was set back.
        return self.retry_at is not None and now < self.retry_at <= now + _LAST_RETRY

    def succeeded(self, text: str, now: datetime) -> None:
        self.text, self.read_at = text, now
        self.failures, self.retry_at = 0, None

    def failed(self, error: FetchError, now: datetime) -> None:
        wait = min(_FIRST_RETRY * 2 ** min(self.failures, 10), _LAST_RETRY)
        self.failures += 1
        self.retry_at, self.error = now + wait, str(error)

    @property
    def size(self) -> int:
        return _ENTRY + len(self.text or "")


async def _aside(function: Callable[Concatenate[S, P], T], text: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
    """What `function` makes of a text; beside the loop where that takes more than some milliseconds."""
    if len(text) <= _QUICK:
        return function(text, *args, **kwargs)
    return await asyncio.to_thread(function, text, *args, **kwargs)


class Robots:
    """The robots.txt of every host; `hosts` is what the last run knew. Not thread-safe."""

    def __init__(self, *, clock: Clock, hosts: Iterable[HostState] = ()) -> None:
        self._clock = clock
        self._known = {
            state.host: _Known(text=state.robots, read_at=state.robots_at)
            for state in hosts
            if state.robots is not None and state.robots_at is not None
        }

    async def delay_of(self, host: str, url: str, *, fetch: Callable[[], Awaitable[bytes]]) -> timedelta:
        """The pause that `host` asks for, where `url` on it may be read; `fetch` gets its robots.txt.

        Whoever comes while the file is being fetched waits for it. Raises `RobotsRefused`, and as they are
        `AddressRefused` and the `StatusError` of a host that names the moment before which it wants peace.
        """
        known = self._known.get(host)
        if known is None:
            self._make_room()
            known = self._known[host] = _Known()
        async with known.lock:
            now = self._clock.now()
            if not known.within(FRESH, now) and not known.backs_off(now):
                await self._read(known, fetch)
        if known.text is None or not known.within(STALE, self._clock.now()):
            raise RobotsRefused(f"{host}: robots.txt cannot be read ({known.error})", retry_at=known.retry_at)
        allowed, delay = await _aside(read_rules, known.text, url)
        if not allowed:
            raise RobotsRefused(f"{host}: robots.txt asks not to read this page")
        return delay

    async def _read(self, known: _Known, fetch: Callable[[], Awaitable[bytes]]) -> None:
        try:
            body = await fetch()
        except AddressRefused:
            raise
        except RedirectRefused:
            body = b""  # leads nowhere, which counts as having none (RFC 9309, 2.3.1.2)
        except StatusError as error:
            if error.retry_at is not None:
                raise
            if not 400 <= error.status < 500 or error.status == 429:
                known.failed(error, self._clock.now())
                return
            body = b""
        except FetchError as error:
            known.failed(error, self._clock.now())
            return
        known.succeeded(await _aside(ours, body), self._clock.now())

    def of(self, host: str) -> tuple[str | None, datetime | None]:
        """The text that is kept for `host`, and when it was read."""
        known = self._known.get(host, _Known())
        return known.text, known.read_at

    def lately_read(self) -> list[str]:
        """Hosts whose robots.txt was read so short a time ago that it may not have been stored."""
        now = self._clock.now()
        return [host for host, known in self._known.items() if known.within(_TELL, now)]

    def _make_room(self) -> None:
        """Forget the files that were read longest ago, down to half of what may be kept; they are asked for again."""
        size = sum(known.size for known in self._known.values())
        if size < _KEPT:
            return
        idle = [host for host, known in self._known.items() if not known.lock.locked()]
        for host in sorted(idle, key=lambda host: str(self._known[host].read_at or "")):
            if size < _KEPT // 2:
                return
            size -= self._known.pop(host).size
