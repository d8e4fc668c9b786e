"""What a claim is, and how one is made: numbers and exact inputs go in, a status with a sentence comes out.

A `Theorem` states. `Measured` is one whose numbers were enclosed: the prover publishes slightly wider enclosures and
states from those; the checker encloses the numbers again, with its own arithmetic, asks that each lies in the published
interval, and states again. A file keeps name, status, numbers and inputs, and whoever reads it renders the sentence:
status and sentence are functions of the published numbers alone. So a certificate is believed only where an independent
arithmetic arrives at the same statement.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any, Generic, SupportsIndex, TypeVar, overload

from hallucert.check.reason import Reason
from hallucert.clock import OutOfTime
from hallucert.errors import HallucertError
from hallucert.exact import decimal_enclosure, round_down, round_up, short_digits

COUNTS = frozenset({"negative_eigenvalues", "turns", "euler_characteristic"})
"""Numbers that are integers."""

LARGEST_COUNT = 10**18
"""Of anything: an interval around more says nothing, and Python does not print integers of any length."""

LENGTH, VALUE, GRADIENT, CURVATURE, STEP = (2, 0), (0, 2), (-2, 2), (-4, 2), (4, -2)
"""Twice the exponents of length and value."""

DIMENSIONS = {
    "offset": LENGTH,
    "radius": LENGTH,
    "distance": LENGTH,
    "length": LENGTH,
    "rho": LENGTH,
    "rho_start": LENGTH,
    "rho_end": LENGTH,
    "level": VALUE,
    "maximum": VALUE,
    "target_value": VALUE,
    "sam_value": VALUE,
    "value": VALUE,
    "value_elsewhere": VALUE,
    "gradient_norm": GRADIENT,
    "multiplier": CURVATURE,
    "curvature": CURVATURE,
    "smallest_hessian_eigenvalue": CURVATURE,
    "largest_hessian_eigenvalue": CURVATURE,
    "second_derivative": CURVATURE,
    "smallest_real_part": CURVATURE,
    "step_bound": STEP,
    "shifted_gradient_square": (-4, 4),
    "smallest_eigenvalue_sym_Du": (-2, 0),
}
"""Of published numbers; those that are not here are free of units, or nothing near 0."""


class Status(StrEnum):
    """``proved``: the statement is a theorem. ``refuted``: its negation is. ``undecided``: neither was shown."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


MARKS = {Status.PROVED: "+", Status.REFUTED: "-", Status.UNDECIDED: "?"}
"""Before claims on cards."""


@dataclass(frozen=True)
class Enclosure:
    """A closed interval with dyadic ends that certainly contains a number: ``lower <= number <= upper``."""

    lower: Fraction
    upper: Fraction

    def contains(self, other: Enclosure) -> bool:
        """Tell whether every point of `other` lies in this interval."""
        return self.lower <= other.lower and other.upper <= self.upper

    def published(self, precision: int | None, unit: Fraction = Fraction(1)) -> Enclosure:
        """Return a slightly wider interval with short ends, which a checker with other rounding can re-prove.

        Each side moves out by twice the width, by ``2**-48`` of the size, by ``2**-precision`` units (numbers near 0
        inherit the rounding of numbers of size 1) and by the rounding to 64 bits. Signs survive unless they were
        decided by less.

        Parameters
        ----------
        precision : int or None
            Bits of the proof; the checker works with twice as many. None leaves ``2**-precision`` out.
        unit : Fraction
            The size of numbers of this kind in the problem, see `Sizes`.
        """
        slack = 2 * (self.upper - self.lower) + max(abs(self.lower), abs(self.upper)) / 2**48
        if precision is not None:
            slack += unit / 2**precision
        return Enclosure(round_down(self.lower - slack, 64), round_up(self.upper + slack, 64))

    def __str__(self) -> str:
        return decimal_enclosure(self.lower, self.upper)


