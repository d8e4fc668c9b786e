"""What certificates of chains of cells have in common: claims by name, and text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from hallucert.arguments import Late
from hallucert.check.claim import Claim, Claims, Provenance, Saved, Sentence, Status
from hallucert.errors import ArgumentError
from hallucert.objectives.objective import Objective

if TYPE_CHECKING:
    from hallucert.check.file.unfinished import Unfinished


class ChainCertificate(Saved, ABC):
    """Several claims of each name: indexing gives the `Claims` of a name, iterating all claims in order.

    ``certificate[name]`` is true only if there are claims of that name and *all* of them are proved. `names` are those
    there can be, and `first_claim` says that a piece is there at all. `unfinished`, which no file has, says how much is
    left if the time was up.
    """

    kind: ClassVar[str]
    first_claim: ClassVar[str]
    names: ClassVar[tuple[str, ...]]

    objective: Objective
    all_claims: tuple[Claim, ...]
    provenance: Provenance
    unfinished: Unfinished | None

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
        return sum(self.lengths())

    @property
    def proved(self) -> bool:
        """Whether a piece of the curve is certified at all."""
        return any(claim.status is Status.PROVED for claim in self[self.first_claim])

    def __repr__(self) -> str:
        return str(Sentence("chains.in_brackets", (self,)))

    @abstractmethod
    def lengths(self) -> list[int]:
        """Return the number of cells of each chain."""

    if not TYPE_CHECKING:
        card = Late("hallucert.check.words.chains")
