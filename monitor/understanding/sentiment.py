"""Sentiment of short texts: a linear model in two tiers, and stars, which say it better where there are any.

The fast tier reads hashed n-grams, the quality tier also what a frozen sentence encoder makes of the text. Weights are
made by `python -m training.sentiment`; of what, and how good they are, stands in `docs/sentiment-model-card.md`.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from monitor.models import Label, Sentiment, Tier
from monitor.understanding import encoder
from monitor.understanding.heads import Head
from monitor.understanding.ngrams import features, tokens
from monitor.understanding.tiers import chosen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from monitor.models import JSON
    from monitor.understanding.heads import Word
    from monitor.understanding.ngrams import Features

    Floats = NDArray[np.float64]

LABELS = (Label.NEGATIVE, Label.NEUTRAL, Label.POSITIVE)
"""The order of classes in every array."""
ARTIFACTS: Final = {
    tier: Path(__file__).with_name("data") / f"sentiment_{tier.value}.npz" for tier in (Tier.FAST, Tier.QUALITY)
}
"""The trained model of each tier."""

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
class Meaning:
    """What the encoder's vector of a text adds to the decision values: ((vector - centre) / spread) @ weights.

    `weights` has the shape (WIDTH, 3), `centre` and `spread` (WIDTH,).
    """

    weights: Floats
    centre: Floats
    spread: Floats

    def standardised(self, texts: Sequence[str]) -> Floats:
        """The texts' vectors on the scale of the training texts, shape (texts, WIDTH)."""
        vectors: Floats = (encoder.loaded().encode(texts) - self.centre) / self.spread
        return vectors


@dataclass(frozen=True, slots=True, eq=False)
class Adaptation:
    """What the corrections of one installation add to the logits of a tier's model.

    `offset` has three values; `weights`, of shape (n, 3), are those of the n-gram `buckets`, which rise; `meaning`, of
    shape (WIDTH, 3), those of the standardised vector, and None on the fast tier.
    """

    tier: Tier
    offset: Floats
    buckets: NDArray[np.int64]
    weights: Floats
    meaning: Floats | None = None

    def logits(self, found: Features, values: Floats, vectors: Floats | None) -> Floats:
        """What is added for each text; `values` are those of the lit buckets, as `Head.values` gives them."""
        at = np.minimum(np.searchsorted(self.buckets, found.buckets), max(len(self.buckets) - 1, 0))
        known = self.buckets[at] == found.buckets if len(self.buckets) else np.zeros(len(found.buckets), dtype=np.bool_)
        shares = self.weights[at[known]] * values[known, None]
        rows = found.rows[known]
        columns = [np.bincount(rows, shares[:, k], minlength=found.texts) for k in range(len(LABELS))]
        added: Floats = np.stack(columns, axis=1).astype(np.float64) + self.offset
        return added if vectors is None or self.meaning is None else added + vectors @ self.meaning

    def to_json(self) -> dict[str, JSON]:
        """As JSON: arrays as base64 of float32 and int32."""
        return {
            "tier": self.tier.value,
            "offset": _packed(self.offset, "<f4"),
            "buckets": _packed(self.buckets, "<i4"),
            "weights": _packed(self.weights, "<f4"),
            "meaning": None if self.meaning is None else _packed(self.meaning, "<f4"),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, JSON]) -> Adaptation:
        """From what `to_json` gave. Raises KeyError, ValueError."""
        meaning = data["meaning"]
        return cls(
            tier=Tier(str(data["tier"])),
            offset=_unpacked(data["offset"], "<f4").astype(np.float64),
            buckets=_unpacked(data["buckets"], "<i4").astype(np.int64),
            weights=_unpacked(data["weights"], "<f4").astype(np.float64).reshape(-1, len(LABELS)),
            meaning=None if meaning is None else _unpacked(meaning, "<f4").astype(np.float64).reshape(-1, len(LABELS)),
        )


def _packed(values: NDArray[Any], kind: str) -> str:
    return b64encode(values.astype(kind).tobytes()).decode("ascii")


def _unpacked(text: JSON, kind: str) -> NDArray[Any]:
    return np.frombuffer(b64decode(str(text), validate=True), dtype=kind)


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A trained model: the decision values d of its parts become probabilities as softmax(d @ matrix + offset).

    The bias of the head is in the offset. `meaning` is None on the fast tier, `adaptation` where nothing was learned.
    """

    head: Head
    matrix: Floats
    offset: Floats
    meaning: Meaning | None = None
    adaptation: Adaptation | None = None

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Model:
        """A model from what the artifact holds."""
        return cls(
            head=Head.from_arrays(arrays),
            matrix=arrays["matrix"].astype(np.float64),
            offset=arrays["offset"].astype(np.float64),
            meaning=Meaning(*(arrays[name].astype(np.float64) for name in ("meaning", "centre", "spread")))
            if "meaning" in arrays
            else None,
        )

    @classmethod
    def load(cls, tier: Tier = Tier.FAST) -> Model:
        """The model of a tier as it comes with the program, with its encoder. Raises InputError as `chosen` does."""
        meant = chosen(tier)
        if meant is Tier.QUALITY:
            encoder.loaded()  # now, and not within the first texts' deadline
        with np.load(ARTIFACTS[meant], allow_pickle=False) as arrays:
            return cls.from_arrays(arrays)

    @property
    def tier(self) -> Tier:
        """QUALITY or FAST."""
        return Tier.FAST if self.meaning is None else Tier.QUALITY

    def adapted(self, adaptation: Adaptation | None) -> Model:
        """This model with what corrections taught; one that was learned for another tier is left out."""
        fits = adaptation is not None and adaptation.tier is self.tier
        return replace(self, adaptation=adaptation if fits else None)

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Probabilities of negative, neutral and positive, shape (texts, 3)."""
        if not texts:
            return np.empty((0, len(LABELS)))
        found = features([tokens(text) for text in texts])
        vectors = None if self.meaning is None else self.meaning.standardised(texts)
        return softmax(self.logits(found, vectors))

    def logits(self, found: Features, vectors: Floats | None) -> Floats:
        """Logarithms of probabilities, up to a summand each, of texts whose features and vectors are given."""
        decisions = self.head.decisions(found)
        if self.meaning is not None and vectors is not None:
            decisions += vectors @ self.meaning.weights
        logits: Floats = (decisions[:, :, None] * self.matrix).sum(axis=1) + self.offset
        if self.adaptation is not None:
            logits += self.adaptation.logits(found, self.head.values(found), vectors)
        return logits

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
