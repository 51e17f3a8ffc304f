"""Special cases by resemblance: how much a post reads like our own examples of each case.

Rules name the words that they saw, and know only what somebody thought of; people put the same thing in ever new words,
and use the same words for something else. A linear head over n-grams, trained on texts that were written for it, weighs
what the rules saw together with how the whole post reads. Made by `python -m training.special_cases`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from monitor.understanding.heads import Head
from monitor.understanding.ngrams import features, tokens

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

ARTIFACT: Final = Path(__file__).with_name("data") / "resemblance.npz"
LONGEST: Final = 1_200
"""Code points of a text that are read: what a long post is about stands in its beginning."""
USUAL: Final = 560
"""Code points of the longest example: of a longer text the head says only what it is like around the evidence of rules.

The longest examples are articles; it takes whatever is longer for one."""
SURE: Final = 0.4
"""The chance from which on a post is said to be of a case.

The folds are best at 0.3; real posts are of a case less often than texts that were written for it."""


@dataclass(frozen=True, slots=True, eq=False)
class Resemblance:
    """The trained head: a text of decision value d is of case k with the chance sigmoid(slope[k] d + offset[k] + r).

    r is bonus[k] where a rule saw the case, else 0. `languages` are those that it was trained for: in others a rule
    needs no second opinion.
    """

    cases: tuple[str, ...]
    languages: frozenset[str]
    head: Head
    slope: NDArray[np.float64]
    offset: NDArray[np.float64]
    bonus: NDArray[np.float64]

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Resemblance:
        """The head from what the artifact holds."""
        return cls(
            cases=tuple(map(str, arrays["cases"].tolist())),
            languages=frozenset(map(str, arrays["languages"].tolist())),
            head=Head.from_arrays(arrays),
            slope=arrays["slope"].astype(np.float64),
            offset=arrays["offset"].astype(np.float64),
            bonus=arrays["bonus"].astype(np.float64),
        )

    @classmethod
    def load(cls, path: Path = ARTIFACT) -> Resemblance:
        """The head in the file `path`, which is read without pickle."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls.from_arrays(arrays)

    def read(self, texts: Sequence[str]) -> list[NDArray[np.float64]]:
        """The decision values of each text, one a case; for `chances`."""
        return list(self.head.decisions(features([tokens(text) for text in texts]))) if texts else []

    def chances(self, decisions: NDArray[np.float64], seen: Collection[str]) -> dict[str, float]:
        """The chance of each case for a text of which the rules saw the cases `seen`."""
        bonus = np.array([case in seen for case in self.cases]) * self.bonus
        chances = 1 / (1 + np.exp(-(self.slope * decisions + self.offset + bonus)))
        return dict(zip(self.cases, np.round(chances, 3).tolist(), strict=True))


def wording(text: str, lemmas: str) -> str:
    """What is read of a post: its words as they stand and their lemmas, so that forms of a word agree."""
    return f"{text[:LONGEST]}\n{lemmas[:LONGEST]}"
