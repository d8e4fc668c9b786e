"""The certificate: a problem, a witness, and the claims that were proved from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from hallucert.arguments import Late
from hallucert.check.claim import Claim, Claims, Provenance, Saved, Sentence
from hallucert.check.point.rule import Witness
from hallucert.check.problem import AboutProblem, Problem
from hallucert.errors import ArgumentError

if TYPE_CHECKING:
    import numpy as np

Sides = tuple[tuple[Fraction, Fraction], ...]


@dataclass(frozen=True, repr=False)
class Certificate(AboutProblem, Saved):
    """Everything that was proved about one point, with what an independent checker needs to prove it again.

    Indexing with a claim's name gives the `Claim`, which is true if it is proved; iterating gives all of them, as for
    certificates of other kinds. Printing gives a theorem card.

    Attributes
    ----------
    problem : Problem
        What is proved is about: the function, the perturbation radius (exact), and the ascent step.
    witness : Witness or None
        Box, slice and preconditioner of the existence proof; None if no box could be proposed.
    claims : mapping of str to Claim
        In the order in which they build on each other.
    provenance : Provenance
        Which software made it.
    box : tuple of (Fraction, Fraction) or None
        Dyadic ends of a box that contains ``x*``; None unless existence is proved.
    """

    kind: ClassVar[str] = "point"

    problem: Problem
    witness: Witness | None
    claims: Mapping[str, Claim]
    provenance: Provenance
    box: Sides | None = None

    def __getitem__(self, name: str) -> Claim:
        if name not in self.claims:
            raise ArgumentError("claim", name, f"be one of {', '.join(self.claims)}")
        return self.claims[name]

    def __contains__(self, name: object) -> bool:
        return name in self.claims

    def __iter__(self) -> Iterator[Claim]:
        return iter(self.all_claims)

    @property
    def all_claims(self) -> Claims:
        """The claims without their names, in order: what certificates of every kind have."""
        return Claims(self.claims.values())

    def __repr__(self) -> str:
        return str(Sentence("cards.point_in_brackets", (self,)))

    if TYPE_CHECKING:

        @property
        def enclosure(self) -> np.ndarray | None: ...
        @property
        def x(self) -> np.ndarray | None: ...
        @property
        def printed(self) -> Sequence[tuple[Fraction, Fraction]]: ...
        def card(self) -> list[str]: ...
    else:
        card = Late("hallucert.check.words.cards")
        enclosure, x, printed = (Late("hallucert.check.point.values", cached_property) for _ in range(3))
