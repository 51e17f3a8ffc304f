from __future__ import annotations

import gzip
import os
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import BodyTooLarge, EncodingRefused
from monitor.fetching.body import Inflater

MEBI = 1024 * 1024


def inflate(stream: bytes, *, cap: int = MEBI, step: int = 100) -> bytes:
    inflater = Inflater(cap=cap)
    body = b"".join(inflater.feed(stream[start : start + step]) for start in range(0, len(stream), step))
    inflater.finish()
    return body


@settings(deadline=None)
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.integers(1, 200), st.integers(0, 3))
def test_any_members_in_any_pieces_come_out_whole(bodies: list[bytes], step: int, zeros: int) -> None:
    stream = b"".join(gzip.compress(body) for body in bodies) + bytes(zeros)
    assert inflate(stream, step=step) == b"".join(bodies)


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=300), st.data())
def test_no_cut_stream_passes_for_whole(body: bytes, data: st.DataObject) -> None:
    stream = gzip.compress(body)
    cut = data.draw(st.integers(0, len(stream) - 1))
    with pytest.raises(EncodingRefused):
        inflate(stream[:cut])


def test_exactly_the_cap_is_not_too_much() -> None:
    body = os.urandom(5000)
    assert inflate(gzip.compress(body), cap=5000) == body
    with pytest.raises(BodyTooLarge):
        inflate(gzip.compress(body), cap=4999)


def test_a_dense_stream_is_refused_by_its_ratio_though_the_cap_would_take_it() -> None:
    stream = gzip.compress(bytes(8 * MEBI))
    with pytest.raises(BodyTooLarge, match="inflate"):
        inflate(stream, cap=100 * MEBI)


def test_a_dense_but_small_stream_is_read() -> None:
    assert inflate(gzip.compress(bytes(MEBI)), cap=100 * MEBI) == bytes(MEBI)


def test_one_piece_never_unfolds_beyond_the_cap() -> None:
    stream = gzip.compress(bytes(64 * MEBI))
    inflater = Inflater(cap=2 * MEBI)
    with pytest.raises(BodyTooLarge, match=str(2 * MEBI)):
        inflater.feed(stream)


@pytest.mark.parametrize("wbits", [15, -15])
def test_zlib_and_raw_deflate_are_not_gzip(wbits: int) -> None:
    packer = zlib.compressobj(wbits=wbits)
    with pytest.raises(EncodingRefused, match="broken"):
        inflate(packer.compress(b"text") + packer.flush())
