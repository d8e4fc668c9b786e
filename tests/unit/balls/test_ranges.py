"""Functions of both arithmetics reach from end to end, up to the sizes of which there are numbers; oracle: mpmath."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from hallucert.balls import arithmetic
from hallucert.balls.facade import EXP_LIMIT, SIZE_LIMIT, UNDERFLOW_LIMIT
from hallucert.errors import ArgumentError

SOFTPLUS = {"softplus": lambda x: mpmath.log1p(mpmath.exp(x))}
RANGES = [
    *(("exp", ends) for ends in ((-4, 4), (0, "1/64"), ("-1/100", "1/100"), (5, 5), (-40, 1))),
    *(("log", ends) for ends in (("1/100", 100), ("1/1000", "1/999"), (3, "3001/1000"), (7, 7))),
    *(("sqrt", ends) for ends in (("1/100", 100), (2, 3), (2, "2001/1000"), (7, 7))),
    *(("tanh", ends) for ends in ((-3, 2), (1, 4), ("-1/100", "1/50"), (-90, 90), ("1/3", "1/3"))),
    *(("erf", ends) for ends in ((-3, 2), (1, 4), ("-1/100", "1/50"), (-20, 20), ("1/3", "1/3"))),
    *(("softplus", ends) for ends in ((-3, 2), (60, 70), (63, 63), (65, 65), ("1/100", "1/50"), (-100, -99))),
]


@pytest.mark.parametrize(("name", "ends"), RANGES)
def test_increasing_functions_reach_from_end_to_end(ar, name, ends):
    """On wide balls, narrow ones and points: from the value at the lower end to that at the upper one, little more."""
    x = ar.interval(*map(Fraction, ends))
    low, high = ar.endpoints(x)
    with mpmath.workdps(60):
        function = SOFTPLUS.get(name) or getattr(mpmath, name)
        exact = [function(mpmath.mpf(end.numerator) / end.denominator) for end in (low, high)]
        ball = getattr(ar, name)(x)
        found = [mpmath.mpf(v.numerator) / v.denominator for v in ar.endpoints(ball)]
        tiny = mpmath.mpf(10) ** -50 * abs(exact[1])
        room = (exact[1] - exact[0]) * (mpmath.mpf(2) ** -6 if high - low < Fraction(1, 16) else mpmath.mpf(2) ** -20)
        room += abs(exact[1]) * mpmath.mpf(2) ** -95
        assert exact[0] - room <= found[0] <= exact[0] + tiny and exact[1] - tiny <= found[1] <= exact[1] + room


@pytest.mark.parametrize("exponent", [-3, -2, 2, 3, 5, 8])
@pytest.mark.parametrize("ends", [(1, 2), (-2, -1), (2, "2001/1000"), ("-2001/1000", -2), (3, 3), (-3, -3)])
def test_powers_reach_from_end_to_end(ar, exponent, ends):
    """Away from 0, where they are monotone."""
    exact = sorted(Fraction(end) ** exponent for end in ends)
    low, high = ar.endpoints(ar.power(ar.interval(*map(Fraction, ends)), exponent))
    room = (exact[1] - exact[0]) / 2**8 + abs(exact[1]) / 2**95
    assert exact[0] - room <= low <= exact[0] and exact[1] <= high <= exact[1] + room


def test_what_is_beyond_all_sizes_has_no_value(ar):
    """No function is finite there, though some have a limit; up to that size they are."""
    huge, large = (ar.constant(Fraction(2) ** bits) for bits in (SIZE_LIMIT - 1, SIZE_LIMIT - 2))
    assert not ar.is_finite(huge) and ar.is_finite(large) and ar.is_finite(-large) and not ar.is_finite(-huge)
    assert not ar.is_finite(ar.hull(huge, large)) and ar.is_finite(
        ar.interval(-(Fraction(2) ** (SIZE_LIMIT // 2 + 9)), Fraction(0))
    )
    for name in ("exp", "tanh", "erf", "softplus", "sin", "cos", "log", "sqrt"):
        assert not ar.is_finite(getattr(ar, name)(huge)) and not ar.is_finite(getattr(ar, name)(-huge))
    for name, ends in (("tanh", (1, 1)), ("erf", (1, 1)), ("exp", None), ("sqrt", None)):
        if ends:
            low, high = ar.endpoints(getattr(ar, name)(large))
            assert abs(low - 1) < Fraction(1, 2**90) and abs(high - 1) < Fraction(1, 2**90)
    assert ar.is_finite(ar.sqrt(large)) and ar.is_finite(ar.exp(ar.constant(Fraction(EXP_LIMIT))))
    assert not ar.is_finite(ar.power(huge, 1)) and not ar.is_finite(ar.power(huge, 0))
    assert ar.intersection(huge, large) is large and ar.intersection(large, huge) is large
    assert not (ar.positive(huge) or ar.negative(-huge)) and ar.positive(large) and ar.negative(-large)
    assert (
        math.isnan(ar.approximate(huge)) and not ar.all_finite([[large, huge]]) and ar.all_finite([[large], [-large]])
    )
    for method in (ar.endpoints, ar.midpoint, ar.magnitude):
        with pytest.raises(ArgumentError):
            method(huge)


def test_exp_of_what_is_far_below_lies_between_0_and_its_limit(ar):
    """Nearly 0: it is not negative, and what bounds it has no digits."""
    far = Fraction(-UNDERFLOW_LIMIT)
    for ends in ((far - 10, far - 5), (far - 10, far / 2), (far - 10, far - 10)):
        low, high = ar.endpoints(ar.exp(ar.interval(*ends)))
        assert -Fraction(1, 2 ** (SIZE_LIMIT - 2)) <= low <= 0 < high <= Fraction(1, 2 ** (SIZE_LIMIT - 2))


def test_centres_radii_widths_and_middles(ar):
    """Of [1, 4]: 5/2, 3/2 and 3; of a point it is itself."""
    ball, point = ar.interval(Fraction(1), Fraction(4)), ar.constant(Fraction(5, 2))
    assert ar.midpoint(ball) == Fraction(5, 2) and ar.endpoints(ar.centre(ball)) == (Fraction(5, 2),) * 2
    low, high = ar.endpoints(ar.radius(ball))
    assert low <= high and Fraction(3, 2) <= high < Fraction(3, 2) + Fraction(1, 2**20)
    assert ar.width(ball) == pytest.approx(3, rel=1e-6) and ar.width(point) == 0
    assert ar.endpoints(ar.radius(point)) == (0, 0) and not ar.is_finite(ar.radius(ar.indeterminate()))
    assert np.isnan(ar.approximations([[point, ar.indeterminate()]])).tolist() == [[False, True]]
    assert ar.approximations([[point], [-point]]).tolist() == [[2.5], [-2.5]]
    assert ar.largest_absolute_sum([[point, -point], [ball, -point]]) == pytest.approx(6.5)
    assert ar.absolute_sum([]) == 0 and ar.absolute_sum([-ball, point]) >= Fraction(13, 2)
    with pytest.raises(ArgumentError):
        ar.absolute_sum([ar.indeterminate()])


def test_long_products_are_cut_without_a_difference(ar, monkeypatch):
    """By rows and along the sums: of (i + k)/7 and (k - j)/3."""
    if ar.name == "arb":
        from hallucert.balls import arb

        monkeypatch.setattr(arb, "_ENTRIES", 40)
        monkeypatch.setattr(arb, "_TERMS", 40)
    a = [[Fraction(i + k, 7) for k in range(40)] for i in range(9)]
    b = [[Fraction(k - j, 3) for j in range(3)] for k in range(40)]
    product = ar.matrix_product(*([[ar.constant(v) for v in row] for row in rows] for rows in (a, b)))
    assert len(product) == 9 and all(len(row) == 3 for row in product)
    for i, row in enumerate(product):
        for j, ball in enumerate(row):
            low, high = ar.endpoints(ball)
            exact = sum(a[i][k] * b[k][j] for k in range(40))
            assert low <= exact <= high and high - low < Fraction(1, 2**80)


def test_what_is_beyond_all_sizes_is_so_on_every_side(ar):
    """Below, in the radius alone, and in a matrix; what is far below all sizes is enclosed by the least ones."""
    huge, tiny = ar.constant(Fraction(2) ** (SIZE_LIMIT - 1)), ar.power(ar.constant(Fraction(1, 2)), 200_000)
    assert not ar.all_finite([[-huge]]) and not ar.is_finite(
        ar.interval(-(Fraction(2) ** SIZE_LIMIT), Fraction(2) ** SIZE_LIMIT)
    )
    assert np.isnan(ar.approximations([[huge, -huge]])).all()
    unit = Fraction(1, 2**SIZE_LIMIT)
    for ball in (tiny * ar.constant(Fraction(1, 3)), tiny * 3):
        low, high = ar.endpoints(ball)
        assert low == 0 < unit <= high <= 8 * unit and ar.endpoints(-ball) == (-high, 0)
    low, high = ar.endpoints(ar.hull(-tiny, tiny))
    assert -8 * unit <= low <= -unit < 0 < unit <= high <= 8 * unit
    low, high = ar.endpoints(ar.constant(unit) + tiny * ar.interval(Fraction(-1), Fraction(1)))
    assert low < unit < high


@pytest.mark.parametrize("ends", [(-3, "1/2"), ("-1/2", 3), (-3, 0), (0, 3), ("-1/4", "1/2")])
def test_even_powers_begin_at_0(ar, ends):
    """Wherever 0 is in the ball."""
    for exponent in (2, 4):
        low, high = ar.endpoints(ar.power(ar.interval(*map(Fraction, ends)), exponent))
        most = max(abs(Fraction(end)) for end in ends) ** exponent
        assert -Fraction(1, 2**20) < low <= 0 and most <= high < most + Fraction(1, 2**20)


@pytest.mark.parametrize("name", ["arb", "mpmath"])
def test_a_ball_around_0_is_finite_up_to_the_limit(name):
    """By its radius, as its middle says nothing: ``2**(SIZE_LIMIT - 2)`` is below it, twice that is not."""
    with arithmetic(name, 53) as ar:
        for size, fine in ((SIZE_LIMIT - 3, True), (SIZE_LIMIT - 1, False), (SIZE_LIMIT + 9, False)):
            end = Fraction(2) ** size
            assert ar.is_finite(ar.interval(-end, end)) is fine
