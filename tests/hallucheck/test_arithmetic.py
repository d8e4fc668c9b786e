"""The second checker's intervals and functions against mpmath at 270 digits."""

from __future__ import annotations

import operator
import random
from fractions import Fraction

import mpmath
import pytest

from hallucheck.arithmetic import elementary
from hallucheck.arithmetic.interval import (
    Interval,
    Undefined,
    ball,
    compare,
    dot,
    exact,
    hull,
    largest,
    least,
    meet,
    working_precision,
)
from hallucheck.arithmetic.linear import Vector
from hallucheck.points.subdivisions import halves

EXACT = mpmath.MPContext()
EXACT.prec = 900
FUNCTIONS = {
    "exp": (elementary.exp, EXACT.exp),
    "log": (elementary.log, EXACT.log),
    "sin": (elementary.sin, EXACT.sin),
    "cos": (elementary.cos, EXACT.cos),
    "tanh": (elementary.tanh, EXACT.tanh),
    "erf": (elementary.erf, EXACT.erf),
    "softplus": (elementary.softplus, lambda x: EXACT.log1p(EXACT.exp(x))),
    "sqrt": (Interval.sqrt, EXACT.sqrt),
    "cube": (lambda x: x.power(3), lambda x: x**3),
    "fourth power": (lambda x: x.power(4), lambda x: x**4),
    "reciprocal square": (lambda x: x.power(-2), lambda x: x**-2),
}


def real(m, e):
    """The exact number."""
    return EXACT.mpf(m) * EXACT.mpf(2) ** e


def holds(x, value):
    """Does the interval contain the number?"""
    return real(x[0], x[2]) <= value <= real(x[1], x[2])


