"""Products of interval matrices in integers: midpoints and radii with one exponent a row, one rounding an entry."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mpmath.libmp import from_man_exp

from hallucert.balls.mpmath.interval import DOWN, UP, Interval
from hallucert.clock import look

_GUARD = 12


def integer_product(
    a: Sequence[Sequence[Interval]], b: Sequence[Sequence[Interval]], prec: int
) -> list[list[Interval]]:
    """Enclose the product of two matrices of finite intervals.

    Row i of `a` is written ``2**e_i (M +- R)`` with integers M, R >= 0, column j of `b` ``2**f_j (N +- S)``. For points
    ``m`` and ``n`` of the two, ``|m n - M N| <= |M| S + R (|N| + S)`` termwise, and the sums are exact.
    """
    columns = list(zip(*b, strict=True))
    left = [_fixed(row, prec + _GUARD) for row in a]
    right = [_fixed(column, prec + _GUARD) for column in columns]
    M, R = _arrays(left)
    N, S = _arrays(right)
    N, S = N.T, S.T
    middle = _by_rows(M, N)
    radius = _by_rows(abs(M), S) + _by_rows(R, abs(N) + S)
    result = []
    for i, (_, _, e) in enumerate(left):
        look()
        row = []
        for j, (_, _, f) in enumerate(right):
            m, r = middle[i, j], radius[i, j]
            low, high = from_man_exp(m - r, e + f, prec, DOWN), from_man_exp(m + r, e + f, prec, UP)
            row.append(Interval(low, high, prec))
        result.append(row)
    return result


def _by_rows(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the product of two matrices of integers."""
    rows = []
    for row in a:
        look()
        rows.append(row @ b)
    return np.array(rows, object)


def _arrays(parts: list[tuple[list[int], list[int], int]]) -> tuple[np.ndarray, np.ndarray]:
    middles, radii = np.empty((len(parts), len(parts[0][0])), object), np.empty((len(parts), len(parts[0][0])), object)
    for i, (middle, radius, _) in enumerate(parts):
        middles[i], radii[i] = middle, radius
    return middles, radii


def _fixed(row: Sequence[Interval], bits: int) -> tuple[list[int], list[int], int]:
    """Write a row with one exponent: ``|x - 2**e middle| <= 2**e radius`` for the points x of each entry.

    The ends are rounded outward to multiples of ``2**e``; then their mean is rounded down and the radius is the
    distance to the upper end, the larger of the two.
    """
    tops = [end[2] + end[3] for x in row for end in (x.lo, x.hi) if end[1]]
    exponent = max(tops, default=0) - bits
    middles, radii = [], []
    for x in row:
        sign, man, exp, _ = x.lo
        shift, man = exp - exponent, -int(man) if sign else int(man)
        low = man << shift if shift >= 0 else man >> min(-shift, man.bit_length() + 1)
        if x.hi is x.lo and shift >= 0:
            middles.append(low)
            radii.append(0)
            continue
        sign, man, exp, _ = x.hi
        shift, man = exp - exponent, int(man) if sign else -int(man)
        high = -(man << shift) if shift >= 0 else -(man >> min(-shift, man.bit_length() + 1))
        middle = (low + high) >> 1
        middles.append(middle)
        radii.append(high - middle)
    return middles, radii, exponent
