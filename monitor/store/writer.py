"""The writer thread: makes the one writing connection, and is the only one ever to use it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from monitor.store.connection import open_writer, sqlite_errors
from monitor.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")


class Writer:
    """Runs functions of the store, one after the other, in a thread of its own.

    A function given to `run` sees the store alone: what it reads is still so when it writes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")
        self._store: Store | None = None

    async def start(self) -> None:
        """Open the file and migrate it. Raises StoreError and its kin."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._open)

    def _open(self) -> None:
        self._store = Store(open_writer(self._path))

    async def run(self, function: Callable[[Store], T]) -> T:
        """What `function(store)` returns; its exceptions come through, sqlite3's as StoreError."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._call, function)

    def _call(self, function: Callable[[Store], T]) -> T:
        if self._store is None:
            raise RuntimeError("Writer.start() was not awaited")
        with sqlite_errors(self._path):
            return function(self._store)

    async def close(self) -> None:
        """Finish what was given to `run`, checkpoint and close the file."""
        if self._store is not None:
            await self.run(Store.close)
        self._thread.shutdown(wait=True)
