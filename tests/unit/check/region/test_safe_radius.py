"""What a safe radius says beyond the search: nothing where nothing was looked at, and nothing of saddles."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.check.census.records import CriticalPoint, Kind
from hallucert.check.claim import Enclosure, Status
from hallucert.check.region.safe_radius import prove_target, safe_radius, usam_safe_radius


def radius_of(formula, target=(0, 0)):
    f = hc.Objective.parse(formula)
    return safe_radius(f, prove_target(f, [Fraction(v) for v in target]), 1e-3, 100_000)


def test_nothing_is_said_beyond_the_cube_that_is_searched():
    """f'' = 1 - x^2/2^50 is negative from |x| = 2^25 on, farther than is searched: the radius ends at the cube's."""
    found = radius_of("x**2/2 + y**2/2 + cos(y)/4 - x**4/(12*2**50)")
    assert found.claim.status is Status.PROVED and found.upper is None
    assert 2**19 < found.lower <= 2**20


@pytest.mark.parametrize(
    ("formula", "kind"), [("x**2 - y**2 + y**4", Kind.SADDLE), ("x**4 - x**2 - y**2", Kind.MAXIMIZER)]
)
def test_around_saddles_and_maximizers_no_radius_is_safe(formula, kind):
    """f is not convex on any ball around them: the bracket is [0, 0], and nothing is claimed."""
    found = radius_of(formula)
    assert found.target.kind is kind
    assert (found.lower, found.upper, found.claim.status) == (0, 0, Status.UNDECIDED)


def test_curvature_where_f_is_undefined_bounds_no_radius_of_usam():
    """f'' = 6 x is negative for x < 0 only, where 0*log(x) is undefined; without it the radii end at 1/6."""
    box, ends = np.array([[-1.0, 1.0], [-1.0, 1.0]]), []
    for formula in ("x**3 - 3*x/4 + y**2/2 + 0*log(x)", "x**3 - 3*x/4 + y**2/2"):
        f = hc.Objective.parse(formula)
        centre = (Enclosure(Fraction(1, 2), Fraction(1, 2)), Enclosure(Fraction(0), Fraction(0)))
        target = CriticalPoint(centre, Kind.MINIMIZER)
        ends.append(usam_safe_radius(f, target, box, 1e-2, 2000).upper)
    assert ends[0] is None
    assert Fraction(1, 6) <= ends[1] <= Fraction(1, 5)
