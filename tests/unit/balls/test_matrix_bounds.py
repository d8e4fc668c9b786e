"""Bounds and updates of whole matrices are what their entries say, in either arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from hallucert.balls import arithmetic
from hallucert.balls import matrix as mx
from hallucert.clock import Clock, OutOfTime


def exact(ar, rows):
    return mx.from_rationals(ar, [[Fraction(x) for x in row] for row in rows])


@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, 0.1, -3e300, 5e-324, 2.0**-1074 * 3, 1e16 + 2])
def test_doubles_enter_exactly(ar, value):
    """A ball made from a double contains it and, at 106 bits, nothing else."""
    assert ar.endpoints(ar.from_float(value)) == (Fraction(value),) * 2


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_doubles_enter_outward_at_low_precision(backend):
    """At 30 bits the ball of 0.1 may be wide, and contains it."""
    low, high = arithmetic(backend, 30).endpoints(arithmetic(backend, 30).from_float(0.1))
    assert low <= Fraction(0.1) <= high


def test_one_bad_entry_spoils_a_matrix(ar):
    """A matrix with an indeterminate or an astronomical ball is not finite, and has no Frobenius norm."""
    rows = exact(ar, [[1, 2], [3, 4]])
    assert ar.all_finite(rows)
    for bad in (ar.indeterminate(), ar.power(ar.constant(Fraction(2)), 2**16)):
        spoiled = [list(row) for row in rows]
        spoiled[1][0] = bad
        assert not ar.all_finite(spoiled)
        assert mx.frobenius_norm(ar, spoiled) is None
        assert np.isnan(ar.approximations(spoiled)[1, 0]) and ar.approximations(spoiled)[1, 1] == 4.0


def test_norms(ar):
    """Of [[3, -4], [12, 0]]: row sums 7 and 12, root of the sum of squares 13."""
    rows = exact(ar, [[3, -4], [12, 0]])
    assert ar.largest_absolute_sum(rows) == 12
    assert 13 <= mx.frobenius_norm(ar, rows) < 13 + Fraction(1, 10**25)
    assert mx.frobenius_norm(ar, exact(ar, [[0, 0]])) == 0


def test_norms_cover_the_radii(ar):
    """The entry [-1, 3] counts with 3."""
    rows = [[ar.interval(Fraction(-1), Fraction(3)), ar.constant(Fraction(4))]]
    assert 7 <= ar.largest_absolute_sum(rows) < 7 + Fraction(1, 10**6)
    assert 5 <= mx.frobenius_norm(ar, rows) < 5 + Fraction(1, 10**6)


def test_centre_and_radius_cover_a_ball(ar):
    """Every point of [1/3, 2/3] is within the radius of the centre."""
    ball = ar.interval(Fraction(1, 3), Fraction(2, 3))
    centre, radius = ar.endpoints(ar.centre(ball)), ar.upper(ar.radius(ball))
    assert centre[0] == centre[1]
    assert centre[0] - radius <= Fraction(1, 3) and Fraction(2, 3) <= centre[0] + radius
    assert radius < Fraction(17, 100)
    assert not ar.is_finite(ar.radius(ar.indeterminate()))


def test_update_and_trace(ar):
    """2 A - z u^T - u z^T and tr A for A = [[1, 2], [2, 5]], z = (1, 3), u = (4, 7)."""
    a, z, u = exact(ar, [[1, 2], [2, 5]]), exact(ar, [[1, 3]])[0], exact(ar, [[4, 7]])[0]
    updated = mx.symmetric_update(ar.constant(Fraction(2)), a, z, u)
    assert [[ar.endpoints(x)[0] for x in row] for row in updated] == [[2 - 8, 4 - 7 - 12], [4 - 12 - 7, 10 - 42]]
    assert updated[0][1] is updated[1][0]
    assert ar.endpoints(mx.trace(a)) == (6, 6)


def test_a_ball_that_reaches_a_singular_matrix_has_no_inverse(ar):
    """[0, 2] holds 0, which the error 1 of its approximate inverse just does not exclude; [1/4, 7/4] has an inverse."""
    assert mx.inverse(ar, [[ar.interval(Fraction(0), Fraction(2))]]) is None
    ((found,),) = mx.inverse(ar, [[ar.interval(Fraction(1, 4), Fraction(7, 4))]])
    assert ar.lower(found) <= Fraction(4, 7) < 4 <= ar.upper(found)


def test_an_inverse_is_enclosed_as_its_series_says(ar):
    """``C + E C`` and ``e**2/(1 - e) max_i |C_ij|``, for ``[[1, 2], [0, 4]]`` with entries 1/64 wide to either side."""
    r = Fraction(1, 64)
    a = [[ar.interval(Fraction(m) - r, Fraction(m) + r) for m in row] for row in ([1, 2], [0, 4])]
    c = [[Fraction(1), Fraction(-1, 2)], [Fraction(0), Fraction(1, 4)]]
    e = [2 * sum(map(abs, row)) * r for row in c]  # the sums of the absolute values of I - C A
    rest = max(e) ** 2 / (1 - max(e))
    found = mx.inverse(ar, a)
    for i in range(2):
        for j in range(2):
            width = e[i] / 2 * sum(abs(c[k][j]) for k in range(2)) + rest * max(abs(c[k][j]) for k in range(2))
            below, above = ar.endpoints(found[i][j])
            for reach in (c[i][j] - below, above - c[i][j]):
                assert width <= reach <= width * (1 + Fraction(1, 2**20))


def test_what_is_not_known_has_no_inverse_and_no_norm(ar):
    """One indeterminate entry, an inverse beyond doubles, a rank of 1, and an error of 1 or more."""
    good, unknown = exact(ar, [[2, 0], [0, 4]]), ar.indeterminate()
    assert mx.inverse(ar, [[good[0][0], unknown], good[1]]) is None
    assert mx.frobenius_norm(ar, [[good[0][0], unknown], good[1]]) is None
    assert mx.inverse(ar, exact(ar, [[1, 1], [1, 1]])) is None
    assert mx.inverse(ar, exact(ar, [[Fraction(1, 2**1070), 0], [0, 1]])) is None
    huge, tiny = Fraction(2) ** 65_000, Fraction(1, 2**996)
    assert mx.inverse(ar, [[ar.interval(tiny - huge, tiny + huge)]]) is None
    for reach, known in ((Fraction(1, 2), False), (Fraction(7, 16), True)):
        wide = [[ar.interval(1 - reach, 1 + reach), ar.interval(-reach, reach)], exact(ar, [[0, 1]])[0]]
        assert (mx.inverse(ar, wide) is not None) is known
    for rows in ([[np.nan, 0], [0, 1]], [[np.inf, 0], [0, 1]], [[1e-320, 0], [0, 1]], [[0, 0], [0, 1]]):
        assert mx.float_inverse(np.array(rows, dtype=float)) is None
    assert mx.float_inverse(np.array([[2.0, 0.0], [0.0, 4.0]])).tolist() == [[0.5, 0.0], [0.0, 0.25]]


def test_a_norm_below_1_is_no_0(ar):
    """Of 3/8 and 1/2 it is 5/8; of nothing but zeros it is 0."""
    norm = mx.frobenius_norm(ar, exact(ar, [[Fraction(3, 8), 0], [0, Fraction(1, 2)]]))
    assert Fraction(5, 8) <= norm < Fraction(5, 8) + Fraction(1, 2**80)
    assert mx.frobenius_norm(ar, exact(ar, [[0, 0]])) == 0


def test_an_update_ends_when_the_time_is_up(ar):
    """A clock that is watched and has run out is looked at."""
    one = exact(ar, [[1]])
    with Clock(0).watched(), pytest.raises(OutOfTime):
        mx.symmetric_update(one[0][0], one, one[0], one[0])
