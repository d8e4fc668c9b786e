"""Exact numbers: readings are exact, roundings go outward, printed intervals contain what they print."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hallucert.decimals import decimal_above, decimal_below, format_dyadic
from hallucert.errors import ArgumentError
from hallucert.exact import exact, exact_radius, float_above, float_below, parse_dyadic, round_down, round_up

rationals = st.fractions() | st.builds(lambda m, e: m * Fraction(2) ** e, st.integers(), st.integers(-1200, 1200))
dyadics = st.builds(lambda m, e: m * Fraction(2) ** e, st.integers(), st.integers(-1200, 1200))


def test_zero_has_no_sign():
    """Neither end of it is -0."""
    assert str(float_below(Fraction(0))) == str(float_above(Fraction(0))) == "0.0"
    assert float_above(Fraction(-1, 3)) == -float_below(Fraction(1, 3)) < 0


def test_decimals_are_exact():
    """A decimal string is the decimal; a float is the dyadic it is."""
    assert exact("0.05") == Fraction(1, 20)
    assert exact(0.05) == Fraction(*(0.05).as_integer_ratio()) != Fraction(1, 20)
    assert exact("-1e-3") == Fraction(-1, 1000) and exact("1/3") == Fraction(1, 3) and exact(7) == 7


@pytest.mark.parametrize(
    "bad", ["", "1//2", "1/0", "nan", "inf", "0x1", "1e99999", float("nan"), float("inf"), None, True, [1]]
)
def test_what_is_not_a_number_is_refused(bad):
    """Each is an ArgumentError that names the argument."""
    with pytest.raises(ArgumentError) as caught:
        exact(bad, "rho")
    assert caught.value.argument == "rho"


@pytest.mark.parametrize("bad", [0, -1, "0", "-0.5"])
def test_radii_are_positive(bad):
    """rho <= 0 is refused."""
    with pytest.raises(ArgumentError, match="positive"):
        exact_radius(bad)


@given(dyadics)
def test_dyadics_round_trip(value):
    """Written and read again, a dyadic is the same number in one spelling."""
    assert parse_dyadic(format_dyadic(value)) == value


@given(rationals)
def test_float_neighbours(value):
    """float_below and float_above are the tightest doubles on each side."""
    low, high = float_below(value), float_above(value)
    if math.isfinite(low):
        assert Fraction(low) <= value
        following = math.nextafter(low, math.inf)
        assert math.isinf(following) or Fraction(following) > value
    if math.isfinite(high):
        assert Fraction(high) >= value


@given(rationals, st.integers(2, 100))
def test_rounding_is_outward_and_close(value, bits):
    """round_down and round_up go outward by less than 2**(2 - bits) of the size."""
    low, high = round_down(value, bits), round_up(value, bits)
    assert low <= value <= high
    assert high - low <= abs(value) * Fraction(8, 2**bits)


@given(rationals, st.integers(1, 20))
def test_printed_numbers_are_outward(value, digits):
    """The printed decimal lies on the promised side, within one unit of its last digit."""
    low, high = Fraction(Decimal(decimal_below(value, digits))), Fraction(Decimal(decimal_above(value, digits)))
    assert low <= value <= high
    assert high - low <= abs(value) * 2 * Fraction(10) ** (1 - digits)


def test_numbers_of_any_size_can_be_printed():
    """2**-20000 and 2**20000 are printed without a limit on digits."""
    tiny, huge = Fraction(1, 2**20000), Fraction(2**20000)
    assert decimal_below(tiny, 3) == "2.51e-6021" and decimal_above(huge, 3) == "3.99e+6020"
