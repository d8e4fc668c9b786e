"""`safe_radius` for USAM: brackets of the reciprocal modulus of weak convexity, against closed forms."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hallucert as hc
from hallucert.errors import ArgumentError, NotAnalyticError
from hallucert.objectives.radius_law import RadiusLaw
from hallucert.prove.absence.radii import certify_usam_absence

WELL = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
BOX = [(-2, 2), (-1, 1.5)]
ASAM = RadiusLaw("asam", (1, 1))  # type: ignore[arg-type]


def safe(f, target, box=None, **options):
    return hc.safe_radius(f, target, box=box, variant="usam", **options)


@pytest.mark.parametrize("backend", ["float", "arb", "mpmath"])
@pytest.mark.parametrize("target", [(1, 0), (0, 0), (-1, 0)])
def test_the_double_well(target, backend):
    """H >= -1 with equality on x = 0: r = 1, for minimizers and the saddle alike, in all arithmetics."""
    found = safe(WELL, target, BOX, backend=backend)
    assert found.claim and found.lower <= 1 <= found.upper and found.upper - found.lower <= found.upper / 1000
    assert not found.everywhere and float(found) == float(found.lower)


def test_tighter_brackets():
    """With rtol = 1e-6 the double well is bracketed so closely, and 1 stays inside."""
    found = safe(WELL, (1, 0), BOX, rtol=1e-6)
    assert Fraction(999999, 10**6) < found.lower <= 1 <= found.upper < Fraction(1000001, 10**6)


def test_the_bound_is_sharp_and_a_census_of_points_agrees():
    """Just above r = 1 there are points: x = 1/5 for rho = 25/24, proved; just below it the claim for one rho is."""
    found = safe(WELL, (0, 0), BOX)
    cert = hc.certify(WELL, [Fraction(1, 5), 0], Fraction(25, 24), variant="usam")
    assert cert["existence"] and cert["nonstationary"] and Fraction(25, 24) > found.upper
    assert certify_usam_absence(WELL, found.lower * Fraction(99, 100), BOX)
    assert hc.find.on_sphere(WELL, (0, 0), found.lower, variant="usam") == []


def test_a_box_without_the_steepest_place():
    """For x >= 1/4 the modulus is 1 - 3/16, so r = 16/13; for x >= 3/4 the function is convex and all rho are safe."""
    found = safe(WELL, (1, 0), [(0.25, 2), (-1, 1)])
    assert found.lower <= Fraction(16, 13) <= found.upper
    convex = safe(WELL, (1, 0), [(0.75, 2), (-1, 1)])
    assert convex.claim and convex.everywhere and convex.upper is None and float(convex) == np.inf
    assert "any rho > 0" in str(convex) and "[3/4, 2]" in str(convex)


def test_three_variables():
    """sum(1 - cos) + x y/9 has the smallest Hessian eigenvalue -1 - 1/9, so r = 9/10."""
    f = hc.Objective.parse("3 - cos(x) - cos(y) - cos(z) + x*y/9", ("x", "y", "z"))
    found = safe(f, (0, 0, 0), [(-4, 4)] * 3, rtol=1e-2)
    assert found.lower <= Fraction(9, 10) <= found.upper < Fraction(91, 100)


@given(st.lists(st.integers(-8, 8), min_size=4, max_size=4), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_quartics_of_one_variable(coefficients, end):
    """The bracket holds -1/min f'' on the box, with the minimum of the quadratic f'' by the quadratic formula."""
    a, b, c, e = coefficients
    f = hc.Objective.parse(f"({a})*x**4/12 + ({b})*x**3/6 + ({c})*x**2/2 + ({e})*x", ("x",))
    roots = np.roots(np.trim_zeros([a / 3, b / 2, c, e], "f"))
    targets = [z.real for z in roots if abs(z.imag) < 1e-9 and abs(z.real) < 0.99 * end and (a, b, c) != (0, 0, 0)]
    targets = [t for t in targets if abs(a * t * t + b * t + c) > 1e-3]
    if not targets:
        return
    points = [Fraction(-end), Fraction(end)]
    if a != 0 and -end <= Fraction(-b, 2 * a) <= end:
        points.append(Fraction(-b, 2 * a))
    smallest = min(a * x * x + b * x + c for x in points)
    found = safe(f, (targets[0],), [(-end, end)])
    if smallest >= 0:
        assert found.upper is None
        return
    assert not found.everywhere and found.lower * -smallest <= 1 <= found.upper * -smallest
    assert found.lower > 0


def test_convex_functions_need_no_box():
    """x^4 + y^4 is convex by its form: no points for any rho, with or without a box; target degenerate, exact."""
    f = hc.Objective.parse("x**4 + y**4")
    for box in (None, [(-1, 1), (-1, 1)]):
        found = safe(f, (0, 0), box)
        assert found.claim and found.everywhere and "R^d" in str(found)


def test_a_spent_budget_proves_less_and_says_so():
    """One box shows little of a function of many oscillations; both ends are true, and more boxes bring them nearer."""
    f = hc.Objective.parse("(x**2 - 1)**2/4 + y*(x - 1)**2*sin(x*y)", ("x", "y"))
    few, many = (safe(f, (1, 0), [(-4, 4)] * 2, max_boxes=boxes) for boxes in (1, 20_000))
    assert few.claim and few.ended == "boxes" and "max_boxes" in str(few) and "does not apply" in str(few)
    assert 0 < 2 * few.lower < many.lower < many.upper < few.upper
    points = np.random.default_rng(0).uniform(-4, 4, (4000, 2))
    assert many.lower < -1 / np.linalg.eigvalsh(f.hessian(points))[:, 0].min() and many.ended == "reached"


def test_nothing_is_proved_where_the_function_is_undefined():
    """x log x on [-1, 1]: no radius is proved. For -log(x) - x the zero -1 of its derivative formula is no target."""
    f = hc.Objective.parse("x*log(x)", ("x",))
    found = safe(f, (float(np.exp(-1)),), [(-1, 1)], max_boxes=3000)
    assert not found.claim and found.lower == 0 and "UNDECIDED" in str(found)
    formal = hc.Objective.parse("-log(x) - x", ("x",))
    with pytest.raises(ArgumentError, match="f is not defined there"):
        safe(formal, (-1,), [(-2, -0.5)])


def test_it_is_printed_in_words():
    """The sentence names the box, the radius, and USAM's step; the second line says where the theorem ends."""
    text = str(safe(WELL, (1, 0), BOX))
    assert text.startswith("no_hallucination: PROVED. f + |x|^2/(2 r) is convex on [-2, 2] x [-1, 3/2] for r = 0.99999")
    assert "x + rho grad f(x), for any rho < r (USAM)" in text and "\n    beyond 1.00001 the theorem" in text


