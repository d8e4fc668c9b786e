"""`run_ensemble` gives every lane what `run` gives it alone, whatever the threads and calls."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError
from hallucert.sam import Status, driver

HIMMELBLAU = hc.Objective.parse("(x**2 + y - 11)**2 + (x + y**2 - 7)**2")
RIPPLES = hc.Objective.parse("sin(3*x)*cos(2*y) + (x**2 + y**2 + z**2)/8 + tanh(x*z)", ("x", "y", "z"))


def starts(count: int, dimension: int, size: float = 5.0) -> np.ndarray:
    return np.random.default_rng(7).uniform(-size, size, (count, dimension))


def test_every_lane_is_the_single_run_bit_for_bit() -> None:
    """Lane i of an ensemble has the point, steps and status that `run` gets from start i."""
    for f, x in ((HIMMELBLAU, starts(300, 2)), (RIPPLES, starts(300, 3, 2.0))):
        ensemble = hc.sam.run_ensemble(f, x, 2.5, 0.005, 100, tolerance=1e-4, warmup=0.1, bound=50)
        for i in range(0, 300, 23):
            alone = hc.sam.run(f, x[i], 2.5, 0.005, 100, tolerance=1e-4, warmup=0.1, bound=50)
            assert np.array_equal(ensemble.x[i], alone.x)
            assert (ensemble.steps[i], ensemble.status[i]) == (alone.steps, alone.status)
            assert ensemble.value[i] == alone.value
            assert ensemble.shifted_gradient_norm[i] == alone.shifted_gradient_norm


def test_result_does_not_depend_on_threads_or_calls(monkeypatch) -> None:
    """One thread, four threads and very short calls give the same bits, histories included."""
    x = starts(500, 2)

    def results(threads: int):
        e = hc.sam.run_ensemble(HIMMELBLAU, x, 2.5, 0.005, 60, tolerance=1e-3, every=9, threads=threads)
        return e.x, e.steps, e.history, e.status

    reference = results(1)
    assert {Status.CONVERGED, Status.MAX_STEPS} <= set(reference[3])
    for threads in (2, 4):
        assert all(np.array_equal(a, b) for a, b in zip(reference, results(threads), strict=True))
    monkeypatch.setattr(driver, "CALL_SECONDS", 1e-9)
    assert all(np.array_equal(a, b) for a, b in zip(reference, results(2), strict=True))


def test_stopped_lanes_stay_where_they_stopped() -> None:
    """More steps do not move a lane that has converged, and its history is constant from there."""
    x = starts(64, 2)
    short = hc.sam.run_ensemble(HIMMELBLAU, x, 2.5, 0.005, 60, tolerance=1e-3, every=10)
    long = hc.sam.run_ensemble(HIMMELBLAU, x, 2.5, 0.005, 90, tolerance=1e-3, every=10)
    done = short.converged
    assert done.any() and not done.all()
    assert np.array_equal(short.x[done], long.x[done]) and np.array_equal(short.steps[done], long.steps[done])
    for row, step in enumerate(long.steps_kept):
        stopped = long.steps <= step
        assert np.array_equal(long.history[row, stopped], long.x[stopped])


def test_converged_lanes_have_small_shifted_gradients() -> None:
    """Every lane with status CONVERGED meets the tolerance at its end point, and no other lane does."""
    e = hc.sam.run_ensemble(HIMMELBLAU, starts(400, 2), 2.5, 0.005, 1500, tolerance=1e-6)
    assert np.array_equal(e.converged, e.shifted_gradient_norm <= 1e-6)
    expected = np.linalg.norm(hc.sam.shifted_gradient(HIMMELBLAU, e.x, 2.5), axis=1)
    np.testing.assert_allclose(e.shifted_gradient_norm, expected, rtol=1e-12)
    np.testing.assert_allclose(e.gradient_norm, np.linalg.norm(HIMMELBLAU.gradient(e.x), axis=1), rtol=1e-12)


def test_circle_of_hallucinated_points_attracts_as_a_manifold() -> None:
    """For (|x|^2 - 1)^2/4 and 1 < rho < 2 the circle of radius rho - 1 attracts (theory 10)."""
    f = hc.Objective.parse("(x**2 + y**2 - 1)**2/4")
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    e = hc.sam.run_ensemble(f, 0.4 * np.stack([np.cos(angles), np.sin(angles)], 1), "1.5", 0.2, 2000)
    np.testing.assert_allclose(np.linalg.norm(e.x, axis=1), 0.5, atol=1e-9)
    assert e.converged.all() and (e.gradient_norm > 0.3).all()


def test_interrupted_ensemble_is_whole() -> None:
    """After Ctrl-C with two threads running, all lanes have done the same steps or stopped earlier."""

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    x = starts(300, 2)
    e = hc.sam.run_ensemble(HIMMELBLAU, x, 0.3, 0.005, 10**6, threads=2, progress=stop)
    again = hc.sam.run_ensemble(HIMMELBLAU, x, 0.3, 0.005, int(e.steps.max()))
    assert set(e.status) <= {Status.INTERRUPTED, Status.CONVERGED} and np.array_equal(e.x, again.x)


def test_mixed_reasons_are_counted() -> None:
    """An ensemble reports each reason that occurred, and its size."""
    x = np.array([[3.0, 2.0], [1e5, 0.0], [0.1, 0.2]])
    e = hc.sam.run_ensemble(HIMMELBLAU, x, 0.5, 0.01, 20)
    assert [status.label for status in e.status] == ["stationary", "diverged", "max steps"]
    assert sum(e.counts().values()) == len(e) == 3 and "1 diverged" in repr(e)
    assert np.isnan(e.sam_value[0]) and e.value[0] == 0


def test_no_lanes_at_all() -> None:
    """An ensemble of zero lanes is empty, not an error."""
    e = hc.sam.run_ensemble(HIMMELBLAU, np.empty((0, 2)), 0.5, 0.01, 20, every=5)
    assert len(e) == 0 and e.x.shape == (0, 2) and e.counts() == {}


@pytest.mark.parametrize(("change", "argument"), [({"starts": [1.0, 2.0]}, "starts"), ({"threads": 0}, "threads")])
def test_misuse_names_the_argument(change: dict, argument: str) -> None:
    """One point, or no threads, is refused by name."""
    arguments = {"starts": [[0.3, 0.8]], "rho": 0.2, "step_size": 0.1, "steps": 10} | change
    with pytest.raises(ArgumentError, match=f"^{argument} must"):
        hc.sam.run_ensemble(HIMMELBLAU, **arguments)
