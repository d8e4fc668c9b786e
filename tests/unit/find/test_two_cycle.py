"""Cycles that are found are those of the closed form; what is none is said."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError, SearchError

BOWL = hc.Objective.parse("x**2/2 + 2*y**2")
WELL = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")


@pytest.mark.parametrize("step", [1e-7, 0.01, 0.3])
@pytest.mark.parametrize("rho", [1e-3, 7.0])
def test_the_cycle_of_a_quadratic(rho, step) -> None:
    """Along the largest curvature 4, at +-4 eta rho/(2 - 4 eta), from a tenth beside it; rho + s has 16 digits."""
    s = 4 * step * rho / (2 - 4 * step)
    found = hc.find.two_cycle(BOWL, (0, 1.1 * s), rho, step, 40)
    assert np.allclose(np.sort(found.points[:, 1]), [-s, s], rtol=0, atol=1e-15 * (rho + s))
    assert np.abs(found.points[:, 0]).max() <= 1e-15 * (rho + s)


def test_a_cycle_that_repels_is_found_from_beside_it() -> None:
    """Along the lower curvature, with no steps."""
    s = 0.1 * 1 / (2 - 0.1)
    found = hc.find.two_cycle(BOWL, (s * (1 + 1e-3), 1e-6), 1, 0.1, 0)
    assert np.allclose(found.points, [[s, 0], [-s, 0]], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("f", "start", "rho", "step", "steps", "what"),
    [
        (WELL, (-0.6, 0.1), 1.5, 0.1, 20_000, "SAM has stopped here"),
        (WELL, (-0.501, 0.0001), 1.5, 0.1, 50, "next to a fixed point|no two-cycle"),
        (BOWL, (1, 1), 1, 5, 20_000, "the iteration diverges"),
        (BOWL, (0, 0), 1, 0.1, 0, "lead nowhere"),
        (hc.gallery.load("himmelblau"), (3.4, -1.8), 1, 0.005, 20_000, "ends in a longer cycle"),
        (hc.Objective.parse("x**2 + sqrt(x)"), (0.5,), 1, 0.4, 100, "outside the domain|not defined"),
    ],
)
def test_what_is_no_cycle_is_said(f, start, rho, step, steps, what) -> None:
    """Runs that rest, diverge, stand at a stationary point, end in four points, or leave the domain."""
    with pytest.raises(SearchError, match=what):
        hc.find.two_cycle(f, start, rho, step, steps)


def test_candidates_are_two_points() -> None:
    """Of the dimension of the function, with positive numbers."""
    good = [(0, 1), (1, 0)]
    for points, rho, step in (([(0, 1)], 1, 1), ([(0, 1, 2), (0, 1, 3)], 1, 1), (good, 0, 1), (good, 1, 0)):
        with pytest.raises(ArgumentError, match=r"points|rho|step_size"):
            hc.find.TwoCycle(BOWL, points, rho, step)
