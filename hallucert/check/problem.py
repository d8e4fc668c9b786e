"""The problem, and every quantity of its SAM map on a box of points.

A `Problem` is a function, a radius, an ascent step, and whether targets are zeros of the gradient or of residuals. A
`Point` of it is evaluated once for a box (or a single point) ``x`` and offers, as enclosures valid for every point of
the box, what the theorems read:

======================  ==================================================
``q``                   ``|g(x)|``
``size``                ``s``, which is ``q`` for SAM
``u``                   ``g(x) / q``
``plus``                ``x+ = x + rho u``
``perturbation``        ``J = I + rho (I - u u^T) H(x) / q``
``sam_matrix``          ``M = H(x+) J``, the derivative of ``g(x+)``
``residual_matrix``     ``A = Dr(x+) J``, the derivative of ``r(x+)``
======================  ==================================================

Where the domain or ``q > 0`` is not certain the balls are indeterminate, and no predicate holds for them. Another
`RadiusLaw` than SAM's has ``s``, ``u`` and ``J = I + (rho/s) T H`` of its own; only USAM has them where ``q = 0``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, Matrix
from hallucert.check.claim import Enclosure, Sentence
from hallucert.errors import ArgumentError
from hallucert.exact import require_radius
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM, RadiusLaw

Balls = list[Ball]

T = TypeVar("T")


@dataclass(frozen=True)
class Problem:
    """What a point is a point of: a function, an exact positive radius, and the ascent step.

    With `residual` the equation is ``r(x+) = 0``, for a function in residual form, instead of ``g(x+) = 0``.
    """

    claims: ClassVar[Mapping[str, str]] = {}
    """Where its claims are, by name and in order, for problems that have others than the usual ones."""

    period: ClassVar[int] = 1
    """How many points of the space of f an unknown x holds, one after the other."""

    objective: Objective
    rho: Fraction
    law: RadiusLaw = SAM
    residual: bool = False

    def __post_init__(self) -> None:
        require_radius(self.rho)
        if self.law.scales and len(self.law.scales) != self.objective.dimension:
            raise ArgumentError("law", self.law, f"have {self.objective.dimension} scales, one for each variable")

    @property
    def equation(self) -> Sentence:
        """The equation that is solved, in words."""
        return Sentence("point.equation", (self.law, self.residual))

    @property
    def decay(self) -> Fraction:
        """Weight decay w at x: a step goes along ``g(x+) + w x``."""
        return Fraction(0)

    @property
    def described(self) -> str:
        """What a card says of the problem besides its radius and law."""
        return ""

    def at(self, arithmetic: Any, x: Sequence[Ball]) -> Point:
        """Return the SAM map on a box of points."""
        return Point(arithmetic, self, x)


class AboutProblem:
    """What is about a problem, and says of what function, for which radius and with which ascent step it is."""

    problem: Problem

    @property
    def objective(self) -> Objective:
        """The function."""
        return self.problem.objective

    @property
    def rho(self) -> Fraction:
        """Exact perturbation radius."""
        return self.problem.rho

    @property
    def law(self) -> RadiusLaw:
        """The ascent step that the claims are about."""
        return self.problem.law


class Kept(Generic[T]):
    """What was last made of a list of balls, as long as they are the same balls."""

    def __init__(self) -> None:
        self._balls: tuple[Ball, ...] = ()
        self._made: T | None = None

    def of(self, balls: list[Ball], make: Callable[[], T]) -> T:
        """Return what was made of `balls`, or make it; a list that was changed in the meantime has others."""
        same = len(balls) == len(self._balls) and all(map(operator.is_, balls, self._balls))
        if self._made is None or not same:
            self._made, self._balls = make(), tuple(balls)
        return self._made


class Point:
    """The SAM map of a problem at every point of a box, `d` balls of an arithmetic."""

    def __init__(self, arithmetic: Any, problem: Problem, x: Sequence[Ball]) -> None:
        self.arithmetic = arithmetic
        self.problem = problem
        self.objective, self.exact_rho, self.law = problem.objective, problem.rho, problem.law
        self.rho = arithmetic.constant(problem.rho)
        self.x = list(x)

    @cached_property
    def gradient(self) -> list[Ball]:
        """``g(x)``."""
        return self.objective.enclose_gradient(self.arithmetic, self.x)

    @cached_property
    def q(self) -> Ball:
        """``|g(x)|``; indeterminate unless ``g`` is certainly nonzero on the box."""
        ar = self.arithmetic
        return ar.sqrt(matrix.sum_of_squares(ar, self.gradient))

    @cached_property
    def scales(self) -> list[Ball]:
        """The diagonal of ``D``; empty for the identity."""
        return [self.arithmetic.constant(scale) for scale in self.law.scales]

    @cached_property
    def size(self) -> Ball:
        """``s``: ``|g(x)|``, for USAM 1, for ASAM ``|D g(x)|``."""
        ar = self.arithmetic
        if not self.law.normalised:
            return ar.constant(Fraction(1))
        if not self.scales:
            return self.q
        return ar.sqrt(matrix.sum_of_squares(ar, [d * g for d, g in zip(self.scales, self.gradient, strict=True)]))

    @cached_property
    def u(self) -> list[Ball]:
        """``g(x)/|g(x)|``, for USAM ``g(x)``, for ASAM ``D^2 g/|D g|``."""
        return [g / self.size for g in self._weighted(self.gradient)]

    def _weighted(self, v: list[Ball]) -> list[Ball]:
        """``D^2 v``."""
        if not self.scales:
            return v
        return [self.arithmetic.power(d, 2) * side for d, side in zip(self.scales, v, strict=True)]

    @cached_property
    def plus(self) -> list[Ball]:
        """``x+ = x + rho u(x)``."""
        return [x + self.rho * u for x, u in zip(self.x, self.u, strict=True)]

    @cached_property
    def multiplier(self) -> Ball:
        """``lambda = s / rho``; for SAM ``s = q``."""
        return self.size / self.rho

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
        """``J = I + (rho/q) (H - u (H u)^T)``, which is ``I + rho Du``; ``I + (rho/s) T H`` for other laws."""
        one = self.arithmetic.constant(Fraction(1))
        if not self.law.normalised:
            result = matrix.scale(self.rho, self.hessian)
        else:
            scale, along, rows = self.rho / self.size, self.hessian_along, self.hessian
            if self.scales:
                rows = matrix.transpose([self._weighted(column) for column in matrix.transpose(rows)])
            result = [
                [scale * (h - v * w) for h, w in zip(row, along, strict=True)]
                for row, v in zip(rows, self.u, strict=True)
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
        """``F(x) = g(x+)``; with weight decay ``g(x+) + w x``."""
        shifted = self.objective.enclose_gradient(self.arithmetic, self.plus)
        if not self.problem.decay:
            return shifted
        decay = self.arithmetic.constant(self.problem.decay)
        return [g + decay * x for g, x in zip(shifted, self.x, strict=True)]

    @cached_property
    def sam_matrix(self) -> Matrix:
        """``M = H(x+) J``, with weight decay ``H(x+) J + w I``: the Jacobian of ``F``."""
        result: Matrix = self.arithmetic.matrix_product(self.hessian_plus, self.perturbation)
        if self.problem.decay:
            for i, row in enumerate(result):
                row[i] = row[i] + self.arithmetic.constant(self.problem.decay)
        return result

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
        """``A = Dr(x+) J = B + (rho/q) (B - (B u) u^T) H``, the Jacobian of ``r(x+)``; ``J`` is not formed.

        For other laws ``B + (rho/s) (B T) H``.
        """
        ar, b = self.arithmetic, self.residual_jacobian_plus
        across = b
        if self.law.normalised:
            along = matrix.apply(ar, b, self.u)  # B u
            across = [
                [v - s * u for v, u in zip(self._weighted(row), self.u, strict=True)]
                for row, s in zip(b, along, strict=True)
            ]
        turned = matrix.scale(self.rho / self.size, ar.matrix_product(across, self.hessian))
        return matrix.add(b, turned)

    @property
    def equations(self) -> list[Ball]:
        """What vanishes at ``x*``: ``g(x+)``, in residual form ``r(x+)``."""
        return self.shifted_residual if self.problem.residual else self.shifted_gradient

    @property
    def jacobian(self) -> Matrix:
        """The Jacobian of the equations."""
        return self.residual_matrix if self.problem.residual else self.sam_matrix

    @cached_property
    def value(self) -> Ball:
        """``f(x)``."""
        return self.objective.enclose_value(self.arithmetic, self.x)

    @cached_property
    def value_plus(self) -> Ball:
        """``f(x+)``."""
        return self.objective.enclose_value(self.arithmetic, self.plus)

    @cached_property
    def domain_certain(self) -> bool:
        """Whether ``f`` is certainly defined, hence analytic, on the box and on its image under ``x -> x+``.

        The function's own tape is run, not a derivative's: a derivative may be defined where the function is not.
        """
        ar = self.arithmetic
        return bool(ar.is_finite(self.value) and ar.is_finite(self.value_plus))

    def enclosure(self, ball: Ball) -> Enclosure | None:
        """Return the ends of a ball, or None if it is indeterminate."""
        ar = self.arithmetic
        return Enclosure(*ar.endpoints(ball)) if ar.is_finite(ball) else None
