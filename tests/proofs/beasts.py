"""Servers on loopback that misbehave, each on a port of its own, in ways that make a careless reader wait or die."""

import random
import socketserver
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Final

Behave = Callable[[socketserver.StreamRequestHandler, threading.Event], None]

RETRY_AFTER: Final = 3600  # seconds


class Beast(AbstractContextManager["Beast"]):
    """One server; `asked` holds the moments (Unix seconds) of the requests that it read."""

    def __init__(self, behave: Behave) -> None:
        self.asked: list[float] = []
        stop = self._stop = threading.Event()
        beast = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                while (line := self.rfile.readline()) not in {b"\r\n", b""}:
                    if line.startswith(b"GET "):
                        beast.asked.append(time.time())
                try:
                    behave(self, stop)
                except ConnectionError:
                    return  # the client has had enough, as it should

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_: object) -> None:
                """A client that resets the connection while it is read is no news."""

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/{path}"


def _answer(head: str, body: bytes) -> Behave:
    def behave(handler: socketserver.StreamRequestHandler, _stop: threading.Event) -> None:
        whole = f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body
        handler.wfile.write(whole)

    return behave


def _drip(handler: socketserver.StreamRequestHandler, stop: threading.Event) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Length: 100000\r\n\r\n")
    while not stop.wait(0.3):
        handler.wfile.write(b"<")


def _hang(_handler: socketserver.StreamRequestHandler, stop: threading.Event) -> None:
    stop.wait()


def _slam(handler: socketserver.StreamRequestHandler, _stop: threading.Event) -> None:
    handler.connection.close()


def _bomb() -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([packer.compress(bytes(1 << 20)) for _ in range(512)]) + packer.flush()


def _tangle() -> bytes:
    item = "<item><title>Узел</title><description>{}</description></item>".format("&lt;!--" * 60_000)
    return f"<rss version='2.0'><channel><title>t</title>{item}</channel></rss>".encode()


_LOGIN = (
    b"<!doctype html><html><head><title>Sign in</title></head><body><form><input type=password></form></body></html>"
)

# name → how it behaves, how many of it there are, and the reasons one of which must be shown (none: any will do)
BEASTS: Final[Mapping[str, tuple[Behave, int, frozenset[str]]]] = {
    "garbage": (
        _answer("200 OK\r\nContent-Type: application/rss+xml", random.Random(1).randbytes(5000)),
        2,
        frozenset({"malformed"}),
    ),
    "login": (_answer("200 OK\r\nContent-Type: text/html", _LOGIN), 2, frozenset({"blocked"})),
    "broken": (_answer("500 Internal Server Error", b"oops"), 2, frozenset({"status"})),
    "busy": (_answer(f"429 Too Many Requests\r\nRetry-After: {RETRY_AFTER}", b""), 1, frozenset({"status"})),
    "drip": (_drip, 6, frozenset({"timeout"})),
    "bomb": (
        _answer("200 OK\r\nContent-Type: application/rss+xml\r\nContent-Encoding: gzip", _bomb()),
        2,
        frozenset({"too-large"}),
    ),
    "hang": (_hang, 6, frozenset({"timeout"})),
    "slam": (_slam, 2, frozenset({"connect"})),
    "tangle": (_answer("200 OK\r\nContent-Type: application/rss+xml", _tangle()), 2, frozenset()),
}
