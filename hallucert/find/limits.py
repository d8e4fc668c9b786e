"""Limits of a curve: quantities that stay below zero, and where the curve leaves them, located to rounding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hallucert.find.curves.branch_record import EndReason
from hallucert.find.curves.continuation import CurvePoint, SmoothCurve, locate

ON_LIMIT = 1e-10  # a start beyond a limit by less than this part of its size lies on it

ROUNDING = 1e-15  # part of its size to which a quantity is known


@dataclass(frozen=True)
class Limit:
    """A quantity that is positive outside."""

    excess: Callable[[CurvePoint], float]  # the quantity at a point of the curve
    slope: Callable[[CurvePoint], float]  # its derivative along the curve, up to a positive factor
    size: float  # its scale, for what counts as zero
    reason: EndReason  # why a curve ends that leaves it

    def crossing(self, curve: SmoothCurve, here: CurvePoint, there: CurvePoint) -> CurvePoint | None:
        """Return where the curve leaves between two neighbours, `here` inside or on the limit; None if it does not."""
        outside = there
        if not self.excess(there) > 0:
            if not self.slope(here) > 0 > self.slope(there):
                return None
            # Both ends are inside, and between them the quantity has its maximum: a fold, for the radius.
            top = locate(curve, here, there, self.slope)
            if top is None or not self.excess(top) > ROUNDING * self.size:
                return None
            outside = top
        if self.excess(here) >= -ROUNDING * self.size:
            return here
        return locate(curve, here, outside, self.excess) or outside

    def keeps(self, start: CurvePoint) -> bool:
        """Tell whether a start lies inside or on the limit."""
        return self.excess(start) <= ON_LIMIT * self.size


def box_limits(box: np.ndarray | None) -> list[Limit]:
    """Return the limits that a box (d, 2) sets to the first `d` coordinates of a curve."""
    if box is None:
        return []
    found = []
    for i, (low, high) in enumerate(box.tolist()):
        size = max(abs(low), abs(high))
        found.append(Limit(_above(i, low, -1.0), _along(i, -1.0), size, EndReason.BOX))
        found.append(Limit(_above(i, high, 1.0), _along(i, 1.0), size, EndReason.BOX))
    return found


def _above(i: int, bound: float, sign: float) -> Callable[[CurvePoint], float]:
    return lambda p: sign * (float(p.z[i]) - bound)


def _along(i: int, sign: float) -> Callable[[CurvePoint], float]:
    return lambda p: sign * float(p.t[i])
