"""Receivers on loopback: a real SMTP server and a chat webhook that keep every byte they accept.

Both can be told to refuse, to be slow or to hang, as mail servers and chats do, and can die and come back at the same
port. What they keep is the observer's evidence: one `.eml` file a mail, one JSON line a chat message.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final

from aiosmtpd.smtp import SMTP

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from socket import socket

    from aiosmtpd.smtp import Envelope, Session

_LOOK: Final = 0.05  # seconds between two looks of one that hangs at whether it still does


@dataclass(slots=True)
class Temper:
    """How a receiver behaves from now on: refuses the next `refuse` messages, and answers after `delay` seconds.

    A chat that refuses with `retry_after` says 429 and for how many seconds it wants to be left alone. One that `hangs`
    answers nothing for as long as it does, and keeps nothing of what was sent to it meanwhile.
    """

    refuse: int = 0
    delay: float = 0.0
    retry_after: int | None = None
    hangs: bool = False

    def refuses(self) -> bool:
        """Whether the message that is at the door is refused; counts it."""
        refused = self.refuse > 0
        self.refuse -= refused
        return refused


class MailSink(AbstractContextManager["MailSink"]):
    """An SMTP server without TLS or login, in a thread of its own; mails go to `folder` in the order of arrival.

    `port` 0 is any that is free.
    """

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.temper = Temper()
        self._folder = folder
        self._count = len(list(folder.glob("*.eml")))  # of the one that died here before
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        starting = self._loop.create_server(self._connection, "127.0.0.1", port, start_serving=True)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result()
        self.port = int(self._server.sockets[0].getsockname()[1])

    def __exit__(self, *_: object) -> None:
        """Break off what is open and free the port."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        """The Apprise address that delivers here; without `mode` Apprise insists on STARTTLS."""
        who = "from=monitor@littleweb.example&to=support@littleweb.example"
        return f"mailto://127.0.0.1:{self.port}/?{who}&mode=insecure&format=text"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Keep one mail; the file has its name only once it is whole."""
        await asyncio.sleep(self.temper.delay)
        was_hanging = self.temper.hangs
        while self.temper.hangs:  # noqa: ASYNC110 - it is set by another thread
            await asyncio.sleep(_LOOK)
        if was_hanging or self.temper.refuses():
            return "451 4.3.0 Try again later"
        self._count += 1
        draft = self._folder / f"{self._count:06d}.part"
        draft.write_bytes(envelope.original_content or b"")
        draft.rename(draft.with_suffix(".eml"))
        return "250 2.0.0 Kept"

    def _connection(self) -> SMTP:
        return SMTP(self, hostname="littleweb.example", loop=self._loop)

    async def _stop(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._server.wait_closed()


class ChatSink(AbstractContextManager["ChatSink"]):
    """A webhook that speaks Mattermost's form; each request is a line of `path`: time, status of the answer, text.

    The status is 0 where it hung and there was no answer. `port` 0 is any that is free, `now` the clock of the lines.
    """

    def __init__(self, path: Path, *, port: int = 0, now: Callable[[], float] = time.time) -> None:
        self.temper = Temper()
        self._now = now
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()
        self._server = _ChatServer(self, port)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        """Stop answering and free the port."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._file.close()

    @property
    def url(self) -> str:
        """The Apprise address that delivers here."""
        return f"mmost://127.0.0.1:{self.port}/littleweb"

    def take(self, body: bytes) -> tuple[int, int | None]:
        """Keep one message or refuse it; the HTTP status to answer with, 0 for none, and the seconds of Retry-After."""
        time.sleep(self.temper.delay)
        if self.temper.hangs:
            self._note(body, 0)
            while self.temper.hangs:
                time.sleep(_LOOK)
            return 0, None
        with self._lock:
            refused, wait = self.temper.refuses(), self.temper.retry_after
        if not refused:
            self._note(body, 200)
            return 200, None
        status = 503 if wait is None else 429
        self._note(body, status)
        return status, wait

    def _note(self, body: bytes, status: int) -> None:
        line = {"time": self._now(), "status": status, "text": json.loads(body)["text"]}
        with self._lock:
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._file.flush()


class _ChatServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, sink: ChatSink, port: int) -> None:
        self.sink = sink
        super().__init__(("127.0.0.1", port), _ChatHandler)

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: object) -> None:
        """A sender that is killed breaks its connections: that is no news; anything else is our fault."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _ChatHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _ChatServer

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        body = self.rfile.read(size)
        if len(body) < size:
            raise ConnectionAbortedError("the sender went away in the middle of a message")
        status, wait = self.server.sink.take(body)
        if not status:
            raise ConnectionAbortedError("it hung for so long that nobody waits for an answer")
        self.send_response(status)
        if wait is not None:
            self.send_header("Retry-After", str(wait))
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """The kept lines say it all; stderr stays quiet."""
