"""Verifying the certificate of a surface: every chart, every edge and every claim are proved again."""

from __future__ import annotations

from typing import Any

from hallucert.certificate.piece_verify import check_pieces
from hallucert.certificate.surface import SurfaceCertificate
from hallucert.certificate.verify import Result
from hallucert.prove.manifold_sentences import SheetClaim
from hallucert.prove.surface import surface_claims
from hallucert.prove.surface_system import SurfaceSystem


def check(certificate: SurfaceCertificate, arithmetic: Any, max_boxes: int, deadline: float) -> list[Result]:
    """Return what became of every claim; nothing subdivides a budget of boxes here, so `max_boxes` is not needed."""

    def prove(number: int) -> list[SheetClaim] | str:
        system = SurfaceSystem(arithmetic, certificate.objective, certificate.rho)
        return surface_claims(system, certificate.atlases[number - 1], number, None, None, deadline)

    return check_pieces(certificate.all_claims, prove)
