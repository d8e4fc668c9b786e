"""The facade: what every rigorous arithmetic offers, and the factory that makes one.

A *ball* is a value of the backend (``flint.arb``, or our `Interval` with ends in integers) that stands for a set of
real numbers. Whatever numbers the operands stand for, the result of an operation contains the exact result. Each
question has one answer:

===========================  ==========================================================================================
question                     answer
===========================  ==========================================================================================
rounding                     outward, always; the precision decides how tight a ball is, never whether it is true
NaN, outside the domain      an *indeterminate* ball. Division by a ball that contains 0, negative powers of one,
                             ``log``, ``sqrt``, ``real_power`` of a ball that is not certainly positive. It is sticky:
                             ``0 * indeterminate`` and ``tanh(indeterminate)`` are indeterminate
infinities, overflow         no ball stands for an infinity. A ball that reaches ``2**SIZE_LIMIT`` is treated as
                             indeterminate by every function and predicate, and so is ``exp`` above ``EXP_LIMIT``
underflow                    encloses. ``exp(x)`` keeps its sign as far down as ``x = -UNDERFLOW_LIMIT``, and what is
                             below lies between 0 and ``2**-UNDERFLOW_LIMIT``: no longer certainly positive
empty intervals              do not exist; `intersection` answers None
reversed intervals           ``interval(lo, hi)`` with ``lo > hi`` raises `ArgumentError`
comparison, overlapping      predicates answer True only if the claim holds for *every* point of the ball; overlapping
                             or indeterminate balls: False. Comparison operators are not part of the facade
endpoints                    `lower` and `upper` are dyadic; numbers below ``2**-SIZE_LIMIT`` are rounded outward to
                             0 or to that size; an indeterminate ball has none: `ArgumentError`
===========================  ==========================================================================================
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from types import TracebackType
from typing import Any, Self

import numpy as np

from hallucert.errors import ArgumentError

Ball = Any
"""A value of the arithmetic in use: ``flint.arb`` or `hallucert.balls.mpmath.interval.Interval`."""

Matrix = list[list[Ball]]
"""A matrix of balls, as the list of its rows."""

SIZE_LIMIT = 2**16
"""Numbers of size ``2**SIZE_LIMIT`` or more are not told from infinity: exact arithmetic with them takes too long."""

EXP_LIMIT = 2**15
"""``exp(x)`` is indeterminate where ``x`` may exceed this; ``exp(EXP_LIMIT) < 2**SIZE_LIMIT``."""

UNDERFLOW_LIMIT = 2**60
"""``exp(x)`` is enclosed by ``[0, 2**-UNDERFLOW_LIMIT]`` below ``-UNDERFLOW_LIMIT``; small enough that the exponents of
numbers that are not yet 0 stay machine words."""


class BallArithmetic(ABC):
    """A rigorous arithmetic at one working precision; make one with `arithmetic`.

    Used as a context manager it sets the precision for the operators of its values (Arb's precision belongs to the
    process, so that threads wait for each other; mpmath's travels with the values). Blocks nest. Outside of a block
    results are still true.

    Attributes
    ----------
    name : str
        ``"arb"`` or ``"mpmath"``.
    precision : int
        Working precision in bits.
    version : str
        The library behind it, for the certificate.
    """

    name: str
    precision: int
    version: str

    def __init__(self, precision: int) -> None:
        self.precision = precision
        self.constant = lru_cache(maxsize=20_000)(self._constant)  # type: ignore[method-assign]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None

    def __repr__(self) -> str:
        return f"<{self.name} at {self.precision} bits, {self.version}>"

    def constant(self, value: Fraction) -> Ball:
        """Return a ball that contains `value`."""
        return self._constant(value)

    @abstractmethod
    def _constant(self, value: Fraction) -> Ball:
        """Make the ball of `constant`, which each instance keeps."""

    def from_float(self, value: float) -> Ball:
        """Return a ball that contains a finite double, taken as the dyadic number it is."""
        return self.constant(Fraction(value))

    @abstractmethod
    def interval(self, lower: Fraction, upper: Fraction) -> Ball:
        """Return a ball that contains every number from `lower` to `upper`."""

    @abstractmethod
    def indeterminate(self) -> Ball:
        """Return the ball about which nothing is known."""

    @abstractmethod
    def pi(self) -> Ball:
        """Return a ball that contains pi."""

    @abstractmethod
    def exp(self, x: Ball) -> Ball:
        """Enclose ``exp(x)``; indeterminate where x may exceed `EXP_LIMIT`, from 0 on below ``-UNDERFLOW_LIMIT``."""

    @abstractmethod
    def log(self, x: Ball) -> Ball:
        """Enclose ``log(x)``; indeterminate unless certainly ``x > 0``."""

    @abstractmethod
    def sqrt(self, x: Ball) -> Ball:
        """Enclose ``sqrt(x)``; indeterminate unless certainly ``x > 0``."""

    @abstractmethod
    def sin(self, x: Ball) -> Ball:
        """Enclose ``sin(x)``."""

    @abstractmethod
    def cos(self, x: Ball) -> Ball:
        """Enclose ``cos(x)``."""

    @abstractmethod
    def tanh(self, x: Ball) -> Ball:
        """Enclose ``tanh(x)``."""

    @abstractmethod
    def erf(self, x: Ball) -> Ball:
        """Enclose the error function, ``2/sqrt(pi)`` times the integral of ``exp(-t**2)`` from 0 to x."""

    @abstractmethod
    def softplus(self, x: Ball) -> Ball:
        """Enclose ``log(1 + exp(x))``; nothing overflows."""

    @abstractmethod
    def power(self, x: Ball, exponent: int) -> Ball:
        """Enclose ``x**exponent``; ``x**0`` is 1, a negative power of a ball that contains 0 is indeterminate."""

    def real_power(self, x: Ball, exponent: Fraction) -> Ball:
        """Enclose ``x**exponent``; indeterminate unless certainly ``x > 0``."""
        if not self.positive(x):
            return self.indeterminate()
        if exponent.denominator == 1:
            return self.power(x, exponent.numerator)
        if exponent.denominator == 2:
            return self.power(self.sqrt(x), exponent.numerator)
        return self.power_by_logarithm(x, exponent)

    def power_by_logarithm(self, x: Ball, exponent: Fraction) -> Ball:
        """Enclose ``exp(exponent log x)`` for a positive ball."""
        return self.exp(self.log(x) * self.constant(exponent))

    @abstractmethod
    def endpoints(self, ball: Ball) -> tuple[Fraction, Fraction]:
        """Return dyadic ``(lower, upper)`` around every point of `ball`; `ArgumentError` if it is indeterminate."""

    @abstractmethod
    def is_finite(self, ball: Ball) -> bool:
        """Tell whether `ball` is a bounded set of real numbers (of size below ``2**SIZE_LIMIT``)."""

    @abstractmethod
    def approximate(self, ball: Ball) -> float:
        """Return a double near the midpoint, NaN if indeterminate. Not rigorous: for proposals only."""

    @abstractmethod
    def width(self, ball: Ball) -> float:
        """Return about how wide a ball is, infinite or NaN if indeterminate. Not rigorous: to tell what is worth it."""

    def approximations(self, rows: Sequence[Sequence[Ball]]) -> np.ndarray:
        """Return `approximate` of every ball of a matrix: doubles near the midpoints, for proposals only."""
        return np.array([[self.approximate(ball) for ball in row] for row in rows])

    @abstractmethod
    def positive(self, ball: Ball) -> bool:
        """Tell whether every point of `ball` is certainly > 0."""

    @abstractmethod
    def negative(self, ball: Ball) -> bool:
        """Tell whether every point of `ball` is certainly < 0."""

    @abstractmethod
    def matrix_product(self, a: Sequence[Sequence[Ball]], b: Sequence[Sequence[Ball]]) -> Matrix:
        """Enclose the product of two matrices."""

    @abstractmethod
    def absolute_sum(self, balls: Sequence[Ball]) -> Fraction:
        """Return an upper bound of the sum of ``|x|``; `ArgumentError` if a ball is indeterminate."""

    def largest_absolute_sum(self, rows: Sequence[Sequence[Ball]]) -> Fraction:
        """Return an upper bound of the largest `absolute_sum` of a row, the maximum norm of a matrix."""
        return max(self.absolute_sum(row) for row in rows)

    @abstractmethod
    def centre(self, ball: Ball) -> Ball:
        """Return a ball of radius 0 in a finite ball, near its middle; any ball for an indeterminate one."""

    def radius(self, ball: Ball) -> Ball:
        """Return a ball whose upper end bounds ``|x - centre|`` for every x of `ball`; indeterminate if `ball` is."""
        return ball - self.centre(ball)

    def all_finite(self, rows: Sequence[Sequence[Ball]]) -> bool:
        """Tell whether every ball of a matrix is finite."""
        return all(self.is_finite(ball) for row in rows for ball in row)

    def dot(self, x: Sequence[Ball], y: Sequence[Ball]) -> Ball:
        """Enclose the inner product of two vectors of the same positive length."""
        if len(x) != len(y) or not x:
            raise ArgumentError("y", f"<{len(y)} values>", f"have as many values as x ({len(x)}), at least one")
        return sum_of_products(x, y)

    def lower(self, ball: Ball) -> Fraction:
        """Return a dyadic number that no point of `ball` is below."""
        return self.endpoints(ball)[0]

    def upper(self, ball: Ball) -> Fraction:
        """Return a dyadic number that no point of `ball` is above."""
        return self.endpoints(ball)[1]

    def midpoint(self, ball: Ball) -> Fraction:
        """Return the exact middle of the two endpoints."""
        lower, upper = self.endpoints(ball)
        return (lower + upper) / 2

    def magnitude(self, ball: Ball) -> Fraction:
        """Return an upper bound of ``|x|`` over the ball."""
        lower, upper = self.endpoints(ball)
        return max(-lower, upper)

    def nonzero(self, ball: Ball) -> bool:
        """Tell whether certainly no point of `ball` is 0."""
        return self.positive(ball) or self.negative(ball)

    def within(self, ball: Ball, lower: Fraction, upper: Fraction) -> bool:
        """Tell whether certainly every point of `ball` lies in the exact interval ``[lower, upper]``."""
        if not self.is_finite(ball):
            return False
        low, high = self.endpoints(ball)
        return lower <= low and high <= upper

    def hull(self, a: Ball, b: Ball) -> Ball:
        """Return a ball around both; indeterminate if one of them is."""
        if not (self.is_finite(a) and self.is_finite(b)):
            return self.indeterminate()
        (low, high), (other_low, other_high) = self.endpoints(a), self.endpoints(b)
        return self.interval(min(low, other_low), max(high, other_high))

    def intersection(self, a: Ball, b: Ball) -> Ball | None:
        """Return a ball around the common points, or None if certainly there is none.

        An indeterminate ball restricts nothing: the answer is the other one.
        """
        if not self.is_finite(a):
            return b
        if not self.is_finite(b):
            return a
        (low, high), (other_low, other_high) = self.endpoints(a), self.endpoints(b)
        low, high = max(low, other_low), min(high, other_high)
        return self.interval(low, high) if low <= high else None


def sum_of_products(a: Sequence[Ball], b: Sequence[Ball]) -> Ball:
    """Return the inner product of two vectors of at least one entry, in the operators of their entries."""
    total = a[0] * b[0]
    for x, y in zip(a[1:], b[1:], strict=True):
        total = total + x * y
    return total
