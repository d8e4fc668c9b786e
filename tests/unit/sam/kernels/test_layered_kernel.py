"""Networks of ordinary size: the runs are those of numpy, on any threads, in both precisions."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pytest
import scipy.special
from threadpoolctl import threadpool_info, threadpool_limits

from hallucert.objectives.network.tanh_network import TanhNetwork
from hallucert.sam.kernels import layered_kernel
from hallucert.sam.kernels.layered_gradient import CHUNK, chunk_memory, layered_program, part_count
from hallucert.sam.kernels.layered_kernel import Crew, LayeredNetwork, ThreadCount, one_blas_thread
from hallucert.sam.lanes import IS_CONVERGED, IS_DIVERGED, IS_OUTSIDE, IS_STATIONARY, RUNNING, Lanes, Steps

ALL = np.empty((0, 0), dtype=np.int64)
FORMATS = {np.float64: 2.0**-53, np.float32: 2.0**-24}


def network(sizes: tuple[int, ...], samples: int, loss: str = "squared", **options) -> TanhNetwork:
    """A network with standard normal inputs and targets, or random labels."""
    rng = np.random.default_rng(sum(sizes) + samples)
    inputs = rng.normal(size=(samples, sizes[0]))
    targets = rng.normal(size=(samples, sizes[-1])) if loss == "squared" else rng.integers(0, sizes[-1], samples)
    return TanhNetwork(sizes, inputs, targets, loss, **options)


NETWORKS = [
    network((3, 5, 2), 8, weight_decay="0.01"),
    network((4, 7, 1), 1, output="tanh"),
    network((1, 1), 3),
    network((20, 72, 17, 4), 1203, "cross_entropy", label_smoothing="0.1"),
    network((6, 9, 3), 40, "cross_entropy", weight_decay="0.05", output="tanh"),
    network((5, 1, 12, 2, 6), 700, output="tanh", weight_decay="0.001"),
]


@dataclass
class Run:
    """Arguments of a run of `steps` steps, and its state."""

    x: np.ndarray
    steps: int = 25
    rho: float = 0.1
    eta: float = 0.2
    warm: bool = False
    tolerance: float = 0.0
    bound: float = 1e8
    every: int = 0
    momentum: float = 0.0
    batches: np.ndarray = field(default_factory=lambda: ALL)
    first: int = 0

    def __post_init__(self) -> None:
        k = len(self.x)
        self.codes, self.done = np.zeros(k, dtype=np.int64), np.full(k, self.first)
        self.velocity = np.zeros_like(self.x) if self.momentum else np.empty((0, 0), self.x.dtype)
        rows = len(range(-self.first % self.every, self.steps, self.every)) if self.every else 0
        self.kept = np.full((rows, *self.x.shape), 7.0, self.x.dtype)

    def on(self, f: TanhNetwork | LayeredNetwork, lanes: list[int] | None = None, threads: int = 1) -> Run:
        """Run on a network, the given lanes cut into `threads` pieces."""
        engine = f if isinstance(f, LayeredNetwork) else LayeredNetwork(f.training, self.x.dtype, threads)
        radii = self.rho / (1 + np.arange(self.steps))
        settings = {name: getattr(self, name) for name in ("tolerance", "bound", "every", "momentum", "warm")}
        steps = Steps(radii, np.full(self.steps, self.eta), self.kept, self.batches, **settings)
        state = Lanes(self.x, self.codes, self.done, self.velocity)
        chosen = np.arange(len(self.x)) if lanes is None else np.array(lanes)
        pieces = [part for part in np.array_split(chosen, threads) if part.size]
        with one_blas_thread(), ThreadPoolExecutor(threads) as pool:
            for future in [pool.submit(engine.advance, i, part, state, steps) for i, part in enumerate(pieces)]:
                future.result()
        return self

    def plainly(self, f: TanhNetwork) -> Run:
        """Run in numpy, lane by lane, in a few lines that know neither chunks nor threads."""
        with np.errstate(all="ignore"), one_blas_thread():
            for lane in range(len(self.x)):
                self._one(f, lane)
        return self

    def _one(self, f: TanhNetwork, lane: int) -> None:
        x, v = self.x[lane].copy(), np.zeros(f.dimension)
        kept = iter(self.kept)
        for k in range(self.steps):
            if self.every and (self.first + k) % self.every == 0:
                next(kept)[lane] = x
            seen = f if not self.batches.size else subset(f, self.batches[k])
            g = shifted = seen.floats.gradient(x[None])[0]
            if not self.warm:
                shifted = seen.floats.gradient((x + self.rho / (1 + k) / np.linalg.norm(g) * g)[None])[0]
            moved = self.momentum * v + shifted
            following = x - self.eta * moved
            code = self._code(np.linalg.norm(g), np.linalg.norm(shifted), following)
            if code != RUNNING:
                self.codes[lane] = code
                return
            x, v = following, moved
            self.x[lane], self.done[lane] = x, self.first + k + 1
            if self.momentum:
                self.velocity[lane] = v

    def _code(self, q: float, s: float, following: np.ndarray) -> int:
        if q == 0:
            return IS_STATIONARY
        if np.isnan(q) or (np.isnan(s) and not np.isinf(q)):
            return IS_OUTSIDE
        if np.isinf(q) or np.isinf(s):
            return IS_DIVERGED
        if not self.warm and s <= self.tolerance:
            return IS_CONVERGED
        return RUNNING if (np.abs(following) <= self.bound).all() else IS_DIVERGED


def subset(f: TanhNetwork, samples: np.ndarray) -> TanhNetwork:
    """The same network on some of its samples."""
    return TanhNetwork(
        f.layer_sizes, f.inputs[samples], f.targets[samples], f.loss, f.weight_decay, f.label_smoothing, f.output
    )


def assert_same(a: Run, b: Run, atol: float = 1e-12) -> None:
    """Two runs agree to rounding in all they return."""
    assert np.array_equal(a.codes, b.codes) and np.array_equal(a.done, b.done)
    for one, other in ((a.x, b.x), (a.velocity, b.velocity), (a.kept, b.kept)):
        np.testing.assert_allclose(one, other, rtol=0, atol=atol)


@pytest.mark.parametrize("f", NETWORKS, ids=lambda f: "-".join(map(str, f.layer_sizes)))
def test_gradient_is_the_networks(f) -> None:
    """Without the decay, the gradient agrees with that of the objective to rounding, in both precisions."""
    x = f.initial(1, gain=2.0)
    expected = f.gradient(x) - float(f.weight_decay) * x
    for dtype, unit in FORMATS.items():
        program = layered_program(f.training, np.dtype(dtype))
        g = np.full(f.dimension, np.nan, dtype)
        # Part by part; that compiled runs add the parts up themselves is seen below.
        alone = Crew(ThreadCount(program, 1))
        alone.gradient(chunk_memory(program), program.data, x.astype(dtype), g)
        np.testing.assert_allclose(g, expected, rtol=0, atol=60 * unit * max(1, np.abs(expected).max()))


def test_softmax_is_scipys_for_outputs_of_all_sizes() -> None:
    """The error of a softmax over outputs up to 1e6 agrees with scipy's; infinite outputs give NaN, as in numpy."""
    f = network((1, 4), 3, "cross_entropy")
    for scale in (1.0, 300.0, 1e6):
        x = f.initial(2, gain=scale)
        run = Run(x[None].copy(), steps=1, warm=True, eta=1.0).on(f)
        z = f.inputs @ x[:4, None].T + x[4:]
        error = (scipy.special.softmax(z, axis=1) - np.eye(4)[f.targets]) / 3
        expected = x - np.concatenate([(error.T @ f.inputs).ravel(), error.sum(axis=0)])
        np.testing.assert_allclose(run.x[0], expected, rtol=1e-15, atol=1e-15)
    assert Run(np.full((1, 8), 1.7e308), steps=1).on(f).codes.tolist() == [IS_OUTSIDE]


