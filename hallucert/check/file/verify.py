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
from hallucert.check.claim import Claim, Status
from hallucert.check.file.certificate import Certificate
from hallucert.check.file.kinds import module_of
from hallucert.check.file.reading import load
from hallucert.check.point import existence
from hallucert.check.point.claims import BY_NAME
from hallucert.check.point.rule import Evidence, Facts
from hallucert.check.sam_point import Point
from hallucert.check.theorem import PROVOKED
from hallucert.check.witness import Witness, box_of
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
    claims, witness = dict(certificate.claims), certificate.witness
    decided = [claim for claim in claims.values() if claim.status is not Status.UNDECIDED]
    if witness is None or not decided:
        return [Result(c.name, c.status, c.status is Status.UNDECIDED, "") for c in claims.values()]
    facts = Facts(certificate.objective, certificate.rho, witness)
    first = claims.get("existence")
    if first is not None and first.status is Status.REFUTED:
        return _check_refuted(certificate, ar, facts, first)
    message = "existence cannot be re-proved in the box of the file"
    try:
        x = _region(certificate, ar, witness)
    except PROVOKED as error:
        x, message = None, f"{message}: {provoked(error)}"
    if x is None:
        return [
            Result(c.name, c.status, c.status is Status.UNDECIDED, message if c in decided else "")
            for c in claims.values()
        ]
    evidence = Evidence(ar, Point(ar, certificate.objective, certificate.rho, x), witness, max_boxes, clock)
    results = []
    for number, claim in enumerate(claims.values()):
        problem = None
        clock.tell(f"claim {claim.name}", number, len(claims))
        if claim.status is not Status.UNDECIDED:
            if clock.passed():
                results.append(Result(claim.name, claim.status, False, SPENT))
                continue
            try:
                problem = BY_NAME[claim.name].recheck(claim, evidence, facts)
                if problem is None and claim.name == "existence":
                    problem = _check_enclosure(certificate, evidence)
            except PROVOKED as error:
                problem = provoked(error)
        if problem is None:
            facts.claims[claim.name] = claim
        results.append(Result(claim.name, claim.status, problem is None, problem or ""))
    return results


def _region(certificate: Certificate, ar: BallArithmetic, witness: Witness) -> list[Any] | None:
    """Enclose what the claims are about: the point that exists, or all of the box."""
    if witness.system == "box":
        return box_of(ar, witness)
    return existence.relocate(ar, certificate.objective, certificate.rho, witness)


def _check_enclosure(certificate: Certificate, evidence: Evidence) -> str | None:
    """The published enclosure must contain the checker's, and lie where the point is the only one."""
    ar, box = evidence.arithmetic, certificate.box or ()
    for (low, high), x in zip(box, evidence.point.x, strict=True):
        if not (low <= ar.lower(x) and ar.upper(x) <= high):
            return "the published enclosure does not contain the point"
    if not existence.stays_inside(box, evidence.witness):
        return "the published enclosure leaves the box in which the point is the only one"
    return None


def _check_refuted(certificate: Certificate, ar: BallArithmetic, facts: Facts, first: Claim) -> list[Result]:
    """A refuted existence is the only thing such a certificate may claim."""
    try:
        empty = existence.excludes(ar, facts.objective, facts.rho, facts.witness)
    except PROVOKED:
        empty = False
    same = existence.refutation(facts) == first
    message = "" if empty and same else "it is not shown that the box holds no solution"
    results = [Result(first.name, first.status, empty and same, message)]
    for claim in list(certificate.claims.values())[1:]:
        open_ = claim.status is Status.UNDECIDED
        results.append(Result(claim.name, claim.status, open_, "" if open_ else "there is no point to speak about"))
    return results
