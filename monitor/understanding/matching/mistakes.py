"""One typing mistake: a letter more, less or other, or two in the wrong order.

Names are brought near by their first letters with one of them left out; then it is asked whether the mistake stands in
what all forms of a name begin with, or else in the ending, before the forms themselves are worked out.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_START = 6
_NUMBER_BITS = 24
_MOST_NUMBERS = 1 << _NUMBER_BITS
_SEEN = 1 << 21
"""So many places say whether a key may be there at all, which nearly none is."""
_KEY = (1 << (64 - _NUMBER_BITS)) - 1


class Mistakes:
    """Numbers of words by the first letters with one of them left out.

    A sorted array takes a tenth of the room and of the time to load that a mapping would.
    """

    def __init__(self) -> None:
        self._pairs = array("Q")
        self._sorted = True
        self._seen = bytearray(_SEEN)

    def add(self, word: str, number: int) -> None:
        """Register a word under its number."""
        for key in _shortened(word):
            self._pairs.append(key << _NUMBER_BITS | number)
            self._seen[key % _SEEN] = 1
        self._sorted = False

    def near(self, token: str) -> set[int]:
        """Numbers of words whose first letters are one mistake or none away, and of some others."""
        if not self._sorted:
            self._pairs = array("Q", sorted(self._pairs))
            self._sorted = True
        pairs = self._pairs
        found: set[int] = set()
        for key in _shortened(token):
            if not self._seen[key % _SEEN]:
                continue
            least = key << _NUMBER_BITS
            first = bisect_left(pairs, least)
            most = least + _MOST_NUMBERS
            while first < len(pairs) and pairs[first] < most:
                found.add(pairs[first] - least)
                first += 1
        return found


def one_edit(form: str, token: str) -> bool:
    """Whether one letter more, less or other, or two in the wrong order, is all the difference; not none at all."""
    if form == token or abs(len(form) - len(token)) > 1:
        return False
    start = _common(form, token)
    a, b = form[start:], token[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[2:] == b[2:] and a[:2] == b[1::-1])


def is_near(token: str, *, beginning: str, rests: frozenset[str] | None, last: str) -> bool:
    """Whether a token may be a mistyped form of a word; see `lexicon.Word`."""
    size = len(beginning)
    if beginning[-2:] not in token[max(size - 3, 0) : size + 1] and not token.startswith(beginning[: max(size - 3, 0)]):
        return False  # the mistake would have to stand before the last two letters and among them
    if token.startswith(beginning):
        rest = token[len(beginning) :]
        if rests is not None:
            return not _thinned(rests).isdisjoint(_one_less(rest))
        return _in_pieces(last, rest)
    found = _after_mistake(beginning, token)
    if rests is not None:
        return not rests.isdisjoint(found)
    return any(last in rest for rest in found)


def _after_mistake(beginning: str, token: str) -> Iterator[str]:
    """What follows in a token, if the mistake is in the beginning."""
    start = _common(beginning, token)
    wanted, typed = beginning[start:], token[start:]
    size = len(wanted)
    if typed[1:].startswith(wanted[1:]):
        yield typed[size:]
    if typed[1:].startswith(wanted):
        yield typed[size + 1 :]
    if typed.startswith(wanted[1:]):
        yield typed[size - 1 :]
    if size == 1 and typed[1:2] == wanted:
        yield typed[0] + typed[2:]
    elif size > 1 and typed[:2] == wanted[1::-1] and typed[2:].startswith(wanted[2:]):
        yield typed[size:]


def _in_pieces(wanted: str, text: str) -> bool:
    """Whether what one mistake leaves of the letters, at the one end or the other, stands in a text."""
    half = len(wanted) // 2
    return wanted[: max(half - 1, 0)] in text or wanted[half + 1 :] in text


def _common(one: str, other: str) -> int:
    """How many first letters are the same."""
    shorter = min(len(one), len(other))
    return next((at for at in range(shorter) if one[at] != other[at]), shorter)


def _one_less(rest: str) -> set[str]:
    return {rest, *(rest[:at] + rest[at + 1 :] for at in range(len(rest)))}


@lru_cache(maxsize=1024)
def _thinned(rests: frozenset[str]) -> frozenset[str]:
    return frozenset(less for rest in rests for less in _one_less(rest))


def _shortened(word: str) -> set[int]:
    start = word[:_START]
    return {hash(start[:at] + start[at + 1 :]) & _KEY for at in range(len(start))}
