"""Verifying a certificate of a point: existence in the box of the file, then every claim, from new enclosures."""

from __future__ import annotations

from hallucert.balls.facade import BallArithmetic
from hallucert.check.claim import PROVOKED, Claim, Status
from hallucert.check.file.verify import SPENT, Result, provoked
from hallucert.check.point import existence
from hallucert.check.point.certificate import Certificate
from hallucert.check.point.rule import BY_NAME, Evidence, Facts, Witness
from hallucert.check.problem import Point
from hallucert.check.reason import Reason
from hallucert.clock import Clock


def check(certificate: Certificate, ar: BallArithmetic, max_boxes: int, clock: Clock) -> list[Result]:
    """Return what became of every claim of a certificate about a point."""
    claims, witness = certificate.all_claims, certificate.witness
    if witness is None or all(claim.status is Status.UNDECIDED for claim in claims):
        return [_failed(claim, "") for claim in claims]
    facts = Facts(certificate.problem, witness)
    first = certificate.claims.get("existence")
    if first is not None and first.status is Status.REFUTED:
        return _check_refuted(certificate, ar, facts, first)
    message = "existence cannot be re-proved in the box of the file"
    try:
        x = existence.relocate(ar, certificate.problem, witness) if witness.solves else witness.box(ar)
    except PROVOKED as error:
        x, message = Reason.PRECISION, f"{message}: {provoked(error)}"
    if isinstance(x, Reason):
        return [_failed(claim, message) for claim in claims]
    evidence = Evidence(Point(ar, certificate.problem, x), witness.centre, max_boxes, clock)
    results = []
    for number, claim in enumerate(claims):
        clock.tell(f"claim {claim.name}", number, len(claims))
        open_ = claim.status is Status.UNDECIDED
        problem = None if open_ else _objection(claim, certificate, evidence, facts)
        if problem is None:
            facts.claims[claim.name] = claim
        results.append(Result(claim.name, claim.status, problem is None, problem or ""))
    return results


def _failed(claim: Claim, message: str) -> Result:
    """Say why nothing that is decided could be re-proved; of an undecided claim, that nothing is claimed."""
    open_ = claim.status is Status.UNDECIDED
    return Result(claim.name, claim.status, open_, "" if open_ else message)


def _objection(claim: Claim, certificate: Certificate, evidence: Evidence, facts: Facts) -> str | None:
    """Re-prove a decided claim; return None, or what could not be re-proved."""
    if evidence.clock.passed():
        return SPENT
    try:
        problem = BY_NAME[claim.name].measured(evidence, claim.inputs).recheck(claim, facts)
        if problem is None and claim.name == "existence":
            problem = _check_enclosure(certificate, evidence, facts.witness)
    except PROVOKED as error:
        problem = provoked(error)
    return problem


def _check_enclosure(certificate: Certificate, evidence: Evidence, witness: Witness) -> str | None:
    """The published enclosure must contain the checker's, and lie where the point is the only one."""
    ar, box = evidence.arithmetic, certificate.box or ()
    if not all(ar.within(x, low, high) for (low, high), x in zip(box, evidence.point.x, strict=True)):
        return "the published enclosure does not contain the point"
    if not existence.stays_inside(box, witness):
        return "the published enclosure leaves the box in which the point is the only one"
    return None


def _check_refuted(certificate: Certificate, ar: BallArithmetic, facts: Facts, first: Claim) -> list[Result]:
    """A refuted existence is the only thing such a certificate may claim."""
    try:
        shown = existence.excludes(existence.System.of(ar, facts.problem, facts.witness), facts.witness)
    except PROVOKED:
        shown = False
    shown = shown and existence.refutation(facts) == first
    message = "" if shown else "it is not shown that the box holds no solution"
    rest = [_failed(claim, "there is no point to speak about") for claim in certificate.all_claims[1:]]
    return [Result(first.name, first.status, shown, message), *rest]
