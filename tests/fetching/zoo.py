"""Servers on loopback that answer as the wild web does: hostile, broken, or merely old.

`serve(handler)` runs one; a handler is called for each request with its head and may write whatever it likes. GOOD,
BAD and SLOW name the inmates with what is expected of a fetch; other tests may borrow them.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from monitor import errors

if TYPE_CHECKING:
    import ssl

Handler: TypeAlias = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]

FEED = b"<rss><channel><title>ours</title></channel></rss>"
PACKED = gzip.compress(FEED)
OK = b"HTTP/1.1 200 OK\r\n"


@dataclass
class Server:
    port: int
    host: str = "127.0.0.1"
    scheme: str = "http"
    heads: list[bytes] = field(default_factory=list)
    connections: int = 0

    def url(self, path: str = "/") -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{path}"


@asynccontextmanager
async def serve(
    handler: Handler, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Server]:
    """Run `handler` on a free port of `host`; every request's head and the connections are counted."""
    clients: set[asyncio.Task[None]] = set()

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        clients.add(task)
        server.connections += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                server.heads.append(head)
                await reader.readexactly(_length(head))
                await handler(head, writer)
                await writer.drain()
        writer.transport.abort()

    listener = await asyncio.start_server(client, host, 0, ssl=tls)
    server = Server(listener.sockets[0].getsockname()[1], host=host, scheme="https" if tls else "http")
    try:
        yield server
    finally:
        listener.close()
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients)
        await listener.wait_closed()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def answer(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> Handler:
    """A correct answer that keeps the connection."""
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return keep(b"\r\n".join(lines) + b"\r\n\r\n" + body)


def keep(data: bytes) -> Handler:
    """Write these bytes and keep the connection open."""

    async def handler(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    return handler


def close(data: bytes) -> Handler:
    """Write these bytes and close."""

    async def handler(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        writer.close()

    return handler


def endless(first: bytes, repeated: bytes, *, pause: float = 0) -> Handler:
    """Write `first`, then `repeated` until the client goes away."""

    async def handler(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        while True:
            writer.write(repeated)
            await writer.drain()
            await asyncio.sleep(pause)

    return handler


def reset(data: bytes) -> Handler:
    """Write these bytes and break the connection with a RST."""

    async def handler(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(0.05)  # lets the client read the head, so that the RST falls into the body
        # Linger of zero seconds turns the close into a RST.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    return handler


def redirect(target: str, status: bytes = b"302 Found") -> Handler:
    return answer(b"", b"Location: " + target.encode(), status=status)


def chain(hops: int) -> Handler:
    """/0 leads to /1 and so on; /`hops` is the feed."""

    async def handler(head: bytes, writer: asyncio.StreamWriter) -> None:
        number = int(head.split()[1].strip(b"/") or b"0")
        step = answer(FEED) if number >= hops else redirect(f"/{number + 1}")
        await step(head, writer)

    return handler


async def bomb(_head: bytes, writer: asyncio.StreamWriter) -> None:
    """A gigabyte of zeros in gzip, made while it is sent."""
    packer = zlib.compressobj(9, wbits=31)
    writer.write(OK + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n")
    for _ in range(1024):
        writer.write(packer.compress(bytes(1024 * 1024)))
        await writer.drain()
        await asyncio.sleep(0)  # drain does not give way while the buffer has room
    writer.write(packer.flush())
    writer.close()


async def silence(_head: bytes, _writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


def packed(body: bytes) -> bytes:
    return OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body


CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

GOOD: dict[str, tuple[Handler, bytes]] = {
    "plain": (answer(FEED), FEED),
    "200 without body": (answer(b""), b""),
    "204": (keep(b"HTTP/1.1 204 No Content\r\n\r\n"), b""),
    "205": (answer(b"", status=b"205 Reset Content"), b""),
    "gzip": (keep(packed(PACKED)), FEED),
    "gzip called x-gzip": (answer(PACKED, b"Content-Encoding: X-GZip"), FEED),
    "gzip of two members": (keep(packed(PACKED + PACKED)), FEED + FEED),
    "gzip padded with zeros": (keep(packed(PACKED + bytes(512))), FEED),
    "gzip in chunks": (
        keep(
            OK
            + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"".join(b"1\r\n%c\r\n" % byte for byte in PACKED)
            + b"0\r\n\r\n"
        ),
        FEED,
    ),
    "identity": (answer(FEED, b"Content-Encoding: identity"), FEED),
    "HTTP/1.0 until close": (close(b"HTTP/1.0 200 OK\r\n\r\n" + FEED), FEED),
    "HTTP/1.1 without length until close": (close(OK + b"\r\n" + FEED), FEED),
    "no reason phrase": (close(b"HTTP/1.1 200\r\n\r\n" + FEED), FEED),
    "line ends of LF only": (close(b"HTTP/1.1 200 OK\nServer: old\n\n" + FEED), FEED),
    "folded header": (answer(FEED, b"X-Long: one\r\n two\r\n\tthree"), FEED),
    "100 and 103 before 200": (
        keep(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + packed(PACKED)),
        FEED,
    ),
    "chunks with extensions and trailers": (
        keep(CHUNKED + b"5;a=b\r\n" + FEED[:5] + b"\r\n%x\r\n" % len(FEED[5:]) + FEED[5:] + b"\r\n0\r\nX-T: 1\r\n\r\n"),
        FEED,
    ),
    "the same length twice": (answer(FEED, b"Content-Length: %d" % len(FEED)), FEED),
    "four redirects": (chain(4), FEED),
    "a header of 40 KiB": (answer(FEED, b"X-Big: " + b"a" * 40_000), FEED),
}

BAD: dict[str, tuple[Handler, type[errors.FetchError]]] = {
    "endless headers": (endless(OK, b"X-A: b\r\n"), errors.ConnectFailed),
    "one huge header": (endless(OK + b"X-A: ", b"a" * 4096), errors.ConnectFailed),
    "endless informational answers": (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 64), errors.ConnectFailed),
    "endless body": (endless(OK + b"\r\n", b"a" * 4096), errors.BodyTooLarge),
    "endless chunks": (endless(CHUNKED, b"4\r\nabcd\r\n" * 64), errors.BodyTooLarge),
    "chunks that are mostly extension": (
        endless(CHUNKED, b"1;" + b"x" * 4096 + b"\r\na\r\n"),
        errors.BodyTooLarge,
    ),
    "one endless chunk extension": (endless(CHUNKED + b"1;", b"x" * 4096), errors.ConnectFailed),
    "endless trailers": (endless(CHUNKED + b"0\r\n", b"X-T: 1\r\n" * 64), errors.ConnectFailed),
    "length beyond the cap": (endless(OK + b"Content-Length: 99999999\r\n\r\n", b"a", pause=1), errors.BodyTooLarge),
    "gzip bomb": (bomb, errors.BodyTooLarge),
    "gzip of endless empty members": (
        endless(OK + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b"")),
        errors.EncodingRefused,
    ),
    "gzip in gzip": (answer(gzip.compress(PACKED), b"Content-Encoding: gzip, gzip"), errors.EncodingRefused),
    "gzip in gzip, two headers": (
        answer(gzip.compress(PACKED), b"Content-Encoding: gzip", b"Content-Encoding: gzip"),
        errors.EncodingRefused,
    ),
    "brotli": (answer(b"\x0b\x02\x80", b"Content-Encoding: br"), errors.EncodingRefused),
    "zstd": (answer(b"\x28\xb5\x2f\xfd", b"Content-Encoding: zstd"), errors.EncodingRefused),
    "deflate": (answer(zlib.compress(FEED), b"Content-Encoding: deflate"), errors.EncodingRefused),
    "gzip cut, length agrees": (keep(packed(PACKED[:-9])), errors.EncodingRefused),
    "gzip without its last byte": (keep(packed(PACKED[:-1])), errors.EncodingRefused),
    "gzip of nothing": (keep(packed(b"")), errors.EncodingRefused),
    "gzip with a false checksum": (keep(packed(PACKED[:-8] + bytes(8))), errors.EncodingRefused),
    "gzip that is not gzip": (keep(packed(FEED)), errors.EncodingRefused),
    "gzip followed by rubbish": (keep(packed(PACKED + b"rubbish")), errors.EncodingRefused),
    "second member cut": (keep(packed(PACKED + PACKED[:-4])), errors.EncodingRefused),
    "shorter than its length": (close(OK + b"Content-Length: 100\r\n\r\n" + FEED), errors.ConnectFailed),
    "chunks without end": (close(CHUNKED + b"4\r\nabcd\r\n"), errors.ConnectFailed),
    "cut inside a chunk": (close(CHUNKED + b"ff\r\nabcd"), errors.ConnectFailed),
    "a chunk size that is no number": (keep(CHUNKED + b"zz\r\nabcd\r\n"), errors.ConnectFailed),
    "two lengths": (answer(FEED, b"Content-Length: 3"), errors.ConnectFailed),
    "negative length": (close(OK + b"Content-Length: -1\r\n\r\n"), errors.ConnectFailed),
    "gzip as a transfer encoding": (close(OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n"), errors.ConnectFailed),
    "reset in the body": (reset(OK + b"Content-Length: 100\r\n\r\n" + FEED), errors.ConnectFailed),
    "reset of a body without length": (reset(OK + b"\r\n" + FEED), errors.ConnectFailed),
    "closed without a word": (close(b""), errors.ConnectFailed),
    "closed in the head": (close(OK + b"Server: x"), errors.ConnectFailed),
    "an SSH banner": (close(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), errors.ConnectFailed),
    "a TLS record": (close(b"\x15\x03\x01\x00\x02\x02\x46" * 3), errors.ConnectFailed),
    "endless rubbish": (endless(b"", b"\xff\xfe" * 512), errors.ConnectFailed),
    "a header name with a space": (close(OK + b"Bad Name: 1\r\n\r\n"), errors.ConnectFailed),
    "redirect to itself": (redirect("/"), errors.RedirectRefused),
    "ten redirects": (chain(10), errors.RedirectRefused),
    "redirect to the cloud's metadata": (redirect("http://169.254.169.254/latest/"), errors.AddressRefused),
    "redirect to a private host": (redirect("//10.0.0.1/"), errors.AddressRefused),
    "redirect to a file": (redirect("file:///etc/hostname"), errors.RedirectRefused),
    "redirect to gopher": (redirect("gopher://127.0.0.1:70/"), errors.RedirectRefused),
    "redirect to a script": (redirect("javascript:alert(1)"), errors.RedirectRefused),
    "redirect with a user name": (redirect("http://a:b@127.0.0.1/"), errors.RedirectRefused),
    "redirect to no URL": (redirect("http://[::1/"), errors.RedirectRefused),
    "redirect to port 0": (redirect("http://127.0.0.1:0/"), errors.AddressRefused),
    "redirect without target": (answer(b"", status=b"302 Found"), errors.RedirectRefused),
    "304 that nobody asked for": (keep(b"HTTP/1.1 304 Not Modified\r\n\r\n"), errors.StatusError),
    "part of a body that nobody asked for": (answer(FEED, status=b"206 Partial Content"), errors.StatusError),
    "300": (answer(b"", status=b"300 Multiple Choices"), errors.StatusError),
    "404": (answer(FEED, status=b"404 Not Found"), errors.StatusError),
    "410": (answer(FEED, status=b"410 Gone"), errors.StatusError),
    "500": (answer(FEED, status=b"500 Internal Server Error"), errors.StatusError),
    "999": (answer(FEED, status=b"999 Request Denied"), errors.StatusError),
}

SLOW: dict[str, Handler] = {
    "no answer": silence,
    "head in drips": endless(b"HTTP/1.1 200 OK\r\nX-Drip: ", b"a", pause=0.02),
    "body in drips": endless(OK + b"Content-Length: 100000\r\n\r\n", b"a", pause=0.02),
    "informational answers in drips": endless(b"", b"HTTP/1.1 102 Processing\r\n\r\n", pause=0.02),
}
