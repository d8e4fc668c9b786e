"""Intervals of doubles in lanes: one operation encloses the results of many boxes at once.

A `Lanes` holds two arrays of doubles, the lower and the upper ends. What is trusted: numpy's ``+ - * /`` and ``sqrt``
on doubles are those of IEEE 754, that is, the double nearest to the exact result (`require_round_to_nearest` tests
the mode; ``sqrt`` is one of the operations for which the standard demands this). The exact result therefore lies
between the two neighbours of what was computed, and ``nextafter`` moves each end to that neighbour, also where the
result is subnormal. A sum of doubles that comes out as 0 is exact and stays; signs of products and powers are kept
by their rules. Overflow gives an infinite end, which is a true bound. Other functions have no guaranteed error in
numpy and are computed by Arb, end by end.

An indeterminate lane (outside the domain) holds NaN at both ends; NaN is sticky, and no comparison with it holds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Self

import numpy as np
from flint import arb, ctx

from hallucert.exact import float_above, float_below

_BITS = 80
"""Of Arb's evaluations at ends; the result is rounded to doubles."""
_LARGEST_EXPONENT = 709.0
_LARGEST_ANGLE = 2.0**40
_TINY = 1e-300


class Lanes:
    """Intervals ``[lo, hi]``, arrays of one shape (or 0-d: the same interval in every lane). Immutable."""

    __slots__ = ("hi", "lo")

    def __init__(self, lo: Any, hi: Any) -> None:
        self.lo: np.ndarray = np.asarray(lo, dtype=np.float64)
        self.hi: np.ndarray = np.asarray(hi, dtype=np.float64)

    def __neg__(self) -> Lanes:
        return Lanes(-self.hi, -self.lo)

    def __add__(self, other: Lanes) -> Lanes:
        return Lanes(_below_sum(self.lo + other.lo), _above_sum(self.hi + other.hi))

    def __sub__(self, other: Lanes) -> Lanes:
        return Lanes(_below_sum(self.lo - other.hi), _above_sum(self.hi - other.lo))

    def __mul__(self, other: Lanes) -> Lanes:
        a, b, c, d = self.lo, self.hi, other.lo, other.hi
        ac, ad, bc, bd = a * c, a * d, b * c, b * d
        low = np.minimum(np.minimum(ac, ad), np.minimum(bc, bd))
        high = np.maximum(np.maximum(ac, ad), np.maximum(bc, bd))
        lo, hi = np.nextafter(low, -np.inf), np.nextafter(high, np.inf)
        if (np.abs(lo) < _TINY).any() or (np.abs(hi) < _TINY).any():
            same = ((a >= 0) & (c >= 0)) | ((b <= 0) & (d <= 0))
            opposite = ((a >= 0) & (d <= 0)) | ((b <= 0) & (c >= 0))
            zero = ((a == 0) & (b == 0)) | ((c == 0) & (d == 0))
            lo = np.where((same | zero) & (lo < 0), 0.0, lo)
            hi = np.where((opposite | zero) & (hi > 0), 0.0, hi)
        return Lanes(lo, hi)

    def __truediv__(self, other: Lanes) -> Lanes:
        nonzero = (other.lo > 0) | (other.hi < 0)
        low = np.where(nonzero, np.nextafter(1.0 / other.hi, -np.inf), np.nan)
        high = np.where(nonzero, np.nextafter(1.0 / other.lo, np.inf), np.nan)
        # The reciprocal keeps the sign of the divisor, also where it underflows.
        return self * Lanes(
            np.where(other.lo > 0, np.maximum(low, 0.0), low), np.where(other.hi < 0, np.minimum(high, 0.0), high)
        )


def _below_sum(x: np.ndarray) -> np.ndarray:
    return np.where(x == 0, 0.0, np.nextafter(x, -np.inf))


def _above_sum(x: np.ndarray) -> np.ndarray:
    return np.where(x == 0, 0.0, np.nextafter(x, np.inf))


