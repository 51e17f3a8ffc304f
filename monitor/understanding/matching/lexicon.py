"""The words of all names, and what a word of a text may be of them.

Forms are worked out only for words of names that a text comes near to, so that fifty thousand names cost little more
than ten. Most words of a text are ruled out by their first letters. The others are brought near by how forms begin, by
consonants (the other script) or by the first letters with one of them left out (a typing mistake), and are compared
where what follows the beginning can be an ending; the answer is kept for the next text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby, islice, product
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from monitor.understanding.matching import translit
from monitor.understanding.matching.forms import CAP, SLOTS
from monitor.understanding.matching.gates import GATE, HEARD_GATE, SAME_GATE, TYPO_GATE, Gates
from monitor.understanding.matching.mistakes import Mistakes, is_near, one_edit
from monitor.understanding.matching.paradigms import (
    ANY_SLOT,
    EXACT,
    INFLECTED,
    Shape,
    forms_of_word,
    is_ending,
    least_stem,
    rests_of,
    stem,
    without_endings,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.understanding.matching.forms import Morphology

TYPO_LETTERS = 7
"""Only in words this long one typing mistake is forgiven."""
KEPT = 1 << 17
"""Words of texts whose answers are kept, 20 MB of them; then all are forgotten."""
LONGEST = 40
"""Longer words of a text are no words of names."""
TRANSLIT_CASE_LETTERS = 6
"""A case of a name that is shorter than this is not looked for in the other script."""
HEARD_LETTERS = 4
"""A shorter Latin word is not looked for as it is heard, but for abbreviations without vowels."""

DOUBTFUL_LETTERS = 6
"""A word of the dictionary that sounds like a name of this many letters of the other script is a doubtful mention."""

_ENDING_SOUNDS = 4
"""Consonants that an ending may have, as in -овского."""
_AS_CYRILLIC = {"0": "о", "1": "илі", "3": "зеэ", "4": "ча", "5": "с", "6": "бш", "7": "т", "8": "в", "9": "яд"}
_AS_LATIN = {"0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "bg", "7": "t", "8": "b", "9": "gq"}
_MOST_RESPELT = 64
_NUMBERED = re.compile(r"([^\W\d_]{3,})\d{1,2}")
_CYRILLIC_LETTER = re.compile("[а-яіїєґ]")
_CYRILLIC_OR_DIGIT = re.compile("[а-яіїєґ0-9]+")
_LATIN_OR_DIGIT = re.compile("[a-z0-9]+")
_LATIN_VOWEL = re.compile("[aeiouy]")
_DRAWN_OUT = re.compile(r"(.)\1\1")
_CYRILLIC_LOOK = str.maketrans("abcehkmoptxy", "авсенкмортху")
_LATIN_LOOK = str.maketrans("авсенкмортху", "abcehkmoptxy")
_ODD = re.compile(r"\d|(.)\1\1|^[abcehkmoptxy]+$|^[авсенкмортху]+$")
_LOOKS_CYRILLIC = re.compile("[abcehkmoptxy0-9]+")
_LOOKS_LATIN = re.compile("[авсенкмортху0-9]+")


_Key = TypeVar("_Key", str, int)

SURE, DOUBTFUL, IN_ROWS = range(3)
"""What an ordinary word of a text, that may be a name in the other script, is worth: nothing but in a row of words."""


class Way(NamedTuple):
    """How a word of a text may be the word of a name; `doubt` where it is an ordinary word in its own right."""

    word: int
    slots: int
    kind: str
    doubt: int = SURE


@dataclass(slots=True)
class Word:
    """A word of a name: whole, or glued of `parts`, or with nothing but the `fixed` spellings.

    The lexicon adds what all its forms begin with, what may follow, or where that is not known what must be a part of
    it, and the forms themselves when they are first asked for.
    """

    text: str
    abbreviation: bool = False
    parts: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    beginning: str = ""
    rests: frozenset[str] | None = None
    last: str = ""
    shapes: dict[str, Shape] | None = None


class Lexicon(dict[str, tuple[Way, ...]]):
    """Words of names by number; as a mapping, each folded word of a text to what it may be of them."""

    def __init__(self, morphology: Morphology) -> None:
        super().__init__()
        self._morphology = morphology
        self._words: list[Word] = []
        self._numbers: dict[str | tuple[str, bool, tuple[str, ...], tuple[str, ...]], int] = {}
        self._beginnings: dict[str, tuple[int, ...]] = {}
        self._longest = 0
        self._fixed: dict[str, list[int]] = {}
        self._cyrillic_sounds: dict[str, tuple[int, ...]] = {}
        self._latin_sounds: dict[str, tuple[int, ...]] = {}
        self._mistakes = Mistakes()
        self._gates = Gates()

    def add(self, word: Word) -> int:
        """The number of a word of a name; the same for the same word."""
        special = word.abbreviation or word.parts or word.fixed
        key = (word.text, word.abbreviation, word.parts, word.fixed) if special else word.text
        if key in self._numbers:
            return self._numbers[key]
        number = self._numbers[key] = len(self._words)
        self._words.append(word)
        if word.fixed:
            for spelling in word.fixed:
                self._fixed.setdefault(spelling, []).append(number)
                self._gates.add_spelling(spelling)
            return number
        first = word.parts[0] if word.parts else word.text
        cyrillic = _CYRILLIC_LETTER.search(first) is not None
        known = cyrillic and self._morphology.is_known(first)
        word.beginning = stem(first, known=known)
        if word.parts:
            word.last = least_stem(word.parts[-1])
        elif not known:
            word.rests = rests_of(word.text, word.beginning)
        _put(self._beginnings, word.beginning, number)
        self._longest = max(self._longest, len(word.beginning))
        self._gates.add_beginning(word.beginning)
        if cyrillic or _CYRILLIC_LETTER.search(word.text):
            for sound in translit.sounds(word.text):
                _put(self._cyrillic_sounds, sound, number)
                self._gates.add_typed(sound)
        elif len(word.text) >= HEARD_LETTERS or (len(word.text) == 3 and not _LATIN_VOWEL.search(word.text)):
            for sound in translit.sounds(word.text):
                _put(self._latin_sounds, sound, number)
                self._gates.add_heard(sound)
        if len(word.text) >= TYPO_LETTERS:
            self._gates.add_long(word.text)
            self._mistakes.add(word.text, number)
        return number

    def word(self, number: int) -> Word:
        """A word by its number."""
        return self._words[number]

    def shapes(self, number: int) -> dict[str, Shape]:
        """All forms of a word in its own script, worked out when they are first asked for."""
        word = self._words[number]
        if word.shapes is None:
            if word.fixed:
                word.shapes = dict.fromkeys(word.fixed, EXACT)
            else:
                word.shapes = forms_of_word(word.text, self._morphology, abbreviation=word.abbreviation)
                if word.parts:
                    for form, shape in islice(self._glued(word.parts), CAP):
                        word.shapes.setdefault(form, shape)
        return word.shapes

    def __missing__(self, token: str) -> tuple[Way, ...]:
        if len(self) >= KEPT:
            self.clear()
        ways = self[token] = self.spelt(token) or tuple(self._mistyped(token))
        return ways

    def spelt(self, token: str) -> tuple[Way, ...]:
        """What a word may be without a typing mistake."""
        if len(token) > LONGEST:
            return ()
        gate = self._gates[token[:GATE]]
        found = tuple(self._same_script(token)) if gate & SAME_GATE else ()
        if gate & HEARD_GATE:
            found = (*found, *self._other_script(token))
        if found or not _ODD.search(token):
            return found
        return tuple(self._numbered(token)) or tuple(self._disguised(token))

    def _same_script(self, token: str) -> Iterator[Way]:
        for number in self._fixed.get(token, ()):
            yield Way(number, ANY_SLOT, "exact")
        beginnings = self._beginnings
        for length in range(1, min(self._longest, len(token)) + 1):
            for number in beginnings.get(token[:length], ()):
                word = self._words[number]
                if token[length:] in word.rests if word.rests is not None else word.last in token[length:]:
                    shape = self.shapes(number).get(token)
                    if shape:
                        yield Way(number, shape.slots, shape.kind)

    def _other_script(self, token: str) -> Iterator[Way]:
        if len(token) < 2 or token.isdigit():
            return
        if _CYRILLIC_LETTER.search(token):
            tables, is_spelling = self._latin_sounds, self._is_heard
            keys = {sound for rest in without_endings(token) for sound in translit.sounds(rest)}
        elif token.isascii():
            tables, is_spelling = self._cyrillic_sounds, self._is_typed
            keys = {
                sound[:length]
                for sound in translit.sounds(token)
                for length in range(max(1, len(sound) - _ENDING_SOUNDS), len(sound) + 1)
            }
        else:
            return
        near = {number for key in keys if key in tables for number in tables[key]}
        for number in sorted(near):
            if is_spelling(number, token):
                yield Way(number, ANY_SLOT, "translit", self._doubt(self._words[number].text, token))

    def _is_typed(self, number: int, token: str) -> bool:
        """Whether a Latin word of a text is a Cyrillic word of a name."""
        word = self._words[number].text
        if len(word) <= 3:
            return token in translit.to_latin(word)
        if not len(word) * 0.6 <= len(token) <= len(word) * 2 + 4:
            return False
        if translit.is_typed(word, token):
            return True
        return (
            len(token) >= TRANSLIT_CASE_LETTERS
            and translit.may_be_typed(self._words[number].beginning, token)
            and any(translit.is_typed(form, token) for form in self.shapes(number))
        )

    def _is_heard(self, number: int, token: str) -> bool:
        """Whether a Cyrillic word of a text is a Latin word of a name."""
        word = self._words[number].text
        if not len(word) * 0.5 <= len(token) <= len(word) * 1.6 + 6:
            return False
        vowel = word[-1] in "ay"
        return any(is_ending(token[:end], token[end:], vowel=vowel) for end in translit.heard_ends(word, token) if end)

    def _doubt(self, word: str, token: str) -> int:
        """What a word of a text is worth that was found to be a name in the other script."""
        if _CYRILLIC_LETTER.search(token):
            ordinary = self._morphology.is_ordinary_form(token)
            same = ordinary and any(word in translit.to_latin(rest) for rest in self._morphology.lemmas(token))
        elif token in translit.to_latin(word):
            return SURE if not self._morphology.is_common(token) else IN_ROWS
        else:
            ordinary, same = self._morphology.is_known(token), False
        if not ordinary:
            return SURE
        return DOUBTFUL if same or (len(word) >= DOUBTFUL_LETTERS and len(token) >= DOUBTFUL_LETTERS - 1) else IN_ROWS

    def _numbered(self, token: str) -> Iterator[Way]:
        """A name with a number at its end: «ВТБ24»."""
        numbered = _NUMBERED.fullmatch(token) if token[-1].isdigit() else None
        if numbered:
            found = (*self._same_script(numbered[1]), *self._other_script(numbered[1]))
            yield from (way._replace(kind="derived") for way in found if way.kind in {"exact", "translit"})

    def _disguised(self, token: str) -> Iterator[Way]:
        """Digits for letters, a word typed with the letters of the other script, letters drawn out."""
        for respelt in _respellings(token):
            ways = self._same_script(respelt)
            yield from (Way(way.word, way.slots, "folded", IN_ROWS if len(token) == 1 else SURE) for way in ways)

    def _mistyped(self, token: str) -> Iterator[Way]:
        if not TYPO_LETTERS - 1 <= len(token) <= LONGEST or not self._gates[token[:GATE]] & TYPO_GATE:
            return
        for number in sorted(self._mistakes.near(token)):
            word = self._words[number]
            if not is_near(token, beginning=word.beginning, rests=word.rests, last=word.last):
                continue
            shapes = self.shapes(number)
            close = next((form for form in shapes if len(form) >= TYPO_LETTERS and one_edit(form, token)), None)
            if close:
                if self._morphology.is_known(token):  # asked last: the dictionaries take their time
                    return
                yield Way(number, shapes[close].slots, "typo")

    def _glued(self, parts: tuple[str, ...]) -> Iterator[tuple[str, Shape]]:
        """The parts in each case and number, any of them perhaps as it is, as one word; then its adjectives."""
        tables = [forms_of_word(part, self._morphology) for part in parts]
        for bit in range(len(SLOTS)):
            choices = [
                [
                    form
                    for form, shape in table.items()
                    if form == part or (shape.kind == "inflected" and shape.slots >> bit & 1)
                ]
                for part, table in zip(parts, tables, strict=True)
            ]
            yield from (("".join(made), INFLECTED) for made in product(*choices))
        start = "".join(parts[:-1])
        yield from ((start + form, shape) for form, shape in tables[-1].items() if shape.kind == "derived")


def _put(table: dict[_Key, tuple[int, ...]], key: _Key, number: int) -> None:
    """Tuples take less room than lists, and nearly all have one number."""
    table[key] = (*table[key], number) if key in table else (number,)


def _respellings(token: str) -> Iterator[str]:
    digits = sum(character.isdigit() for character in token)
    letters = len(token) - digits
    if digits and letters >= 2 and (letters > 2 or not token[0].isdigit()):
        for pattern, table in ((_CYRILLIC_OR_DIGIT, _AS_CYRILLIC), (_LATIN_OR_DIGIT, _AS_LATIN)):
            if pattern.fullmatch(token):
                choices = [table.get(character, character) for character in token]
                yield from map("".join, islice(product(*choices), _MOST_RESPELT))
    if letters:
        if _LOOKS_CYRILLIC.fullmatch(token):
            yield token.translate(_CYRILLIC_LOOK)
        if _LOOKS_LATIN.fullmatch(token):
            yield token.translate(_LATIN_LOOK)
    if _DRAWN_OUT.search(token):
        runs = [(letter, len(list(run))) for letter, run in groupby(token)]
        choices_of_runs = [(letter,) if length < 3 else (letter, letter * 2) for letter, length in runs]
        yield from map("".join, islice(product(*choices_of_runs), _MOST_RESPELT))
