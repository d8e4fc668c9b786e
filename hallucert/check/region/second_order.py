"""What second derivatives show on a box: convexity, tight enclosures, where a superlevel set touches a ball.

*Taylor.* For a box ``X`` with centre ``c``, on all of which ``f`` is defined, and an enclosure ``[H]`` of the Hessian
on ``X``, Taylor's theorem with Lagrange's remainder and the mean value theorem say, for ``x`` in ``X``, ``v = x - c``:

    f(x) in f(c) + g(c) v + v [H] v / 2,        g(x) in g(c) + [H] v.

The first is wider than the range of ``f`` by the order of the square of the box's width; the natural enclosure by the
order of the width itself, times a factor that cancellation makes large, as in a network's loss near a maximizer.

*Touching.* Near a nondegenerate maximum on the sphere, the superlevel set touches the ball only there. Let ``c = x*+``,
``s(y) = |y - c|^2 - rho^2``, ``alpha = f(x*)``, ``lambda = |g(x*)|/rho``, and, for a penalty ``k > 0``,

    Psi(y) = f(y) + (lambda/2) s(y) - k s(y)^2,
    Hess Psi(y) = H(y) + lambda I - 8 k (y - c)(y - c)^T - 4 k s(y) I.

``x*`` is a critical point of ``Psi`` (``g(x*) = lambda (c - x*)``) with value ``alpha``. If ``Hess Psi`` is negative
definite on a box ``N`` around ``x*`` then ``Psi < alpha`` on ``N`` except at ``x*``; where moreover
``0 <= s <= lambda/2k``, ``f <= Psi``. So on ``N``: ``f(y) >= alpha`` and ``|y - c| >= rho`` only for ``y = x*``.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.balls.inertia import is_positive_definite
from hallucert.check.point.rule import Evidence
from hallucert.check.subdivision import Box, balls_of, is_defined
from hallucert.objectives.objective import Objective


def is_bent(evidence: Evidence, box: Box, sign: int) -> bool:
    """Whether ``f`` is defined, and ``sign * H`` positive definite, on a box: convex for 1, concave for -1."""
    ar, f = evidence.arithmetic, evidence.point.objective
    if any(low >= high for low, high in box):
        return False
    balls = balls_of(ar, box)
    return is_defined(ar, f, balls) and is_positive_definite(
        ar, matrix.scale(ar.constant(Fraction(sign)), f.enclose_hessian(ar, balls))
    )


class TaylorBox:
    """``f`` on a box of balls, on all of which it must be defined, to second order."""

    def __init__(self, ar: BallArithmetic, f: Objective, box: list[Ball]) -> None:
        self.ar, self.f = ar, f
        self.box = box
        self.centre = [ar.centre(side) for side in box]
        self.v = [side - c for side, c in zip(box, self.centre, strict=True)]

    def below(self, alpha: Ball) -> bool:
        """Whether ``f < alpha`` is certain on all of ``X``; the Hessian is spared where the other terms say no."""
        ar = self.ar
        gap = self.f.enclose_value(ar, self.centre) - alpha
        if not ar.negative(gap):
            return False
        gap = gap + ar.dot(self._slope, self.v)
        if not ar.negative(gap) or self._bent is None:
            return False
        return ar.negative(gap + ar.dot(self.v, self._bent) * ar.constant(Fraction(1, 2)))

    def no_critical_point(self) -> bool:
        """Whether some component of the gradient is certainly nonzero on all of ``X``."""
        if self._bent is None:
            return False
        return any(self.ar.nonzero(a + b) for a, b in zip(self._slope, self._bent, strict=True))

    @cached_property
    def _slope(self) -> list[Ball]:
        """``g(c)``."""
        return self.f.enclose_gradient(self.ar, self.centre)

    @cached_property
    def _bent(self) -> list[Ball] | None:
        """``[H] v``, or None if ``[H]`` is not finite: then ``f`` need not have two derivatives on ``X``."""
        hessian = self.f.enclose_hessian(self.ar, self.box)
        return matrix.apply(self.ar, hessian, self.v) if self.ar.all_finite(hessian) else None


def touches_only_here(evidence: Evidence, box: Box, penalty: Fraction) -> bool:
    """Tell whether it is certain that ``{f >= alpha}`` touches the ball around ``c`` on a box only in ``x*``."""
    ar, point = evidence.arithmetic, evidence.point
    if penalty <= 0:
        return False
    inside = zip(box, point.x, strict=True)
    if not all(ar.is_finite(x) and low < ar.lower(x) and ar.upper(x) < high for (low, high), x in inside):
        return False
    sides = balls_of(ar, box)
    k = ar.constant(penalty)
    away = [y - c for y, c in zip(sides, point.plus, strict=True)]
    s = matrix.sum_of_squares(ar, away) - ar.power(point.rho, 2)
    if not ar.positive(point.multiplier / (ar.constant(Fraction(2)) * k) - s):
        return False
    # A derivative may be defined where f is not; the statement needs f along the segments from x* to the points of N.
    if not is_defined(ar, point.objective, sides):
        return False
    hessian = point.objective.enclose_hessian(ar, sides)
    eight, four = ar.constant(Fraction(8)) * k, ar.constant(Fraction(4)) * k
    diagonal = point.multiplier - four * s
    negated = [
        [
            eight * away[i] * away[j] - hessian[i][j] - (diagonal if i == j else ar.constant(Fraction(0)))
            for j in range(len(sides))
        ]
        for i in range(len(sides))
    ]
    return is_positive_definite(ar, negated)


def is_closer(evidence: Evidence, balls: list[Ball]) -> bool:
    """Whether every point of a box is certainly closer to ``x*+`` than ``x*`` is."""
    ar, point = evidence.arithmetic, evidence.point
    return ar.positive(point.rho * point.rho - squared_distance(ar, balls, point.plus))


def squared_distance(ar: BallArithmetic, a: list[Ball], b: list[Ball]) -> Ball:
    """Enclose ``|a - b|^2``."""
    return matrix.sum_of_squares(ar, [y - c for y, c in zip(a, b, strict=True)])
