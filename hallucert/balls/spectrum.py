"""Enclosure of the eigenvalues of a matrix that need not be symmetric: similarity, then Gershgorin in blocks.

Floats propose a real basis V in which the matrix is nearly block diagonal, with blocks ``[a]`` and
``[[a, b], [-b, a]]``, which are normal. ``B = V^-1 A V`` is enclosed with an enclosed inverse, so that every matrix
in B has the eigenvalues of one in A. Write ``B = N + F`` with N exactly block diagonal. For an eigenvalue mu of B
with eigenvector x take the block k where ``|x_k|_2`` is largest: ``(mu - N_k) x_k = sum_j F_kj x_j``, and since N_k
is normal the left side has at least the length ``dist(mu, spec N_k) |x_k|``. So mu is within ``sum_j |F_kj|_2`` of an
eigenvalue ``a +- ib`` of N_k. The same holds for ``N + t F``, 0 <= t <= 1, with t times the radius: eigenvalues move
continuously, so each component of the union of the discs keeps its number of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from hallucert.balls.discs import Disc, Spectrum
from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.balls.inverse import inverse
from hallucert.balls.matrix import all_finite, from_floats, midpoints, multiply
from hallucert.errors import ArgumentError
from hallucert.exact import round_up

__all__ = ["Disc", "Spectrum", "spectrum"]

_GOOD = 1e-7
"""Discs below this part of the matrix's size are good enough; otherwise a second basis is tried."""

_SCALINGS = (7, 14, 20)


def spectrum(ar: BallArithmetic, a: Sequence[Sequence[Ball]]) -> Spectrum | None:
    """Enclose the eigenvalues of every matrix in `a` in discs; None if it is undecided.

    Tries the float eigenvectors. Where they are nearly dependent (a defective matrix), tries their orthonormalization
    with graded scaling: then the matrix is nearly triangular and the scaling makes the rest small.
    """
    d = len(a)
    if d == 0 or any(len(row) != d for row in a):
        raise ArgumentError("a", f"<{d} rows>", "be a square matrix")
    with ar:
        if not all_finite(ar, a):
            return None
        approximate = midpoints(ar, a)
        basis, sizes = _real_eigenvectors(approximate)
        if basis is None:
            return None
        w = inverse(ar, from_floats(ar, basis))
        best = None if w is None else _discs(ar, w, a, from_floats(ar, basis), sizes)
        size = float(np.abs(approximate).max())
        if best is not None and _widest(best) <= _GOOD * size + _spread(ar, a):
            return best
        q = from_floats(ar, _orthonormal(basis))
        w = inverse(ar, q)
        for bits in _SCALINGS if w is not None else ():
            # V = Q D with D = diag(2**(-bits j)) has the inverse D^-1 Q^-1; scaling by powers of 2 is exact.
            v = [[x * ar.constant(Fraction(1, 2 ** (bits * j))) for j, x in enumerate(row)] for row in q]
            scaled = [[x * ar.constant(Fraction(2 ** (bits * i))) for x in row] for i, row in enumerate(w or [])]
            candidate = _discs(ar, scaled, a, v, sizes)
            if candidate is not None and (best is None or _widest(candidate) < _widest(best)):
                best = candidate
        return best


def _discs(ar: BallArithmetic, w: Matrix, a: Sequence[Sequence[Ball]], v: Matrix, sizes: list[int]) -> Spectrum | None:
    """Apply the theorem above with the basis V and W, an enclosure of its inverse."""
    b = multiply(ar, w, multiply(ar, a, v))
    if not all_finite(ar, b):
        return None
    discs: list[Disc] = []
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    for k, start in enumerate(starts):
        re, im = _centre(ar, b, start, sizes[k])
        stop = start + sizes[k]
        own = _deviation(ar, [b[i][start:stop] for i in range(start, stop)], re, im)
        # |F|_2 is at most the sum of the sizes of its entries; for the block itself a sharper bound.
        rest = [x for i in range(start, stop) for x in b[i][:start] + b[i][stop:]]
        radius = round_up(ar.absolute_sum(rest) + _norm(ar, own), 30)
        discs.append(Disc(re, im, radius))
        if sizes[k] == 2:
            discs.append(Disc(re, -im, radius))
    return Spectrum(tuple(discs))


def _centre(ar: BallArithmetic, b: Matrix, i: int, size: int) -> tuple[Fraction, Fraction]:
    """Return a, b of the normal block near ``B_kk``, as doubles taken exactly."""
    if size == 1:
        return Fraction(ar.approximate(b[i][i])), Fraction(0)
    re = ar.approximate(b[i][i]) / 2 + ar.approximate(b[i + 1][i + 1]) / 2
    im = ar.approximate(b[i][i + 1]) / 2 - ar.approximate(b[i + 1][i]) / 2
    return Fraction(re), Fraction(im)


def _deviation(ar: BallArithmetic, part: Matrix, re: Fraction, im: Fraction) -> Matrix:
    """Enclose ``B_kk - N_k``."""
    a, b = ar.constant(re), ar.constant(im)
    if len(part) == 1:
        return [[part[0][0] - a]]
    return [[part[0][0] - a, part[0][1] - b], [part[1][0] + b, part[1][1] - a]]


def _norm(ar: BallArithmetic, part: Matrix) -> Fraction:
    """Return an upper bound of the 2-norm: ``|F|_2**2 <= |F|_1 |F|_inf``, so the larger of the two will do."""
    sizes = [[ar.magnitude(x) for x in row] for row in part]
    if len(sizes) == 1 and len(sizes[0]) == 1:
        return sizes[0][0]
    rows = max(sum(row, Fraction(0)) for row in sizes)
    columns = max(sum(column, Fraction(0)) for column in zip(*sizes, strict=True))
    return max(rows, columns)


def _real_eigenvectors(a: np.ndarray) -> tuple[np.ndarray | None, list[int]]:
    """Return a real basis of float eigenvectors and the sizes of its blocks.

    A complex eigenvector ``p + iq`` for ``a + ib`` gives ``A [p q] = [p q] [[a, b], [-b, a]]``.
    """
    try:
        with np.errstate(all="ignore"):
            values, vectors = np.linalg.eig(a)
    except np.linalg.LinAlgError:
        return None, []
    columns, sizes, i = [], list[int](), 0
    while i < len(values):
        if values[i].imag == 0.0:
            columns.append(vectors[:, i].real)
            sizes.append(1)
            i += 1
        else:  # LAPACK lists conjugate pairs side by side
            columns += [vectors[:, i].real, vectors[:, i].imag]
            sizes.append(2)
            i += 2
    basis = np.column_stack(columns)
    if basis.shape != a.shape or not np.isfinite(basis).all():
        return None, []
    return basis, sizes


def _orthonormal(basis: np.ndarray) -> np.ndarray:
    """Return a float orthonormal basis whose first columns span what those of `basis` do, about."""
    with np.errstate(all="ignore"):
        q = np.linalg.qr(basis)[0]
    return np.where(np.isfinite(q), q, 0.0)


def _widest(found: Spectrum) -> float:
    return max(float(disc.radius) for disc in found.discs)


def _spread(ar: BallArithmetic, a: Sequence[Sequence[Ball]]) -> float:
    """Return about the width that the entries' own widths cause: no basis can do better."""
    return 10.0 * max(float(sum((ar.upper(x) - ar.lower(x) for x in row), Fraction(0))) for row in a)
