from __future__ import annotations

from math import inf, isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cases.intervals import beta_below, rank_correlation, rate_ratio, share

counts = st.integers(min_value=0, max_value=5_000)
exposures = st.integers(min_value=1, max_value=100_000)


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (7, 20, 0.1812, 0.5671),
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_a_share_has_wilsons_interval(part: int, whole: int, low: float, high: float) -> None:
    found = share(part, whole)
    assert found is not None
    assert (found.value, round(found.low, 4), round(found.high, 4)) == (part / whole, low, high)


def test_of_nothing_there_is_no_share() -> None:
    assert share(0, 0) is None


@pytest.mark.parametrize(
    ("x", "a", "b", "expected"),
    [(0.5, 2, 2, 0.5), (0.25, 1, 1, 0.25), (0.3, 1, 4, 1 - 0.7**4), (0.3, 4, 1, 0.3**4), (0, 3, 3, 0), (1, 3, 3, 1)],
)
def test_the_beta_distribution_where_it_is_known(x: float, a: float, b: float, expected: float) -> None:
    assert beta_below(x, a, b) == pytest.approx(expected, abs=1e-12)


def test_the_beta_distribution_is_the_tail_of_the_binomial() -> None:
    from math import comb

    tail = sum(comb(20, k) * 0.35**k * 0.65 ** (20 - k) for k in range(7, 21))
    assert beta_below(0.35, 7, 14) == pytest.approx(tail, abs=1e-12)


# The exact limits of a binomial share, as printed in tables: 7 of 20 is (0.1539, 0.5922), 0 of 10 ends at 0.3085.
@pytest.mark.parametrize(
    ("before", "after", "value", "low", "high"),
    [
        (13, 7, 7 / 13, 0.1539 / 0.8461, 0.5922 / 0.4078),
        (10, 0, 0.0, 0.0, 0.3085 / 0.6915),
        (0, 10, inf, 0.6915 / 0.3085, inf),
        (1, 1, 1.0, 0.0126 / 0.9874, 0.9874 / 0.0126),
    ],
)
def test_a_ratio_of_rates_agrees_with_printed_tables(
    before: int, after: int, value: float, low: float, high: float
) -> None:
    found = rate_ratio(before, 28, after, 28)
    assert found is not None
    assert found.value == value
    assert found.low == pytest.approx(low, rel=6e-3)
    assert found.high == pytest.approx(high, rel=6e-3)


def test_the_exposure_scales_the_ratio() -> None:
    same, half = rate_ratio(13, 100, 7, 100), rate_ratio(13, 100, 7, 50)
    assert same is not None
    assert half is not None
    assert [half.value, half.low, half.high] == pytest.approx([2 * same.value, 2 * same.low, 2 * same.high])


@pytest.mark.parametrize("given", [(0, 28, 0, 28), (1, 0, 2, 10), (1, 10, 2, 0)])
def test_what_cannot_be_compared_has_no_ratio(given: tuple[int, int, int, int]) -> None:
    assert rate_ratio(*given) is None


@given(counts, exposures, counts, exposures)
def test_an_interval_holds_its_ratio_and_turns_over_when_the_sides_are_swapped(
    before: int, exposed_before: int, after: int, exposed_after: int
) -> None:
    there, back = (
        rate_ratio(before, exposed_before, after, exposed_after),
        rate_ratio(after, exposed_after, before, exposed_before),
    )
    if there is None or back is None:
        assert before + after == 0
        return
    assert there.low <= there.value <= there.high
    for one, other in ((there.low, back.high), (there.high, back.low)):
        assert isclose(one, 1 / other if other else inf, rel_tol=1e-6)


@given(st.integers(0, 500), st.integers(0, 500), st.integers(1, 50))
def test_one_more_complaint_after_raises_the_whole_interval(before: int, after: int, days: int) -> None:
    less, more = rate_ratio(before, days, after, days), rate_ratio(before, days, after + 1, days)
    if less is None or more is None:
        assert before + after == 0
        return
    assert less.low <= more.low
    assert less.high <= more.high


@given(st.integers(1, 200), st.integers(1, 200))
def test_more_of_the_same_narrows_the_interval(before: int, after: int) -> None:
    few, many = rate_ratio(before, 28, after, 28), rate_ratio(10 * before, 28, 10 * after, 28)
    assert few is not None
    assert many is not None
    assert few.low < many.low <= many.value <= many.high < few.high


@given(st.integers(0, 400), st.integers(0, 400))
def test_a_share_lies_in_its_interval_and_turns_over_with_it(part: int, rest: int) -> None:
    found, other = share(part, part + rest), share(rest, part + rest)
    if found is None or other is None:
        assert part + rest == 0
        return
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low == pytest.approx(1 - other.high, abs=1e-12)


def test_ranks_agree_with_a_worked_example() -> None:
    # The textbook's ten pairs: 1 - 6 * 194 / (10 * 99) = -29/165.
    left = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110]
    right = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17]
    found = rank_correlation(list(zip(left, right, strict=True)))
    assert found is not None
    assert found.value == pytest.approx(-29 / 165)
    assert found.holds(0)


def test_ties_share_their_mean_rank() -> None:
    # Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / sqrt(4.5 * 5).
    found = rank_correlation([(1, 1), (2, 2), (2, 3), (9, 4)])
    assert found is not None
    assert found.value == pytest.approx(4.5 / (4.5 * 5) ** 0.5)


@pytest.mark.parametrize("pairs", [[], [(1, 2), (2, 3), (3, 4)], [(5, 1), (5, 2), (5, 3), (5, 4)]])
def test_where_nothing_differs_there_is_no_correlation(pairs: list[tuple[float, float]]) -> None:
    assert rank_correlation(pairs) is None


def test_a_perfect_order_is_one_whatever_the_values() -> None:
    found = rank_correlation([(number, -(number**3)) for number in range(10)])
    assert found is not None
    assert (found.value, found.low, found.high) == (-1, -1, -1)


@given(st.lists(st.tuples(st.integers(0, 100), st.floats(0, 1_000)), min_size=4, max_size=60))
def test_a_correlation_is_the_same_from_both_sides_and_turns_with_the_sign(pairs: list[tuple[int, float]]) -> None:
    found = rank_correlation(pairs)
    back = rank_correlation([(b, a) for a, b in pairs])
    turned = rank_correlation([(-a, b) for a, b in pairs])
    if found is None or back is None or turned is None:
        assert len({a for a, _ in pairs}) == 1 or len({b for _, b in pairs}) == 1
        return
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert back.value == pytest.approx(found.value)
    assert turned.value == pytest.approx(-found.value)
