"""Verifying certificates of sheets and surfaces: each piece is proved again, cells and joints or charts and edges.

Then each claim is drawn from it again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hallucert.balls.facade import BallArithmetic
from hallucert.check.claim import PROVOKED, Claim, Measured, Status
from hallucert.check.file.verify import Result, provoked
from hallucert.check.pieces.sentences import Pieces
from hallucert.check.sheet.certificate import SheetCertificate
from hallucert.check.sheet.claims import sheet_claims
from hallucert.check.sheet.system import ManifoldSystem
from hallucert.check.surface.certificate import SurfaceCertificate
from hallucert.check.surface.claims import surface_claims
from hallucert.check.surface.system import SurfaceSystem
from hallucert.clock import Clock

Prove = Callable[[int], "list[Measured[Pieces]] | str"]
"""From the number of a piece to what its data prove, or why nothing can be said."""


def check(
    certificate: SheetCertificate | SurfaceCertificate, arithmetic: BallArithmetic, max_boxes: int, clock: Clock
) -> list[Result]:
    """Return what became of every claim; nothing subdivides a budget of boxes here, so `max_boxes` is not needed."""
    problem = arithmetic, certificate.objective, certificate.rho

    def prove(number: int) -> list[Measured[Pieces]] | str:
        if isinstance(certificate, SheetCertificate):
            chain = certificate.chains[number - 1]
            return sheet_claims(ManifoldSystem(*problem), chain, number, clock=clock)
        return surface_claims(SurfaceSystem(*problem), certificate.atlases[number - 1], number, clock=clock)

    return _checked(certificate.all_claims, certificate.about, prove)


def _checked(claims: Sequence[Claim], about: Pieces, prove: Prove) -> list[Result]:
    decided = [claim for claim in claims if claim.status is not Status.UNDECIDED]
    found = {number: _proved_again(prove, number) for number in sorted({claim.inputs["sheet"] for claim in decided})}
    results, seen = [], set()
    for claim in claims:
        if claim.status is Status.UNDECIDED:
            results.append(Result(_label(claim), claim.status, True, ""))
            continue
        problem = (
            "it is claimed twice" if _label(claim) in seen else _problem(claim, about, found[claim.inputs["sheet"]])
        )
        seen.add(_label(claim))
        results.append(Result(_label(claim), claim.status, problem is None, problem or ""))
    return results


def _proved_again(prove: Prove, number: int) -> dict[str, Measured[Pieces]] | str:
    """Return the claims that one piece proves, by name; or why nothing can be said."""
    try:
        claims = prove(number)
    except PROVOKED as error:
        return provoked(error)
    return claims if isinstance(claims, str) else {claim.theorem.name: claim for claim in claims}


def _problem(claim: Claim, about: Pieces, found: dict[str, Measured[Pieces]] | str) -> str | None:
    if isinstance(found, str):
        return found
    return found[claim.name].recheck(claim, about) if claim.name in found else "the data prove no such claim"


def _label(claim: Claim) -> str:
    return f"{claim.name} (sheet {claim.inputs['sheet']})" if "sheet" in claim.inputs else claim.name
