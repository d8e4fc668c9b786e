"""The certificate of a point with many parameters: its witness is arrays of doubles."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import ClassVar

import numpy as np

from hallucert.arguments import quiet
from hallucert.check.claim import Status
from hallucert.check.large.existence import SlicedWitness
from hallucert.check.point.certificate import Certificate
from hallucert.exact import float_above


@dataclass(frozen=True, repr=False)
class LargeCertificate(Certificate):
    """A certificate of a point of an array program, whose witness is arrays of doubles.

    It has no `box`: the enclosure is the centre, and the number ``offset`` of the claim ``existence`` on both sides.

    Attributes
    ----------
    problem, claims, provenance
        As for `hallucert.Certificate`; the ascent step is SAM's.
    witness : SlicedWitness or None
        Centre of the slice, and box, of the existence proof; None if no box could be proposed.
    """

    kind: ClassVar[str] = "large"

    witness: SlicedWitness | None  # type: ignore[assignment]

    @property
    def offset(self) -> Fraction | None:
        """No coordinate of ``x*`` is farther from that of ``x``; None unless existence is proved."""
        claim = self.claims.get("existence")
        return claim.numbers["offset"].upper if claim is not None and claim.status is Status.PROVED else None

    @cached_property
    def x(self) -> np.ndarray | None:
        """The centre of the slice, shape (d,): a double near ``x*``."""
        return None if self.witness is None else self.witness.centre

    @cached_property
    @quiet
    def enclosure(self) -> np.ndarray | None:
        """Box that contains ``x*``, shape (d, 2), doubles rounded outward; None unless existence is proved."""
        if self.witness is None or self.offset is None:
            return None
        reach = float_above(self.offset)
        ends = [self.witness.centre - reach, self.witness.centre + reach]
        return np.stack([np.nextafter(ends[0], -np.inf), np.nextafter(ends[1], np.inf)], axis=1)

    @property
    def printed(self) -> list[tuple[Fraction, Fraction]]:
        """The centre's first coordinates, and the offset on both sides."""
        if self.witness is None or self.offset is None:
            return []
        return [(Fraction(c) - self.offset, Fraction(c) + self.offset) for c in self.witness.centre[:8].tolist()]
