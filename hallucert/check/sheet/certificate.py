"""The certificates of sheets: cells that hold curves of hallucinated minimizers, or charts that hold surfaces."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from hallucert.arguments import Late
from hallucert.check.claim import Claim, Provenance
from hallucert.check.file.chains import ChainCertificate
from hallucert.check.sheet.claims import THEOREMS, Pieces
from hallucert.check.sheet.curve import CurveChain
from hallucert.check.sheet.surface_atlas import Atlas
from hallucert.objectives.objective import Objective

if TYPE_CHECKING:
    import numpy as np

    from hallucert.check.file.unfinished import Unfinished

Piece = TypeVar("Piece", CurveChain, Atlas)


@dataclass(frozen=True, repr=False)
class PiecesCertificate(ChainCertificate, Generic[Piece]):
    """Everything that was proved about one sheet, with what an independent checker needs to prove it again.

    Indexing with the name of a claim (``"regular"``, ``"theorem_3_2"``, ``"projected_c32"``, ``"attractor"``; of
    curves ``"curve"`` and ``"turning"``; of surfaces ``"surface"`` and ``"topology"``) gives the `Claims` of that
    name, one for each piece. Printing gives a theorem card.

    Attributes
    ----------
    objective : Objective
        The function.
    rho : Fraction
        The perturbation radius, exact.
    pieces : tuple of CurveChain or of Atlas
        The cells or charts; sheets 1, 2, .. of the claims.
    all_claims : tuple of Claim
        In the order in which they are made.
    provenance : Provenance
        Which software made it.
    unfinished : Unfinished or None
        How much of it is left, if the time was up: not in a file.
    """

    objective: Objective
    rho: Fraction
    pieces: tuple[Piece, ...]
    all_claims: tuple[Claim, ...]
    provenance: Provenance
    unfinished: Unfinished | None = field(default=None, compare=False, kw_only=True)

    @property
    def about(self) -> Pieces:
        """What the sentences speak of."""
        return Pieces.of(self.rho, self.first_claim, self.pieces)

    def lengths(self) -> list[int]:
        return [len(piece) for piece in self.pieces]


class SheetCertificate(PiecesCertificate[CurveChain]):
    """Everything that was proved about one sheet of dimension 1; see `PiecesCertificate`."""

    kind: ClassVar[str] = "sheet"
    first_claim: ClassVar[str] = "curve"
    names: ClassVar[tuple[str, ...]] = tuple(THEOREMS["curve"])

    @property
    def chains(self) -> tuple[CurveChain, ...]:
        """The pieces: chains of cells."""
        return self.pieces

    if TYPE_CHECKING:

        @property
        def curves(self) -> tuple[np.ndarray, ...]: ...
    else:
        curves = Late("hallucert.check.polygons", cached_property)


class SurfaceCertificate(PiecesCertificate[Atlas]):
    """Everything that was proved about one surface; see `PiecesCertificate`."""

    kind: ClassVar[str] = "surface"
    first_claim: ClassVar[str] = "surface"
    names: ClassVar[tuple[str, ...]] = tuple(THEOREMS["surface"])

    @property
    def atlases(self) -> tuple[Atlas, ...]:
        """The pieces: overlapping charts."""
        return self.pieces
