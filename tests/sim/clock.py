"""Virtual time: an event loop that jumps to the next timer, and a clock whose wall can be stepped under it."""

from __future__ import annotations

import asyncio
import selectors
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Jumping(selectors.SelectSelector):
    """Where a loop would wait, time moves on instead; nothing in a simulation comes from outside."""

    def __init__(self) -> None:
        super().__init__()
        self.elapsed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("the simulation waits for something that will never happen")
        self.elapsed += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose seconds pass only while nothing else is left to do."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds since the simulation began."""
        return self._jumping.elapsed

    def _write_to_self(self) -> None:
        """Nobody waits in `select` who would have to be woken."""

    def _process_events(self, event_list: Mapping[object, object] | list[object]) -> None:
        """There are none."""


class SimClock:
    """The clock of the machine that the monitor runs on; `step` moves its wall, the true time goes on."""

    def __init__(self, loop: VirtualLoop, began: datetime) -> None:
        self._loop = loop
        self._began = began
        self.offset = timedelta()

    def now(self) -> datetime:
        """What the machine's wall clock says."""
        return self.true_now() + self.offset

    def true_now(self) -> datetime:
        """What it is."""
        return self._began + timedelta(seconds=self._loop.time())

    def monotonic(self) -> float:
        """Seconds since the simulation began, never stepped."""
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        """Let others run for so long."""
        await asyncio.sleep(seconds)

    def step(self, by: timedelta) -> None:
        """The wall clock jumps."""
        self.offset += by
