"""Eigenvalues of the matrices in all lanes at once: the smallest real part, and the signs of symmetric ones.

Two rows have formulas. Of more rows whose eigenvalues seem real and simple, floats propose a basis V of eigenvectors
and W near its inverse. With ``R = I - W V``, ``r = |R|_inf < 1`` and ``D = W A V`` the eigenvalues of A are those of
``V^-1 A V = (I - R)^-1 D = D + R (I - R)^-1 D``, where the entries of the last term in column j are at most
``e_j = r/(1 - r) max_k |D_kj|``. So they lie in Gershgorin's discs around ``D_ii`` with the radii
``e_i + sum_(j != i) (|D_ij| + e_j)``. Discs whose projections to the real line are linked hold as many eigenvalues as
they are; the leftmost such group holds one. What is not enclosed tightly in this way is left to the balls.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from hallucert.balls.ball_lanes import ends
from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.balls.lanes import FloatLanes
from hallucert.check.census.records import eigenvalues_of_two_rows, signs, smallest_real_part
from hallucert.exact import float_above, float_below
from hallucert.prove.census.branch_and_prune import inverses

TIGHT_NUMBERS = 2.0**-30  # widest enclosure of a number, as a part of it

Matrix = Sequence[Sequence[Ball]]


def smallest_real_parts(ar: BallArithmetic, lanes: FloatLanes, matrix: Matrix, count: int) -> np.ndarray:
    """Enclose the smallest real part of the eigenvalues in each of k lanes, shape (k, 2); NaN where it is undecided.

    More than two rows whose eigenvalues are not all real and simple are looked at one by one, in the arithmetic of
    balls.
    """
    if len(matrix) == 2:
        mean, square, smaller = eigenvalues_of_two_rows(lanes, matrix)
        rows = np.where(square.rows[1] < 0, mean.rows, smaller.rows)
        return np.broadcast_to(np.stack([-rows[0], rows[1]], -1), (count, 2))
    both = _ends(lanes, matrix, count)
    result = smallest_in_real_basis(lanes, both)
    wide = result[:, 1] - result[:, 0] > TIGHT_NUMBERS * np.abs(result).max(1)
    for i in np.flatnonzero(wide | np.isnan(result).any(1)).tolist():
        result[i] = np.nan
        balls = _in_balls(ar, both[i])
        found = None if balls is None else smallest_real_part(ar, balls)
        if found is not None:
            result[i] = float_below(found[0]), float_above(found[1])
    return result


def smallest_in_real_basis(lanes: FloatLanes, matrices: np.ndarray) -> np.ndarray:
    """Enclose the smallest real part of the eigenvalues of matrices with ends (k, n, n, 2); NaN: undecided, (k, 2)."""
    count, n = matrices.shape[:2]
    basis, usable = _real_bases(matrices.mean(-1))
    w, invertible = inverses(basis)
    left, right = (_entries(lanes, np.stack([m, m], -1)) for m in (w, basis))
    near_one = lanes.matrix_product(left, right)
    d = lanes.matrix_product(left, lanes.matrix_product(_entries(lanes, matrices), right))
    zero, one = lanes.constant(Fraction(0)), lanes.constant(Fraction(1))

    def size(x: Ball) -> Ball:
        low, high = ends(lanes, x, count)
        return _number(lanes, np.maximum(-low, high))

    rows = [[size((one if i == j else zero) - near_one[i][j]) for j in range(n)] for i in range(n)]
    r = np.max([lanes.upper(sum(row[1:], row[0])) for row in rows], axis=0)
    usable &= invertible & (r < 0.5)
    ratio = _number(lanes, np.where(usable, r, 0.0))
    sizes, factor = [[size(x) for x in row] for row in d], ratio / (one - ratio)
    errors = [factor * _number(lanes, np.max([lanes.upper(row[j]) for row in sizes], axis=0)) for j in range(n)]
    low, high = np.empty((n, count)), np.empty((n, count))
    for i in range(n):
        radius = sum((sizes[i][j] for j in range(n) if j != i), sum(errors[1:], errors[0]))
        low[i], high[i] = lanes.lower(d[i][i] - radius), lanes.upper(d[i][i] + radius)
    reach = np.take_along_axis(high, low.argmin(0)[None], 0)[0]
    for _ in range(n):
        reach = np.where(low <= reach, high, -np.inf).max(0)
    result = np.stack([low.min(0), reach], -1)
    result[~usable | ~np.isfinite(result).all(1)] = np.nan
    return result


def _real_bases(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Propose eigenvectors of k matrices, (k, n, n), and tell which have real eigenvalues alone."""
    usable, one = np.isfinite(matrices).all((1, 2)), np.eye(matrices.shape[1])
    try:
        values, vectors = np.linalg.eig(np.where(usable[:, None, None], matrices, one))
    except np.linalg.LinAlgError:
        return np.broadcast_to(one, matrices.shape), np.zeros(len(matrices), bool)
    usable &= np.isreal(values).all(1)
    return np.where(usable[:, None, None], vectors.real, one), usable


def _entries(lanes: FloatLanes, matrices: np.ndarray) -> list[list[Ball]]:
    """Return matrices with ends (k, n, n, 2) in lanes."""
    n = range(matrices.shape[1])
    return [[lanes.box(matrices[:, i, j, 0], matrices[:, i, j, 1]) for j in n] for i in n]


def _number(lanes: FloatLanes, x: np.ndarray) -> Ball:
    """Return doubles (k,) in lanes."""
    return lanes.box(x, x)


def _ends(lanes: FloatLanes, matrix: Matrix, count: int) -> np.ndarray:
    """Return the ends of a matrix in lanes, (k, n, n, 2)."""
    return np.array([[ends(lanes, entry, count) for entry in row] for row in matrix]).transpose(3, 0, 1, 2)


def signs_in_lanes(ar: BallArithmetic, lanes: FloatLanes, matrix: Matrix, count: int) -> np.ndarray:
    """Count the eigenvalues of symmetric matrices that are certainly positive, and negative, shape (k, 2)."""
    result = np.zeros((count, 2), int)
    if len(matrix) == 2:
        (a, b), (_, d) = matrix
        determinant, first = ends(lanes, a * d - b * b, count), ends(lanes, a, count)
        result[determinant[1] < 0] = 1, 1
        result[(determinant[0] > 0) & (first[0] > 0)] = 2, 0
        result[(determinant[0] > 0) & (first[1] < 0)] = 0, 2
        return result
    for i, own in enumerate(_ends(lanes, matrix, count)):
        balls = _in_balls(ar, own)
        if balls is not None:
            result[i] = signs(ar, balls)
    return result


def _in_balls(ar: BallArithmetic, matrix: np.ndarray) -> list[list[Ball]] | None:
    """Return a matrix with ends (n, n, 2) in balls; None where an entry is not finite."""
    if not np.isfinite(matrix).all():
        return None
    return [[ar.interval(Fraction(low), Fraction(high)) for low, high in row] for row in matrix.tolist()]
