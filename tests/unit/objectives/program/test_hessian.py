"""Hessians and Jacobians of array programs in all directions at once are autograd's, and differences of values."""

from fractions import Fraction

import autograd
import autograd.numpy as anp
import numpy as np
import program_samples as samples
import pytest
from random_programs import Maker

from hallucert.balls import arithmetic
from hallucert.objectives.program import layers
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.calculus import Calculus, Run
from hallucert.objectives.program.evaluate import BallArrays, FloatArrays
from hallucert.objectives.program.hessian import Entries
from hallucert.objectives.program.objective import ProgramObjective

RNG = np.random.default_rng(0)
SENTENCES, IMAGES = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(2, 1, 4))


def cut(x, shapes):
    """The arrays of a flat vector."""
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    return [anp.reshape(x[e - int(np.prod(s)) : e], s) for e, s in zip(ends, shapes, strict=True)]


def sentences(b, w, c, v):
    """A layer on sentences with a skip, its scale shared with what follows: residuals."""
    y = layers.linear(b, b.array(SENTENCES), w, c)
    z = b.add(y, b.unary("tanh", layers.linear(b, y, w, None)))
    return b.reshape(b.mul(z, b.broadcast(v, [2], b.shape(z))), (24,))


def images(b, k, c):
    """Two convolutions, the second with the kernel of the first: residuals."""
    y = b.unary("sin", layers.convolution(b, b.array(IMAGES), k, c, (1,), (1,), (1,)))
    return b.reshape(layers.convolution(b, y, k, c, (1,), (0,), (1,)), (4,))


def convolved(x, k, c):
    return anp.stack([sum(x[:, i + t] * k[t] for t in range(3)) for i in range(x.shape[1] - 2)], axis=1) + c


RESIDUALS = {
    "sentences": (
        [(4, 4), (4,), (4,)],
        sentences,
        lambda w, c, v: (lambda y: anp.reshape((y + anp.tanh(y @ w.T)) * v, (-1,)))(SENTENCES @ w.T + c),
    ),
    "images": (
        [(1, 1, 3), (1,)],
        images,
        lambda k, c: anp.reshape(
            convolved(
                anp.sin(convolved(np.pad(IMAGES[:, 0], ((0, 0), (1, 1))), anp.reshape(k, (-1,)), c)),
                anp.reshape(k, (-1,)),
                c,
            ),
            (-1,),
        ),
    ),
}


def run(program, x, n=1):
    """A run at one point, or at lanes."""
    arrays, start = [], 0
    for shape in program.inputs:
        size = int(np.prod(shape))
        arrays.append(x[..., start : start + size].reshape((*x.shape[:-1], *shape)))
        start += size
    return Run(Calculus(program, Fraction(n)), FloatArrays(), arrays)


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_hessians_are_autograds(name):
    """Of every operation, at a point and at lanes of points; exactly symmetric."""
    shapes, _, function = samples.SAMPLES[name]
    program, x = samples.program(name), np.concatenate([a.reshape(-1) for a in samples.points(name)])
    lanes = np.array([x, 0.9 * x, x + 0.125])
    wanted = np.array([autograd.hessian(lambda y: function(*cut(y, shapes)))(point) for point in lanes])
    assert np.allclose(run(program, x).hessian(), wanted[0], rtol=1e-11, atol=1e-11)
    found = np.broadcast_to(run(program, lanes).hessian(), wanted.shape)
    assert np.allclose(found, wanted, rtol=1e-11, atol=1e-11)
    assert (found == found.swapaxes(1, 2)).all()


@pytest.mark.parametrize("name", RESIDUALS)
def test_jacobians_and_hessians_of_residuals_are_autograds(name):
    """Where arrays are used twice, on axes that stay and axes that are cut anew."""
    shapes, build, function = RESIDUALS[name]
    b = ProgramBuilder(shapes)
    program = b.program([build(b, *(b.input(i) for i in range(len(shapes))))])
    lanes = RNG.normal(size=(2, sum(int(np.prod(shape)) for shape in shapes)))
    n = program.output_shapes[0][0]

    def loss(x):
        return anp.sum(function(*cut(x, shapes)) ** 2) / (2 * n)

    for x in lanes:
        j = run(program, x).jacobian()
        assert np.allclose(j, autograd.jacobian(lambda y: function(*cut(y, shapes)))(x), rtol=1e-12, atol=1e-12)
        assert np.allclose(run(program, x, n).hessian(), autograd.hessian(loss)(x), rtol=1e-11, atol=1e-12)
    assert np.allclose(run(program, lanes).jacobian()[1], run(program, lanes[1]).jacobian(), rtol=1e-13)
    assert np.allclose(run(program, lanes, n).hessian()[1], run(program, lanes[1], n).hessian(), rtol=1e-12)


