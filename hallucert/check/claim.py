"""What a claim is, and how one is made: numbers and exact inputs go in, a status with a sentence comes out.

A `Theorem` states. `Measured` is one whose numbers were enclosed: the prover publishes slightly wider enclosures
(`hallucert.check.publishing`) and states from those; the checker encloses the numbers again, with its own arithmetic,
asks that each lies in the published interval, and states again. A file keeps name, status, numbers and inputs, and
whoever reads it renders the sentence: status and sentence are functions of the published numbers alone. So a
certificate is believed only where an independent arithmetic arrives at the same statement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from importlib import import_module
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, SupportsIndex, TypeVar, overload

from hallucert.arguments import Late
from hallucert.check.reason import Reason
from hallucert.clock import OutOfTime
from hallucert.errors import HallucertError

if TYPE_CHECKING:
    from hallucert.objectives.objective import Objective


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

    def __str__(self) -> str:
        from hallucert.decimals import decimal_enclosure  # for print only

        return decimal_enclosure(self.lower, self.upper)


class Sentence(NamedTuple):
    """What a claim says. It is put into words when somebody reads it: no check needs them.

    `name` is that of a module and a function of `hallucert.check.words`, and what the sentence is `about` are its
    arguments: so two sentences are equal if they say the same.
    """

    name: str
    about: tuple[Any, ...] = ()

    def __str__(self) -> str:
        module, function = self.name.split(".")
        spoken: str = getattr(import_module(f"hallucert.check.words.{module}"), function)(*self.about)
        return spoken


@dataclass(frozen=True)
class Claim:
    """One entry of a certificate.

    Attributes
    ----------
    name : str
        The claim's name, such as ``"attractor"``.
    status : Status
        proved, refuted or undecided.
    said : str or Sentence
        What is proved (or refuted: then it is the negation); for an undecided claim, the question. As text it is the
        `statement`.
    numbers : mapping of str to Enclosure
        The published enclosures from which the status follows.
    inputs : mapping
        Exact data that the statement depends on, such as a box or a kind.
    reason : Reason or None
        Why an undecided claim is undecided.
    """

    name: str
    status: Status
    said: str | Sentence
    numbers: Mapping[str, Enclosure] = field(default_factory=dict)
    inputs: Inputs = field(default_factory=dict)
    reason: Reason | None = None

    @property
    def statement(self) -> str:
        """The sentence that is proved, or refuted; for an undecided claim, the question."""
        return str(self.said)

    def __bool__(self) -> bool:
        return self.status is Status.PROVED

    def __repr__(self) -> str:
        return f"<Claim {self.name}: {self.status}>"

    def __str__(self) -> str:
        return str(Sentence("cards.claim_text", (self,)))


class Claims(tuple[Claim, ...]):
    """Several claims, as a tuple whose truth is that they hold: there is one at least, and *all* are proved.

    Examples
    --------
    >>> proved, open_ = (Claim("fold", status, ".") for status in (Status.PROVED, Status.UNDECIDED))
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


Numbers = Mapping[str, Enclosure]
Inputs = Mapping[str, Any]
"""Exact numbers, tuples of them, and tapes; each claim knows its own."""
Conclusion = tuple[Status, "str | Sentence"] | Reason

F = TypeVar("F")
"""What a statement may refer to besides its numbers and inputs: the problem, what a file holds, claims before it."""

PROVOKED = (HallucertError, ArithmeticError, ValueError, LookupError, RecursionError, MemoryError, OutOfTime)
"""What absurd data in a file may provoke inside a theorem, or too short a time: a failure to prove, like any other."""


@dataclass(frozen=True, kw_only=True)
class Theorem(Generic[F]):
    """A claim that can be made, as a function of its numbers.

    `question` is what it asks, where it stays undecided. `conclude` takes facts, numbers and inputs to status and
    statement, or to a `Reason` if the numbers decide nothing. `numbers` are the sets of numbers that the claim may
    have, empty if `conclude` alone tells; `inputs` the sets of inputs, each with its type in a file, one of
    `hallucert.check.file.fields.READERS`. `subject` is the input that says which piece of the certificate the claim is
    about, from 1; "" if there is only one.
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
    """A theorem with its numbers: rigorous enclosures, or why they could not be had.

    The statement also depends on exact `inputs`. `threshold` is what the numbers are compared with, where publication
    has to know it (`hallucert.check.publishing`).
    """

    theorem: Theorem[F]
    numbers: Numbers | Reason
    inputs: Inputs = field(default_factory=dict)
    threshold: Fraction | None = None

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
            return f"with the claims that are re-proved before it, its numbers show another statement: {stated.said}"
        return None


@dataclass(frozen=True)
class Provenance:
    """Which software made a certificate, in which arithmetic, at how many bits: nothing proved depends on it."""

    hallucert: str
    backend: str
    backend_version: str
    precision: int


class Saved:
    """What certificates of every kind have in common: what they say, of which function; a card in print, and a file."""

    def __str__(self) -> str:
        return str(Sentence("cards.certificate_text", (self,)))

    if TYPE_CHECKING:
        kind: ClassVar[str]  # a key of `hallucert.check.file.files.KINDS`
        provenance: Provenance

        @property
        def objective(self) -> Objective: ...
        @property
        def all_claims(self) -> tuple[Claim, ...]: ...
        def card(self) -> list[str]: ...
        def save(self, path: str | PathLike[str]) -> None: ...
        def export(self, path: str | PathLike[str], to: str = "coq") -> None: ...
        def to_latex(self) -> str: ...
    else:
        save, export = Late("hallucert.check.file.save"), Late("hallucert.export")
        to_latex = Late("hallucert.export")
