"""Bases of eigenvectors that floats propose, in which a matrix is nearly block diagonal: evidence of nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np


class Basis(NamedTuple):
    """A proposal ``V = Q diag(2**-grading)`` and the sizes (1 or 2) of the diagonal blocks, in the order of columns."""

    columns: np.ndarray
    grading: list[int]
    sizes: list[int]


class _Unit(NamedTuple):
    """A real eigenvalue with its vector, or a conjugate pair ``re +- i im`` with real and imaginary part of one."""

    re: float
    im: float
    columns: np.ndarray


def eigenvector_bases(a: np.ndarray) -> Iterator[Basis]:
    """Yield proposals in the order in which to try them; none if the float eigenvalue routine fails.

    First the eigenvectors themselves, but orthonormal among eigenvalues that agree up to rounding: there the routine
    returns any basis, often an ill-conditioned one. Then, for defective matrices, orthonormal bases for whole clusters
    of eigenvalues: on such a basis the matrix is nearly triangular, and grading by powers of two shrinks what is above
    the diagonal (and magnifies the noise below: so several gradings). Last, all eigenvalues as one cluster.
    """
    try:
        with np.errstate(all="ignore"):
            values, vectors = np.linalg.eig(a)
    except np.linalg.LinAlgError:
        return
    if not (np.isfinite(values).all() and np.isfinite(vectors).all()):
        return
    units = _units(values, vectors)
    size = float(np.abs(a).max())
    for tolerance, bits in ((1e-11, 0), (1e-3, 7), (1e-3, 14), (1e-3, 20), (np.inf, 7), (np.inf, 14)):
        yield _arranged(units, tolerance * size if size else 0.0, bits)


def _units(values: np.ndarray, vectors: np.ndarray) -> list[_Unit]:
    """Pair the eigenvalues: ``A (p + iq) = (a + ib)(p + iq)`` gives ``A [p q] = [p q] [[a, b], [-b, a]]``."""
    units, i = [], 0
    while i < len(values):
        if values[i].imag == 0.0:
            units.append(_Unit(float(values[i].real), 0.0, vectors[:, i : i + 1].real))
            i += 1
        else:  # LAPACK lists conjugate pairs side by side
            pair = np.column_stack([vectors[:, i].real, vectors[:, i].imag])
            units.append(_Unit(float(values[i].real), abs(float(values[i].imag)), pair))
            i += 2
    return units


def _arranged(units: list[_Unit], tolerance: float, bits: int) -> Basis:
    """Orthonormalize and grade each cluster; a pair apart from the real axis stays a block unless the cluster is real.

    A cluster that comes near the real axis counts as real: the small imaginary parts go into the radii of the discs.
    """
    columns, grading, sizes = [], list[int](), list[int]()
    for cluster in _clusters(units, tolerance):
        if len(cluster) > 1 and min(unit.im for unit in cluster) <= tolerance:
            together = np.column_stack([unit.columns for unit in cluster])
            columns.append(np.linalg.qr(together)[0])
            grading += [bits * j for j in range(together.shape[1])]
            sizes += [1] * together.shape[1]
            continue
        for unit in cluster:
            columns.append(unit.columns)
            grading += [0] * unit.columns.shape[1]
            sizes.append(unit.columns.shape[1])
    return Basis(np.column_stack(columns), grading, sizes)


def _clusters(units: list[_Unit], tolerance: float) -> list[list[_Unit]]:
    """Group units whose eigenvalues are linked by steps of at most `tolerance`."""
    groups: list[list[_Unit]] = []
    for unit in units:
        near = [g for g in groups if any(np.hypot(unit.re - v.re, unit.im - v.im) <= tolerance for v in g)]
        groups = [g for g in groups if not any(g is other for other in near)]
        groups.append([v for g in near for v in g] + [unit])
    return groups
