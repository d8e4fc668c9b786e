"""Rounding in double arithmetic: its unit, what makes good the roundings of a bound, and sums in blocks."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from hallucert.errors import ArgumentError, DomainError
from hallucert.exact import float_above

Doubles = npt.NDArray[np.float64]

UNIT = 2.0**-53
"""Half the distance from 1 to the next double: the relative error of a rounding."""
UP = 1 + 2.0**-47
"""Makes good up to 60 roundings of nonnegative numbers."""
TINY = 2.0**-960
"""Added to every radius, against underflow: far below what matters, and far above the least double, which is slow."""
LONGEST = 2**25
"""The most numbers that are added up; so ``gamma(n) <= (n + 1) u``."""
PIECE = 2**14
"""Entries that are worked on at once, so that they stay in the cache."""
_BLOCK = 128
"""Inner length of the products of which a longer one is the sum."""


def doubles(values: npt.ArrayLike, name: str) -> Doubles:
    """Return finite numbers as an array of doubles, if they are doubles."""
    array = np.asarray(values)
    if array.dtype.kind in "iu" and array.size and max(abs(int(array.max())), abs(int(array.min()))) <= 2**53:
        array = array.astype(np.float64)
    if array.dtype not in (np.float64, np.float32) or not is_finite(array):
        raise ArgumentError(name, f"<{array.dtype}>", "be finite doubles")
    return np.asarray(array, np.float64)


def is_finite(numbers: Doubles) -> bool:
    """Tell whether all numbers are finite: their sum is only then, unless it overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        return math.isfinite(np.add.reduce(numbers, axis=None)) or bool(np.isfinite(numbers).all())


def finite(bounds: Doubles) -> Doubles:
    """Return bounds, if they are all finite."""
    if not is_finite(bounds):
        raise DomainError("a bound overflows, or is not a number")
    return bounds


def rounded(mid: Doubles, *parts: Doubles | None) -> Doubles:
    """Return the radius of a result that was rounded once: ``u |mid|`` and what the operands' radii make."""
    rad = np.abs(mid)
    rad *= UNIT
    for part in parts:
        if part is not None:
            rad += part
    rad *= UP
    rad += TINY
    return rad


Formula = Callable[[Doubles, Doubles, Doubles | None, Doubles | None], tuple[Doubles, Doubles]]
"""Midpoints and radii from those of two operands; no radii where an operand is exact."""


def piecewise(
    formula: Formula, a: Doubles, b: Doubles, ra: Doubles | None, rb: Doubles | None
) -> tuple[Doubles, Doubles]:
    """Apply a formula entry by entry, to pieces of the first axis that stay in the cache."""
    shape = np.broadcast_shapes(a.shape, b.shape)
    if math.prod(shape) <= PIECE or shape[0] == 1:
        mid, rad = formula(a, b, ra, rb)
        return np.asarray(mid), np.asarray(rad)
    operands = [None if part is None else np.broadcast_to(part, shape) for part in (a, b, ra, rb)]
    mid, rad = np.empty(shape), np.empty(shape)
    step = max(1, PIECE * shape[0] // math.prod(shape))
    for start in range(0, shape[0], step):
        part = slice(start, start + step)
        mid[part], rad[part] = formula(*(None if x is None else x[part] for x in operands))  # type: ignore[arg-type]
    return mid, rad


def gamma(roundings: int) -> float:
    """Return an upper bound of ``n u / (1 - n u)``."""
    if roundings > LONGEST:
        raise ArgumentError("length", roundings, f"be at most {LONGEST}")
    return (roundings + 2) * UNIT


def excess(length: int) -> float:
    """Return the factor that makes good the roundings of a sum of `length` nonnegative products."""
    return 1 + 2 * (length + 32) * UNIT


def blocked_sum(values: Doubles) -> tuple[Doubles, int]:
    """Return sums over the last axis, and the most roundings that an entry goes through: about twice the root."""
    length = values.shape[-1]
    block = math.isqrt(length)
    if length < 16:
        return np.asarray(values.sum(axis=-1)), length
    whole = length // block * block
    parts = values[..., :whole].reshape(*values.shape[:-1], -1, block).sum(axis=-1)
    depth = block + whole // block
    total = np.asarray(parts.sum(axis=-1))
    if whole == length:
        return total, depth
    return total + values[..., whole:].sum(axis=-1), depth + 1


def blocked_product(a: Doubles, b: Doubles) -> tuple[Doubles, int]:
    """Return a product of matrices in floats, and the most roundings that an entry goes through."""
    length = a.shape[-1]
    block = max(_BLOCK, math.isqrt(length))
    total = np.matmul(a[..., :block], b[..., :block, :])
    if length <= block:
        return total, length
    part = np.empty_like(total)
    for start in range(block, length, block):
        total += np.matmul(a[..., start : start + block], b[..., start : start + block, :], out=part)
    return total, block + -(-length // block)


def around(lower: Fraction, upper: Fraction) -> tuple[float, float]:
    """Return a double and a radius around it that contain every number from `lower` to `upper`."""
    try:
        mid = float((lower + upper) / 2)
    except OverflowError:
        mid = math.inf
    rad = float_above(max(upper - Fraction(mid), Fraction(mid) - lower)) if math.isfinite(mid) else mid
    if not math.isfinite(rad):
        raise DomainError("a number is too large for doubles")
    return mid, rad
