"""Running SAM: `run` from one start, with its history; `run_ensemble` from many starts at once."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

import numpy as np

from hallucert.errors import ArgumentError
from hallucert.objectives.objective import Objective
from hallucert.sam.driver import Plan, State, iterate
from hallucert.sam.maps import sam_lanes
from hallucert.sam.progress import Progress
from hallucert.sam.result import Ensemble, Trajectory
from hallucert.sam.schedule import Positive, Schedule
from hallucert.sam.status import IS_CONVERGED, IS_OUTSIDE, IS_STATIONARY, RUNNING, statuses

TOLERANCE = 1e-10
"""Default for ``|g+|``, well above the level near ``1e-15 |H| |x|`` where rounding stalls ordinary functions."""

BOUND = 1e8
"""Default for the largest coordinate: beyond it the digits of ``x`` no longer resolve a perturbation of size 1e-8."""


def run(
    f: Objective,
    start: Any,
    rho: Schedule,
    step_size: Schedule,
    steps: int,
    warmup: float = 0.0,
    every: int = 1,
    tolerance: float = TOLERANCE,
    bound: float = BOUND,
    progress: Progress = None,
) -> Trajectory:
    """Run SAM, ``x <- x - eta g(x + rho u(x))``, from one start.

    Parameters
    ----------
    f : Objective
        The function.
    start : (d,) array
        Where to start.
    rho, step_size : number, array of shape (steps,), or function of the step number
        Perturbation radius and step size ``eta``: constant, or a schedule. A function is called a little ahead and
        again for `Trajectory.gradient_norms`, so it must be pure.
    steps : int
        Largest number of steps.
    warmup : float
        Fraction of the steps, rounded up, that are plain gradient descent ``x <- x - eta g(x)`` before SAM begins
        (the paper's switching strategy). These steps do not stop at the tolerance.
    every : int
        Keep every ``every``-th iterate in the history.
    tolerance : float
        Stop when ``|g(x+)|`` is at most this.
    bound : float
        Stop before a coordinate exceeds this in absolute value.
    progress : bool, callable or None
        Show a progress bar (by default only on a terminal and after two seconds), or call ``progress(done, steps)``.

    Returns
    -------
    Trajectory
        Ctrl-C ends the run and returns what was done, with status INTERRUPTED.

    Raises
    ------
    ArgumentError
        If an argument has the wrong shape or range.

    Examples
    --------
    The double well has its minimizers at +-1; SAM with a radius of 3/2 stops at -1/2, where the gradient is not zero.

    >>> f = Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
    >>> end = run(f, [-0.6, 0.3], "1.5", 0.1, 5000)
    >>> end.x.round(6).tolist(), round(end.gradient_norm, 6), end.status.label
    ([-0.5, 0.0], 0.375, 'converged')
    """
    lanes, single = f._lanes(start, "start")
    if not single:
        raise ArgumentError("start", f"<array of shape {lanes.shape}>", f"be one point of shape ({f.dimension},)")
    plan = _plan(rho, step_size, steps, warmup, tolerance, bound, _whole(every, 1, "every"), 1)
    state = iterate(f, lanes, plan, progress)
    value, sam_value, q, s = _conclude(f, state, plan)
    history, steps_kept = _history(state, plan.every)
    return Trajectory(
        objective=f,
        x=state.x[0],
        value=float(value[0]),
        sam_value=float(sam_value[0]),
        gradient_norm=float(q[0]),
        shifted_gradient_norm=float(s[0]),
        steps=int(state.done[0]),
        status=statuses(state.codes, state.interrupted)[0],
        history=history[:, 0],
        steps_kept=steps_kept,
        schedule=plan.rho,
    )


def run_ensemble(
    f: Objective,
    starts: Any,
    rho: Schedule,
    step_size: Schedule,
    steps: int,
    warmup: float = 0.0,
    every: int | None = None,
    tolerance: float = TOLERANCE,
    bound: float = BOUND,
    threads: int | None = None,
    progress: Progress = None,
) -> Ensemble:
    """Run SAM from many starts; every lane does, bit for bit, what `run` does from its start.

    Parameters
    ----------
    f : Objective
        The function.
    starts : (k, d) array
        Where to start, one row a lane.
    every : int, optional
        Keep every ``every``-th iterate of all lanes; by default only the end points are kept.
    threads : int, optional
        Number of threads, by default one for each processor. Results do not depend on it.
    rho, step_size, steps, warmup, tolerance, bound, progress
        As in `run`.

    Returns
    -------
    Ensemble

    Raises
    ------
    ArgumentError
        If an argument has the wrong shape or range.

    Examples
    --------
    >>> f = Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
    >>> ends = run_ensemble(f, [[-0.6, 0.3], [0.7, -0.2]], "1.5", 0.1, 5000)
    >>> ends.x.round(6).tolist()
    [[-0.5, 0.0], [0.5, -0.0]]
    """
    lanes, single = f._lanes(starts, "starts")
    if single:
        raise ArgumentError("starts", f"<array of shape {np.shape(starts)}>", f"be lanes of shape (k, {f.dimension})")
    kept_every = 0 if every is None else _whole(every, 1, "every")
    pieces = None if threads is None else _whole(threads, 1, "threads")
    plan = _plan(rho, step_size, steps, warmup, tolerance, bound, kept_every, pieces)
    state = iterate(f, lanes, plan, progress)
    value, sam_value, q, s = _conclude(f, state, plan)
    history, steps_kept = _history(state, plan.every) if plan.every else (None, None)
    return Ensemble(
        objective=f,
        x=state.x,
        value=value,
        sam_value=sam_value,
        gradient_norm=q,
        shifted_gradient_norm=s,
        steps=state.done,
        status=statuses(state.codes, state.interrupted),
        history=history,
        steps_kept=steps_kept,
    )


def _plan(
    rho: Schedule,
    step_size: Schedule,
    steps: int,
    warmup: float,
    tolerance: float,
    bound: float,
    every: int,
    threads: int | None,
) -> Plan:
    count = _whole(steps, 0, "steps")
    if isinstance(warmup, bool) or not isinstance(warmup, Real) or not 0 <= warmup <= 1:
        raise ArgumentError("warmup", warmup, "be a fraction between 0 and 1")
    if not isinstance(tolerance, Real) or not 0 <= tolerance < math.inf:
        raise ArgumentError("tolerance", tolerance, "be finite and not negative")
    if not isinstance(bound, Real) or not 0 < bound < math.inf:
        raise ArgumentError("bound", bound, "be finite and positive")
    radii, sizes = Positive(rho, count, "rho"), Positive(step_size, count, "step_size")
    warmup_steps = math.ceil(warmup * count)
    return Plan(radii, sizes, count, warmup_steps, float(tolerance), float(bound), every, threads)


def _whole(value: object, least: int, argument: str) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise ArgumentError(argument, value, f"be an integer of at least {least}")
    return int(value)


def _conclude(f: Objective, state: State, plan: Plan) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return ``f(x), f(x+), |g|, |g+|`` at the end points, and classify the lanes that used all their steps."""
    last = np.clip(state.done, 0, max(plan.steps - 1, 0))
    value, sam_value, q, s = sam_lanes(f, state.x, plan.rho.at(last))
    ran = state.codes == RUNNING
    state.codes[ran & (s <= plan.tolerance)] = IS_CONVERGED
    state.codes[ran & (q == 0)] = IS_STATIONARY
    # A derivative may be defined where the function is not: 1/x against log(x).
    undefined = ~np.isfinite(value) | (~np.isfinite(sam_value) & (q != 0))
    state.codes[undefined & np.isin(state.codes, (RUNNING, IS_CONVERGED))] = IS_OUTSIDE
    return value, sam_value, q, s


def _history(state: State, every: int) -> tuple[np.ndarray, np.ndarray]:
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
