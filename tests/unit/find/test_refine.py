"""refine leads from a nearby point to the hallucinated one, hallucinate from any start, or they say why not."""

from fractions import Fraction
from math import sqrt

import mpmath
import numpy as np
import pytest
from search_problems import FOUR_WELL, HIMMELBLAU, RING, cosine_lattice, reference, shift

import hallucert as hc
from hallucert.errors import ArgumentError, SearchError
from hallucert.find import refine, shifted
from hallucert.find.shifted import Shifted
from hallucert.objectives.objective import Objective

CASES = [(case["rho"], p) for case in reference()["hallucinated"] for p in case["points"]]


@pytest.mark.parametrize(("rho", "point"), CASES)
def test_himmelblau_from_a_perturbed_start(rho, point):
    """From 1e-3 away Newton returns to each point of the reference, to 1e-13."""
    x = np.array(point["x"], float)
    candidate = refine(Objective.parse(HIMMELBLAU), x + np.array([1e-3, -7e-4]), rho)
    assert np.abs(candidate.x - x).max() < 1e-13 and candidate.rho == Fraction(rho)
    assert candidate.kind == ("minimum" if float(point["tangential_eigenvalue_J"]) > 0 else "maximum")


def test_from_the_end_of_a_sam_run():
    """A hundred SAM steps on the double well, then refine: (1 - rho, 0), as in theory 10."""
    f = Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
    x = np.array([-0.3, 0.2])
    for _ in range(100):
        x = x - 0.1 * f.gradient(shift(f, x, 1.5))
    candidate = refine(f, x, "1.5")
    assert np.allclose(candidate.x, (-0.5, 0), rtol=0, atol=1e-15)
    assert np.allclose(candidate.target, (1, 0), rtol=0, atol=1e-15) and candidate.rho == Fraction(3, 2)


def test_the_target_may_be_a_saddle():
    """Four-well at rho = 1.4: near (0, -0.4) Newton finds it and its target, the saddle (0, 1)."""
    candidate = refine(Objective.parse(FOUR_WELL), (0.01, -0.41), 1.4)
    assert np.allclose(candidate.target, (0, 1), rtol=0, atol=1e-14)


@pytest.mark.parametrize("angle", [0.1, 1.0, 2.5])
def test_a_target_on_a_manifold(angle):
    """On the ring every point of the circle of radius rho - 1 is a solution: the shortest steps keep the angle."""
    start = 0.52 * np.array([np.cos(angle), np.sin(angle)])
    candidate = refine(Objective.parse(RING), start, 1.5)
    assert np.allclose(candidate.x, start / 1.04, rtol=0, atol=1e-12)
    assert np.allclose(candidate.target, -start / 0.52, rtol=0, atol=1e-12)


def test_residual_form():
    """Two residuals in four variables: Gauss-Newton ends with r(x+) at rounding level and g(x) != 0."""
    f = Objective.least_squares(["x**2 + y**2 - 1", "z*w + z - w**2"], ("x", "y", "z", "w"))
    candidate = refine(f, (0.3, -0.35, 0.02, 0.01), "1.5")
    plus = shift(f, candidate.x, 1.5)
    assert np.abs(f.residual(plus)).max() < 1e-14
    assert np.linalg.norm(f.gradient(candidate.x)) > 0.1
    assert np.allclose(candidate.target, plus, rtol=0, atol=1e-12)


def test_residual_form_with_a_target_of_positive_loss():
    """The saddle (0, 1) of (r_1^2 + r_2^2)/2 has r != 0: Newton on g(x+) = 0 finds the point next to the start."""
    f = Objective.least_squares(["x**2 - 1", "y**2 - 1"])
    candidate = refine(f, (0.01, -0.41), 1.4)
    assert np.allclose(candidate.x, (0, -0.4), rtol=0, atol=1e-13)
    assert np.allclose(candidate.target, (0, 1), rtol=0, atol=1e-13)


def test_the_matrix_of_the_residual_form():
    """A = Dr(x+) J is the derivative of x -> r(x+), taken at 60 digits from the definition."""
    f, x, rho = Objective.least_squares(["x**2 - 1", "y**2 - 1"]), np.array([0.3, -0.7]), 1.3

    def residual(i, a, b):
        g = (2 * a * (a * a - 1), 2 * b * (b * b - 1))
        return ((a, b)[i] + rho * g[i] / mpmath.sqrt(g[0] ** 2 + g[1] ** 2)) ** 2 - 1

    r, a = Shifted(f, rho).by_residual(x)
    assert np.allclose(r, f.residual(shift(f, x, rho)), rtol=0, atol=1e-14)
    with mpmath.workdps(60):
        for i in range(2):
            for j, order in enumerate([(1, 0), (0, 1)]):
                exact = mpmath.diff(lambda s, t, i=i: residual(i, s, t), tuple(map(mpmath.mpf, x)), order)
                assert a[i, j] == pytest.approx(float(exact), rel=1e-12)


