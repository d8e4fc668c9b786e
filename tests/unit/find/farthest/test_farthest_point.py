"""farthest_point carries out the proof of Theorems 2.1 and 2.2; brute force and closed forms agree with it."""

from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import lambertw
from search_problems import FOUR_WELL, HIMMELBLAU, cosine_lattice, reference, rescaled_four_well, shift, wells

from hallucert.errors import ArgumentError
from hallucert.find import critical_points, farthest_point
from hallucert.objectives.canonical import inner_part
from hallucert.objectives.objective import Objective

PEAK = (-0.2708, -0.9230)
STYBLINSKI = "(x**4 - 16*x**2 + 5*x + y**4 - 16*y**2 + 5*y) / 2"
RASTRIGIN = "20 + x**2 - 10*cos(2*pi*x) + y**2 - 10*cos(2*pi*y)"
CAMEL = "(4 - 2.1*x**2 + x**4/3)*x**2 + x*y + (4*y**2 - 4)*y**2"
BOWL = "(2*(exp(x/2) - 1 - x/2) + y**2)"
CROWN = f"{BOWL} * ({BOWL} - 3)**2"


def check(candidate):
    """Assert what every construction must satisfy."""
    f, c, k = candidate.objective, candidate.target, candidate.construction
    g = f.gradient(candidate.x)
    assert np.linalg.norm(f.gradient(shift(f, candidate.x, float(candidate.rho)))) <= 1e-11 * (1 + np.linalg.norm(g))
    assert g @ (c - candidate.x) > 0.999999999 * np.linalg.norm(g) * np.linalg.norm(c - candidate.x)
    assert k.boundary_value < k.level < k.maximum and k.level == f.value(candidate.x)
    assert np.allclose(f.value(k.component), k.level, rtol=0, atol=1e-9 * (k.maximum - k.level))
    farthest = np.linalg.norm(k.component - c, axis=1).max()
    assert float(candidate.rho) >= farthest * (1 - 1e-9)
    assert isinstance(candidate.rho, Fraction) and candidate.rho == Fraction(float(candidate.rho))
    assert candidate.kind == ("maximum" if f.dimension > 1 else "minimum")


def brute_force(f, target, level, box, cells=1500):
    """Return the largest distance from the target to a grid point of `box` with f >= level, and the grid spacing."""
    axes = [np.linspace(a, b, cells) for a, b in box]
    lanes = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, len(box))
    inside = lanes[f.value(lanes) >= level]
    spacing = np.linalg.norm([a[1] - a[0] for a in axes])
    return np.linalg.norm(inside - target, axis=1).max(), spacing


@pytest.mark.parametrize("level", ["1.13", "1.5", "1.9"])
def test_four_well_is_on_the_diagonal(level):
    """Maximizer (0, 0), target (1, 1): by symmetry x* = -(s, s) with 2 (s^2 - 1)^2 = alpha."""
    candidate = farthest_point(Objective.parse(FOUR_WELL), (0.01, 0.02), (1, 1), level=level)
    check(candidate)
    s = np.sqrt(1 - np.sqrt(float(level) / 2))
    assert np.allclose(candidate.x, (-s, -s), rtol=0, atol=1e-12)
    assert candidate.construction.boundary_value == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("level", ["1.02", "1.1", "1.12"])
def test_four_well_leaves_the_diagonal(level):
    """Below the level 9/8 the diagonal point is farthest no more: x + y = -1, lambda^2 = 8 (alpha - 1), theory 10."""
    candidate = farthest_point(Objective.parse(FOUR_WELL), (0, 0), (1, 1), level=level)
    check(candidate)
    lam = np.sqrt(8 * (float(level) - 1))
    assert candidate.multiplier == pytest.approx(lam, rel=1e-9)
    assert float(candidate.rho) == pytest.approx(np.sqrt(5 - lam / 2), rel=1e-12)
    assert candidate.x.sum() == pytest.approx(-1, abs=1e-9)


