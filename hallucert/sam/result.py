"""What a SAM run returns: one trajectory, or an ensemble of end points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from hallucert.errors import printed, require
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM, RadiusLaw
from hallucert.sam.lanes import Status
from hallucert.sam.maps import sam_lanes
from hallucert.sam.settings import Positive

QUANTITIES = ("value", "sam_value", "gradient_norm", "shifted_gradient_norm")
"""What is recorded of a point, by the names of `Ensemble`."""
LANES = (*QUANTITIES, "x", "steps", "status", "seed", "rho", "arm", "radius", "step_size")
"""What an `Ensemble` says of every lane."""


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
    schedule : Positive
        The radius at every step.
    law : RadiusLaw
        The ascent step, which says where ``x+`` is.
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
    law: RadiusLaw = field(default=SAM, repr=False)

    @cached_property
    def _along(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        return sam_lanes(self.objective, self.history, self.schedule.at(self.steps_kept), self.law)

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
class Curves:
    """How an ensemble went: the quantities of its end points, every so many steps; NaN where a lane did not get.

    Attributes
    ----------
    steps : (n,) int64 array
        Step numbers of the rows.
    value, sam_value, gradient_norm, shifted_gradient_norm : (n, k) arrays
        As in `Ensemble`, at these steps; a lane that has stopped stays at its end.
    accuracy : (n, k) array or None
        On the held-out data, if there are any.
    """

    steps: np.ndarray
    value: np.ndarray
    sam_value: np.ndarray
    gradient_norm: np.ndarray
    shifted_gradient_norm: np.ndarray
    accuracy: np.ndarray | None

    def __repr__(self) -> str:
        return f"<Curves of {self.value.shape[1]} runs at {self.steps.size} steps, 0 to {self.steps[-1]}>"


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
    seed : (k,) int64 array
        Which start a lane began from: its row, or the number that the caller gave it.
    rho, arm : (k,) object arrays of str
        Which radius and which warm-up a lane ran with, by name; radius by radius, in each arm by arm.
    radius, step_size : (k,) arrays
        Radius and step size of the last step of a lane.
    law : RadiusLaw
        The ascent step, which says where ``x+`` is.
    accuracy : (k,) array or None
        Fraction of the held-out data classified correctly at the end points.
    curves : Curves or None
        The way there, if ``observe_every`` was given.
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
    seed: np.ndarray
    rho: np.ndarray
    arm: np.ndarray
    radius: np.ndarray = field(repr=False)
    step_size: np.ndarray = field(repr=False)
    law: RadiusLaw = field(default=SAM, repr=False)
    accuracy: np.ndarray | None = field(default=None, repr=False)
    curves: Curves | None = field(default=None, repr=False)
    history: np.ndarray | None = field(default=None, repr=False)
    steps_kept: np.ndarray | None = field(default=None, repr=False)

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the runs."""
        return bool((self.status == Status.INTERRUPTED).any())

    @property
    def converged(self) -> np.ndarray:
        """Mask of the lanes whose shifted gradient fell below the tolerance, shape (k,)."""
        return self.status == Status.CONVERGED

    def counts(self) -> dict[Status, int]:
        """Return how many lanes stopped for each reason that occurred."""
        return {s: n for s in Status if (n := int((self.status == s).sum()))}

    def select(self, rho: object = None, arm: str | None = None) -> Ensemble:
        """Return the runs of one radius, of one arm, or of both.

        Parameters
        ----------
        rho, arm : str or number, optional
            The names that the runs have in `rho` and `arm`.

        Returns
        -------
        Ensemble

        Raises
        ------
        ArgumentError
            If no run has that name.
        """
        mask = np.ones(len(self), dtype=bool)
        for name, asked, column in (("rho", rho, self.rho), ("arm", arm, self.arm)):
            if asked is not None:
                mask &= column == printed(asked)
                require(mask.any(), name, asked, f"be one of {', '.join(dict.fromkeys(column))}")
        taken: dict[str, Any] = {column: getattr(self, column)[mask] for column in LANES}
        accuracy, curves, history = self.accuracy, self.curves, self.history
        taken["accuracy"] = None if accuracy is None else accuracy[mask]
        taken["history"] = None if history is None else history[:, mask]
        if curves is not None:
            seen = {column: getattr(curves, column)[:, mask] for column in QUANTITIES}
            at = None if curves.accuracy is None else curves.accuracy[:, mask]
            taken["curves"] = replace(curves, accuracy=at, **seen)
        return replace(self, **taken)

    def records(self) -> list[dict[str, object]]:
        """Return the tidy table: one dictionary a run, of plain numbers and strings (``pandas.DataFrame`` takes it).

        Columns: seed, rho, arm, value, sam_value, gradient_norm, shifted_gradient_norm, accuracy (if held-out data were
        given), steps, status.
        """
        numbers = [*QUANTITIES] + ["accuracy"] * (self.accuracy is not None)
        return [
            {"seed": int(self.seed[i]), "rho": self.rho[i], "arm": self.arm[i]}
            | {name: float(getattr(self, name)[i]) for name in numbers}
            | {"steps": int(self.steps[i]), "status": self.status[i].label}
            for i in range(len(self))
        ]

    def __len__(self) -> int:
        return self.x.shape[0]

    def __repr__(self) -> str:
        reasons = ", ".join(f"{n} {status.label}" for status, n in self.counts().items())
        return f"<Ensemble of {len(self)} runs: {reasons}; at most {int(self.steps.max(initial=0))} steps>"


def joined(parts: Sequence[Ensemble]) -> Ensemble:
    """Put the end points of several ensembles of one function side by side; nothing of the way there is kept."""
    columns: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in LANES}
    return replace(parts[0], accuracy=None, curves=None, history=None, steps_kept=None, **columns)


def _point(x: np.ndarray) -> str:
    return "(" + ", ".join(f"{v:.6g}" for v in x[:4]) + ", ..." * (len(x) > 4) + ")"
