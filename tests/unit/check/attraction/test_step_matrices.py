"""Claim: derivatives of SAM steps are enclosed on boxes, for every ascent step, of formulas and of networks."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls.midrad import MidRad
from hallucert.check.attraction.step_matrices import StepMatrices
from hallucert.check.decay.problem import decay_problem
from hallucert.check.problem import Problem
from hallucert.errors import DomainError
from hallucert.objectives.radius_law import SAM, RadiusLaw

SCALES = (Fraction(1, 2), Fraction(3), Fraction(4, 3))
LAWS = [SAM, RadiusLaw("usam"), RadiusLaw("asam", SCALES)]
FUNCTIONS = [
    hc.Objective.parse("exp(x)*y + y**2*z - x*z**2/3 + x**2"),
    hc.Objective.least_squares(["exp(x)*y + z**2", "x*z - y**2"], n=3),
    hc.TanhNetwork((1, 1, 1), [[1.5], [-0.5]], [0.25, 1.0], weight_decay="0.01"),
]
PLACES = np.array([[0.5, -0.3, 0.25, 0.8], [0.2, 0.7, -0.4, 0.1], [-0.6, 0.9, 0.3, -0.2]])


@pytest.mark.parametrize("f", FUNCTIONS, ids=["formula", "residuals", "network"])
@pytest.mark.parametrize("law", LAWS, ids=["sam", "usam", "asam"])
def test_they_are_those_of_the_map_in_floats(f: hc.Objective, law: RadiusLaw) -> None:
    """At points against `sam_matrix`; on boxes against points of them."""
    if law.scales:
        law = RadiusLaw("asam", (*SCALES, Fraction(2))[: f.dimension])
    x, rng = PLACES[:, : f.dimension], np.random.default_rng(0)
    matrices = StepMatrices(Problem(f, Fraction(3, 4), law), Fraction(1, 5))
    expected = np.eye(f.dimension) - 0.2 * hc.sam.sam_matrix(f, x, 0.75, variant=law)
    found = matrices.on(MidRad(x))
    np.testing.assert_allclose(found.mid, expected, rtol=1e-11, atol=1e-12)
    assert found.rad.max() < 1e-11
    wide = matrices.on(MidRad(x, 1e-3))
    for _ in range(20):
        inside = np.eye(f.dimension) - 0.2 * hc.sam.sam_matrix(
            f, x + 1e-3 * rng.uniform(-1, 1, size=x.shape), 0.75, variant=law
        )
        assert (np.abs(inside - wide.mid) <= wide.rad + 1e-12).all()


def test_the_domain_is_that_of_the_function() -> None:
    """The derivatives of log are defined where it is not; a box in which x+ may leave the domain is refused."""
    f = hc.Objective.parse("log(x) + y**2")
    problem = Problem(f, Fraction(1, 2))
    matrices = StepMatrices(problem, Fraction(1, 5))
    assert matrices.on(MidRad(np.array([[1.0, 0.3]]))).shape == (1, 2, 2)
    for bad in ([-1.0, 0.3], [0.01, 0.0]):
        box = MidRad(np.array([bad]), 0.02)
        with pytest.raises(DomainError):
            matrices.on(box)
    with pytest.raises(DomainError):  # no step where the gradient may vanish
        StepMatrices(Problem(hc.Objective.parse("x**2 + y**4"), Fraction(1)), Fraction(1, 5)).on(
            MidRad(np.array([[0.0, 0.0]]), 0.1)
        )
    opaque = hc.Objective.from_callable(lambda x: np.floor(x[0]), 1, rigorous=False)
    with pytest.raises(DomainError):
        StepMatrices(Problem(opaque, Fraction(1)), Fraction(1, 5))


def test_weight_decay_adds_to_the_diagonal() -> None:
    """``I - eta (M + w I)``: those without it, less eta w."""
    x, plain = PLACES[:, :3], Problem(FUNCTIONS[0], Fraction(3, 4))
    without, found = (
        StepMatrices(problem, Fraction(1, 5)).on(MidRad(x)) for problem in (plain, decay_problem(plain, Fraction(1, 2)))
    )
    np.testing.assert_allclose(found.mid, without.mid - 0.1 * np.eye(3), rtol=1e-12, atol=1e-12)
    assert 0 < found.rad.max() < 1e-11
