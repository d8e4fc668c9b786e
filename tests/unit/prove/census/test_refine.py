"""Refining zeros of a census: what floats propose, and what balls enclose; oracles: closed forms."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.objectives.objective import Objective
from hallucert.prove.census.branch_and_prune import Zero
from hallucert.prove.census.naming import FloatPoints, Guess, float_points, guesses, shrunk
from hallucert.prove.census.systems import CriticalSystem

INVERSE = np.array([[math.sqrt(0.125)]])
BOX = np.array([[1.0, 2.0]])


class Parabola:
    """``x^2 - 2``."""

    def __init__(self, ar, x):
        two = ar.constant(Fraction(2))
        self.x, self.equations, self.jacobian = x, [ar.power(x[0], 2) - two], [[two * x[0]]]


@pytest.mark.parametrize(("backend", "precision"), [("arb", 106), ("arb", 424), ("mpmath", 212)])
@pytest.mark.parametrize("guess", [Guess(np.array([math.sqrt(2)]), INVERSE), None])
def test_a_zero_gets_all_bits_of_the_balls(backend, precision, guess):
    """The root of 2 from its double, and from the middle of a box around it, to all but some bits."""
    with arithmetic(backend, precision) as ar:
        low, high = ar.endpoints(shrunk(ar, lambda x: Parabola(ar, x), BOX, guess)[0])
    assert low**2 <= 2 <= high**2 and high - low < Fraction(1, 2 ** (precision - 40))


@pytest.mark.parametrize("middle", [-math.sqrt(2), 0.0, 1e200])
def test_bad_guesses_do_no_harm(middle):
    """Near the zero beside the box, at a singular point, far off: the zero of the box is enclosed, not another."""
    with arithmetic("arb", 106) as ar:
        low, high = ar.endpoints(shrunk(ar, lambda x: Parabola(ar, x), BOX, Guess(np.array([middle]), INVERSE))[0])
    assert low > 0 and low**2 <= 2 <= high**2 and high - low < Fraction(1, 2**40)


def test_newton_in_floats_proposes_critical_points():
    """All four minimizers of (x^2 - 1)^2 + (y^2 - 4)^2 at once; where the Hessian is singular the guess is finite."""
    f = Objective.parse("(x**2 - 1)**2 + (y**2 - 4)**2")
    system = CriticalSystem(float_points(), f, None, np.array([[-3.0, 3], [-3, 3]]))
    corners = [(s, 2.0 * t) for s in (-1, 1) for t in (-1, 1)]
    zeros = [Zero(0, np.array([[x - 0.1, x + 0.05], [y - 0.1, y + 0.02]]), np.zeros((2, 2))) for x, y in corners]
    found = guesses(system, zeros)
    np.testing.assert_allclose([guess.middle for guess in found], corners, atol=1e-12)
    flat = CriticalSystem(float_points(), Objective.parse("x**4 + 0*y"), None, system.region)
    (guess,) = guesses(flat, [Zero(0, np.array([[-1.0, 1], [-1, 1]]), np.zeros((2, 2)))])
    assert np.isfinite(guess.middle).all() and np.isfinite(guess.inverse).all()


def test_float_points_compute_what_formulas_say():
    """All operations of a tape, against math; divisions by 0 are infinite, not errors."""
    f = hc.Objective.parse(
        "exp(x)*sin(y) - log(x)/sqrt(y) + cos(x)**3 + tanh(y)**-2 + x**(1/3) + pi*y**7 - x**5/3 - x**4"
    )
    x, y = 0.75, 1.25
    expected = (
        math.exp(x) * math.sin(y)
        - math.log(x) / math.sqrt(y)
        + math.cos(x) ** 3
        + math.tanh(y) ** -2
        + x ** (1 / 3)
        + math.pi * y**7
        - x**5 / 3
        - x**4
    )
    points = FloatPoints()
    with points:
        value = f.enclose_value(points, [np.array([x, 0.0]), np.array([y, 0.0])])
        assert abs(value[0] - expected) < 1e-13 and not np.isfinite(value[1])
        assert points.constant(Fraction(10) ** 400) == np.inf and points.power(np.array([2.0]), 0) == 1
