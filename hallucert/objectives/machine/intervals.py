"""Intervals of doubles in lanes, compiled: the operations of `hallucert.balls.lanes`, to the last bit.

An array (2, k) holds ``-lo`` and ``hi``, both upper bounds; (2, 1) stands for the same interval in every lane. Only
``+ - * /`` and ``sqrt`` of doubles occur, which processors round as IEEE 754 demands, and nothing here lets the
compiler contract or reorder them. Why what is computed is a bound, is said in `hallucert.balls.lanes`.
"""

from __future__ import annotations

import numpy as np

from hallucert.objectives.machine.compilation import compiled, inlined

_TINY, _ROOT = 1e-300, 1e-150
_UNIT = 2.0**-52


@inlined
def _up(x):  # type: ignore[no-untyped-def]
    """Return an upper bound of a sum that was computed as `x`."""
    return x + np.abs(x) * _UNIT


@inlined
def _is_tiny(a, b):  # type: ignore[no-untyped-def]
    """Tell whether an end is so small, and not 0, that a product with it may underflow."""
    return (np.abs(a) < _ROOT and a != 0.0) or (np.abs(b) < _ROOT and b != 0.0)


@inlined
def _product(a, b, c, d):  # type: ignore[no-untyped-def]
    """Return the product of the intervals ``[-a, b]`` and ``[-c, d]`` as ``-lo`` and ``hi``, not rounded upward."""
    even, odd, cross, other = a * c, b * d, a * d, b * c  # lo lo', hi hi', -lo hi', -hi lo'
    low = np.maximum(np.maximum(cross, other), -np.minimum(even, odd))
    high = np.maximum(np.maximum(even, odd), -np.minimum(cross, other))
    return low, high


@inlined
def _above_product(a, b, c, d):  # type: ignore[no-untyped-def]
    """Return upper bounds of a product that may have underflowed: `hallucert.balls.lanes._above_products`."""
    low, high = _product(a, b, c, d)
    below, above = _up(low), _up(high)
    if _is_tiny(a, b) or _is_tiny(c, d):
        zero = (a == 0.0 and b == 0.0) or (c == 0.0 and d == 0.0)
        same = (b <= 0.0 and d <= 0.0) or (a <= 0.0 and c <= 0.0)
        opposite = (b <= 0.0 and c <= 0.0) or (a <= 0.0 and d <= 0.0)
        if np.abs(low) < _TINY:
            below = 0.0 if same or zero else 2 * _TINY
        if np.abs(high) < _TINY:
            above = 0.0 if opposite or zero else 2 * _TINY
    return below, above


@compiled
def add(a, b):  # type: ignore[no-untyped-def]
    """Return the sums."""
    n, m = a.shape[1], b.shape[1]
    if n == 1 and m > 1:
        a, b, n, m = b, a, m, n
    result = np.empty((2, n))
    for row in range(2):
        if m == 1:
            number = b[row, 0]
            for i in range(n):
                result[row, i] = _up(a[row, i] + number)
        else:
            for i in range(n):
                result[row, i] = _up(a[row, i] + b[row, i])
    return result


@compiled
def subtract(a, b):  # type: ignore[no-untyped-def]
    """Return the differences."""
    n, m = a.shape[1], b.shape[1]
    count = max(n, m)
    result = np.empty((2, count))
    for row in range(2):
        for i in range(count):
            result[row, i] = _up(a[row, i if n > 1 else 0] + b[1 - row, i if m > 1 else 0])
    return result


@compiled
def multiply(a, b):  # type: ignore[no-untyped-def]
    """Return the products."""
    if a.shape[1] == 1:
        a, b = b, a
    count, same = a.shape[1], b.shape[1] == 1
    result = np.empty((2, count))
    tiny = 0
    if same:
        c, d = b[0, 0], b[1, 0]
        for i in range(count):
            low, high = _product(a[0, i], a[1, i], c, d)
            tiny += np.minimum(np.abs(low), np.abs(high)) < _TINY
            result[0, i], result[1, i] = _up(low), _up(high)
    else:
        for i in range(count):
            low, high = _product(a[0, i], a[1, i], b[0, i], b[1, i])
            tiny += np.minimum(np.abs(low), np.abs(high)) < _TINY
            result[0, i], result[1, i] = _up(low), _up(high)
    if tiny > 0:
        for i in range(count):
            k = 0 if same else i
            result[0, i], result[1, i] = _above_product(a[0, i], a[1, i], b[0, k], b[1, k])
    return result


@compiled
def divide(a, b):  # type: ignore[no-untyped-def]
    """Return the quotients; NaN where the divisor may be 0."""
    reciprocal = np.empty_like(b)
    for i in range(b.shape[1]):
        reciprocal[0, i] = reciprocal[1, i] = np.nan
        if np.minimum(b[0, i], b[1, i]) < 0.0:
            reciprocal[0, i], reciprocal[1, i] = _reciprocal_end(b[1, i]), _reciprocal_end(b[0, i])
    return multiply(a, reciprocal)


