from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from monitor import control
from monitor.errors import DaemonUnreachable, InputError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from monitor.models import JSON


async def echo(request: Mapping[str, JSON]) -> JSON:
    return dict(request)


async def refuse(_request: Mapping[str, JSON]) -> JSON:
    raise InputError("there is no source 'x'")


async def break_down(_request: Mapping[str, JSON]) -> JSON:
    return 1 // 0


def with_server(database: Path, ask: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        server = await control.serve(
            control.socket_path(database), {"echo": echo, "refuse": refuse, "break": break_down}
        )
        try:
            await ask()
        finally:
            server.close()

    asyncio.run(run())


@pytest.mark.parametrize("folder", ["short", "a" * 120])
def test_a_question_is_answered_however_long_the_path(tmp_path: Path, folder: str) -> None:
    database = tmp_path / folder / "monitor.db"
    database.parent.mkdir()

    async def ask() -> None:
        assert await asyncio.to_thread(control.call, database, "echo", name="форум") == {"name": "форум"}
        assert control.socket_path(database).stat().st_mode & 0o777 == 0o600

    with_server(database, ask)


def test_a_refusal_comes_in_the_daemons_own_words(tmp_path: Path) -> None:
    async def ask() -> None:
        with pytest.raises(InputError, match="there is no source 'x'"):
            await asyncio.to_thread(control.call, tmp_path / "monitor.db", "refuse")
        with pytest.raises(InputError, match="not understood"):
            await asyncio.to_thread(control.call, tmp_path / "monitor.db", "unknown")
        with pytest.raises(InputError, match="internal: ZeroDivisionError"):
            await asyncio.to_thread(control.call, tmp_path / "monitor.db", "break")

    with_server(tmp_path / "monitor.db", ask)


@pytest.mark.parametrize("line", [b"nonsense\n", b"[]\n", b'"x"\n', b"{}\n", b"\xff\xfe\n"])
def test_nonsense_is_answered_and_the_next_question_too(tmp_path: Path, line: bytes) -> None:
    database = tmp_path / "monitor.db"

    def send_nonsense() -> bytes:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(control.socket_path(database)))
            connection.sendall(line)
            return connection.makefile("rb").readline()

    async def ask() -> None:
        assert b"not understood" in await asyncio.to_thread(send_nonsense)
        assert await asyncio.to_thread(control.call, database, "echo") == {}

    with_server(database, ask)


def test_no_daemon_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(DaemonUnreachable):
        control.call(tmp_path / "monitor.db", "echo")


def test_a_socket_left_by_a_killed_daemon_is_replaced(tmp_path: Path) -> None:
    database = tmp_path / "monitor.db"
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(control.socket_path(database)))
    stale.close()
    with pytest.raises(DaemonUnreachable):
        control.call(database, "echo")

    async def ask() -> None:
        assert await asyncio.to_thread(control.call, database, "echo") == {}

    with_server(database, ask)
