"""The certificate of a sheet: chains of cells that hold curves of hallucinated minimizers, and the claims."""

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
from hallucert.exact import format_rational
from hallucert.objectives.objective import Objective
from hallucert.prove.claims import Claim, Status
from hallucert.prove.manifold import QUESTIONS
from hallucert.prove.manifold_chain import CurveChain


@dataclass(frozen=True)
class SheetCertificate:
    """Everything that was proved about one sheet, with what an independent checker needs to prove it again.

    Indexing with the name of a claim (``"curve"``, ``"regular"``, ``"theorem_3_2"``, ``"projected_c32"``,
    ``"attractor"``, ``"turning"``) gives the tuple of claims of that name, one for each chain. Printing gives a theorem
    card.

    Attributes
    ----------
    objective : Objective
        The function.
    rho : Fraction
        The perturbation radius, exact.
    chains : tuple of CurveChain
        The cells; sheets 1, 2, .. of the claims.
    all_claims : tuple of Claim
        In the order in which they are made.
    provenance : Provenance
        Which software made it.
    """

    kind: ClassVar[str] = "sheet"

    objective: Objective
    rho: Fraction
    chains: tuple[CurveChain, ...]
    all_claims: tuple[Claim, ...]
    provenance: Provenance

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
        return sum(len(chain.cells) for chain in self.chains)

    @property
    def proved(self) -> bool:
        """Whether a piece of the sheet is certified at all."""
        return any(claim.status is Status.PROVED for claim in self["curve"])

    @cached_property
    def curves(self) -> tuple[np.ndarray, ...]:
        """For pictures: each chain as a polygon through the axes of its cells, shape (n, d)."""
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
            f"<SheetCertificate for {self.objective.name[:40]!r}: {len(self.chains)} pieces, {self.cells} cells, "
            f"{count} claims proved>"
        )

    def __str__(self) -> str:
        lines = [f"{self.objective.name}", f"rho = {format_rational(self.rho)}"]
        lines += [f"[{MARKS[claim.status]}] {claim}" for claim in self.all_claims]
        made = self.provenance
        lines.append(f"by {made.backend_version} at {made.precision} bits, hallucert {made.hallucert}")
        return "\n".join(lines)


def _polygon(chain: CurveChain) -> np.ndarray:
    """Return the middles of the cells, and both ends; a closed chain comes back to its first middle."""
    points = [np.array(cell.centre, dtype=float) for cell in chain.cells]
    if chain.closed:
        return np.array([*points, points[0]])
    ends = []
    for cell, s in ((chain.cells[0], chain.cells[0].span[0]), (chain.cells[-1], chain.cells[-1].span[1])):
        tangent = np.array([row[0] for row in cell.frame], dtype=float)
        ends.append(np.array(cell.centre, dtype=float) + float(s) * tangent)
    return np.array([ends[0], *points, ends[1]])
