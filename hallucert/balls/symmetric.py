"""Extreme eigenvalues of every symmetric matrix in an interval matrix.

The caller guarantees that the matrix in question is symmetric; only the upper triangle of the enclosure is read, so the
claims hold for every symmetric matrix whose upper triangle lies in that of `a`. Float eigenvectors are proposals. How
many eigenvalues are negative: `hallucert.balls.inertia`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.exact import round_down, round_up

_BITS = 64

NEGLIGIBLE_BITS = 50
"""An error of the eigenvectors of less than this part of an eigenvalue is not worth a better bound."""


def extreme_eigenvalues(
    ar: BallArithmetic, a: Sequence[Sequence[Ball]]
) -> tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]] | None:
    """Enclose the smallest and the largest eigenvalue of every symmetric matrix in `a`.

    With M the midpoints and S the radii, Weyl's inequality moves the eigenvalues of M by at most ``|S|_2 <= |S|_inf``.
    For M itself let W hold float eigenvectors, L the float eigenvalues and ``R = M W - W L``. If
    ``e >= |W^T W - I|_F`` is below 1, every singular value of W is at least ``sqrt(1 - e)``, and
    ``W^-1 M W = L + W^-1 R``, so by the theorem of Bauer and Fike every eigenvalue is within
    ``|W^-1 R|_2 <= |R|_F / sqrt(1 - e)`` of an entry of L. That bounds the smallest eigenvalue from below and the
    largest from above. From the other side each is bounded by a quotient of Rayleigh, ``q = w^T M w / w^T w`` with a
    column of W.

    If the disc around the smallest entry of L meets no other, it holds one eigenvalue (eigenvalues of ``L + t W^-1 R``
    move continuously), the others are at least b, the second entry less the reach, and the theorem of Temple and Kato
    bounds the smallest by ``q - |M w - q w|^2 / (w^T w (b - q))``, which is of second order in the error of w.

    For two rows nothing has to be proposed: see `matrix.real_eigenvalues`.

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
        if d == 2 and (two := matrix.real_eigenvalues(ar, middle)) is not None:
            (low, least), (most, high) = (ar.endpoints(x) for x in two)
            return (
                (round_down(low - spread, _BITS), round_up(least + spread, _BITS)),
                (round_down(most - spread, _BITS), round_up(high + spread, _BITS)),
            )
        pair = matrix.float_eigenvectors(ar.approximations(middle))
        if pair is None:
            return None
        values, w = pair[0].tolist(), matrix.from_floats(ar, pair[1])
        products = ar.matrix_product([*middle, *matrix.transpose(w)], w)  # M W above W^T W
        mw, gram = products[:d], products[d:]
        first, last = (_quotient(ar, w, mw, gram, j) for j in (0, d - 1))
        weights = gram[0][0], gram[d - 1][d - 1]
        one, shifts = ar.constant(Fraction(1)), [ar.from_float(v) for v in values]
        for i in range(d):
            gram[i][i] = gram[i][i] - one
        rest = [[x - y * s for x, y, s in zip(row, own, shifts, strict=True)] for row, own in zip(mw, w, strict=True)]
        e, size = matrix.frobenius_norm(ar, gram), matrix.frobenius_norm(ar, rest)
        if e is None or e >= 1 or size is None:
            return None
        reach = size / (1 - e) + spread  # 1 - e <= sqrt(1 - e)

        def worth(value: float) -> bool:
            result: bool = reach - spread > abs(Fraction(value)) / 2**NEGLIGIBLE_BITS
            return result

        least, low = ar.upper(first), Fraction(values[0]) - reach
        most, high = ar.lower(last), Fraction(values[-1]) + reach
        if (second := Fraction(values[1]) - reach) > max(Fraction(values[0]) + reach, least) and worth(values[0]):
            error = ar.upper(_residual(ar, w, mw, 0, first) / weights[0])
            low = max(low, ar.lower(first) - spread - error / (second - least))
        if (second := Fraction(values[-2]) + reach) < min(Fraction(values[-1]) - reach, most) and worth(values[-1]):
            error = ar.upper(_residual(ar, w, mw, d - 1, last) / weights[1])
            high = min(high, ar.upper(last) + spread + error / (most - second))
        return (
            (round_down(low, _BITS), round_up(least + spread, _BITS)),
            (round_down(most - spread, _BITS), round_up(high, _BITS)),
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


def _quotient(ar: BallArithmetic, w: Matrix, mw: Matrix, gram: Matrix, j: int) -> Ball:
    """Enclose the quotient of Rayleigh of column j of W; the float eigenvalues ascend with j."""
    return ar.dot([row[j] for row in w], [row[j] for row in mw]) / gram[j][j]


def _residual(ar: BallArithmetic, w: Matrix, mw: Matrix, j: int, quotient: Ball) -> Ball:
    """Enclose ``|M w - q w|^2`` for column j of W and every q in `quotient`."""
    rest = [row[j] - quotient * own[j] for row, own in zip(mw, w, strict=True)]
    return ar.dot(rest, rest)
