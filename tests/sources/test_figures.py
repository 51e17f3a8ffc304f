"""Counts and ratings as pages spell them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.sources.figures import count, rating


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("17", 17),
        ("1.234", 1234),
        ("1,234", 1234),
        ("1 234", 1234),
        ("1\u00a0234\u202f567", 1234567),
        ("1'234", 1234),
        ("1,2K", 1200),
        ("1.8k", 1800),
        ("1.234K", 1234),
        ("12k+", 12000),
        ("12 тыс.", 12000),
        ("3,4 млн", 3_400_000),
        ("5 Tsd.", 5000),
        ("2 Mio.", 2_000_000),
        ("1,5 mil", 1500),
        ("2 mi", 2_000_000),
        ("1,1 млрд просмотров", 1_100_000_000),
        ("17 replies", 17),
        ("3 million views", 3_000_000),
        ("Просмотров: 1 234", 1234),
        ("(5)", 5),
        ("+2", 2),
        ("7 mins", 7),
        ("нет", None),
        ("", None),
        ("4.5", None),
        ("9" * 40, None),
        ("999999999999999 млрд", None),
    ],
)
def test_counts(text: str, expected: int | None) -> None:
    assert count(text) == expected


@pytest.mark.parametrize(
    ("text", "best", "expected"),
    [
        ("4", None, 4.0),
        ("4,5", None, 4.5),
        ("8", None, 4.0),
        ("4", 10, 2.0),
        ("10", 10, 5.0),
        ("80", 100, 4.0),
        ("8/10", None, 4.0),
        ("4,5 из 5", None, 4.5),
        ("4 з 5", None, 4.0),
        ("Rated 4.0 out of 5", None, 4.0),
        ("3 von 5 Sternen", None, 3.0),
        ("4 sur 5", None, 4.0),
        ("Оценка: 5", None, 5.0),
        ("★★★☆☆", None, 3.0),
        ("★★★★", None, 4.0),
        ("★★★½", None, 3.5),
        ("⭐️⭐️⭐️", None, 3.0),
        ("★★★★★★★☆☆☆", None, 3.5),
        ("width:80%", None, 4.0),
        ("width: 70.0%;", None, 3.5),
        ("rating-4", None, 4.0),
        ("rating rating4 small-2", None, 4.0),
        ("star-45", None, 4.5),
        ("review stars_3_5", None, 3.5),
        ("4-star", None, 4.0),
        ("stars-7", 10, 3.5),
        ("0", None, None),
        ("☆☆☆☆☆", None, None),
        ("11/10", None, None),
        ("6", 5, None),
        ("no rating", None, None),
        ("", None, None),
    ],
)
def test_ratings(text: str, best: float | None, expected: float | None) -> None:
    assert rating(text, best) == expected


@given(st.text(max_size=200), st.sampled_from([None, 5.0, 10.0]))
def test_a_rating_is_on_the_scale_or_none(text: str, best: float | None) -> None:
    known = rating(text, best)
    assert known is None or 1 <= known <= 5


@given(st.text(max_size=200))
def test_a_count_is_a_count_or_none(text: str) -> None:
    known = count(text)
    assert known is None or 0 <= known <= 10**15