@pytest.mark.parametrize("target", [(3, 2), (3.58443, -1.84813), (-3.77931, -3.28319), (-2.80512, 3.13131)])
def test_himmelblau_against_brute_force(target):
    """For each of the four minimizers the farthest point beats a fine grid, by less than the grid's spacing."""
    f = Objective.parse(HIMMELBLAU)
    candidate = farthest_point(f, PEAK, [float(v) for v in target])
    check(candidate)
    k = candidate.construction
    assert 178.3372392 < k.boundary_value < 178.34 and k.maximum == pytest.approx(181.61652152258, abs=1e-9)
    distance, spacing = brute_force(f, k.target, k.level, [(-1.2, 0.8), (-1.9, 0.2)])
    assert distance <= float(candidate.rho) + 1e-12 and float(candidate.rho) < distance + 2 * spacing


def test_a_level_just_above_the_pass():
    """Close to the pass the component is long and thin; the flood fill still agrees with a fine grid."""
    f = Objective.parse(HIMMELBLAU)
    candidate = farthest_point(f, PEAK, (3, 2), level="178.4")
    check(candidate)
    distance, spacing = brute_force(f, (3, 2), 178.4, [(-1.2, 0.8), (-1.95, 0.3)])
    assert distance <= float(candidate.rho) + 1e-12 and float(candidate.rho) < distance + 3 * spacing


@pytest.mark.parametrize(
    ("formula", "maximizer", "target", "box"),
    [
        (STYBLINSKI, (0.157, 0.157), (-2.9035, -2.9035), [(-1.8, 2)] * 2),
        (RASTRIGIN, (0.5, 0.5), (0, 0), [(0.2, 0.8)] * 2),
        (RASTRIGIN, (0.5, 0.5), (1.98991, 0.99496), [(0.2, 0.8)] * 2),
        (CAMEL, (1.23, 0.162), (0.0898, -0.7127), [(0.9, 1.5), (-0.25, 0.55)]),
        (CAMEL, (-1.23, -0.162), (1.7036, -0.7961), [(-1.5, -0.9), (-0.55, 0.25)]),
    ],
)
def test_known_functions_against_brute_force(formula, maximizer, target, box):
    """Styblinski-Tang, Rastrigin and the six-hump camel agree with a fine grid."""
    f = Objective.parse(formula)
    candidate = farthest_point(f, maximizer, target)
    check(candidate)
    distance, spacing = brute_force(f, candidate.target, candidate.construction.level, box)
    assert distance <= float(candidate.rho) + 1e-12 and float(candidate.rho) < distance + 2 * spacing


def test_one_dimension():
    """Double well: U = [-t, t] with (t^2 - 1)^2 = 4 alpha; the farthest point from 1 is -t, and rho = 1 + t."""
    candidate = farthest_point(Objective.parse("(x**2 - 1)**2 / 4"), [0], [1], level="0.09")
    check(candidate)
    assert candidate.x[0] == pytest.approx(-np.sqrt(0.4), abs=1e-14)


def test_three_dimensions_against_brute_force():
    """Cosine lattice in three dimensions: the farthest point agrees with a grid, and lies on the diagonal."""
    f = cosine_lattice(3)
    candidate = farthest_point(f, [np.pi] * 3, [0] * 3, level=5)
    check(candidate)
    distance, spacing = brute_force(f, (0, 0, 0), 5, [(np.pi - 1.6, np.pi + 1.6)] * 3, cells=121)
    assert distance <= float(candidate.rho) + 1e-12 and float(candidate.rho) < distance + 2 * spacing
    assert np.allclose(candidate.x, 2 * np.pi - np.arccos(1 - 5 / 3), rtol=0, atol=1e-12)


@pytest.mark.parametrize("d", [4, pytest.param(7, marks=pytest.mark.thorough)])
def test_many_dimensions(d):
    """Cosine lattice, no grid: the constrained ascent ends on the diagonal, d (1 - cos x) = alpha."""
    candidate = farthest_point(cosine_lattice(d), [np.pi] * d, [0] * d)
    check(candidate)
    level = candidate.construction.level
    assert np.allclose(candidate.x, 2 * np.pi - np.arccos(1 - level / d), rtol=0, atol=1e-9)
    assert candidate.construction.boundary_value == pytest.approx(2 * d - 2, abs=1e-2)


