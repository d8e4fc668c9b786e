"""What a safe radius says beyond the search: nothing where nothing was looked at, and nothing of saddles."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from importlib import import_module

import numpy as np
import pytest

import hallucert as hc
from hallucert.check.census.records import CriticalPoint, Kind
from hallucert.check.claim import Enclosure, Status
from hallucert.check.region.bracket import Bracket, SearchEnd
from hallucert.check.region.safe_radius import prove_target, safe_radius, usam_safe_radius
from hallucert.check.units import CALLER, Units
from hallucert.errors import ArgumentError


def radius_of(formula, target=(0, 0)):
    f = hc.Objective.parse(formula)
    return safe_radius(f, prove_target(f, [Fraction(v) for v in target]), 1e-3, 100_000)


def test_nothing_is_said_beyond_the_cube_that_is_searched():
    """f'' = 1 - x^2/2^50 is negative from |x| = 2^25 on, farther than is searched: the radius ends at the cube's."""
    found = radius_of("x**2/2 + y**2/2 + cos(y)/4 - x**4/(12*2**50)")
    assert found.claim.status is Status.PROVED and found.upper is None
    assert 2**19 < found.lower <= 2**20


@pytest.mark.parametrize(
    ("formula", "kind"), [("x**2 - y**2 + y**4", Kind.SADDLE), ("x**4 - x**2 - y**2", Kind.MAXIMIZER)]
)
def test_around_saddles_and_maximizers_no_radius_is_safe(formula, kind):
    """f is not convex on any ball around them: the bracket is [0, 0], and nothing is claimed."""
    found = radius_of(formula)
    assert found.target.kind is kind
    assert (found.lower, found.upper, found.claim.status) == (0, 0, Status.UNDECIDED)
    assert (found.everywhere, found.boxes, float(found)) == (False, 0, 0.0)


def test_a_convex_function_needs_no_search():
    """Every radius is safe: the numbers say so, and the text."""
    for found in (radius_of("x**4 + y**4"), usam("x**4 + y**4", None)):
        assert (found.lower, found.upper, found.everywhere, found.boxes, float(found)) == (0, None, True, 0, np.inf)
        assert repr(found) == "<SafeRadius: every radius, f is convex>" and str(found) == str(found.claim)
    assert found.box.tolist() == [[-np.inf, np.inf]] * 2
    assert usam("x**4 + y**4", SQUARE).box is SQUARE


def number(text, before):
    """The decimal number that follows some words."""
    return Fraction(re.search(re.escape(before) + r"(-?[\d.]+\d)", text)[1])


def test_what_is_printed_is_rounded_outwards(monkeypatch):
    """Roots of 2 and 3, and 1/6: no decimal number, and no root, is on the wrong side."""
    module = import_module("hallucert.check.region.safe_radius")
    monkeypatch.setattr(module, "bracket", lambda *a: Bracket(2.0, 3.0, 7, SearchEnd.REACHED))
    found = radius_of("x**2/2 + y**2/2 + cos(y)/4")
    assert found.lower**2 < 2 and found.upper**2 > 3 and found.boxes == 7 and not found.everywhere
    assert number(str(found), "r = ") ** 2 < 2 and number(str(found), "not convex on the ball of radius ") ** 2 > 3
    low, high = re.fullmatch(r"<SafeRadius in \[(.*), (.*)\]>", repr(found)).groups()
    assert (low, high) == ("1.4142135", "1.7320509")
    monkeypatch.setattr(module, "bracket", lambda *a: Bracket(0.25, 0.5, 7, SearchEnd.REACHED))
    found = radius_of("x**2/2 + y**2/2 + cos(y)/4")
    assert (found.lower, found.claim.status) == (Fraction(1, 2), Status.PROVED)
    monkeypatch.setattr(module, "bracket", lambda *a: Bracket(1 / 3, 2 / 3, 7, SearchEnd.BOXES))
    found = usam(CUBIC, SQUARE)
    assert (found.lower, found.upper, found.everywhere) == (Fraction(1 / 3), Fraction(2 / 3), False)
    assert number(str(found), "r = ") < found.lower < found.upper < number(str(found), "beyond ")
    assert float(found) == 1 / 3 and SearchEnd.BOXES.explanation in repr(found)
    assert SearchEnd.BOXES.explanation in str(found) and found.claim.status is Status.PROVED


SQUARE, CUBIC = np.array([[-1.0, 1.0], [-1.0, 1.0]]), "x**3 - 3*x/4 + y**2/2"


def usam(formula, box, most=2000, units=CALLER):
    """The radii of USAM around (1/2, 0)."""
    half, zero = (Enclosure(Fraction(v), Fraction(v)) for v in ("1/2", "0"))
    target = CriticalPoint((half, zero), Kind.MINIMIZER)
    return usam_safe_radius(hc.Objective.parse(formula, ("x", "y")), target, box, 1e-2, most, units=units)


def test_radii_of_usam_by_hand():
    """f'' = 6 x: 1/6 on the square, in whatever units; none on the right of it, and nothing where it is unbounded."""
    for units in (CALLER, Units(2, 3), Units(-1, 4)):
        found = usam(CUBIC, SQUARE, units=units)
        assert found.lower <= Fraction(1, 6) <= found.upper and not found.everywhere
    few = usam(CUBIC, SQUARE, most=1)
    assert (few.upper, few.everywhere, few.ended) == (None, False, SearchEnd.BOXES) and few.lower <= Fraction(1, 6)
    right = usam(CUBIC, np.array([[0.25, 1.0], [-1.0, 1.0]]))
    assert (right.lower, right.upper, right.everywhere) == (0, None, True) and right.claim.status is Status.PROVED
    assert usam("x**2 + y**2 + 0*log(x)", SQUARE, most=9).claim.status is Status.UNDECIDED
    with pytest.raises(ArgumentError, match="unless f is convex"):
        usam(CUBIC, None)


def test_a_target_has_a_gradient_that_is_0_in_all_components():
    """Of x^4 + y only one is."""
    with pytest.raises(ArgumentError, match=r"be \(near\) a critical point of f"):
        radius_of("x**4 + y")


def test_curvature_where_f_is_undefined_bounds_no_radius_of_usam():
    """f'' = 6 x is negative for x < 0 only, where 0*log(x) is undefined; without it the radii end at 1/6."""
    box, ends = np.array([[-1.0, 1.0], [-1.0, 1.0]]), []
    for formula in ("x**3 - 3*x/4 + y**2/2 + 0*log(x)", "x**3 - 3*x/4 + y**2/2"):
        f = hc.Objective.parse(formula)
        centre = (Enclosure(Fraction(1, 2), Fraction(1, 2)), Enclosure(Fraction(0), Fraction(0)))
        target = CriticalPoint(centre, Kind.MINIMIZER)
        ends.append(usam_safe_radius(f, target, box, 1e-2, 2000).upper)
    assert ends[0] is None
    assert Fraction(1, 6) <= ends[1] <= Fraction(1, 5)


def test_a_target_whose_eigenvalues_have_no_sign_is_none(monkeypatch):
    """What kind of critical point it is has to be known, though it is the only one in its box."""
    module = import_module("hallucert.check.region.safe_radius")
    whole = module.inertia
    monkeypatch.setattr(module, "inertia", lambda *a: replace(whole(*a), positive=1, undecided=1))
    with pytest.raises(ArgumentError, match="target"):
        prove_target(hc.Objective.parse("(x - 1/3)**2 + y**2"), [Fraction("0.333333333"), Fraction(0)])
