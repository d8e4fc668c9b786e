"""What a theorem is: numbers and exact inputs go in, and a status with a sentence comes out, or a reason why not.

A `Theorem` states. `Measured` is one whose numbers were enclosed: the prover publishes slightly wider enclosures and
states from those; the checker encloses the numbers again, with its own arithmetic, asks that each lies in the published
interval, and states again. A file keeps name, status, numbers and inputs, and whoever reads it renders the sentence.
So a certificate is believed only where an independent arithmetic arrives at the same statement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Generic, TypeVar

from hallucert.check.claim import Claim, Enclosure, Status
from hallucert.check.reason import Reason
from hallucert.check.sizes import UNSIZED, Sizes
from hallucert.clock import OutOfTime
from hallucert.errors import HallucertError

Numbers = Mapping[str, Enclosure]
Inputs = Mapping[str, Any]
Conclusion = tuple[Status, str] | Reason

F = TypeVar("F")
"""What a statement may refer to besides its numbers and inputs: the problem, what a file holds, claims before it."""

PROVOKED = (HallucertError, ArithmeticError, ValueError, LookupError, RecursionError, MemoryError, OutOfTime)
"""What absurd data in a file may provoke inside a theorem, or too short a time: a failure to prove, like any other."""


@dataclass(frozen=True, kw_only=True)
class Theorem(Generic[F]):
    """A claim that can be made, as a function of its numbers.

    Attributes
    ----------
    name : str
        Name of the claim.
    question : str
        What the claim asks, for claims that stay undecided.
    conclude : callable
        ``(facts, numbers, inputs) -> (status, statement)``, or a `Reason` if the numbers decide nothing.
    numbers : tuple of sets of str
        The sets of numbers that the claim may have; empty if those are told by `conclude` alone.
    inputs : tuple of mappings of str to str
        The sets of inputs that the claim may have, with their types in a certificate: ``"dyadic"``, ``"dyadics"``,
        ``"exact"``, ``"vector"``, ``"box"``, ``"integer"`` or ``"tape"``.
    subject : str
        The input that says which piece of the certificate the claim is about, from 1; "" if there is only one.
    """

    name: str
    question: str
    conclude: Callable[[F, Numbers, Inputs], Conclusion]
    numbers: tuple[frozenset[str], ...] = ()
    inputs: tuple[Mapping[str, str], ...] = ({},)
    subject: str = ""

    def state(self, facts: F, numbers: Numbers, inputs: Inputs) -> Claim | Reason:
        """Return the claim that the numbers show, or why they show none."""
        conclusion = self.conclude(facts, numbers, inputs)
        return conclusion if isinstance(conclusion, Reason) else Claim(self.name, *conclusion, numbers, inputs)

    def open(self, reason: Reason, inputs: Inputs | None = None) -> Claim:
        """Return the undecided claim; of its inputs it keeps the piece that it is about."""
        about = {self.subject: inputs[self.subject]} if inputs and self.subject else {}
        return Claim(self.name, Status.UNDECIDED, self.question, inputs=about, reason=reason)


@dataclass(frozen=True)
class Measured(Generic[F]):
    """A theorem with its numbers.

    Attributes
    ----------
    theorem : Theorem
        What they are the numbers of.
    numbers : mapping of str to Enclosure, or Reason
        Rigorous enclosures, or why they could not be had.
    inputs : mapping
        Exact data that the statement depends on.
    publish : callable
        From an enclosure, the bits of the proof and the size of such numbers to the enclosure that is published, which
        a checker can re-prove.
    """

    theorem: Theorem[F]
    numbers: Numbers | Reason
    inputs: Inputs = field(default_factory=dict)
    publish: Callable[[Enclosure, int, Fraction], Enclosure] = Enclosure.published

    def published(self, facts: F, precision: int, sizes: Sizes = UNSIZED) -> Claim:
        """Make the claim; an honest failure is an undecided claim."""
        if isinstance(self.numbers, Reason):
            return self.theorem.open(self.numbers, self.inputs)
        numbers = {key: self.publish(number, precision, sizes.of(key)) for key, number in self.numbers.items()}
        stated = self.theorem.state(facts, numbers, self.inputs)
        return self.theorem.open(stated, self.inputs) if isinstance(stated, Reason) else stated

    def recheck(self, claim: Claim, facts: F) -> str | None:
        """Return None if a published claim follows from these numbers, otherwise what does not."""
        if isinstance(self.numbers, Reason):
            return f"its numbers cannot be re-proved: {self.numbers.explanation}"
        if (claim.name, dict(claim.inputs)) != (self.theorem.name, dict(self.inputs)):
            return "it is not the claim that the data prove in its place"
        if set(self.numbers) != set(claim.numbers):
            return f"its numbers must be {', '.join(sorted(self.numbers)) or 'none'}"
        for key, number in self.numbers.items():
            if not claim.numbers[key].contains(number):
                return f"{key} is in {number}, which the published {claim.numbers[key]} does not contain"
        stated = self.theorem.state(facts, claim.numbers, claim.inputs)
        if isinstance(stated, Reason):
            return f"its numbers decide nothing: {stated.explanation}"
        if stated.status is not claim.status:
            return f"its numbers show {stated.status}, not {claim.status}"
        if stated != claim:
            return (
                f"with the claims that are re-proved before it, its numbers show another statement: {stated.statement}"
            )
        return None
