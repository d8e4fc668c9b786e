"""Beyond 200 variables `on_sphere` descends on the sphere: it returns minima there with inward gradient."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.optimize import minimize
from search_problems import cosine_lattice, shift

import hallucert as hc
from hallucert.errors import ArgumentError, SearchError
from hallucert.find import on_sphere
from hallucert.find.newton import critical_point_near
from hallucert.find.spheres.descent import SphereDescent, moved, symmetric_copies
from hallucert.find.spheres.sphere import Sphere


@cache
def trained(sizes: tuple[int, ...], decay: str) -> tuple[hc.TanhNetwork, np.ndarray]:
    """Return a network on random points labelled by a product of signs, and trained parameters."""
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((40, sizes[0]))
    f = hc.TanhNetwork(sizes, inputs, np.sign(inputs[:, 0] * inputs[:, 1]), weight_decay=decay)
    options = {"maxiter": 5000, "maxfun": 20000, "ftol": 0, "gtol": 1e-8, "maxcor": 30}
    return f, minimize(f.value, f.initial(1), jac=f.gradient, method="L-BFGS-B", options=options).x


@pytest.mark.parametrize("rho", [2.0, 4.0])
def test_a_network_with_decay_has_attracting_points_around_its_minimizer(rho: float) -> None:
    """211 variables: x+ is the target, and J on the tangent space, from dense Hessians, is positive semidefinite."""
    f, c = trained((8, 21, 1), "0.01")
    found = on_sphere(f, c, rho, starts=4)
    assert len(found) >= 3
    assert (np.diff([f.value(p.x) for p in found]) > -1e-12).all()
    for p in found:
        assert np.linalg.norm(f.gradient(p.target)) < 1e-13
        np.testing.assert_allclose(shift(f, p.x, rho), p.target, atol=1e-7)
        assert np.linalg.norm(f.gradient(shift(f, p.x, rho))) < 1e-3 * np.linalg.norm(f.gradient(p.x))
        n = (p.x - p.target) / rho
        basis = np.linalg.qr(n[:, None], mode="complete")[0][:, 1:]
        w = np.linalg.eigvalsh(basis.T @ f.hessian(p.x) @ basis) + p.multiplier
        assert w[0] > -1e-7 * w[-1] and p.kind == "minimum" and p.multiplier > 0


def test_descent_towards_a_symmetric_copy_ends_at_a_hallucinated_point() -> None:
    """Proposition 4.4 with the copy as second minimizer: the gradient is inward, f lower than at the start."""
    f, start = trained((8, 21, 1), "0.01")
    c = critical_point_near(f, start, 2.0, "target")
    (copy,) = symmetric_copies(f, c, 2.0, 1, np.random.default_rng(0))
    assert f.value(copy) == pytest.approx(f.value(c), rel=1e-13)
    end = SphereDescent(f, c, 2.0, 20_000).run(copy - c)
    assert end.inward > 0 and end.tangential < 1e-8 * end.inward
    assert end.value < f.value(c + 2 * (copy - c) / np.linalg.norm(copy - c))


@pytest.mark.thorough
def test_minima_around_a_small_network_attract_sam() -> None:
    """17 variables: every eigenvalue of M, formed from its definition, is positive; SAM stays below the step bound."""
    inputs, targets = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1.0]]), np.array([-1, 1, 1, -1.0])
    f, rho = hc.TanhNetwork((2, 4, 1), inputs, targets, weight_decay="0.01"), 3.0
    c = minimize(f.value, f.initial(0), jac=f.gradient, method="BFGS", options={"gtol": 1e-10}).x
    p = next(p for p in on_sphere(f, c, rho, starts=40) if p.kind == "minimum")
    u, h = (p.target - p.x) / rho, f.hessian(p.x)
    m = f.hessian(p.target) @ (np.eye(17) + (h - np.outer(u, u @ h)) / p.multiplier)
    mu = np.linalg.eigvals(m)
    assert (mu.real > 0).all()
    start = p.x + 1e-7 * np.random.default_rng(0).standard_normal(17)
    for part, side in ((0.9, -1), (1.1, 1)):
        x, eta = start, part * (2 * mu.real / np.abs(mu) ** 2).min()
        for _ in range(60):
            x = x - eta * f.floats.gradient(shift(f, x, rho)[None])[0]
        change = np.linalg.norm(f.gradient(shift(f, x, rho))) / np.linalg.norm(f.gradient(shift(f, start, rho)))
        assert side * np.log(change) > 1


def test_a_target_of_zero_loss_is_an_error_that_says_why() -> None:
    """Without decay the descents end on the manifold of zero loss, where nothing is hallucinated."""
    f, c = trained((8, 21, 1), "0")
    with pytest.raises(SearchError, match=r"manifold of minimizers.*hallucinate"):
        on_sphere(f, c, 0.5)


def test_a_convex_function_has_none() -> None:
    """|x|^2/2 plus a quartic in 210 variables: every critical point on the sphere has an outward gradient."""
    names = [f"x{i}" for i in range(210)]
    f = hc.Objective.parse(" + ".join(f"{n}**2/2 + {n}**4" for n in names), names)
    assert on_sphere(f, np.zeros(210), 1, starts=3) == []


def test_the_cosine_lattice_in_220_variables() -> None:
    """Theory 10: descents near the axes end at rho e_i, with lambda = |sin 4|/4."""
    f = cosine_lattice(220)
    descent = SphereDescent(f, np.zeros(220), 4.0, 1000)
    for i in (0, 7):
        end = descent.run(np.eye(220)[i] + 0.02 * np.random.default_rng(i).standard_normal(220))
        np.testing.assert_allclose(end.x, 4 * np.eye(220)[i], atol=1e-12)
        assert end.inward == pytest.approx(-np.sin(4), rel=1e-12)


def test_a_saddle_on_the_sphere_is_left() -> None:
    """On the unit sphere z^2 - y^2 has saddles at +-x; a descent exactly from there goes on to +-y when told to."""
    f = hc.Objective.parse("z**2 - y**2 + x*0")
    descent = SphereDescent(f, np.zeros(3), 1.0, 1000)
    saddle = descent.run(np.array([1.0, 0, 0]))
    np.testing.assert_allclose(saddle.x, [1, 0, 0])
    minimum = descent.leave_saddle(saddle)
    assert minimum is not None
    np.testing.assert_allclose(np.abs(minimum.x), [0, 1, 0], atol=1e-7)
    assert descent.leave_saddle(minimum) is None


def test_the_hessian_of_the_descent_is_the_riemannian_one() -> None:
    """At any point of the sphere the products are those of P (H + lambda I) P, formed from the dense Hessian."""
    f = hc.Objective.parse("x**3*y - 2*y**2*z + x*z + z**4/3")
    rng = np.random.default_rng(0)
    centre, v = rng.standard_normal(3), rng.standard_normal(3)
    descent = SphereDescent(f, centre, 0.7, 1000)
    here = descent.state(descent.at(rng.standard_normal(3)))
    expected = Sphere(f, centre, 0.7).hessian(here.x[None])[0] @ v
    np.testing.assert_allclose(descent.curvature_at(here)(v), expected, atol=1e-12)


def test_a_bad_target_is_named() -> None:
    """Random weights are no critical point."""
    f, _ = trained((8, 21, 1), "0.01")
    with pytest.raises(ArgumentError, match=r"^target must be a critical point"):
        on_sphere(f, f.initial(5), 1)


def network(sizes: tuple[int, ...], **more: object) -> hc.TanhNetwork:
    rng = np.random.default_rng(3)
    return hc.TanhNetwork(sizes, rng.standard_normal((7, sizes[0])), rng.standard_normal((7, sizes[-1])), **more)


@pytest.mark.parametrize("sizes", [(2, 4, 1), (3, 5, 4, 2)])
@pytest.mark.parametrize("beyond", [0.1, 1.0, 2.0])
def test_copies_have_the_outputs_of_the_original_and_lie_beyond(sizes: tuple[int, ...], beyond: float) -> None:
    """Every copy is farther away than asked, nearest first, with the same outputs and the same norm."""
    f = network(sizes, weight_decay="0.01")
    x = f.initial(1)
    copies = symmetric_copies(f, x, beyond, 12, np.random.default_rng(0))
    assert len(copies) > 0
    distances = np.linalg.norm(copies - x, axis=1)
    assert (distances > beyond).all() and (np.diff(distances) >= -1e-12).all()
    for copy in copies:
        np.testing.assert_allclose(f.predict(copy), f.predict(x), atol=1e-12)
        assert np.linalg.norm(copy) == pytest.approx(np.linalg.norm(x), rel=1e-14)


def test_turning_and_exchanging_units_move_by_closed_forms() -> None:
    """Turning unit i over moves by 2 |w_i|, exchanging i and j by sqrt(2) |w_i - w_j|, with w all numbers of a unit."""
    f = network((2, 4, 1))
    x = f.initial(0)
    w1, b1, w2, _ = f.split(x)
    w = np.concatenate([w1, b1[:, None], w2.T], axis=1)
    turned, exchanged = moved(f.training, x, (0, 2, 2, -1)), moved(f.training, x, (0, 3, 1, 1))
    assert np.linalg.norm(turned - x) == pytest.approx(2 * np.linalg.norm(w[2]), rel=1e-14)
    assert np.linalg.norm(exchanged - x) == pytest.approx(np.sqrt(2) * np.linalg.norm(w[3] - w[1]), rel=1e-14)


def test_what_has_no_copies_gives_none() -> None:
    """A formula, and a network whose hidden units are all zero, have no copies elsewhere."""
    f, rng = network((2, 4, 1)), np.random.default_rng(0)
    assert symmetric_copies(f, np.zeros(17), 0.1, 5, rng).shape == (0, 17)
    assert symmetric_copies(hc.Objective.parse("x**2 + y**2"), np.ones(2), 0.1, 5, rng).shape == (0, 2)
