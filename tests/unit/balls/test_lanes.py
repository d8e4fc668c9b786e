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

from hallucert.balls import lanes as module
from hallucert.balls.ball_lanes import lane_arithmetic
from hallucert.balls.lanes import Lanes
from hallucert.errors import ArgumentError

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


def test_constants_hold_their_number():
    """A third lies between two doubles; a constant around 0, times lanes of all signs, has the ends of its products."""
    with lane_arithmetic("float") as lanes:
        third = lanes.constant(Fraction(1, 3))
        assert Fraction(third.lo[0]) < Fraction(1, 3) < Fraction(third.hi[0])
        x = _lanes([(-3.0, -2.0), (-2.0, 3.0), (4.0, 5.0), (0.0, 0.0)])
        for low, high in ((-2.0, 3.0), (-3.0, 2.0), (-2.0, 0.0), (0.0, 2.0), (-3.0, -2.0), (2.0, 3.0), (2.0, 2.0)):
            for product in (Lanes(low, high) * x, x * Lanes(low, high)):
                for i in range(4):
                    exact = [Fraction(s) * Fraction(t) for s in (low, high) for t in (x.lo[i], x.hi[i])]
                    assert min(exact) - Fraction(1, 2**48) <= Fraction(product.lo[i]) <= min(exact)
                    assert max(exact) <= Fraction(product.hi[i]) <= max(exact) + Fraction(1, 2**48)


def test_a_product_that_underflows_keeps_its_sign():
    """One end is 0 exactly, on the side of its sign; the other is at most twice the smallest product that is told."""
    small = [(1e-200, 1e-180), (0.0, 1e-180)]
    for a in small:
        for signs in itertools.product((1, -1), (1, -1)):
            pairs = [tuple(sorted(s * t for t in a)) for s in signs]
            product = _lanes(pairs[:1] * 2) * _lanes(pairs[1:] * 2)
            low, high = product.lo[0], product.hi[0]
            assert (low == 0 < high <= 2e-300) if signs[0] == signs[1] else (high == 0 > low >= -2e-300)


@pytest.mark.parametrize("backend", ["float", "arb", "mpmath"])
def test_one_lane_stands_for_all(backend):
    """In what is picked, and whichever end is given once."""
    with lane_arithmetic(backend) as lanes:
        one = lanes.constant(Fraction(1))
        for which in (np.array([True, False, True]), np.array([2, 0, 1, 1])):
            assert lanes.lower(lanes.picked(one, which)).tolist() == [1]
        two = lanes.box(np.array([2.0, 3.0]), np.array([2.0, 3.0]))
        for sums in (one + two, two + one):
            assert lanes.lower(sums).tolist() == pytest.approx([3, 4])
        assert lanes.lower(two - one).tolist() == pytest.approx([1, 2])
        assert lanes.lower(one - two).tolist() == pytest.approx([-1, -2])
        assert lanes.upper(one / two).tolist() == pytest.approx([1 / 2, 1 / 3])
        assert lanes.upper(two / one).tolist() == pytest.approx([2, 3])
        assert lanes.upper(lanes.pi()).tolist() == pytest.approx([math.pi])
        negated = lanes.negated(one, np.array([True, False]))
        assert lanes.lower(negated).tolist() == lanes.upper(negated).tolist() == [-1, 1]
        assert (lanes.name, lanes.precision) == (backend, 53 if backend == "float" else 64)
    for ends in ((0.0, np.array([1.0, 2.0, 3.0])), (np.array([-1.0, -2.0, -3.0]), 0.0), (0.0, 1.0)):
        made = Lanes(*ends)
        assert np.array_equal(made.lo, np.broadcast_to(ends[0], made.lo.shape)) and made.hi.size == np.size(
            ends[0] - ends[1]
        )


def test_a_lane_is_finite_if_both_ends_are():
    """And it has ends: infinite ones where it is not known."""
    x = Lanes(np.array([0.0, -np.inf, 0.0, np.nan, 0.0]), np.array([1.0, 1.0, np.inf, 1.0, np.nan]))
    with lane_arithmetic("float") as lanes:
        assert lanes.finite(x).tolist() == [True, False, False, False, False]
        low, high = lanes.ends(x)
        assert low.tolist() == [0, -np.inf, 0, -np.inf, -np.inf] and high.tolist() == [1, 1, *[np.inf] * 3]


def test_the_exponential_far_below_is_between_0_and_its_value():
    """Below -709 it is 0 at least, and at most exp(-709) or its value at the upper end; above 709 it has none."""
    ends = [
        (-800.0, -1.0),
        (-800.0, -750.0),
        (-709.0, -709.0),
        (1.0, 1.0),
        (709.0, 709.0),
        (0.0, 709.5),
        (-800.0, 710.0),
    ]
    with lane_arithmetic("float") as lanes:
        found = lanes.exp(_lanes(ends))
        for pick in ([0], [3], range(7)):
            alone = lanes.exp(_lanes([ends[i] for i in pick]))
            assert np.array_equal(alone.rows, found.rows[:, list(pick)], equal_nan=True)
    assert (found.lo[:2] == 0).all() and found.hi[0] == pytest.approx(math.exp(-1), rel=1e-14)
    assert 0 < found.hi[1] == pytest.approx(math.exp(-709), rel=1e-12)
    for i in (2, 3, 4):
        assert found.lo[i] == pytest.approx(math.exp(ends[i][0]), rel=1e-12, abs=0) and found.lo[i] < found.hi[i]
    assert np.isnan(found.rows[:, 5:]).all()


