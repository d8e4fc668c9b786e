"""Second derivatives on boxes, by hand: Taylor's bounds, and where a superlevel set touches a ball."""

from __future__ import annotations

from fractions import Fraction

import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.point.rule import Evidence
from hallucert.check.problem import Point, Problem
from hallucert.check.region.second_order import TaylorBox, is_bent, touches_only_here
from hallucert.check.subdivision import balls_of


def box(*sides):
    """Exact sides."""
    return [(Fraction(low), Fraction(high)) for low, high in sides]


def taylor(ar, formula, *sides):
    """A function of x and y on a box."""
    return TaylorBox(ar, hc.Objective.parse(formula, ("x", "y")), balls_of(ar, box(*sides)))


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
@pytest.mark.parametrize(
    ("formula", "sides", "bound"),
    [
        ("x**2 + y", ((-1, 1), (0, 0)), 1),  # 0 + v [2] v/2
        ("x**2 + y", ((1, 3), (0, 0)), 9),  # 4 + 4 v + v^2
        ("x*y", ((-1, 1), (-1, 1)), 1),
        ("x - y", ((0, 2), (1, 3)), 1),
    ],
)
def test_values_are_below_their_bound_and_not_below_less(formula, sides, bound, backend):
    """f(c) + g v + v H v/2 at its largest, of functions whose second derivatives are constant."""
    ar = arithmetic(backend, 106)
    with ar:
        for room, expected in ((Fraction(1, 2**20), True), (Fraction(0), False), (Fraction(-1, 2**20), False)):
            assert taylor(ar, formula, *sides).below(ar.constant(bound + room)) is expected


@pytest.mark.parametrize(
    ("formula", "sides", "expected"),
    [
        ("x**2 + y**2", ((1, 2), (-1, 1)), True),
        ("x**2 + y**2", ((-1, 1), (1, 2)), True),
        ("x**2 + y**2", ((0, 2), (-1, 1)), False),
        ("x**2 + y**2", (("-1/2", 2), (0, 2)), False),
        ("x**2 + 3*x*y + y**2", ((1, 2), (-2, 2)), False),  # 3 +- 7 and 9/2 +- 11/2
        ("x**1.5 + y", ((-1, 1), (0, 1)), False),
    ],
)
def test_a_critical_point_is_excluded_by_one_derivative(formula, sides, expected):
    """g(c) + H v without 0 in one component, of which the whole box counts; not where H is not finite."""
    ar = arithmetic("arb", 106)
    with ar:
        assert taylor(ar, formula, *sides).no_critical_point() is expected
        assert not taylor(ar, "x**1.5 + y", (-1, 3), (0, 1)).below(ar.constant(Fraction(100)))


def at_the_origin(ar, formula, *sides):
    """x* = 0, or near it, with c = (1/2, 0), for functions with the gradient (1, 0) there."""
    f = hc.Objective.parse(formula, ("x", "y"))
    x = balls_of(ar, box(*(sides or ((0, 0), (0, 0)))))
    return Evidence(Point(ar, Problem(f, Fraction(1, 2)), x), (), 1)


HILL = "x - x**2 - 3*y**2/2"
LEFT, RIGHT = (("-0.2", "0.001"), ("-0.001", "0.001")), (("-0.001", "0.2"), ("-0.001", "0.001"))


@pytest.mark.parametrize(
    ("formula", "sides", "penalty", "expected"),
    [
        (HILL, (("-0.01", "0.01"),) * 2, 2, True),
        (HILL, (("-0.01", "0.01"),) * 2, 0, False),
        (HILL, (("-0.01", "0.01"),) * 2, -2, False),
        (HILL, (("0.001", "0.01"), ("-0.01", "0.01")), 2, False),  # beside x*
        (HILL, ((0, 0), ("-0.01", "0.01")), 2, False),
        (HILL, ((0, "0.01"), ("-0.01", "0.01")), 2, False),  # on its edge, below or above
        (HILL, (("-0.01", "0.01"), ("-0.01", 0)), 2, False),
        (HILL, (("-0.2", "0.2"), ("-0.01", "0.01")), 8, False),  # s reaches 0.24, lambda/2k is 1/8, Hess Psi < 0
        (HILL, (("-0.01", "0.01"),) * 2, 100, False),  # s reaches 0.01, and lambda/2k is 0.01
        (HILL, (("-0.01", "0.01"),) * 2, 1, True),
        # Hess Psi is diag(h1 + 2 - 2 k, h2 + 2) at x*: H is diag(h1, h2)
        ("x + 0.95*x**2 - 1.05*y**2", (("-0.001", "0.001"),) * 2, 2, True),
        ("x + 1.05*x**2 - 1.05*y**2", (("-0.001", "0.001"),) * 2, 2, False),
        ("x + 0.95*x**2 - 0.95*y**2", (("-0.001", "0.001"),) * 2, 2, False),
        # s lies between -0.002 and 0.24, then between -0.16 and 0.002
        ("x - x**2 - 1.25*y**2", LEFT, 2, True),
        ("x - x**2 - 1.25*y**2", LEFT, "3.5", True),
        ("x - x**2 - 1.25*y**2", LEFT, 5, False),
        ("x - 2.5*x**2 - 1.5*y**2", RIGHT, 2, False),
        ("x - 2.5*x**2 - 1.68*y**2", RIGHT, 2, True),
        (f"{HILL} + 0*log(1/200 + y)", (("-0.01", "0.01"),) * 2, 2, False),
        (f"{HILL} + 0*log(1/50 + y)", (("-0.01", "0.01"),) * 2, 2, True),
    ],
)
def test_the_ball_is_touched_only_here(formula, sides, penalty, expected):
    """Inside of a box on which f is defined and Hess Psi < 0, with a penalty that s does not exceed."""
    ar = arithmetic("arb", 106)
    with ar:
        assert touches_only_here(at_the_origin(ar, formula), box(*sides), Fraction(penalty)) is expected


def test_a_point_that_is_not_certainly_in_the_box_touches_nothing():
    """x* known to 1/1000 is in a box of half width 1/100; known to be at most 1/50 on either side it need not be."""
    ar, room = arithmetic("arb", 106), box(("-0.01", "0.01"), ("-0.01", "0.01"))
    with ar:
        for side, expected in (("-0.001", "0.001"), True), (("-0.02", 0), False), ((0, "0.02"), False):
            assert touches_only_here(at_the_origin(ar, HILL, side, (0, 0)), room, Fraction(2)) is expected
            assert touches_only_here(at_the_origin(ar, HILL, (0, 0), side), room, Fraction(2)) is expected


def test_a_function_is_not_bent_where_it_may_be_undefined():
    """0 log(x) does not show in the Hessian."""
    ar = arithmetic("arb", 106)
    with ar:
        here = at_the_origin(ar, "x**2 + y**2 + 0*log(x)")
        assert is_bent(here, box((1, 2), (0, 1)), 1) and not is_bent(here, box((0, 2), (0, 1)), 1)
