"""Definiteness, extreme eigenvalues and inertia of every symmetric matrix in an interval matrix.

The caller guarantees that the matrix in question is symmetric; only the upper triangle of the enclosure is read, so the
claims hold for every symmetric matrix whose upper triangle lies in that of `a`. Float eigenvectors W are proposals;
Sylvester's law of inertia turns them into proof: a matrix and its congruent ``W^T A W`` have the same signs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.balls.matrix import all_finite, from_floats, midpoints, multiply, transpose
from hallucert.errors import ArgumentError
from hallucert.exact import round_down, round_up

_BITS = 64


@dataclass(frozen=True)
class Inertia:
    """Signs of the eigenvalues: at least `positive` are > 0, at least `negative` are < 0, `undecided` are open."""

    positive: int
    negative: int
    undecided: int


def is_positive_definite(ar: BallArithmetic, a: Sequence[Sequence[Ball]]) -> bool:
    """Tell whether certainly every symmetric matrix in `a` is positive definite."""
    return inertia(ar, a).positive == len(a)


def inertia(ar: BallArithmetic, a: Sequence[Sequence[Ball]]) -> Inertia:
    """Count the signs of the eigenvalues that are certain for every symmetric matrix in `a`.

    Let ``B = W^T A W`` and P a set of indices with ``B_ii > sum |B_ij|`` over j != i in P. Then B is positive definite
    on the coordinate space of P, which W maps injectively (its image of a vector x != 0 has ``(Wx)^T A (Wx) > 0``): A
    is positive definite on a space of dimension |P|, so it has at least |P| positive eigenvalues. Likewise negative.
    """
    d = _check_square(a)
    with ar:
        upper = _upper(a)
        if not all_finite(ar, upper):
            return Inertia(0, 0, d)
        w = _scaled_eigenvectors(midpoints(ar, upper))
        if w is None:
            return Inertia(0, 0, d)
        vectors = from_floats(ar, w)
        b = multiply(ar, transpose(vectors), multiply(ar, upper, vectors))
        if not all_finite(ar, b):
            return Inertia(0, 0, d)
        positive = _dominant(ar, [ar.lower(b[i][i]) for i in range(d)], b)
        negative = _dominant(ar, [-ar.upper(b[i][i]) for i in range(d)], b)
        return Inertia(positive, negative, d - positive - negative)


def extreme_eigenvalues(
    ar: BallArithmetic, a: Sequence[Sequence[Ball]]
) -> tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]] | None:
    """Enclose the smallest and the largest eigenvalue of every symmetric matrix in `a`.

    With M the midpoints and R the radii, Weyl's inequality moves the eigenvalues of M by at most ``|R|_2 <= |R|_inf``.
    For M itself: a Rayleigh quotient bounds the smallest eigenvalue from above, and ``M - s I`` is positive definite if
    ``W^T (M - s I) W`` is strictly diagonally dominant with a positive diagonal (dominance makes W nonsingular).

    Returns
    -------
    ((low, high), (low, high)) or None
        Dyadic enclosures of lambda_min and lambda_max; None if an entry is indeterminate or no shift succeeds.
    """
    d = _check_square(a)
    with ar:
        upper = _upper(a)
        if not all_finite(ar, upper):
            return None
        if d == 1:
            ends = ar.endpoints(upper[0][0])
            return ends, ends
        middle, spread = _split(ar, upper)
        approximate = midpoints(ar, middle)
        vectors = _eigenvectors(approximate)
        if vectors is None:
            return None
        w = from_floats(ar, vectors[1])
        wt = transpose(w)
        b, g = multiply(ar, wt, multiply(ar, middle, w)), multiply(ar, wt, w)
        if not (all_finite(ar, b) and all_finite(ar, g)):
            return None
        low = _smallest(ar, b, g)
        high = _smallest(ar, [[-x for x in row] for row in b], g)
        if low is None or high is None:
            return None
        (a1, a2), (b1, b2) = low, high
        return (
            (round_down(a1 - spread, _BITS), round_up(a2 + spread, _BITS)),
            (round_down(-b2 - spread, _BITS), round_up(-b1 + spread, _BITS)),
        )


def _smallest(ar: BallArithmetic, b: Matrix, g: Matrix) -> tuple[Fraction, Fraction] | None:
    """Enclose the least eigenvalue of the pencil ``B - s G`` (G near the identity, B near diagonal).

    Above: the least quotient ``B_ii / G_ii``. Below: a shift s with ``B - s G`` strictly diagonally dominant, first the
    quotient less the largest shortage of dominance there, then lower and lower.
    """
    d = len(b)
    if not all(ar.positive(g[i][i]) for i in range(d)):
        return None
    above = min(ar.upper(b[i][i] / g[i][i]) for i in range(d))
    drop, floor = Fraction(0), Fraction(1, 2**60) * (abs(above) + Fraction(1, 2**ar.precision))
    for _ in range(12):
        s = round_down(above - drop, _BITS)
        ball = ar.constant(s)
        shifted = [[x - ball * y for x, y in zip(row, other, strict=True)] for row, other in zip(b, g, strict=True)]
        shortage = max(_off_diagonal(ar, shifted[i], i) - ar.lower(shifted[i][i]) for i in range(d))
        if shortage < 0:
            return s, above
        drop = round_up(drop + max(shortage * Fraction(17, 16), drop, floor), 30)
    return None


def _off_diagonal(ar: BallArithmetic, row: list[Ball], i: int) -> Fraction:
    return ar.absolute_sum(row[:i] + row[i + 1 :])


def _dominant(ar: BallArithmetic, diagonal: list[Fraction], b: Matrix) -> int:
    """Return the size of a set P of indices with ``diagonal_i > sum over P of |b_ij|, j != i``."""
    chosen = [i for i in range(len(diagonal)) if diagonal[i] > 0]
    while True:
        kept = [i for i in chosen if diagonal[i] > ar.absolute_sum([b[i][j] for j in chosen if j != i])]
        if len(kept) == len(chosen):
            return len(kept)
        chosen = kept


def _check_square(a: Sequence[Sequence[Ball]]) -> int:
    d = len(a)
    if d == 0 or any(len(row) != d for row in a):
        raise ArgumentError("a", f"<{d} rows>", "be a square matrix")
    return d


def _upper(a: Sequence[Sequence[Ball]]) -> Matrix:
    """Return the matrix with its upper triangle copied below the diagonal."""
    return [[a[min(i, j)][max(i, j)] for j in range(len(a))] for i in range(len(a))]


def _split(ar: BallArithmetic, a: Matrix) -> tuple[Matrix, Fraction]:
    """Return a matrix M near the midpoints and an upper bound of ``|A - M|_inf``."""
    d = len(a)
    middle, rest = [list(row) for row in a], [list(row) for row in a]
    for i in range(d):
        for j in range(i, d):
            centre = ar.centre(a[i][j])
            middle[i][j] = middle[j][i] = centre
            rest[i][j] = rest[j][i] = a[i][j] - centre
    return middle, round_up(max(ar.absolute_sum(row) for row in rest), 30)


def _eigenvectors(a: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    if not np.isfinite(a).all():
        return None
    try:
        with np.errstate(all="ignore"):
            values, vectors = np.linalg.eigh(a)
    except np.linalg.LinAlgError:
        return None
    return (values, vectors) if np.isfinite(vectors).all() and np.isfinite(values).all() else None


def _scaled_eigenvectors(a: np.ndarray) -> np.ndarray | None:
    """Return float eigenvectors, scaled so that ``W^T A W`` is near a diagonal of 1 and -1 (zeros stay)."""
    pair = _eigenvectors(a)
    if pair is None:
        return None
    sizes = abs(pair[0])
    sizes[sizes < 1e-300] = 1.0
    scaled = pair[1] / np.sqrt(sizes)
    return scaled if np.isfinite(scaled).all() else None
