"""Inputs of the claim ``momentum``: norms in which steps contract, from eigenvectors or from Stein's equation.

In the norm ``|V^-1 z|``, V the eigenvectors of the derivative T of a step, T has its spectral radius r as norm, and the
set on which steps contract is usually the largest. Where two eigenvalues meet, as at critical damping, there is no such
basis. For ``r < s < 1``, ``P = sum_k (T^T)^k T^k/s^(2k)`` satisfies ``T^T P T = s^2 (P - I) < s^2 P``: in the norm
``|z|_P`` a step is shorter by s. V is made lower triangular by Cholesky, from ``V V^T`` or from ``P^-1 = V V^T``.
Velocities are measured in lengths: of (x, E v) T is free of units.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice

import numpy as np

from hallucert.balls.bases import eigenvector_bases
from hallucert.check.attraction.attractor import tangent_kernel
from hallucert.check.attraction.manifold.momentum import carried_of
from hallucert.check.attraction.method import Method
from hallucert.check.attraction.momentum import contraction_of, derivative, expansion_of
from hallucert.check.point.rule import Evidence, Inputs
from hallucert.check.reason import Reason
from hallucert.exact import float_above
from hallucert.prove import regions
from hallucert.prove.attraction.basin import LARGEST_DIMENSION, flattened, with_set
from hallucert.prove.attraction.manifold import with_ball

SURE = Fraction(1, 2**30)
"""By so much more than its width a spectral radius has to exceed 1, with room for what publication adds."""
BASES = 3
"""Proposals of eigenvectors that are tried, the later ones for eigenvalues that meet."""
SKEW = 1e3
"""Condition of eigenvectors from which on they make long and thin sets."""


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
    if expansion.upper >= 1:
        return Reason.STRADDLES if expansion.lower < 1 else Reason.STEP
    if evidence.residual_form:
        return _on_manifold(evidence, asked)
    found: Inputs | Reason = Reason.PRECISION
    for basis in _bases(evidence, asked):
        inputs = {**asked, "basis": basis}
        found = with_set(contraction_of(evidence, inputs), inputs)
        if not isinstance(found, Reason):
            break
    return found


def _on_manifold(evidence: Evidence, asked: Inputs) -> Inputs | Reason:
    """Step and momentum with a ball around a point of a manifold, in eigenvectors of how ``(y, o)`` moves."""
    ar, (k, carried), step = evidence.arithmetic, Method.of(asked).shares, asked["step"]
    kernel, b = ar.approximations(tangent_kernel(evidence)), float(asked["momentum"])
    one = np.eye(len(kernel))
    moved = np.block([[one - float(step * k) * kernel, -float(step * carried) * kernel], [one, b * one]])
    found: Inputs | Reason = Reason.PRECISION
    for proposal in islice(eigenvector_bases(moved), BASES):
        inputs = {**asked, "basis": flattened(proposal), "blocks": tuple(map(Fraction, proposal.sizes))}
        coordinates = carried_of(evidence, inputs)
        found = Reason.PRECISION if coordinates is None else with_ball(coordinates.bounds, evidence, inputs)
        if not isinstance(found, Reason):
            break
    return found


def _bases(evidence: Evidence, asked: Inputs) -> Iterator[tuple[Fraction, ...]]:
    """Yield V by rows, of order 2d, lower triangular."""
    ar = evidence.arithmetic
    t = ar.approximations(derivative(ar, evidence.point.sam_matrix, asked))
    d = len(t) // 2
    units = np.repeat([1.0, float_above(asked["step"])], d)
    for square in _squares(units[:, None] * t / units):
        try:
            v = np.linalg.cholesky(square)
        except np.linalg.LinAlgError:
            continue
        v = v / np.linalg.norm(v[:d]) / units[:, None]
        if np.isfinite(v).all():
            yield tuple(Fraction(entry) for row in v.tolist() for entry in row)


def _squares(t: np.ndarray) -> Iterator[np.ndarray]:
    """Yield ``V V^T`` of norms in which T may contract."""
    from scipy.linalg import LinAlgError, solve_discrete_lyapunov

    if not np.isfinite(t).all():
        return
    try:
        values, vectors = np.linalg.eig(t)
        if np.linalg.cond(vectors) < SKEW:
            yield (vectors @ vectors.conj().T).real
        s = (1 + np.abs(values).max()) / 2
        yield np.linalg.inv(solve_discrete_lyapunov(t.T / s, np.eye(len(t))))
    except (LinAlgError, np.linalg.LinAlgError, ValueError):
        return
