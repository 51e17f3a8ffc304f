"""The key of a word in a language: dictionary, stem, no accents; and which language's rules a word gets."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from itertools import combinations
from threading import Lock
from typing import TYPE_CHECKING, Final

from monitor.lemmas.dictionaries import LATIN, analyser, dictionary, strategy
from monitor.lemmas.irregular import IRREGULAR
from monitor.text import fold, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymorphy3.analyzer import Parse
    from Stemmer import Stemmer

VERSION: Final = 1
"""Raised whenever a word may get another key than before: the daemon then indexes history again."""

LONGEST: Final = 40  # code points; longer runs are no words, and analysers are not linear in them
_CACHED: Final = 1 << 15  # words of one process, about 6 MB
_TEXT: Final = 512
"""Words of a text, whose lemmas and grammar are asked for one after the other."""

_CYRILLIC: Final = re.compile(r"[\u0430-\u044f\u0454\u0456\u0457\u0491]+")
_LATIN: Final = re.compile(r"[a-z\u00df-\u017f]+")
_UKRAINIAN: Final = re.compile(r"[\u0454\u0456\u0457\u0491]")  # є і ї ґ
_RUSSIAN: Final = re.compile(r"[ыэъ]")
_APOSTROPHE_PLACE: Final = re.compile(r"(?<=[бвгґджзкмнпрстфхш])(?=[яюєї])")

_SNOWBALL: Final = {
    "en": "english",
    "de": "german",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "pt": "portuguese",
}
# What people type instead of a letter, and the letters that it may stand for.
_ACCENTS: Final = {
    "en": {},
    "de": {"a": "ä", "o": "ö", "u": "ü", "ae": "ä", "oe": "ö", "ue": "ü", "ss": "ß"},
    "es": {"a": "á", "e": "é", "i": "í", "o": "ó", "u": "úü", "n": "ñ"},
    "fr": {"a": "àâ", "e": "éèêë", "i": "îï", "o": "ô", "u": "ùûü", "c": "ç", "oe": "œ"},
    "it": {"a": "à", "e": "èé", "i": "ì", "o": "ò", "u": "ù"},
    "pt": {"a": "áâãà", "e": "éê", "i": "í", "o": "óôõ", "u": "ú", "c": "ç"},
}
_UNACCENTED: Final = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ı": "i"})

_stemming = Lock()  # Snowball's objects are not for several threads, and the web has several


def lemmatise(text: str, lang: str | None) -> str:
    """A key for each of `words(text)`, in their order, joined by single spaces.

    `lang` is the language of the text as a code or tag (`pt-BR`), None where unknown. A key is made of letters and
    digits.
    """
    lang = re.split("[-_]", lang or "")[0].lower()
    return " ".join(key(word, lang) for word in words(text))


def variants(word: str) -> frozenset[str]:
    """Every key that `lemmatise` may give this word, whatever the language of the text it stands in.

    In ru and uk a form may belong to several words («стали»): all their keys, though a text's word gets the likeliest.
    """
    return frozenset[str]().union(*map(_variants, words(word)[:1]))


@lru_cache(maxsize=4096)
def _variants(word: str) -> frozenset[str]:
    if not _CYRILLIC.fullmatch(word):
        return frozenset(key(word, lang) for lang in ("", *LATIN))
    langs = {_cyrillic_lang(word, lang) for lang in ("ru", "uk")}
    forms = {form for lang in langs for form in analyser(lang).normal_forms(_spelt(word, lang))}
    return frozenset({tidy(form) for form in forms} | {key(word, lang) for lang in langs})


@lru_cache(maxsize=_CACHED)
def key(word: str, lang: str) -> str:
    """The key of one of `words(text)` in a text of this language, a bare code or ""."""
    if len(word) > LONGEST:
        return tidy(word)
    if _CYRILLIC.fullmatch(word):
        lang, form = cyrillic_spelling(word, lang)
        return IRREGULAR[lang].get(word) or tidy(parses(form, lang)[0].normal_form)
    if not _LATIN.fullmatch(word):
        return tidy(word)
    lang, lemma = _latin_lemma(word, lang)
    with _stemming:
        return tidy(_stemmer(lang).stemWord(fold(lemma)))


@lru_cache(maxsize=_TEXT)
def parses(form: str, lang: str) -> tuple[Parse, ...]:
    """What the dictionary of ru or uk makes of a form, the likeliest first."""
    return tuple(analyser(lang).parse(form))


def is_cyrillic(word: str) -> bool:
    """Whether the dictionaries of ru and uk are asked for a word."""
    return _CYRILLIC.fullmatch(word) is not None


@lru_cache(maxsize=_TEXT)
def cyrillic_spelling(word: str, lang: str) -> tuple[str, str]:
    """Which of ru and uk a Cyrillic word is in a text of this language, and how the dictionary spells it."""
    lang = _cyrillic_lang(word, lang)
    return lang, _spelt(word, lang)


def tidy(form: str) -> str:
    """A form as a key: folded, letters and digits only, Latin letters without accents."""
    if _CYRILLIC.fullmatch(form):
        return form
    if form.isascii() and form.isalnum():
        return form.lower()
    form = "".join(words(form)) or form
    if form.isascii() or not _LATIN.search(form):
        return form
    # Only what stands on a Latin letter: й and ї are letters of their own.
    marked = re.sub(r"([a-z])[\u0300-\u036f]+", r"\1", unicodedata.normalize("NFD", form.translate(_UNACCENTED)))
    return unicodedata.normalize("NFC", marked)


def _cyrillic_lang(word: str, lang: str) -> str:
    """Which of ru and uk a word is: by its letters, by who knows it, else by the language of the text."""
    if _UKRAINIAN.search(word):
        return "uk"
    if _RUSSIAN.search(word):
        return "ru"
    here, other = ("uk", "ru") if lang == "uk" else ("ru", "uk")
    if _is_known(word, here) or not _is_known(word, other):
        return here
    return other


def _is_known(word: str, lang: str) -> bool:
    return bool(analyser(lang).word_is_known(_spelt(word, lang)))


def _spelt(word: str, lang: str) -> str:
    """A word as the dictionary spells it: Ukrainian ones get back the apostrophe that `words` left out."""
    if lang == "uk" and not analyser(lang).word_is_known(word):
        for place in _APOSTROPHE_PLACE.finditer(word):
            spelt = f"{word[: place.start()]}'{word[place.start() :]}"
            if analyser(lang).word_is_known(spelt):
                return spelt
    return word


def _latin_lemma(word: str, lang: str) -> tuple[str, str]:
    """The language that knows a word, the text's first, and its lemma there; else what the text's rules make of it."""
    own = lang if lang in LATIN else "en"
    if (lemma := _look_up(word, own) or _look_up_unaccented(word, own)) is not None:
        return own, lemma
    for other in LATIN:
        if (lemma := _look_up(word, other)) is not None:
            return other, lemma
    return own, strategy().get_lemma(word, own) or word


def _look_up(word: str, lang: str) -> str | None:
    known = dictionary(lang)
    found = IRREGULAR[lang].get(tidy(word)) or known.get(word)
    # German nouns stand under their capital. Elsewhere that would be names.
    return found or (known.get(word.capitalize()) if lang == "de" else None)


def _look_up_unaccented(word: str, lang: str) -> str | None:
    """The lemma of a word whose accents were not typed, one or two of them."""
    return next(filter(None, (_look_up(spelt, lang) for spelt in _accented(word, lang))), None)


def _accented(word: str, lang: str) -> Iterator[str]:
    places = [
        (found.start(), typed, letter)
        for typed, letters in _ACCENTS[lang].items()
        for found in re.finditer(typed, word)
        for letter in letters
    ]
    for start, typed, letter in places:
        yield word[:start] + letter + word[start + len(typed) :]
    for (start, typed, letter), (later, typed_later, letter_later) in combinations(sorted(places), 2):
        if start + len(typed) <= later:
            between = word[start + len(typed) : later]
            yield word[:start] + letter + between + letter_later + word[later + len(typed_later) :]


@cache
def _stemmer(lang: str) -> Stemmer:
    from Stemmer import Stemmer

    return Stemmer(_SNOWBALL[lang], 0)