def crown_samples(count=60):
    """Points of {s = 1}, one on each ray from the origin, by bracketing."""

    def radius(t):
        a, b = np.cos(t), np.sin(t)
        return brentq(lambda r: 2 * (np.exp(r * a / 2) - 1 - r * a / 2) + (r * b) ** 2 - 1, 0, 9, xtol=1e-15)

    return np.array([(radius(t) * np.cos(t), radius(t) * np.sin(t)) for t in 2 * np.pi * np.arange(count) / count])


def test_a_maximizer_ring():
    """f = s (s - 3)^2, maximizer set {s = 1}, level 2: x* = (2 t, 0) on {s = 2}, with e^t - t = 2, t < 0."""
    f = Objective.parse(CROWN)
    candidate = farthest_point(f, crown_samples(), (0, 0), level=2)
    check(candidate)
    t = -2 - lambertw(-np.exp(-2)).real
    assert np.allclose(candidate.x, (2 * t, 0), rtol=0, atol=1e-12)
    k = candidate.construction
    s = Objective.parse(BOWL)
    assert inner_part(f.tape, k.cut) == s.tape
    assert k.band[0] < 1 and k.band[1] > 2 and k.ball_radius is None
    assert np.allclose(s.value(k.component), 2, rtol=0, atol=1e-12)
    assert s.value(k.maximizer) == pytest.approx(1, abs=1e-12)
    edge = np.linspace(0, 1, 500)
    for i in (0, 1):
        for side in k.box[1 - i]:
            face = np.empty((500, 2))
            face[:, i], face[:, 1 - i] = k.box[i, 0] + edge * (k.box[i, 1] - k.box[i, 0]), side
            assert s.value(face).min() > k.band[1]


def test_the_nearest_maximizer_of_a_ring():
    """Its distance to x* is the smallest over a dense sample of the ring."""
    candidate = farthest_point(Objective.parse(CROWN), crown_samples(), (0, 0), level="1.5")
    gap = np.linalg.norm(candidate.construction.maximizer - candidate.x)
    nearest = np.linalg.norm(crown_samples(4000) - candidate.x, axis=1).min()
    assert gap <= nearest + 1e-12 and nearest - gap < 1e-4


def test_an_elliptic_ring_with_an_outside_target():
    """f = -(s - 1)^2 (s - 9), s = x^2 + 2 y^2 (maximizer ring where phi' = 0): brute force agrees."""
    formula = "-((x**2 + 2*y**2) - 1)**2 * ((x**2 + 2*y**2) - 9)"
    f = Objective.parse(formula)
    s0 = 19 / 3  # phi' = -(s - 1)(3 s - 19)
    t = 2 * np.pi * np.arange(40) / 40
    ring = np.sqrt(s0) * np.column_stack([np.cos(t), np.sin(t) / np.sqrt(2)])
    candidate = farthest_point(f, ring, (0, 0))
    check(candidate)
    level = candidate.construction.level
    distance, spacing = brute_force(f, (0, 0), level, [(-3.2, 3.2)] * 2)
    assert distance <= float(candidate.rho) + 1e-12 and float(candidate.rho) < distance + 2 * spacing


def test_a_float_only_objective():
    """An objective without a formula gives the same farthest point."""
    f = Objective.from_callable(lambda x: (x[0] ** 2 - 1) ** 2, 1, rigorous=False)
    candidate = farthest_point(f, [0], [1], level="1/2")
    assert candidate.x == pytest.approx([-np.sqrt(1 - np.sqrt(0.5))], abs=1e-10)


@pytest.mark.parametrize("d", [2, 3])
def test_the_coarser_grid_of_float_only_objectives_is_fine_enough(d):
    """With the grids and starts of a function that is slow, on one that is not, the farthest point is the same."""
    f = wells(d)
    f.rigorous = False
    candidate = farthest_point(f, (0,) * d, (1,) * d, level=f"{3 * d}/4")
    s = np.sqrt(1 - np.sqrt(0.75))
    assert np.allclose(candidate.x, (-s,) * d, rtol=0, atol=1e-10)


