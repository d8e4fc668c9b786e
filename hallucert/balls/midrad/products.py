"""Products of matrices of doubles with bounds of their error, by two methods that share as little as they can.

``"bounded"``: one product by BLAS, whose rounding errors are bounded by ``gamma(n) |A||B|`` (see `rounding`); radii are
products by BLAS, too, of nonnegative matrices. Two or three products in all.

``"sliced"``: the rows of A and the columns of B are scaled by powers of two and cut into three slices of few bits,
whole numbers times a power of two, so that every sum in a product of two slices is a whole number below ``2**50``:
BLAS computes it *exactly*, in whatever order. Six such products, added, are all of AB but for a remainder,
that the largest entries of rows and columns bound. Factors of radii are rounded up to one slice, so that their
products are exact, too. No bound of a rounding error of BLAS enters; that the products of slices are exact is
checked, by their row sums, in integers. Six to eight products in all.
"""

from __future__ import annotations

import math
from contextvars import ContextVar
from typing import Literal

import numpy as np
import numpy.typing as npt

from hallucert.balls.midrad.rounding import TINY, UNIT, UP, Doubles, blocked_product, excess, gamma
from hallucert.errors import DomainError, EnvironmentRefused

Method = Literal["bounded", "sliced"]
METHODS: ContextVar[tuple[Method, ...]] = ContextVar("products of midpoint-radius arrays", default=("bounded",))
"""How operators multiply matrices: the last one counts, and ``with MidRadArithmetic(...)`` adds one."""

_LONGEST = 1024
"""The longest inner length that slices are multiplied at; longer products are sums of such."""
_EXPONENT = 400
"""Rows and columns are scaled by at most ``2**400``: what is smaller stays small, what is larger is refused."""


def enclosed_product(a: Doubles, ra: Doubles | None, b: Doubles, rb: Doubles | None) -> tuple[Doubles, Doubles]:
    """Return midpoints and radii of the products XY with ``|X - a| <= ra``, ``|Y - b| <= rb``; None is no radius.

    `a` and `ra` are (..., m, n), `b` and `rb` are (..., n, p).
    """
    return _sliced(a, ra, b, rb) if METHODS.get()[-1] == "sliced" else _bounded(a, ra, b, rb)


def _bounded(a: Doubles, ra: Doubles | None, b: Doubles, rb: Doubles | None) -> tuple[Doubles, Doubles]:
    """Enclose with ``g |a||b| + |a| rb + ra (|b| + rb)``, where g is what roundings make; each is off by `TINY`."""
    mid, depth = blocked_product(a, b)
    g = gamma(depth)
    left, right = np.abs(a), np.abs(b)
    if rb is None:
        scaled = left * g + TINY
        rad = np.matmul(scaled if ra is None else scaled + ra, right)
    else:
        rad = np.matmul(left, right * g + rb + TINY)
        if ra is not None:
            rad += np.matmul(ra, right + rb)
    rad *= excess(a.shape[-1])
    rad += TINY
    return mid, rad


# ---------------------------------------------------------------------- slices


