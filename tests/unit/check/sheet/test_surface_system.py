"""Claim: a region counts as hallucinated only where the function is defined and the multiplier is positive."""

from __future__ import annotations

from fractions import Fraction

import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.sheet.surface_system import SurfaceSystem


@pytest.mark.parametrize(
    ("x", "c", "multiplier", "defined"), [(1, 2, 1, True), (-1, 2, 1, False), (1, -2, 1, False), (1, 2, -1, False)]
)
def test_both_points_must_be_in_the_domain(x, c, multiplier, defined):
    """f has log(x) and log(c); a descent step has a negative multiplier."""
    f = hc.Objective.least_squares(["log(x) + y + z"], n=1)
    ar = arithmetic("arb", 53)
    with ar:
        z = [ar.constant(Fraction(v)) for v in (x, 0, 0, c, 0, 0, multiplier)]
        assert SurfaceSystem(ar, f, Fraction(1)).defined(z) is defined
