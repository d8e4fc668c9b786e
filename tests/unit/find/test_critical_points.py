"""critical_points finds what closed forms, a 50-digit reference and textbook tables list, and marks continua."""

from collections import Counter

import numpy as np
import pytest
from search_problems import HIMMELBLAU, RING, cosine_lattice, reference, rescaled_four_well, same_set

from hallucert.errors import ArgumentError
from hallucert.find import critical_points
from hallucert.objectives.objective import Objective


def test_himmelblau_has_its_nine_points_with_their_eigenvalues():
    """All nine critical points of the reference come out, to 1e-14, with eigenvalues to 1e-11 and the right kinds."""
    found = critical_points(Objective.parse(HIMMELBLAU), [(-6, 6), (-6, 6)])
    expected = reference()["critical_points"]
    assert same_set([p.x for p in found], [[float(v) for v in p["x"]] for p in expected], 1e-14)
    for p in found:
        near = min(expected, key=lambda e: np.hypot(*(np.array(e["x"], float) - p.x)))
        assert np.allclose(p.hessian_eigenvalues, np.array(near["hessian_eigenvalues"], float), rtol=0, atol=1e-11)
        assert p.value == pytest.approx(float(near["value"]), abs=1e-12)
        assert p.gradient_norm < 1e-12
    assert [str(p.kind) for p in found] == ["minimizer"] * 4 + ["saddle"] * 4 + ["maximizer"]


def test_rastrigin_has_all_441():
    """2x + 20 pi sin(2 pi x) = 0 has 21 roots in [-5.12, 5.12], so the plane has 121 + 220 + 100 critical points."""
    f = Objective.parse("20 + x**2 - 10*cos(2*pi*x) + y**2 - 10*cos(2*pi*y)")
    kinds = Counter(str(p.kind) for p in critical_points(f, [(-5.12, 5.12)] * 2))
    assert kinds == {"minimizer": 121, "saddle": 220, "maximizer": 100}


def test_only_the_box():
    """Points outside the box are left out, points on its boundary are kept: only (3, 2) lies in [3, 4] x [0, 4]."""
    found = critical_points(Objective.parse(HIMMELBLAU), [(3, 4), (1, 4)])
    assert same_set([p.x for p in found], [(3, 2)], 1e-14)


def test_the_cosine_lattice_in_three_dimensions():
    """sum(1 - cos x_i) in [-0.5, 3.5]^3 has the 8 points of {0, pi}^3: 1 minimizer, 6 saddles, 1 maximizer."""
    found = critical_points(cosine_lattice(3), [(-0.5, 3.5)] * 3)
    expected = np.pi * np.array(np.meshgrid([0, 1], [0, 1], [0, 1])).reshape(3, -1).T
    assert same_set([p.x for p in found], expected, 1e-12)
    assert [str(p.kind) for p in found] == ["minimizer", *["saddle"] * 6, "maximizer"]


def test_a_curve_of_minimizers_is_thinned_and_marked():
    """The ring (|x|^2 - 1)^2/4: at most four points of the circle, all degenerate, and the maximizer at 0."""
    found = critical_points(Objective.parse(RING), [(-2, 2)] * 2)
    circle = [p for p in found if p.kind == "degenerate"]
    assert 2 <= len(circle) <= 4 and len(found) == len(circle) + 1
    assert all(abs(np.hypot(*p.x) - 1) < 1e-9 for p in circle)
    assert found[-1].kind == "maximizer" and np.hypot(*found[-1].x) < 1e-12


@pytest.mark.parametrize("formula", ["x**4", "x**4 + y**4", "x**3 - 3*x*y**2"])
def test_an_isolated_degenerate_point_is_one_point(formula):
    """A quartic minimum and a monkey saddle, where Newton is only linear, give one degenerate point at the origin."""
    f = Objective.parse(formula)
    (point,) = critical_points(f, [(-2, 2.3)] * f.dimension)
    assert point.kind == "degenerate" and np.abs(point.x).max() < 1e-6


def test_no_false_points():
    """exp(-x^2) is flat far out but has one critical point; a strictly monotone function and a log have none."""
    assert [p.kind for p in critical_points(Objective.parse("exp(-x**2)"), [(-20, 21)])] == ["maximizer"]
    assert critical_points(Objective.parse("exp(x) + x"), [(-5, 5)]) == []
    assert critical_points(Objective.parse("log(x)"), [(-3, 5)]) == []


