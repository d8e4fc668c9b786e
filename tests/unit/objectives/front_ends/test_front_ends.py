"""Formula, sympy expression, traced callable and float-only callable give the same function."""

import math
import traceback
from fractions import Fraction

import autograd.numpy as anp
import numpy as np
import pytest
import sympy as sp

from hallucert.errors import ArgumentError, NotAnalyticError
from hallucert.objectives.front_ends.from_callable import trace
from hallucert.objectives.objective import Objective

x, y, z = sp.symbols("x0 x1 x2")
SAME = [
    (
        "(x0**2 + x1 - 11)**2 + (x0 + x1**2 - 7)**2 + x2**2",
        (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2 + z**2,
        lambda p: (p[0] ** 2 + p[1] - 11) ** 2 + (p[0] + p[1] ** 2 - 7) ** 2 + p[2] ** 2,
    ),
    (
        "exp(-x0)*sin(x1) + log(x2)/x0 - x1/x2",
        sp.exp(-x) * sp.sin(y) + sp.log(z) / x - y / z,
        lambda p: np.exp(-p[0]) * np.sin(p[1]) + np.log(p[2]) / p[0] - p[1] / p[2],
    ),
    (
        "tanh(x0 + 2*x1 + 3*x2) + sqrt(x0**2 + x1**2 + x2**2)",
        sp.tanh(x + 2 * y + 3 * z) + sp.sqrt(x**2 + y**2 + z**2),
        lambda p: np.tanh(np.array([1.0, 2.0, 3.0]) @ p) + np.linalg.norm(p),
    ),
    (
        "cosh(x0)*tan(x1/4) + x2**2.5 + pi*x0 + 2**x1 + x0**x1",
        sp.cosh(x) * sp.tan(y / 4) + z ** sp.Rational(5, 2) + sp.pi * x + 2**y + x**y,
        lambda p: np.cosh(p[0]) * np.tan(p[1] / 4) + p[2] ** 2.5 + np.pi * p[0] + 2 ** p[1] + p[0] ** p[1],
    ),
]
POINTS = np.array([[0.7, 1.3, 2.1], [1.8, 0.2, 0.9]])
MATRIX = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 10.0]])


@pytest.mark.parametrize(("formula", "expression", "function"), SAME)
def test_front_ends_agree(formula, expression, function):
    """Value, gradient and Hessian agree between the four ways to write one function."""
    reference = Objective.parse(formula)
    others = [
        Objective.from_sympy(expression),
        Objective.from_callable(function, 3),
        Objective.from_callable(function, 3, rigorous=False),
    ]
    for other in others:
        assert other.variables == reference.variables
        for quantity in ("value", "gradient", "hessian"):
            got, expected = getattr(other, quantity)(POINTS), getattr(reference, quantity)(POINTS)
            np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


NUMPY_STYLE = [
    lambda p: np.float64(2) * p[0] + p[1] * np.float64(3) + np.int64(4) * p[2],
    lambda p: p @ MATRIX @ p,
    lambda p: np.dot(p, MATRIX.dot(p)) + np.inner(p, p) + np.vdot(p, p),
    lambda p: p.sum() + p.mean() * p.prod() + np.var(p),
    lambda p: np.mean(p[:2]) * np.prod(p[1:]) + np.sum([v * v for v in p]),
    lambda p: np.sum((p[1:] - p[:-1] ** 2) ** 2 + (1 - p[:-1]) ** 2),
    lambda p: sum(v**i for i, v in enumerate(p)),
    lambda p: np.einsum("i,ij,j", p, MATRIX, p),
    lambda p: np.stack([p, p**2]).sum() + np.concatenate([p, p]).sum(),
    lambda p: (p.reshape(3, 1) * MATRIX).sum() + np.outer(p, p).sum(),
    lambda p: np.log1p(p[0]) + np.expm1(p[1]) + np.log2(p[0]) + np.log10(p[1]) + np.exp2(p[2]),
    lambda p: np.square(p).sum() + np.reciprocal(p[0]) + np.power(p, 3).sum() + np.negative(p[1]),
    lambda p: np.sum(p * np.array([True, False, True])) + np.array(2.0) * p[0] + p[0] * np.array(2.0),
    lambda p: anp.sum(anp.sin(p) ** 2),
]


@pytest.mark.parametrize("function", NUMPY_STYLE)
def test_numpy_idioms_trace_to_what_numpy_computes(function):
    """Slices, loops, products, reductions and numpy scalars are recorded as numpy carries them out."""
    f = Objective.from_callable(function, 3)
    for p in POINTS:
        assert f.value(p) == pytest.approx(function(p), rel=1e-13)


