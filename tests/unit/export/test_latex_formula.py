"""Claim: a function in LaTeX is that function, and no name from a file reaches the text unless it is harmless."""

from __future__ import annotations

import math
import random
import re
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.export.latex_formula import definition, exactly, names

FUNCTIONS = {name: getattr(math, name) for name in ("exp", "log", "sin", "cos", "tanh", "erf")}


def read(text: str, values: dict[str, float]) -> float:
    """Evaluate a formula in LaTeX as a reader would: by recursive descent, products by juxtaposition."""
    text = re.sub(r"\\operatorname\{erf\}", r"\\erf ", re.sub(r"\\left|\\right|\\quad|\\,|\\\\|&", " ", text))
    tokens = re.findall(r"\\[A-Za-z]+|[A-Za-z](?:_\{\d+\})?|\d+|[-+(){}^/]", text)

    def take(expected=None):
        token = tokens.pop(0)
        assert expected is None or token == expected, (token, tokens)
        return token

    def group(opening, closing, parse):
        take(opening)
        value = parse()
        take(closing)
        return value

    def total():
        value = -product() if tokens[0] == "-" and take() else product()
        while tokens and tokens[0] in "+-":
            value = value + product() if take() == "+" else value - product()
        return value

    def product():
        value = power()
        while tokens and tokens[0] not in ("+", "-", ")", "}"):
            value = value * power()
        return value

    def exponent():
        take("{")
        sign = -1 if tokens[0] == "-" and take() else 1
        value = Fraction(int(take()))
        if tokens[0] == "/" and take():
            value /= int(take())
        take("}")
        return float(sign * value)

    def power():
        value = atom()
        if tokens and tokens[0] == "^" and take():
            value = value ** exponent()
        return value

    def atom():
        token = tokens[0]
        if token == "(":
            return group("(", ")", total)
        take()
        if token in (r"\tfrac", r"\frac"):
            above = group("{", "}", total)
            return above / group("{", "}", total)
        if token == r"\sqrt":
            return math.sqrt(group("{", "}", total))
        if token == r"\cdot":
            return power()
        if token == r"\pi":
            return math.pi
        if token[1:] in FUNCTIONS:
            return float(FUNCTIONS[token[1:]](group("(", ")", total)))
        return float(token) if token.isdigit() else values[token]

    result = total()
    assert not tokens
    return result


def random_formula(rng: random.Random, depth: int) -> str:
    """Return a formula of x and y that is defined for positive values."""
    if depth == 0 or rng.random() < 0.1:
        return rng.choice(["x", "y", "2", "3/7", "pi", "x", "y"])
    a, b = random_formula(rng, depth - 1), random_formula(rng, depth - 1)
    return rng.choice(
        [f"({a}) + ({b})", f"({a}) - ({b})", f"({a})*({b})", f"({a})*({b})", f"-({a})", f"({a})/(2 + ({b})**2)",
         f"({a})**2", f"({a})**3", f"(1 + ({a})**2)**-2", f"(1 + ({a})**2)**(1/3)", f"exp(-({a})**2)", f"sin({a})",
         f"log(1 + ({a})**2)", f"sqrt(1 + ({a})**2)", f"tanh({a})", f"softplus({a})", f"erf({a})", f"cos({a})"]
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_a_formula_in_latex_has_the_values_of_the_function(seed):
    """A reader of the formula who knows mathematics, not this library, computes what the function's tape computes."""
    rng = random.Random(seed)
    f = hc.Objective.parse(random_formula(rng, 4) + " + x*y", variables=("x", "y"))
    (equation,) = definition(f) or [""]
    for _ in range(3):
        x = [rng.uniform(0.1, 1.5), rng.uniform(0.1, 1.5)]
        shown = read(equation.partition("={}&")[2], dict(zip("xy", x, strict=True)))
        assert shown == pytest.approx(float(f.value(np.array(x))), rel=1e-9, abs=1e-9), equation


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x - (y - 1)", "x - (y - 1)"),
        ("-x**2 + y", "y - x^{2}"),
        ("x*(3*y) + y*sin(2*x)*2", r"3 \, x \, y + 2 \, y \, \sin(2 \, x)"),
        ("(-x)**3 + y", "(-x)^{3} + y"),
        ("x/(y*2)", r"\frac{x}{2 \, y}"),
        ("sin(x)**2 + y", r"(\sin(x))^{2} + y"),
    ],
)
def test_a_formula_has_the_parentheses_that_it_needs(text, shown):
    """Signs, powers and quotients stand as in print."""
    (equation,) = definition(hc.Objective.parse(text, variables=("x", "y"))) or [""]
    assert equation == f"f(x, y) ={{}}& {shown}"


def test_residuals_are_displayed_with_their_sum():
    """A function in residual form is defined by its residuals and the sum of their squares over 2n."""
    f = hc.Objective.least_squares(["x**2 + y - 1", "x*y"], variables=("x", "y"), n=3)
    assert definition(f) == [
        "r_{1}(x, y) ={}& x^{2} + y - 1",
        r"r_{2}(x, y) ={}& x \, y",
        r"f ={}& \tfrac{1}{6} \sum_{i=1}^{2} r_{i}^{2}",
    ]


def test_long_sums_are_broken_and_longer_formulas_left_to_the_certificate():
    """Terms that do not fit on a line begin a new one; a formula of thousands of characters is not written out."""
    terms = " + ".join(f"{k}*x**{k}*y**2" for k in range(2, 16))
    (equation,) = definition(hc.Objective.parse(terms)) or [""]
    assert equation.count(r" \\ & \quad + ") >= 1
    assert definition(hc.Objective.parse("+".join(f"sin({k}*x + y)" for k in range(1, 400)))) is None


@pytest.mark.parametrize(
    ("variables", "shown"),
    [
        (("x", "y"), ["x", "y"]),
        (("x_2", "x1"), ["x_{2}", "x_{1}"]),
        (("theta", "width"), [r"\theta", r"\mathit{width}"]),
        (("f", "y"), ["x_{1}", "x_{2}"]),
        (("rho", "y"), ["x_{1}", "x_{2}"]),
        (("a__b", "y"), ["x_{1}", "x_{2}"]),
        (("input", "Write18"), ["x_{1}", "x_{2}"]),
        (("x1", "x_1"), ["x_{1}", "x_{2}"]),
        (("x_", "x"), ["x_{1}", "x_{2}"]),
    ],
)
def test_variables_keep_names_that_are_symbols(variables, shown):
    """Letters, Greek letters and words stay; names with another meaning, and symbols that look alike, are numbered."""
    f = hc.Objective.parse("+".join(f"{name}**2" for name in variables), variables=variables)
    assert names(f) == shown


@pytest.mark.parametrize(
    ("value", "text"),
    [("5/2", "2.5"), ("-1/20", "-0.05"), ("3", "3"), ("1/3", r"\tfrac{1}{3}"), ("-2/7", r"-\tfrac{2}{7}")],
)
def test_numbers_are_exact(value, text):
    """Short decimals are decimals, other rational numbers fractions."""
    assert exactly(Fraction(value)) == text


def test_long_dyadic_numbers_have_powers_of_two():
    """The number that 0.1 is as a double is an integer times a power of two."""
    assert exactly(Fraction(0.1)) == r"3602879701896397 \cdot 2^{-55}"
    assert Fraction(3602879701896397, 2**55) == Fraction(0.1)
