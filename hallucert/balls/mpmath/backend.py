"""The second arithmetic: intervals over mpmath's numbers, in pure Python, sharing no code with Arb.

mpmath's own interval context is not used: its ``exp`` misses the true value for about one argument in 5000 (issue
1181), its precision belongs to the process, it has no ``tanh`` and raises or restricts domains silently. Matrices are
multiplied in integers: midpoints and radii with one exponent a row, one rounding an entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

import mpmath
import numpy as np
from mpmath.libmp import from_int, fzero, mpf_add, mpf_cmp, mpf_shift, mpf_sub, to_float

from hallucert.balls.facade import EXP_LIMIT, SIZE_LIMIT, UNDERFLOW_LIMIT, Ball, BallArithmetic, Matrix
from hallucert.balls.mpmath import functions as functions
from hallucert.balls.mpmath.interval import (
    DOWN,
    UP,
    Interval,
    Mpf,
    bound,
    integer_power,
    is_negative,
    is_positive,
    magnitude,
    rounded,
    square_root,
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
    radius = _radius(abs(M), R, abs(N), S)
    result = []
    for i, (_, _, e) in enumerate(left):
        look()
        row = []
        for j, (_, _, f) in enumerate(right):
            m, r = middle[i, j], radius[i, j]
            low, high = bound(m - r, e + f, prec, False), bound(m + r, e + f, prec, True)
            row.append(Interval(low, high, prec))
        result.append(row)
    return result


_DOUBLES = 480
"""Up to so many bits sums of products of two numbers are doubles."""


def _radius(M: np.ndarray, R: np.ndarray, N: np.ndarray, S: np.ndarray) -> np.ndarray:
    """Bound ``M S + R (N + S)`` for matrices of integers that are not negative, in doubles if they are short.

    Each entry is rounded once, by a part of at most ``2**-53``, and a sum of n products, in any order, is off by a
    part of at most about ``n 2**-53``: in all by less than ``(2 n + 8) 2**-52``.
    """
    n = M.shape[1]
    if max((int(x).bit_length() for a in (M, R, N, S) for x in a.flat), default=0) > _DOUBLES or n > 2**20:
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
    ends = [end for x in row for end in (x.lo, x.hi)]
    if None in ends:
        return None
    top = max((end[2] + end[3] for end in ends if end[1]), default=0)
    if top >= SIZE_LIMIT:
        return None
    exponent = top - bits
    middles, radii = [], []
    for x in row:
        sign, man, exp, _ = x.lo
        shift, man = exp - exponent, -int(man) if sign else int(man)
        low = man << shift if shift >= 0 else man >> min(-shift, man.bit_length() + 1)
        if x.hi is x.lo and shift >= 0:
            middles.append(low)
            radii.append(0)
            continue
        sign, man, exp, _ = x.hi
        shift, man = exp - exponent, int(man) if sign else -int(man)
        high = -(man << shift) if shift >= 0 else -(man >> min(-shift, man.bit_length() + 1))
        middle = (low + high) >> 1
        middles.append(middle)
        radii.append(high - middle)
    return middles, radii, exponent


_EXP_LIMIT = from_int(EXP_LIMIT)
_SMALL_PRODUCT = 27


class MpmathArithmetic(BallArithmetic):
    """`BallArithmetic` whose values are `Interval`."""

    name = "mpmath"
    version = f"mpmath {mpmath.__version__}"

    def __init__(self, precision: int) -> None:
        super().__init__(precision)
        self._nan = Interval(None, None, precision)
        self._one = self._constant(Fraction(1))

    def _constant(self, value: Fraction) -> Interval:
        low, high = _below(value, self.precision), _above(value, self.precision)
        return Interval(low, low if low == high else high, self.precision)

    def from_float(self, value: float) -> Ball:
        numerator, denominator = value.as_integer_ratio()
        exponent = 1 - denominator.bit_length()
        low, high = (bound(numerator, exponent, self.precision, up) for up in (False, True))
        return Interval(low, low if low == high else high, self.precision)

    def interval(self, lower: Fraction, upper: Fraction) -> Ball:
        if lower > upper:
            raise ArgumentError("lower", lower, f"be at most upper ({upper})")
        return Interval(_below(lower, self.precision), _above(upper, self.precision), self.precision)

    def indeterminate(self) -> Ball:
        return self._nan

    def pi(self) -> Ball:
        return functions.pi_interval(self.precision)

    def exp(self, x: Ball) -> Ball:
        if not self.is_finite(x) or mpf_cmp(x.hi, _EXP_LIMIT) > 0:
            return self._nan
        return functions.increasing(functions.exp_bounds, x, functions.exp_beyond)

    def log(self, x: Ball) -> Ball:
        if not self._has_logarithm(x):
            return self._nan
        return functions.increasing(functions.log_bounds, x, functions.log_beyond if functions.top(x.lo) > 0 else None)

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
        guard = max(32, 16 + abs(functions.top(x.lo)).bit_length()) + abs(exponent.numerator).bit_length()
        work = arithmetic_at(x.prec + guard)
        logarithm = work.log(Interval(x.lo, x.hi, work.precision))
        return rounded(work.exp(logarithm * work.constant(exponent)), x.prec)

    def _has_logarithm(self, x: Ball) -> bool:
        return self.positive(x) and functions.top(x.lo) > -UNDERFLOW_LIMIT

    def endpoints(self, ball: Ball) -> tuple[Fraction, Fraction]:
        if not self.is_finite(ball):
            raise ArgumentError("ball", "<an indeterminate ball>", "be finite")
        lower = _fraction(ball.lo, up=False)
        return lower, (lower if ball.hi is ball.lo else _fraction(ball.hi, up=True))

    def is_finite(self, ball: Ball) -> bool:
        return ball.lo is not None and functions.top(ball.lo) < SIZE_LIMIT and functions.top(ball.hi) < SIZE_LIMIT

    def approximate(self, ball: Ball) -> float:
        if not self.is_finite(ball):
            return float("nan")
        result: float = 0.5 * to_float(ball.lo) + 0.5 * to_float(ball.hi)
        return result

    def width(self, ball: Ball) -> float:
        if not self.is_finite(ball):
            return float("nan")
        result: float = to_float(mpf_sub(ball.hi, ball.lo, 53, UP))
        return result

    def positive(self, ball: Ball) -> bool:
        return is_positive(ball) and self.is_finite(ball)

    def negative(self, ball: Ball) -> bool:
        return is_negative(ball) and self.is_finite(ball)

    def absolute_sum(self, balls: Sequence[Ball]) -> Fraction:
        total, prec = fzero, self.precision
        for ball in balls:
            if ball.lo is None:
                raise ArgumentError("ball", "<an indeterminate ball>", "be finite")
            prec = max(prec, ball.prec)
            total = mpf_add(total, magnitude(ball), prec, UP)
        if functions.top(total) >= SIZE_LIMIT:
            raise ArgumentError("ball", "<a ball beyond 2**SIZE_LIMIT>", "be finite")
        return _fraction(total, up=True)

    def centre(self, ball: Ball) -> Ball:
        if ball.lo == ball.hi:
            return ball
        middle = mpf_shift(mpf_add(ball.lo, ball.hi, ball.prec, DOWN), -1)
        return Interval(middle, middle, ball.prec)

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


def _below(value: Fraction, precision: int) -> Mpf:
    """Return the largest `precision`-bit number that is at most `value`."""
    p, q = value.numerator, value.denominator
    shift = precision + 2 - p.bit_length() + q.bit_length()
    quotient = (p << shift) // q if shift >= 0 else p // (q << -shift)
    # floor(floor(t) / 2**k) = floor(t / 2**k): rounding down twice is rounding down once.
    return bound(quotient, -shift, precision, False)


def _above(value: Fraction, precision: int) -> Mpf:
    p, q = value.numerator, value.denominator
    shift = precision + 2 - p.bit_length() + q.bit_length()
    quotient = -((-p << shift) // q) if shift >= 0 else -(-p // (q << -shift))
    return bound(quotient, -shift, precision, True)


def _fraction(x: Mpf, up: bool) -> Fraction:
    man = functions.signed(x)
    if x[2] >= -2 * SIZE_LIMIT:
        return dyadic(man, int(x[2]))
    # Below 2**-SIZE_LIMIT or so: outward to a multiple of 2**-SIZE_LIMIT.
    shift = min(-SIZE_LIMIT - x[2], man.bit_length() + 1)
    return dyadic(-(-man >> shift) if up else man >> shift, -SIZE_LIMIT)
