"""Matrices of balls, as lists of rows: what the theorems need, and inverses. Floats come in as exact numbers."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.clock import look
from hallucert.errors import ArgumentError
from hallucert.exact import round_up


def identity(ar: BallArithmetic, dimension: int) -> Matrix:
    """Return the identity matrix."""
    one, zero = ar.constant(Fraction(1)), ar.constant(Fraction(0))
    return [[one if i == j else zero for j in range(dimension)] for i in range(dimension)]


def transpose(a: Sequence[Sequence[Ball]]) -> Matrix:
    """Return the transposed matrix."""
    return [list(column) for column in zip(*a, strict=True)]


def add(a: Sequence[Sequence[Ball]], b: Sequence[Sequence[Ball]]) -> Matrix:
    """Enclose ``a + b``."""
    return [[x + y for x, y in zip(row, other, strict=True)] for row, other in zip(a, b, strict=True)]


def subtract(a: Sequence[Sequence[Ball]], b: Sequence[Sequence[Ball]]) -> Matrix:
    """Enclose ``a - b``."""
    return [[x - y for x, y in zip(row, other, strict=True)] for row, other in zip(a, b, strict=True)]


def scale(factor: Ball, a: Sequence[Sequence[Ball]]) -> Matrix:
    """Enclose ``factor * a``."""
    return [[factor * x for x in row] for row in a]


def apply(ar: BallArithmetic, a: Sequence[Sequence[Ball]], x: Sequence[Ball]) -> list[Ball]:
    """Enclose the vector ``a x``."""
    return [row[0] for row in ar.matrix_product(a, [[v] for v in x])]


def from_floats(ar: BallArithmetic, a: np.ndarray) -> Matrix:
    """Return the matrix of a two-dimensional array of finite doubles, each taken as the dyadic number it is."""
    return [[ar.from_float(x) for x in row] for row in np.asarray(a, float).tolist()]


def from_rationals(ar: BallArithmetic, a: Sequence[Sequence[Fraction]]) -> Matrix:
    """Return balls around exact entries."""
    return [[ar.constant(x) for x in row] for row in a]


def symmetric_part(ar: BallArithmetic, a: Sequence[Sequence[Ball]]) -> Matrix:
    """Enclose ``(a + a^T) / 2``; the result is the same above and below the diagonal."""
    half = ar.constant(Fraction(1, 2))
    result = [list(row) for row in a]
    for i in range(len(a)):
        for j in range(i):
            result[i][j] = result[j][i] = (a[i][j] + a[j][i]) * half
    return result


def symmetric_update(factor: Ball, a: Sequence[Sequence[Ball]], z: Sequence[Ball], u: Sequence[Ball]) -> Matrix:
    """Enclose ``factor a - z u^T - u z^T`` for symmetric `a`; the result is the same above and below the diagonal."""
    result = [list(row) for row in a]
    for i, (zi, ui) in enumerate(zip(z, u, strict=True)):
        look()
        for j in range(i + 1):
            result[i][j] = result[j][i] = factor * a[i][j] - zi * u[j] - ui * z[j]
    return result


def trace(a: Sequence[Sequence[Ball]]) -> Ball:
    """Enclose the trace."""
    total = a[0][0]
    for i in range(1, len(a)):
        total = total + a[i][i]
    return total


def sum_of_squares(ar: BallArithmetic, balls: Sequence[Ball]) -> Ball:
    """Enclose the sum of the squares of some balls."""
    total = ar.constant(Fraction(0))
    for ball in balls:
        total = total + ar.power(ball, 2)
    return total


def intersected(ar: BallArithmetic, box: Sequence[Ball], other: Sequence[Ball]) -> list[Ball]:
    """Return what two enclosures of the same numbers have in common; the first where that would be nothing."""
    common = [ar.intersection(a, b) for a, b in zip(box, other, strict=True)]
    return [a if both is None else both for a, both in zip(box, common, strict=True)]


def frobenius_norm(ar: BallArithmetic, a: Sequence[Sequence[Ball]]) -> Fraction | None:
    """Return an upper bound of the root of the sum of squares, or None if an entry is indeterminate."""
    flat = [x for row in a for x in row]
    square = ar.matrix_product([flat], [[x] for x in flat])[0][0]
    if not ar.is_finite(square):
        return None
    top = ar.upper(square)
    return ar.upper(ar.sqrt(ar.constant(top))) if top > 0 else Fraction(0)


def float_inverse(a: np.ndarray) -> np.ndarray | None:
    """Return a finite approximate inverse in doubles, or None."""
    if not np.isfinite(a).all():
        return None
    try:
        with np.errstate(all="ignore"):
            inverse = np.linalg.inv(a)
    except np.linalg.LinAlgError:
        return None
    return inverse if np.isfinite(inverse).all() else None


def float_eigenvectors(a: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Return finite approximate eigenvalues and eigenvectors of a symmetric matrix of doubles, or None."""
    if not np.isfinite(a).all():
        return None
    try:
        with np.errstate(all="ignore"):
            values, vectors = np.linalg.eigh(a)
    except np.linalg.LinAlgError:
        return None
    return (values, vectors) if np.isfinite(vectors).all() and np.isfinite(values).all() else None


