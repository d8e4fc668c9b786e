"""Midpoint-radius arrays of doubles: enclosures at the speed of BLAS, rounding to nearest, every rounding bounded.

A `MidRad` stands for every real array M with ``|M - mid| <= rad`` entry by entry. Whatever arrays the operands stand
for, the result contains the exact result. With ``u = 2**-53``, a double that an operation of IEEE 754 returns is off by
at most u of itself; products, quotients also by ``2**-1075`` where they underflow. So

- ``a + b`` has the radius ``u|fl(a + b)| + ra + rb``, and ``a b`` has ``u|fl(a b)| + |a| rb + ra (|b| + rb)``;
- where every entry of a sum, or of a product of matrices, comes about by at most n roundings, in whatever order, fused
  or not, it is off by at most ``gamma(n) = n u / (1 - n u)`` times the sum of the sizes of what is added;
- radii are sums of nonnegative numbers: k roundings lose at most a factor ``(1 - u)**k``, which `UP`, or `excess`,
  makes good; `TINY` is more than all that underflow can take away.

`docs/mathematics/rounding.md` has the proofs. What is trusted: ``+ - * /`` and ``sqrt`` on doubles
are those of IEEE 754, and a product of matrices sums products of entries (`require_exact_products` probes both).
Nothing is infinite or NaN: where an operation would make it so, `hallucert.errors.DomainError` is raised.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.balls.midrad.products import enclosed_product
from hallucert.balls.midrad.rounding import (
    TINY,
    UP,
    Doubles,
    Formula,
    around,
    blocked_sum,
    doubles,
    excess,
    finite,
    gamma,
    is_finite,
    piecewise,
    rounded,
)
from hallucert.errors import ArgumentError, DomainError

_quiet = np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore")


class MidRad:
    """The real arrays within `rad` of `mid`, entry by entry. Immutable; doubles that it is made of are not copied.

    Midpoints are doubles, integers doubles exactly; radii are nonnegative and broadcast to them, None for the array
    itself: other numbers are an `ArgumentError`. Operators take arrays of doubles and numbers, too, which are exact;
    where a result would be infinite, or outside of a domain, there is a `DomainError`.
    """

    __slots__ = ("_rad", "mid")
    __array_ufunc__ = None

    mid: Doubles
    _rad: Doubles | None

    def __init__(self, mid: npt.ArrayLike, rad: npt.ArrayLike | None = None) -> None:
        self.mid = doubles(mid, "mid")
        self._rad = None
        if rad is not None:
            radii = doubles(rad, "rad")
            if radii.size and radii.min() < 0:
                raise ArgumentError("rad", "<a negative radius>", "be nonnegative")
            try:
                self._rad = np.broadcast_to(radii, self.mid.shape)
            except ValueError:
                raise ArgumentError("rad", f"<shape {radii.shape}>", f"broadcast to {self.mid.shape}") from None

    @classmethod
    def computed(cls, mid: Doubles, rad: Doubles | None = None) -> MidRad:
        """Wrap a computed result; DomainError if a midpoint or a radius is not finite."""
        result = cls.__new__(cls)
        result.mid, result._rad = np.asarray(mid), None if rad is None else np.asarray(rad)
        if not (is_finite(result.mid) and (result._rad is None or is_finite(result._rad))):
            raise DomainError("an enclosure overflows, or is not a number")
        return result

    # ------------------------------------------------------------------ what it is

    @property
    def rad(self) -> Doubles:
        """The radii, an array of zeros if the array is exact; not to be written to."""
        return np.broadcast_to(np.float64(0), self.mid.shape) if self._rad is None else self._rad

    @property
    def exact(self) -> bool:
        """Whether this stands for the array `mid` alone, and is known to."""
        return self._rad is None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.mid.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.mid.ndim

    @property
    def size(self) -> int:
        """Number of entries."""
        return self.mid.size

    def __len__(self) -> int:
        return len(self.mid)

    def __repr__(self) -> str:
        return f"<MidRad of shape {self.shape}, {'exact' if self.exact else f'radii at most {self.rad.max():.1e}'}>"

    @_quiet
    def magnitude(self) -> Doubles:
        """Return upper bounds of ``|x|``."""
        size = np.abs(self.mid)
        return size if self._rad is None else finite((size + self._rad) * UP)

    @_quiet
    def mignitude(self) -> Doubles:
        """Return lower bounds of ``|x|``, nonnegative."""
        size = np.abs(self.mid)
        return size if self._rad is None else np.maximum((size - self._rad) * (2 - UP), 0.0)

    # ------------------------------------------------------------------ entries moved

    def map(self, move: Callable[[Doubles], Doubles]) -> MidRad:
        """Apply what only moves, repeats or selects entries, alike to midpoints and radii."""
        result = MidRad.__new__(MidRad)
        result.mid = np.asarray(move(self.mid))
        result._rad = None if self._rad is None else np.asarray(move(self._rad))
        return result

    def reshape(self, *shape: Any) -> MidRad:
        """Return the same entries in another shape."""
        return self.map(lambda a: a.reshape(*shape))

    def transpose(self, *axes: Any) -> MidRad:
        """Permute axes."""
        return self.map(lambda a: a.transpose(*axes))

    @property
    def T(self) -> MidRad:
        """The axes in reverse order."""
        return self.transpose()

    def __getitem__(self, index: Any) -> MidRad:
        return self.map(lambda a: a[index])

    @staticmethod
    def concatenate(arrays: Sequence[MidRad], axis: int = 0) -> MidRad:
        """Join arrays along an axis."""
        mid = np.concatenate([a.mid for a in arrays], axis)
        exact = all(a.exact for a in arrays)
        return MidRad.computed(mid, None if exact else np.concatenate([a.rad for a in arrays], axis))

    # ------------------------------------------------------------------ arithmetic

    @_quiet
    def _with(self, formula: Formula, other: MidRad) -> MidRad:
        """Combine entries by a formula of midpoints and radii."""
        return MidRad.computed(*piecewise(formula, self.mid, other.mid, self._rad, other._rad))

    def __neg__(self) -> MidRad:
        result = MidRad.__new__(MidRad)
        result.mid, result._rad = -self.mid, self._rad
        return result

    def __add__(self, other: MidRad | Doubles | float) -> MidRad:
        return self._with(_sum, as_midrad(other))

    def __radd__(self, other: Doubles | float) -> MidRad:
        return self + other

    def __sub__(self, other: MidRad | Doubles | float) -> MidRad:
        return self._with(_difference, as_midrad(other))

    def __rsub__(self, other: Doubles | float) -> MidRad:
        return as_midrad(other) - self

    def __mul__(self, other: MidRad | Doubles | float) -> MidRad:
        b = as_midrad(other)
        for sign, factor in ((self, b), (b, self)):
            if sign.exact and sign.size == 1 and sign.ndim <= factor.ndim and abs(sign.mid.item()) == 1:
                return factor if sign.mid.item() == 1 else -factor
        return self._with(_times, b)

    def __rmul__(self, other: Doubles | float) -> MidRad:
        return as_midrad(other) * self

    @_quiet
    def reciprocal(self) -> MidRad:
        """Enclose ``1/x``: ``|1/x - 1/m| <= r / (|m| inf|x|)``; DomainError if an entry may be 0."""
        least = self.mignitude()
        if not (least > 0).all():
            raise DomainError("a divisor may be 0")
        mid = 1 / self.mid
        return MidRad.computed(
            mid, rounded(mid, None if self._rad is None else (self._rad / least + TINY) / abs(self.mid))
        )

    @_quiet
    def __truediv__(self, other: MidRad | Doubles | float) -> MidRad:
        b = as_midrad(other)
        if not (self.exact and b.exact):
            return self * b.reciprocal()
        if not b.mid.all():
            raise DomainError("a divisor may be 0")
        mid = np.asarray(self.mid / b.mid)
        return MidRad.computed(mid, rounded(mid))

    def __rtruediv__(self, other: Doubles | float) -> MidRad:
        return as_midrad(other) / self

    def power(self, exponent: int) -> MidRad:
        """Enclose an integer power; a negative one raises `DomainError` where an entry may be 0."""
        if exponent < 0:
            return self.reciprocal().power(-exponent)
        if exponent == 0:
            return MidRad(np.ones(self.shape))
        square, result, left = self, None, exponent
        while True:
            if left & 1:
                result = square if result is None else result * square
            left >>= 1
            if not left:
                return cast(MidRad, result)
            square = square * square

    def __pow__(self, exponent: int) -> MidRad:
        return self.power(exponent)

    # ------------------------------------------------------------------ sums and products

    @_quiet
    def sum(self, axis: int | Sequence[int] | None = None) -> MidRad:
        """Enclose sums over some axes, or over all."""
        axes = range(self.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
        summed = sorted({a + self.ndim if a < 0 else a for a in axes})
        if len(summed) < len(axes) or (summed and not 0 <= summed[0] <= summed[-1] < self.ndim):
            raise ArgumentError("axis", axis, f"name different axes of an array that has {self.ndim}")
        kept = [a for a in range(self.ndim) if a not in summed]
        length = math.prod(self.shape[a] for a in summed)
        shape = (*(self.shape[a] for a in kept), length)
        flat = self.transpose(*kept, *summed).reshape(shape)
        if length <= 1:
            return flat.reshape(shape[:-1]) if length else MidRad(np.zeros(shape[:-1]))
        mid, depth = blocked_sum(flat.mid)
        rad = np.abs(flat.mid).sum(axis=-1) * gamma(depth)
        if flat._rad is not None:
            rad = rad + flat._rad.sum(axis=-1)
        return MidRad.computed(mid, rad * excess(length) + TINY)

    @_quiet
    def segment_sums(self, starts: npt.NDArray[np.integer[Any]]) -> MidRad:
        """Enclose sums of consecutive entries of the last axis, from each start to before the next; none is empty."""
        longest = int(np.diff(starts, append=self.shape[-1]).max())
        mid = np.add.reduceat(self.mid, starts, axis=-1)
        rad = np.add.reduceat(np.abs(self.mid), starts, axis=-1) * gamma(longest)
        if self._rad is not None:
            rad += np.add.reduceat(self._rad, starts, axis=-1)
        return MidRad.computed(mid, rad * excess(longest) + TINY)

    @_quiet
    def __matmul__(self, other: MidRad | Doubles) -> MidRad:
        """Enclose a product of matrices, or of stacks of them, or of a matrix and a vector, as numpy's ``@``."""
        a, b = self, as_midrad(other)
        if not a.ndim or not b.ndim or a.shape[-1] != b.shape[max(b.ndim - 2, 0)]:
            raise ArgumentError("other", f"<shape {b.shape}>", f"fit a product with shape {a.shape}")
        if a.ndim == 1:
            return (a.reshape(1, -1) @ b)[..., 0, :] if b.ndim > 1 else (a.reshape(1, -1) @ b.reshape(-1, 1))[0, 0]
        if b.ndim == 1:
            return (a @ b.reshape(-1, 1))[..., 0]
        return MidRad.computed(*enclosed_product(a.mid, a._rad, b.mid, b._rad))

    def __rmatmul__(self, other: Doubles) -> MidRad:
        return as_midrad(other) @ self

    # ------------------------------------------------------------------ from other arithmetics

    @staticmethod
    def from_balls(arithmetic: BallArithmetic, balls: npt.NDArray[np.object_] | Sequence[Ball]) -> MidRad:
        """Enclose balls of another arithmetic; DomainError if one is indeterminate, or too large for doubles."""
        array = np.asarray(balls, dtype=object)
        if arithmetic.name == "arb":
            return _around_arb(arithmetic, array)
        pairs = []
        for ball in array.reshape(-1).tolist():
            if not arithmetic.is_finite(ball):
                raise DomainError("a ball is indeterminate")
            pairs.append(around(*arithmetic.endpoints(ball)))
        columns = np.array(pairs).reshape(*array.shape, 2)
        return MidRad(columns[..., 0], columns[..., 1])

    @staticmethod
    def number(value: Fraction) -> MidRad:
        """Enclose a rational number, in an array of shape (); exact if it is a double."""
        mid, rad = around(value, value)
        return MidRad(mid, rad if rad else None)


