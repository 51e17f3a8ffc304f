"""What a single word may be: its likely lemma keys and the marks of its grammar, for who reads texts word by word.

The keys are those of `lemmatise`; a form that belongs to several words («стали») has the key of each likely one. Marks
are pymorphy3's grammemes in lower case (verb, infn, 1per, past, sing, gent …), all that a likely parse has. The Latin
dictionaries know no grammar: their words have marks only where the table of pronouns gives a person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from monitor.lemmas import keys
from monitor.text import words

if TYPE_CHECKING:
    from pymorphy3.analyzer import Parse
    from pymorphy3.tagset import OpencorporaTag

LIKELY: Final = 0.05
"""Share of its form's uses that a parse must have; pymorphy3 has such shares for Russian alone."""

_CACHED: Final = 1 << 12  # readers of whole texts keep what they make of a word

_PERSONS: Final = {
    "en": {
        "1per": "i me my mine myself we us our ours ourselves im ive",
        "2per": "you your yours yourself yourselves",
        "3per": "he him his himself she her hers herself they them their theirs themselves",
    },
    "de": {
        "1per": "ich mich mir mein meine meinen meinem meiner meines wir uns unser unsere unseren unserem unserer",
        "2per": "du dich dir dein deine deinen deinem deiner ihr euch euer eure euren",
        "3per": "er ihn ihm sein seine seinen seinem seiner",
    },
    "es": {
        "1per": "yo me mi mis mio mia mios mias conmigo nosotros nosotras nos nuestro nuestra nuestros nuestras",
        "2per": "tu te ti tus tuyo tuya vos vosotros vosotras usted ustedes contigo",
        "3per": "el ella ellos ellas le les",
    },
    "fr": {
        "1per": "je j me moi mon ma mes nous notre nos",
        "2per": "tu te toi ton ta tes vous votre vos",
        "3per": "il elle ils elles lui leur leurs",
    },
    "it": {
        "1per": "io mi me mio mia miei mie noi ci nostro nostra nostri nostre",
        "2per": "tu ti te tuo tua tuoi tue voi vi vostro vostra",
        "3per": "lui lei egli loro",
    },
    "pt": {
        "1per": "eu me mim meu minha meus minhas comigo nos nosso nossa nossos nossas",
        "2per": "tu te ti teu tua voce voces",
        "3per": "ele ela eles elas lhe lhes",
    },
}
_OF_PERSON: Final = {
    **dict.fromkeys(("мой", "наш", "мій", "я", "ми"), "1per"),
    **dict.fromkeys(("твой", "ваш", "твій", "ти", "ви"), "2per"),
    **dict.fromkeys(("він", "вона", "вони"), "3per"),
}
"""Lemmas whose person the dictionaries do not tell."""
_MARKS: Final = {
    lang: {word: frozenset({person, "npro"}) for person, listed in table.items() for word in listed.split()}
    for lang, table in _PERSONS.items()
}
_NONE: Final = frozenset[str]()


@dataclass(frozen=True, slots=True)
class Grammar:
    """What a word may be: `lemmas` are keys as of `lemmatise`, `marks` are grammemes in lower case."""

    lemmas: frozenset[str]
    marks: frozenset[str]


@lru_cache(maxsize=_CACHED)
def grammar(word: str, lang: str | None) -> Grammar:
    """The likely readings of one word, spelt in any way, in a text of this language (a code or tag, None unknown).

    Of several words only the first is read; of none there are no readings. Cached.
    """
    is_cyrillic = keys.is_cyrillic(word)
    if not is_cyrillic:
        spelt = words(word)[:1]
        if not spelt:
            return Grammar(_NONE, _NONE)
        word = spelt[0]
    lang = re.split("[-_]", lang or "")[0].lower()
    if len(word) > keys.LONGEST or not (is_cyrillic or keys.is_cyrillic(word)):
        key = keys.key(word, lang)
        return Grammar(frozenset({key}), _MARKS.get(lang if lang in _MARKS else "en", {}).get(word, _NONE))
    return _cyrillic(word, lang)


def is_own_lemma(word: str, lang: str) -> bool:
    """Whether a folded word is its own key in one of its likely readings: «суд», but neither «суда» nor «ножницы»."""
    if not keys.is_cyrillic(word) or len(word) > keys.LONGEST:
        return word in grammar(word, lang).lemmas
    return word in _lemmas(word, lang, _likely(word, lang))


def _cyrillic(word: str, lang: str) -> Grammar:
    likely = _likely(word, lang)
    lemmas = _lemmas(word, lang, likely)
    marks = _NONE.union(*[_lowered(parse.tag) for parse in likely])
    if not lemmas.isdisjoint(_OF_PERSON):
        marks = marks.union(_OF_PERSON[lemma] for lemma in lemmas & _OF_PERSON.keys())
    return Grammar(lemmas, _shared(marks))


def _likely(word: str, lang: str) -> list[Parse]:
    lang, form = keys.cyrillic_spelling(word, lang)
    return [parse for parse in keys.parses(form, lang) if parse.score >= LIKELY]


def _lemmas(word: str, lang: str, likely: list[Parse]) -> frozenset[str]:
    return frozenset([keys.key(word, lang), *[keys.tidy(parse.normal_form) for parse in likely]])


@cache
def _lowered(tag: OpencorporaTag) -> frozenset[str]:
    return frozenset(mark.lower() for mark in tag.grammemes)


@cache
def _shared(marks: frozenset[str]) -> frozenset[str]:
    """The same object for the same marks: there are some hundreds of sets, and each takes as much as its word."""
    return marks
