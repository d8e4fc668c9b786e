"""What a census reads off matrices: formulas for two rows, the general methods of balls beyond.

With ``t = (a + d)/2``, ``h = (a - d)/2`` and ``s = h^2 + b c`` the eigenvalues of ``[[a, b], [c, d]]`` are
``t - sqrt(s)`` and ``t + sqrt(s)``. If certainly ``s > 0``, the smaller one is ``t - sqrt(s)``; if certainly
``s < 0``, both have the real part t. A symmetric matrix has eigenvalues of both signs if ``a d - b^2 < 0``, and two of
the sign of a if ``a d - b^2 > 0``.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.balls.lanes import FloatLanes
from hallucert.balls.similarity import spectrum
from hallucert.balls.symmetric import inertia
from hallucert.check.census.search.branch_and_prune import ends
from hallucert.exact import float_above, float_below

Matrix = Sequence[Sequence[Any]]


def smallest_real_part(ar: Any, matrix: Matrix) -> tuple[Fraction, Fraction] | None:
    """Enclose the smallest real part of the eigenvalues of every matrix in `matrix`; None if it is undecided.

    Raises
    ------
    ArgumentError
        If the matrix is not square.
    """
    if len(matrix) == 2 and all(len(row) == 2 for row in matrix):
        mean, square, smaller = _of_two_rows(ar, matrix)
        if ar.negative(square) and ar.is_finite(mean):
            return _ends(ar, mean)
        if ar.is_finite(smaller):
            return _ends(ar, smaller)
    found = spectrum(ar, matrix)
    return None if found is None else (found.min_real_lower, found.min_real_upper)


def _of_two_rows(ar: Any, matrix: Matrix) -> tuple[Any, Any, Any]:
    """Return t, s and ``t - sqrt(s)``, which is indeterminate unless certainly ``s > 0``."""
    (a, b), (c, d) = matrix
    half = ar.constant(Fraction(1, 2))
    mean, difference = (a + d) * half, (a - d) * half
    square = ar.power(difference, 2) + b * c
    return mean, square, mean - ar.sqrt(square)


def _ends(ar: Any, ball: Any) -> tuple[Fraction, Fraction]:
    low, high = ar.endpoints(ball)
    return low, high


def signs(ar: Any, matrix: Matrix) -> tuple[int, int]:
    """Count the eigenvalues of a symmetric matrix that are certainly positive, and certainly negative.

    Raises
    ------
    ArgumentError
        If the matrix is not square.
    """
    if len(matrix) == 2 and all(len(row) == 2 for row in matrix):
        (a, b), (_, d) = matrix
        determinant = a * d - b * b
        if ar.negative(determinant):
            return 1, 1
        if ar.positive(determinant) and ar.nonzero(a):
            return (2, 0) if ar.positive(a) else (0, 2)
    found = inertia(ar, matrix)
    return found.positive, found.negative


def smallest_real_parts(ar: Any, lanes: FloatLanes, matrix: Matrix, count: int) -> np.ndarray:
    """Enclose the smallest real part of the eigenvalues in each of k lanes.

    Parameters
    ----------
    ar : BallArithmetic
        For more than two rows, which are looked at lane by lane.
    lanes : FloatLanes
        The arithmetic of the matrix.
    matrix : list of lists of Lanes
        Square.
    count : int
        k.

    Returns
    -------
    (k, 2) array
        Lower and upper ends; NaN where it is undecided.
    """
    if len(matrix) == 2:
        mean, square, smaller = _of_two_rows(lanes, matrix)
        rows = np.where(square.rows[1] < 0, mean.rows, smaller.rows)
        return np.broadcast_to(np.stack([-rows[0], rows[1]], -1), (count, 2))
    result = np.full((count, 2), np.nan)
    for i, balls in enumerate(_lane_by_lane(ar, lanes, matrix, count)):
        found = None if balls is None else smallest_real_part(ar, balls)
        if found is not None:
            result[i] = float_below(found[0]), float_above(found[1])
    return result


def signs_in_lanes(ar: Any, lanes: FloatLanes, matrix: Matrix, count: int) -> np.ndarray:
    """Count the eigenvalues that are certainly positive, and certainly negative, in each of k lanes.

    Parameters
    ----------
    ar, lanes, matrix, count
        As for `smallest_real_parts`; the matrix is symmetric.

    Returns
    -------
    (k, 2) int array
        Positive ones, negative ones.
    """
    result = np.zeros((count, 2), int)
    if len(matrix) == 2:
        (a, b), (_, d) = matrix
        determinant, opposite = ends(lanes, a * d - b * b, count), ends(lanes, a, count)
        result[determinant[1] < 0] = 1, 1
        result[(determinant[0] > 0) & (opposite[0] > 0)] = 2, 0
        result[(determinant[0] > 0) & (opposite[1] < 0)] = 0, 2
        return result
    for i, balls in enumerate(_lane_by_lane(ar, lanes, matrix, count)):
        if balls is not None:
            result[i] = signs(ar, balls)
    return result


def _lane_by_lane(ar: Any, lanes: FloatLanes, matrix: Matrix, count: int) -> list[list[list[Any]] | None]:
    """Return the matrix of each lane in balls; None where an entry is not finite."""
    both = np.array([[ends(lanes, entry, count) for entry in row] for row in matrix]).transpose(3, 0, 1, 2)
    return [
        [[ar.interval(Fraction(low), Fraction(high)) for low, high in row] for row in own.tolist()]
        if np.isfinite(own).all()
        else None
        for own in both
    ]
