"""`on_sphere` and `hallucinate` for USAM and ASAM: every point, its kind, and what is proved about it."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError, SearchError
from hallucert.find.rescaled import Rescaled
from hallucert.objectives.radius_law import RadiusLaw

LINE = hc.Objective.parse("(x**2 - 1)**2 / 4")
WELLS = "(x**2 - 1)**2 + (y**2 - 1)**2"
METRIC = RadiusLaw("asam", ("1/2", 3))  # type: ignore[arg-type]


def usam(f, target, rho, **options):
    return hc.find.on_sphere(f, target, rho, variant="usam", **options)


@pytest.mark.parametrize("side", [1, -1])
def test_the_double_well(side):
    """x (x + 1) = -1/rho: for rho = 16/3 and target 1 the points are -3/4, a minimum of m, and -1/4, a maximum."""
    found = usam(LINE, [side], "16/3")
    assert [(round(float(side * p.x[0]), 14), p.kind) for p in found] == [(-0.75, "minimum"), (-0.25, "maximum")]
    for p in found:
        assert p.law.variant == "usam" and p.multiplier == pytest.approx(3 / 16) and p.target == pytest.approx([side])
        assert "of the Moreau objective" in repr(p)
        cert = hc.certify(p)
        assert cert["hallucinated_minimizer"] and bool(cert["attractor"]) == (p.kind == "minimum")


@pytest.mark.parametrize("rho", ["4.01", "4.0001", "4.00001"])
def test_two_points_near_a_fold_are_both_found(rho):
    """x = (-1 +- sqrt(1 - 4/rho))/2, a fold at rho = 4; there are none for a smaller rho."""
    root = np.sqrt(1 - 4 / float(Fraction(rho)))
    assert [float(p.x[0]) for p in usam(LINE, [1], rho)] == pytest.approx([(-1 - root) / 2, (-1 + root) / 2], abs=1e-9)
    assert usam(LINE, [1], "3.9999") == []


def test_a_maximizer_as_target():
    """Target 0 of the double well: x^2 = 1 - 1/rho for rho > 1; x = 3/5 for 25/16."""
    assert sorted(float(p.x[0]) for p in usam(LINE, [0], "25/16")) == pytest.approx([-0.6, 0.6], abs=1e-12)
    assert usam(LINE, [0], "0.99") == []


@pytest.mark.parametrize(("names", "rho"), [("xy", "1.5"), ("xy", "100"), ("xyz", "1.5")])
def test_wells_have_the_product_of_the_points_on_the_line(names, rho):
    """Each coordinate is 1 or (-1 +- sqrt(1 - 1/rho))/2, not all 1; m has the Hessian diag(12 x^2 - 4 + 1/rho)."""
    f = hc.Objective.parse(" + ".join(f"({name}**2 - 1)**2" for name in names))
    root = np.sqrt(1 - 1 / float(rho))
    coordinates = [1.0, (-1 - root) / 2, (-1 + root) / 2]
    wanted = sorted(p for p in itertools.product(coordinates, repeat=len(names)) if p != (1.0,) * len(names))
    found = usam(f, (1,) * len(names), rho)
    np.testing.assert_allclose(sorted(p.x.round(9).tolist() for p in found), wanted, atol=1e-8)
    for p in found:
        positive = 12 * p.x**2 - 4 + 1 / float(rho) > 0
        assert p.kind == ("minimum" if positive.all() else "saddle" if positive.any() else "maximum")


def test_all_points_of_himmelblau():
    """Two cubic equations have at most 3 * 3 solutions (Bezout): the target and 8 more are all there are."""
    c = np.array([3.0, 2.0])
    found = usam(hc.gallery.load("himmelblau"), c, 1)
    assert len(found) == 8
    for p in found:
        x, y = p.x
        g = np.array([4 * x * (x**2 + y - 11) + 2 * (x + y**2 - 7), 2 * (x**2 + y - 11) + 4 * y * (x + y**2 - 7)])
        np.testing.assert_allclose(p.x + g, c, atol=1e-11)
    assert min(np.linalg.norm(p.x - q.x) for p, q in itertools.combinations(found, 2)) > 0.1


def test_many_points_on_a_line():
    """sin x = -x/100 has 64 solutions but 0: two in each of 16 intervals on either side, the last pair 0.3 apart."""
    found = sorted(float(p.x[0]) for p in usam(hc.Objective.parse("1 - cos(x)", ("x",)), [0], 100))
    assert len(found) == 64 and np.diff(found).min() > 0.2
    np.testing.assert_allclose(np.sin(found) + np.array(found) / 100, 0, atol=1e-12)


def test_points_of_usam_are_points_of_sam():
    """With the radius |x - c| = rho q SAM has the same point; its kind on the sphere is a minimum where m has one."""
    f, c, rho = hc.gallery.load("himmelblau"), (3, 2), 1
    for p in usam(f, c, rho):
        radius = float(np.linalg.norm(p.x - p.target))
        assert radius == pytest.approx(float(np.linalg.norm(f.gradient(p.x))))
        same = [q for q in hc.find.on_sphere(f, c, radius) if np.linalg.norm(q.x - p.x) < 1e-7]
        assert len(same) == 1 and same[0].multiplier == pytest.approx(1)
        assert same[0].kind == "minimum" or p.kind != "minimum"


def test_a_circle_of_points_has_few_representatives():
    """Target 0 of (|x|^2 - 1)^2/4: all points of the circle |x|^2 = 1 - 1/rho; a minimum of m with a flat direction."""
    found = usam(hc.Objective.parse("(x**2 + y**2 - 1)**2/4"), (0, 0), 2)
    assert 2 <= len(found) <= 4 and {p.kind for p in found} == {"minimum"}
    np.testing.assert_allclose([float(p.x @ p.x) for p in found], 0.5, atol=1e-9)


def test_convex_functions_have_none():
    """J = I + rho H > 0 everywhere, for any rho; also where the target is degenerate, and next to a domain's end."""
    for formula, target in (("x**4 + y**4", (0, 0)), ("3*x**2 + y**2/50", (0, 0)), ("x*log(x)", (np.exp(-1),))):
        names = ("x", "y")[: len(target)]
        for rho in ("0.01", "1", "1000"):
            assert usam(hc.Objective.parse(formula, names), target, rho) == []


