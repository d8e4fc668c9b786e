"""The certificate of a two-cycle: one of a point whose coordinates are those of both points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hallucert.check.cycle.problem import CycleProblem
from hallucert.check.point.certificate import Certificate


@dataclass(frozen=True, repr=False)
class CycleCertificate(Certificate):
    """Everything that was proved about two points that SAM with a fixed step takes to each other.

    Attributes
    ----------
    problem : CycleProblem
        The function, the radius and the step.
    witness, claims, provenance, box
        As for `hallucert.Certificate`; boxes, `enclosure` and `x` have the coordinates of p and then those of q.
    """

    kind: ClassVar[str] = "cycle"

    problem: CycleProblem

    @property
    def points(self) -> np.ndarray | None:
        """Doubles near p and q, shape (2, d); None if no pair could be proposed."""
        return None if self.x is None else self.x.reshape(2, -1)
