"""Sentiment of short texts: a linear model over hashed n-grams, and stars, which say it better where there are any.

Needs numpy only. The weights in `data/sentiment.npz` are made by `python -m training.sentiment`; what they were made
of and how good they are stands in `docs/sentiment-model-card.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from monitor.models import Label, Sentiment
from monitor.understanding.ngrams import BLOCK, Features, features, tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LABELS = (Label.NEGATIVE, Label.NEUTRAL, Label.POSITIVE)
"""The order of classes in every array."""
ARTIFACT = Path(__file__).with_name("data") / "sentiment.npz"

_STAR_ANCHORS = {
    1: (0.95, 0.04, 0.01),
    2: (0.80, 0.16, 0.04),
    3: (0.30, 0.50, 0.20),
    4: (0.05, 0.20, 0.75),
    5: (0.01, 0.05, 0.94),
}
"""What a rating says of the sentiment: chosen, not learned; between two whole stars it is interpolated."""


class Word(NamedTuple):
    """A word as the model reads it, and what it adds to the decision value of a label."""

    text: str
    gain: float


def as_sentiment(negative: float, positive: float) -> Sentiment:
    """Probabilities rounded to four places, which still sum to 1, under the label of the largest."""
    negative, positive = round(negative, 4), round(positive, 4)
    neutral = max(0.0, round(1 - negative - positive, 4))
    shares = dict(zip(LABELS, (negative, neutral, positive), strict=True))
    label = max(shares, key=shares.__getitem__)
    return Sentiment(label=label, negative=negative, neutral=neutral, positive=positive)


def of_rating(rating: float) -> Sentiment:
    """Sentiment that `rating` stars (1 to 5; what lies outside counts as the nearest) stand for."""
    rating = min(5.0, max(1.0, rating))
    below = min(4, int(rating))
    share = rating - below
    low, high = _STAR_ANCHORS[below], _STAR_ANCHORS[below + 1]
    negative, _, positive = (a + share * (b - a) for a, b in zip(low, high, strict=True))
    return as_sentiment(negative, positive)


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A trained head.

    `weights` are int8 of shape (BUCKETS, 3), worth `scales[block]` each; `idf` is float32 of shape (BUCKETS,); the
    decision values d become probabilities as softmax(d @ matrix + offset), bias included in the offset.
    """

    weights: NDArray[np.int8]
    scales: NDArray[np.float32]
    idf: NDArray[np.float32]
    matrix: Floats
    offset: Floats

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Model:
        """A model from what the artifact holds; `idf` is kept there as bytes and a step."""
        return cls(
            weights=arrays["weights"].astype(np.int8),
            scales=arrays["scales"].astype(np.float32),
            idf=arrays["idf"].astype(np.float32) * arrays["idf_step"].astype(np.float32),
            matrix=arrays["matrix"].astype(np.float64),
            offset=arrays["offset"].astype(np.float64),
        )

    @classmethod
    def load(cls, path: Path = ARTIFACT) -> Model:
        """The model in the file `path`, which is read without pickle."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls.from_arrays(arrays)

    def shares(self, found: Features) -> Floats:
        """What each (text, bucket) pair adds to the three decision values of its text."""
        block = found.buckets // BLOCK
        values = self.idf[found.buckets] / self._norms(found)[found.rows * 2 + block]
        shares: Floats = self.weights[found.buckets] * (values[:, None] * self.scales[block])
        return shares

    def _norms(self, found: Features) -> Floats:
        """Length of each text in each block; block b of text t is number 2 t + b."""
        squares = self.idf[found.buckets].astype(np.float64) ** 2
        norms: Floats = np.sqrt(
            np.bincount(found.rows * 2 + found.buckets // BLOCK, squares, minlength=2 * found.texts)
        )
        return norms

    def decisions(self, found: Features) -> Floats:
        """Decision values without bias, shape (texts, 3)."""
        shares = self.shares(found)
        # bincount adds in order, so that a text scores the same alone and in any batch.
        columns = [np.bincount(found.rows, shares[:, k], minlength=found.texts) for k in range(len(LABELS))]
        return np.stack(columns, axis=1)

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Probabilities of negative, neutral and positive, shape (texts, 3)."""
        if not texts:
            return np.empty((0, len(LABELS)))
        decisions = self.decisions(features([tokens(text) for text in texts]))
        return softmax((decisions[:, :, None] * self.matrix).sum(axis=1) + self.offset)

    def judge(self, texts: Sequence[str]) -> list[Sentiment]:
        """Sentiment of each text."""
        return [as_sentiment(row[0], row[2]) for row in self.probabilities(texts).tolist()]

    def telling(self, texts: Sequence[str], labels: Sequence[Label], *, limit: int = 3) -> list[list[Word]]:
        """For each text the words that speak most for its label: they and their characters, not the pairs they form."""
        read = [tokens(text) for text in texts]
        distinct = [list(dict.fromkeys(found)) for found in read]
        words = [word for found in distinct for word in found]
        if not words:
            return [[] for _ in texts]
        owners = np.repeat(np.arange(len(texts)), [len(found) for found in distinct])
        whole, alone = features(read), features([[word] for word in words])
        norms = self._norms(whole)[owners[alone.rows] * 2 + alone.buckets // BLOCK]
        columns = np.array([LABELS.index(label) for label in labels])[owners[alone.rows]]
        shares = self.weights[alone.buckets, columns] * self.scales[alone.buckets // BLOCK, columns]
        gains = np.bincount(alone.rows, shares * self.idf[alone.buckets] / norms, minlength=len(words)).tolist()
        found: list[list[Word]] = [[] for _ in texts]
        for owner, word, gain in zip(owners.tolist(), words, gains, strict=True):
            if gain > 0 and word[0].isalpha():
                found[owner].append(Word(word, gain))
        return [sorted(listed, key=lambda word: -word.gain)[:limit] for listed in found]


def softmax(values: Floats) -> Floats:
    """Rows turned into probabilities."""
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    result: Floats = powers / powers.sum(axis=1, keepdims=True)
    return result
