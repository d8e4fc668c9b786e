"""Mean value forms: they hold every value, and their excess shrinks with the square of the width."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.balls.mean_value import MeanValue, MeanValueArithmetic

FORMULAS = {
    "x*y - x**3/(y + 3) + exp(x)*sin(y)": lambda x, y: x * y - x**3 / (y + 3) + mpmath.exp(x) * mpmath.sin(y),
    "sqrt(x + 4)*cos(x*y) - log(y + 5)/2": lambda x, y: mpmath.sqrt(x + 4) * mpmath.cos(x * y) - mpmath.log(y + 5) / 2,
    "tanh(x - y)**2 + (x + 3)**(1/3) - (y - 4)**-2": lambda x, y: (
        mpmath.tanh(x - y) ** 2 + mpmath.cbrt(x + 3) - 1 / (y - 4) ** 2
    ),
    "pi*x - x**2*y + (x - y)**5": lambda x, y: mpmath.pi * x - x**2 * y + (x - y) ** 5,
    "(x - x)*y + 2**-3*x": lambda x, y: x / 8,
}


def form(f, middle, half, ar):
    """The function on ``middle +- half`` as a mean value form."""
    offset = [ar.interval(-Fraction(half), Fraction(half))] * 2
    forms = MeanValueArithmetic(ar, offset)
    one, zero = ar.constant(Fraction(1)), ar.constant(Fraction(0))
    x = [forms.linear(ar.constant(Fraction(v)), row) for v, row in zip(middle, ((one, zero), (zero, one)), strict=True)]
    return f.enclose_value(forms, x), forms


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
@pytest.mark.parametrize("formula", FORMULAS)
def test_values_and_derivatives_are_enclosed(formula, backend) -> None:
    """At 50 points of a box, with 30 digits; derivatives by mpmath's differences."""
    f, ar, rng = hc.Objective.parse(formula, variables=["x", "y"]), arithmetic(backend, 106), np.random.default_rng(0)
    for half in (0.25, 1e-3):
        middle = rng.integers(-8, 9, 2) / 8
        with ar, mpmath.workdps(30):
            found, _ = form(f, middle, half, ar)
            low, high = (mpmath.mpf(v.numerator) / v.denominator for v in ar.endpoints(found.value))
            slopes = [ar.endpoints(slope) for slope in found.slopes or [ar.constant(Fraction(0))] * 2]
            for point in middle + half * rng.uniform(-1, 1, (50, 2)):
                value = at(formula, point)
                assert low - mpmath.mpf(10) ** -25 <= value <= high + mpmath.mpf(10) ** -25
                for i, (below, above) in enumerate(slopes):
                    shift = mpmath.mpf(10) ** -8 * np.eye(2)[i]
                    slope = (at(formula, point + shift) - at(formula, point - shift)) / (2 * mpmath.mpf(10) ** -8)
                    assert float(below) - 1e-9 <= slope <= float(above) + 1e-9


def at(formula, point):
    """The value in mpmath."""
    return FORMULAS[formula](*(mpmath.mpf(v) for v in point))


def test_the_excess_is_of_second_order() -> None:
    """x - x^2 + x^3 near 1/2 on boxes 16 times smaller: the excess over the range falls by nearly 256, not 16."""
    f, ar = hc.Objective.parse("x - x**2 + x**3 + 0*y", variables=["x", "y"]), arithmetic("arb", 106)
    excess = []
    for half in (Fraction(1, 16), Fraction(1, 256)):
        with ar:
            found, _ = form(f, (Fraction(1, 2), 0), half, ar)
            low, high = ar.endpoints(found.value)
        values = [v - v**2 + v**3 for v in (Fraction(1, 2) - half, Fraction(1, 2) + half)]  # increasing there
        excess.append(float((high - low) - (values[1] - values[0])))
    assert 0 < excess[1] < excess[0] / 100


