"""Claim: the checker's own intervals contain exact results, sharply: rational arithmetic and mpmath are the oracles."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hallucert.balls.midrad.array import MidRad
from hallucert.balls.midrad.functions import FUNCTIONS
from hallucert.check.basins.intervals import Interval, Intervals

WAVES = [(name, sign * 2.0**19, sign * 9e9) for name in ("sin", "cos") for sign in (1, -1)]

SOME = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-10, 10),
    st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 1e-308, 1.0, 1 / 3, 1e308, math.pi]),
)
PAIR = st.tuples(SOME, SOME).map(sorted)
OPERATIONS = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
}
LARGEST = Fraction(np.finfo(float).max)


def lane(pair: tuple[float, float]) -> Interval:
    """One interval."""
    return Interval(np.array([pair[0]]), np.array([pair[1]]))


def assert_hull(result: Interval, exact: list[Fraction], ulps: int = 1) -> None:
    """An interval contains some numbers, and ends at most so many doubles beyond the least and the largest."""
    low, high = result.lo.item(), result.hi.item()
    assert low == -math.inf or Fraction(low) <= min(exact)
    assert high == math.inf or Fraction(high) >= max(exact)
    for end, number, inward in ((low, min(exact), math.inf), (high, max(exact), -math.inf)):
        for _ in range(ulps + 1):
            end = math.nextafter(end, inward)
        past = end == inward or (number - Fraction(end)) * (1 if inward < 0 else -1) >= 0
        assert past or abs(number) > LARGEST


@pytest.mark.parametrize("name", OPERATIONS)
@given(PAIR, PAIR)
@settings(max_examples=200, deadline=None)
def test_ring_operations_are_the_next_doubles_around_the_exact_results(name, a, b):
    """Whatever underflows or overflows; division by what may be 0 is indeterminate."""
    with Intervals() as lanes:
        result = OPERATIONS[name](lane(a), lane(b))
        if name == "div" and b[0] <= 0 <= b[1]:
            assert lanes.ends(result)[0].item() == -math.inf
            assert lanes.ends(result)[1].item() == math.inf
            return
    assert_hull(result, [OPERATIONS[name](Fraction(x), Fraction(y)) for x, y in itertools.product(a, b)])


def test_a_negative_interval_is_turned_round():
    """Its ends change places."""
    result = -lane((-1.0, 3.0))
    assert (result.lo.item(), result.hi.item()) == (-3.0, 1.0)


@pytest.mark.parametrize("pair", [(0.25, 0.5), (0.5, 1.5), (2.0, 3.0)])
@pytest.mark.parametrize("exponent", [Fraction(1), Fraction(3), Fraction(-2), Fraction(1, 2), Fraction(-3, 2)])
def test_real_powers_with_small_denominators_are_roots_of_products(pair, exponent):
    """A few doubles from the exact ends, closer than by a logarithm: of squares, where the exponent is a half."""
    with Intervals() as lanes, mpmath.workdps(60):
        result = lanes.real_power(lane(pair), exponent)
        ends = sorted(
            Fraction(mpmath.nstr(mpmath.power(x, mpmath.mpf(exponent.numerator) / exponent.denominator), 40))
            for x in pair
        )
    assert_hull(result, ends, ulps=8)


def test_odd_powers_of_zero_are_zero():
    """Exactly, at either end."""
    with Intervals() as lanes:
        up, down = lanes.power(lane((0.0, 1.0)), 3), lanes.power(lane((-1.0, 0.0)), 3)
    assert up.lo.item() == 0 <= down.hi.item() < 1e-300


@given(PAIR, st.integers(-5, 9))
@settings(max_examples=300, deadline=None)
def test_powers_contain_the_exact_results(a, exponent):
    """Integer powers, at the ends and at 0: even ones are never negative, and few roundings beyond the exact ends."""
    with Intervals() as lanes:
        result = lanes.power(lane(a), exponent)
        inside = [Fraction(x) for x in (*a, *([0.0] if a[0] <= 0 <= a[1] else []))]
        if exponent < 0 and len(inside) > 2:
            assert lanes.ends(result)[1].item() == math.inf
            return
    exact = [x**exponent for x in inside]
    low, high = (end.item() for end in lanes.ends(result))
    assert low == -math.inf or Fraction(low) <= min(exact)
    assert high == math.inf or Fraction(high) >= max(exact)
    if exponent > 0 and exponent % 2 == 0:
        assert low >= 0
    if exponent >= 0 and all(x == 0 or 1e-30 < abs(x) < 1e30 for x in exact):
        slack = Fraction(exponent, 2**51)  # n - 1 products, each moved by at most 1.5 units of 2**-52 of itself
        assert Fraction(low) >= min(exact) - slack * abs(min(exact)) - Fraction(1, 10**300)
        assert Fraction(high) <= max(exact) + slack * abs(max(exact)) + Fraction(1, 10**300)


@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "sin", "cos", "tanh", "erf", "softplus", "root", "cube root"])
@given(st.floats(-300, 300), st.floats(0, 8))
@settings(max_examples=150, deadline=None)
def test_functions_contain_what_mpmath_computes(name, start, width):
    """At both ends, between them and where waves turn, so at the least and the largest; and they are not much wider."""
    if name in ("log", "sqrt", "root", "cube root"):
        start = abs(start) + 2.0**-40
    x = (start, start + width)
    with Intervals() as lanes:
        result = _function(lanes, name, lane(x))
    with mpmath.workdps(60):
        points = [mpmath.mpf(x[0]) + (mpmath.mpf(x[1]) - x[0]) * k / 8 for k in range(9)]
        if name in ("sin", "cos"):
            quarter = mpmath.pi / 2
            points += [k * quarter for k in range(int(x[0] / quarter) - 1, int(x[1] / quarter) + 2)]
            points = [p for p in points if x[0] <= p <= x[1]]
        values = [_exact(name, p) for p in points]
        low, high = mpmath.mpf(result.lo.item()), mpmath.mpf(result.hi.item())
        assert low <= min(values)
        assert max(values) <= high
        coarse = mpmath.mpf(2) ** -36 if name in ("sin", "cos") else 0  # a turn within 2**-20 pi counts as inside
        for end, value in ((low, min(values)), (high, max(values))):
            assert abs(end - value) <= coarse + mpmath.mpf(2) ** -44 * abs(value) + mpmath.mpf(2) ** -900


def _function(lanes: Intervals, name: str, x: Interval) -> Interval:
    exponents = {"root": Fraction(3, 2), "cube root": Fraction(1, 3)}
    return lanes.real_power(x, exponents[name]) if name in exponents else getattr(lanes, name)(x)


def _exact(name: str, x: mpmath.mpf) -> mpmath.mpf:
    known = {
        "softplus": lambda: mpmath.log1p(mpmath.exp(x)),
        "root": lambda: x * mpmath.sqrt(x),
        "cube root": lambda: mpmath.exp(mpmath.log(x) / 3),
    }
    return known.get(name, lambda: getattr(mpmath, name)(x))()


@pytest.mark.parametrize("name", ["sin", "cos"])
def test_waves_reach_one_just_where_they_do(name):
    """Between multiples of pi/2: on both sides of each extremum, at it, and beside it."""
    for k in range(-6, 7):
        at = k * math.pi / 2
        for low, high in ((at - 0.1, at + 0.1), (at + 0.1, at + 0.2), (at - 0.2, at + 4.0), (at, at + 0.5)):
            with Intervals() as lanes:
                result = getattr(lanes, name)(lane((low, high)))
            value = np.sin if name == "sin" else np.cos
            sample = value(np.linspace(low, high, 2001))
            assert abs(result.lo.item() - sample.min()) < 1e-5
            assert abs(result.hi.item() - sample.max()) < 1e-5


def test_outside_of_a_domain_nothing_is_known():
    """Roots, logarithms and real powers of what may not be positive, large angles, and whatever is made of these."""
    with Intervals() as lanes:
        x, far = lane((0.0, 1.0)), lane((1e7, 1e7))
        lost = [lanes.sqrt(x), lanes.log(x), lanes.sin(far), lanes.cos(far), lanes.exp(far), lanes.exp(-far)]
        lost += [lanes.real_power(x, Fraction(2)), lanes.real_power(x, Fraction(1, 3))]
        lost += [Interval(np.array([low]), np.array([high])) for low, high in ((np.nan, 1.0), (1.0, np.nan))]
        lost += [lanes.power(lane((-math.inf, math.inf)), 0)]
        for value in (*lost, lost[0] + far, far * lost[1], lanes.power(lost[0], 0), lanes.power(lost[0], 3)):
            assert [end.item() for end in lanes.ends(value)] == [-math.inf, math.inf]


@pytest.mark.parametrize(
    ("name", "last", "out"), [("exp", 700.0, 9e9), ("exp", -700.0, -9e9), ("log", 2.0**-1000, 0.0), *WAVES]
)
def test_domains_end_where_it_is_said(name, last, out):
    """At the last number a function is known, beside it and beyond it is not, nor on what reaches beyond it."""
    with Intervals() as lanes:
        for end, known in ((last, True), (math.nextafter(last, out), False)):
            for pair in ((end, end), tuple(sorted((end, last)))):
                result = getattr(lanes, name)(lane(pair))
                assert np.isfinite([end.item() for end in lanes.ends(result)]).all() == known
        assert lanes.precision == 53


@pytest.mark.parametrize("name", ["sin", "cos"])
@pytest.mark.parametrize("off", [-2e-6, 2e-6])
def test_extrema_within_a_millionth_of_an_interval_count_as_inside(name, off):
    """At its lower end or its upper one, inside or outside by 2/3 of 2^-20 pi, which is more than is rounded."""
    for k in range(-4, 5):
        turn = (k + (name == "sin") / 2) * math.pi
        for pair in ((turn + off, turn + 1), (turn - 1, turn + off)):
            with Intervals() as lanes:
                result = getattr(lanes, name)(lane(pair))
            assert (result.lo if k % 2 else result.hi).item() == (-1.0 if k % 2 else 1.0)


def test_ends_are_rounded_outward_and_waves_are_at_most_one(monkeypatch):
    """Of a value 1 with an error that is lost in a sum of doubles, and of one with an error of 9."""
    for name in ("exp", "cos"):
        monkeypatch.setitem(FUNCTIONS, name, lambda x: MidRad(np.ones_like(x.mid), np.full_like(x.mid, 2.0**-60)))
    with Intervals() as lanes:
        result = lanes.exp(lane((0.0, 0.0)))
        assert result.lo.item() < 1 < result.hi.item()
        monkeypatch.setitem(FUNCTIONS, "cos", lambda x: MidRad(np.zeros_like(x.mid), np.full_like(x.mid, 9.0)))
        wide = lanes.cos(lane((1.0, 2.0)))
        assert (wide.lo.item(), wide.hi.item()) == (-1.0, 1.0)


def test_constants_lie_in_their_intervals():
    """pi, and a third, between neighbouring doubles; a lane of one stands for all and is not picked from."""
    with Intervals() as lanes, mpmath.workdps(40):
        pi, third = lanes.pi(), lanes.constant(Fraction(1, 3))
        assert mpmath.mpf(pi.lo.item()) < mpmath.pi < mpmath.mpf(pi.hi.item())
        assert math.nextafter(pi.lo.item(), 4) == pi.hi.item()
        assert Fraction(third.lo.item()) < Fraction(1, 3) < Fraction(third.hi.item())
        assert lanes.picked(third, np.array([True, False])) is third
        both = lanes.picked(lanes.box(np.array([1.0, 2.0, 3.0]), np.array([1.5, 2.5, 3.5])), np.array([2, 0]))
        assert both.lo.tolist() == [3.0, 1.0]
