"""The second arithmetic: intervals with ends in integers, in pure Python, sharing no code with Arb.

mpmath's own interval context is not used: its ``exp`` misses the true value for about one argument in 5000 (issue
1181), its precision belongs to the process, it has no ``tanh`` and raises or restricts domains silently. Matrices are
multiplied in integers: midpoints and radii with one exponent a row, one rounding an entry.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

import mpmath
import numpy as np

from hallucert.balls.facade import EXP_LIMIT, SIZE_LIMIT, UNDERFLOW_LIMIT, Ball, BallArithmetic, Matrix
from hallucert.balls.mpmath import functions as functions
from hallucert.balls.mpmath.interval import (
    Dyadic,
    Interval,
    at_most,
    integer_power,
    is_negative,
    is_positive,
    magnitude,
    outward,
    rounded,
    square_root,
    total,
)
from hallucert.clock import look
from hallucert.errors import ArgumentError
from hallucert.exact import dyadic

_GUARD = 12


def integer_product(
    a: Sequence[Sequence[Interval]], b: Sequence[Sequence[Interval]], prec: int
) -> list[list[Interval]] | None:
    """Enclose the product of two matrices; None if an entry is indeterminate or too large.

    Row i of `a` is written ``2**e_i (M +- R)`` with integers M, R >= 0, column j of `b` ``2**f_j (N +- S)``. For points
    ``m`` and ``n`` of the two, ``|m n - M N| <= |M| S + R (|N| + S)`` termwise, and the sums are exact.
    """
    columns = list(zip(*b, strict=True))
    left, right = _all_fixed(a, prec + _GUARD), _all_fixed(columns, prec + _GUARD)
    if left is None or right is None:
        return None
    M, R = _arrays(left)
    N, S = _arrays(right)
    N, S = N.T, S.T
    middle = _by_rows(M, N)
    exact = not (R.any() or S.any())
    radius = np.zeros_like(middle) if exact else _radius(abs(M), R, abs(N), S, prec + _GUARD)
    result = []
    for i, (_, _, e) in enumerate(left):
        look()
        row = []
        for j, (_, _, f) in enumerate(right):
            m, r = middle[i, j], radius[i, j]
            row.append(outward(m - r, e + f, m + r, e + f, prec))
        result.append(row)
    return result


_DOUBLES = 480
"""Up to so many bits sums of products of two numbers are doubles."""


def _radius(M: np.ndarray, R: np.ndarray, N: np.ndarray, S: np.ndarray, bits: int) -> np.ndarray:
    """Bound ``M S + R (N + S)`` for matrices of integers from 0 to ``2**bits``, in doubles if they are short.

    Each entry is rounded once, by a part of at most ``2**-53``, and a sum of n products, in any order, is off by a
    part of at most about ``n 2**-53``: in all by less than ``(2 n + 8) 2**-52``.
    """
    n = M.shape[1]
    if bits > _DOUBLES or n > 2**20:
        exact: np.ndarray = _by_rows(M, S) + _by_rows(R, N + S)
        return exact
    m, r, top, s = (a.astype(float) for a in (M, R, N, S))
    bound = (m @ s + r @ (top + s)) * (1 + (2 * n + 8) * 2.0**-52)
    rows: list[list[float]] = bound.tolist()
    whole: np.ndarray = np.array([[-int(-x // 1) for x in row] for row in rows], object)
    return whole


def _by_rows(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the product of two matrices of integers."""
    rows = []
    for row in a:
        look()
        rows.append(row @ b)
    return np.array(rows, object)


def _arrays(parts: list[Fixed]) -> tuple[np.ndarray, np.ndarray]:
    middles, radii = np.empty((len(parts), len(parts[0][0])), object), np.empty((len(parts), len(parts[0][0])), object)
    for i, (middle, radius, _) in enumerate(parts):
        middles[i], radii[i] = middle, radius
    return middles, radii


Fixed = tuple[list[int], list[int], int]


def _all_fixed(rows: Sequence[Sequence[Interval]], bits: int) -> list[Fixed] | None:
    """Write rows in integers, each with one exponent (`_fixed`); None if an entry is indeterminate or too large."""
    result = []
    for row in rows:
        fixed = _fixed(row, bits)
        if fixed is None:
            return None
        result.append(fixed)
    return result


