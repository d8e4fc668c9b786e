"""Midpoint-radius arrays contain what exact rational arithmetic gives, at points, at corners and at the extremes."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from hallucert.balls import arithmetic
from hallucert.balls.midrad import MidRad
from hallucert.balls.midrad.rounding import around, blocked_sum
from hallucert.errors import ArgumentError, DomainError

OPERATIONS = {
    "add": (lambda a, b: a + b, lambda x, y: x + y),
    "subtract": (lambda a, b: a - b, lambda x, y: x - y),
    "multiply": (lambda a, b: a * b, lambda x, y: x * y),
    "divide": (lambda a, b: a / b, lambda x, y: x / y),
}


def contains(enclosure, exact):
    """Tell whether an enclosure of shape () contains a rational number."""
    return abs(Fraction(float(enclosure.mid)) - exact) <= Fraction(float(enclosure.rad))


def corners(a):
    """Exact ends of an array's only entry."""
    mid, rad = Fraction(float(a.mid)), Fraction(float(a.rad))
    return {mid - rad, mid, mid + rad}


def numbers(rng, count, scale):
    return rng.choice([-1.0, 1.0], count) * (1 + rng.random(count)) * 2.0 ** rng.integers(-scale, scale, count)


@pytest.mark.parametrize("scale", [3, 60, 500])
@pytest.mark.parametrize("name", OPERATIONS)
def test_operators_contain_the_exact_results_of_all_corners(name, scale):
    """Exact operands and boxes, of like and of very different sizes, down to results that underflow."""
    operate, exact = OPERATIONS[name]
    rng = np.random.default_rng(1)
    for kinds in itertools.product([0.0, 1e-17, 1e-3], repeat=2):
        a, b = (
            MidRad(m, np.abs(m) * kind if kind else None)
            for m, kind in zip((numbers(rng, 40, scale), numbers(rng, 40, scale)), kinds, strict=True)
        )
        for i, result in enumerate(map(operate(a, b).__getitem__, range(40))):
            for x, y in itertools.product(corners(a[i]), corners(b[i])):
                assert contains(result, exact(x, y))


@pytest.mark.parametrize("tiny", [5e-324, 2.0**-1022, 3e-310, 1e-290])
def test_what_underflows_is_enclosed(tiny):
    """Products, squares, sums and products of matrices of subnormal numbers, also with huge factors."""
    x = np.array([[tiny, -tiny], [3 * tiny, 0.7]])
    a = MidRad(x)
    for factor in (tiny, 0.3, 2.0**900):
        b = MidRad(np.full((2, 2), factor), factor / 4)
        exact = Fraction(tiny) * Fraction(factor) * Fraction(5, 4)
        assert contains((a * b)[0, 0], exact)
        assert contains((a @ b)[1, 1], 3 * exact + Fraction(0.7) * Fraction(factor) * Fraction(5, 4))
        assert contains((a @ b.mid)[0, 1], Fraction(0)) and contains((a.T.T * factor)[0, 1], exact * Fraction(-4, 5))
    assert contains(a.sum(), 3 * Fraction(tiny) + Fraction(0.7))


def test_powers_and_reciprocals():
    """Integer powers of a box contain those of its corners; where 0 may be, there is none."""
    a = MidRad([-1.5, 0.75, 3.0], [0.125, 0.0, 1.0])
    for exponent in (-3, -1, 0, 1, 2, 5):
        for i in range(3):
            assert all(contains(a.power(exponent)[i], x**exponent) for x in corners(a[i]))
    for zero in (MidRad([1.0, 0.0]), MidRad([1.0], [1.0])):
        for fails in (zero.reciprocal, lambda z=zero: z.power(-2), lambda z=zero: 1.0 / z):
            with pytest.raises(DomainError):
                fails()


