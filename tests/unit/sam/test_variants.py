"""Other ascent steps in floats: USAM and ASAM are what their definitions say, in the maps, the runs and `refine`."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError, CheckpointError, SearchError
from hallucert.find.shifted import Shifted
from hallucert.objectives.radius_law import RadiusLaw
from hallucert.sam import maps

FORMULA = hc.Objective.parse("sin(3*x)*cos(2*y) + (x**2 + y**2 + z**2)/8 + tanh(x*z)", ("x", "y", "z"))
CALLABLE = hc.Objective.from_callable(lambda x: ((x**2 - 1) ** 2).sum() / 4, 3, rigorous=False)
DATA = np.random.default_rng(1).normal(size=(8, 2))
TINY = hc.TanhNetwork((2, 4, 1), DATA, np.sign(DATA[:, :1] + 0.1))
DOUBLE_WELL = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
USAM_RHO = "16/3"


def law(variant: str, d: int) -> RadiusLaw:
    """A law with unequal scales for ASAM."""
    return RadiusLaw(variant, tuple(f"{i + 1}/3" for i in range(d)) if variant == "asam" else ())  # type: ignore[misc]


def ascent(variant: str, g: np.ndarray) -> np.ndarray:
    """The direction from its definition."""
    scales = (np.arange(g.size) + 1) / 3 if variant == "asam" else np.ones(g.size)
    return g if variant == "usam" else scales**2 * g / np.linalg.norm(scales * g)


@pytest.mark.parametrize("variant", ["sam", "usam", "asam"])
def test_maps_and_their_derivatives(variant: str) -> None:
    """x+ is the definition, J its difference quotient, M that of g(x+), and grad f(x+) = J^T g(x+)."""
    x, rho, h = np.array([0.3, -0.7, 1.1]), 0.4, 1e-6
    this = law(variant, 3)
    plus = x + rho * ascent(variant, FORMULA.gradient(x))
    np.testing.assert_allclose(maps.perturbed_point(FORMULA, x, rho, this), plus, atol=1e-14)
    assert abs(maps.sam_value(FORMULA, x, rho, this) - FORMULA.value(plus)) < 1e-14
    steps = h * np.eye(3)
    for derivative, function in (
        (maps.perturbation_jacobian, maps.perturbed_point),
        (maps.sam_matrix, maps.shifted_gradient),
    ):
        quotient = (function(FORMULA, x + steps, rho, this) - function(FORMULA, x - steps, rho, this)).T / (2 * h)
        np.testing.assert_allclose(derivative(FORMULA, x, rho, this), quotient, atol=1e-7)
    slope = (maps.sam_value(FORMULA, x + steps, rho, this) - maps.sam_value(FORMULA, x - steps, rho, this)) / (2 * h)
    np.testing.assert_allclose(maps.sam_gradient(FORMULA, x, rho, this), slope, atol=1e-7)


def test_usam_needs_no_gradient() -> None:
    """Where g = 0 the unnormalised step is defined and stays; there J = I + rho H."""
    x = np.array([1.0, 0.0])
    assert np.array_equal(maps.perturbed_point(DOUBLE_WELL, x, 3, "usam"), x)
    np.testing.assert_allclose(maps.perturbation_jacobian(DOUBLE_WELL, x, 3, "usam"), np.diag([7, 1.3]), atol=1e-14)
    assert all(np.isfinite(column).all() for column in maps.sam_lanes(DOUBLE_WELL, x[None], np.ones(1), law("usam", 2)))


def by_hand(f, variant, x, rho, eta, momentum, steps, warm_steps):
    """The steps from their definition, in numpy."""
    v, x = np.zeros_like(x), x.copy()
    for k in range(steps):
        g = f.gradient(x)
        v = momentum * v + (g if k < warm_steps else f.gradient(x + rho * ascent(variant, g)))
        x = x - eta * v
    return x


@pytest.mark.parametrize("momentum", [0.0, 0.8])
@pytest.mark.parametrize("variant", ["usam", "asam"])
@pytest.mark.parametrize("f", [FORMULA, CALLABLE, TINY], ids=["formula", "callable", "tiny"])
def test_runs_do_the_steps(f, variant: str, momentum: float) -> None:
    """Every engine does the variant's steps after the warm-up, and one run is a lane of the ensemble, bit for bit."""
    starts = np.random.default_rng(2).normal(size=(20, f.dimension))
    settings = {"warmup": 0.2, "momentum": momentum, "variant": law(variant, f.dimension)}
    ends = hc.sam.run_ensemble(f, starts, 0.3, 0.02, 50, **settings)
    for i in range(0, 20, 7):
        expected = by_hand(f, variant, starts[i], 0.3, 0.02, momentum, 50, 10)
        np.testing.assert_allclose(ends.x[i], expected, rtol=1e-9, atol=1e-9)
    alone = hc.sam.run(f, starts[7], 0.3, 0.02, 50, **settings)
    assert np.array_equal(alone.x, ends.x[7])
    g = f.gradient(alone.x)
    shifted = np.linalg.norm(f.gradient(alone.x + 0.3 * ascent(variant, g)))
    assert alone.shifted_gradient_norm == pytest.approx(shifted, rel=1e-9)
    assert alone.shifted_gradient_norms[-1] == alone.shifted_gradient_norm == ends.shifted_gradient_norm[7]


