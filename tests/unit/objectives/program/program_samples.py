"""Small functions of arrays, each as an array program and as a formula of autograd's numpy, written independently."""

from __future__ import annotations

import autograd.numpy as anp
import numpy as np
from autograd.scipy.special import erf, logsumexp

from hallucert.objectives.program import layers
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.program import Program

RNG = np.random.default_rng(0)
DATA = RNG.normal(size=(4, 3))
TARGETS = RNG.normal(size=(4, 2))
IMAGES = RNG.normal(size=(2, 2, 4, 5))
PLACES = np.array([[2, -1, 0], [5, 5, 1]])


def _program(shapes, build):
    b = ProgramBuilder(shapes)
    return b.program([build(b, *(b.input(i) for i in range(len(shapes))))])


def _total(b, x):
    """Something of shape () that depends on every entry in its own way."""
    flat = b.reshape(x, (int(np.prod(b.shape(x))),))
    weights = b.array(np.linspace(0.5, 1.5, b.shape(flat)[0]))
    return b.contract("m,m->", weights, flat)


def _weighted(x):
    flat = anp.reshape(x, (-1,))
    return anp.sum(anp.linspace(0.5, 1.5, len(flat)) * flat)


FUNCTIONS = {
    "exp": anp.exp,
    "log": lambda x: anp.log(x),
    "sqrt": anp.sqrt,
    "sin": anp.sin,
    "cos": anp.cos,
    "tanh": anp.tanh,
    "erf": erf,
    "softplus": lambda x: anp.logaddexp(x, 0),
}

SAMPLES = {
    name: ([(2, 3)], lambda b, x, name=name: _total(b, b.unary(name, x)), lambda x, f=f: _weighted(f(x)))
    for name, f in FUNCTIONS.items()
}
"""By name: shapes of the inputs, the program's builder, and the same function of numpy arrays."""

SAMPLES |= {
    "power 3": ([(3,)], lambda b, x: _total(b, b.power(x, 3)), lambda x: _weighted(x**3)),
    "power -2": ([(3,)], lambda b, x: _total(b, b.power(x, -2)), lambda x: _weighted(x**-2.0)),
    "square of a sum": (
        [(2, 3)],
        lambda b, x: _total(b, b.power(b.sum(x, [1]), 2)),
        lambda x: _weighted(anp.sum(x, axis=1) ** 2),
    ),
    "logsumexp": (
        [(2, 3)],
        lambda b, x: _total(b, b.logsumexp(x)),
        lambda x: _weighted(logsumexp(x, axis=1)),
    ),
    "matrices": (
        [(2, 3), (3, 4)],
        lambda b, x, y: _total(b, b.power(b.contract("ij,jk->ki", x, y), 2)),
        lambda x, y: _weighted(anp.transpose(x @ y) ** 2),
    ),
    "a matrix with itself": (
        [(3, 3)],
        lambda b, x: _total(b, b.contract("ij,jk->ik", x, x)),
        lambda x: _weighted(x @ x),
    ),
    "batches": (
        [(2, 3, 4), (2, 4)],
        lambda b, x, y: _total(b, b.contract("aij,aj->ia", x, b.power(y, 2))),
        lambda x, y: _weighted(anp.einsum("aij,aj->ia", x, y**2)),
    ),
    "outer product": (
        [(2,), (3,)],
        lambda b, x, y: _total(b, b.unary("sin", b.contract("i,j->ji", x, y))),
        lambda x, y: _weighted(anp.sin(anp.outer(y, x))),
    ),
    "moves": (
        [(2, 3)],
        lambda b, x: _total(b, b.power(b.take(b.transpose(x, (1, 0)), PLACES), 2)),
        lambda x: _weighted(
            anp.reshape(
                anp.array([0.0 * x[0, 0] if p < 0 else anp.transpose(x)[p // 2, p % 2] for p in PLACES.ravel()]) ** 2,
                PLACES.shape,
            )
        ),
    ),
    "put": (
        [(2, 3)],
        lambda b, x: _total(b, b.power(b.put(x, PLACES, (7,)), 3)),
        lambda x: _weighted(
            anp.array([x[0, 2], x[1, 2], x[0, 0], 0 * x[0, 0], 0 * x[0, 0], x[1, 0] + x[1, 1], 0 * x[0, 0]]) ** 3
        ),
    ),
    "broadcast": (
        [(3,), (2, 3)],
        lambda b, x, y: _total(b, b.mul(b.broadcast(x, [1], (2, 3)), y)),
        lambda x, y: _weighted(x * y),
    ),
    "network": (
        [(5, 3), (5,), (2, 5)],
        lambda b, w, c, v: _residual_square(
            b, layers.linear(b, b.unary("tanh", layers.linear(b, b.array(DATA), w, c)), v, None)
        ),
        lambda w, c, v: anp.sum((anp.tanh(DATA @ w.T + c) @ v.T - TARGETS) ** 2),
    ),
    "layer norm": (
        [(2, 4), (4,), (4,)],
        lambda b, x, w, c: _total(b, layers.affine(b, layers.normalised(b, x, [1], layers.HALF), w, c)),
        lambda x, w, c: _weighted(
            w * (x - anp.mean(x, 1, keepdims=True)) / anp.sqrt(anp.var(x, axis=1, keepdims=True) + 0.5) + c
        ),
    ),
    "softmax": (
        [(2, 4)],
        lambda b, x: _total(b, layers.softmax(b, x, 0)),
        lambda x: _weighted(anp.exp(x) / anp.sum(anp.exp(x), axis=0)),
    ),
    "gelu": (
        [(4,)],
        lambda b, x: _total(b, layers.gelu(b, x)),
        lambda x: _weighted(x * (1 + erf(x / anp.sqrt(2))) / 2),
    ),
    "silu": ([(4,)], lambda b, x: _total(b, layers.silu(b, x)), lambda x: _weighted(x / (1 + anp.exp(-x)))),
    "cross-entropy": (
        [(3, 4)],
        lambda b, x: layers.cross_entropy(b, x, np.array([1, 3, 0]), layers.HALF),
        lambda x: (
            -anp.mean(
                anp.sum(
                    (anp.eye(4)[anp.array([1, 3, 0])] / 2 + 1 / 8) * (x - logsumexp(x, axis=1, keepdims=True)), axis=1
                )
            )
        ),
    ),
}


def _residual_square(b, outputs):
    r = b.reshape(b.sub(outputs, b.array(TARGETS)), (8,))
    return b.contract("m,m->", r, r)


def _hidden(b, w, c):
    return b.unary("tanh", layers.linear(b, b.array(DATA), w, c))


def program(name) -> Program:
    """The program of a sample."""
    shapes, build, _ = SAMPLES[name]
    return _program(shapes, build)


def points(name, count=None):
    """Positive random inputs, so that every function is defined; with `count` lanes of them."""
    front = () if count is None else (count,)
    rng = np.random.default_rng(1)
    return [rng.uniform(0.3, 1.7, size=front + shape) for shape in SAMPLES[name][0]]