@pytest.mark.parametrize("huge", [1e200, 1.7e308])
def test_what_overflows_is_refused(huge):
    """Sums, products and powers that leave the doubles raise; none is silently infinite."""
    a = MidRad([[huge, huge], [1.0, -1.0]], [[huge / 2] * 2, [0.0] * 2])
    for fails in (lambda: a * a, lambda: a @ a, lambda: a.power(3), lambda: (a * 1.5).sum() * a):
        with pytest.raises(DomainError):
            fails()
    # The midpoint alone overflows: radii are far below.
    row, ones = MidRad(np.full((1, 3), huge)), MidRad(np.ones((3, 1)) * 1e108)
    for fails in (lambda: row @ ones, lambda: (row * (1e108 / 1.2)).sum(), lambda: row * 1e108 + row * 1e108):
        with pytest.raises(DomainError):
            fails()
    for bad in (np.nan, np.inf):
        for build in (lambda b=bad: MidRad([b]), lambda b=bad: MidRad([1.0], [b]), lambda b=bad: a + b):
            with pytest.raises(ArgumentError):
                build()
    for large in ([2**53 + 1], [0, 2**53 + 1], [0, -(2**53) - 1], [-(2**53) - 1, -1]):
        with pytest.raises(ArgumentError):
            MidRad(large)
    assert MidRad([-(2**53), 2**53]).mid.tolist() == [-(2.0**53), 2.0**53]
    for bad in (lambda: MidRad([1.0, 1.0], [-1.0, 1.0]), lambda: MidRad([1.0], [1.0, 2.0])):
        with pytest.raises(ArgumentError):
            bad()
    for fails in (lambda: MidRad([1.7e308], [1.7e308]).magnitude(), lambda: MidRad.number(Fraction(10**400))):
        with pytest.raises(DomainError):
            fails()


@pytest.mark.parametrize("low", [1, -3])
def test_both_ends_are_within_a_radius_of_a_rounded_middle(low):
    """Whole numbers beside ``2**60``, where doubles are 128 apart and more: the farther end is 3 away."""
    assert around(Fraction(2**60 + low), Fraction(2**60 + low + 2)) == (2.0**60, 3.0)


@pytest.mark.parametrize("shape", [(3, 16), (2, 2, 16), (5, 21), (2, 3, 400), (700,)])
def test_sums_in_blocks_are_over_the_last_axis(shape):
    """Whole numbers, whose sums are exact in floats, too: as many as fill blocks, and some more."""
    x = np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
    total = MidRad(x).sum(-1)
    assert (total.mid == x.astype(int).sum(-1)).all() and (total.rad < 1e-12 * total.mid).all()