def test_a_plain_run_is_sam() -> None:
    """Without a variant, and with "sam", the run is the same bits."""
    start = [0.3, -0.2, 0.9]
    plain, named = (hc.sam.run(FORMULA, start, 0.5, 0.05, 200, **extra) for extra in ({}, {"variant": "sam"}))
    assert np.array_equal(plain.history, named.history) and type(plain) is type(named)


@pytest.mark.parametrize("x", [-0.75, -0.25])
def test_refine_finds_both_usam_points(x: float) -> None:
    """The double well, target (1, 0): 1 + rho x (x + 1) = 0, so -1/4 and -3/4 for rho = 16/3; lambda = 1/rho."""
    found = hc.find.refine(DOUBLE_WELL, [x + 0.02, 0.01], USAM_RHO, variant="usam")
    np.testing.assert_allclose(found.x, [x, 0], atol=1e-12)
    np.testing.assert_allclose(found.target, [1, 0], atol=1e-12)
    assert found.multiplier == pytest.approx(3 / 16)
    # J = 1 + 16/3 (3 x^2 - 1) is 14/3 at -3/4 and -10/3 at -1/4, and 1 + rho/10 across.
    assert found.kind == {-0.75: "minimum", -0.25: "saddle"}[x]
    assert "Moreau" in repr(found)


def test_the_moreau_term_decides_the_kind() -> None:
    """x = 1/sqrt 5, rho = 5/4, target 0: f'' = 3 x^2 - 1 = -2/5 is negative, but J = 1/2 is not: a minimum."""
    found = hc.find.refine(hc.Objective.parse("(x**2 - 1)**2 / 4"), [0.45], "1.25", variant="usam")
    assert found.x[0] == pytest.approx(5**-0.5) and found.kind == "minimum"


@pytest.mark.parametrize("offset", [1e-3, 1e-9, 1e-14])
def test_refine_next_to_a_critical_point(offset: float) -> None:
    """However near the start is, what refine says is that it ended at an ordinary critical point."""
    rounded = hc.Objective.parse("(x**2 - 2)**2 / 4")  # no double is critical near sqrt 2
    for f, x in ((DOUBLE_WELL, [1 + offset, 0]), (rounded, [2**0.5 + offset])):
        with pytest.raises(SearchError, match="ordinary critical point"):
            hc.find.refine(f, x, 2, variant="usam")


@pytest.mark.parametrize("variant", ["sam", "usam", "asam"])
def test_derivative_of_the_shifted_residual(variant: str) -> None:
    """A = Dr(x+) J is the difference quotient of r(x+)."""
    f = hc.Objective.least_squares(["x*y - sin(z)", "x**2 + z/2 - 1"], n=2, variables=("x", "y", "z"))
    x, h, this = np.array([0.4, -0.8, 0.5]), 1e-6, law(variant, 3)
    ahead, behind = ([Shifted(f, 0.7, this).residual(x + s) for s in sign * h * np.eye(3)] for sign in (1, -1))
    quotient = (np.array(ahead) - np.array(behind)).T / (2 * h)
    np.testing.assert_allclose(Shifted(f, 0.7, this).residual_jacobian(x), quotient, atol=1e-7)
    plus = x + 0.7 * ascent(variant, f.gradient(x))
    np.testing.assert_allclose(Shifted(f, 0.7, this).residual(x), f.residual(plus), atol=1e-14)


def test_usam_and_sam_have_the_same_points() -> None:
    """A USAM point is a SAM point of the radius |x - c| = rho |g|; on a line it attracts SAM even if it repels USAM."""
    found = hc.find.refine(DOUBLE_WELL, [-0.23, 0.01], USAM_RHO, variant="usam")
    again = hc.find.refine(DOUBLE_WELL, found.x, float(np.linalg.norm(found.x - found.target)))
    np.testing.assert_allclose(again.x, found.x, atol=1e-9)
    assert again.kind == "minimum" and found.kind == "saddle"


def test_usam_runs_end_where_the_moreau_objective_has_a_minimum() -> None:
    """From near both points the run stays at (-3/4, 0), where J > 0, and leaves (-1/4, 0), where it is not."""
    ends = hc.sam.run_ensemble(DOUBLE_WELL, [[-0.74, 0.1], [-0.26, 0.1]], 16 / 3, 0.1, 4000, variant="usam")
    np.testing.assert_allclose(ends.x[0], [-0.75, 0], atol=1e-8)
    assert abs(ends.x[1][0] + 0.25) > 0.1


