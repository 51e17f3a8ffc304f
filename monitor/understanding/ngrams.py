"""Texts as hashed n-grams: the one feature function that training and inference share.

A text becomes a set of buckets in two blocks: its tokens and pairs of neighbouring tokens, and the character n-grams
(2 to 5, padded with a blank on either side) of its tokens. Hashes are polynomials over code points modulo 2^64, taken
of a whole batch at once: no n-gram is ever a Python object.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Ints: TypeAlias = "NDArray[np.int64]"
    Hashes: TypeAlias = "NDArray[np.uint64]"

BITS = 18
BLOCK = 1 << BITS
"""Buckets of one block; tokens and pairs live in 0..BLOCK-1, character n-grams in BLOCK..2*BLOCK-1."""
BUCKETS = 2 * BLOCK
LONGEST = 5
READ_CHARACTERS = 2_000
"""What stands after this many code points of a text is not read."""

_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)
_BLANK = ord(" ")

_URL = re.compile(r"(?:https?://|www\.)\S+")
_USER = re.compile(r"@\w+")
_GLAD = re.compile(r"[:;=8xX]['’]?-?[)D\]*]+|\){2,}|<3|\^_*\^")
_SAD = re.compile(r"[:;=]['’]?-?[(\[|]+|:-?/(?!/)|\({2,}|>_*<")
_CAPITALS = re.compile(r"\b[A-ZА-ЯЁ]{2,}\b")
_LONG_RUN = re.compile(r"(.)\1{3,}", re.DOTALL)
_DIGIT = re.compile(r"\d")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
_TOKEN = re.compile(r"\w+(?:['’]\w+)?|[!?]+|[^\w\s]")


def tokens(text: str) -> list[str]:
    """The tokens of a text as the model reads them: lower case, addresses, names, digits and emoticons made equal."""
    text = html.unescape(text[:READ_CHARACTERS])
    text = _USER.sub("@user", _URL.sub(" http ", text))
    text = _SAD.sub(" emoneg ", _GLAD.sub(" emopos ", text))
    shouted = len(_CAPITALS.findall(text)) > 1
    text = _INVISIBLE.sub("", text.lower().replace("ё", "е"))
    found = _TOKEN.findall(_LONG_RUN.sub(r"\1\1\1", _DIGIT.sub("0", text)))
    if shouted:
        found.append("allcaps")
    return found


@dataclass(frozen=True, slots=True)
class Features:
    """Distinct (text, bucket) pairs of a batch: rows rise, and buckets rise within a row."""

    texts: int
    rows: Ints
    buckets: Ints


def features(texts: Sequence[Sequence[str]]) -> Features:
    """Buckets of each text of a batch; a text is given by its tokens."""
    # Two blanks between texts and one between tokens: an n-gram with a blank inside belongs to nobody.
    joined = "".join([f" {' '.join(found)} " for found in texts])
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    blank = codes == _BLANK
    lengths = np.array([sum(map(len, found)) + max(len(found), 1) + 1 for found in texts], dtype=np.int64)
    rows = np.repeat(np.arange(len(texts), dtype=np.int64), lengths)
    pairs = [*_token_pairs(codes, blank, rows), *_character_pairs(codes, blank, rows)]
    keys = np.concatenate(pairs)
    keys.sort()
    distinct = np.ones(len(keys), dtype=np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=distinct[1:])
    keys = keys[distinct]
    return Features(len(texts), keys // BUCKETS, keys % BUCKETS)


def _bucket(hashes: Hashes) -> Ints:
    return ((hashes * _MIX) >> np.uint64(64 - BITS)).astype(np.int64)


def _token_pairs(codes: Hashes, blank: NDArray[np.bool_], rows: Ints) -> tuple[Ints, Ints]:
    """Keys (row, bucket) of the tokens and of the pairs of neighbours."""
    starts = np.flatnonzero(blank[:-1] & ~blank[1:]) + 1
    if not len(starts):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    token = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(codes)))
    place = np.arange(starts[0], len(codes)) - starts[token]
    powers = np.multiply.accumulate(np.full(int(place.max()) + 1, _BASE, dtype=np.uint64))
    shares = np.where(blank[starts[0] :], np.uint64(0), codes[starts[0] :] * powers[place])
    hashes = np.add.reduceat(shares, starts - starts[0])
    row = rows[starts]
    near = row[:-1] == row[1:]
    both = (hashes[:-1] * _MIX + hashes[1:])[near] * _BASE
    return row * BUCKETS + _bucket(hashes), row[1:][near] * BUCKETS + _bucket(both)


def _character_pairs(codes: Hashes, blank: NDArray[np.bool_], rows: Ints) -> list[Ints]:
    """Keys (row, bucket) of the character n-grams, one array for each length."""
    found: list[Ints] = []
    hashes = codes
    whole = np.ones(len(codes), dtype=np.bool_)
    for length in range(2, LONGEST + 1):
        if len(codes) < length:
            break
        whole = whole[:-1] & ~blank[length - 2 : len(codes) - 1] if length > 2 else ~(blank[:-1] & blank[1:])
        hashes = hashes[:-1] * _BASE + codes[length - 1 :]
        taken = np.flatnonzero(whole)
        found.append(rows[taken] * BUCKETS + BLOCK + _bucket(hashes[taken]))
    return found
