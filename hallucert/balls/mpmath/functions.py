"""Elementary functions of intervals over mpmath's numbers, from the integer series and monotonicity.

A function of a point is an enclosure of it from `series` (whose errors are counted there), or a two-sided Taylor bound
where the argument is tiny; then it is rounded outward. On an interval the monotone functions take the outer bounds
at the ends, sine and cosine also their extrema.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from mpmath.libmp import (
    fone,
    from_int,
    from_man_exp,
    fzero,
    mpf_add,
    mpf_cmp,
    mpf_div,
    mpf_log,
    mpf_mul,
    mpf_neg,
    mpf_pos,
    mpf_shift,
    mpf_sub,
    round_ceiling,
    round_floor,
    round_nearest,
)

from hallucert.balls.facade import UNDERFLOW_LIMIT
from hallucert.balls.mpmath import series
from hallucert.balls.mpmath.interval import Interval, Mpf, bound, outward, square_root
from hallucert.errors import EnvironmentRefused

Bounds = tuple[Mpf, Mpf]
DOWN, UP = round_floor, round_ceiling
_MINUS_ONE = from_int(-1)
_EXP_LEAST = from_int(-UNDERFLOW_LIMIT)
_UNDERFLOW = from_man_exp(1, -UNDERFLOW_LIMIT)  # above exp(x) for every x below -UNDERFLOW_LIMIT, as e > 2


def top(x: Mpf) -> int:
    """Return e with ``2**(e-1) <= |x| < 2**e`` (meaningless for 0)."""
    return x[2] + x[3]


def signed(x: Mpf) -> int:
    """Return the signed integer mantissa."""
    return -int(x[1]) if x[0] else int(x[1])


def between(low: Mpf, high: Mpf, prec: int) -> Interval:
    """Return the interval from `low` to `high`, rounded outward to `prec` bits."""
    return outward(signed(low), low[2], signed(high), high[2], prec)


def _outward(low: int, high: int, exponent: int, prec: int) -> Bounds:
    return bound(low, exponent, prec, False), bound(high, exponent, prec, True)


def exp_bounds(x: Mpf, prec: int) -> Bounds:
    """Enclose ``e**x`` for ``x < 2**64``."""
    if not x[1]:
        return fone, fone
    if mpf_cmp(x, _EXP_LEAST) < 0:
        return fzero, _UNDERFLOW
    if top(x) < -prec - 8:
        # |x| < 1: for x > 0, 1 < e**x < 1 + 2x; for x < 0, 1 + x < e**x < 1.
        if x[0]:
            return mpf_add(fone, x, prec, DOWN), fone
        return fone, mpf_add(fone, mpf_shift(x, 1), prec, UP)
    low, high, exponent = series.exp_fixed(signed(x), x[2], prec + 16)
    return _outward(low, high, exponent, prec)


def log_bounds(x: Mpf, prec: int) -> Bounds:
    """Enclose ``log x`` for ``2**-UNDERFLOW_LIMIT < x < 2**UNDERFLOW_LIMIT``.

    An approximation y (mpmath's, not trusted) is corrected with the enclosed exponential: ``x / e**y = 1 + t`` and
    ``t - t**2 <= log(1 + t) <= t`` for ``|t| <= 1/2``, so ``log x`` lies in ``y + [t - t**2, t]``.
    """
    if x == fone:
        return fzero, fzero
    y = mpf_log(x, prec + 20, round_nearest)
    work = prec + 40 + max(0, -top(y))  # the error of e**y must be small beside y, not only beside 1
    e_low, e_high = exp_bounds(y, work)
    t_low = mpf_sub(mpf_div(x, e_high, work, DOWN), fone, work, DOWN)
    t_high = mpf_sub(mpf_div(x, e_low, work, UP), fone, work, UP)
    half = mpf_shift(fone, -1)
    if mpf_cmp(t_high, half) > 0 or mpf_cmp(mpf_neg(t_low), half) > 0:
        raise EnvironmentRefused("mpmath's logarithm is not even close: another version of mpmath may do")
    # t - t**2 grows on [-1/2, 1/2], so its minimum is at the lower end.
    correction = mpf_sub(t_low, mpf_mul(t_low, t_low, work, UP), work, DOWN)
    low, high = mpf_add(y, correction, work, DOWN), mpf_add(y, t_high, work, UP)
    interval = between(low, high, prec)
    return interval.lo, interval.hi


def tanh_bounds(x: Mpf, prec: int) -> Bounds:
    """Enclose ``tanh x``, from ``tanh x = (1 - e) / (1 + e)`` with ``e = exp(-2x)``, for ``x > 0``."""
    if not x[1]:
        return fzero, fzero
    if x[0]:
        low, high = tanh_bounds(mpf_neg(x), prec)
        return mpf_neg(high), mpf_neg(low)
    if top(x) < -prec:
        # x - x**3 <= tanh x <= x
        cube = mpf_mul(mpf_mul(x, x, prec, UP), x, prec, UP)
        return mpf_sub(x, cube, prec, DOWN), x
    if top(x) > prec.bit_length() + 2:
        # x >= 2**(top - 1) > prec + 1, so e < 2**(-2 prec) and 1 - 2e < tanh x < 1.
        return mpf_sub(fone, mpf_shift(fone, -prec - 4), prec, DOWN), fone
    small = max(0, -top(x))
    e_low, e_high, exponent = series.exp_fixed(-2 * signed(x), x[2], prec + 32 + 2 * small)
    one, w = 1 << -exponent, prec + 4 + small  # e and 1 in the same units; the quotients have w bits after the point
    least = (one - e_high << w) // (one + e_high)
    most = -((e_low - one << w) // (one + e_low))
    return _outward(least, most, -w, prec)


def softplus_bounds(x: Mpf, prec: int) -> Bounds:
    """Enclose ``log(1 + e**x)``, for x > 0 from ``x + log(1 + e**-x)``."""
    if not x[0]:
        low, high = _log_of_one_plus_exp(mpf_neg(x), prec)
        return mpf_add(x, low, prec, DOWN), mpf_add(x, high, prec, UP)
    return _log_of_one_plus_exp(x, prec)


def _log_of_one_plus_exp(x: Mpf, prec: int) -> Bounds:
    """Enclose ``log(1 + e)`` with ``e = e**x`` and x <= 0."""
    low, high = exp_bounds(x, prec + 16)
    if not low[1] or top(high) < -prec:
        # e - e**2 <= log(1 + e) <= e
        square = mpf_mul(high, high, prec, UP)
        return (mpf_sub(mpf_pos(low, prec, DOWN), square, prec, DOWN) if low[1] else fzero), mpf_pos(high, prec, UP)
    work = prec + 16 - top(low)  # the sum must keep the bits of e
    low, high = exp_bounds(x, work)
    return log_bounds(mpf_add(fone, low, work, DOWN), prec)[0], log_bounds(mpf_add(fone, high, work, UP), prec)[1]


def erf_bounds(x: Mpf, prec: int) -> Bounds:
    """Enclose the error function, from ``erf x = 2/sqrt(pi) e**(-x**2) S(x)`` (`erf_fixed`) for ``x > 0``."""
    if not x[1]:
        return fzero, fzero
    if x[0]:
        low, high = erf_bounds(mpf_neg(x), prec)
        return mpf_neg(high), mpf_neg(low)
    square = mpf_mul(x, x)
    if mpf_cmp(square, from_int(prec + 4)) > 0:
        # 1 - erf x <= e**(-x**2) < 2**(-x**2)
        return mpf_sub(fone, mpf_shift(fone, -prec - 4), prec, DOWN), fone
    work = prec + 16
    if top(x) < -prec:
        total = between(mpf_sub(x, mpf_mul(square, x, work, UP), work, DOWN), x, work)  # x - x**3 <= e**(-x**2) S <= x
    else:
        w = series.round_word(work + 16 + max(0, -top(x)))
        low_sum, high_sum = series.erf_fixed(signed(x), x[2], w)
        total = outward(low_sum, -w, high_sum, -w, work)
        total = total * between(*exp_bounds(mpf_neg(square), work), work)
    result = total * 2 / square_root(pi_interval(work))
    low, high = mpf_pos(result.lo, prec, DOWN), mpf_pos(result.hi, prec, UP)
    return low, (high if mpf_cmp(high, fone) < 0 else fone)


@lru_cache(maxsize=64)
def pi_interval(prec: int) -> Interval:
    """Enclose pi."""
    w = series.round_word(prec + 16)
    half = series.half_pi_fixed(w)  # within 1 unit of pi/2: its double, in units of 2**-w, is within 2
    return outward(2 * half - 2, -w, 2 * half + 2, -w, prec)


def sin_bounds(x: Mpf, prec: int) -> Bounds:
    """Enclose ``sin x``."""
    if not x[1]:
        return fzero, fzero
    if top(x) < -prec:
        # x - x**3/6 <= sin x <= x for x > 0
        if x[0]:
            low, high = sin_bounds(mpf_neg(x), prec)
            return mpf_neg(high), mpf_neg(low)
        cube = mpf_mul(mpf_mul(x, x, prec, UP), x, prec, UP)
        return mpf_sub(x, cube, prec, DOWN), x
    return _trigonometric(x, prec, 0, max(0, -top(x)))


def cos_bounds(x: Mpf, prec: int) -> Bounds:
    """Enclose ``cos x``."""
    if not x[1]:
        return fone, fone
    if top(x) < -prec:
        return mpf_sub(fone, mpf_mul(x, x, prec, UP), prec, DOWN), fone  # 1 - x**2/2 <= cos x <= 1
    return _trigonometric(x, prec, 1, 0)


def _trigonometric(x: Mpf, prec: int, shift: int, extra: int) -> Bounds:
    """Enclose ``sin(x + shift pi/2)`` within about ``2**(-prec - extra)``: ``x = n pi/2 + r`` in quadrant n + shift."""
    n, rest, error, w = series.reduce_fixed(signed(x), x[2], prec + 16 + extra)
    quadrant = (n + shift) % 4
    low, high = (series.cosine_fixed if quadrant % 2 else series.sine_fixed)(rest, error, w)
    if quadrant >= 2:
        low, high = -high, -low
    one = 1 << w
    return _outward(max(low, -one), min(high, one), -w, prec)


Beyond = Callable[[Bounds, Mpf, Mpf, int], Mpf]
"""From bounds of a function at a point x, the point, and a length d above 0 to an upper bound at ``x + d``."""

_NARROW = -7
"""Up to a width of ``2**_NARROW`` a function is evaluated at the lower end of an interval alone, see `increasing`."""


def increasing(bounds: Callable[[Mpf, int], Bounds], x: Interval, beyond: Beyond | None = None) -> Interval:
    """Enclose an increasing function of an interval by its outer bounds at the ends.

    With `beyond` the bound at the upper end of a narrow interval comes from those at the lower end: the enclosure is
    wider than the spread of the values by a part of it that is about the width of the interval.
    """
    first, last, prec = x.lo, x.hi, x.prec
    low, high = bounds(first, prec)
    if first == last:
        return between(low, high, prec)
    if beyond is not None and top(length := mpf_sub(last, first, prec, UP)) <= _NARROW:
        return between(low, beyond((low, high), first, length, prec), prec)
    return between(low, bounds(last, prec)[1], prec)


def exp_beyond(at: Bounds, x: Mpf, length: Mpf, prec: int) -> Mpf:
    """Bound ``e**(x + d) <= e**x (1 + d + d**2)``, for ``d <= 1``."""
    growth = mpf_add(fone, mpf_add(length, mpf_mul(length, length, prec, UP), prec, UP), prec, UP)
    bound: Mpf = mpf_mul(at[1], growth, prec, UP)
    return bound


def log_beyond(at: Bounds, x: Mpf, length: Mpf, prec: int) -> Mpf:
    """Bound ``log(x + d) <= log x + d/x``."""
    bound: Mpf = mpf_add(at[1], mpf_div(length, x, prec, UP), prec, UP)
    return bound


def tanh_beyond(at: Bounds, x: Mpf, length: Mpf, prec: int) -> Mpf:
    """Bound ``tanh(x + d) <= tanh x + d s`` with s the slope at x, which is the largest, if x is not negative."""
    low, high = at
    slope = fone if low[0] else mpf_sub(fone, mpf_mul(low, low, prec, DOWN), prec, UP)
    bound: Mpf = mpf_add(high, mpf_mul(length, slope, prec, UP), prec, UP)
    return bound if mpf_cmp(bound, fone) < 0 else fone


def tanh_interval(x: Interval) -> Interval:
    """Enclose ``tanh`` of an interval; of a negative one by symmetry, where the slope is largest at the upper end."""
    return -increasing(tanh_bounds, -x, tanh_beyond) if x.b < 0 else increasing(tanh_bounds, x, tanh_beyond)


def oscillating(bounds: Callable[[Mpf, int], Bounds], x: Interval, first: int) -> Interval:
    """Enclose sine (`first` = 1) or cosine (`first` = 0): maxima at ``(first + 4k) pi/2``, minima at ``+ 2``."""
    first_end, last_end, prec = x.lo, x.hi, x.prec
    if any(end[1] and top(end) > 2 * prec + 64 for end in (first_end, last_end)):
        return outward(-1, 0, 1, 0, prec)  # reducing so large an argument is not worth its cost
    low, high = bounds(first_end, prec)
    if first_end == last_end:
        return between(low, high, prec)
    # Multiples j pi/2 inside [lo, hi] have floor(lo) < j <= floor(hi) in units of pi/2 (j = floor(lo) only at lo = 0,
    # where the value at the end counts anyhow). An undecided floor widens the range of j: the extremum is included.
    start = series.quadrants(signed(first_end), first_end[2], prec)[0]
    stop = series.quadrants(signed(last_end), last_end[2], prec)[1]
    if stop - start >= 4:
        return outward(-1, 0, 1, 0, prec)
    other_low, other_high = bounds(last_end, prec)
    low = other_low if mpf_cmp(other_low, low) < 0 else low
    high = other_high if mpf_cmp(other_high, high) > 0 else high
    for j in range(start + 1, stop + 1):
        if (j - first) % 4 == 0:
            high = fone
        elif (j - first) % 4 == 2:
            low = _MINUS_ONE
    return between(low, high, prec)
