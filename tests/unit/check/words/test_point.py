"""Sentences about a point."""

from __future__ import annotations

from hallucert.check.words.point import equation
from hallucert.objectives.radius_law import SAM


def test_the_equation_is_that_of_the_problem():
    """Gradient or residual, with the step of the law."""
    assert equation(SAM, False).startswith("grad f(x + rho u")
    assert equation(SAM, True).startswith("r(x + rho u")
