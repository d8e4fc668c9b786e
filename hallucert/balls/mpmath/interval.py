"""Intervals with ends in integers: the ring operations, division, powers and the square root.

An end is an integer times a power of two. Sums, products and powers are exact in Python's integers, and quotients and
roots are floors of exact ones; then `outward` rounds once, by a shift, which rounds down, also what is negative. No
arithmetic of mpmath is trusted here. In its numbers (`Mpf`) elementary functions are computed.
"""

from __future__ import annotations

from math import isqrt
from typing import Any

Mpf = tuple[int, int, int, int]
"""mpmath's raw number: sign (0 or 1), odd mantissa (0 for zero), exponent, bit length of the mantissa."""

Dyadic = tuple[int, int]
"""The number ``man 2**exp``, as ``(man, exp)``; neither has to be the smallest there is."""

ZERO: Mpf = (0, 0, 0, 0)

FAR = 1000
"""Where exponents differ by more, a sum is not formed exactly."""

SHORT_POWER = 8
"""Up to this exponent powers are formed exactly."""


def bound(man: int, exp: int, prec: int, up: bool) -> Mpf:
    """Return ``man 2**exp`` rounded to `prec` bits, up or down, in mpmath's form."""
    if not man:
        return ZERO
    sign = 0
    if man < 0:
        sign, man, up = 1, -man, not up
    excess = man.bit_length() - prec
    if excess > 0:
        man, exp = -(-man >> excess) if up else man >> excess, exp + excess
    zeros = (man & -man).bit_length() - 1
    man >>= zeros
    return sign, man, exp + zeros, man.bit_length()


