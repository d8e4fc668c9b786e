"""How a theorem about a point becomes a claim.

Each theorem is a `Rule` in a file of its own: *measure* the numbers of the theorem by enclosures, from exact inputs
that a prover chose; *conclude* status and sentence from published numbers alone (see `hallucert.check.theorem`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from hallucert.balls.facade import BallArithmetic
from hallucert.check.claim import Claim, Status
from hallucert.check.reason import Reason
from hallucert.check.sam_point import Point
from hallucert.check.sizes import Sizes
from hallucert.check.theorem import Conclusion, Inputs, Measured, Numbers, Theorem
from hallucert.check.witness import Witness
from hallucert.clock import UNLIMITED, Clock, OutOfTime
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import RadiusLaw


@dataclass(frozen=True)
class Facts:
    """What a statement may refer to besides its numbers: the problem, and the claims before it.

    Attributes
    ----------
    objective : Objective
        The function.
    rho : Fraction
        Exact perturbation radius.
    witness : Witness
        The box of the existence claim and its system.
    claims : dict of str to Claim
        Claims concluded so far.
    """

    objective: Objective
    rho: Fraction
    witness: Witness
    claims: dict[str, Claim] = field(default_factory=dict)

    @property
    def law(self) -> RadiusLaw:
        """The ascent step that the claims are about."""
        return self.witness.law

    def proved(self, name: str) -> bool:
        """Tell whether the claim `name` is there and proved."""
        return name in self.claims and self.claims[name].status is Status.PROVED


@dataclass(frozen=True)
class Evidence:
    """What is enclosed about the proved point: ``x*`` lies in the box of `point`.

    Attributes
    ----------
    arithmetic
        The arithmetic of the proof.
    point : Point
        All SAM quantities on a tight enclosure of ``x*``, under the law of the witness.
    witness : Witness
        Where the existence proof took place.
    max_boxes : int
        Budget of claims that subdivide.
    clock : Clock
        When claims that subdivide give up, as `time.monotonic` counts.
    """

    arithmetic: BallArithmetic
    point: Point
    witness: Witness
    max_boxes: int
    clock: Clock = UNLIMITED

    def __post_init__(self) -> None:
        object.__setattr__(self, "point", self.point.under(self.witness.law))

    @property
    def residual_form(self) -> bool:
        """Whether existence was proved for ``r(x+) = 0``."""
        return self.witness.system == "residual"

    @cached_property
    def sizes(self) -> Sizes:
        """The sizes of the numbers of this problem."""
        return replace(self.point.sizes, residual=self.residual_form)

    @cached_property
    def midpoint(self) -> list[Fraction]:
        """The midpoint of the enclosure of ``x*``."""
        return [self.arithmetic.midpoint(x) for x in self.point.x]


def in_time(evidence: Evidence, work: Callable[[], Mapping[str, Any] | Reason]) -> Mapping[str, Any] | Reason:
    """Do some work with an eye on the clock."""
    try:
        with evidence.clock.watched():
            return work()
    except OutOfTime:
        return Reason.TIME


@dataclass(frozen=True, kw_only=True)
class Rule(Theorem[Facts]):
    """A theorem about a point, with what measures it.

    Attributes
    ----------
    name, question, conclude, numbers, inputs
        As for `Theorem`.
    measure : callable
        ``(evidence, inputs) -> numbers``, rigorous enclosures, or a `Reason` if they cannot be had.
    questions : mapping of str to str
        The question for a variant of SAM, where it differs by more than the method's name.
    """

    measure: Callable[[Evidence, Inputs], Numbers | Reason]
    questions: Mapping[str, str] = field(default_factory=dict)

    def about(self, law: RadiusLaw) -> Rule:
        """Return the rule with its question for a law of the ascent step."""
        question = self.questions.get(law.variant) or self.question.replace("SAM", law.name)
        return self if question == self.question else replace(self, question=question)

    def recheck(self, claim: Claim, evidence: Evidence, facts: Facts) -> str | None:
        """Re-prove a published claim; return None, or what could not be re-proved."""
        measured = in_time(evidence, lambda: self.measure(evidence, claim.inputs))
        return Measured(self, measured, claim.inputs).recheck(claim, facts)


__all__ = ["Conclusion", "Evidence", "Facts", "Inputs", "Numbers", "Rule"]
