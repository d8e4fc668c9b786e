"""Midpoint-radius arrays of doubles: rigorous enclosures at the speed of BLAS; for programs too large for balls."""

from __future__ import annotations

from hallucert.balls.midrad.arithmetic import MidRadArithmetic
from hallucert.balls.midrad.array import MidRad
from hallucert.balls.midrad.norms import cholesky_lower, frobenius_upper, matrix_vector_upper, spectral_norm_upper

__all__ = [
    "MidRad",
    "MidRadArithmetic",
    "cholesky_lower",
    "frobenius_upper",
    "matrix_vector_upper",
    "spectral_norm_upper",
]
