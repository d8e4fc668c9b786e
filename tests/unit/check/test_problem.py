"""Where a function certainly is, or is not, defined."""

from __future__ import annotations

from fractions import Fraction

import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.census.charts import is_undefined
from hallucert.check.problem import is_defined

DEFINED, UNDEFINED, OPEN = (True, False), (False, True), (False, False)


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
@pytest.mark.parametrize(
    ("formula", "low", "high", "expected"),
    [
        ("log(x)", 1, 2, DEFINED),
        ("log(x)", -2, -1, UNDEFINED),
        ("log(x)", -1, 1, OPEN),
        ("0*log(x)", -2, -1, UNDEFINED),
        ("log(log(x))", -2, -1, UNDEFINED),
        ("log(x - 3)*exp(x)", 1, 2, UNDEFINED),
        ("sqrt(x)", -2, -1, UNDEFINED),
        ("sqrt(x)", 1, 2, DEFINED),
        ("x**(1/3)", -2, -1, UNDEFINED),
        ("x**(1/3)", -1, 2, OPEN),
        ("1/x", 0, 0, UNDEFINED),
        ("1/x", -2, -1, DEFINED),
        ("1/x", -1, 1, OPEN),
        ("x**-3", 0, 0, UNDEFINED),
        ("x**-3", -2, -1, DEFINED),
        ("log(x) + 1/x", -2, -1, UNDEFINED),
        ("x**3 + tanh(x)", -2, 2, DEFINED),
    ],
)
def test_defined_and_undefined_are_told_apart(backend, formula, low, high, expected):
    """On all of the interval, nowhere on it, or neither: from the domain of each operation."""
    f, ar = hc.Objective.parse(formula, ("x",)), arithmetic(backend, 53)
    with ar:
        box = [ar.interval(Fraction(low), Fraction(high))]
        assert (is_defined(ar, f, box), is_undefined(ar, f, box)) == expected
