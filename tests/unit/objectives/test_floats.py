"""Claim: the edge of a tape's domain is where a domain argument vanishes, and float derivatives keep to the domain."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import DomainError
from hallucert.objectives.floats import conditions


@pytest.mark.parametrize(
    "formula",
    [
        "(x**2 - 1)**2/4 + sin(x*y)",
        "log(1 + exp(x)) + sigmoid(y) + silu(x)",
        "tanh(x)/cosh(y)",
        "1/(1 + x**2 + y**4)",
        "sqrt(x**2 + 1) + (exp(y) + 2)**1.5 + exp(-x)**-3",
        "log(3)*x + y/7",
        "log(softplus(x)) + 1/softplus(y)**3 + sqrt(1 + erf(x)**2)",
    ],
)
def test_what_is_defined_everywhere_has_no_conditions(formula):
    """Polynomials, exponentials, and quotients and logarithms of what is positive by its form cost nothing."""
    f = hc.Objective.parse(formula, variables=("x", "y"))
    assert not conditions(f.tape)
    assert f.floats.domain_arguments(np.zeros((3, 2))).shape == (3, 0)
    assert f.floats.nearest_edge(np.zeros(2)) == ""


@pytest.mark.parametrize(
    ("formula", "arguments"),
    [
        ("log(x + 1)", {"x + 1"}),
        ("x/(y - 2)**4", {"y - 2"}),
        ("sqrt(-3*x*(y + 1)**2)", {"x", "y + 1"}),
        ("x**-3 + y**1.5", {"x", "y"}),
        ("1/tan(x)", {"cos(x)", "sin(x)"}),
        ("log(log(x)/y)", {"x", "y", "log(x)"}),
        ("sqrt(x**2 + y**2)", {"x**2 + y**2"}),
        ("exp(x)/(exp(y)*tanh(x))", {"x"}),
        ("1/(softplus(x)*erf(x - 1))", {"x - 1"}),
    ],
)
def test_arguments_are_split_into_factors(formula, arguments):
    """So every zero but those of sums changes a sign: (x + 1)**2 is replaced by x + 1."""
    f = hc.Objective.parse(formula)
    point = np.full(f.dimension, 0.3)
    found = {f.floats.nearest_edge(point)} if len(arguments) == 1 else None
    assert f.floats.domain_arguments(point[None, :]).shape == (1, len(arguments))
    expected = sorted(float(_value(text, f.variables, point)) for text in arguments)
    np.testing.assert_allclose(sorted(f.floats.domain_arguments(point[None, :])[0]), expected, rtol=1e-15)
    assert found in (None, arguments)


def _value(text, variables, point):
    return hc.Objective.parse(text, variables=variables).value(point)


UNDEFINED = [
    ("x**2 + 0*log(x)", (-1.0,)),
    ("x**2 + 0/x", (0.0,)),
    ("x**3 + log(x)", (-2.0,)),
    ("x**2 + 0*sqrt(x - 1)", (0.5,)),
    ("x**2 + exp(-1/x**2)", (0.0,)),
    ("x + y + 0*(x*y)**0.3", (1.0, -1.0)),
    ("x/x + y", (0.0, 1.0)),
    ("y*log(x) - y*log(x) + x**2", (-1.0, 2.0)),
]


@pytest.mark.parametrize(("formula", "point"), UNDEFINED)
def test_derivatives_are_undefined_where_the_function_is(formula, point):
    """Gradient, Hessian and products are NaN on lanes, a DomainError for a point, although 0*log(x) drops out."""
    f = hc.Objective.parse(formula)
    x = np.array([point, np.full(f.dimension, 1.5)])
    for lanes in (f.floats.gradient(x), f.floats.hessian(x), f.floats.hessian_vector(x, np.ones_like(x))):
        assert np.isnan(lanes[0]).all() and np.isfinite(lanes[1]).all()
    for derivative in (f.gradient, f.hessian, lambda p: f.hessian_vector_product(p, np.ones(f.dimension))):
        with pytest.raises(DomainError):
            derivative(point)


def test_guards_change_no_digit_inside():
    """On the domain derivatives are those of the formula without what is dropped, bit by bit."""
    f, plain = (hc.Objective.parse(f"(x**2 - 1)**2/4 + y**2/20{more}") for more in (" + 0*log(x) + 0/(y - 3)", ""))
    x = np.random.default_rng(0).uniform(0.1, 2, (50, 2))
    np.testing.assert_array_equal(f.floats.gradient(x), plain.floats.gradient(x))
    np.testing.assert_array_equal(f.floats.hessian(x), plain.floats.hessian(x))


def test_gradients_of_callables_keep_to_the_domain():
    """A float-only log has no gradient at -1, where autograd gives one, and its domain argument is NaN there."""
    f = hc.Objective.from_callable(lambda x: np.log(x[0]) + x[1] ** 2, 2, rigorous=False)
    x = np.array([[-1.0, 2.0], [0.5, 2.0]])
    np.testing.assert_array_equal(f.floats.gradient(x), [[np.nan, np.nan], [2.0, 4.0]])
    np.testing.assert_array_equal(f.floats.domain_arguments(x), [[np.nan], [1.0]])
