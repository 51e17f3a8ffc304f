"""Context packs: the words of a sector, its kinds of firm and its well-known names, as files under data/packs.

A pack holds `about`, `brands`, and tables by language: `words` that speak for a brand of the sector, `kinds` ("bank",
"shop") that stand before or after its name, `against` that speak against it. The pack `customer` applies to every
brand, with less weight. To add a sector, add a file.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from monitor.lemmas.dictionaries import analyser
from monitor.understanding.matching.normalise import folded_words
from monitor.understanding.relevance.words import keys_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.models import Brand

GENERIC: Final = "customer"
DATA: Final = Path(__file__).parents[1] / "data"
_FOLDER: Final = DATA / "packs"


@dataclass(frozen=True, slots=True)
class Terms:
    """Words and phrases to look up by the key of their first word; `said` is how each was written."""

    said: dict[str, list[tuple[tuple[str, ...], str]]]

    @classmethod
    def of(cls, phrases: Iterable[str], lang: str) -> Terms:
        """The terms of some phrases in dictionary forms."""
        said: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for phrase in dict.fromkeys(phrases):
            if keys := keys_of(phrase, lang):
                said.setdefault(keys[0], []).append((keys, phrase))
        return cls(said)

    def at(self, keys: tuple[str, ...], at: int) -> tuple[str, int] | None:
        """The longest term that begins at a word, as it was written and with the number of its words."""
        found = [(len(term), said) for term, said in self.said.get(keys[at], ()) if keys[at : at + len(term)] == term]
        return max(found)[::-1] if found else None


@dataclass(frozen=True, slots=True)
class Sector:
    """What some packs say together in one language; `strangers` are kinds of firm of all other sectors."""

    names: tuple[str, ...]
    words: Terms
    against: Terms
    kinds: Terms
    strangers: Terms
    brands: Terms
    plain: frozenset[str]


@cache
def names() -> tuple[str, ...]:
    """Packs that a configuration may name, in order."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


@cache
def _pack(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=1024)
def automatic(brand: Brand) -> tuple[str, ...]:
    """The packs that a brand without `context` gets by itself, because its name stands among their brands."""
    if brand.context_packs or brand.context_any or brand.context_none:
        return ()
    mine = {folded_words(name) for name in (brand.name, *brand.aliases)}
    return tuple(name for name in names() if mine & _spelt_brands(name))


@lru_cache(maxsize=1024)
def packs_of(brand: Brand) -> tuple[str, ...]:
    """The packs that apply to a brand besides the generic one; names of packs that do not exist are passed over."""
    return tuple(name for name in brand.context_packs if name in names() and name != GENERIC) or automatic(brand)


@cache
def _spelt_brands(name: str) -> frozenset[tuple[str, ...]]:
    return frozenset(folded_words(brand) for brand in _pack(name).get("brands", ()))


@lru_cache(maxsize=1024)
def is_site(chosen: tuple[str, ...], alias: str) -> bool:
    """Whether packs know a name as that of a site too: of «Молоток» there is «Молоток.ру»."""
    words = folded_words(alias)
    return any((*words, zone) in _spelt_brands(name) for name in chosen for zone in ("ру", "ru", "com"))


@lru_cache(maxsize=256)
def sector(chosen: tuple[str, ...], lang: str) -> Sector:
    """What packs say in a language; without any, every sector's kinds of firm speak for the brand."""

    def terms(part: str, packs: Iterable[str]) -> Terms:
        return Terms.of((word for name in packs for word in _pack(name).get(part, {}).get(lang, ())), lang)

    rest = [name for name in names() if name not in chosen and name != GENERIC] if chosen else []
    own = terms("kinds", (*chosen, GENERIC) if chosen else names())
    strangers = {word: said for word, said in terms("kinds", rest).said.items() if word not in own.said}
    brands = [brand for name in chosen for brand in _pack(name).get("brands", ())]
    return Sector(
        names=chosen,
        words=terms("words", chosen),
        against=terms("against", chosen),
        kinds=own,
        strangers=Terms(strangers),
        brands=Terms.of(brands, lang),
        plain=frozenset(brand for brand in brands if _is_plain(brand)),
    )


@cache
def generic(lang: str) -> Terms:
    """The words of the generic pack in a language."""
    return Terms.of(_pack(GENERIC)["words"].get(lang, ()), lang)


def _is_plain(brand: str) -> bool:
    """Whether a name is a word of the dictionary, and so no proof that a firm is meant."""
    words = folded_words(brand)
    return all(analyser("ru").word_is_known(word) or word.isascii() for word in words)
