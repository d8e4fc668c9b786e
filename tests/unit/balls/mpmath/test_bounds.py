"""What the series leave open is left open by the functions: with errors as large as these may be, not as they are.

The series are far sharper than they are trusted to be, so that a bound that forgets a part of their error would hardly
ever be seen to be wrong. Here their errors are made a thousandth; exact values are those of mpmath at 60 digits.
"""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from mpmath import libmp

from hallucert.balls.facade import UNDERFLOW_LIMIT
from hallucert.balls.mpmath import backend, functions, series
from hallucert.balls.mpmath.backend import MpmathArithmetic
from hallucert.balls.mpmath.interval import Interval, from_integer
from hallucert.errors import EnvironmentRefused

PREC = 80
PART = mpmath.mpf(2) ** -10


@pytest.fixture
def loose(monkeypatch):
    """Series whose enclosures are wider by a part of 2^-10 on both sides."""
    real, erf = series.exp_fixed, series.erf_fixed

    def wide(man, exp, bits):
        low, high, exponent = real(man, exp, bits)
        return low - (low >> 10), high + (high >> 10), exponent

    def wide_erf(man, exp, w):
        low, high = erf(man, exp, w)
        return low - (low >> 10), high + (high >> 10)

    monkeypatch.setattr(series, "exp_fixed", wide)
    monkeypatch.setattr(series, "erf_fixed", wide_erf)
    with mpmath.workdps(60):
        yield


def number(x):
    return mpmath.mpf(x.numerator) / x.denominator if isinstance(x, Fraction) else mpmath.make_mpf(x)


def bounds(name, x):
    """The two bounds of a function at a number."""
    raw = libmp.from_rational(Fraction(x).numerator, Fraction(x).denominator, 200)
    return [number(end) for end in getattr(functions, f"{name}_bounds")(raw, PREC)]


def logarithm(e):
    return mpmath.log1p(e)


@pytest.mark.parametrize("x", [Fraction(1, 3), Fraction(-5, 2), Fraction(3), Fraction(-40), Fraction(1, 2**30)])
def test_what_the_exponential_leaves_open_is_left_open(loose, x) -> None:
    """By itself, in tanh, in softplus."""
    e = mpmath.exp(number(x))
    low, high = bounds("exp", x)
    assert low <= e * (1 - PART) * (1 + PART / 100) and e * (1 + PART) * (1 - PART / 100) <= high < e * (1 + 2 * PART)
    tail = mpmath.exp(-2 * abs(number(x)))
    ends = sorted((1 - t) / (1 + t) for t in (tail * (1 - PART * 0.99), tail * (1 + PART * 0.99)))
    low, high = bounds("tanh", abs(x))
    assert low <= ends[0] and min(ends[1], 1) <= high <= 1 and [-high, -low] == bounds("tanh", -abs(x))
    step = mpmath.exp(-abs(number(x)))
    low, high = bounds("softplus", x)
    room = max(number(x), 0)
    assert low <= room + logarithm(step * (1 - PART * 0.99)) and room + logarithm(step * (1 + PART * 0.99)) <= high


@pytest.mark.parametrize("x", [Fraction(3), Fraction(1, 7), Fraction(10**9), Fraction(1001, 1000)])
def test_what_the_exponential_leaves_open_is_left_open_by_the_logarithm(loose, x) -> None:
    """On both sides, and squared on the lower one."""
    low, high = bounds("log", x)
    exact = mpmath.log(number(x))
    assert low <= exact - mpmath.log1p(PART) and exact - mpmath.log1p(-PART) <= high
    assert exact - low < 3 * PART and high - exact < 3 * PART


@pytest.mark.parametrize("x", [Fraction(1, 3), Fraction(5, 2), Fraction(5), Fraction(1, 2**30)])
def test_what_its_series_leaves_open_is_left_open_by_erf(loose, x) -> None:
    """And what the exponential does; beyond 1 there is nothing."""
    exact = mpmath.erf(number(x))
    low, high = bounds("erf", x)
    assert low <= exact * (1 - 1.9 * PART) and min(exact * (1 + 1.9 * PART), 1) <= high <= 1
    assert exact * (1 - 3 * PART) < low and [-high, -low] == bounds("erf", -x)


