"""What was answered while a message was handed over, and an end to it when that takes too long.

Apprise tells only that a service did not take a message: neither the status as a number nor Retry-After. Its plugins
all speak through `requests`, so each answer is noted there as it passes, and each connection as it is dialled, those
to mail servers too. Who listens is a context variable; where nobody listens nothing is changed.
"""

from __future__ import annotations

import functools
import logging
import smtplib
import threading
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from socket import SHUT_RDWR
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import requests
from urllib3.util import connection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from socket import socket


_SAID: Final = 500  # bytes


class Refused(NamedTuple):
    """An HTTP answer that is none of success, and how what it says begins where that was read."""

    status: int
    retry_after: str | None
    said: bytes = b""


@dataclass(slots=True)
class Heard:
    """Refusals, the last exception, and whether it took too long."""

    refusals: list[Refused] = field(default_factory=list)
    answers: int = 0
    error: Exception | None = None
    is_late: bool = False
    _sockets: list[socket] = field(default_factory=list)

    def dialled(self, connected: socket) -> None:
        """Remember a connection; a copy, because TLS takes the original over."""
        self._sockets.append(connected.dup())
        if self.is_late:
            self.hang_up()

    def hang_up(self) -> None:
        """End what is still open: a read that waits for the next byte fails at once, in whatever thread it is."""
        self.is_late = True
        for one in self._sockets:
            with suppress(OSError):  # it is closed already
                one.shutdown(SHUT_RDWR)

    def close(self) -> None:
        """Let go of the copies."""
        while self._sockets:
            self._sockets.pop().close()


_LISTENER: ContextVar[Heard | None] = ContextVar("listener", default=None)


@contextmanager
def listening(seconds: float) -> Iterator[Heard]:
    """Note what is answered in this block, and hang up after `seconds`: a target that drips holds nobody for longer."""
    _install()
    heard = Heard()
    token = _LISTENER.set(heard)
    alarm = threading.Timer(seconds, heard.hang_up)
    alarm.daemon = True
    alarm.start()
    try:
        yield heard
    finally:
        alarm.cancel()
        _LISTENER.reset(token)
        heard.close()


@functools.cache
def _install() -> None:
    """Stand between `requests` and its callers, once and for good."""
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # what it warns of is told with the whole address
    send, dial = requests.Session.send, connection.create_connection
    dial_mail = smtplib.SMTP._get_socket  # type: ignore[attr-defined]  # noqa: SLF001 - it has no other seam

    @functools.wraps(send)
    def noted(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        if (heard := _LISTENER.get()) is None:
            return send(session, request, **options)
        try:
            answer = send(session, request, **options)
        except requests.RequestException as error:
            heard.error = error
            raise
        heard.answers += 1
        if answer.status_code >= 400:
            said = b"" if options.get("stream") else answer.content[:_SAID]
            heard.refusals.append(Refused(answer.status_code, answer.headers.get("Retry-After"), said))
        return answer

    @functools.wraps(dial)
    def noted_dial(*place: Any, **options: Any) -> socket:
        connected = dial(*place, **options)
        if (heard := _LISTENER.get()) is not None:
            heard.dialled(connected)
        return connected

    @functools.wraps(dial_mail)
    def noted_dial_mail(*place: Any, **options: Any) -> socket:
        connected: socket = dial_mail(*place, **options)
        if (heard := _LISTENER.get()) is not None:
            heard.dialled(connected)
        return connected

    requests.Session.send = noted  # type: ignore[method-assign,assignment]
    connection.create_connection = noted_dial
    smtplib.SMTP._get_socket = noted_dial_mail  # type: ignore[attr-defined]  # noqa: SLF001 - where it is dialled
