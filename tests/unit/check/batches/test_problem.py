"""The problem with batches: which there are, and what is known of all of their maps together."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import two_squares as known

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.batches.problem import BatchProblem, batch_problem, posed_in_batches
from hallucert.check.problem import Point, Problem
from hallucert.errors import ArgumentError, CertificateError
from hallucert.objectives.batches import Batches
from hallucert.objectives.radius_law import SAM, RadiusLaw

BATCHES = Batches(((0,), (1,)), known.P)


@pytest.mark.parametrize(
    "change",
    [
        {"law": RadiusLaw("usam")},
        {"residual": False},
        {"batches": Batches(((0,),), (Fraction(1),))},
        {"batches": Batches(((0,), (1, 2)), known.P)},
        {"objective": hc.Objective.parse("x**2 + y**2")},
    ],
)
def test_batches_are_of_sam_and_of_all_residuals(change):
    """Another ascent step, gradients, and too few or too many residuals are refused."""
    good = {"objective": known.F, "rho": Fraction(3, 2), "law": SAM, "batches": BATCHES}
    assert BatchProblem(**good).residual
    with pytest.raises(ArgumentError, match="batches"):
        BatchProblem(**good | change)
    with pytest.raises(ArgumentError, match="rho"):
        BatchProblem(**good | {"rho": Fraction(0)})


@pytest.mark.parametrize(("residual", "solved", "taken"), [(1, 1, 1), (1, 0, 1), (0, 0, 1), (0, 1, 0)])
def test_a_file_solves_the_equations_of_residuals(residual, solved, taken):
    """With a witness of another system batches are refused."""
    problem = Problem(known.F, Fraction(3, 2), residual=bool(residual))
    if taken:
        assert posed_in_batches(problem, BATCHES.to_json(), bool(solved)) == known.problem()
        with pytest.raises(CertificateError, match=r"problem\.batches"):
            posed_in_batches(problem, Batches(((0,),), (Fraction(1),)).to_json(), bool(solved))
    else:
        with pytest.raises(CertificateError, match=r"witness\.system"):
            posed_in_batches(problem, BATCHES.to_json(), bool(solved))


def test_a_long_list_of_batches_is_counted():
    """Few batches are written out with their probabilities, many are not."""
    assert known.problem().described == ", 2 batches of residuals: {0} with probability 1/4, {1} with probability 3/4"
    f = hc.Objective.least_squares([f"x{i}" for i in range(9)])
    many = Batches(tuple((i,) for i in range(9)), (Fraction(1, 9),) * 9)
    assert batch_problem(Problem(f, Fraction(1)), many).described == ", 9 batches"


def test_the_smallest_gradient_is_enclosed_from_both_sides():
    """With |g_0| in [1, 3] and |g_1| in [2, 5/2] the smallest is in [1, 5/2]; of one that may be 0 nothing is known."""
    with arithmetic("arb", 106) as ar:
        point = known.evidence(ar, Fraction(1, 8)).point
        first, second = point.parts
        assert ar.upper(first.q) < ar.lower(second.q)  # 4 |x| (1 - x^2) near 3/2, and 6
        (low, high), (least, most) = ar.endpoints(point.q), ar.endpoints(first.q)
        assert low <= least and most <= high and high - low < (most - least) * (1 + Fraction(1, 2**20))
        first.q, second.q = ar.interval(Fraction(1), Fraction(3)), ar.interval(Fraction(2), Fraction(5, 2))
        del point.q
        assert [float(end) for end in ar.endpoints(point.q)] == pytest.approx([1, 2.5], rel=1e-8)
        for part, other in ((first, second), (second, first)):
            part.q, other.q = ar.indeterminate(), ar.constant(Fraction(1))
            del point.q
            assert not ar.is_finite(point.q)


def test_rows_of_all_batches_are_one_below_the_other():
    """y, A and B of residuals in another order than theirs, each part at its own perturbed point."""
    f = hc.Objective.least_squares(["x**2 - 1", "x + 2*y**2 - 2", "y*z"])
    made = batch_problem(Problem(f, Fraction(1, 2)), Batches(((0, 2), (1,)), (Fraction(1, 3), Fraction(2, 3))))
    with arithmetic("arb", 106) as ar:
        x = [ar.constant(Fraction(v)) for v in ("1/2", "1/3", "-1/4")]
        point = made.at(ar, x)
        parts = [Point(ar, part, x) for part in made.parts]
        assert [part.objective.residual_count for part in parts] == [2, 1]
        for name in ("residual_matrix", "residual_jacobian_plus"):
            whole = ar.approximations(getattr(point, name))
            np.testing.assert_array_equal(whole, np.concatenate([ar.approximations(getattr(p, name)) for p in parts]))
        y = [ar.approximate(v) for v in point.shifted_residual]
        assert y == [ar.approximate(v) for part in parts for v in part.shifted_residual]
        plus = np.array([0.5, 1 / 3, -0.25])
        g = made.parts[1].objective.gradient(plus)
        plus = plus + g / np.linalg.norm(g) / 2
        assert y[2] == pytest.approx(plus[0] + 2 * plus[1] ** 2 - 2)
        with pytest.raises(NotImplementedError):
            _ = point.u


@pytest.mark.parametrize(("place", "rho", "certain"), [("1/2", "1/4", True), ("1/2", "1", False), ("-1", "1/4", False)])
def test_every_loss_is_defined_at_the_point_and_where_its_step_leads(place, rho, certain):
    """log(x) - 1 of the second batch, whose step leads to x - rho; that of the first is defined everywhere."""
    f = hc.Objective.least_squares(["y**2 - 4", "log(x) - 1"])
    made = batch_problem(Problem(f, Fraction(rho)), Batches(((0,), (1,)), known.P))
    with arithmetic("arb", 106) as ar:
        assert made.at(ar, [ar.constant(Fraction(place)), ar.constant(Fraction(1))]).domain_certain is certain
