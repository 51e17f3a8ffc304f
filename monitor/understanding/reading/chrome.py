"""Page chrome: lines that a page put around what somebody wrote, such as date bars and «Написать свой комментарий»."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from monitor.understanding.matching.normalise import folded_words

if TYPE_CHECKING:
    from monitor.understanding.reading.shapes import Reading

_DATA: Final[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parents[1] / "data" / "chrome.toml").read_text(encoding="utf-8")
)
_LINES: Final = frozenset(folded_words(line) for line in _DATA["lines"])
_BEGINNINGS: Final = tuple(folded_words(line) for line in _DATA["beginnings"])
_DATES: Final = frozenset(_DATA["dates"].split())
_FEW_WORDS: Final = 12
_LONGEST: Final = 250  # code points
_BAR: Final = 4
"""Words of a date bar; shorter ones, such as «вчера» or "10 min", people write too."""


@lru_cache(maxsize=512)  # the judge asks for a line, and then who reads its sentences
def is_chrome(line: str) -> bool:
    """Whether a line is page chrome."""
    if len(line) > _LONGEST:
        return False
    words = folded_words(line)
    if not words:
        return False
    bare = tuple(word for word in words if not word.isdigit())
    if bare in _LINES and (len(bare) > 1 or bare == words or len(words) <= len(bare) + 1):
        return True
    if len(words) <= _FEW_WORDS and any(words[: len(begun)] == begun for begun in _BEGINNINGS if begun):
        return True
    return len(words) >= _BAR and len(bare) < len(words) and _DATES.issuperset(bare)


def chrome_sentences(reading: Reading) -> frozenset[int]:
    """The numbers of the sentences that stand on lines of chrome.

    A text of nothing else is somebody's after all: «Реклама» or "Helpful" may be all that a person wrote.
    """
    text, found = reading.text, set[int]()
    end, ignored = -1, False
    for number, sentence in enumerate(reading.sentences):
        if sentence.start > end:
            start = text.rfind("\n", 0, sentence.start) + 1
            end = text.find("\n", sentence.end)
            end = len(text) if end < 0 else end
            ignored = is_chrome(text[start:end])
        if ignored:
            found.add(number)
    return frozenset(found) if len(found) < len(reading.sentences) else frozenset()
