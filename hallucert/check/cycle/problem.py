"""Two-cycles of SAM: the problem, and the SAM map at both points.

With a fixed step E the SAM step is ``S(x) = x - E g(x+)``. A two-cycle is a pair of points ``p != q`` with ``S(p) = q``
and ``S(q) = p``. The unknown is the pair ``x = (p, q)``, 2 d coordinates, and the equations are

    G(p, q) = (S(p) - q, S(q) - p) = 0,    DG = [[DS(p), -I], [-I, DS(q)]],    DS = I - E M,  M = H(x+) J.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, Matrix
from hallucert.check.claim import Sentence
from hallucert.check.parts import Parts
from hallucert.check.problem import Balls, Point, Problem
from hallucert.errors import ArgumentError
from hallucert.exact import require_radius
from hallucert.objectives.radius_law import SAM


@dataclass(frozen=True, kw_only=True)
class CycleProblem(Problem):
    """A problem of SAM with a fixed `step`, whose unknown is a pair of points."""

    claims: ClassVar[Mapping[str, str]] = {
        "existence": "cycle.claims",
        "nonstationary": "cycle.claims",
        "attractor": "cycle.claims",
        "around": "cycle.around",
        "basin": "cycle.basin",
    }

    period: ClassVar[int] = 2

    step: Fraction

    def __post_init__(self) -> None:
        super().__post_init__()
        require_radius(self.step, "step")
        if self.law != SAM or self.residual:
            raise ArgumentError("law", self.law, "be that of SAM, and the equations not those of residuals")

    @property
    def equation(self) -> Sentence:
        return Sentence("cycle.equation", (self.step,))

    @property
    def described(self) -> str:
        from hallucert.decimals import short_rational  # for print only

        return f", two-cycle of the step {short_rational(self.step)}"

    def at(self, arithmetic: Any, x: Sequence[Ball]) -> CyclePoint:
        return CyclePoint(arithmetic, self, x)


class StepPoint(Point):
    """The SAM map at every point of a box, and where a step with `step` leads from there."""

    def __init__(self, arithmetic: Any, problem: StepProblem, x: Sequence[Ball]) -> None:
        super().__init__(arithmetic, problem, x)
        self.step = arithmetic.constant(problem.step)

    @cached_property
    def after(self) -> Point:
        """The SAM map at all points ``S(x)``."""
        x = [v - self.step * g for v, g in zip(self.x, self.shifted_gradient, strict=True)]
        return Point(self.arithmetic, self.problem, x)

    @cached_property
    def domain_certain(self) -> bool:
        """Whether two steps are certainly defined from all of the box."""
        return super().domain_certain and self.after.domain_certain


@dataclass(frozen=True, kw_only=True)
class StepProblem(Problem):
    """A problem of SAM with a fixed `step`, whose points know the next one."""

    step: Fraction

    def at(self, arithmetic: Any, x: Sequence[Ball]) -> StepPoint:
        """Return the SAM map on a box of points and on its image."""
        return StepPoint(arithmetic, self, x)


class CyclePoint(Parts):
    """The SAM maps at p and at q, for every pair of a box."""

    def __init__(self, arithmetic: Any, problem: CycleProblem, x: Sequence[Ball]) -> None:
        super().__init__(arithmetic, problem, x)
        self.cycle, self.step = problem, arithmetic.constant(problem.step)
        d, single = problem.objective.dimension, Problem(problem.objective, problem.rho)
        self.parts = [Point(arithmetic, single, self.x[i : i + d]) for i in (0, d)]

    @cached_property
    def gradient(self) -> Balls:
        """``g(p)`` and ``g(q)``."""
        return [g for part in self.parts for g in part.gradient]

    @cached_property
    def difference(self) -> Balls:
        """``p - q``."""
        return [a - b for a, b in zip(*(part.x for part in self.parts), strict=True)]

    @cached_property
    def equations(self) -> Balls:
        p, q = self.parts
        return [
            x - self.step * g - y
            for here, there in ((p, q), (q, p))
            for x, g, y in zip(here.x, here.shifted_gradient, there.x, strict=True)
        ]

    @cached_property
    def step_matrices(self) -> list[Matrix]:
        """``DS(p)`` and ``DS(q)``."""
        one = matrix.identity(self.arithmetic, self.objective.dimension)
        return [matrix.subtract(one, matrix.scale(self.step, part.sam_matrix)) for part in self.parts]

    @cached_property
    def jacobian(self) -> Matrix:
        zero, minus = (self.arithmetic.constant(Fraction(value)) for value in (0, -1))
        first, second = self.step_matrices
        other = [[minus if i == j else zero for j in range(len(first))] for i in range(len(first))]
        upper = [row + rest for row, rest in zip(first, other, strict=True)]
        return upper + [rest + row for row, rest in zip(second, other, strict=True)]

    @property
    def starts(self) -> list[StepPoint]:
        """The points p and q, with those that follow."""
        problem = StepProblem(self.objective, self.exact_rho, step=self.cycle.step)
        return [StepPoint(self.arithmetic, problem, part.x) for part in self.parts]

    @cached_property
    def return_matrix(self) -> Matrix:
        """``DS(q) DS(p)``, the derivative of two steps at p."""
        first, second = self.step_matrices
        result: Matrix = self.arithmetic.matrix_product(second, first)
        return result
