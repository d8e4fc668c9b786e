"""Intervals of doubles contain exact results: rational arithmetic and mpmath at 60 digits are the oracles."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hallucert.balls.ball_lanes import lane_arithmetic
from hallucert.balls.lanes import Lanes

FINITE = st.floats(allow_nan=False, allow_infinity=False)
SOME = st.one_of(FINITE, st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 1e-308, 1.0, 1 / 3, 1e308, math.pi]))
PAIRS = st.lists(st.tuples(SOME, SOME).map(sorted), min_size=1, max_size=5)
MODERATE = st.lists(st.tuples(st.floats(-300, 300), st.floats(0, 8)), min_size=1, max_size=5)
OPERATIONS = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
}


def _lanes(pairs):
    return Lanes(np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs]))


def _holds(result, i, exact):
    low, high = np.atleast_1d(result.lo)[i], np.atleast_1d(result.hi)[i]
    if math.isnan(low) or math.isnan(high):
        return True
    return (math.isinf(low) or Fraction(float(low)) <= exact) and (math.isinf(high) or exact <= Fraction(float(high)))


@pytest.mark.parametrize("name", OPERATIONS)
@given(PAIRS, PAIRS)
@settings(max_examples=150, deadline=None)
def test_ring_operations_contain_the_exact_results(name, a, b):
    """The exact result for every pair of ends lies in the lane, whatever underflows or overflows."""
    count = min(len(a), len(b))
    with lane_arithmetic("float"):
        result = OPERATIONS[name](_lanes(a[:count]), _lanes(b[:count]))
    for i in range(count):
        for x, y in itertools.product(a[i], b[i]):
            if name == "div" and b[i][0] <= 0 <= b[i][1]:
                assert math.isnan(result.lo[i])
            else:
                assert _holds(result, i, OPERATIONS[name](Fraction(x), Fraction(y)))


@given(PAIRS, st.integers(-5, 9))
@settings(max_examples=150, deadline=None)
def test_powers_contain_the_exact_results(a, exponent):
    """The same of integer powers, at the ends and at 0; even powers are never negative."""
    with lane_arithmetic("float") as lanes:
        result = lanes.power(_lanes(a), exponent)
    for i, (low, high) in enumerate(a):
        if exponent < 0 and low <= 0 <= high:
            continue
        for x in (low, high, 0.0 if low <= 0 <= high else low):
            assert _holds(result, i, Fraction(x) ** exponent)
        if exponent > 0 and exponent % 2 == 0:
            assert not result.lo[i] < 0


@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "sin", "cos", "tanh", "erf"])
@given(MODERATE)
@settings(max_examples=60, deadline=None)
def test_functions_contain_what_mpmath_computes(name, pairs):
    """Ends, middle and quarters of every lane are mapped into it."""
    a = [(low, low + width) for low, width in pairs]
    with lane_arithmetic("float") as lanes, mpmath.workdps(60):
        result = getattr(lanes, name)(_lanes(a))
        for i, (low, high) in enumerate(a):
            if name in ("log", "sqrt") and low <= 0:
                assert math.isnan(result.lo[i])
                continue
            for part in (0, 0.25, 0.5, 0.75, 1):
                x = min(max(low + part * (high - low), low), high)
                value = getattr(mpmath, name)(mpmath.mpf(x))
                assert mpmath.mpf(float(result.lo[i])) <= value <= mpmath.mpf(float(result.hi[i]))


def test_wide_waves_reach_one():
    """cos on [3, 7] is [-1, 1] (pi and 2 pi are inside), sin on [0, 3] reaches 1 and not below 0."""
    with lane_arithmetic("float") as lanes:
        cosine, sine = lanes.cos(_lanes([(3.0, 7.0)])), lanes.sin(_lanes([(0.0, 3.0)]))
    assert (cosine.lo[0], cosine.hi[0]) == (-1, 1)
    assert sine.hi[0] == 1 and -1e-300 <= sine.lo[0] <= 0


def test_what_is_exactly_zero_stays_zero():
    """0 * x, x - x for points and 0**2 have no width: convexity of x**4 at 0 depends on it."""
    zero, x = Lanes(0.0, 0.0), Lanes(np.array([-1.0]), np.array([3.0]))
    with lane_arithmetic("float") as lanes:
        product, square = zero * x, lanes.power(x, 2)
        assert (product.lo[0], product.hi[0]) == (0, 0) and square.lo[0] == 0
        assert (lanes.constant(Fraction(12)) * square).lo[0] == 0


def test_indeterminate_lanes_stay_indeterminate():
    """log(-1) * 0, tanh of it and its zeroth power have no ends."""
    with lane_arithmetic("float") as lanes:
        bad = lanes.log(Lanes(np.array([-1.0]), np.array([2.0])))
        for value in (bad * Lanes(0.0, 0.0), lanes.tanh(bad), lanes.power(bad, 0), lanes.power(bad, 2), lanes.cos(bad)):
            assert np.isinf(lanes.lower(value)).all() and np.isinf(lanes.upper(value)).all()


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_ball_lanes_enclose_the_same_function(backend):
    """A tape run in doubles and in balls gives intervals that meet in every lane."""
    import hallucert as hc

    f = hc.gallery.load("muller_brown")
    lo = np.linspace(-1, 1, 12)
    ends = []
    for name in ("float", backend):
        with lane_arithmetic(name) as lanes:
            x = [lanes.box(lo, lo + 0.01), lanes.box(lo, lo + 0.02)]
            ends += [(lanes.lower(g), lanes.upper(g)) for g in f.enclose_gradient(lanes, x)]
    for (low, high), (other_low, other_high) in zip(ends[:2], ends[2:], strict=True):
        assert (np.maximum(low, other_low) <= np.minimum(high, other_high)).all()


@pytest.mark.parametrize("name", OPERATIONS)
@given(MODERATE, MODERATE)
@settings(max_examples=60, deadline=None)
def test_ring_operations_are_sharp(name, a, b):
    """Ends are within four units in the last place of the extreme results of the ends."""
    count = min(len(a), len(b))
    a, b = ([(low, low + width) for low, width in pairs[:count]] for pairs in (a, b))
    with lane_arithmetic("float"):
        result = OPERATIONS[name](_lanes(a), _lanes(b))
    for i in range(count):
        if name == "div" and not (b[i][0] > 1e-100 or b[i][1] < -1e-100):
            continue
        exact = [OPERATIONS[name](Fraction(x), Fraction(y)) for x, y in itertools.product(a[i], b[i])]
        room = max(map(abs, exact)) / 2**50 + Fraction(1, 2**990)
        assert min(exact) - room <= Fraction(float(result.lo[i])) and Fraction(float(result.hi[i])) <= max(exact) + room


@given(MODERATE, st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_powers_are_sharp(a, exponent):
    """So are the ends of powers."""
    a = [(low, low + width) for low, width in a]
    with lane_arithmetic("float") as lanes:
        result = lanes.power(_lanes(a), exponent)
    for i, (low, high) in enumerate(a):
        exact = [Fraction(x) ** exponent for x in (low, high, *([0.0] if low <= 0 <= high else []))]
        room = max(map(abs, exact)) / 2**47 + Fraction(1, 2**990)
        assert min(exact) - room <= Fraction(float(result.lo[i])) and Fraction(float(result.hi[i])) <= max(exact) + room


def test_products_that_underflow_are_bounded():
    """Of doubles whose exact product is below all doubles; a factor that is 0 gives 0."""
    x = [(1e-200, 1e-180), (-1e-180, -1e-200), (-1e-200, 1e-200), (0.0, 0.0), (0.0, 1e-200)]
    for a, b in itertools.product(x, x):
        with lane_arithmetic("float") as lanes:
            results = [_lanes([a]) * _lanes([b]), _lanes([a, a]) * _lanes([b, b])]
            square = lanes.power(_lanes([a]), 2)
        for product in results:
            for s, t in itertools.product(a, b):
                assert _holds(product, 0, Fraction(s) * Fraction(t))
            if (0.0, 0.0) in (a, b):
                assert (product.lo[0], product.hi[0]) == (0, 0)
        assert _holds(square, 0, Fraction(a[0]) ** 2) and _holds(square, 0, Fraction(a[1]) ** 2) and square.lo[0] >= 0


@pytest.mark.parametrize("backend", ["float", "arb", "mpmath"])
def test_lanes_are_picked_permuted_negated_and_compared(backend):
    """Each lane of the result is the lane of the operand that was asked for."""
    with lane_arithmetic(backend) as lanes:
        x, y, one = (
            lanes.box(np.arange(4.0), np.arange(4.0)),
            lanes.box(-np.ones(4), np.ones(4)),
            lanes.constant(Fraction(1)),
        )
        assert lanes.lower(lanes.picked(x, np.array([False, True, False, True]))).tolist() == [1, 3]
        assert lanes.lower(lanes.picked(x, np.array([2, 0]))).tolist() == [2, 0]
        first, second = lanes.permuted([x, one], np.array([[0, 1, 0, 1], [1, 0, 1, 0]]))
        assert lanes.lower(first).tolist() == [0, 1, 2, 1] and lanes.upper(second).tolist() == [1, 1, 1, 3]
        negated = lanes.negated(x, np.array([True, False, True, False]))
        assert lanes.lower(negated).tolist() == [0, 1, -2, 3]
        assert lanes.nonzero(x).tolist() == [False, True, True, True] and not lanes.nonzero(y).any()
        assert lanes.outside(x, 1.0, 2.0).tolist() == [True, False, False, True]


def test_a_lane_with_one_indeterminate_end_decides_nothing():
    """Neither that it excludes 0, nor that it is outside of an interval, nor an end."""
    with lane_arithmetic("float") as lanes:
        for ends in ((1.0, np.nan), (np.nan, -1.0)):
            x = Lanes(*ends)
            assert not lanes.nonzero(x).any() and not lanes.outside(x, 3.0, 4.0).any()
            assert np.isinf(lanes.lower(x)).all() and np.isinf(lanes.upper(x)).all()
            quotient = lanes.constant(Fraction(1)) / x
            assert np.isinf(lanes.lower(quotient)).all() and np.isinf(lanes.upper(quotient)).all()
