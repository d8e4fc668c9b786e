"""What a claim is: a name, a status, the numbers behind it and the sentence they prove.

A claim's numbers are *published* enclosures: wider than what the prover computed, so that an independent
checker, with other rounding, can re-prove each of them. Status and statement are functions of the published
numbers alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any, SupportsIndex, overload

from hallucert.check.reason import Reason
from hallucert.exact import decimal_enclosure, round_down, round_up, short_digits

COUNTS = frozenset({"negative_eigenvalues", "turns", "euler_characteristic"})
"""Numbers that are integers."""


class Status(StrEnum):
    """``proved``: the statement is a theorem. ``refuted``: its negation is. ``undecided``: neither was shown."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


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
            The size of numbers of this kind in the problem, see `hallucert.check.sizes`.
        """
        slack = 2 * (self.upper - self.lower) + max(abs(self.lower), abs(self.upper)) / 2**48
        if precision is not None:
            slack += unit / 2**precision
        return Enclosure(round_down(self.lower - slack, 64), round_up(self.upper + slack, 64))

    def __str__(self) -> str:
        return decimal_enclosure(self.lower, self.upper)


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
        The enclosures from which the status follows.
    inputs : mapping
        Exact data that the statement depends on, such as a box or a kind.
    reason : Reason or None
        Why an undecided claim is undecided.
    """

    name: str
    status: Status
    statement: str
    numbers: Mapping[str, Enclosure] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
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


LARGEST_COUNT = 10**18
"""Of anything: an interval around more says nothing, and Python does not print integers of any length."""


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


def undecided(name: str, question: str, reason: Reason, numbers: Mapping[str, Enclosure] | None = None) -> Claim:
    """Return an undecided claim."""
    return Claim(name, Status.UNDECIDED, question, dict(numbers or {}), {}, reason)
