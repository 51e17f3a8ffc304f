"""The patterns of data/direction: who is left, joined, compared with or only a yardstick; compiled to expressions.

A pattern is a row of items. `word` is any form of a word, `=word` this spelling, `*ending` a spelling that ends so,
`@group` one of a group; `|` parts alternatives, and an `=` in front of the first is that of all that bear no sign.
`A` and `B` are brands, a few fillers («банк», "the") allowed before them. `..` is up to five words of the clause, `...`
up to ten of the sentence; `/` begins a clause, `/?` may; `?` behind an item lets it be absent. `+comp` is a
comparative of ru or uk.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from monitor.lemmas import grammar
from monitor.understanding.matching.normalise import folded_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.understanding.reading import Token

_DATA: Final = Path(__file__).parents[1] / "data" / "direction"
LANGUAGES: Final = tuple(sorted(path.stem for path in _DATA.glob("*.toml")))

COMPARATIVE: Final = "+comp"
_NOT_COMPARED: Final = frozenset({"больше", "менее", "более", "меньше", "раньше", "позже", "далее", "дальше", "скорее"})
_GAPS: Final = {"..": "(?:<[^>]*>){0,5}?", "...": "(?:/?<[^>]*>){0,10}?", "/": "/", "/?": "/?"}


@dataclass(frozen=True, slots=True)
class Pattern:
    """One compiled pattern.

    `needs` are sets of which a sentence must hold one word each, `spelt` its
    spellings; `denies`: a word of denial is part of it.
    """

    expression: re.Pattern[str]
    needs: tuple[frozenset[str], ...]
    spelt: frozenset[str]
    denies: bool


@dataclass(frozen=True, slots=True)
class Patterns:
    """The patterns of one name, in their order; `by_word` has the numbers of those that need a word."""

    all: tuple[Pattern, ...]
    by_word: Mapping[str, tuple[int, ...]]

    @classmethod
    def of(cls, patterns: Sequence[Pattern]) -> Patterns:
        """Index each pattern by the words of its most telling item, which is that of the longest words."""
        found: dict[str, tuple[int, ...]] = {}
        for at, pattern in enumerate(patterns):
            for word in max(pattern.needs, key=lambda need: min(map(len, need))):
                found[word] = (*found.get(word, ()), at)
        return cls(tuple(patterns), found)

    def wanted(self, words: frozenset[str]) -> list[Pattern]:
        """Those patterns whose words occur."""
        hits = sorted({at for word in words & self.by_word.keys() for at in self.by_word[word]})
        return [self.all[at] for at in hits if all(not need.isdisjoint(words) for need in self.all[at].needs)]


@dataclass(frozen=True, slots=True)
class Table:
    """The patterns and word lists of a language: `patterns` by section and name, `words` by group.

    Words are spellings, but those of regret, which are lemma keys.
    """

    patterns: Mapping[str, Mapping[str, Patterns]]
    words: Mapping[str, frozenset[str]]


@cache
def table(lang: str) -> Table:
    """What is known of a language of LANGUAGES."""
    data: dict[str, Any] = tomllib.loads((_DATA / f"{lang}.toml").read_text(encoding="utf-8"))
    groups: dict[str, str] = data.pop("groups")
    words = {name: data["aside"].pop(name) for name in ("joints", "regret")} | groups
    return Table(
        {
            section: {name: Patterns.of([_compiled(row, groups, lang) for row in rows]) for name, rows in named.items()}
            for section, named in data.items()
        },
        {
            name: _lemma_keys(listed, lang) if name == "regret" else frozenset(folded_words(listed))
            for name, listed in words.items()
        },
    )


def is_comparative(token: Token) -> bool:
    """Whether a word of ru or uk compares one thing with another."""
    return "comp" in token.marks and token.text not in _NOT_COMPARED


def encoded(token: Token) -> str:
    """A word as the expressions read it: its spelling, then what it may be."""
    extra = f"{COMPARATIVE}|" if is_comparative(token) else ""
    return f"<{token.text.translate(_HARMLESS)}|{'|'.join(token.lemmas).translate(_HARMLESS)}|{extra}>"


_HARMLESS: Final = str.maketrans(dict.fromkeys("<>#/", "_"))


def brand(number: int) -> str:
    """A brand as the expressions read it."""
    return f"<#{number}>"


def _compiled(row: str, groups: Mapping[str, str], lang: str) -> Pattern:
    parts: list[str] = []
    needs: list[frozenset[str]] = []
    every_spelt = set[str]()
    filler = _word(_lemma_keys(groups["filler"], lang) | {'"'}, frozenset(), frozenset())
    for item in row.split():
        if item in _GAPS:
            parts.append(_GAPS[item])
        elif item in {"A", "B"}:
            parts.append(rf"(?:{filler}){{0,2}}<#(?P<{item}>\d+)>")
        else:
            optional = item.endswith("?")
            lemmas, spelt, endings = _alternatives(item.rstrip("?"), groups, lang)
            word = f"/?{_word(lemmas, spelt, endings)}"
            parts.append(f"(?:{word})?" if optional else word)
            if not optional and not endings:
                needs.append(lemmas | spelt)
            every_spelt |= spelt
    denies = not every_spelt.isdisjoint(folded_words(groups["negation"]))
    return Pattern(re.compile("".join(parts)), tuple(needs), frozenset(every_spelt), denies)


def _alternatives(
    item: str, groups: Mapping[str, str], lang: str
) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Lemma keys, spellings and endings of an item."""
    lemmas, spelt, endings = set[str](), set[str](), set[str]()
    all_spelt = item.startswith("=")
    for atom in item.split("|"):
        if atom.startswith("@"):
            for word in groups[atom[1:]].split():
                (spelt if word.startswith("=") else lemmas).update(_keys(word, lang))
        elif atom.startswith("*"):
            endings.add(folded_words(atom)[0])
        elif atom.startswith("=") or all_spelt:
            spelt.update(folded_words(atom))
        else:
            lemmas.update(_keys(atom, lang))
    return frozenset(lemmas), frozenset(spelt), frozenset(endings)


def _keys(word: str, lang: str) -> frozenset[str]:
    if word == COMPARATIVE:
        return frozenset({word})
    return frozenset(folded_words(word)) if word.startswith("=") else grammar(word, lang).lemmas


def _lemma_keys(listed: str, lang: str) -> frozenset[str]:
    return frozenset(key for word in listed.split() for key in _keys(word, lang))


def _word(lemmas: frozenset[str], spelt: frozenset[str], endings: frozenset[str]) -> str:
    ways = []
    if lemmas:
        ways.append(rf"<[^>]*\|(?:{_any(lemmas)})\|[^>]*>")
    if spelt:
        ways.append(rf"<(?:{_any(spelt)})\|[^>]*>")
    if endings:
        ways.append(rf"<[^>|]*(?:{_any(endings)})\|[^>]*>")
    return f"(?:{'|'.join(ways)})"


def _any(words: frozenset[str]) -> str:
    return "|".join(map(re.escape, sorted(words)))
