"""SAM with mini-batches: the problem, and every quantity of the SAM maps of all batches on a box of points.

A fixed partition of the residuals into batches b (`hallucert.objectives.batches`). Each has its own loss ``f_b``,
gradient ``g_b``, direction ``u_b = g_b/|g_b|`` and perturbed point ``x_b+ = x + rho u_b(x)``, and a step with it is
``x - eta g_b(x_b+)``. The equations are ``y(x) = (r_b(x_b+))_b = 0``, batch after batch: m equations in d unknowns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from hallucert.balls.facade import Ball, Matrix
from hallucert.check.claim import Sentence
from hallucert.check.parts import Parts
from hallucert.check.problem import Point, Problem
from hallucert.errors import ArgumentError, CertificateError
from hallucert.objectives.batches import Batches, batches_from_json
from hallucert.objectives.radius_law import SAM

LONGEST = 200
"""Characters up to which a card lists the batches."""


@dataclass(frozen=True, kw_only=True)
class BatchProblem(Problem):
    """A problem of SAM in residual form whose steps see one batch each."""

    claims: ClassVar[Mapping[str, str]] = {
        "existence": "batches.claims",
        "nonstationary": "batches.claims",
        "target": "batches.claims",
        "regular": "batches.claims",
        "hallucinated_minimizer": "batches.claims",
        "attractor": "batches.attractor",
        "mean_square": "batches.mean_square",
        "reshuffled": "batches.reshuffled",
    }

    residual: bool = True
    batches: Batches

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.law != SAM or not self.residual:
            raise ArgumentError("batches", self.batches, "be left out but for SAM and objectives in residual form")
        if self.batches.residual_count != self.objective.residual_count:
            raise ArgumentError("batches", self.batches, f"have {self.objective.residual_count} residuals")

    @cached_property
    def parts(self) -> list[Problem]:
        """The problem of each batch alone."""
        return [Problem(f, self.rho, residual=True) for f in self.batches.parts(self.objective)]

    @property
    def equation(self) -> Sentence:
        return Sentence("batches.equation")

    @property
    def described(self) -> str:
        """The batches, if they are few and small."""
        from hallucert.decimals import short_rational  # for print only

        texts = ["{" + ", ".join(map(str, rows)) + "}" for rows in self.batches.rows]
        pairs = zip(texts, self.batches.probabilities, strict=True)
        listed = ", ".join(f"{text} with probability {short_rational(p)}" for text, p in pairs)
        count = len(texts)
        return f", {count} batches" + (f" of residuals: {listed}" if len(listed) <= LONGEST else "")

    def at(self, arithmetic: Any, x: Sequence[Ball]) -> BatchPoint:
        return BatchPoint(arithmetic, self, x)


def batch_problem(problem: Problem, batches: Batches) -> BatchProblem:
    """Return the problem with mini-batches; ArgumentError if it has none."""
    return BatchProblem(problem.objective, problem.rho, problem.law, batches=batches)


def posed_in_batches(problem: Problem, data: object, solved: bool) -> BatchProblem:
    """Return the problem of a file with batches; `solved` if it has a witness."""
    batches = batches_from_json(data, "problem.batches")
    if solved and not problem.residual:
        raise CertificateError("witness.system", "must be residual with batches")
    try:
        return batch_problem(problem, batches)
    except ArgumentError as error:
        raise CertificateError("problem.batches", str(error)) from None


class BatchPoint(Parts):
    """The SAM maps of all batches at every point of a box; `gradient` is that of all of ``f``."""

    def __init__(self, arithmetic: Any, problem: BatchProblem, x: Sequence[Ball]) -> None:
        super().__init__(arithmetic, problem, x)
        self.batches = problem.batches
        self.parts = [Point(arithmetic, part, self.x) for part in problem.parts]

    @cached_property
    def shifted_residual(self) -> list[Ball]:
        """``y = (r_b(x_b+))_b``."""
        return [r for part in self.parts for r in part.shifted_residual]

    @cached_property
    def residual_jacobian_plus(self) -> Matrix:
        """``B``, the rows ``Dr_b(x_b+)`` of all batches."""
        return [row for part in self.parts for row in part.residual_jacobian_plus]

    @cached_property
    def residual_matrix(self) -> Matrix:
        """``A = Dy``, the rows ``Dr_b(x_b+) J_b(x)`` of all batches."""
        return [row for part in self.parts for row in part.residual_matrix]
