"""Contractions in another order: the same function."""

from fractions import Fraction

import autograd
import numpy as np
import program_samples as samples
import pytest

from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.derivatives import pullback, pushforward
from hallucert.objectives.program.evaluate import FloatArrays
from hallucert.objectives.program.reassociate import parted, reassociated

FLOATS = FloatArrays()


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_second_derivatives_in_another_order_are_autograds(name):
    """Gradients and Hessian-vector products of all samples, rewritten, are those of autograd."""
    x = samples.points(name)
    v = [np.sin(np.arange(a.size) + 1.0).reshape(a.shape) for a in x]
    sizes = np.cumsum([a.size for a in x])

    def function(flat):
        parts = np.split(np.arange(sizes[-1]), sizes[:-1])
        return samples.SAMPLES[name][2](*(flat[p].reshape(a.shape) for p, a in zip(parts, x, strict=True)))

    one, zero = np.array(1.0), np.array(0.0)
    forward = reassociated(pushforward(pullback(samples.program(name))), [len(x) + 1])
    found = np.concatenate([np.reshape(a, -1) for a in FLOATS.run(forward, [*x, one, *v, zero])])
    at, along = (np.concatenate([np.reshape(a, -1) for a in arrays]) for arrays in (x, v))
    wanted = [autograd.grad(function)(at), autograd.hessian_vector_product(function)(at, along)]
    assert np.allclose(found, np.concatenate(wanted), rtol=1e-11, atol=1e-11)


def test_products_stay_factored_through_sums_multiples_and_transposes():
    """``|W + s (3 D^T X)^T|^2`` and ``(W + ..) y`` for long D, X are not written out; the values are numpy's."""
    rng = np.random.default_rng(1)
    shapes = [(40, 50), (2, 50), (2, 40), (), (50,)]
    b = ProgramBuilder(shapes)
    w, d, x, s, y = (b.input(i) for i in range(5))
    product = b.transpose(b.contract("no,ni->oi", d, x), (1, 0))
    moved = b.add(b.scale(Fraction(3), b.mul(product, s)), b.mul(b.broadcast(s, (), (40, 50)), w))
    program = b.program([b.contract("ij,ij->", moved, moved), b.contract("ij,j->i", moved, y), b.sum(moved, [0])])
    inputs = [rng.normal(size=shape) for shape in shapes]
    whole = 3 * inputs[3] * (inputs[1].T @ inputs[2]).T + inputs[3] * inputs[0]
    first = reassociated(b.program(program.outputs[:2]), [1])
    for rewritten in (first, reassociated(program, [1])):
        found = FLOATS.run(rewritten, inputs)
        for a, wanted in zip(found, [np.sum(whole**2), whole @ inputs[4], whole.sum(axis=0)], strict=False):
            assert np.allclose(a, wanted, rtol=1e-13)
    written = [node for node in first.nodes if node.shape in ((40, 50), (50, 40)) and node.op != "input"]
    assert not written


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_two_parts_are_the_whole(name):
    """What depends on no direction, and then the rest, give the values of the whole; the rest is only what must be."""
    x = samples.points(name)
    v = [np.sin(np.arange(a.size) + 1.0).reshape(a.shape) for a in x]
    program, lanes = pushforward(samples.program(name)), range(len(x), 2 * len(x))
    still, moving = parted(program, lanes)
    known = FLOATS.run(still, x)
    found = FLOATS.run(moving, [*x, *v, *known])
    for a, b in zip(found, FLOATS.run(program, [*x, *v]), strict=True):
        assert np.array_equal(a, b)
    assert not any(node.op == "input" and node.data in lanes for node in still.nodes)
    for node in moving.nodes:
        known_already = node.args and all(
            moving.nodes[i].op in ("input", "constant", "rational", "pi") for i in node.args
        )
        if known_already:
            assert any(moving.nodes[i].data in lanes for i in node.args if moving.nodes[i].op == "input")
