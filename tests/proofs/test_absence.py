"""Absence is proved where mathematics says so, and nowhere else."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.check.region.bracket import rings
from hallucert.check.region.convexity import is_convex, semidefinite
from hallucert.errors import ArgumentError, NotAnalyticError

CONVEX = [
    "exp(x) - x + y**2/2 + y**4/4",
    "x**4 + y**4",
    "(2*x - 3*y + 1)**2 + exp(x + y)",
    "softplus(x - 2*y) + softplus(y)",
    "log(exp(x) + exp(2*y) + exp(1 - x - y))",
    "sqrt(1 + x**2 + (x - y)**2)",
    "(1 + x**2 + y**2)**1.5",
    "cosh(x) + cosh(y - x)",
    "x**2 + x*y + y**2",
    "x**2 + 3*x*y + 4*y**2",
    "x*x + x*y/3 + y*y - 5*x",
    "exp(x**2 + y**2)",
    "exp(x**2) * exp(y**2 - x)",
    "(exp(x) + y**2)**3",
    "sin(1)*x - y*cos(2) + x**2 + y**2/pi",
    "square(square(x) + 1) + y**2",
]
NOT_CONVEX = [
    "(x**2 - 1)**2 + y**2",
    "x**3 + y**2",
    "x*y",
    "x**2 + 3*x*y + y**2",
    "sin(x) + y**2",
    "tanh(x)**2 + y**2",
    "exp(-x**2) + y**2",
    "-softplus(x) + y**2",
    "log(x) + y**2",
    "sqrt(x**2 + y**2)",
    "1/(1 + x**2) + y**2",
    "x**2 + 0*x**(-2) + y**2",  # the Hessian is constant, but there is none at x = 0
    "x**2 + 0*log(x) + y**2",
    "exp(x)*y**2",
    "exp(x) - exp(2*x) + y**2",
    "silu(x) + y**2",
]


@pytest.mark.parametrize("formula", CONVEX)
def test_convex_formulas_are_recognised(formula):
    """Composition rules or an exact quadratic: every radius is safe, and the claim says so."""
    assert is_convex(hc.Objective.parse(formula, ("x", "y")))


@pytest.mark.parametrize("formula", NOT_CONVEX)
def test_other_formulas_are_not(formula):
    """Functions that are not convex, or not defined (or not smooth) everywhere, are never called convex."""
    assert not is_convex(hc.Objective.parse(formula, ("x", "y")))


def _random_formula(rng, depth):
    if depth == 0:
        return rng.choice(["x", "y", "1", "2", "(1/2)", "(x + y)", "(x - 2*y)"])
    a, b = _random_formula(rng, depth - 1), _random_formula(rng, depth - 1)
    forms = ["({a} + {b})", "({a} - {b})", "({a}*{b})", "({a}**2)", "({a}**3)", "(-{a})", "exp({a}/3)"]
    forms += ["log(1 + exp({a}))", "sqrt(1 + {a}**2)", "1/(1 + {a}**2)", "({a}/(2 + {b}**2))", "(1 + {a}**2)**(3/2)"]
    forms += ["(1 + exp({a}/2))**-1", "log(1 + ({a})**2)", "(exp({a}/4)*exp({b}/4))", "(1 + {a}**2)**(1/3)"]
    return rng.choice(forms).format(a=a, b=b)


def test_no_random_formula_is_called_convex_that_is_not():
    """Midpoint convexity of 3000 random formulas at random points: the rules never accept one that violates it."""
    rng, points = random.Random(7), np.random.default_rng(7)
    accepted = 0
    for _ in range(3000):
        f = hc.Objective.parse(_random_formula(rng, rng.choice((1, 2, 3))), ("x", "y"))
        if not is_convex(f):
            continue
        accepted += 1
        a, b = points.uniform(-3, 3, (2, 200, 2))
        middle, mean = f.floats.value((a + b) / 2), (f.floats.value(a) + f.floats.value(b)) / 2
        good = np.isfinite(middle) & np.isfinite(mean)
        assert good.any() or not np.isfinite(mean).any()
        assert (middle[good] <= mean[good] + 1e-9 * (1 + np.abs(mean[good]))).all(), f.name
    assert accepted > 500


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([[0, 0], [0, 0]], True),
        ([[1, 1], [1, 1]], True),
        ([[1, 2], [2, 1]], False),
        ([[0, 1], [1, 5]], False),
        ([[2, -1, 0], [-1, 2, -1], [0, -1, 2]], True),
        ([[1, 1, 1], [1, 1, 1], [1, 1, 0]], False),
        ([[1, 2, 0], [2, 1, 0], [0, 0, 1]], False),
    ],
)
def test_semidefinite_matrices_exactly(rows, expected):
    """Rational matrices, also singular ones, are decided by elimination without rounding."""
    assert semidefinite([[Fraction(v) for v in row] for row in rows]) is expected


def test_safe_radius_of_the_double_well():
    """f'' = 3 x^2 - 1 along x vanishes at 1/sqrt3: the bracket contains 1 - 1/sqrt3, also in mpmath and at 3-D."""
    exact = 1 - 1 / math.sqrt(3)
    f = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")
    for backend in ("float", "arb", "mpmath"):
        safe = hc.safe_radius(f, [1, 0], rtol=1e-2, backend=backend)
        assert safe.lower <= exact <= safe.upper and (safe.upper - safe.lower) <= Fraction(11, 1000) * safe.upper
        assert safe.ended == "reached" and safe.claim.name == "no_hallucination" and safe.claim.status == "proved"
    solid = hc.safe_radius(hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20 + z**2"), [1, 0, 0], rtol=1e-2)
    assert solid.lower <= exact <= solid.upper
    line = hc.safe_radius(hc.Objective.parse("(x**2 - 1)**2"), [-1])
    assert line.lower <= exact <= line.upper


def test_convex_functions_are_safe_everywhere():
    """x^4 + y^4, whose minimizer is degenerate, has every radius safe, and no critical radius."""
    f = hc.Objective.parse("x**4 + y**4")
    assert hc.safe_radius(f, [0, 0]).everywhere and math.isinf(float(hc.safe_radius(f, [0, 0])))
    assert hc.critical_rho(f, [0, 0]).upper is None


def test_a_degenerate_minimizer_without_a_proof_has_no_safe_radius():
    """Where nothing is proved the radius is 0 and the claim undecided."""
    safe = hc.safe_radius(hc.Objective.parse("x**4 + y**4 - x**6"), [0, 0])
    assert safe.lower == 0 and safe.claim.status == "undecided" and safe.ended == "resolution"


@pytest.mark.parametrize(
    ("formula", "target"),
    [
        ("x**2 - y**2 + x*y/3 + 0*log(x - 5)", (0, 0)),
        ("-log(x) - x + y**2", (-1, 0)),
        ("x**4 + y**4 + 0*log(x - 5)", (0, 0)),  # a degenerate one
        ("x**4 + y**4 + 0*log(x)", (0, 0)),  # on the edge of the domain
    ],
)
def test_nothing_is_stated_about_a_target_where_the_function_is_undefined(formula, target):
    """The derivatives of a formula may be defined, and 0, where the function is not."""
    for function in (hc.safe_radius, hc.critical_rho):
        with pytest.raises(ArgumentError, match="f is not defined there"):
            function(hc.Objective.parse(formula, ("x", "y")), target)


@pytest.mark.parametrize(
    ("formula", "target", "exact"),
    [
        ("1 - exp(-(x**2 + y**2)/9)", (0, 0), 3 / math.sqrt(2)),  # between the sides and the corners of a cube
        ("1 - exp(-(x**2 + y**2)/2.1)", (0, 0), math.sqrt(2.1 / 2)),
        ("x**4/12 - x**3/3 + y**2", (3, 0), 1.0),  # f'' = x^2 - 2 x: on the side of a cube
        ("1/x + x + y**2", (1, 0), 1.0),  # undefined at x = 0
        ("(x**2 - 9)**2 + y**2", (3, 0), 3 - math.sqrt(3)),
        ("(x**2 - 10**6)**2/10**6 + y**2", (1000, 0), 1000 * (1 - 1 / math.sqrt(3))),
        ("(x**2 - 1/10**6)**2*10**6 + y**2", ("1/1000", 0), (1 - 1 / math.sqrt(3)) / 1000),
    ],
)
def test_safe_radii_have_both_ends_wherever_they_lie(formula, target, exact):
    """Whatever the size of the radius, the bracket contains it, is as narrow as asked, and took few boxes."""
    safe = hc.safe_radius(hc.Objective.parse(formula), target, rtol=1e-2)
    room = 1e-12 * exact
    assert float(safe.lower) <= exact + room and float(safe.upper) >= exact - room
    assert safe.upper - safe.lower <= Fraction(1, 100) * safe.upper
    assert safe.ended == "reached" and safe.boxes < 20_000


def test_a_wide_safe_radius_says_why():
    """A spent budget, and a second derivative that enclosures cannot tell from one that changes sign."""
    f = hc.Objective.parse("1 - exp(-(x**2 + y**2)/9)")
    few = hc.safe_radius(f, (0, 0), rtol=1e-6, max_boxes=2000)
    assert few.ended == "boxes" and "max_boxes" in str(few) and "max_boxes" in repr(few)
    assert few.lower <= 3 / math.sqrt(2) <= few.upper
    short = hc.safe_radius(f, (0, 0), budget=1e-9)
    assert short.ended == "time" and "seconds" in str(short)
    # The second derivative (x - 1)^2 of x, written as a sum, touches 0 at distance 2: enclosures cannot tell.
    flat = hc.safe_radius(hc.Objective.parse("x**4/12 - x**3/3 + x**2/2 - 3*x"), [3])
    assert flat.ended == "resolution" and "cannot be decided" in repr(flat) and flat.upper is None
    assert 1.99 < float(flat.lower) <= 2


@pytest.mark.parametrize("formula", ["(x**2 - 9)**2 + y**2", "1 - exp(-(x**2 + 2*(y - x/3)**2)/9)"])
def test_a_larger_budget_takes_back_nothing(formula):
    """The lower end grows with the budget, the upper end falls, and no point of the ball has a negative eigenvalue."""
    f = hc.Objective.parse(formula)
    target = (3, 0) if "9)**2" in formula else (0, 0)
    brackets = [hc.safe_radius(f, target, max_boxes=boxes) for boxes in (1, 100, 300, 1000, 10_000)]
    lower = [safe.lower for safe in brackets]
    upper = [math.inf if safe.upper is None else safe.upper for safe in brackets]
    assert lower == sorted(lower) and upper == sorted(upper, reverse=True) and lower[-1] > 0
    angle = np.linspace(0, 2 * np.pi, 721)
    for radius in np.linspace(0.01, 1, 40) * float(lower[-1]):
        x = np.array(target, float) + radius * np.stack([np.cos(angle), np.sin(angle)], 1)
        assert min(np.linalg.eigvalsh(f.hessian(p))[0] for p in x[::24]) > -1e-9


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_the_rings_cover_the_cube(dimension):
    """Every point of the large cube, also next to the sides that rings share, lies in a ring, and few in two."""
    rng = np.random.default_rng(dimension)
    centre = np.stack([np.full(dimension, 0.1), np.full(dimension, 0.1)], -1)
    boxes = rings(centre)
    assert (boxes.hi - boxes.lo).prod(axis=1).sum() == pytest.approx(2.0 ** (21 * dimension))
    half = 2.0 ** rng.integers(-6, 21, (4000, 1))
    x = 0.1 + half * rng.choice([-1.0, 1.0, 0.5, 0.0, 0.999], (4000, dimension))
    inside = ((x[:, None] >= boxes.lo) & (x[:, None] <= boxes.hi)).all(-1).any(1)
    assert inside.all()


@pytest.mark.parametrize("number", range(4))
def test_critical_rho_of_himmelblaus_minimizers(himmelblau, number):
    """Bracketed to 1e-3; a scan of circles in floats finds nothing below and the certified point at the upper end."""
    target = hc.gallery.info("himmelblau").minimizers[number].x
    found = hc.critical_rho(himmelblau, target)
    assert found.relative_width <= 1e-3
    angle = np.linspace(0, 2 * np.pi, 20_001)
    normal = np.stack([np.cos(angle), np.sin(angle)], 1)
    for factor in np.linspace(0.02, 0.9999, 40):
        g = himmelblau.gradient(target + factor * float(found.lower) * normal)
        tangential = g[:, 1] * normal[:, 0] - g[:, 0] * normal[:, 1]
        assert not ((tangential[:-1] * tangential[1:] <= 0) & ((g * normal).sum(1)[:-1] < 0)).any()
    cert = hc.certify(himmelblau, found.point.x, found.upper)
    assert cert["hallucinated_minimizer"].status == "proved"
    assert hc.safe_radius(himmelblau, target).lower < found.lower


@pytest.mark.parametrize(
    ("formula", "target"),
    [
        ("(x**2 - 1)**2/4 + y**2/20", (1, 0)),
        ("(x**2 - 1)**2 + (y**2 - 1)**2", (1, 1)),
        ("(x**2 - 1)**2/4 + y**2/20 + z**2/20", (1, 0, 0)),
    ],
)
def test_critical_rho_of_wells_is_the_distance_to_the_saddle(formula, target):
    """(1 - rho, 0) exists for 1 < rho < 2: the infimum is 1, where the branch begins at the saddle, in 2-D and 3-D."""
    found = hc.critical_rho(hc.Objective.parse(formula), target)
    assert found.lower <= 1 <= found.upper and found.relative_width <= 1e-3


def test_saddles_and_maximizers_have_no_threshold(himmelblau):
    """The bracket is [0, 0] with the reason; and indeed a point exists for rho = 1/1000."""
    known = hc.gallery.info("himmelblau")
    for point, kind in ((known.saddles[0], "saddle"), (known.maximizers[0], "maximizer")):
        found = hc.critical_rho(himmelblau, point.x)
        assert found.lower == found.upper == 0
        assert kind in str(found) and "arbitrarily small rho" in str(found)
        box = [(v - 0.01, v + 0.01) for v in point.x]
        assert {p.kind for p in hc.census(himmelblau, box, "1/1000").points} == {kind}


def test_nothing_up_to_a_limit():
    """Below the critical radius a limit gives a bracket without an upper end."""
    found = hc.critical_rho(hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20"), (1, 0), limit=0.9)
    assert found.upper is None and float(found.lower) == 0.9 and math.isinf(found.relative_width)


def test_misuse_names_the_argument(himmelblau):
    """Points that are not critical, wrong shapes and float-only objectives are refused."""
    ragged, beyond = [[3], [2, 2]], ["1e400", 0]
    for wrong in ([0, 0], [3], [3, math.nan], "ab", None, 3, np.array(3.0), np.zeros((2, 2)), [3, 2j], ragged, beyond):
        for function in (hc.safe_radius, hc.critical_rho):
            with pytest.raises(ArgumentError, match="target"):
                function(himmelblau, wrong)
    with pytest.raises(ArgumentError, match="rtol"):
        hc.critical_rho(himmelblau, [3, 2], rtol=0)
    with pytest.raises(ArgumentError, match="limit"):
        hc.critical_rho(himmelblau, [3, 2], limit=-1)
    with pytest.raises(NotAnalyticError):
        hc.safe_radius(hc.Objective.from_callable(lambda x: (x**2).sum(), 2, rigorous=False), [0, 0])
