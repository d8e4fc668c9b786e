"""Operations of JAX one by one: what is read has JAX's numbers, and what is not read is named, with the reason."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import NotAnalyticError

jax = pytest.importorskip("jax")
pytestmark = pytest.mark.frameworks
jnp, nn, lax = jax.numpy, jax.nn, jax.lax

P = np.random.default_rng(0).uniform(0.5, 1.5, size=(3, 4))
MASK = np.array([[1, 0, 0, 1], [1, 1, 0, 1], [0, 0, 1, 0]]) > 0
SAFE = np.where(MASK, 0.0, -np.inf)


def jaxs(fn, point):
    """Value and gradient by JAX, in doubles."""
    with jax.enable_x64(True):
        value, slope = jax.jit(jax.value_and_grad(fn))(point)
        return float(value), np.ravel(slope)


READ = {
    "entries": lambda p: (jnp.expm1(p) * jnp.log1p(p) + lax.erfc(p) - jnp.sinh(p) / jnp.cosh(p) + jnp.tan(p / 2)).sum(),
    "more entries": lambda p: (jnp.exp2(p) + lax.rsqrt(p) + jnp.sin(p) * jnp.cos(p) - 1 / lax.square(p)).sum(),
    "powers": lambda p: (p**3 + p**-2 + p**1.5 + p**0.3 + 2.0**p + jnp.power(p, jnp.float64(4))).sum(),
    "sums": lambda p: (jnp.cumsum(p, 1) * lax.cumsum(p, 0, reverse=True)).mean() + jnp.var(p, ddof=1) + jnp.std(p),
    "shapes": lambda p: (jnp.pad(p, ((1, 0), (2, 1)), constant_values=0.5)[::2, 1:-1].T[::-1] ** 2).sum(),
    "parts": lambda p: sum((i + 1) * (q**2).sum() for i, q in enumerate(jnp.split(p, [1, 3], axis=1))),
    "tiles": lambda p: (jnp.tile(p, (2, 1)) * jnp.concatenate([p, 2 * p])).sum() + (p[..., None] * p[:, None]).sum(),
    "indices": lambda p: (
        (p[np.array([0, -1, 0])] * p[:, np.array([1, 1, 2, 3])]).sum() + p[np.arange(3), np.arange(3)] @ p[:, 0]
    ),
    "slices": lambda p: (lax.dynamic_slice(p, (5, 1), (2, 2)) ** 2).sum(),
    "places that are set": lambda p: (p.at[1:, 0].set(3.0 * p[0, :2]) ** 2).sum(),
    "products": lambda p: jnp.einsum("ij,kj,lj->ikl", p, p, p).mean() + jnp.vdot(p, p) + (p @ p.T @ p[:, 0]).sum(),
    "windows": lambda p: lax.reduce_window(p, 0.0, lax.add, (2, 2), (1, 2), "SAME").mean() * p[0, 0],
    "selections": lambda p: (jnp.where(MASK, p, 2.0) * jnp.triu(p)).sum() + lax.select(MASK, p, p**2).sum(),
    "branches that constants choose": lambda p: lax.cond(p.shape[0] > 2, jnp.sin, jnp.abs, p).sum(),
    "random masks": lambda p: (p**2 * jax.random.bernoulli(jax.random.key(3), 0.5, p.shape)).sum(),
    "derivatives of JAX": lambda p: (jax.grad(lambda q: (q**3).sum())(p) * p).sum(),
    "what is not used": lambda p: (jnp.abs(p), (p**2).sum())[1] + nn.logsumexp(p, return_sign=True)[0],
    "softmax over two axes": lambda p: (
        (nn.softmax(p, axis=(0, 1)) * P).sum() + nn.logsumexp(p, axis=0, keepdims=True).mean()
    ),
    "softmax without stop": lambda p: (
        jnp.exp(p - p.max(1, keepdims=True)) / jnp.exp(p - p.max(1)[:, None]).sum(1)[:, None] * P
    ).sum(),
    "masked softmax": lambda p: (
        (nn.softmax(p, axis=1, where=MASK) * P).sum() + (nn.softmax(jnp.where(MASK, p, -jnp.inf)) ** 2).sum()
    ),
    "additive masks": lambda p: (nn.softmax(p + SAFE) * P).sum() + nn.logsumexp(p, axis=1, where=MASK).sum(),
    "masks of large numbers": lambda p: (nn.softmax(jnp.where(MASK, p, -1e30)) * P).sum(),
    "cross-entropy": lambda p: -jnp.take_along_axis(nn.log_softmax(p), np.array([[1], [0], [3]]), 1).mean(),
}


@pytest.mark.parametrize("name", READ)
def test_operations_have_jaxs_values_and_gradients(name):
    """At the point where the function was read, and at another one."""
    f = hc.Objective.from_jax(READ[name], P)
    assert f.rigorous
    for point in (P, P[::-1] * 1.25):
        value, slope = jaxs(READ[name], point)
        assert np.isclose(f.value(point.ravel()), value, rtol=1e-12)
        assert np.allclose(f.gradient(point.ravel()), slope, rtol=1e-10, atol=1e-12)


@jax.custom_jvp
def logaddexp(x, y):
    """Its name is that of JAX's own."""
    return jnp.maximum(x, y) + 2 * jnp.log1p(jnp.exp(-jnp.abs(x - y)))


