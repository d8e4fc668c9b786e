"""The certificate of a complete diagram: the branches of a target, and the claim that there are no other points."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from hallucert.check.branch.certificate import BranchCertificate
from hallucert.check.branch.claims import Branches
from hallucert.check.claim import Status
from hallucert.check.diagram.claims import COMPLETENESS, THEOREMS


@dataclass(frozen=True, repr=False)
class DiagramCertificate(BranchCertificate):
    """Everything that was proved about the branches of one target, and that these are all in a box.

    Indexing and printing are as for a `BranchCertificate`; there is one more claim, ``"completeness"``.

    Attributes
    ----------
    objective : Objective
        The function.
    target : TargetBox or None
        Where the target is; None if none could be proved.
    chains : tuple of Chain
        The cells; branches 1, 2, .. of the claims. Empty if nothing is hallucinated with the target.
    all_claims : tuple of Claim
        Those of the branches, and ``"completeness"`` as the last one.
    provenance : Provenance
        Which software made it.
    box : tuple of (Fraction, Fraction) or None
        Contains the target ``c``; None unless that is proved.
    region : tuple of (Fraction, Fraction)
        The box of ``x`` in which the diagram is complete, or should be.
    """

    kind: ClassVar[str] = "diagram"
    names: ClassVar[tuple[str, ...]] = tuple(THEOREMS)

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
