"""Elementary functions in integers, each with its error bound counted: the foundation of the mpmath backend.

mpmath's own ``exp`` is not correctly rounded (its issue 1181), and no error bound for it is published. So nothing here
calls it: a *fixed-point number* with `w` bits is an integer ``X`` that stands for ``X / 2**w``, Python's integers are
exact, ``>>`` and ``//`` round down, and every function returns an enclosing pair of integers. One *unit* is ``2**-w``.
"""

from __future__ import annotations

from functools import lru_cache

from hallucert.errors import EnvironmentRefused

Fixed = tuple[int, int]
"""Integers ``(low, high)`` with ``low <= 2**w * true value <= high``."""


def round_word(bits: int) -> int:
    """Round up to a multiple of 64, so that the constants are computed for few precisions only."""
    return (bits + 63) & -64


def _inverse_series(base: int, step: int, w: int, alternate: bool) -> Fixed:
    """Enclose ``sum_j s**j / ((2j + 1) base**(2j + 1))`` with s = -1 (arctan) or 1 (artanh), ``step = base**2``.

    The power ``p_j`` is a chain of floors: ``0 <= true - p_j < 1 + 1/step + ... < 2`` units. The quotient by
    ``2j + 1`` loses less than one more unit and divides the former, so each term is low by less than 3 units. The loop
    ends with ``p_j = 0``: the true powers from there on are below 2, 2/step, 2/step**2, ... units, so that the tail is
    below 3 units.
    """
    power, total, n = (1 << w) // base, 0, 0
    while power:
        term = power // (2 * n + 1)
        total += -term if alternate and n % 2 else term
        power //= step
        n += 1
    error = 3 * n + 3
    return total - error, total + error


@lru_cache(maxsize=64)
def log2_fixed(w: int) -> int:
    """Return an integer within 1 unit of ``2**w log 2`` (``log 2 = 2 artanh(1/3)``)."""
    guard = 40
    low, high = _inverse_series(3, 9, w + guard, alternate=False)
    return _nearest(2 * low, 2 * high, guard)


@lru_cache(maxsize=64)
def half_pi_fixed(w: int) -> int:
    """Return an integer within 1 unit of ``2**w pi/2`` (Machin: ``pi/2 = 8 arctan(1/5) - 2 arctan(1/239)``)."""
    guard = 40
    five, large = _inverse_series(5, 25, w + guard, True), _inverse_series(239, 239**2, w + guard, True)
    return _nearest(8 * five[0] - 2 * large[1], 8 * five[1] - 2 * large[0], guard)


def _nearest(low: int, high: int, guard: int) -> int:
    """Drop `guard` bits of an enclosure; the result is within 1 unit of every number it encloses."""
    result = (low + (1 << (guard - 1))) >> guard
    # |result - low / 2**guard| <= 1/2, and the enclosure is far narrower than half a unit: checked, not assumed.
    if high - low >= 1 << (guard - 1):
        raise EnvironmentRefused("the guard bits of a constant are exhausted: integers are computed wrongly here")
    return result


def exp_fixed(man: int, exp: int, bits: int) -> tuple[int, int, int]:
    """Enclose ``e**x`` for ``x = man * 2**exp`` with ``|x| < 2**64``; return ``(low, high, e)``, in units of ``2**e``.

    ``x = n log 2 + r`` with ``0 <= r < 1``, ``e**x = 2**n (e**(r / 2**k))**(2**k)``. The relative width is about
    ``2**-bits``.
    """
    k = 4 + bits.bit_length()
    magnitude = max(0, man.bit_length() + exp)
    w = round_word(bits + k + magnitude + bits.bit_length() + 8)
    fixed = _to_fixed(man, exp, w)  # 0 <= 2**w x - fixed < 1
    log2 = log2_fixed(w)
    n, rest = divmod(fixed, log2)
    # r = x - n log 2 differs from rest by less than 1 + |n| units. The integer rest, read with w + k bits, is r / 2**k.
    w += k
    term = total = 1 << w
    count = 1
    # Each term is low by at most err, with err' <= err/2 + 2 as rest / 2**w < 1/2: so err < 4 units. The true tail
    # after the first term that vanishes is below 4 + 2 + 1 + ... = 8 units.
    while term:
        term = (term * rest >> w) // count
        total += term
        count += 1
    # d/dr e**r <= 2 on the range: the error of r counts twice.
    error = 4 * count + 8 + 2 * (1 + abs(n))
    for _ in range(k):
        total = total * total >> w
    # The sum is at least 2**w, so its relative error is at most D = error 2**-w; each square loses a part of at most
    # 2**-w: in all the true number is at most exp(y) times the result, y = 2**k (D + 2 2**-w) < 1/2, and at least
    # 1 - y times. It is off by at most 2 y of it.
    gap = (total * (error + 2) >> w - k - 1) + 1
    return total - gap, total + gap, n - w


