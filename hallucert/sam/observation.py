"""What is recorded about the lanes of a run: values, gradient norms and, on held-out data, accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np

from hallucert.errors import ArgumentError
from hallucert.objectives.network.data import checked_inputs
from hallucert.objectives.network.tanh_network import TanhNetwork
from hallucert.objectives.objective import Objective
from hallucert.sam.driver import Plan, State
from hallucert.sam.lanes import IS_CONVERGED, IS_OUTSIDE, IS_STATIONARY, IS_UNDERFLOW, RUNNING
from hallucert.sam.maps import sam_lanes

FLAT = 2.0**-10
"""A gradient that is zero in doubles so far away, as a part of rho, is zero around the point."""


class Observer:
    """Computes the columns of the table: ``f(x), f(x+), |g|, |g+|`` and the accuracy on held-out data.

    Parameters
    ----------
    objective : Objective
        The function.
    plan : Plan
        The run; its schedule gives the radius of a step.
    held_out : (inputs, labels) or None
        Data for the accuracy; only for networks. See `TanhNetwork.accuracy`.

    Raises
    ------
    ArgumentError
        If `held_out` is not as above.
    """

    def __init__(self, objective: Objective, plan: Plan, held_out: tuple[np.ndarray, np.ndarray] | None) -> None:
        self.objective, self.plan, self.held_out = objective, plan, held_out

    def __call__(self, x: np.ndarray, steps: Any) -> np.ndarray:
        """Return the columns as an array (columns, k) for lanes (k, d) at the given step numbers."""
        last = np.clip(np.broadcast_to(steps, x.shape[:1]), 0, max(self.plan.steps - 1, 0))
        columns = sam_lanes(self.objective, x, self.plan.rho.at(last), self.plan.law)
        if self.held_out is None:
            return np.array(columns)
        assert isinstance(self.objective, TanhNetwork)
        return np.array([*columns, self.objective.accuracy(x, *self.held_out)])

    def conclude(self, state: State) -> np.ndarray:
        """Return the columns at the end points, and classify the lanes that used all their steps."""
        columns = self(state.x, state.done)
        value, sam_value, q, s = columns[:4]
        ran = state.codes == RUNNING
        state.codes[ran & (s <= np.hypot(self.plan.tolerance, self.plan.relative * q))] = IS_CONVERGED
        state.codes[ran & (q == 0)] = IS_STATIONARY
        for i in np.flatnonzero(state.codes == IS_STATIONARY):
            # The steps square gradients, q does not.
            if q[i] > 0 or is_flat(self.objective, state.x[i], float(self.plan.rho.at(np.array([0]))[0])):
                state.codes[i] = IS_UNDERFLOW
        # A derivative may be defined where the function is not: 1/x against log(x).
        undefined = ~np.isfinite(value) | (~np.isfinite(sam_value) & (q != 0))
        state.codes[undefined & np.isin(state.codes, (RUNNING, IS_CONVERGED))] = IS_OUTSIDE
        return columns


def is_flat(f: Objective, x: np.ndarray, rho: float) -> bool:
    """Tell whether the gradient is zero in doubles all around a point (d,), as it is for no analytic function."""
    lengths = np.array([1.0, -1.0, 0.5, -0.5]) * FLAT * rho
    directions = np.random.default_rng(0).standard_normal((lengths.size, x.size))
    with np.errstate(all="ignore"):
        return not f.gradient_lanes(x + lengths[:, None] * directions).any()


def checked_held_out(objective: Objective, held_out: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """Return held-out inputs and labels as arrays.

    Raises
    ------
    ArgumentError
        If the objective is no network, or the data do not fit it.
    """
    if held_out is None:
        return None
    if not isinstance(objective, TanhNetwork):
        raise ArgumentError("held_out", "<data>", "be left out for an objective that is not a network")
    if not isinstance(held_out, tuple) or len(held_out) != 2:
        raise ArgumentError("held_out", held_out, "be a pair (inputs, labels)")
    inputs = checked_inputs(held_out[0], objective.layout, "held_out")
    return inputs, objective.checked_classes(held_out[1], len(inputs), "held_out")


def history_of(state: State, every: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the kept iterates of all lanes with the end points as last row, and the step numbers of the rows."""
    last = int(state.done.max(initial=0))
    steps_kept = np.append(np.arange(0, last, every, dtype=np.int64), last)
    rows = steps_kept.size - 1
    history = np.concatenate([*state.kept, np.empty((1, *state.x.shape))])[: rows + 1]
    history[rows] = state.x
    for i in range(int(np.searchsorted(steps_kept, state.done.min(initial=last))), rows):
        stopped = steps_kept[i] >= state.done
        history[i, stopped] = state.x[stopped]
    return history, steps_kept
