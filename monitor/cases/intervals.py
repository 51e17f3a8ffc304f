"""How sure a figure is: intervals of shares, of ratios of rates and of rank correlations, with nothing but `math`.

Every interval here is of 95 %. The two exact ones are Clopper's and Pearson's, by the incomplete beta function (its
continued fraction, by Lentz's way); a share has Wilson's, a correlation Fisher's with Bonett's and Wright's widening.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atanh, exp, inf, lgamma, log, log1p, sqrt, tanh
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_Z: Final = 1.959963984540054  # the normal distribution's 97.5 %
_TAIL: Final = 0.025
_HALVINGS: Final = 60  # of the interval from 0 to 1: finer than a float near 1 tells
_STEPS: Final = 100_000  # of the continued fraction; it needs about the square root of the counts
_NOTHING: Final = 1e-300


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with the bounds of its interval; `high` is infinite where nothing bounds it."""

    value: float
    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether the interval leaves this value possible."""
        return self.low <= value <= self.high


def share(part: int, whole: int) -> Estimate | None:
    """A share with Wilson's interval; None where there is nothing to share."""
    if not whole:
        return None
    value, spread = part / whole, _Z**2 / whole
    middle = (value + spread / 2) / (1 + spread)
    half = sqrt(value * (1 - value) * spread + spread**2 / 4) / (1 + spread)
    # At the ends rounding would leave a trace beyond what Wilson's bound is there.
    return Estimate(value, 0.0 if part == 0 else middle - half, 1.0 if part == whole else middle + half)


def rate_ratio(before: int, exposed_before: float, after: int, exposed_after: float) -> Estimate | None:
    """The rate after by the rate before, of two counts of rare things; None where it cannot be told at all.

    Given their sum, the count after is binomial: its exact interval becomes that of the ratio. `exposed_…` are days or
    mentions. With a count before of zero the value and the upper bound are infinite.
    """
    if before + after == 0 or exposed_before <= 0 or exposed_after <= 0:
        return None
    scale = exposed_before / exposed_after
    low, high = _clopper_pearson(after, before + after)
    return Estimate(
        scale * after / before if before else inf,
        scale * low / (1 - low),
        scale * high / (1 - high) if high < 1 else inf,
    )


def _clopper_pearson(part: int, whole: int) -> tuple[float, float]:
    """The exact interval of a share; `whole` is above 0."""
    low = 0.0 if part == 0 else _solve(part, whole - part + 1, _TAIL)
    # From the other end, so that swapping what is counted swaps the bounds to the last digit.
    high = 1.0 if part == whole else 1 - _solve(whole - part, part + 1, _TAIL)
    return low, high


def _solve(a: int, b: int, wanted: float) -> float:
    """Where the beta distribution of a and b reaches a probability."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if beta_below(middle, a, b) < wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def beta_below(x: float, a: float, b: float) -> float:
    """The regularized incomplete beta function: the probability that a beta-distributed value is at most `x`."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # there the fraction of the other side runs to its end sooner
        return 1 - beta_below(1 - x, b, a)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    return front / _fraction(x, a, b)


def _fraction(x: float, a: float, b: float) -> float:
    value = upper = 1.0
    lower = 0.0
    for step in range(1, _STEPS):
        half = step // 2
        if step % 2:
            term = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            term = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        lower = 1 / (1 + term * lower or _NOTHING)
        upper = 1 + term / upper or _NOTHING
        value *= upper * lower
        if abs(upper * lower - 1) < 1e-15:
            break
    return value


def rank_correlation(pairs: Sequence[tuple[float, float]]) -> Estimate | None:
    """Spearman's correlation, ties at their mean rank; None below 4 pairs or where one side never differs."""
    if len(pairs) < 4:
        return None
    left, right = (_ranks(side) for side in zip(*pairs, strict=True))
    middle = (len(pairs) + 1) / 2
    product = sum((a - middle) * (b - middle) for a, b in zip(left, right, strict=True))
    spread = sqrt(sum((a - middle) ** 2 for a in left) * sum((b - middle) ** 2 for b in right))
    if not spread:
        return None
    value = max(-1.0, min(1.0, product / spread))
    if abs(value) == 1:
        return Estimate(value, value, value)
    half = _Z * sqrt((1 + value**2 / 2) / (len(pairs) - 3))
    return Estimate(value, tanh(atanh(value) - half), tanh(atanh(value) + half))


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    first = 0
    while first < len(order):
        last = first
        while last + 1 < len(order) and values[order[last + 1]] == values[order[first]]:
            last += 1
        for place in order[first : last + 1]:
            ranks[place] = (first + last) / 2 + 1
        first = last + 1
    return ranks
