"""The certificate: a problem, a witness, and the claims that were proved from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from hallucert.arguments import Late, quiet
from hallucert.check.claim import Claim, Claims, Provenance, Saved, Status
from hallucert.check.point.existence import room_of
from hallucert.check.point.rule import Witness
from hallucert.check.problem import AboutProblem, Problem
from hallucert.errors import ArgumentError
from hallucert.exact import float_above, float_below

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

    @property
    def printed(self) -> Sequence[tuple[Fraction, Fraction]]:
        """The sides of the box that stand on a card."""
        return (self.box or ())[:8]

    @cached_property
    @quiet
    def enclosure(self) -> np.ndarray | None:
        """Box that contains ``x*``, shape (d, 2), doubles rounded outward; None unless existence is proved."""
        if self.box is None:
            return None
        return _outward(self.box)

    @cached_property
    @quiet
    def x(self) -> np.ndarray | None:
        """The midpoint of `enclosure` (or the witness's centre), shape (d,): a double near ``x*``.

        It is at most half a width of `enclosure` away. It lies in the witness's box, where ``x*`` is the only solution,
        whatever a file that nobody has verified says of the enclosure.
        """
        if self.witness is None:
            return None
        if self.enclosure is None:
            return np.array([float_below(c) for c in self.witness.centre])
        room = _outward((side.lower, side.upper) for side in room_of(self.witness))
        result: np.ndarray | None = np.clip(self.enclosure.mean(axis=1), room[:, 0], room[:, 1])
        return result

    def __repr__(self) -> str:
        from hallucert.decimals import decimal_below  # for print only

        counts = {s: sum(c.status is s for c in self.claims.values()) for s in Status}
        text = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
        return f"<Certificate for {self.objective.name[:40]!r}, rho = {decimal_below(self.rho)}: {text}>"

    if TYPE_CHECKING:

        def card(self) -> list[str]: ...
    else:
        card = Late("hallucert.check.words.cards")


def _outward(sides: Iterable[tuple[Fraction, Fraction]]) -> np.ndarray:
    """Return a box in doubles, rounded outward, shape (d, 2)."""
    return np.array([[float_below(low), float_above(high)] for low, high in sides])
