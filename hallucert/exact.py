"""Exact numbers: rationals as people write them, dyadic rationals as certificates keep them.

Nothing here rounds unless its name says so, and what rounds says in which direction.
"""

from __future__ import annotations

import math
import re
import sys
from decimal import Decimal
from fractions import Fraction

from hallucert.errors import ArgumentError

Exact = int | float | str | Fraction
"""What users may write for an exact number: ``0.05`` is the double it is, ``"0.05"`` is 1/20; see `exact`."""

MAX_DIGITS = 6100
"""Longest number as text that is read, from a user or from a file."""

MAX_BITS = 20_000
"""Of numerator and denominator together: as text such a number is shorter than `MAX_DIGITS`, so that what is taken from
users can be written to files and read back."""

LARGEST_DOUBLE = Fraction(sys.float_info.max)
NUMBER = 'be a finite number: an int, a float, a Fraction or a string such as "0.05" or "1/3"'
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_RATIO = re.compile(r"[+-]?\d+/\d+", re.ASCII)
_DYADIC = re.compile(r"(-?[1-9][0-9]*)(?:p(-?[1-9][0-9]{0,4}))?|0")


def exact(value: object, argument: str = "value", must: str = NUMBER) -> Fraction:
    """Return the rational number that `value` denotes, without rounding: the one door for numbers.

    Floats are taken as the dyadic rationals they are; strings are decimals (``"0.05"``, ``"1e-3"``) or ratios
    (``"1/3"``). So are ``Decimal``, the numbers of numpy (of any width), mpmath, sympy, gmpy2 and python-flint that
    hold one rational number, and arrays and tensors without dimensions of these. The message of an error names the
    `argument` and says what it `must` be.

    Raises
    ------
    ArgumentError
        If `value` is not finite, too long (`MAX_BITS`), or not a number with an exact value: bools, complex numbers,
        masked entries, intervals, symbols and constants such as ``mpmath.pi``, tensors that require a gradient.

    Examples
    --------
    >>> exact("0.05"), exact(0.5)
    (Fraction(1, 20), Fraction(1, 2))
    """
    kind = type(value)
    if kind is Fraction or kind is int or kind is float or kind is str:
        number = _denoted(value)  # type: ignore[arg-type]
    else:
        from hallucert.foreign import denoted  # numbers of other libraries

        held = denoted(value, argument, must, MAX_BITS)
        number = _read(held.strip()) if isinstance(held, str) else held
    if number is None:
        raise ArgumentError(argument, value, must)
    if constant_bits(number) > MAX_BITS:
        raise ArgumentError(argument, value, f"{must} (it has more than {MAX_BITS} bits)")
    return number


def exact_radius(value: object, argument: str = "rho") -> Fraction:
    """Return `value` as an exact positive rational; used for the perturbation radius ``rho``."""
    result = exact(value, argument)
    if result <= 0:
        raise ArgumentError(argument, value, "be positive")
    return result


def require_radius(rho: object, argument: str = "rho") -> None:
    """Refuse what is no exact positive number: a hypothesis of every theorem about the map ``x + rho u``."""
    if not isinstance(rho, Fraction) or rho <= 0:
        raise ArgumentError(argument, rho, "be a positive Fraction")


def whole(value: object) -> int | None:
    """Return the integer that `value` is, None if its type is not one of integers; ``3.0`` and ``True`` are none."""
    if type(value) is int:
        return value
    from hallucert.foreign import integer

    return integer(value)


def constant_bits(value: Fraction) -> int:
    """Return the bits of numerator and denominator together."""
    return value.numerator.bit_length() + value.denominator.bit_length()


def _denoted(value: Fraction | float | str) -> Fraction | None:
    if isinstance(value, str):
        return _read(value.strip())
    return Fraction(value) if isinstance(value, Fraction | int) or math.isfinite(value) else None


