"""Elementary functions of intervals, by their series in interval arithmetic.

What rounding loses is in the intervals; by hand comes only what is left out of a series.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from itertools import count

from .interval import HALF, ONE, TWO, ZERO, Interval, Undefined, ball, exact, hull, meet, precision, working_precision

GUARD = 32  # more bits than the working precision
LARGEST_ANGLE = 64  # of larger ones than 2**64 sines and cosines are not computed
UNIT = Interval((-1, 1, 0))


def series(first: Interval, ratio: Callable[[int], Interval]) -> Interval:
    """`t_0 + t_1 + ...` with `t_k = ratio(k) t_(k-1)`; once a ratio is at most 1/2 in size, so are all that follow."""
    term = result = first
    for k in count(1):
        small = term[0] == term[1] == 0 or term.size() <= result.size() - precision() or k > 8 * precision()
        if small and abs(ratio(k)).at_most(HALF):
            break
        term = term * ratio(k)
        result = result + term
    return result + term * UNIT  # what is left out is at most as large as the last term


def monotone(x: Interval, at: Callable[[Interval], Interval]) -> Interval:
    """The range of an increasing function, by its enclosures at the two ends."""
    with working_precision(precision() + GUARD):
        values = [at(x.lower()), at(x.upper())] if x[0] != x[1] else [at(x)]
    return hull(values)


def scaled(x: Interval) -> tuple[Interval, int]:
    """`x/2**k`, at most 1/8 in size, and `k`."""
    k = max(0, x.size() + 3)
    return Interval((x[0], x[1], x[2] - k)), k


def exp(x: Interval) -> Interval:
    """The exponential: of `x/2**k` by Taylor's series, squared `k` times."""

    def at(point: Interval) -> Interval:
        if point.size() > 21:  # exp(2**21) > 2**(2**21)
            if point.positive():
                raise Undefined("an exponential overflows")
            return Interval((0, 1, -(1 << 20)))
        t, k = scaled(point)
        with working_precision(precision() + k):
            result = series(ONE, lambda n: t / exact(n))
            for _ in range(k):
                result = result * result
        return result

    return monotone(x, at)


def log(x: Interval) -> Interval:
    """The logarithm of positive numbers: `a + 2 artanh((z - 1)/(z + 1))` with `z = x exp(-a)` for a double `a`."""
    if not x.positive():
        raise Undefined("logarithm of an interval that is not positive")

    def at(point: Interval) -> Interval:
        a = exact(Fraction(math.log(point[0]) + point[2] * math.log(2)))
        z = point * exp(-a)
        return a + TWO * artanh((z - ONE) / (z + ONE))

    return monotone(x, at)


def artanh(q: Interval) -> Interval:
    """`q + q**3/3 + q**5/5 + ...`, of small numbers."""
    square = q * q
    if not square.below(HALF):
        raise Undefined("a logarithm is not known")
    return series(q, lambda n: square * exact(Fraction(2 * n - 1, 2 * n + 1)))


def sin_cos(point: Interval) -> tuple[Interval, Interval]:
    """Sine and cosine of a number: of `x/2**k` by Taylor's series, and then of twice as much `k` times."""
    t, k = scaled(point)
    with working_precision(precision() + GUARD + 2 * k):
        square = -(t * t)
        s = series(t, lambda n: square / exact(2 * n * (2 * n + 1)))
        c = series(ONE, lambda n: square / exact(2 * n * (2 * n - 1)))
        for _ in range(k):
            s, c = TWO * s * c, ONE - TWO * s * s
    return s, c


def wave(x: Interval, of: Callable[[Interval, Interval], tuple[Interval, Interval]]) -> Interval:
    """`a cos r + b sin r` for `x = m + r` with `m` in its middle; `1 - r**2/2 <= cos r <= 1` and `|sin r| <= |r|`."""
    if x.size() > LARGEST_ANGLE:
        return UNIT
    m = x.middle()
    r = abs(x - m).upper()
    a, b = of(*sin_cos(m))
    return meet(a * hull([ONE - HALF * r * r, ONE]) + b * ball(r), UNIT)


def sin(x: Interval) -> Interval:
    """The sine."""
    return wave(x, lambda s, c: (s, c))


def cos(x: Interval) -> Interval:
    """The cosine."""
    return wave(x, lambda s, c: (c, -s))


@lru_cache(maxsize=64)
def pi_with(bits: int) -> Interval:
    """Enclosure of pi with so many bits: `pi - x = arcsin s` with `s = sin x` for an `x` near pi, between `s` and
    `s (1 + s**2)`.
    """
    with working_precision(bits + GUARD):
        x = exact(3)
        for _ in range(7):  # each time three times as many bits are right
            x = (x + sin(x)).middle()
        s = sin(x)
        return x + s * (ONE + hull([ZERO, s * s]))


def pi() -> Interval:
    """Enclosure of pi."""
    return pi_with(precision())


def tanh(x: Interval) -> Interval:
    """`tanh x = (1 - y)/(1 + y)` with `y = exp(-2 x)`; bits that cancel for small `x` are had beforehand."""

    def at(point: Interval) -> Interval:
        if point[0] < 0:
            return -at(-point)
        with working_precision(precision() + min(max(0, -point.size()), 4 * precision())):
            y = exp(-(TWO * point))
            return (ONE - y) / (ONE + y)

    return monotone(x, at)


def erf(x: Interval) -> Interval:
    """The error function, `2/sqrt(pi) exp(-x**2) (x + 2 x**3/3 + 4 x**5/15 + ...)`."""

    def at(point: Interval) -> Interval:
        if point[0] < 0:
            return -at(-point)
        square = point * point
        if square.size() > 20 or not square.below(exact(precision())):
            return ONE - Interval((0, 1, -precision()))  # 1 - erf x < exp(-x**2)
        terms = series(point, lambda k: TWO * square / exact(2 * k + 1))
        return TWO * exp(-square) * terms / pi().sqrt()

    return monotone(x, at)


def softplus(x: Interval) -> Interval:
    """`log(1 + exp x)`, which is `x + log(1 + exp(-x))`; `log(1 + y)` is `2 artanh(y/(2 + y))`."""

    def at(point: Interval) -> Interval:
        y = exp(-abs(point))
        tail = TWO * artanh(y / (TWO + y))
        return point + tail if point.positive() else tail

    return monotone(x, at)


def real_power(x: Interval, exponent: Fraction) -> Interval:
    """`x**exponent` of positive numbers."""
    return exp(log(x) * exact(exponent))