class Interval:
    """The real numbers from ``a 2**e`` to ``b 2**f``, immutable; ``a is None`` makes it indeterminate.

    Invariant: ``a 2**e <= b 2**f``, and neither `a` nor `b` is larger than ``2**prec``. Operators return intervals of
    the larger precision of their operands, rounded outward. An operand may also be an ``int``, as for ``arb``.
    """

    __slots__ = ("a", "b", "e", "f", "prec")

    def __init__(self, a: int | None, e: int, b: int | None, f: int, prec: int) -> None:
        self.a: Any = a
        self.e = e
        self.b: Any = b
        self.f = f
        self.prec = prec

    @property
    def lo(self) -> Mpf:
        """The lower end in mpmath's form."""
        return bound(self.a, self.e, self.prec, False)

    @property
    def hi(self) -> Mpf:
        """The upper end in mpmath's form."""
        return bound(self.b, self.f, self.prec, True)

    def __repr__(self) -> str:
        if self.a is None:
            return "Interval(indeterminate)"
        from mpmath.libmp import to_str

        return f"Interval(about {to_str(self.lo, 10)} to {to_str(self.hi, 10)}, {self.prec} bits)"

    def __neg__(self) -> Interval:
        if self.a is None:
            return self
        return Interval(-self.b, self.f, -self.a, self.e, self.prec)

    def __add__(self, other: Interval | int) -> Interval:
        if other.__class__ is not Interval:
            if type(other) is not int:
                return NotImplemented
            other = from_integer(other, self.prec)
        prec = self.prec if self.prec >= other.prec else other.prec
        a, e, b, f = self.a, self.e, self.b, self.f
        c, g, d, h = other.a, other.e, other.b, other.f
        if a is None or c is None:
            return Interval(None, 0, None, 0, prec)
        shift = e - g
        if 0 <= shift <= FAR:
            low, e = (a << shift) + c, g
        elif -FAR <= shift < 0:
            low = a + (c << -shift)
        else:
            low, e = total((a, e), (c, g), prec, False)
        shift = f - h
        if 0 <= shift <= FAR:
            high, f = (b << shift) + d, h
        elif -FAR <= shift < 0:
            high = b + (d << -shift)
        else:
            high, f = total((b, f), (d, h), prec, True)
        return outward(low, e, high, f, prec)

    def __sub__(self, other: Interval | int) -> Interval:
        if other.__class__ is not Interval:
            if type(other) is not int:
                return NotImplemented
            other = from_integer(other, self.prec)
        if other.a is None:
            return other if other.prec >= self.prec else Interval(None, 0, None, 0, self.prec)
        return self + Interval(-other.b, other.f, -other.a, other.e, other.prec)

    def __mul__(self, other: Interval | int) -> Interval:
        if other.__class__ is not Interval:
            if type(other) is not int:
                return NotImplemented
            other = from_integer(other, self.prec)
        prec = self.prec if self.prec >= other.prec else other.prec
        a, e, b, f = self.a, self.e, self.b, self.f
        c, g, d, h = other.a, other.e, other.b, other.f
        if a is None or c is None:
            return Interval(None, 0, None, 0, prec)
        # The product's ends are products of ends; the signs of the factors tell which.
        if a >= 0:
            if c >= 0:
                return outward(a * c, e + g, b * d, f + h, prec)
            if d <= 0:
                return outward(b * c, f + g, a * d, e + h, prec)
            return outward(b * c, f + g, b * d, f + h, prec)
        if b <= 0:
            if c >= 0:
                return outward(a * d, e + h, b * c, f + g, prec)
            if d <= 0:
                return outward(b * d, f + h, a * c, e + g, prec)
            return outward(a * d, e + h, a * c, e + g, prec)
        if c >= 0:
            return outward(a * d, e + h, b * d, f + h, prec)
        if d <= 0:
            return outward(b * c, f + g, a * c, e + g, prec)
        low, other_low, high, other_high = (a * d, e + h), (b * c, f + g), (a * c, e + g), (b * d, f + h)
        low = low if at_most(low, other_low) else other_low
        high = other_high if at_most(high, other_high) else high
        return outward(*low, *high, prec)

    def __truediv__(self, other: Interval | int) -> Interval:
        if other.__class__ is not Interval:
            if type(other) is not int:
                return NotImplemented
            other = from_integer(other, self.prec)
        prec = self.prec if self.prec >= other.prec else other.prec
        if self.a is None or not (is_positive(other) or is_negative(other)):
            return Interval(None, 0, None, 0, prec)
        x, y = (self, other) if other.a > 0 else (-self, -other)
        # Now y > 0: each end is divided by that end of y which takes it further out.
        low = _quotient(x.a, x.e, y.a, y.e, prec) if x.a < 0 else _quotient(x.a, x.e, y.b, y.f, prec)
        high = _quotient(-x.b, x.f, y.b, y.f, prec) if x.b < 0 else _quotient(-x.b, x.f, y.a, y.e, prec)
        return outward(low[0], low[1], -high[0], high[1], prec)

    def __radd__(self, other: int) -> Interval:
        return self + other

    def __rsub__(self, other: int) -> Interval:
        return -self + other

    def __rmul__(self, other: int) -> Interval:
        return self * other

    def __rtruediv__(self, other: int) -> Interval:
        return from_integer(other, self.prec) / self if type(other) is int else NotImplemented


def outward(low: int, e: int, high: int, f: int, prec: int) -> Interval:
    """Return the interval from ``low 2**e`` to ``high 2**f``, its ends rounded outward to `prec` bits."""
    excess = low.bit_length() - prec
    if excess > 0:
        low >>= excess
        e += excess
    excess = high.bit_length() - prec
    if excess > 0:
        high = -(-high >> excess)
        f += excess
    return Interval(low, e, high, f, prec)


def rounded(number: Dyadic, prec: int, up: bool) -> Dyadic:
    """Return a number rounded to `prec` bits, up or down."""
    man, exp = number
    excess = man.bit_length() - prec
    if excess <= 0:
        return number
    return -(-man >> excess) if up else man >> excess, exp + excess