def test_residual_form_has_the_closed_form_of_the_ring():
    """r = |x|^2 - 1 has the solutions of the ring: |x| = rho - 1, on the ray of the start."""
    f = Objective.least_squares(["x**2 + y**2 - 1"])
    candidate = refine(f, (-0.33, -0.44), "1.6")
    assert np.allclose(candidate.x, (-0.36, -0.48), rtol=0, atol=1e-12)


def test_fifty_dimensions():
    """The cosine lattice in fifty dimensions: Newton from a start 0.02 off each coordinate finds -4 e_1."""
    d = 50
    x = np.zeros(d)
    x[0] = -4
    start = x + 0.02 * np.random.default_rng(3).standard_normal(d)
    assert np.abs(refine(cosine_lattice(d), start, 4).x - x).max() < 1e-14


def test_an_ordinary_minimizer_is_refused():
    """Near a minimizer of f with large rho SAM's equation has no root: refine says so and returns nothing."""
    with pytest.raises(SearchError, match="refine"):
        refine(Objective.parse("x**2 + y**2"), (0.3, 0.2), 0.1)


def test_a_root_with_vanishing_gradient_is_refused():
    """At rho = 2 the double well's branch ends in the minimizer -1, two away from 1: the gradient vanishes there."""
    with pytest.raises(SearchError, match=r"ordinary critical point|converge"):
        refine(Objective.parse("(x**2 - 1)**2 + y**2"), (-1 + 1e-9, 0), 2)


@pytest.mark.parametrize(
    ("formula", "x", "says"),
    [
        ("(x**2 - 1)**2", (0.0,), "gradient is zero at x"),
        ("log(x)", (-1.0,), "not defined"),
        ("log(x)**2", (0.5,), r"x\+"),
    ],
)
def test_a_start_without_shifted_gradient(formula, x, says):
    """Zero gradient at the start, x outside the domain, x+ outside the domain: each has its own sentence."""
    with pytest.raises(SearchError, match=says):
        refine(Objective.parse(formula), x, 1)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (((1, 2, 3), 1), "x"),
        (((np.inf, 2), 1), "x"),
        (((1, 2), 0), "rho"),
        (((1, 2), 1, 0), "max_steps"),
    ],
)
def test_bad_arguments_are_named(arguments, name):
    """Each bad argument raises an ArgumentError with its name."""
    with pytest.raises(ArgumentError, match=f"^{name} must"):
        refine(Objective.parse(HIMMELBLAU), *arguments)


def test_the_objective_is_checked():
    """Something that is no Objective is refused by name."""
    with pytest.raises(ArgumentError, match=r"^f must"):
        refine(lambda x: x, (1, 2), 1)  # type: ignore[arg-type]


def test_multiplier_and_rho_are_those_of_theory_10():
    """Four-well at rho = sqrt2 (1 + s), s = 3/4: lambda = 4 s (1 - s), and rho is the exact double."""
    rho = sqrt(2) * 1.75
    candidate = refine(Objective.parse(FOUR_WELL), (-0.74, -0.76), rho)
    assert candidate.multiplier == pytest.approx(0.75, rel=1e-12) and candidate.rho == Fraction(rho)


@pytest.mark.parametrize("seed", range(6))
def test_the_ring_is_found_from_random_starts(seed):
    """For r = |x|^2 - 1 the points with r(x+) = 0, g != 0 at rho = 3/2 form the circle of radius 1/2."""
    f = hc.Objective.least_squares(["x**2 + y**2 - 1"])
    candidate = hc.find.hallucinate(f, np.random.default_rng(seed).normal(size=2) * 0.4, "1.5")
    assert abs(np.linalg.norm(candidate.x) - 0.5) < 1e-12
    assert abs(np.linalg.norm(candidate.target) - 1) < 1e-12
    assert hc.certify(candidate)["hallucinated_minimizer"]


