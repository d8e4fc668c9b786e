"""SAM with weight decay at the clean point: a step is ``x - eta (g(x+) + w x)``, as of optimizers with weight decay.

Its fixed points solve ``G(x) = g(x+) + w x = 0``, d equations in d unknowns whatever f is, with the Jacobian ``M_w =
H(x+) J + w I``; `hallucert.check.problem.Point` has both. They are no hallucinated points of f
(`hallucert.check.decay.claims`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from hallucert.check.claim import Sentence
from hallucert.check.problem import Problem
from hallucert.errors import ArgumentError, CertificateError
from hallucert.exact import require_radius
from hallucert.objectives.radius_law import SAM
from hallucert.objectives.tape import read_rational


@dataclass(frozen=True, kw_only=True)
class DecayProblem(Problem):
    """A problem of SAM with weight decay: an exact positive number."""

    claims: ClassVar[Mapping[str, str]] = {
        "existence": "decay.claims",
        "nonstationary": "decay.claims",
        "target": "decay.claims",
        "hallucinated_minimizer": "decay.claims",
        "attractor": "decay.claims",
        "basin": "decay.attraction",
        "momentum": "decay.attraction",
        "converges": "decay.attraction",
    }

    weight_decay: Fraction

    def __post_init__(self) -> None:
        super().__post_init__()
        require_radius(self.weight_decay, "weight_decay")
        if self.law != SAM or self.residual:
            raise ArgumentError("weight_decay", self.weight_decay, "be left out but for SAM and the gradient system")

    @property
    def decay(self) -> Fraction:
        return self.weight_decay

    @property
    def equation(self) -> Sentence:
        return Sentence("decay.equation", (self.weight_decay,))

    @property
    def described(self) -> str:
        from hallucert.decimals import short_rational  # for print only

        return f", weight decay w = {short_rational(self.weight_decay)} at x"


def decay_problem(problem: Problem, weight_decay: Fraction) -> DecayProblem:
    """Return the problem with weight decay; ArgumentError if it has none."""
    return DecayProblem(problem.objective, problem.rho, problem.law, problem.residual, weight_decay=weight_decay)


def posed_with_decay(problem: Problem, data: object, is_box: bool) -> DecayProblem:
    """Return the problem of a file with weight decay; `is_box` if its witness solves nothing."""
    if is_box:
        raise CertificateError("witness.system", "must be gradient with weight decay")
    try:
        return decay_problem(problem, read_rational(data, "problem.weight_decay"))
    except ArgumentError as error:
        raise CertificateError("problem.weight_decay", str(error)) from None