def total(x: Dyadic, y: Dyadic, prec: int, up: bool) -> Dyadic:
    """Return ``x + y``, exactly; beside a number of very different size a bound, up or down, good for `prec` bits."""
    (man, exp), (other, other_exp) = (x, y) if x[1] >= y[1] else (y, x)
    shift, room = exp - other_exp, prec + 2
    if shift <= FAR or other.bit_length() > shift - room:
        return (man << shift) + other if man else other, other_exp
    if not man:
        return other, other_exp
    # The other is less than one unit of the last place that counts, which stands for it on the side asked for.
    return (man << room) + (other > 0) - (not up and other != 0), exp - room


def at_most(x: Dyadic, y: Dyadic) -> bool:
    """Tell whether ``x <= y``: a difference that is rounded down has its sign, or is 0."""
    return total(y, (-x[0], x[1]), 1, False)[0] >= 0


def from_integer(value: int, prec: int) -> Interval:
    """Enclose an integer in an interval of `prec` bits."""
    return outward(value, 0, value, 0, prec)


def is_positive(x: Interval) -> bool:
    """Tell whether every point is > 0."""
    return x.a is not None and x.a > 0


def is_negative(x: Interval) -> bool:
    """Tell whether every point is < 0."""
    return x.b is not None and x.b < 0


def magnitude(x: Interval) -> Dyadic:
    """Return the largest ``|x|``, exactly."""
    low, high = (-x.a, x.e), (x.b, x.f)
    return high if x.a >= 0 or (x.b > 0 and at_most(low, high)) else low


def square_root(x: Interval) -> Interval:
    """Enclose the square root of a positive interval."""
    (low, e), (high, f) = _even(x.a, x.e, x.prec), _even(x.b, x.f, x.prec)
    top = isqrt(high)
    return outward(isqrt(low), e, top if top * top == high else top + 1, f, x.prec)


def _even(man: int, exp: int, prec: int) -> Dyadic:
    """Write ``man 2**exp`` with an integer whose root has more than `prec` bits; return it and half of the exponent."""
    shift = max(2 * prec + 2 - man.bit_length(), 0)
    shift += (exp - shift) % 2
    return man << shift, (exp - shift) // 2


def _quotient(man: int, exp: int, divisor: int, divisor_exp: int, prec: int) -> Dyadic:
    """Return ``x / y`` for ``y > 0``, rounded down, with more than `prec` bits unless it is 0."""
    shift = max(prec + 2 + divisor.bit_length() - man.bit_length(), 0)
    return (man << shift) // divisor, exp - divisor_exp - shift


def integer_power(x: Interval, exponent: int) -> Interval:
    """Enclose ``x**exponent``, ``exponent >= 1``, of a finite x; exact at the ends but for rounding, tight if wide."""
    prec = x.prec
    if exponent % 2 == 0 and x.b <= 0:
        x = -x
    if exponent % 2 or x.a >= 0:
        low, high = _power((x.a, x.e), exponent, prec, False), _power((x.b, x.f), exponent, prec, True)
        return outward(*low, *high, prec)
    return outward(0, 0, *_power(magnitude(x), exponent, prec, True), prec)


def _power(x: Dyadic, exponent: int, prec: int, up: bool) -> Dyadic:
    """Return a bound of ``x**exponent``, for a negative x odd: products of bounds of ``|x|`` are bounds."""
    man, exp = x
    if exponent <= SHORT_POWER:
        return man**exponent, exp * exponent
    if man < 0:
        man, exp = _power((-man, exp), exponent, prec, not up)
        return -man, exp
    # Each of the at most 2 log2(exponent) roundings is magnified by at most the exponent: guard bits for both.
    work, power, result = prec + 2 * exponent.bit_length() + 4, x, (1, 0)
    while True:
        if exponent & 1:
            result = rounded((result[0] * power[0], result[1] + power[1]), work, up)
        exponent >>= 1
        if not exponent:
            return result
        power = rounded((power[0] ** 2, 2 * power[1]), work, up)
