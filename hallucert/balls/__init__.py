"""Rigorous arithmetic: one facade over two backends, and interval linear algebra on top of it.

`hallucert.balls.facade` says what each operation answers in each case. Backends load when they are first
asked for.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.errors import ArgumentError, EnvironmentRefused

__all__ = ["Ball", "BallArithmetic", "Matrix", "arithmetic", "require_round_to_nearest"]

BACKENDS = ("arb", "mpmath")


@lru_cache(maxsize=64)
def _make(backend: str, precision: int) -> BallArithmetic:
    if backend == "arb":
        from hallucert.balls.arb import ArbArithmetic

        return ArbArithmetic(precision)
    from hallucert.balls.mpmath.backend import MpmathArithmetic

    return MpmathArithmetic(precision)


def arithmetic(backend: str = "arb", precision: int = 106) -> BallArithmetic:
    """Return the rigorous arithmetic of a backend at a working precision.

    Parameters
    ----------
    backend : {"arb", "mpmath"}
        ``"arb"`` is python-flint; ``"mpmath"`` is interval arithmetic in pure Python, sharing no code with it.
    precision : int
        Bits, from 30 to 100000.

    Raises
    ------
    ArgumentError
        For another backend or precision.

    Examples
    --------
    >>> from fractions import Fraction
    >>> ar = arithmetic("arb", 106)
    >>> with ar:
    ...     third = ar.constant(Fraction(1)) / ar.constant(Fraction(3))
    >>> ar.lower(third) < Fraction(1, 3) < ar.upper(third)
    True
    """
    if not isinstance(backend, str) or backend not in BACKENDS:
        raise ArgumentError("backend", backend, 'be "arb" or "mpmath"')
    if type(precision) is not int or not 30 <= precision <= 100_000:
        raise ArgumentError("precision", precision, "be an integer from 30 to 100000")
    return _make(backend, precision)


def require_round_to_nearest() -> None:
    """Raise unless the floating-point unit rounds to nearest and keeps subnormal numbers.

    A library may leave the unit in another mode (importing codac does). The balls do not depend on it: they compute in
    integers. Conversions to outward-rounded doubles, and whatever prints or plots them, do. `EnvironmentRefused` if a
    probe computed at run time comes out otherwise.
    """
    one = np.ones(4)
    tiny = np.array([2.0**-60, 0.0, 5e-324, 3.0])
    nearest = (
        one[0] + tiny[0] == 1.0
        and -one[1] - tiny[0] == -1.0
        and one[0] + 1.5 * 2.0**-52 * one[1] == 1.0 + 2.0**-51
        and one[2] / tiny[3] == 0.3333333333333333
    )
    if not nearest:
        raise EnvironmentRefused("the floating-point unit does not round to nearest; restart the process and try again")
    if tiny[2] * one[2] == 0.0:
        raise EnvironmentRefused("the floating-point unit flushes subnormal numbers to zero; restart the process")
