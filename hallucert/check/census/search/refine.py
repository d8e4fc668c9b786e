"""Refining zeros: floats propose tiny boxes, all at once, and Krawczyk's operator in balls proves what they hold.

Let X be a box with midpoint m, C near the inverse of DG and ``A = I - C [DG(X)]``. If

    K = m - C G(m) + A (X - m)

lies in the interior of X, exactly one zero z lies in X, and it lies in K (Krawczyk, Rump). The mean value theorem holds
on X, with the same A, about the midpoint m' of K too:

    z lies in  m' - C G(m') + A (K - m').

A is about as small as X is wide, so where doubles gave X, each value of G at a point adds the bits of a double.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from hallucert.balls.matrix import float_inverse
from hallucert.check.census.search.branch_and_prune import Boxes, Zero, inverses
from hallucert.check.census.search.float_points import FloatPoints

NEWTON_STEPS = 8
CLOSE = 2.0**-26
"""Newton's method stops when all steps are so small, beside coordinates and 1: the next would be below rounding."""
WIDER, SLIVER, LEAST = 4.0, 2.0**-50, 2.0**-110
"""The radius of X: so many times what is known of the error, that part of m, and that much where m is 0."""
LARGEST_TURN = 2.0**-16
"""Where A is larger, X is not tiny: more Jacobians are due."""
SPARE = 8
"""More bits than those of the balls that the width is to have."""

Ball = Any


class Pointwise(Protocol):
    """A system on `FloatPoints`."""

    lanes: FloatPoints

    def at_points(self, points: Boxes) -> tuple[list[Any], list[list[Any]]]:
        """Return G and DG at points, boxes without width."""
        ...


class Local(Protocol):
    """A system on a box of balls."""

    @property
    def equations(self) -> list[Ball]:
        """``G``."""
        ...

    @property
    def jacobian(self) -> list[list[Ball]]:
        """``DG``."""
        ...


@dataclass(frozen=True)
class Guess:
    """Where a zero may be.

    Attributes
    ----------
    middle : (n,) array
        m.
    error : (n,) array
        A bound of the distance from m, as far as it is known.
    inverse : (n, n) array
        C; of no entries: it is computed from the Jacobian.
    """

    middle: np.ndarray
    error: np.ndarray
    inverse: np.ndarray


def around(box: np.ndarray) -> Guess:
    """Return a guess whose X contains a box, shape (n, 2)."""
    return Guess(box[:, 0] / 2 + box[:, 1] / 2, box[:, 1] - box[:, 0], np.empty((0, 0)))


def guesses(equations: Pointwise, zeros: Sequence[Zero]) -> list[Guess]:
    """Propose a tiny box for each zero: Newton's method for all of them at once, from the middles of their boxes."""
    if not zeros:
        return []
    tags, box = np.array([zero.tag for zero in zeros]), np.array([zero.box for zero in zeros])
    x = box.mean(axis=2)
    residual, slope = np.empty(x.shape), np.empty((*x.shape, x.shape[1]))
    with equations.lanes:
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
    return [Guess(m, np.zeros(len(m)), c) for m, c in zip(x, inverse, strict=True)]


def refined_zero(
    ar: Any, at: Callable[[list[Ball]], Local], guess: Guess, box: np.ndarray | None = None
) -> list[Ball] | None:
    """Prove that exactly one zero lies in X, and enclose it.

    Parameters
    ----------
    ar : BallArithmetic
        The arithmetic.
    at : callable
        The system on balls.
    guess : Guess
        m and C, and how large X must be.
    box : (n, 2) array, optional
        X must lie in it.

    Returns
    -------
    list of n balls, or None
        None: it was not shown that X holds exactly one zero, or X is not tiny or not in the box.
    """
    centre = [ar.from_float(v) for v in guess.middle.tolist()]
    value, inverse = at(centre).equations, guess.inverse if guess.inverse.size else None
    if inverse is None:
        inverse = float_inverse(ar.approximations(at(centre).jacobian))
    if inverse is None or not ar.all_finite([value]):
        return None
    step = np.abs(inverse @ ar.approximations([value])[0])
    radius = WIDER * np.maximum(guess.error, step) + SLIVER * np.abs(guess.middle) + LEAST
    if not np.isfinite(radius).all():
        return None
    if box is not None:
        room = 2 * radius  # twice, for the rounding
        if not ((guess.middle - room >= box[:, 0]).all() and (guess.middle + room <= box[:, 1]).all()):
            return None
    unit = ar.interval(Fraction(-1), Fraction(1))
    half = [ar.from_float(v) for v in radius.tolist()]
    c = [[ar.from_float(v) for v in row] for row in inverse.tolist()]
    offset = [r * unit for r in half]
    on_box = at([m + t for m, t in zip(centre, offset, strict=True)])
    jacobian = on_box.jacobian
    if not ar.all_finite([*jacobian, on_box.equations]):
        return None
    one = ar.constant(Fraction(1))
    a = ar.matrix_product(c, jacobian)
    a = [[one - v if i == j else -v for j, v in enumerate(row)] for i, row in enumerate(a)]
    moved = _moved(ar, c, value, a, offset)  # K - m
    if not all(ar.positive(v + r) and ar.negative(v - r) for v, r in zip(moved, half, strict=True)):
        return None
    turn = float(ar.largest_absolute_sum(a))
    if not turn <= LARGEST_TURN:
        return None
    found = [m + v for m, v in zip(centre, moved, strict=True)]
    for _ in range(_steps(ar.precision, turn, float(radius.max()))):
        centre = [ar.centre(ball) for ball in found]
        offset = [ball - m for ball, m in zip(found, centre, strict=True)]
        moved = _moved(ar, c, at(centre).equations, a, offset)
        # Within what is known already, so that the next middle lies in X, where the mean value theorem holds.
        common = [ar.intersection(old, m + v) for old, m, v in zip(found, centre, moved, strict=True)]
        found = [old if new is None else new for old, new in zip(found, common, strict=True)]
    return found


def _steps(precision: int, turn: float, radius: float) -> int:
    """Return n for which ``turn**(n + 1) radius`` is below the last bit."""
    gained = -math.log2(max(turn, 2.0**-precision))
    return max(math.ceil((precision + SPARE + math.log2(radius)) / gained) - 1, 1)


def _moved(
    ar: Any, c: Sequence[Sequence[Ball]], value: Sequence[Ball], a: Sequence[Sequence[Ball]], offset: Sequence[Ball]
) -> list[Ball]:
    """Enclose ``-C G(m) + A (X - m)``."""
    return [ar.dot(turn, offset) - ar.dot(row, value) for row, turn in zip(c, a, strict=True)]
