"""Checking claims about the pieces of a sheet, curves or surfaces: each piece is proved again, then each claim."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hallucert.certificate.verify import PROVOKED, Result
from hallucert.prove.claims import Claim, Status
from hallucert.prove.manifold_sentences import SheetClaim

Prove = Callable[[int], "list[SheetClaim] | str"]
"""From the number of a piece to what its data prove, or why nothing can be said."""


def check_pieces(claims: Sequence[Claim], prove: Prove) -> list[Result]:
    """Return what became of every claim."""
    decided = [claim for claim in claims if claim.status is not Status.UNDECIDED]
    found = {number: _proved_again(prove, number) for number in sorted({claim.inputs["sheet"] for claim in decided})}
    results, seen = [], set()
    for claim in claims:
        if claim.status is Status.UNDECIDED:
            results.append(Result(_label(claim), claim.status, True, ""))
            continue
        problem = "it is claimed twice" if _label(claim) in seen else _problem(claim, found[claim.inputs["sheet"]])
        seen.add(_label(claim))
        results.append(Result(_label(claim), claim.status, problem is None, problem or ""))
    return results


def _proved_again(prove: Prove, number: int) -> dict[str, SheetClaim] | str:
    """Return the claims that one piece proves, by name; or why nothing can be said."""
    try:
        claims = prove(number)
    except PROVOKED as error:
        return f"its data cannot be worked with: {error}"
    return claims if isinstance(claims, str) else {claim.name: claim for claim in claims}


def _problem(claim: Claim, found: dict[str, SheetClaim] | str) -> str | None:
    if isinstance(found, str):
        return found
    return found[claim.name].recheck(claim) if claim.name in found else "the data prove no such claim"


def _label(claim: Claim) -> str:
    return f"{claim.name} (sheet {claim.inputs['sheet']})" if "sheet" in claim.inputs else claim.name
