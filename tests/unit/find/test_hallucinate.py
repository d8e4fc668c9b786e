"""`hallucinate` constructs global hallucinated minimizers of least-squares objectives, or says why it cannot."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError, SearchError
from hallucert.find import sphere


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
