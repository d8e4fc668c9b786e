"""Exact numbers: rationals as people write them, dyadic rationals as certificates keep them.

Nothing here rounds unless its name says so, and what rounds says in which direction.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from numbers import Integral, Rational, Real

from hallucert.errors import ArgumentError

Exact = int | float | str | Fraction
"""What users may write for an exact number: ``0.05`` is the double it is, ``"0.05"`` is 1/20."""

MAX_DIGITS = 2000
"""Longest decimal string, and (in bits, times four) the largest numerator or denominator accepted from outside."""

_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_RATIO = re.compile(r"[+-]?\d+/\d+", re.ASCII)
_DYADIC = re.compile(r"-?[1-9][0-9]*(p-?[1-9][0-9]{0,4})?|0")


def exact(value: object, argument: str = "value") -> Fraction:
    """Return the rational number that `value` denotes, without rounding.

    Parameters
    ----------
    value : int, float, str or Fraction
        Floats are taken as the dyadic rationals they are; strings are decimals (``"0.05"``, ``"1e-3"``) or
        ratios (``"1/3"``).
    argument : str
        Name used in the error message.

    Raises
    ------
    ArgumentError
        If `value` is not finite, not a number, or too long.

    Examples
    --------
    >>> exact("0.05"), exact(0.5)
    (Fraction(1, 20), Fraction(1, 2))
    """
    must = 'be a finite number: an int, a float, a Fraction or a string such as "0.05" or "1/3"'
    if isinstance(value, str):
        text = value.strip()
        if len(text) <= MAX_DIGITS and (_DECIMAL.fullmatch(text) or _RATIO.fullmatch(text)):
            try:
                return Fraction(text)
            except ZeroDivisionError:
                pass
        raise ArgumentError(argument, value, must)
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ArgumentError(argument, value, must)
    if isinstance(value, Integral):
        return Fraction(int(value))
    if isinstance(value, Rational):
        return Fraction(int(value.numerator), int(value.denominator))
    as_float = float(value)
    if not math.isfinite(as_float):
        raise ArgumentError(argument, value, must)
    return Fraction(as_float)


def exact_radius(value: object, argument: str = "rho") -> Fraction:
    """Return `value` as an exact positive rational; used for the perturbation radius ``rho``."""
    result = exact(value, argument)
    if result <= 0:
        raise ArgumentError(argument, value, "be positive")
    return result


def format_rational(value: Fraction) -> str:
    """Write a rational exactly: ``"11"`` or ``"1/20"``."""
    return str(value.numerator) if value.denominator == 1 else f"{value.numerator}/{value.denominator}"


def is_dyadic(value: Fraction) -> bool:
    """Tell whether the denominator is a power of two."""
    return value.denominator & (value.denominator - 1) == 0


def format_dyadic(value: Fraction) -> str:
    """Write a dyadic rational ``m * 2**e`` exactly as ``"mpe"`` with odd ``m``: 3/8 is ``"3p-3"``, 12 is ``"3p2"``.

    Raises
    ------
    ArgumentError
        If the denominator of `value` is not a power of two.
    """
    if value == 0:
        return "0"
    if not is_dyadic(value):
        raise ArgumentError("value", value, "be a dyadic rational")
    mantissa, exponent = value.numerator, -(value.denominator.bit_length() - 1)
    if exponent == 0:
        shift = (mantissa & -mantissa).bit_length() - 1
        mantissa, exponent = mantissa >> shift, shift
    return f"{mantissa}p{exponent}" if exponent else str(mantissa)


def parse_dyadic(text: str) -> Fraction:
    """Read what `format_dyadic` wrote; exactly one spelling is accepted for each number.

    Raises
    ------
    ArgumentError
        If `text` is not in canonical form or larger than ``2**20000`` in either direction.
    """
    must = 'be a canonical dyadic number such as "0", "-5", "3p-3"'
    if len(text) > MAX_DIGITS or not _DYADIC.fullmatch(text):
        raise ArgumentError("number", text, must)
    mantissa_text, _, exponent_text = text.partition("p")
    mantissa, exponent = int(mantissa_text), int(exponent_text or "0")
    if abs(exponent) > 20000 or (mantissa and mantissa % 2 == 0):
        raise ArgumentError("number", text, must)
    return mantissa * Fraction(2) ** exponent


def format_exact(value: Fraction) -> str:
    """Write any rational exactly: as `format_dyadic` does, or as ``"p/q"`` if it is not dyadic."""
    return format_dyadic(value) if is_dyadic(value) else format_rational(value)


def parse_exact(text: str) -> Fraction:
    """Read what `format_exact` wrote; exactly one spelling is accepted for each number.

    Raises
    ------
    ArgumentError
        If `text` is in neither form, not in lowest terms, or too long.
    """
    if "/" not in text:
        return parse_dyadic(text)
    value = exact(text, "number")
    if is_dyadic(value) or format_rational(value) != text:
        raise ArgumentError("number", text, 'be in lowest terms, and dyadic numbers as "3p-3"')
    return value


def float_below(value: Fraction) -> float:
    """Return the largest double that is at most `value` (``-inf`` below the range)."""
    try:
        nearest = float(value)
    except OverflowError:
        return -math.inf if value < 0 else math.nextafter(math.inf, 0.0)
    if math.isinf(nearest):
        return -math.inf if value < 0 else math.nextafter(math.inf, 0.0)
    return nearest if Fraction(nearest) <= value else math.nextafter(nearest, -math.inf)


def float_above(value: Fraction) -> float:
    """Return the smallest double that is at least `value` (``inf`` above the range)."""
    return -float_below(-value)


def round_down(value: Fraction, bits: int) -> Fraction:
    """Round toward minus infinity to a dyadic with at most `bits` significant bits."""
    if value == 0:
        return value
    exponent = _binary_exponent(value) - bits
    scaled = value / Fraction(2) ** exponent
    return math.floor(scaled) * Fraction(2) ** exponent


def round_up(value: Fraction, bits: int) -> Fraction:
    """Round toward plus infinity to a dyadic with at most `bits` significant bits."""
    return -round_down(-value, bits)


def _binary_exponent(value: Fraction) -> int:
    """Return some ``e`` with ``2**(e-2) < |value| < 2**(e+1)``."""
    return abs(value.numerator).bit_length() - value.denominator.bit_length() + 1


def decimal_enclosure(lower: Fraction, upper: Fraction, digits: int = 6) -> str:
    """Print an interval so that the printed interval contains it: ``[0.0908, 0.0911]``.

    Each end is rounded outward to `digits` significant decimals.
    """
    return f"[{decimal_below(lower, digits)}, {decimal_above(upper, digits)}]"


def decimal_below(value: Fraction, digits: int = 6) -> str:
    """Print `value` rounded toward minus infinity to `digits` significant decimals."""
    if value == 0:
        return "0"
    return _decimal(value, digits, math.floor)


def decimal_above(value: Fraction, digits: int = 6) -> str:
    """Print `value` rounded toward plus infinity to `digits` significant decimals."""
    if value == 0:
        return "0"
    return _decimal(value, digits, math.ceil)


def _decimal(value: Fraction, digits: int, rounding: object) -> str:
    size = abs(value)
    # 0.30103 is above log10(2): the estimate is close for any size, and the loop makes it exact.
    exponent = math.floor((size.numerator.bit_length() - size.denominator.bit_length()) * 0.30103) + 1
    while size < Fraction(10) ** exponent:
        exponent -= 1
    scaled = rounding(value / Fraction(10) ** (exponent - digits + 1))  # type: ignore[operator]
    if abs(scaled) >= 10**digits:
        exponent += 1
        scaled = rounding(value / Fraction(10) ** (exponent - digits + 1))  # type: ignore[operator]
    sign, body = ("-" if scaled < 0 else ""), str(abs(scaled)).rstrip("0")
    if -5 < exponent < digits:
        if exponent < 0:
            return sign + "0." + "0" * (-exponent - 1) + body
        body = body.ljust(exponent + 1, "0")
        head, tail = body[: exponent + 1], body[exponent + 1 :]
        return sign + head + ("." + tail if tail else "")
    head, tail = body[0], body[1:]
    return f"{sign}{head}{'.' + tail if tail else ''}e{exponent:+03d}"
