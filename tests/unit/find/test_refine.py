"""refine leads from a nearby point to the hallucinated one, and says why when it does not."""

from fractions import Fraction
from math import sqrt

import mpmath
import numpy as np
import pytest
from search_problems import FOUR_WELL, HIMMELBLAU, RING, cosine_lattice, reference, shift

from hallucert.errors import ArgumentError, SearchError
from hallucert.find import refine
from hallucert.find.refine import shifted_residual_system
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

    r, a = shifted_residual_system(f, rho)(x)
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
