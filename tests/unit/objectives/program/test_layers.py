"""Layers as nodes: each against numpy and scipy, written out."""

import itertools

import numpy as np
import pytest
from scipy.signal import correlate
from scipy.special import softmax

from hallucert.objectives.program import layers
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.evaluate import FloatArrays

RNG = np.random.default_rng(0)


def run(build, *arrays):
    b = ProgramBuilder([a.shape for a in arrays])
    program = b.program([build(b, *(b.input(i) for i in range(len(arrays))))])
    return FloatArrays().run(program, list(arrays))[0]


@pytest.mark.parametrize(("stride", "padding"), list(itertools.product([(1, 1), (2, 1)], [(0, 0), (1, 2)])))
def test_convolution_is_correlation(stride, padding):
    """With strides and zeros around, against scipy's, channel by channel."""
    x, w, bias = RNG.normal(size=(2, 3, 6, 5)), RNG.normal(size=(4, 3, 3, 2)), RNG.normal(size=4)
    found = run(lambda b, *args: layers.convolution(b, *args, stride, padding, (1, 1)), x, w, bias)
    padded = np.pad(x, [(0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2])
    for n, o in np.ndindex(2, 4):
        full = sum(correlate(padded[n, c], w[o, c], mode="valid") for c in range(3)) + bias[o]
        assert np.allclose(found[n, o], full[:: stride[0], :: stride[1]], rtol=1e-12)


def test_groups_and_dilation():
    """Two groups see their own channels; a dilated kernel skips entries."""
    x, w = RNG.normal(size=(1, 4, 7)), RNG.normal(size=(2, 2, 2))
    found = run(lambda b, *args: layers.convolution(b, *args, None, (1,), (0,), (3,), 2), x, w)
    wanted = [
        [sum(w[o, c, k] * x[0, 2 * o + c, i + 3 * k] for c in range(2) for k in range(2)) for i in range(4)]
        for o in range(2)
    ]
    assert np.allclose(found[0], wanted, rtol=1e-13)


def test_average_pooling_with_and_without_padded_zeros():
    """Means of windows, whose zeros outside count or do not."""
    x = RNG.normal(size=(1, 1, 4))
    counted = run(lambda b, a: layers.average_pool(b, a, (2,), (2,), (1,)), x)[0, 0]
    inside = run(lambda b, a: layers.average_pool(b, a, (2,), (2,), (1,), padded=False), x)[0, 0]
    v = x[0, 0]
    assert np.allclose(counted, [v[0] / 2, (v[1] + v[2]) / 2, v[3] / 2])
    assert np.allclose(inside, [v[0], (v[1] + v[2]) / 2, v[3]])


@pytest.mark.parametrize("live", [None, np.tri(3, dtype=bool), np.array([[1, 0, 1], [0, 1, 1], [0, 0, 1]]) > 0])
def test_attention_is_a_softmax_of_products(live):
    """Against numpy, with minus infinity where entries are not seen."""
    q, k, v = (RNG.normal(size=(2, 3, 4)) for _ in range(3))
    found = run(lambda b, *args: layers.attention(b, *args, None, live), q, k, v)
    scores = q @ k.swapaxes(1, 2) / 2
    if live is not None:
        scores = np.where(live, scores, -np.inf)
    assert np.allclose(found, softmax(scores, axis=-1) @ v, rtol=1e-12)


def test_softmax_of_large_numbers():
    """Entries of a thousand overflow nothing."""
    x = np.array([[1000.0, 999.0, -1000.0]])
    assert np.allclose(run(lambda b, a: layers.softmax(b, a, 1), x), softmax(x, axis=1), rtol=1e-12)


def test_normalisation_over_axes():
    """Batch norm's axes, and the root mean square without centring."""
    x = RNG.normal(size=(3, 2, 4))
    eps = layers.HALF
    found = run(lambda b, a: layers.normalised(b, a, [0, 2], eps), x)
    wanted = (x - x.mean((0, 2), keepdims=True)) / np.sqrt(x.var((0, 2), keepdims=True) + 0.5)
    assert np.allclose(found, wanted, rtol=1e-12)
    root = run(lambda b, a: layers.normalised(b, a, [2], eps, centred=False), x)
    assert np.allclose(root, x / np.sqrt((x**2).mean(2, keepdims=True) + 0.5), rtol=1e-12)


def test_concatenation_and_broadcasting_are_numpys():
    """Along each axis; and arrays of different numbers of axes."""
    x, y = RNG.normal(size=(2, 3)), RNG.normal(size=(2, 1))
    assert (run(lambda b, *a: layers.concatenate(b, a, 1), x, y) == np.concatenate([x, y], 1)).all()
    z = RNG.normal(size=3)
    added = run(lambda b, a, c: b.add(*layers.together(b, a, c)), y, z)
    assert (added == y + z).all()
    product = run(layers.matmul, RNG.normal(size=(5, 2, 3)), RNG.normal(size=(3, 4)))
    assert product.shape == (5, 2, 4)
