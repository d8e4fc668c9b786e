"""Heavy-ball momentum does what its three lines say, on every engine."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError
from hallucert.sam import Status, driver

FORMULA = hc.Objective.parse("sin(3*x)*cos(2*y) + (x**2 + y**2 + z**2)/8 + tanh(x*z)", ("x", "y", "z"))
CALLABLE = hc.Objective.from_callable(lambda x: ((x**2 - 1) ** 2).sum() / 4, 3, rigorous=False)
DATA = np.random.default_rng(1).normal(size=(8, 2))
TINY = hc.TanhNetwork((2, 4, 1), DATA, np.sign(DATA[:, :1] + 0.1))


def by_hand(f, x, rho, eta, momentum, steps, warm_steps):
    """The definition, in numpy."""
    v, x = np.zeros_like(x), x.copy()
    for k in range(steps):
        g = f.gradient(x)
        v = momentum * v + (g if k < warm_steps else f.gradient(x + rho * g / np.linalg.norm(g)))
        x = x - eta * v
    return x


@pytest.mark.parametrize("f", [FORMULA, CALLABLE, TINY], ids=["formula", "callable", "tiny"])
def test_momentum_is_heavy_ball(f) -> None:
    """v <- m v + g+, x <- x - eta v, with g instead of g+ in the warm-up; lanes do not disturb each other."""
    starts = np.random.default_rng(2).normal(size=(40, f.dimension))
    ends = hc.sam.run_ensemble(f, starts, 0.3, 0.02, 50, warmup=0.2, momentum=0.8)
    for i in range(0, 40, 7):
        np.testing.assert_allclose(ends.x[i], by_hand(f, starts[i], 0.3, 0.02, 0.8, 50, 10), rtol=1e-9, atol=1e-9)


def test_momentum_survives_cuts_and_lanes_that_stop(monkeypatch) -> None:
    """Short calls, and neighbours that stop on the way, change no bit of the others."""
    starts = np.random.default_rng(3).normal(size=(50, 3)) * 3
    settings = (0.5, 0.05, 300)
    reference = hc.sam.run_ensemble(FORMULA, starts, *settings, momentum=0.7, tolerance=0.05)
    assert {Status.CONVERGED, Status.MAX_STEPS} <= set(reference.status)
    monkeypatch.setattr(driver, "CALL_SECONDS", 1e-9)
    cut = hc.sam.run_ensemble(FORMULA, starts, *settings, momentum=0.7, tolerance=0.05, threads=1)
    assert np.array_equal(cut.x, reference.x) and np.array_equal(cut.steps, reference.steps)
    for i in (0, 9, 33):
        alone = hc.sam.run(FORMULA, starts[i], *settings, momentum=0.7, tolerance=0.05)
        assert np.array_equal(alone.x, reference.x[i])


@pytest.mark.parametrize("momentum", [-0.1, 1, float("nan"), "a", True])
def test_misuse_of_momentum(momentum) -> None:
    """Only numbers from 0 up to, not including, 1."""
    with pytest.raises(ArgumentError, match="momentum"):
        hc.sam.run(FORMULA, [1, 1, 1], 0.3, 0.02, 5, momentum=momentum)
