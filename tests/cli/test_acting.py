"""Doing something through the daemon: what one that takes too long or breaks off may have done is not done again."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from monitor import control
from monitor.cli.acting import act
from monitor.errors import ConfigError, DaemonUnreachable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from monitor.models import JSON


def ask(folder: Path, timeout: float) -> JSON:
    """The verb train, in a folder without a configuration: here it cannot be done without a daemon."""
    return act("train", config=folder / "none.yaml", db=folder / "monitor.db", timeout=timeout)


def test_a_daemon_that_takes_too_long_goes_on_and_is_said_to(tmp_path: Path) -> None:
    async def run() -> None:
        enough, done = asyncio.Event(), asyncio.Event()

        async def train(_request: Mapping[str, JSON]) -> JSON:
            await enough.wait()
            done.set()
            return None

        async with await control.serve(control.socket_path(tmp_path / "monitor.db"), {"train": train}):
            with pytest.raises(DaemonUnreachable, match=r"still at it \(train\) after 0.2 seconds"):
                await asyncio.to_thread(ask, tmp_path, 0.2)
            assert not done.is_set()
            enough.set()
            await done.wait()

    asyncio.run(run())


def test_what_a_daemon_that_broke_off_may_have_done_is_not_done_again(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(control.socket_path(tmp_path / "monitor.db")))
        listening.listen()

        def break_off() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1024)

        breaking = threading.Thread(target=break_off)
        breaking.start()
        with pytest.raises(DaemonUnreachable, match="broke off"):
            ask(tmp_path, 60)
        breaking.join()


def test_where_no_daemon_listens_it_is_done_here(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):  # which only who does it itself reads
        ask(tmp_path, 60)
