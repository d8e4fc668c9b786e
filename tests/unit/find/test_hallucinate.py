"""`hallucinate` constructs global hallucinated minimizers of least-squares objectives, or says why it cannot."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError, SearchError
from hallucert.find.spheres import sphere


@pytest.mark.parametrize("seed", range(6))
def test_the_ring_is_found_from_random_starts(seed):
    """For r = |x|^2 - 1 the points with r(x+) = 0, g != 0 at rho = 3/2 form the circle of radius 1/2."""
    f = hc.Objective.least_squares(["x**2 + y**2 - 1"])
    candidate = hc.find.hallucinate(f, np.random.default_rng(seed).normal(size=2) * 0.4, "1.5")
    assert abs(np.linalg.norm(candidate.x) - 0.5) < 1e-12
    assert abs(np.linalg.norm(candidate.target) - 1) < 1e-12
    assert hc.certify(candidate)["hallucinated_minimizer"]


def test_more_variables_than_residuals():
    """Two residuals in six variables: the end point solves r(x+) = 0, checked from the definition, and is certified."""
    f = hc.Objective.least_squares(["tanh(x0*x1 + x2) + x3**2 - 1", "x4*tanh(x5 + x0) - x1/2 + x2**2 - 1/3"], n=2)
    candidate = hc.find.hallucinate(f, np.random.default_rng(3).normal(size=6), 2)
    g = f.gradient(candidate.x)
    plus = candidate.x + 2 * g / np.linalg.norm(g)
    assert np.abs(f.residual(plus)).max() < 1e-12 and np.linalg.norm(g) > 1e-3
    cert = hc.certify(candidate)
    assert cert["existence"] and cert["hallucinated_minimizer"] and cert["regular"]


def test_no_zero_is_an_error():
    """r = x^2 + y^2 + 1 has no zero, so there is nothing to construct."""
    with pytest.raises(SearchError, match="did not converge"):
        hc.find.hallucinate(hc.Objective.least_squares(["x**2 + y**2 + 1"]), (0.3, 0.2), 1)


def test_the_residual_form_is_required():
    """A plain formula and an overdetermined least-squares problem are refused, naming the argument."""
    plain = hc.Objective.parse("x**2 + y**2")
    over = hc.Objective.least_squares(["x", "y", "x + y"])
    for f in (plain, over):
        with pytest.raises(ArgumentError, match="residual form"):
            hc.find.hallucinate(f, (1.0, 2.0), 1)


def test_the_matrix_free_class_agrees_with_the_dense_one(monkeypatch):
    """Lanczos on Hessian-vector products finds the same kind as the whole Hessian."""
    f = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2 + (z**2 - 1)**2 + x*y*z/10")
    candidates = hc.find.on_sphere(f, hc.find.critical_points(f, [[0.5, 1.5]] * 3)[0].x, 2)
    kinds = [c.kind for c in candidates]
    assert len(set(kinds)) > 1
    monkeypatch.setattr(sphere, "DENSE", 0)
    assert [sphere.sphere_kind(f, c.x, 2.0) for c in candidates] == kinds


def test_a_network_on_images_is_solved_to_rounding() -> None:
    """784-64-10 on 6 sparse images: |r(x+)| < 1e-12 from the definition, with a gradient that is not zero."""
    rng = np.random.default_rng(0)
    images = np.where(rng.random((6, 784)) < 0.2, rng.random((6, 784)), 0.0)
    f = hc.TanhNetwork((784, 64, 10), images, np.eye(10)[rng.integers(0, 10, 6)])
    candidate = hc.find.hallucinate(f, f.initial(0), 2)
    g = f.gradient(candidate.x)
    assert np.linalg.norm(f.residual(candidate.x + 2 * g / np.linalg.norm(g))) < 1e-12 and np.linalg.norm(g) > 0.1


def test_the_residual_jacobian_in_blocks_is_the_product_of_its_factors(monkeypatch: pytest.MonkeyPatch) -> None:
    """A = B (I + (rho/q) P H) with the dense Hessian, whatever the size of a block."""
    rng = np.random.default_rng(1)
    f = hc.TanhNetwork((3, 5, 2), rng.standard_normal((4, 3)), rng.standard_normal((4, 2)))
    x, rho = f.initial(2), 1.5
    g = f.gradient(x)
    q = np.linalg.norm(g)
    projection = np.eye(f.dimension) - np.outer(g, g) / q**2
    expected = f.residual_jacobian(x + rho * g / q) @ (np.eye(f.dimension) + (rho / q) * projection @ f.hessian(x))
    for block in (1, 3 * f.dimension, 2**20):
        monkeypatch.setattr(sphere, "BLOCK", block)
        np.testing.assert_allclose(sphere.shifted_residual_jacobian(f, x, rho), expected, atol=1e-12)


@pytest.mark.parametrize("residual, size", [
    ("1e-8*(x**2 + y**2 - 1)", "1"), ("1e8*(x**2 + y**2 - 1)", "1"), ("x**2 + y**2 - 1e-10", "1e-5"),
    ("x**2 + y**2 - 1e6", "1000"), ("1e40*(x**2 + y**2 - 1e-60)", "1e-30"), ("1e-70*(x**2 + y**2 - 1e60)", "1e30"),
])  # fmt: skip
def test_the_default_tolerance_has_no_unit(residual: str, size: str) -> None:
    """For the circle of radius s and rho = 1.5 s the points are those with |x| = s/2, in whatever units."""
    f, s = hc.Objective.least_squares([residual]), float(size)
    found = hc.find.hallucinate(f, (-0.45 * s, 0.1 * s), 3 * Fraction(size) / 2)
    assert np.linalg.norm(found.x) == pytest.approx(s / 2, rel=1e-9)
