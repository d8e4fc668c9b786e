"""Arguments of the searches: each check names the argument, says what it was and what it must be."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from hallucert import arrays
from hallucert.arguments import checked_whole
from hallucert.errors import ArgumentError
from hallucert.exact import exact_radius
from hallucert.objectives.objective import checked_objective as checked_objective
from hallucert.objectives.radius_law import SAM, RadiusLaw

LARGEST = 1e150  # of a coordinate: searches square lengths, which doubles must be able to hold


def checked_point(value: Any, dimension: int, argument: str) -> np.ndarray:
    """Return `value` as a fresh float array of shape (d,) with finite entries of at most `LARGEST`."""
    return _moderate(arrays.checked_point(value, dimension, argument), value, argument)


def checked_box(value: Any, dimension: int, argument: str = "box") -> np.ndarray:
    """Return `value` as a float array of shape (d, 2) with rows ``lower < upper`` of at most `LARGEST`."""
    return _moderate(arrays.checked_box(value, dimension, argument), value, argument)


def checked_samples(value: Any, dimension: int, argument: str) -> np.ndarray:
    """Return `value` as a fresh float array of shape (k, d), ``k >= 2``, with finite entries."""
    must = f"be finite numbers of shape ({dimension},) or (k, {dimension}) with k >= 2"
    array = arrays.real_array(value, argument, must)
    if array.ndim != 2 or array.shape[1] != dimension or array.shape[0] < 2:
        raise ArgumentError(argument, f"<array of shape {array.shape}>", must)
    return _moderate(array, value, argument)


def checked_radius(value: Any, argument: str = "rho", law: RadiusLaw = SAM) -> Fraction:
    """Return the exact positive radius `value`, of a size that doubles can square; for USAM, no length, can hold."""
    radius, most = exact_radius(value, argument), 150 if law.normalised else 300
    if not Fraction(10) ** -most < radius < Fraction(10) ** most:
        raise ArgumentError(argument, value, f"lie between 1e-{most} and 1e{most}")
    return radius


def checked_count(value: Any, argument: str, largest: int = 10**7) -> int:
    """Return `value` if it is an integer from 1 to `largest`."""
    return checked_whole(value, 1, argument, largest)


def checked_seed(value: Any) -> int:
    """Return `value` if it is a nonnegative integer."""
    return checked_whole(value, 0, "seed")


def _moderate(array: np.ndarray, value: Any, argument: str) -> np.ndarray:
    if not np.abs(array).max() <= LARGEST:
        raise ArgumentError(argument, value, f"have numbers of at most {LARGEST:g} in absolute value")
    return array