class FloatLanes:
    """The arithmetic of `Lanes`, with the interface of `hallucert.objectives.tape.Arithmetic`.

    Every method answers as `hallucert.balls.facade` documents for balls: outward rounding, indeterminate outside the
    domain. Use inside ``with``: numpy's warnings about NaN and overflow, which are data here, are silenced.
    """

    name = "float"
    precision = 53

    def __enter__(self) -> Self:
        self._state = np.errstate(all="ignore")
        self._state.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._state.__exit__(*error)

    def box(self, lo: np.ndarray, hi: np.ndarray) -> Lanes:
        """Return the intervals with these ends, exactly."""
        return Lanes(lo, hi)

    def lower(self, x: Lanes) -> np.ndarray:
        """Return lower ends, ``-inf`` where indeterminate."""
        return np.where(np.isnan(x.lo) | np.isnan(x.hi), -np.inf, x.lo)

    def upper(self, x: Lanes) -> np.ndarray:
        """Return upper ends, ``inf`` where indeterminate."""
        return np.where(np.isnan(x.lo) | np.isnan(x.hi), np.inf, x.hi)

    def constant(self, value: Fraction) -> Lanes:
        """Enclose a rational number."""
        return Lanes(float_below(value), float_above(value))

    def pi(self) -> Lanes:
        """Enclose pi: the double ``math.pi`` is below it."""
        return Lanes(math.pi, math.nextafter(math.pi, math.inf))

    def power(self, x: Lanes, exponent: int) -> Lanes:
        """Enclose an integer power."""
        if exponent == 0:
            one = np.where(np.isnan(x.lo) | np.isnan(x.hi), np.nan, 1.0)
            return Lanes(one, one)
        if exponent == 1:
            return x
        if exponent < 0:
            return self.constant(Fraction(1)) / self.power(x, -exponent)
        if exponent % 2:
            return Lanes(_odd_power(x.lo, exponent)[0], _odd_power(x.hi, exponent)[1])
        small = np.maximum(np.maximum(x.lo, -x.hi), 0.0)
        large = np.maximum(-x.lo, x.hi)
        return Lanes(_power_bounds(small, exponent)[0], _power_bounds(large, exponent)[1])

    def real_power(self, x: Lanes, exponent: Fraction) -> Lanes:
        """Enclose a rational power of positive intervals."""
        if exponent.denominator == 1:
            return self.power(_positive(x), exponent.numerator)
        if exponent.denominator == 2:
            return self.power(self.sqrt(x), exponent.numerator)
        return self.exp(self.log(x) * self.constant(exponent))

    def sqrt(self, x: Lanes) -> Lanes:
        """Enclose the square root of positive intervals."""
        x = _positive(x)
        return Lanes(np.nextafter(np.sqrt(x.lo), -np.inf), np.nextafter(np.sqrt(x.hi), np.inf))

    def exp(self, x: Lanes) -> Lanes:
        """Enclose the exponential; indeterminate where it overflows."""
        inside = (x.lo >= -_LARGEST_EXPONENT) & (x.hi <= _LARGEST_EXPONENT)
        result = _increasing(Lanes(np.where(inside, x.lo, np.nan), np.where(inside, x.hi, np.nan)), arb.exp)
        # Far below, exp lies between 0 and its value at the cut; far above it is left indeterminate.
        low = (x.lo < -_LARGEST_EXPONENT) & (x.hi <= _LARGEST_EXPONENT)
        if low.any():
            upper = _increasing(Lanes(*(np.where(low, np.maximum(x.hi, -_LARGEST_EXPONENT), np.nan),) * 2), arb.exp)
            result = Lanes(np.where(low, 0.0, result.lo), np.where(low, upper.hi, result.hi))
        return result

    def log(self, x: Lanes) -> Lanes:
        """Enclose the logarithm of positive intervals."""
        return _increasing(_positive(x), arb.log)

    def tanh(self, x: Lanes) -> Lanes:
        """Enclose the hyperbolic tangent."""
        return _increasing(x, arb.tanh)

    def cos(self, x: Lanes) -> Lanes:
        """Enclose the cosine."""
        return _wave(x, arb.cos, 0.0)

    def sin(self, x: Lanes) -> Lanes:
        """Enclose the sine."""
        return _wave(x, arb.sin, 0.5)


