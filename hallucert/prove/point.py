"""Every quantity of the SAM map on a box of points, enclosed.

A `Point` is evaluated once for a box (or a single point) ``x`` and offers, as enclosures valid for every point
of the box, what the theorems read:

======================  ==================================================
``q``                   ``|g(x)|``
``u``                   ``g(x) / q``
``plus``                ``x+ = x + rho u``
``perturbation``        ``J = I + rho (I - u u^T) H(x) / q``
``sam_matrix``          ``M = H(x+) J``, the derivative of ``g(x+)``
``residual_matrix``     ``A = Dr(x+) J``, the derivative of ``r(x+)``
======================  ==================================================

Where the domain or ``q > 0`` is not certain the balls are indeterminate, and no predicate holds for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

from hallucert.balls import matrix
from hallucert.objectives.objective import Objective
from hallucert.prove.claims import Enclosure

Ball = Any
Matrix = list[list[Any]]


class Point:
    """The SAM map at every point of a box.

    Parameters
    ----------
    arithmetic
        One of `hallucert.balls.arithmetic`.
    objective : Objective
        The function.
    rho : Fraction
        Exact perturbation radius.
    x : sequence of balls
        The box, `d` balls.
    """

    def __init__(self, arithmetic: Any, objective: Objective, rho: Fraction, x: Sequence[Ball]) -> None:
        self.arithmetic = arithmetic
        self.objective = objective
        self.exact_rho = rho
        self.rho = arithmetic.constant(rho)
        self.x = list(x)

    @cached_property
    def gradient(self) -> list[Ball]:
        """``g(x)``."""
        return self.objective.enclose_gradient(self.arithmetic, self.x)

    @cached_property
    def q(self) -> Ball:
        """``|g(x)|``; indeterminate unless ``g`` is certainly nonzero on the box."""
        ar = self.arithmetic
        return ar.sqrt(sum_of_squares(ar, self.gradient))

    @cached_property
    def u(self) -> list[Ball]:
        """``g(x)/|g(x)|``."""
        return [g / self.q for g in self.gradient]

    @cached_property
    def plus(self) -> list[Ball]:
        """``x+ = x + rho u(x)``."""
        return [x + self.rho * u for x, u in zip(self.x, self.u, strict=True)]

    @cached_property
    def multiplier(self) -> Ball:
        """``lambda = q / rho``."""
        return self.q / self.rho

    @cached_property
    def hessian(self) -> Matrix:
        """``H(x)``."""
        return self.objective.enclose_hessian(self.arithmetic, self.x)

    @cached_property
    def hessian_along(self) -> list[Ball]:
        """``H(x) u``."""
        return matrix.apply(self.arithmetic, self.hessian, self.u)

    @cached_property
    def perturbation(self) -> Matrix:
        """``J = I + (rho/q) (H - u (H u)^T)``, which is ``I + rho Du``."""
        scale, along, one = self.rho / self.q, self.hessian_along, self.arithmetic.constant(Fraction(1))
        result = [
            [scale * (h - v * w) for h, w in zip(row, along, strict=True)]
            for row, v in zip(self.hessian, self.u, strict=True)
        ]
        for i, row in enumerate(result):
            row[i] = row[i] + one
        return result

    @cached_property
    def hessian_plus(self) -> Matrix:
        """``H(x+)``."""
        return self.objective.enclose_hessian(self.arithmetic, self.plus)

    @cached_property
    def shifted_gradient(self) -> list[Ball]:
        """``F(x) = g(x+)``."""
        return self.objective.enclose_gradient(self.arithmetic, self.plus)

    @cached_property
    def sam_matrix(self) -> Matrix:
        """``M = H(x+) J``, the Jacobian of ``F``."""
        return self.arithmetic.matrix_product(self.hessian_plus, self.perturbation)

    @cached_property
    def shifted_residual(self) -> list[Ball]:
        """``r(x+)``."""
        return self.objective.enclose_residual(self.arithmetic, self.plus)

    @cached_property
    def residual_jacobian_plus(self) -> Matrix:
        """``B = Dr(x+)``."""
        return self.objective.enclose_residual_jacobian(self.arithmetic, self.plus)

    @cached_property
    def residual_matrix(self) -> Matrix:
        """``A = Dr(x+) J = B + (rho/q) (B - (B u) u^T) H``, the Jacobian of ``r(x+)``; ``J`` is not formed."""
        ar, b = self.arithmetic, self.residual_jacobian_plus
        along = matrix.apply(ar, b, self.u)  # B u
        across = [[v - s * u for v, u in zip(row, self.u, strict=True)] for row, s in zip(b, along, strict=True)]
        turned = matrix.scale(self.rho / self.q, ar.matrix_product(across, self.hessian))
        return matrix.add(b, turned)

    @cached_property
    def domain_certain(self) -> bool:
        """Whether ``f`` is certainly defined, hence analytic, on the box and on its image under ``x -> x+``.

        The function's own tape is run, not a derivative's: a derivative may be defined where the function is not.
        """
        ar, f = self.arithmetic, self.objective
        return ar.is_finite(f.enclose_value(ar, self.x)) and ar.is_finite(f.enclose_value(ar, self.plus))

    def enclosure(self, ball: Ball) -> Enclosure | None:
        """Return the ends of a ball, or None if it is indeterminate."""
        ar = self.arithmetic
        return Enclosure(ar.lower(ball), ar.upper(ball)) if ar.is_finite(ball) else None


def sum_of_squares(arithmetic: Any, balls: Sequence[Ball]) -> Ball:
    """Return an enclosure of the sum of the squares."""
    total = arithmetic.constant(Fraction(0))
    for ball in balls:
        total = total + arithmetic.power(ball, 2)
    return total