def test_more_variables_than_residuals():
    """Two residuals in six variables: the end point solves r(x+) = 0, checked from the definition, and is certified."""
    f = hc.Objective.least_squares(["tanh(x0*x1 + x2) + x3**2 - 1", "x4*tanh(x5 + x0) - x1/2 + x2**2 - 1/3"], n=2)
    candidate = hc.find.hallucinate(f, np.random.default_rng(3).normal(size=6), 2)
    g = f.gradient(candidate.x)
    plus = candidate.x + 2 * g / np.linalg.norm(g)
    assert np.abs(f.residual(plus)).max() < 1e-12 and np.linalg.norm(g) > 1e-3
    cert = hc.certify(candidate)
    assert cert["existence"] and cert["hallucinated_minimizer"] and cert["regular"]


def test_no_zero_is_an_error():
    """r = x^2 + y^2 + 1 has no zero, so there is nothing to construct."""
    with pytest.raises(SearchError, match="did not converge"):
        hc.find.hallucinate(hc.Objective.least_squares(["x**2 + y**2 + 1"]), (0.3, 0.2), 1)


def test_the_residual_form_is_required():
    """A plain formula and an overdetermined least-squares problem are refused, naming the argument."""
    plain = hc.Objective.parse("x**2 + y**2")
    over = hc.Objective.least_squares(["x", "y", "x + y"])
    for f in (plain, over):
        with pytest.raises(ArgumentError, match="residual form"):
            hc.find.hallucinate(f, (1.0, 2.0), 1)


def test_the_matrix_free_class_agrees_with_the_dense_one(monkeypatch):
    """Lanczos on Hessian-vector products finds the same kind as the whole Hessian."""
    f = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2 + (z**2 - 1)**2 + x*y*z/10")
    candidates = hc.find.on_sphere(f, hc.find.critical_points(f, [[0.5, 1.5]] * 3)[0].x, 2)
    kinds = [c.kind for c in candidates]
    assert len(set(kinds)) > 1
    monkeypatch.setattr(shifted, "DENSE", 0)
    assert [Shifted(f, 2.0).kind(c.x) for c in candidates] == kinds


def test_a_network_on_images_is_solved_to_rounding() -> None:
    """784-32-10 on 4 sparse images: |r(x+)| < 1e-12 from the definition, with a gradient that is not zero."""
    rng = np.random.default_rng(0)
    images = np.where(rng.random((4, 784)) < 0.2, rng.random((4, 784)), 0.0)
    f = hc.TanhNetwork((784, 32, 10), images, np.eye(10)[rng.integers(0, 10, 4)])
    candidate = hc.find.hallucinate(f, f.initial(0), 2)
    g = f.gradient(candidate.x)
    assert np.linalg.norm(f.residual(candidate.x + 2 * g / np.linalg.norm(g))) < 1e-12 and np.linalg.norm(g) > 0.1


def test_the_residual_jacobian_in_blocks_is_the_product_of_its_factors(monkeypatch: pytest.MonkeyPatch) -> None:
    """A = B (I + (rho/q) P H) with the dense Hessian, whatever the size of a block."""
    rng = np.random.default_rng(1)
    f = hc.TanhNetwork((3, 5, 2), rng.standard_normal((4, 3)), rng.standard_normal((4, 2)))
    x, rho = f.initial(2), 1.5
    g = f.gradient(x)
    q = np.linalg.norm(g)
    projection = np.eye(f.dimension) - np.outer(g, g) / q**2
    expected = f.residual_jacobian(x + rho * g / q) @ (np.eye(f.dimension) + (rho / q) * projection @ f.hessian(x))
    for block in (1, 3 * f.dimension, 2**20):
        monkeypatch.setattr(shifted, "BLOCK", block)
        np.testing.assert_allclose(Shifted(f, rho).residual_jacobian(x), expected, atol=1e-12)


@pytest.mark.parametrize("residual, size", [
    ("1e-8*(x**2 + y**2 - 1)", "1"), ("1e8*(x**2 + y**2 - 1)", "1"), ("x**2 + y**2 - 1e-10", "1e-5"),
    ("x**2 + y**2 - 1e6", "1000"), ("1e40*(x**2 + y**2 - 1e-60)", "1e-30"), ("1e-70*(x**2 + y**2 - 1e60)", "1e30"),
])  # fmt: skip
def test_the_default_tolerance_has_no_unit(residual: str, size: str) -> None:
    """For the circle of radius s and rho = 1.5 s the points are those with |x| = s/2, in whatever units."""
    f, s = hc.Objective.least_squares([residual]), float(size)
    found = hc.find.hallucinate(f, (-0.45 * s, 0.1 * s), 3 * Fraction(size) / 2)
    assert np.linalg.norm(found.x) == pytest.approx(s / 2, rel=1e-9)
