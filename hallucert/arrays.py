"""Points, boxes and other arrays as users give them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.arguments import checked_items
from hallucert.errors import ArgumentError
from hallucert.exact import exact


def real_array(value: Any) -> np.ndarray | None:
    """Return `value` as an array of doubles; None if it is ragged, complex, too large for doubles, or of no numbers.

    Examples
    --------
    >>> real_array([(0, 1), (2, 3)]).shape, real_array([[0, 1], [2]]), real_array([10**400])
    ((2, 2), None, None)
    """
    try:
        return None if np.iscomplexobj(value) else np.array(value, dtype=float)
    except (TypeError, ValueError, OverflowError):
        return None


def checked_point(value: Any, dimension: int, argument: str) -> np.ndarray:
    """Return `value` as a fresh float array of shape (d,) with finite entries."""
    must = f"be finite numbers of shape ({dimension},)"
    array = real_array(value)
    if array is None or (array.shape == (dimension,) and not np.isfinite(array).all()):
        raise ArgumentError(argument, value, must)
    if array.shape != (dimension,):
        raise ArgumentError(argument, f"<array of shape {array.shape}>", must)
    return array


def checked_lanes(value: Any, dimension: int, argument: str, single: bool = False) -> np.ndarray:
    """Return `value` as a fresh float array of shape (k, d), or also (d,) if a `single` point will do."""
    one = f"({dimension},) or " if single else ""
    must = f"be finite numbers of shape {one}(k, {dimension})"
    array = real_array(value)
    if array is not None and (array.ndim not in (2 - single, 2) or array.shape[-1] != dimension):
        raise ArgumentError(argument, f"<array of shape {array.shape}>", must)
    if array is None or not np.isfinite(array).all():
        raise ArgumentError(argument, value, must)
    return array


def checked_box(value: Any, dimension: int, argument: str = "box") -> np.ndarray:
    """Return `value` as a float array of shape (d, 2) with finite rows ``lower < upper``."""
    must = f"be finite rows (lower, upper) of shape ({dimension}, 2) with lower < upper"
    array = real_array(value)
    if array is not None and array.shape != (dimension, 2):
        raise ArgumentError(argument, f"<array of shape {array.shape}>", must)
    if array is None or not np.isfinite(array).all() or not (array[:, 0] < array[:, 1]).all():
        raise ArgumentError(argument, value, must)
    return array


def exact_point(value: Any, dimension: int, argument: str) -> tuple[Fraction, ...]:
    """Return the `d` coordinates of a point as the exact numbers they are, see `hallucert.exact.exact`.

    Examples
    --------
    >>> exact_point(["1/3", 0.5], 2, "x")
    (Fraction(1, 3), Fraction(1, 2))
    """
    must = f'be {dimension} finite numbers: ints, floats, Fractions, or strings such as "0.05" or "1/3"'
    items = checked_items(value, argument, must)
    if len(items) != dimension:
        raise ArgumentError(argument, value, must)
    try:
        return tuple(exact(item, argument) for item in items)
    except ArgumentError:
        raise ArgumentError(argument, value, must) from None


def exact_box(value: Any, dimension: int, argument: str = "box") -> list[tuple[Fraction, Fraction]]:
    """Return the rows ``(low, high)`` of a box, ``low < high``, as the exact numbers they are."""
    must = f"be {dimension} pairs (low, high) of finite numbers with low < high"
    rows = checked_items(value, argument, must)
    if len(rows) != dimension:
        raise ArgumentError(argument, value, must)
    try:
        points = [exact_point(row, 2, argument) for row in rows]
    except ArgumentError:
        raise ArgumentError(argument, value, must) from None
    sides = [(low, high) for low, high in points]
    if any(low >= high for low, high in sides):
        raise ArgumentError(argument, value, must)
    return sides
