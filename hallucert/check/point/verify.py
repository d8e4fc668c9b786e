"""Verifying a certificate of a point: existence in the box of the file, then every claim, from new enclosures."""

from __future__ import annotations

from hallucert.balls.facade import BallArithmetic
from hallucert.check.claim import PROVOKED, Claim, Status
from hallucert.check.file.verify import SPENT, Result, provoked, rechecked
from hallucert.check.point import existence
from hallucert.check.point.certificate import Certificate
from hallucert.check.point.rule import Evidence, Facts, Witness, rules_of
from hallucert.check.problem import Point
from hallucert.check.reason import Reason
from hallucert.clock import Clock


def check(certificate: Certificate, ar: BallArithmetic, max_boxes: int, clock: Clock) -> list[Result]:
    """Return what became of every claim of a certificate about a point."""
    claims, witness = certificate.all_claims, certificate.witness
    if witness is None or all(claim.status is Status.UNDECIDED for claim in claims):
        return rechecked(claims, lambda *_: "")
    facts = Facts(certificate.problem, witness)
    if "existence" in certificate and certificate["existence"].status is Status.REFUTED:
        return rechecked(claims, lambda claim, _: _unrefuted(ar, facts, claim))
    message = "existence cannot be re-proved in the box of the file"
    try:
        point = _point(ar, certificate, witness)
    except PROVOKED as error:
        point, message = Reason.PRECISION, f"{message}: {provoked(error)}"
    if isinstance(point, Reason):
        return rechecked(claims, lambda *_: message)
    evidence = Evidence(point, witness.centre, max_boxes, clock, facts.claims)
    rules = rules_of(certificate.problem, not witness.solves)

    def objection(claim: Claim, before: list[Result]) -> str | None:
        clock.tell(f"claim {claim.name}", len(before), len(claims))
        if clock.passed():
            return SPENT
        problem = rules[claim.name].measured(evidence, claim.inputs).recheck(claim, facts)
        if problem is None and claim.name == "existence":
            problem = _misplaced(certificate, evidence, witness)
        if problem is None:
            facts.claims[claim.name] = claim
        return problem

    return rechecked(claims, objection)


def _point(ar: BallArithmetic, certificate: Certificate, witness: Witness) -> Point | Reason:
    """Return the point that exists in the box of a witness, or the box itself if nothing is solved."""
    if not witness.solves:
        return certificate.problem.at(ar, witness.box(ar))
    return existence.relocate(ar, certificate.problem, witness)


def _misplaced(certificate: Certificate, evidence: Evidence, witness: Witness) -> str | None:
    """The published enclosure must contain the checker's, and lie where the point is the only one."""
    ar, box = evidence.arithmetic, certificate.box or ()
    if not all(ar.within(x, low, high) for (low, high), x in zip(box, evidence.point.x, strict=True)):
        return "the published enclosure does not contain the point"
    if not existence.stays_inside(box, witness):
        return "the published enclosure leaves the box in which the point is the only one"
    return None


def _unrefuted(ar: BallArithmetic, facts: Facts, claim: Claim) -> str | None:
    """A refuted existence is the only thing such a certificate may claim."""
    if claim.name != "existence":
        return "there is no point to speak about"
    shown = existence.excludes(existence.System.of(ar, facts.problem, facts.witness), facts.witness)
    return None if shown and existence.refutation(facts) == claim else "it is not shown that the box holds no solution"
