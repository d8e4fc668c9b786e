"""The SAM map on a slice is what autograd makes of a least-squares loss that numpy computes."""

from fractions import Fraction

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

from hallucert.objectives.program import layers
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.evaluate import FloatArrays
from hallucert.objectives.program.objective import ProgramObjective
from hallucert.objectives.program.reassociate import reassociated
from hallucert.objectives.program.sliced import SlicedPrograms

RNG = np.random.default_rng(4)
DATA, TARGETS = RNG.normal(size=(3, 20)), RNG.normal(size=(3, 2))
SHAPES = [(5, 20), (5,), (2, 5)]
ENDS = [100, 105, 115]
RHO = Fraction(3, 4)


def network():
    """A network 20-5-2 of 115 parameters with 6 residuals."""
    b = ProgramBuilder(SHAPES)
    hidden = b.unary("tanh", layers.linear(b, b.array(DATA), b.input(0), b.input(1)))
    out = layers.linear(b, hidden, b.input(2), None)
    return ProgramObjective(b.program([b.reshape(b.sub(out, b.array(TARGETS)), (6,))]), ["w", "c", "v"], 3)


def r(x):
    w, c, v = anp.reshape(x[:100], (5, 20)), x[100:105], anp.reshape(x[105:], (2, 5))
    return anp.reshape(anp.dot(anp.tanh(anp.dot(DATA, w.T) + c), v.T) - TARGETS, (6,))


def f(x):
    return anp.sum(r(x) ** 2) / 6


def direction(x):
    g = autograd.grad(f)(x)
    return g / anp.sqrt(anp.sum(g**2))


def plus(x):
    return x + 0.75 * direction(x)


POINT, Z, V = RNG.normal(size=115), RNG.normal(size=6) / 50, RNG.normal(size=115)


def wanted():
    """The values of all programs, by autograd."""
    slice_ = autograd.jacobian(r)(plus(POINT)).T
    x = POINT + slice_ @ Z
    a, b = autograd.jacobian(lambda y: r(plus(y)))(x), autograd.jacobian(r)(plus(x))
    g, hessian = autograd.grad(f)(x), autograd.hessian(f)(x)
    return {
        "residual": [r(plus(x))],
        "jacobian": [(a @ slice_).T],
        "kernel": [(a @ b.T).T, b @ b.T],
        "square": [a @ a.T],
        "hessian": np.split(hessian @ V, ENDS[:-1]),
        "curvature": [V @ hessian @ V, g @ V, g @ hessian @ V, g @ hessian @ g, V @ V],
        "scalars": [np.linalg.norm(autograd.grad(f)(x)), f(x), f(plus(x))],
        "move": np.split(slice_ @ Z, ENDS[:-1]),
        "back": [part.T for part in np.split(autograd.jacobian(lambda y: r(plus(y)))(POINT).T, ENDS[:-1])],
        "gram": [(b := autograd.jacobian(lambda y: r(plus(y)))(POINT)) @ b.T],
    }


@pytest.mark.parametrize("form", [lambda program, lanes: program, reassociated])
def test_programs_of_the_slice_are_those_of_autograd(form):
    """Residuals, matrices, curvature and scalars on the slice agree with autograd, also in Gram form."""
    objective = network()
    programs, x0 = SlicedPrograms(objective, RHO), objective.split(POINT)
    for name, values in wanted().items():
        program = getattr(programs, name)
        at = x0 if name in ("back", "gram") else [*x0, Z]
        directions = objective.split(V) if name in ("hessian", "curvature") else [np.eye(6)]
        others = directions[: len(program.inputs) - len(at)]
        found = FloatArrays().run(form(program, range(len(at), len(program.inputs))), [*at, *others])
        for a, b in zip(found, values, strict=True):
            assert np.allclose(a.reshape(b.shape), b, rtol=1e-12, atol=1e-13), name


@pytest.mark.parametrize(("name", "last"), [("kernel", 4), ("gram", 3)])
def test_no_lane_has_as_many_entries_as_there_are_parameters(name, last):
    """In Gram form nothing that depends on the direction is larger than the data's activations and cotangents."""
    program = reassociated(getattr(SlicedPrograms(network(), RHO), name), [last])
    lanes: list[bool] = []
    for node in program.nodes:
        lanes.append(node.data == last if node.op == "input" else any(lanes[i] for i in node.args))
    assert max(np.prod(node.shape) for node, many in zip(program.nodes, lanes, strict=True) if many) <= 3 * 5
