"""The language of each sentence: that of the text, unless its paragraph or the sentence itself is in another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from monitor.understanding.language import LANGUAGES, guess

if TYPE_CHECKING:
    from collections.abc import Sequence

_CYRILLIC: Final = re.compile("[\u0400-\u052f]")
_LATIN: Final = re.compile("[a-z\u00df-\u024f]", re.IGNORECASE)
_CYRILLIC_LANGS: Final = frozenset({"ru", "uk"})
_SURE: Final = 40
"""Code points that a paragraph needs to be taken for another language of the same script."""
_FOREIGN: Final = 12
"""Letters of the other script, and most of all, that a sentence needs to be looked at by itself."""


def languages(text: str, sentences: Sequence[tuple[int, int]], lang: str | None) -> list[str | None]:
    """The language of each sentence (start, end) of the text, None where nothing tells."""
    if lang is None:
        lang = guess(text)
    found: list[str | None] = []
    paragraph, here = (0, -1), lang
    for start, end in sentences:
        if start >= paragraph[1]:
            paragraph = _paragraph(text, start)
            here = _of_paragraph(text[paragraph[0] : paragraph[1]], lang, whole=paragraph == (0, len(text)))
        found.append(_of_sentence(text[start:end], here))
    return found


def _paragraph(text: str, place: int) -> tuple[int, int]:
    end = text.find("\n", place)
    return text.rfind("\n", 0, place) + 1, len(text) if end < 0 else end


def _of_paragraph(paragraph: str, lang: str | None, *, whole: bool) -> str | None:
    if (whole and lang is not None) or len(paragraph) < _SURE:
        return lang
    return guess(paragraph) or lang


def _of_sentence(sentence: str, lang: str | None) -> str | None:
    """Another language than that of the paragraph only where the script says so."""
    if sentence.isascii() == (lang not in _CYRILLIC_LANGS) or lang not in LANGUAGES:
        return lang
    cyrillic, latin = len(_CYRILLIC.findall(sentence)), len(_LATIN.findall(sentence))
    foreign, own = (latin, cyrillic) if lang in _CYRILLIC_LANGS else (cyrillic, latin)
    return guess(sentence) or lang if foreign >= _FOREIGN and foreign > 2 * own else lang
