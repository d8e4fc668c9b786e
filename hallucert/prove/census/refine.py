"""Refining zeros: Newton's method in floats proposes where they are, all at once; balls enclose them one by one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, cast

import numpy as np

from hallucert.arguments import Quiet
from hallucert.balls.ball_lanes import Boxes, LaneArithmetic
from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.balls.krawczyk import approximate_preconditioner, contract, prove_zero
from hallucert.balls.matrix import midpoints
from hallucert.check.census.charts import Local
from hallucert.prove.census.branch_and_prune import Zero, inverses

NEWTON_STEPS = 8
CLOSE = 2.0**-26
"""Newton's method stops when all steps are so small, beside coordinates and 1: the next would be below rounding."""

Values = np.ndarray | np.float64


class FloatPoints(Quiet):
    """Doubles in lanes, arrays of shape (k,), or one double for all: enclosures' formulas, run as plain floats.

    Nothing is rounded outward and nothing is tested: what comes out proposes, and proves nothing.
    """

    exp, log, sqrt = staticmethod(np.exp), staticmethod(np.log), staticmethod(np.sqrt)
    sin, cos, tanh = staticmethod(np.sin), staticmethod(np.cos), staticmethod(np.tanh)
    erf = staticmethod(np.vectorize(math.erf, otypes=[np.float64]))

    def softplus(self, x: Values) -> Values:
        """Return ``log(1 + exp(x))`` without overflow."""
        return np.logaddexp(0.0, x)

    def box(self, lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
        """Return points near the middles of boxes."""
        return lo / 2 + hi / 2

    def permuted(self, values: Sequence[Values], order: np.ndarray) -> list[np.ndarray]:
        """Return m values for `order` (m, k): lane k of number i is that of the value ``order[i, k]``."""
        stacked = np.empty((len(values), order.shape[1]))
        for row, value in zip(stacked, values, strict=True):
            row[:] = value
        return list(stacked[order, np.arange(order.shape[1])])

    def negated(self, x: Values, where: np.ndarray) -> np.ndarray:
        """Change the signs in some lanes."""
        result: np.ndarray = np.where(where, -x, x)
        return result

    def constant(self, value: Fraction) -> np.float64:
        """Return the nearest double, or an infinite one."""
        try:
            return np.float64(value.numerator / value.denominator)
        except OverflowError:
            return np.float64(np.inf if value > 0 else -np.inf)

    def pi(self) -> np.float64:
        """Return the nearest double."""
        return np.float64(np.pi)

    def power(self, x: Values, exponent: int) -> Values:
        """Return an integer power, as products for the small exponents that formulas have."""
        if 1 <= exponent <= 4:
            square = x * x if exponent > 1 else x
            return square if exponent <= 2 else square * (x if exponent == 3 else square)
        return np.power(x, float(exponent))

    def real_power(self, x: Values, exponent: Fraction) -> Values:
        """Return a rational power."""
        return np.power(x, float(exponent))


def float_points() -> LaneArithmetic:
    """Return `FloatPoints` for systems of which nothing but values at points is asked."""
    return cast(LaneArithmetic, FloatPoints())


class Pointwise(Protocol):
    """A system that can be evaluated at points."""

    def at_points(self, points: Boxes) -> tuple[list[Ball], list[list[Ball]]]:
        """Return G and DG at points, boxes without width."""
        ...


@dataclass(frozen=True)
class Guess:
    """Where a zero may be: a point, shape (n,), and a matrix near the inverse of DG there, shape (n, n)."""

    middle: np.ndarray
    inverse: np.ndarray


def guesses(equations: Pointwise, zeros: Sequence[Zero]) -> list[Guess]:
    """Propose a point for each zero: Newton's method for all of them at once, from the middles of their boxes."""
    if not zeros:
        return []
    tags, box = np.array([zero.tag for zero in zeros]), np.array([zero.box for zero in zeros])
    x = box.mean(axis=2)
    residual, slope = np.empty(x.shape), np.empty((*x.shape, x.shape[1]))
    with Quiet():
        for _ in range(NEWTON_STEPS):
            value, jacobian = equations.at_points(Boxes(tags, x, x))
            for i, row in enumerate(jacobian):
                residual[:, i] = value[i]
                for j, entry in enumerate(row):
                    slope[:, i, j] = entry
            slope[~(np.isfinite(slope).all((1, 2)) & np.isfinite(residual).all(1))] = np.nan
            inverse, usable = inverses(slope)
            step = np.where(usable[:, None], (inverse @ residual[..., None])[..., 0], 0.0)
            x = np.clip(x - step, box[..., 0], box[..., 1])
            if (np.abs(step) <= CLOSE * (1.0 + np.abs(x))).all():
                break
    return [Guess(m, c) for m, c in zip(x, inverse, strict=True)]


def shrunk(
    ar: BallArithmetic, at: Callable[[list[Ball]], Local], box: np.ndarray, guess: Guess | None = None
) -> list[Ball]:
    """Enclose, as tightly as `ar` can, the zero that is known to be the only one in a box, shape (n, 2).

    From the guess, or else from the middle, Krawczyk's operator proves a zero in a small box; if that lies in the one
    that is known, its zero is the one in question. Otherwise the operator shrinks the box as far as it goes.
    """
    ends = [(Fraction(low), Fraction(high)) for low, high in box.tolist()]
    middle = box[:, 0] / 2 + box[:, 1] / 2 if guess is None else guess.middle
    centre = [Fraction(v) for v in middle.tolist()]

    def function(x: list[Ball]) -> list[Ball]:
        return at(x).equations

    def jacobian(x: list[Ball]) -> list[list[Ball]]:
        return at(x).jacobian

    inverse = approximate_preconditioner(midpoints(ar, jacobian([ar.constant(c) for c in centre])))
    found = None if inverse is None else prove_zero(ar, function, jacobian, centre, inverse)
    if inverse is not None and found is not None:
        sides = zip(ends, centre, found.radius, strict=True)
        if all(low <= c - r and c + r <= high for (low, high), c, r in sides):
            return contract(ar, function, jacobian, found.box)
    return contract(ar, function, jacobian, [ar.interval(low, high) for low, high in ends])
