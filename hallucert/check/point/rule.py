"""How a theorem about a point becomes a claim, once for proving and once for checking.

Each theorem is a `Rule` in a file of its own: *choose* exact inputs (prover only), *measure* the numbers of the theorem
by enclosures, *conclude* status and sentence from published numbers alone. The prover runs all three, the checker the
last two (see `hallucert.check.theorem`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from hallucert.check.claim import Claim, Status
from hallucert.check.reason import MOST_BITS, Reason
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
    construction
        The search's construction (`hallucert.find.candidate.Construction`), for `farthest_point`; the prover's hint
        only.
    global_box : (d, 2) array or None
        The box over which the target is asked to be a global minimizer; the prover's hint only.
    direction : (d,) array or None
        The direction of `no_minimizer_near`; the prover's hint only.
    step : Fraction or None
        The step of `basin`, dyadic; the prover's hint only.
    start : tuple of Fraction or None
        Where the run of `converges` starts; the prover's hint only.
    exact_step : Fraction or None
        The step of `converges`, at most that of `basin`; the prover's hint only.
    claims : mapping of str to Claim
        Claims made so far; the prover's hint only.
    """

    arithmetic: Any
    point: Point
    witness: Witness
    max_boxes: int
    clock: Clock = UNLIMITED
    construction: Any = None
    global_box: np.ndarray | None = None
    direction: np.ndarray | None = None
    step: Fraction | None = None
    start: tuple[Fraction, ...] | None = None
    exact_step: Fraction | None = None
    claims: Mapping[str, Claim] = field(default_factory=dict)

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


def _no_inputs(evidence: Evidence) -> Inputs:
    return {}


def _in_time(evidence: Evidence, work: Callable[[], Mapping[str, Any] | Reason]) -> Mapping[str, Any] | Reason:
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
    choose : callable
        ``evidence -> inputs`` for the prover, or a `Reason`.
    asked : callable
        Whether the prover should make this claim at all.
    questions : mapping of str to str
        The question for a variant of SAM, where it differs by more than the method's name.
    """

    measure: Callable[[Evidence, Inputs], Numbers | Reason]
    choose: Callable[[Evidence], Inputs | Reason] = _no_inputs
    asked: Callable[[Evidence], bool] = lambda evidence: True
    questions: Mapping[str, str] = field(default_factory=dict)

    def about(self, law: RadiusLaw) -> Rule:
        """Return the rule with its question for a law of the ascent step."""
        question = self.questions.get(law.variant) or self.question.replace("SAM", law.name)
        return self if question == self.question else replace(self, question=question)

    def prove(self, evidence: Evidence, facts: Facts) -> Claim:
        """Make the claim; an honest failure is an undecided claim, with the numbers that decide nothing."""
        rule = self.about(facts.law)
        inputs = _in_time(evidence, lambda: self.choose(evidence))
        if isinstance(inputs, Reason):
            return rule.open(inputs)
        measured = _in_time(evidence, lambda: self.measure(evidence, inputs))
        if isinstance(measured, Reason):
            return rule.open(measured)
        precision, sizes = evidence.arithmetic.precision, evidence.sizes
        numbers = {key: enclosure.published(precision, sizes.of(key)) for key, enclosure in measured.items()}
        stated = self.state(facts, numbers, inputs)
        if isinstance(stated, Reason):
            return replace(rule.open(self._cause(stated, evidence, facts, measured, inputs)), numbers=numbers)
        return stated

    def _cause(self, reason: Reason, evidence: Evidence, facts: Facts, measured: Numbers, inputs: Inputs) -> Reason:
        """Name the cause where nothing but the absolute margin of publication leaves the numbers undecided."""
        numbers = {key: enclosure.published(None) for key, enclosure in measured.items()}
        if isinstance(self.conclude(facts, numbers, inputs), Reason):
            return reason
        return Reason.SCALE if evidence.arithmetic.precision >= MOST_BITS else Reason.STRADDLES

    def recheck(self, claim: Claim, evidence: Evidence, facts: Facts) -> str | None:
        """Re-prove a published claim; return None, or what could not be re-proved."""
        measured = _in_time(evidence, lambda: self.measure(evidence, claim.inputs))
        return Measured(self, measured, claim.inputs).recheck(claim, facts)


__all__ = ["Conclusion", "Evidence", "Facts", "Inputs", "Numbers", "Rule"]
