"""PyTorch's automatic differentiation agrees with the networks; run where PyTorch is installed, for benchmarks."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hallucert as hc

torch = pytest.importorskip("torch", exc_type=ImportError)
pytestmark = pytest.mark.frameworks

OPTIONS = [
    {"loss": "squared"},
    {"loss": "squared", "output": "tanh"},
    {"loss": "squared", "weight_decay": "0.1"},
    {"loss": "cross_entropy"},
    {"loss": "cross_entropy", "label_smoothing": "0.2", "weight_decay": "0.01"},
    {"loss": "cross_entropy", "output": "tanh"},
]


def torch_outputs(f, x):
    """The network, written again."""
    a, start = torch.tensor(np.array(f.inputs)), 0
    sizes = f.layer_sizes
    for number, (p, o) in enumerate(itertools.pairwise(sizes)):
        w, b = x[start : start + p * o].reshape(o, p), x[start + p * o : start + p * o + o]
        start += p * o + o
        a = a @ w.T + b
        if number < len(sizes) - 2 or f.output == "tanh":
            a = torch.tanh(a)
    return a


def torch_loss(f, x):
    """PyTorch's own losses."""
    outputs, decay = torch_outputs(f, x), float(f.weight_decay)
    targets = torch.tensor(np.array(f.targets))
    if f.loss == "squared":
        value = torch.nn.functional.mse_loss(outputs, targets, reduction="sum") / (2 * len(targets))
    else:
        value = torch.nn.functional.cross_entropy(outputs, targets, label_smoothing=float(f.label_smoothing))
    return value + decay / 2 * (x @ x)


@given(
    sizes=st.lists(st.integers(1, 5), min_size=2, max_size=4),
    samples=st.integers(1, 6),
    options=st.sampled_from(OPTIONS),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=60, deadline=None)
def test_derivatives_agree_with_pytorch(sizes, samples, options, seed) -> None:
    """Value, gradient, Hessian, its products and the residual Jacobian, to rounding."""
    rng = np.random.default_rng(seed)
    if options["loss"] == "cross_entropy":
        sizes = [*sizes[:-1], sizes[-1] + 1]
        targets = rng.integers(sizes[-1], size=samples)
    else:
        targets = rng.normal(size=(samples, sizes[-1]))
    f = hc.TanhNetwork(sizes, rng.normal(size=(samples, sizes[0])), targets, **options)
    point, v = rng.normal(size=(2, f.dimension))
    x = torch.tensor(point, requires_grad=True)
    value = torch_loss(f, x)
    gradient = torch.autograd.grad(value, x)[0].numpy()
    hessian = torch.autograd.functional.hessian(lambda x: torch_loss(f, x), x).numpy()
    near = {"rtol": 1e-9, "atol": 1e-11}
    np.testing.assert_allclose(f.value(point), value.item(), **near)
    np.testing.assert_allclose(f.gradient(point), gradient, **near)
    np.testing.assert_allclose(f.hessian(point), hessian, **near)
    np.testing.assert_allclose(f.hessian_vector_product(point, v), hessian @ v, **near)
    if f.residual_count:
        jacobian = torch.autograd.functional.jacobian(lambda x: torch_outputs(f, x).reshape(-1), x).numpy()
        np.testing.assert_allclose(f.residual_jacobian(point), jacobian, **near)
