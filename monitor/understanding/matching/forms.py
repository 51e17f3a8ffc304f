"""Every way in which a configured name is looked for, worked out once at load.

A name becomes word sequences: as it is spelt, its noun cases (never those of abbreviations or of words that are no
noun), the parts of a CamelCase name glued and apart, a spaced name glued, letters and digits apart, Latin plurals,
and transliterations both ways. The stream itself is never lemmatised.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice, pairwise, product
from pathlib import Path
from typing import TYPE_CHECKING

import pymorphy3

from monitor.understanding.matching import translit
from monitor.understanding.matching.normalise import WORD, fold, folded_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CAP = 4_000
"""At most this many forms are made of one name."""
GLUE_LETTERS = 6
"""A spaced name shorter than this is not looked for as one word."""
TRANSLIT_LETTERS = 3
TRANSLIT_CASE_LETTERS = 6
"""A name, and a case of it, shorter than these is not looked for in the other script."""
ABBREVIATION_LETTERS = 5
"""A word in capitals up to this long is taken as an abbreviation, which is not declined."""

DOMAIN = re.compile(r"(?:[\w-]+\.)+[^\W\d_]{2,6}")
"""A name that is an address on the web."""

_CASES = ("nomn", "gent", "datv", "accs", "ablt", "loct")
_NUMBERS = ("sing", "plur")
_CAMEL = re.compile(r"(?:[А-ЯЁ][а-яё]+){2,}|(?:[A-Z][a-z]+){2,}")
_CAMEL_PART = re.compile(r"[А-ЯЁA-Z][а-яёa-z]+")
_LETTERS_DIGITS = re.compile(r"([^\W\d_]{2,})(\d+)")
_CYRILLIC_WORD = re.compile(r"[а-яіїєґ]+")
_LATIN_WORD = re.compile(r"[a-z]{4,}")
_ZONES = {"ру": "ru", "ком": "com", "рф": "rf", "орг": "org", "нет": "net"}
_UNDECLINED = ("Abbr", "Fixd")
_NAMES = ("Abbr", "Orgn", "Geox", "Trad", "Name", "Surn", "Patr")
_UNMARKED = frozenset({"аэрофлот", "аэроэкспресс", "сбербанк", "спортмастер"})
"""Firms that the dictionary has as ordinary nouns."""
_COMMON_WORDS = Path(__file__).with_name("data") / "common_words.txt"


@dataclass(frozen=True, slots=True)
class Form:
    """One way to spell a name.

    `words` are folded; `kind` is exact, inflected or translit; `breaks` says what may stand between the words, one
    character for each gap: "." a dot, "-" a hyphen, "_" an underscore, " " anything that does not end a phrase, "*"
    anything short, for names with a full stop inside. `capitals` asks that each word begins with a capital.
    """

    words: tuple[str, ...]
    kind: str
    breaks: str
    capitals: bool = False

    @classmethod
    def of_phrase(cls, words: tuple[str, ...]) -> Form:
        """Words of a rule, as they are."""
        return cls(words, "exact", " " * (len(words) - 1))

    @classmethod
    def of_domain(cls, domain: str) -> Form:
        """A domain name, as it is."""
        return cls(folded_words(domain), "exact", _breaks(domain))


class Morphology:
    """What the dictionaries know of single words."""

    def __init__(self) -> None:
        self._analyser = pymorphy3.MorphAnalyzer()
        self._common = frozenset(_COMMON_WORDS.read_text(encoding="utf-8").split())

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

    def is_common(self, word: str) -> bool:
        """Whether a word stands in a dictionary as an ordinary word, not as a name."""
        if not _CYRILLIC_WORD.fullmatch(word):
            return word in self._common
        if word in _UNMARKED or not self._analyser.word_is_known(word):
            return False
        readings = [parse.tag for parse in self._analyser.parse(word) if parse.tag.case in {None, "nomn"}]
        return any(not any(mark in tag for mark in _NAMES) for tag in readings)


def expand(name: str, morphology: Morphology) -> list[Form]:
    """The forms of one name, each word sequence once: the name as it is spelt wins over what was derived from it."""
    forms: dict[tuple[str, ...], Form] = {}
    for form in islice(_spellings(name, morphology), CAP):
        forms.setdefault(form.words, form)
    return list(forms.values())


def phrase_forms(phrase: str, morphology: Morphology) -> set[tuple[str, ...]]:
    """A phrase of the configuration (an exclusion) in the cases of its nouns and their adjectives."""
    words = folded_words(phrase)
    return {words, *islice(_declined(words, morphology), CAP)} - {()}


def _spellings(name: str, morphology: Morphology) -> Iterator[Form]:
    words = folded_words(name)
    if not words:
        return
    breaks = _breaks(name)
    yield Form(words, "exact", breaks)
    if DOMAIN.fullmatch(name.strip()):
        yield from _domain_forms(words, breaks, morphology)
        return
    camel = _camel_parts(name)
    for made in _apart(words):
        yield Form(made, "exact", " " * (len(made) - 1))
    if camel:
        yield Form(camel, "exact", " " * (len(camel) - 1), capitals=True)
    inflected = [] if _is_abbreviation(name) else list(_declined(words, morphology))
    yield from (Form(made, "inflected", breaks) for made in inflected)
    apart = list(_declined(camel, morphology)) if camel else []
    yield from (Form(made, "inflected", " " * (len(made) - 1), capitals=True) for made in apart)
    yield from (Form(("".join(made),), "inflected", "") for made in apart)
    yield from _glued(words, inflected)
    yield from _plurals(words, breaks)
    yield from _transliterated(words, [*inflected, *(("".join(made),) for made in apart)], morphology)


def _breaks(name: str) -> str:
    """What stands between the words of a name, in the terms of Form."""
    text = fold(name).text
    spans = [found.span() for found in WORD.finditer(text)]
    between = [text[end:start] for (_, end), (start, _) in pairwise(spans)]
    dotted = bool(DOMAIN.fullmatch(name.strip()))
    if dotted:
        return "".join(gap if gap in {".", "-"} else " " for gap in between)
    return "".join("*" if "." in gap else " " for gap in between)


def _camel_parts(name: str) -> tuple[str, ...]:
    """The words that a CamelCase name is glued of; each has two letters or more, so дЕбошь and iPhone stay whole."""
    found = _CAMEL.fullmatch(name.strip())
    return folded_words(" ".join(_CAMEL_PART.findall(found[0]))) if found else ()


def _is_abbreviation(name: str) -> bool:
    return name.isupper() and len(name.strip()) <= ABBREVIATION_LETTERS


def _declined(words: tuple[str, ...], morphology: Morphology) -> Iterator[tuple[str, ...]]:
    """The words in each case and number; in a phrase any of them may also stay as it is (a brand after a noun)."""
    if len(words) == 1:
        yield from ((form,) for form in sorted(morphology.noun_forms(words[0])))
        return
    if not any(morphology.noun_forms(word) for word in words):
        return
    tables = [morphology.cases(word) for word in words]
    for slot in product(_CASES, _NUMBERS):
        choices = [sorted({word, *table.get(slot, ())}) for word, table in zip(words, tables, strict=True)]
        yield from product(*choices)


def _domain_forms(words: tuple[str, ...], breaks: str, morphology: Morphology) -> Iterator[Form]:
    """A name that looks like a domain: its first word declined, its zone and itself in the other script."""
    zones = {words[-1], _ZONES.get(words[-1], words[-1])} | {ru for ru, latin in _ZONES.items() if latin == words[-1]}
    middle = words[1:-1]
    firsts = {words[0]: "exact"}
    for form in sorted(morphology.noun_forms(words[0])):
        firsts.setdefault(form, "inflected")
    for first in [first for first in firsts if _CYRILLIC_WORD.fullmatch(first)]:
        for made in sorted(translit.to_latin(first)):
            firsts.setdefault(made, "translit")
    yield from (Form((first, *middle, zone), kind, breaks) for first, kind in firsts.items() for zone in sorted(zones))


def _apart(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Brand24 as Brand 24."""
    split = tuple(part for word in words for part in _letters_and_digits(word))
    if split != words:
        yield split


