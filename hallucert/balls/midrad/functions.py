"""Functions of midpoint-radius arrays, entry by entry: own kernels, no trust in a library's ``exp`` or ``erf``.

Every kernel returns the function at the midpoints, with a bound of its error, by the operations of IEEE 754 alone; the
mean value theorem adds what the radius makes of it: ``|f(x) - f(m)| <= r (|f'(m)| + r sup|f''|/2)``, or a bound that
suits the function better. The constants count roundings in units of ``u = 2**-53``, with room to spare; how they come
about stands in `docs/mathematics/rounding.md`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

import numpy as np

from hallucert.balls.midrad.array import MidRad
from hallucert.balls.midrad.rounding import PIECE, TINY, UNIT, UP, Doubles
from hallucert.errors import DomainError

Kernel = Callable[[Doubles, Doubles], tuple[Doubles, Doubles]]
"""From midpoints and radii: values, and bounds of how far the function is from these."""

_FAR = 700.0
"""exp(-_FAR) is less than `TINY`, and exp(_FAR) no overflow."""
_LN2_HIGH, _LN2_LOW = float.fromhex("0x1.62e42fee00000p-1"), float.fromhex("0x1.a39ef35793c76p-33")
"""ln 2 in two parts; the first has 32 bits, so that small multiples of it are exact."""
_HALF_PI = float.fromhex("0x1.921fb544p+0"), float.fromhex("0x1.0b4611a6p-34"), float.fromhex("0x1.3198a2e0p-69")
"""pi/2 in three parts of at most 33 bits; what is left is less than 2**-102."""
_LARGEST_ANGLE = 2.0**19

_EXP = [1 / math.factorial(n) for n in range(2, 14)]
_ATANH = [1 / (2 * n + 1) for n in range(1, 18)]
_SIN = [(-1) ** n / math.factorial(2 * n + 1) for n in range(1, 9)]
_COS = [(-1) ** n / math.factorial(2 * n) for n in range(1, 9)]


def _polynomial(x: Doubles, coefficients: list[float]) -> Doubles:
    """Evaluate ``c0 + c1 x + ...``."""
    result = x * coefficients[-1]
    for c in coefficients[-2:0:-1]:
        result += c
        result *= x
    result += coefficients[0]
    return result


def _apply(kernel: Kernel, x: MidRad) -> MidRad:
    """Run a kernel over all entries, a piece at a time."""
    mid, rad = x.mid.reshape(-1), None if x.exact else x.rad.reshape(-1)
    values, errors = np.empty(x.size), np.empty(x.size)
    zero = np.zeros(1)
    with np.errstate(all="ignore"):
        for start in range(0, x.size, PIECE):
            piece = slice(start, start + PIECE)
            values[piece], errors[piece] = kernel(mid[piece], zero if rad is None else rad[piece])
        errors *= UP
        errors += TINY
    return MidRad.computed(values.reshape(x.shape), errors.reshape(x.shape))


def _powers_of_two(exponents: np.ndarray) -> Doubles:
    """Return ``2**k`` for whole k from -1022 to 1023, made of bits."""
    return ((exponents.astype(np.int64) + 1023) << 52).view(np.float64)


def _split_exponential(x: Doubles) -> tuple[Doubles, Doubles]:
    """Return k and ``p`` with ``e^x = 2^k (1 + p)``, for ``|x| <= 710``.

    p is off by at most 0.9u; for k = 0, where nothing is reduced, by 2u of itself.
    """
    k = np.rint(x * 1.4426950408889634)
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    p = _polynomial(r, _EXP)
    p *= r * r
    p += r
    return k, p


def _exponential(x: Doubles) -> Doubles:
    """Return ``e^x`` to a relative 3u, for x from -700 to 710; infinite where it overflows."""
    k, p = _split_exponential(x)
    half = np.floor(k / 2)
    p += 1
    p *= _powers_of_two(half)
    p *= _powers_of_two(k - half)
    return p


def _growth(r: Doubles) -> Doubles:
    """Return an upper bound of ``e^r - 1``, ``r >= 0``, up to `UP`: ``r + r^2`` up to 1."""
    low = r * (1 + r)
    if not r.size or r.max() <= 1:
        return low
    return np.where(r <= 1, low, _exponential(np.minimum(r, 710.0)))


def _exp(m: Doubles, r: Doubles) -> tuple[Doubles, Doubles]:
    value = _exponential(np.clip(m, -_FAR, 710.0))
    return value, value * (3 * UNIT + _growth(r))


def _log1p(t: Doubles) -> Doubles:
    """Return ``log(1 + t)`` to a relative 6u, for t from -0.3 to 1: ``2 artanh(t / (2 + t))``."""
    s = t / (2 + t)
    z = s * s
    w = _polynomial(z, _ATANH)
    w *= z
    w += 1
    w *= s
    w += w
    return w


def _log(m: Doubles, r: Doubles) -> tuple[Doubles, Doubles]:
    bits = np.ascontiguousarray(m).view(np.int64)
    # m = 2^k (1 + f), with 1 + f between sqrt(1/2) and sqrt(2)
    k = (bits >> 52) - 1023
    f = ((bits & (2**52 - 1)) | (1023 << 52)).view(np.float64)
    large = f > 1.4142135623730951
    f = np.where(large, f / 2, f) - 1
    steps = (k + large).astype(np.float64)
    value = steps * _LN2_HIGH + (steps * _LN2_LOW + _log1p(f))
    return value, 9 * UNIT * np.abs(value) + r / ((m - r) * (2 - UP))


def _tanh(m: Doubles, r: Doubles) -> tuple[Doubles, Doubles]:
    # tanh x = q / (q + 2), q = e^(2x) - 1 to a relative 7u; beyond 22 it is 1 to u/100
    k, p = _split_exponential(2 * np.minimum(np.abs(m), 22.0))
    power = _powers_of_two(k)
    q = power * p + (power - 1)
    t = q / (q + 2)
    slope = np.minimum((1 - t) * (1 + t) + r + 32 * UNIT, 1.0)  # |tanh''| <= 0.77
    return np.copysign(t, m), 10 * UNIT * t + slope * r


def _decay(m: Doubles) -> Doubles:
    """Return ``e^-|m|`` to a relative 3u, and to `TINY`."""
    return _exponential(-np.minimum(np.abs(m), _FAR))


def _sigmoid(m: Doubles, r: Doubles) -> tuple[Doubles, Doubles]:
    t = _decay(m)
    s = np.where(m >= 0, 1.0, t) / (1 + t)
    return s, 8 * UNIT * s + np.minimum(t / ((1 + t) * (1 + t)) * UP + r / 4, 0.25) * r  # s' <= 1/4, |s''| <= 0.1


def _softplus(m: Doubles, r: Doubles) -> tuple[Doubles, Doubles]:
    t = _decay(m)
    value = np.maximum(m, 0.0) + _log1p(t)
    slope = np.where(m >= 0, 1.0, t) / (1 + t)
    return value, 12 * UNIT * value + np.minimum(slope * UP + r / 4, 1.0) * r  # the slope grows by at most 1/4 r


def _reduced(x: Doubles) -> tuple[np.ndarray, Doubles]:
    """Return k and ``r = x - k pi/2`` to an absolute u, exactly for k = 0; ``|x| <= 2**19``."""
    k = np.rint(x * 0.6366197723675814)
    r = ((x - k * _HALF_PI[0]) - k * _HALF_PI[1]) - k * _HALF_PI[2]
    return k.astype(np.int64), r


def _sine(m: Doubles, r: Doubles, shift: int) -> tuple[Doubles, Doubles]:
    """Return ``sin(m + shift pi/2)``, and from the cosine its slope; both are off by an absolute 3u."""
    near = np.abs(m) <= _LARGEST_ANGLE
    k, rest = _reduced(np.where(near, m, 0.0))
    z = rest * rest
    sine, cosine = _polynomial(z, _SIN), _polynomial(z, _COS)
    sine *= z
    sine *= rest
    sine += rest
    cosine *= z
    cosine += 1
    odd, negative = ((k + shift) & 1).astype(bool), ((k + shift) & 2).astype(bool)
    value = np.where(odd, cosine, sine)
    value[negative] *= -1
    # The sine of what was not reduced is as good as its argument; k = -1 of a cosine is not that case.
    error = np.where((k == 0) & (shift == 0), np.abs(rest), 1.0) * (4 * UNIT)
    slope = np.minimum(np.abs(np.where(odd, sine, cosine)) + 4 * UNIT + r, 1.0)
    error = np.minimum(error + slope * r, 2.0)
    return np.where(near, value, 0.0), np.where(near, error, 1.0)


def _sin(m: Doubles, r: Doubles) -> tuple[Doubles, Doubles]:
    return _sine(m, r, 0)


def _cos(m: Doubles, r: Doubles) -> tuple[Doubles, Doubles]:
    return _sine(m, r, 1)


_NODES = 24
"""Nodes at 0, 1/4, ..., 6; beyond, erf is 1 to 2.2e-17."""
_DEGREE = 14


@lru_cache(maxsize=1)
def _erf_table() -> Doubles:
    """Return Taylor coefficients of erf at the nodes, each rounded to nearest: (15, 25).

    In whole multiples of 2**-300. ``erf' = 2/sqrt(pi) e^(-c^2) e^(-2ch - h^2)``, whose last factor satisfies
    ``(n+1) g[n+1] = -2c g[n] - 2 g[n-1]``.
    """
    one = 1 << 300
    half_root = math.isqrt(_pi(one) * one) // 2  # sqrt(pi) / 2
    table = np.zeros((_DEGREE + 1, _NODES + 1))
    for node in range(_NODES + 1):
        c = Fraction(node, 4)
        square = c * c
        # erf(c) sqrt(pi)/2 = e^(-c^2) times the sum of (2c)^n c^(n+1) / (1 3 ... (2n+1)), all positive
        term = total = c.numerator * one // c.denominator
        grown = power = one
        for n in range(1, 400):
            term = term * 2 * square.numerator // (square.denominator * (2 * n + 1))
            total += term
            power = power * square.numerator // (square.denominator * n)
            grown += power
        table[0, node] = float(Fraction(total * one, grown * half_root))
        g, before = Fraction(1), Fraction(0)
        for n in range(1, _DEGREE + 1):
            table[n, node] = float(g * Fraction(one * one, grown * half_root) / n)
            g, before = (-2 * c * g - 2 * before) / n, g
    return table


def _pi(one: int) -> int:
    """Return ``pi * one``, off by less than 2000 (Machin's formula)."""

    def inverse_tangent(q: int) -> int:
        total, power, n = 0, one // q, 1
        while power:
            total += power // n if n % 4 == 1 else -(power // n)
            power //= q * q
            n += 2
        return total

    return 4 * (4 * inverse_tangent(5) - inverse_tangent(239))


def _erf(m: Doubles, r: Doubles) -> tuple[Doubles, Doubles]:
    x = np.minimum(np.abs(m), _NODES / 4)
    node = np.rint(4 * x)
    h = x - node / 4
    table = _erf_table().take(node.astype(np.int64), axis=1)
    q = table[-1] * h
    for n in range(_DEGREE - 1, 0, -1):
        q += table[n]
        if n > 1:
            q *= h
    value = table[0] + q * h
    error = np.where(node == 0, 5 * value, 3.0) * UNIT
    if r.any():
        slope = 1.1284 * _exponential(-np.minimum(x * x, _FAR)) * UP
        error = error + np.minimum(slope + r + 64 * UNIT, 1.1284) * r  # |erf''| <= 0.97
    return np.copysign(value, m), np.minimum(error, 2.0)


def exp(x: MidRad) -> MidRad:
    """Enclose the exponential; `DomainError` where it overflows."""
    return _apply(_exp, x)


def log(x: MidRad) -> MidRad:
    """Enclose the logarithm; `DomainError` unless every entry is certainly positive."""
    _require_positive(x, "log")
    return _apply(_log, x)


def sqrt(x: MidRad) -> MidRad:
    """Enclose the square root; `DomainError` unless every entry is certainly positive."""
    _require_positive(x, "sqrt")

    def kernel(m: Doubles, r: Doubles) -> tuple[Doubles, Doubles]:
        root = np.sqrt(m)
        return root, root * UNIT + r / root  # |sqrt(x) - sqrt(m)| <= r / sqrt(m)

    return _apply(kernel, x)


def _require_positive(x: MidRad, function: str) -> None:
    if not ((x.mid > 0) & (x.mignitude() >= 2.0**-1000)).all():
        raise DomainError(f"the argument of {function} is not certainly positive, above 2**-1000")


def reciprocal(x: MidRad) -> MidRad:
    """Enclose ``1/x``; `DomainError` where an entry may be 0."""
    return x.reciprocal()


def tanh(x: MidRad) -> MidRad:
    """Enclose the hyperbolic tangent."""
    return _apply(_tanh, x)


def sigmoid(x: MidRad) -> MidRad:
    """Enclose ``1 / (1 + exp(-x))``."""
    return _apply(_sigmoid, x)


def softplus(x: MidRad) -> MidRad:
    """Enclose ``log(1 + exp(x))``."""
    return _apply(_softplus, x)


def erf(x: MidRad) -> MidRad:
    """Enclose the error function."""
    return _apply(_erf, x)


def sin(x: MidRad) -> MidRad:
    """Enclose the sine."""
    return _apply(_sin, x)


def cos(x: MidRad) -> MidRad:
    """Enclose the cosine."""
    return _apply(_cos, x)


FUNCTIONS: dict[str, Callable[[MidRad], MidRad]] = {
    f.__name__: f for f in (exp, log, sqrt, reciprocal, tanh, sigmoid, softplus, erf, sin, cos)
}
"""The functions by name."""


def logsumexp(x: MidRad) -> MidRad:
    """Enclose ``log(sum(exp(x)))`` over the last axis.

    At the midpoints the largest is taken out. The gradient is a mean with the weights of softmax; with R the largest
    radius these grow by a factor ``e^(2R)`` at most, and the mean is at most R.
    """
    n = x.shape[-1]
    top = x.mid.max(axis=-1)
    with np.errstate(all="ignore"):
        parts = _exponential(np.maximum(x.mid - top[..., None], -_FAR))
        total = parts.sum(axis=-1)
        logarithm, error = _log(total.reshape(-1), np.zeros(1))
        value = top + logarithm.reshape(top.shape)
        rad = (2 * n + 16 + np.abs(value)) * UNIT + error.reshape(top.shape)
        if not x.exact:
            largest = x.rad.max(axis=-1)
            mean = (parts * x.rad).sum(axis=-1) / total * (1 + 4 * (n + 500) * UNIT)
            rad = rad + np.where(largest <= 0.5, np.minimum(largest, mean * (1 + 4 * largest)), largest)
        return MidRad.computed(np.asarray(value), np.asarray(rad * UP + TINY))
