"""Reported speech: sentences that tell what somebody else said."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Final

from monitor.understanding.reading.vocabulary import keyed, phrases, spelt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.understanding.reading.shapes import Token

_NEAR: Final = 4
"""Tokens between a word of saying and what begins the words said."""
_LATIN: Final = frozenset({"en", "de", "es"})


def is_reported(tokens: Sequence[Token], lang: str | None) -> bool:
    """Whether a sentence retells somebody else's words.

    What staff tell the author is the author's own matter, and so is what anybody but friends, people and the like
    tell where the author speaks of himself.
    """
    lang = lang or ""
    if not spelt("saying", lang):
        return False
    if _hearsay([token.text for token in tokens], lang):
        return True
    saying = keyed("saying", lang)
    said = [at for at, token in enumerate(tokens) if not saying.isdisjoint(token.lemmas)]
    return any(_said_by_others(tokens, at, lang) for at in said)


def is_spoken(tokens: Sequence[Token], lang: str | None) -> bool:
    """Whether a sentence with a quote in it, or behind one, says that somebody but author and staff spoke."""
    saying, staff = keyed("saying", lang or ""), keyed("staff", lang or "")
    return any(
        not token.quoted
        and not saying.isdisjoint(token.lemmas)
        and not _by_author(tokens, at)
        and all(staff.isdisjoint(other.lemmas) for other in tokens[max(0, at - 5) : at + 4])
        for at, token in enumerate(tokens)
    )


def _hearsay(words: list[str], lang: str) -> bool:
    begun = phrases("hearsay", lang)
    return any(
        tuple(words[at : at + len(phrase)]) == phrase
        for at, word in enumerate(words)
        if word in begun
        for phrase in begun[word]
    )


def _by_author(tokens: Sequence[Token], at: int) -> bool:
    """Whether the word of saying is in the first person, asks or orders, or has `I` as its subject."""
    token = tokens[at]
    if not token.marks.isdisjoint({"1per", "2per", "impr", "infn"}):
        return True
    return any({"1per", "npro"} <= other.marks and _is_subject(other) for other in tokens[max(0, at - 3) : at + 2])


def _is_subject(token: Token) -> bool:
    return "nomn" in token.marks or token.text in {"i", "we", "ich", "wir", "yo", "nosotros"}


def _said_by_others(tokens: Sequence[Token], at: int, lang: str) -> bool:
    if _by_author(tokens, at) or not _begins_speech(tokens, at, lang):
        return False
    around = [*tokens[max(0, at - 5) : at], *_until_that(tokens[at + 1 : at + 3], lang)]
    if any(not keyed("staff", lang).isdisjoint(token.lemmas) for token in around):
        return False
    if any(not keyed("tellers", lang).isdisjoint(token.lemmas) for token in around):
        return True
    return not any("1per" in token.marks for token in tokens)


def _until_that(tokens: Sequence[Token], lang: str) -> Iterator[Token]:
    """What may still be who speaks: «сказала соседка, что»."""
    that = spelt("that", lang)
    return takewhile(lambda token: token.text not in that and token.clause == tokens[0].clause, tokens)


def _begins_speech(tokens: Sequence[Token], at: int, lang: str) -> bool:
    """Whether «that», a colon's clause or a quote follows the word of saying."""
    after = tokens[at + 1 : at + 1 + _NEAR]
    that = spelt("that", lang)
    if any(token.text in that for token in after):
        return True
    return any(token.clause != tokens[at].clause for token in after) or any(token.quoted for token in after)
