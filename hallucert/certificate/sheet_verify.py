"""Verifying the certificate of a sheet: every cell, every joint and every claim are proved again."""

from __future__ import annotations

from typing import Any

from hallucert.certificate.piece_verify import check_pieces
from hallucert.certificate.sheet import SheetCertificate
from hallucert.certificate.verify import Result
from hallucert.prove.manifold import sheet_claims
from hallucert.prove.manifold_sentences import SheetClaim
from hallucert.prove.manifold_system import ManifoldSystem


def check(certificate: SheetCertificate, arithmetic: Any, max_boxes: int, deadline: float) -> list[Result]:
    """Return what became of every claim; nothing subdivides a budget of boxes here, so `max_boxes` is not needed."""
    system = ManifoldSystem(arithmetic, certificate.objective, certificate.rho)

    def prove(number: int) -> list[SheetClaim] | str:
        return sheet_claims(system, certificate.chains[number - 1], number, None, deadline)

    return check_pieces(certificate.all_claims, prove)