@pytest.mark.parametrize("formula", ["log(x)", "sqrt(x)", "1/x", "x**-2", "x**(1/3)", "0*log(x)", "tanh(1/x)*0"])
def test_outside_of_the_domain_everything_is_indeterminate(formula) -> None:
    """Where the box reaches the edge no value is finite, whatever follows; inside it is."""
    f, ar = hc.Objective.parse(formula + " + 0*y", variables=["x", "y"]), arithmetic("arb", 106)
    with ar:
        for middle, inside in ((0.125, False), (0.5, True)):
            found, forms = form(f, (middle, 0), 0.25, ar)
            assert forms.is_finite(found) == inside


def test_constants_have_no_slopes() -> None:
    """Powers 0 and 1, and products of constants."""
    ar = arithmetic("arb", 106)
    with ar:
        forms = MeanValueArithmetic(ar, [ar.interval(Fraction(-1), Fraction(1))])
        x = forms.linear(ar.constant(Fraction(2)), [ar.constant(Fraction(1))])
        assert forms.power(x, 0).slopes is None and ar.endpoints(forms.power(x, 0).value) == (1, 1)
        for same in (forms.power(x, 1), x * forms.constant(Fraction(1)), x):
            low, high = ar.endpoints(same.value)
            assert Fraction(999, 1000) < low <= 1 and 3 <= high < Fraction(3001, 1000)
        assert (forms.pi() * forms.constant(Fraction(2))).slopes is None
        (total,) = forms.matrix_product([[x, x]], [[x], [-x]])[0]
        assert ar.endpoints(total.value)[0] <= 0 <= ar.endpoints(total.value)[1]


SLOPES = {
    "exp": mpmath.exp,
    "log": lambda v: 1 / v,
    "sqrt": lambda v: 1 / (2 * mpmath.sqrt(v)),
    "sin": mpmath.cos,
    "cos": lambda v: -mpmath.sin(v),
    "tanh": lambda v: 1 / mpmath.cosh(v) ** 2,
    "erf": lambda v: 2 * mpmath.exp(-(v**2)) / mpmath.sqrt(mpmath.pi),
    "softplus": lambda v: 1 / (1 + mpmath.exp(-v)),
}


@pytest.mark.parametrize("name", SLOPES)
def test_slopes_are_the_derivatives(name):
    """At 3/4 and 2, by their formulas at 60 digits; those of constants are none, also of a quotient of two."""
    with arithmetic("arb", 106) as ar, mpmath.workdps(60):
        forms = MeanValueArithmetic(ar, [ar.constant(Fraction(0))])
        for v in (Fraction(3, 4), Fraction(2)):
            ball = ar.constant(v)
            (slope,) = getattr(forms, name)(forms.linear(ball, [ar.constant(Fraction(1))])).slopes
            low, high = ((mpmath.mpf(x.numerator) / x.denominator) for x in ar.endpoints(slope))
            assert low <= SLOPES[name](mpmath.mpf(v.numerator) / v.denominator) <= high and high - low < 1e-25
        number = forms.number(ar.constant(Fraction(2)))
        assert getattr(forms, name)(number).slopes is None and (number / number).slopes is None
    assert not MeanValueArithmetic.lasting  # it belongs to one box


def test_values_are_those_of_the_form_where_both_are_known():
    """1 + 2 (W - w) with W - w from 0 to 1 is from 1 to 3; unknown values stay so, and disjoint ones the plain ones."""
    with arithmetic("arb", 106) as ar:
        forms = MeanValueArithmetic(ar, [ar.interval(Fraction(0), Fraction(1))])
        one, slopes = ar.constant(Fraction(1)), [ar.constant(Fraction(2))]
        for wide, found in ((8, (1, 3)), (Fraction(1, 2), (Fraction(-1, 2), Fraction(1, 2)))):
            plain = ar.interval(Fraction(-wide), Fraction(wide))
            ends = ar.endpoints(MeanValue(forms, plain, one, slopes).value)
            assert all(abs(a - b) < Fraction(1, 2**25) for a, b in zip(ends, found, strict=True))
        assert all(
            abs(a - b) < 2**-25 for a, b in zip(ar.endpoints(forms.linear(one, slopes).value), (1, 3), strict=True)
        )
        assert not ar.is_finite(MeanValue(forms, ar.indeterminate(), one, slopes).value)
