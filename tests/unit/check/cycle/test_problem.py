"""The system of two-cycles: its equations, their Jacobian, and what no problem may be."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.cycle.problem import CycleProblem, StepProblem
from hallucert.errors import ArgumentError
from hallucert.objectives.radius_law import RadiusLaw

F = hc.Objective.parse("(x**2 - 1)**2/4 + x*y**3 + y**2")
RHO, STEP = Fraction(1, 2), Fraction(1, 8)
PAIR = np.array([0.75, -0.5, -0.25, 1.0])


@pytest.mark.parametrize(
    "change", [{"law": RadiusLaw("usam")}, {"residual": True}, *({"step": h} for h in (Fraction(0), Fraction(-1), 0.5))]
)
def test_cycles_are_of_sam_with_a_positive_step(change) -> None:
    """Another ascent step, equations of residuals, and steps that are not exact and positive are refused."""
    with pytest.raises(ArgumentError, match=r"law|step"):
        CycleProblem(F, RHO, **{"step": STEP} | change)


def equations(z: np.ndarray) -> np.ndarray:
    """``(S(p) - q, S(q) - p)`` in floats."""
    p, q = z.reshape(2, 2)
    moved = [x - float(STEP) * hc.sam.shifted_gradient(F, x, RHO) for x in (p, q)]
    return np.concatenate([moved[0] - q, moved[1] - p])


def test_equations_and_jacobian_are_those_of_differences() -> None:
    """At a pair, against floats and their central differences."""
    with arithmetic("arb", 106) as ar:
        point = CycleProblem(F, RHO, step=STEP).at(ar, [ar.constant(Fraction(v)) for v in PAIR])
        g = [float(ar.midpoint(v)) for v in point.equations]
        rows = ar.approximations(point.jacobian)
        product = ar.approximations(point.return_matrix)
        assert point.domain_certain
    assert np.allclose(g, equations(PAIR), rtol=0, atol=1e-13)
    moves = 1e-6 * np.eye(4)
    differences = np.stack([(equations(PAIR + h) - equations(PAIR - h)) / 2e-6 for h in moves], axis=1)
    assert np.allclose(rows, differences, rtol=0, atol=1e-8)
    assert np.allclose(product, rows[2:, 2:] @ rows[:2, :2], rtol=0, atol=1e-13)


def test_a_pair_with_a_stationary_point_is_not_defined() -> None:
    """Where one of both gradients may be 0, nothing is known; nor where f may be undefined ahead of one."""
    root = hc.Objective.parse("sqrt(x) + x**2")
    with arithmetic("arb", 106) as ar:
        problem = CycleProblem(F, RHO, step=STEP)
        for pair in ((1, 0, 0.5, 0.5), (0.5, 0.5, 1, 0)):
            point = problem.at(ar, [ar.constant(Fraction(v)) for v in pair])
            assert not point.domain_certain and not ar.is_finite(point.q)
        ahead = CycleProblem(root, Fraction(1), step=STEP)
        assert ahead.at(ar, [ar.constant(Fraction(v)) for v in (1, 2)]).domain_certain
        assert not ahead.at(ar, [ar.constant(Fraction(v)) for v in (1, -2)]).domain_certain


def test_two_steps_are_defined_if_the_second_is() -> None:
    """From 1 a step of log(x) + x^2 leads to -35, where the derivatives are defined, and the function is not."""
    f = hc.Objective.parse("log(x) + x**2")
    with arithmetic("arb", 106) as ar:
        for step, defined in ((8, False), (Fraction(1, 16), True)):
            point = StepProblem(f, Fraction(1), step=Fraction(step)).at(ar, [ar.constant(Fraction(1))])
            assert float(ar.midpoint(point.after.x[0])) == 1 - 4.5 * float(step)
            assert all(map(ar.is_finite, point.after.gradient))
            assert point.domain_certain is defined


def test_two_steps_are_defined_if_the_first_is() -> None:
    """From -1 a step of log(x) + x^2 leads to 7/2, where all is defined, but the function is not at -1."""
    f = hc.Objective.parse("log(x) + x**2")
    with arithmetic("arb", 106) as ar:
        point = StepProblem(f, Fraction(1), step=Fraction(1)).at(ar, [ar.constant(Fraction(-1))])
        assert float(ar.midpoint(point.after.x[0])) == 3.5 and point.after.domain_certain
        assert not point.domain_certain


def test_the_radius_of_cycles_is_positive() -> None:
    """As of every problem."""
    with pytest.raises(ArgumentError, match="rho"):
        CycleProblem(F, Fraction(0), step=STEP)
