"""What a census reads off matrices of balls: formulas for two rows, the general methods beyond.

With ``t = (a + d)/2``, ``h = (a - d)/2`` and ``s = h^2 + b c`` the eigenvalues of ``[[a, b], [c, d]]`` are
``t - sqrt(s)`` and ``t + sqrt(s)``. If certainly ``s > 0``, the smaller one is ``t - sqrt(s)``; if certainly
``s < 0``, both have the real part t. A symmetric matrix has eigenvalues of both signs if ``a d - b^2 < 0``, and two of
the sign of a if ``a d - b^2 > 0``.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from hallucert.balls.spectrum import spectrum
from hallucert.balls.symmetric import inertia


def smallest_real_part(ar: Any, matrix: Sequence[Sequence[Any]]) -> tuple[Fraction, Fraction] | None:
    """Enclose the smallest real part of the eigenvalues of every matrix in `matrix`; None if it is undecided.

    Raises
    ------
    ArgumentError
        If the matrix is not square.
    """
    if len(matrix) == 2 and all(len(row) == 2 for row in matrix):
        (a, b), (c, d) = matrix
        half = ar.constant(Fraction(1, 2))
        mean, difference = (a + d) * half, (a - d) * half
        square = ar.power(difference, 2) + b * c
        if ar.negative(square) and ar.is_finite(mean):
            return _ends(ar, mean)
        smaller = mean - ar.sqrt(square)  # indeterminate unless the square is positive
        if ar.is_finite(smaller):
            return _ends(ar, smaller)
    found = spectrum(ar, matrix)
    return None if found is None else (found.min_real_lower, found.min_real_upper)


def _ends(ar: Any, ball: Any) -> tuple[Fraction, Fraction]:
    low, high = ar.endpoints(ball)
    return low, high


def signs(ar: Any, matrix: Sequence[Sequence[Any]]) -> tuple[int, int]:
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
