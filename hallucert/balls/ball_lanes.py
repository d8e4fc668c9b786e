"""Balls in lanes: the interface of `FloatLanes`, with balls of Arb or of our intervals in every lane.

Slower than doubles, but another arithmetic: a search over lanes can be run again in it, to check it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Self

import numpy as np

from hallucert.balls.facade import BallArithmetic, arithmetic
from hallucert.balls.lanes import FloatLanes
from hallucert.errors import ArgumentError
from hallucert.exact import float_above, float_below


class BallList:
    """A ball in every lane; a list of length 1 stands for the same ball in every lane."""

    __slots__ = ("balls",)

    def __init__(self, balls: list[Any]) -> None:
        self.balls = balls

    def _with(self, other: BallList, operation: Callable[[Any, Any], Any]) -> BallList:
        a, b = self.balls, other.balls
        if len(a) == len(b):
            return BallList([operation(x, y) for x, y in zip(a, b, strict=True)])
        return BallList([operation(x, b[0]) for x in a] if len(b) == 1 else [operation(a[0], y) for y in b])

    def __neg__(self) -> BallList:
        return BallList([-x for x in self.balls])

    def __add__(self, other: BallList) -> BallList:
        return self._with(other, lambda x, y: x + y)

    def __sub__(self, other: BallList) -> BallList:
        return self._with(other, lambda x, y: x - y)

    def __mul__(self, other: BallList) -> BallList:
        return self._with(other, lambda x, y: x * y)

    def __truediv__(self, other: BallList) -> BallList:
        return self._with(other, lambda x, y: x / y)


class BallLanes:
    """Lanes of balls over one of the arithmetics of `hallucert.balls.arithmetic`.

    Parameters
    ----------
    ar : BallArithmetic
        The arithmetic of every lane.
    """

    def __init__(self, ar: BallArithmetic) -> None:
        self.ar = ar
        self.name, self.precision = ar.name, ar.precision

    def __enter__(self) -> Self:
        self.ar.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.ar.__exit__(*error)

    def box(self, lo: np.ndarray, hi: np.ndarray) -> BallList:
        """Return balls around the intervals with these ends."""
        pairs = zip(np.atleast_1d(lo).tolist(), np.atleast_1d(hi).tolist(), strict=True)
        return BallList([self.ar.interval(Fraction(a), Fraction(b)) for a, b in pairs])

    def lower(self, x: BallList) -> np.ndarray:
        """Return lower ends rounded down, ``-inf`` where indeterminate."""
        ar = self.ar
        return np.array([float_below(ar.lower(v)) if ar.is_finite(v) else -math.inf for v in x.balls])

    def upper(self, x: BallList) -> np.ndarray:
        """Return upper ends rounded up, ``inf`` where indeterminate."""
        ar = self.ar
        return np.array([float_above(ar.upper(v)) if ar.is_finite(v) else math.inf for v in x.balls])

    def constant(self, value: Fraction) -> BallList:
        """Enclose a rational number."""
        return BallList([self.ar.constant(value)])

    def pi(self) -> BallList:
        """Enclose pi."""
        return BallList([self.ar.pi()])

    def power(self, x: BallList, exponent: int) -> BallList:
        """Enclose an integer power."""
        return BallList([self.ar.power(v, exponent) for v in x.balls])

    def real_power(self, x: BallList, exponent: Fraction) -> BallList:
        """Enclose a rational power of positive balls."""
        return BallList([self.ar.real_power(v, exponent) for v in x.balls])

    def __getattr__(self, name: str) -> Callable[[BallList], BallList]:
        """The elementary functions, lane by lane."""
        if name not in ("exp", "log", "sqrt", "sin", "cos", "tanh"):
            raise AttributeError(name)
        function = getattr(self.ar, name)
        return lambda x: BallList([function(v) for v in x.balls])


LaneArithmetic = FloatLanes | BallLanes
LANE_BACKENDS = ("float", "arb", "mpmath")


def lane_arithmetic(backend: str, precision: int = 64) -> LaneArithmetic:
    """Return the arithmetic of a search over lanes: ``"float"``, or ``"arb"`` or ``"mpmath"`` at `precision` bits."""
    if backend not in LANE_BACKENDS:
        raise ArgumentError("backend", backend, 'be "float", "arb" or "mpmath"')
    return FloatLanes() if backend == "float" else BallLanes(arithmetic(backend, precision))
