"""Claim: a formula as an array program is the same function, with the same domain."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls.midrad import MidRad, MidRadArithmetic
from hallucert.check.attraction.as_program import NodeArithmetic, as_program
from hallucert.errors import DomainError
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.midrad import MidRadArrays

PLACES = np.array([[0.7, 0.3], [1.2, -0.4]])
EVERYTHING = (
    "x**2.5 + exp(y)*sin(x)/(1 + y**2) - pi*x + cos(y)",
    "log(2 + x) + sqrt(3 + y) - x**(-2)",
    "tanh(x*y) - erf(y) + softplus(x) - x**(2/3)",
)


@pytest.mark.parametrize("formula", EVERYTHING)
def test_values_gradients_and_hessians_agree_with_floats(formula: str) -> None:
    """Every operation of tapes is translated."""
    f = hc.Objective.parse(formula, variables=("x", "y"))
    program = as_program(f)
    assert program is not None and program.dimension == 2 and program.residual_count == 0
    for method in ("value", "gradient", "hessian"):
        np.testing.assert_allclose(getattr(program, method)(PLACES), getattr(f, method)(PLACES), rtol=1e-12)


def test_residuals_and_samples_stay() -> None:
    """Of a sum of squares the residuals are translated, in their order, and n."""
    f = hc.Objective.least_squares(["x**2 + y**2 - 1", "x*y"], n=3)
    program = as_program(f)
    assert program is not None and program.n == Fraction(3)
    np.testing.assert_allclose(program.residual(PLACES[0]), f.residual(PLACES[0]), rtol=1e-14)
    np.testing.assert_allclose(program.value(PLACES), f.value(PLACES), rtol=1e-14)


def test_each_translation_has_its_own_nodes() -> None:
    """Of one formula twice, with a constant in it; and there are no functions but those of tapes."""
    f = hc.Objective.parse("x**2/3 + 7*y/3 + pi", variables=("x", "y"))
    for program in (as_program(f), as_program(f)):
        np.testing.assert_allclose(program.value(PLACES), f.value(PLACES), rtol=1e-14)
    assert not NodeArithmetic.lasting
    with pytest.raises(AttributeError, match="arctan"):
        _ = NodeArithmetic(ProgramBuilder([])).arctan


@pytest.mark.parametrize("formula", ["x**2.5 + y", "log(x) + y", "sqrt(x) - y", "y/x", "log(x)**0 + y"])
def test_the_domain_is_that_of_the_formula(formula: str) -> None:
    """Where a formula is not certainly defined its program is enclosed nowhere."""
    program = as_program(hc.Objective.parse(formula, variables=("x", "y")))
    arrays = MidRadArrays(MidRadArithmetic())
    arrays.run(program.program, [MidRad(np.array([0.5, 1.0]), 0.25)])
    with pytest.raises(DomainError):
        arrays.run(program.program, [MidRad(np.array([0.25, 1.0]), 0.25)])


def test_programs_stay_and_functions_in_floats_are_none() -> None:
    """A network is its own program; what has no formula has none."""
    network = hc.TanhNetwork((1, 2, 1), [[1.0], [2.0]], [0.5, 1.0])
    assert as_program(network) is network
    opaque = hc.Objective.from_callable(lambda x: np.floor(x[0]), 1, rigorous=False)
    assert as_program(opaque) is None
