"""Identities of the SAM maps that hold at every point of every smooth function."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import hallucert as hc

FUNCTIONS = [
    hc.Objective.parse("(x**2 + y - 11)**2 + (x + y**2 - 7)**2"),
    hc.Objective.parse("sin(x)*cos(y) + x*y/3 + exp(x/4)"),
    hc.Objective.parse("x**2*y + y**2*z + tanh(x + z)", ("x", "y", "z")),
]
COORDINATE = st.floats(-2, 2).map(lambda v: round(v, 6))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.sampled_from(FUNCTIONS), st.lists(COORDINATE, min_size=3, max_size=3), st.floats(0.01, 3))
def test_identities_of_the_perturbation_jacobian(f, coordinates, rho) -> None:
    """u^T J = u^T, and J has real spectrum {1} with {1 - rho kappa_i} (Proposition 4.1); |x+ - x| = rho."""
    x = np.array(coordinates[: f.dimension])
    g, h = f.gradient(x), f.hessian(x)
    q = np.linalg.norm(g)
    if q < 1e-3:
        return
    u = g / q
    jacobian = hc.sam.perturbation_jacobian(f, x, rho)
    size = 1 + np.abs(jacobian).max()
    assert np.abs(u @ jacobian - u).max() < 1e-12 * size
    assert abs(np.linalg.norm(hc.sam.perturbed_point(f, x, rho) - x) - rho) < 1e-13 * (1 + rho + np.abs(x).max())
    # kappa_i: eigenvalues of -P H P / q on the complement of u, here by deflating u to the eigenvalue 1.
    p = np.eye(f.dimension) - np.outer(u, u)
    expected = np.linalg.eigvalsh(p @ (np.eye(f.dimension) + rho * h / q) @ p + np.outer(u, u))
    found = np.linalg.eigvals(jacobian)
    assert np.abs(found.imag).max() < 1e-5 * size  # a defective pair splits by the root of rounding
    assert np.abs(np.sort(found.real) - expected).max() < 1e-5 * size


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.sampled_from(FUNCTIONS), st.lists(COORDINATE, min_size=3, max_size=3), st.floats(0.01, 2))
def test_sam_gradient_is_the_transposed_jacobian_times_the_shifted_gradient(f, coordinates, rho) -> None:
    """The Hessian-free SAM gradient equals J^T g(x+) with the matrix formed."""
    x = np.array(coordinates[: f.dimension])
    if np.linalg.norm(f.gradient(x)) < 1e-3:
        return
    jacobian, shifted = hc.sam.perturbation_jacobian(f, x, rho), hc.sam.shifted_gradient(f, x, rho)
    size = (1 + np.abs(jacobian).max()) * (1 + np.abs(shifted).max())
    assert np.abs(hc.sam.sam_gradient(f, x, rho) - jacobian.T @ shifted).max() < 1e-12 * size
