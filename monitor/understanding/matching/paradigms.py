"""The forms of single words of names: by the dictionary where it has the word, else by its ending.

A form comes with the slots (case and number) in which it stands, so that the words of a longer name can be asked to
agree, and with its kind: exact, inflected, or derived («билайновский»).
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.understanding.matching.forms import Morphology

ANY_SLOT = (1 << 12) - 1
DERIVED_LETTERS = 4
"""Shorter words get no adjectives, but for abbreviations."""
ABBREVIATION_LETTERS = 3
LATIN_CASE_LETTERS = 6
"""A Latin word this long is also looked for with the endings that Russian and Polish put to it."""

CYRILLIC_WORD = re.compile(r"[а-яіїєґ]+")
LATIN_WORD = re.compile(r"[a-z]+")

_HARD = "а у ом ем е ы и ов ам ами ах ові ів"
_SOFT = "я ю ем ем е и і ев ей ям ями ях"
_ENDINGS: tuple[tuple[str, int, str], ...] = (
    # The end of a word, how much of it goes, what comes instead; the first that fits counts.
    ("ый ий ой", 2, "ого его ому ему ым им ом ем ая яя ой ей ую юю ое ее ые ие ых их ыми ими"),
    ("ая яя", 2, "ой ей ую юю ые ие ых их ыми ими"),
    ("ия", 1, "и ю ей й ям ями ях"),
    ("ка", 1, "и у е ой ою ам ами ах"),
    ("а", 1, "ы и у е і ой ей ою ам ами ах"),
    ("я", 1, "и ю е і ей ею ям ями ях"),
    ("ь", 1, f"{_SOFT} ью"),
    ("й", 1, _SOFT),
    ("ие ье", 1, "я ю ем и й ям ями ях"),
)
_TWO_LETTERS_GO = ("ый", "ий", "ой", "ая", "яя")
_FLEETING = re.compile(r"(.{3,})[оеё]([кц])")
_FLEETING_PLURAL = re.compile(r"(.{3,}[бвгджзклмнпрстфхцчшщ])ка")
_ADJECTIVE_ENDINGS = ["ий", "ого", "ому", "им", "ом", "ая", "ой", "ую", "ое", "ие", "их", "ими"]
_ADJECTIVE_SUFFIXES = ("овск", "евск")
_SURNAME_LIKE = re.compile(r".*(?:[ое]фф?|[ое]в|ин)")
_GERMAN_ADJECTIVE = re.compile("[a-z]{2,}(?:sch|lich)e|(?:neu|alt|gross|erst)e")
_LATIN_CASES = ["a", "u", "e", "y", "i", "om", "em", "ov", "ow", "ie", "ah", "am", "ami", "ach"]


class Shape(NamedTuple):
    """How a form stands to its word."""

    slots: int
    kind: str


EXACT = Shape(ANY_SLOT, "exact")
INFLECTED = Shape(ANY_SLOT, "inflected")
_DERIVED = Shape(ANY_SLOT, "derived")


_ADJECTIVES = {f"{suffix}{ending}" for suffix in ("овск", "евск") for ending in _ADJECTIVE_ENDINGS}
_HARD_SET = frozenset(_HARD.split()) | _ADJECTIVES
_SOFT_SET = frozenset(_SOFT.split())
_VOWEL_SET = frozenset(["а", "ы", "и", "у", "е", "ой", "ей", "ою", "ам", "ами", "ах"]) | _ADJECTIVES
_ALL_ENDINGS = _HARD_SET | _SOFT_SET | _VOWEL_SET
_SOUNDING_ENDINGS = frozenset(ending for ending in _ALL_ENDINGS if not re.fullmatch("[аеиоуыэюяійь]+", ending))
_LONGEST_ENDING = max(map(len, _ALL_ENDINGS))
_FLEETING_TAIL = re.compile("[оеё][кц]")
_CYRILLIC_ENDINGS = (
    _ALL_ENDINGS.union(*(instead.split() for _, _, instead in _ENDINGS))
    | {f"ск{ending}" for ending in _ADJECTIVE_ENDINGS}
    | {"", "ок", "ек"}
)
_LATIN_ENDINGS = frozenset(["", "s", "es", "ies", *"nrm", *_LATIN_CASES])


def stem(word: str, *, known: bool) -> str:
    """What all forms of a word begin with, at the least; `known` to the dictionary, it may lose vowels of its root."""
    if known:
        return least_stem(word)
    if word.endswith(_TWO_LETTERS_GO) or _FLEETING.fullmatch(word) or _FLEETING_PLURAL.fullmatch(word):
        return word[:-2]
    return word[:-1] if len(word) > 1 else word


def least_stem(word: str) -> str:
    """What forms of a word begin with at the least, whether a dictionary has it or not."""
    if len(word) <= 4:
        return word[:1]
    return word[:-3] if word[-1] == "ь" else word[:-2]


def rests_of(word: str, beginning: str) -> frozenset[str]:
    """What may follow the beginning in forms of a word that no dictionary has; some of it never does."""
    script = next((script for script in (CYRILLIC_WORD, LATIN_WORD) if script.fullmatch(word)), None)
    return _rests(word[len(beginning) :], script)


@cache
def _rests(tail: str, script: re.Pattern[str] | None) -> frozenset[str]:
    """By the last letters of the word: there are about a hundred."""
    if script is None:
        return frozenset([tail])
    endings = _CYRILLIC_ENDINGS if script is CYRILLIC_WORD else _LATIN_ENDINGS
    kept = {tail[:length] for length in range(len(tail) + 1)}
    if _FLEETING_TAIL.fullmatch(tail):
        kept.add(tail[1:])
    return frozenset(start + ending for start in kept for ending in endings)


def forms_of_word(word: str, morphology: Morphology, *, abbreviation: bool = False) -> dict[str, Shape]:
    """Every form of one folded word, the word itself first."""
    found = {word: EXACT}
    if CYRILLIC_WORD.fullmatch(word):
        declined = morphology.slots(word)
        abbreviation = not declined and (abbreviation or morphology.is_abbreviation(word))
        if abbreviation:
            declined = dict.fromkeys(_acronym(word, morphology), ANY_SLOT)
        elif not declined and (not morphology.is_known(word) or word[-1] in "ая"):
            declined = dict.fromkeys(_by_ending(word), ANY_SLOT)
        for form, slots in sorted(declined.items()):
            found.setdefault(form, Shape(slots, "inflected"))
        if len(word) >= (ABBREVIATION_LETTERS if abbreviation else DERIVED_LETTERS):
            for form in _adjectives(word, morphology):
                found.setdefault(form, _DERIVED)
    elif LATIN_WORD.fullmatch(word):
        for form in _latin(word, morphology):
            found.setdefault(form, INFLECTED)
    return found


def is_ending(base: str, ending: str, *, vowel: bool) -> bool:
    """Whether a foreign name, heard as `base`, may take a Cyrillic case ending; `vowel` says that it ended in a or y.

    Of a name in -a `base` comes without it.
    """
    if not ending:
        return True
    if base[-1] in "аеиоуыэюя":
        return vowel and ending in _SOFT_SET
    return ending in (_VOWEL_SET if vowel else _HARD_SET)


def without_endings(form: str) -> Iterator[str]:
    """A Cyrillic form of a foreign name, and what is left of it when an ending with consonants is taken off."""
    yield form
    for length in range(2, min(_LONGEST_ENDING, len(form) - 2) + 1):
        if form[-length:] in _SOUNDING_ENDINGS:
            yield form[:-length]


def _by_ending(word: str) -> Iterator[str]:
    if len(word) < ABBREVIATION_LETTERS:
        return
    for ends, cut, instead in _ENDINGS:
        if word.endswith(tuple(ends.split())):
            yield from (word[:-cut] + ending for ending in instead.split())
            break
    else:
        if word[-1] not in "оеуюиыэіє":
            yield from (word + ending for ending in _HARD.split())
            fleeting = _FLEETING.fullmatch(word)
            if fleeting:
                yield from (fleeting[1] + fleeting[2] + ending for ending in _HARD.split())
    plural = _FLEETING_PLURAL.fullmatch(word)
    if plural:
        yield from (plural[1] + "ок", plural[1] + "ек")


def _acronym(word: str, morphology: Morphology) -> Iterator[str]:
    """МТСа, МТСом; none that are words of their own."""
    if len(word) >= ABBREVIATION_LETTERS and word[-1] not in "аеиоуыэюяйь":
        made = (word + ending for ending in ["а", "у", "ом", "е", "ы", "ов"])
        yield from (form for form in made if not morphology.is_known(form))


def _adjectives(word: str, morphology: Morphology) -> Iterator[str]:
    """Relational adjectives; none that are words of their own."""
    root = word[:-1] if word[-1] in "аеиоуыэюяйь" else word
    if len(root) < ABBREVIATION_LETTERS or root[-1] in "аеиоуыэюяйь":
        return
    suffixes = (*_ADJECTIVE_SUFFIXES, "ск") if _SURNAME_LIKE.fullmatch(root) else _ADJECTIVE_SUFFIXES
    own = not morphology.is_common(word)
    for suffix in suffixes:
        if own or not morphology.is_known(f"{root}{suffix}ий"):
            yield from (f"{root}{suffix}{ending}" for ending in _ADJECTIVE_ENDINGS)


def _latin(word: str, morphology: Morphology) -> Iterator[str]:
    """Plurals and genitives, cases of German adjectives, and those that Slavic languages put to foreign names."""
    if len(word) < 4:
        return
    if not word.endswith("s"):
        yield word + "s"
    if word.endswith(("s", "x", "z", "ch", "sh")):
        yield word + "es"
    if word.endswith("y"):
        yield word[:-1] + "ies"
    if _GERMAN_ADJECTIVE.fullmatch(word):
        yield from (word + ending for ending in "nrm")
    if len(word) >= LATIN_CASE_LETTERS:
        root = word.removesuffix("a")
        made = (root + ending for ending in _LATIN_CASES)
        yield from (form for form in made if not morphology.is_common(form))
