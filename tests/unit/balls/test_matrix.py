"""Determinants, norms and inverses of interval matrices contain those of every matrix inside."""

from __future__ import annotations

import random
from fractions import Fraction

import flint
import numpy as np
import pytest

from hallucert.balls import matrix as mx
from hallucert.balls.determinant import determinant
from hallucert.balls.matrix import inverse
from hallucert.errors import ArgumentError


def rational_matrix(rng, d, denominator=7):
    return [[Fraction(rng.randint(-20, 20), denominator) for _ in range(d)] for _ in range(d)]


def exact_determinant(rows) -> Fraction:
    value = flint.fmpq_mat([[flint.fmpq(x.numerator, x.denominator) for x in row] for row in rows]).det()
    return Fraction(int(value.p), int(value.q))


def exact_inverse(rows):
    value = flint.fmpq_mat([[flint.fmpq(x.numerator, x.denominator) for x in row] for row in rows]).inv()
    return [[Fraction(int(x.p), int(x.q)) for x in row] for row in value.tolist()]


def widen(ar, rows, radius):
    return [[ar.interval(x - radius, x + radius) for x in row] for row in rows]


@pytest.mark.parametrize("d", [1, 2, 3, 4, 7])
def test_a_determinant_is_enclosed_tightly(ar, d):
    """Determinants of random rational matrices up to 7 by 7 are enclosed, within one part in 10**8."""
    rng = random.Random(d)
    for _ in range(5):
        rows = rational_matrix(rng, d)
        truth = exact_determinant(rows)
        low, high = ar.endpoints(determinant(ar, mx.from_rationals(ar, rows)))
        assert low <= truth <= high
        if truth:
            assert high - low < abs(truth) * Fraction(1, 10**8)


@pytest.mark.parametrize("d", [2, 5])
def test_a_wide_determinant_contains_those_of_corner_matrices(ar, d):
    """The determinant of balls of radius 1/100 holds the exact ones of 20 corners and middles."""
    rng, radius = random.Random(d), Fraction(1, 100)
    rows = rational_matrix(rng, d)
    low, high = ar.endpoints(determinant(ar, widen(ar, rows, radius)))
    for _ in range(20):
        corner = [[x + rng.choice([-1, 0, 1]) * radius for x in row] for row in rows]
        assert low <= exact_determinant(corner) <= high


def test_the_sign_of_a_wide_determinant_in_twenty_dimensions_is_decided(ar):
    """With 20 rows and entries known to 1e-5 the determinant has the sign of the exact one."""
    rng, d, radius = np.random.default_rng(20), 20, Fraction(1, 10**5)
    rows = [[Fraction(x) for x in row] for row in rng.standard_normal((d, d)).tolist()]
    truth = exact_determinant(rows)
    ball = determinant(ar, widen(ar, rows, radius))
    assert ar.positive(ball) if truth > 0 else ar.negative(ball)
    assert ar.lower(ball) < truth < ar.upper(ball)


@pytest.mark.parametrize("d", [2, 3, 4, 6])
def test_the_determinant_of_a_singular_matrix_is_never_nonzero(ar, d):
    """Where the last row is the sum of the others, the enclosure is finite and holds 0."""
    rows = rational_matrix(random.Random(d), d)
    rows[-1] = [sum(column) for column in zip(*rows[:-1], strict=True)]
    ball = determinant(ar, mx.from_rationals(ar, rows))
    assert ar.is_finite(ball) and ar.lower(ball) <= 0 <= ar.upper(ball)


@pytest.mark.parametrize("d", [2, 4])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_hair_from_singular_the_sign_of_the_determinant_is_decided(ar, d, sign):
    """A determinant of 2**-80 or of -2**-80 has its sign."""
    rows = [[Fraction(int(i == j)) for j in range(d)] for i in range(d)]
    rows[0][1] = rows[1][0] = Fraction(1)
    rows[1][1] = 1 + sign * Fraction(1, 2**80)
    ball = determinant(ar, mx.from_rationals(ar, rows))
    assert ar.positive(ball) if sign > 0 else ar.negative(ball)


def test_the_determinant_of_the_zero_matrix_and_of_an_indeterminate_one(ar):
    """It is exactly 0, and indeterminate; a matrix that is not square is refused."""
    zero = ar.constant(Fraction(0))
    assert ar.endpoints(determinant(ar, [[zero] * 5 for _ in range(5)])) == (0, 0)
    assert not ar.is_finite(determinant(ar, [[ar.indeterminate()] * 2] * 2))
    with pytest.raises(ArgumentError):
        determinant(ar, [[zero, zero]])


