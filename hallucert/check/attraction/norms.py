"""Spectral norms of matrices of balls, and roots of what is known by its ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.balls.symmetric import extreme_eigenvalues
from hallucert.check.claim import Enclosure
from hallucert.exact import exponent

ROOT_BITS = 128
"""Binary places of roots of rational bounds."""


def spectral_norm(ar: BallArithmetic, rows: Sequence[Sequence[Ball]]) -> Enclosure | None:
    """Enclose ``|N|_2`` of all matrices N in a matrix of balls, the root of the largest eigenvalue of ``N N^T``.

    The order of ``N N^T`` is the number of rows. None if it is indeterminate.
    """
    a = [list(row) for row in rows]
    if not ar.all_finite(a):
        return None
    found = extreme_eigenvalues(ar, matrix.symmetric_part(ar, ar.matrix_product(a, matrix.transpose(a))))
    return None if found is None else root(Enclosure(*found[1]))


def root(square: Enclosure) -> Enclosure:
    """Enclose the root of a number that is not negative, to about `ROOT_BITS` bits of the larger end."""
    places = ROOT_BITS - exponent(square.upper) // 2 if square.upper > 0 else ROOT_BITS
    unit = Fraction(2) ** -places
    low, high = (unit * math.isqrt(math.floor(max(end, Fraction(0)) / unit**2)) for end in (square.lower, square.upper))
    return Enclosure(low, high + unit)
