"""Linear heads over hashed n-grams: what a text weighs for each class, and which of its words weigh most.

Weights and frequencies are kept as bytes, so that a head of some classes is a few hundred kilobytes in the package.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from monitor.understanding.ngrams import BLOCK, Features, features, tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Word(NamedTuple):
    """A word as a head reads it, and what it adds to the decision value of a class."""

    text: str
    gain: float


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A trained head of k classes.

    `weights` are int8 of shape (BUCKETS, k), worth `scales[block]` each; `idf` is float32 of shape (BUCKETS,).
    """

    weights: NDArray[np.int8]
    scales: NDArray[np.float32]
    idf: NDArray[np.float32]

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Head:
        """A head from what an artifact holds; `idf` is kept there as bytes and a step."""
        return cls(
            weights=arrays["weights"].astype(np.int8),
            scales=arrays["scales"].astype(np.float32),
            idf=arrays["idf"].astype(np.float32) * arrays["idf_step"].astype(np.float32),
        )

    def decisions(self, found: Features) -> Floats:
        """Decision values without bias, shape (texts, k)."""
        block = found.buckets // BLOCK
        values = self.values(found)
        shares = self.weights[found.buckets] * (values[:, None] * self.scales[block])
        # bincount adds in order, so that a text scores the same alone and in any batch.
        classes = range(self.weights.shape[1])
        columns = [np.bincount(found.rows, shares[:, k], minlength=found.texts) for k in classes]
        # Of no buckets at all bincount makes integers.
        return np.stack(columns, axis=1).astype(np.float64)

    def values(self, found: Features) -> Floats:
        """What each lit bucket of a text is worth: its idf over the length of the text in that block."""
        values: Floats = self.idf[found.buckets] / self._norms(found)[found.rows * 2 + found.buckets // BLOCK]
        return values

    def _norms(self, found: Features) -> Floats:
        """Length of each text in each block; block b of text t is number 2 t + b."""
        squares = self.idf[found.buckets].astype(np.float64) ** 2
        norms: Floats = np.sqrt(
            np.bincount(found.rows * 2 + found.buckets // BLOCK, squares, minlength=2 * found.texts)
        )
        return norms

    def telling(self, texts: Sequence[str], classes: Sequence[int], *, limit: int = 3) -> list[list[Word]]:
        """For each text the words that speak most for its class: they and their characters, not the pairs they form."""
        read = [tokens(text) for text in texts]
        distinct = [list(dict.fromkeys(found)) for found in read]
        words = [word for found in distinct for word in found]
        if not words:
            return [[] for _ in texts]
        owners = np.repeat(np.arange(len(texts)), [len(found) for found in distinct])
        whole, alone = features(read), features([[word] for word in words])
        norms = self._norms(whole)[owners[alone.rows] * 2 + alone.buckets // BLOCK]
        columns = np.array(classes)[owners[alone.rows]]
        shares = self.weights[alone.buckets, columns] * self.scales[alone.buckets // BLOCK, columns]
        gains = np.bincount(alone.rows, shares * self.idf[alone.buckets] / norms, minlength=len(words)).tolist()
        found: list[list[Word]] = [[] for _ in texts]
        for owner, word, gain in zip(owners.tolist(), words, gains, strict=True):
            if gain > 0 and word[0].isalpha():
                found[owner].append(Word(word, gain))
        return [sorted(listed, key=lambda word: -word.gain)[:limit] for listed in found]
