"""The equation of a manifold of hallucinated minimizers in balls: ``G(x) = r(x+)`` for a fixed rho (Theorem 3.1).

``f = |r|^2/(2n)`` with ``m < d`` residuals; ``DG = A = Dr(x+) J`` has `m` rows. Where ``A`` has full rank the zeros of
``G`` are a manifold of dimension ``d - m``, and where also ``g != 0`` they are global hallucinated minimizers.
"""

from __future__ import annotations

from fractions import Fraction

from hallucert.balls.facade import BallArithmetic, Matrix
from hallucert.check.cell import Vector
from hallucert.check.problem import Kept, Point, Problem
from hallucert.check.sheet.point import Region, ThinPoint
from hallucert.objectives.objective import Objective

MAX_DIMENSION = 100
"""Most variables."""


class ManifoldSystem:
    """``G`` for one function and radius, as `hallucert.check.branch.cell` takes it.

    Parameters
    ----------
    arithmetic
        One of `hallucert.balls.arithmetic`.
    objective : Objective
        The function, in residual form.
    rho : Fraction
        Exact perturbation radius.
    """

    def __init__(self, arithmetic: BallArithmetic, objective: Objective, rho: Fraction) -> None:
        self.arithmetic, self.objective, self.rho = arithmetic, objective, rho
        self.problem = Problem(objective, rho, residual=True)
        self.dimension = objective.residual_count
        self._last: Kept[Point] = Kept()

    def point(self, x: Vector) -> Point:
        """All quantities of the SAM map on a box; the last one is kept."""
        at = self.arithmetic, self.problem
        return self._last.of(x, lambda: ThinPoint(*at, x) if isinstance(x, Region) else Point(*at, x))

    def value(self, x: Vector) -> Vector:
        """``G(x)``, `m` balls; indeterminate unless certainly ``g != 0``."""
        return self.point(x).shifted_residual

    def jacobian(self, x: Vector) -> Matrix:
        """``A(x)``: `m` rows of `d` balls."""
        return self.point(x).residual_matrix

    def defined(self, x: Vector) -> bool:
        """Tell whether certainly ``g != 0`` on the box, and ``f`` is defined there and on its image."""
        return self.point(x).domain_certain
