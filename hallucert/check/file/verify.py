"""Verifying a certificate: every claim in it is proved again, from the file alone, with the arithmetic of choice.

The checker shares the theorems (`hallucert.prove`) with the prover and none of its searches: it runs no numba,
scipy or sympy. Box, slice and preconditioner come from the file; a wrong one can only make a proof fail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeAlias

from hallucert.arguments import checked_path
from hallucert.balls import arithmetic, require_round_to_nearest
from hallucert.balls.facade import BallArithmetic
from hallucert.check.claim import PROVOKED, Claim, Status
from hallucert.check.file.certificate import Certificate
from hallucert.check.file.kinds import module_of
from hallucert.check.file.reading import load
from hallucert.check.point import existence
from hallucert.check.point.rule import BY_NAME, Evidence, Facts, Witness
from hallucert.check.problem import Point
from hallucert.check.reason import Reason
from hallucert.clock import Clock, OutOfTime
from hallucert.errors import ArgumentError
from hallucert.objectives.names import heading

if TYPE_CHECKING:
    from hallucert.check.branch.certificate import BranchCertificate
    from hallucert.check.census.census import Census
    from hallucert.check.sheet.certificate import SheetCertificate
    from hallucert.check.surface.certificate import SurfaceCertificate

    AnyCertificate: TypeAlias = Certificate | BranchCertificate | SheetCertificate | SurfaceCertificate | Census

MAX_BOXES = 400_000
"""Budget of a claim that subdivides: twice what the prover may spend by default."""


BUDGET = 600.0
"""Seconds that a file may cost before the checker gives up; an honest file in two variables takes about 0.01."""

SPENT = "the time budget was spent before it was settled"
"""Of a claim that is not re-proved for want of time."""

Checker = Callable[[Any, Any, int, Clock], "list[Result]"]
"""Given a certificate, an arithmetic, a budget of boxes and a clock: what became of each claim."""


@dataclass(frozen=True)
class Result:
    """What became of one claim: `passed` is True only if the checker proved it again."""

    name: str
    status: Status
    passed: bool
    message: str


@dataclass(frozen=True)
class Verdict:
    """The outcome of `verify`; true exactly if the file claims something and all of it was re-proved.

    Attributes
    ----------
    certificate : Certificate, or one of another kind
        What was read.
    backend : str
        The arithmetic that checked.
    precision : int
        Its bits.
    results : tuple of Result
        One for each claim of the file; undecided claims assert nothing and are listed as passed.
    """

    certificate: AnyCertificate
    backend: str
    precision: int
    results: tuple[Result, ...]

    @property
    def asserted(self) -> int:
        """How many claims are proved or refuted according to the file."""
        return sum(result.status is not Status.UNDECIDED for result in self.results)

    def __bool__(self) -> bool:
        return self.asserted > 0 and all(result.passed for result in self.results)

    def __repr__(self) -> str:
        passed = sum(result.passed for result in self.results if result.status is not Status.UNDECIDED)
        return f"<Verdict: {passed} of {self.asserted} claims re-proved with {self.backend} at {self.precision} bits>"

    def __str__(self) -> str:
        lines = [f"{heading(self.certificate.objective)}: checked with {self.backend} at {self.precision} bits"]
        for result in self.results:
            word = "re-proved" if result.passed else "NOT re-proved"
            if result.status is Status.UNDECIDED:
                word = "nothing claimed"
            lines.append(f"  {result.name} ({result.status}): {word}" + f". {result.message}" * bool(result.message))
        failed = sum(not result.passed for result in self.results)
        if failed:
            lines.append(f"{failed} of {self.asserted} claims could not be re-proved: do not rely on this certificate.")
        elif self.asserted:
            lines.append(f"All {self.asserted} claims re-proved.")
        else:
            lines.append("The certificate claims nothing.")
        return "\n".join(lines)


def verify(source: str | PathLike[str] | AnyCertificate, backend: str | None, max_boxes: int, clock: Clock) -> Verdict:
    """Do what `hallucert.verify` does, with a clock."""
    require_round_to_nearest()
    certificate = load(checked_path(source, "source")) if isinstance(source, str | PathLike) else source
    if not hasattr(certificate, "kind") or not hasattr(certificate, "provenance"):
        raise ArgumentError("source", source, "be a path or a certificate")
    if backend is None:
        backend = "arb" if certificate.provenance.backend == "mpmath" else "mpmath"
    if not isinstance(backend, str) or backend not in ("arb", "mpmath"):
        raise ArgumentError("backend", backend, 'be "arb" or "mpmath"')
    ar = arithmetic(backend, max(2 * certificate.provenance.precision, 106))
    with ar, clock.watched():
        results = _checker(certificate)(certificate, ar, max_boxes, clock)
    if clock.passed():
        results = [_late(result) for result in results]
    return Verdict(certificate, backend, ar.precision, tuple(results))


def _late(result: Result) -> Result:
    """Say of a claim that failed after the time was spent that this may be all that is wrong with it."""
    if result.passed or "time budget" in result.message:
        return result
    return replace(result, message=f"{SPENT}: {result.message}" if result.message else SPENT)


def provoked(error: Exception) -> str:
    """Say what could not be done because of one of `PROVOKED`."""
    return SPENT if isinstance(error, OutOfTime) else f"its data cannot be worked with: {error}"


def _checker(certificate: AnyCertificate) -> Checker:
    """Return the function that checks a certificate of this kind."""
    if certificate.kind == "point":
        return check
    checker: Checker = module_of(certificate.kind, "verify").check
    return checker


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
