"""HTTP/1.1 on one connection: bytes from asyncio, meaning from h11, and a cap on how many bytes one answer may take."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, cast

import h11

from monitor.errors import BodyTooLarge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

HEAD_CAP: Final = 64 * 1024  # bytes of a status line with its headers, and of all that precedes it
_BUFFER: Final = 64 * 1024  # bytes held before the peer is made to wait
_PIECES: Final = 100_000  # chunks of one body; each costs some 40 µs, however small it is
_FAIR: Final = 500  # chunks that are read before others get their turn


class Wire(asyncio.Protocol):
    """Received bytes, held until they are read; an orderly end and a broken connection are told apart."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._ended = False
        self._error: Exception | None = None
        self._wake: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self._held += data
        if len(self._held) >= _BUFFER:
            self.transport.pause_reading()
        self._awake()

    def eof_received(self) -> None:
        """Called by asyncio; returning None closes our side too."""
        self._ended = True
        self._awake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        self._ended = True
        self._error = exc
        self._awake()

    @property
    def transport(self) -> asyncio.Transport:
        """What writes and closes."""
        assert self._transport is not None  # noqa: S101 - asyncio calls connection_made before it hands a Wire out
        return self._transport

    @property
    def quiet(self) -> bool:
        """Whether the peer has neither closed nor sent anything that was not read."""
        return not (self._held or self._ended or self.transport.is_closing())

    async def read(self) -> bytes:
        """What came since the last call, waiting for at least a byte; b"" at the end. Raises OSError."""
        while not self._held:
            if self._error is not None:
                raise self._error
            if self._ended:
                return b""
            self._wake = asyncio.get_running_loop().create_future()
            await self._wake
        data = bytes(self._held)
        self._held.clear()
        if not self._ended:
            self.transport.resume_reading()
        return data

    def _awake(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)


class Connection:
    """A wire, and where HTTP stands on it. `wire_cap` bounds the bytes of one answer as received."""

    def __init__(self, wire: Wire, *, wire_cap: int) -> None:
        self._wire = wire
        self._wire_cap = wire_cap
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_CAP)
        self._received = 0

    async def ask(self, request: httpx.Request) -> h11.Response:
        """Send `request` and wait for the head of its answer, passing over informational ones."""
        head = h11.Request(method=request.method, target=request.url.raw_path, headers=request.headers.raw)
        message = self._http.send(head)
        if request.content:
            message += self._http.send(h11.Data(data=request.content))
        self._wire.transport.write(message + self._http.send(h11.EndOfMessage()))
        while True:
            event = await self._next()
            if isinstance(event, h11.Response):
                return event
            if self._received > HEAD_CAP or not isinstance(event, h11.InformationalResponse):
                raise h11.RemoteProtocolError("no head of a response came")

    async def body(self) -> AsyncIterator[bytes]:
        """The body without its transfer encoding; ends normally only when it is whole."""
        pieces = 0
        while not isinstance(event := await self._next(), h11.EndOfMessage):
            if not isinstance(event, h11.Data):
                raise h11.RemoteProtocolError("the response broke off")
            yield bytes(event.data)
            pieces += 1
            if pieces > _PIECES:
                raise BodyTooLarge(f"more than {_PIECES} chunks")
            if pieces % _FAIR == 0:
                await asyncio.sleep(0)

    async def _next(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            data = await self._wire.read()
            self._received += len(data)
            # Counted before h11 sees them, so that chunk extensions and trailers count too.
            if self._received > self._wire_cap + HEAD_CAP:
                raise BodyTooLarge(f"more than {self._wire_cap} bytes on the wire")
            self._http.receive_data(data)
        return event

    @property
    def unanswered(self) -> bool:
        """Whether not one byte of an answer has come."""
        return self._received == 0

    @property
    def quiet(self) -> bool:
        """See `Wire.quiet`."""
        return self._wire.quiet

    def recycle(self) -> bool:
        """Make ready for another request; False when this connection cannot carry one."""
        try:
            # The body of a redirect or of an error has most often come, though nobody wanted to read it.
            while self._http.their_state is h11.SEND_BODY and self._http.next_event() is not h11.NEED_DATA:
                pass
        except h11.RemoteProtocolError:
            return False
        done = self._http.our_state is h11.DONE and self._http.their_state is h11.DONE
        if not done or self._http.trailing_data[0]:
            return False
        self._http.start_next_cycle()
        self._received = 0
        return True

    def abort(self) -> None:
        """Close without waiting for the peer."""
        self._wire.transport.abort()
