"""The configuration that histories are played with, and what stands where the daemon's surroundings would."""

from __future__ import annotations

import json
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from benchmarks.alerting.texts import BRAND
from monitor.models import Lemmas
from monitor.store import Store, Writer
from monitor.store.connection import open_writer, sqlite_errors

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

T = TypeVar("T")

ROUTES: Final = """\
receivers:
  support: {urls: ["mailto://127.0.0.1:9/?from=m@monitor.test&to=s@monitor.test&mode=insecure"], language: ru}
routes:
  - match: "sentiment:negative OR influence>=70"
    to: support
"""
"""All that the benchmark configures of alerts; everything else is what sources.yaml says that says nothing."""


def sources_yaml(sources: Collection[str]) -> str:
    """A whole configuration with these sources."""
    lines = ["contact: bench@monitor.test", "sentiment: fast", f"brands: [{{name: {BRAND}}}]", "sources:"]
    lines += [
        f'  - {{name: {json.dumps(name)}, kind: feed, url: "https://source-{number}.example/feed", every: 5m}}'
        for number, name in enumerate(sorted(sources))
    ]
    return "\n".join([*lines, ROUTES])


@dataclass(slots=True)
class VirtualClock:
    """Time that the player sets."""

    moment: datetime

    def now(self) -> datetime:
        """See `Clock.now`."""
        return self.moment

    def monotonic(self) -> float:
        """See `Clock.monotonic`."""
        return self.moment.timestamp()

    async def sleep(self, seconds: float) -> None:
        """Nothing that is played waits."""
        raise AssertionError(f"somebody waits for {seconds} s")


class InlineWriter(Writer):
    """The writer without its thread, over a real database that no power cut threatens."""

    async def start(self) -> None:
        """See `Writer.start`."""
        database = open_writer(self._path)
        for pragma in ("journal_mode = MEMORY", "synchronous = OFF", "locking_mode = EXCLUSIVE", "temp_store = MEMORY"):
            database.execute(f"PRAGMA {pragma}")
        self._store = Store(database)
        self._connection: sqlite3.Connection = database.conn

    async def run(self, function: Callable[[Store], T]) -> T:
        """See `Writer.run`."""
        return self.at_once(function)

    def at_once(self, function: Callable[[Store], T]) -> T:
        """The same, for whoever does not wait."""
        assert self._store is not None
        with sqlite_errors(self._path):
            return function(self._store)

    @property
    def connection(self) -> sqlite3.Connection:
        """To see what is due, and in the end what was told."""
        return self._connection


class Dictionaries:
    """What the worker processes are asked for here: the lemmas of words, which are the words."""

    async def variants(self, words: Collection[str]) -> dict[str, frozenset[str]]:
        """See `WorkerPool.variants`."""
        return {word: frozenset({word}) for word in words}

    async def lemmatise(self, texts: Sequence[tuple[str, str, str | None]]) -> list[Lemmas]:
        """See `WorkerPool.lemmatise`."""
        return [Lemmas(title=title.lower(), text=text.lower()) for title, text, _ in texts]


class Inline(Executor):
    """Runs what it is given at once."""

    def submit(self, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """See `Executor.submit`."""
        done: Future[T] = Future()
        try:
            done.set_result(function(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - it is the caller's, as with any executor
            done.set_exception(error)
        return done
