"""Claim: what a reader sees and what the checker computes with are the same numbers and the same function."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

import hallucert as hc
from hallucert.errors import ArgumentError
from hallucert.export import formula


@pytest.mark.parametrize(
    ("value", "data", "real"),
    [
        (Fraction(0), "Dyadic 0 0", "0"),
        (Fraction(-5), "Dyadic (-5) 0", "-5"),
        (Fraction(-5, 8), "Dyadic (-5) (-3)", "-5 / 2 ^ 3"),
        (Fraction(12), "Dyadic 3 2", "3 * 2 ^ 2"),
        (Fraction(-1, 3), "Ratio (-1) 3", "(-1) / 3"),
    ],
)
def test_a_number_is_written_exactly_both_ways(value, data, real):
    """Dyadic numbers keep mantissa and exponent, others numerator and denominator, with the signs that Coq reads."""
    assert (formula.number(value), formula.real(value)) == (data, real)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x - (y - 1)", "x - (y - 1)"),
        ("(x - y) - 1", "x - y - 1"),
        ("x/(y*2)", "x / (2 * y)"),
        ("x*(y/2)", "x * (1 / 2 * y)"),
        ("-x**2", "- x ^ 2"),
        ("(-x)**3 + y", "(- x) ^ 3 + y"),
        ("(x + y)**2", "(x + y) ^ 2"),
        ("x**-2 + y", "1 / x ^ 2 + y"),
        ("exp(-x)*sin(y - 3)", "exp (- x) * sin (y - 3)"),
        ("x**(1/3) + y", "Rpower x (1 / 3) + y"),
        ("log(x) + pi*y", "ln x + PI * y"),
    ],
)
def test_a_formula_has_the_parentheses_that_it_needs(text, shown):
    """Operands of a weaker notation stand in parentheses, others do not."""
    f = hc.Objective.parse(text, variables=("x", "y"))
    assert formula.function(f)[-1] == shown


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("x**2 + exp(y) + tanh(y) + softplus(x)", []),
        ("y + sqrt(x)/log(y)", ["0 < x /\\ 0 < y /\\ ln y <> 0"]),
        ("x**-2 + y**(1/3)", ["0 < y /\\ x <> 0"]),
    ],
)
def test_conditions_say_where_a_formula_is_defined(text, conditions):
    """Operands of logarithms, roots and real powers are positive, denominators are not zero; others are free."""
    f = hc.Objective.parse(text, variables=("x", "y"))
    assert formula.domain(f)[-1:] == conditions


def test_conditions_name_what_they_need_and_nothing_else():
    """Above the conditions stand the variables and shared parts in them, also those that are needed for these."""
    f = hc.Objective.parse("sin(x*y)**2 + log(2 + sin(x*y)) + cos(z)**2*cos(z)", variables=("x", "y", "z"))
    *names, last = formula.domain(f)
    assert [line.split(" := ")[1] for line in names] == ["v 0%nat in", "v 1%nat in", "sin (x * y) in"]
    assert last == f"0 < {names[-1].split()[1]} + 2"


def test_shared_parts_get_a_name():
    """A node that is used twice is defined once, before its first use; variables keep their names."""
    f = hc.Objective.parse("sin(x*y)**2 + cos(sin(x*y))")
    lines = formula.function(f)
    assert lines[:2] == ["let x := v 0%nat in", "let y := v 1%nat in"]
    name = re.fullmatch(r"let (e\d+) := sin \(x \* y\) in", lines[2])
    assert name is not None and lines[3] == f"{name[1]} ^ 2 + cos {name[1]}"


@pytest.mark.parametrize("name", ["in", "exp_", "fun", "e1", "vec", "sum", "x_prime", "forall_"])
def test_names_that_mean_something_to_coq_are_replaced(name):
    """If one variable has a word of Coq, or a long one, as its name, all are called `x_0`, `x_1`, ..."""
    f = hc.Objective.parse(f"{name}**2 + y", variables=(name, "y"))
    assert formula.function(f)[-1] == "x_0 ^ 2 + x_1"


def test_an_operation_without_a_meaning_in_coq_is_named():
    """The error function has no interval arithmetic in Coq: it is refused by name."""
    with pytest.raises(ArgumentError, match=r"certificate\.operation must be one of .*; it was 'erf'"):
        formula.objective(hc.Objective.parse("erf(x) + x**2"))


def test_residuals_are_written_as_the_checker_reads_them():
    """The value of a least-squares problem is the sum of squares over `2 n`, and its data are the residuals."""
    f = hc.Objective.least_squares(["x - 1", "x*y"], n=3)
    assert formula.function(f)[-1] == "((x - 1) ^ 2 + (x * y) ^ 2) / (2 * 3)"
    assert formula.objective(f).startswith("Squares (Tape [") and formula.objective(f).endswith("(Ratio 3 1)")
