"""Attractor or repeller, for every point of a part of a branch (Proposition 4.2, without dividing by lambda).

On a branch ``lambda M = H(c) (lambda I + P H)`` with ``P = I - v v^T/rho^2``, ``v = x - c``; where ``lambda > 0`` its
eigenvalues have the signs of those of ``M``.

- ``det M`` has the sign of ``det H(c)`` times that of the tangential determinant ``D`` of `branch_determinant`, which
  leaves out the eigenvalue ``lambda`` of ``lambda J`` along ``u`` and so keeps its sign up to ``lambda = 0``.
  ``det M < 0``: some eigenvalue is real and negative, the point repels.
- ``tr M < 0``: some eigenvalue has negative real part, the point repels.
- ``d = 2``, ``det M > 0`` and ``tr M > 0`` (Routh-Hurwitz): the point attracts.
- ``d >= 3``: Gershgorin discs of ``lambda M`` in a float eigenbasis decide the rest.
"""

from __future__ import annotations

from fractions import Fraction

from hallucert.balls import matrix
from hallucert.balls.similarity import spectrum
from hallucert.check.branch.cell import CellProof
from hallucert.check.branch.determinant import along_arc
from hallucert.check.branch.system import BranchSystem, Matrix, Vector

ATTRACTING, REPELLING = "attracting", "repelling"


def stability(proof: CellProof, low: Fraction, high: Fraction, w: Vector) -> str | None:
    """Return what certainly holds at all points with ``lambda > 0`` of a part of an arc; None if undecided.

    `w` encloses ``w(s)`` for ``s`` from `low` to `high`.
    """
    ar, system = proof.arithmetic, proof.system
    h_c = system.target_hessian
    if system.dimension == 1:
        return _by_sign(ar.positive(h_c[0][0]), ar.negative(h_c[0][0]))
    s = ar.interval(low, high)
    scaled = scaled_matrix(system, proof.at(s, w))
    if not ar.all_finite(scaled):
        return None
    trace = matrix.trace(scaled)
    if ar.negative(trace):
        return REPELLING
    determinant = matrix.determinant(ar, h_c) * along_arc(proof, low, high, w).value
    if ar.negative(determinant):
        return REPELLING
    if system.dimension == 2:
        return ATTRACTING if ar.positive(determinant) and ar.positive(trace) else None
    found = spectrum(ar, scaled)
    return None if found is None else _by_sign(found.all_positive, found.some_negative)


def _by_sign(positive: bool, negative: bool) -> str | None:
    if positive:
        return ATTRACTING
    return REPELLING if negative else None


def scaled_matrix(system: BranchSystem, z: Vector) -> Matrix:
    """``rho^2 lambda M = H(c) (rho^2 (H + lambda I) - v (v^T H))``."""
    ar, d, v = system.arithmetic, system.dimension, system.offset(z)
    h = system.objective.enclose_hessian(ar, z[:-1])
    square = system.squared_radius(z)
    along = [ar.dot(v, row) for row in h]  # v^T H
    inner = [[square * h[i][j] - v[i] * along[j] for j in range(d)] for i in range(d)]
    for i in range(d):
        inner[i][i] = inner[i][i] + square * z[-1]
    return ar.matrix_product(system.target_hessian, inner)
