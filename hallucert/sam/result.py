"""What a SAM run returns: one trajectory, or an ensemble of end points."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from hallucert.objectives.objective import Objective
from hallucert.sam.maps import sam_lanes
from hallucert.sam.schedule import Positive
from hallucert.sam.status import Status


@dataclass(frozen=True, eq=False)
class Trajectory:
    """One SAM run.

    Attributes
    ----------
    objective : Objective
        The function.
    x : (d,) array
        The end point.
    value, sam_value : float
        ``f(x)`` and ``f(x+)`` at the end point. NaN where undefined: ``x+`` where the gradient is zero.
    gradient_norm, shifted_gradient_norm : float
        ``|g(x)|`` and ``|g(x+)|`` at the end point. A hallucinated point has a positive first and a zero second.
    steps : int
        Steps done.
    status : Status
        Why the run stopped; its text is a sentence.
    history : (n, d) array
        The start, every ``every``-th iterate, and the end point.
    steps_kept : (n,) int64 array
        Step numbers of the rows of `history`.
    """

    objective: Objective
    x: np.ndarray
    value: float
    sam_value: float
    gradient_norm: float
    shifted_gradient_norm: float
    steps: int
    status: Status
    history: np.ndarray = field(repr=False)
    steps_kept: np.ndarray = field(repr=False)
    schedule: Positive = field(repr=False)

    @cached_property
    def _along(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        return sam_lanes(self.objective, self.history, self.schedule.at(self.steps_kept))

    @property
    def values(self) -> np.ndarray:
        """``f`` along `history`, shape (n,); computed when first asked for."""
        return self._along[0]

    @property
    def sam_values(self) -> np.ndarray:
        """``f(x+)`` along `history`, shape (n,)."""
        return self._along[1]

    @property
    def gradient_norms(self) -> np.ndarray:
        """``|g(x)|`` along `history`, shape (n,)."""
        return self._along[2]

    @property
    def shifted_gradient_norms(self) -> np.ndarray:
        """``|g(x+)|`` along `history`, shape (n,)."""
        return self._along[3]

    def __repr__(self) -> str:
        return (
            f"<Trajectory: {self.status.label} after {self.steps} steps at {_point(self.x)}, f = {self.value:.6g}, "
            f"f(x+) = {self.sam_value:.6g}, |g| = {self.gradient_norm:.3g}, |g+| = {self.shifted_gradient_norm:.3g}>"
        )


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Many SAM runs, one a lane.

    Attributes
    ----------
    objective : Objective
        The function.
    x : (k, d) array
        The end points.
    value, sam_value, gradient_norm, shifted_gradient_norm : (k,) arrays
        As in `Trajectory`, for every lane.
    steps : (k,) int64 array
        Steps done by every lane.
    status : (k,) object array of Status
        Why every lane stopped; ``ensemble.status == hc.sam.Status.CONVERGED`` is a mask.
    history : (n, k, d) array or None
        Kept iterates if ``every`` was given; a lane that has stopped stays where it is.
    steps_kept : (n,) int64 array or None
        Step numbers of the rows of `history`.
    """

    objective: Objective
    x: np.ndarray
    value: np.ndarray
    sam_value: np.ndarray
    gradient_norm: np.ndarray
    shifted_gradient_norm: np.ndarray
    steps: np.ndarray
    status: np.ndarray
    history: np.ndarray | None = field(repr=False)
    steps_kept: np.ndarray | None = field(repr=False)

    @property
    def converged(self) -> np.ndarray:
        """Mask of the lanes whose shifted gradient fell below the tolerance, shape (k,)."""
        return self.status == Status.CONVERGED

    def counts(self) -> dict[Status, int]:
        """Return how many lanes stopped for each reason, without the reasons that did not occur."""
        return {s: n for s in Status if (n := int((self.status == s).sum()))}

    def __len__(self) -> int:
        return self.x.shape[0]

    def __repr__(self) -> str:
        reasons = ", ".join(f"{n} {status.label}" for status, n in self.counts().items())
        return f"<Ensemble of {len(self)} runs: {reasons}; at most {int(self.steps.max(initial=0))} steps>"


def _point(x: Any) -> str:
    return "(" + ", ".join(f"{v:.6g}" for v in x[:4]) + ", ..." * (len(x) > 4) + ")"
