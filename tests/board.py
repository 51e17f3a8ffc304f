"""A real HTTP server on loopback that shows given pages, and notes what it was asked for."""

from __future__ import annotations

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote

from tests.site import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

HTML = "text/html; charset=utf-8"


class Board(ThreadingHTTPServer):
    """`pages` are bodies by path (with its query); `asked` are the paths that were asked for, in their order."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, tuple[bytes, str]] = {}
        self.headers: list[tuple[str, str]] = []
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def shows(self, path: str, body: str, content_type: str = HTML) -> None:
        """A page; {url} in its body is where this server is."""
        self.pages[path] = (body.replace("{url}", self.url).encode(), content_type)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        board = cast("Board", self.server)
        path = unquote(self.path)
        board.asked.append(path)
        if path not in board.pages:
            self.send_error(404)
            return
        body, content_type = board.pages[path]
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in board.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        pass


@contextmanager
def running_board() -> Iterator[Board]:
    """A board that is up while the block runs."""
    board = Board()
    with serving(board):
        yield board