@inlined
def _reciprocal_end(x):  # type: ignore[no-untyped-def]
    """Return an upper bound of ``-1/x``, which keeps its sign also where it underflows."""
    result = -1.0 / x
    if np.abs(result) < _TINY:
        return 2 * _TINY if result > 0.0 else 0.0
    return _up(result)


@inlined
def _product_bound(a, b, unit):  # type: ignore[no-untyped-def]
    """Bound a product of numbers that are not negative; 0 stays 0."""
    product = a * b
    if product < _TINY and a != 0.0 and b != 0.0:
        return 2 * _TINY if unit > 0.0 else 0.0
    return product + product * unit


@inlined
def _power_bound(x, exponent, unit):  # type: ignore[no-untyped-def]
    """Bound ``x**exponent``, ``x >= 0``: from above for the unit 2**-52, from below for -2**-52."""
    square, result, first = x, x, True
    while True:
        if exponent & 1:
            result = square if first else _product_bound(result, square, unit)
            first = False
        exponent >>= 1
        if exponent == 0:
            return result
        square = _product_bound(square, square, unit)


@compiled
def power(x, exponent):  # type: ignore[no-untyped-def]
    """Return powers with an exponent of at least 2."""
    result = np.empty_like(x)
    for i in range(x.shape[1]):
        a, b = x[0, i], x[1, i]
        if exponent % 2:
            for row in range(2):
                sign = 1.0 if x[row, i] > 0.0 else -1.0
                result[row, i] = sign * _power_bound(np.abs(x[row, i]), exponent, sign * _UNIT)
        else:
            result[0, i] = -_power_bound(np.maximum(-np.minimum(a, b), 0.0), exponent, -_UNIT)
            result[1, i] = _power_bound(np.maximum(a, b), exponent, _UNIT)
    return result


@compiled
def root(x):  # type: ignore[no-untyped-def]
    """Return square roots; NaN where a number may not be positive."""
    result = np.empty_like(x)
    for i in range(x.shape[1]):
        result[0, i] = result[1, i] = np.nan
        if -x[0, i] > 0.0:
            low, high = np.sqrt(-x[0, i]), np.sqrt(x[1, i])
            result[0, i] = -low + low * _UNIT
            result[1, i] = high + high * _UNIT
    return result


@compiled
def ends(x):  # type: ignore[no-untyped-def]
    """Return lower and upper ends, infinite where one is NaN."""
    low, high = np.empty(x.shape[1]), np.empty(x.shape[1])
    for i in range(x.shape[1]):
        known = not (np.isnan(x[0, i]) or np.isnan(x[1, i]))
        low[i], high[i] = (-x[0, i], x[1, i]) if known else (-np.inf, np.inf)
    return low, high


@compiled
def nonzero(x):  # type: ignore[no-untyped-def]
    """Tell which intervals certainly do not hold 0."""
    result = np.empty(x.shape[1], np.bool_)
    for i in range(x.shape[1]):
        result[i] = np.minimum(x[0, i], x[1, i]) < 0.0
    return result


@compiled
def permuted(x, order):  # type: ignore[no-untyped-def]
    """Return m rows (m, 2, k) of which lane i is that of row ``order[m, i]`` of `x`, (n, 2, k)."""
    result = np.empty((order.shape[0], 2, order.shape[1]))
    for j in range(order.shape[0]):
        for i in range(order.shape[1]):
            for row in range(2):
                result[j, row, i] = x[order[j, i], row, i]
    return result


@compiled
def krawczyk(middle, inverse, low, high, value, lo, hi):  # type: ignore[no-untyped-def]
    """Return ``m - C G(m) + (I - C [DG]) (W - m)`` for k boxes W, as arrays of ends (k, n).

    `middle` (k, n) is m, `inverse` (k, n, n) is C, `low` and `high` (k, n, n) are the ends of ``[DG]``, `value` (n, 2,
    k) those of ``G(m)``, and `lo`, `hi` (k, n) those of W. Where something overflows the ends may be infinite.
    """
    count, n = middle.shape
    below, above = np.empty((count, n)), np.empty((count, n))
    for lane in range(count):
        for i in range(n):
            a, b = -middle[lane, i], middle[lane, i]
            for j in range(n):
                c = inverse[lane, i, j]
                p, q = _above_product(-c, c, value[j, 0, lane], value[j, 1, lane])
                a, b = _up(a + q), _up(b + p)
                t, u = (-1.0, 1.0) if i == j else (0.0, 0.0)
                for k in range(n):
                    c = inverse[lane, i, k]
                    p, q = _above_product(-c, c, -low[lane, k, j], high[lane, k, j])
                    t, u = _up(t + q), _up(u + p)
                m = middle[lane, j]
                p, q = _above_product(t, u, _up(m - lo[lane, j]), _up(hi[lane, j] - m))
                a, b = _up(a + p), _up(b + q)
            known = not (np.isnan(a) or np.isnan(b))
            below[lane, i], above[lane, i] = (-a, b) if known else (-np.inf, np.inf)
    return below, above
