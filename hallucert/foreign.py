"""Numbers of other libraries, taken exactly or not at all; see `hallucert.exact.exact`."""

from __future__ import annotations

import math
import operator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hallucert.errors import ArgumentError, HallucertError

Foreign = Any
"""Whatever was given: nothing is known of its type."""


def denoted(value: Foreign, argument: str, must: str, bits: int) -> Fraction | str | None:
    """Return the number that `value` holds in a form of its own that rounds nothing, None if it has no such form.

    It may be text, and has no more than twice so many `bits` before or after the point.
    """
    try:
        return _number(value, bits)
    except HallucertError:
        raise
    except Exception as error:  # whatever a foreign object's own conversion raises
        raise ArgumentError(argument, value, f"{must} ({conversion_failure(error)})") from error


def integer(value: Foreign) -> int | None:
    """Return the integer that `value` is, None if its type is not one of integers; ``3.0`` and ``True`` are none."""
    try:
        value = _scalar(value)
        return None if isinstance(value, bool) else operator.index(value)
    except HallucertError:
        raise
    except Exception:  # whatever a foreign object's own conversion raises
        return None


def conversion_failure(error: Exception) -> str:
    """Say why a foreign object is no number. What its own conversion raised may tell what to do, as torch's does."""
    return str(error) if isinstance(error, _Unfit) else f"its conversion raises {type(error).__name__}: {error}"[:160]


class _Unfit(Exception):
    """Why something is no number, to be completed by what it must be."""


def _number(value: Foreign, bits: int) -> Fraction | str | None:
    value = _scalar(value)
    if isinstance(value, bool) or callable(value):  # mpmath.pi and its kind are functions of the precision
        return None
    if isinstance(value, Fraction | str):
        return value
    if isinstance(value, Decimal):
        return str(value)
    if hasattr(value, "__index__"):
        return Fraction(operator.index(value))
    if hasattr(value, "as_integer_ratio"):
        finite = value == value and abs(value) != math.inf
        return Fraction(*map(int, value.as_integer_ratio())) if finite else None
    if hasattr(value, "is_exact"):  # python-flint's balls, which are numbers if their radius is zero
        mantissa, exponent = value.man_exp() if value.is_exact() and value.is_finite() else (None, 0)
        return None if mantissa is None else _dyadic(int(mantissa), int(exponent), bits)
    if hasattr(value, "_mpf_"):  # mpmath's and sympy's floats; a mantissa of zero with an exponent is NaN or infinity
        sign, mantissa, exponent, _ = value._mpf_
        return None if exponent and not mantissa else _dyadic((-1) ** int(sign) * int(mantissa), int(exponent), bits)
    if hasattr(value, "numerator") and hasattr(value, "denominator"):
        return Fraction(int(value.numerator), int(value.denominator))
    return None


def _scalar(value: Foreign) -> Foreign:
    """Take a number out of an array or tensor without dimensions; anything else stays what it is.

    `_Unfit` if there is none in it: it is masked, or one of several, or needed for a gradient, or a date.
    """
    shape = getattr(value, "shape", None)
    if shape is None or callable(shape):
        return value
    if tuple(shape) != ():
        raise _Unfit(f"it has the shape {tuple(shape)}")
    if getattr(value, "requires_grad", False):
        raise _Unfit("it requires a gradient, detach it first: x.detach()")
    if getattr(value, "mask", False):
        raise _Unfit("it is masked")
    if getattr(getattr(value, "dtype", None), "kind", None) in ("m", "M"):
        raise _Unfit("it is a time")
    item = value.item()
    return value if type(item) is type(value) or getattr(item, "shape", ()) != () else item


def _dyadic(mantissa: int, exponent: int, bits: int) -> Fraction:
    """Return ``mantissa * 2**exponent``, unless that is too long to be taken; it might fill the memory."""
    if abs(exponent) > 2 * bits:
        raise _Unfit(f"it has more than {bits} bits")
    return mantissa * Fraction(2) ** exponent
