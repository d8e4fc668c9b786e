"""Determinants of matrices of balls, and how they change along a line of matrices."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.clock import look
from hallucert.errors import ArgumentError

EXPANDED = 7
"""Largest matrix whose determinant is differentiated: by expansion, ``n 2^n`` products."""

_DIRECT = 3
"""Up to this dimension a determinant alone is expanded; beyond, it is preconditioned."""

Pair = tuple[Ball, "Ball | None"]
"""A number and its derivative, or None for a derivative that is not wanted."""


def determinant(ar: BallArithmetic, a: Sequence[Sequence[Ball]]) -> Ball:
    """Enclose the determinant of every matrix in `a`; indeterminate only if an entry is.

    Beyond dimension 3: with C the double inverse of the midpoint and ``C A = I - E``, every eigenvalue of ``I - E``
    lies within ``e = |E|_inf`` of 1, so for ``e < 1`` its determinant is between ``(1 - e)**d`` and ``(1 + e)**d``
    (it is positive: no ``I - t E`` is singular). So ``det A`` is that divided by ``det C``, and C, whose entries are
    exact, is eliminated in balls. Otherwise `a` itself is eliminated; where a pivot may be 0, Hadamard's bound
    ``|det A| <= product of the rows' lengths`` remains, which decides nothing.
    """
    d = len(a)
    if any(len(row) != d for row in a) or d == 0:
        raise ArgumentError("a", f"<{d} rows>", "be a square matrix")
    with ar:
        if not ar.all_finite(a):
            return ar.indeterminate()
        if d <= _DIRECT:
            return expanded([[(x, None) for x in row] for row in a])[0]
        inverse = matrix.float_inverse(ar.approximations(a))
        if inverse is not None:
            c = matrix.from_floats(ar, inverse)
            error = ar.largest_absolute_sum(matrix.subtract(matrix.identity(ar, d), ar.matrix_product(c, a)))
            c_determinant = _eliminated(ar, c)
            if error < 1 and c_determinant is not None and ar.nonzero(c_determinant):
                return ar.power(ar.interval(1 - error, 1 + error), d) / c_determinant
        result = _eliminated(ar, a)
        return result if result is not None else _hadamard(ar, a)


def _eliminated(ar: BallArithmetic, a: Sequence[Sequence[Ball]]) -> Ball | None:
    """Enclose the determinant by Gaussian elimination with row exchanges; None if every pivot of a column may be 0."""
    rows = [list(row) for row in a]
    result = ar.constant(Fraction(1))
    for k in range(len(rows)):
        look()
        candidates = [i for i in range(k, len(rows)) if ar.nonzero(rows[i][k])]
        if not candidates:
            return None
        pivot = max(candidates, key=lambda i: abs(ar.approximate(rows[i][k])))
        if pivot != k:
            rows[k], rows[pivot], result = rows[pivot], rows[k], -result
        result = result * rows[k][k]
        for i in range(k + 1, len(rows)):
            factor = rows[i][k] / rows[k][k]
            for j in range(k + 1, len(rows)):
                rows[i][j] = rows[i][j] - factor * rows[k][j]
    return result


def _hadamard(ar: BallArithmetic, a: Sequence[Sequence[Ball]]) -> Ball:
    """Bound the determinant by the product of the 1-norms of the rows."""
    bound = Fraction(1)
    for row in a:
        bound *= ar.absolute_sum(row)
    return ar.interval(-bound, bound)


def expanded(rows: Sequence[Sequence[Pair]]) -> Pair:
    """Return the determinant and its derivative, expanded along rows over the sets of columns still free."""
    n = len(rows)
    minors: dict[int, Pair] = {1 << j: rows[n - 1][j] for j in range(n)}
    for i in range(n - 2, -1, -1):
        larger: dict[int, Pair] = {}
        for columns, minor in minors.items():
            for j in range(n):
                if columns & 1 << j:
                    continue
                term = _product(rows[i][j], minor)
                if bin(columns & ((1 << j) - 1)).count("1") % 2:
                    term = (-term[0], None if term[1] is None else -term[1])
                key = columns | 1 << j
                larger[key] = _sum(larger[key], term) if key in larger else term
        minors = larger
    return minors[(1 << n) - 1]


def _product(a: Pair, b: Pair) -> Pair:
    slope = None if a[1] is None or b[1] is None else a[1] * b[0] + a[0] * b[1]
    return a[0] * b[0], slope


def _sum(a: Pair, b: Pair) -> Pair:
    return a[0] + b[0], None if a[1] is None or b[1] is None else a[1] + b[1]