@pytest.mark.parametrize("f", NETWORKS, ids=lambda f: "-".join(map(str, f.layer_sizes)))
@pytest.mark.parametrize("options", [{}, {"momentum": 0.9, "every": 4, "first": 6}, {"warm": True, "momentum": 0.5}])
def test_runs_are_those_of_numpy(f, options) -> None:
    """Over 25 steps, with a schedule, history, momentum or as plain descent, runs agree with numpy to rounding."""
    x = f.initial(2, count=3)
    assert_same(Run(x.copy(), **options).on(f), Run(x.copy(), **options).plainly(f))


@pytest.mark.thorough
@pytest.mark.parametrize("f", NETWORKS, ids=lambda f: "-".join(map(str, f.layer_sizes)))
def test_float32_is_float64_to_its_rounding(f) -> None:
    """Over 25 steps float32 stays within 1e-5 of float64."""
    x = f.initial(2, count=2)
    run = Run(x.astype(np.float32), momentum=0.5, every=9).on(f)
    assert run.x.dtype == np.float32
    assert_same(run, Run(x.copy(), momentum=0.5, every=9).plainly(f), atol=1e-5)


@pytest.mark.parametrize("f", [NETWORKS[0], NETWORKS[3], NETWORKS[4]], ids=["few", "many", "bounded"])
@pytest.mark.parametrize("size", [1, 5, CHUNK + 101])
def test_mini_batches_are_networks_on_subsets(f, size) -> None:
    """Each step is the step of the network built on its samples, repeated ones too."""
    batches = np.random.default_rng(size).integers(0, len(f.inputs), (25, size))
    x, options = f.initial(3, count=2), {"batches": batches, "momentum": 0.9, "eta": 0.05}
    assert_same(Run(x.copy(), **options).on(f), Run(x.copy(), **options).plainly(f))


