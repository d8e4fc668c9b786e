"""Intervals over mpmath's numbers: the ring operations, division and the square root.

Sums and products are exact in Python's integers and rounded once, by `bound`. What is trusted of mpmath: ``mpf_add``
for sums of numbers of very different size, ``mpf_mul`` in powers, ``mpf_div``, ``mpf_sqrt`` and ``mpf_pos`` form the
exact result (or enough of it, with a sticky bit) and round it once, in the direction asked for. All are tested against
exact rationals. One condition matters: ``mpf_add`` is only right for operands of at most the precision of the result
(with longer ones its shortcut for distant exponents can round to the wrong side). The invariant of `Interval`
guarantees it.
"""

from __future__ import annotations

from typing import Any

from mpmath.libmp import (
    from_int,
    fzero,
    mpf_add,
    mpf_cmp,
    mpf_div,
    mpf_mul,
    mpf_neg,
    mpf_pos,
    mpf_sqrt,
    round_ceiling,
    round_floor,
)

Mpf = tuple[int, int, int, int]
"""mpmath's raw number: sign (0 or 1), odd mantissa (0 for zero), exponent, bit length of the mantissa."""

ZERO: Mpf = fzero

DOWN, UP = round_floor, round_ceiling

FAR = 1000
"""Where exponents differ by more, a sum is not formed exactly."""


def bound(man: int, exp: int, prec: int, up: bool) -> Mpf:
    """Return ``man 2**exp`` rounded to `prec` bits, up or down."""
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


def product(x: Mpf, y: Mpf, prec: int, up: bool) -> Mpf:
    """Return ``x y`` rounded to `prec` bits, up or down."""
    man = x[1] * y[1]
    return bound(-man if x[0] != y[0] else man, x[2] + y[2], prec, up)


def total(x: Mpf, y: Mpf, prec: int, up: bool) -> Mpf:
    """Return ``x + y`` rounded to `prec` bits, up or down; both have at most so many."""
    if not x[1]:
        return y
    if not y[1]:
        return x
    man, other, shift = -x[1] if x[0] else x[1], -y[1] if y[0] else y[1], x[2] - y[2]
    if 0 <= shift <= FAR:
        return bound((man << shift) + other, y[2], prec, up)
    if -FAR <= shift < 0:
        return bound(man + (other << -shift), x[2], prec, up)
    far: Mpf = mpf_add(x, y, prec, UP if up else DOWN)
    return far


class Interval:
    """The set of real numbers from `lo` to `hi`, immutable; ``lo is None`` makes it indeterminate.

    Invariant: `lo` and `hi` are finite, ``lo <= hi``, and their mantissas have at most `prec` bits. Operators return
    intervals of the larger precision of their operands, rounded outward. An operand may also be an ``int``, as for
    ``arb``.
    """

    __slots__ = ("hi", "lo", "prec")

    def __init__(self, lo: Mpf | None, hi: Mpf | None, prec: int) -> None:
        self.lo: Any = lo
        self.hi: Any = hi
        self.prec = prec

    def __repr__(self) -> str:
        if self.lo is None:
            return "Interval(indeterminate)"
        from mpmath.libmp import to_str

        return f"Interval(about {to_str(self.lo, 10)} to {to_str(self.hi, 10)}, {self.prec} bits)"

    def __neg__(self) -> Interval:
        if self.lo is None:
            return self
        return Interval(mpf_neg(self.hi), mpf_neg(self.lo), self.prec)

    def __add__(self, other: Interval | int) -> Interval:
        if not isinstance(other, Interval):
            if type(other) is not int:
                return NotImplemented
            other = from_integer(other, self.prec)
        prec = self.prec if self.prec >= other.prec else other.prec
        if self.lo is None or other.lo is None:
            return Interval(None, None, prec)
        return Interval(total(self.lo, other.lo, prec, False), total(self.hi, other.hi, prec, True), prec)

    def __sub__(self, other: Interval | int) -> Interval:
        if not isinstance(other, Interval):
            if type(other) is not int:
                return NotImplemented
            other = from_integer(other, self.prec)
        prec = self.prec if self.prec >= other.prec else other.prec
        if self.lo is None or other.lo is None:
            return Interval(None, None, prec)
        low, high = mpf_neg(other.hi), mpf_neg(other.lo)
        return Interval(total(self.lo, low, prec, False), total(self.hi, high, prec, True), prec)

    def __mul__(self, other: Interval | int) -> Interval:
        if not isinstance(other, Interval):
            if type(other) is not int:
                return NotImplemented
            other = from_integer(other, self.prec)
        prec = self.prec if self.prec >= other.prec else other.prec
        if self.lo is None or other.lo is None:
            return Interval(None, None, prec)
        a, b, c, d = self.lo, self.hi, other.lo, other.hi
        # The product's ends are products of ends; the signs of the factors tell which (sign bit 0: the end is >= 0).
        if not a[0]:
            if not c[0]:
                ends = a, c, b, d
            elif d[0] or not d[1]:
                ends = b, c, a, d
            else:
                ends = b, c, b, d
        elif b[0] or not b[1]:
            if not c[0]:
                ends = a, d, b, c
            elif d[0] or not d[1]:
                ends = b, d, a, c
            else:
                ends = a, d, a, c
        elif not c[0]:
            ends = a, d, b, d
        elif d[0] or not d[1]:
            ends = b, c, a, c
        else:
            low, other_low = product(a, d, prec, False), product(b, c, prec, False)
            high, other_high = product(a, c, prec, True), product(b, d, prec, True)
            return Interval(
                low if mpf_cmp(low, other_low) <= 0 else other_low,
                high if mpf_cmp(high, other_high) >= 0 else other_high,
                prec,
            )
        return Interval(product(ends[0], ends[1], prec, False), product(ends[2], ends[3], prec, True), prec)

    def __truediv__(self, other: Interval | int) -> Interval:
        if not isinstance(other, Interval):
            if type(other) is not int:
                return NotImplemented
            other = from_integer(other, self.prec)
        prec = self.prec if self.prec >= other.prec else other.prec
        if self.lo is None or other.lo is None or not (is_positive(other) or is_negative(other)):
            return Interval(None, None, prec)
        a, b, c, d = self.lo, self.hi, other.lo, other.hi
        if c[0]:  # x / y = (-x) / (-y)
            a, b, c, d = mpf_neg(b), mpf_neg(a), mpf_neg(d), mpf_neg(c)
        # Now 0 < c <= d: the lower end divides by the divisor that makes it smaller.
        return Interval(mpf_div(a, c if a[0] else d, prec, DOWN), mpf_div(b, d if b[0] else c, prec, UP), prec)

    def __radd__(self, other: int) -> Interval:
        return self + other

    def __rsub__(self, other: int) -> Interval:
        return -self + other

    def __rmul__(self, other: int) -> Interval:
        return self * other

    def __rtruediv__(self, other: int) -> Interval:
        return from_integer(other, self.prec) / self if type(other) is int else NotImplemented