THIN = hc.Objective.parse("1e20/6*((x - 1) - 1e-17)**3")
"""Its second derivative 1e20 (x - 1 - 1e-17) changes sign at 1 + 1e-17, which 53 bits do not tell from 1."""


@pytest.mark.parametrize("precision", [30, 53, 106, 200])
@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_a_box_thinner_than_the_balls_is_not_refuted_at_a_point_beside_it(backend, precision):
    """On [1 + 2e-17, 1 + 3e-17] f'' >= 1000: proved where the bits suffice, never refuted. Below 1 + 1e-17 f'' < -1."""
    above = [[Fraction("1.00000000000000002"), Fraction("1.00000000000000003")]]
    claim = certify_usam_absence(THIN, 1, above, backend=backend, precision=precision, max_boxes=500)
    assert claim.status == ("proved" if precision >= 106 else "undecided")
    below = [[Fraction("1.00000000000000000"), Fraction("1.000000000000000009")]]
    claim = certify_usam_absence(THIN, 1, below, backend=backend, precision=precision, max_boxes=500)
    assert claim.status == ("refuted" if precision >= 106 else "undecided")


def test_a_refutation_at_an_astronomical_point_is_printed():
    """The middle of [0, 1e400]^2 is no double."""
    f = hc.Objective.parse("-x**2 - y**2")
    assert "near (5e+399, 5e+399)" in certify_usam_absence(f, 1, [[0, "1e400"]] * 2).statement


@pytest.mark.parametrize("box", [None, 3, "ab", [[0, 1]], [[0, 1], [2]], [[0, 1], 2], [[0, 1], [1, 2j]], [[1, 0]] * 2])
def test_boxes_that_are_none(box):
    """Ragged ones too are refused by name, in both functions."""
    with pytest.raises(ArgumentError, match=r"^box must"):
        certify_usam_absence(WELL, 1, box)
    with pytest.raises(ArgumentError, match=r"^box must"):
        safe(WELL, (1, 0), box)


@pytest.mark.parametrize(
    ("argument", "changes"),
    [
        ("box", {"box": None}),
        ("box", {"box": [(-2, 0.5), (-1, 1)]}),
        ("box", {"box": [(-2, 2)]}),
        ("box", {"box": [(2, -2), (-1, 1)]}),
        ("box", {"box": [(-2, float("nan")), (-1, 1)]}),
        ("box", {"box": "[-2, 2]"}),
        ("box", {"box": [(-(10**400), 2), (-1, 1)]}),
        ("box", {"variant": "sam"}),
        ("variant", {"variant": "asam"}),
        ("variant", {"variant": ASAM}),
        ("variant", {"variant": 1}),
        ("rtol", {"rtol": 0}),
        ("max_boxes", {"max_boxes": 0}),
        ("target", {"target": (0.5, 0)}),
    ],
)
def test_misuse(argument, changes):
    """Arguments are refused by name."""
    options = {"target": (1, 0), "box": BOX, "variant": "usam", **changes}
    with pytest.raises(ArgumentError, match=f"^{argument} must"):
        hc.safe_radius(WELL, options.pop("target"), **options)


def test_float_only_functions_are_refused():
    """Without a formula there is nothing to enclose."""
    f = hc.Objective.from_callable(lambda x: (x**2).sum(), 2, rigorous=False)
    with pytest.raises(NotAnalyticError):
        safe(f, (0, 0), BOX)
