"""A real HTTP server on loopback for tests: serves one feed and takes webhooks."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator


class Site(ThreadingHTTPServer):
    """`posts` are the texts in the feed, oldest first; `hooks` the bodies that were posted, answered with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.posts: list[str] = []
        self.hooks: list[bytes] = []
        self.status = 200
        self.polled = threading.Event()
        self.arrived = threading.Event()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def feed(self) -> bytes:
        items = "".join(
            f"<item><guid>g{number}</guid><title>{text}</title><description>{text}</description></item>"
            for number, text in reversed(list(enumerate(self.posts)))
        )
        return f'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>{items}</channel></rss>'.encode()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        site = cast("Site", self.server)
        body = site.feed()
        self.send_response(200)
        self.send_header("Content-Type", "application/rss+xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        site.polled.set()

    def do_POST(self) -> None:
        site = cast("Site", self.server)
        site.hooks.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(site.status)
        self.end_headers()
        self.wfile.write(b"ok")
        site.arrived.set()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        pass


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[None]:
    """The server is up while the block runs."""
    with server:
        thread = threading.Thread(
            target=server.serve_forever, args=(0.02,), daemon=True
        )  # seconds until it heeds a stop
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def running_site() -> Iterator[Site]:
    """A site that is up while the block runs."""
    site = Site()
    with serving(site):
        yield site
