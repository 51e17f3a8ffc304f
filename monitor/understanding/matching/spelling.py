"""How one name may be cut into words: as it is spelt, glued, apart, without its zone, with "and" for its ampersand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from monitor.understanding.matching.lexicon import Word
from monitor.understanding.matching.normalise import WORD, fold, folded_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.understanding.matching.forms import Morphology

GLUE_LETTERS = 6
"""A spaced name shorter than this is not looked for as one word."""
GLUE_APOSTROPHE_LETTERS = 4
ABBREVIATION_LETTERS = 5
"""A word in capitals up to this long is taken as an abbreviation, which is declined in its own way."""
BARE_LETTERS = 4
BARE_ORDINARY_LETTERS = 6
"""Of a domain name, its first word alone is looked for from this length on, as an ordinary word only with a capital."""

_ZONES = {"ру": "ru", "ком": "com", "рф": "rf", "орг": "org", "нет": "net", "юа": "ua", "бай": "by", "су": "su"}
_OTHER_ZONES = frozenset(
    folded_words(
        """
    com net org info biz io ru su ua by kz uz ge am az md lt lv ee de uk co eu us fr es it pt pl nl be at ch cz sk hu
    ro bg gr tr se no fi dk ie ca au nz br mx ar cl in cn jp kr sg hk za il ae tv me app dev ai shop store online site
    club pro xyz tech team cc ly gg to bank travel games media news рф рус бел укр онлайн сайт дети москва
    """
    )
)
_AND = ("and", "и", "n", "und", "y", "et", "e", "энд", "end", "amp", "та", "i")
_SIMPLE = re.compile(r"\w[а-яёa-z]+|[а-яёa-z]+")
_SPACES_ONLY = re.compile(r"[^\W_]+(?: [^\W_]+)*")
_CAMEL = re.compile(r"(?:[А-ЯЁ][а-яё]+){2,}|(?:[A-Z][a-z]+){2,}")
_CAMEL_PART = re.compile(r"[А-ЯЁA-Z][а-яёa-z]+")
_DIGIT = re.compile(r"\d")
_LETTERS_DIGITS = re.compile(r"([^\W\d_]{2,})(\d+)")
_CYRILLIC_WORD = re.compile(r"[а-яіїєґ]+")


@dataclass(frozen=True, slots=True)
class Cut:
    """Words of a name in their order.

    `breaks` says what may stand between them, one character for each gap: "." a dot, "-" a hyphen, "_" an underscore,
    " " anything that does not end a phrase, "*" anything short, for names with a full stop inside, "~" next to nothing,
    "+" a sign.
    `capitals` asks that each word begins with a capital. `plain` says that it is the name as it was configured;
    `ordinary` that it is doubtful whatever the name is.
    """

    words: tuple[Word, ...]
    breaks: str
    capitals: bool = False
    plain: bool = False
    ordinary: bool = False


def is_domain(name: str) -> bool:
    """Whether a name is an address on the web."""
    if "." not in name:
        return False
    found = re.fullmatch(r"((?:[\w-]+\.)+)([^\W\d_]{2,8})", name.strip())
    zone = found[2] if found else ""
    same_case = zone.islower() or zone.isupper()
    return same_case and (zone.lower() in _OTHER_ZONES or zone.lower() in _ZONES)


def cuts(name: str, morphology: Morphology) -> Iterator[Cut]:
    """The ways to cut a name."""
    words = folded_words(name)
    if not words:
        return
    if len(words) == 1 and _SIMPLE.fullmatch(name):
        yield Cut((Word(words[0]),), "", plain=True)
        return
    if is_domain(name):
        yield from _domain(name, words, morphology)
        return
    breaks = _breaks(name)
    camel = _camel_parts(name)
    abbreviation = name.isupper() and len(name.strip()) <= ABBREVIATION_LETTERS
    whole = tuple(Word(word, abbreviation=abbreviation, parts=camel if len(words) == 1 else ()) for word in words)
    yield Cut(whole, breaks, plain=True)
    if "&" in name:
        yield from _with_and(name, whole)
    if camel and len(words) == 1:
        yield Cut(tuple(map(Word, camel)), " " * (len(camel) - 1), capitals=True)
    apart = tuple(part for word in words for part in _letters_and_digits(word)) if _DIGIT.search(name) else words
    if apart != words:
        made = tuple(Word(part, fixed=(part,) if part.isdigit() else ()) for part in apart)
        yield Cut(made, " " * (len(apart) - 1))
    glued = _glued(name, words, morphology)
    if glued:
        yield Cut((glued,), "")


def _breaks(name: str) -> str:
    """What stands between the words of a name, in the terms of Cut."""
    text = fold(name).text
    if _SPACES_ONLY.fullmatch(text):
        return " " * text.count(" ")
    spans = [found.span() for found in WORD.finditer(text)]
    between = [
        (text[end:start], sorted((end - first, last - start))) for (first, end), (start, last) in pairwise(spans)
    ]
    if is_domain(name):
        return "".join(gap if gap in {".", "-"} else " " for gap, _ in between)
    return "".join(_gap(gap, *lengths) for gap, lengths in between)


def _gap(written: str, shorter: int, longer: int) -> str:
    """Single letters stand next to each other too often to be let apart."""
    if "." in written:
        return "*"
    if shorter > 1 or written == " ":
        return " "
    return "~" if longer > 2 else "+"


def _camel_parts(name: str) -> tuple[str, ...]:
    """The words that a CamelCase name is glued of; each has two letters or more, so дЕбошь and iPhone stay whole."""
    found = _CAMEL.fullmatch(name.strip())
    return tuple(part.lower().replace("ё", "е") for part in _CAMEL_PART.findall(found[0])) if found else ()


def _domain(name: str, words: tuple[str, ...], morphology: Morphology) -> Iterator[Cut]:
    """A name that is an address: its zone in either script, and its first word alone where that says enough."""
    zone = words[-1]
    zones = {zone, _ZONES.get(zone, zone)} | {ru for ru, latin in _ZONES.items() if latin == zone}
    first, *middle = words[:-1]
    made = (Word(first), *(Word(word, fixed=(word,)) for word in middle), Word(zone, fixed=tuple(sorted(zones))))
    yield Cut(made, _breaks(name), plain=True)
    if middle or len(first) < BARE_LETTERS:
        return
    if not (morphology.is_known(first) if _CYRILLIC_WORD.fullmatch(first) else morphology.is_common(first)):
        yield Cut((Word(first),), "")
    elif len(first) >= BARE_ORDINARY_LETTERS and not _CYRILLIC_WORD.fullmatch(first):
        yield Cut((Word(first),), "", capitals=True, ordinary=True)


def _with_and(name: str, whole: tuple[Word, ...]) -> Iterator[Cut]:
    """H&M as H and M, and with what HTML makes of the sign."""
    sides = [folded_words(side) for side in name.split("&")]
    if len(sides) != 2 or not all(sides):
        return
    at = len(sides[0])
    made = (*whole[:at], Word("&", fixed=_AND), *whole[at:])
    narrow = min(len(sides[0][-1]), len(sides[1][0])) == 1
    gap = "~" if narrow else " "
    outer = _breaks(name)
    yield Cut(made, outer[: at - 1] + gap * 2 + outer[at:])


def _letters_and_digits(word: str) -> tuple[str, ...]:
    found = _LETTERS_DIGITS.fullmatch(word)
    return (found[1], found[2]) if found else (word,)


def _glued(name: str, words: tuple[str, ...], morphology: Morphology) -> Word | None:
    """A name of several words as one."""
    text = "".join(words)
    least = GLUE_APOSTROPHE_LETTERS if re.search("['’`ʼ]", name) else GLUE_LETTERS
    if len(words) < 2 or len(text) < least or morphology.is_common(text):
        return None
    return Word(text, parts=words if all(map(_CYRILLIC_WORD.fullmatch, words)) else ())
