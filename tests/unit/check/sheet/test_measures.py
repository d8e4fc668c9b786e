"""Claims: all of a sheet is measured: no piece is left out, counted as its own cover, or said to be better known."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.claim import Enclosure
from hallucert.check.sheet.curve import CurveChain, CurveSystem, ThinPoint, check_curve
from hallucert.check.sheet.measures import Least, Length, measured_curve, measured_surface
from hallucert.check.sheet.surface_atlas import Neighbours, ProvedAtlas
from hallucert.check.sheet.surface_system import SurfaceSystem
from hallucert.check.subdivision import Subdivision
from hallucert.prove.curves.charts import chart_at

RHO = Fraction(3, 2)


@pytest.fixture(scope="module")
def charts():
    """Two charts about one point of the sphere, the second with twice the half width."""
    f = hc.Objective.least_squares(["x**2 + y**2 + z**2 - 1"], n=2)
    ar = arithmetic("arb", 106)
    with ar:
        system, x = SurfaceSystem(ar, f, RHO), np.array([0.5, 0.0, 0.0])
        return [chart_at(system, x, np.eye(3)[:, 1:], h) for h in (1 / 64, 1 / 32)]


def measured(charts, *cuts):
    with charts[0].arithmetic:
        return measured_surface(
            ProvedAtlas(tuple(charts), False, Neighbours(charts)), tuple(map(Subdivision, cuts)), RHO
        )


def test_a_piece_is_covered_by_earlier_charts_only(charts):
    """Otherwise two charts could cover each other, and nothing would be measured."""
    assert charts[1].holds(charts[0].whole) and not charts[0].holds(charts[1].whole)
    assert not isinstance(measured(charts[::-1], "m", "c"), str)
    assert "earlier" in measured(charts, "c", "m")
    assert "earlier" in measured(charts, "m", "c")


@pytest.mark.parametrize("cuts", [("f", "m"), ("m", "f"), ("m", "AmBmx")])
def test_every_piece_of_a_patch_is_measured_or_covered(charts, cuts):
    """No other letter settles a piece."""
    assert "is not measured" in measured(charts, *cuts)


def test_every_piece_of_an_arc_is_measured():
    """A piece that is called covered is refused, as arcs cover nothing of each other."""
    ring = hc.Objective.least_squares(["x**2 + y**2 - 1"], n=2)
    arc = hc.certify(hc.find.sheet(ring, (0.5, 0), "1.5", max_steps=2)).chains[0]
    ar = arithmetic("arb", 106)
    with ar:
        system = CurveSystem(ar, ring, RHO)
        assert "too few" in check_curve(system, CurveChain(arc.cells[:2], True))
        chain = check_curve(system, CurveChain(arc.cells[:1], False))
        assert not isinstance(measured_curve(chain, [Subdivision("Amm")], RHO), str)
        for letters in ("c", "Amc"):
            assert "is not measured" in measured_curve(chain, [Subdivision(letters)], RHO)


def test_the_length_counts_what_the_curve_has_of_an_arc():
    """It comes in between 1/4 and 1/2: of [0, 1] it has from 1/2 to 3/4, of [1, 2] everything, of [0, 1/8] nothing."""
    length, came_in, speed = Length(), (Fraction(1, 4), Fraction(1, 2)), Enclosure(Fraction(2), Fraction(4))
    for low, high in ((0, 1), (1, 2), (0, Fraction(1, 8))):
        length.add([(Fraction(low), Fraction(high))], came_in, speed)
    assert (length.low, length.high) == (1 + 2, 3 + 4)


def test_the_least_upper_end_bounds_the_least_value():
    """The least of a number in [1, 4] and another in [2, 3] is in [1, 3]."""
    least = Least(Fraction(0))
    for ends in ((1, 4), (2, 3)):
        least.add({"n": Enclosure(*map(Fraction, ends))}, ("n",))
    assert least.numbers == {"n": Enclosure(Fraction(1), Fraction(3))}


def test_mean_value_forms_do_not_decide_what_is_undefined():
    """Where the plain enclosure is indeterminate the intersection is, too."""
    ar = arithmetic("arb", 53)
    point = ThinPoint.__new__(ThinPoint)
    point.arithmetic = ar
    one, nothing = ar.constant(Fraction(1)), ar.indeterminate()
    assert not ar.is_finite(point._common([nothing], [one])[0])
    assert ar.is_finite(point._common([one], [nothing])[0])