def two_rows(ar: Any, a: Sequence[Sequence[Ball]]) -> tuple[Ball, Ball]:
    """Return m and s of matrices of two rows, whose eigenvalues are ``m -+ sqrt(s)``, in balls or in lanes of them.

    m is the mean of the diagonal and s the square of half its difference, plus the product of the other entries.
    """
    (p, b), (c, q) = a
    half = ar.constant(Fraction(1, 2))
    return (p + q) * half, ar.power((p - q) * half, 2) + b * c


def real_eigenvalues(ar: BallArithmetic, a: Sequence[Sequence[Ball]]) -> tuple[Ball, Ball] | None:
    """Enclose the eigenvalues of matrices of two rows, in their order; None unless they are certainly real and apart.

    Of the one of smaller size most digits would cancel: it is the determinant divided by the other.
    """
    (p, b), (c, q) = a
    mean, square = two_rows(ar, a)
    if not ar.positive(square):
        return None
    root = ar.sqrt(square)
    low, high = mean - root, mean + root
    if ar.positive(mean):
        low = (p * q - b * c) / high
    elif ar.negative(mean):
        high = (p * q - b * c) / low
    return (low, high) if ar.is_finite(low) and ar.is_finite(high) else None


def require_square(a: Sequence[Sequence[Ball]]) -> int:
    """Return the number of rows of a matrix that must be square."""
    d = len(a)
    if d == 0 or any(len(row) != d for row in a):
        raise ArgumentError("a", f"<{d} rows>", "be a square matrix")
    return d


def inverse(ar: BallArithmetic, a: Sequence[Sequence[Ball]]) -> Matrix | None:
    """Enclose the inverse of every matrix in `a`, or return None: undecided.

    With C an approximate inverse in doubles, ``E = I - C A`` and ``e = |E|_inf < 1``, A is nonsingular and
    ``A^-1 = (I - E)^-1 C = C + E C + E^2 (I - E)^-1 C``. The last term's column j is at most
    ``e**2 / (1 - e) * max_i |C_ij|`` in every entry.
    """
    with ar:
        approximate = float_inverse(ar.approximations(a))
        if approximate is None:
            return None
        c = from_floats(ar, approximate)
        error_matrix = subtract(identity(ar, len(c)), ar.matrix_product(c, a))
        if not ar.all_finite(error_matrix):
            return None
        error = ar.largest_absolute_sum(error_matrix)
        if error >= 1:
            return None
        factor = round_up(error * error / (1 - error), 30)
        reaches = [factor * Fraction(x) for x in abs(approximate).max(axis=0).tolist()]
        rest = [ar.interval(-reach, reach) for reach in reaches]
        second = add(c, ar.matrix_product(error_matrix, c))
        return [[x + r for x, r in zip(row, rest, strict=True)] for row in second]
