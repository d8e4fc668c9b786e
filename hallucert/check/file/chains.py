"""What certificates of chains of cells have in common: claims by name, text, and the file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from os import PathLike
from typing import Any, ClassVar

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


class ChainCertificate:
    """Several claims of each name: indexing gives the `Claims` of a name, iterating all claims in order.

    ``certificate[name]`` is true only if there are claims of that name and *all* of them are proved.

    Attributes
    ----------
    kind, first_claim : str
        The kind of certificate, and the claim that a piece is there at all.
    names : tuple of str
        The claims there can be.
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

    def save(self, path: str | PathLike[str]) -> None:
        """Write the certificate as JSON, atomically.

        Parameters
        ----------
        path : str or path
            Where to; an existing file is replaced.

        Raises
        ------
        OSError
            If the path cannot be written; whatever was there before stays.
        """
        from hallucert.check.file.save import save

        save(self, path)

    def __repr__(self) -> str:
        count = sum(claim.status is Status.PROVED for claim in self.all_claims)
        return (
            f"<{type(self).__name__} for {self.objective.name[:40]!r}: {len(self._lengths())} pieces, {self.cells} "
            f"cells, {count} claims proved>"
        )

    def __str__(self) -> str:
        made = self.provenance
        return "\n".join(
            [
                heading(self.objective),
                *self._subject(),
                *(f"[{MARKS[claim.status]}] {claim}" for claim in self.all_claims),
                f"by {made.backend_version} at {made.precision} bits, hallucert {made.hallucert}",
            ]
        )

    def _lengths(self) -> list[int]:
        """Return the number of cells of each chain."""
        raise NotImplementedError

    def _subject(self) -> list[str]:
        """Return the lines that say what the claims are about."""
        raise NotImplementedError
