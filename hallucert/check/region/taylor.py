"""Second-order enclosures on a box: tight where terms of ``f`` cancel, as in a network's loss near a maximizer.

For a box ``X`` with centre ``c``, on all of which ``f`` is defined, and an enclosure ``[H]`` of the Hessian on ``X``,
Taylor's theorem with Lagrange's remainder and the mean value theorem say, for every ``x`` in ``X`` and ``v = x - c``:

    f(x) in f(c) + g(c) v + v [H] v / 2,        g(x) in g(c) + [H] v.

The first is wider than the range of ``f`` by the order of the square of the box's width; the natural enclosure by the
order of the width itself, times a factor that cancellation makes large.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import Any

from hallucert.balls import matrix
from hallucert.balls.facade import BallArithmetic
from hallucert.objectives.objective import Objective


class TaylorBox:
    """``f`` on a box, to second order; nothing is computed before it is needed.

    Parameters
    ----------
    ar
        The arithmetic.
    f : Objective
        The function; it must be defined on all of `box`.
    box : list of balls
        ``X``.
    """

    def __init__(self, ar: BallArithmetic, f: Objective, box: list[Any]) -> None:
        self.ar, self.f = ar, f
        self.box = box
        self.centre = [ar.constant(ar.midpoint(side)) for side in box]
        self.v = [side - c for side, c in zip(box, self.centre, strict=True)]

    def below(self, alpha: Any) -> bool:
        """Whether ``f < alpha`` is certain on all of ``X``; the Hessian is spared where ``f(c)`` says no already."""
        ar = self.ar
        at_centre = self.f.enclose_value(ar, self.centre)
        if not ar.negative(at_centre - alpha) or self._bent is None:
            return False
        value = at_centre + ar.dot(self._slope, self.v) + ar.dot(self.v, self._bent) * ar.constant(Fraction(1, 2))
        return ar.negative(value - alpha)

    def no_critical_point(self) -> bool:
        """Whether some component of the gradient is certainly nonzero on all of ``X``."""
        if self._bent is None:
            return False
        return any(self.ar.nonzero(a + b) for a, b in zip(self._slope, self._bent, strict=True))

    @cached_property
    def _slope(self) -> list[Any]:
        """``g(c)``."""
        return self.f.enclose_gradient(self.ar, self.centre)

    @cached_property
    def _bent(self) -> list[Any] | None:
        """``[H] v``, or None if ``[H]`` is not finite: then ``f`` need not have two derivatives on ``X``."""
        hessian = self.f.enclose_hessian(self.ar, self.box)
        return matrix.apply(self.ar, hessian, self.v) if matrix.all_finite(self.ar, hessian) else None
