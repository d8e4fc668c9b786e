"""Reduced inputs: the same function, and the same SAM runs, of a smaller network."""

from __future__ import annotations

import numpy as np
import pytest

from hallucert.objectives.network.tanh_network import TanhNetwork
from hallucert.sam.kernels.reduction import Reduction, reduce_inputs


def data(samples: int, columns: int, zero: tuple[int, ...] = (), seed: int = 0) -> np.ndarray:
    """Standard normal inputs with some columns zero."""
    inputs = np.random.default_rng(seed).normal(size=(samples, columns))
    inputs[:, list(zero)] = 0
    return inputs


def network(inputs: np.ndarray, loss: str = "squared", **options) -> TanhNetwork:
    """A network with 4 hidden units and 3 outputs."""
    rng = np.random.default_rng(1)
    targets = rng.integers(0, 3, len(inputs)) if loss == "cross_entropy" else rng.normal(size=(len(inputs), 3))
    return TanhNetwork((inputs.shape[1], 4, 3), inputs, targets, loss, **options)


SPARSE = network(data(30, 12, (0, 5, 11)), "cross_entropy", label_smoothing="0.1")
WIDE = network(data(6, 20, (3, 4)), output="tanh")
DEPENDENT = network(data(8, 3) @ data(3, 20, (2,), seed=1))
REDUCIBLE = [(SPARSE, 9), (WIDE, 6), (DEPENDENT, 3)]


def reduction(f: TanhNetwork) -> Reduction:
    """The reduction, which there is."""
    result = reduce_inputs(f.training)
    assert result is not None
    return result


def reduced_network(r: Reduction) -> TanhNetwork:
    """The smaller network as an objective."""
    t = r.network
    return TanhNetwork(t.layer_sizes, t.inputs, t.targets, t.loss, t.weight_decay, t.label_smoothing, t.output)


def sam(f: TanhNetwork, x: np.ndarray, momentum: float) -> tuple[np.ndarray, np.ndarray]:
    """The end points of 15 SAM steps with momentum, and the gradients' norms on the way."""
    v, norms = np.zeros_like(x), []
    for _ in range(15):
        g = f.gradient(x)
        norm = np.linalg.norm(g, axis=1, keepdims=True)
        v = momentum * v + f.gradient(x + 0.3 / norm * g)
        x = x - 0.1 * v
        norms.append(norm)
    return x, np.array(norms)


@pytest.mark.parametrize(("f", "width"), REDUCIBLE)
def test_values_and_gradient_norms_are_those_of_the_full_network(f, width) -> None:
    """At projected points the smaller network has the same value and the same norm of the gradient."""
    r, x = reduction(f), f.initial(3, count=4)
    assert r.network.layer_sizes == (width, 4, 3)
    z = r.project(x)
    np.testing.assert_allclose(reduced_network(r).value(z), f.value(x), rtol=1e-14)
    full, reduced = f.gradient(x), reduced_network(r).gradient(z)
    np.testing.assert_allclose(np.linalg.norm(reduced, axis=1), np.linalg.norm(full, axis=1), rtol=1e-13)
    np.testing.assert_allclose(r.project(full), reduced, rtol=0, atol=1e-15)


@pytest.mark.parametrize(("f", "width"), REDUCIBLE)
@pytest.mark.parametrize("momentum", [0.0, 0.8])
def test_runs_lift_to_the_runs_in_full_coordinates(f, width, momentum) -> None:
    """A lifted run of the smaller network is the run of the full one, and its norms are the same."""
    r, x = reduction(f), f.initial(4, count=3)
    end, norms = sam(f, x, momentum)
    reduced_end, reduced_norms = sam(reduced_network(r), r.project(x), momentum)
    np.testing.assert_allclose(r.lift(reduced_end, x), end, rtol=0, atol=1e-12)
    np.testing.assert_allclose(reduced_norms, norms, rtol=1e-10)
    np.testing.assert_allclose(r.project(r.lift(reduced_end, x)), reduced_end, rtol=0, atol=1e-13)
    assert np.abs(end - x).max() > 0.1


def test_zero_columns_are_dropped_exactly() -> None:
    """Without a basis the data are copies, the start comes back bit for bit, and dropped weights stay."""
    r, x = reduction(SPARSE), SPARSE.initial(5, count=2)
    assert np.array_equal(r.network.inputs, SPARSE.inputs[:, r.columns])
    assert np.array_equal(r.lift(r.project(x), x), x)
    moved = r.lift(r.project(x) + 1, x)
    dropped = [SPARSE.variables.index(f"W1_{i}_{j}") for i in range(1, 5) for j in (1, 6, 12)]
    assert np.array_equal(np.flatnonzero((moved == x).all(axis=0)), sorted(dropped))


def test_precision_is_kept() -> None:
    """float32 lanes stay float32."""
    for f, _ in REDUCIBLE:
        r, x = reduction(f), f.initial(5, count=2).astype(np.float32)
        assert r.project(x).dtype == r.lift(r.project(x), x).dtype == np.float32


def test_no_reduction_where_it_is_wrong_or_saves_little() -> None:
    """Weight decay, full inputs, and 19 of 20 columns left give None; zero inputs keep one column."""
    assert reduce_inputs(network(data(30, 12, (0, 5, 11)), weight_decay="0.01").training) is None
    assert reduce_inputs(network(data(30, 12)).training) is None
    assert reduce_inputs(network(data(30, 20, (1,))).training) is None
    assert reduce_inputs(network(data(19, 20)).training) is None
    nothing = reduction(network(np.zeros((5, 4))))
    assert nothing.network.layer_sizes[0] == 1


def test_weight_decay_would_break_the_lift() -> None:
    """The hypothesis is needed: with decay, dropped weights shrink along the run, which no lift knows."""
    decayed = network(data(30, 12, (0, 5, 11)), weight_decay="0.1")
    r, x = reduction(network(data(30, 12, (0, 5, 11)))), decayed.initial(4, count=1)
    same = TanhNetwork((9, 4, 3), r.network.inputs, r.network.targets, weight_decay="0.1")
    gap = r.lift(sam(same, r.project(x), 0.0)[0], x) - sam(decayed, x, 0.0)[0]
    assert np.abs(gap).max() > 1e-3