def test_constants_are_exact():
    """A float is the dyadic it is; Fractions and sympy rationals are themselves; a sympy Float is what it holds."""
    tenth = Fraction(1, 10)
    assert Fraction(0.1) in {n.value for n in trace(lambda p: 0.1 * p[0], 1).nodes}
    assert tenth in {n.value for n in trace(lambda p: tenth * p[0], 1).nodes}
    assert tenth in {n.value for n in Objective.from_sympy(x / 10).tape.nodes}
    assert Fraction(0.1) in {n.value for n in Objective.from_sympy(sp.Float(0.1) * x).tape.nodes}


def branches(p):
    return p[0] if p[0] > 0 else p[1]


CANNOT_TRACE = [
    branches,
    lambda p: abs(p[0]),
    lambda p: np.abs(p).sum(),
    lambda p: max(p),
    lambda p: np.max(p),
    lambda p: np.maximum(p, 0).sum(),
    lambda p: np.where(p > 0, p, 0).sum(),
    lambda p: np.clip(p, 0, 1).sum(),
    lambda p: np.sort(p)[0],
    lambda p: float(p[0]) * p[1],
    lambda p: int(p[0]) * p[1],
    lambda p: math.exp(p[0]),
    lambda p: p[0] % 2,
    lambda p: p[0] // 2,
    lambda p: round(p[0]),
    lambda p: np.floor(p).sum(),
    lambda p: np.sign(p).sum(),
    lambda p: p[0] if p[0] else p[1],
    lambda p: (p[0] == 1) * p[1],
    lambda p: np.array(p, dtype=float).sum(),
    lambda p: np.arctan(p[0]),
    lambda p: p.argmax() * p[0],
]


@pytest.mark.parametrize("function", CANNOT_TRACE)
def test_what_depends_on_values_or_has_kinks_is_refused(function):
    """Branches, conversions and non-analytic functions raise NotAnalyticError, which gives reason and alternative."""
    with pytest.raises(NotAnalyticError, match=r"rigorous=False|unknown function"):
        Objective.from_callable(function, 3)


@pytest.mark.parametrize(
    "function",
    [lambda p: p, lambda p: p[:1], lambda p: [p[0]], lambda p: None, lambda p: "a", lambda p: 3.0, lambda p: 0 * p[0],
     lambda p: p[0] * np.inf, lambda p: p[0] / 0, lambda p: p[0] * 1j],
)  # fmt: skip
def test_results_that_are_no_objective_are_refused(function):
    """The result must be one real number that depends on x."""
    with pytest.raises(ArgumentError):
        Objective.from_callable(function, 3)


@pytest.mark.parametrize(
    ("function", "own"),
    [
        (lambda p: p[5], IndexError),
        (lambda p: p[0] * (1 / 0), ZeroDivisionError),
        (lambda p: p[0] + "a", TypeError),
        (lambda p: p.nothing, AttributeError),
    ],
)
def test_errors_of_the_function_itself_are_named_as_such(function, own):
    """An error inside the user's function is refused as one of tracing it, and is the cause, with its traceback."""
    with pytest.raises(
        ArgumentError, match=rf"^function must run when it is traced.*raises {own.__name__}: "
    ) as caught:
        Objective.from_callable(function, 3)
    cause = caught.value.__cause__
    assert type(cause) is own
    assert traceback.extract_tb(cause.__traceback__)[-1].filename == __file__


def test_a_number_of_another_trace_is_refused():
    """Numbers kept from one call cannot enter another."""
    kept = []
    trace(lambda p: kept.append(p[0]) or p[0], 1)
    with pytest.raises(ArgumentError, match="another trace"):
        trace(lambda p: kept[0], 1)
    with pytest.raises(ArgumentError, match="another trace"):
        trace(lambda p: p[0] + kept[0], 1)


@pytest.mark.parametrize("dimension", [0, -1, 2.0, "2", True, 10**6])
def test_dimension_must_be_a_positive_integer(dimension):
    """Both kinds of callable check the dimension."""
    for rigorous in (True, False):
        with pytest.raises(ArgumentError, match="dimension"):
            Objective.from_callable(lambda p: p[0], dimension, rigorous=rigorous)


