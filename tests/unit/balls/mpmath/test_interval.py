"""Sums and products of ends are rounded to the side asked for, to the nearest number there, in mpmath's form."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from mpmath import libmp

from hallucert.balls.mpmath import interval
from hallucert.balls.mpmath.interval import FAR, bound, product, total


def value(x) -> Fraction:
    """The number that mpmath's form stands for."""
    sign, man, exp, bits = x
    assert (sign in (0, 1) and man % 2 == 1 and bits == man.bit_length()) or x == libmp.fzero
    return (-1) ** sign * man * Fraction(2) ** exp


def assert_nearest(x, exact: Fraction, bits: int, up: bool) -> None:
    """x has so many bits, and lies on the side asked for, less than its last place away."""
    assert x[3] <= bits
    last = Fraction(2) ** (x[2] + x[3] - bits)
    gap = value(x) - exact if up else exact - value(x)
    # From a power of two the place below it is half as wide.
    assert 0 <= gap < last or (gap == exact == 0)


def numbers(bits: int, far: int):
    """Random ends of at most so many bits, some of them 0, powers of two, or all ones."""
    rng = random.Random(bits)
    for _ in range(300):
        pair = []
        for _ in range(2):
            man = rng.choice([0, 1, 2**bits - 1, rng.getrandbits(bits), rng.getrandbits(bits)])
            pair.append(libmp.from_man_exp(rng.choice([-1, 1]) * man, rng.randint(-far, far)))
        yield pair


@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("bits", [2, 30, 53, 106])
def test_sums_and_products_are_the_nearest_numbers_on_their_side(bits, up):
    """Of numbers of both signs, of like and of very different size, against exact rationals."""
    for far in (bits, 3 * FAR):
        for x, y in numbers(bits, far):
            assert_nearest(product(x, y, bits, up), value(x) * value(y), bits, up)
            assert_nearest(total(x, y, bits, up), value(x) + value(y), bits, up)


@pytest.mark.parametrize(("shift", "asked"), [(FAR, 0), (FAR + 1, 1), (-FAR, 0), (-FAR - 1, 1)])
def test_numbers_of_very_different_size_are_added_by_mpmath(monkeypatch, shift, asked):
    """So that a sum is never much longer than its terms."""
    calls, add = [], libmp.mpf_add
    monkeypatch.setattr(interval, "mpf_add", lambda *args: calls.append(args) or add(*args))
    one, other = libmp.from_man_exp(3, 0), libmp.from_man_exp(5, shift)
    assert_nearest(total(one, other, 53, True), value(one) + value(other), 53, True)
    assert len(calls) == asked


@pytest.mark.parametrize("bits", [1, 2, 53])
def test_what_is_cut_off_is_rounded_to_the_side_asked_for(bits):
    """All integers of 8 bits, and some of 200, with both signs."""
    rng = random.Random(bits)
    for man in [*range(-255, 256), *(rng.choice([-1, 1]) * rng.getrandbits(200) for _ in range(200))]:
        for up in (False, True):
            assert_nearest(bound(man, -7, bits, up), man * Fraction(1, 128), bits, up)
