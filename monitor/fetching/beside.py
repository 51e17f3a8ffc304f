"""Work that blocks, done beside the loop in a daemon thread of its own.

Not in the loop's executor: that has six threads here, so that six hanging calls would stop all others, and its threads
are joined at exit, so that one hanging call would delay a shutdown.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


async def beside(work: Callable[[], T], *, name: str, ended: Callable[[], object] | None = None) -> T:
    """What `work` returns or raises. `ended` is called in the loop when it is done, even where nobody waits any more.

    Cancelling does not stop the thread; the caller takes away what it blocks on.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(deliver: Callable[[], None]) -> None:
        if ended is not None:
            ended()
        if not answer.done():
            deliver()

    def run() -> None:
        try:
            result = work()
            deliver = lambda: answer.set_result(result)  # noqa: E731 - it is handed over
        except Exception as error:  # noqa: BLE001 - it is raised where somebody waits for it
            caught = error
            deliver = lambda: answer.set_exception(caught)  # noqa: E731
        # The loop may have been closed while the call was hanging.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, deliver)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await answer