@jax.custom_jvp
def straight(x):
    """Another derivative than its own."""
    return x**2


logaddexp.defjvp(lambda primals, tangents: (logaddexp(*primals), sum(tangents)))
straight.defjvp(lambda primals, tangents: (straight(*primals), tangents[0]))

REFUSED = {
    "relu, which has a kink": nn.relu,
    "elu, which is continuously": nn.elu,
    "leaky_relu, which has a kink": nn.leaky_relu,
    "hard_tanh, which has kinks": nn.hard_tanh,
    "abs, which has a kink": jnp.abs,
    "sign, which jumps": lambda p: p * jnp.sign(p),
    "clip, which has kinks": lambda p: jnp.clip(p, 0, 1),
    "max, which is not": lambda p: p - p.max(1, keepdims=True),
    "min, which is not": lambda p: jnp.minimum(p, 1),
    "sort, which is not": jnp.sort,
    "argmax, which is constant": lambda p: p[jnp.argmax(p[:, 0])],
    "reduce_window_max, which": lambda p: lax.reduce_window(p, -np.inf, lax.max, (2, 2), (1, 1), "VALID"),
    "branches on values": lambda p: jnp.where(p > 1, p, p**2),
    "while, which branches": lambda p: lax.while_loop(lambda q: q.sum() < 99, lambda q: 2 * q, p),
    "gt, which branches": lambda p: lax.cond(p[0, 0] > 0, jnp.sin, jnp.cos, p),
    "depends on values": lambda p: p if p[0, 0] > 0 else -p,
    "stop_gradient, which gives": lambda p: p * lax.stop_gradient(p),
    "max, which .*": lambda p: logaddexp(p, 0.0),
    "not the value and gradient": straight,
    "float32": lambda p: p.astype(jnp.float32).astype(jnp.float64) ** 2,
    "float32 .*dot": lambda p: jnp.dot(p, p.T, preferred_element_type=jnp.float32),
    "int": lambda p: p * p.astype(int),
    "complex128": lambda p: jnp.fft.fft(p).real,
    "lgamma, which is not among": lax.lgamma,
    "algorithm of lower precision": lambda p: jnp.dot(p, p.T, precision=lax.DotAlgorithmPreset.BF16_BF16_F32),
    "out of bounds": lambda p: p.at[np.array([0, 9])].get(mode="fill", fill_value=0.0),
    "or twice": lambda p: p.at[np.array([0, 0])].set(2 * p[1:]),
    "scatter-add": lambda p: p.at[0].add(p[1]),
    "dilated images": lambda p: lax.conv_general_dilated(
        p[None, None], p[None, None], (1, 1), ((1, 1), (1, 1)), lhs_dilation=(2, 2)
    ),
    "both parts vary": lambda p: p**p,
    "max, which is": lambda p: jnp.maximum(0.0, (p**2).mean() - p.sum() ** 2),
    "max, which is ": lambda p: jnp.maximum(0.0, (p**2).mean(1) - p.mean(0)[:3] ** 2),
    "max, which is not  ?": lambda p: jnp.exp(p - p.max(1, keepdims=True)) / jnp.exp(p - p.max()).sum(),
    "max, which is not d": lambda p: jnp.exp(p - p.max(1, keepdims=True)) / jnp.exp(p - p.max(1, keepdims=True)).sum(),
    "max, which is not d.": lambda p: jnp.log(jnp.exp(p - p.max(1, keepdims=True)).sum()) + p.max(1)[2],
    "max, which is not di": lambda p: jnp.log(1 + jnp.exp(p - p.max()).sum()) * p,
    "infinities": lambda p: jnp.where(MASK, p, -jnp.inf) * p,
    "infinities .*mask": lambda p: nn.softmax(jnp.where(MASK & (np.arange(3) > 0)[:, None], p, -jnp.inf)),
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_is_not_read_is_named(words):
    """The function of JAX or its operation, and why nothing can be proved about it."""
    with pytest.raises(NotAnalyticError, match=words):
        hc.Objective.from_jax(lambda p: REFUSED[words](p).sum() + p.sum(), P)
