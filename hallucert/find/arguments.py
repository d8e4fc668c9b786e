"""Arguments of the searches: each check names the argument, says what it was and what it must be."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.errors import ArgumentError
from hallucert.exact import exact_radius
from hallucert.objectives.objective import Objective


def checked_objective(f: Any) -> Objective:
    """Return `f` if it is an `Objective`."""
    if not isinstance(f, Objective):
        raise ArgumentError("f", f, "be an Objective (Objective.parse, from_sympy, from_callable, ...)")
    return f


def checked_point(value: Any, dimension: int, argument: str) -> np.ndarray:
    """Return `value` as a fresh float array of shape (d,) with finite entries."""
    array = _floats(value, argument, f"be finite numbers of shape ({dimension},)")
    if array.shape != (dimension,) or not np.isfinite(array).all():
        shown = value if array.shape == (dimension,) else f"<array of shape {array.shape}>"
        raise ArgumentError(argument, shown, f"be finite numbers of shape ({dimension},)")
    return array


def checked_samples(value: Any, dimension: int, argument: str) -> np.ndarray:
    """Return `value` as a fresh float array of shape (k, d), ``k >= 2``, with finite entries."""
    must = f"be finite numbers of shape ({dimension},) or (k, {dimension}) with k >= 2"
    array = _floats(value, argument, must)
    if array.ndim != 2 or array.shape[1] != dimension or array.shape[0] < 2 or not np.isfinite(array).all():
        raise ArgumentError(argument, f"<array of shape {array.shape}>", must)
    return array


def checked_box(value: Any, dimension: int, argument: str = "box") -> np.ndarray:
    """Return `value` as a float array of shape (d, 2) with finite rows ``lower < upper``."""
    must = f"be finite rows (lower, upper) of shape ({dimension}, 2) with lower < upper"
    array = _floats(value, argument, must)
    if array.shape != (dimension, 2):
        raise ArgumentError(argument, f"<array of shape {array.shape}>", must)
    if not np.isfinite(array).all() or not (array[:, 0] < array[:, 1]).all():
        raise ArgumentError(argument, value, must)
    return array


def checked_radius(value: Any) -> Fraction:
    """Return the exact positive radius `value`, of a size that doubles can square."""
    radius = exact_radius(value)
    if not Fraction(10) ** -150 < radius < Fraction(10) ** 150:
        raise ArgumentError("rho", value, "lie between 1e-150 and 1e150")
    return radius


def checked_count(value: Any, argument: str, largest: int = 10**7) -> int:
    """Return `value` if it is an integer from 1 to `largest`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 1 <= value <= largest:
        raise ArgumentError(argument, value, f"be an integer from 1 to {largest}")
    return int(value)


def checked_seed(value: Any) -> int:
    """Return `value` if it is a nonnegative integer."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
        raise ArgumentError("seed", value, "be a nonnegative integer")
    return int(value)


def _floats(value: Any, argument: str, must: str) -> np.ndarray:
    try:
        return np.array(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ArgumentError(argument, value, must) from None
