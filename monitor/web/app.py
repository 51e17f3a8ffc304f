"""The web application: no decisions, only what the store and the daemon's pulse say."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from monitor.store import Reader, open_reader
from monitor.web import metrics

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from starlette.requests import Request

STUCK_AFTER: Final = 60.0  # seconds without a tick after which the daemon is not well


def make_app(database: Path, pulse: Callable[[], float]) -> Starlette:
    """The application over `database`; `pulse` gives the seconds since the daemon last looked for work."""

    def look() -> tuple[dict[str, int], dict[str, int], bool]:
        reader = Reader(open_reader(database))
        try:
            return reader.counts(), reader.health(), reader.is_blind()
        finally:
            reader.close()

    async def healthz(_request: Request) -> Response:
        counts, health, blind = await asyncio.to_thread(look)
        age = pulse()
        # A daemon that turns its rounds and can read nothing watches nothing.
        status = "stuck" if age >= STUCK_AFTER else "blind" if blind else "ok"
        body = {
            "status": status,
            "tick_age_seconds": round(age, 3),
            **counts,
            "health": health,
        }
        return JSONResponse(body, status_code=200 if status == "ok" else 503)

    async def show_metrics(_request: Request) -> Response:
        counts, health, _ = await asyncio.to_thread(look)
        metrics.PENDING.set(counts["messages_pending"])
        metrics.WAITING.set(counts["deliveries_waiting"])
        metrics.DEAD.set(counts["deliveries_dead"])
        metrics.TICK_AGE.set(pulse())
        metrics.SOURCES.clear()
        for name, number in health.items():
            metrics.SOURCES.labels(health=name).set(number)
        return Response(generate_latest(metrics.REGISTRY), media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/healthz", healthz), Route("/metrics", show_metrics)])


class WebServer(uvicorn.Server):
    """uvicorn inside the daemon's loop: signals stay the daemon's."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(uvicorn.Config(app, log_config=None, lifespan="off", access_log=False, server_header=False))

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def run_on(self, listener: socket.socket) -> None:
        """Serve until `should_exit` is set."""
        await self.serve(sockets=[listener])
