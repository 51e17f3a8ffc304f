"""The pattern language of rule files: one line of text to steps. Knows no dictionary and no group's contents.

PATTERN := ITEM (GAP? ITEM)*        items stand next to each other, unless a gap stands between
ITEM    := ATOM ('|' ATOM)* ('/' MARKS)* '?'?
ATOM    := word  =word  word*  *word  @group  %class
GAP     := ~N (within a clause)  ~~N (within a sentence)
MARKS   := mark ('+' mark)*  or  '!' mark ('+' mark)*
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

CLASSES: Final = (
    *("brand", "other", "name", "any", "start", "end"),
    *("number", "money", "url", "phone", "email", "handle", "hashtag", "emoji"),
)
"""What may stand after a %."""
ANCHORS: Final = frozenset({"start", "end"})
MARKS: Final = frozenset(
    (
        *("1per", "2per", "3per", "pres", "past", "futr", "infn", "impr", "indc", "sing", "plur"),
        *("nomn", "gent", "datv", "accs", "ablt", "loct", "voct", "masc", "femn", "neut", "ms-f", "anim", "inan"),
        *("noun", "verb", "adjf", "adjs", "prtf", "prts", "grnd", "advb", "npro", "numr", "comp", "pred", "prep"),
        *("conj", "prcl", "intj", "perf", "impf", "tran", "intr", "actv", "pssv", "supr", "apro", "anum"),
        *("name", "surn", "patr", "geox", "orgn"),
    )
)
"""What may stand after a /: the marks of the reader, which are pymorphy's in lower case."""
LONGEST_GAP: Final = 30
"""Tokens; what lies farther apart is no phrase."""

_GROUP: Final = re.compile(r"[a-z][a-z0-9_]*")
_GAP: Final = re.compile(r"(~~?)([0-9]+)")
_WORD: Final = re.compile(r"[^\s@%=*/?|~!]+")


class AtomKind(StrEnum):
    """How an atom is compared with a token."""

    WORD = "word"
    EXACT = "exact"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    GROUP = "group"
    CLASS = "class"


class Atom(NamedTuple):
    """One alternative of an item; `text` is the word, or the name of the group or class."""

    kind: AtomKind
    text: str


class Marks(NamedTuple):
    """One of these marks must be there, or where `absent` none of them."""

    names: frozenset[str]
    absent: bool = False

    def fit(self, marks: frozenset[str]) -> bool:
        """Whether a token with these marks will do."""
        return self.names.isdisjoint(marks) is self.absent


class Step(NamedTuple):
    """An item, and how many tokens may stand before it, within the clause or only the sentence."""

    atoms: tuple[Atom, ...]
    marks: tuple[Marks, ...] = ()
    optional: bool = False
    gap: int = 0
    clause: bool = False


class Parser:
    """Reads patterns; remembers items and atoms, of which a file repeats most."""

    def __init__(self) -> None:
        self._items: dict[str, Step] = {}
        self._atoms: dict[str, Atom] = {}

    def parse(self, pattern: str) -> tuple[Step, ...]:
        """The steps of a pattern. Raises InputError with what is wrong."""
        steps: list[Step] = []
        gap: tuple[int, bool] | None = None
        pieces = pattern.split()
        if not pieces:
            raise InputError("an empty pattern")
        for piece in pieces:
            if piece.startswith("~"):
                if not steps or gap is not None:
                    raise InputError(f"the gap {piece} must stand between two items")
                gap = _gap(piece)
            else:
                item = self._items.get(piece)
                if item is None:
                    item = self._items[piece] = self._item(piece)
                steps.append(item if gap is None else item._replace(gap=gap[0], clause=gap[1]))
                gap = None
        if gap is not None:
            raise InputError(f"the gap {pieces[-1]} must stand between two items")
        if all(step.optional for step in steps):
            raise InputError("every item may be absent: nothing is left to find")
        _check_anchors(steps)
        return tuple(steps)

    def _item(self, piece: str) -> Step:
        body = piece.removesuffix("?")
        head, *marks = body.split("/")
        if not head:
            raise InputError(f"{piece} has no word")
        atoms = []
        for text in head.split("|"):
            atom = self._atoms.get(text)
            if atom is None:
                atom = self._atoms[text] = _atom(text, piece)
            atoms.append(atom)
        asked = tuple(_marks(text, piece) for text in marks)
        return Step(atoms=tuple(atoms), marks=asked, optional=piece.endswith("?"))


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint that ends a message: the known name that is spelt most like this one, else all of them."""
    known = sorted(known)
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(known) or 'none'}"


def _gap(piece: str) -> tuple[int, bool]:
    found = _GAP.fullmatch(piece)
    if found is None:
        raise InputError(f"{piece} is no gap: write ~3, or ~~3 across clauses")
    tokens = int(found[2])
    if not 1 <= tokens <= LONGEST_GAP:
        raise InputError(f"the gap {piece} must be of 1 to {LONGEST_GAP} tokens")
    return tokens, found[1] == "~"


def _atom(text: str, piece: str) -> Atom:
    if text.startswith("@"):
        if not _GROUP.fullmatch(text[1:]):
            raise InputError(f"{text} is no name of a group: small Latin letters, digits and _")
        return Atom(AtomKind.GROUP, text[1:])
    if text.startswith("%"):
        if text[1:] not in CLASSES:
            raise InputError(f"unknown {text}; {nearest(text[1:], CLASSES)}")
        return Atom(AtomKind.CLASS, text[1:])
    if text.startswith("="):
        kind, word = AtomKind.EXACT, text[1:]
    elif text.startswith("*"):
        kind, word = AtomKind.SUFFIX, text[1:]
    elif text.endswith("*"):
        kind, word = AtomKind.PREFIX, text[:-1]
    else:
        kind, word = AtomKind.WORD, text
    if not _WORD.fullmatch(word):
        raise InputError(f"«{text}» in «{piece}» is no word" if text else f"«{piece}» has an empty alternative")
    return Atom(kind, word)


def _marks(text: str, piece: str) -> Marks:
    names = text.removeprefix("!").split("+")
    for name in names:
        if name not in MARKS:
            raise InputError(f"unknown mark «{name}» in «{piece}»; {nearest(name, MARKS)}")
    return Marks(frozenset(names), absent=text.startswith("!"))


def _check_anchors(steps: list[Step]) -> None:
    for at, step in enumerate(steps):
        if len(step.atoms) == 1 and step.atoms[0].kind is not AtomKind.CLASS:
            continue
        anchors = {atom.text for atom in step.atoms if atom.kind is AtomKind.CLASS} & ANCHORS
        if not anchors:
            continue
        if len(step.atoms) > 1 or step.marks or step.optional:
            raise InputError(f"%{min(anchors)} must be an item of its own")
        if at != (0 if "start" in anchors else len(steps) - 1):
            raise InputError("%start must be the first item and %end the last")
        if len(steps) == 1:
            raise InputError(f"%{min(anchors)} alone is no pattern")
