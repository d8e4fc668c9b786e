"""Points, boxes and other arrays as users give them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import chain

import numpy as np

from hallucert.arguments import checked_items
from hallucert.errors import ArgumentError, HallucertError, require
from hallucert.exact import exact, float_below
from hallucert.foreign import Foreign, conversion_failure

NARROW = frozenset({float, np.float64, np.float32, np.float16})
PLAIN = NARROW | {int, np.int64, np.int32}
"""Types that numpy's own conversion takes exactly, or to the nearest double; a list of others is read item by item."""

DEPTH = 2
"""Most dimensions of a list of lists."""


def real_array(value: object, argument: str, must: str, rounded: bool = True) -> np.ndarray:
    """Return finite numbers as a fresh array of doubles, at once if they are doubles in an array.

    What is a number and what is none is as for `hallucert.exact.exact`, in whatever list, array or tensor it comes.
    Other numbers are taken as the nearest doubles, if they may be `rounded`, as for the start of a search, or refused,
    as for data and boxes that a proof is about.

    Examples
    --------
    >>> real_array([("1/2", 1), (2, 3)], "x", "be numbers").tolist()
    [[0.5, 1.0], [2.0, 3.0]]
    """
    if type(value) is np.ndarray and value.dtype == np.float64:
        array = value.copy()
    else:
        array = _doubles(value, argument, value, must, rounded, DEPTH)
    require(np.isfinite(array).all(), argument, value, must)
    return array


def _doubles(value: object, argument: str, was: object, must: str, rounded: bool, depth: int) -> np.ndarray:
    """Read an array of any type, a list, or a list of `depth` - 1 levels of these; `was` is what messages show."""
    items = _items(value, argument, was, must)
    if isinstance(items, np.ndarray) and _is_converted(items, rounded):
        with np.errstate(all="ignore"):  # what is beyond the range of doubles becomes infinite, and is refused
            return items.astype(np.float64)
    try:
        if _is_plain(items, rounded):
            return np.array(items, dtype=np.float64)
        if depth > 1 and any(_is_row(item) for item in items):
            return np.array([_doubles(row, argument, was, must, rounded, depth - 1) for row in items])
    except HallucertError:
        raise
    except (ValueError, OverflowError):  # ragged, or an int beyond the range of doubles
        raise ArgumentError(argument, was, must) from None
    return np.array([_double(item, argument, was, must, rounded) for item in items])


def _items(value: object, argument: str, was: object, must: str) -> Sequence[Foreign] | np.ndarray:
    """Return an array as numpy sees it, anything else as a list."""
    if type(value) is list or type(value) is tuple:
        return value
    if not hasattr(value, "__array__") or isinstance(value, type):
        return checked_items(value, argument, must)
    try:
        masked, array = np.ma.is_masked(value), np.asarray(value)
    except HallucertError:
        raise
    except Exception as error:  # whatever a foreign object's own conversion raises
        raise ArgumentError(argument, was, f"{must} ({conversion_failure(error)})") from error
    if masked or array.ndim == 0 or array.dtype.kind not in "fiuOUT":
        raise ArgumentError(argument, was, f"{must}, none of them masked" if masked else must)
    return array


def _is_converted(array: np.ndarray, rounded: bool) -> bool:
    """Tell whether numpy's own conversion to doubles will do, for an array of numbers."""
    if array.dtype.kind == "f":
        return rounded or array.dtype.itemsize <= 8
    return array.dtype.kind in "iu" and (rounded or bool((array <= 2**53).all() and (array >= -(2**53)).all()))


def _is_plain(items: Sequence[Foreign] | np.ndarray, rounded: bool) -> bool:
    """Tell whether a list holds nothing but `PLAIN` numbers, or rows of these."""
    kinds: set[type] = set(map(type, items))
    if kinds <= {list, tuple} and kinds:
        kinds = set(map(type, chain.from_iterable(items)))
    return kinds <= (PLAIN if rounded else NARROW)


def _is_row(item: object) -> bool:
    return not isinstance(item, str) and getattr(item, "shape", None) != () and hasattr(item, "__len__")


