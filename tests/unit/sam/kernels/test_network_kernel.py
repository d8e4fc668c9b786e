"""Tiny networks run in vector registers: the same runs as in numpy, whatever the lanes and threads."""

from __future__ import annotations

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import hallucert as hc
from hallucert.objectives.machine.compilation import compiled
from hallucert.objectives.machine.program import registers_array
from hallucert.objectives.machine.vectors import LANES
from hallucert.objectives.network.tanh_network import TanhNetwork
from hallucert.sam import Status, driver
from hallucert.sam.engine import LayeredEngine, PlainEngine, choose_engine
from hallucert.sam.kernels import kernel
from hallucert.sam.kernels.network_kernel import MAX_PARAMETERS, NetworkProgram, network_program
from hallucert.sam.settings import Plan, Positive, Shuffled

SHAPES = [(2, 8, 1), (2, 6, 4, 1), (3, 5, 2), (1, 3, 2, 3, 1), (2, 1), (2, 17, 1)]


def network(sizes: tuple[int, ...], samples: int = 8, **options) -> TanhNetwork:
    """A network with standard normal inputs and labels +-1."""
    rng = np.random.default_rng(sum(sizes) + samples)
    inputs, targets = rng.normal(size=(samples, sizes[0])), np.sign(rng.normal(size=(samples, sizes[-1])))
    return TanhNetwork(sizes, inputs, targets, **options)


@compiled
def _gradient(program, work, block, width):
    kernel.gradient(program, work, np.uint64(block), np.uint64(width))


