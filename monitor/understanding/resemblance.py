"""Special cases by resemblance: how much a post reads like our own examples of each case.

Rules name the words that they saw, and know only what somebody thought of; people put the same thing in ever new words,
and use the same words for something else. A linear head over n-grams, trained on texts that were written for it, weighs
what the rules saw together with how the whole post reads; on the quality tier also what the encoder makes of it. It is
made by `python -m training.special_cases`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from monitor.models import Tier
from monitor.understanding import encoder
from monitor.understanding.heads import Head
from monitor.understanding.ngrams import features, tokens

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ARTIFACT: Final = Path(__file__).with_name("data") / "resemblance.npz"
LONGEST: Final = 1_200
"""Code points of a text that are read: what a long post is about stands in its beginning."""
USUAL: Final = 560
"""Code points of the longest example: of a longer text the head says only what it is like around the evidence of rules.

The longest examples are articles; it takes whatever is longer for one."""
SURE: Final = 0.4
"""The chance from which on a post is said to be of a case.

The folds are best at 0.3; real posts are of a case less often than texts that were written for it."""


class Wording(NamedTuple):
    """What is read of a part of a post: `words` for n-grams, without brands; `said` as it stands, for the encoder."""

    words: str
    said: str


@dataclass(frozen=True, slots=True, eq=False)
class Resemblance:
    """The trained head: a text is of case k with the chance sigmoid(slope[k] d + v @ meaning[:, k] + offset[k] + r).

    d is the decision value of its words, v the encoder's vector of what it says, on the quality tier; r is bonus[k]
    where a rule saw the case, else 0. `languages` are those that it was trained for: in others a rule needs no second
    opinion.
    """

    cases: tuple[str, ...]
    languages: frozenset[str]
    head: Head
    slope: Floats
    offset: Floats
    bonus: Floats
    meaning: Floats | None = None

    @classmethod
    def load(cls, tier: Tier = Tier.FAST) -> Resemblance:
        """The head of a tier, FAST or QUALITY, as it comes with the program."""
        with np.load(ARTIFACT, allow_pickle=False) as arrays:
            return cls(
                cases=tuple(map(str, arrays["cases"].tolist())),
                languages=frozenset(map(str, arrays[f"{tier.value}_languages"].tolist())),
                head=Head.from_arrays(arrays),
                **{
                    name: arrays[f"{tier.value}_{name}"].astype(np.float64)
                    for name in ("slope", "offset", "bonus", "meaning")
                    if f"{tier.value}_{name}" in arrays
                },
            )

    def read(self, wordings: Sequence[Wording]) -> list[Floats]:
        """How much each reads like each case, before what the rules saw is weighed; for `chances`."""
        if not wordings:
            return []
        found = features([tokens(one.words) for one in wordings])
        values = self.slope * self.head.decisions(found) + self.offset
        if self.meaning is not None:
            values += encoder.loaded().encode([one.said for one in wordings]) @ self.meaning
        return list(values)

    def chances(self, values: Floats, seen: Collection[str]) -> dict[str, float]:
        """The chance of each case for a text of which the rules saw the cases `seen`."""
        bonus = np.array([case in seen for case in self.cases]) * self.bonus
        chances = 1 / (1 + np.exp(-(values + bonus)))
        return dict(zip(self.cases, np.round(chances, 3).tolist(), strict=True))


def wording(text: str, lemmas: str) -> str:
    """What is read of a post: its words as they stand and their lemmas, so that forms of a word agree."""
    return f"{text[:LONGEST]}\n{lemmas[:LONGEST]}"
