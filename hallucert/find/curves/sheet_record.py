"""Sheets: curves of hallucinated minimizers for one rho, found in floats. A sheet is a proposal, never evidence."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.find.curves.branch_record import EndReason
from hallucert.objectives.objective import Objective


@dataclass(frozen=True)
class Sheet:
    """A curve of points ``x`` with ``r(x + rho u(x)) = 0``, or ``g(x + rho u(x)) = 0``, for a fixed rho, in floats.

    Attributes
    ----------
    objective : Objective
        The function. If it is a sum of squares with one residual fewer than variables, ``r(x+) = 0``.
    rho : Fraction
        The perturbation radius, exact.
    x : (n, d) array
        Points, in order along the curve; the last is the first again if it is closed.
    tangent : (n, d) array
        Unit tangents, pointing along the order of the points.
    target : (n, d) array
        ``x + rho u(x)``: minimizers with ``r = 0``, or critical points.
    ends : (EndReason, EndReason)
        Why the curve begins and ends where it does.
    """

    objective: Objective
    rho: Fraction
    x: np.ndarray
    tangent: np.ndarray
    target: np.ndarray
    ends: tuple[EndReason, EndReason]

    @property
    def closed(self) -> bool:
        """Whether the curve came back to its start, in its direction and to rounding, as far as floats show.

        `hallucert.certify` proves that it is closed, or only pieces of it.
        """
        return self.ends[1] is EndReason.CLOSED

    @property
    def given_by_residuals(self) -> bool:
        """Whether the points solve ``r(x+) = 0``; otherwise ``g(x+) = 0``, and nothing is proved about the curve."""
        return self.objective.residual_count == self.objective.dimension - 1

    @property
    def length(self) -> float:
        """Length of the polygon through the points."""
        return float(np.linalg.norm(np.diff(self.x, axis=0), axis=1).sum())

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        what = "closed curve in floats" if self.closed else f"curve ({self.ends[0]} to {self.ends[1]})"
        return (
            f"<Sheet of {self.objective.name[:40]!r}, rho = {float(self.rho):.6g}: {what}, {len(self)} points, "
            f"length {self.length:.6g}>"
        )
