"""Processes that do one thing after the other and are killed when one takes too long.

Each thing that was asked has a thread that owns a process until the answer is there. So it ends with the answer, with
the death of the process or at its deadline, when the process is killed; nothing can be lost between the two.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import signal
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple, Self, TypeVar

from monitor.errors import MonitorError, WorkerKilled, WorkersStopped

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

T = TypeVar("T")

START_DEADLINE: Final = 60.0  # seconds until a process has loaded what it needs
MEMORY_CAP: Final = 2 * 1024**3  # bytes of address space; a process that wants more dies instead of the machine

_CONTEXT: Final = multiprocessing.get_context("spawn")
_STARTING: Final = threading.Lock()
"""The standard library keeps count of its children without one."""


class Setup(NamedTuple):
    """What makes a process ready: `begin(*given)` runs in it once, before the first thing that it is asked."""

    begin: Callable[..., None]
    given: tuple[object, ...] = ()

    def is_as(self, other: Setup | None) -> bool:
        """Whether it is the very same: brands and weights are not compared one by one."""
        return (
            other is not None
            and self.begin is other.begin
            and len(self.given) == len(other.given)
            and all(one is another for one, another in zip(self.given, other.given, strict=True))
        )


class Processes:
    """At most `count` processes of one sort, each started when it is first needed."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="worker")
        self._guard = threading.Lock()  # over all below
        self._kept: Setup | None = None
        self._all: set[_Process] = set()
        self._idle: list[_Process] = []
        self._is_closed = False

    def keep(self, setup: Setup | None) -> None:
        """From now on only processes of this setup wait for more; those of others end when they have answered."""
        with self._guard:
            self._kept = setup
            if self._idle and not self._is_closed:
                self._threads.submit(self._end_unkept)

    async def start(self, setup: Setup) -> None:
        """Start them; waits until they have loaded."""
        await asyncio.gather(
            *(self.run(setup, time.sleep, (0.05,), deadline=START_DEADLINE) for _ in range(self._count))
        )

    async def run(self, setup: Setup, function: Callable[..., T], args: tuple[object, ...], *, deadline: float) -> T:
        """What the function returns in a process of this setup; `deadline` is in seconds from when it is asked there.

        Raises what the function raises; WorkerKilled when it took too long or too much memory, its process died or
        could not start; WorkersStopped after `close`.
        """
        with self._guard:
            self._refuse_if_closed()
            done = self._threads.submit(self._do, setup, function, args, deadline)
        try:
            return await asyncio.wrap_future(done)
        except MemoryError as error:
            raise WorkerKilled(f"the worker died: {error!r}") from error

    def close(self) -> None:
        """Stop them for good, whatever they do; returns once they are gone."""
        with self._guard:
            self._is_closed = True
            for process in self._all:
                process.kill()
        self._threads.shutdown()  # who waits for a process sees it gone, and who comes after is refused
        for process in tuple(self._all):
            self._end(process)

    def _do(self, setup: Setup, function: Callable[..., T], args: tuple[object, ...], deadline: float) -> T:
        while True:
            process = self._take(setup)
            is_new = not process.is_ready
            try:
                return self._once(process, function, args, deadline)
            except _NotBegunError as error:
                # One that had died idle, as where memory runs out, says nothing of what was asked.
                if is_new:
                    raise WorkerKilled(f"the worker died: {error}") from error

    def _once(self, process: _Process, function: Callable[..., T], args: tuple[object, ...], deadline: float) -> T:
        is_alive = False
        try:
            process.wait_until_ready()
            is_answer, said = process.ask(function, args, deadline)
            is_alive = True
        except (_NotBegunError, WorkerKilled):
            with self._guard:
                self._refuse_if_closed()
            raise
        finally:
            with self._guard:
                is_kept = is_alive and not self._is_closed and process.setup.is_as(self._kept)
                if is_kept:
                    self._idle.append(process)
            if not is_kept:
                self._end(process)
        if is_answer:
            return said  # type: ignore[return-value]
        raise said  # type: ignore[misc]

    def _take(self, setup: Setup) -> _Process:
        """An idle process of this setup, or a new one; never more than `count`, as each thread has one at a time."""
        self._end_unkept()
        with self._guard:
            self._refuse_if_closed()
            fitting = next((process for process in self._idle if process.setup.is_as(setup)), None)
            if fitting is not None:
                self._idle.remove(fitting)
                return fitting
            surplus = self._idle.pop() if len(self._all) >= self._count and self._idle else None
        if surplus is not None:
            self._end(surplus)
        with self._guard:
            self._refuse_if_closed()
            try:
                process = _Process(setup)
            except OSError as error:
                raise WorkerKilled(f"no worker can be started: {error}") from error
            self._all.add(process)
            return process

    def _end_unkept(self) -> None:
        with self._guard:
            ended = [process for process in self._idle if not process.setup.is_as(self._kept)]
            self._idle = [process for process in self._idle if process not in ended]
        for process in ended:
            self._end(process)

    def _end(self, process: _Process) -> None:
        process.end()
        with self._guard:
            self._all.discard(process)

    def _refuse_if_closed(self) -> None:
        if self._is_closed:
            raise WorkersStopped("the workers are being stopped")