def _fixed(row: Sequence[Interval], bits: int) -> Fixed | None:
    """Write a row with one exponent: ``|x - 2**e middle| <= 2**e radius`` for the points x of each entry.

    None if an entry is indeterminate, or too large to be told from infinity.

    The ends are rounded outward to multiples of ``2**e``; then their mean is rounded down and the radius is the
    distance to the upper end, the larger of the two.
    """
    if any(x.a is None for x in row):
        return None
    sizes = [x.a.bit_length() + x.e for x in row if x.a] + [x.b.bit_length() + x.f for x in row if x.b]
    top = max(sizes, default=0)
    if top >= SIZE_LIMIT:
        return None
    exponent = top - bits
    middles, radii = [], []
    for x in row:
        shift = x.e - exponent
        low = x.a << shift if shift >= 0 else x.a >> -shift
        if x.a is x.b and x.e == x.f and shift >= 0:
            middles.append(low)
            radii.append(0)
            continue
        shift = x.f - exponent
        high = x.b << shift if shift >= 0 else -(-x.b >> -shift)
        middle = (low + high) >> 1
        middles.append(middle)
        radii.append(high - middle)
    return middles, radii, exponent


_EXP_LIMIT = EXP_LIMIT, 0
_LEAST_EXPONENT = -2 * SIZE_LIMIT
"""Of numbers that are written as fractions exactly."""
_SMALL_PRODUCT = 27


class MpmathArithmetic(BallArithmetic):
    """`BallArithmetic` whose values are `Interval`."""

    name = "mpmath"
    version = f"mpmath {mpmath.__version__}"

    def __init__(self, precision: int) -> None:
        super().__init__(precision)
        self._nan = Interval(None, 0, None, 0, precision)
        self._one = outward(1, 0, 1, 0, precision)

    def _constant(self, value: Fraction) -> Interval:
        return self._from(value, value)

    def from_float(self, value: float) -> Ball:
        numerator, denominator = value.as_integer_ratio()
        exponent = 1 - denominator.bit_length()
        return outward(numerator, exponent, numerator, exponent, self.precision)

    def interval(self, lower: Fraction, upper: Fraction) -> Ball:
        if lower > upper:
            raise ArgumentError("lower", lower, f"be at most upper ({upper})")
        return self._from(lower, upper)

    def _from(self, lower: Fraction, upper: Fraction) -> Interval:
        """Enclose what lies between two fractions."""
        low, e = _below(lower.numerator, lower.denominator, self.precision)
        high, f = _below(-upper.numerator, upper.denominator, self.precision)
        return outward(low, e, -high, f, self.precision)

    def indeterminate(self) -> Ball:
        return self._nan

    def pi(self) -> Ball:
        return functions.pi_interval(self.precision)

    def exp(self, x: Ball) -> Ball:
        if not self.is_finite(x) or not at_most((x.b, x.f), _EXP_LIMIT):
            return self._nan
        return functions.increasing(functions.exp_bounds, x, functions.exp_beyond)

    def log(self, x: Ball) -> Ball:
        if not self._has_logarithm(x):
            return self._nan
        beyond = functions.log_beyond if x.a.bit_length() + x.e > 0 else None
        return functions.increasing(functions.log_bounds, x, beyond)

    def sqrt(self, x: Ball) -> Ball:
        return square_root(x) if self.positive(x) else self._nan

    def sin(self, x: Ball) -> Ball:
        return functions.oscillating(functions.sin_bounds, x, 1) if self.is_finite(x) else self._nan

    def cos(self, x: Ball) -> Ball:
        return functions.oscillating(functions.cos_bounds, x, 0) if self.is_finite(x) else self._nan

    def tanh(self, x: Ball) -> Ball:
        return functions.tanh_interval(x) if self.is_finite(x) else self._nan

    def erf(self, x: Ball) -> Ball:
        return functions.increasing(functions.erf_bounds, x) if self.is_finite(x) else self._nan

    def softplus(self, x: Ball) -> Ball:
        return functions.increasing(functions.softplus_bounds, x) if self.is_finite(x) else self._nan

    def power(self, x: Ball, exponent: int) -> Ball:
        if not self.is_finite(x):
            return self._nan
        if exponent == 0:
            return self._one
        return integer_power(x, exponent) if exponent > 0 else self._one / integer_power(x, -exponent)

    def power_by_logarithm(self, x: Ball, exponent: Fraction) -> Ball:
        if not self._has_logarithm(x):
            return self._nan
        # Guard bits for the error of exponent * log x, which exp magnifies by its size: |log x| < 2**16, or more where
        # x is tiny.
        guard = max(32, 16 + abs(x.a.bit_length() + x.e).bit_length()) + abs(exponent.numerator).bit_length()
        work = arithmetic_at(x.prec + guard)
        logarithm = work.log(Interval(x.a, x.e, x.b, x.f, work.precision))
        power = work.exp(logarithm * work.constant(exponent))
        return power if power.a is None else outward(power.a, power.e, power.b, power.f, x.prec)

    def _has_logarithm(self, x: Ball) -> bool:
        return self.positive(x) and x.a.bit_length() + x.e > -UNDERFLOW_LIMIT

    def endpoints(self, ball: Ball) -> tuple[Fraction, Fraction]:
        if not self.is_finite(ball):
            raise ArgumentError("ball", "<an indeterminate ball>", "be finite")
        lower, same = _fraction(ball.a, ball.e), ball.a == ball.b and ball.e == ball.f
        return lower, (lower if same and ball.e >= _LEAST_EXPONENT else -_fraction(-ball.b, ball.f))

    def is_finite(self, ball: Ball) -> bool:
        a, b = ball.a, ball.b
        if a is None:
            return False
        return not ((a and a.bit_length() + ball.e >= SIZE_LIMIT) or (b and b.bit_length() + ball.f >= SIZE_LIMIT))

    def approximate(self, ball: Ball) -> float:
        if not self.is_finite(ball):
            return float("nan")
        return 0.5 * _double(ball.a, ball.e) + 0.5 * _double(ball.b, ball.f)

    def width(self, ball: Ball) -> float:
        if not self.is_finite(ball):
            return float("nan")
        return _double(*total((ball.b, ball.f), (-ball.a, ball.e), 53, True))

    def positive(self, ball: Ball) -> bool:
        return is_positive(ball) and self.is_finite(ball)

    def negative(self, ball: Ball) -> bool:
        return is_negative(ball) and self.is_finite(ball)

    def absolute_sum(self, balls: Sequence[Ball]) -> Fraction:
        sum_, prec = (0, 0), self.precision
        for ball in balls:
            if ball.a is None:
                raise ArgumentError("ball", "<an indeterminate ball>", "be finite")
            prec = max(prec, ball.prec)
            sum_ = rounded(total(sum_, magnitude(ball), prec, True), prec, True)
        if sum_[0] and sum_[0].bit_length() + sum_[1] >= SIZE_LIMIT:
            raise ArgumentError("ball", "<a ball beyond 2**SIZE_LIMIT>", "be finite")
        return -_fraction(-sum_[0], sum_[1])

    def centre(self, ball: Ball) -> Ball:
        if ball.a is None or (ball.a == ball.b and ball.e == ball.f):
            return ball
        man, exp = rounded(total((ball.a, ball.e), (ball.b, ball.f), ball.prec, False), ball.prec, False)
        return Interval(man, exp - 1, man, exp - 1, ball.prec)

    def matrix_product(self, a: Sequence[Sequence[Ball]], b: Sequence[Sequence[Ball]]) -> Matrix:
        look()
        small = len(a) * len(b) * len(b[0]) <= _SMALL_PRODUCT
        product = None if small else integer_product(a, b, self.precision)
        if product is None:
            columns = list(zip(*b, strict=True))
            product = [[self.dot(row, column) for column in columns] for row in a]
        return product


