"""What /healthz says of a daemon that turns its rounds."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from monitor.models import Health, Source, SourceState
from monitor.store import Store, open_writer
from monitor.web.app import WebServer, make_app

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.applications import Starlette

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


async def asked(app: Starlette, path: str) -> tuple[int, bytes]:
    """Status and body of an answer, by real HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = WebServer(app)
        serving = asyncio.create_task(server.run_on(listener))
        reader, writer = await asyncio.open_connection(*listener.getsockname()[:2])
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        server.should_exit = True
        await serving
    return int(head.split()[1]), body


@pytest.mark.parametrize(
    ("failures", "tick_age", "expected"),
    [
        ([], 1.0, (200, "ok")),
        ([0, 0], 1.0, (200, "ok")),
        ([3, 0], 1.0, (200, "ok")),
        ([3, 1], 1.0, (503, "blind")),
        ([0, 0], 61.0, (503, "stuck")),
    ],
)
def test_health_is_not_ok_when_nothing_is_watched(
    tmp_path: Path, failures: list[int], tick_age: float, expected: tuple[int, str]
) -> None:
    names = [f"s{number}" for number in range(len(failures))]
    with closing(Store(open_writer(tmp_path / "monitor.db"))) as store:
        sources = [Source(name=name, kind="feed", url=f"http://{name}.test/", options=None) for name in names]
        store.sync_sources(sources, {name: f"{name}.test:80" for name in names}, NOW)
        for name, failed in zip(names, failures, strict=True):
            leased = store.lease_named(name, NOW)
            assert leased is not None
            health = Health.FAILING if failed else Health.OK
            store.finish_poll(leased, SourceState(name=name, next_at=NOW, failures=failed, health=health))
    status, body = asyncio.run(asked(make_app(tmp_path / "monitor.db", lambda: tick_age), "/healthz"))
    assert (status, json.loads(body)["status"]) == expected
