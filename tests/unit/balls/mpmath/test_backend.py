"""Numbers go in and out of mpmath's arithmetic as they are, up to the sizes of which there are some."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import pytest

from hallucert.balls.facade import SIZE_LIMIT, UNDERFLOW_LIMIT
from hallucert.balls.mpmath import backend
from hallucert.balls.mpmath.backend import MpmathArithmetic
from hallucert.balls.mpmath.interval import Interval
from hallucert.errors import ArgumentError

AR = MpmathArithmetic(106)


def interval(low, e, high, f) -> Interval:
    return Interval(low, e, high, f, 106)


@pytest.mark.parametrize("value", [0.0, 0.1, -0.75, 3.0, 1e300, 5e-324, -(2.0**-1022)])
def test_doubles_go_in_and_out_exactly(value) -> None:
    """Also the smallest and large ones."""
    ball = AR.from_float(value)
    assert AR.endpoints(ball) == (Fraction(value),) * 2
    assert AR.approximate(ball) == pytest.approx(value, rel=0, abs=5e-324)


@pytest.mark.parametrize(
    "value", [Fraction(1, 3), Fraction(-22, 7), Fraction(10**40), Fraction(1, 10**40), Fraction(2**70 + 1)]
)
def test_long_numbers_have_the_nearest_doubles_but_one(value) -> None:
    """And widths, of what has some."""
    assert AR.approximate(AR.constant(value)) == pytest.approx(float(value), rel=2.0**-51)
    wide = AR.interval(value, value + abs(value) / 3)
    assert AR.width(wide) == pytest.approx(float(abs(value) / 3), rel=2.0**-50)
    assert math.isnan(AR.width(AR.indeterminate())) and math.isinf(AR.approximate(interval(-1, 2000, -1, 2000)))


@pytest.mark.parametrize(
    ("ball", "finite"),
    [
        (interval(0, 0, 1, SIZE_LIMIT - 2), True),
        (interval(0, 0, 1, SIZE_LIMIT - 1), False),
        (interval(-1, SIZE_LIMIT - 2, 0, 0), True),
        (interval(-1, SIZE_LIMIT - 1, 0, 0), False),
        (interval(0, SIZE_LIMIT + 9, 0, SIZE_LIMIT + 9), True),
        (interval(None, 0, None, 0), False),
    ],
)
def test_what_is_finite_is_so_at_both_ends(ball, finite) -> None:
    """And 0 is, however it is written."""
    assert AR.is_finite(ball) is finite
    if ball.a is not None and ball.e < SIZE_LIMIT:
        if finite:
            assert AR.absolute_sum([ball]) == Fraction(2) ** (SIZE_LIMIT - 2)
        else:
            with pytest.raises(ArgumentError):
                AR.absolute_sum([ball])


def test_sums_of_very_different_sizes_are_bounds() -> None:
    """2^2000 and 1, in any order."""
    large, one = interval(1, 2000, 1, 2000), AR.constant(Fraction(1))
    for balls in ([large, one], [one, large], [one, -large, one]):
        assert 2**2000 + len(balls) - 1 <= AR.absolute_sum(balls) < 2**2000 * (1 + Fraction(1, 2**100))


def test_what_is_too_small_has_no_logarithm() -> None:
    """Up to 2^-UNDERFLOW_LIMIT."""
    for exponent, known in ((-UNDERFLOW_LIMIT, True), (-UNDERFLOW_LIMIT - 1, False), (-2 * UNDERFLOW_LIMIT, False)):
        x = interval(1, exponent, 1, exponent)
        if not known:
            assert not AR.is_finite(AR.log(x)) and not AR.is_finite(AR.real_power(x, Fraction(1, 3)))
    assert AR.real_power(AR.constant(Fraction(2)), Fraction(1, 3)).prec == 106


def test_centres_lie_in_the_middle() -> None:
    """Also of [1, 8], whose ends are written with one number; of a point it is the point, of nothing it is nothing."""
    assert AR.endpoints(AR.centre(interval(1, 0, 1, 3))) == (Fraction(9, 2),) * 2
    assert AR.centre(AR.indeterminate()).a is None
    assert AR.endpoints(AR.centre(AR.constant(Fraction(3, 8)))) == (Fraction(3, 8),) * 2


def test_what_a_row_cuts_off_is_in_its_radius() -> None:
    """Of a point with more bits than are kept, and of an interval whose ends are written with one number."""
    third, large = AR.constant(Fraction(1, 3)), AR.constant(Fraction(2) ** 60)
    point = interval(third.a, third.e, third.a, third.e)
    for row in ([point, large, interval(5, 0, 5, 58)], [interval(5, 0, 5, 2)]):
        for bits in (8, 60):
            middle, radius, exponent = backend._fixed(row, bits)
            for ball, m, r in zip(row, middle, radius, strict=True):
                low, high = AR.endpoints(ball)
                assert (m - r) * Fraction(2) ** exponent <= low and high <= (m + r) * Fraction(2) ** exponent


@pytest.mark.parametrize("side", [0, 1])
def test_a_hole_in_either_matrix_spoils_its_products_alone(side) -> None:
    """Of matrices that are multiplied in integers, and of those that are not."""
    for size in (2, 6):
        one, hole = AR.constant(Fraction(1)), AR.indeterminate()
        matrices = [[[one] * size for _ in range(size)] for _ in range(2)]
        matrices[side][0][0] = hole
        product = AR.matrix_product(*matrices)
        known = [[AR.is_finite(ball) for ball in row] for row in product]
        assert known == [[(i if side == 0 else j) != 0 for j in range(size)] for i in range(size)]
        assert AR.endpoints(product[1][1]) == (size, size)


@pytest.mark.parametrize("bits", [53, 200])
@pytest.mark.parametrize("exponent", ["1/3", "-7/5", "1001/3"])
def test_powers_by_logarithms_are_as_sharp_as_others(bits, exponent):
    """Of points, to some units in the last place; without a logarithm, or beyond all sizes, nothing is known."""
    ar, power = MpmathArithmetic(bits), Fraction(exponent)
    for x in (Fraction(3, 8), Fraction(5), Fraction(1, 2**30)):
        ball = ar.power_by_logarithm(ar.constant(x), power)
        low, high = ar.endpoints(ball)
        with mpmath.workprec(4 * bits + 64):
            exact = mpmath.mpf(x.numerator) / x.denominator
            exact = mpmath.power(exact, mpmath.mpf(power.numerator) / power.denominator)
            ends = [mpmath.mpf(end.numerator) / end.denominator for end in (low, high)]
            assert ends[0] <= exact <= ends[1] and ends[1] - ends[0] <= exact * mpmath.mpf(2) ** (3 - bits)
    assert not ar.is_finite(ar.power_by_logarithm(ar.interval(Fraction(-1), Fraction(1)), power))
    assert not ar.is_finite(ar.power_by_logarithm(ar.constant(Fraction(2) ** 30000), Fraction(16, 3)))


def test_sums_of_sizes_are_rounded_up_at_the_most_bits():
    """At those of the arithmetic, or of a ball that has more; of nothing it is 0, beyond all sizes there is none."""
    ar, fine = MpmathArithmetic(53), MpmathArithmetic(300)
    third, minus = fine.constant(Fraction(1, 3)), ar.constant(Fraction(-2))
    found = ar.absolute_sum([third, minus])
    assert Fraction(7, 3) < found < Fraction(7, 3) + Fraction(1, 2**290)
    assert ar.absolute_sum([minus, third]) - Fraction(7, 3) < Fraction(1, 2**290)
    assert ar.absolute_sum([]) == ar.absolute_sum([ar.constant(Fraction(0))]) == 0
    large = ar.constant(Fraction(2) ** (SIZE_LIMIT - 2))
    assert ar.absolute_sum([large]) == Fraction(2) ** (SIZE_LIMIT - 2)
    for wrong in ([large, large], [ar.indeterminate()], [ar.constant(Fraction(1)), ar.indeterminate()]):
        with pytest.raises(ArgumentError, match="ball"):
            ar.absolute_sum(wrong)


def test_centres_are_points_of_balls():
    """Halfway, or the point itself; of what is indeterminate nothing else is one."""
    ar = MpmathArithmetic(53)
    assert ar.endpoints(ar.centre(ar.interval(Fraction(1), Fraction(2)))) == (Fraction(3, 2),) * 2
    point = ar.constant(Fraction(1))
    assert ar.centre(point) is point and not ar.is_finite(ar.centre(ar.indeterminate()))


def test_ends_that_are_tiny_are_rounded_outward():
    """Below ``2**-SIZE_LIMIT`` they are 0 on one side and about that on the other; larger ones are as they are."""
    ar = MpmathArithmetic(53)
    tiny = ar.power(ar.constant(Fraction(3)), -(2 * SIZE_LIMIT))
    low, high = ar.endpoints(tiny)
    assert low == 0 and 0 < high <= Fraction(1, 2**SIZE_LIMIT)
    low, high = ar.endpoints(-tiny)
    assert high == 0 and -Fraction(1, 2**SIZE_LIMIT) <= low < 0
    some = Fraction(1, 2 ** (SIZE_LIMIT + 100))
    assert ar.endpoints(ar.constant(some)) == (some, some)


def test_powers_that_are_not_positive_begin_with_one():
    """Exactly."""
    ar = MpmathArithmetic(53)
    three, two = ar.constant(Fraction(3)), ar.constant(Fraction(2))
    assert ar.endpoints(ar.power(three, 0)) == (1, 1) and ar.endpoints(ar.power(two, -3)) == (Fraction(1, 8),) * 2
