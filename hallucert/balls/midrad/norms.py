"""Bounds for matrices of doubles: products with vectors, spectral norms, least eigenvalues.

**Least eigenvalues.** For symmetric H and any lower triangular L of doubles, ``H - c I = L L^T + D`` defines D, and
``L L^T`` has no negative eigenvalue; so every eigenvalue of H is at least ``c - |D|_2`` (Weyl). A float Cholesky
factorization proposes L, and nothing is assumed of it: the residual D is enclosed. The product of ``L L^T`` is off by
``g |L||L|^T`` at most, whose spectral norm is at most ``g |L|_F^2``.
"""

from __future__ import annotations

import math

import numpy as np

from hallucert.balls.midrad.array import MidRad
from hallucert.balls.midrad.products import METHODS
from hallucert.balls.midrad.rounding import TINY, UNIT, UP, Doubles, blocked_product, excess, finite, gamma
from hallucert.errors import ArgumentError, DomainError

_SWEEPS = 4
_TRIALS = 6


def matrix_vector_upper(a: Doubles, x: Doubles) -> Doubles:
    """Return upper bounds of ``a x`` for nonnegative doubles, `a` (m, n) and `x` (n,) or (n, k).

    Negative numbers are an `ArgumentError`, what overflows a `DomainError`.
    """
    if a.min(initial=0.0) < 0 or x.min(initial=0.0) < 0:
        raise ArgumentError("a, x", "<negative numbers>", "be nonnegative")
    with np.errstate(over="ignore", invalid="ignore"):
        return finite((a @ x) * excess(a.shape[-1]) + TINY)


def frobenius_upper(a: MidRad | Doubles) -> float:
    """Return an upper bound of the root of the sum of squares; it bounds the spectral norm."""
    size = a.magnitude() if isinstance(a, MidRad) else np.abs(a)
    scale = float(size.max(initial=0.0))
    if scale == 0:
        return 0.0
    finite(np.asarray(scale))
    scale = 2.0 ** math.frexp(scale)[1] if scale < 2.0**1020 else 2.0**1020
    parts = (size / scale + TINY).reshape(-1)
    bound = math.sqrt(float(parts @ parts) * excess(parts.size)) * UP * scale
    return float(finite(np.asarray(math.nextafter(bound, math.inf))))  # the last product may underflow


def spectral_norm_upper(a: MidRad | Doubles) -> float:
    """Return an upper bound of the spectral norm of every matrix of `a`, from the sizes of its entries.

    For nonnegative B and v > 0, ``|B|_2^2`` is at most the largest ``(B^T B v)_i / v_i`` (Collatz, Wielandt); v comes
    from a few steps of the power method. Signs do not count, so this suits residuals and radii. `DomainError` if it
    overflows.
    """
    size = a.magnitude() if isinstance(a, MidRad) else np.abs(a)
    if size.ndim != 2:
        raise ArgumentError("a", f"<shape {size.shape}>", "be a matrix")
    largest = frobenius_upper(size)
    if largest == 0 or largest < 1e-140 or largest > 1e140:
        return largest
    v = np.ones(size.shape[1])
    for _ in range(_SWEEPS):
        v = size.T @ (size @ v)
        v = v / v.max() + 2.0**-30
    image = matrix_vector_upper(size.T, matrix_vector_upper(size, v))
    return min(largest, math.sqrt(float((image / v).max()) * UP) * UP)


@np.errstate(over="ignore", invalid="ignore")
def cholesky_lower(s: MidRad) -> float:
    """Return a lower bound of the least eigenvalue of every symmetric matrix in `s` (n, n); ``-inf`` if none is found.

    `ArgumentError` if it is not square.
    """
    if s.ndim != 2 or s.shape[0] != s.shape[1]:
        raise ArgumentError("s", f"<shape {s.shape}>", "be a square matrix")
    if not np.array_equal(s.mid, s.mid.T):
        s = (s + s.T) * 0.5
    try:
        least = float(np.linalg.eigvalsh(s.mid)[0])
        room = 4 * len(s) * UNIT * float(np.abs(s.mid).max()) + TINY
        for trial in range(_TRIALS):
            shift = least - room * 8.0**trial
            try:
                factor = np.asarray(np.linalg.cholesky(s.mid - shift * np.eye(len(s))), np.float64)
            except np.linalg.LinAlgError:
                continue
            return _factored_lower(s, shift, factor)
    except (np.linalg.LinAlgError, DomainError):  # DomainError: it overflows
        pass
    return -math.inf


def _factored_lower(s: MidRad, shift: float, factor: Doubles) -> float:
    """Return ``c - |D|_2`` rounded down, for a proposed factor."""
    transposed, rounding = np.ascontiguousarray(factor.T), len(s) * TINY
    if METHODS.get()[-1] == "sliced":
        square = MidRad.computed(factor) @ transposed
    else:
        product, depth = blocked_product(factor, transposed)
        square, size = MidRad.computed(product), frobenius_upper(factor)
        rounding += gamma(depth) * (size * size)
    residual = s - square - MidRad.computed(np.diag(np.full(len(s), shift)))
    off = float(finite(np.asarray((spectral_norm_upper(residual) + rounding) * UP)))
    return math.nextafter(shift - off, -math.inf)
