"""What the dictionaries know of words, for the forms of names and of the phrases that are configured beside them."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice, product
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.lemmas.dictionaries import LATIN, analyser, dictionary
from monitor.understanding.matching.normalise import folded_words

if TYPE_CHECKING:
    from collections.abc import Iterator

CAP = 4_000
"""At most this many forms are made of one phrase."""

_CASES = ("nomn", "gent", "datv", "accs", "ablt", "loct")
_NUMBERS = ("sing", "plur")
SLOTS = tuple(product(_CASES, _NUMBERS))
_CYRILLIC_WORD = re.compile(r"[а-яіїєґ]+")
_UNDECLINED = ("Abbr", "Fixd")
_NAMES = ("Abbr", "Orgn", "Geox", "Trad", "Name", "Surn", "Patr")
_FIRMS = ("Abbr", "Orgn", "Trad")
_UNMARKED = frozenset({"аэрофлот", "аэроэкспресс", "сбербанк", "спортмастер"})
"""Firms that the dictionary has as ordinary nouns."""
_COMMON_WORDS = Path(__file__).with_name("data") / "common_words.txt"


class Morphology:
    """What the dictionaries know of single words, all of them folded."""

    def __init__(self) -> None:
        self._analyser = analyser("ru")
        self._common = frozenset(_COMMON_WORDS.read_text(encoding="utf-8").split())
        self.slots = lru_cache(maxsize=4096)(self._slots)

    def noun_forms(self, word: str) -> set[str]:
        """All forms of a word that can be a noun in the nominative; empty for abbreviations and other words."""
        return {form for forms in self.cases(word, nouns_only=True).values() for form in forms}

    def cases(self, word: str, *, nouns_only: bool = False) -> dict[tuple[str, str], set[str]]:
        """Forms of a word by case and number."""
        found: dict[tuple[str, str], set[str]] = {}
        if not _CYRILLIC_WORD.fullmatch(word):
            return found
        for parse in self._analyser.parse(word):
            wanted = parse.tag.POS == "NOUN" or (parse.tag.POS == "ADJF" and not nouns_only)
            if not wanted or parse.tag.case != "nomn" or any(mark in parse.tag for mark in _UNDECLINED):
                continue
            for form in parse.lexeme:
                if form.tag.case in _CASES:
                    found.setdefault((form.tag.case, form.tag.number), set()).update(folded_words(form.word))
        return found

    def _slots(self, word: str) -> dict[str, int]:
        """Forms of a word that stands in the dictionary, with the slots of each as bits, in the order of SLOTS."""
        if not self.is_known(word):
            return {}
        table = self.cases(word, nouns_only=True) or self.cases(word)
        found: dict[str, int] = {}
        for slot, forms in table.items():
            for form in forms:
                found[form] = found.get(form, 0) | 1 << SLOTS.index(slot)
        return found

    def lexeme(self, word: str) -> set[str]:
        """All forms of the likeliest reading of a word, whatever its part of speech."""
        if not _CYRILLIC_WORD.fullmatch(word):
            return {word}
        return {word, *(folded for form in self._analyser.parse(word)[0].lexeme for folded in folded_words(form.word))}

    def is_pronoun(self, word: str) -> bool:
        """Whether a word reads as a pronoun or a pronominal adjective."""
        return bool(_CYRILLIC_WORD.fullmatch(word)) and any(
            parse.tag.POS == "NPRO" or "Apro" in parse.tag for parse in self._analyser.parse(word)
        )

    def is_abbreviation(self, word: str) -> bool:
        """Whether a word stands in the dictionary as an abbreviation, or has no vowel."""
        if not re.search("[аеиоуыэюяіїє]", word):
            return True
        return self.is_known(word) and "Abbr" in self._analyser.parse(word)[0].tag

    def is_known(self, word: str) -> bool:
        """Whether a word, or a form of it, stands in a dictionary of any of our languages."""
        if _CYRILLIC_WORD.fullmatch(word):
            return bool(self._analyser.word_is_known(word))
        if not (word.isascii() and word.isalpha()):
            return False
        return self.is_common(word) or any(
            word in words or word.capitalize() in words for words in map(dictionary, LATIN)
        )

    def is_ordinary_form(self, word: str) -> bool:
        """Whether a Cyrillic word is a form of a word that is more than the name of a firm."""
        return self.is_known(word) and not any(
            mark in parse.tag for parse in self._analyser.parse(word) for mark in _FIRMS
        )

    def lemmas(self, word: str) -> set[str]:
        """The dictionary forms of a Cyrillic word."""
        return {folded for parse in self._analyser.parse(word) for folded in folded_words(parse.normal_form)}

    def is_common(self, word: str) -> bool:
        """Whether a word stands in a dictionary as an ordinary word, not as a name."""
        if not _CYRILLIC_WORD.fullmatch(word):
            return word in self._common
        if word in _UNMARKED or not self._analyser.word_is_known(word):
            return False
        readings = [parse.tag for parse in self._analyser.parse(word) if parse.tag.case in {None, "nomn"}]
        return any(not any(mark in tag for mark in _NAMES) for tag in readings)


def phrase_forms(phrase: str, morphology: Morphology) -> set[tuple[str, ...]]:
    """A phrase of the configuration (an exclusion) in the cases of its nouns and their adjectives."""
    words = folded_words(phrase)
    return {words, *islice(_declined(words, morphology), CAP)} - {()}


def _declined(words: tuple[str, ...], morphology: Morphology) -> Iterator[tuple[str, ...]]:
    """The words in each case and number; in a phrase any of them may also stay as it is (a brand after a noun)."""
    if len(words) == 1:
        yield from ((form,) for form in sorted(morphology.noun_forms(words[0])))
        return
    if not any(morphology.noun_forms(word) for word in words):
        return
    tables = [morphology.cases(word) for word in words]
    for slot in SLOTS:
        choices = [sorted({word, *table.get(slot, ())}) for word, table in zip(words, tables, strict=True)]
        yield from product(*choices)
