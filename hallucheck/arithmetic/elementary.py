"""Elementary functions of intervals, by series in integers.

A *fixed* number `X` with `w` bits stands for `X 2**-w`. The kernels (`..._fixed`) take fixed numbers exactly
and return fixed numbers below and above the value. Terms of a series are rounded down; the comment behind
each counts what is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from math import isqrt

from .interval import ONE, TWO, Interval, Undefined, cut, exact, hull, precision, working_precision

Pair = tuple[int, int]
GUARD = 32  # more bits than the working precision


def artanh_fixed(z: int, w: int) -> Pair:
    """`artanh z = z + z**3/3 + ...` for `0 <= z <= 1/2`."""
    square, power, terms, k = z * z >> w, z, 0, 1
    while power:
        terms, power, k = terms + power // k, power * square >> w, k + 2
    return terms, terms + 4 * k + 8  # a power loses less than 3, a term less than 4; left out are less than 8


@lru_cache(maxsize=64)
def log2_fixed(w: int) -> Pair:
    """`log 2 = 2 artanh(1/3)`."""
    low, high = artanh_fixed((1 << w) // 3, w)
    return 2 * low, 2 * (high + 2)  # 1/3 lost less than a unit, and the slope is at most 9/8


@lru_cache(maxsize=64)
def pi_fixed(w: int) -> Pair:
    """Machin: `pi = 16 arctan(1/5) - 4 arctan(1/239)`."""

    def arctan_of_inverse(n: int) -> Pair:
        power, terms, k = (1 << w) // n, 0, 1
        while power:
            terms += power // k if k % 4 == 1 else -(power // k)
            power, k = power // (n * n), k + 2
        return terms - 2 * k - 4, terms + 2 * k + 4  # each of the k/2 terms is off by less than 3

    (a, b), (c, d) = arctan_of_inverse(5), arctan_of_inverse(239)
    return 16 * a - 4 * d, 16 * b - 4 * c


def exp_fixed(x: int, w: int) -> tuple[int, int, int]:
    """`(low, high, k)` with `exp x` between `low 2**k` and `high 2**k`, for `x` of size at most 2**33."""
    a, b = log2_fixed(w + 60)
    k = (x << 60) // b
    rest = (x << 60) - k * (b if k >= 0 else a) >> 60  # less than x - k log 2 by 2 units at most
    if rest < 0:
        return (1 << w) + rest, (1 << w) + 4, k
    halvings = isqrt(w) // 2
    v = w + halvings + 16
    t = rest << 16  # rest / 2**halvings, exactly, with v bits
    term, low, n = 1 << v, 0, 1
    while term:
        low, term, n = low + term, (term * t >> v) // n, n + 1
    high = low + 3 * n + 8 + (4 << 16)  # a term loses less than 3; 2 units of the rest, times a slope below 2
    for _ in range(halvings):
        low, high = low * low >> v, -(-high * high >> v)
    return low >> (v - w), -(-high >> (v - w)), k


def log_fixed(low: int, high: int, w: int) -> Pair:
    """`log y` for `y` between fixed numbers in `[1, 2]`: roots, then `log y = 2 artanh((y - 1)/(y + 1))`."""
    roots, one = isqrt(w) // 2, 1 << w
    for _ in range(roots):
        low, high = isqrt(low << w), isqrt(high << w) + 1
    low, high = ((low - one) << w) // (low + one), -(-((high - one) << w) // (high + one))
    return artanh_fixed(low, w)[0] << (roots + 1), artanh_fixed(high, w)[1] << (roots + 1)


def sin_cos_fixed(x: int, w: int) -> tuple[Pair, Pair]:
    """Sine and cosine, for `x` of size below 2**40: `n` quarter turns are taken out, then Taylor's series about 0."""
    a, _ = pi_fixed(w + 80)
    n = ((x << 82) + a) // (2 * a)
    rest = (x << 80) - n * a // 2 >> 80  # off by at most 2 units; at most 0.8 in size
    term, sums, k = 1 << w, [0, 0], 0
    while term:
        sums[k & 1] += term if k & 2 == 0 else -term
        k += 1
        term = (term * abs(rest) >> w) // k
    error = 4 * k + 16  # a term loses less than 4
    sine, cosine = (sums[1] if rest >= 0 else -sums[1]), sums[0]
    sine, cosine = [(sine, cosine), (cosine, -sine), (-sine, -cosine), (-cosine, sine)][n % 4]
    one = 1 << w
    return (max(-one, sine - error), min(one, sine + error)), (max(-one, cosine - error), min(one, cosine + error))


def to_fixed(m: int, e: int, w: int) -> Pair:
    """`m 2**e` as fixed numbers, rounded down and up."""
    shift = e + w
    return (m << shift, m << shift) if shift >= 0 else (m >> -shift, -(-m >> -shift))