def arithmetic_at(precision: int) -> MpmathArithmetic:
    """Return a working arithmetic of any precision (internal: beyond the caller's by guard bits)."""
    return _at(precision)


@lru_cache(maxsize=64)
def _at(precision: int) -> MpmathArithmetic:
    return MpmathArithmetic(precision)


def _below(numerator: int, denominator: int, precision: int) -> Dyadic:
    """Return a number of more than `precision` bits below a fraction, so near that it rounds down as that would."""
    # floor(floor(t) / 2**k) = floor(t / 2**k): rounding down twice is rounding down once.
    if denominator & (denominator - 1) == 0:
        return numerator, 1 - denominator.bit_length()
    shift = precision + 2 - numerator.bit_length() + denominator.bit_length()
    return (numerator << shift if shift >= 0 else numerator >> -shift) // denominator, -shift


def _fraction(man: int, exp: int) -> Fraction:
    """Return the number; what is tiny is rounded down to a multiple of ``2**-SIZE_LIMIT`` or so."""
    if exp >= _LEAST_EXPONENT:
        return dyadic(man, exp) if man else Fraction(0)
    return dyadic(man >> -SIZE_LIMIT - exp, -SIZE_LIMIT)


def _double(man: int, exp: int) -> float:
    """Return a double near a number, infinite beyond their range."""
    excess = man.bit_length() - 64
    if excess > 0:
        man, exp = man >> excess, exp + excess
    try:
        return math.ldexp(man, exp)
    except OverflowError:
        return math.copysign(math.inf, man)
