"""The certificate of a sheet: chains of cells that hold curves of hallucinated minimizers, and the claims."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import ClassVar

import numpy as np

from hallucert.arguments import quiet
from hallucert.check.claim import Claim, Provenance
from hallucert.check.pieces.chains import ChainCertificate, doubles
from hallucert.check.pieces.sentences import Pieces
from hallucert.check.sheet.chain import CurveChain
from hallucert.check.sheet.claims import THEOREMS
from hallucert.exact import short_rational
from hallucert.objectives.objective import Objective


@dataclass(frozen=True, repr=False)
class SheetCertificate(ChainCertificate):
    """Everything that was proved about one sheet, with what an independent checker needs to prove it again.

    Indexing with the name of a claim (``"curve"``, ``"regular"``, ``"theorem_3_2"``, ``"projected_c32"``,
    ``"attractor"``, ``"turning"``) gives the `Claims` of that name, one for each chain. Printing gives a theorem
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
    first_claim: ClassVar[str] = "curve"
    names: ClassVar[tuple[str, ...]] = tuple(THEOREMS)

    objective: Objective
    rho: Fraction
    chains: tuple[CurveChain, ...]
    all_claims: tuple[Claim, ...]
    provenance: Provenance

    @cached_property
    @quiet
    def curves(self) -> tuple[np.ndarray, ...]:
        """For pictures: each chain as a polygon through the axes of its cells, shape (n, d)."""
        return tuple(_polygon(chain, self.objective.dimension) for chain in self.chains)

    @property
    def about(self) -> Pieces:
        """What the sentences speak of."""
        return Pieces(self.rho, "curve", tuple((piece.closed, len(piece.cells)) for piece in self.chains))

    def _lengths(self) -> list[int]:
        return [len(chain.cells) for chain in self.chains]

    def _subject(self) -> list[str]:
        return [f"rho = {short_rational(self.rho)}"]


def _polygon(chain: CurveChain, dimension: int) -> np.ndarray:
    """Return the middles of the cells, and both ends; a closed chain comes back to its first middle."""
    points = [doubles(cell.centre) for cell in chain.cells]
    if not points:
        return np.empty((0, dimension))
    if chain.closed:
        return np.array([*points, points[0]])
    ends = []
    for cell, middle, side in ((chain.cells[0], points[0], 0), (chain.cells[-1], points[-1], 1)):
        ends.append(middle + doubles(cell.span)[side] * doubles(cell.frame)[:, 0])
    return np.array([ends[0], *points, ends[1]])
