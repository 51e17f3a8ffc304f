"""A text as people read it: sentences, clauses, words with their likely lemmas, quotes, questions, reported speech.

Everything that judges words (special cases, toward whom) reads a field once, here. An apostrophe parts words as in
`monitor.text.words` (don't is don, t), but not in Cyrillic ones. Emoticons are tokens and end no sentence; amounts with
their currency are one token. Page chrome is read like all else; `chrome_sentences` says which sentences it is.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from functools import cache, lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from monitor.lemmas import Grammar, grammar
from monitor.text import words
from monitor.understanding.matching.normalise import fold
from monitor.understanding.reading.chrome import chrome_sentences, is_chrome
from monitor.understanding.reading.clauses import beginnings
from monitor.understanding.reading.languages import languages
from monitor.understanding.reading.scanning import quotes, scan
from monitor.understanding.reading.shapes import Reading, Sentence, Token
from monitor.understanding.reading.speech import is_reported, is_spoken

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.understanding.matching.normalise import Folded
    from monitor.understanding.reading.scanning import Scanned

__all__ = ["Reading", "Sentence", "Token", "chrome_sentences", "is_chrome", "read_text"]

_CACHED: Final = 1 << 14  # words of one process, about 15 MB
_NONE: Final = frozenset[str]()


def read_text(text: str, *, field: str, lang: str | None) -> Reading:
    """Read a field of a post whose language is thought to be `lang`; None has it found out."""
    folded = fold(text)
    scanned = scan(folded)
    places = [(start, end) for _, start, end in scanned.pieces]
    if folded.offsets is not None:
        places = [folded.span(start, end) for start, end in places]
    bounds = _bounds(scanned, places)
    langs = languages(folded.original, bounds, lang)
    spans = quotes(folded.original)
    tokens = _tokens(folded, scanned, places=places, langs=langs, quoted=_inside(places, spans))
    sentences = tuple(_sentences(tokens, scanned, bounds=bounds, langs=langs, spans=spans))
    return Reading(field=field, text=text, lang=lang, tokens=tuple(tokens), sentences=sentences)


def _bounds(scanned: Scanned, places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Where each sentence begins and ends, its full stop included."""
    found: list[tuple[int, int]] = []
    first = 0
    for last, end, _ in scanned.ends:
        # What follows the last token is signs, which fold in step.
        found.append((places[first][0], places[last - 1][1] + max(0, end - scanned.pieces[last - 1][2])))
        first = last
    return found


def _inside(places: Sequence[tuple[int, int]], spans: Sequence[tuple[int, int]]) -> list[bool]:
    found = [False] * len(places)
    for start, end in spans:
        first, last = bisect_left(places, (start, 0)), bisect_left(places, (end, 0))
        found[first:last] = [True] * (last - first)
    return found


def _tokens(
    folded: Folded,
    scanned: Scanned,
    *,
    places: Sequence[tuple[int, int]],
    langs: Sequence[str | None],
    quoted: Sequence[bool],
) -> list[Token]:
    tokens: list[Token] = []
    clause, original = -1, folded.original
    for sentence, ((last, _, _), lang) in enumerate(zip(scanned.ends, langs, strict=True)):
        first = len(tokens)
        pieces = scanned.pieces[first:last]
        texts = [_word(kind, folded.text[start:end]) for kind, start, end in pieces]
        here = places[first:last]
        known = [
            _known(text, original[start:end], lang) if piece[0] == "word" else _plain(text)
            for text, (start, end), piece in zip(texts, here, pieces, strict=True)
        ]
        begins = beginnings(texts, [one.marks for one in known], scanned.before[first:last], lang or "")
        clause += 1
        for text, (start, end), word, new, quote, piece in zip(
            texts, here, known, begins, quoted[first:last], pieces, strict=True
        ):
            clause += new
            tokens.append(Token(text, start, end, word.lemmas, word.marks, sentence, clause, quote, piece[0]))
    return tokens


def _word(kind: str, text: str) -> str:
    """The text of a token: all quotation marks alike, Cyrillic words without their apostrophe."""
    if kind == "word":
        return text if text.isalnum() else "".join(filter(str.isalnum, text))
    return text if kind != "punct" or text in "?!" else '"'


@lru_cache(maxsize=_CACHED)
def _known(text: str, original: str, lang: str | None) -> Grammar:
    known = grammar(_spelling(text, original), lang)
    return known if text in known.lemmas else Grammar(known.lemmas | {text}, known.marks)


def _spelling(text: str, original: str) -> str:
    """A word as the dictionaries want it: with its accents and dots, without stress, in one script."""
    if original.isascii():
        return text
    composed = unicodedata.normalize("NFC", original).lower()
    folded = fold(original)
    return composed if folded.plain == folded.text and len(words(composed)) == 1 else text


@lru_cache(maxsize=4096)
def _plain(text: str) -> Grammar:
    return Grammar(frozenset({text}), _NONE)


def _sentences(
    tokens: Sequence[Token],
    scanned: Scanned,
    *,
    bounds: Sequence[tuple[int, int]],
    langs: Sequence[str | None],
    spans: Sequence[tuple[int, int]],
) -> Iterator[Sentence]:
    lasts = [last for last, _, _ in scanned.ends]
    own = [tokens[first:last] for first, last in zip([0, *lasts], lasts, strict=False)]
    spoken = _spoken(own, bounds=bounds, langs=langs, spans=spans) if spans else frozenset[int]()
    first = 0
    for number, ((last, _, question), (start, end)) in enumerate(zip(scanned.ends, bounds, strict=True)):
        reported = number in spoken or is_reported(own[number], langs[number])
        yield Sentence(start, end, first, last, question=question, reported=reported, lang=langs[number])
        first = last


def _spoken(
    own: Sequence[Sequence[Token]],
    *,
    bounds: Sequence[tuple[int, int]],
    langs: Sequence[str | None],
    spans: Sequence[tuple[int, int]],
) -> frozenset[int]:
    """The sentences within quotes whose speaker is named there or right behind."""

    @cache
    def names_speaker(at: int) -> bool:
        return is_spoken(own[at], langs[at])

    found = set[int]()
    for start, end in spans:
        first = bisect_right(bounds, start, key=itemgetter(1))
        last = bisect_left(bounds, end, key=itemgetter(0))
        if any(names_speaker(at) for at in range(first, min(last + 1, len(own)))):
            found.update(range(first, last))
    return frozenset(at for at in found if 2 * sum(token.quoted for token in own[at]) > len(own[at]))
