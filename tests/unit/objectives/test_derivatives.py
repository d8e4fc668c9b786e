"""Derivative tapes are the derivatives: autograd and mpmath's own differentiation agree with them."""

from fractions import Fraction

import autograd
import autograd.numpy as anp
import mpmath
import numpy as np
import pytest
from autograd.scipy import special
from oracle_arithmetic import DIGITS, Mpmath

from hallucert.objectives.builder import gradient_tape, hessian_tape, jacobian_tape
from hallucert.objectives.floats import directional_tape
from hallucert.objectives.formula import least_squares
from hallucert.objectives.front_ends.parser import parse_tape
from hallucert.objectives.objective import Objective
from hallucert.objectives.tape import Node, Tape

FUNCTIONS = {
    "(x**2 + y - 11)**2 + (x + y**2 - 7)**2": lambda x, y: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2,
    "exp(-x*y)*sin(x + 2*y)/(1 + x**2)": lambda x, y: anp.exp(-x * y) * anp.sin(x + 2 * y) / (1 + x**2),
    "log(x**2 + y**2)*tanh(x - y)": lambda x, y: anp.log(x**2 + y**2) * anp.tanh(x - y),
    "sqrt(1 + x**2*y**2) - cos(x)/y**3": lambda x, y: anp.sqrt(1 + x**2 * y**2) - anp.cos(x) / y**3,
    "x**y + x**2.5 + 2**y": lambda x, y: x**y + x**2.5 + 2**y,
    "sigmoid(x)*softplus(y) + silu(x*y) + cosh(x) - sinh(y)*tan(x/3)": lambda x, y: (
        anp.log(1 + anp.exp(y)) / (1 + anp.exp(-x))
        + x * y / (1 + anp.exp(-x * y))
        + anp.cosh(x)
        - anp.sinh(y) * anp.tan(x / 3)
    ),
    "erf(x - y)*gelu(y) + erfc(x)": lambda x, y: (
        special.erf(x - y) * y * (1 + special.erf(y / 2**0.5)) / 2 + special.erfc(x)
    ),
}
POINTS = np.array([[0.7, 1.3], [1.9, 0.4], [2.2, 2.6]])


@pytest.mark.parametrize("formula", FUNCTIONS)
def test_value_gradient_hessian_and_products_agree_with_autograd(formula):
    """Floats: value, gradient, Hessian and Hessian-vector products are autograd's, at one point and on lanes."""
    f, oracle = Objective.parse(formula), lambda p: FUNCTIONS[formula](p[0], p[1])
    v = np.array([0.3, -1.1])
    for p in POINTS:
        hessian = autograd.hessian(oracle)(p)
        np.testing.assert_allclose(f.value(p), oracle(p), rtol=1e-13)
        np.testing.assert_allclose(f.gradient(p), autograd.grad(oracle)(p), rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(f.hessian(p), hessian, rtol=1e-10, atol=1e-11)
        np.testing.assert_allclose(f.hessian_vector_product(p, v), hessian @ v, rtol=1e-10, atol=1e-11)
    np.testing.assert_array_equal(f.gradient(POINTS), [f.gradient(p) for p in POINTS])


@pytest.mark.parametrize("formula", FUNCTIONS)
def test_gradient_and_hessian_tapes_agree_with_mpmath_differentiation(formula):
    """At 50 digits the tapes agree with mpmath's numerical differentiation of the function to 15 digits."""
    tape = parse_tape([formula])
    with mpmath.workdps(DIGITS):
        x = [mpmath.mpf("0.83"), mpmath.mpf("1.27")]

        def f(*p):
            return tape.evaluate(Mpmath(), p)[0]

        gradient = gradient_tape(tape).evaluate(Mpmath(), x)
        hessian = hessian_tape(gradient_tape(tape)).evaluate(Mpmath(), x)
        for got, order in zip(gradient + hessian, [(1, 0), (0, 1), (2, 0), (1, 1), (0, 2)], strict=True):
            assert abs(got - mpmath.diff(f, x, order)) < mpmath.mpf(10) ** -15


@pytest.mark.parametrize("formula", FUNCTIONS)
def test_directional_derivative_is_gradient_dot_direction(formula):
    """Forward mode and reverse mode agree: D f(x) v = <grad f(x), v> to 45 digits."""
    tape = parse_tape([formula])
    with mpmath.workdps(DIGITS):
        x, v = [mpmath.mpf("0.83"), mpmath.mpf("1.27")], [mpmath.mpf("0.3"), mpmath.mpf("-2.1")]
        gradient = gradient_tape(tape).evaluate(Mpmath(), x)
        along = directional_tape(tape).evaluate(Mpmath(), x + v)[0]
        assert abs(along - mpmath.fdot(gradient, v)) < mpmath.mpf(10) ** -45


def test_jacobian_rows_are_gradients():
    """Row i of the Jacobian is the gradient of output i, and f = |r|^2/(2n) has gradient Dr^T r/n."""
    r = parse_tape(["x**2 + y**2 - 1", "x*y - 2", "exp(x) - y"])
    with mpmath.workdps(DIGITS):
        x = [mpmath.mpf("0.6"), mpmath.mpf("1.4")]
        rows = mpmath.matrix(3, 2)
        for i, entry in enumerate(jacobian_tape(r).evaluate(Mpmath(), x)):
            rows[i // 2, i % 2] = entry
        exact = [[2 * x[0], 2 * x[1]], [x[1], x[0]], [mpmath.exp(x[0]), -1]]
        assert mpmath.norm(rows - mpmath.matrix(exact)) < mpmath.mpf(10) ** -45
        gradient = gradient_tape(least_squares(r, 5).tape).evaluate(Mpmath(), x)
        by_hand = rows.T * mpmath.matrix(r.evaluate(Mpmath(), x)) / 5
        assert mpmath.norm(mpmath.matrix(gradient) - by_hand) < mpmath.mpf(10) ** -45


def test_a_tape_with_a_node_twice_is_differentiated_all_the_same():
    """exp(x) exp(x) + 3, written with two exponentials and two variables: the derivative is 2 exp(2x)."""
    nodes = (
        Node("var", 0),
        Node("exp", 0),
        Node("var", 0),
        Node("exp", 2),
        Node("mul", 1, 3),
        Node("const", value=Fraction(3)),
    )
    tape = Tape(("x",), (*nodes, Node("add", 4, 5)), (6,))
    (slope,) = hessian_tape(tape).evaluate(Mpmath(), [mpmath.mpf(1) / 3])
    assert abs(slope - 2 * mpmath.exp(mpmath.mpf(2) / 3)) < 1e-12
