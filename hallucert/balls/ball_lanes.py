"""Balls in lanes: the interface of `FloatLanes`, with balls of Arb or of our intervals in every lane.

Slower than doubles, but another arithmetic: a search over lanes can be run again in it, to check it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, Self

import numpy as np

from hallucert.balls import arithmetic
from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.balls.lanes import FloatLanes
from hallucert.clock import look
from hallucert.errors import ArgumentError
from hallucert.exact import float_above, float_below


class BallList:
    """A ball in every lane; a list of length 1 stands for the same ball in every lane."""

    __slots__ = ("balls",)

    def __init__(self, balls: list[Ball]) -> None:
        self.balls = balls

    def _with(self, other: BallList, operation: Callable[[Ball, Ball], Ball]) -> BallList:
        look()
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


class LaneArithmetic(Protocol):
    """An arithmetic of lanes; constants and functions as of balls."""

    name: str
    precision: int

    def __enter__(self) -> Self: ...
    def __exit__(self, *error: object) -> None: ...
    def box(self, lo: np.ndarray, hi: np.ndarray) -> Ball:
        """Return balls around the intervals with these ends."""

    def picked(self, x: Ball, which: np.ndarray) -> Ball:
        """Return some of the lanes, by a mask or by their numbers."""

    def ends(self, x: Ball) -> tuple[np.ndarray, np.ndarray]:
        """Return lower and upper ends rounded outward, infinite where indeterminate."""

    def constant(self, value: Fraction) -> Ball: ...
    def pi(self) -> Ball: ...
    def power(self, x: Ball, exponent: int) -> Ball: ...
    def real_power(self, x: Ball, exponent: Fraction) -> Ball: ...
    def exp(self, x: Ball) -> Ball: ...
    def log(self, x: Ball) -> Ball: ...
    def sqrt(self, x: Ball) -> Ball: ...
    def sin(self, x: Ball) -> Ball: ...
    def cos(self, x: Ball) -> Ball: ...
    def tanh(self, x: Ball) -> Ball: ...
    def erf(self, x: Ball) -> Ball: ...
    def softplus(self, x: Ball) -> Ball: ...


class SearchLanes(LaneArithmetic, Protocol):
    """What searches need of lanes besides: `FloatLanes` and `BallLanes` have it."""

    def permuted(self, values: Sequence[Ball], order: np.ndarray) -> Sequence[Ball]:
        """Return m values for `order` (m, k): lane k of number i is that of the value ``order[i, k]``."""

    def lower(self, x: Ball) -> np.ndarray:
        """Return lower ends rounded down, ``-inf`` where indeterminate."""

    def upper(self, x: Ball) -> np.ndarray:
        """Return upper ends rounded up, ``inf`` where indeterminate."""

    def nonzero(self, x: Ball) -> np.ndarray:
        """Tell in which lanes certainly no number is 0."""

    def outside(self, x: Ball, low: float, high: float) -> np.ndarray:
        """Tell in which lanes certainly no number is in ``[low, high]``."""

    def negated(self, x: Ball, where: np.ndarray) -> Ball:
        """Change the signs in some lanes."""


def _lane_by_lane(name: str) -> Callable[[BallLanes, BallList], BallList]:
    """Return an elementary function of the balls as one of lanes."""

    def function(self: BallLanes, x: BallList) -> BallList:
        own = getattr(self.ar, name)
        return BallList([own(v) for v in x.balls])

    return function


class BallLanes:
    """Lanes of balls over one of the arithmetics of `hallucert.balls.arithmetic`; see `SearchLanes`."""

    def __init__(self, ar: BallArithmetic) -> None:
        self.ar = ar
        self.name, self.precision = ar.name, ar.precision

    def __enter__(self) -> Self:
        self.ar.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.ar.__exit__(None, None, None)

    def box(self, lo: np.ndarray, hi: np.ndarray) -> BallList:
        pairs = zip(np.atleast_1d(lo).tolist(), np.atleast_1d(hi).tolist(), strict=True)
        return BallList([self.ar.interval(Fraction(a), Fraction(b)) for a, b in pairs])

    def picked(self, x: BallList, which: np.ndarray) -> BallList:
        if len(x.balls) == 1:
            return x
        return BallList([x.balls[i] for i in np.arange(len(x.balls))[which].tolist()])

    def permuted(self, values: Sequence[BallList], order: np.ndarray) -> list[BallList]:
        lists = [value.balls * order.shape[1] if len(value.balls) == 1 else value.balls for value in values]
        return [BallList([lists[j][k] for k, j in enumerate(row)]) for row in order.tolist()]

    def ends(self, x: BallList) -> tuple[np.ndarray, np.ndarray]:
        return self.lower(x), self.upper(x)

    def lower(self, x: BallList) -> np.ndarray:
        ar = self.ar
        return np.array([float_below(ar.lower(v)) if ar.is_finite(v) else -math.inf for v in x.balls])

    def upper(self, x: BallList) -> np.ndarray:
        ar = self.ar
        return np.array([float_above(ar.upper(v)) if ar.is_finite(v) else math.inf for v in x.balls])

    def nonzero(self, x: BallList) -> np.ndarray:
        return np.array([self.ar.nonzero(v) for v in x.balls])

    def outside(self, x: BallList, low: float, high: float) -> np.ndarray:
        return (self.lower(x) > high) | (self.upper(x) < low)

    def negated(self, x: BallList, where: np.ndarray) -> BallList:
        balls = x.balls * len(where) if len(x.balls) == 1 else x.balls
        return BallList([-v if flip else v for v, flip in zip(balls, where.tolist(), strict=True)])

    def constant(self, value: Fraction) -> BallList:
        return BallList([self.ar.constant(value)])

    def pi(self) -> BallList:
        return BallList([self.ar.pi()])

    def power(self, x: BallList, exponent: int) -> BallList:
        return BallList([self.ar.power(v, exponent) for v in x.balls])

    def real_power(self, x: BallList, exponent: Fraction) -> BallList:
        return BallList([self.ar.real_power(v, exponent) for v in x.balls])

    exp, log, sqrt, sin, cos, tanh, erf, softplus = map(
        _lane_by_lane, ("exp", "log", "sqrt", "sin", "cos", "tanh", "erf", "softplus")
    )


LANE_BACKENDS = ("float", "arb", "mpmath")


def lane_arithmetic(backend: str, precision: int = 64) -> SearchLanes:
    """Return the arithmetic of a search over lanes: ``"float"``, or ``"arb"`` or ``"mpmath"`` at `precision` bits."""
    if not isinstance(backend, str) or backend not in LANE_BACKENDS:
        raise ArgumentError("backend", backend, 'be "float", "arb" or "mpmath"')
    return FloatLanes() if backend == "float" else BallLanes(arithmetic(backend, precision))


@dataclass(frozen=True)
class Boxes:
    """Boxes of ``n`` unknowns, with exact ends (k, n), each of the system (such as a target) with the number `tag`."""

    tag: np.ndarray
    lo: np.ndarray
    hi: np.ndarray

    def __len__(self) -> int:
        return len(self.tag)

    def __getitem__(self, which: np.ndarray | slice) -> Boxes:
        return Boxes(self.tag[which], self.lo[which], self.hi[which])

    @property
    def width(self) -> np.ndarray:
        """Largest side of each box; 0 without unknowns."""
        result: np.ndarray = (self.hi - self.lo).max(axis=1, initial=0.0)
        return result

    @property
    def middle(self) -> np.ndarray:
        """Points of the boxes near their middles, shape (k, n)."""
        result: np.ndarray = np.minimum(np.maximum(self.lo + (self.hi - self.lo) / 2, self.lo), self.hi)
        return result

    def lanes(self, arithmetic: LaneArithmetic) -> list[Ball]:
        """Return the boxes in an arithmetic of lanes, one value for each of the n unknowns."""
        return [arithmetic.box(self.lo[:, j], self.hi[:, j]) for j in range(self.lo.shape[1])]

    @staticmethod
    def join(parts: Sequence[Boxes]) -> Boxes:
        """Put boxes one after the other."""
        return Boxes(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("tag", "lo", "hi")))

    def halves(self) -> Boxes:
        """Split every box across its longest side; the halves share a face, exactly."""
        if not len(self):
            return self
        axis, rows = (self.hi - self.lo).argmax(axis=1), np.arange(len(self))
        cut = self.middle[rows, axis]
        first, second = self.hi.copy(), self.lo.copy()
        first[rows, axis], second[rows, axis] = cut, cut
        return Boxes.join([Boxes(self.tag, self.lo, first), Boxes(self.tag, second, self.hi)])


def ends(lanes: LaneArithmetic, x: Ball, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return lower and upper ends, each of shape (count,)."""
    low, high = lanes.ends(x)
    return (low, high) if len(low) == count else (np.broadcast_to(low, count), np.broadcast_to(high, count))
