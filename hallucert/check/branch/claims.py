"""Claims about a branch of hallucinated points: the curve ``g(x) = lambda (c - x)`` with rho free (Proposition 4.5).

==============  =======================================================================================================
``target``      exactly one critical point ``c`` of ``f`` lies in a box, and it is nondegenerate of a known index
``branch``      a chain of cells holds one connected smooth curve of hallucinated points of target ``c``, from a radius
                (or a critical point) to another; every radius between is attained (intermediate value theorem)
``fold``        the curve has a nondegenerate turning point in rho, at a radius in an explicit interval
``stability``   every point of a part of the curve attracts SAM (or every one repels it)
==============  =======================================================================================================

``branch``, ``fold`` and ``stability`` occur once for each chain, fold and part. Everything is said of the true critical
point ``c``: its enclosure enters every proof as a ball. The prover and the checker both measure (`measured_claims`)
and derive each sentence from the published numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Any

from hallucert.check.branch.cell import CellProof
from hallucert.check.branch.chain import Chain, ChainFacts, Run, check_chain
from hallucert.check.branch.stability import ATTRACTING
from hallucert.check.branch.system import BranchSystem
from hallucert.check.branch.target import Target
from hallucert.check.claim import Claim, Enclosure, Status, undecided
from hallucert.check.reason import Reason
from hallucert.check.sizes import UNSIZED, Sizes
from hallucert.clock import UNLIMITED, Clock, OutOfTime
from hallucert.exact import decimal_above, decimal_below, decimal_enclosure

Numbers = Mapping[str, Enclosure]

DIGITS = 12
"""Decimals of radii in sentences."""

QUESTIONS = {
    "target": "Is there a nondegenerate critical point of f near the target of the branch?",
    "branch": "Is there a curve of hallucinated points along the branch?",
    "fold": "Does the branch turn back in rho?",
    "stability": "Do the points of the branch attract or repel SAM?",
}
"""The names of the claims, in the order in which they are made, and what they ask."""


@dataclass(frozen=True)
class Measured:
    """A claim before its numbers are published.

    Attributes
    ----------
    name : str
        The claim.
    numbers : mapping of str to Enclosure
        Rigorous enclosures.
    conclude : callable
        From published numbers to the sentence that they prove, or None if they prove nothing.
    inputs : mapping
        Which branch of the certificate it is about.
    """

    name: str
    numbers: Numbers
    conclude: Callable[[Numbers], str | None]
    inputs: Mapping[str, Any] = field(default_factory=dict)

    def published(self, precision: int, sizes: Sizes = UNSIZED) -> Claim:
        """Make the claim."""
        numbers = {key: enclosure.published(precision, sizes.of(key)) for key, enclosure in self.numbers.items()}
        statement = self.conclude(numbers)
        if statement is None:
            return undecided(self.name, QUESTIONS[self.name], Reason.STRADDLES)
        return Claim(self.name, Status.PROVED, statement, numbers, dict(self.inputs))

    def recheck(self, claim: Claim) -> str | None:
        """Return None if a published claim follows from these numbers, otherwise what does not."""
        if (claim.name, dict(claim.inputs)) != (self.name, dict(self.inputs)) or set(claim.numbers) != set(
            self.numbers
        ):
            return "it is not the claim that the cells prove in its place"
        for key, enclosure in self.numbers.items():
            if not claim.numbers[key].contains(enclosure):
                return f"{key} is in {enclosure}, which the published {claim.numbers[key]} does not contain"
        if self.conclude(claim.numbers) != claim.statement:
            return f"what its numbers show is another statement: {self.conclude(claim.numbers)}"
        return None


def target_claim(target: Target) -> Measured:
    """The target is a nondegenerate critical point."""

    def conclude(numbers: Numbers) -> str | None:
        small, large = numbers["smallest_hessian_eigenvalue"], numbers["largest_hessian_eigenvalue"]
        if (small.lower > 0) != (target.negative == 0) or (large.upper < 0) != (target.kind == "maximizer"):
            return None
        return (
            f"f has exactly one critical point c in the target's box of the certificate. It is a nondegenerate "
            f"{target.kind}: the eigenvalues of its Hessian lie in [{decimal_below(small.lower)}, "
            f"{decimal_above(large.upper)}], and {target.negative} of them are negative."
        )

    numbers = {"smallest_hessian_eigenvalue": target.smallest, "largest_hessian_eigenvalue": target.largest}
    return Measured("target", numbers, conclude)


def chain_claims(index: int, target: Target, chain: Chain, facts: ChainFacts) -> list[Measured]:
    """Return the claims of one chain: the curve, its folds, its stability."""
    inputs = {"branch": index}
    claims = [_branch_claim(index, target, chain, facts)]
    for fold in facts.folds:
        numbers = {"rho": fold.rho, "second_derivative": fold.second_derivative}
        claims.append(Measured("fold", numbers, partial(_fold_sentence, index), inputs))
    for run in facts.runs:
        numbers = {"rho_from": run.rho_from, "rho_to": run.rho_to}
        claims.append(Measured("stability", numbers, partial(_stability_sentence, index, run), inputs))
    return claims


def _branch_claim(index: int, target: Target, chain: Chain, facts: ChainFacts) -> Measured:
    what = "hallucinated minimizers" if target.negative == 0 else "hallucinated stationary points"
    count = len(chain.links)
    cells = f"{count} overlapping cell{'s' * (count > 1)}, each with exactly one arc"

    def conclude(numbers: Numbers) -> str | None:
        start, end = numbers["rho_start"], numbers["rho_end"]
        begins = "a critical point of f, where lambda = 0 and" if chain.from_critical else "a point where"
        ends = "a critical point of f, where lambda = 0 and" if chain.to_critical else "a point where"
        sentence = (
            f"Branch {index}: {cells} of solutions of grad f(x) = lambda (c - x), hold one connected smooth curve from "
            f"{begins} rho is in {_long(start)}, to {ends} rho is in {_long(end)}. Its points, apart from critical "
            f"points at its ends, are {what} of target c for rho = |x - c|."
        )
        low, high = (start.upper, end.lower) if start.upper < end.lower else (end.upper, start.lower)
        shown = decimal_above(low, DIGITS), decimal_below(high, DIGITS)
        if Fraction(shown[0]) < Fraction(shown[1]):
            sentence += f" Every rho strictly between {shown[0]} and {shown[1]} is attained."
        if facts.turning_complete:
            folds = len(facts.folds)
            where = ("all along it", "on each side of its fold")[folds] if folds < 2 else f"between its {folds} folds"
            sentence += f" rho is strictly monotone {where}."
        return sentence

    numbers = {"rho_start": facts.rho_start, "rho_end": facts.rho_end}
    return Measured("branch", numbers, conclude, {"branch": index})


def _long(enclosure: Enclosure) -> str:
    return decimal_enclosure(enclosure.lower, enclosure.upper, DIGITS)


def _fold_sentence(index: int, numbers: Numbers) -> str | None:
    rho, second = numbers["rho"], numbers["second_derivative"]
    if second.lower <= 0 <= second.upper:
        return None
    what = "minimum" if second.lower > 0 else "maximum"
    least = decimal_below(second.lower) if second.lower > 0 else decimal_above(second.upper)
    return (
        f"Branch {index} has a nondegenerate fold: rho has a strict local {what} along it, at a radius in "
        f"{decimal_enclosure(rho.lower, rho.upper, 16)}, and its second derivative by the arclength "
        f"of x there is {'at least' if second.lower > 0 else 'at most'} {least}."
    )


def _stability_sentence(index: int, run: Run, numbers: Numbers) -> str:
    # By cells, because a curve with folds has several points of one radius.
    part = (
        f"branch {index}, from a point in cell {run.first_cell + 1}, where rho is in {_long(numbers['rho_from'])}, on "
        f"to a point in cell {run.last_cell + 1}, where rho is in {_long(numbers['rho_to'])},"
    )
    if run.word == ATTRACTING:
        return (
            f"Every point of {part} attracts SAM, for every small enough fixed step: all eigenvalues of the SAM matrix "
            f"M = H(c) J(x) have positive real part there."
        )
    return (
        f"Every point of {part} repels SAM, for every fixed step: some eigenvalue of the SAM matrix M = H(c) J(x) has "
        f"negative real part there."
    )


def measured_claims(
    system: BranchSystem,
    target: Target,
    chains: Sequence[Chain],
    proofs: Sequence[Sequence[CellProof]] | None = None,
    clock: Clock = UNLIMITED,
) -> list[list[Measured] | str]:
    """Prove everything about a target and its chains.

    Parameters
    ----------
    system : BranchSystem
        With the target's enclosure.
    target : Target
        Proved.
    chains : sequence of Chain
        Numbered from 1 in the claims.
    proofs : sequences of CellProof, optional
        The prover's proofs of their cells, see `check_chain`.
    clock : Clock
        As for `check_chain`.

    Returns
    -------
    list
        Entry 0: the claim about the target. Entry `k`: the claims of chain `k`, or what could not be proved of it.
    """
    result: list[list[Measured] | str] = [[target_claim(target)]]
    for number, chain in enumerate(chains, 1):
        try:
            facts = check_chain(system, chain, None if proofs is None else proofs[number - 1], clock)
        except OutOfTime:
            facts = "the time budget was spent before its last cell"
        result.append(facts if isinstance(facts, str) else chain_claims(number, target, chain, facts))
    return result