def test_an_exchange_of_rows_turns_the_sign_of_the_determinant(ar):
    """A cycle of five rows has a positive determinant, and a negative one after one exchange."""
    d = 5
    rows = [[Fraction(int(j == (i + 1) % d)) for j in range(d)] for i in range(d)]
    assert ar.positive(determinant(ar, mx.from_rationals(ar, rows)))  # a cycle of length 5 is even
    rows[0], rows[1] = rows[1], rows[0]
    assert ar.negative(determinant(ar, mx.from_rationals(ar, rows)))


@pytest.mark.parametrize("d", [1, 2, 5])
def test_an_inverse_is_enclosed_tightly(ar, d):
    """The exact inverses of random rational matrices up to 5 by 5 are enclosed within 2**-70."""
    rng = random.Random(10 + d)
    rows = rational_matrix(rng, d)
    truth, found = exact_inverse(rows), inverse(ar, mx.from_rationals(ar, rows))
    for i in range(d):
        for j in range(d):
            low, high = ar.endpoints(found[i][j])
            assert low <= truth[i][j] <= high and high - low < Fraction(1, 2**70)


def test_a_wide_inverse_contains_those_of_corner_matrices(ar):
    """The inverse of balls of radius 1/50 holds the exact inverses of 30 corners."""
    rng, d, radius = random.Random(4), 3, Fraction(1, 50)
    rows = rational_matrix(rng, d, 1)
    found = inverse(ar, widen(ar, rows, radius))
    for _ in range(30):
        truth = exact_inverse([[x + rng.choice([-1, 1]) * radius for x in row] for row in rows])
        for i in range(d):
            for j in range(d):
                low, high = ar.endpoints(found[i][j])
                assert low <= truth[i][j] <= high


def test_an_interval_matrix_that_contains_a_singular_one_has_no_inverse(ar):
    """Matrices that are, hold or may be singular, indeterminate or beyond doubles give None."""
    one, wide = ar.constant(Fraction(1)), ar.interval(1 - Fraction(1, 10), 1 + Fraction(1, 10**30))
    zero = ar.constant(Fraction(0))
    assert inverse(ar, [[one, one], [one, wide]]) is None
    assert inverse(ar, [[one, one], [one, one]]) is None
    assert inverse(ar, [[zero]]) is None
    assert inverse(ar, [[ar.indeterminate()]]) is None
    huge = ar.power(ar.constant(Fraction(2)), 5000)
    assert inverse(ar, [[huge, one], [one, one]]) is None


def test_small_operations(ar):
    """Sums, products, norm and the like of a 2 by 2 matrix are what they are by hand, exactly."""
    a = mx.from_floats(ar, np.array([[1.0, 2.0], [3.0, -4.0]]))
    plain = [[1, 2], [3, -4]]
    values = lambda m: [[ar.midpoint(x) for x in row] for row in m]  # noqa: E731
    assert values(mx.transpose(a)) == [[1, 3], [2, -4]]
    assert values(mx.symmetric_part(ar, a)) == [[1, Fraction(5, 2)], [Fraction(5, 2), -4]]
    assert values(mx.add(a, a)) == [[2, 4], [6, -8]] and values(mx.subtract(a, a)) == [[0, 0], [0, 0]]
    assert values(mx.scale(ar.constant(Fraction(3)), a)) == [[3, 6], [9, -12]]
    assert values(ar.matrix_product(a, mx.identity(ar, 2))) == plain
    assert [ar.midpoint(x) for x in mx.apply(ar, a, [a[0][0], a[0][1]])] == [5, -5]
    assert ar.largest_absolute_sum(a) == 7 and ar.approximations(a).tolist() == plain
    with pytest.raises(ArgumentError):
        ar.largest_absolute_sum([[ar.indeterminate()]])


def test_squares_are_summed_over_all_balls(ar):
    """Of -3, [0, 4] and 2: from 13 to 29; of none: 0."""
    balls = [ar.constant(Fraction(-3)), ar.interval(Fraction(0), Fraction(4)), ar.constant(Fraction(2))]
    low, high = ar.endpoints(mx.sum_of_squares(ar, balls))
    assert 13 - Fraction(1, 2**20) < low <= 13 and 29 <= high < 29 + Fraction(1, 2**20)
    assert ar.endpoints(mx.sum_of_squares(ar, [])) == (0, 0)


def test_an_intersection_that_would_be_empty_changes_nothing(ar):
    """Of [0, 2] and [1, 3] there is [1, 2], of [0, 2] and [3, 4] the first; what is indeterminate restricts nothing."""
    first, second, third = (ar.interval(Fraction(a), Fraction(b)) for a, b in ((0, 2), (1, 3), (3, 4)))
    found = mx.intersected(ar, [first, first, first], [second, third, ar.indeterminate()])
    room = Fraction(1, 2**20)
    for ball, (low, high) in zip(found, ((1, 2), (0, 2), (0, 2)), strict=True):
        assert low - room < ar.lower(ball) <= low and high <= ar.upper(ball) < high + room
