"""Intervals of doubles in lanes: one operation encloses the results of many boxes at once.

A `Lanes` holds one array of doubles, with two rows: ``-lo`` and ``hi``. Both are upper bounds, so that one rounding
serves both: what is true of upper bounds is said once. What is trusted: numpy's ``+ - * /`` and ``sqrt`` on doubles are
those of IEEE 754, that is, the double nearest to the exact result (`require_round_to_nearest` tests the mode; ``sqrt``
is one of the operations for which the standard demands this).

**Rounding up.** Let x be the computed and e the exact result, and ``|x| >= 2**-1021``. The next double above x is an
upper bound of e, and it is at most ``x + |x| 2**-52``. That product is computed as at least the distance to the next
double, and rounding is monotone, so the double computed for ``x + |x| 2**-52`` is at least that next double. Sums below
``2**-1021`` are exact, and so is ``x + |x| 2**-52 >= x`` a bound of them; a sum that is 0 stays 0. Products and
quotients may underflow; where one is below `_TINY`, its bound is taken from the signs, or is at least ``2 _TINY``.
Overflow gives an infinite end, which is a true bound, or NaN.

Other functions have no guaranteed error in numpy and are computed by Arb, end by end.

An indeterminate lane (outside the domain) holds NaN; NaN is sticky, and no comparison with it holds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

import numpy as np

from hallucert.arguments import Quiet
from hallucert.balls.facade import sum_of_products
from hallucert.clock import look
from hallucert.exact import float_above, float_below

_BITS = 80
"""Of Arb's evaluations, which are rounded to doubles."""

_LARGEST_EXPONENT = 709.0
_LARGEST_ANGLE = 2.0**40
_TINY = 1e-300
_UNIT = 2.0**-52
_INWARD = np.array([[-1.0], [1.0]])
"""Turns the rows ``lo, hi`` into ``-lo, hi``."""


class Lanes:
    """Intervals ``[lo, hi]`` in lanes, of shape (k,). Immutable.

    Numbers, or arrays of length 1, stand for the same interval in every lane. `rows` are ``-lo`` and ``hi``.
    """

    __slots__ = ("rows",)

    def __init__(self, lo: np.ndarray | float, hi: np.ndarray | float) -> None:
        self.rows: np.ndarray = np.empty((2, max(getattr(lo, "size", 1), getattr(hi, "size", 1))))
        np.negative(lo, out=self.rows[0])
        self.rows[1] = hi

    @classmethod
    def of(cls, rows: np.ndarray) -> Lanes:
        """Return the intervals whose ``-lo`` and ``hi`` are the rows of an array."""
        result = cls.__new__(cls)
        result.rows = rows
        return result

    @property
    def lo(self) -> np.ndarray:
        """Lower ends."""
        result: np.ndarray = -self.rows[0]
        return result

    @property
    def hi(self) -> np.ndarray:
        """Upper ends."""
        result: np.ndarray = self.rows[1]
        return result

    def __neg__(self) -> Lanes:
        return Lanes.of(self.rows[::-1])

    def __add__(self, other: Lanes) -> Lanes:
        total = self.rows + other.rows
        return Lanes.of(total + np.abs(total) * _UNIT)

    def __sub__(self, other: Lanes) -> Lanes:
        total = self.rows + other.rows[::-1]
        return Lanes.of(total + np.abs(total) * _UNIT)

    def __mul__(self, other: Lanes) -> Lanes:
        a, b = self.rows, other.rows
        if b.shape[1] == 1:
            a, b = b, a
        if a.shape[1] == 1:
            largest = _times_constant(a, b)
        else:
            even, odd = a * b, a * b[::-1]  # lo lo', hi hi' and -lo hi', -hi lo'
            largest = np.empty_like(even)
            np.maximum(np.maximum(odd[0], odd[1]), -np.minimum(even[0], even[1]), out=largest[0])
            np.maximum(np.maximum(even[0], even[1]), -np.minimum(odd[0], odd[1]), out=largest[1])
        size = np.abs(largest)
        result = largest + size * _UNIT
        if not _least(size) >= _TINY:
            result = _above_products(a, b, size, result)
        return Lanes.of(result)

    def __truediv__(self, other: Lanes) -> Lanes:
        nonzero = np.minimum(other.rows[0], other.rows[1]) < 0
        result = -1.0 / np.where(nonzero, other.rows[::-1], np.nan)
        size = np.abs(result)
        tiny = size < _TINY
        # The reciprocal keeps the sign of the divisor, also where it underflows.
        result = np.where(tiny, np.where(result > 0, 2 * _TINY, 0.0), result + size * _UNIT)
        return self * Lanes.of(result)


