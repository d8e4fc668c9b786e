"""The certificates of branches and of complete diagrams: a target, chains of cells, and what they prove."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import ClassVar

import numpy as np

from hallucert.arguments import quiet
from hallucert.check.branch.chain import Chain
from hallucert.check.branch.claims import COMPLETENESS, OF_DIAGRAMS, THEOREMS, Branches
from hallucert.check.branch.system import TargetBox
from hallucert.check.claim import Claim, Provenance, Status
from hallucert.check.file.chains import ChainCertificate, doubles
from hallucert.exact import decimal_enclosure
from hallucert.objectives.objective import Objective

SAMPLES = 9
"""Points of each cell in a picture."""


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

    @property
    def about(self) -> Branches:
        """What the sentences speak of."""
        return Branches(self.objective.dimension, self.chains)

    @cached_property
    @quiet
    def curves(self) -> tuple[np.ndarray, ...]:
        """For pictures: each chain as a polygon through its cells, shape (n, d + 1) in ``(x, lambda)``."""
        return tuple(_polygon(chain, self.objective.dimension) for chain in self.chains)

    def _lengths(self) -> list[int]:
        return [len(chain.links) for chain in self.chains]

    def _subject(self) -> list[str]:
        known = list(zip(self.objective.variables, self.box or (), strict=False))[:8]
        return [f"c: {name} in {decimal_enclosure(low, high, 17)}" for name, (low, high) in known]


@dataclass(frozen=True, repr=False)
class DiagramCertificate(BranchCertificate):
    """Everything that was proved about the branches of one target, and that these are all in a box.

    Indexing and printing are as for a `BranchCertificate`; there is one more claim, ``"completeness"``.

    Attributes
    ----------
    objective, target, all_claims, provenance, box
        As of a `BranchCertificate`.
    chains : tuple of Chain
        Empty if nothing is hallucinated with the target.
    region : tuple of (Fraction, Fraction)
        The box of ``x`` in which the diagram is complete, or should be.
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


def _polygon(chain: Chain, dimension: int) -> np.ndarray:
    """Return points of the cells' parabolas ``m + s T + s^2 N q``, as floats."""
    pieces = [np.empty((0, dimension + 1))]
    for link in chain.links:
        cell = link.cell
        centre, frame, bend = (doubles(a) for a in (cell.centre, cell.frame, cell.bend))
        start, end = doubles([link.start, cell.span[1]])
        s = np.linspace(start, end, SAMPLES)[:, None]
        pieces.append(centre + s * frame[:, 0] + s**2 * (frame[:, 1:] @ bend))
    return np.concatenate(pieces)