def erf_fixed(man: int, exp: int, w: int) -> Fixed:
    """Enclose ``S(x) = sum_n t_n``, ``t_0 = x``, ``t_n = t_(n-1) 2 x**2 / (2n + 1)``, for ``x = man * 2**exp > 0``.

    ``erf x = 2/sqrt(pi) e**(-x**2) S(x)`` (Abramowitz and Stegun 7.1.6). All terms are positive: `low` and its square
    are rounded down throughout, `high` up, and what is left out after a term t is at most t once its successors at
    least halve.
    """
    low = _to_fixed(man, exp, w)
    high = low + 1
    low_square, high_square = low * low >> w, -(-high * high >> w)
    low_total, high_total, n = low, high, 0
    while high > 1 or 4 * high_square > (2 * n + 3) << w:
        n += 1
        low = (low * low_square >> w - 1) // (2 * n + 1)
        high = -(-(high * high_square) // (2 * n + 1) >> w - 1)
        low_total, high_total = low_total + low, high_total + high
    return low_total, high_total + high


def reduce_fixed(man: int, exp: int, bits: int) -> tuple[int, int, int, int]:
    """Write ``x = man * 2**exp`` as ``n pi/2 + r``; return ``(n, r, error, w)`` with ``|r| <= pi/4 + 2**(2 - bits)``.

    The fixed-point number `r` (of `w` bits) is wrong by at most `error` units, which is below ``2**(w - bits)``.
    """
    magnitude = max(0, man.bit_length() + exp)
    w = round_word(bits + magnitude + 8)
    fixed = _to_fixed(man, exp, w)
    half_pi = half_pi_fixed(w)
    n = (fixed + (half_pi >> 1)) // half_pi
    return n, fixed - n * half_pi, 1 + abs(n), w


def quadrants(man: int, exp: int, bits: int) -> tuple[int, int]:
    """Return integers ``(a, b)`` with ``a <= floor(x / (pi/2)) <= b``, for ``x = man * 2**exp``.

    With F the fixed x (``F <= 2**w x < F + 1``) and P the fixed pi/2 (within 1 unit): for the true floor j,
    ``j P <= 2**w x + |j| < F + 1 + |j|`` and ``(j + 1) P > F - |j + 1|``; and ``|j| <= |F // P| + 2``.
    """
    w = round_word(bits + max(0, man.bit_length() + exp) + 8)
    fixed, half_pi = _to_fixed(man, exp, w), half_pi_fixed(w)
    slack = abs(fixed // half_pi) + 4
    return (fixed - slack) // half_pi, (fixed + slack) // half_pi


def sine_fixed(rest: int, error: int, w: int) -> Fixed:
    """Enclose ``sin r`` where r is within `error` units of `rest`, ``|r| < 1`` (Taylor; the sine is 1-Lipschitz)."""
    value, bound = _alternating(abs(rest), rest * rest >> w, 2, w)
    value = -value if rest < 0 else value
    return value - bound - error, value + bound + error


def cosine_fixed(rest: int, error: int, w: int) -> Fixed:
    """Enclose ``cos r`` where r is within `error` units of `rest`, ``|r| < 1`` (Taylor; the cosine is 1-Lipschitz)."""
    value, bound = _alternating(1 << w, rest * rest >> w, 1, w)
    return value - bound - error, value + bound + error


def _alternating(first: int, square: int, denominator: int, w: int) -> tuple[int, int]:
    """Sum ``t_0 - t_1 + ...`` with ``t_j = t_(j-1) square / (m (m+1))``, m = denominator, denominator + 2, ...

    `square` is low by less than 1 unit and at most 1; ``m (m+1) >= 2``. So a term's error obeys
    ``err' <= err/2 + 1/2 + 2 <= 5`` units, and the tail after the first term that vanishes is below 5 + 5/2 + ... = 10.
    """
    total = term = first
    count = 1
    while term:
        term = (term * square >> w) // (denominator * (denominator + 1))
        total += -term if count % 2 else term
        denominator += 2
        count += 1
    return total, 5 * count + 10


def _to_fixed(man: int, exp: int, w: int) -> int:
    """Return ``floor(man * 2**(exp + w))``."""
    shift = exp + w
    return man << shift if shift >= 0 else man >> min(-shift, man.bit_length() + 1)