def test_real_powers_of_lanes():
    """Of 4, by a root where that is enough; of what may not be positive there is none, whatever the exponent."""
    with lane_arithmetic("float") as lanes:
        x = _lanes([(4.0, 4.0), (0.0, 1.0)])
        for exponent, exact in (
            (Fraction(3), 64),
            (Fraction(1, 2), 2),
            (Fraction(-3, 2), 1 / 8),
            (Fraction(1, 4), 2**0.5),
        ):
            found = lanes.real_power(x, exponent)
            assert found.lo[0] <= exact * (1 + 1e-15) and exact * (1 - 1e-15) <= found.hi[0]
            assert found.hi[0] - found.lo[0] < 1e-13 and np.isnan(found.rows[:, 1]).all()
        root = lanes.real_power(x, Fraction(1, 2))
        assert root.hi[0] - root.lo[0] <= 2.0**-50
        tiny = Lanes(1.0, 1.0) / _lanes([(-1e306, -1e305), (1e305, 1e306)])
        assert tiny.hi[0] == 0 > tiny.lo[0] > -1e-299 and tiny.lo[1] == 0 < tiny.hi[1] < 1e-299


@pytest.mark.parametrize("name", ["exp", "log", "sin", "cos", "tanh", "erf", "softplus"])
def test_ends_are_those_of_the_balls_that_are_asked(monkeypatch, name):
    """With 20 bits, too: below from the lower end of Arb's ball, above from the upper one."""
    monkeypatch.setattr(module, "_BITS", 20)
    points = [0.3, 0.7, 1.1, 2.3]
    function = getattr(mpmath, name, lambda x: mpmath.log1p(mpmath.exp(x)))
    with lane_arithmetic("float") as lanes, mpmath.workdps(30):
        found = getattr(lanes, name)(_lanes([(x, x) for x in points]))
        for i, x in enumerate(points):
            value = function(mpmath.mpf(x))
            assert found.lo[i] < value < found.hi[i] and found.hi[i] - found.lo[i] < 1e-4


@pytest.mark.parametrize(
    ("low", "high", "least", "most"),
    [
        (2.9, 3.0, math.cos(3.0), math.cos(2.9)),
        (0.1, 0.2, math.cos(0.2), math.cos(0.1)),
        (6.0, 6.2, math.cos(6.0), math.cos(6.2)),
        (1.0, 2.0, math.cos(2.0), math.cos(1.0)),
        (3.0, 3.2, -1, math.cos(3.0)),
        (6.0, 6.5, math.cos(6.0), 1),
        (math.pi + 0.0025, 3.2, -1, math.cos(3.2)),  # what is nearer than 2^-10 pi to an extremum has it
        (math.pi + 0.0035, 3.2, math.cos(math.pi + 0.0035), math.cos(3.2)),
        (3.1, math.pi - 0.0025, -1, math.cos(3.1)),
        (3.1, math.pi - 0.0035, math.cos(math.pi - 0.0035), math.cos(3.1)),
        (2.0**40 - 9, 2.0**40 - 1, -1, 1),
        (-(2.0**40), 0.0, math.nan, math.nan),
        (0.0, 2.0**40, math.nan, math.nan),
    ],
)
def test_a_wave_has_the_extrema_that_are_inside(low, high, least, most):
    """And those within 2^-10 of a half turn; beyond 2^40 it has no ends."""
    with lane_arithmetic("float") as lanes:
        found = lanes.cos(_lanes([(low, high)]))
    assert [found.lo[0], found.hi[0]] == pytest.approx([least, most], abs=1e-14, nan_ok=True)
    assert not found.lo[0] > least and not found.hi[0] < most


@pytest.mark.parametrize("backend", ["float", "arb", "mpmath"])
def test_what_is_partly_outside_is_not_outside(backend):
    """[0, 3] is not, of [1, 2]; and it does exclude 0 only with both ends."""
    with lane_arithmetic(backend) as lanes:
        x = lanes.box(np.array([0.0, 3.0, -1.0, 1.0]), np.array([3.0, 4.0, 0.0, 2.0]))
        assert lanes.outside(x, 1.0, 2.0).tolist() == [False, True, True, False]
        low, high = lanes.ends(x)
        assert (low <= [0, 3, -1, 1]).all() and (high >= [3, 4, 0, 2]).all() and (high - low > 0.9).all()
        pair = lanes.permuted([x, x], np.array([[0, 1, 0, 1]]))[0]
        assert lanes.upper(pair).tolist() == high.tolist()
    for name in ("double", None, 3, ["arb"]):
        with pytest.raises(ArgumentError, match='backend must be "float", "arb" or "mpmath"'):
            lane_arithmetic(name)


def test_the_precision_of_lanes_ends_with_them():
    """FLINT has its own again."""
    import flint

    before = flint.ctx.prec
    with lane_arithmetic("arb", before + 20):
        assert flint.ctx.prec == before + 20
    assert flint.ctx.prec == before
