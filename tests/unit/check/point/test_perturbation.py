"""The smallest singular value is a number only where bounds of eigenvalues show it to be positive."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.point import perturbation
from hallucert.check.point.perturbation import REGULAR
from hallucert.check.point.rule import Evidence
from hallucert.check.problem import Point, Problem
from hallucert.check.reason import Reason

CIRCLE = hc.Objective.least_squares(["x**2 + y**2 - 1"])
HALF, ONE, ZERO = Fraction(1, 2), Fraction(1), Fraction(0)


def evidence(ar, residual: bool) -> Evidence:
    """What is enclosed at (-1/2, 1/4) for rho = 3/2."""
    problem = Problem(CIRCLE, Fraction(3, 2), residual=residual)
    return Evidence(Point(ar, problem, [ar.constant(-HALF), ar.constant(HALF / 2)]))


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
@pytest.mark.parametrize("rho", ["1/2", "3/2"])
def test_in_the_plane_singular_values_come_from_the_determinant(backend, rho):
    """Of ``|J| > 0`` and of ``|J| < 0``: the smallest singular value by mpmath, to 64 bits; a singular J has none."""
    problem, ar = Problem(CIRCLE, Fraction(rho)), arithmetic(backend, 106)
    with ar, mpmath.workdps(40):
        point = Point(ar, problem, [ar.constant(-HALF), ar.constant(HALF / 2)])
        rows = [[ar.midpoint(v) for v in row] for row in point.perturbation]
        j = mpmath.matrix([[mpmath.mpf(v.numerator) / v.denominator for v in row] for row in rows])
        assert (mpmath.det(j) > 0) == (rho == "1/2")
        found, true = REGULAR.measure(Evidence(point), {})["smallest_singular_value"], min(mpmath.svd_r(j)[1])
        assert all(abs(mpmath.mpf(x.numerator) / x.denominator - true) < 2**-60 for x in (found.lower, found.upper))
        point.perturbation[1] = point.perturbation[0]
        assert REGULAR.measure(Evidence(point), {}) is Reason.SINGULAR_JACOBIAN


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
@pytest.mark.parametrize(
    ("residual", "reason"), [(False, Reason.SINGULAR_JACOBIAN), (True, Reason.RANK_DEFICIENT)], ids=["J", "A"]
)
@pytest.mark.parametrize("low", [ZERO, -ONE])
def test_a_bound_of_zero_is_no_positive_bound(monkeypatch, backend, residual, reason, low):
    """Where the lower bound of an eigenvalue is 0 or below nothing is measured, and the reason says what looks so."""
    ar = arithmetic(backend, 106)
    with ar:
        point = evidence(ar, residual)
        monkeypatch.setattr(perturbation, "extreme_eigenvalues", lambda *_: ((low, ONE), (low, ONE)))
        assert REGULAR.measure(point, {}) is reason
        monkeypatch.setattr(perturbation, "extreme_eigenvalues", lambda *_: ((ONE, 4 * ONE), (ONE, 4 * ONE)))
        found = REGULAR.measure(point, {})["smallest_singular_value"]
        (a, b), (c, d) = [[ar.midpoint(v) for v in row] for row in point.point.perturbation]
        wanted = (ONE, 2 * ONE) if residual else (abs(a * d - b * c) / 2, abs(a * d - b * c))
        assert abs(found.lower - wanted[0]) < HALF**90 and abs(found.upper - wanted[1]) < HALF**90
