"""Running SAM: from one start, with its history; and from many starts at once, for a grid of radii and arms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hallucert.arguments import check_progress, checked_items, checked_path, checked_whole, quiet
from hallucert.arrays import checked_lanes, checked_point
from hallucert.clock import Progress
from hallucert.errors import ArgumentError, printed, require
from hallucert.objectives.doors import checked_objective
from hallucert.objectives.network.data import checked_inputs, checked_labels
from hallucert.objectives.network.structure import training_of
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import RadiusLaw
from hallucert.sam.driver import Cell, State, curve_steps, run_cells
from hallucert.sam.result import Curves, Ensemble, Trajectory
from hallucert.sam.settings import Options, Plan, Positive, Schedule, checked_warmup, is_table

LARGE, HISTORY = 1000, 2**25
"""With more variables than LARGE, a history whose ``every`` was not given has at most so many numbers."""

StepProgress = bool | Callable[[int, int], object] | None
"""As `Progress`, for work of one kind of steps; a function gets (done, total)."""


@quiet
def run(
    f: Objective,
    start: object,
    rho: Schedule,
    step_size: Schedule,
    steps: int,
    warmup: float = 0.0,
    every: int | None = None,
    tolerance: float | None = None,
    bound: float | None = None,
    progress: StepProgress = None,
    *,
    momentum: float = 0.0,
    batch_size: int | None = None,
    batch_seed: int = 0,
    batches: object = None,
    batch_order: str = "independent",
    dtype: str = "float64",
    threads: int | None = None,
    variant: str | RadiusLaw = "sam",
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
    every : int, optional
        Keep every ``every``-th iterate in the history; by default all; with more than
        a thousand variables, as many as surely fit in a quarter of a gigabyte.
    tolerance : float, optional
        Stop when ``|g(x+)|`` is at most this. By default at `settings.TOLERANCE` (1e-10) times ``|g(x)|``; for USAM,
        whose ordinary end is where both vanish, also at that part of ``|g|`` at the start.
    bound : float, optional
        Stop before a coordinate exceeds this in absolute value; by default `settings.BOUND` (1e8) times the largest
        coordinate of the start or the ascent step there, whichever is longer.
    progress : bool, callable or None
        Show a progress bar (by default only on a terminal and after a second), or call ``progress(done, steps)``.
    momentum : float
        Heavy ball: ``v <- momentum v + g(x+)``, ``x <- x - eta v``.
    batch_size : int, optional
        For networks: both gradients of a step see this many samples, shuffled anew in every epoch; what is left of an
        epoch is skipped. The stopping test is about the batch then.
    batch_seed : int
        Seed of the shuffles, or of the draws.
    batches : int, or lists of int, optional
        For networks in residual form: a fixed partition into batches of one size, as for `hallucert.find.hallucinate`;
        or those of a problem, with their probabilities.
    batch_order : {"independent", "reshuffled"}
        Of `batches`: draw one for each step, or shuffle all of them for each epoch.
    dtype : {"float64", "float32"}
        Precision of the steps of a network; what is reported about the end point is computed in doubles.
    threads : int, optional
        Number of threads, by default one for each processor. Results do not depend on it.
    variant : {"sam", "usam"} or RadiusLaw
        The ascent step: ``rho u(x)``, or ``rho g(x)`` for "usam", or that of ``RadiusLaw("asam", scales)``. Networks
        that run by matrix products (all but tiny ones with squared loss) have "sam" only.

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
    lanes = checked_point(start, checked_objective(f).dimension, "start")[None]
    limit = checked_whole(steps, 0, "steps")
    kept = _default_every(f, limit) if every is None else checked_whole(every, 1, "every")
    options = Options(tolerance, bound, momentum, batch_size, batch_seed, batches, batch_order, dtype, threads, variant)
    plan = options.plan(f, lanes, rho, step_size, limit, warmup, kept)
    (cell,) = run_cells(f, lanes, [plan], None, None, without_step(progress))
    history, steps_kept = cell.state.history(plan.every)
    value, sam_value, q, s = cell.columns[:, 0].tolist()
    return Trajectory(
        objective=f,
        x=cell.state.x[0],
        value=value,
        sam_value=sam_value,
        gradient_norm=q,
        shifted_gradient_norm=s,
        steps=int(cell.state.done[0]),
        status=cell.status[0],
        history=history[:, 0],
        steps_kept=steps_kept,
        schedule=plan.rho,
        law=plan.law,
    )


def _default_every(f: Objective, steps: int) -> int:
    return 1 + steps * f.dimension // HISTORY if f.dimension > LARGE else 1


# ---------------------------------------------------------------------- ensembles


@dataclass(frozen=True)
class Each:
    """Several settings of one argument, each with a name for the table; made by `each`.

    Attributes
    ----------
    options : dict of str to object
        The settings by name, in order.
    """

    options: dict[str, Any]


def each(*values: Any, **named: Any) -> Each:
    """Ask `run_ensemble` to run with each of several settings of ``rho`` or ``warmup``.

    Parameters
    ----------
    values
        Settings that are called by what they print as.
    named
        Settings with a name of their own.

    Returns
    -------
    Each

    Raises
    ------
    ArgumentError
        If there is no setting, or two have the same name.

    Examples
    --------
    >>> each("0.5", 1, 2).options
    {'0.5': '0.5', '1': 1, '2': 2}
    >>> each(SAM=0, switching=0.1).options
    {'SAM': 0, 'switching': 0.1}
    """
    options = {printed(value): value for value in values} | named
    if not options or len(options) < len(values) + len(named):
        raise ArgumentError("values", (*values, *named), "be one or more settings with different names")
    return Each(options)


@quiet
def run_ensemble(
    f: Objective,
    starts: object,
    rho: Schedule | Each,
    step_size: Schedule,
    steps: int,
    warmup: float | Each = 0.0,
    every: int | None = None,
    tolerance: float | None = None,
    bound: float | None = None,
    threads: int | None = None,
    progress: StepProgress = None,
    *,
    momentum: float = 0.0,
    batch_size: int | None = None,
    batch_seed: int = 0,
    batches: object = None,
    batch_order: str = "independent",
    dtype: str = "float64",
    seeds: Sequence[int] | None = None,
    held_out: object = None,
    observe_every: int | None = None,
    checkpoint: str | Path | None = None,
    variant: str | RadiusLaw = "sam",
) -> Ensemble:
    """Run SAM from many starts; every lane does, bit for bit, what `run` does from its start.

    Parameters
    ----------
    f : Objective
        The function.
    starts : (k, d) array
        Where to start, one row a lane.
    rho, warmup : as in `run`, or `each`
        With ``each(0.5, 1, 2)`` and ``each(SAM=0, switching=0.1)`` all starts are run with every radius in every arm:
        the lanes are those of the first radius and arm, then those of its second arm, and so on.
    every : int, optional
        Keep every ``every``-th iterate of all lanes; by default only the end points are kept.
    threads : int, optional
        Number of threads, by default one for each processor. Results do not depend on it.
    step_size, steps, tolerance, bound, progress, momentum, batch_size, batch_seed, batches, batch_order, dtype, variant
        As in `run`. All lanes see the same mini-batches.
    seeds : sequence of int, optional
        Numbers of the starts for the table; by default their rows.
    held_out : (inputs, labels), optional
        For networks: data on which to report the accuracy (see `TanhNetwork.accuracy`).
    observe_every : int, optional
        Record values, gradient norms and accuracy every so many steps, in `Ensemble.curves`.
    checkpoint : path, optional
        A folder. The state of the run is saved there every few seconds; the same call goes on from it after the
        process was killed, and ends at the same numbers. Not together with `every`.

    Returns
    -------
    Ensemble
        `Ensemble.records` is the table of the runs. Ctrl-C ends the run and returns what was done.

    Raises
    ------
    ArgumentError
        If an argument has the wrong shape or range.
    CheckpointError
        If the checkpoint cannot be written, is damaged, or is of another run.

    Examples
    --------
    >>> f = Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
    >>> ends = run_ensemble(f, [[-0.6, 0.3], [0.7, -0.2]], "1.5", 0.1, 5000)
    >>> ends.x.round(6).tolist()
    [[-0.5, 0.0], [0.5, -0.0]]
    """
    lanes = checked_lanes(starts, checked_objective(f).dimension, "starts")
    if checkpoint is not None and every is not None:
        raise ArgumentError("every", every, "be left out with a checkpoint; observe_every records the way")
    folder = None if checkpoint is None else checked_path(checkpoint, "checkpoint")
    numbers = _checked_seeds(seeds, len(lanes))
    data = _checked_held_out(f, held_out)
    radii = rho.options if isinstance(rho, Each) else {_name(rho): rho}
    arms = warmup.options if isinstance(warmup, Each) else {"switching" if checked_warmup(warmup) else "SAM": warmup}
    kept = 0 if every is None else checked_whole(every, 1, "every")
    seen = 0 if observe_every is None else checked_whole(observe_every, 1, "observe_every")
    options = Options(tolerance, bound, momentum, batch_size, batch_seed, batches, batch_order, dtype, threads, variant)
    plans = {
        (radius_name, arm_name): options.plan(f, lanes, radius, step_size, steps, arm, kept, seen)
        for radius_name, radius in radii.items()
        for arm_name, arm in arms.items()
    }
    cells = run_cells(f, lanes, list(plans.values()), data, folder, without_step(progress))
    return _joined(f, cells, list(plans), numbers, next(iter(plans.values())), data is not None)


def _name(rho: object) -> str:
    return "schedule" if callable(rho) or is_table(rho) else printed(rho)


def _checked_seeds(seeds: object, lanes: int) -> np.ndarray:
    if seeds is None:
        return np.arange(lanes)
    must = f"be {lanes} integers, one for each start"
    numbers = [checked_whole(number, -(2**63), "seeds") for number in checked_items(seeds, "seeds", must)]
    require(len(numbers) == lanes, "seeds", seeds, must)
    return np.array(numbers, dtype=np.int64)


def _checked_held_out(objective: Objective, held_out: object) -> tuple[np.ndarray, np.ndarray] | None:
    """Return held-out inputs and labels as arrays."""
    if held_out is None:
        return None
    if (network := training_of(objective)) is None:
        raise ArgumentError("held_out", "<data>", "be left out for an objective that is not a network")
    if not isinstance(held_out, tuple) or len(held_out) != 2:
        raise ArgumentError("held_out", held_out, "be a pair (inputs, labels)")
    inputs = checked_inputs(held_out[0], network.layout, "held_out")
    return inputs, checked_labels(held_out[1], network.layout, len(inputs), "held_out")


def _joined(
    f: Objective, cells: list[Cell], names: list[tuple[str, str]], seeds: np.ndarray, plan: Plan, has_accuracy: bool
) -> Ensemble:
    """Put the cells side by side."""
    k = len(seeds)
    columns = np.concatenate([cell.columns for cell in cells], axis=1)
    x, codes, done = (np.concatenate([getattr(cell.state, name) for cell in cells]) for name in ("x", "codes", "done"))
    curves = history = steps_kept = None
    if plan.observe_every:
        rows = np.concatenate([cell.curves() for cell in cells], axis=2)
        accuracy = rows[:, 4] if has_accuracy else None
        curves = Curves(curve_steps(plan), rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3], accuracy)
    if plan.every:
        kept = [_side_by_side([cell.state.kept for cell in cells], k, f.dimension)]
        history, steps_kept = State(x, codes, done, np.empty((0, 0)), kept=kept).history(plan.every)
    return Ensemble(
        objective=f,
        x=x,
        value=columns[0],
        sam_value=columns[1],
        gradient_norm=columns[2],
        shifted_gradient_norm=columns[3],
        steps=done,
        status=np.concatenate([cell.status for cell in cells]),
        seed=np.tile(seeds, len(cells)),
        rho=np.repeat(np.array([rho for rho, _ in names], dtype=object), k),
        arm=np.repeat(np.array([arm for _, arm in names], dtype=object), k),
        radius=np.concatenate([_last(cell, cell.plan.rho) for cell in cells]),
        step_size=np.concatenate([_last(cell, cell.plan.step_size) for cell in cells]),
        law=plan.law,
        accuracy=columns[4] if has_accuracy else None,
        curves=curves,
        history=history,
        steps_kept=steps_kept,
    )


def _last(cell: Cell, schedule: Positive) -> np.ndarray:
    """Return the value of a schedule at the last step of every lane, NaN if the run has no steps."""
    if cell.plan.steps == 0 and schedule.function is None and not schedule.table.size:
        return np.full(cell.state.done.shape, np.nan)
    return schedule.at(np.maximum(cell.state.done - 1, 0))


def _side_by_side(kept: list[list[np.ndarray]], lanes: int, dimension: int) -> np.ndarray:
    """Join the kept iterates of cells (rows, k, d) that differ in their number of rows along the lanes."""
    longest = max(sum(map(len, blocks)) for blocks in kept)
    result = np.empty((longest, lanes * len(kept), dimension))
    for i, blocks in enumerate(kept):
        row = 0
        for block in blocks:
            result[row : row + len(block), i * lanes : (i + 1) * lanes] = block
            row += len(block)
    return result


def without_step(progress: StepProgress) -> Progress:
    """Return what `hallucert.clock.shown` takes, for work of one kind of steps."""
    check_progress(progress)
    if progress is None or isinstance(progress, bool):
        return progress
    hook = progress
    return lambda step, done, total: hook(done, total or 0)
