"""Tanh networks in floats, against autograd on random architectures, and their misuse."""

from __future__ import annotations

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from hypothesis import given, settings
from network_strategies import networks

import hallucert as hc
from hallucert.errors import ArgumentError

CLOSE = {"rtol": 1e-9, "atol": 1e-11}


def outputs_of(f, x):
    """The network again, written for autograd from the sentence that defines the parameters' order."""
    a, position = f.inputs, 0
    for number, (p, o) in enumerate(zip(f.layer_sizes, f.layer_sizes[1:], strict=False)):
        w = anp.reshape(x[position : position + o * p], (o, p))
        b = x[position + o * p : position + o * p + o]
        position += o * p + o
        a = anp.dot(a, w.T) + b
        if number < len(f.layer_sizes) - 2 or f.output == "tanh":
            a = anp.tanh(a)
    return a


def loss_of(f, x):
    o, n = outputs_of(f, x), len(f.inputs)
    if f.loss == "squared":
        data = anp.sum((o - f.targets) ** 2) / (2 * n)
    else:
        c, s = f.layer_sizes[-1], float(f.label_smoothing)
        t = np.full((n, c), s / c)
        t[np.arange(n), f.targets] += 1 - s
        data = -anp.sum(t * (o - anp.log(anp.sum(anp.exp(o), axis=1, keepdims=True)))) / n
    return data + float(f.weight_decay) / 2 * anp.sum(x**2)


@settings(max_examples=25, deadline=None)
@given(networks())
def test_value_gradient_and_hessian_agree_with_autograd(case):
    """Value, gradient, Hessian and Hessian-vector product on lanes are those of autograd, to rounding."""
    f, x = case
    v = np.roll(x, 1, axis=1) + 1.0

    def function(p):
        return loss_of(f, p)

    np.testing.assert_allclose(f.value(x), [function(p) for p in x], **CLOSE)
    np.testing.assert_allclose(f.gradient(x), [autograd.grad(function)(p) for p in x], **CLOSE)
    h = np.array([autograd.hessian(function)(p) for p in x])
    np.testing.assert_allclose(f.hessian(x), h, **CLOSE)
    np.testing.assert_allclose(f.hessian_vector_product(x, v), np.einsum("kij,kj->ki", h, v), **CLOSE)


@settings(max_examples=25, deadline=None)
@given(networks(residual_form=True))
def test_residuals_agree_with_autograd(case):
    """Residuals come sample by sample and give f = |r|^2/2n with n samples; their Jacobian is autograd's."""
    f, x = case

    def residual(p):
        return anp.reshape(outputs_of(f, p) - f.targets, (-1,))

    r = f.residual(x)
    assert r.shape == (len(x), f.residual_count) == (len(x), len(f.inputs) * f.layer_sizes[-1])
    np.testing.assert_allclose(r, [residual(p) for p in x], **CLOSE)
    np.testing.assert_allclose(f.value(x), (r**2).sum(axis=1) / (2 * len(f.inputs)), **CLOSE)
    np.testing.assert_allclose(f.residual_jacobian(x), [autograd.jacobian(residual)(p) for p in x], **CLOSE)
    assert f.n == len(f.inputs)


def test_parameters_lie_layer_by_layer_weights_row_major_then_bias():
    """A value worked by hand: each of the parameters is given another role if their order changes."""
    f = hc.TanhNetwork((2, 2, 1), [[1.0, 2.0]], [0.0])
    x = [0.25, -0.5, 0.125, 0.0625, 0.5, -0.25, 2.0, 3.0, 0.75]
    hidden = np.tanh([0.25 * 1 - 0.5 * 2 + 0.5, 0.125 * 1 + 0.0625 * 2 - 0.25])
    assert f.value(x) == pytest.approx((2 * hidden[0] + 3 * hidden[1] + 0.75) ** 2 / 2, rel=1e-14)
    assert f.variables == ("W1_1_1", "W1_1_2", "W1_2_1", "W1_2_2", "b1_1", "b1_2", "W2_1_1", "W2_1_2", "b2_1")


def test_no_residual_form_with_weight_decay_or_cross_entropy():
    """Where f is not |r|^2/2n there are no residuals to ask for, and the error says so."""
    for f in (
        hc.TanhNetwork((1, 2, 1), [[1.0]], [1.0], weight_decay="0.01"),
        hc.TanhNetwork((1, 2, 2), [[1.0]], [1], loss="cross_entropy"),
    ):
        assert f.residual_count == 0
        for ask in (f.residual, f.residual_jacobian):
            with pytest.raises(ArgumentError, match="residual form"):
                ask(np.zeros(f.dimension))


def test_cross_entropy_survives_huge_outputs():
    """Outputs of size 1e4 give the finite loss max - own, not inf - inf."""
    f = hc.TanhNetwork((1, 2), [[1.0]], [0], loss="cross_entropy")
    x = [0.0, 1e4, 0.0, 0.0]
    assert f.value(x) == 1e4
    assert np.isfinite(f.gradient(x)).all()


def test_unchecked_lanes_pass_nan_and_overflow_through():
    """NaN in, NaN out in its own lane only; overflow is inf, and no warning either way."""
    f = hc.TanhNetwork((1, 2, 1), [[1.0], [2.0]], [1.0, -1.0])
    x = np.ones((3, f.dimension))
    x[1, 0], x[2, -1] = np.nan, 1e200
    assert np.isfinite(f.floats.value(x)).tolist() == [True, False, False]
    assert np.isnan(f.floats.gradient(x)).any(axis=1).tolist() == [False, True, False]


