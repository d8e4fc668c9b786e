"""The mean value form: enclosures on a box whose excess shrinks with the square of its width.

A `MeanValue` belongs to a function of n variables on a box W with middle w: it holds an enclosure of the function at w,
enclosures of its derivatives on W, and one of its values on W, the better of the plain one and

    value(w) + sum_i derivative_i(W) (W_i - w_i),

which holds every value by the mean value theorem, since boxes are convex. Plain evaluation sees a variable that occurs
twice as two; the derivatives do not. Run a tape, or a formula that is written for balls, in `MeanValueArithmetic`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from hallucert.balls.facade import Ball, BallArithmetic, sum_of_products


class MeanValue:
    """A function on the box of an arithmetic: its `value` on it, value at the `middle`, and `slopes`, n derivatives."""

    __slots__ = ("arithmetic", "middle", "slopes", "value")

    def __init__(
        self, arithmetic: MeanValueArithmetic, value: Ball, middle: Ball, slopes: Sequence[Ball] | None
    ) -> None:
        ar = arithmetic.balls
        self.arithmetic, self.middle, self.slopes = arithmetic, middle, slopes
        if slopes is not None and ar.is_finite(value):
            # Where the plain value is indeterminate the function may be undefined, and nothing else is known either.
            common = ar.intersection(value, middle + ar.dot(slopes, arithmetic.offset))
            value = value if common is None else common
        self.value = value

    def _unary(self, function: Callable[[Ball], Ball], derivative: Callable[[Ball], Ball]) -> MeanValue:
        slopes = self.slopes
        if slopes is not None:
            factor = derivative(self.value)
            slopes = [factor * slope for slope in slopes]
        return MeanValue(self.arithmetic, function(self.value), function(self.middle), slopes)

    def __neg__(self) -> MeanValue:
        slopes = None if self.slopes is None else [-slope for slope in self.slopes]
        return MeanValue(self.arithmetic, -self.value, -self.middle, slopes)

    def __add__(self, other: MeanValue) -> MeanValue:
        slopes = _sum(self.slopes, other.slopes)
        return MeanValue(self.arithmetic, self.value + other.value, self.middle + other.middle, slopes)

    def __sub__(self, other: MeanValue) -> MeanValue:
        return self + -other

    def __mul__(self, other: MeanValue) -> MeanValue:
        slopes = _sum(_scaled(other.value, self.slopes), _scaled(self.value, other.slopes))
        return MeanValue(self.arithmetic, self.value * other.value, self.middle * other.middle, slopes)

    def __truediv__(self, other: MeanValue) -> MeanValue:
        value = self.value / other.value
        above = _sum(self.slopes, _scaled(-value, other.slopes))  # (a/b)' = (a' - (a/b) b')/b
        slopes = None if above is None else [slope / other.value for slope in above]
        return MeanValue(self.arithmetic, value, self.middle / other.middle, slopes)


Slopes = Sequence[Ball] | None
"""Derivatives; None stands for zeros."""


def _scaled(factor: Ball, slopes: Slopes) -> Slopes:
    return None if slopes is None else [factor * slope for slope in slopes]


def _sum(a: Slopes, b: Slopes) -> Slopes:
    if a is None or b is None:
        return a if b is None else b
    return [x + y for x, y in zip(a, b, strict=True)]


_SLOPES: dict[str, Callable[[BallArithmetic, Ball], Ball]] = {
    "exp": lambda ar, v: ar.exp(v),
    "log": lambda ar, v: ar.power(v, -1),
    "sqrt": lambda ar, v: ar.constant(Fraction(1, 2)) / ar.sqrt(v),
    "sin": lambda ar, v: ar.cos(v),
    "cos": lambda ar, v: -ar.sin(v),
    "tanh": lambda ar, v: ar.constant(Fraction(1)) - ar.power(ar.tanh(v), 2),
    "erf": lambda ar, v: ar.constant(Fraction(2)) / ar.sqrt(ar.pi()) * ar.exp(-ar.power(v, 2)),
    "softplus": lambda ar, v: ar.exp(-ar.softplus(-v)),
}
"""The derivatives of the elementary functions, in balls."""


def _elementary(name: str) -> Callable[[MeanValueArithmetic, MeanValue], MeanValue]:
    """Return an elementary function of balls as one of mean value forms."""
    slope = _SLOPES[name]

    def function(self: MeanValueArithmetic, x: MeanValue) -> MeanValue:
        return x._unary(getattr(self.balls, name), lambda v: slope(self.balls, v))

    return function


class MeanValueArithmetic:
    """The arithmetic of `MeanValue` on one box, from that of its `balls`, and ``W - w``, the `offset`.

    It has the part of the interface of balls that tapes and `Point` use.
    """

    lasting = False  # it belongs to one box

    def __init__(self, balls: BallArithmetic, offset: Sequence[Ball]) -> None:
        self.balls, self.offset = balls, list(offset)
        self.name, self.precision = balls.name, balls.precision

    def linear(self, middle: Ball, slopes: Sequence[Ball]) -> MeanValue:
        """Return a function with constant derivatives."""
        return MeanValue(self, middle + self.balls.dot(slopes, self.offset), middle, slopes)

    def number(self, ball: Ball) -> MeanValue:
        """Return a constant function."""
        return MeanValue(self, ball, ball, None)

    def constant(self, value: Fraction) -> MeanValue:
        """Return a constant function with a rational value."""
        return self.number(self.balls.constant(value))

    def pi(self) -> MeanValue:
        """Return the constant function pi."""
        return self.number(self.balls.pi())

    def is_finite(self, x: MeanValue) -> bool:
        """Tell whether the values are certainly bounded."""
        return self.balls.is_finite(x.value)

    def power(self, x: MeanValue, exponent: int) -> MeanValue:
        """Enclose an integer power."""
        ar = self.balls
        if exponent == 0:
            return self.number(ar.power(x.value, 0))
        return x._unary(
            lambda v: ar.power(v, exponent), lambda v: ar.constant(Fraction(exponent)) * ar.power(v, exponent - 1)
        )

    def real_power(self, x: MeanValue, exponent: Fraction) -> MeanValue:
        """Enclose a rational power."""
        ar = self.balls
        return x._unary(
            lambda v: ar.real_power(v, exponent), lambda v: ar.constant(exponent) * ar.real_power(v, exponent - 1)
        )

    exp, log, sqrt, sin, cos, tanh, erf, softplus = map(_elementary, _SLOPES)

    def matrix_product(
        self, a: Sequence[Sequence[MeanValue]], b: Sequence[Sequence[MeanValue]]
    ) -> list[list[MeanValue]]:
        """Enclose the product of two matrices."""
        columns = list(zip(*b, strict=True))
        return [[sum_of_products(row, column) for column in columns] for row in a]