def _read(text: str) -> Fraction | None:
    """Read a decimal or a ratio; None if `text` is neither, or too long."""
    if len(text) > MAX_DIGITS or not (_DECIMAL.fullmatch(text) or _RATIO.fullmatch(text)):
        return None
    above, _, below = text.partition("/")
    if not below:
        return Fraction(Decimal(text))
    return Fraction(_integer(above), _integer(below)) if below.strip("0") else None


def format_rational(value: Fraction) -> str:
    """Write a rational exactly: ``"11"`` or ``"1/20"``."""
    above = digits_of(value.numerator)
    return above if value.denominator == 1 else f"{above}/{digits_of(value.denominator)}"


LONG = 4000
"""Python itself converts no integer of more than 4,300 digits from text or to it; decimals do, exactly."""


def digits_of(value: int) -> str:
    """Write an integer of any length."""
    return str(value) if value.bit_length() < 3 * LONG else format(Decimal(value), "f")


def _integer(text: str) -> int:
    return int(text) if len(text) < LONG else int(Decimal(text))


def dyadic(mantissa: int, exponent: int) -> Fraction:
    """Return ``mantissa * 2**exponent`` exactly."""
    return Fraction(mantissa << exponent) if exponent >= 0 else Fraction(mantissa, 1 << -exponent)


def is_dyadic(value: Fraction) -> bool:
    """Tell whether the denominator is a power of two."""
    return value.denominator & (value.denominator - 1) == 0


def parse_dyadic(text: str) -> Fraction:
    """Read ``"mpe"``, which is ``m * 2**e``, up to ``2**(2 * MAX_BITS)``; each number has exactly one spelling."""
    must = 'be a canonical dyadic number such as "0", "-5", "3p-3"'
    parts = _DYADIC.fullmatch(text) if len(text) <= MAX_DIGITS else None
    if parts is None:
        raise ArgumentError("number", text, must)
    mantissa, exponent = _integer(parts[1] or "0"), int(parts[2] or "0")
    if abs(exponent) > 2 * MAX_BITS or (mantissa and mantissa % 2 == 0):
        raise ArgumentError("number", text, must)
    return dyadic(mantissa, exponent)


def parse_exact(text: str) -> Fraction:
    """Read a number as files spell it (`hallucert.decimals.format_exact`): each has exactly one spelling."""
    if "/" not in text:
        return parse_dyadic(text)
    value = exact(text, "number")
    if is_dyadic(value) or format_rational(value) != text:
        raise ArgumentError("number", text, 'be in lowest terms, and dyadic numbers as "3p-3"')
    return value


def float_below(value: Fraction) -> float:
    """Return the largest double that is at most `value` (``-inf`` below the range)."""
    above, below = value.numerator, value.denominator
    try:
        nearest = above / below  # the nearest double, also of long integers
    except OverflowError:
        return -math.inf if value < 0 else math.nextafter(math.inf, 0.0)
    numerator, denominator = nearest.as_integer_ratio()
    return nearest if numerator * below <= above * denominator else math.nextafter(nearest, -math.inf)


def float_above(value: Fraction) -> float:
    """Return the smallest double that is at least `value` (``inf`` above the range)."""
    return 0.0 - float_below(-value)  # 0, not -0


def exponent(value: Fraction) -> int:
    """Return ``floor(log2(value))`` of a positive number, or one less."""
    return value.numerator.bit_length() - value.denominator.bit_length()


def round_down(value: Fraction, bits: int) -> Fraction:
    """Round toward minus infinity to a dyadic with at most `bits` significant bits."""
    numerator, denominator = value.numerator, value.denominator
    size = numerator.bit_length()
    if size <= bits and denominator & (denominator - 1) == 0:
        return value
    exponent = size - denominator.bit_length() + 1 - bits  # the quotient has `bits` bits, or one less
    scaled = numerator // (denominator << exponent) if exponent >= 0 else (numerator << -exponent) // denominator
    return dyadic(scaled, exponent)


def round_up(value: Fraction, bits: int) -> Fraction:
    """Round toward plus infinity to a dyadic with at most `bits` significant bits."""
    return -round_down(-value, bits)