@pytest.mark.parametrize("scheme", ["uniform_fan_in", "xavier", "normal"])
def test_initial_rows_depend_on_seed_and_row_alone(scheme):
    """Row i is the same whatever the count, rows and seeds differ, and the gain multiplies the weights."""
    f = hc.TanhNetwork((3, 5, 2), np.eye(3), np.zeros((3, 2)))
    rows = f.initial(7, scheme, count=4)
    assert rows.shape == (4, f.dimension)
    assert (f.initial(7, scheme, count=2) == rows[:2]).all()
    assert (f.initial(7, scheme) == rows[0]).all()
    assert len({row.tobytes() for row in [*rows, f.initial(8, scheme)]}) == 5
    np.testing.assert_allclose(f.initial(7, scheme, gain=2.0), 2 * rows[0])


def test_initial_scales_are_the_documented_ones():
    """Bounds and deviations by layer, on a layer wide enough to see them."""
    f = hc.TanhNetwork((100, 50, 25), np.zeros((1, 100)), np.zeros((1, 25)))
    first, bias = slice(0, 5000), slice(5000, 5050)
    uniform, xavier, normal = (f.initial(0, s) for s in ("uniform_fan_in", "xavier", "normal"))
    assert 0.099 < np.abs(uniform[first]).max() < 0.1 and 0 < np.abs(uniform[bias]).max() < 0.1
    assert 0.99 * 0.2 < np.abs(xavier[first]).max() < 0.2 and not xavier[bias].any()
    assert normal[first].std() == pytest.approx(0.1, rel=0.03) and not normal[bias].any()
    assert 0.99 / 50**0.5 < np.abs(uniform[5050:]).max() < 1 / 50**0.5


GOOD = {"layer_sizes": (2, 3, 2), "inputs": [[1.0, 2.0], [3.0, 4.0]], "targets": [0, 1], "loss": "cross_entropy"}


@pytest.mark.parametrize(
    ("changes", "argument"),
    [
        ({"layer_sizes": (2,)}, "layer_sizes"),
        ({"layer_sizes": (2, 0, 2)}, "layer_sizes"),
        ({"layer_sizes": (2, 3.0, 2)}, "layer_sizes"),
        ({"layer_sizes": (2, True, 2)}, "layer_sizes"),
        ({"layer_sizes": "232"}, "layer_sizes"),
        ({"layer_sizes": 3}, "layer_sizes"),
        ({"layer_sizes": (2, 10**5, 10**5)}, "layer_sizes"),
        ({"layer_sizes": (2, 3, 1), "targets": [0, 0]}, "layer_sizes"),
        ({"inputs": [[1.0, np.nan], [3.0, 4.0]]}, "inputs"),
        ({"inputs": [[1.0, np.inf], [3.0, 4.0]]}, "inputs"),
        ({"inputs": [[1.0], [3.0]]}, "inputs"),
        ({"inputs": [1.0, 2.0]}, "inputs"),
        ({"inputs": np.empty((0, 2))}, "inputs"),
        ({"inputs": [["a", "b"]]}, "inputs"),
        ({"inputs": [[1.0, 2.0], [3.0]]}, "inputs"),
        ({"targets": [0, 2]}, "targets"),
        ({"targets": [-1, 0]}, "targets"),
        ({"targets": [0.5, 1]}, "targets"),
        ({"targets": [np.nan, 1]}, "targets"),
        ({"targets": ["0", "a"]}, "targets"),
        ({"targets": [0, 1, 1]}, "targets"),
        ({"targets": [[1, 0], [0, 1]]}, "targets"),
        ({"loss": "squared", "targets": [0.0, 1.0]}, "targets"),
        ({"loss": "squared", "targets": [[0.0, np.nan], [1.0, 1.0]]}, "targets"),
        ({"loss": "squared", "targets": [[0.0, 1.0]]}, "targets"),
        ({"loss": "hinge"}, "loss"),
        ({"loss": None}, "loss"),
        ({"output": "relu"}, "output"),
        ({"weight_decay": -1}, "weight_decay"),
        ({"weight_decay": float("nan")}, "weight_decay"),
        ({"label_smoothing": 1}, "label_smoothing"),
        ({"label_smoothing": "-0.1"}, "label_smoothing"),
        ({"loss": "squared", "targets": np.zeros((2, 2)), "label_smoothing": "0.1"}, "label_smoothing"),
    ],
)
def test_misuse_is_refused_by_the_name_of_the_argument(changes, argument):
    """Data, labels and numbers that do not fit raise ArgumentError, which names the argument."""
    with pytest.raises(ArgumentError) as caught:
        hc.TanhNetwork(**{**GOOD, **changes})
    assert caught.value.argument == argument


@pytest.mark.parametrize(
    ("changes", "argument"),
    [
        ({"seed": -1}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"scheme": "he"}, "scheme"),
        ({"gain": 0}, "gain"),
        ({"gain": float("inf")}, "gain"),
        ({"count": 0}, "count"),
    ],
)
def test_misuse_of_initial_is_refused(changes, argument):
    """Seeds, schemes, gains and counts that make no sense raise ArgumentError."""
    with pytest.raises(ArgumentError) as caught:
        hc.TanhNetwork(**GOOD).initial(**{"seed": 0, **changes})
    assert caught.value.argument == argument


def test_data_are_copied_and_frozen():
    """What a network was made from cannot change under it."""
    inputs = np.ones((2, 1))
    f = hc.TanhNetwork((1, 2, 1), inputs, [1.0, -1.0])
    inputs[:] = 7
    assert (f.inputs == 1).all()
    with pytest.raises(ValueError):
        f.inputs[0, 0] = 2.0
    with pytest.raises(ValueError):
        f.targets[0, 0] = 2.0