def _sliced(a: Doubles, ra: Doubles | None, b: Doubles, rb: Doubles | None) -> tuple[Doubles, Doubles]:
    """Enclose piece by piece of the inner axis; pieces are added, each sum rounded once."""
    length = a.shape[-1]
    mid: Doubles | None = None
    rad: Doubles | None = None
    for start in range(0, length, _LONGEST):
        piece = slice(start, start + _LONGEST)
        left, right = a[..., piece], b[..., piece, :]
        part, error = _sliced_piece(left, right)
        if rb is not None:
            error = error + _nonnegative_product(np.abs(left), rb[..., piece, :])
        if ra is not None:
            size = np.abs(right) if rb is None else (np.abs(right) + rb[..., piece, :]) * UP
            error = error + _nonnegative_product(ra[..., piece], size)
        mid = part if mid is None else mid + part
        rad = error if rad is None else (rad + error + np.abs(mid) * UNIT)
    if mid is None or rad is None:
        shape = (*a.shape[:-1], b.shape[-1])
        return np.zeros(shape), np.zeros(shape)
    return mid, rad * (UP + 4 * -(-length // _LONGEST) * UNIT) + TINY


def _bits(length: int) -> int:
    """Return how many bits a slice has: ``length`` products of whole numbers up to ``2**(bits-1)`` sum to 2**48."""
    return (50 - (length - 1).bit_length()) // 2


def _scaled(a: Doubles, axis: int) -> tuple[Doubles, Doubles]:
    """Return a matrix with sizes below 1 along an axis, and the powers of two that were divided out.

    An entry that underflows loses less than ``2**-1074``.
    """
    _, exponents = np.frexp(np.abs(a).max(axis=axis, keepdims=True))
    if exponents.size and exponents.max() > _EXPONENT:
        raise DomainError(f"products in slices take numbers below 2**{_EXPONENT}")
    exponents = np.maximum(exponents, -_EXPONENT)
    return a * np.ldexp(1.0, -exponents), np.ldexp(1.0, exponents)


def _slices(a: Doubles, bits: int) -> list[Doubles]:
    """Cut numbers of size below 1 into three arrays of whole numbers, of size up to ``2**(bits-1)``.

    The k-th counts ``2**(1 - k bits)``; what is left is at most ``2**(-3 bits)``.
    """
    slices, rest = [], a
    for k in range(1, 4):
        whole = np.rint(rest * math.ldexp(1.0, k * bits - 1))
        slices.append(whole)
        rest = rest - whole * math.ldexp(
            1.0, 1 - k * bits
        )  # exact: a multiple of the last place, and at most half a unit
    return slices


def _exact_product(a: Doubles, b: Doubles) -> Doubles:
    """Multiply matrices of whole numbers whose products sum to less than 2**53; row sums are checked in integers."""
    product: Doubles = np.matmul(a, b)
    sums = product.astype(np.int64).sum(axis=-1)  # modulo 2**64
    if not np.array_equal(sums, np.matmul(a.astype(np.int64), b.astype(np.int64).sum(axis=-1)[..., None])[..., 0]):
        raise EnvironmentRefused("a product of small whole numbers is wrong; use another BLAS, or another machine")
    return product


def _sliced_piece(a: Doubles, b: Doubles) -> tuple[Doubles, Doubles]:
    """Enclose the product of two exact matrices of inner length n up to `_LONGEST`.

    With ``e = 2**-bits``, the slices of a scaled factor are at most 1, e, e^2, and what is left of it after them is at
    most e, e^2, e^3. So the products of slices i, j with ``i + j > 2``, and of remainders, are at most ``4 n e^3``.
    Five of the six partial sums have only terms of size n e; so their roundings are at most ``25 u n e``.
    """
    n = a.shape[-1]
    bits = _bits(n)
    (left, rows), (right, columns) = _scaled(a, -1), _scaled(b, -2)
    first, second = _slices(left, bits), _slices(right, bits)
    total: npt.NDArray[np.float64] | float = 0.0
    for i, j in ((2, 0), (1, 1), (0, 2), (1, 0), (0, 1), (0, 0)):
        if first[i].any() and second[j].any():
            total = total + _exact_product(first[i], second[j]) * math.ldexp(1.0, 2 - (i + j + 2) * bits)
    total = np.broadcast_to(total, (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1]))
    lost = 4 * n * math.ldexp(1.0, -3 * bits) + 25 * UNIT * n * math.ldexp(1.0, -bits) + TINY
    mid = total * rows * columns
    return mid, (np.abs(total) * UNIT + lost) * rows * columns


def _nonnegative_product(a: Doubles, b: Doubles) -> Doubles:
    """Return upper bounds of the product of nonnegative matrices: factors rounded up, to whole numbers of few bits."""
    bits = _bits(a.shape[-1])
    (left, rows), (right, columns) = _scaled(a, -1), _scaled(b, -2)
    product = _exact_product(np.ceil(left * math.ldexp(1.0, bits - 1)), np.ceil(right * math.ldexp(1.0, bits - 1)))
    return (product * math.ldexp(1.0, 2 - 2 * bits) + TINY) * rows * columns * UP