def test_units_do_not_matter():
    """Lengths of 1e6 and values of 1e-9 give the scaled point."""
    candidate = farthest_point(rescaled_four_well(), (1e3, -1e3), (1e6, 1e6), level="1.5e-9")
    s = np.sqrt(1 - np.sqrt(0.75))
    assert np.allclose(candidate.x, (-s * 1e6, -s * 1e6), rtol=0, atol=1e-5)


def test_a_dip_inside_the_ball_raises_the_level():
    """A hill with a dip near 1.2, the target: f there exceeds f on the boundary of B; the level stays above."""
    f = Objective.parse("2*exp(-x**2/8) - 3*exp(-8*(x - 1.2)**2)/10")
    (dip,) = [p for p in critical_points(f, [(0.5, 2)]) if p.kind == "minimizer"]
    candidate = farthest_point(f, [0.0], dip.x)
    check(candidate)
    k = candidate.construction
    assert k.boundary_value < dip.value
    assert k.level == pytest.approx((dip.value + k.maximum) / 2, rel=1e-12)


@pytest.mark.parametrize("formula", [HIMMELBLAU, RASTRIGIN])
def test_only_maximizers_in_the_component(formula):
    """The default level lies above every critical value in B but the maximizer's (Lemma A.9)."""
    f = Objective.parse(formula)
    k = farthest_point(f, PEAK if formula == HIMMELBLAU else (0.5, 0.5), (3, 2) if formula == HIMMELBLAU else (0, 0))
    k = k.construction
    # The passes next to the peak: the reference's saddles, or (1/2, near 0) and (near 0, 1/2) for Rastrigin.
    saddles = [p["x"] for p in reference()["critical_points"]]
    for x in np.array(saddles if formula == HIMMELBLAU else [(0.50254, 0), (0, 0.50254)], float):
        if 1e-3 < np.linalg.norm(x - k.maximizer) <= k.ball_radius:
            assert f.value(x) < k.level


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((PEAK, (1, 1)), "target must be a critical point"),
        (((0.0867, 2.8843), (3, 2)), "maximizer must .* saddle"),
        (((3, 2), (-2.805, 3.131)), "maximizer must .* minimizer"),
        (((1, 1), (3, 2)), "maximizer must be a critical point"),
        ((PEAK, PEAK), "target must differ"),
        ((PEAK, (3, 2), 178), "level must lie strictly between 178.33"),
        ((PEAK, (3, 2), 182), "level must lie strictly between"),
        ((PEAK, (3, 2), "high"), "level must be a finite number"),
        (((1, 2, 3), (3, 2)), "maximizer must be finite numbers of shape"),
        (([PEAK], (3, 2)), "maximizer must be finite numbers of shape"),
        (([PEAK, (0, np.nan)], (3, 2)), "maximizer must be finite"),
        (([PEAK, (0, 1)], (3, 2)), r"maximizer must be points of a bounded set \{s = s0\}"),
        ((PEAK, (3, 2), None, -1), "seed must"),
    ],
)
def test_refusals_give_the_reason(arguments, says):
    """Every misuse raises an ArgumentError that names the argument and what it must be."""
    with pytest.raises(ArgumentError, match=says):
        farthest_point(Objective.parse(HIMMELBLAU), *arguments)


def test_a_set_in_one_dimension_is_refused():
    """In one dimension a connected maximizer set is a point, so rows of points are refused."""
    with pytest.raises(ArgumentError, match="maximizer must be one point"):
        farthest_point(Objective.parse("-(x**2 - 1)**2"), [[1], [-1]], [0])


def test_an_unbounded_maximizer_set_is_refused():
    """f = -s^2 with s = x - y has a line of maximizers: no box, and the message says so."""
    f = Objective.parse("-(x - y - 1)**2 * (x - y + 1)**2")
    line = np.column_stack([np.linspace(-1, 1, 9), np.linspace(-1, 1, 9) - 1])
    with pytest.raises(ArgumentError, match="bounded"):
        farthest_point(f, line, (0, 0))
