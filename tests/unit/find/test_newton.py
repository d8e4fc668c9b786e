"""A critical point of many variables is polished with Hessian products, or refused by name."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError
from hallucert.find.newton import critical_point_near
from hallucert.objectives.objective import Objective


def test_a_degenerate_target_is_polished_to_the_nearest_point_of_its_manifold() -> None:
    """For (|x|^2 - 1)^2/4 in 250 dimensions Newton leads from 1.01 e to e."""
    names = [f"x{i}" for i in range(250)]
    f = Objective.parse("(" + " + ".join(f"{n}**2" for n in names) + " - 1)**2/4", names)
    e = np.random.default_rng(0).standard_normal(250)
    e /= np.linalg.norm(e)
    np.testing.assert_allclose(critical_point_near(f, 1.01 * e, 1.0, "target"), e, atol=1e-13)


def test_what_is_no_critical_point_is_refused_by_name() -> None:
    """A point far from every critical point, and a function that has none, raise an ArgumentError."""
    rng = np.random.default_rng(1)
    network = hc.TanhNetwork((8, 30, 1), rng.standard_normal((20, 8)), rng.standard_normal(20))
    names = [f"x{i}" for i in range(210)]
    slope = Objective.parse(" + ".join(f"exp({n})" for n in names), names)
    # Nearly critical, but x0^3/3 + x0/10^6 only rises: |g| = 1e-6 while |H| = 1.
    ramp = Objective.parse("x0**3/3 + x0/10**6 + " + " + ".join(f"{n}**2/2" for n in names[1:]), names)
    for f, x in ((network, network.initial(0)), (slope, np.zeros(210)), (ramp, np.zeros(210))):
        with pytest.raises(ArgumentError, match=r"^target must be a critical point"):
            critical_point_near(f, x, 1.0, "target")
