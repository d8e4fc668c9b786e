"""Verifying the certificate of a branch or a diagram: target, cells, joints, claims and region are proved again."""

from __future__ import annotations

from collections.abc import Sequence

from hallucert.balls.facade import BallArithmetic
from hallucert.check.branch.certificate import (
    COMPLETENESS,
    BranchCertificate,
    Branches,
    DiagramCertificate,
    measured_claims,
)
from hallucert.check.branch.chain import Objection
from hallucert.check.branch.region import settle
from hallucert.check.branch.system import BranchSystem, Target, proved_target
from hallucert.check.claim import PROVOKED, Claim, Measured, Status
from hallucert.check.file.verify import Result, provoked, rechecked
from hallucert.check.reason import Reason
from hallucert.clock import Clock

NOT_SHOWN = Objection(
    "the target is not shown to be the only critical point in its box, and nondegenerate", Reason.DEGENERATE_TARGET
)
ELSEWHERE = Objection(
    "the published enclosure does not contain the target, or is not in the box where it is the only one",
    Reason.PRECISION,
)
NO_BRANCHES = "the branches that it speaks of are not re-proved"


def check(certificate: BranchCertificate, arithmetic: BallArithmetic, max_boxes: int, clock: Clock) -> list[Result]:
    """Return what became of every claim; only a diagram needs `max_boxes`."""
    claims, about = certificate.all_claims, certificate.about
    if all(claim.status is Status.UNDECIDED for claim in claims):
        return rechecked(claims, lambda *_: "")
    found = _proved(certificate, arithmetic, clock)
    if isinstance(found, str):
        return rechecked(claims, lambda *_: found)
    system, waiting = found

    def objection(claim: Claim, before: list[Result]) -> str | None:
        if isinstance(certificate, DiagramCertificate) and claim.name == COMPLETENESS.name:
            return _incomplete(certificate, claim, system, before, max_boxes)
        group = waiting[claim.inputs.get("branch", 0)]
        if isinstance(group, Objection):
            return group.text
        return group.pop(0).recheck(claim, about) if group else "the cells prove no more claims"

    return rechecked(claims, objection)


def _proved(
    certificate: BranchCertificate, arithmetic: BallArithmetic, clock: Clock
) -> tuple[BranchSystem, list[list[Measured[Branches]] | Objection]] | str:
    """Prove the target and every chain again; why nothing can be said, if it is not the target."""
    try:
        place = _place(certificate, arithmetic)
        if isinstance(place, Objection):
            return place.text
        return place[0], measured_claims(*place, certificate.chains, clock)
    except PROVOKED as error:
        return provoked(error)


def _place(certificate: BranchCertificate, arithmetic: BallArithmetic) -> tuple[BranchSystem, Target] | Objection:
    """Prove the target."""
    if certificate.target is None:
        return NOT_SHOWN
    target = proved_target(arithmetic, certificate.objective, certificate.target)
    if target is None:
        return NOT_SHOWN
    if not encloses(certificate, arithmetic, target):
        return ELSEWHERE
    return BranchSystem(arithmetic, certificate.objective, target.c), target


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


def _incomplete(
    certificate: DiagramCertificate, claim: Claim, system: BranchSystem, before: Sequence[Result], max_boxes: int
) -> str | None:
    """Settle the region again.

    The claim speaks of "the target" and of "branches 1 to n": it needs all of their claims to be proved again.
    """
    pairs = zip(before, certificate.all_claims, strict=False)
    needed = [(made.name, result) for result, made in pairs if made.name in ("target", "branch")]
    shown = all(result.passed and result.status is Status.PROVED for _, result in needed)
    if not shown or all(name != "target" for name, _ in needed):
        return NO_BRANCHES
    obstacle = settle(system, certificate.chains, list(certificate.region), claim.inputs, max_boxes)
    return Measured(COMPLETENESS, obstacle or {}, claim.inputs).recheck(claim, certificate.about)
