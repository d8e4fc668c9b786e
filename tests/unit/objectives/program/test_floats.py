"""Plans of array programs in doubles do what the programs do, whatever is written in place or left unrepeated."""

from fractions import Fraction

import numpy as np
import program_samples as samples
import pytest

from hallucert.objectives.program import floats
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.derivatives import pullback, pushforward
from hallucert.objectives.program.evaluate import FloatArrays
from hallucert.objectives.program.floats import FloatPlan

ARRAYS = FloatArrays()


def assert_same(plan, program, inputs, lanes):
    """Fail unless the plan gives what a run gives, leaves its inputs alone, and gives it again."""
    copies = [a.copy() for a in inputs]
    wanted = [
        np.broadcast_to(a, (lanes, *s)) for a, s in zip(ARRAYS.run(program, copies), program.output_shapes, strict=True)
    ]
    for _ in range(2):
        for mine, other in zip(plan.on_lanes(inputs, lanes), wanted, strict=True):
            assert np.allclose(mine, other, rtol=1e-12, atol=1e-12)
    assert all((a == b).all() for a, b in zip(inputs, copies, strict=True))


@pytest.mark.parametrize("most", [None, 2])
@pytest.mark.parametrize("name", samples.SAMPLES)
def test_plans_give_what_runs_give(monkeypatch, name, most):
    """Values, gradients, and second derivatives along lanes of directions at one point; all at once or in pieces."""
    program, x = samples.program(name), samples.points(name, 5)
    back = pullback(program)
    second, point = pushforward(back), [a[0] for a in x]
    cases = [
        (program, x, [True] * len(x)),
        (back, [*x, np.ones(5)], [True] * (len(x) + 1)),
        (second, [*point, np.array(1.0), *x, np.zeros(5)], [False] * (len(x) + 1) + [True] * (len(x) + 1)),
    ]
    for case, inputs, lanes in cases:
        plan = FloatPlan(case, lanes)
        if most is not None:
            plan.most = most
        assert_same(plan, case, inputs, 5)


def test_an_array_that_is_read_again_is_not_written_over():
    """``tanh(y) + y`` and ``y`` itself, with a view of ``y`` that is read last."""
    b = ProgramBuilder([(2, 3)])
    y = b.scale(Fraction(2), b.input(0))
    turned = b.transpose(y, [1, 0])
    z = b.add(b.unary("tanh", y), b.power(y, 2))
    program = b.program([z, b.add(turned, b.array(np.ones((3, 2)))), b.unary("exp", b.unary("sin", z))])
    assert_same(FloatPlan(program, [True]), program, [np.random.default_rng(0).normal(size=(4, 2, 3))], 4)


def test_lanes_are_cut_where_memory_ends(monkeypatch):
    """So few lanes are run at a time that no array has more than `SLICE` numbers."""
    monkeypatch.setattr(floats, "SLICE", 20)
    b = ProgramBuilder([(3,)])
    program = b.program([b.sum(b.broadcast(b.input(0), [1], (2, 3)), [0])])
    plan, x = FloatPlan(program, [True]), np.arange(30.0).reshape(10, 3)
    assert plan.most == 3
    assert (plan.on_lanes([x], 10)[0] == 2 * x).all()