def _double(item: object, argument: str, was: object, must: str, rounded: bool) -> float:
    """Return the double nearest to a number, or exactly the number."""
    try:
        number = exact(item, argument, must)
        double = float(number)
    except OverflowError:
        raise ArgumentError(argument, was, f"{must}, within the range of doubles") from None
    if not rounded and Fraction(double) != number:
        raise ArgumentError(argument, was, f"{must}, each exactly a double")
    return double


def checked_point(value: object, dimension: int, argument: str) -> np.ndarray:
    """Return `value` as a fresh float array of shape (d,) with finite entries."""
    return checked_shape(value, (dimension,), argument)


def checked_shape(value: object, shape: tuple[int, ...], argument: str) -> np.ndarray:
    """Return `value` as a fresh float array of a shape, with finite entries."""
    must = f"be finite numbers of shape {shape}"
    array = real_array(value, argument, must)
    require(array.shape == shape, argument, f"<array of shape {array.shape}>", must)
    return array


def row_count(value: object, argument: str) -> int:
    """Return how many rows an array has, at least one."""
    must = "be an array with at least one row"
    count = len(value) if isinstance(value, np.ndarray) and value.ndim else len(checked_items(value, argument, must))
    require(count, argument, value, must)
    return count


def checked_lanes(value: object, dimension: int, argument: str, single: bool = False) -> np.ndarray:
    """Return `value` as a fresh float array of shape (k, d), or also (d,) if a `single` point will do."""
    one = f"({dimension},) or " if single else ""
    must = f"be finite numbers of shape {one}(k, {dimension})"
    array = real_array(value, argument, must)
    if array.ndim not in (2 - single, 2) or array.shape[-1] != dimension:
        raise ArgumentError(argument, f"<array of shape {array.shape}>", must)
    return array


def checked_box(value: object, dimension: int, argument: str = "box", rounded: bool = True) -> np.ndarray:
    """Return `value` as a float array of shape (d, 2) with finite rows ``lower < upper``."""
    must = f"be finite rows (lower, upper) of shape ({dimension}, 2) with lower < upper"
    array = real_array(value, argument, must, rounded)
    require(array.shape == (dimension, 2), argument, f"<array of shape {array.shape}>", must)
    require((array[:, 0] < array[:, 1]).all(), argument, value, must)
    return array


def exact_point(value: object, dimension: int, argument: str) -> tuple[Fraction, ...]:
    """Return the `d` coordinates of a point as the exact numbers they are, see `hallucert.exact.exact`.

    Examples
    --------
    >>> exact_point(["1/3", 0.5], 2, "x")
    (Fraction(1, 3), Fraction(1, 2))
    """
    must = f'be {dimension} finite numbers: ints, floats, Fractions, or strings such as "0.05" or "1/3"'
    return _exact_items(value, dimension, argument, value, must)


def exact_box(value: object, dimension: int, argument: str = "box") -> list[tuple[Fraction, Fraction]]:
    """Return the rows ``(low, high)`` of a box, ``low < high``, as the exact numbers they are."""
    must = f"be {dimension} pairs (low, high) of finite numbers with low < high"
    rows = _items(value, argument, value, must)
    sides = [_exact_items(row, 2, argument, value, must) for row in rows]
    if len(sides) != dimension or any(low >= high for low, high in sides):
        raise ArgumentError(argument, value, must)
    return [(low, high) for low, high in sides]


def _exact_items(value: object, count: int, argument: str, was: object, must: str) -> tuple[Fraction, ...]:
    items = _items(value, argument, was, must)
    require(len(items) == count, argument, was, must)
    return tuple(exact(item, argument, must) for item in items)


def short(x: np.ndarray | Sequence[Fraction]) -> str:
    """Return a point as text, for a message: six digits, and of many numbers the first and the last."""
    doubles = x if isinstance(x, np.ndarray) else np.array([float_below(v) for v in x])
    return np.array2string(doubles, precision=6, separator=", ", threshold=8, edgeitems=3)