def test_entries_that_no_node_reaches_are_zero_and_others_are_added():
    """By hand: two nodes that meet in one place."""
    entries = Entries((2, 2))
    entries.place(0, 2, [(np.array([0, 1]), np.array([0, 3]))])
    entries.place(1, 2, [(np.array([0, 1]), np.array([3, 1]))])
    zero = np.array(0.0)
    assert entries.assembled([np.array([1.0, 2.0]), np.array([10.0, 20.0])], zero).tolist() == [[1, 20], [0, 12]]
    start = np.full((2, 2), 100.0)
    found = entries.assembled([np.array([1.0, 2.0]), np.array([10.0, 20.0])], zero, start)
    assert found.tolist() == [[101, 120], [100, 112]]


def test_a_sum_over_an_axis_that_nothing_varies_along_has_all_its_terms():
    """``|z z^T|`` of rows that are constant, added up: by hand, 3 sum_ik s_i s_k has the Hessian 6 everywhere."""
    b = ProgramBuilder([(2,)])
    z = b.broadcast(b.input(0), [0], (2, 3))
    program = b.program([b.sum(b.contract("ij,kj->ik", z, z), [0, 1])])
    assert (run(program, np.array([0.5, -2.0])).hessian() == 6).all()
    square = b.program([b.contract("ij,ij->", z, z)])
    assert (run(square, np.array([0.5, -2.0])).hessian() == np.diag([6, 6])).all()


def test_a_sum_over_copies_counts_them():
    """``sum over 3 copies of x`` has the Jacobian 3, whatever comes before: here also of ``x^2``."""
    b = ProgramBuilder([(2,)])
    x = b.input(0)
    copies = [b.sum(b.broadcast(part, [0], (2, 3)), [1]) for part in (x, b.power(x, 2))]
    for node, slopes in zip(copies, ([3.0, 3.0], [3.0, -12.0]), strict=True):
        assert (run(b.program([node]), np.array([0.5, -2.0])).jacobian() == np.diag(slopes)).all()


STEP = Fraction(1, 2**200)
BITS = 900


@pytest.mark.parametrize("seed", range(25))
def test_hessians_are_second_differences_of_values(seed):
    """Of random programs, half of them in residual form: in 900 bits, from values alone, in random directions."""
    rng, ar = np.random.default_rng(seed), arithmetic("arb", BITS)
    maker = Maker(rng)
    program, point = maker.make(8)
    if seed % 2:
        program = maker.builder.program([maker.builder.reshape(maker.nodes[-1], (maker.rows * maker.columns,))])
    f = ProgramObjective(program, ["a", "b"], n=3 if seed % 2 else 1)
    x = [Fraction(float(v)) for part in point for v in part.reshape(-1)]
    v, w = ([Fraction(int(i)) for i in rng.integers(-9, 10, size=len(x))] for _ in range(2))

    def value(a, b):
        moved = [ar.constant(c + STEP * (a * s + b * t)) for c, s, t in zip(x, v, w, strict=True)]
        values = BallArrays(ar).run(program, f.split(np.array(moved, dtype=object)))[0].reshape(-1)
        return values[0] if not seed % 2 else sum(r * r for r in values) / 6

    with ar:
        rows = f.enclose_hessian(ar, [ar.constant(c) for c in x])
        found = sum(
            ar.constant(s) * h * ar.constant(t)
            for s, row in zip(v, rows, strict=True)
            for h, t in zip(row, w, strict=True)
        )
        wanted = (value(1, 1) - value(1, 0) - value(0, 1) + value(0, 0)) / ar.constant(STEP * STEP)
        error, size = (abs(ar.approximate(part)) for part in (found - wanted, wanted))
    assert error <= 1e-30 * (size + 1)
