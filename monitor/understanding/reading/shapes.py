"""The shapes of a text that has been read: tokens, sentences, the whole."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number, address or sign of a text.

    `text` is folded as for matching; `start` and `end` are code points of the original field. `lemmas` holds the keys
    of `monitor.lemmas` that the word may have, and `text` itself; `marks` its grammar as far as it is known. `sentence`
    and `clause` are running numbers over the whole field. `quoted`: somebody's words in quotation marks, three at
    least, or on a line that begins with ">". `kind` is word, number, url, handle, hashtag, email, phone, money, emoji
    or punct; the latter are only ? ! and ".
    """

    text: str
    start: int
    end: int
    lemmas: frozenset[str]
    marks: frozenset[str]
    sentence: int
    clause: int
    quoted: bool
    kind: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence or line: code points `start` to `end`, tokens `first` to `last`, ends excluded.

    `reported`: somebody else's words, retold or quoted. `lang` is that of its paragraph, None unknown.
    """

    start: int
    end: int
    first: int
    last: int
    question: bool
    reported: bool
    lang: str | None


@dataclass(frozen=True, slots=True)
class Reading:
    """A field of a post as it was read; `lang` is what the caller took it for."""

    field: str
    text: str
    lang: str | None
    tokens: tuple[Token, ...]
    sentences: tuple[Sentence, ...]
