"""What `check` says of names that find too much, or that cannot be told apart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from monitor.understanding.matching.forms import Morphology
from monitor.understanding.matching.normalise import folded_words
from monitor.understanding.matching.spelling import is_domain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.models import Brand

SHORT_LETTERS = 3
"""Names up to this long meet too much by chance."""

_HINT = "add `context: {any: [...]}` with words that stand near it, or `exclude`"


@dataclass(frozen=True, slots=True)
class AliasWarning:
    """An alias that will find too much: what is wrong with it, and what to write beside it."""

    alias: str
    problem: str
    hint: str

    def __str__(self) -> str:
        return f"«{self.alias}» {self.problem} ({self.hint})"


@dataclass(frozen=True, slots=True)
class Clash:
    """An alias of one brand that finds the texts of another too."""

    brand: str
    warning: AliasWarning


def warnings(brand: Brand) -> tuple[AliasWarning, ...]:
    """Aliases of a brand that are too short or too ordinary to be looked for without context words.

    The first call loads the dictionaries and keeps them: for `monitor check`, not for the daemon.
    """
    morphology = _dictionaries()
    helped = bool(brand.context_any or brand.context_packs)
    found: list[AliasWarning] = []
    for alias in dict.fromkeys((brand.name, *brand.aliases)):
        letters = "".join(folded_words(alias))
        if not letters:
            found.append(AliasWarning(alias, "holds no letter or digit and is never found", "spell it in letters"))
        elif helped:
            continue
        elif len(letters) <= SHORT_LETTERS:
            found.append(AliasWarning(alias, f"has only {len(letters)} letters and will be met by chance", _HINT))
        elif is_ordinary(alias, morphology):
            found.append(AliasWarning(alias, "is an ordinary word too", _HINT))
    return tuple(found)


def clashes(brands: Sequence[Brand]) -> tuple[Clash, ...]:
    """Aliases that two brands share, or that stand inside an alias of another brand, in the order of `brands`."""
    spelt = [(brand, alias, folded_words(alias)) for brand in brands for alias in (brand.name, *brand.aliases)]
    sharing: dict[str, list[tuple[Brand, str]]] = {}
    starting: dict[str, list[tuple[Brand, str, tuple[str, ...]]]] = {}
    for brand, alias, words in spelt:
        if words:
            sharing.setdefault("".join(words), []).append((brand, alias))
            starting.setdefault(words[0], []).append((brand, alias, words))
    found: dict[tuple[str, str, str], Clash] = {}
    for brand, alias, words in spelt:
        for other, _ in sharing.get("".join(words), ()):
            if other.name != brand.name:
                _note(found, brand=brand, alias=alias, other=other, warning=_shared(alias, other))
        for inner, short, _part in _within(words, starting):
            excluded = {folded_words(phrase) for phrase in inner.exclude}
            if inner.name != brand.name and words not in excluded:
                _note(found, brand=inner, alias=short, other=brand, warning=_contained(short, alias, brand))
    order = {brand.name: at for at, brand in enumerate(brands)}
    return tuple(sorted(found.values(), key=lambda clash: order[clash.brand]))


def is_ordinary(alias: str, morphology: Morphology) -> bool:
    """Whether an alias reads as plain words: one dictionary word, or several with a pronoun among them.

    «мой склад» is plain words; «Банк Открытие» hardly occurs but as a name.
    """
    words = folded_words(alias)
    if not words or not all(morphology.is_common(word) for word in words) or is_domain(alias):
        return False
    return len(words) == 1 or any(morphology.is_pronoun(word) for word in words)


def _note(
    found: dict[tuple[str, str, str], Clash], *, brand: Brand, alias: str, other: Brand, warning: AliasWarning
) -> None:
    found.setdefault((brand.name, alias, other.name), Clash(brand.name, warning))


def _shared(alias: str, other: Brand) -> AliasWarning:
    hint = "leave it to one of them, or add `context: {any: [...]}` to both"
    return AliasWarning(alias, f"is a name of {other.name} too", hint)


def _contained(short: str, long: str, other: Brand) -> AliasWarning:
    return AliasWarning(short, f"stands inside «{long}», a name of {other.name}", f'add `exclude: ["{long}"]`')


def _within(
    words: tuple[str, ...], starting: dict[str, list[tuple[Brand, str, tuple[str, ...]]]]
) -> Iterator[tuple[Brand, str, tuple[str, ...]]]:
    """Aliases whose words stand in a row among the words of a longer one."""
    for at, word in enumerate(words):
        for brand, alias, part in starting.get(word, ()):
            if len(part) < len(words) and words[at : at + len(part)] == part:
                yield brand, alias, part


@cache
def _dictionaries() -> Morphology:
    return Morphology()