@pytest.mark.parametrize(
    "x", [Fraction(1, 3), Fraction(2), Fraction(7, 2), Fraction(5), Fraction(-1), Fraction(22, 7), Fraction(1, 256)]
)
def test_what_the_reduction_leaves_open_is_left_open(monkeypatch, x) -> None:
    """Of sine and cosine, in all quadrants."""
    real = series.reduce_fixed

    def wide(man, exp, bits):
        n, rest, _, w = real(man, exp, bits)
        return n, rest, 1 << w - 10, w

    monkeypatch.setattr(series, "reduce_fixed", wide)
    with mpmath.workdps(60):
        for name in ("sin", "cos"):
            exact = getattr(mpmath, name)(number(x))
            low, high = bounds(name, x)
            assert max(exact - 2 * PART, -1) <= low <= max(exact - PART * 0.99, -1)
            assert min(exact + PART * 0.99, 1) <= high <= min(exact + 2 * PART, 1)


def test_a_logarithm_that_is_not_close_is_refused(monkeypatch) -> None:
    """Too large or too small by as much as 1."""
    real = functions.mpf_log
    for off in (libmp.fone, libmp.mpf_neg(libmp.fone)):
        monkeypatch.setattr(functions, "mpf_log", lambda *a, off=off: libmp.mpf_add(real(*a), off))
        with pytest.raises(EnvironmentRefused):
            functions.log_bounds(libmp.from_int(3), PREC)
    monkeypatch.setattr(functions, "mpf_log", lambda *a: libmp.mpf_add(real(*a), libmp.from_float(2.0**-6)))
    with mpmath.workdps(60):
        low, high = bounds("log", 3)
        assert low <= mpmath.log(3) <= high < low + 2.0**-10
        for off in (0.3, -0.3):  # 1/3 and 1/4 of the number
            monkeypatch.setattr(
                functions, "mpf_log", lambda *a, off=off: libmp.mpf_add(real(*a), libmp.from_float(off))
            )
            low, high = bounds("log", 3)
            assert low <= mpmath.log(3) <= high


def test_constants_are_taken_from_the_outer_ends(monkeypatch) -> None:
    """log 2 = 2 artanh(1/3), pi/2 = 8 arctan(1/5) - 2 arctan(1/239); pi is within two units of the double of that."""
    ends = {3: (10, 20), 5: (100, 200), 239: (1, 3)}
    monkeypatch.setattr(series, "_inverse_series", lambda base, step, w, alternate: ends[base])
    monkeypatch.setattr(series, "_nearest", lambda low, high, guard: (low, high))
    assert series.log2_fixed.__wrapped__(64) == (20, 40)
    assert series.half_pi_fixed.__wrapped__(64) == (8 * 100 - 2 * 3, 8 * 200 - 2 * 1)
    monkeypatch.setattr(series, "half_pi_fixed", lambda w: 3 << w - 1)
    found = functions.pi_interval.__wrapped__(400)
    w = series.round_word(416)
    low, high = (Fraction(man) * Fraction(2) ** exp for man, exp in ((found.a, found.e), (found.b, found.f)))
    assert low <= 3 - Fraction(2, 2**w) and 3 + Fraction(2, 2**w) <= high


@pytest.mark.parametrize(
    ("low", "high", "found"), [(24, 31, 2), (23, 23, 1), (-24, -20, -1), (-25, -20, -2), (7, 9, 0)]
)
def test_bits_that_are_dropped_are_rounded_to_the_nearest(low, high, found) -> None:
    """In units of 16; where the enclosure is half a unit wide nothing is within one of all of it."""
    assert series._nearest(low, high, 4) == found
    for width in (8, 100):
        with pytest.raises(EnvironmentRefused):
            series._nearest(low, low + width, 4)


