"""Functions of other libraries: those of scipy.special are taken, those of PyTorch and JAX refused in words."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import scipy.special

import hallucert as hc
from hallucert.errors import ArgumentError, NotAnalyticError

POINT = [0.7, -0.4]


def as_jax_does(x):
    """What jax.numpy does with an array that is none of its own."""
    raise TypeError(f"sum requires ndarray or scalar arguments, got {type(x)} at position 0.")


def torch_functions():
    torch = pytest.importorskip("torch")
    weight = torch.ones(3, 2)
    return [
        lambda x: torch.sum(torch.as_tensor(x) ** 2),
        lambda x: (torch.tensor(x) ** 2).sum(),
        lambda x: (torch.from_numpy(x) ** 2).sum(),
        lambda x: ((weight @ x) ** 2).sum(),
        lambda x: torch.nn.functional.gelu(x[0]) + x[1] ** 2,
        torch.nn.Linear(2, 1),
    ]


@pytest.mark.frameworks
@pytest.mark.parametrize("rigorous", [True, False])
def test_functions_of_torch_and_jax_are_refused_with_what_is_possible(rigorous):
    """Building, or the first gradient, raises an ArgumentError that names numpy and the other library's own error."""
    for function in [*torch_functions(), as_jax_does]:
        with pytest.raises(ArgumentError, match=r"(?s)function must .*numpy.*PyTorch and JAX.*raises \w+: "):
            hc.Objective.from_callable(function, 2, rigorous=rigorous).gradient(POINT)


@pytest.mark.frameworks
def test_every_public_function_of_an_objective_refuses_others_through_one_door():
    """Modules, functions and formulas get the sentence that says how to make an objective of them."""
    torch = pytest.importorskip("torch")
    box = [(-1, 1), (-1, 1)]
    calls = [
        lambda f: hc.certify(f, POINT, 1),
        lambda f: hc.certify_stall(f, POINT, 1),
        lambda f: hc.census(f, box, 1),
        lambda f: hc.diagram(f, POINT, box),
        lambda f: hc.critical_rho(f, POINT),
        lambda f: hc.safe_radius(f, POINT, box=box),
        lambda f: hc.safe_radius(f, POINT, box=box, variant="usam"),
        lambda f: hc.find.refine(f, POINT, 1),
        lambda f: hc.find.on_sphere(f, POINT, 1),
        lambda f: hc.find.critical_points(f, box),
        lambda f: hc.find.hallucinate(f, POINT, 1),
        lambda f: hc.find.branch(f, POINT, POINT),
        lambda f: hc.find.sheet(f, POINT, 1),
        lambda f: hc.sam.run(f, POINT, 1, "0.1", 3),
        lambda f: hc.sam.sam_value(f, POINT, 1),
        lambda f: hc.plot.landscape(f, box),
        lambda f: hc.plot.plane(f, POINT, [(1, 0), (0, 1)]),
    ]
    module = torch.nn.Linear(2, 1)
    with pytest.raises(ArgumentError, match=r"rho must be given: diagnose\(model, loss, data, rho\)"):
        hc.diagnose(module, POINT, 1)
    for wrong in (module, lambda x: x[0] ** 2 + x[1] ** 2, "x**2 + y**2", np.cos, None):
        for call in calls if wrong is module else [*calls, lambda f: hc.diagnose(f, POINT, 1)]:
            with pytest.raises(ArgumentError, match=r"(f|subject) must be .*an Objective: Objective\.parse .*PyTorch"):
                call(wrong)


SPECIAL = {
    "erf": (lambda x: np.sum(scipy.special.erf(x)), lambda t: mpmath.erf(t)),
    "erf of numbers": (lambda x: scipy.special.erf(x[0]) + scipy.special.erf(x[1]), lambda t: mpmath.erf(t)),
    "erfc": (lambda x: scipy.special.erfc(x).sum(), mpmath.erfc),
    "expit": (lambda x: scipy.special.expit(x).sum(), lambda t: 1 / (1 + mpmath.exp(-t))),
    "ndtr": (lambda x: scipy.special.ndtr(x).sum(), mpmath.ncdf),
    "gelu": (lambda x: np.sum(x * (1 + scipy.special.erf(x / np.sqrt(2))) / 2), lambda t: t * mpmath.ncdf(t)),
    "in place": (lambda x: np.add(x, 1, out=1 * x).dot([1, 1]), lambda t: t + 1),
    "after a product": (
        lambda x: scipy.special.erf(np.eye(2) @ x * np.float64(0.5)).sum(),
        lambda t: mpmath.erf(t / 2),
    ),
}


