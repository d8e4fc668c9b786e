"""The certificate of a point with many parameters: its witness is arrays of doubles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from hallucert.arguments import Late
from hallucert.check.large.existence import SlicedWitness
from hallucert.check.point.certificate import Certificate

if TYPE_CHECKING:
    from fractions import Fraction


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

    if TYPE_CHECKING:

        @property
        def offset(self) -> Fraction | None: ...
    else:
        offset, x, enclosure, printed = (Late("hallucert.check.large.values", cached_property) for _ in range(4))
