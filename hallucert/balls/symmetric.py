"""Extreme eigenvalues of every symmetric matrix in an interval matrix.

The caller guarantees that the matrix in question is symmetric; only the upper triangle of the enclosure is read, so the
claims hold for every symmetric matrix whose upper triangle lies in that of `a`. How many eigenvalues are negative:
`hallucert.balls.inertia`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.exact import round_down, round_up

_BITS = 64


def extreme_eigenvalues(
    ar: BallArithmetic, a: Sequence[Sequence[Ball]]
) -> tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]] | None:
    """Enclose the smallest and the largest eigenvalue of every symmetric matrix in `a`.

    With M the midpoints and S the radii, Weyl's inequality moves the eigenvalues of M by at most ``|S|_2 <= |S|_inf``.
    Those of M itself have formulas for one and two rows, and are in `hallucert.balls.similarity.extremes` for more.

    Returns dyadic ``(low, high)`` for each; None if an entry is indeterminate or the float eigenvectors are useless.
    """
    d = matrix.require_square(a)
    with ar:
        if d == 1:
            ends = ar.endpoints(a[0][0]) if ar.is_finite(a[0][0]) else None
            return None if ends is None else (ends, ends)
        middle, spread = _split(ar, a)
        if spread is None:
            return None
        pair = matrix.real_eigenvalues(ar, middle) if d == 2 else None
        if pair is not None:
            (low, least), (most, high) = (ar.endpoints(end) for end in pair)
        else:
            from hallucert.balls.similarity import extremes  # what two formulas give needs none

            found = extremes(ar, middle)
            if found is None:
                return None
            (low, least), (most, high) = found
        return (
            (round_down(low - spread, _BITS), round_up(least + spread, _BITS)),
            (round_down(most - spread, _BITS), round_up(high + spread, _BITS)),
        )


def _split(ar: BallArithmetic, a: Sequence[Sequence[Ball]]) -> tuple[Matrix, Fraction | None]:
    """Return M near the midpoints and an upper bound of ``|A - M|_inf``, both symmetric, from the upper triangle.

    The bound is None if an entry is indeterminate.
    """
    middle, rest = [list(row) for row in a], [list(row) for row in a]
    for i in range(len(a)):
        for j in range(i, len(a)):
            middle[i][j] = middle[j][i] = ar.centre(a[i][j])
            rest[i][j] = rest[j][i] = ar.radius(a[i][j])
    return middle, round_up(ar.largest_absolute_sum(rest), 30) if ar.all_finite(rest) else None
