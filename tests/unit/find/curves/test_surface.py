"""Claims: a float atlas looks only at charts near by and misses none, and knows how large a chart can be proved."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic, matrix
from hallucert.check.sheet.surface_system import SurfaceSystem
from hallucert.find.curves import surface as surface_module
from hallucert.find.curves.surface import across
from hallucert.prove.curves.charts import chart_at

QUARTIC = "(x**2 + y**2 + z**2 + 3/4)**2 - 4*(x**2 + y**2)"


@pytest.fixture(scope="module")
def torus():
    return hc.Objective.least_squares([QUARTIC], n=2)


@pytest.mark.thorough
def test_charts_far_away_cover_nothing(torus, monkeypatch) -> None:
    """The atlas is the same if every point is compared with every chart."""
    some, near = [], surface_module.SurfaceAtlas._near
    monkeypatch.setattr(
        surface_module.SurfaceAtlas,
        "_near",
        lambda self, chart: (some.append((len(near(self, chart)), len(self.charts))), near(self, chart))[1],
    )
    found = hc.find.sheet(torus, (1.3, 0, 0), "4/5", max_steps=16)
    assert min(few / all for few, all in some) < 0.8
    monkeypatch.setattr(surface_module.SurfaceAtlas, "_near", lambda self, chart: list(range(len(self.charts))))
    assert np.array_equal(found.x, hc.find.sheet(torus, (1.3, 0, 0), "4/5", max_steps=16).x)


@pytest.mark.thorough
def test_the_sphere_is_covered_whole() -> None:
    """The hallucinated sphere |x| = 1/2: closed, every point of it near a centre, and h as small as theory asks."""
    f = hc.Objective.least_squares(["x**2 + y**2 + z**2 - 1"], n=2)
    surface = hc.find.sheet(f, (0.2, 0.3, 0.35), "3/2")
    assert surface.closed and np.allclose(np.linalg.norm(surface.x, axis=1), 0.5, atol=1e-12)
    points = np.random.default_rng(0).standard_normal((500, 3))
    points *= 0.5 / np.linalg.norm(points, axis=1)[:, None]
    distance = np.linalg.norm(points[:, None] - surface.x, axis=2).min(axis=1)
    assert distance.max() < 1.5 * surface.half_widths.max()


def test_the_size_follows_from_second_derivatives_of_the_equation(torus) -> None:
    """The change of C DE N along the chart, by differences, is C D^2E[T_k, N], as the prover encloses it."""
    x, tangents = np.array([1.3, 0.0, 0.0]), np.eye(3)[:, 1:]
    ar = arithmetic("arb", 106)
    with ar:
        system = SurfaceSystem(ar, torus, Fraction(4, 5))
        z = np.array([1.3, 0, 0, 0.5, 0, 0, 0])  # the gradient points to the axis of the tube
        g = torus.gradient(x)
        z[3:6], z[6] = x + 0.8 * g / np.linalg.norm(g), np.linalg.norm(g) / 0.8
        balls = matrix.from_floats(ar, z[None])[0]
        de = np.array(ar.approximations(system.jacobian(balls)))
        null = np.linalg.svd(de)[2][5:].T
        frame = np.column_stack([null @ np.linalg.inv(tangents.T @ null[:3]), across(tangents, g)])
        second = np.array([ar.approximations(r) for r in system.second(balls, matrix.from_floats(ar, frame))])
        changes = np.einsum("ij,jab->iab", np.linalg.inv(de @ frame[:, 2:]), second)[:, :2, 2:]
        spectral = np.abs(np.linalg.eigvals(np.abs(changes).sum(axis=1))).max()
        found = surface_module.provable_half_width(torus, x, 0.8, tangents)
        assert found == pytest.approx(surface_module.TAKEN / spectral, rel=1e-5)
        assert chart_at(system, x, tangents, found) is not None and chart_at(system, x, tangents, 2 * found) is None


def test_the_normals_of_a_chart_leave_the_parameters_alone() -> None:
    """Orthonormal, and none has a part of x along the tangents."""
    tangents = np.linalg.qr(np.random.default_rng(1).standard_normal((5, 2)))[0]
    normals = across(tangents, np.arange(5.0))
    assert normals.shape == (11, 9) and np.allclose(normals.T @ normals, np.eye(9))
    assert np.allclose(tangents.T @ normals[:5], 0)
