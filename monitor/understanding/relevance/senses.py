"""What a name means where it is no brand, and how a language speaks of firms: the files data/senses and data/relevance.

A phrase is written in dictionary forms around `_`, the name: `|` parts alternatives, `..` stands for up to two words.
It is compiled to what stands before and after the name, from the name outward.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from monitor.understanding.matching.normalise import folded_words
from monitor.understanding.relevance.packs import DATA, Terms
from monitor.understanding.relevance.words import key, keys_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.understanding.relevance.words import Words

_GAP: Final = ".."
_MOST_SKIPPED: Final = 2


@dataclass(frozen=True, slots=True)
class Phrase:
    """Keys before and after the name, from the name outward; `slight` where only function words stand there."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    said: str
    slight: bool


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases by the key that stands nearest to the name."""

    before: dict[str, list[Phrase]]
    after: dict[str, list[Phrase]]

    def met(self, words: Words, first: int, end: int) -> Phrase | None:
        """The surest phrase around the name, which is the words first..end-1."""
        sentence = words.sentences[first]
        found: list[Phrase] = []
        for index, at, step in ((self.before, first - 1, -1), (self.after, end, 1)):
            for skipped in range(_MOST_SKIPPED + 1 if index else 0):
                place = at + skipped * step
                if not words.within(place, sentence):
                    break
                found.extend(
                    phrase
                    for phrase in index.get(words.keys[place], ())
                    if _fits(phrase.before, words, first - 1, -1) and _fits(phrase.after, words, end, 1)
                )
        return min(found, key=lambda phrase: phrase.slight, default=None)


@dataclass(frozen=True, slots=True)
class Sense:
    """The ordinary sense of a word; the flags are explained at the head of data/senses/ru.toml."""

    phrases: Phrases
    named: Phrases
    meant: Phrases
    bare: Phrases
    near: Terms
    inside: bool
    place: bool
    rare: bool
    verb: bool
    interjection: bool


@dataclass(frozen=True, slots=True)
class Speech:
    """How a language speaks of firms; the parts are explained in data/relevance/ru.toml."""

    parts: dict[str, frozenset[str]]
    voice: tuple[str, ...]
    singular: frozenset[str]
    plural: frozenset[str]
    speakers: tuple[str, ...]

    def has(self, part: str, word: str) -> bool:
        """Whether a key stands in a part; a language may lack it."""
        return word in self.parts.get(part, ())


@cache
def _senses(lang: str) -> dict[tuple[str, ...], dict[str, Any]]:
    path = DATA / "senses" / f"{lang}.toml"
    if not path.exists():
        return {}
    return {folded_words(name): said for name, said in tomllib.loads(path.read_text(encoding="utf-8")).items()}


@cache
def sense(alias: str, lang: str) -> Sense | None:
    """What is known of the ordinary sense of a name in a language, None if nothing is."""
    known = _senses(lang).get(folded_words(alias))
    if known is None:
        return None
    return Sense(
        phrases=_compiled(known.get("phrases", ()), lang),
        named=_compiled(known.get("named", ()), lang),
        meant=_compiled(known.get("meant", ()), lang),
        bare=_compiled(known.get("bare", ()), lang),
        near=Terms.of(known.get("near", ()), lang),
        **{flag: known.get(flag, False) for flag in ("inside", "place", "rare", "verb", "interjection")},
    )


@cache
def speech(lang: str) -> Speech:
    """How a language speaks of firms; nothing is known of some languages."""
    path = DATA / "relevance" / f"{lang}.toml"
    known = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    voice = known.pop("voice", {})
    parts = {part: frozenset(key(word, lang) for word in _single(words)) for part, words in known.items()}
    phrases = tuple(" ".join(folded_words(said)) for said in voice.get("phrases", ()))
    singular, plural = frozenset(voice.get("singular", ())), frozenset(voice.get("plural", ()))
    return Speech(parts, phrases, singular, plural, tuple(voice.get("speakers", ())))


def _single(phrases: Iterable[str]) -> Iterable[str]:
    return (words[0] for words in map(folded_words, phrases) if len(words) == 1)


def _compiled(phrases: Iterable[str], lang: str) -> Phrases:
    index = Phrases({}, {})
    for phrase in phrases:
        left, _, right = phrase.partition("_")
        for before, said_before in _alternatives(left, lang, outward=-1):
            for after, said_after in _alternatives(right, lang, outward=1):
                words = [word for word in (*before, *after) if word != _GAP]
                if not words:
                    continue
                slight = all(speech(lang).has("function", word) for word in words)
                made = Phrase(before, after, f"{said_before} … {said_after}".strip(), slight)
                side, nearest = (index.before, before) if before else (index.after, after)
                side.setdefault(next(word for word in nearest if word != _GAP), []).append(made)
    return index


def _alternatives(side: str, lang: str, *, outward: int) -> list[tuple[tuple[str, ...], str]]:
    """One side of a phrase: its choices, as keys from the name outward and as written.

    A gap beside the name holds for all choices.
    """
    side = side.strip()
    gap = side.endswith(_GAP) if outward < 0 else side.startswith(_GAP)
    side = (side.removesuffix(_GAP) if outward < 0 else side.removeprefix(_GAP)).strip() if gap else side
    made = []
    for choice in side.split("|"):
        parts = (((_GAP,) if part == _GAP else keys_of(part, lang)) for part in choice.split())
        keys = tuple(word for part in parts for word in part)[::outward]
        made.append(((_GAP, *keys) if gap and keys else keys, choice))
    return made


def _fits(pattern: tuple[str, ...], words: Words, at: int, step: int) -> bool:
    """Whether a pattern stands from a word on, in one sentence."""
    sentence = words.sentences[at - step] if pattern else 0
    skippable = 0
    for wanted in pattern:
        if wanted == _GAP:
            skippable = _MOST_SKIPPED
            continue
        while skippable and words.within(at, sentence) and words.keys[at] != wanted:
            at, skippable = at + step, skippable - 1
        if not words.within(at, sentence) or words.keys[at] != wanted:
            return False
        at, skippable = at + step, 0
    return True
