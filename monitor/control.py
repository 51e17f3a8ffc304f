"""The local socket beside the database: commands that write ask the running daemon, nobody else can.

One JSON object a line each way: {"verb": …, …} and {"result": …} or {"error": …}. Mode 0600, no TCP.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from monitor.errors import AnswerLost, DaemonUnreachable, InputError, MonitorError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping
    from pathlib import Path

    from monitor.models import JSON

    Handler = Callable[[Mapping[str, JSON]], Awaitable[JSON]]

_LONGEST_LINE: Final = 1024 * 1024
_PATH_LIMIT: Final = 100  # bytes; the kernel takes 107


def socket_path(database: Path) -> Path:
    """Where the daemon of this database listens."""
    return database.with_name(database.name + ".sock")


async def serve(path: Path, handlers: Mapping[str, Handler]) -> asyncio.Server:
    """Listen at `path`; each handler gets the request without its verb. The caller closes the server."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await reader.readline()
            if line:
                reply = await _handle(line, handlers)
                writer.write(json.dumps(reply, ensure_ascii=False).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # the asker went away or sent an endless line; there is nobody to tell
        finally:
            writer.close()

    _remove(path)
    with _short(path) as short:
        server = await asyncio.start_unix_server(answer, short, limit=_LONGEST_LINE)
    _keep_private(path)
    return server


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)  # a killed daemon left it; the lock says that no other one lives


def _keep_private(path: Path) -> None:
    path.chmod(0o600)


async def _handle(line: bytes, handlers: Mapping[str, Handler]) -> dict[str, JSON]:
    try:
        request = json.loads(line)
        verb = request.pop("verb")
        return {"result": await handlers[verb](request)}
    except MonitorError as error:
        return {"error": str(error)}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return {"error": f"not understood: {error!r}"}
    except Exception as error:  # noqa: BLE001 - whoever asked must hear that it went wrong; it goes wrong here alone
        return {"error": f"internal: {error!r}"}


def call(database: Path, verb: str, *, timeout: float = 120.0, **arguments: JSON) -> JSON:
    """Ask the daemon of `database`; returns its result.

    Raises DaemonUnreachable when none listens, AnswerLost when it was asked and did not answer, InputError with the
    daemon's words when it refuses.
    """
    path = socket_path(database)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout)
        try:
            with _short(path) as short:
                connection.connect(short)
        except OSError as error:
            raise DaemonUnreachable(f"no daemon answers at {path}") from error
        try:
            connection.sendall(json.dumps({"verb": verb, **arguments}, ensure_ascii=False).encode() + b"\n")
            with connection.makefile("rb") as stream:
                reply = json.loads(stream.readline() or b"{}")
        except TimeoutError as error:
            words = f"the daemon is still at it ({verb}) after {timeout:g} seconds, and goes on with it"
            raise AnswerLost(words) from error
        except (OSError, ValueError) as error:
            raise AnswerLost(f"the daemon at {path} broke off") from error
    if "error" in reply:
        raise InputError(reply["error"])
    if "result" not in reply:
        raise AnswerLost(f"the daemon at {path} broke off")
    result: JSON = reply["result"]
    return result


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A spelling of `path` that fits the kernel's limit for socket addresses."""
    if len(os.fsencode(path)) <= _PATH_LIMIT:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