@pytest.mark.parametrize("length", [20, 25, 400, 410])
def test_all_roundings_of_a_sum_in_blocks_are_counted(length):
    """At least as many as of the sum of a block, of all blocks, and of what is left, in whatever order."""
    depth, block = blocked_sum(np.ones((3, length)))[1], math.isqrt(length)
    assert depth >= (block - 1) + (length // block - 1) + (length % block > 0)


def test_signs_cost_nothing():
    """A factor 1 or -1, from either side, makes no radius."""
    a = MidRad([[0.1, 0.2]], [[0.0, 1e-3]])
    for sign in (1.0, -1.0):
        for product in (sign * a, a * sign, MidRad(sign) * a, a * MidRad([[sign]])):
            assert (product.mid == sign * a.mid).all() and (product.rad == a.rad).all()
    wide = MidRad([1.0], [0.5])  # no sign
    for product in (wide * MidRad([2.0]), MidRad([2.0]) * wide):
        assert contains(product[0], Fraction(1)) and contains(product[0], Fraction(3))
    assert (MidRad([0.1]) * -1.0).exact and (MidRad([2.0]) * MidRad(np.ones((1, 1)))).shape == (1, 1)


def test_axes_of_sums():
    """Axes count from both ends, as numpy's; others, and repeated ones, are refused."""
    a = MidRad(np.arange(24.0).reshape(2, 3, 4))
    for axes in (0, -1, (0, 2), (-1, 1), None, ()):
        total = a.sum(axes)
        assert total.shape == a.mid.sum(axes).shape and (np.abs(total.mid - a.mid.sum(axes)) <= total.rad).all()
    nothing = MidRad(np.zeros((4, 2, 0))).sum(-1)
    assert nothing.shape == (4, 2) and not nothing.mid.any() and nothing.exact
    for axes in (3, -4, (0, 0), (1, -2), (0, 3)):
        with pytest.raises(ArgumentError):
            a.sum(axes)


def test_sizes_are_bounds():
    """Magnitudes and mignitudes bound the exact ones from above and from below."""
    rng = np.random.default_rng(3)
    a = MidRad(numbers(rng, 200, 5), rng.random(200))
    for i in range(200):
        mid, rad = Fraction(a.mid[i]), Fraction(a.rad[i])
        assert Fraction(a.magnitude()[i]) >= abs(mid) + rad
        assert 0 <= Fraction(a.mignitude()[i]) <= max(abs(mid) - rad, 0)


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_balls_come_in_enclosed(backend):
    """Every end of a ball lies in its midpoint-radius enclosure; an indeterminate ball is refused."""
    with arithmetic(backend, 106) as ar:
        balls = np.array([[ar.constant(Fraction(1, 3)), ar.pi()], [ar.interval(Fraction(1), Fraction(2)), ar.pi()]])
        enclosure = MidRad.from_balls(ar, balls)
        for index in np.ndindex(2, 2):
            assert all(contains(enclosure[index], end) for end in ar.endpoints(balls[index]))
        with pytest.raises(DomainError):
            MidRad.from_balls(ar, [ar.indeterminate()])
    assert MidRad.number(Fraction(1, 4)).exact and contains(MidRad.number(Fraction(1, 3)), Fraction(1, 3))


@pytest.mark.parametrize("divisor", [[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
def test_one_zero_among_exact_divisors_is_enough(divisor):
    """Exact numbers are divided one by one, and a single 0 below is no number."""
    with pytest.raises(DomainError):
        MidRad(np.array([1.0, 1.0])) / MidRad(np.array(divisor))


def test_radii_stay_with_what_is_joined():
    """An exact array beside one with radii, in either order; nothing has no radii, and what is exact stays so."""
    exact, wide = MidRad([1.0]), MidRad([2.0], [0.5])
    assert MidRad.concatenate([exact, wide]).rad.tolist() == [0.0, 0.5]
    assert MidRad.concatenate([wide, exact]).rad.tolist() == [0.5, 0.0]
    assert MidRad.concatenate([exact, exact]).exact and MidRad(np.zeros(0), np.zeros(0)).size == 0


@pytest.mark.parametrize("radius", [None, 1e-3])
def test_sums_of_segments(radius):
    """One entry, three, and 128 of which floats lose 16; at both corners, and so small that there are no roundings."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(2, 3, 132))
    x[1, 2, 4:] = 2.0**-54
    x[1, 2, 5] = 1.0
    x[0] *= 2.0**-1060
    a = MidRad(x, None if radius is None else radius * abs(x))
    sums = a.segment_sums(np.array([0, 1, 4]))
    assert sums.shape == (2, 3, 3)
    for i, j in np.ndindex(2, 3):
        for k, part in enumerate((slice(0, 1), slice(1, 4), slice(4, 132))):
            mid, rad = (sum(map(Fraction, values[i, j, part].tolist())) for values in (a.mid, a.rad))
            assert contains(sums[i, j, k], mid - rad) and contains(sums[i, j, k], mid + rad)
    assert contains(MidRad(np.full(20, 5e-324)).sum(), 20 * Fraction(5e-324))


@pytest.mark.parametrize("shape", [(20000,), (1, 20000), (2, 20000), (20000, 2), (3, 5, 7000)])
def test_arrays_of_any_size_are_combined_entry_by_entry(shape):
    """More entries than are worked on at once: the farthest corners of products and sums of whole numbers, exactly."""
    x = np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
    a, b = MidRad(x, x / 2), MidRad(np.array(3.0), 0.25)
    for result, end in (
        (a * b, 1.5 * x * 3.25),
        (b * a, 1.5 * x * 3.25),
        (a + b, 1.5 * x + 3.25),
        (a - b, x / 2 - 3.25),
    ):
        off = abs(end - result.mid)
        assert (off <= result.rad).all() and (result.rad <= off * (1 + 1e-12)).all()
    assert (abs((a.mid * b - 3 * x).mid) <= 1e-9).all() and ((a.mid * b).rad >= x / 4).all()