@pytest.mark.parametrize("name", SPECIAL)
def test_functions_of_scipy_are_traced(name):
    """Of arrays, numbers, slices and products; values and gradients agree with mpmath."""
    function, oracle = SPECIAL[name]
    f = hc.Objective.from_callable(function, 2)
    np.testing.assert_allclose(f.value(POINT), float(sum(oracle(mpmath.mpf(t)) for t in POINT)), rtol=1e-14)
    np.testing.assert_allclose(f.gradient(POINT), [float(mpmath.diff(oracle, t)) for t in POINT], rtol=1e-12)


def test_erf_is_differentiated_in_floats_only_objectives():
    """With rigorous=False autograd's own erf is taken."""
    f = hc.Objective.from_callable(lambda x: abs(scipy.special.erf(x)).sum(), 2, rigorous=False)
    np.testing.assert_allclose(f.value(POINT), math.erf(0.7) + math.erf(0.4), rtol=1e-15)
    np.testing.assert_allclose(f.gradient(POINT)[1], -2 / math.sqrt(math.pi) * math.exp(-0.16), rtol=1e-14)


def test_functions_of_scipy_that_no_tape_holds_are_refused_by_name():
    """gammaln is refused as unknown, math.erf as a conversion, with the way out."""
    with pytest.raises(NotAnalyticError, match="gammaln"):
        hc.Objective.from_callable(lambda x: scipy.special.gammaln(x).sum(), 2)
    with pytest.raises(NotAnalyticError, match=r"scipy\.special"):
        hc.Objective.from_callable(lambda x: math.erf(x[0]), 2)


def test_sympy_has_erf_and_erfc():
    """sympy.erf and sympy.erfc become tapes with sympy's own values; erfi stays unknown."""
    import sympy

    x, y = sympy.symbols("x y")
    expression = sympy.erf(x * y) ** 2 + y * sympy.erfc(x)
    f = hc.Objective.from_sympy(expression)
    at = {x: sympy.Rational(7, 10), y: sympy.Rational(-2, 5)}
    np.testing.assert_allclose(f.value(POINT), float(expression.subs(at)), rtol=1e-14)
    np.testing.assert_allclose(f.gradient(POINT)[0], float(expression.diff(x).subs(at)), rtol=1e-13)
    with pytest.raises(ArgumentError, match="erfi"):
        hc.Objective.from_sympy(sympy.erfi(x))


def test_erf_is_printed_and_read_back():
    """The printed formula of erf, gelu and softplus is read as the same function, its JSON as the same tape."""
    from hallucert.objectives.reading import objective_from_json
    from hallucert.objectives.writing import formula

    f = hc.Objective.parse("gelu(x)*erf(y)**2 + softplus(x - y) + erfc(x)")
    text = formula(f.tape)
    assert text is not None and formula(hc.Objective.parse(text).tape) == text and "softplus(x - y)" in text
    assert objective_from_json(f.to_json()).tape == f.tape
    with pytest.raises(ArgumentError, match="erf"):
        hc.Objective.parse("erf + x", variables=("erf", "x"))


def test_float_values_neither_overflow_nor_lose_the_tail():
    """softplus is right to 1e-15 from -700 to 1e300, and its derivative too, where log(1 + exp(x)) gives inf or 0."""
    f = hc.Objective.parse("softplus(x)")
    for x in (-700.0, -40.0, -1.0, 0.0, 1.0, 40.0, 800.0, 1e300):
        exact = mpmath.mpf(x)
        with mpmath.workdps(400):
            value = max(exact, 0) + mpmath.log1p(mpmath.exp(-abs(exact)) if x < 1e3 else 0)
            slope = 1 / (1 + mpmath.exp(-exact)) if x < 1e3 else mpmath.mpf(1)
        np.testing.assert_allclose([f.value([x]), f.gradient([x])[0]], [float(value), float(slope)], rtol=1e-13)
    assert hc.Objective.parse("log(exp(x) + 1)").tape == f.tape
