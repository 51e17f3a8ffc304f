"""The word lists that reading needs, from data/reading.toml, folded and as lemma keys."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final

from monitor.lemmas import variants
from monitor.understanding.matching.normalise import folded_words

_DATA: Final[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parents[1] / "data" / "reading.toml").read_text(encoding="utf-8")
)

ABBREVIATIONS: Final = frozenset(_DATA["abbreviations"].split())
"""Folded words whose full stop ends no sentence."""


@cache
def spelt(table: str, lang: str) -> frozenset[str]:
    """The words of a table, folded; empty where the language has none."""
    return frozenset(folded_words(_DATA[table].get(lang, "")))


@cache
def phrases(table: str, lang: str) -> dict[str, list[tuple[str, ...]]]:
    """The phrases of a table, which commas part, as folded words, by their first."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for listed in _DATA[table].get(lang, "").split(","):
        if phrase := folded_words(listed):
            found.setdefault(phrase[0], []).append(phrase)
    return found


@cache
def keyed(table: str, lang: str) -> frozenset[str]:
    """The lemma keys of the words of a table."""
    return frozenset(key for word in _DATA[table].get(lang, "").split() for key in variants(word))
