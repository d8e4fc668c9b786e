"""Rigorous arithmetic: one facade over two backends, and interval linear algebra on top of it.

See `hallucert.balls.facade` for what each operation answers in each case. Backends load when `arithmetic` first makes
them.
"""

from __future__ import annotations

from hallucert.balls.backends import arithmetic, require_round_to_nearest
from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.balls.krawczyk import (
    KrawczykResult,
    ZeroEnclosure,
    approximate_preconditioner,
    contract,
    krawczyk_image,
    prove_zero,
)
from hallucert.balls.matrix import inverse
from hallucert.balls.similarity import Disc, Spectrum, spectrum
from hallucert.balls.symmetric import Inertia, extreme_eigenvalues, inertia, is_positive_definite

__all__ = [
    "Ball",
    "BallArithmetic",
    "Disc",
    "Inertia",
    "KrawczykResult",
    "Matrix",
    "Spectrum",
    "ZeroEnclosure",
    "approximate_preconditioner",
    "arithmetic",
    "contract",
    "extreme_eigenvalues",
    "inertia",
    "inverse",
    "is_positive_definite",
    "krawczyk_image",
    "prove_zero",
    "require_round_to_nearest",
    "spectrum",
]
