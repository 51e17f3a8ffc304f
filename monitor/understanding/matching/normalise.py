"""Folding of text for matching, with the way back to the original code points.

Folded text has no case, no ё, no accents, no invisible characters and no compatibility forms; й stays й. A word that
mixes scripts is spelt in one of them, so that a Latin letter inside a Cyrillic name hides nothing. Names from the
configuration and posts go through the same function.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

READ_CHARACTERS = 500_000
"""What stands after this many code points of a field is not read."""

WORD = re.compile(r"[^\W_]+")
"""A word: letters and digits, without underscores; anything else is a break."""

_BREVE = "\u0306"
_EVEN = re.compile("[\t\n\r\x20-\x7e\xa0«»А-яЁё–—‘’“”„…№\U0001f300-\U0001f3fa\U0001f400-\U0001faff]*")
"""Text of these code points alone needs no table: lower case and ё are all that there is to fold."""
_EVEN_CYRILLIC = re.compile("[\t\n\r\x20-@[-`{-~\xa0«»А-яЁё–—‘’“”„…№\U0001f300-\U0001f3fa\U0001f400-\U0001faff]*")
"""The same without Latin letters: nothing can be of mixed script either, nor in plain ASCII."""
_MARKS = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f]",
)
"""Combining marks that decorate a letter; the vowel signs of Indic or Semitic scripts are none of them."""

_CYRILLIC = "авекмнорстухізјѕԁԛԝ"
_LATIN = "abekmhopctyxi3jsdqw"
_GREEK_TO_LATIN = dict(zip("αβεηικνορτυχγω", "abenikvoptuxyw", strict=True))
_GREEK_TO_CYRILLIC = dict(zip("αβεικορτυχγηνωλπφδ", "авеікортухупвшлпфд", strict=True))
_TO_CYRILLIC = {
    **dict(zip(_LATIN, _CYRILLIC, strict=True)),
    **_GREEK_TO_CYRILLIC,
    "b": "в",
    "u": "и",
    "n": "п",
    "r": "г",
}
_TO_LATIN = {**dict(zip(_CYRILLIC, _LATIN, strict=True)), **_GREEK_TO_LATIN, "в": "b"}
_CYRILLIC_LETTER = re.compile(r"[\u0400-\u052f]")
_LATIN_LETTER = re.compile(r"[a-z\u00df-\u024f]")
_GREEK_LETTER = re.compile(r"[\u0370-\u03ff]")
_MIXED = re.compile(
    r"[a-z][0-9]*[\u0370-\u052f]|[\u0400-\u052f][0-9]*[a-z\u0370-\u03ff]|[\u0370-\u03ff][0-9]*[a-z\u0400-\u052f]",
)


# Letters of other scripts and of phonetic alphabets that look like ours, an apostrophe that counts as a letter, and
# letters that are not seen.
_LOOKALIKES = dict(zip("օոսհɑɡɩӏѵһҫᴀʙᴄᴅᴇɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡʏᴢᴦᴨᴫʼ", "onuhagilvhcabcdeghijklmnoprtuvwyzгпл'", strict=True))


class _Folding(dict[str, str]):
    """What one code point becomes; worked out when it is met first."""

    def __missing__(self, character: str) -> str:
        if unicodedata.category(character) == "Cf":
            folded = ""
        else:
            lower = unicodedata.normalize("NFKC", character).casefold()
            bare = _MARKS.sub("", unicodedata.normalize("NFKD", lower))
            folded = "".join(_LOOKALIKES.get(c, c) for c in unicodedata.normalize("NFC", bare))
        self[character] = folded
        return folded


_UNSEEN = dict.fromkeys("\u115f\u1160\u3164\uffa0\u2800", "")
_FOLDING = _Folding(
    {"й": "й", "Й": "й", "ı": "i", "…": "…", "№": "№", "\xa0": "\xa0", **_LOOKALIKES, **_UNSEEN},
)


@dataclass(frozen=True)
class Folded:
    """A folded text.

    `plain` is the text before words of mixed script were respelt and `text` after it: same length. `offsets` gives the
    original place of each folded code point, None where both texts run in step.
    """

    original: str
    plain: str
    text: str
    offsets: tuple[int, ...] | None

    @cached_property
    def words(self) -> tuple[tuple[int, int], ...]:
        """Start and end of each word in the folded text."""
        return tuple(found.span() for found in WORD.finditer(self.text))

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where the folded code points start..end-1 (at least one) stand in the original, their marks included."""
        if self.offsets is None:
            return start, end
        last = self.offsets[end - 1] + 1
        while last < len(self.original) and _MARKS.match(self.original[last]):
            last += 1
        return self.offsets[start], last

    def respelt(self, start: int, end: int) -> bool:
        """Whether letters were exchanged or invisible characters dropped between start and end of the folded text."""
        if self.plain[start:end] != self.text[start:end]:
            return True
        first, last = self.span(start, end)
        return any(not _FOLDING[c] and not _MARKS.match(c) for c in self.original[first:last])


def fold(text: str) -> Folded:
    """Fold a text."""
    text = text[:READ_CHARACTERS]
    if text.isascii() or _EVEN_CYRILLIC.fullmatch(text):
        plain = text.lower().replace("ё", "е")
        return Folded(original=text, plain=plain, text=plain, offsets=None)
    if _EVEN.fullmatch(text):
        plain = text.lower().replace("ё", "е")
        return Folded(original=text, plain=plain, text=_one_script(plain), offsets=None)
    parts = list(map(_FOLDING.__getitem__, text))
    if _BREVE in text:
        for at in range(1, len(text)):
            if text[at] == _BREVE and parts[at - 1] == "и":
                parts[at - 1] = "й"
    plain = "".join(parts)
    in_step = len(plain) == len(text) and "" not in parts
    offsets = None if in_step else tuple(at for at, part in enumerate(parts) for _ in part)
    return Folded(original=text, plain=plain, text=_one_script(plain), offsets=offsets)


def folded_words(text: str) -> tuple[str, ...]:
    """The words of a text, folded."""
    return tuple(WORD.findall(fold(text).text))


def _one_script(text: str) -> str:
    """The text with each word of mixed script respelt; lengths do not change."""
    letters = _CYRILLIC_LETTER.search(text), _LATIN_LETTER.search(text), _GREEK_LETTER.search(text)
    if sum(found is not None for found in letters) < 2 or not _MIXED.search(text):
        return text
    return WORD.sub(_respelt, text)


def _respelt(found: re.Match[str]) -> str:
    """A word in the script that can spell all its letters, else in the one of most of them, else in Cyrillic."""
    word = found[0]
    if not _MIXED.search(word):
        return word
    as_cyrillic = "".join([_TO_CYRILLIC.get(c, c) for c in word])
    as_latin = "".join([_TO_LATIN.get(c, c) for c in word])
    all_cyrillic = not (_LATIN_LETTER.search(as_cyrillic) or _GREEK_LETTER.search(as_cyrillic))
    all_latin = not (_CYRILLIC_LETTER.search(as_latin) or _GREEK_LETTER.search(as_latin))
    if all_cyrillic != all_latin:
        return as_cyrillic if all_cyrillic else as_latin
    return as_cyrillic if len(_CYRILLIC_LETTER.findall(word)) >= len(_LATIN_LETTER.findall(word)) else as_latin
