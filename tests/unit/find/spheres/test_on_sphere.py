"""on_sphere finds exactly the hallucinated points that closed forms and a 50-digit reference list."""

from itertools import product
from math import sqrt

import numpy as np
import pytest
from search_problems import (
    FOUR_WELL,
    HIMMELBLAU,
    RING,
    cosine_lattice,
    points,
    reference,
    rescaled_four_well,
    same_set,
    shift,
    wells,
)

from hallucert.errors import ArgumentError
from hallucert.find import on_sphere
from hallucert.objectives.objective import Objective


@pytest.mark.parametrize("case", reference()["hallucinated"], ids=lambda c: f"{c['target'][0][:5]}-rho{c['rho']}")
def test_himmelblau_against_the_reference(case):
    """Exactly the points of the reference, to 1e-12, with their multipliers and the sign of the eigenvalue of J."""
    found = on_sphere(Objective.parse(HIMMELBLAU), [float(v) for v in case["target"]], case["rho"])
    assert same_set(points(found), [[float(v) for v in p["x"]] for p in case["points"]], 1e-12)
    for c in found:
        near = min(case["points"], key=lambda p: np.hypot(*(np.array(p["x"], float) - c.x)))
        assert c.multiplier == pytest.approx(float(near["multiplier"]), rel=1e-12)
        assert c.kind == ("minimum" if float(near["tangential_eigenvalue_J"]) > 0 else "maximum")
        assert np.linalg.norm(c.objective.gradient(shift(c.objective, c.x, float(c.rho)))) < 5e-12


@pytest.mark.parametrize("rho", [1.05, 1.5, 1.95])
def test_double_well(rho):
    """One dimension: the target 1 is hit from 1 - rho alone for 1 < rho < 2, a minimum by convention."""
    (c,) = on_sphere(Objective.parse("(x**2 - 1)**2 / 4"), [1], rho)
    assert c.x[0] == pytest.approx(1 - rho, abs=1e-15) and c.kind == "minimum"
    assert c.multiplier == pytest.approx(abs((1 - rho) ** 3 - (1 - rho)) / rho, rel=1e-12)


@pytest.mark.parametrize("rho", [0.5, 2.5])
def test_double_well_outside_its_range(rho):
    """Below rho = 1 and above rho = 2 the double well has no hallucinated point with target 1."""
    assert on_sphere(Objective.parse("(x**2 - 1)**2 / 4"), [1], rho) == []


def four_well_points(rho):
    """Closed form for the target (1, 1): the diagonal branch, and the pair with x + y = -1, xy = lambda/4."""
    s = rho / sqrt(2) - 1
    expected = [(-s, -s)] if 0 < s < 1 else []
    lam = 10 - 2 * rho**2
    if 0 < lam < 1:
        half = sqrt(1 - lam) / 2
        expected += [(-0.5 + half, -0.5 - half), (-0.5 - half, -0.5 + half)]
    return expected


def edge_points(rho):
    """The double well's point on the two edges of the square, (1 - rho, 1) and (1, 1 - rho), for 1 < rho < 2."""
    return [(1 - rho, 1), (1, 1 - rho)] if 1 < rho < 2 else []


@pytest.mark.parametrize("rho", [1.45, 2.0, 2.12, 2.1214, 2.15, 2.2, 2.236, 2.2361, 2.5, 2.8, 2.9])
def test_four_well_on_both_sides_of_the_pitchfork(rho):
    """Target (1, 1): one point before the pitchfork at 3/sqrt 2, three to sqrt 5, one to 2 sqrt 2, then none."""
    found = on_sphere(Objective.parse(FOUR_WELL), (1, 1), rho)
    assert same_set(points(found), four_well_points(rho) + edge_points(rho), 1e-12)
    for c in found:
        diagonal, edge = abs(c.x[0] - c.x[1]) < 1e-9, max(c.x) > 0.9
        assert c.kind == ("minimum" if edge or (diagonal and c.x[0] < -0.5) else "maximum")


@pytest.mark.parametrize("gap", [1e-5, 1e-6, 1e-7, 1e-8])
def test_three_points_a_hair_after_the_pitchfork(gap):
    """The three points are within a grid cell of each other just after the pitchfork, and are still told apart."""
    rho = 3 / sqrt(2) + gap
    found = on_sphere(Objective.parse(FOUR_WELL), (1, 1), rho)
    assert same_set(points(found), four_well_points(rho), 1e-2 * sqrt(gap))


