"""Balls of Arb, through python-flint.

Arb guarantees enclosure for each of its functions (Johansson 2017); what this file adds is the facade's domain rule,
exact conversions, and tighter results on wide balls, where Arb's midpoint-radius formulas overestimate.

FLINT's precision belongs to the process, not to a thread. It decides how tight balls are, so whether a proof succeeds,
and what is published. So a thread that computes at a precision has it to itself: others wait.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from fractions import Fraction
from threading import RLock
from types import TracebackType
from typing import Self

import flint
import numpy as np
from flint import arb, arb_mat, ctx, fmpq

from hallucert.balls.facade import EXP_LIMIT, SIZE_LIMIT, UNDERFLOW_LIMIT, Ball, BallArithmetic, Matrix
from hallucert.clock import look
from hallucert.errors import ArgumentError
from hallucert.exact import dyadic

_lock = RLock()


class FlintPrecision:
    """A context in which FLINT has a precision of some bits that no other thread changes; the one before is restored.

    Contexts nest, also of different precisions.
    """

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self._saved: list[int] = []

    def __enter__(self) -> Self:
        _lock.acquire()
        self._saved.append(ctx.prec)
        ctx.prec = self.bits
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        ctx.prec = self._saved.pop()
        _lock.release()


def _renew_in_child() -> None:
    """Make a lock for a forked process if the old one belongs to a thread that was left behind in the parent."""
    global _lock
    if _lock.acquire(blocking=False):
        _lock.release()
    else:
        _lock = RLock()


os.register_at_fork(after_in_child=_renew_in_child)


_WIDE, _NARROW_BITS = arb(2) ** -6, 8
"""Above this radius, or with fewer accurate bits where it is relative, functions are evaluated at the endpoints."""

_LARGE = 64
"""Where x is at least this large ``x + log(1 + exp(-x))`` loses nothing by naming x twice."""

_NAN = arb.nan()
_ZERO, _ONE = arb(0), arb(1)
_UNDERFLOW = arb(2) ** -UNDERFLOW_LIMIT
"""Above ``exp(x)`` for every x below ``-UNDERFLOW_LIMIT``, as e > 2."""
_SURELY_FINITE = arb(2) ** (SIZE_LIMIT // 2)
_SMALL_PRODUCT = 8
"""Up to this number of multiplications plain loops beat the conversion to ``arb_mat`` and back."""
_ENTRIES, _TERMS = 2**19, 2**26
"""Entries converted, and products of two entries, between two looks at the clock."""


class ArbArithmetic(FlintPrecision, BallArithmetic):
    """`BallArithmetic` whose values are ``flint.arb``."""

    name = "arb"
    version = f"python-flint {flint.__version__}"

    def __init__(self, precision: int) -> None:
        FlintPrecision.__init__(self, precision)
        BallArithmetic.__init__(self, precision)

    def _constant(self, value: Fraction) -> Ball:
        with self:
            return arb(fmpq(*value.as_integer_ratio()))

    def from_float(self, value: float) -> Ball:
        """Return the ball of radius 0 at a finite double; Arb converts doubles exactly at any precision."""
        return arb(value)

    def interval(self, lower: Fraction, upper: Fraction) -> Ball:
        if lower > upper:
            raise ArgumentError("lower", lower, f"be at most upper ({upper})")
        with self:
            low, high = arb(fmpq(*lower.as_integer_ratio())), arb(fmpq(*upper.as_integer_ratio()))
            return low.union(high)

    def indeterminate(self) -> Ball:
        return _NAN

    def pi(self) -> Ball:
        return arb.pi()

    def exp(self, x: Ball) -> Ball:
        if not (x <= EXP_LIMIT and self.is_finite(x)):
            return _NAN
        if x >= -UNDERFLOW_LIMIT and not x.rad() > _WIDE:
            return x.exp()
        low, high = x.lower(), x.upper()
        least = low.exp() if low >= -UNDERFLOW_LIMIT else _ZERO
        return least.union(high.exp() if high >= -UNDERFLOW_LIMIT else _UNDERFLOW)

    def log(self, x: Ball) -> Ball:
        if not self.positive(x):
            return _NAN
        return _increasing(x, arb.log) if _is_wide(x) else x.log()

    def sqrt(self, x: Ball) -> Ball:
        if not self.positive(x):
            return _NAN
        return _increasing(x, arb.sqrt) if _is_wide(x) else x.sqrt()

    def sin(self, x: Ball) -> Ball:
        return x.sin() if self.is_finite(x) else _NAN

    def cos(self, x: Ball) -> Ball:
        return x.cos() if self.is_finite(x) else _NAN

    def tanh(self, x: Ball) -> Ball:
        if not self.is_finite(x):
            return _NAN
        return x.lower().tanh().union(x.upper().tanh()) if x.rad() > _WIDE else x.tanh()

    def erf(self, x: Ball) -> Ball:
        if not self.is_finite(x):
            return _NAN
        return x.lower().erf().union(x.upper().erf()) if x.rad() > _WIDE else x.erf()

    def softplus(self, x: Ball) -> Ball:
        if not self.is_finite(x):
            return _NAN
        return softplus(x.lower()).union(softplus(x.upper())) if x.rad() > _WIDE else softplus(x)

    def power(self, x: Ball, exponent: int) -> Ball:
        if not self.is_finite(x):  # also too large: powers of powers would fill the memory with digits of exponents
            return _NAN
        if exponent == 0:
            return _ONE
        if exponent == 1:
            return x
        if exponent < 0 and not (x > 0 or x < 0):
            return _NAN
        if not _is_wide(x):
            return x**exponent
        low, high = x.lower(), x.upper()
        if exponent % 2 or low > 0 or high < 0:
            # Monotone on each side of 0: the values at the ends bound it (rounded ends that reach 0 give NaN).
            return (low**exponent).union(high**exponent)
        # An even power of a ball around 0 runs from 0 to the power of the larger end.
        return _ZERO.union(x.abs_upper() ** exponent)

    def endpoints(self, ball: Ball) -> tuple[Fraction, Fraction]:
        middle, half, exponent = _parts(ball)
        return dyadic(middle - half, exponent), dyadic(middle + half, exponent)

    def midpoint(self, ball: Ball) -> Fraction:
        middle, _, exponent = _parts(ball)
        return dyadic(middle, exponent)

    def magnitude(self, ball: Ball) -> Fraction:
        middle, half, exponent = _parts(ball)
        return dyadic(abs(middle) + half, exponent)

    def is_finite(self, ball: Ball) -> bool:
        if abs(ball) < _SURELY_FINITE:  # the answer for all but astronomical balls (never for NaN), in one comparison
            return True
        if not ball.is_finite():
            return False
        return _top(ball.mid().man_exp()) < SIZE_LIMIT and _top(ball.rad().man_exp()) < SIZE_LIMIT

    def approximate(self, ball: Ball) -> float:
        return float(ball) if self.is_finite(ball) else float("nan")

    def width(self, ball: Ball) -> float:
        return 2.0 * float(ball.rad())

    def approximations(self, rows: Sequence[Sequence[Ball]]) -> np.ndarray:
        # Doubles end far below `_SURELY_FINITE`: whatever is not below it has none.
        return np.array([[float(ball) if abs(ball) < _SURELY_FINITE else math.nan for ball in row] for row in rows])

    def positive(self, ball: Ball) -> bool:
        return bool(ball > 0) and self.is_finite(ball)

    def negative(self, ball: Ball) -> bool:
        return bool(ball < 0) and self.is_finite(ball)

    def absolute_sum(self, balls: Sequence[Ball]) -> Fraction:
        return self.largest_absolute_sum([balls])

    def largest_absolute_sum(self, rows: Sequence[Sequence[Ball]]) -> Fraction:
        with self:
            largest = _ZERO
            for row in rows:
                largest = largest.max(sum(map(arb.abs_upper, row), _ZERO))
        return self.magnitude(largest)

    def all_finite(self, rows: Sequence[Sequence[Ball]]) -> bool:
        return all(abs(ball) < _SURELY_FINITE or self.is_finite(ball) for row in rows for ball in row)

    def centre(self, ball: Ball) -> Ball:
        return ball.mid()

    def radius(self, ball: Ball) -> Ball:
        """Return the radius, exactly; indeterminate if `ball` is."""
        return ball.rad() if ball.is_finite() else _NAN

    def intersection(self, a: Ball, b: Ball) -> Ball | None:
        if not self.is_finite(a):
            return b
        if not self.is_finite(b):
            return a
        with self:
            return a.intersection(b) if a.overlaps(b) else None

    def matrix_product(self, a: Sequence[Sequence[Ball]], b: Sequence[Sequence[Ball]]) -> Matrix:
        look()
        with self:
            if len(a) * len(b) * len(b[0]) <= _SMALL_PRODUCT:
                columns = list(zip(*b, strict=True))
                return [[self.dot(row, column) for column in columns] for row in a]
            rows = max(len(b[0]), _ENTRIES // (len(b) + len(b[0])))
            if len(a) <= rows:
                return _product(a, b)
            parts = (_product(a[first : first + rows], b) for first in range(0, len(a), rows))
            return [row for part in parts for row in part]


def _product(a: Sequence[Sequence[Ball]], b: Sequence[Sequence[Ball]]) -> Matrix:
    """Multiply two matrices, cut along the sums, so that nothing is converted or multiplied twice."""
    length = max(_TERMS // (len(a) * len(b[0])), 16)
    if len(b) <= length:
        total = arb_mat(a) * arb_mat(b)
    else:
        total = arb_mat(len(a), len(b[0]))
        for first in range(0, len(b), length):
            look()
            total += arb_mat([row[first : first + length] for row in a]) * arb_mat(b[first : first + length])
    rows: Matrix = total.tolist()
    return rows


def softplus(x: Ball) -> Ball:
    """Enclose ``log(1 + exp(x))``, which is ``x + log(1 + exp(-x))``: no exponential is large."""
    return x.exp().log1p() if x < _LARGE else x + (-x).exp().log1p()


def _is_wide(x: Ball) -> bool:
    return bool(x.rel_accuracy_bits() < _NARROW_BITS)


def _increasing(x: Ball, function: Callable[[Ball], Ball]) -> Ball:
    """Enclose an increasing function on ``x > 0`` by its values at the ends, if the rounded lower end is positive."""
    low = x.lower()
    return function(low).union(function(x.upper())) if low > 0 else function(x)


def _top(number: tuple[int, int]) -> int:
    """Return e with ``|number| < 2**e``."""
    return int(number[0]).bit_length() + int(number[1])


def _parts(ball: Ball) -> tuple[int, int, int]:
    """Return m, r and e, of limited size, with ``2**e m`` the midpoint and ``2**e r`` the radius.

    What lies below ``2**-SIZE_LIMIT`` is moved from the midpoint into the radius, and the radius is rounded up.
    """
    if not ball.is_finite():
        raise ArgumentError("ball", "<an indeterminate ball>", "be finite")
    middle, exponent = map(int, ball.mid().man_exp())
    half, half_exponent = map(int, ball.rad().man_exp())
    if max(middle.bit_length() + exponent, half.bit_length() + half_exponent) >= SIZE_LIMIT:
        raise ArgumentError("ball", "<a ball beyond 2**SIZE_LIMIT>", "be finite")
    common = min(exponent, half_exponent)
    if common >= -2 * SIZE_LIMIT:
        return middle << (exponent - common), half << (half_exponent - common), common
    floor = -SIZE_LIMIT
    reach = -_scaled(-half, half_exponent, floor)
    low, high = _scaled(middle, exponent, floor) - reach, reach - _scaled(-middle, exponent, floor)
    low, high = (max(low, 0) if ball >= 0 else low), (min(high, 0) if ball <= 0 else high)
    return low + high, high - low, floor - 1


def _scaled(mantissa: int, exponent: int, floor: int) -> int:
    """Return ``mantissa * 2**(exponent - floor)`` rounded down."""
    shift = exponent - floor
    return mantissa << shift if shift >= 0 else mantissa >> min(-shift, mantissa.bit_length() + 1)
