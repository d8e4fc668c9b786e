"""Claim: `find.sheet` follows the curve of hallucinated minimizers that closed forms give, and names misuse."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.branch import EndReason
from hallucert.errors import ArgumentError, SearchError


@pytest.fixture(scope="module")
def ring():
    return hc.Objective.least_squares(["x**2 + y**2 - 1"], n=2)


@pytest.mark.parametrize("rho", ["1.1", "1.5", "1.9"])
def test_the_hallucinated_circle_of_the_ring_is_closed(ring, rho):
    """Radius rho - 1, once round, targets opposite on the unit circle, tangents across the radius."""
    radius = float(rho) - 1
    curve = hc.find.sheet(ring, (radius * 0.8, radius * 0.6), rho)
    assert curve.closed
    assert np.allclose(np.linalg.norm(curve.x, axis=1), radius, rtol=1e-11, atol=0)
    assert np.allclose(curve.target, -curve.x / radius)
    assert np.abs((curve.x * curve.tangent).sum(axis=1)).max() < 1e-9
    angles = np.unwrap(np.arctan2(curve.x[:, 1], curve.x[:, 0]))
    assert abs(abs(angles[-1] - angles[0]) - 2 * np.pi) < 1e-9
    assert "closed" in repr(curve)


def test_a_candidate_starts_a_sheet_and_a_box_ends_it(ring):
    """The curve ends on the edge of the box at both sides of the start."""
    candidate = hc.find.refine(ring, (0.5, 0.01), "1.5")
    curve = hc.find.sheet(ring, candidate, box=[(0, 1), (-0.3, 0.2)])
    assert curve.ends == (EndReason.BOX, EndReason.BOX)
    assert sorted(np.round(curve.x[[0, -1], 1], 9)) == [-0.3, 0.2]
    assert not curve.closed


def test_a_curve_ends_where_the_gradient_vanishes():
    """A tanh network with four parameters on three samples: both ends near critical points, targets of loss 0."""
    f = hc.TanhNetwork((1, 1, 1), np.array([[-1.0], [0.0], [1.0]]), np.array([3.1, 1.6, 0.0]), loss="squared")
    start = [-0.45419527132012494, -0.006790203329450858, 0.49438413134829645, 1.5654192501346285]
    curve = hc.find.sheet(f, start, 3)
    assert curve.ends == (EndReason.CRITICAL_POINT, EndReason.CRITICAL_POINT)
    assert f.value(curve.target).max() < 1e-18
    slopes = np.linalg.norm(f.gradient(curve.x), axis=1)
    assert max(slopes[0], slopes[-1]) < 0.05 * slopes.max()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"rho": None}, "rho"),
        ({"rho": 0}, "rho"),
        ({"start": (0.5,)}, "start"),
        ({"start": (0.5, np.nan)}, "start"),
        ({"box": [(1, 2), (1, 2)]}, "start"),
        ({"box": [(1, 0), (1, 2)]}, "box"),
        ({"ds": -1}, "ds"),
        ({"max_steps": 0}, "max_steps"),
    ],
)
def test_misuse_names_the_argument(ring, arguments, named):
    """Typed errors for wrong shapes, NaN, no radius, a start outside of the box."""
    given = {"start": (0.5, 0), "rho": "1.5"} | arguments
    with pytest.raises(ArgumentError, match=named):
        hc.find.sheet(ring, **given)


def test_functions_without_a_curve_of_minimizers_are_refused(ring):
    """A function that is no sum of squares, or has as many residuals as variables, or three fewer; a radius twice."""
    for f in (
        hc.Objective.parse("(x**2 + y**2 - 1)**2"),
        hc.Objective.least_squares(["x", "y"]),
        hc.Objective.least_squares(["x + y + z + w - 1"], ["x", "y", "z", "w"]),
    ):
        with pytest.raises(ArgumentError, match="one or two residuals fewer"):
            hc.find.sheet(f, np.full(f.dimension, 0.5), 1)
    with pytest.raises(ArgumentError, match="rho"):
        hc.find.sheet(ring, hc.find.refine(ring, (0.5, 0.01), "1.5"), rho=1)


def test_a_start_without_solution_is_an_honest_failure(ring):
    """For rho = 3 the ring has no hallucinated minimizer."""
    with pytest.raises(SearchError):
        hc.find.sheet(ring, (0.5, 0), 3)
