"""The second checker's table of operations: values and derivatives against mpmath."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest

from hallucheck.arithmetic.interval import exact, working_precision
from hallucheck.arithmetic.linear import Vector
from hallucheck.functions.code import PARTIALS, VALUES, Code
from hallucheck.points.composed import substitute, tangents

EXACT = mpmath.mp.clone()
EXACT.dps = 80
AT = (Fraction(7, 10), Fraction(-13, 10), Fraction(3, 8))
OPERATIONS = {
    "const": (0, Fraction(2, 3), lambda: EXACT.mpf(2) / 3),
    "pi": (0, None, lambda: +EXACT.pi),
    "add": (2, None, lambda a, b: a + b),
    "sub": (2, None, lambda a, b: a - b),
    "mul": (2, None, lambda a, b: a * b),
    "div": (2, None, lambda a, b: a / b),
    "neg": (1, None, lambda a: -a),
    "sum": (3, None, lambda a, b, c: a + b + c),
    "dot": (2, None, lambda a, b: a * b),
    "pow": (1, -3, lambda a: a**-3),
    "rpow": (1, Fraction(5, 3), lambda a: a ** (EXACT.mpf(5) / 3)),
    **{name: (1, None, getattr(EXACT, name)) for name in ("exp", "log", "sqrt", "sin", "cos", "tanh", "erf")},
    "softplus": (1, None, lambda a: EXACT.log1p(EXACT.exp(a))),
}


def real(fraction):
    """A fraction at 80 digits."""
    return EXACT.mpf(fraction.numerator) / fraction.denominator


def close(interval, value):
    """Is a number in an interval, but for the error of a numerical derivative, and the interval narrow?"""
    low, high = (real(end) for end in interval.ends())
    return low - EXACT.mpf(10) ** -30 < value < high + EXACT.mpf(10) ** -30 and high - low < EXACT.mpf(10) ** -25


def written(operation, count, data):
    """The operation of so many inputs as code, with its gradient and second derivatives along (1, 2, 3)."""
    code = Code()
    inputs = [code.node("input", (), i) for i in range(count)]
    node = code.node(operation, inputs, data)
    first = code.gradient(node, inputs) if inputs else []
    along = {i: code.constant(k + 1) for k, i in enumerate(inputs)}
    return code, node, first, tangents(code, first, along) if inputs else []


@pytest.mark.parametrize("operation", sorted(VALUES))
def test_operations_and_their_derivatives_are_those_of_mpmath(operation):
    """Value, first and second derivatives of every operation of the table, but of inputs."""
    count, data, oracle = OPERATIONS[operation]
    at = [abs(x) for x in AT] if operation in ("log", "sqrt", "rpow") else list(AT)
    with working_precision(128):
        code, node, first, second = written(operation, count, data)
        values = code.evaluate(Vector(map(exact, at)))
    assert close(values[node], oracle(*map(real, at[:count])))
    for k in range(count):
        orders = tuple(int(i == k) for i in range(count))

        def slope(*x, orders=orders):
            return EXACT.diff(oracle, x, orders)

        point = tuple(map(real, at[:count]))
        assert close(values[first[k]], slope(*point))
        turned = sum((j + 1) * EXACT.diff(slope, point, tuple(int(i == j) for i in range(count))) for j in range(count))
        assert close(values[second[k]], turned)


def test_every_operation_has_a_value_and_derivatives():
    """The two tables know the same operations."""
    assert set(PARTIALS) == {*VALUES, "input"} and set(OPERATIONS) == set(VALUES)


@pytest.mark.parametrize("k", [0, 1, 2])
def test_small_powers_are_differentiated_where_others_are_not_defined(k):
    """At 0, where a negative power is not."""
    code = Code()
    x = code.node("input", (), 0)
    first = code.gradient(code.node("pow", (x,), k), [x])
    second = code.gradient(first[0], [x])
    values = code.evaluate([exact(0)])
    assert [values[i].ends() for i in (*first, *second)] == [(int(k == 1),) * 2, (2 * int(k == 2),) * 2]


def test_a_function_of_a_function_is_put_in():
    """`exp(x y)` with `x + 1` and `x` in place of `x` and `y`."""
    code = Code()
    x, y = (code.node("input", (), i) for i in range(2))
    (node,) = substitute(code, [code.of("exp", code.mul(x, y))], {x: code.of("add", x, code.constant(1)), y: x})
    with working_precision(128):
        assert close(code.evaluate(Vector([exact(2), exact(0)]))[node], EXACT.exp(6))