def from_integer(value: int, prec: int) -> Interval:
    """Enclose an integer in an interval of `prec` bits."""
    return Interval(from_int(value, prec, DOWN), from_int(value, prec, UP), prec)


def is_positive(x: Interval) -> bool:
    """Tell whether every point is > 0."""
    return x.lo is not None and x.lo[0] == 0 and x.lo[1] != 0


def is_negative(x: Interval) -> bool:
    """Tell whether every point is < 0."""
    return x.hi is not None and x.hi[0] == 1


def magnitude(x: Interval) -> Mpf:
    """Return the largest ``|x|``, exactly."""
    low = mpf_neg(x.lo)
    result: Mpf = low if mpf_cmp(low, x.hi) > 0 else x.hi
    return result


def rounded(x: Interval, prec: int) -> Interval:
    """Return `x` rounded outward to `prec` bits."""
    if x.lo is None:
        return Interval(None, None, prec)
    return Interval(mpf_pos(x.lo, prec, DOWN), mpf_pos(x.hi, prec, UP), prec)


def square_root(x: Interval) -> Interval:
    """Enclose the square root of a positive interval."""
    return Interval(mpf_sqrt(x.lo, x.prec, DOWN), mpf_sqrt(x.hi, x.prec, UP), x.prec)


def integer_power(x: Interval, exponent: int) -> Interval:
    """Enclose ``x**exponent`` for ``exponent >= 1``; exact at the ends up to directed rounding, tight on wide x."""
    if x.lo is None:
        return x
    if exponent % 2:
        low = _signed_power(x.lo, exponent, x.prec, DOWN)
        return Interval(low, _signed_power(x.hi, exponent, x.prec, UP), x.prec)
    low, high = x.lo, x.hi
    if high[0] or not high[1]:
        low, high = mpf_neg(high), mpf_neg(low)
    if not low[0]:
        return Interval(_power(low, exponent, x.prec, DOWN), _power(high, exponent, x.prec, UP), x.prec)
    low = mpf_neg(low)
    larger = low if mpf_cmp(low, high) > 0 else high
    return Interval(fzero, _power(larger, exponent, x.prec, UP), x.prec)


def _signed_power(x: Mpf, exponent: int, prec: int, direction: str) -> Mpf:
    if not x[0]:
        return _power(x, exponent, prec, direction)
    result: Mpf = mpf_neg(_power(mpf_neg(x), exponent, prec, UP if direction == DOWN else DOWN))
    return result


def _power(x: Mpf, exponent: int, prec: int, direction: str) -> Mpf:
    """Return a bound of ``x**exponent`` for ``x >= 0``: products of bounds of nonnegative numbers are bounds."""
    if exponent == 1:
        return x
    if exponent == 2:
        square: Mpf = mpf_mul(x, x, prec, direction)
        return square
    # Each of the at most 2 log2(exponent) roundings is magnified by at most the exponent: guard bits for both.
    work = prec + 2 * exponent.bit_length() + 4
    result: Mpf | None = None
    while True:
        if exponent & 1:
            result = x if result is None else mpf_mul(result, x, work, direction)
        exponent >>= 1
        if not exponent:
            rounded: Mpf = mpf_pos(result, prec, direction)
            return rounded
        x = mpf_mul(x, x, work, direction)
