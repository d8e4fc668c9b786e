"""Intervals of doubles in lanes, as a textbook has them: the second arithmetic in which basins are proved.

Nothing here is shared with the intervals of the prover (`hallucert.balls.lanes`), which keep upper bounds alone, move
them by a part of their size, and ask Arb for elementary functions. Here an end is the double next to the result that
numpy rounds to nearest, a product or quotient has the least and the largest of the four of its ends, and elementary
functions are those of midpoint-radius arrays, whose errors are bounded in `docs/mathematics/rounding.md`. What both
trust is that numpy's ``+ - * /`` and ``sqrt`` on doubles are those of IEEE 754.

**Rounding.** The double nearest to an exact result e is x; the next double below x is no larger than e, and the next
above no smaller, also where x underflows or is infinite. An indeterminate lane holds NaN, which is sticky.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.arguments import Quiet
from hallucert.exact import float_above, float_below


def _down(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.nextafter(x, -np.inf))


def _up(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.nextafter(x, np.inf))


@dataclass(frozen=True, slots=True)
class Interval:
    """Intervals ``[lo, hi]`` in k lanes, arrays of shape (k,); of shape (1,) for the same one in every lane."""

    lo: np.ndarray
    hi: np.ndarray

    def __neg__(self) -> Interval:
        return Interval(-self.hi, -self.lo)

    def __add__(self, other: Interval) -> Interval:
        return Interval(_down(self.lo + other.lo), _up(self.hi + other.hi))

    def __sub__(self, other: Interval) -> Interval:
        return Interval(_down(self.lo - other.hi), _up(self.hi - other.lo))

    def __mul__(self, other: Interval) -> Interval:
        return _hull(self.lo * other.lo, self.lo * other.hi, self.hi * other.lo, self.hi * other.hi)

    def __truediv__(self, other: Interval) -> Interval:
        usable = (other.lo > 0) | (other.hi < 0)
        low, high = (np.where(usable, end, np.nan) for end in (other.lo, other.hi))
        return _hull(self.lo / low, self.lo / high, self.hi / low, self.hi / high)


def _hull(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> Interval:
    """Return intervals around four numbers that were each rounded to nearest."""
    low, high = np.minimum(np.minimum(a, b), np.minimum(c, d)), np.maximum(np.maximum(a, b), np.maximum(c, d))
    return Interval(_down(low), _up(high))


class Intervals(Quiet):
    """The arithmetic of `Interval`, a `hallucert.balls.ball_lanes.LaneArithmetic`; use inside ``with``."""

    name = "intervals"
    precision = 53

    def box(self, lo: np.ndarray, hi: np.ndarray) -> Interval:
        return Interval(lo, hi)

    def picked(self, x: Interval, which: np.ndarray) -> Interval:
        return x if len(x.lo) == 1 else Interval(x.lo[which], x.hi[which])

    def ends(self, x: Interval) -> tuple[np.ndarray, np.ndarray]:
        lost = np.isnan(x.lo) | np.isnan(x.hi)
        return np.where(lost, -np.inf, x.lo), np.where(lost, np.inf, x.hi)

    def constant(self, value: Fraction) -> Interval:
        return Interval(np.array([float_below(value)]), np.array([float_above(value)]))

    def pi(self) -> Interval:
        return Interval(np.array([math.pi]), _up(np.array([math.pi])))  # the double ``math.pi`` is below pi

    def power(self, x: Interval, exponent: int) -> Interval:
        if exponent < 0:
            return self.constant(Fraction(1)) / self.power(x, -exponent)
        if exponent == 0:
            one = np.where(np.isnan(x.lo + x.hi), np.nan, 1.0)
            return Interval(one, one)
        if exponent % 2 == 0:
            least, most = np.maximum(np.maximum(x.lo, -x.hi), 0.0), np.maximum(-x.lo, x.hi)
            return Interval(_power(least, exponent, _at_least_0), _power(most, exponent, _up))
        return Interval(_odd(x.lo, exponent, _at_least_0, _up), _odd(x.hi, exponent, _up, _at_least_0))

    def real_power(self, x: Interval, exponent: Fraction) -> Interval:
        positive = np.where(x.lo > 0, 0.0, np.nan)
        if exponent.denominator == 1:
            return self.power(Interval(x.lo + positive, x.hi + positive), exponent.numerator)
        if exponent.denominator == 2:
            return self.power(self.sqrt(x), exponent.numerator)
        return self.exp(self.log(x) * self.constant(exponent))

    def sqrt(self, x: Interval) -> Interval:
        positive = np.where(x.lo > 0, 0.0, np.nan)
        return Interval(_down(np.sqrt(x.lo + positive)), _up(np.sqrt(x.hi + positive)))

    def exp(self, x: Interval) -> Interval:
        return _increasing("exp", x, -_FAR, _FAR)

    def log(self, x: Interval) -> Interval:
        return _increasing("log", x, _LEAST)

    def tanh(self, x: Interval) -> Interval:
        return _increasing("tanh", x)

    def erf(self, x: Interval) -> Interval:
        return _increasing("erf", x)

    def softplus(self, x: Interval) -> Interval:
        return _increasing("softplus", x)

    def cos(self, x: Interval) -> Interval:
        return _wave("cos", x, 0.0)

    def sin(self, x: Interval) -> Interval:
        return _wave("sin", x, 0.5)


def _at_least_0(x: np.ndarray) -> np.ndarray:
    """Return the next double below, or 0."""
    return np.asarray(np.maximum(_down(x), 0.0))


Rounding = Callable[[np.ndarray], np.ndarray]


def _power(x: np.ndarray, exponent: int, rounding: Rounding) -> np.ndarray:
    """Bound ``x**exponent``, ``x >= 0``, from one side: products of bounds of such numbers are bounds."""
    result = x
    for bit in bin(exponent)[3:]:
        result = rounding(result * result)
        if bit == "1":
            result = rounding(result * x)
    return result


def _odd(x: np.ndarray, exponent: int, positive: Rounding, negative: Rounding) -> np.ndarray:
    """Bound an odd power from one side, which is the other one for the size of a negative number."""
    return np.where(
        x < 0, -_power(np.maximum(-x, 0.0), exponent, negative), _power(np.maximum(x, 0.0), exponent, positive)
    )


_FAR, _LEAST, _ANGLE = 700.0, 2.0**-1000, 2.0**19
"""Beyond -700 and 700 exp is indeterminate, below the second log, and beyond the third sin and cos."""


def _at(name: str, x: np.ndarray) -> Interval:
    """Enclose a function at numbers; indeterminate where they are NaN."""
    from hallucert.balls.midrad.array import MidRad  # here, as few functions need it
    from hallucert.balls.midrad.functions import FUNCTIONS

    known = np.isfinite(x)
    value = FUNCTIONS[name](MidRad(np.where(known, x, 1.0)))
    lost = np.where(known, 0.0, np.nan)
    return Interval(_down(value.mid - value.rad) + lost, _up(value.mid + value.rad) + lost)


def _increasing(name: str, x: Interval, least: float = -np.inf, most: float = np.inf) -> Interval:
    """Enclose an increasing function where an interval lies between two numbers."""
    lost = np.where((x.lo >= least) & (x.hi <= most), 0.0, np.nan)
    return Interval(_at(name, x.lo + lost).lo, _at(name, x.hi + lost).hi)


def _wave(name: str, x: Interval, shift: float) -> Interval:
    """Enclose ``cos(t - shift pi)``: 1 where ``t/pi - shift`` is even, -1 where it is odd, and monotone between."""
    lost = np.where((x.lo >= -_ANGLE) & (x.hi <= _ANGLE), 0.0, np.nan)
    low, high = (_at(name, end + lost) for end in (x.lo, x.hi))
    # The quotients are off by less than 2**-30: every integer within 2**-20 of the interval counts as inside.
    first = np.ceil((x.lo + lost) / math.pi - shift - 2.0**-20)
    last = np.floor((x.hi + lost) / math.pi - shift + 2.0**-20)
    top, bottom = (2 * np.ceil((first - k) / 2) + k <= last for k in (0, 1))
    least, most = np.minimum(low.lo, high.lo), np.maximum(low.hi, high.hi)
    return Interval(np.where(bottom, -1.0, np.maximum(least, -1.0)), np.where(top, 1.0, np.minimum(most, 1.0)) + lost)
