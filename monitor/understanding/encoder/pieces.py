"""Cuts texts into the pieces of the encoder's vocabulary: the likeliest way to write it so (unigram model)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from monitor.understanding.encoder.weights import Vocabulary

_MARK: Final = "\u2581"
"""Stands for a blank, and before the first word."""
_BLANKS: Final = re.compile(" {2,}")
_PENALTY: Final = 10.0
"""How much less likely than the rarest piece an unknown character is, as a logarithm."""
_REMEMBERED: Final = 50_000
"""Words whose pieces are remembered: texts repeat most of theirs."""
_USUAL: Final = 32
"""Characters of a word that is remembered; what is longer is no word, and does not come again."""


class Pieces:
    """The tokeniser of a vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._known = vocabulary.pieces
        self._scores = vocabulary.scores
        self._begin, self._end, self._unknown = vocabulary.begin, vocabulary.end, vocabulary.unknown
        self._normal = dict(vocabulary.normal)
        self._unlikely = min(vocabulary.scores) - _PENALTY
        self._longest = max(map(len, vocabulary.pieces))
        self._word = lru_cache(_REMEMBERED)(self._cut)

    def numbers(self, text: str, most: int) -> list[int]:
        """The numbers of a text's pieces between those for begin and end, `most` in all."""
        blanks = _BLANKS.sub(" ", text.translate(self._normal)).replace(" ", _MARK)
        marked = blanks if blanks.startswith(_MARK) else _MARK + blanks
        found = [self._begin]
        # No piece of the vocabulary has a mark inside of it, so that words can be cut one by one.
        for word in marked.split(_MARK)[1:]:
            cut = self._word if len(word) <= _USUAL else self._cut
            found.extend(cut(_MARK + word))
            if len(found) >= most:
                break
        return [*found[: most - 1], self._end]

    def _cut(self, word: str) -> tuple[int, ...]:
        """The likeliest pieces of a word, found from its start to its end."""
        size = len(word)
        best = [0.0] + [float("-inf")] * size
        came: list[tuple[int, int]] = [(0, self._unknown)] * (size + 1)
        for start in range(size):
            so_far = best[start]
            for end in range(start + 1, min(size, start + self._longest) + 1):
                number = self._known.get(word[start:end])
                if number is not None and so_far + self._scores[number] > best[end]:
                    best[end] = so_far + self._scores[number]
                    came[end] = (start, number)
            if so_far + self._unlikely > best[start + 1]:
                best[start + 1] = so_far + self._unlikely
                came[start + 1] = (start, self._unknown)
        found = []
        at = size
        while at > 0:
            at, number = came[at]
            found.append(number)
        return tuple(reversed(found))
