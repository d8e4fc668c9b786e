"""Definiteness and inertia of every symmetric matrix in an interval matrix.

As in `hallucert.balls.symmetric` the matrix in question must be symmetric, and the upper triangle of the enclosure is
read. Float eigenvectors W are proposals; Sylvester's law of inertia turns them into proof: a matrix and its congruent
``W^T A W`` have the same signs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, BallArithmetic, Matrix


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
    d = matrix.require_square(a)
    with ar:
        upper = _upper(a)
        if not ar.all_finite(upper):
            return Inertia(0, 0, d)
        w = _scaled_eigenvectors(ar.approximations(upper))
        if w is None:
            return Inertia(0, 0, d)
        vectors = matrix.from_floats(ar, w)
        b = ar.matrix_product(matrix.transpose(vectors), ar.matrix_product(upper, vectors))
        if not ar.all_finite(b):
            return Inertia(0, 0, d)
        positive = _dominant(ar, [ar.lower(b[i][i]) for i in range(d)], b)
        negative = _dominant(ar, [-ar.upper(b[i][i]) for i in range(d)], b)
        return Inertia(positive, negative, d - positive - negative)


def _dominant(ar: BallArithmetic, diagonal: list[Fraction], b: Matrix) -> int:
    """Return the size of a set P of indices with ``diagonal_i > sum over P of |b_ij|, j != i``.

    They are those where that holds with the sum over all positive ones, of which P is a part.
    """
    chosen = [i for i in range(len(diagonal)) if diagonal[i] > 0]
    return sum(diagonal[i] > ar.absolute_sum([b[i][j] for j in chosen if j != i]) for i in chosen)


def _upper(a: Sequence[Sequence[Ball]]) -> Matrix:
    """Return the matrix with its upper triangle copied below the diagonal."""
    return [[a[min(i, j)][max(i, j)] for j in range(len(a))] for i in range(len(a))]


def _scaled_eigenvectors(a: np.ndarray) -> np.ndarray | None:
    """Return float eigenvectors, scaled so that ``W^T A W`` is near a diagonal of 1 and -1 (zeros stay)."""
    pair = matrix.float_eigenvectors(a)
    if pair is None:
        return None
    sizes = abs(pair[0])
    sizes[sizes == 0] = 1.0
    result: np.ndarray = pair[1] / np.sqrt(sizes)
    return result
