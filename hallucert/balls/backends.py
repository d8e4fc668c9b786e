"""The two backends of `hallucert.balls.facade`; each loads when an arithmetic of it is first made."""

from __future__ import annotations

from functools import lru_cache

from hallucert.balls.facade import BallArithmetic
from hallucert.errors import ArgumentError

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
