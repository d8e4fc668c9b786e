"""The SAM map on a thin box in any position: mean-value forms where plain enclosures are too wide.

A piece of a curve is thin, but the box of its coordinates is not. Along ``x = c + F y``, with small ``y``,

    u(x) in u(c) + Du(X) F y,    x+ in c+ + J(X) F y,    g(x) in g(c) + H(X) F y,    q(x) in q(c) + (H u)(X)^T F y

by the mean value theorem, with ``Du = P H/q`` and ``J = I + rho Du`` on the box X of all ``x``; each is intersected
with the plain enclosure. `Point` does everything else, with ``J`` formed again from what came out.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.check.problem import Point, Problem, sum_of_squares


class Region(list[Any]):
    """A box of points ``x = c + F y`` (the list of its coordinates, `d` balls) that knows how it lies.

    Attributes
    ----------
    centre : list of balls
        ``c``, a point of the box.
    frame : d rows of k balls
        ``F``.
    offsets : list of k balls
        ``y``, each around 0.
    """

    def __init__(self, x: Sequence[Ball], centre: Sequence[Ball], frame: Matrix, offsets: Sequence[Ball]) -> None:
        super().__init__(x)
        self.centre, self.frame, self.offsets = list(centre), frame, list(offsets)


class ThinPoint(Point):
    """Every quantity of the SAM map on a `Region`.

    Parameters
    ----------
    arithmetic, problem
        As for `Point`.
    region : Region
        Where.
    """

    def __init__(self, arithmetic: BallArithmetic, problem: Problem, region: Region) -> None:
        super().__init__(arithmetic, problem, region)
        self.region = region
        self.at_centre = Point(arithmetic, problem, region.centre)

    @cached_property
    def hessian_frame(self) -> Matrix:
        """``H(X) F``."""
        result: Matrix = self.arithmetic.matrix_product(self.hessian, self.region.frame)
        return result

    @cached_property
    def gradient(self) -> list[Ball]:
        """``g(x)``."""
        plain = self.objective.enclose_gradient(self.arithmetic, self.x)
        return self._common(plain, self._moved(self.at_centre.gradient, self.hessian_frame))

    @cached_property
    def _direction(self) -> tuple[Ball, list[Ball]]:
        """``q``, then ``u``, tightened."""
        ar = self.arithmetic
        q = ar.sqrt(sum_of_squares(ar, self.gradient))
        u = [g / q for g in self.gradient]
        if not ar.all_finite([[q], u]):
            return q, u
        along = [ar.dot(u, column) for column in matrix.transpose(self.hessian_frame)]  # u^T H F
        q = self._common([q], [self.at_centre.q + ar.dot(along, self.region.offsets)])[0]
        rows = zip(self.hessian_frame, u, strict=True)
        slope = [[(h - v * a) / q for h, a in zip(row, along, strict=True)] for row, v in rows]  # Du F
        return q, self._common(u, self._moved(self.at_centre.u, slope))

    @cached_property
    def q(self) -> Ball:
        """``|g(x)|``."""
        return self._direction[0]

    @cached_property
    def u(self) -> list[Ball]:
        """``g(x)/|g(x)|``."""
        return self._direction[1]

    @cached_property
    def plus(self) -> list[Ball]:
        """``x+ = x + rho u(x)``."""
        plain = [x + self.rho * u for x, u in zip(self.x, self.u, strict=True)]
        slope = self.arithmetic.matrix_product(self.perturbation, self.region.frame)
        return self._common(plain, self._moved(self.at_centre.plus, slope))

    def _moved(self, start: Sequence[Ball], slope: Matrix) -> list[Ball]:
        """``start + slope y``."""
        return [v + w for v, w in zip(start, matrix.apply(self.arithmetic, slope, self.region.offsets), strict=True)]

    def _common(self, plain: Sequence[Ball], other: Sequence[Ball]) -> list[Ball]:
        """Intersect two enclosures of the same numbers; indeterminate where the plain one is."""
        ar, result = self.arithmetic, []
        for a, b in zip(plain, other, strict=True):
            both = ar.intersection(a, b) if ar.is_finite(a) else a
            result.append(a if both is None else both)
        return result