@pytest.mark.parametrize(
    ("expression", "error"),
    [(sp.Abs(x), NotAnalyticError), (sp.Max(x, y), NotAnalyticError), (sp.Min(x, y), NotAnalyticError),
     (sp.Piecewise((x, x > 0), (y, True)), NotAnalyticError), (sp.sign(x), NotAnalyticError),
     (sp.Heaviside(x), NotAnalyticError), (sp.floor(x), NotAnalyticError), (sp.ceiling(x), NotAnalyticError),
     (sp.Mod(x, 2), NotAnalyticError), (sp.I * x, ArgumentError), (sp.gamma(x), ArgumentError),
     (sp.Function("f")(x), ArgumentError), (sp.Function("exp")(x), ArgumentError), (sp.oo * x, ArgumentError),
     (sp.Integral(sp.exp(x**2), (x, 0, y)), ArgumentError), (sp.Float("1e100000") * x, ArgumentError),
     (sp.Integer(3), ArgumentError), (x > 0, ArgumentError), ("x", ArgumentError),
     (sp.Symbol("x", positive=True) + sp.Symbol("x"), ArgumentError), (sp.Symbol("x_{1}"), ArgumentError)],
)  # fmt: skip
def test_sympy_expressions_without_a_tape_are_refused(expression, error):
    """What is not analytic, not real or not known is refused by name."""
    with pytest.raises(error):
        Objective.from_sympy(expression)


def test_sympy_variables():
    """Symbols come in natural order, or in the order given, and every symbol must be listed."""
    a2, a10 = sp.symbols("a2 a10")
    assert Objective.from_sympy(a10 + a2).variables == ("a2", "a10")
    assert Objective.from_sympy(a10 + a2, [a10, a2]).variables == ("a10", "a2")
    assert Objective.from_sympy(a2, ["a2", "b"]).variables == ("a2", "b")
    for wrong in ([a2], "a2", [a2, 3], [sp.Symbol("a2", real=True), a10]):
        with pytest.raises(ArgumentError):
            Objective.from_sympy(a10 + a2, wrong)


def test_float_only_objectives_take_kinks_and_prove_nothing():
    """With rigorous=False abs and branches work almost everywhere; every rigorous entry refuses."""
    f = Objective.from_callable(lambda p: np.abs(p).sum() + np.maximum(p[0], 0) ** 2, 2, rigorous=False)
    np.testing.assert_allclose(f.gradient([1.0, -2.0]), [3.0, -1.0])
    np.testing.assert_allclose(f.gradient([[1.0, -2.0], [-1.0, 2.0]]), [[3.0, -1.0], [-1.0, 1.0]])
    np.testing.assert_allclose(f.hessian([1.0, -2.0]), [[2.0, 0.0], [0.0, 0.0]])
    assert not f.rigorous
    for call in (f.enclose_value, f.enclose_gradient, f.enclose_hessian):
        with pytest.raises(NotAnalyticError, match="rigorous=False"):
            call(None, [])
    with pytest.raises(NotAnalyticError):
        f.to_json()
    with pytest.raises(ArgumentError, match="scalar"):
        Objective.from_callable(lambda p: p, 2, rigorous=False).value([1.0, 2.0])


def test_long_integers_of_sympy():
    """Integers that Python does not print, of more than 4,300 digits, are coefficients like others, and exact."""
    x, y = sp.symbols("x y")
    f = Objective.from_sympy(x**2 / sp.Integer(10) ** 5000 + y * (10**5000 + 1))
    assert {Fraction(1, 10**5000), Fraction(10**5000 + 1)} <= {node.value for node in f.tape.nodes}
    assert Objective.from_sympy(x * 10**4500, name="f").name == "f"


def test_rationals_of_sympy_from_either_side():
    """In a traced function 11/10 of sympy is 11/10 on the left of a number or of the array, too; pi of sympy is not."""
    tapes = [
        Objective.from_callable(function, 2).tape
        for function in (
            lambda x: sp.Rational(11, 10) * x[0] - x[1],
            lambda x: x[0] * sp.Rational(11, 10) - x[1],
            lambda x: Fraction(11, 10) * x[0] - x[1],
        )
    ]
    assert all(Fraction(11, 10) in {node.value for node in tape.nodes} for tape in tapes)
    f = Objective.from_callable(lambda x: (sp.Rational(1, 2) / x + sp.Integer(3) - x).sum(), 2)
    assert f.value([1.0, 2.0]) == 3.75
    for function in (lambda x: sp.sin(x[0]), lambda x: sp.pi * x[0]):
        with pytest.raises(ArgumentError):
            Objective.from_callable(function, 2)
