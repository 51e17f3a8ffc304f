"""What the first letters of a word tell: in which ways it may be the word of any name at all.

An ordinary word of a text has to get past this one look-up before anything is compared. The answer for each beginning
is worked out when it is met first; it may let through what is nothing in the end, but never holds back what is a name.
"""

from __future__ import annotations

import re

from monitor.understanding.matching import translit

GATE = 4
"""This many letters are looked at."""
SAME_GATE, HEARD_GATE, TYPO_GATE = 1, 2, 4
"""Ways to be a name: in its own script, in the other, with a typing mistake."""
_ALL = SAME_GATE | HEARD_GATE | TYPO_GATE

_CYRILLIC_LETTER = re.compile("[а-яіїєґ]")
_JOINED = "тдpqtdkcsz"
"""Letters that may sound together with the next one, which is not looked at."""


class Gates(dict[str, int]):
    """By the first letters of a word of a text (fewer only if it has no more) the ways that are open to it."""

    def __init__(self) -> None:
        super().__init__()
        self._beginnings: set[str] = set()
        self._spellings: set[str] = set()
        self._typed: set[str] = set()
        self._heard: set[str] = set()
        self._long: set[str] = set()
        self._long_starts: set[str] = set()

    def add_beginning(self, beginning: str) -> None:
        """All forms of a name begin so."""
        self._beginnings.add(beginning[:GATE])

    def add_spelling(self, spelling: str) -> None:
        """A name is spelt so and not otherwise."""
        self._spellings.add(spelling[:GATE])

    def add_typed(self, sound: str) -> None:
        """A Cyrillic name has these consonants."""
        self._typed.add(sound[:2])

    def add_heard(self, sound: str) -> None:
        """A Latin name has these consonants; an ending may add the second."""
        self._heard.update([sound[:2]] if len(sound) > 1 else [sound, *(sound + other for other in "bvfdlmnprts")])

    def add_long(self, word: str) -> None:
        """In this word a typing mistake is forgiven."""
        if word[:GATE] not in self._long_starts:
            self._long_starts.add(word[:GATE])
            self._long.update(_skipped(word[:GATE]))

    def __missing__(self, start: str) -> int:
        if start.isdigit():
            return _ALL
        found, begun = 0, self._beginnings
        if start in begun or start[:3] in begun or start[:2] in begun or start[0] in begun or start in self._spellings:
            found |= SAME_GATE
        if self._may_sound(start):
            found |= HEARD_GATE
        if self._long and not self._long.isdisjoint(_skipped(start)):
            found |= TYPO_GATE
        self[start] = found
        return found

    def _may_sound(self, start: str) -> bool:
        sure = start.rstrip(_JOINED)
        sounds = translit.sounds(sure) if sure else ()
        latin = not _CYRILLIC_LETTER.search(start)
        for sound in sounds:
            if len(sound) < 2 or sound[:2] in self._heard:
                return True
            if latin and (sound[:2] in self._typed or sound[0] in self._typed):
                return True
        return not sounds


def _skipped(start: str) -> tuple[str, ...]:
    """What one mistake leaves of the first four letters: any three of them in their order."""
    return start[:3], start[1:], start[0] + start[2:], start[:2] + start[3:]