def test_asam_is_sam_for_the_rescaled_function():
    """The points are D times those of SAM for f(D y), on the ellipsoid around the target; existence is proved."""
    f = hc.Objective.parse(WELLS + " + x*y/7")
    rescaled = hc.Objective.parse("((x/2)**2 - 1)**2 + ((3*y)**2 - 1)**2 + (x/2)*(3*y)/7")
    c = hc.find.refine(rescaled, [-0.28, -0.332], "2.3").target
    inner = hc.find.on_sphere(rescaled, c, "2.3")
    outer = hc.find.on_sphere(f, c * [0.5, 3], "2.3", variant=METRIC)
    assert len(inner) == len(outer) > 0
    for a, b in zip(inner, outer, strict=True):
        np.testing.assert_allclose(b.x, a.x * [0.5, 3], atol=1e-10)
        assert a.kind == b.kind and a.multiplier == pytest.approx(b.multiplier)
        assert np.linalg.norm((b.x - b.target) / [0.5, 3]) == pytest.approx(2.3)
        assert b.law == METRIC and b.objective is f and "ellipsoid" in repr(b)
        assert hc.certify(b)["existence"]


def test_the_rescaled_function_has_the_derivatives_of_its_formula():
    """Values, gradients, Hessians and products of f(D y) are those of the written function."""
    f = hc.Objective.parse(WELLS + " + x*y/7")
    written = hc.Objective.parse("((x/2)**2 - 1)**2 + ((3*y)**2 - 1)**2 + (x/2)*(3*y)/7")
    inner = Rescaled(f, METRIC)
    x, v = np.random.default_rng(0).standard_normal((2, 5, 2))
    np.testing.assert_allclose(inner.floats.value(x), written.floats.value(x), rtol=1e-12)
    np.testing.assert_allclose(inner.floats.gradient(x), written.floats.gradient(x), rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(inner.floats.hessian(x), written.floats.hessian(x), rtol=1e-11, atol=1e-11)
    products = inner.floats.hessian_vector(x, v)
    np.testing.assert_allclose(products, written.floats.hessian_vector(x, v), rtol=1e-11, atol=1e-11)


def test_asam_on_the_axis():
    """(x^2 - 1)^2/4 + y^2/20 with D = diag(1/2, 3), rho = 3: 3/2 along x lead from (-1/2, 0) to (1, 0)."""
    f = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
    (point,) = hc.find.on_sphere(f, (1, 0), 3, variant=METRIC)
    np.testing.assert_allclose(point.x, [-0.5, 0], atol=1e-12)
    assert point.multiplier == pytest.approx(3 / 8 / 2 / 3)


def test_asam_beyond_dense_matrices():
    """sum_i (1 - cos x_i) in 201 variables by descent: the way along e_1 is scaled, and g(x+) = 0 with x+ = 0."""
    d = 201
    f = hc.Objective.from_callable(lambda x: (1 - np.cos(x)).sum(), d)
    law = RadiusLaw("asam", (Fraction(3, 2), *[Fraction(1)] * (d - 1)))
    found = hc.find.on_sphere(f, np.zeros(d), 4, starts=1, variant=law)
    assert found
    for p in found:
        assert np.linalg.norm(hc.sam.shifted_gradient(f, p.x, 4, variant=law)) < 1e-6 * np.linalg.norm(f.gradient(p.x))
        assert np.linalg.norm(p.x / law.floats.diagonal) == pytest.approx(4)


def test_misuse():
    """Targets that are no critical points, scales that do not fit, and USAM beyond dense matrices are refused."""
    with pytest.raises(ArgumentError, match=r"^target must be a critical point"):
        usam(LINE, [0.5], 5)
    with pytest.raises(ArgumentError, match=r"^variant must be hallucert\.RadiusLaw"):
        hc.find.on_sphere(LINE, [1], 5, variant="asam")
    with pytest.raises(ArgumentError, match=r"^variant must have 1 scales"):
        hc.find.on_sphere(LINE, [1], 5, variant=METRIC)
    with pytest.raises(ArgumentError, match=r"^rho must"):
        usam(LINE, [1], 0)
    large = hc.Objective.from_callable(lambda x: (x**2).sum(), 201)
    with pytest.raises(ArgumentError, match=r"^variant must be .*hc\.find\.refine"):
        usam(large, np.zeros(201), 1)


RING = hc.Objective.least_squares(["x**2 + y**2 - 1"])


def test_hallucinate_for_usam():
    """r(x + rho g) = 0 for r = |x|^2 - 1, g = 2 r x: |x| is a root of s (1 + 2 rho (s^2 - 1)) = -1 and not 1."""
    rho = 4
    roots = [z.real for z in np.roots([2 * rho, 0, 1 - 2 * rho, 1]) if abs(z.imag) < 1e-12 and z.real > 0]
    assert len(roots) == 2
    found = hc.find.hallucinate(RING, (0.6, 0.5), rho, variant="usam")
    assert min(abs(float(np.linalg.norm(found.x)) - s) for s in roots) < 1e-12
    assert found.law.variant == "usam" and found.multiplier == 0.25
    cert = hc.certify(found)
    assert cert["hallucinated_minimizer"] and cert.problem.residual


def test_hallucinate_for_usam_does_not_return_zeros_of_r():
    """From a start next to the circle the iteration ends on it, where x+ = x: an ordinary minimizer, refused."""
    with pytest.raises(SearchError, match=r"ordinary critical point.*larger rho"):
        hc.find.hallucinate(RING, (1.01, 0.0), 4, variant="usam")


def test_hallucinate_for_asam():
    """On the axis the way is rho D_1: |x| = rho/2 - 1 for D = diag(1/2, 3); r(x+) = 0 holds off the axis, too."""
    found = hc.find.hallucinate(RING, (0.4, 0.0), 3, variant=METRIC)
    np.testing.assert_allclose(found.x, [0.5, 0], atol=1e-12)
    found = hc.find.hallucinate(RING, (0.4, 0.3), 3, variant=METRIC)
    g = 2 * (found.x @ found.x - 1) * found.x
    plus = found.x + 3 * np.array([0.25, 9]) * g / np.linalg.norm(g * [0.5, 3])
    assert plus @ plus == pytest.approx(1) and hc.certify(found)["existence"]


def test_networks_have_points_of_usam():
    """Two layers of tanh on XOR: from random weights r(x + 30 g) = 0 is solved, and a global minimizer is proved."""
    corners, xor = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1.0]]), np.array([-1, 1, 1, -1.0])
    f = hc.TanhNetwork((2, 3, 1), corners, xor)
    found = hc.find.hallucinate(f, f.initial(0), 30, variant="usam")
    cert = hc.certify(found)
    assert cert["hallucinated_minimizer"] and "global minimizer" in cert["target"].statement
