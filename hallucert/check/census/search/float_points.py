"""Points of doubles with the interface of lanes: formulas that are written for enclosures, run as plain floats.

Nothing is rounded outward and nothing is tested: what comes out proposes, and proves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.arguments import Quiet


class FloatPoints(Quiet):
    """Doubles in lanes, arrays of shape (k,), or one double for all of them."""

    exp, log, sqrt = staticmethod(np.exp), staticmethod(np.log), staticmethod(np.sqrt)
    sin, cos, tanh = staticmethod(np.sin), staticmethod(np.cos), staticmethod(np.tanh)
    erf = staticmethod(np.vectorize(math.erf, otypes=[np.float64]))

    def softplus(self, x: Any) -> Any:
        """Return ``log(1 + exp(x))`` without overflow."""
        return np.logaddexp(0.0, x)

    def box(self, lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
        """Return points near the middles of boxes."""
        return lo / 2 + hi / 2

    def permuted(self, values: Sequence[Any], order: np.ndarray) -> list[np.ndarray]:
        """Return m values for `order` (m, k): lane k of number i is that of the value ``order[i, k]``."""
        stacked = np.empty((len(values), order.shape[1]))
        for row, value in zip(stacked, values, strict=True):
            row[:] = value
        return list(stacked[order, np.arange(order.shape[1])])

    def negated(self, x: Any, where: np.ndarray) -> np.ndarray:
        """Change the signs in some lanes."""
        result: np.ndarray = np.where(where, -x, x)
        return result

    def constant(self, value: Fraction) -> np.float64:
        """Return the nearest double, or an infinite one."""
        try:
            return np.float64(value.numerator / value.denominator)
        except OverflowError:
            return np.float64(np.inf if value > 0 else -np.inf)

    def pi(self) -> np.float64:
        """Return the nearest double."""
        return np.float64(np.pi)

    def power(self, x: Any, exponent: int) -> Any:
        """Return an integer power, as products for the small exponents that formulas have."""
        if 1 <= exponent <= 4:
            square = x * x if exponent > 1 else x
            return square if exponent <= 2 else square * (x if exponent == 3 else square)
        return np.power(x, float(exponent))

    def real_power(self, x: Any, exponent: Fraction) -> Any:
        """Return a rational power."""
        return np.power(x, float(exponent))