def _around_arb(arithmetic: BallArithmetic, balls: npt.NDArray[np.object_]) -> MidRad:
    """Enclose balls of Arb, many at a time: a double near each, and how far from it the ball goes.

    That bound is a ball, too, of radius 0 or nearly so: the double near it is off by far less than what `UP` adds.
    """
    flat = balls.reshape(-1).tolist()
    mid = arithmetic.approximations([flat])[0]
    if not np.isfinite(mid).all():
        raise DomainError("a ball is indeterminate, or too large for doubles")
    with arithmetic:
        off = [(ball - arithmetic.from_float(m)).abs_upper() for ball, m in zip(flat, mid.tolist(), strict=True)]
    rad = finite(arithmetic.approximations([off])[0] * UP + TINY)
    return MidRad(mid.reshape(balls.shape), rad.reshape(balls.shape))


def _sum(a: Doubles, b: Doubles, ra: Doubles | None, rb: Doubles | None) -> tuple[Doubles, Doubles]:
    """``a + b``, and its radius."""
    mid = a + b
    return mid, rounded(mid, ra, rb)


def _difference(a: Doubles, b: Doubles, ra: Doubles | None, rb: Doubles | None) -> tuple[Doubles, Doubles]:
    """``a - b``, and its radius."""
    mid = a - b
    return mid, rounded(mid, ra, rb)


def _times(a: Doubles, b: Doubles, ra: Doubles | None, rb: Doubles | None) -> tuple[Doubles, Doubles]:
    """``a b``, and its radius with ``|a| rb + ra (|b| + rb)``."""
    mid = a * b
    size = np.abs(b)
    first = None if ra is None else ra * (size if rb is None else size + rb)
    return mid, rounded(mid, first, None if rb is None else np.abs(a) * rb)


def as_midrad(value: MidRad | npt.ArrayLike) -> MidRad:
    """Return an array of doubles, or a number, as an exact array; an enclosure as it is."""
    return value if isinstance(value, MidRad) else MidRad(value)
