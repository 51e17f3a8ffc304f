"""Real servers on loopback that keep every byte they are sent, and answer as they are told to."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, cast

from aiosmtpd.controller import Controller

from tests.site import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it came."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b"ok"


class Recorder(ThreadingHTTPServer):
    """Answers with the next of `answers`, and with the last one for ever."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[Seen] = []
        self.answers: list[Answer] = [Answer()]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server_version = "recorder"
    sys_version = ""

    def do_POST(self) -> None:
        server = cast("Recorder", self.server)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server.seen.append(Seen(self.command, self.path, tuple(self.headers.items()), body))
        answer = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def recording() -> Iterator[Recorder]:
    """A recorder that is up while the block runs."""
    server = Recorder()
    with serving(server):
        yield server


@dataclass(slots=True)
class PostOffice:
    """What an SMTP server was given; `refuse` says what it answers, by command and then by recipient."""

    port: int
    mails: list[bytes] = field(default_factory=list)
    recipients: list[tuple[str, ...]] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)

    def last(self) -> EmailMessage:
        """The last mail, read."""
        return message_from_bytes(self.mails[-1], policy=policy.default)

    def url(self, more: str = "") -> str:
        who = "from=monitor@test.example&to=support@test.example"
        return f"mailto://127.0.0.1:{self.port}?{who}&mode=insecure{more}"

    async def handle_MAIL(self, *given: object) -> str:
        return self._answer("MAIL", given, sets="mail_from")

    async def handle_RCPT(self, *given: object) -> str:
        envelope, address = given[2], str(given[3])
        if (answer := self.refuse.get(address) or self.refuse.get("RCPT")) is not None:
            return answer
        envelope.rcpt_tos.append(address)  # type: ignore[attr-defined]
        return "250 OK"

    async def handle_DATA(self, *given: object) -> str:
        if (answer := self.refuse.get("DATA")) is not None:
            return answer
        envelope = given[2]
        self.mails.append(envelope.original_content)  # type: ignore[attr-defined]
        self.recipients.append(tuple(envelope.rcpt_tos))  # type: ignore[attr-defined]
        return "250 OK"

    def _answer(self, command: str, given: tuple[object, ...], *, sets: str) -> str:
        if (answer := self.refuse.get(command)) is not None:
            return answer
        setattr(given[2], sets, given[3])
        return "250 OK"


@contextmanager
def post_office() -> Iterator[PostOffice]:
    """An SMTP server that is up while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        office = PostOffice(port=probe.getsockname()[1])
    controller = Controller(office, hostname="127.0.0.1", port=office.port)
    controller.start()
    try:
        yield office
    finally:
        controller.stop()


@contextmanager
def dripping(first: bytes = b"HTTP/1.1 200 OK\r\n") -> Iterator[int]:
    """The port of a server that says a little, and then a byte now and then, for ever."""
    stop = threading.Event()

    def drip(connected: socket.socket) -> None:
        with connected:
            try:
                connected.sendall(first)
                while not stop.wait(0.05):
                    connected.sendall(b"x")
            except OSError:
                return

    def serve(listener: socket.socket) -> None:
        while not stop.is_set():
            try:
                connected, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=drip, args=(connected,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            stop.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
