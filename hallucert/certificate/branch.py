"""The certificate of a branch: a target, chains of cells, and the claims that they prove."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from os import PathLike
from typing import ClassVar

import numpy as np

from hallucert.certificate.certificate import MARKS, Provenance
from hallucert.errors import ArgumentError
from hallucert.exact import decimal_enclosure
from hallucert.objectives.objective import Objective
from hallucert.prove.branch import QUESTIONS
from hallucert.prove.branch_chain import Chain
from hallucert.prove.branch_target import TargetBox
from hallucert.prove.claims import Claim, Status

SAMPLES = 9
"""Points of each cell in a picture."""


@dataclass(frozen=True)
class BranchCertificate:
    """Everything that was proved about one branch, with what an independent checker needs to prove it again.

    Indexing with ``"target"``, ``"branch"``, ``"fold"`` or ``"stability"`` gives the tuple of claims of that name: a
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

    objective: Objective
    target: TargetBox | None
    chains: tuple[Chain, ...]
    all_claims: tuple[Claim, ...]
    provenance: Provenance
    box: tuple[tuple[Fraction, Fraction], ...] | None = None

    def __getitem__(self, name: str) -> tuple[Claim, ...]:
        if name not in QUESTIONS:
            raise ArgumentError("claim", name, f"be one of {', '.join(QUESTIONS)}")
        return tuple(claim for claim in self.all_claims if claim.name == name)

    def __contains__(self, name: object) -> bool:
        return any(claim.name == name for claim in self.all_claims)

    def __iter__(self) -> Iterator[Claim]:
        return iter(self.all_claims)

    @property
    def cells(self) -> int:
        """How many cells there are in all."""
        return sum(len(chain.links) for chain in self.chains)

    @property
    def proved(self) -> bool:
        """Whether a piece of the branch is certified at all."""
        return any(claim.status is Status.PROVED for claim in self["branch"])

    @cached_property
    def curves(self) -> tuple[np.ndarray, ...]:
        """For pictures: each chain as a polygon through its cells, shape (n, d + 1) in ``(x, lambda)``."""
        return tuple(_polygon(chain) for chain in self.chains)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the certificate as JSON, atomically.

        Raises
        ------
        OSError
            If the path cannot be written; whatever was there before stays.
        """
        from hallucert.certificate.writing import save

        save(self, path)

    def __repr__(self) -> str:
        count = sum(claim.status is Status.PROVED for claim in self.all_claims)
        return (
            f"<BranchCertificate for {self.objective.name[:40]!r}: {len(self.chains)} pieces, {self.cells} cells, "
            f"{count} claims proved>"
        )

    def __str__(self) -> str:
        lines = [f"{self.objective.name}"]
        for name, (low, high) in list(zip(self.objective.variables, self.box or (), strict=False))[:8]:
            lines.append(f"c: {name} in {decimal_enclosure(low, high, 17)}")
        lines += [f"[{MARKS[claim.status]}] {claim}" for claim in self.all_claims]
        made = self.provenance
        lines.append(f"by {made.backend_version} at {made.precision} bits, hallucert {made.hallucert}")
        return "\n".join(lines)


def _polygon(chain: Chain) -> np.ndarray:
    """Return points of the cells' parabolas ``m + s T + s^2 N q``, as floats."""
    pieces = []
    for link in chain.links:
        cell = link.cell
        centre, frame, bend = (np.array(a, dtype=float) for a in (cell.centre, cell.frame, cell.bend))
        s = np.linspace(float(link.start), float(cell.span[1]), SAMPLES)[:, None]
        pieces.append(centre + s * frame[:, 0] + s**2 * (frame[:, 1:] @ bend))
    return np.concatenate(pieces)
