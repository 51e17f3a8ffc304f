"""The index of a configuration: which words stand for what."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from monitor.understanding.matching import translit
from monitor.understanding.matching.advice import AliasWarning, Clash, clashes, is_ordinary, warnings
from monitor.understanding.matching.forms import Morphology, phrase_forms
from monitor.understanding.matching.lexicon import Lexicon
from monitor.understanding.matching.normalise import folded_words
from monitor.understanding.matching.spelling import cuts, is_domain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from monitor.models import Brand

__all__ = ["AliasWarning", "Clash", "Entry", "Index", "Name", "Role", "build", "clashes", "warnings"]

CONTAINED_LETTERS = 5
"""A name with fewer letters must be a whole part of a handle or a hashtag; a longer one may stand inside."""


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


@dataclass(frozen=True)
class Name:
    """A name, an alias or a person of one brand, as it is configured."""

    brand: int
    role: Role
    alias: str
    morphology: Morphology = field(repr=False, compare=False)

    @cached_property
    def ordinary(self) -> bool:
        """Whether it reads as plain words; known only when it is met, because the dictionary takes its time."""
        return is_ordinary(self.alias, self.morphology)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of words of one brand, with what may stand between them (see `spelling.Cut`).

    `words` are numbers in the lexicon, or for what is looked for as it stands the folded words.
    """

    name: Name
    words: tuple[int, ...] | tuple[str, ...]
    breaks: str
    capitals: bool = False
    plain: bool = False
    ordinary: bool = False


@dataclass(frozen=True, slots=True)
class Index:
    """What is looked for.

    `lexicon` has the words of names and `names` the rows of these, by the first; `literals` are rows of words as they
    stand, by the first; `inside` are the names that are looked for within handles, hashtags and addresses.
    """

    lexicon: Lexicon
    names: Mapping[int, tuple[Entry, ...]]
    literals: Mapping[str, tuple[Entry, ...]]
    inside: Mapping[str, tuple[Entry, ...]]
    longest_inside: int


@dataclass(frozen=True, slots=True)
class _Builder:
    morphology: Morphology
    lexicon: Lexicon
    names: dict[int, tuple[Entry, ...]] = field(default_factory=dict)
    literals: dict[str, tuple[Entry, ...]] = field(default_factory=dict)
    inside: dict[str, tuple[Entry, ...]] = field(default_factory=dict)

    def add_names(self, number: int, brand: Brand) -> None:
        """Register what names a brand."""
        for alias in (brand.name, *brand.aliases):
            self._add_name(Name(number, Role.NAME, alias, self.morphology))
        for person in brand.people:
            self._add_name(Name(number, Role.PERSON, person, self.morphology))
            turned = " ".join(reversed(person.split()))
            if turned != person:
                self._add_name(Name(number, Role.PERSON, turned, self.morphology))
        for handle in brand.handles:
            words = folded_words(handle)
            role = Role.HASHTAG if handle.startswith("#") else Role.HANDLE
            self.add_literal(number, role, alias=handle, words=words, breaks="_" * (len(words) - 1))
        for domain in brand.own_domains:
            if is_domain(domain):
                words = folded_words(domain)
                breaks = "".join(c for c in domain if c in ".-")
                self.add_literal(number, Role.DOMAIN, alias=domain, words=words, breaks=breaks)

    def _add_name(self, name: Name) -> None:
        for cut in cuts(name.alias, self.morphology):
            words = tuple(map(self.lexicon.add, cut.words))
            entry = Entry(name, words, cut.breaks, capitals=cut.capitals, plain=cut.plain, ordinary=cut.ordinary)
            listed = self.names.get(words[0], ())
            if not any(_same(entry, other) for other in listed):
                self.names[words[0]] = (*listed, entry)
            text = cut.words[0].text
            if name.role is Role.NAME and len(words) == 1 and len(text) >= CONTAINED_LETTERS and not cut.ordinary:
                for spelling in {text} if text.isascii() else {text, *translit.to_latin(text)}:
                    listed = self.inside.get(spelling, ())
                    if not any(other.name.brand == name.brand for other in listed):
                        self.inside[spelling] = (*listed, entry)

    def add_literal(self, number: int, role: Role, *, alias: str, words: tuple[str, ...], breaks: str) -> None:
        """Register words as they stand."""
        if words:
            entry = Entry(Name(number, role, alias, self.morphology), words, breaks)
            self.literals[words[0]] = (*self.literals.get(words[0], ()), entry)


def build(brands: Sequence[Brand], morphology: Morphology) -> Index:
    """The index of all brands; a Name's `brand` is the place in `brands`."""
    builder = _Builder(morphology, Lexicon(morphology))
    with _no_collecting():
        _fill(builder, brands, morphology)
    longest = max(map(len, builder.inside), default=0)
    return Index(builder.lexicon, builder.names, builder.literals, builder.inside, longest)


def _fill(builder: _Builder, brands: Sequence[Brand], morphology: Morphology) -> None:
    for number, brand in enumerate(brands):
        builder.add_names(number, brand)
        for role, phrase, words in _rules(brand, morphology):
            builder.add_literal(number, role, alias=phrase, words=words, breaks=" " * (len(words) - 1))


@contextmanager
def _no_collecting() -> Iterator[None]:
    """All that is made stays: the collector of cycles would only look through it again and again."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _same(one: Entry, other: Entry) -> bool:
    return (one.name.brand, one.name.role, one.words, one.breaks, one.capitals) == (
        other.name.brand,
        other.name.role,
        other.words,
        other.breaks,
        other.capitals,
    )


def _rules(brand: Brand, morphology: Morphology) -> Iterator[tuple[Role, str, tuple[str, ...]]]:
    for phrase in brand.exclude:
        yield from ((Role.EXCLUDE, phrase, words) for words in sorted(phrase_forms(phrase, morphology)))
    for role, cues in ((Role.FOR, brand.context_any), (Role.AGAINST, brand.context_none)):
        for cue in cues:
            words = folded_words(cue)
            made = (
                {(form,) for form in morphology.lexeme(words[0])} if len(words) == 1 else phrase_forms(cue, morphology)
            )
            yield from ((role, cue, form) for form in sorted(made))
