"""Verifying the certificate of a sheet: every cell, every joint and every claim are proved again."""

from __future__ import annotations

from typing import Any

from hallucert.certificate.sheet import SheetCertificate
from hallucert.certificate.verify import PROVOKED, Result
from hallucert.prove.claims import Claim, Status
from hallucert.prove.manifold import SheetClaim, sheet_claims
from hallucert.prove.manifold_system import ManifoldSystem


def check(certificate: SheetCertificate, arithmetic: Any, max_boxes: int, deadline: float) -> list[Result]:
    """Return what became of every claim; nothing subdivides a budget of boxes here, so `max_boxes` is not needed."""
    decided = [claim for claim in certificate.all_claims if claim.status is not Status.UNDECIDED]
    system = ManifoldSystem(arithmetic, certificate.objective, certificate.rho)
    found: dict[int, dict[str, SheetClaim] | str] = {}
    for number in sorted({claim.inputs["sheet"] for claim in decided}):
        found[number] = _proved_again(certificate, system, number, deadline)
    results, seen = [], set()
    for claim in certificate.all_claims:
        if claim.status is Status.UNDECIDED:
            results.append(Result(_label(claim), claim.status, True, ""))
            continue
        problem = "it is claimed twice" if _label(claim) in seen else _problem(claim, found[claim.inputs["sheet"]])
        seen.add(_label(claim))
        results.append(Result(_label(claim), claim.status, problem is None, problem or ""))
    return results


def _proved_again(
    certificate: SheetCertificate, system: ManifoldSystem, number: int, deadline: float
) -> dict[str, SheetClaim] | str:
    """Return the claims that the cells of one chain prove, by name; or why nothing can be said."""
    try:
        claims = sheet_claims(system, certificate.chains[number - 1], number, None, deadline)
    except PROVOKED as error:
        return f"its data cannot be worked with: {error}"
    return claims if isinstance(claims, str) else {claim.name: claim for claim in claims}


def _problem(claim: Claim, found: dict[str, SheetClaim] | str) -> str | None:
    if isinstance(found, str):
        return found
    return found[claim.name].recheck(claim) if claim.name in found else "the cells prove no such claim"


def _label(claim: Claim) -> str:
    return f"{claim.name} (sheet {claim.inputs['sheet']})" if "sheet" in claim.inputs else claim.name
