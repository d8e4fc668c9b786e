"""The arithmetic of `FloatLanes` with compiled operations: the same doubles, without numpy's passes over them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from hallucert.balls.ball_lanes import Boxes
from hallucert.balls.lanes import FloatLanes, Lanes
from hallucert.exact import float_above, float_below
from hallucert.objectives.machine import intervals


class CompiledLanes(Lanes):
    """Intervals as in `Lanes`, whose rows lie one after the other in memory."""

    __slots__ = ()

    def __neg__(self) -> Lanes:
        return _of(np.ascontiguousarray(self.rows[::-1]))

    def __add__(self, other: Lanes) -> Lanes:
        return _of(intervals.add(self.rows, other.rows))

    def __sub__(self, other: Lanes) -> Lanes:
        return _of(intervals.subtract(self.rows, other.rows))

    def __mul__(self, other: Lanes) -> Lanes:
        return _of(intervals.multiply(self.rows, other.rows))

    def __truediv__(self, other: Lanes) -> Lanes:
        return _of(intervals.divide(self.rows, other.rows))


_of = CompiledLanes.of


def _copied(x: Lanes) -> Lanes:
    """Return intervals that numpy computed, with their rows one after the other."""
    return _of(np.ascontiguousarray(x.rows))


def _copying(name: str) -> Any:
    """Return a function of `FloatLanes` whose results are copied."""
    function = getattr(FloatLanes, name)
    return lambda self, x: _copied(function(self, x))


def _stacked(values: Sequence[Lanes], count: int) -> np.ndarray:
    """Return n intervals in so many lanes as one array (n, 2, count)."""
    result = np.empty((len(values), 2, count))
    for rows, value in zip(result, values, strict=True):
        rows[:] = value.rows
    return result


@lru_cache(maxsize=10_000)
def _constant(numerator: int, denominator: int) -> CompiledLanes:
    value = Fraction(numerator, denominator)
    return CompiledLanes(float_below(value), float_above(value))


class CompiledFloatLanes(FloatLanes):
    """The arithmetic of `CompiledLanes`; what `FloatLanes` asks of Arb or seldom does it does here, too."""

    def box(self, lo: np.ndarray, hi: np.ndarray) -> CompiledLanes:
        return CompiledLanes(lo, hi)

    def picked(self, x: Lanes, which: np.ndarray) -> Lanes:
        return x if x.rows.shape[1] == 1 else _of(x.rows.take(which, axis=1))

    def ends(self, x: Lanes) -> tuple[np.ndarray, np.ndarray]:
        low, high = intervals.ends(x.rows)
        return low, high

    def nonzero(self, x: Lanes) -> np.ndarray:
        result: np.ndarray = intervals.nonzero(x.rows)
        return result

    def permuted(self, values: Sequence[Lanes], order: np.ndarray) -> list[Lanes]:
        return list(map(_of, intervals.permuted(_stacked(values, order.shape[1]), np.ascontiguousarray(order))))

    def negated(self, x: Lanes, where: np.ndarray) -> Lanes:
        return _copied(super().negated(x, where))

    def constant(self, value: Fraction) -> Lanes:
        return _constant(value.numerator, value.denominator)

    def pi(self) -> Lanes:
        return _copied(super().pi())

    def power(self, x: Lanes, exponent: int) -> Lanes:
        if exponent < 2:
            return _copied(super().power(x, exponent))
        return _of(intervals.power(x.rows, exponent))

    def sqrt(self, x: Lanes) -> Lanes:
        return _of(intervals.root(x.rows))

    exp, log, tanh, erf, softplus, cos, sin = map(_copying, ("exp", "log", "tanh", "erf", "softplus", "cos", "sin"))

    def krawczyk(
        self, boxes: Boxes, inverse: np.ndarray, low: np.ndarray, high: np.ndarray, value: Sequence[Lanes]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the ends of what `branch_and_prune.operator` encloses."""
        at_middle = _stacked(value, len(boxes))
        below, above = intervals.krawczyk(boxes.middle, inverse, low, high, at_middle, boxes.lo, boxes.hi)
        return below, above
