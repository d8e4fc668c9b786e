"""Arrays as users give them."""

from __future__ import annotations

from typing import Any

import numpy as np


def real_array(value: Any) -> np.ndarray | None:
    """Return `value` as an array of doubles; None if it is ragged, complex, too large for doubles, or of no numbers.

    Examples
    --------
    >>> real_array([(0, 1), (2, 3)]).shape, real_array([[0, 1], [2]]), real_array([10**400])
    ((2, 2), None, None)
    """
    try:
        return None if np.iscomplexobj(value) else np.array(value, dtype=float)
    except (TypeError, ValueError, OverflowError):
        return None