def monotone(x: Interval, at: Callable[[Interval], Interval]) -> Interval:
    """The range of an increasing function, by its enclosures at the two ends."""
    if x[0] == x[1]:
        return at(x)
    return hull([at(x.lower()).lower(), at(x.upper()).upper()])


def exp(x: Interval) -> Interval:
    """The exponential."""
    w = precision() + GUARD

    def at(point: Interval) -> Interval:
        m, _, e = point
        if m and point.size() > 33:
            if m > 0:
                raise Undefined("an exponential overflows")
            return cut(0, 1, -(1 << 33))  # exp(-2**33) < 2**-(2**33)
        down, up = to_fixed(m, e, w)
        low, high, k = exp_fixed(down, w)
        return cut(low, high + 4 * (up - down), k - w)  # exp of a unit more is 1 + 1.1 units times as much

    return monotone(x, at)


def log(x: Interval) -> Interval:
    """The logarithm of positive numbers."""
    if not x.positive():
        raise Undefined("logarithm of an interval that is not positive")
    w = precision() + GUARD

    def at(point: Interval) -> Interval:
        m, _, e = point
        k = m.bit_length() - 1
        low, high = log_fixed(*to_fixed(m, -k, w), w)
        a, b = log2_fixed(w + 60)
        twos = [(e + k) * a >> 60, -(-(e + k) * a >> 60), (e + k) * b >> 60, -(-(e + k) * b >> 60)]
        return cut(low + min(twos), high + max(twos), -w)

    return monotone(x, at)


def pi() -> Interval:
    """Enclosure of pi."""
    w = precision() + GUARD
    return cut(*pi_fixed(w), -w)


def wave(x: Interval, which: int, w: int) -> Interval:
    """Sine (`which` is 0) or cosine (1): values at the ends, and 1 or -1 if a crest may lie between: `n pi`, for the
    sine `n pi + pi/2`, with an even or odd `n`.
    """
    if x.size() > 40:
        return Interval((-1, 1, 0))
    turns = x / pi() - exact(Fraction(1 - which, 2))
    first, last = to_fixed(turns[0], turns[2], 0)[1], to_fixed(turns[1], turns[2], 0)[0]  # the n that may lie between
    if last - first >= 1:
        return Interval((-1, 1, 0))
    ends = [sin_cos_fixed(fixed, w)[which] for m in x[:2] for fixed in to_fixed(m, x[2], w)]
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    if first == last:
        low, high = (low, 1 << w) if first % 2 == 0 else (-1 << w, high)
    return cut(low, high, -w)


def sin(x: Interval) -> Interval:
    """The sine, with more bits for the last places of a small one."""
    return wave(x, 0, precision() + GUARD + min(max(0, -x.size()), 4 * precision()))


def cos(x: Interval) -> Interval:
    """The cosine."""
    return wave(x, 1, precision() + GUARD)


def tanh(x: Interval) -> Interval:
    """`tanh x = (1 - y)/(1 + y)` with `y = exp(-2 x)`; bits that cancel for small `x` are had beforehand."""

    def at(point: Interval) -> Interval:
        if point[0] < 0:
            return -at(-point)
        with working_precision(precision() + 8 + min(max(0, -point.size()), 4 * precision())):
            y = exp(-(TWO * point))
            result = (ONE - y) / (ONE + y)
        return result + Interval((0, 0, 0))

    return monotone(x, at)


def erf(x: Interval) -> Interval:
    """The error function, `2/sqrt(pi) exp(-x**2) (x + 2 x**3/3 + 4 x**5/15 + ...)`."""

    def at(point: Interval) -> Interval:
        if point[0] < 0:
            return -at(-point)
        if point[0] == 0:
            return point
        square = point.power(2)
        if square.size() > 20 or not square.below(exact(precision())):
            return ONE - Interval((0, 1, -precision()))  # 1 - erf x < exp(-x**2)
        term = series = point
        k, falling = 1, False
        while not (falling and (term + term).below(series.lower() * Interval((1, 1, -precision() - 8)))):
            ratio = TWO * square / exact(2 * k + 1)
            term = term * ratio
            series, k, falling = series + term, k + 1, (ratio + ratio).below(ONE)
        series = hull([series, series + term])  # from here on each term is less than half of the one before
        return TWO * exp(-square) * series / pi().sqrt()

    return monotone(x, at)


def softplus(x: Interval) -> Interval:
    """`log(1 + exp x)`, which is `x + log(1 + exp(-x))`."""

    def at(point: Interval) -> Interval:
        if point.positive():
            return point + log(ONE + exp(-point))
        return log(ONE + exp(point))

    return monotone(x, at)


def real_power(x: Interval, exponent: Fraction) -> Interval:
    """`x**exponent` of positive numbers."""
    return exp(log(x) * exact(exponent))
