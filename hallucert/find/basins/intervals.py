"""Intervals of floats that are not rounded outward, for programs of the float machine: to propose, not to prove."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from hallucert.objectives.machine import program as m


@njit(cache=True, nogil=True, error_model="numpy")
def run(code, constants, lo, hi):  # type: ignore[no-untyped-def]
    """Run a program of `hallucert.objectives.machine.program` on intervals, with the ends in two arrays."""
    for row in range(code.shape[0]):
        op, o, a, b, c = code[row, 0], code[row, 1], code[row, 2], code[row, 3], code[row, 4]
        k, l = constants[row, 0], constants[row, 1]
        if op == m.ADD:
            x, y = lo[a] + lo[b], hi[a] + hi[b]
        elif op == m.SUB:
            x, y = lo[a] - hi[b], hi[a] - lo[b]
        elif op == m.ADDC:
            x, y = k + lo[a], k + hi[a]
        elif op == m.SUBC:
            x, y = k - hi[a], k - lo[a]
        elif op == m.NEG:
            x, y = -hi[a], -lo[a]
        elif op == m.COPY:
            x, y = lo[a], hi[a]
        elif op == m.CONST:
            x, y = k, k
        elif op == m.MULC or op == m.AXPY:
            x, y = scaled(k, (lo[a], hi[a]))
            if op == m.AXPY:
                x, y = x + lo[b] + l, y + hi[b] + l
        elif op == m.SQUARE:
            x, y = square(lo[a], hi[a])
        elif op == m.MUL or op == m.KMUL or op == m.MADD:
            if a == b:
                x, y = square(lo[a], hi[a])
            else:
                x, y = product(lo[a], hi[a], lo[b], hi[b])
            if op != m.MUL:
                x, y = scaled(k, (x, y))
            if op == m.MADD:
                x, y = x + lo[c] + l, y + hi[c] + l
        elif op == m.DIV:
            u, v = _reciprocal(lo[b], hi[b])
            x, y = product(lo[a], hi[a], u, v)
        elif op == m.DIVC:
            u, v = _reciprocal(lo[a], hi[a])
            x, y = scaled(k, (u, v))
        else:
            x, y = _elementary(op, lo[a], hi[a], k)
        lo[o], hi[o] = x, y


@njit(cache=True, nogil=True)
def square(x, y):  # type: ignore[no-untyped-def]
    """``[x, y]**2``."""
    if x >= 0:
        return x * x, y * y
    if y <= 0:
        return y * y, x * x
    return 0.0, max(x * x, y * y)


@njit(cache=True, nogil=True)
def product(a, b, c, d):  # type: ignore[no-untyped-def]
    """``[a, b] [c, d]``."""
    p, q, r, s = a * c, a * d, b * c, b * d
    return min(min(p, q), min(r, s)), max(max(p, q), max(r, s))


@njit(cache=True, nogil=True)
def scaled(k, x):  # type: ignore[no-untyped-def]
    """A number times an interval."""
    if k < 0:
        return k * x[1], k * x[0]
    return k * x[0], k * x[1]


@njit(cache=True, nogil=True, error_model="numpy")
def _reciprocal(x, y):  # type: ignore[no-untyped-def]
    if x <= 0 <= y:
        return np.nan, np.nan
    return 1 / y, 1 / x


@njit(cache=True, nogil=True, error_model="numpy")
def _elementary(op, x, y, k):  # type: ignore[no-untyped-def]
    """The elementary functions: all are monotone but two."""
    if op == m.EXP:
        return math.exp(min(x, 700.0)), math.exp(min(y, 700.0))
    if op == m.TANH:
        return math.tanh(x), math.tanh(y)
    if op == m.ERF:
        return math.erf(x), math.erf(y)
    if op == m.SOFTPLUS:
        return max(x, 0.0) + math.log1p(math.exp(-abs(x))), max(y, 0.0) + math.log1p(math.exp(-abs(y)))
    if op == m.SIN:
        return _cosine(x - math.pi / 2, y - math.pi / 2)
    if op == m.COS:
        return _cosine(x, y)
    if not x > 0:
        return np.nan, np.nan
    if op == m.SQRT:
        return math.sqrt(x), math.sqrt(y)
    if op == m.LOG:
        return math.log(x), math.log(y)
    u, v = x**k, y**k
    return min(u, v), max(u, v)


@njit(cache=True, nogil=True, error_model="numpy")
def _cosine(x, y):  # type: ignore[no-untyped-def]
    """Its extrema are at multiples of pi."""
    u, v = math.cos(x), math.cos(y)
    low, high, first, last = min(u, v), max(u, v), math.ceil(x / math.pi), math.floor(y / math.pi)
    if last > first or (last == first and first % 2 == 0):
        high = 1.0
    if last > first or (last == first and first % 2 != 0):
        low = -1.0
    return low, high
