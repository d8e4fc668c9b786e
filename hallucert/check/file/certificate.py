"""What certificates have in common: a card and a file; those of several pieces, also claims by name."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from os import PathLike
from typing import Any, ClassVar, Protocol

import numpy as np

from hallucert.check.claim import MARKS, Claim, Claims, Provenance, Status
from hallucert.errors import ArgumentError
from hallucert.objectives.names import heading
from hallucert.objectives.objective import Objective


def doubles(numbers: Any) -> np.ndarray:
    """Return a vector or matrix of exact numbers in doubles, for pictures: infinite beyond their range."""
    result: np.ndarray = np.vectorize(_double, otypes=[float])(np.array(numbers, dtype=object))
    return result


def _double(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


class Made(Protocol):
    """A certificate of any kind."""

    @property
    def kind(self) -> str:
        """The kind, a key of `hallucert.check.file.files.KINDS`."""

    @property
    def objective(self) -> Objective:
        """The function."""

    @property
    def provenance(self) -> Provenance:
        """Which software made it."""

    def card(self) -> list[str]:
        """Return what it says, line by line."""


class Saved:
    """What certificates of every kind have in common: a card in print, and a file."""

    def __str__(self: Made) -> str:
        made = self.provenance
        by = f"by {made.backend_version} at {made.precision} bits, hallucert {made.hallucert}"
        return "\n".join([heading(self.objective), *self.card(), by])

    def save(self: Made, path: str | PathLike[str]) -> None:
        """Write the certificate as JSON, atomically: the file is complete or not there.

        Parameters
        ----------
        path : str or path
            Where to; an existing file is replaced.

        Raises
        ------
        OSError
            If the path cannot be written; whatever was there before stays.
        """
        from hallucert.check.file.files import save

        save(self, path)


class ChainCertificate(Saved):
    """Several claims of each name: indexing gives the `Claims` of a name, iterating all claims in order.

    ``certificate[name]`` is true only if there are claims of that name and *all* of them are proved. `names` are those
    there can be, and `first_claim` says that a piece is there at all.
    """

    kind: ClassVar[str]
    first_claim: ClassVar[str]
    names: ClassVar[tuple[str, ...]]

    objective: Objective
    all_claims: tuple[Claim, ...]
    provenance: Provenance

    def __post_init__(self) -> None:
        object.__setattr__(self, "all_claims", Claims(self.all_claims))

    def __getitem__(self, name: str) -> Claims:
        if name not in self.names:
            raise ArgumentError("claim", name, f"be one of {', '.join(self.names)}")
        return Claims(claim for claim in self.all_claims if claim.name == name)

    def __contains__(self, name: object) -> bool:
        return any(claim.name == name for claim in self.all_claims)

    def __iter__(self) -> Iterator[Claim]:
        return iter(self.all_claims)

    @property
    def cells(self) -> int:
        """How many cells there are in all."""
        return sum(self._lengths())

    @property
    def proved(self) -> bool:
        """Whether a piece of the curve is certified at all."""
        return any(claim.status is Status.PROVED for claim in self[self.first_claim])

    def __repr__(self) -> str:
        count = sum(claim.status is Status.PROVED for claim in self.all_claims)
        return (
            f"<{type(self).__name__} for {self.objective.name[:40]!r}: {len(self._lengths())} pieces, {self.cells} "
            f"cells, {count} claims proved>"
        )

    def card(self) -> list[str]:
        """Return what the claims are about, and the claims."""
        return [*self._subject(), *(f"[{MARKS[claim.status]}] {claim}" for claim in self.all_claims)]

    def _lengths(self) -> list[int]:
        """Return the number of cells of each chain."""
        raise NotImplementedError

    def _subject(self) -> list[str]:
        """Return the lines that say what the claims are about."""
        raise NotImplementedError