def test_one_engine_does_all_kinds_of_runs() -> None:
    """Memory of a run without momentum is not mistaken for that of a run with it, or of another batch size."""
    f = NETWORKS[3]
    engine, x = LayeredNetwork(f.training, np.dtype(np.float64), 1), f.initial(3, count=2)
    for size, momentum in ((0, 0.0), (4, 0.5), (7, 0.5), (0, 0.5), (0, 0.0)):
        batches = np.random.default_rng(size).integers(0, len(f.inputs), (25, size)) if size else ALL
        options = {"batches": batches, "momentum": momentum}
        assert_same(Run(x.copy(), **options).on(engine), Run(x.copy(), **options).plainly(f))


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("shared", [True, False])
def test_results_depend_on_no_thread_lane_or_call(monkeypatch, dtype, shared) -> None:
    """Bit for bit: 1 to 9 threads, gradients shared or not, lanes together or alone, one call or several."""
    f = network((20, 33, 4), 9 * CHUNK + 1, "cross_entropy")
    monkeypatch.setattr(layered_kernel, "WORTH_SHARING", 0.0 if shared else np.inf)
    x, options = f.initial(2, count=3).astype(dtype), {"momentum": 0.9, "steps": 6, "every": 2, "eta": 0.05}
    reference = Run(x.copy(), **options).on(f)
    # Ten chunks in eight parts: a sum over all samples.
    assert_same(reference, Run(x.astype(np.float64), **options).plainly(f), atol=1e3 * FORMATS[dtype])
    for threads in (2, 3, 9):
        engine = LayeredNetwork(f.training, np.dtype(dtype), threads)
        assert engine.splits == shared
        same = Run(x.copy(), **options).on(engine, threads=threads)
        alone = Run(x.copy(), **options)
        for lane in (2, 0, 1):
            alone.on(engine, [lane])
        for run in (same, alone):
            for name in ("x", "velocity", "kept", "codes", "done"):
                assert np.array_equal(getattr(run, name), getattr(reference, name)), (threads, name)


def test_mini_batches_of_a_large_network_are_shared() -> None:
    """128 samples make two chunks where that is worth it; the run is numpy's, on one thread and on two."""
    f = network((200, 130, 3), 300, "cross_entropy")
    batches = np.random.default_rng(0).integers(0, 300, (25, 128))
    one, two = (LayeredNetwork(f.training, np.dtype(np.float64), threads) for threads in (1, 2))
    assert part_count(one.program.sizes, 127) == 1 and part_count(one.program.sizes, 128) == 2
    assert two.splits and not one.splits
    x, options = f.initial(3, count=1), {"batches": batches, "eta": 0.05}
    alone = Run(x.copy(), **options).on(one)
    assert_same(alone, Run(x.copy(), **options).plainly(f))
    assert np.array_equal(alone.x, Run(x.copy(), **options).on(two).x)


def test_idle_threads_help(monkeypatch) -> None:
    """With one lane and two threads, two threads compute parts of a gradient at the same time."""
    f, both, seen = network((20, 33, 4), 4 * CHUNK, "cross_entropy"), threading.Barrier(2), set()
    original = layered_kernel.Crew.gradient.__globals__["part_gradient"]

    def watched(*arguments):
        if threading.get_ident() not in seen:
            seen.add(threading.get_ident())
            both.wait(timeout=20)
        original(*arguments)

    monkeypatch.setattr(layered_kernel, "WORTH_SHARING", 0.0)
    monkeypatch.setitem(layered_kernel.Crew.gradient.__globals__, "part_gradient", watched)
    Run(f.initial(0, count=1), steps=1).on(LayeredNetwork(f.training, np.dtype(np.float64), 2))
    assert len(seen) == 2


