"""Exact numbers as text: in print decimals rounded outward, and what is too long cut short; in files every digit."""

from __future__ import annotations

import re
from decimal import MAX_EMAX, MIN_EMIN, ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction

from hallucert.errors import ArgumentError
from hallucert.exact import digits_of, format_rational, is_dyadic


def decimal_enclosure(lower: Fraction, upper: Fraction, digits: int = 6) -> str:
    """Print an interval, each end rounded outward, so that the printed interval contains it: ``[0.0908, 0.0911]``."""
    return f"[{decimal_below(lower, digits)}, {decimal_above(upper, digits)}]"


def decimal_below(value: Fraction, digits: int = 6) -> str:
    """Print `value` rounded toward minus infinity to `digits` significant decimals."""
    return _decimal(value, digits, ROUND_FLOOR)


def decimal_above(value: Fraction, digits: int = 6) -> str:
    """Print `value` rounded toward plus infinity to `digits` significant decimals."""
    return _decimal(value, digits, ROUND_CEILING)


def _decimal(value: Fraction, digits: int, rounding: str) -> str:
    """Divide once, which rounds correctly, and print plainly or with an exponent."""
    context = Context(prec=digits, rounding=rounding, Emin=MIN_EMIN, Emax=MAX_EMAX)
    quotient = context.divide(Decimal(value.numerator), Decimal(value.denominator))
    exponent = quotient.adjusted()
    if not quotient:
        return "0"
    shown = quotient if (plain := -5 < exponent < digits) else quotient.scaleb(-exponent, context)
    text = f"{shown:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text if plain else f"{text}e{exponent:+03d}"


LONGEST_NAME, LONGEST_RATIONAL, LONGEST_INTEGER = 100, 40, 40
"""Characters, or digits, up to which a name, a rational and an integer in a sentence are printed as they are."""


def short_name(name: str, longest: int = LONGEST_NAME) -> str:
    """Return a function's name, or its beginning and its length.

    Examples
    --------
    >>> short_name("x**2 + y**2"), short_name("x**2 + y**2", longest=4)
    ('x**2 + y**2', 'x**2... (11 characters)')
    """
    return name if len(name) <= longest else f"{name[:longest].rstrip()}... ({len(name)} characters)"


def short_rational(value: Fraction) -> str:
    """Return a rational exactly if that is short or a short decimal, otherwise its first 12 digits.

    Examples
    --------
    >>> short_rational(Fraction(7, 2)), short_rational(Fraction(10) ** 400), short_rational(Fraction(10) ** 60 / 7)
    ('7/2', '1e+400', '1.42857142857e+59... (exact in the certificate)')
    """
    text = format_rational(value)
    if len(text) <= LONGEST_RATIONAL:
        return text
    decimal = decimal_below(value, 12)
    return decimal if Fraction(decimal) == value else f"{decimal}... (exact in the certificate)"


def short_digits(sentence: str) -> str:
    """Return a sentence with its long integers cut to their first and last six digits.

    Examples
    --------
    >>> short_digits("For rho = " + "1" + 400 * "0" + " there is none.")
    'For rho = 100000...000000 (401 digits) there is none.'
    """
    return re.sub(
        rf"\d{{{LONGEST_INTEGER + 1},}}",
        lambda found: f"{found[0][:6]}...{found[0][-6:]} ({len(found[0])} digits)",
        sentence,
    )


# ---------------------------------------------------------------------- in files


def format_dyadic(value: Fraction) -> str:
    """Write a dyadic rational ``m * 2**e`` exactly as ``"mpe"`` with odd ``m``: 3/8 is ``"3p-3"``, 12 is ``"3p2"``."""
    if value == 0:
        return "0"
    if not is_dyadic(value):
        raise ArgumentError("value", value, "be a dyadic rational")
    mantissa, exponent = value.numerator, -(value.denominator.bit_length() - 1)
    if exponent == 0:
        shift = (mantissa & -mantissa).bit_length() - 1
        mantissa, exponent = mantissa >> shift, shift
    return f"{digits_of(mantissa)}p{exponent}" if exponent else digits_of(mantissa)


def format_exact(value: Fraction) -> str:
    """Write any rational exactly: as `format_dyadic` does, or as ``"p/q"`` if it is not dyadic."""
    return format_dyadic(value) if is_dyadic(value) else format_rational(value)