def _positive(x: Lanes) -> Lanes:
    inside = x.lo > 0
    return Lanes(np.where(inside, x.lo, np.nan), np.where(inside, x.hi, np.nan))


def _power_bounds(x: np.ndarray, exponent: int) -> tuple[np.ndarray, np.ndarray]:
    """Bound ``x**exponent`` for ``x >= 0``: products of bounds of nonnegative numbers are bounds."""
    low, high = x, x
    result_low, result_high = None, None
    while True:
        if exponent & 1:
            first = result_low is None
            result_low = low if first else np.maximum(np.nextafter(result_low * low, -np.inf), 0.0)
            result_high = high if first else _up_from_zero(result_high * high, high)
        exponent >>= 1
        if not exponent:
            return result_low, result_high  # type: ignore[return-value]
        low, high = np.maximum(np.nextafter(low * low, -np.inf), 0.0), _up_from_zero(high * high, high)


def _up_from_zero(product: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Round up a product that has `factor` in it; 0 stays 0."""
    return np.where(factor == 0, 0.0, np.nextafter(product, np.inf))


def _odd_power(x: np.ndarray, exponent: int) -> tuple[np.ndarray, np.ndarray]:
    low, high = _power_bounds(np.abs(x), exponent)
    return np.where(x < 0, -high, low), np.where(x < 0, -low, high)


def _end(function: Callable[[Any], Any], direction: float) -> Any:
    """Return a function of doubles that bounds `function` from the side of `direction`."""

    def bound(x: float) -> float:
        if not math.isfinite(x):
            return math.nan
        value = function(arb(x))
        if not value.is_finite():
            return math.nan
        # float() of an exact arb is one of the two doubles around it; the next one outward is a bound.
        return math.nextafter(float(value.lower() if direction < 0 else value.upper()), direction)

    return np.frompyfunc(bound, 1, 1)


def _apply(function: Callable[[Any], Any], direction: float, x: np.ndarray) -> np.ndarray:
    saved, ctx.prec = ctx.prec, _BITS
    try:
        return np.asarray(_end(function, direction)(x), dtype=np.float64)
    finally:
        ctx.prec = saved


def _increasing(x: Lanes, function: Callable[[Any], Any]) -> Lanes:
    low, high = _apply(function, -math.inf, x.lo), _apply(function, math.inf, x.hi)
    bad = np.isnan(low) | np.isnan(high)
    return Lanes(np.where(bad, np.nan, low), np.where(bad, np.nan, high))


def _wave(x: Lanes, function: Callable[[Any], Any], shift: float) -> Lanes:
    """Enclose ``cos(t - shift pi)``: extrema are at the integers k of ``t/pi - shift``, 1 at even and -1 at odd k."""
    usable = (np.abs(x.lo) < _LARGEST_ANGLE) & (np.abs(x.hi) < _LARGEST_ANGLE)
    ends = [np.where(usable, end, np.nan) for end in (x.lo, x.hi)]
    low = np.minimum(*(_apply(function, -math.inf, end) for end in ends))
    high = np.maximum(*(_apply(function, math.inf, end) for end in ends))
    # Below 2**40 the quotient is off by less than 2**-10: every integer within that distance counts as inside.
    first = np.ceil(ends[0] / math.pi - shift - 2.0**-10)
    last = np.floor(ends[1] / math.pi - shift + 2.0**-10)
    some, more = first <= last, first < last
    even = some & (more | (np.mod(first, 2) == 0))
    odd = some & (more | (np.mod(first, 2) == 1))
    return Lanes(np.where(odd, -1.0, np.maximum(low, -1.0)) + 0.0 * ends[0], np.where(even, 1.0, np.minimum(high, 1.0)))
