"""How large a chart of a surface can be proved: how fast the matrix of Krawczyk's test changes along it, in floats.

A chart is proved by Krawczyk's test for ``E(x, c, lambda) = 0`` (`docs/mathematics/surfaces.md`) in a frame ``[T, N]``.
The test fails where ``C DE(z) N``, the identity in the middle, is too different from it. On a square of half width
``h`` it is different by at most ``h B`` to first order, with

    B = sum_k |C (dDE/ds_k) N|    (entry by entry),    k = 1, 2.

In a box whose radii are an eigenvector of Perron of ``B`` this takes up the part ``h p`` of the box, ``p`` the spectral
radius of ``B``. The curvature and its changes take up the rest.
"""

from __future__ import annotations

import numpy as np

from hallucert.find.surfaces.record import across
from hallucert.objectives.objective import Objective

# Part of the box that the change of the matrix may take up: with more most charts are not proved.
TAKEN = 0.19

MOST_VARIABLES = 12  # surfaces with more variables are not proved, and the matrices would be large

PROBE = 1e-4  # length of the steps that measure the change, as a part of rho


def provable_half_width(f: Objective, x: np.ndarray, rho: float, tangents: np.ndarray) -> float:
    """Return about the largest half width of a chart at `x` that can be proved; inf if nothing speaks against it.

    0 where the matrices are singular, or not finite.
    """
    if f.dimension > MOST_VARIABLES:
        return np.inf
    try:
        spectral = _change(f, x, rho, tangents)
    except np.linalg.LinAlgError:
        return 0.0
    return TAKEN / spectral if spectral > 0 else np.inf


def _change(f: Objective, x: np.ndarray, rho: float, tangents: np.ndarray) -> float:
    """Return how much the matrix changes over a unit of length along the chart; raises `LinAlgError` like numpy."""
    d = f.dimension
    g = f.gradient_lanes(x[None])[0]
    z = np.concatenate([x, x + rho * g / np.linalg.norm(g), [np.linalg.norm(g) / rho]])
    middle = _jacobians(f, z[None])[0]
    null = np.linalg.svd(middle)[2][len(middle) :].T
    along = null @ np.linalg.inv(tangents.T @ null[:d])
    normals = across(tangents, g)
    step = PROBE * rho
    ahead, behind = (_jacobians(f, z + sign * step * along.T) for sign in (1, -1))
    changes = np.linalg.solve(middle @ normals, (ahead - behind) @ normals / (2 * step))
    return float(np.abs(np.linalg.eigvals(np.abs(changes).sum(axis=0))).max())


def _jacobians(f: Objective, z: np.ndarray) -> np.ndarray:
    """``DE`` at the rows of `z`."""
    (n, size), d = z.shape, f.dimension
    x, c, multiplier = z[:, :d], z[:, d:-1], z[:, -1]
    scalar, m = multiplier[:, None, None] * np.eye(d), f.residual_count
    result = np.zeros((n, d + 1 + m, size))
    result[:, :d, :d], result[:, :d, d:-1] = f.hessian_lanes(x) + scalar, -scalar
    result[:, :d, -1] = result[:, d, :d] = x - c
    result[:, d, d:-1] = c - x
    result[:, d + 1 :, d:-1] = f.residual_jacobian_lanes(c)
    return result
