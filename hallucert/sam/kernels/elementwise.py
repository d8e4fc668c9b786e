"""Passes over the arrays of a layered network, fused so that each reads its numbers once, in float32 and float64.

Every pass is a plain loop over numbers that lie side by side, which the compiler turns into vector instructions; no
pass lets it change the order of a sum or merge operations, so a result depends neither on the length of the vectors
nor on the code around it. `tanh` and `exponential` are branch-free operations on one number, for the same reason.
With the unit roundoff ``u`` (2^-53, or 2^-24 in float32) they are built on the reduction ``y = k ln 2 + r``,
``|r| <= ln(2)/2``, with ``ln 2`` in two parts (Cody and Waite) and Taylor's polynomial for ``e^r - 1``:

    e^y = 2^k + 2^k (e^r - 1) ;  tanh |x| = q/(q + 2) ,  q = e^(2|x|) - 1 = 2^k (e^r - 1) + 2^k - 1
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

TANH_ERROR = 6.0
"""Largest relative error of `tanh` in units of ``u``, where tanh is not subnormal. ``e^r - 1`` errs by 1.7u in the
polynomial (its remainder is at most u/4) and, unless k = 0, by 0.9u from the rounding of negative r; adding 2^k - 1
cancels most at k = 1 and r = -ln(2)/2, where it amplifies this by 1.42 and rounds: 4.7u; in q/(q + 2) that counts
2/(q + 2) < 0.83 of itself, and the sum and the quotient round. For k = 0 nothing is added: 3.7u."""

EXPONENTIAL_ERROR = 2.2
"""Largest relative error of `exponential` in units of ``u``, where it is not subnormal: the polynomial's 1.7u count
at most 0.42 of themselves, the rounding of r 0.35u, and the sum rounds."""

TILE = 2048
"""Numbers that a pass of several loops takes at once, so that they stay in the first-level cache."""
PARTIAL_SUMS = 64
"""Sums of squares are added up in this many partial sums, side by side."""


@dataclass(frozen=True)
class _Format:
    """The constants of `tanh` and `exponential` in one floating-point format.

    Attributes
    ----------
    bits, mantissa : int
        Length of a number, and of its stored mantissa.
    ln2_high, ln2_low : float
        ln 2 in two parts; a multiple k of the first is exact for the k that occur.
    terms : int
        Degree of Taylor's polynomial; its remainder is below u/4 of ``e^r - 1``.
    saturated : float
        Beyond it tanh rounds to 1.
    smallest : float
        Below it `exponential` returns 0; here it is still a normal number, at most twice the smallest.
    """

    bits: int
    mantissa: int
    ln2_high: float
    ln2_low: float
    terms: int
    saturated: float
    smallest: float

    @property
    def integers(self) -> ir.IntType:
        return ir.IntType(self.bits)

    @property
    def shift(self) -> float:
        """Adding it rounds a small number to the nearest integer and leaves that in the low bits."""
        return 1.5 * 2.0**self.mantissa


_DOUBLE = _Format(64, 52, 6.93147180369123816490e-01, 1.90821492927058770002e-10, 13, 20.0, -708.0)
# ln 2 as 355/512 and a rest (Cody and Waite).
_SINGLE = _Format(32, 23, 0.693359375, math.log(2) - 0.693359375, 7, 10.0, -87.0)


# ---------------------------------------------------------------------- operations on one number


def _call(builder: Any, name: str, *arguments: Any) -> Any:
    """Call an operation of LLVM."""
    kind = arguments[0].type
    function = ir.FunctionType(kind, [kind] * len(arguments))
    suffix = "f64" if isinstance(kind, ir.DoubleType) else "f32"
    return builder.call(cgutils.get_or_insert_function(builder.module, function, f"llvm.{name}.{suffix}"), arguments)


def _reduced(builder: Any, y: Any, form: _Format) -> tuple[Any, Any]:
    """Emit ``2^k`` and ``e^r - 1``."""

    def fma(a: Any, b: Any, c: Any) -> Any:
        return _call(builder, "fma", a, b, c)

    kind = y.type
    shifted = fma(y, kind(1 / math.log(2)), kind(form.shift))
    k = builder.fsub(shifted, kind(form.shift))
    r = fma(k, kind(-form.ln2_low), fma(k, kind(-form.ln2_high), y))
    coefficients = [1 / math.factorial(i) for i in range(form.terms, 1, -1)]
    series = kind(coefficients[0])
    for coefficient in coefficients[1:]:
        series = fma(series, r, kind(coefficient))
    # The low bits of `shifted` are k; in the exponent's place they scale 1 to 2^k.
    exponent = builder.shl(builder.bitcast(shifted, form.integers), form.integers(form.mantissa))
    power = builder.bitcast(builder.add(exponent, builder.bitcast(kind(1.0), form.integers)), kind)
    return power, fma(builder.fmul(r, r), series, r)


def _tanh(builder: Any, x: Any, form: _Format) -> Any:
    kind = x.type
    size = _call(builder, "fabs", x)
    # The comparison is false for NaN, which so passes through.
    size = builder.select(builder.fcmp_ordered(">", size, kind(form.saturated)), kind(form.saturated), size)
    power, p = _reduced(builder, builder.fadd(size, size), form)
    q = _call(builder, "fma", power, p, builder.fsub(power, kind(1.0)))
    return _call(builder, "copysign", builder.fdiv(q, builder.fadd(q, kind(2.0))), x)


def _exponential(builder: Any, y: Any, form: _Format) -> Any:
    power, p = _reduced(builder, y, form)
    small = builder.fcmp_ordered("<", y, y.type(form.smallest))
    return builder.select(small, y.type(0.0), _call(builder, "fma", power, p, power))


def _operation(emit: Any) -> Any:
    """Make an operation on a number from what it emits, ``emit(builder, x, form)``."""

    def function(typing: Any, x: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return emit(builder, arguments[0], _DOUBLE if x == types.float64 else _SINGLE)

        return x(x), generate

    return intrinsic(function)


tanh = _operation(_tanh)
"""The hyperbolic tangent, to a relative `TANH_ERROR`; odd, +-1 at +-inf, NaN for NaN."""
exponential = _operation(_exponential)
"""``e^y`` for ``y <= 0``, to a relative `EXPONENTIAL_ERROR`; 0 where it would be nearly subnormal; NaN for NaN."""


# ---------------------------------------------------------------------- passes over samples


@njit(nogil=True, error_model="numpy")
def add_bias(z, bias):  # type: ignore[no-untyped-def]
    """Add `bias` (c,) to each row of `z` (n, c)."""
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            z[i, j] += bias[j]


@njit(nogil=True, error_model="numpy")
def tanh_layer(z, bias):  # type: ignore[no-untyped-def]
    """``z <- tanh(z + bias)`` for `z` (n, c), `bias` (c,)."""
    rows = max(1, TILE // z.shape[1])
    for first in range(0, z.shape[0], rows):
        tile = z[first : first + rows]
        add_bias(tile, bias)
        # A loop from 0 on: where an index might be negative, numba's wraparound keeps LLVM from using vectors.
        flat = tile.reshape(-1)
        for i in range(flat.shape[0]):
            flat[i] = tanh(flat[i])


@njit(nogil=True, error_model="numpy")
def softmax(z):  # type: ignore[no-untyped-def]
    """``z <- softmax(z)`` in each row, for `z` (n, c)."""
    n, c = z.shape
    flat = z.reshape(-1)
    for i in range(n):
        largest = z[i, 0]
        for j in range(1, c):
            largest = max(largest, z[i, j])
        for j in range(c):
            z[i, j] -= largest
    for i in range(flat.shape[0]):
        flat[i] = exponential(flat[i])
    for i in range(n):
        total = z[i, 0]
        for j in range(1, c):
            total += z[i, j]
        for j in range(c):
            z[i, j] /= total


@njit(nogil=True, error_model="numpy")
def mean_error(delta, targets, samples, bias_gradient):  # type: ignore[no-untyped-def]
    """``delta <- (delta - targets)/samples``, its columns' sums to `bias_gradient`; arrays (n, c) and (c,)."""
    bias_gradient[:] = 0
    scale = delta.dtype.type(1.0 / samples)
    for i in range(delta.shape[0]):
        for j in range(delta.shape[1]):
            value = (delta[i, j] - targets[i, j]) * scale
            delta[i, j] = value
            bias_gradient[j] += value


