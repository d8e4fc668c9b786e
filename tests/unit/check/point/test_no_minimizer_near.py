"""A stall is claimed where the curvature is below 0 on all of a box; nothing is said that the numbers leave open."""

from __future__ import annotations

from fractions import Fraction

import pytest
from spoken import spoken

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.claim import Enclosure, Status
from hallucert.check.point import no_minimizer_near
from hallucert.check.point.rule import Evidence, Facts, Witness
from hallucert.check.problem import Point, Problem
from hallucert.check.reason import Reason

WELLS = Problem(hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2"), Fraction(3, 2))
ZERO, HALF = Fraction(0), Fraction(1, 2)
WITNESS = Witness((ZERO, -HALF), None, (HALF**10,) * 2, ())


def numbers(curvature=(-2, -1), value=(0, 1), sam_value=(2, 3)):
    """Enclosures that decide, but for those that are given."""
    others = {"gradient_norm": (1, 2), "shifted_gradient_square": (0, 1)}
    all_of_them = {"curvature": curvature, "value": value, "sam_value": sam_value, **others}
    return {name: Enclosure(Fraction(low), Fraction(high)) for name, (low, high) in all_of_them.items()}


def test_a_curvature_that_may_be_zero_decides_nothing():
    """The upper end 0 is left open, one just below it is a proof."""
    facts = Facts(WELLS, WITNESS)
    assert spoken(no_minimizer_near.conclude(facts, numbers(curvature=(-1, 0)), {})) is Reason.STRADDLES
    assert spoken(no_minimizer_near.conclude(facts, numbers(curvature=(-1, -(HALF**90))), {}))[0] is Status.PROVED


@pytest.mark.parametrize(
    ("value", "sam_value", "said"), [((0, 1), (2, 3), True), ((0, 2), (1, 3), False), ((0, 1), (1, 3), False)]
)
def test_the_sharpness_is_named_only_where_it_is_certainly_positive(value, sam_value, said):
    """f(x+) exceeds f(x) only if the two enclosures do not overlap."""
    statement = spoken(
        no_minimizer_near.conclude(Facts(WELLS, WITNESS), numbers(value=value, sam_value=sam_value), {})
    )[1]
    assert ("exceeds" in statement) == said


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_a_box_that_holds_a_critical_point_is_refused_for_it(backend):
    """Around the saddle (0, 1) the direction of ascent is not defined everywhere, and the reason says so."""
    ar = arithmetic(backend, 106)
    witness = Witness((ZERO, Fraction(1)), None, (HALF**10,) * 2, ())
    inputs = {"direction": (Fraction(1), ZERO)}
    with ar:
        evidence = Evidence(Point(ar, WELLS, witness.box(ar)), witness.centre)
        assert no_minimizer_near.measure(evidence, inputs) is Reason.ZERO_GRADIENT
        evidence = Evidence(Point(ar, WELLS, WITNESS.box(ar)), WITNESS.centre)
        assert no_minimizer_near.measure(evidence, inputs)["curvature"].upper < 0
