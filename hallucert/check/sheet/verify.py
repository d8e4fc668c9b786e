"""Verifying certificates of sheets and surfaces: each piece is proved again, cells and joints or charts and edges.

Then each claim is drawn from it again.
"""

from __future__ import annotations

from hallucert.balls.facade import BallArithmetic
from hallucert.check.claim import PROVOKED, Claim, Measured
from hallucert.check.file.verify import Result, provoked, rechecked
from hallucert.check.sheet.certificate import SheetCertificate, SurfaceCertificate
from hallucert.check.sheet.claims import Pieces, checked_curve, checked_surface
from hallucert.check.sheet.curve import CurveSystem
from hallucert.check.sheet.surface_system import SurfaceSystem
from hallucert.clock import Clock

Proved = dict[str, Measured[Pieces]] | str
"""The claims that one piece proves, by name; or why nothing can be said."""


def check(
    certificate: SheetCertificate | SurfaceCertificate, arithmetic: BallArithmetic, max_boxes: int, clock: Clock
) -> list[Result]:
    """Return what became of every claim; nothing subdivides a budget of boxes here, so `max_boxes` is not needed."""
    found: dict[int, Proved] = {}
    seen: set[tuple[str, int]] = set()

    def objection(claim: Claim, before: list[Result]) -> str | None:
        number = claim.inputs["sheet"]
        if number not in found:
            found[number] = _proved_again(certificate, arithmetic, number, clock)
        proved, key = found[number], (claim.name, number)
        if isinstance(proved, str) or key in seen:
            return proved if isinstance(proved, str) else "it is claimed twice"
        seen.add(key)
        return (
            proved[claim.name].recheck(claim, certificate.about) if claim.name in proved else "the data do not prove it"
        )

    return rechecked(certificate.all_claims, objection)


def _proved_again(
    certificate: SheetCertificate | SurfaceCertificate, arithmetic: BallArithmetic, number: int, clock: Clock
) -> Proved:
    problem = arithmetic, certificate.objective, certificate.rho
    try:
        if isinstance(certificate, SheetCertificate):
            claims = checked_curve(CurveSystem(*problem), certificate.pieces[number - 1], number, clock)
        else:
            claims = checked_surface(SurfaceSystem(*problem), certificate.pieces[number - 1], number, clock)
    except PROVOKED as error:
        return provoked(error)
    return claims if isinstance(claims, str) else {claim.theorem.name: claim for claim in claims}