@dataclass(frozen=True)
class Sizes:
    """The sizes of the numbers of a problem, as powers of two: what "near 0" means for each that is published.

    A number near 0 inherits the rounding of others of its kind that are not. Lengths are compared with ``|x+ - x|``,
    that is ``rho``, gradients with ``|g(x)|``, and so on: in other units of ``f`` or ``x`` the same claims are proved.

    Attributes
    ----------
    length, value : int
        Exponents of the powers of two near the length and the change of value of the problem.
    residual : bool
        Whether singular values are those of the derivative of residuals, whose squares are values.
    """

    length: int = 0
    value: int = 0
    residual: bool = False

    @property
    def box(self) -> Fraction:
        """The unit of coordinates."""
        return Fraction(2) ** self.length

    def of(self, name: str) -> Fraction:
        """Return the unit of a number."""
        lengths, values = DIMENSIONS.get(name, (0, 0))
        if name == "smallest_singular_value" and self.residual:
            lengths, values = -2, 1
        return Fraction(2) ** ((lengths * self.length + values * self.value) // 2)


UNSIZED = Sizes()
"""All numbers are compared with 1."""


def exponent(value: Fraction) -> int:
    """Return ``floor(log2(value))`` of a positive number, or one less."""
    return value.numerator.bit_length() - value.denominator.bit_length()


def sizes_of(length: Fraction, gradient: Fraction, residual: bool = False) -> Sizes:
    """Return the sizes of a problem with this length and gradients of this size; what is 0 has the size 1."""
    long = exponent(length) if length > 0 else 0
    return Sizes(long, exponent(gradient) + long if gradient > 0 else 0, residual)


@dataclass(frozen=True)
class Claim:
    """One entry of a certificate.

    Attributes
    ----------
    name : str
        The claim's name, such as ``"attractor"``.
    status : Status
        proved, refuted or undecided.
    statement : str
        The sentence that is proved (or refuted: then the sentence states the negation); for an undecided claim,
        the question.
    numbers : mapping of str to Enclosure
        The published enclosures from which the status follows.
    inputs : mapping
        Exact data that the statement depends on, such as a box or a kind.
    reason : Reason or None
        Why an undecided claim is undecided.
    """

    name: str
    status: Status
    statement: str
    numbers: Mapping[str, Enclosure] = field(default_factory=dict)
    inputs: Inputs = field(default_factory=dict)
    reason: Reason | None = None

    def __bool__(self) -> bool:
        return self.status is Status.PROVED

    def __repr__(self) -> str:
        return f"<Claim {self.name}: {self.status}>"

    def __str__(self) -> str:
        text = f"{self.name}: {self.status.upper()}. {short_digits(self.statement)}"
        for key, enclosure in self.numbers.items():
            text += f"\n    {key.replace('_', ' ')} {_printed(key, enclosure)}"
        if self.reason is not None:
            text += f"\n    because {self.reason.explanation}"
        return text


def _printed(key: str, enclosure: Enclosure) -> str:
    """Print where a number is; a count as the integer that it must be, or the integers that it may be."""
    fewest, most = math.ceil(enclosure.lower), math.floor(enclosure.upper)
    if key not in COUNTS or fewest > most or max(-fewest, most) > LARGEST_COUNT:
        return f"in {enclosure}"
    return f"= {fewest}" if fewest == most else f"from {fewest} to {most}"


class Claims(tuple[Claim, ...]):
    """Several claims, as a tuple whose truth is that they hold: there is one at least, and *all* are proved.

    Examples
    --------
    >>> proved, open_ = Claim("fold", Status.PROVED, "."), undecided("fold", "?", Reason.PRECISION)
    >>> bool(Claims((proved,))), bool(Claims((proved, open_))), bool(Claims(()))
    (True, False, False)
    """

    __slots__ = ()

    def __bool__(self) -> bool:
        return len(self) > 0 and all(self)

    @overload
    def __getitem__(self, index: SupportsIndex) -> Claim: ...
    @overload
    def __getitem__(self, index: slice) -> Claims: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Claim | Claims:
        found = super().__getitem__(index)
        return found if isinstance(found, Claim) else Claims(found)


def undecided(name: str, question: str, reason: Reason) -> Claim:
    """Return an undecided claim."""
    return Claim(name, Status.UNDECIDED, question, reason=reason)


Numbers = Mapping[str, Enclosure]
Inputs = Mapping[str, Any]
"""Exact numbers, tuples of them, and tapes; each claim knows its own."""
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
        The sets of inputs that the claim may have, with their types in a certificate, which are the names of
        `hallucert.check.file.fields.CODECS`.
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


@dataclass(frozen=True)
class Provenance:
    """Which software made a certificate. Information only: nothing that is proved depends on it.

    Attributes
    ----------
    hallucert : str
        Version of this library.
    backend : str
        ``"arb"`` or ``"mpmath"``.
    backend_version : str
        Library and version behind it.
    precision : int
        Bits of the proof; a checker works with more.
    """

    hallucert: str
    backend: str
    backend_version: str
    precision: int
