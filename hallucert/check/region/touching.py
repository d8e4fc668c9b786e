"""Near a nondegenerate maximum on the sphere, the superlevel set touches the ball only there.

Let ``c = x*+``, ``s(y) = |y - c|^2 - rho^2``, ``alpha = f(x*)``, ``lambda = |g(x*)|/rho``, and, for a
penalty ``k > 0``,

    Psi(y) = f(y) + (lambda/2) s(y) - k s(y)^2,
    Hess Psi(y) = H(y) + lambda I - 8 k (y - c)(y - c)^T - 4 k s(y) I.

``x*`` is a critical point of ``Psi`` (``g(x*) = lambda (c - x*)``) with value ``alpha``. If ``Hess Psi`` is
negative definite on a cube ``N`` around ``x*`` then ``Psi < alpha`` on ``N`` except at ``x*``; where moreover
``0 <= s <= lambda/2k``, ``f <= Psi``. So on ``N``: ``f(y) >= alpha`` and ``|y - c| >= rho`` only for ``y = x*``.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hallucert.balls.symmetric import is_positive_definite
from hallucert.check.point.rule import Evidence
from hallucert.check.problem import sum_of_squares


def touches_only_here(evidence: Evidence, radius: Fraction, penalty: Fraction) -> bool:
    """Tell whether the statement above is certain on the cube of half width `radius` around ``x*``'s midpoint."""
    ar, point = evidence.arithmetic, evidence.point
    if penalty <= 0 or radius <= 0:
        return False
    cube = neighbourhood(evidence, radius)
    if not all(ar.interior(side, x) for side, x in zip(cube, point.x, strict=True)):
        return False
    k = ar.constant(penalty)
    away = [y - c for y, c in zip(cube, point.plus, strict=True)]
    s = sum_of_squares(ar, away) - ar.power(point.rho, 2)
    if not ar.positive(point.multiplier / (ar.constant(Fraction(2)) * k) - s):
        return False
    # A derivative may be defined where f is not; the statement needs f along the segments from x* to the points of N.
    if not ar.is_finite(point.objective.enclose_value(ar, cube)):
        return False
    hessian = point.objective.enclose_hessian(ar, cube)
    eight, four = ar.constant(Fraction(8)) * k, ar.constant(Fraction(4)) * k
    diagonal = point.multiplier - four * s
    negated = [
        [
            eight * away[i] * away[j] - hessian[i][j] - (diagonal if i == j else ar.constant(Fraction(0)))
            for j in range(len(cube))
        ]
        for i in range(len(cube))
    ]
    return is_positive_definite(ar, negated)


def neighbourhood(evidence: Evidence, radius: Fraction) -> list[Any]:
    """The cube ``N`` as balls."""
    return [evidence.arithmetic.interval(c - radius, c + radius) for c in evidence.midpoint]
