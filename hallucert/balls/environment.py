"""The state of the process on which float code with directed error bounds relies."""

from __future__ import annotations

import numpy as np

from hallucert.errors import EnvironmentRefused


def require_round_to_nearest() -> None:
    """Raise unless the floating-point unit rounds to nearest and keeps subnormal numbers.

    A library may leave the unit in another mode (importing codac does). The balls do not depend on it: they compute in
    integers. Conversions to outward-rounded doubles, and whatever prints or plots them, do.

    Raises
    ------
    EnvironmentRefused
        If a probe computed at run time comes out otherwise.
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