def test_quadratics_have_none() -> None:
    """a x^2/2 under USAM: J = 1 + rho a, the run ends at 0, and refine finds nothing hallucinated."""
    f = hc.Objective.parse("3*x**2/2", ("x",))
    assert maps.perturbation_jacobian(f, [0.7], 2, "usam") == pytest.approx(7)
    assert abs(hc.sam.run(f, [0.7], 2, 0.05, 2000, variant="usam").x[0]) < 1e-10
    with pytest.raises(SearchError, match="ordinary critical point"):
        hc.find.refine(f, [0.7], 2, variant="usam")
    with pytest.raises(SearchError, match="ordinary critical point"):
        hc.find.refine(f, [0], 2, variant="usam")


@pytest.mark.parametrize("system", ["gradient", "residual"])
def test_asam_is_sam_of_the_rescaled_function(system: str) -> None:
    """x = D y is an ASAM point of f exactly if y is a SAM point of f(D y), with the same kind and multiplier."""
    this = RadiusLaw("asam", ("1/2", 3))  # type: ignore[arg-type]
    if system == "gradient":
        f = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2 + x*y/7")
        rescaled = hc.Objective.parse("((x/2)**2 - 1)**2 + ((3*y)**2 - 1)**2 + (x/2)*(3*y)/7")
    else:
        f = hc.Objective.least_squares(["x**2 + 2*y**2 - 1"], n=2)
        rescaled = hc.Objective.least_squares(["(x/2)**2 + 2*(3*y)**2 - 1"], n=2)
    y = np.array([-0.28, -0.332]) if system == "gradient" else np.array([-0.32, 0.001])
    inner = hc.find.refine(rescaled, y, "2.3")
    for point in (inner.x * [0.5, 3], hc.find.refine(f, y * [0.5, 3], "2.3", variant=this).x):
        found = hc.find.refine(f, point, "2.3", variant=this)
        np.testing.assert_allclose(found.x, point, atol=1e-9)
        assert np.linalg.norm(f.gradient(maps.perturbed_point(f, point, "2.3", this))) < 1e-9
    again = hc.find.refine(f, inner.x * [0.5, 3], "2.3", variant=this)
    assert again.kind == inner.kind and again.multiplier == pytest.approx(inner.multiplier)


def test_kinds_in_many_variables_agree(monkeypatch) -> None:
    """The two ends by Lanczos tell the same kind as all eigenvalues, for every law."""
    cases = [(DOUBLE_WELL, [-0.75, 0], 16 / 3, "usam"), (DOUBLE_WELL, [-0.25, 0], 16 / 3, "usam")]
    cases += [(DOUBLE_WELL, [-0.5, 0], 3, RadiusLaw("asam", ("1/2", 3)))]  # type: ignore[arg-type]
    dense = [hc.find.refine(f, x, rho, variant=v).kind for f, x, rho, v in cases]
    monkeypatch.setattr("hallucert.find.shifted.DENSE", 0)
    assert [hc.find.refine(f, x, rho, variant=v).kind for f, x, rho, v in cases] == dense
    assert dense == ["minimum", "saddle", "minimum"]


def test_misuse() -> None:
    """Unknown variants, a missing or wrong metric, and engines without the variant are refused by name."""
    start = [0.1, 0.2]
    for variant in ("fsam", None, 3, "asam", RadiusLaw("asam", (1,))):  # type: ignore[arg-type]
        with pytest.raises(ArgumentError, match="variant"):
            hc.sam.run(DOUBLE_WELL, start, 0.3, 0.1, 5, variant=variant)  # type: ignore[arg-type]
        with pytest.raises(ArgumentError, match="variant"):
            hc.find.refine(DOUBLE_WELL, start, 0.3, variant=variant)  # type: ignore[arg-type]
    for scales in ((), (0, 1), (-1, 1), (float("nan"), 1), {1, 2}):
        with pytest.raises(ArgumentError, match="scales"):
            RadiusLaw("asam", scales)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="scales"):
        RadiusLaw("usam", (1, 1))  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="matrix products"):
        hc.sam.run(TINY, np.ones(TINY.dimension), 0.3, 0.1, 5, variant="usam", batch_size=4)


def test_checkpoints_tell_variants_apart(tmp_path) -> None:
    """A checkpoint of SAM is not continued by USAM."""
    arguments = (DOUBLE_WELL, [[0.3, 0.4]], 0.3, 0.1, 20)
    hc.sam.run_ensemble(*arguments, checkpoint=tmp_path)
    with pytest.raises(CheckpointError, match="another run"):
        hc.sam.run_ensemble(*arguments, checkpoint=tmp_path, variant="usam")
