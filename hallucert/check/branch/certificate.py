"""Branches and complete diagrams of hallucinated points: claims about them, and their certificates.

They are curves ``g(x) = lambda (c - x)`` with rho free (Proposition 4.5).

================  =====================================================================================================
``target``        exactly one critical point ``c`` of ``f`` lies in a box, and it is nondegenerate of a known index
``branch``        a chain of cells holds one connected smooth curve of hallucinated points of target ``c``, from a
                  radius (or a critical point) to another; every radius between is attained (intermediate value theorem)
``fold``          the curve has a nondegenerate turning point in rho, at a radius in an explicit interval
``stability``     every point of a part of the curve attracts SAM (or every one repels it)
``completeness``  of a diagram: every hallucinated point of a region with that target lies on one of the curves, see
                  `hallucert.check.branch.region`
================  =====================================================================================================

``branch``, ``fold`` and ``stability`` occur once for each chain, fold and part. Everything is said of the true critical
point ``c``: its enclosure enters every proof as a ball. The prover and the checker both measure (`measured_claims`)
and state each theorem from the published numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from hallucert.arguments import Late
from hallucert.check.branch.cell import ATTRACTING
from hallucert.check.branch.chain import LATE, Chain, ChainFacts, Objection, check_chain
from hallucert.check.branch.system import BranchSystem, Target, TargetBox
from hallucert.check.claim import (
    Claim,
    Conclusion,
    Enclosure,
    Inputs,
    Measured,
    Numbers,
    Provenance,
    Sentence,
    Status,
    Theorem,
)
from hallucert.check.file.chains import ChainCertificate
from hallucert.check.reason import Reason
from hallucert.clock import UNLIMITED, Clock, OutOfTime
from hallucert.objectives.objective import Objective

if TYPE_CHECKING:
    import numpy as np

    from hallucert.check.file.unfinished import Unfinished


@dataclass(frozen=True)
class Branches:
    """What the sentences speak of: branches 1, 2, .. are the chains of a certificate; a diagram has a `region`."""

    dimension: int
    chains: tuple[Chain, ...]
    region: tuple[tuple[Fraction, Fraction], ...] = ()


def _target(about: Branches, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """The target is a nondegenerate critical point."""
    small, large, negative = (
        numbers["smallest_hessian_eigenvalue"],
        numbers["largest_hessian_eigenvalue"],
        inputs["negative"],
    )
    if (small.lower > 0) != (negative == 0) or (large.upper < 0) != (negative == about.dimension):
        return Reason.STRADDLES
    return Status.PROVED, Sentence("branch.target", (negative, about.dimension, small.lower, large.upper))


def _branch(about: Branches, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """A chain of cells holds one curve."""
    chain = about.chains[inputs["branch"] - 1]
    ends = (chain.from_critical, chain.to_critical)
    return Status.PROVED, Sentence("branch.branch", (len(chain.links), ends, numbers, inputs))


def _fold(about: Branches, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """The curve turns back."""
    second = numbers["second_derivative"]
    if second.lower <= 0 <= second.upper:
        return Reason.STRADDLES
    return Status.PROVED, Sentence("branch.fold", (inputs["branch"], numbers))


def _stability(about: Branches, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """Said by cells, because a curve with folds has several points of one radius."""
    return Status.PROVED, Sentence("branch.stability", (numbers, inputs))


def _complete(about: Branches, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """There are no other points."""
    return Status.PROVED, Sentence("branch.complete", (about.region, len(about.chains)))


def _theorem(
    name: str, conclude: Callable[[Branches, Numbers, Inputs], Conclusion], numbers: str, inputs: str, question: str
) -> Theorem[Branches]:
    """Return a theorem, about one of the branches if ``branch`` is among its inputs, which are integers."""
    types, subject = dict.fromkeys(inputs.split(), "integer"), "branch" * ("branch" in inputs.split())
    return Theorem(
        name=name,
        question=question,
        conclude=conclude,
        numbers=(frozenset(numbers.split()),),
        inputs=(types,),
        subject=subject,
    )


TARGET = _theorem(
    "target",
    _target,
    "smallest_hessian_eigenvalue largest_hessian_eigenvalue",
    "negative",
    "Is there a nondegenerate critical point of f near the target of the branch?",
)
BRANCH = _theorem(
    "branch",
    _branch,
    "rho_start rho_end",
    "branch negative folds monotone",
    "Is there a curve of hallucinated points along the branch?",
)
FOLD = _theorem("fold", _fold, "rho second_derivative", "branch", "Does the branch turn back in rho?")
STABILITY = _theorem(
    "stability",
    _stability,
    "rho_from rho_to",
    "branch first_cell last_cell attracting",
    "Do the points of the branch attract or repel SAM?",
)
COMPLETENESS: Theorem[Branches] = Theorem(
    name="completeness",
    question="Are these all hallucinated points of the target in the box?",
    conclude=_complete,
    numbers=(frozenset(),),
    inputs=({"subdivision": "subdivision", "holders": "vector", "thickness": "vector"},),
)
THEOREMS = {theorem.name: theorem for theorem in (TARGET, BRANCH, FOLD, STABILITY)}
"""Of branches, in the order in which they are claimed."""

OF_DIAGRAMS = {**THEOREMS, COMPLETENESS.name: COMPLETENESS}
"""Of diagrams."""


def target_claim(target: Target) -> Measured[Branches]:
    """Return the claim about the target."""
    numbers = {"smallest_hessian_eigenvalue": target.smallest, "largest_hessian_eigenvalue": target.largest}
    return Measured(TARGET, numbers, {"negative": target.negative})


def chain_claims(index: int, target: Target, facts: ChainFacts) -> list[Measured[Branches]]:
    """Return the claims of one chain: the curve, its folds, its stability."""
    what = {"negative": target.negative, "folds": len(facts.folds), "monotone": int(facts.turning_complete)}
    ends: dict[str, Enclosure] = {"rho_start": facts.rho_start, "rho_end": facts.rho_end}
    claims = [Measured(BRANCH, ends, {"branch": index, **what})]
    for fold in facts.folds:
        claims.append(Measured(FOLD, {"rho": fold.rho, "second_derivative": fold.second_derivative}, {"branch": index}))
    for run in facts.runs:
        cells = {"first_cell": run.first_cell + 1, "last_cell": run.last_cell + 1}
        part = {"branch": index, **cells, "attracting": int(run.word == ATTRACTING)}
        claims.append(Measured(STABILITY, {"rho_from": run.rho_from, "rho_to": run.rho_to}, part))
    return claims


def measured_claims(
    system: BranchSystem, target: Target, chains: Sequence[Chain], clock: Clock = UNLIMITED
) -> list[list[Measured[Branches]] | Objection]:
    """Prove everything about a target and its chains, which are numbered from 1.

    Entry 0 of the result is the claim about the target; entry `k` are the claims of chain `k`, or what could not be
    proved of it.
    """
    result: list[list[Measured[Branches]] | Objection] = [[target_claim(target)]]
    for number, chain in enumerate(chains, 1):
        try:
            facts = check_chain(system, chain, None, clock)
        except OutOfTime:
            facts = LATE
        result.append(facts if isinstance(facts, Objection) else chain_claims(number, target, facts))
    return result


@dataclass(frozen=True, repr=False)
class BranchCertificate(ChainCertificate):
    """Everything that was proved about one branch, with what an independent checker needs to prove it again.

    Indexing with ``"target"``, ``"branch"``, ``"fold"`` or ``"stability"`` gives the `Claims` of that name: a
    branch has one claim for each chain, each fold and each part of one stability. Printing gives a theorem card.

    Attributes
    ----------
    objective : Objective
        The function.
    target : TargetBox or None
        Where the target is; None if none could be proved.
    chains : tuple of Chain
        The cells; branches 1, 2, .. of the claims.
    all_claims : tuple of Claim
        In the order in which they are made.
    provenance : Provenance
        Which software made it.
    box : tuple of (Fraction, Fraction) or None
        Contains the target ``c``; None unless that is proved.
    unfinished : Unfinished or None
        How much of it is left, if the time was up: not in a file.
    """

    kind: ClassVar[str] = "branch"
    first_claim: ClassVar[str] = "branch"
    names: ClassVar[tuple[str, ...]] = tuple(THEOREMS)

    objective: Objective
    target: TargetBox | None
    chains: tuple[Chain, ...]
    all_claims: tuple[Claim, ...]
    provenance: Provenance
    box: tuple[tuple[Fraction, Fraction], ...] | None = None
    unfinished: Unfinished | None = field(default=None, compare=False, kw_only=True)

    @property
    def about(self) -> Branches:
        """What the sentences speak of."""
        return Branches(self.objective.dimension, self.chains)

    if TYPE_CHECKING:

        @property
        def curves(self) -> tuple[np.ndarray, ...]: ...
    else:
        curves = Late("hallucert.check.polygons", cached_property)

    def lengths(self) -> list[int]:
        return [len(chain.links) for chain in self.chains]


@dataclass(frozen=True, repr=False)
class DiagramCertificate(BranchCertificate):
    """Everything that was proved about the branches of one target, and that these are all in a box.

    Indexing and printing are as for a `BranchCertificate`; there is one more claim, ``"completeness"``. Its attributes
    are those, and `region`, the box of ``x`` in which the diagram is complete, or should be; there may be no `chains`.
    """

    kind: ClassVar[str] = "diagram"
    names: ClassVar[tuple[str, ...]] = tuple(OF_DIAGRAMS)

    region: tuple[tuple[Fraction, Fraction], ...] = ()

    @property
    def about(self) -> Branches:
        """What the sentences speak of."""
        return Branches(self.objective.dimension, self.chains, self.region)

    @property
    def complete(self) -> bool:
        """Whether it is proved that every hallucinated point of the target in the box lies on a branch."""
        return self[COMPLETENESS.name][0].status is Status.PROVED

    @property
    def proved(self) -> bool:
        """Whether anything is certified of the points: a branch, or that there are no others."""
        return self.complete or super().proved