@pytest.mark.parametrize("e", [1e-4, 1e-8, 1e-12, -1e-8])
def test_a_close_pair_after_a_fold(e):
    """A pair of roots 2 sqrt(e) apart, far closer than the grid, is found; before the fold (e < 0) it is not."""
    # On the unit circle f = (y - b)^3/3 - e y + const, so T = cos(theta) ((sin(theta) - b)^2 - e). The last term
    # pulls inward with 12, the others stay below 3; all are of order 2 at the target 0, a critical point.
    b = 0.3
    f = Objective.parse(f"y**3/3 - {b}*y**2 + ({b}**2 - ({e}))*y*(x**2 + y**2) + (x**2 + y**2 - 4)**2")
    found = points(on_sphere(f, (0, 0), 1))
    sines = [b + sqrt(e), b - sqrt(e)] if e > 0 else []
    expected = [(0, 1), (0, -1)] + [(sign * sqrt(1 - s * s), s) for s in sines for sign in (1, -1)]
    assert same_set(found, expected, max(1e-12, 1e-14 / sqrt(abs(e))))


def test_a_double_root_is_found_once():
    """At the fold itself (e = 0) each touching root is one point, to the accuracy that it has."""
    f = Objective.parse("y**3/3 - y**2/4 + y*(x**2 + y**2)/16 + (x**2 + y**2 - 4)**2")
    expected = [(0, 1), (0, -1), (sqrt(15) / 4, 0.25), (-sqrt(15) / 4, 0.25)]
    assert same_set(points(on_sphere(f, (0, 0), 1)), expected, 1e-6)


@pytest.mark.parametrize("s", [0.1, 0.4, 0.9])
def test_saddle_target(s):
    """Four-well, target the saddle (0, 1), rho = 1 + s: (0, -s) is among the points, with f = 1 + (1 - s^2)^2."""
    f = Objective.parse(FOUR_WELL)
    found = on_sphere(f, (0, 1), 1 + s)
    (c,) = [c for c in found if np.hypot(c.x[0], c.x[1] + s) < 1e-12]
    assert f.value(c.x) == pytest.approx(1 + (1 - s * s) ** 2, abs=1e-12)
    assert c.kind == "maximum"


def test_ring():
    """The ring's point (0.6, 0.8) is hit from the opposite point at radius rho - 1, alone."""
    (c,) = on_sphere(Objective.parse(RING), (0.6, 0.8), 1.5)
    assert np.allclose(c.x, (-0.3, -0.4), rtol=0, atol=1e-14)


@pytest.mark.parametrize("d", [2, 3])
def test_a_whole_sphere_of_solutions_is_thinned(d):
    """Around the ring's maximizer 0 every point of the sphere of radius 1/2 is a solution: a few come out."""
    f = Objective.parse(RING if d == 2 else "(x**2 + y**2 + z**2 - 1)**2 / 4")
    found = points(on_sphere(f, (0,) * d, "0.5"))
    assert 2 <= len(found) <= 4
    assert np.allclose(np.linalg.norm(found, axis=1), 0.5, rtol=0, atol=1e-13)


@pytest.mark.parametrize("d", [2, 3, 10, 50])
def test_cosine_lattice(d):
    """Target 0, rho = 4: the 2 d points -+rho e_i of theory 10, all minima, lambda = |sin 4| / 4."""
    found = on_sphere(cosine_lattice(d), np.zeros(d), 4)
    on_axes = [c for c in found if np.abs(c.x).max() > 3.999]
    assert same_set(points(on_axes), 4 * np.concatenate([np.eye(d), -np.eye(d)]), 1e-12)
    assert all(c.kind == "minimum" and c.multiplier == pytest.approx(-np.sin(4) / 4, rel=1e-12) for c in on_axes)


def wells_points(d, rho):
    """All solutions for sum (x_i^2 - 1)^2, target (1, .., 1): each x_i is 1 or one of -1/2 +- t, with one t."""
    expected = []
    for choice in product((0, 1, -1), repeat=d):
        p, r = choice.count(1), choice.count(-1)
        # p (3/2 - t)^2 + r (3/2 + t)^2 = rho^2 with 0 < t < 1/2, where lambda = 1 - 4 t^2 > 0.
        for t in np.roots([p + r, 3 * (r - p), 2.25 * (p + r) - rho**2]) if p + r else ():
            if abs(t.imag) == 0 and 1e-12 < t.real < 0.5:
                expected.append([1.0 if k == 0 else -0.5 + k * t.real for k in choice])
    return expected


