"""Long names and numbers made short, for print only: files and statements keep every character."""

from __future__ import annotations

import re
from fractions import Fraction

from hallucert.exact import decimal_below, format_rational

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
