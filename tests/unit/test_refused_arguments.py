"""Arguments of `certify_stall` and `verify` that are none are refused by name, with a typed error."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.arrays import real_array
from hallucert.errors import ArgumentError, DomainError

WELL = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")


@pytest.mark.parametrize(
    ("argument", "arguments"),
    [
        ("f", ("x", (0, 0), 1)),
        ("rho", (WELL, (0.5, 0.1), "1e400")),
        ("rho", (WELL, (0.5, 0.1), "1e-400")),
        ("rho", (WELL, (0.5, 0.1), 0)),
        ("radius", (WELL, (0.5, 0.1), 1, 0)),
        ("x", (WELL, [(0.5, 0.1)], 1)),
    ],
)
def test_stalls(argument, arguments):
    """Radii must be positive and in the range of doubles, functions must be objectives."""
    with pytest.raises(ArgumentError, match=f"^{argument} must"):
        hc.certify_stall(*arguments)


@pytest.mark.parametrize(
    ("formula", "x", "rho"),
    [
        ("log(x) + y", (-1, 0), 1),  # the gradient 1/x is defined
        ("log(x) + y", (0, 1), 1),
        ("(x - 2)**2 + y**2 + 0*log(x + 1)", (0, 0), 2),  # x+ = (-2, 0)
    ],
)
def test_stalls_where_the_function_is_undefined(formula, x, rho):
    """At x, or at x+, where formulas of derivatives may be defined."""
    with pytest.raises(DomainError):
        hc.certify_stall(hc.Objective.parse(formula, ("x", "y")), x, rho)


@pytest.mark.parametrize("options", [{"budget": "x"}, {"budget": True}, {"budget": 0}, {"max_boxes": 0.5}])
def test_budgets_of_the_checker(options):
    """Seconds are a positive number, boxes a positive integer."""
    census = hc.census(WELL, [(-2, 2), (-2, 2)], 1)
    (name,) = options
    with pytest.raises(ArgumentError, match=f"^{name} must"):
        hc.verify(census, **options)


@pytest.mark.parametrize("source", [None, 3, {"kind": "point"}, WELL])
def test_sources_of_the_checker(source):
    """Neither data nor functions are certificates."""
    with pytest.raises(ArgumentError, match=r"^source must"):
        hc.verify(source)


def test_real_arrays():
    """Numbers become doubles exactly; what is ragged, complex, too large or no number becomes None."""
    assert real_array([("1", 2), (3, 4.5)]).tolist() == [[1, 2], [3, 4.5]]
    for wrong in ([[1], [2, 3]], [1j], np.array([1j]), [10**400], "ab", [object()]):
        assert real_array(wrong) is None