@pytest.mark.parametrize(("d", "rho"), [(3, 1.7), (3, 2.3), (3, 2.65), (3, 2.9), (4, 3.2)])
def test_every_kind_in_higher_dimensions(d, rho):
    """In three and four dimensions the multi-start finds all minima, saddles and maxima of the closed form."""
    found = on_sphere(wells(d), np.ones(d), rho)
    expected = wells_points(d, rho)
    assert expected and same_set(points(found), expected, 1e-11)
    for c in found:
        # On the tangent space P (H + lambda I) P; H is diagonal here: compare inertia by Sylvester on a basis.
        n = (c.x - 1) / rho
        basis = np.linalg.svd(n[None, :])[2][1:]
        w = np.linalg.eigvalsh(basis @ np.diag(12 * c.x**2 - 4 + c.multiplier) @ basis.T)
        assert c.kind == ("minimum" if w[0] > 0 else "maximum" if w[-1] < 0 else "saddle")


@pytest.mark.parametrize("formula", ["x**2 + 3*y**2 + x*y", "x**4 + y**2", "exp(x) - x + y**2 + z**2"])
def test_convex_functions_have_none(formula):
    """Proposition A.1: no hallucinated points where f is convex."""
    f = Objective.parse(formula)
    assert on_sphere(f, (0,) * f.dimension, 1.7, starts=60) == []


def test_another_critical_point_on_the_sphere_is_not_hallucinated():
    """The four-well minimizer (-1, 1) lies at distance 2 from (1, 1) with zero gradient: it is not returned."""
    found = points(on_sphere(Objective.parse(FOUR_WELL), (1, 1), 2))
    assert same_set(found, [(1 - sqrt(2), 1 - sqrt(2))], 1e-12)


def test_units_do_not_matter():
    """Lengths of 1e6 and values of 1e-9: the three points at rho = 2.2e6 all the same."""
    found = on_sphere(rescaled_four_well(), (1e6, 1e6), 2200000)
    assert same_set(points(found), 1e6 * np.array(four_well_points(2.2)), 1e-6)


def test_a_rough_target_is_polished():
    """A target to two digits is enough, and the candidate holds the polished one."""
    found = on_sphere(Objective.parse(HIMMELBLAU), (3.01, 1.99), 5)
    assert found and all(np.allclose(c.target, (3, 2), rtol=0, atol=1e-14) for c in found)


@pytest.mark.thorough
def test_a_float_only_objective():
    """A callable without a formula gives the points of the formula."""
    f = Objective.from_callable(lambda x: (x[0] ** 2 - 1) ** 2 + (x[1] ** 2 - 1) ** 2, 2, rigorous=False)
    assert same_set(points(on_sphere(f, (1, 1), 2.2)), four_well_points(2.2), 1e-9)


def test_a_root_outside_the_domain_is_not_returned():
    """log has no value at x < 0 though its derivative 1/x has one: both points of the sphere are refused there."""
    f = Objective.parse("x - log(x)")
    assert on_sphere(f, [1], 2) == []


def test_sorted_by_value():
    """The answer is sorted by f."""
    f = Objective.parse(HIMMELBLAU)
    values = [f.value(c.x) for c in on_sphere(f, (-3.77931, -3.283186), 5)]
    assert len(values) == 3 and values == sorted(values)


@pytest.mark.parametrize("target", [(1, 1), (0.5, 3), (3, 2, 1), (np.nan, 0), ("a", "b"), 3])
def test_a_bad_target_is_named(target):
    """A target that is no critical point, or no point, raises an ArgumentError with its name."""
    with pytest.raises(ArgumentError, match="target must be"):
        on_sphere(Objective.parse(HIMMELBLAU), target, 2)


@pytest.mark.parametrize("rho", [0, -1, np.nan, np.inf, "two", None, True, "1e-400", "1e400"])
def test_a_bad_rho_is_named(rho):
    """A radius that is not a positive number of reasonable size raises an ArgumentError with its name."""
    with pytest.raises(ArgumentError, match="rho must"):
        on_sphere(Objective.parse(HIMMELBLAU), (3, 2), rho)
