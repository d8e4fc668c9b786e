"""Verifying the certificate of a branch: the target, every cell, every joint and every claim are proved again."""

from __future__ import annotations

from hallucert.balls.facade import BallArithmetic
from hallucert.check.branch.certificate import BranchCertificate
from hallucert.check.branch.claims import Branches, measured_claims
from hallucert.check.branch.system import BranchSystem
from hallucert.check.branch.target import Target, proved_target
from hallucert.check.claim import PROVOKED, Claim, Measured, Status
from hallucert.check.file.verify import Result, provoked
from hallucert.clock import Clock

NOT_SHOWN = "the target is not shown to be the only critical point in its box, and nondegenerate"


def check(certificate: BranchCertificate, arithmetic: BallArithmetic, max_boxes: int, clock: Clock) -> list[Result]:
    """Return what became of every claim; nothing subdivides boxes here, so `max_boxes` is not needed."""
    decided = [claim for claim in certificate.all_claims if claim.status is not Status.UNDECIDED]
    if not decided:
        return _all(certificate, "")
    try:
        found = _measured(certificate, arithmetic, clock)
    except PROVOKED as error:
        found = provoked(error)
    if isinstance(found, str):
        return _all(certificate, found)
    waiting = [group if isinstance(group, str) else list(group) for group in found]
    about = certificate.about
    return [_checked(claim, waiting[claim.inputs.get("branch", 0)], about) for claim in certificate.all_claims]


def _measured(
    certificate: BranchCertificate, arithmetic: BallArithmetic, clock: Clock
) -> list[list[Measured[Branches]] | str] | str:
    """Prove everything that target and cells show, chain by chain; or say why nothing can be said."""
    if certificate.target is None:
        return NOT_SHOWN
    target = proved_target(arithmetic, certificate.objective, certificate.target)
    if target is None:
        return NOT_SHOWN
    if not encloses(certificate, arithmetic, target):
        return "the published enclosure does not contain the target, or is not in the box where it is the only one"
    system = BranchSystem(arithmetic, certificate.objective, target.c)
    return measured_claims(system, target, certificate.chains, None, clock)


def _checked(claim: Claim, waiting: list[Measured[Branches]] | str, about: Branches) -> Result:
    """Compare a claim with the next that its chain proves."""
    if claim.status is Status.UNDECIDED:
        return Result(claim.name, claim.status, True, "")
    if isinstance(waiting, str):
        problem: str | None = waiting
    else:
        problem = waiting.pop(0).recheck(claim, about) if waiting else "the cells prove no more claims"
    return Result(_label(claim), claim.status, problem is None, problem or "")


def encloses(certificate: BranchCertificate, ar: BallArithmetic, target: Target) -> bool:
    """Tell whether the published enclosure certainly holds the target and, of all critical points, no other one."""
    box, place = certificate.box or (), certificate.target
    if place is None or len(box) != len(target.c):
        return False
    around = zip(box, target.c, place.centre, place.radius, strict=True)
    return all(
        middle - radius <= low and high <= middle + radius and low <= ar.lower(c) and ar.upper(c) <= high
        for (low, high), c, middle, radius in around
    )


def _label(claim: Claim) -> str:
    return f"{claim.name} (branch {claim.inputs['branch']})" if "branch" in claim.inputs else claim.name


def _all(certificate: BranchCertificate, message: str) -> list[Result]:
    """Every decided claim fails for one reason."""
    open_ = Status.UNDECIDED
    return [
        Result(_label(c), c.status, c.status is open_, "" if c.status is open_ else message)
        for c in certificate.all_claims
    ]
