"""Ends of intervals are rounded to the side asked for, to the nearest number there; numbers are compared exactly."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest
from mpmath import libmp

from hallucert.balls.mpmath.interval import (
    FAR,
    Interval,
    _power,
    at_most,
    bound,
    from_integer,
    integer_power,
    magnitude,
    outward,
    square_root,
    total,
)


def value(x) -> Fraction:
    """The number that a pair of integers stands for."""
    return x[0] * Fraction(2) ** x[1]


def ends(x: Interval) -> tuple[Fraction, Fraction]:
    """Both ends of an interval, whose invariant holds."""
    assert max(abs(x.a), abs(x.b)) <= 2**x.prec
    return value((x.a, x.e)), value((x.b, x.f))


def assert_nearest(found: Fraction, exact: Fraction, bits: int, up: bool) -> None:
    """What was found lies on the side asked for, less than the last of so many bits away."""
    gap = found - exact if up else exact - found
    assert gap >= 0
    last = math.floor(math.log2(abs(exact.numerator)) - math.log2(exact.denominator)) if exact else 0
    assert gap == 0 or gap < Fraction(2) ** (last + 2 - bits)


def numbers(bits: int, far: int, count: int = 90):
    """Random pairs of at most so many bits, some of them 0, powers of two, or all ones."""
    rng = random.Random(bits)
    for _ in range(count):
        pair = []
        for _ in range(2):
            man = rng.choice([0, 1, 2**bits - 1, 2**bits, rng.getrandbits(bits), rng.getrandbits(bits)])
            pair.append((rng.choice([-1, 1]) * man, rng.randint(-far, far)))
        yield pair


def intervals(bits: int, far: int):
    """Random pairs of intervals, of all signs, some of them points."""
    rng = random.Random(far)
    for (x, y), (z, w) in zip(numbers(bits, far), numbers(bits + 1, far), strict=True):
        pairs = []
        for one, other in ((x, y), (z, w) if rng.random() < 0.8 else (z, z)):
            low, high = sorted([one, other], key=value)
            pairs.append(Interval(*low, *high, max(abs(low[0]), abs(high[0]), 2).bit_length()))
        yield pairs


@pytest.mark.parametrize("bits", [2, 30, 53, 106])
def test_operations_give_the_nearest_numbers_on_their_side(bits):
    """Sums, differences, products and quotients of intervals of like and very different size, against rationals."""
    for far in (bits, 3 * FAR):
        for x, y in intervals(bits, far):
            (a, b), (c, d) = ends(x), ends(y)
            products = [a * c, a * d, b * c, b * d]
            cases = [(x + y, a + c, b + d), (x - y, a - d, b - c), (x * y, min(products), max(products))]
            if c > 0 or d < 0:
                quotients = [a / c, a / d, b / c, b / d]
                cases.append((x / y, min(quotients), max(quotients)))
            else:
                assert (x / y).a is None
            for found, low, high in cases:
                assert found.prec == max(x.prec, y.prec)
                lower, upper = ends(found)
                assert_nearest(lower, low, found.prec, False)
                assert_nearest(upper, high, found.prec, True)


@pytest.mark.parametrize("shift", [FAR - 1, FAR, FAR + 1, 5 * FAR])
@pytest.mark.parametrize("bits", [1, 53, 2 * FAR])
def test_sums_are_good_to_their_bits_and_short_where_terms_are_far_apart(shift, bits):
    """Of 3 and plus or minus 5, or a long number, so far below: bounds on both sides, less than a last place away."""
    for small in (5, -5, 2 ** (3 * FAR) - 1, 0):
        for x in ((3, shift), (-3, shift), (0, shift)):
            exact = value(x) + small
            for up in (False, True):
                for found in (total(x, (small, 0), bits, up), total((small, 0), x, bits, up)):
                    gap = value(found) - exact if up else exact - value(found)
                    assert gap >= 0 and gap * 2 ** (bits + 1) <= abs(exact) * (small != 0)
                    assert abs(found[0]).bit_length() <= max(2 * bits + 4, 3 * FAR + 5 + min(shift, FAR + bits))


def test_numbers_are_compared_exactly():
    """Of like and of very different size, of both signs, in several spellings, and 0."""
    for far in (3, 60, 3 * FAR):
        for x, y in numbers(6, far):
            assert at_most(x, y) == (value(x) <= value(y))
            assert at_most(x, (x[0] << 3, x[1] - 3)) and at_most((x[0] << 3, x[1] - 3), x)


def test_the_magnitude_is_the_larger_of_both_ends():
    """Of intervals of all signs."""
    for x, _ in intervals(20, 30):
        assert value(magnitude(x)) == max(map(abs, ends(x)))


@pytest.mark.parametrize("exponent", [1, 2, 3, 4, 7, 8, 9, 12, 33])
def test_powers_are_those_of_the_ends_or_0_where_an_even_one_turns(exponent):
    """Of intervals of all signs, with exponents up to and beyond those whose powers are formed exactly."""
    for x, _ in intervals(30, 40):
        a, b = ends(x)
        low, high = sorted([a**exponent, b**exponent])
        lower, upper = ends(integer_power(x, exponent))
        assert_nearest(lower, Fraction(0) if exponent % 2 == 0 and a < 0 < b else low, x.prec, False)
        assert_nearest(upper, high, x.prec, True)


@pytest.mark.parametrize("exponent", [9, 33, 64, 1000])
def test_long_powers_are_bounded_before_they_are_rounded(exponent):
    """Each product on the way is rounded to the side asked for, so that what comes out is a bound by itself."""
    for (man, exp), _ in numbers(7, 3, 40):
        x = (man if exponent % 2 else abs(man), exp)
        exact = value(x) ** exponent
        low, high = (value(_power(x, exponent, 7, up)) for up in (False, True))
        assert low <= exact <= high and high - low <= abs(exact) / 2**7


def test_roots_of_squares_are_exact_and_others_are_the_nearest_numbers():
    """Exponents of both parities; ``k**2`` has the root k, and the roots of ``k**2 + 1`` are enclosed."""
    for k in [1, 2, 3, 7, 2**20 - 1, 2**40 + 1]:
        for exp in range(-5, 6):
            exact = value((k, exp))
            assert ends(square_root(outward(k * k, 2 * exp, k * k, 2 * exp, 90))) == (exact, exact)
            low, high = ends(square_root(outward(k * k + 1, exp, k * k + 1, exp, 90)))
            assert low**2 <= value((k * k + 1, exp)) <= high**2 and high - low <= high / 2**88


def test_integers_are_taken_as_intervals():
    """A sum with an integer, from either side, an integer that is too long, and what is no integer."""
    x = from_integer(3, 10)
    assert ends(2 - x) == (-1, -1) and ends(x * 5 + 1) == (16, 16) and ends(6 / x) == (2, 2)
    assert ends(from_integer(2**20 + 1, 10)) == (2**20, 2**20 + 2**11)
    with pytest.raises(TypeError):
        x / 1.0


@pytest.mark.parametrize("bits", [1, 2, 53])
def test_what_is_cut_off_is_rounded_to_the_side_asked_for(bits):
    """All integers of 8 bits, and some of 200, with both signs, in mpmath's form."""
    rng = random.Random(bits)
    for man in [*range(-255, 256), *(rng.choice([-1, 1]) * rng.getrandbits(200) for _ in range(200))]:
        for up in (False, True):
            sign, odd, exp, size = found = bound(man, -7, bits, up)
            assert found == libmp.fzero or (sign in (0, 1) and odd % 2 == 1 and size == odd.bit_length() <= bits)
            assert_nearest((-1) ** sign * value((odd, exp)), man * Fraction(1, 128), bits, up)