@pytest.mark.parametrize("threads", [1, 2])
def test_every_reason_to_stop_is_that_of_numpy(monkeypatch, threads) -> None:
    """Stationary, converged, diverged and NaN: statuses, steps and points are numpy's, compiled and interpreted."""
    monkeypatch.setattr(layered_kernel, "WORTH_SHARING", 0.0)
    f = TanhNetwork((1, 2, 1), np.repeat([[1.0], [-1.0]], CHUNK, axis=0), np.full(2 * CHUNK, 0.5))
    # Zero weights with output bias 1/2 fit exactly; 1e160 overflows the squared norm; NaN stays NaN.
    special = [[0, 0, 0, 0, 0, 0, 0.5], [0, 0, 0, 0, 1e160, 0, 0], [0, np.nan, 0, 0, 1, 0, 0]]
    x = np.array([*special, *f.initial(5, count=5)])
    options = {"bound": 1e200, "tolerance": 2e-2, "eta": 0.5, "rho": 0.01, "steps": 60}
    run, plain = Run(x.copy(), **options).on(f, threads=threads), Run(x.copy(), **options).plainly(f)
    assert_same(run, plain, atol=1e-10)
    assert run.codes[:3].tolist() == [IS_STATIONARY, IS_DIVERGED, IS_OUTSIDE]
    assert (run.codes == IS_CONVERGED).any()
    for momentum in (0.0, 0.9):
        options = {"bound": 1.2, "eta": 2.0, "rho": 3.0, "steps": 60, "momentum": momentum}
        run, plain = Run(x[3:].copy(), **options).on(f, threads=threads), Run(x[3:].copy(), **options).plainly(f)
        assert (run.codes == IS_DIVERGED).any() and (np.abs(run.x) <= 1.2).all()
        assert_same(run, plain, atol=1e-10)


def test_one_coordinate_beyond_the_bound_is_enough() -> None:
    """Where only the bias moves, the run stops before it exceeds the bound."""
    f = TanhNetwork((1, 1), [[0.0]], [5.0])
    run = Run(np.zeros((1, 2)), rho=0.1, eta=0.125, bound=1.0).on(f)
    # b+ = -0.1, b = 5.1/8 = 0.6375; then b+ = 0.5875, and b would be 0.6375 + 4.4125/8 = 1.189.
    assert run.codes.tolist() == [IS_DIVERGED] and run.done.tolist() == [1]
    np.testing.assert_allclose(run.x, [[0.0, 5.1 / 8]], rtol=1e-15)


def test_descent_does_not_stop_at_the_tolerance() -> None:
    """Warm steps go on below the tolerance; the first step of SAM stops."""
    f = NETWORKS[0]
    x = f.initial(0, count=1)
    assert Run(x.copy(), warm=True, tolerance=1e3).on(f).done.tolist() == [25]
    stopped = Run(x.copy(), tolerance=1e3).on(f)
    assert stopped.done.tolist() == [0] and stopped.codes.tolist() == [IS_CONVERGED] and np.array_equal(stopped.x, x)


def test_float32_perturbs_along_tiny_gradients() -> None:
    """A gradient below the smallest normal number of float32 still gives a perturbation of length rho."""
    f = TanhNetwork((1, 1), [[0.0]], [1e-40])
    run = Run(np.zeros((1, 2), np.float32), steps=1, rho=0.5, eta=1.0).on(f)
    # The perturbed output is -1/2, so that SAM steps by +1/2.
    assert run.x.tolist() == [[0.0, 0.5]]


def test_blas_has_one_thread_inside_and_its_own_again_outside() -> None:
    """The limit holds until the last of those who entered has left."""

    def counts() -> list[int]:
        return [info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"]

    with threadpool_limits(2, user_api="blas"):
        before = counts()
        assert set(before) == {2}
        first, second = one_blas_thread(), one_blas_thread()
        with first:
            second.__enter__()
            assert set(counts()) == {1}
        assert set(counts()) == {1}
        second.__exit__(None, None, None)
        assert counts() == before