def _letters_and_digits(word: str) -> tuple[str, ...]:
    found = _LETTERS_DIGITS.fullmatch(word)
    return (found[1], found[2]) if found else (word,)


def _glued(words: tuple[str, ...], inflected: Iterable[tuple[str, ...]]) -> Iterator[Form]:
    if len(words) < 2:
        return
    for made, kind in [(words, "exact"), *((made, "inflected") for made in inflected)]:
        whole = "".join(made)
        if len(whole) >= GLUE_LETTERS:
            yield Form((whole,), kind, "")


def _plurals(words: tuple[str, ...], breaks: str) -> Iterator[Form]:
    if _LATIN_WORD.fullmatch(words[-1]) and not words[-1].endswith("s"):
        yield Form((*words[:-1], words[-1] + "s"), "inflected", breaks)


def _transliterated(
    words: tuple[str, ...], derived: Iterable[tuple[str, ...]], morphology: Morphology
) -> Iterator[Form]:
    """The name in the other script; its cases only where they are long enough not to be words of another language."""
    for made in (words, *derived):
        least = TRANSLIT_LETTERS if made == words else TRANSLIT_CASE_LETTERS
        if not all(_CYRILLIC_WORD.fullmatch(word) for word in made) or sum(map(len, made)) < least:
            continue
        for scheme in zip(*(translit.to_latin(word) for word in made), strict=True):
            if not all(morphology.is_common(word) for word in scheme):
                yield Form(scheme, "translit", " " * (len(made) - 1))
    if len(words) == 1 and translit.reversible(words[0]) and not morphology.is_common(words[0]):
        back = translit.to_cyrillic(words[0])
        if not morphology.is_common(back):
            yield from (Form((form,), "translit", "") for form in sorted({back, *morphology.noun_forms(back)}))