def _times_constant(constant: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the largest products, rows ``-lo`` and ``hi``, of an interval and lanes, not rounded."""
    low, high = -constant[0, 0], constant[1, 0]
    if high <= 0:
        low, high, rows = -high, -low, rows[::-1]
    if low == high:
        return np.asarray(rows * high)
    if low >= 0:
        result: np.ndarray = np.maximum(rows * low, rows * high)
        return result
    # Around 0 (or NaN): the farther end of the lane by the end of the constant that has its sign, or the other ones.
    largest: np.ndarray = np.maximum(rows * high, rows[::-1] * -low)
    return largest


def _above_products(a: np.ndarray, b: np.ndarray, size: np.ndarray, result: np.ndarray) -> np.ndarray:
    """Return upper bounds of largest products of which some may have underflowed.

    Without underflow a product that is 0 has a factor 0; with it, the sign of the product bounds it from one side and
    `_TINY` from the other.
    """
    if not (_is_tiny(a).any() or _is_tiny(b).any()):
        return result
    # Row 0: -(x y) <= 0 if the signs of x and y are the same. Row 1: x y <= 0 if they are opposite.
    negative, positive = [row[1] <= 0 for row in (a, b)], [row[0] <= 0 for row in (a, b)]
    zero = (a == 0).all(axis=0) | (b == 0).all(axis=0)
    same = (negative[0] & negative[1]) | (positive[0] & positive[1])
    opposite = (negative[0] & positive[1]) | (positive[0] & negative[1])
    bound = np.where(np.stack([same | zero, opposite | zero]), 0.0, 2 * _TINY)
    return np.where(size < _TINY, bound, result)


def _is_tiny(rows: np.ndarray) -> np.ndarray:
    """Tell which numbers are so small, and not 0, that a product with them may underflow."""
    return np.asarray((np.abs(rows) < math.sqrt(_TINY)) & (rows != 0))


class FloatLanes(Quiet):
    """The arithmetic of `Lanes`, a `hallucert.balls.ball_lanes.SearchLanes`; use inside ``with``.

    Every method answers as `hallucert.balls.facade` documents for balls: outward rounding, indeterminate outside the
    domain.
    """

    name = "float"
    precision = 53

    def box(self, lo: np.ndarray, hi: np.ndarray) -> Lanes:
        return Lanes(lo, hi)

    def picked(self, x: Lanes, which: np.ndarray) -> Lanes:
        return x if x.rows.shape[1] == 1 else Lanes.of(x.rows[:, which])

    def permuted(self, values: Sequence[Lanes], order: np.ndarray) -> list[Lanes]:
        stacked = np.empty((len(values), 2, order.shape[1]))
        for rows, value in zip(stacked, values, strict=True):
            rows[:] = value.rows
        return [Lanes.of(rows) for rows in stacked[order[:, None], [[0], [1]], np.arange(order.shape[1])]]

    def ends(self, x: Lanes) -> tuple[np.ndarray, np.ndarray]:
        rows, bad = x.rows, _is_indeterminate(x.rows)
        if bad.any():
            rows = np.where(bad, np.inf, rows)
        return -rows[0], rows[1]

    def lower(self, x: Lanes) -> np.ndarray:
        return self.ends(x)[0]

    def upper(self, x: Lanes) -> np.ndarray:
        return self.ends(x)[1]

    def finite(self, x: Lanes) -> np.ndarray:
        return np.asarray(np.isfinite(x.rows).all(axis=0))

    def nonzero(self, x: Lanes) -> np.ndarray:
        return np.asarray(np.minimum(x.rows[0], x.rows[1]) < 0)  # a minimum with a NaN is NaN

    def outside(self, x: Lanes, low: float, high: float) -> np.ndarray:
        # Differences have the right signs, and a minimum with a NaN is NaN.
        return np.asarray((x.rows - [[-high], [low]]).min(axis=0) < 0)

    def negated(self, x: Lanes, where: np.ndarray) -> Lanes:
        return Lanes.of(np.where(where, x.rows[::-1], x.rows))

    def constant(self, value: Fraction) -> Lanes:
        return _constant(value)

    def pi(self) -> Lanes:
        return Lanes(math.pi, math.nextafter(math.pi, math.inf))  # the double ``math.pi`` is below pi

    def power(self, x: Lanes, exponent: int) -> Lanes:
        if exponent == 0:
            one = np.where(_is_indeterminate(x.rows), np.nan, 1.0)
            return Lanes(one, one)
        if exponent == 1:
            return x
        if exponent < 0:
            return self.constant(Fraction(1)) / self.power(x, -exponent)
        if exponent % 2:
            # Increasing: each row is bounded from above, so by a lower bound of the size where it is negative.
            sign = np.where(x.rows > 0, 1.0, -1.0)
            return Lanes.of(sign * _power_bound(np.abs(x.rows), exponent, sign * _UNIT))
        sizes = np.empty_like(x.rows)
        np.maximum(-np.minimum(x.rows[0], x.rows[1]), 0.0, out=sizes[0])
        np.maximum(x.rows[0], x.rows[1], out=sizes[1])
        return Lanes.of(_INWARD * _power_bound(sizes, exponent, _INWARD * _UNIT))

    def matrix_product(self, a: Sequence[Sequence[Lanes]], b: Sequence[Sequence[Lanes]]) -> list[list[Lanes]]:
        return [[sum_of_products(row, column) for column in zip(*b, strict=True)] for row in a]

    def real_power(self, x: Lanes, exponent: Fraction) -> Lanes:
        if exponent.denominator == 1:
            return self.power(_positive(x), exponent.numerator)
        if exponent.denominator == 2:
            return self.power(self.sqrt(x), exponent.numerator)
        return self.exp(self.log(x) * self.constant(exponent))

    def sqrt(self, x: Lanes) -> Lanes:
        rows = _positive(x).rows
        roots = np.sqrt(rows * _INWARD)
        return Lanes.of(roots * _INWARD + roots * _UNIT)

    def exp(self, x: Lanes) -> Lanes:
        inside = (x.lo >= -_LARGEST_EXPONENT) & (x.hi <= _LARGEST_EXPONENT)
        result = _increasing(Lanes(np.where(inside, x.lo, np.nan), np.where(inside, x.hi, np.nan)), "exp")
        # Far below, exp lies between 0 and its value at the cut; far above it is left indeterminate.
        low = (x.lo < -_LARGEST_EXPONENT) & (x.hi <= _LARGEST_EXPONENT)
        if low.any():
            upper = _increasing(Lanes(*(np.where(low, np.maximum(x.hi, -_LARGEST_EXPONENT), np.nan),) * 2), "exp")
            result = Lanes(np.where(low, 0.0, result.lo), np.where(low, upper.hi, result.hi))
        return result

    def log(self, x: Lanes) -> Lanes:
        return _increasing(_positive(x), "log")

    def tanh(self, x: Lanes) -> Lanes:
        return _increasing(x, "tanh")

    def erf(self, x: Lanes) -> Lanes:
        return _increasing(x, "erf")

    def softplus(self, x: Lanes) -> Lanes:
        return _increasing(x, "softplus")

    def cos(self, x: Lanes) -> Lanes:
        return _wave(x, "cos", 0.0)

    def sin(self, x: Lanes) -> Lanes:
        return _wave(x, "sin", 0.5)


def _least(numbers: np.ndarray) -> float:
    """Return the least of some numbers and 1; NaN if one is NaN."""
    return float(np.minimum.reduce(numbers, axis=None, initial=1.0))


def _is_indeterminate(rows: np.ndarray) -> np.ndarray:
    return np.asarray(np.isnan(np.maximum(rows[0], rows[1])))


def _positive(x: Lanes) -> Lanes:
    inside = x.lo > 0
    return Lanes(np.where(inside, x.lo, np.nan), np.where(inside, x.hi, np.nan))


@lru_cache(maxsize=10_000)
def _constant(value: Fraction) -> Lanes:
    return Lanes(float_below(value), float_above(value))


def _power_bound(x: np.ndarray, exponent: int, unit: np.ndarray) -> np.ndarray:
    """Bound ``x**exponent``, ``x >= 0``: from above where `unit` is 2**-52, from below where it is -2**-52.

    Products of bounds of nonnegative numbers are bounds.
    """
    square, result = x, None
    while True:
        if exponent & 1:
            result = square if result is None else _product_bound(result, square, unit)
        exponent >>= 1
        if not exponent:
            return result  # type: ignore[return-value]
        square = _product_bound(square, square, unit)


def _product_bound(a: np.ndarray, b: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Bound products of nonnegative numbers, as `_power_bound` does; 0 stays 0."""
    product = a * b
    result = product + product * unit
    if not _least(product) >= _TINY:
        tiny = (product < _TINY) & (a != 0) & (b != 0)
        result = np.where(tiny, np.where(unit > 0, 2 * _TINY, 0.0), result)
    return np.asarray(result)


def _bounds(name: str, direction: float, x: np.ndarray) -> np.ndarray:
    """Return doubles beyond the values of a function at each x: below for a direction ``-inf``, above for ``inf``.

    NaN where it has none, as for the NaN that stand for infinities.
    """
    from flint import arb  # here, so that nothing else of the lanes needs Arb

    from hallucert.balls.arb import FlintPrecision, softplus

    look()
    function = softplus if name == "softplus" else getattr(arb, name)

    def bound(number: float) -> float:
        if not math.isfinite(number):
            return math.nan
        value = function(arb(number))
        if not value.is_finite():
            return math.nan
        # float() of an exact arb is one of the two doubles around it; the next one outward is a bound.
        return math.nextafter(float(value.lower() if direction < 0 else value.upper()), direction)

    with FlintPrecision(_BITS):
        return np.asarray(np.frompyfunc(bound, 1, 1)(x), dtype=np.float64)


def _increasing(x: Lanes, function: str) -> Lanes:
    low, high = _bounds(function, -math.inf, x.lo), _bounds(function, math.inf, x.hi)
    bad = np.isnan(low) | np.isnan(high)
    return Lanes(np.where(bad, np.nan, low), np.where(bad, np.nan, high))


def _wave(x: Lanes, function: str, shift: float) -> Lanes:
    """Enclose ``cos(t - shift pi)``: extrema are at the integers k of ``t/pi - shift``, 1 at even and -1 at odd k."""
    usable = (np.abs(x.lo) < _LARGEST_ANGLE) & (np.abs(x.hi) < _LARGEST_ANGLE)
    ends = [np.where(usable, end, np.nan) for end in (x.lo, x.hi)]
    low = np.minimum(*(_bounds(function, -math.inf, end) for end in ends))
    high = np.maximum(*(_bounds(function, math.inf, end) for end in ends))
    # Below 2**40 the quotient is off by less than 2**-10: every integer within that distance counts as inside.
    first = np.ceil(ends[0] / math.pi - shift - 2.0**-10)
    last = np.floor(ends[1] / math.pi - shift + 2.0**-10)
    some, more = first <= last, first < last
    even = some & (more | (np.mod(first, 2) == 0))
    odd = some & (more | (np.mod(first, 2) == 1))
    return Lanes(np.where(odd, -1.0, np.maximum(low, -1.0)) + 0.0 * ends[0], np.where(even, 1.0, np.minimum(high, 1.0)))