class _NotBegunError(Exception):
    """The process was gone before it took what it was asked."""


class _Process:
    """A process and the channel to it; one thread at a time may ask it, any may kill it."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.is_ready = False
        """Whether it has loaded what it needs."""
        self._channel, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_serve, args=(theirs, os.getpid(), setup), daemon=True)
        with _STARTING:
            self._process.start()
        theirs.close()

    def wait_until_ready(self) -> None:
        if self.is_ready:
            return
        try:
            with _KilledAfter(START_DEADLINE, self):
                fault = self._channel.recv()
        except (EOFError, OSError) as error:
            raise _NotBegunError("it ended while it was starting") from error
        if fault is not None:
            raise _NotBegunError(f"it could not start: {fault}")
        self.is_ready = True

    def ask(self, function: Callable[..., T], args: tuple[object, ...], deadline: float) -> tuple[bool, T | Exception]:
        """Whether it answered, and the answer or what it raised. Raises _NotBegunError, WorkerKilled."""
        has_begun = False
        with _KilledAfter(deadline, self) as limit:
            try:
                self._channel.send((function, args))
                has_begun = self._channel.recv()
                answer: tuple[bool, T | Exception] = self._channel.recv()
            except (EOFError, OSError) as error:
                if limit.is_over:
                    raise WorkerKilled(f"took longer than {deadline:.0f} s") from error
                if has_begun:
                    raise WorkerKilled("the worker died") from error
                raise _NotBegunError("it had ended before") from error
        return answer

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self._channel.close()


class _KilledAfter:
    """Kills the process unless left in time: whoever reads from it, or writes to it, then sees its end."""

    def __init__(self, seconds: float, process: _Process) -> None:
        self.is_over = False
        self._process = process
        self._timer = threading.Timer(seconds, self._act)
        self._timer.daemon = True

    def _act(self) -> None:
        self.is_over = True
        self._process.kill()

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()


# ── in the process ──


def _serve(channel: Connection, parent: int, setup: Setup) -> None:
    """Answer one thing after the other, until the parent is gone."""
    _confine(parent)
    try:
        setup.begin(*setup.given)
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent says it
        channel.send(repr(error))
        return
    channel.send(None)
    while True:
        try:
            function, args = channel.recv()
        except EOFError:
            return
        channel.send(True)
        try:
            said = True, function(*args)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where it was asked
            if not isinstance(error, MonitorError):
                error.add_note(f"In the worker:\n{traceback.format_exc()}")
            said = False, error
        try:
            channel.send(said)
        except OSError:
            return
        except Exception as error:  # noqa: BLE001 - whatever cannot be pickled is said in words
            channel.send((False, WorkerKilled(f"the answer cannot be told: {error!r}")))


def _confine(parent: int) -> None:
    """It ignores Ctrl-C, has a cap on its memory, and does not outlive its parent."""
    # Ctrl-C in a terminal reaches the whole group; stopping is the parent's decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_CAP, MEMORY_CAP))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_die_with, args=(parent,), daemon=True).start()


def _die_with(parent: int) -> None:
    """A worker whose daemon was killed must not linger."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)
