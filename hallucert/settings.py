"""Checked settings of searches and pictures, of which nothing is claimed; see `hallucert.arguments`."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

from hallucert.arguments import checked_real
from hallucert.errors import ArgumentError
from hallucert.exact import exact_radius, float_above, float_below


def checked_positive(value: object, argument: str) -> float:
    """Return the double nearest to an exact positive number, in a setting of a search."""
    return checked_real(value, argument, "be a positive number", lambda number: number > 0)


def checked_double(value: object, argument: str) -> float:
    """Return the double nearest to an exact positive number, neither zero nor infinite."""
    number = exact_radius(value, argument)
    if not float_below(number) > 0 or math.isinf(float_above(number)):
        raise ArgumentError(argument, value, "be within the range of positive doubles")
    return float(number)


def checked_choice(value: object, choices: Sequence[str], argument: str) -> str:
    """Return `value` if it is one of the choices."""
    if not isinstance(value, str) or value not in choices:
        raise ArgumentError(argument, value, f"be one of {', '.join(choices)}")
    return value


def checked_flag(value: object, argument: str) -> bool:
    """Return `value` if it is True or False, of Python or numpy."""
    flag = value.item() if type(value).__module__ == "numpy" and isinstance(value, Hashable) else value  # type: ignore[attr-defined]
    if not isinstance(flag, bool):
        raise ArgumentError(argument, value, "be True or False")
    return flag
