"""One queue per host:port: requests go in the order in which they came, one at a time, with a gap between them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from monitor.errors import StatusError
from monitor.fetching.politeness import wait_before
from monitor.models import HostState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from datetime import datetime

    from monitor.clock import Clock

_FORGET_FROM: Final = 1024  # a site may redirect each visit to a new host name


@dataclass(slots=True)
class _Queue:
    gap: timedelta
    delay: timedelta = timedelta()
    next_at: datetime | None = None
    retry_at: datetime | None = None
    retry_mono: float | None = None  # the same on the clock that nobody sets; unknown of what the last run left
    status: int = 429
    users: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def asked_to_wait(self, now: datetime, monotonic: float) -> timedelta | None:
        """How long the host wants to be left alone yet; a wall clock that is set forward shortens nothing."""
        if self.retry_mono is not None:
            left = timedelta(seconds=self.retry_mono - monotonic)
        else:
            left = self.retry_at - now if self.retry_at is not None else timedelta()
        return left if left > timedelta() else None

    def constrains(self, now: datetime) -> bool:
        # Asked of every host at the end of every poll.
        return (self.next_at is not None and self.next_at > now) or (self.retry_at is not None and self.retry_at > now)


class HostQueues:
    """Queues by host; `hosts` is what the last run knew of them, `gap` the pause that was usual then."""

    def __init__(self, *, clock: Clock, gap: timedelta, hosts: Iterable[HostState] = ()) -> None:
        self._clock = clock
        self._queues = {state.host: _Queue(gap=gap, next_at=state.next_at, retry_at=state.retry_at) for state in hosts}
        self._forget_at = max(_FORGET_FROM, 2 * len(self._queues))

    @asynccontextmanager
    async def turn(self, host: str, *, gap: timedelta) -> AsyncIterator[None]:
        """Hold the host for one request; `gap`, or what the host asked for, separates its end from the next start.

        Raises `StatusError` at once, without a request, while the host has asked not to be bothered.
        """
        queue = self._queue(host, gap)
        queue.users += 1
        try:
            async with queue.lock:
                now = self._clock.now()
                if (left := queue.asked_to_wait(now, self._clock.monotonic())) is not None:
                    raise StatusError(queue.status, retry_at=now + left)
                pause = wait_before(queue.next_at, now, gap=max(queue.gap, queue.delay))
                if pause:
                    await self._clock.sleep(pause.total_seconds())
                try:
                    yield
                finally:
                    queue.gap = max(gap, queue.delay)
                    queue.next_at = self._clock.now() + queue.gap
        finally:
            queue.users -= 1

    def defer(self, host: str, *, status: int, retry_at: datetime) -> None:
        """No request to `host` before `retry_at`, which it asked for with `status`; a longer wait it named stays."""
        queue, now = self._queue(host, timedelta()), self._clock.now()
        asked = queue.asked_to_wait(now, self._clock.monotonic())
        if asked is not None and asked >= retry_at - now:
            return
        queue.status = status
        queue.retry_at = retry_at
        queue.retry_mono = self._clock.monotonic() + (retry_at - now).total_seconds()

    def slow_down(self, host: str, *, delay: timedelta) -> None:
        """From now on at least `delay` between two requests to `host`, which its robots.txt asks for."""
        self._queue(host, delay).delay = delay

    def state_of(self, host: str) -> HostState:
        """What is to be remembered of `host`."""
        queue = self._queues.get(host)
        if queue is None:
            return HostState(host=host)
        return HostState(host=host, next_at=queue.next_at, retry_at=queue.retry_at)

    def states(self) -> tuple[HostState, ...]:
        """Every host that is to be left alone for some time yet."""
        now = self._clock.now()
        return tuple(self.state_of(host) for host, queue in self._queues.items() if queue.constrains(now))

    def _queue(self, host: str, gap: timedelta) -> _Queue:
        if host not in self._queues:
            if len(self._queues) >= self._forget_at:
                self._forget()
            self._queues[host] = _Queue(gap=gap)
        return self._queues[host]

    def _forget(self) -> None:
        now = self._clock.now()
        self._queues = {host: queue for host, queue in self._queues.items() if queue.users or queue.constrains(now)}
        self._forget_at = max(_FORGET_FROM, 2 * len(self._queues))
