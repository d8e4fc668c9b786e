"""Contractions in another order: the same function."""

from fractions import Fraction

import autograd
import numpy as np
import program_samples as samples
import pytest
from random_programs import Maker

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


def test_terms_with_one_factor_are_added_with_it():
    """``3 D^T X + 3 D^T Y`` and ``3 s D^T X + 3 s D^T Y``: the terms differ in one array, and stay multiplied."""
    rng = np.random.default_rng(2)
    b = ProgramBuilder([(2, 40), (2, 50), (2, 50), (), (50,)])
    d, x, y, s, v = (b.input(i) for i in range(5))
    terms = [b.scale(Fraction(3), b.contract("no,ni->oi", d, part)) for part in (x, y)]
    plain, scaled = b.add(*terms), b.add(*(b.mul(term, s) for term in terms))
    program = b.program([b.contract("ij,j->i", node, v) for node in (plain, scaled)])
    inputs = [rng.normal(size=shape) for shape in program.inputs]
    wanted = 3 * inputs[0].T @ (inputs[1] + inputs[2]) @ inputs[4]
    found = FLOATS.run(reassociated(program, [4]), inputs)
    assert np.allclose(found[0], wanted, rtol=1e-13) and np.allclose(found[1], inputs[3] * wanted, rtol=1e-13)


@pytest.mark.parametrize("seed", range(40))
def test_random_derivatives_in_another_order_are_the_same(seed):
    """Hessian-vector products of random programs, rewritten and in two parts, have the values of the original."""
    rng = np.random.default_rng(seed)
    program, point = Maker(rng).make(8)
    back = pushforward(pullback(program))
    inputs = [*point, np.array(1.0), *(rng.normal(size=p.shape) for p in point), np.array(0.0)]
    lanes = range(3, 5)
    rewritten = reassociated(back, lanes)
    still, moving = parted(rewritten, lanes)
    wanted = FLOATS.run(back, inputs)
    for found in (FLOATS.run(rewritten, inputs), FLOATS.run(moving, [*inputs, *FLOATS.run(still, inputs)])):
        for a, b in zip(found, wanted, strict=True):
            assert np.allclose(a, b, rtol=1e-9, atol=1e-9 * (1 + np.abs(b).max()))
