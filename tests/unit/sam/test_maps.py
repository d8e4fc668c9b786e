"""The SAM maps equal their definitions: closed forms, differences of the map, and autograd."""

from __future__ import annotations

from fractions import Fraction

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError, DomainError

FOUR_WELL = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")
DOUBLE_WELL = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")


def test_double_well_maps_onto_its_minimizer() -> None:
    """At (1 - rho, 0) the double well has x+ = (1, 0), f(x+) = 0, g(x+) = 0, J = diag(1, 1 + rho b/q), M = H(c) J."""
    rho, x = Fraction(3, 2), np.array([-0.5, 0.0])
    q, b = 0.375, 0.1
    np.testing.assert_allclose(hc.sam.perturbed_point(DOUBLE_WELL, x, rho), [1, 0], atol=1e-15)
    assert abs(hc.sam.sam_value(DOUBLE_WELL, x, "1.5")) < 1e-30
    np.testing.assert_allclose(hc.sam.shifted_gradient(DOUBLE_WELL, x, 1.5), [0, 0], atol=1e-15)
    np.testing.assert_allclose(hc.sam.direction_jacobian(DOUBLE_WELL, x), np.diag([0, b / q]), atol=1e-15)
    np.testing.assert_allclose(
        hc.sam.perturbation_jacobian(DOUBLE_WELL, x, rho), np.diag([1, 1 + 1.5 * b / q]), atol=1e-15
    )
    np.testing.assert_allclose(hc.sam.sam_matrix(DOUBLE_WELL, x, rho), np.diag([2, b * (1 + 1.5 * b / q)]), atol=1e-14)


@pytest.mark.parametrize("s", [0.2, 0.5, 0.8])
def test_four_well_diagonal_branch(s: float) -> None:
    """At (-s, -s) the four-well function has J with eigenvalues 1 and (2s-1)(s+1)/(s(1-s)) (theory 10)."""
    jacobian = hc.sam.perturbation_jacobian(FOUR_WELL, [-s, -s], float(np.sqrt(2) * (1 + s)))
    expected = sorted([1.0, (2 * s - 1) * (s + 1) / (s * (1 - s))])
    np.testing.assert_allclose(np.sort(np.linalg.eigvals(jacobian).real), expected, atol=1e-12)


def test_sam_matrix_at_a_saddle_target() -> None:
    """At (0, -s) with target the saddle (0, 1), M = diag(4/(s(1-s)) - 4, 8) (Proposition 4.7)."""
    for s in (0.25, 0.6):
        matrix = hc.sam.sam_matrix(FOUR_WELL, [0, -s], 1 + s)
        np.testing.assert_allclose(matrix, np.diag([4 / (s * (1 - s)) - 4, 8]), rtol=1e-12, atol=1e-12)


def wavy(z):
    return anp.sin(z[0]) * z[1] ** 2 + anp.exp(z[0] * z[2]) + z[2] ** 4


def wavy_perturbed(z):
    g = autograd.grad(wavy)(z)
    return z + 0.3 * g / anp.sqrt(anp.sum(g**2))


def test_derivatives_are_those_of_the_composed_maps() -> None:
    """Autograd through x + rho g/|g|: grad f^SAM = J^T g(x+), D x+ = J, and D g(x+) = M."""
    objective = hc.Objective.parse("sin(x)*y**2 + exp(x*z) + z**4", ("x", "y", "z"))
    x = np.random.default_rng(4).normal(size=(8, 3))
    pairs = [
        (hc.sam.sam_gradient, autograd.grad(lambda z: wavy(wavy_perturbed(z)))),
        (hc.sam.perturbation_jacobian, autograd.jacobian(wavy_perturbed)),
        (hc.sam.sam_matrix, autograd.jacobian(lambda z: autograd.grad(wavy)(wavy_perturbed(z)))),
    ]
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours(objective, x, 0.3), [theirs(p) for p in x], rtol=1e-9, atol=1e-9)


def test_lanes_equal_points() -> None:
    """Every map gives a lane what it gives the point alone."""
    x = np.random.default_rng(5).normal(size=(5, 2))
    maps = [getattr(hc.sam, n) for n in ("perturbed_point", "sam_value", "shifted_gradient", "sam_gradient")]
    maps += [hc.sam.perturbation_jacobian, hc.sam.sam_matrix, lambda f, z, _: hc.sam.direction_jacobian(f, z)]
    for function in maps:
        lanes = function(FOUR_WELL, x, "0.7")
        for i in range(5):
            np.testing.assert_allclose(function(FOUR_WELL, x[i], "0.7"), lanes[i], rtol=1e-14, atol=1e-14)


def test_zero_gradient_is_refused_at_a_point_and_nan_in_lanes() -> None:
    """Where g = 0 a point raises DomainError that names the ascent direction; only that lane is NaN."""
    with pytest.raises(DomainError, match=r"ascent direction g/\|g\|"):
        hc.sam.perturbed_point(FOUR_WELL, [1, 1], 1)
    with pytest.raises(DomainError, match="ascent direction"):
        hc.sam.direction_jacobian(FOUR_WELL, [0, 0])
    lanes = [[1.0, 1.0], [0.5, 0.5]]
    for function in (hc.sam.sam_value, hc.sam.sam_gradient, hc.sam.sam_matrix):
        result = function(FOUR_WELL, lanes, 1)
        assert np.isnan(result[0]).all() and np.isfinite(result[1]).all()


@pytest.mark.parametrize("rho", [0, -1, "0", float("nan"), "x", None])
def test_rho_must_be_a_positive_number(rho: object) -> None:
    """A radius that is not positive, or no number, is refused by name."""
    with pytest.raises(ArgumentError, match="rho must"):
        hc.sam.perturbed_point(FOUR_WELL, [0.5, 0.5], rho)  # type: ignore[arg-type]


@pytest.mark.parametrize("x", [[1.0], [[1.0, 2.0, 3.0]], [np.nan, 0.0], "point", [[[1.0, 2.0]]]])
def test_points_must_have_the_right_shape(x: object) -> None:
    """A point of the wrong shape, or with NaN, is refused by name."""
    with pytest.raises(ArgumentError, match="x must"):
        hc.sam.sam_gradient(FOUR_WELL, x, 1)
