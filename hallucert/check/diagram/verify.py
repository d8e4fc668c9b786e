"""Verifying the certificate of a complete diagram: its branches are proved again, and the box is searched again."""

from __future__ import annotations

from dataclasses import replace

from hallucert.balls.facade import BallArithmetic
from hallucert.check.branch import verify as branch_verify
from hallucert.check.branch.system import BranchSystem
from hallucert.check.branch.target import proved_target
from hallucert.check.claim import PROVOKED, Claim, Status
from hallucert.check.diagram.certificate import DiagramCertificate
from hallucert.check.diagram.claims import COMPLETENESS, completeness, sweep
from hallucert.check.file.verify import SPENT, Result, provoked
from hallucert.check.reason import Reason
from hallucert.clock import Clock

UNSETTLED = {
    Reason.TIME: SPENT,
    Reason.BUDGET: "the budget of boxes was spent before the whole box was searched",
    Reason.PLACES: "some place of the box is not settled",
}
"""Why the search of the box shows nothing."""


def check(certificate: DiagramCertificate, arithmetic: BallArithmetic, max_boxes: int, clock: Clock) -> list[Result]:
    """Return what became of every claim."""
    (claim,) = certificate[COMPLETENESS.name]
    branches = replace(certificate, all_claims=certificate.all_claims[:-1])
    results = branch_verify.check(branches, arithmetic, max_boxes, clock)
    if claim.status is Status.UNDECIDED:
        return [*results, Result(claim.name, claim.status, True, "")]
    # The claim speaks of "the target" and of "branches 1 to n": it needs all of their claims.
    problem: str | None = "the branches that it speaks of are not re-proved"
    pairs = list(zip(results, branches.all_claims, strict=True))
    needed = [(result, made) for result, made in pairs if made.name in ("target", "branch")]
    shown = all(result.passed and made.status is Status.PROVED for result, made in needed)
    if shown and any(made.name == "target" for _, made in needed):
        try:
            problem = _problem(certificate, claim, arithmetic, max_boxes, clock)
        except PROVOKED as error:
            problem = provoked(error)
    return [*results, Result(claim.name, claim.status, problem is None, problem or "")]


def _problem(
    certificate: DiagramCertificate, claim: Claim, ar: BallArithmetic, max_boxes: int, clock: Clock
) -> str | None:
    """Search the box again; None if nothing is left."""
    target = None if certificate.target is None else proved_target(ar, certificate.objective, certificate.target)
    if target is None or not branch_verify.encloses(certificate, ar, target):
        return branch_verify.NOT_SHOWN
    system = BranchSystem(ar, certificate.objective, target.c)
    swept = sweep(system, certificate.chains, list(certificate.region), max_boxes, clock)
    if swept.obstacle is not None:
        return UNSETTLED[swept.obstacle]
    return completeness(swept).recheck(claim, certificate.about)
