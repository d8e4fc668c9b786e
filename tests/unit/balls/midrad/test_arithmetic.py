"""The process is probed before anything is enclosed."""

import mpmath
import numpy as np
import pytest

from hallucert.balls.midrad import MidRadArithmetic, arithmetic
from hallucert.errors import EnvironmentRefused


@pytest.mark.parametrize("fault", ["fixed point", "no subnormals", "singles", "mixed rows", "rounded up"])
def test_products_that_are_not_sums_of_products_are_refused(fault, monkeypatch):
    """Single precision, cut entries, Strassen's sums of rows, and another rounding are found by the probe."""

    def strassen(a, b):
        h = len(a) // 2
        mixed = (a[:h] + a[h : 2 * h]) @ b
        return np.concatenate([mixed - a[h : 2 * h] @ b, a[h:] @ b])

    def fixed_point(a, b):
        unit = np.abs(a).max(axis=1, keepdims=True) * 2.0**-60
        return np.rint(a / unit) * unit @ b

    faults = {
        "fixed point": fixed_point,
        "no subnormals": lambda a, b: np.where(np.abs(a) < 2.0**-1022, 0.0, a) @ b,
        "singles": lambda a, b: (a.astype(np.float32) @ b.astype(np.float32)).astype(float),
        "mixed rows": strassen,
        "rounded up": lambda a, b: np.nextafter(a @ b, np.inf),
    }
    MidRadArithmetic()
    monkeypatch.setattr(arithmetic, "_product", faults[fault])
    arithmetic._probe_products.cache_clear()
    with np.errstate(all="ignore"), pytest.raises(EnvironmentRefused, match="BLAS"):
        MidRadArithmetic()
    arithmetic._probe_products.cache_clear()


def test_pi_is_enclosed_to_two_units():
    """40 digits of mpmath are more than half a unit in the last place away from the double, and inside."""
    pi = MidRadArithmetic().pi()
    with mpmath.workdps(40):
        assert abs(mpmath.pi - mpmath.mpf(pi.mid.item())) <= mpmath.mpf(pi.rad.item()) <= mpmath.mpf(2) ** -51
