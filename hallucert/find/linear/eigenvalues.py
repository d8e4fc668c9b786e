"""Decompositions of matrices that may have left the range of doubles: NaN there, where numpy raises."""

from __future__ import annotations

import numpy as np


def _usable(a: np.ndarray) -> bool:
    return bool(np.isfinite(a).all())


def eigvalsh(a: np.ndarray) -> np.ndarray:
    """Return the eigenvalues of symmetric matrices (..., d, d), ascending; NaN for each that is not finite."""
    if not _usable(a):
        usable = np.isfinite(a).all(axis=(-2, -1))
        values = np.full(a.shape[:-1], np.nan)
        values[usable] = eigvalsh(a[usable])
        return values
    try:
        return np.linalg.eigvalsh(a)
    except np.linalg.LinAlgError:
        return np.full(a.shape[:-1], np.nan)


def eigh(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return eigenvalues and eigenvectors of symmetric matrices (..., d, d); NaN for each that is not finite."""
    if not _usable(a):
        usable = np.isfinite(a).all(axis=(-2, -1))
        values, vectors = np.full(a.shape[:-1], np.nan), np.full(a.shape, np.nan)
        values[usable], vectors[usable] = eigh(a[usable])
        return values, vectors
    try:
        values, vectors = np.linalg.eigh(a)
    except np.linalg.LinAlgError:
        return np.full(a.shape[:-1], np.nan), np.full(a.shape, np.nan)
    return values, vectors


def eigvals(a: np.ndarray) -> np.ndarray:
    """Return the eigenvalues (d,) complex of a matrix; NaN if it is not finite."""
    try:
        return np.linalg.eigvals(a).astype(complex) if _usable(a) else np.full(len(a), np.nan, dtype=complex)
    except np.linalg.LinAlgError:
        return np.full(len(a), np.nan, dtype=complex)


def svd(a: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the full singular value decomposition of a matrix (m, d); NaN if it is not finite."""
    m, d = a.shape
    try:
        if _usable(a):
            left, values, right = np.linalg.svd(a)
            return left, values, right
    except np.linalg.LinAlgError:
        pass
    return np.full((m, m), np.nan), np.full(min(m, d), np.nan), np.full((d, d), np.nan)


def singular_values(a: np.ndarray) -> np.ndarray:
    """Return the singular values of a matrix (m, d), descending; NaN if it is not finite."""
    try:
        return np.linalg.svd(a, compute_uv=False) if _usable(a) else np.full(min(a.shape), np.nan)
    except np.linalg.LinAlgError:
        return np.full(min(a.shape), np.nan)


def lstsq(a: np.ndarray, b: np.ndarray, rcond: float) -> np.ndarray:
    """Return the shortest least-squares solution (d,); NaN if ``a`` (m, d) or ``b`` (m,) is not finite."""
    try:
        if _usable(a) and _usable(b):
            return np.asarray(np.linalg.lstsq(a, b, rcond=rcond)[0])
    except np.linalg.LinAlgError:
        pass
    return np.full(a.shape[1], np.nan)
