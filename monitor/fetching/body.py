"""The body of an answer under caps: only gzip, inflated by hand while it streams, so that a bomb never unfolds.

httpx's own decoders are not used because one read of theirs may yield a gigabyte before anybody can count it.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from monitor.errors import BodyTooLarge, EncodingRefused

if TYPE_CHECKING:
    import httpx

_GZIP: Final = 31  # zlib's wbits for a gzip member with the largest window
_RATIO: Final = 200  # XML compresses 5 to 50 times; deflate's limit is 1032
_RATIO_FROM: Final = 1024 * 1024  # bytes that any ratio may reach
_MEMBERS: Final = 1024  # members of one stream; a block-wise compressor makes one per 64 KiB


class Inflater:
    """Decodes one gzip stream of one or more members, never to more than `cap` bytes."""

    def __init__(self, *, cap: int) -> None:
        self._cap = cap
        self._member = zlib.decompressobj(_GZIP)
        self._members = 1
        self._wire = 0
        self._decoded = 0

    def feed(self, data: bytes) -> bytes:
        """The decoded bytes of the next piece. Raises `BodyTooLarge` and `EncodingRefused`."""
        self._wire += len(data)
        pieces = []
        while data:
            if self._member.eof:
                data = self._next_member(data)
                if not data:
                    break
            # One byte beyond what is left tells "exactly full" from "too much".
            piece = self._inflate(data, self._room() + 1)
            self._decoded += len(piece)
            if self._room() < 0:
                raise BodyTooLarge(f"{self._wire} bytes inflate to more than {self._decoded - 1}")
            pieces.append(piece)
            data = self._member.unused_data
        return b"".join(pieces)

    def finish(self) -> None:
        """Raise `EncodingRefused` unless the stream is whole."""
        if not self._member.eof:
            raise EncodingRefused("the gzip stream is cut")

    def _room(self) -> int:
        return min(self._cap, max(_RATIO_FROM, _RATIO * self._wire)) - self._decoded

    def _inflate(self, data: bytes, limit: int) -> bytes:
        try:
            return self._member.decompress(data, limit)
        except zlib.error as error:
            raise EncodingRefused(f"the gzip stream is broken ({error})") from error

    def _next_member(self, data: bytes) -> bytes:
        """Begin another member with `data`, less the zeros that some writers pad a stream with."""
        data = data.lstrip(b"\0")
        if data:
            self._members += 1
            if self._members > _MEMBERS:
                raise EncodingRefused("the gzip stream has too many members")
            self._member = zlib.decompressobj(_GZIP)
        return data


async def read_body(response: httpx.Response, *, wire_cap: int, decoded_cap: int) -> bytes:
    """The whole body of `response`, decoded.

    Raises `BodyTooLarge`, `EncodingRefused`, and whatever the transport raises for a body that breaks off.
    """
    declared = response.headers.get("content-length", "0")
    if int(declared) > wire_cap:
        raise BodyTooLarge(f"{declared} bytes announced, {wire_cap} allowed")
    encoding = ", ".join(response.headers.get_list("content-encoding")).strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise EncodingRefused(f"Content-Encoding {encoding[:40]!r} was not asked for")
    inflater = Inflater(cap=decoded_cap) if encoding.endswith("gzip") else None
    pieces = []
    size = 0
    async for data in response.aiter_raw():
        piece = inflater.feed(data) if inflater else data
        size += len(piece)
        if size > decoded_cap:
            raise BodyTooLarge(f"more than {decoded_cap} bytes")
        pieces.append(piece)
    if inflater:
        inflater.finish()
    return b"".join(pieces)
