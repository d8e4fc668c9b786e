"""Verifying a certificate: every claim in it is proved again, from the file alone, with the arithmetic of choice.

The checker shares the theorems with the prover and none of its searches: it runs no numba, scipy or sympy. What proofs
start from comes from the file; where it is wrong, a proof fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from os import PathLike

from hallucert.arguments import checked_path
from hallucert.balls import arithmetic, require_round_to_nearest
from hallucert.check.claim import PROVOKED, Claim, Saved, Sentence, Status
from hallucert.check.file.files import CHECK, load, module_of
from hallucert.clock import Clock, OutOfTime
from hallucert.errors import ArgumentError

MAX_BOXES = 400_000
"""Budget of a claim that subdivides: twice what the prover may spend by default."""

BUDGET = 600.0
"""Seconds that a file may cost before the checker gives up; an honest file in two variables takes about 0.01."""

SPENT = "the time budget was spent before it was settled"
"""Of a claim that is not re-proved for want of time."""


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
    backend, precision : str, int
        The arithmetic that checked, and its bits.
    results : tuple of Result
        One for each claim of the file; undecided claims assert nothing and are listed as passed.
    """

    certificate: Saved
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
        return str(Sentence("cards.verdict_text", (self,)))


def verify(source: str | PathLike[str] | Saved, backend: str | None, max_boxes: int, clock: Clock) -> Verdict:
    """Do what `hallucert.verify` does, with a clock."""
    require_round_to_nearest()
    certificate = load(checked_path(source, "source")) if isinstance(source, str | PathLike) else source
    if not hasattr(certificate, "kind") or not hasattr(certificate, "provenance"):
        raise ArgumentError("source", source, "be a path or a certificate")
    if backend is None:
        backend = "mpmath" if certificate.provenance.backend == "arb" else "arb"
    large = certificate.kind == "large"
    ar = arithmetic(backend, (4 if large else 2) * max(certificate.provenance.precision, 53))
    with ar, clock.watched():
        results: list[Result] = module_of(certificate.kind, CHECK).check(certificate, ar, max_boxes, clock)
    if clock.passed():
        results = [_late(result) for result in results]
    beside = {"large": "midrad at 53 bits and ", "basins": "intervals of doubles (some cells in mpmath too) and "}
    checked_in = beside.get(certificate.kind, "") + backend
    return Verdict(certificate, checked_in, ar.precision, tuple(results))


def _late(result: Result) -> Result:
    """Say of a claim that failed after the time was spent that this may be all that is wrong with it."""
    if result.passed or "time budget" in result.message:
        return result
    return replace(result, message=f"{SPENT}: {result.message}" if result.message else SPENT)


def provoked(error: Exception) -> str:
    """Say what could not be done because of one of `PROVOKED`."""
    return SPENT if isinstance(error, OutOfTime) else f"its data cannot be worked with: {error}"


def rechecked(claims: Iterable[Claim], objection: Callable[[Claim, list[Result]], str | None]) -> list[Result]:
    """Return what became of claims, in their order.

    An undecided one asserts nothing; the others are proved again if there is no objection to them, which may look at
    what became of those before.
    """
    results: list[Result] = []
    for claim in claims:
        problem = None
        if claim.status is not Status.UNDECIDED:
            try:
                problem = objection(claim, results)
            except PROVOKED as error:
                problem = provoked(error)
        pieces = [f" ({key} {n})" for key, n in claim.inputs.items() if key in ("branch", "sheet", "attractor", "trap")]
        results.append(Result(claim.name + "".join(pieces), claim.status, problem is None, problem or ""))
    return results