def kernel_gradient(f: TanhNetwork, x: np.ndarray) -> np.ndarray:
    """The compiled gradient of the lanes `x`; lanes of the last vector beyond them hold NaN."""
    program = network_program(f.training)
    assert isinstance(program, NetworkProgram)
    block = -(-len(x) // LANES) * LANES
    work = registers_array(program.registers, block)
    rows = work.reshape(-1, block)
    rows[: f.dimension] = np.nan
    rows[: f.dimension, : len(x)] = x.T
    _gradient(program, work, block, len(x))
    return rows[program.outputs, : len(x)].T


def run_plain(monkeypatch, *arguments, **options):
    """Run an ensemble in numpy."""
    with monkeypatch.context() as patch:
        patch.setattr(driver, "choose_engine", lambda objective, *_: PlainEngine(objective))
        return hc.sam.run_ensemble(*arguments, **options)


@pytest.mark.parametrize("sizes", SHAPES)
@pytest.mark.parametrize("samples", [1, 5, 8])
def test_gradient_is_autograds(sizes, samples) -> None:
    """The compiled gradient agrees with autograd to rounding, for full and for incomplete bundles of samples."""
    f = network(sizes, samples, weight_decay="0.01", output="tanh" if samples == 5 else "linear")
    x = f.initial(1, count=11, gain=2.0)

    def loss(theta):
        a, start = f.inputs, 0
        for l in range(1, len(sizes)):
            p, o = sizes[l - 1], sizes[l]
            z = a @ theta[start : start + p * o].reshape(o, p).T + theta[start + p * o : start + (p + 1) * o]
            a, start = z if l == len(sizes) - 1 and f.output == "linear" else anp.tanh(z), start + (p + 1) * o
        return anp.sum((a - f.targets) ** 2) / (2 * samples) + 0.005 * anp.sum(theta**2)

    expected = np.stack([autograd.grad(loss)(row) for row in x])
    np.testing.assert_allclose(kernel_gradient(f, x), expected, rtol=0, atol=4e-15)


@pytest.mark.parametrize("sizes", SHAPES)
def test_runs_are_those_of_numpy(monkeypatch, sizes) -> None:
    """Over 300 steps with warm-up, schedules and history, both paths agree to rounding and in every status."""
    f = network(sizes, 6)
    x = f.initial(2, count=21)
    rho, eta = np.linspace(0.05, 0.01, 300), lambda k: 0.1 / (1 + 0.01 * k)
    arguments = (f, x, rho, eta, 300)
    options = {"warmup": 0.1, "every": 7, "tolerance": 0.03}
    fast, plain = hc.sam.run_ensemble(*arguments, **options), run_plain(monkeypatch, *arguments, **options)
    np.testing.assert_allclose(fast.history, plain.history, rtol=0, atol=1e-10)
    assert np.array_equal(fast.status, plain.status) and np.array_equal(fast.steps, plain.steps)
    assert np.array_equal(fast.steps_kept, plain.steps_kept)


def test_every_reason_to_stop_is_that_of_numpy(monkeypatch) -> None:
    """Converged, diverged, stationary, outside the bound: same statuses and steps on both paths."""
    f = TanhNetwork((1, 2, 1), [[1.0], [-1.0]], [0.5, 0.5])
    # Zero weights with output bias 1/2 fit exactly; 1e160 overflows the squared norm.
    x = np.array([[0, 0, 0, 0, 0, 0, 0.5], [0, 0, 0, 0, 1e160, 0, 0], *f.initial(5, count=20)])
    arguments, options = (f, x, 0.2, 0.3, 4000), {"bound": 1e200, "tolerance": 1e-6}
    fast, plain = hc.sam.run_ensemble(*arguments, **options), run_plain(monkeypatch, *arguments, **options)
    assert np.array_equal(fast.status, plain.status)
    assert fast.status[0] == Status.STATIONARY and fast.status[1] == Status.DIVERGED
    tight = {"bound": 1.2, "tolerance": 1e-6}
    fast = hc.sam.run_ensemble(f, x[2:] * 1.1, 3.0, 1.0, 50, **tight)
    plain = run_plain(monkeypatch, f, x[2:] * 1.1, 3.0, 1.0, 50, **tight)
    assert (fast.status == Status.DIVERGED).any()
    assert np.array_equal(fast.status, plain.status) and np.array_equal(fast.steps, plain.steps)


def test_result_depends_on_no_other_lane_thread_or_call(monkeypatch) -> None:
    """Bit for bit: 1 to 3 threads, short calls, permuted lanes, and single runs."""
    f = network((2, 8, 1))
    x = f.initial(3, count=75)

    def ends(starts: np.ndarray, threads: int):
        e = hc.sam.run_ensemble(f, starts, 0.5, 0.1, 400, tolerance=0.1, every=50, threads=threads)
        return e.x, e.steps, e.status, e.history

    reference = ends(x, 1)
    assert {Status.CONVERGED, Status.MAX_STEPS} <= set(reference[2])
    for threads in (2, 3):
        assert all(np.array_equal(a, b) for a, b in zip(reference, ends(x, threads), strict=True))
    order = np.random.default_rng(0).permutation(75)
    assert np.array_equal(ends(x[order], 2)[0], reference[0][order])
    monkeypatch.setattr(driver, "CALL_SECONDS", 1e-9)
    assert all(np.array_equal(a, b) for a, b in zip(reference, ends(x, 2), strict=True))
    for i in (0, 17, 74):
        alone = hc.sam.run(f, x[i], 0.5, 0.1, 400, tolerance=0.1)
        assert np.array_equal(alone.x, reference[0][i]) and alone.steps == reference[1][i]


def plan(**options) -> Plan:
    """A plan for two threads."""
    radius = Positive(1, 1, "rho")
    return Plan(radius, radius, 1, 0, tolerance=0.0, relative=0.0, bound=1.0, threads=2, **options)


def test_who_runs_what() -> None:
    """Tiny networks with squared loss have a program; large ones and the cross-entropy do not."""
    f = network((2, 8, 1))
    engines = [choose_engine(f, lanes, plan()) for lanes in (1, 31, 64)]
    assert all(isinstance(engine.program, NetworkProgram) for engine in engines)
    assert [engine.threads for engine in engines] == [1, 1, 2]
    assert network_program(network((20, 60, 1)).training) is None and MAX_PARAMETERS < 20 * 60
    classifier = TanhNetwork((2, 4, 2), [[0.1, 0.2]], [1], loss="cross_entropy")
    assert network_program(classifier.training) is None
    for other in (classifier, network((20, 60, 1))):
        assert isinstance(choose_engine(other, 1, plan()), LayeredEngine)
    assert isinstance(choose_engine(f, 1, plan(dtype="float32")), LayeredEngine)
    assert isinstance(choose_engine(f, 1, plan(batches=Shuffled(8, 2, 0))), LayeredEngine)
