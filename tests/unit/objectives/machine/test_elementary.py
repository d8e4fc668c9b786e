"""Functions of compiled code against mpmath: their errors, and their special arguments."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from hallucert.objectives.machine import elementary
from hallucert.objectives.machine.compilation import compiled

RNG = np.random.default_rng(5)
SIZES = 10.0 ** RNG.uniform(-300, 300, 400)
PLAIN = np.concatenate([RNG.uniform(-10, 10, 800), RNG.uniform(-1e6, 1e6, 400), SIZES, -SIZES])
QUARTERS = np.pi / 2 * np.arange(1, 800)
"""Near to these the sine or the cosine is smallest."""

ARGUMENTS = {
    "exp": (np.concatenate([RNG.uniform(-708, 709, 1200), RNG.uniform(-1, 1, 800)]), 3.0),
    "log": (np.concatenate([SIZES, 1e-308 * RNG.uniform(0, 1, 100), RNG.uniform(0.5, 2, 800), 1 + SIZES[:50]]), 2.0),
    "softplus": (np.concatenate([RNG.uniform(-700, 50, 800), RNG.uniform(-2, 2, 800)]), 6.0),
    "sin": (np.concatenate([PLAIN, QUARTERS, 650 * QUARTERS]), 4.0),
    "cos": (np.concatenate([PLAIN, QUARTERS, 650 * QUARTERS]), 4.0),
}


@compiled
def _all(x, exps, logs, pluses, sines, cosines):
    for i in range(x.size):
        exps[i] = elementary.exp(x[i])
        logs[i] = elementary.log(x[i])
        pluses[i] = elementary.softplus(x[i])
        sines[i] = elementary.sin(x[i])
        cosines[i] = elementary.cos(x[i])


def values(name: str, x: np.ndarray) -> np.ndarray:
    """Return a function of some arguments."""
    rows = np.empty((5, x.size))
    _all(x, *rows)
    return rows[list(ARGUMENTS).index(name)]


@pytest.mark.parametrize("name", ARGUMENTS)
def test_errors_are_below_what_is_stated(name: str) -> None:
    """On arguments of all sizes each function errs by less units than its documentation says."""
    x, units = ARGUMENTS[name]
    with mpmath.workdps(50):
        reference = {"softplus": lambda a: mpmath.log1p(mpmath.exp(a))}.get(name) or getattr(mpmath, name)
        for a, b in zip(x.tolist(), values(name, x).tolist(), strict=True):
            exact = reference(mpmath.mpf(a))
            assert abs(b - exact) <= units * 2.0**-53 * abs(exact), a


def test_special_arguments() -> None:
    """Zeros, infinities, NaN and the ends of ranges give what the functions tend to, or NaN."""
    x = np.array([0.0, np.inf, -np.inf, np.nan, 5e-324, -1.0, 1e308, -1e308, 709.79, -745.2, -744.0])
    expected = {
        "exp": [1, np.inf, 0, np.nan, 1, np.exp(-1), np.inf, 0, np.inf, 0, 2 * 5e-324],
        "log": [-np.inf, np.inf, np.nan, np.nan, np.log(5e-324), np.nan, np.log(1e308), *[np.nan] * 4],
        "softplus": [np.log(2), np.inf, 0, np.nan, np.log(2), np.log1p(np.exp(-1)), 1e308, 0, 709.79, 0, 0],
    }
    expected["log"][8] = np.log(709.79)
    for name, row in expected.items():
        np.testing.assert_allclose(values(name, x), row, rtol=1e-15, atol=0)
    for name in ("sin", "cos"):
        assert np.isnan(values(name, np.array([np.inf, -np.inf, np.nan]))).all()
