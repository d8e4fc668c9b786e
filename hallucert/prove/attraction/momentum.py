"""Inputs of the claim ``momentum``: a norm in which steps contract, from Stein's equation.

For the derivative T of a step and ``r < s < 1``, r its spectral radius, ``P = sum_k (T^T)^k T^k/s^(2k)`` satisfies
``T^T P T = s^2 (P - I) < s^2 P``: in the norm ``|z|_P`` a step is shorter by s. With ``P^-1 = V V^T``, V lower
triangular, that is the norm of ``V^-1 z``. Velocities are measured in lengths: of (x, E v) T is free of units.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from hallucert.check.attraction.momentum import contraction_of, derivative, expansion_of
from hallucert.check.point.rule import Evidence, Inputs
from hallucert.check.reason import Reason
from hallucert.exact import float_above
from hallucert.prove import regions
from hallucert.prove.attraction.basin import LARGEST_DIMENSION, with_set

SURE = Fraction(1, 2**30)
"""By so much more than its width a spectral radius has to exceed 1, with room for what publication adds."""


def momentum(evidence: Evidence, asked: Inputs) -> Inputs | Reason:
    """Step and momentum as asked, with a norm in which they contract, or alone where they expand."""
    if 2 * len(evidence.point.x) > LARGEST_DIMENSION:
        return Reason.DIMENSION
    evidence = regions.in_arb(evidence)
    expansion = expansion_of(evidence, asked)
    if expansion is None:
        return Reason.PRECISION
    if expansion.lower - 3 * (expansion.upper - expansion.lower) - SURE > 1:
        return asked
    if evidence.residual_form:
        return Reason.MANIFOLD
    if expansion.upper >= 1:
        return Reason.STRADDLES if expansion.lower < 1 else Reason.STEP
    basis = _basis(evidence, asked)
    if basis is None:
        return Reason.PRECISION
    inputs = {**asked, "basis": basis}
    return with_set(contraction_of(evidence, inputs), inputs)


def _basis(evidence: Evidence, asked: Inputs) -> tuple[Fraction, ...] | None:
    """Return V by rows, of order 2d; None if floats find none."""
    from scipy.linalg import LinAlgError, solve_discrete_lyapunov

    ar = evidence.arithmetic
    t = ar.approximations(derivative(ar, evidence.point.sam_matrix, asked))
    d = len(t) // 2
    units = np.repeat([1.0, float_above(asked["step"])], d)
    t = units[:, None] * t / units
    try:
        s = (1 + np.abs(np.linalg.eigvals(t)).max()) / 2
        v = np.linalg.cholesky(np.linalg.inv(solve_discrete_lyapunov(t.T / s, np.eye(2 * d))))
    except (LinAlgError, np.linalg.LinAlgError, ValueError):
        return None
    v = v / np.linalg.norm(v[:d], 2) / units[:, None]
    return tuple(Fraction(entry) for row in v.tolist() for entry in row) if np.isfinite(v).all() else None
