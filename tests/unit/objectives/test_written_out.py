"""Small array programs written out as formulas are the same functions, and larger ones are refused."""

from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.errors import NotAnalyticError
from hallucert.objectives.program import layers
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.objective import ProgramObjective

DATA = np.array([[0.5, -1.0], [2.0, 0.25]])


def classifier():
    """A softmax classifier with softplus units and weight decay: a value."""
    b = ProgramBuilder([(2, 2), (2,)])
    w, c = b.input(0), b.input(1)
    outputs = b.unary("softplus", layers.linear(b, b.array(DATA), w, c))
    loss = layers.cross_entropy(b, outputs, np.array([0, 1]), layers.HALF)
    return ProgramObjective(b.program([b.add(loss, layers.decay(b, [w, c], Fraction(1, 3)))]), ["0.weight", "0.bias"])


def test_a_value_is_written_out():
    """In variables of its own where the names of the parameters are none; numbers agree to rounding."""
    f = classifier()
    g, x = f.as_formula(), np.random.default_rng(0).normal(size=(3, 6))
    assert g.variables == ("x1", "x2", "x3", "x4", "x5", "x6") and g.residual_count == 0
    np.testing.assert_allclose(g.value(x), f.value(x), rtol=1e-13)
    np.testing.assert_allclose(g.hessian(x), f.hessian(x), rtol=1e-10, atol=1e-13)


def test_residuals_are_written_out_with_the_names_of_the_network():
    """Residuals and their ``n`` stay what they are."""
    f = hc.TanhNetwork((2, 1, 1), DATA, [1.0, -1.0], output="tanh")
    g, x = f.as_formula(), np.linspace(-1, 1, 5)
    assert (g.variables, g.n, g.residual_count) == (f.variables, 2, 2)
    np.testing.assert_allclose(g.residual(x), f.residual(x), rtol=1e-13)
    np.testing.assert_allclose(g.residual_jacobian(x), f.residual_jacobian(x), rtol=1e-12)


def test_large_programs_are_not_written_out():
    """13 parameters are too many."""
    with pytest.raises(NotAnalyticError, match="at most 12 parameters"):
        hc.TanhNetwork((2, 3, 1), DATA, [1.0, -1.0]).as_formula()


@pytest.mark.parametrize("op", ["take", "put"])
def test_an_operation_that_nobody_reads_keeps_its_domain(op):
    """A logarithm whose value goes nowhere leaves both undefined for negative numbers, and a sine changes nothing."""
    for function, undefined in (("log", True), ("sin", False)):
        b = ProgramBuilder([(1,)])
        x = b.input(0)
        none = getattr(b, op)(b.unary(function, x), np.array([-1]), *([(1,)] if op == "put" else []))
        f = ProgramObjective(b.program([b.sum(b.add(b.power(x, 2), none), [0])]), ["x"])
        g = f.as_formula()
        for at in (2.0, -2.0):
            ar = arithmetic("arb", 53)
            for h in (f, g):
                assert ar.is_finite(h.enclose_value(ar, [ar.from_float(at)])) is not (undefined and at < 0)
        assert ("log" in str(g.to_json())) is undefined
