"""Eigenvalues of matrices in midpoint-radius arrays, for sizes where single balls are too slow.

The theorems are those of `hallucert.balls.symmetric` and `hallucert.balls.similarity`; floats propose bases, and
everything that is concluded from them is enclosed.

**A similar matrix.** Let Q be a basis and R near its inverse, both exact, ``F = I - R Q`` and ``|F|_inf <= phi < 1``.
Then ``Q^-1 K Q = (I - F)^-1 M`` with ``M = R K Q``, and it differs from M by at most ``|F||M|`` and, in each column, by
``phi / (1 - phi)`` of the largest entry of that.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from hallucert.balls.bases import Basis, eigenvector_bases
from hallucert.balls.midrad.array import MidRad
from hallucert.balls.midrad.norms import cholesky_lower, matrix_vector_upper
from hallucert.balls.midrad.rounding import TINY, UP, Doubles, excess
from hallucert.balls.spectrum import Disc, Spectrum
from hallucert.errors import DomainError

_GOOD = 1e-7
"""Discs below this part of the matrix's size, beside its radii, are good enough."""


def symmetric_part(a: MidRad) -> MidRad:
    """``(A + A^T)/2``."""
    return (a + a.T) * 0.5


def least_eigenvalue(s: MidRad) -> tuple[Fraction, Fraction] | None:
    """Enclose the least eigenvalue of every symmetric matrix in `s`; None if it cannot be done.

    Below by a Cholesky factorization, above by the quotient of Rayleigh of a float eigenvector.
    """
    try:
        vectors = np.linalg.eigh(s.mid)[1]
    except np.linalg.LinAlgError:
        return None
    w = MidRad.computed(vectors[:, :1])
    quotient = (w.T @ (s @ w)) / (w.T @ w)
    low, high = cholesky_lower(s), quotient.mid.item() + quotient.rad.item()
    return (Fraction(low), Fraction(math.nextafter(high, math.inf))) if math.isfinite(low) else None


def spectrum(k: MidRad) -> Spectrum | None:
    """Enclose the eigenvalues of every matrix in `k` in discs; None if no float basis serves."""
    size = float(np.abs(k.mid).max())
    good = _GOOD * size + 200 * float(k.rad.sum(axis=1).max())
    best: Spectrum | None = None
    for basis in eigenvector_bases(k.mid):
        try:
            found = _discs(_similar(k, basis), basis.sizes)
        except (np.linalg.LinAlgError, DomainError):
            continue
        if best is None or _widest(found) < _widest(best):
            best = found
        if _widest(best) <= good:
            break
    return best


def _similar(k: MidRad, basis: Basis) -> MidRad:
    """Enclose ``D^-1 Q^-1 K Q D`` for a float basis Q and powers of two D; `DomainError` if Q may be singular."""
    q = MidRad(basis.columns)
    r = MidRad.computed(np.linalg.inv(basis.columns))
    f = (MidRad(np.eye(len(k))) - r @ q).magnitude()
    phi = float(matrix_vector_upper(f, np.ones(len(k))).max())
    if not phi < 0.5:
        raise DomainError("the basis may be singular")
    m = r @ (k @ q)
    first = matrix_vector_upper(f, m.magnitude())
    error = (first + (phi / (1 - phi)) * UP * first.max(axis=0)) * UP
    scale = np.asarray(basis.grading)
    shift = scale[:, None] - scale
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        mid, rad = np.ldexp(m.mid, shift), np.ldexp((m.rad + error) * UP, shift)  # exact, but for what underflows
        return MidRad.computed(mid, rad + TINY)


def _discs(b: MidRad, sizes: list[int]) -> Spectrum:
    """Gershgorin's discs by blocks of normal matrices, see `hallucert.balls.similarity`."""
    magnitude = b.magnitude()
    discs: list[Disc] = []
    start = 0
    for size in sizes:
        block = slice(start, start + size)
        part, rows = b[block, block], magnitude[block].copy()
        rows[:, block] = 0
        re = float(part.mid.diagonal().mean())
        im = float(part.mid[0, 1] - part.mid[1, 0]) / 2 if size == 2 else 0.0
        normal = np.array([[re, im], [-im, re]])[:size, :size]
        own = (part - MidRad(normal)).magnitude()
        # |F|_2 is at most the sum of the entries, and for the block itself the larger of the norms of rows and columns.
        within = max(own.sum(axis=0).max(), own.sum(axis=1).max())
        radius = Fraction(float((rows.sum() + within) * excess(rows.size + own.size)))
        discs += [Disc(Fraction(re), Fraction(im), radius)] + [Disc(Fraction(re), Fraction(-im), radius)] * (size - 1)
        start += size
    return Spectrum(tuple(discs))


def _widest(found: Spectrum) -> float:
    return float(max(disc.radius for disc in found.discs))


def orthonormalizer(gram: Doubles) -> Doubles | None:
    """Return C in doubles with ``C G C^T`` near the identity, for a symmetric G; None if it looks singular."""
    try:
        c = np.linalg.inv(np.linalg.cholesky(gram))
    except np.linalg.LinAlgError:
        return None
    return c if np.isfinite(c).all() else None
