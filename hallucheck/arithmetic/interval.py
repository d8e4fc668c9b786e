"""Intervals of real numbers with dyadic ends, rounded outward; integers are the only arithmetic underneath.

An interval is the triple `(low, high, exponent)` of integers and stands for all real numbers from `low *
2**exponent` to `high * 2**exponent`. Every operation returns an interval that contains the results for all
numbers of its operands. Ends are cut to `precision()` bits, the lower one downward (`>>` rounds down) and the
upper one upward (`-(-x >> n)`), so exact results stay exact as long as they fit. What is not defined on all
of the operands, such as a quotient by an interval that holds 0, raises `Undefined`: then nothing is proved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from math import isqrt
from time import monotonic

LARGEST_EXPONENT = 1 << 20  # larger numbers are not represented; smaller ones are known as such
_bits = 128
_deadline = float("inf")


class Undefined(ArithmeticError):
    """An operation is not defined, or not known to be, everywhere on its operands."""


class OutOfTime(Exception):
    """The budget is spent: what is left is not checked."""


def check_time() -> None:
    """Called wherever much is computed."""
    if monotonic() > _deadline:
        raise OutOfTime("the budget is spent")


def precision() -> int:
    """Bits that the ends of results have at most."""
    return _bits


@contextmanager
def working_precision(bits: int, seconds: float | None = None) -> Iterator[None]:
    """Compute with so many bits in the block; or raise `OutOfTime` in it once so many seconds have passed."""
    global _bits, _deadline
    before, _bits = (_bits, _deadline), bits
    if seconds is not None:
        _deadline = monotonic() + seconds
    try:
        yield
    finally:
        _bits, _deadline = before


class Interval(tuple[int, int, int]):
    """The real numbers `x` with `low * 2**exponent <= x <= high * 2**exponent`."""

    __slots__ = ()

    def __add__(self, other: Interval) -> Interval:  # type: ignore[override]
        a, b, e = self
        c, d, f = other
        if e < f:
            return cut(a + (c << f - e), b + (d << f - e), e)
        return cut((a << e - f) + c, (b << e - f) + d, f)

    def __neg__(self) -> Interval:
        a, b, e = self
        return Interval((-b, -a, e))

    def __sub__(self, other: Interval) -> Interval:
        c, d, f = other
        return self + Interval((-d, -c, f))

    def __mul__(self, other: Interval) -> Interval:  # type: ignore[override]
        low, high, e = product(self, other)
        return cut(low, high, e)

    def __truediv__(self, other: Interval) -> Interval:
        a, b, e = self
        c, d, f = other
        if c <= 0 <= d:
            raise Undefined("division by an interval that holds 0")
        if d < 0:
            a, b, c, d = -b, -a, -d, -c
        shift = max(0, _bits + d.bit_length() - max(a.bit_length(), b.bit_length()) + 1)
        low = (a << shift) // (d if a >= 0 else c)
        high = -((-b << shift) // (c if b >= 0 else d))
        return cut(low, high, e - f - shift)

    def __abs__(self) -> Interval:
        a, b, e = self
        if a >= 0:
            return self
        return Interval((-b, -a, e)) if b <= 0 else Interval((0, max(-a, b), e))

    def power(self, k: int) -> Interval:
        """`x**k`, 1 for `k = 0`. Even powers are those of `|x|`."""
        if k < 0:
            return ONE / self.power(-k)
        if k < 2:
            return self if k else ONE
        if k % 2:
            return self * self.power(k - 1)
        half = abs(self).power(k // 2)
        return half * half

    def sqrt(self) -> Interval:
        """The root of positive numbers."""
        a, b, e = self
        if a <= 0:
            raise Undefined("root of an interval that is not positive")
        shift = max(0, 2 * _bits - a.bit_length() + 2)
        shift += (e - shift) & 1
        return cut(isqrt(a << shift), isqrt((b << shift) - 1) + 1, (e - shift) >> 1)

    def positive(self) -> bool:
        """Are all of its numbers positive?"""
        return self[0] > 0

    def negative(self) -> bool:
        """Are all of its numbers negative?"""
        return self[1] < 0

    def below(self, other: Interval) -> bool:
        """Is every number of it smaller than every one of the other?"""
        return compare(self[1], self[2], other[0], other[2]) < 0

    def at_most(self, other: Interval) -> bool:
        """Is no number of it larger than any of the other?"""
        return compare(self[1], self[2], other[0], other[2]) <= 0

    def inside(self, other: Interval) -> bool:
        """Does the other contain it?"""
        return other.lower().at_most(self.lower()) and self.upper().at_most(other.upper())

    def strictly_inside(self, other: Interval) -> bool:
        """Does the interior of the other contain it?"""
        return other.lower().below(self.lower()) and self.upper().below(other.upper())

    def size(self) -> int:
        """All its numbers are at most `2**size` in absolute value."""
        return max(self[0].bit_length(), self[1].bit_length()) + self[2]

    def lower(self) -> Interval:
        """Its lower end."""
        return Interval((self[0], self[0], self[2]))

    def upper(self) -> Interval:
        """Its upper end."""
        return Interval((self[1], self[1], self[2]))

    def ends(self) -> tuple[Fraction, Fraction]:
        """Both ends."""
        scale = Fraction(2) ** self[2]
        return self[0] * scale, self[1] * scale

    def middle(self) -> Interval:
        """A number near its middle that it holds."""
        a, b, e = self
        middle = cut(a + b, a + b, e - 1).lower()
        return middle if middle.inside(self) else self.lower()  # ends may have more bits

    def width(self) -> Interval:
        """Its length."""
        return (self.upper() - self.lower()).upper()

    def __float__(self) -> float:
        """A double near its middle: a hint, never evidence."""
        return float(self.middle().ends()[0])


def product(x: Interval, y: Interval) -> tuple[int, int, int]:
    """The exact product."""
    a, b, e = x
    c, d, f = y
    if a >= 0 and c >= 0:
        return a * c, b * d, e + f
    if a == b and c == d:
        return a * c, a * c, e + f
    ends = (a * c, a * d, b * c, b * d)
    return min(ends), max(ends), e + f


def cut(low: int, high: int, exponent: int) -> Interval:
    """The interval with its ends rounded outward to the working precision."""
    extra = max(low.bit_length(), high.bit_length()) - _bits
    if extra > 0:
        low, high, exponent = low >> extra, -(-high >> extra), exponent + extra
    if exponent > LARGEST_EXPONENT:
        raise Undefined("a number is too large")
    if exponent < -LARGEST_EXPONENT:
        return Interval((low >> _bits, -(-high >> _bits), _bits - LARGEST_EXPONENT))
    return Interval((low, high, exponent))


def compare(m: int, e: int, n: int, f: int) -> int:
    """The sign of `m 2**e - n 2**f`."""
    least = min(e, f)
    m, n = m << (e - least), n << (f - least)
    return (m > n) - (m < n)


def exact(value: int | Fraction) -> Interval:
    """A rational number; exactly, if it is dyadic, whatever the precision."""
    n, d = value.numerator, value.denominator
    if d & (d - 1) == 0:
        return Interval((n, n, 1 - d.bit_length()))
    shift = max(0, _bits + d.bit_length() - n.bit_length() + 1)
    return cut((n << shift) // d, -((-n << shift) // d), -shift)


def ball(radius: Interval) -> Interval:
    """From minus to plus the upper end of a radius that is not negative."""
    return Interval((-radius[1], radius[1], radius[2]))


def between(low: Interval, high: Interval) -> Interval:
    """From the lower end of one to the upper end of the other, exactly."""
    e = min(low[2], high[2])
    return Interval((low[0] << (low[2] - e), high[1] << (high[2] - e), e))


def hull(parts: Iterable[Interval]) -> Interval:
    """An interval that contains all of these, the smallest one up to rounding."""
    parts = list(parts)
    return cut(*between(min(parts, key=LOWER_END), max(parts, key=UPPER_END)))


def meet(x: Interval, y: Interval) -> Interval:
    """The numbers that two intervals have in common, up to rounding; undefined if there are none."""
    if x.below(y) or y.below(x):
        raise Undefined("two enclosures of a number have nothing in common")
    return cut(*between(max(x, y, key=LOWER_END), min(x, y, key=UPPER_END)))


def least(parts: Iterable[Interval]) -> Interval:
    """The smallest of some numbers, each known by an interval."""
    parts = list(parts)
    return cut(*between(min(parts, key=LOWER_END), min(parts, key=UPPER_END)))


def largest(parts: Iterable[Interval]) -> Interval:
    """The largest of some numbers, each known by an interval."""
    return -least([-x for x in parts])


def dot(xs: Iterable[Interval], ys: Iterable[Interval]) -> Interval:
    """The sum of the products, rounded once."""
    low = high = exponent = 0
    for x, y in zip(xs, ys, strict=True):
        a, b, e = product(x, y)
        if e < exponent:
            low, high, exponent = low << (exponent - e), high << (exponent - e), e
        low, high = low + (a << (e - exponent)), high + (b << (e - exponent))
    return cut(low, high, exponent)


def total(xs: Iterable[Interval]) -> Interval:
    """The sum."""
    return sum(xs, ZERO)


LOWER_END, UPPER_END = (lambda x: x.ends()[0]), (lambda x: x.ends()[1])
ZERO, ONE, TWO, HALF = (Interval((m, m, e)) for m, e in ((0, 0), (1, 0), (1, 1), (1, -1)))
