"""The index of a configuration: which word sequences stand for what, worked out once at load."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

import ahocorasick

from monitor.understanding.matching.forms import DOMAIN, Form, Morphology, expand, phrase_forms
from monitor.understanding.matching.normalise import folded_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from monitor.models import Brand

CONTAINED_LETTERS = 5
"""A name with fewer letters must be a whole part of a handle or a hashtag; a longer one may stand inside."""
SHORT_LETTERS = 3
"""Names up to this long meet too much by chance."""

_HINT = "add `context: {any: [...]}` with words that stand near it, or `exclude`"
_KINDS = ("exact", "inflected", "translit")


class Role(StrEnum):
    """What a word sequence is for its brand."""

    NAME = "name"
    PERSON = "person"
    HANDLE = "handle"
    HASHTAG = "hashtag"
    DOMAIN = "domain"
    EXCLUDE = "exclude"
    FOR = "for"
    AGAINST = "against"


@dataclass(frozen=True, slots=True)
class Entry:
    """One word sequence of one brand; `alias` is the configured words behind it, `common` that they are ordinary."""

    brand: int
    role: Role
    form: Form
    alias: str
    common: bool = False


@dataclass(frozen=True, slots=True)
class AliasWarning:
    """An alias that will find too much: what is wrong with it, and what to write beside it."""

    alias: str
    problem: str
    hint: str

    def __str__(self) -> str:
        return f"«{self.alias}» {self.problem} ({self.hint})"


@dataclass(frozen=True, slots=True)
class Index:
    """Automatons over " word word " and over what may stand inside a handle or a hashtag; None where empty."""

    words: ahocorasick.Automaton | None
    inside: ahocorasick.Automaton | None


@dataclass(frozen=True, slots=True)
class _Builder:
    words: dict[str, list[Entry]] = field(default_factory=dict)
    inside: dict[str, list[Entry]] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        """Register an entry under its words, once for a brand, a role and the conditions of the form."""
        listed = self.words.setdefault(f" {' '.join(entry.form.words)} ", [])
        if not any(_same(entry, other) for other in listed):
            listed.append(entry)
        name = entry.form.words[0]
        containable = len(entry.form.words) == 1 and len(name) >= CONTAINED_LETTERS and not entry.common
        if entry.role is Role.NAME and containable:
            inside = self.inside.setdefault(name, [])
            if not any(other.brand == entry.brand for other in inside):
                inside.append(entry)


def build(brands: Sequence[Brand], morphology: Morphology) -> Index:
    """The index of all brands; an Entry's `brand` is the place in `brands`."""
    builder = _Builder()
    for number, brand in enumerate(brands):
        # A name as somebody spelt it is worth more than the same words derived from another alias.
        for entry in sorted(_names(number, brand, morphology), key=lambda entry: _KINDS.index(entry.form.kind)):
            builder.add(entry)
        for entry in _rules(number, brand, morphology):
            builder.add(entry)
    return Index(_automaton(builder.words), _automaton(builder.inside))


def warnings(brand: Brand) -> tuple[AliasWarning, ...]:
    """Aliases of a brand that are too short or too ordinary to be looked for without context words.

    The first call loads the dictionaries and keeps them: for `monitor check`, not for the daemon.
    """
    morphology = _dictionaries()
    if brand.context_any or brand.context_packs:
        return ()
    found: list[AliasWarning] = []
    for alias in (brand.name, *brand.aliases):
        letters = "".join(folded_words(alias))
        if not letters:
            found.append(AliasWarning(alias, "holds no letter or digit and is never found", "spell it in letters"))
            continue
        if len(letters) <= SHORT_LETTERS:
            problem = f"has only {len(letters)} letters and will be met by chance"
        elif _is_ordinary(alias, morphology):
            problem = "is an ordinary word too"
        else:
            continue
        found.append(AliasWarning(alias, problem, _HINT))
    return tuple(found)


@cache
def _dictionaries() -> Morphology:
    return Morphology()


def _same(one: Entry, other: Entry) -> bool:
    return (one.brand, one.role, one.form.capitals, one.form.breaks) == (
        other.brand,
        other.role,
        other.form.capitals,
        other.form.breaks,
    )


def _automaton(entries: Mapping[str, list[Entry]]) -> ahocorasick.Automaton | None:
    if not entries:
        return None
    automaton = ahocorasick.Automaton()
    for words, listed in entries.items():
        automaton.add_word(words, (words, tuple(listed)))
    automaton.make_automaton()
    return automaton


def _names(number: int, brand: Brand, morphology: Morphology) -> Iterator[Entry]:
    for alias in (brand.name, *brand.aliases):
        ordinary = _is_ordinary(alias, morphology)
        spelt = len(folded_words(alias))
        for form in expand(alias, morphology):
            common = ordinary and not form.capitals and form.kind != "translit" and len(form.words) == spelt
            yield Entry(number, Role.NAME, form, alias, common)
    for person in brand.people:
        ordinary = _is_ordinary(person, morphology)
        for form in expand(person, morphology):
            yield Entry(number, Role.PERSON, form, person, ordinary)
    for handle in brand.handles:
        words = folded_words(handle)
        if words:
            role = Role.HASHTAG if handle.startswith("#") else Role.HANDLE
            yield Entry(number, role, Form(words, "exact", "_" * (len(words) - 1)), handle)
    for domain in brand.own_domains:
        words = folded_words(domain)
        if words and DOMAIN.fullmatch(domain):
            yield Entry(number, Role.DOMAIN, Form.of_domain(domain), domain)


def _rules(number: int, brand: Brand, morphology: Morphology) -> Iterator[Entry]:
    for phrase in brand.exclude:
        for words in phrase_forms(phrase, morphology):
            yield Entry(number, Role.EXCLUDE, Form.of_phrase(words), phrase)
    for role, cues in ((Role.FOR, brand.context_any), (Role.AGAINST, brand.context_none)):
        for cue in cues:
            words = folded_words(cue)
            made = (
                {(form,) for form in morphology.lexeme(words[0])} if len(words) == 1 else phrase_forms(cue, morphology)
            )
            for form in sorted(made):
                yield Entry(number, role, Form.of_phrase(form), cue)


def _is_ordinary(alias: str, morphology: Morphology) -> bool:
    """Whether an alias reads as plain words: one dictionary word, or several with a pronoun among them.

    «мой склад» is plain words; «Банк Открытие» hardly occurs but as a name.
    """
    words = folded_words(alias)
    if not words or not all(morphology.is_common(word) for word in words) or DOMAIN.fullmatch(alias.strip()):
        return False
    return len(words) == 1 or any(morphology.is_pronoun(word) for word in words)
