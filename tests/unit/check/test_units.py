"""Units: ``x = 2**length y`` and ``f = 2**height h``, by hand for lengths in 8 and values in 32."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.census.records import CriticalPoint, HallucinatedPoint, Kind, Open, Problem, Stability, Unsettled
from hallucert.check.claim import Enclosure
from hallucert.check.units import CALLER, Units, box_units, units_of

UNITS = Units(3, 5)


def ends(low, high):
    return Enclosure(Fraction(low), Fraction(high))


INNER, OUTER = (ends(1, 2), ends(-1, 3)), (ends(8, 16), ends(-8, 24))


def test_a_function_in_units_is_the_same_function():
    """(8 y_1)^2 / 32 + 8 y_2 / 32 at (1, 2) is 2 + 1/2; in the units of the caller nothing is built."""
    f = hc.Objective.parse("x**2 + y")
    with arithmetic("arb", 106) as ar:
        value = UNITS.function(f).enclose_value(ar, [ar.constant(Fraction(k)) for k in (1, 2)])
        assert ar.midpoint(value) == Fraction(5, 2)
    assert CALLER.function(f) is f and Units(0, 0) == CALLER


def test_lengths_and_boxes_come_in_and_out():
    """24 is 3 of the units and back, (8, 16) x (-8, 24) is (1, 2) x (-1, 3); gradients are in 4, curvatures in 1/2."""
    assert (UNITS.inside(Fraction(24)), UNITS.length_outside(Fraction(3)), UNITS.back) == (3, 24, Units(-3, -5))
    assert (UNITS.inside_box(OUTER), UNITS.outside_box(INNER)) == (INNER, OUTER)
    number = ends(1, 2)
    assert UNITS.outside(number) == ends(8, 16) and UNITS.outside(number, -1, 1) == ends(4, 8)
    assert UNITS.outside(number, -2, 1) == ends(Fraction(1, 2), 1) and UNITS.outside(number, 0) is number
    box = np.array([[8.0, 16], [-8, 24]])
    assert UNITS.inside_doubles(box).tolist() == [[1, 2], [-1, 3]]
    assert UNITS.inside_doubles(np.array([[5e-324, 1]])) is None
    problem = UNITS.problem(Problem(hc.Objective.parse("x**2 + y"), Fraction(24), box))
    assert problem.rho == 3 and problem.region.tolist() == [[1, 2], [-1, 3]] and problem.f.name != "x**2 + y"


def test_points_and_places_come_out():
    """Boxes in lengths, the norm of the gradient and the real part in their units; what is None stays None."""
    point = HallucinatedPoint(
        INNER, 0, Kind.SADDLE, Stability.REPELLER, ends(1, 2), ends(-2, -1), chart=1, unique=(ends(0, 1),)
    )
    outside = UNITS.point_outside(point)
    assert (outside.box, outside.gradient_norm, outside.unique) == (OUTER, ends(4, 8), (ends(0, 1),))
    assert outside.smallest_real_part == ends(-1, Fraction(-1, 2))
    no_part = HallucinatedPoint(INNER, 0, Kind.SADDLE, Stability.UNDECIDED, ends(1, 2), None, 1, ())
    assert UNITS.point_outside(no_part).smallest_real_part is None
    for inner, outer in ((None, None), (INNER, OUTER)):
        assert UNITS.critical_outside(CriticalPoint(INNER, Kind.SADDLE, inner)) == CriticalPoint(
            OUTER, Kind.SADDLE, outer
        )
        place = UNITS.place_outside(Unsettled(inner, INNER, Open.BUDGET))
        assert place == Unsettled(outer, OUTER, Open.BUDGET)


def steep(*exponents, seen=None):
    """A function whose gradients at successive points have such sizes; None: not known, -inf: 0."""
    left = list(exponents)

    def gradient(ar, x):
        if seen is not None:
            seen.append([ar.midpoint(v) for v in x])
        size = left.pop(0) if len(left) > 1 else left[0]
        if size is None:
            return [ar.constant(Fraction(1)) / ar.interval(Fraction(-1), Fraction(1))]
        return [ar.constant(Fraction(v)) for v in (0, 0 if size == -np.inf else Fraction(2) ** size)]

    return SimpleNamespace(enclose_gradient=gradient)


@pytest.mark.parametrize(
    ("length", "sizes", "units"),
    [
        (20, (60,), (20, 80)),
        (-20, (-60,), (-20, -80)),
        (0, (32,), (0, 0)),
        (0, (33,), (0, 33)),
        (8, (60,), (0, 68)),
        (9, (60,), (9, 69)),
        (0, (1000,), (0, 1000)),
        (0, (1001,), (0, 0)),
        (0, (-np.inf, None, None, 60, 50, 40, 70, 80), (0, 60)),
        (0, (None, -np.inf), (0, 0)),
    ],
)
def test_units_are_of_the_size_of_the_length_and_of_the_gradients(length, sizes, units):
    """Exponents up to 8 and 32 need none, those of values beyond 1000 have none; the middle one of those not 0."""
    points = np.zeros((len(sizes), 1))
    assert units_of(steep(*sizes), Fraction(2) ** length, points) == Units(*units)


def test_units_of_a_box_are_of_its_half_width_and_keep_its_ends():
    """2**19 for (-2**20, 0) x (-2, 0), or the length that is given; an end that is no double there keeps its units."""
    box, seen = np.array([[-(2.0**20), 0], [-2, 0]]), []
    assert box_units(steep(40, seen=seen), box) == Units(19, 59)
    assert all(-(2**20) < x < 0 and -2 < y < 0 for x, y in seen)
    assert box_units(steep(40), box, Fraction(2**12)) == Units(12, 52)
    assert box_units(steep(40), np.array([[5e-324, 2.0**20], [0, 2]])) == Units(0, 59)
