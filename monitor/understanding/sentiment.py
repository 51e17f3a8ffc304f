"""Sentiment of short texts: a linear model over hashed n-grams, and stars, which say it better where there are any.

Needs numpy only. The weights in `data/sentiment.npz` are made by `python -m training.sentiment`; what they were made
of and how good they are stands in `docs/sentiment-model-card.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from monitor.models import Label, Sentiment
from monitor.understanding.heads import Head, Word
from monitor.understanding.ngrams import features, tokens

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
    """A trained model: the decision values d of its head become probabilities as softmax(d @ matrix + offset).

    The bias of the head is in the offset.
    """

    head: Head
    matrix: Floats
    offset: Floats

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Model:
        """A model from what the artifact holds."""
        return cls(
            head=Head.from_arrays(arrays),
            matrix=arrays["matrix"].astype(np.float64),
            offset=arrays["offset"].astype(np.float64),
        )

    @classmethod
    def load(cls, path: Path = ARTIFACT) -> Model:
        """The model in the file `path`, which is read without pickle."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls.from_arrays(arrays)

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Probabilities of negative, neutral and positive, shape (texts, 3)."""
        if not texts:
            return np.empty((0, len(LABELS)))
        decisions = self.head.decisions(features([tokens(text) for text in texts]))
        return softmax((decisions[:, :, None] * self.matrix).sum(axis=1) + self.offset)

    def judge(self, texts: Sequence[str]) -> list[Sentiment]:
        """Sentiment of each text."""
        return [as_sentiment(row[0], row[2]) for row in self.probabilities(texts).tolist()]

    def telling(self, texts: Sequence[str], labels: Sequence[Label], *, limit: int = 3) -> list[list[Word]]:
        """For each text the words that speak most for its label."""
        return self.head.telling(texts, [LABELS.index(label) for label in labels], limit=limit)


def softmax(values: Floats) -> Floats:
    """Rows turned into probabilities."""
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    result: Floats = powers / powers.sum(axis=1, keepdims=True)
    return result
