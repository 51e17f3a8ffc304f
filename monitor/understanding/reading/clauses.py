"""Clauses, roughly: where between two tokens of a sentence a new clause begins."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from monitor.understanding.reading.scanning import BREAK, COMMA, NONE
from monitor.understanding.reading.vocabulary import phrases, spelt

if TYPE_CHECKING:
    from collections.abc import Sequence

_CYRILLIC: Final = ("ru", "uk")
_FINITE: Final = frozenset({"verb", "prts", "pred"})
_PREDICATE: Final = _FINITE | {"infn", "grnd"}
_LONGEST_ASIDE: Final = 3


def beginnings(words: Sequence[str], marks: Sequence[frozenset[str]], before: Sequence[int], lang: str) -> list[bool]:
    """For each token of one sentence, whether a clause begins there; the first never does.

    A break always begins one. A comma does unless an aside («конечно») stands behind it or, where grammar is known,
    nothing up to the next one says anything of anybody. A conjunction does where a verb has been and another follows;
    without grammar, a subordinating one, or one before a pronoun.
    """
    found = [False] * len(words)
    verbs = _verbs_before(marks) if lang in _CYRILLIC else None
    runs = [at for at in range(len(words)) if not at or before[at] != NONE] + [len(words)]
    after_aside = False
    for at, end in itertools.pairwise(runs):
        aside = _is_aside(words, at, end, lang)
        if before[at] == BREAK:
            found[at] = at > 0
        elif before[at] == COMMA and at:
            found[at] = not (aside or after_aside or _says_nothing(marks, at, end, lang))
        after_aside = aside
        _conjunctions(found, words, marks, run=(at, end), verbs=verbs, lang=lang)
    return found


def _is_aside(words: Sequence[str], at: int, end: int, lang: str) -> bool:
    return end - at <= _LONGEST_ASIDE and tuple(words[at:end]) in phrases("asides", lang).get(words[at], ())


def _says_nothing(marks: Sequence[frozenset[str]], at: int, end: int, lang: str) -> bool:
    return lang in _CYRILLIC and all(_PREDICATE.isdisjoint(marks[place]) for place in range(at, end))


def _conjunctions(
    found: list[bool],
    words: Sequence[str],
    marks: Sequence[frozenset[str]],
    *,
    run: tuple[int, int],
    verbs: Sequence[int] | None,
    lang: str,
) -> None:
    start, end = run
    conjunctions, joining = spelt("conjunctions", lang), spelt("joining", lang)
    since = start
    for at in range(start + 1, end - 1):
        word = words[at]
        if word in conjunctions:
            begins = _between_verbs(verbs, since, at, end) if verbs is not None else at - since >= 2
        elif word in joining:
            begins = "npro" in marks[at + 1]
        else:
            continue
        if begins:
            found[at], since = True, at


def _verbs_before(marks: Sequence[frozenset[str]]) -> list[int]:
    """How many finite verbs stand before each token, and in all: counted once, whatever is asked of a long sentence."""
    return [0, *itertools.accumulate(not _FINITE.isdisjoint(mark) for mark in marks)]


def _between_verbs(verbs: Sequence[int], since: int, at: int, end: int) -> bool:
    return verbs[since] < verbs[at] and verbs[at + 1] < verbs[end]
