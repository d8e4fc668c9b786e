"""Sheets: curves of hallucinated minimizers for one rho, found in floats. A sheet is a proposal, never evidence."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.arrays import checked_shape, row_count
from hallucert.errors import ArgumentError
from hallucert.exact import exact_radius
from hallucert.find.curves.branch_record import EndReason
from hallucert.objectives.objective import Objective, checked_objective


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

    Raises
    ------
    ArgumentError
        If a field is not as above.
    """

    objective: Objective
    rho: Fraction
    x: np.ndarray
    tangent: np.ndarray
    target: np.ndarray
    ends: tuple[EndReason, EndReason]

    def __post_init__(self) -> None:
        shape = (row_count(self.x, "x"), checked_objective(self.objective, "objective").dimension)
        for name in ("x", "tangent", "target"):
            object.__setattr__(self, name, checked_shape(getattr(self, name), shape, name))
        object.__setattr__(self, "rho", exact_radius(self.rho))
        if not isinstance(self.ends, tuple) or [type(end) for end in self.ends] != [EndReason, EndReason]:
            raise ArgumentError("ends", self.ends, "be a pair of EndReasons")

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
