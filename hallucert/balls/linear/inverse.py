"""Enclosure of the inverse of an interval matrix."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.balls.linear.matrix import (
    add,
    all_finite,
    float_inverse,
    from_floats,
    identity,
    midpoints,
    multiply,
    norm_inf,
    subtract,
)
from hallucert.exact import round_up


def inverse(ar: BallArithmetic, a: Sequence[Sequence[Ball]]) -> Matrix | None:
    """Enclose the inverse of every matrix in `a`, or return None: undecided.

    With C an approximate inverse in doubles, ``E = I - C A`` and ``e = |E|_inf < 1``, A is nonsingular and
    ``A^-1 = (I - E)^-1 C = C + E C + E^2 (I - E)^-1 C``. The last term's column j is at most
    ``e**2 / (1 - e) * max_i |C_ij|`` in every entry.
    """
    with ar:
        if not all_finite(ar, a):
            return None
        approximate = float_inverse(midpoints(ar, a))
        if approximate is None:
            return None
        c = from_floats(ar, approximate)
        error_matrix = subtract(identity(ar, len(c)), multiply(ar, c, a))
        if not all_finite(ar, error_matrix):
            return None
        error = norm_inf(ar, error_matrix)
        if error >= 1:
            return None
        factor = round_up(error * error / (1 - error), 30)
        largest = [Fraction(x) for x in abs(approximate).max(axis=0).tolist()]
        rest = [ar.interval(-factor * x, factor * x) for x in largest]
        second = add(c, multiply(ar, error_matrix, c))
        return [[x + r for x, r in zip(row, rest, strict=True)] for row in second]
