"""A radius that is not positive is refused wherever one comes in: by records, theorems and the checker."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.problem import Point, Problem
from hallucert.check.sheet.curve import CurveSystem
from hallucert.check.sheet.surface_system import SurfaceSystem
from hallucert.errors import ArgumentError

CONVEX = hc.Objective.parse("x**2/2 + y**2 + x**4/10")
RING = hc.Objective.least_squares(["x**2 + y**2 - 1"])
SPHERE = hc.Objective.least_squares(["x**2 + y**2 + z**2 - 1"])
BAD = (Fraction(-1, 2), Fraction(0), -1, "-1/2", float("nan"), None)


@pytest.mark.parametrize("rho", BAD)
def test_a_candidate_of_a_convex_function_needs_a_positive_radius(rho):
    """With rho = -1/2 the minimizer of a convex function is reached from its other side; there is no such candidate."""
    with pytest.raises(ArgumentError, match="rho must be"):
        hc.Candidate(CONVEX, [0.5, 0], rho, [0, 0], 0.3, "minimum")


@pytest.mark.parametrize("rho", BAD)
def test_a_sheet_needs_a_positive_radius(rho):
    """The circle of radius 3/2 is mapped onto the unit circle by rho = -1/2, and no such sheet can be made."""
    sheet = hc.find.sheet(RING, (-0.5, 0), "1.5")
    with pytest.raises(ArgumentError, match="rho must be"):
        replace(sheet, x=3 * sheet.x, rho=rho)


@pytest.mark.parametrize("rho", BAD)
@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_theorems_refuse_a_radius_that_is_not_positive(rho, backend):
    """What every theorem is measured with refuses the radius, whoever calls it."""
    ar = arithmetic(backend, 53)
    point = [ar.constant(Fraction(1, 2))] * 2
    with ar, pytest.raises(ArgumentError, match="rho must be"):
        Point(ar, Problem(CONVEX, rho), point)
    with ar, pytest.raises(ArgumentError, match="rho must be"):
        CurveSystem(ar, RING, rho).value(point)
    with ar, pytest.raises(ArgumentError, match="rho must be"):
        SurfaceSystem(ar, SPHERE, rho)


def test_no_certificate_has_a_negative_radius():
    """The problem of a certificate cannot be given a radius that no file may have."""
    certificate = hc.certify(hc.gallery.load("double_well"), (-0.5, 0), "1.5")
    assert hc.verify(certificate)
    with pytest.raises(ArgumentError, match="rho must be"):
        replace(certificate.problem, rho=Fraction(-1, 2))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("x", np.full((3, 2), np.nan)),
        ("x", None),
        ("x", np.zeros((0, 2))),
        ("tangent", [[1, 2], [3]]),
        ("target", np.zeros((2, 2))),
        ("ends", ("closed", "closed")),
        ("objective", "x**2"),
    ],
)
def test_sheets_hold_what_they_say(field, value):
    """A field of a sheet that is no finite array of its shape is refused with its name."""
    with pytest.raises(ArgumentError, match=field):
        replace(hc.find.sheet(RING, (-0.5, 0), "1.5"), **{field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("x", np.full((4, 2), np.inf)),
        ("target", None),
        ("rho", ["a"]),
        ("multiplier", 3),
        ("tangent", np.zeros((4, 2))),
        ("scale", 0),
        ("events", ()),
        ("events", None),
        ("objective", None),
    ],
)
def test_branches_hold_what_they_say(field, value):
    """A field of a branch that is no finite array of its shape is refused with its name."""
    f = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")
    branch = hc.find.branch(f, hc.find.on_sphere(f, (1, 1), "1.5")[0])
    with pytest.raises(ArgumentError, match=field):
        replace(branch, **{field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [("x", np.zeros((2, 2))), ("tangents", np.zeros((1, 3))), ("half_widths", [0.0]), ("half_widths", [np.nan])],
)
def test_surfaces_hold_what_they_say(field, value):
    """A field of a surface that is no finite array of its shape is refused with its name."""
    surface = hc.Surface(SPHERE, "3/2", [[0.5, 0, 0]], [[[0, 0], [1, 0], [0, 1]]], [0.1], [[-1, 0, 0]], False)
    with pytest.raises(ArgumentError, match=field):
        replace(surface, **{field: value})


def test_candidates_take_numbers_of_any_exact_type():
    """A radius given as a string or a double is the exact number, and lists are arrays."""
    candidate = hc.Candidate(CONVEX, [0.5, 0], "1/3", ["1/4", 0], 0.3, "minimum")
    assert candidate.rho == Fraction(1, 3)
    assert candidate.x.tolist() == [0.5, 0.0]
    assert candidate.target.tolist() == [0.25, 0.0]