def test_a_domain_with_holes():
    """x - log(x) is not defined for x <= 0: its minimizer 1 is found from the starts inside the domain."""
    (point,) = critical_points(Objective.parse("x - log(x)"), [(-3, 5)])
    assert point.kind == "minimizer" and point.x[0] == pytest.approx(1, abs=1e-14)


def test_units_do_not_matter():
    """Lengths of 1e6 and values of 1e-9: the nine points of the four-well function all the same."""
    found = critical_points(rescaled_four_well(), [(-2e6, 2e6)] * 2)
    expected = 1e6 * np.array([(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1)])
    assert same_set([p.x for p in found], expected, 1e-6)
    assert Counter(str(p.kind) for p in found) == {"minimizer": 4, "saddle": 4, "maximizer": 1}


def test_the_seed_decides():
    """The answer is a function of the arguments: twice the same call, bit for bit the same points."""
    f = Objective.parse(HIMMELBLAU)
    first, second = (critical_points(f, [(-6, 6)] * 2, seed=7) for _ in range(2))
    assert all((a.x == b.x).all() for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize(
    ("box", "says"),
    [
        ([(-1, 1)], "shape"),
        ([(1, -1), (0, 1)], "lower < upper"),
        ([(0, 0), (0, 1)], "lower < upper"),
        ([(0, np.nan), (0, 1)], "finite"),
        ("box", "finite"),
        ([(0, np.inf), (0, 1)], "finite"),
    ],
)
def test_a_bad_box_is_named(box, says):
    """Each bad box raises an ArgumentError about `box` that says what it must be."""
    with pytest.raises(ArgumentError, match="box must .*" + says):
        critical_points(Objective.parse(HIMMELBLAU), box)


@pytest.mark.parametrize(("name", "value"), [("starts", 0), ("starts", 2.5), ("seed", -1), ("seed", None)])
def test_bad_numbers_are_named(name, value):
    """A bad `starts` or `seed` raises an ArgumentError with its name."""
    with pytest.raises(ArgumentError, match=name):
        critical_points(Objective.parse(HIMMELBLAU), [(-6, 6)] * 2, **{name: value})


@pytest.mark.parametrize("half", [1.5, 3])
@pytest.mark.parametrize(
    ("formula", "x", "spectrum"),
    [
        ("cosh(10*(x**2 - 1)) + cosh(10*y)", (1, 0), (100, 400)),
        ("exp(exp(x**2 + y**2))", (0, 0), (2 * np.e, 2 * np.e)),
        ("x**200 + y**200 - x**2 - y**2", (0.01 ** (1 / 198),) * 2, (396, 396)),
        ("1 - exp(-50*((x - 1)**2 + y**2)) - exp(-50*((x + 1)**2 + y**2))", (1, 0), (100, 100)),
    ],
)
def test_the_kind_does_not_depend_on_the_box(formula, x, spectrum, half):
    """Minimizers with the definite Hessians of the closed forms are minimizers, however f grows or ends in the box."""
    found = critical_points(Objective.parse(formula), [(-half, half)] * 2, starts=512)
    (point,) = [p for p in found if np.hypot(*(p.x - x)) < 1e-9]
    assert point.kind == "minimizer" and np.allclose(point.hessian_eigenvalues, spectrum, rtol=1e-9)


def test_a_valley_is_a_minimizer_and_a_flat_one_is_degenerate():
    """Curvatures 2 and 2e-9 are both certain; of the quartic (x - 1)^4, expanded, rounding hides the curvature at 1."""
    (valley,) = critical_points(Objective.parse("1e-9*x**2 + y**2"), [(-2, 2)] * 2, starts=64)
    assert valley.kind == "minimizer" and np.allclose(valley.hessian_eigenvalues, [2e-9, 2], rtol=1e-12)
    (flat,) = critical_points(Objective.parse("x**4 - 4*x**3 + 6*x**2 - 4*x + 1 + y**2"), [(-3, 3)] * 2, starts=64)
    assert flat.kind == "degenerate"
