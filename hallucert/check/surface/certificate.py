"""The certificate of a surface: charts that hold surfaces of hallucinated minimizers, and the claims."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from hallucert.check.claim import Claim, Provenance
from hallucert.check.pieces.chains import ChainCertificate
from hallucert.check.pieces.sentences import Pieces
from hallucert.check.surface.atlas import Atlas
from hallucert.check.surface.claims import THEOREMS
from hallucert.exact import short_rational
from hallucert.objectives.objective import Objective


@dataclass(frozen=True, repr=False)
class SurfaceCertificate(ChainCertificate):
    """Everything that was proved about one surface, with what an independent checker needs to prove it again.

    Indexing with the name of a claim (``"surface"``, ``"regular"``, ``"theorem_3_2"``, ``"projected_c32"``,
    ``"attractor"``, ``"topology"``) gives the `Claims` of that name, one for each atlas. Printing gives a
    theorem card.

    Attributes
    ----------
    objective : Objective
        The function.
    rho : Fraction
        The perturbation radius, exact.
    atlases : tuple of Atlas
        The charts; sheets 1, 2, .. of the claims.
    all_claims : tuple of Claim
        In the order in which they are made.
    provenance : Provenance
        Which software made it.
    """

    kind: ClassVar[str] = "surface"
    first_claim: ClassVar[str] = "surface"
    names: ClassVar[tuple[str, ...]] = tuple(THEOREMS)

    objective: Objective
    rho: Fraction
    atlases: tuple[Atlas, ...]
    all_claims: tuple[Claim, ...]
    provenance: Provenance

    @property
    def about(self) -> Pieces:
        """What the sentences speak of."""
        return Pieces(self.rho, "surface", tuple((piece.closed, len(piece.charts)) for piece in self.atlases))

    def _lengths(self) -> list[int]:
        return [len(atlas.charts) for atlas in self.atlases]

    def _subject(self) -> list[str]:
        return [f"rho = {short_rational(self.rho)}"]
