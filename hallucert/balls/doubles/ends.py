"""Functions of doubles, bounded from below or above by Arb, number by number."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from flint import arb

from hallucert.balls.arb import softplus
from hallucert.balls.flint_precision import FlintPrecision
from hallucert.clock import look

_BITS = 80
"""Of Arb's evaluations; the result is rounded to doubles."""

_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "cos": arb.cos,
    "erf": arb.erf,
    "exp": arb.exp,
    "log": arb.log,
    "sin": arb.sin,
    "softplus": softplus,
    "tanh": arb.tanh,
}


def bounds(name: str, direction: float, x: np.ndarray) -> np.ndarray:
    """Return doubles beyond the values of a function at each x, in a direction; NaN where it has none.

    Parameters
    ----------
    name : str
        The function.
    direction : float
        ``-inf`` for lower bounds, ``inf`` for upper bounds.
    x : (k,) array
        Where; NaN for infinities.
    """
    look()
    function = _FUNCTIONS[name]

    def bound(number: float) -> float:
        if not math.isfinite(number):
            return math.nan
        value = function(arb(number))
        if not value.is_finite():
            return math.nan
        # float() of an exact arb is one of the two doubles around it; the next one outward is a bound.
        return math.nextafter(float(value.lower() if direction < 0 else value.upper()), direction)

    with FlintPrecision(_BITS):
        return np.asarray(np.frompyfunc(bound, 1, 1)(x), dtype=np.float64)