def some(rng, count):
    """Intervals of many sizes and widths, points among them."""
    for _ in range(count):
        m = rng.getrandbits(rng.choice([1, 5, 60, 120])) * rng.choice([1, -1])
        width = rng.choice([0, 0, 1, 1 << rng.randint(0, 100)])
        x = Interval((m, m + width, rng.choice([-200, -130, -60, -3, 0, 3]) - rng.randint(0, 60)))
        if x.size() < 20:
            yield x


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_contain_the_values(name):
    """At ends, middles and random places of intervals, where the function is defined."""
    rng = random.Random(name)
    of, oracle = FUNCTIONS[name]
    found = 0
    for x in some(rng, 60):
        try:
            y = of(x)
        except Undefined:
            continue
        found += 1
        for m in (x[0], x[1], (x[0] + x[1]) // 2, rng.randint(x[0], x[1])):
            assert holds(y, oracle(real(m, x[2]))), (x, y)
    assert found > 10


@pytest.mark.parametrize("name", ["exp", "log", "sin", "cos", "tanh", "erf", "softplus"])
def test_functions_of_numbers_are_sharp(name):
    """At numbers of moderate size all but a few bits are right, also where the terms of a series grow at first."""
    for value in (Fraction(1, 3), *map(Fraction, (1, 4, 7, 8, 10, 12, 30, -1, -7, -80))):
        if name != "log" or value > 0:
            with working_precision(128):
                low, high = FUNCTIONS[name][0](exact(value)).ends()
            assert 0 <= high - low <= abs(low) / 2**120, value


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv"])
def test_operations_contain_the_values(name):
    """For all ends of operands of very different sizes."""
    rng, operation = random.Random(name), getattr(operator, name)
    for x, y in zip(some(rng, 300), some(rng, 300), strict=False):
        try:
            result = operation(x, y)
        except Undefined:
            continue
        for m in x[:2]:
            for n in y[:2]:
                assert holds(result, operation(real(m, x[2]), real(n, y[2])))


def test_sums_of_products_and_hulls_contain_the_values():
    """Also where terms differ by hundreds of bits."""
    rng = random.Random(1)
    for _ in range(60):
        xs, ys = list(some(rng, 12))[:4], list(some(rng, 12))[:4]
        n = min(len(xs), len(ys))
        value = sum((real(x[0], x[2]) * real(y[1], y[2]) for x, y in zip(xs, ys, strict=False)), EXACT.mpf(0))
        assert holds(dot(xs[:n], ys[:n]), value)
        assert all(holds(hull(xs), real(m, x[2])) for x in xs for m in x[:2])


def test_parts_and_wholes_of_intervals_contain_what_they_have_to():
    """Balls of radii that are known to an interval, halves, common parts, absolute values, least numbers, fractions."""
    rng = random.Random(2)
    for x, y in zip(some(rng, 80), some(rng, 80), strict=False):
        size = abs(x)
        assert all(holds(ball(size), sign * real(m, size[2])) for m in size[:2] for sign in (1, -1))
        first, second = halves(x)
        for m in (x[0], (x[0] + x[1]) // 2, x[1]):
            value = real(m, x[2])
            assert holds(size, abs(value))
            assert holds(first, value) or holds(second, value)
            if holds(y, value):
                assert holds(meet(x, y), value) and holds(meet(y, x), value)
            for n in y[:2]:
                assert holds(least([x, y]), min(value, real(n, y[2])))
                assert holds(largest([x, y]), max(value, real(n, y[2])))
        fraction = Fraction(rng.randint(-(10**40), 10**40), rng.randint(1, 10**30))
        low, high = exact(fraction).ends()
        assert low <= fraction <= high


def test_intervals_without_a_common_number_have_no_common_part():
    """Those that touch have one."""
    low, high = Interval((1, 3, 0)), Interval((7, 9, -1))
    with pytest.raises(Undefined):
        meet(high, low)
    assert meet(low, Interval((3, 4, 0))).ends() == (3, 3)


@pytest.mark.parametrize(("ends", "size"), [((-5, 3), (0, 5)), ((-3, 5), (0, 5)), ((-5, -3), (3, 5)), ((3, 5), (3, 5))])
def test_absolute_values_are_those_of_both_sides(ends, size):
    """Of negative numbers the negative."""
    assert abs(Interval((*ends, 2))).ends() == tuple(4 * end for end in size)


def test_comparisons_are_exact():
    """Numbers with any exponents that there are."""
    assert compare(1, 2**20, 1, 2**20 + 1) < 0
    assert compare(-1, 2**20, 1, -(2**20)) < 0
    assert compare(3, 1, 6, 0) == 0 == compare(0, 5, 0, 99)
    assert compare(0, 0, -1, -(2**20)) > 0


@pytest.mark.parametrize("of", [elementary.log, Interval.sqrt, lambda x: Interval((1, 1, 0)) / x])
def test_outside_of_a_domain_nothing_is_defined(of):
    """An interval that touches 0 is not in the domain."""
    with pytest.raises(Undefined):
        of(Interval((0, 1, 0)))


def test_numbers_without_end_are_undefined():
    """Exponentials of exponentials overflow as an error, in no time; of negative ones they are tiny, but not 0."""
    huge = elementary.exp(Interval((20, 20, 0)))
    for of in (elementary.exp, lambda x: elementary.exp(elementary.exp(x)), lambda x: x.power(10**5)):
        with pytest.raises(Undefined):
            of(huge)
    tiny = elementary.exp(-huge)
    assert holds(tiny, EXACT.mpf(0)) and tiny[1] == 1 and holds(tiny, EXACT.mpf(2) ** -(2**20))
    assert holds(tiny * -tiny, EXACT.mpf(0)) and (tiny * -tiny)[0] == -1


def test_the_middle_of_a_box_belongs_to_it():
    """Also where its ends have more bits than one computes with: a mean value form needs that."""
    long, steps = Interval(((1 << 400) + 1, (1 << 400) + 1, -400)), Interval(((1 << 400) + 1, (1 << 400) + 9, -399))
    for x in (long, steps, Interval((-3, 4, 7))):
        (middle,), (step,) = Vector([x]).middle_and_steps()
        assert middle.inside(x) and holds(step, real(x[1], x[2]) - real(middle[0], middle[2]))


@pytest.mark.parametrize("bits", [2, 3, 7])
def test_functions_contain_the_values_at_a_few_bits(bits):
    """Rounding is outward at every precision."""
    rng = random.Random(bits)
    with working_precision(bits):
        for name, (of, oracle) in FUNCTIONS.items():
            for x in some(rng, 12):
                try:
                    y = of(x)
                except Undefined:
                    continue
                for m in (x[0], x[1], (x[0] + x[1]) // 2):
                    assert holds(y, oracle(real(m, x[2]))), (name, x, y)