@pytest.mark.parametrize(("base", "w"), [(3, 20), (5, 20), (239, 40)])
@pytest.mark.parametrize("alternate", [False, True])
def test_the_error_of_a_series_is_three_units_a_term_and_three(base, w, alternate) -> None:
    """Terms are those whose power of the base is at least a unit."""
    terms = sum(1 for j in range(w) if base ** (2 * j + 1) <= 2**w)
    low, high = series._inverse_series(base, base**2, w, alternate)
    assert high - low == 6 * terms + 6
    total = sum((-1 if alternate and j % 2 else 1) * (2**w // base ** (2 * j + 1) // (2 * j + 1)) for j in range(terms))
    assert (low + high) // 2 == total


def test_the_error_of_an_alternating_series_is_five_units_a_term_and_ten() -> None:
    """And that of the argument is added: of 1/2, in 20 bits, cos has the terms 1, 1/8, .., 1/46080/256, and 0."""
    w = 20
    value, bound = series._alternating(1 << w, 1 << w - 2, 1, w)
    powers = [2**w // (4**k * k_factorial) for k, k_factorial in ((0, 1), (1, 2), (2, 24), (3, 720), (4, 40320))]
    assert powers[-1] == 0 and bound == 5 * 5 + 10 and abs(value - (powers[0] - powers[1] + powers[2] - powers[3])) <= 2
    for function in (series.sine_fixed, series.cosine_fixed):
        narrow, wide = function(1 << w - 1, 0, w), function(1 << w - 1, 7, w)
        assert wide == (narrow[0] - 7, narrow[1] + 7)


def test_what_a_quadrant_leaves_open_widens_the_range_of_the_sine(monkeypatch) -> None:
    """An extremum that may be inside is; a whole turn has both."""
    with mpmath.workdps(40):
        x = Interval(10, -3, 12, -3, PREC)  # [1.25, 1.5], before pi/2
        assert functions.oscillating(functions.sin_bounds, x, 1).hi != libmp.fone
        real = series.quadrants
        monkeypatch.setattr(series, "quadrants", lambda *a: (real(*a)[0] - 1, real(*a)[1] + 1))
        wide = functions.oscillating(functions.sin_bounds, x, 1)
        assert (wide.hi == libmp.fone and wide.lo == libmp.fzero) or number(wide.lo) <= 0.95
        cosine = functions.oscillating(functions.cos_bounds, x, 0)
        assert cosine.hi == libmp.fone


@pytest.mark.parametrize(
    "ends", [(0, 7), (-7, 0), (-100, 100), (2**300, 2**300 + 9), (2**1000, 2**1000 + 1), (-(2**300), 0), (0, 2**300)]
)
def test_a_whole_turn_reaches_both_extrema(ends) -> None:
    """Wherever it begins and however far it goes."""
    x = Interval(ends[0], 0, ends[1], 0, 400)
    for name, first in (("sin", 1), ("cos", 0)):
        found = functions.oscillating(getattr(functions, f"{name}_bounds"), x, first)
        assert (found.lo, found.hi) == (libmp.mpf_neg(libmp.fone), libmp.fone)


@pytest.mark.parametrize("bits", [53, 500])
def test_the_radius_of_a_product_bounds_what_all_points_may_do(bits) -> None:
    """|M| S + R (|N| + S), and at most a part of (2 n + 8) 2^-52 more, which is none where it is exact."""
    size = 2**50 if bits == 53 else 2**490
    M, R, N, S = (np.array(rows, object) * size for rows in ([[3, 5]], [[1, 2]], [[7], [1]], [[2], [4]]))
    exact = sum(M[0, k] * S[k, 0] + R[0, k] * (N[k, 0] + S[k, 0]) for k in range(2))
    found = backend._radius(M, R, N, S, bits)[0, 0]
    parts = (0, 0) if bits == 500 else (Fraction(23, 2**53), Fraction(25, 2**53))
    assert isinstance(found, int) and exact * (1 + parts[0]) <= found <= exact * (1 + parts[1])


def test_rows_are_fixed_by_their_largest_entry() -> None:
    """In 8 bits, outward; a row beyond all sizes is not, nor one with a hole."""
    ar = MpmathArithmetic(53)
    row = [
        ar.interval(Fraction(-3), Fraction(200)),
        ar.constant(Fraction(0)),
        ar.interval(Fraction(1, 1000), Fraction(2)),
    ]
    middle, radius, exponent = backend._fixed(row, 8)
    assert exponent == 0 and middle == [98, 0, 1] and radius == [102, 0, 1]
    middle, radius, exponent = backend._fixed([ar.constant(Fraction(5, 4)), from_integer(-1, 53)], 8)
    assert exponent == -7 and middle == [160, -128] and radius == [0, 0]
    assert backend._fixed([Interval(None, 0, None, 0, 53)], 8) is None
    for sign in (1, -1):
        for bits, known in ((backend.SIZE_LIMIT - 2, True), (backend.SIZE_LIMIT - 1, False)):
            assert (backend._fixed([ar.constant(Fraction(sign * 2**bits))], 8) is not None) is known


@pytest.mark.parametrize("bits", [8, 60, 200])
@pytest.mark.parametrize(
    "x",
    [
        Fraction(1, 3),
        Fraction(-1, 3),
        Fraction(1000),
        Fraction(-1000),
        Fraction(2**40 + 1),
        -Fraction(2**40),
        Fraction(7, 2),
    ],
)
def test_the_exponential_lies_between_its_two_integers(x, bits) -> None:
    """Exactly, before anything is rounded, and these are no farther apart than they are said to be."""
    man, exp = int(x * 2**60) if x.denominator == 3 else int(x * 2), -60 if x.denominator == 3 else -1
    low, high, exponent = series.exp_fixed(man, exp, bits)
    with mpmath.workprec(2000):
        exact = mpmath.ldexp(mpmath.exp(mpmath.ldexp(man, exp)), -exponent)
        assert low < exact < high and (high - low) * 2 ** (bits - 4) < low


@pytest.mark.parametrize("bits", [8, 60])
@pytest.mark.parametrize("x", [1, -1, 3, 1000, -1000, 10**9, 2**40])
def test_an_angle_is_reduced_within_its_error(x, bits) -> None:
    """Whole quarters and a rest, of which as many units may be wrong as there are quarters, and one."""
    n, rest, error, w = series.reduce_fixed(x, 0, bits)
    with mpmath.workprec(2000):
        exact = mpmath.ldexp(x - n * mpmath.pi / 2, w)
        assert abs(exact - rest) < error == 1 + abs(n) and error * 2**bits < 2**w
        assert abs(rest) <= mpmath.ldexp(mpmath.pi / 4 + 2.0 ** (2 - bits), w)
        low, high = series.quadrants(x, 0, bits)
        assert low <= mpmath.floor(x / (mpmath.pi / 2)) <= high <= low + 1
        for name, function in (("sin", series.sine_fixed), ("cos", series.cosine_fixed)):
            ends = function(rest, error, w)
            value = mpmath.ldexp(getattr(mpmath, name)(mpmath.ldexp(exact, -w)), w)
            assert ends[0] <= value <= ends[1] and ends[1] - ends[0] < 4 * error + 500


def test_roots_of_both_ends_and_what_no_integer_is() -> None:
    """[1, 4] has the root [1, 2] exactly; floats are no operands; what is indeterminate keeps the larger precision."""
    root = functions.square_root(Interval(1, 0, 4, 0, 20))
    assert [number(end) for end in (root.lo, root.hi)] == [1, 2]
    x, unknown = from_integer(3, 20), Interval(None, 0, None, 0, 90)
    for operate in (
        lambda: x + 1.0, lambda: x - 1.0, lambda: x * 1.0, lambda: x / 1.0, lambda: 1.0 / x, lambda: 1.0 - x
    ):  # fmt: skip
        with pytest.raises(TypeError):
            operate()
    for found in (
        x - unknown,
        unknown - x,
        x + unknown,
        unknown * x,
        x / unknown,
        unknown / x,
        from_integer(3, 99) - unknown,
    ):
        assert found.a is None and found.prec in (90, 99)
    assert (from_integer(3, 99) - unknown).prec == 99 and (x - unknown).prec == 90
    assert repr(unknown) == "Interval(indeterminate)" and repr(x) == "Interval(about 3.0 to 3.0, 20 bits)"


@pytest.mark.parametrize("beyond", ["exp", "log", "tanh"])
def test_a_bound_beyond_a_point_is_one(beyond) -> None:
    """From loose values at the point: e^x (1 + d + d^2), log x + d/x, tanh x + d (1 - tanh^2 x), and at most 1."""
    at = libmp.from_float(2.0), libmp.from_float(2.5)
    point, length = libmp.from_float(0.5), libmp.from_float(0.0078125)
    function = getattr(functions, f"{beyond}_beyond")
    if beyond == "tanh":
        at = libmp.from_float(0.25), libmp.from_float(0.75)
        assert number(function(at, point, length, PREC)) == 0.75 + 0.0078125 * (1 - 0.0625)
        below = libmp.from_float(-0.25), libmp.from_float(0.75)
        assert number(function(below, point, length, PREC)) == 0.75 + 0.0078125
        assert function((at[0], libmp.from_float(0.9999)), point, length, PREC) == libmp.fone
        return
    expected = {"exp": 2.5 * (1 + 0.0078125 + 0.0078125**2), "log": 2.5 + 0.0078125 / 0.5}[beyond]
    assert number(function(at, point, length, PREC)) == expected


@pytest.mark.parametrize(
    ("ends", "found"),
    [
        ((2.0**-20, 0.99 * 2.0**-11), (2.0**-20 - (0.99 * 2.0**-11) ** 2, 0.99 * 2.0**-11)),
        ((0.0, 2.0**-20), (0, 2.0**-20)),
        ((0.25, 0.5), (mpmath.log1p(0.25), mpmath.log1p(0.5))),
        ((2.0**-20, 0.5), (mpmath.log1p(2.0**-20), mpmath.log1p(0.5))),
    ],
)
def test_softplus_takes_both_bounds_of_its_exponential(monkeypatch, ends, found) -> None:
    """From e - e^2 to e where that is enough, otherwise log(1 + e); of 0 it is 0, not less."""
    honest = functions.exp_bounds

    def stub(x, prec):
        return tuple(map(libmp.from_float, ends)) if x == libmp.from_int(-5) else honest(x, prec)

    monkeypatch.setattr(functions, "exp_bounds", stub)
    low, high = (number(end) for end in functions.softplus_bounds(libmp.from_int(-5), 10))
    assert found[0] * (1 - 2.0**-8) <= low <= found[0] and found[1] <= high <= found[1] * (1 + 2.0**-8)


def test_a_narrow_interval_hands_on_both_bounds_and_its_length() -> None:
    """Up to 2^-7; of a wider one the upper end is asked."""
    told = []

    def beyond(at, x, length, prec):
        told.append((at, x, length))
        return libmp.from_int(9)

    at = libmp.from_int(2), libmp.from_int(3)
    found = functions.increasing(lambda x, prec: at, Interval(256, -8, 257, -8, PREC), beyond)
    assert told == [(at, libmp.fone, libmp.from_float(2.0**-8))] and (found.lo, found.hi) == (at[0], libmp.from_int(9))
    found = functions.increasing(lambda x, prec: at, Interval(1, 0, 2, 0, PREC), beyond)
    assert len(told) == 1 and (found.lo, found.hi) == at


@pytest.mark.parametrize(("first", "last"), [((0.5, 0.625), (0.375, 0.75)), ((0.375, 0.75), (0.5, 0.625))])
def test_a_wave_takes_the_outer_bounds_of_both_ends(first, last) -> None:
    """Between extrema, whichever end has them."""
    x = Interval(1, -3, 1, -2, PREC)
    known = {0.125: first, 0.25: last}
    found = functions.oscillating(lambda end, prec: tuple(map(libmp.from_float, known[float(number(end))])), x, 1)
    assert [float(number(end)) for end in (found.lo, found.hi)] == [0.375, 0.75]


@pytest.mark.parametrize("bits", [8, 60])
@pytest.mark.parametrize(("man", "exp"), [(1, -2), (-5, -1), (1000, 0), (-1000, 0), (3, 20)])
def test_the_room_around_the_exponential_is_that_of_its_proof(man, exp, bits) -> None:
    """Twice y = 2^k (D + 2 2^-w) of it, with D four units a term and eight, and two for the argument and each n."""
    low, high, exponent = series.exp_fixed(man, exp, bits)
    with mpmath.workprec(500):
        x = mpmath.ldexp(man, exp)
        n = int(mpmath.floor(x / mpmath.ln2))
        w, k = n - exponent, 4 + bits.bit_length()
        step, count = (x - n * mpmath.ln2) / 2**k, 1
        while mpmath.ldexp(step**count / mpmath.factorial(count), w) >= 1:
            count += 1
        error = 4 * (count + 1) + 8 + 2 * (1 + abs(n))  # the term that vanishes is one
    total = (low + high) // 2
    assert (high - low) // 2 == total * (error + 2) * 2 ** (k + 1) // 2**w + 1


@pytest.mark.parametrize("w", [1, 2, 3, 5, 8, 12])
def test_the_sum_of_erf_lies_between_its_integers(w) -> None:
    """At few bits, where each unit of a term, and of what is left out, is seen."""
    with mpmath.workdps(40):
        for man in range(1, 385):
            x = mpmath.mpf(man) / 64
            exact = mpmath.erf(x) * mpmath.exp(x * x) * mpmath.sqrt(mpmath.pi) / 2 * 2**w
            low, high = series.erf_fixed(man, -6, w)
            assert low <= exact <= high


def test_exponentials_that_are_next_to_nothing_are_not_computed() -> None:
    """Below ``-UNDERFLOW_LIMIT`` both bounds are known at once, and at it they are computed."""
    below = libmp.from_int(-UNDERFLOW_LIMIT - 1)
    assert functions.exp_bounds(below, 53) == (libmp.fzero, libmp.mpf_shift(libmp.fone, -UNDERFLOW_LIMIT))
    low, high = functions.exp_bounds(libmp.from_int(-UNDERFLOW_LIMIT), 53)
    assert libmp.mpf_cmp(libmp.fzero, low) < 0 and libmp.mpf_cmp(low, high) <= 0
