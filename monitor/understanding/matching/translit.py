"""Russian names in Latin letters and back, by the three schemes that people type.

Only names of the configuration go through here, at load.
"""

from __future__ import annotations

import re

_PLAIN = dict(zip("абвгдезиклмнопрстуфіґ", "abvgdeziklmnoprstufig", strict=True))
_SCHEMES: tuple[dict[str, str], ...] = (
    # As in passports and most addresses.
    _PLAIN | {"ж": "zh", "й": "y", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "",
              "э": "e", "ю": "yu", "я": "ya", "ї": "yi", "є": "ye"},
    # As by the state standard and in older addresses.
    _PLAIN | {"ж": "zh", "й": "j", "х": "h", "ц": "c", "ч": "ch", "ш": "sh", "щ": "shh", "ъ": "", "ы": "y", "ь": "",
              "э": "e", "ю": "ju", "я": "ja", "ї": "ji", "є": "je"},
    # As in chats.
    _PLAIN | {"ж": "j", "й": "i", "х": "h", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sch", "ъ": "", "ы": "i", "ь": "",
              "э": "e", "ю": "u", "я": "ia", "ї": "i", "є": "e"},
)  # fmt: skip
_BACK = {
    "shch": "щ", "sch": "щ", "zh": "ж", "kh": "х", "ts": "ц", "ch": "ч", "sh": "ш", "yu": "ю", "ya": "я", "yo": "е",
    "ye": "е", "ju": "ю", "ja": "я", "iy": "ий", "a": "а", "b": "б", "c": "к", "d": "д", "e": "е", "f": "ф", "g": "г",
    "h": "х", "i": "и", "j": "й", "k": "к", "l": "л", "m": "м", "n": "н", "o": "о", "p": "п", "q": "к", "r": "р",
    "s": "с", "t": "т", "u": "у", "v": "в", "w": "в", "x": "кс", "z": "з",
}  # fmt: skip
_BACK_PART = re.compile("|".join([r"(?<=[aeiou])y", "y", *_BACK]))
_VOWELS = frozenset("aeiou")
_REVERSIBLE = re.compile(r"[a-z]{5,}")


def to_latin(word: str) -> tuple[str, ...]:
    """A folded Cyrillic word by each scheme, in a fixed order; schemes may agree."""
    return tuple("".join([scheme.get(letter, letter) for letter in word]) for scheme in _SCHEMES)


def reversible(word: str) -> bool:
    """Whether a folded Latin word is long enough that its Cyrillic spelling is hardly another word."""
    return _REVERSIBLE.fullmatch(word) is not None


def to_cyrillic(word: str) -> str:
    """A folded Latin word in Cyrillic letters: y is й after a vowel and ы elsewhere."""

    def letter(found: re.Match[str]) -> str:
        part = found[0]
        if part == "y":
            return "й" if found.start() and word[found.start() - 1] in _VOWELS else "ы"
        return _BACK[part]

    return _BACK_PART.sub(letter, word)
