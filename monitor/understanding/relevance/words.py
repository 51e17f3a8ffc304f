"""A stretch of a text as words with their places, dictionary keys and sentences: what all evidence is read from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from monitor.lemmas import lemmatise
from monitor.understanding.matching.normalise import WORD, fold

_ENDS: Final = frozenset(".!?…;\n")
_CACHED: Final = 1 << 15  # words of one process, about 6 MB


@dataclass(frozen=True, slots=True)
class Words:
    """Words of a stretch: `starts` and `ends` are code points of the whole original text, `keys` as of `key`.

    `sentences` numbers the sentence that each word stands in, `places` lists the numbers of the words of each key.
    """

    folded: tuple[str, ...]
    keys: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    sentences: tuple[int, ...]
    places: dict[str, list[int]]

    def covering(self, start: int, end: int) -> tuple[int, int]:
        """Numbers of the first word in start..end of the original, and of the first after it."""
        first = next((at for at, ended in enumerate(self.ends) if ended > start), len(self.ends))
        after = next((at for at in range(first, len(self.starts)) if self.starts[at] >= end), len(self.starts))
        return first, after

    def within(self, at: int, sentence: int) -> bool:
        """Whether there is a word of this number, in this sentence."""
        return 0 <= at < len(self.keys) and self.sentences[at] == sentence


def read(text: str, start: int, end: int, lang: str) -> Words:
    """The words of text[start:end]; a word that the bounds cut is left out."""
    while 0 < start < len(text) and text[start - 1].isalnum() and text[start].isalnum():
        start += 1
    while 0 < end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end -= 1
    folded = fold(text[start:end])
    whole, in_step = folded.text, folded.offsets is None
    spelt: list[str] = []
    keys: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    sentences: list[int] = []
    places: dict[str, list[int]] = {}
    sentence, before = 0, 0
    for number, found in enumerate(WORD.finditer(whole)):
        first, last = found.span() if in_step else folded.span(*found.span())
        if first - before > 1 and not _ENDS.isdisjoint(folded.original[before:first]):
            sentence += 1
        before = last
        word = found[0]
        made = key(word, lang)
        spelt.append(word)
        keys.append(made)
        starts.append(start + first)
        ends.append(start + last)
        sentences.append(sentence)
        places.setdefault(made, []).append(number)
    return Words(tuple(spelt), tuple(keys), tuple(starts), tuple(ends), tuple(sentences), places)


@lru_cache(maxsize=_CACHED)
def key(word: str, lang: str) -> str:
    """What the forms of a folded word agree in, read in a language."""
    return lemmatise(word, lang).replace(" ", "") or word


def keys_of(phrase: str, lang: str) -> tuple[str, ...]:
    """The keys of a phrase's words."""
    return tuple(key(word, lang) for word in WORD.findall(fold(phrase).text))
