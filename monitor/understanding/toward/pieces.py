"""Which parts of a post speak of which brand: what the sentiment toward it is read from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

LONG: Final = 8
"""Sentences of a post from which on even its only brand is spoken of around its name alone."""
_BEFORE: Final = 1
_AFTER: Final = 3
"""Sentences around a name that go with it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A clause or more of one sentence, whose number is `sentence`, and the brands that it names."""

    field: str
    start: int
    end: int
    sentence: int
    brands: frozenset[int]


TextSpan = tuple[str, int, int]
"""Field, start and end."""


def shares(pieces: Sequence[Piece], numbers: Sequence[int]) -> dict[int, tuple[TextSpan, ...]]:
    """For each brand the text that speaks of it, in order, neighbours joined.

    The only brand of a short post has all of it. Else a brand has the pieces that name it and those behind, until
    another is named, and the one before where that names none.
    """
    sentences = len({(piece.field, piece.sentence) for piece in pieces})
    if len(numbers) == 1 and sentences <= LONG:
        return {numbers[0]: _joined([(piece, True) for piece in pieces])}
    owners = _owners(pieces)
    return {
        number: _joined([(piece, number in own) for piece, own in zip(pieces, owners, strict=True)])
        for number in numbers
    }


def _owners(pieces: Sequence[Piece]) -> list[frozenset[int]]:
    owners = [piece.brands for piece in pieces]
    last, since = frozenset[int](), 0
    for at, piece in enumerate(pieces):
        if piece.brands:
            last, since = piece.brands, piece.sentence
        elif piece.sentence - since <= _AFTER:
            owners[at] = last
    following = frozenset[int]()
    before = 0
    for at in range(len(pieces) - 1, -1, -1):
        piece = pieces[at]
        if piece.brands:
            following, before = piece.brands, piece.sentence
        elif not owners[at] and before - piece.sentence <= _BEFORE:
            owners[at] = following
    return owners


def _joined(chosen: Sequence[tuple[Piece, bool]]) -> tuple[TextSpan, ...]:
    """The chosen pieces, joined where nothing that is not chosen stands between."""
    found: list[TextSpan] = []
    runs = False
    for piece, is_chosen in chosen:
        if is_chosen and runs and found[-1][0] == piece.field:
            found[-1] = (piece.field, found[-1][1], piece.end)
        elif is_chosen:
            found.append((piece.field, piece.start, piece.end))
        runs = is_chosen
    return tuple(found)
