"""Derivatives of array programs are those that autograd takes of the same functions, written in numpy."""

import autograd
import numpy as np
import program_samples as samples
import pytest

from hallucert.objectives.program.derivatives import pullback, pushforward
from hallucert.objectives.program.evaluate import FloatArrays

FLOATS = FloatArrays()


def flat_function(name):
    """The numpy function of one flat vector, for autograd."""
    shapes, _, function = samples.SAMPLES[name]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])

    def whole(x):
        return function(*(x[end - int(np.prod(s)) : end].reshape(s) for end, s in zip(ends, shapes, strict=True)))

    return whole


def flat(arrays):
    return np.concatenate([np.reshape(a, -1) for a in arrays])


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_values_gradients_and_second_derivatives_are_autograds(name):
    """The value, the pullback of 1, and the pushforward of the pullback agree with autograd to rounding."""
    program, x = samples.program(name), samples.points(name)
    v = [np.sin(np.arange(a.size) + 1.0).reshape(a.shape) for a in x]
    function = flat_function(name)
    assert np.allclose(FLOATS.run(program, x)[0], function(flat(x)), rtol=1e-13, atol=1e-13)
    back = pullback(program)
    one = np.array(1.0)
    gradient = FLOATS.run(back, [*x, one])
    assert np.allclose(flat(gradient), autograd.grad(function)(flat(x)), rtol=1e-12, atol=1e-12)
    forward = FLOATS.run(pushforward(back), [*x, one, *v, np.array(0.0)])
    wanted = autograd.hessian_vector_product(function)(flat(x), flat(v))
    assert np.allclose(flat(forward[len(x) :]), wanted, rtol=1e-11, atol=1e-11)


def test_tangents_and_cotangents_are_adjoint():
    """``<w, J v> = <J^T w, v>`` for a program with a vector of outputs."""
    from hallucert.objectives.program.builder import ProgramBuilder

    b = ProgramBuilder([(3,), (2, 3)])
    x, y = b.input(0), b.input(1)
    program = b.program([b.contract("ij,j->i", b.unary("tanh", y), x), b.unary("exp", x)])
    rng = np.random.default_rng(3)
    inputs, v = [rng.normal(size=s) for s in program.inputs], [rng.normal(size=s) for s in program.inputs]
    w = [rng.normal(size=s) for s in program.output_shapes]
    tangents = FLOATS.run(pushforward(program), [*inputs, *v])[2:]
    cotangents = FLOATS.run(pullback(program), [*inputs, *w])
    assert np.isclose(flat(w) @ flat(tangents), flat(cotangents) @ flat(v), rtol=1e-13)


def test_what_does_not_depend_on_an_input_has_derivative_zero():
    """An input that is not read gets a cotangent of zeros, a constant output a tangent of zeros."""
    from hallucert.objectives.program.builder import ProgramBuilder

    b = ProgramBuilder([(2,), (3,)])
    program = b.program([b.contract("m,m->", b.input(0), b.input(0)), b.array([1.0, 2.0])])
    x = [np.array([1.0, 2.0]), np.ones(3)]
    assert [a.tolist() for a in FLOATS.run(pullback(program), [*x, np.array(1.0), np.zeros(2)])] == [[2, 4], [0, 0, 0]]
    assert FLOATS.run(pushforward(program), [*x, *x])[3].tolist() == [0, 0]


def test_numbers_without_axes_have_derivatives():
    """Inputs and values of shape (): ``exp(x) * sum(x y)``."""
    from hallucert.objectives.program.builder import ProgramBuilder

    b = ProgramBuilder([(), (2,)])
    product = b.mul(b.unary("exp", b.input(0)), b.sum(b.mul(b.input(0), b.input(1)), [0]))
    program = b.program([b.reshape(b.reshape(product, (1,)), ())])
    x, y = np.array(0.5), np.array([1.0, 2.0])
    back = pullback(program)
    slope, across = FLOATS.run(back, [x, y, np.array(1.0)])
    assert np.isclose(slope, np.exp(0.5) * 3 * 1.5) and np.allclose(across, np.exp(0.5) * 0.5)
    second = FLOATS.run(pushforward(back), [x, y, np.array(1.0), np.array(1.0), np.zeros(2), np.array(0.0)])
    assert np.isclose(second[2], np.exp(0.5) * 3 * 2.5)
