"""A global target, by hand: the double well from (-1/2, 0) with rho = 3/2, whose target (1, 0) has the value 0."""

from __future__ import annotations

from fractions import Fraction

import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.claim import Enclosure, Status
from hallucert.check.point.rule import Evidence
from hallucert.check.problem import Point, Problem
from hallucert.check.reason import Reason
from hallucert.check.region import global_target
from hallucert.check.subdivision import Subdivision

WELL = "(x**2 - 1)**2/4 + y**2/20"


def box(*sides):
    """Exact sides."""
    return tuple((Fraction(low), Fraction(high)) for low, high in sides)


def measured(formula=WELL, **inputs):
    """What is measured of a box, in which a neighbourhood of the target and pieces left and right of it are settled."""
    ar = arithmetic("arb", 106)
    with ar:
        f = hc.Objective.parse(formula, ("x", "y"))
        x = [ar.constant(Fraction(v)) for v in ("-1/2", 0)]
        evidence = Evidence(Point(ar, Problem(f, Fraction(3, 2)), x), (), 1000)
        return global_target.measure(evidence, inputs)


HONEST = {
    "box": box((0, 2), (-1, 1)),
    "neighbourhood": box(("3/4", "5/4"), (-1, 1)),
    "subdivision": Subdivision("AA" + "a" + "Aac" + "A" + "Aca" + "a"),
}


def test_the_honest_record_is_settled():
    """[0, 2] in quarters and eighths: f > 0 outside of [3/4, 5/4], where f is convex."""
    numbers = measured(**HONEST)
    assert set(numbers) == {"target_value"} and numbers["target_value"].contains(Enclosure(Fraction(0), Fraction(0)))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"subdivision": Subdivision("c")}, Reason.UNSETTLED),
        ({"subdivision": Subdivision("a")}, Reason.UNSETTLED),
        ({"neighbourhood": box((0, 2), (-1, 1)), "subdivision": Subdivision("c")}, Reason.DEGENERATE_TARGET),
        ({"neighbourhood": box(("5/4", "3/2"), (-1, 1))}, Reason.DEGENERATE_TARGET),
        ({"neighbourhood": box((1, "3/2"), (0, 0))}, Reason.DEGENERATE_TARGET),
        ({"formula": f"{WELL} + 1", "subdivision": Subdivision("a")}, Reason.UNSETTLED),
        ({"neighbourhood": box((0, 1))}, Reason.NEEDS_PREMISES),
        ({"box": box((0, 1))}, Reason.NEEDS_PREMISES),
        ({"box": box(("5/4", 2), (-1, 1)), "subdivision": Subdivision("a")}, Reason.OUTSIDE),
    ],
)
def test_each_hypothesis_is_looked_at(changes, reason):
    """Another test, a set that is not convex or without the target, another shape, a box without the target."""
    assert measured(**{**HONEST, **changes}) is reason


def test_a_lower_value_lies_in_the_box():
    """The tilted well is lower at (-1, 0): that counts only in a box that holds the place, on which f is defined."""
    tilted = f"{WELL} + (x - 1)**2*(x + 1/2)**2*(x - 3)/8"  # (-1/2, 0) and (1, 0) as before
    place = box((-1, -1), (0, 0))
    numbers = measured(tilted, box=box((-2, 2), (-1, 1)), elsewhere=place)
    assert numbers["value_elsewhere"].upper < numbers["target_value"].lower
    assert numbers["elsewhere[0]"] == Enclosure(Fraction(-1), Fraction(-1))
    inputs = {"box": box((-2, 2), (-1, 1)), "elsewhere": place}
    assert global_target.conclude(None, numbers, inputs)[0] is Status.REFUTED
    assert measured(tilted, box=box((0, 2), (-1, 1)), elsewhere=place) is Reason.TIE
    assert measured(f"{tilted} + 0*log(x + 1)", box=box((-2, 2), (-1, 1)), elsewhere=place) is Reason.TIE
    assert measured(tilted, box=box((-2, 2), (-1, 1)), elsewhere=box((-1, -1))) is Reason.NEEDS_PREMISES


def test_equal_values_are_a_tie():
    """Published intervals that meet decide nothing; a hair between them does."""
    one, inputs = Enclosure(Fraction(1), Fraction(1)), {"box": box((0, 1)), "elsewhere": box((0, 0))}
    assert global_target.conclude(None, {"target_value": one, "value_elsewhere": one}, inputs) is Reason.TIE
    less = Enclosure(Fraction(0), 1 - Fraction(1, 2**80))
    wide = Enclosure(Fraction(1), Fraction(3))
    for target, elsewhere in (
        (Enclosure(Fraction(1), Fraction(3)), Enclosure(Fraction(0), Fraction(2))),
        (one, Enclosure(Fraction(0), Fraction(2))),
    ):
        found = global_target.conclude(None, {"target_value": target, "value_elsewhere": elsewhere}, inputs)
        assert found is Reason.TIE
    status, sentence = global_target.conclude(None, {"target_value": wide, "value_elsewhere": less}, inputs)
    assert status is Status.REFUTED and sentence.about[1:] == (less.upper, 1)
    assert global_target.conclude(None, {"target_value": one}, {"box": box((0, 1))})[0] is Status.PROVED


def test_where_f_has_no_value_at_the_target_nothing_is_measured():
    """x+ = -2, where log(x + 1) is undefined though its derivatives are not."""
    places = {"box": box((-3, 0), (-1, 1)), "elsewhere": box(("-1/2", "-1/4"), (0, 0))}
    assert measured("-log(x + 1)", **places) is Reason.DEGENERATE_TARGET
