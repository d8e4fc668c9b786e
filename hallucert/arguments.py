"""Arguments that many functions take: each check names the argument, says what it was and what it must be."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Set
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from hallucert.errors import ArgumentError
from hallucert.exact import exact_radius, float_above, float_below


def checked_items(value: Any, argument: str, must: str) -> list[Any]:
    """Return the items of a list, tuple, array or other ordered collection.

    Raises
    ------
    ArgumentError
        If `value` is a string, has no order or no items to iterate over; the message says what it `must` be.
    """
    if isinstance(value, str | bytes | Set) or not isinstance(value, Iterable):
        raise ArgumentError(argument, value, must)
    try:
        return list(value)
    except TypeError:  # an array without dimensions
        raise ArgumentError(argument, value, must) from None


def checked_whole(value: object, least: int, argument: str) -> int:
    """Return an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise ArgumentError(argument, value, f"be an integer of at least {least}")
    return int(value)


def checked_double(value: object, argument: str) -> float:
    """Return the double nearest to an exact positive number, neither zero nor infinite."""
    number = exact_radius(value, argument)
    if not float_below(number) > 0 or math.isinf(float_above(number)):
        raise ArgumentError(argument, value, "be within the range of positive doubles")
    return float(number)


def checked_seconds(value: object, argument: str) -> float:
    """Return a positive number of seconds, which may be infinite."""
    try:
        seconds = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    except OverflowError:
        seconds = math.nan
    if not seconds > 0:
        raise ArgumentError(argument, value, "be a positive number of seconds")
    return seconds


def checked_path(value: object, argument: str = "path") -> Path:
    """Return the path of a file or folder, which need not be there.

    Raises
    ------
    ArgumentError
        If `value` is neither a string nor a path, is empty, or holds what no path can hold.

    Examples
    --------
    >>> checked_path("certificate.json").suffix
    '.json'
    """
    text = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(text, str) or not text:
        raise ArgumentError(argument, value, "be a path: a string that is not empty, or a pathlib.Path")
    try:
        valid = b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        valid = False
    if not valid:
        raise ArgumentError(argument, value, "have no null characters and no lone surrogates: no path can hold them")
    return Path(text)


def checked_progress(value: Any) -> Any:
    """Return what a caller asked for about the progress of a long run."""
    if not (value is None or isinstance(value, bool) or callable(value)):
        raise ArgumentError("progress", value, "be True, False, None or a function")
    return value