@njit(nogil=True, error_model="numpy")
def through_tanh(delta, a, bias_gradient):  # type: ignore[no-untyped-def]
    """``delta <- (1 - a^2) delta``, its columns' sums to `bias_gradient`; arrays (n, c) and (c,)."""
    bias_gradient[:] = 0
    one = delta.dtype.type(1)
    for i in range(delta.shape[0]):
        for j in range(delta.shape[1]):
            value = delta[i, j] * (one - a[i, j] * a[i, j])
            delta[i, j] = value
            bias_gradient[j] += value


# ---------------------------------------------------------------------- passes over parameters


@njit(cache=True, nogil=True, error_model="numpy")
def add_to(total, part):  # type: ignore[no-untyped-def]
    """``total <- total + part``."""
    for j in range(total.shape[0]):
        total[j] += part[j]


@njit(cache=True, nogil=True, error_model="numpy")
def decayed_norm(g, x, decay, sums):  # type: ignore[no-untyped-def]
    """``g <- g + decay x`` and return ``|g|^2`` in double precision; `sums` is scratch of `PARTIAL_SUMS` doubles."""
    # No product without decay: 0 * inf would be NaN.
    if decay != 0.0:
        factor = g.dtype.type(decay)
        for j in range(g.shape[0]):
            g[j] += factor * x[j]
    sums[:] = 0.0
    whole = g.shape[0] // PARTIAL_SUMS * PARTIAL_SUMS
    for start in range(0, whole, PARTIAL_SUMS):
        for i in range(PARTIAL_SUMS):
            value = np.float64(g[start + i])
            sums[i] += value * value
    total = 0.0
    for j in range(whole, g.shape[0]):
        value = np.float64(g[j])
        total += value * value
    for i in range(PARTIAL_SUMS):
        total += sums[i]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def ascend(x, g, slope, shifted):  # type: ignore[no-untyped-def]
    """``shifted <- x + slope g``, in double precision and then rounded."""
    for j in range(x.shape[0]):
        shifted[j] = x[j] + slope * g[j]


@njit(cache=True, nogil=True, error_model="numpy")
def descend(x, g, velocity, momentum, eta, bound, following):  # type: ignore[no-untyped-def]
    """Step to ``following = x - eta v`` with ``v = momentum velocity + g``, written over `g`.

    Without momentum `velocity` is empty and ``v = g``. Returns whether all coordinates are at most `bound` in absolute
    value and none is NaN. Sums are formed in double precision and then rounded.
    """
    beyond = 0
    if velocity.shape[0] > 0:
        for j in range(x.shape[0]):
            g[j] = momentum * velocity[j] + g[j]
    for j in range(x.shape[0]):
        following[j] = x[j] - eta * g[j]
        beyond += 0 if np.abs(following[j]) <= bound else 1
    return beyond == 0
