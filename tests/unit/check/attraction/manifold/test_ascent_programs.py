"""Claim: programs of an ascent step are what differences of it say, for each law and for several arrays."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.balls.midrad import MidRad
from hallucert.check.attraction.manifold.around import Around, OnSet, derivatives
from hallucert.check.attraction.manifold.ascent_programs import AscentPrograms
from hallucert.check.problem import Point, Problem
from hallucert.objectives.radius_law import SAM, RadiusLaw

F = hc.Objective.least_squares(["x*y + z**2 - 1", "x + y*z/2 - z**3/4"], n=3)
USAM, ASAM = RadiusLaw("usam"), RadiusLaw("asam", (Fraction(1, 2), Fraction(3), Fraction(4)))
RHO, CENTRE = Fraction(1, 2), (Fraction(3, 4), Fraction(-1, 2), Fraction(5, 8))
INPUTS = (mpmath.mpf(2), mpmath.mpf(-2.5))
NETWORK = hc.TanhNetwork((1, 1, 1), [[2.0], [-2.5]], [-1.0, 1.0])


def formula(x):
    """The residuals of F."""
    return [x[0] * x[1] + x[2] ** 2 - 1, x[0] + x[1] * x[2] / 2 - x[2] ** 3 / 4]


def outputs(x):
    """The residuals of the network, by its layers."""
    a, b, c, d = x
    return [c * mpmath.tanh(a * t + b) + d - y for t, y in zip(INPUTS, (-1, 1), strict=True)]


def slope(function, x, h):
    """The gradient of a function by differences."""
    units = [[h * (i == k) for i in range(len(x))] for k in range(len(x))]
    ends = ([[v + sign * w for v, w in zip(x, unit, strict=True)] for sign in (1, -1)] for unit in units)
    return [(function(ahead) - function(behind)) / (2 * h) for ahead, behind in ends]


CASES = {
    "sam": (F, formula, 3, SAM),
    "usam": (F, formula, 3, USAM),
    "asam": (F, formula, 3, ASAM),
    "network": (NETWORK, outputs, 2, SAM),
}


@pytest.mark.parametrize("case", CASES)
def test_programs_are_those_of_the_ascent_step(case) -> None:
    """Of x+, H, J and the derivatives of both matrices, by differences, for each law and for several arrays."""
    f, residuals, n, law = CASES[case]
    place = [*CENTRE, Fraction(1, 4)][: f.dimension]
    ar, e = arithmetic("mpmath", 106), (1.0, -0.5)
    with ar, mpmath.workdps(80):
        fine, coarse = mpmath.mpf(10) ** -25, mpmath.mpf(10) ** -12

        def gradient(x):
            return slope(lambda z: sum(v * v for v in residuals(z)) / (2 * n), x, fine)

        def ascended(x):
            g = gradient(x)
            scales = [mpmath.mpf(float(v)) for v in law.scales] or [1] * len(x)
            turned = [s * s * v for s, v in zip(scales, g, strict=True)]
            size = mpmath.sqrt(sum((s * v) ** 2 for s, v in zip(scales, g, strict=True))) if law.normalised else 1
            return [v + w / size / 2 for v, w in zip(x, turned, strict=True)]

        def descent(x):
            return slope(lambda z: sum(a * b for a, b in zip(e, residuals(z), strict=True)), ascended(x), fine)

        def back(x):
            return slope(lambda z: sum(a * b for a, b in zip(e, residuals(ascended(z)), strict=True)), x, coarse)

        def entry(function, i, x):
            return slope(lambda z: function(z)[i], x, coarse)

        x = [mpmath.mpf(v.numerator) / v.denominator for v in place]
        point = Point(ar, Problem(f, RHO, law, residual=True), [ar.constant(v) for v in place])
        around = Around.ball(f.dimension, Fraction(1, 2**40))
        programs = AscentPrograms.of(point.problem)
        ball = OnSet(point, programs, around)
        given = MidRad(np.array([e]))
        of_left, of_right = derivatives(point, programs, around, given, given)
        joined = [np.concatenate([part.mid.ravel() for part in parts]) for parts in (ball.g, ball.plus)]
        np.testing.assert_allclose(
            joined, [[float(v) for v in gradient(x)], [float(v) for v in ascended(x)]], atol=1e-9
        )
        curved = ball.moved(ball.programs.curved, ball.x)
        turned = ball.moved(ball.programs.turned, [*ball.x, *ball.g])
        for found, function in ((curved, gradient), (turned, ascended), (of_left[0], back), (of_right[0], descent)):
            exact = [[float(v) for v in entry(function, i, x)] for i in range(len(x))]
            np.testing.assert_allclose(found.mid, exact, atol=1e-6)
            assert (np.abs(found.mid - exact) <= found.rad + 1e-12).all() and found.rad.max() < 1e-6
