"""Claim: a problem with weight decay is of SAM, of the gradient system, with a positive exact decay; also in a file."""

from __future__ import annotations

from fractions import Fraction

import pytest

import hallucert as hc
from hallucert.check.decay.problem import DecayProblem, decay_problem, posed_with_decay
from hallucert.check.problem import Problem
from hallucert.errors import ArgumentError, CertificateError
from hallucert.objectives.radius_law import RadiusLaw

F = hc.Objective.least_squares(["x**2 + y"])
PLAIN = Problem(F, Fraction(1))
OTHERS = (Problem(F, Fraction(1), RadiusLaw("usam")), Problem(F, Fraction(1), residual=True))


def test_the_decay_is_kept_exactly() -> None:
    """With the function, the radius and the words of the equation; the same from a file."""
    for problem in (decay_problem(PLAIN, Fraction(1, 10)), posed_with_decay(PLAIN, "1/10", is_box=False)):
        assert problem == DecayProblem(F, Fraction(1), weight_decay=Fraction(1, 10))
        assert problem.decay == Fraction(1, 10) and problem.equation.about == (Fraction(1, 10),)
        assert "w = 1/10" in problem.described


@pytest.mark.parametrize("problem", OTHERS)
def test_other_equations_have_no_decay(problem: Problem) -> None:
    """Of USAM, and of residuals; in a file the same is said of the file."""
    with pytest.raises(ArgumentError, match="weight_decay must be left out but for SAM"):
        decay_problem(problem, Fraction(1, 10))
    with pytest.raises(CertificateError, match="left out but for SAM"):
        posed_with_decay(problem, "1/10", is_box=False)


@pytest.mark.parametrize("decay", [Fraction(0), Fraction(-1, 10)])
def test_a_decay_is_positive(decay: Fraction) -> None:
    """Zero is no weight decay."""
    with pytest.raises(ArgumentError, match="weight_decay"):
        decay_problem(PLAIN, decay)
    with pytest.raises(CertificateError, match="weight_decay"):
        posed_with_decay(PLAIN, str(decay), is_box=False)


def test_the_radius_is_positive_too() -> None:
    """As of every problem."""
    with pytest.raises(ArgumentError, match="rho"):
        DecayProblem(F, Fraction(0), weight_decay=Fraction(1, 10))


def test_a_file_in_which_nothing_is_solved_has_no_decay() -> None:
    """What is said of a box is said of SAM without it; numbers are fractions."""
    with pytest.raises(CertificateError, match=r"witness\.system"):
        posed_with_decay(PLAIN, "1/10", is_box=True)
    for data in ("x", None, 0.1, ["1/10"]):
        with pytest.raises(CertificateError, match="weight_decay"):
            posed_with_decay(PLAIN, data, is_box=False)
