"""Running SAM from many starts at once, for a grid of radii and arms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hallucert.arguments import checked_items, checked_path, checked_whole, quiet
from hallucert.arrays import checked_lanes
from hallucert.clock import Progress, StepProgress, without_step, working
from hallucert.errors import ArgumentError, printed
from hallucert.objectives.network.data import checked_inputs
from hallucert.objectives.network.tanh_network import TanhNetwork
from hallucert.objectives.objective import Objective, checked_objective
from hallucert.objectives.radius_law import RadiusLaw
from hallucert.sam.checkpoint import CellCheckpoint, fingerprint_of
from hallucert.sam.driver import Hooks, Observer, Plan, State, iterate
from hallucert.sam.lanes import statuses
from hallucert.sam.result import Curves, Ensemble
from hallucert.sam.settings import Request, Schedule, checked_warmup, is_table


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
    step_size, steps, tolerance, bound, progress, momentum, batch_size, batch_seed, dtype, variant
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
    request = Request(
        objective=f,
        starts=lanes,
        rho=1,
        step_size=step_size,
        steps=steps,
        warmup=0.0,
        tolerance=tolerance,
        bound=bound,
        momentum=momentum,
        batch_size=batch_size,
        batch_seed=batch_seed,
        dtype=dtype,
        threads=threads,
        variant=variant,
        every=0 if every is None else checked_whole(every, 1, "every"),
        observe_every=observe_every,
    )
    plans = {
        (radius_name, arm_name): replace(request, rho=radius, warmup=arm).plan()
        for radius_name, radius in radii.items()
        for arm_name, arm in arms.items()
    }
    cells = _run_cells(f, lanes, plans, data, folder, without_step(progress))
    return _joined(f, cells, list(plans), numbers, next(iter(plans.values())), data is not None)


def _name(rho: object) -> str:
    return "schedule" if callable(rho) or is_table(rho) else printed(rho)


def _checked_seeds(seeds: object, lanes: int) -> np.ndarray:
    if seeds is None:
        return np.arange(lanes)
    must = f"be {lanes} integers, one for each start"
    numbers = [checked_whole(number, -(2**63), "seeds") for number in checked_items(seeds, "seeds", must)]
    if len(numbers) != lanes:
        raise ArgumentError("seeds", seeds, must)
    return np.array(numbers, dtype=np.int64)


def _checked_held_out(objective: Objective, held_out: object) -> tuple[np.ndarray, np.ndarray] | None:
    """Return held-out inputs and labels as arrays."""
    if held_out is None:
        return None
    if not isinstance(objective, TanhNetwork):
        raise ArgumentError("held_out", "<data>", "be left out for an objective that is not a network")
    if not isinstance(held_out, tuple) or len(held_out) != 2:
        raise ArgumentError("held_out", held_out, "be a pair (inputs, labels)")
    inputs = checked_inputs(held_out[0], objective.layout, "held_out")
    return inputs, objective.checked_classes(held_out[1], len(inputs), "held_out")


class _Cell:
    """The runs of one radius in one arm, when they are over."""

    def __init__(self, state: State, observer: Observer) -> None:
        self.plan, self.state = observer.plan, state
        self.columns = observer.conclude(state)
        self.status = statuses(state.codes, state.interrupted)

    def curves(self) -> np.ndarray:
        """Return the columns every ``observe_every`` steps and at the end, (n, columns, k)."""
        steps = curve_steps(self.plan)
        result = np.full((steps.size, *self.columns.shape), np.nan)
        seen = len(self.state.observed)
        result[:seen] = np.reshape(self.state.observed, (seen, *self.columns.shape))
        at_end = steps[:, None] >= self.state.done
        # A lane that was interrupted did not get any further.
        at_end &= (self.state.codes != 0) | (self.state.done == self.plan.steps)
        return np.where(at_end[:, None, :], self.columns, result)


def curve_steps(plan: Plan) -> np.ndarray:
    """Return the steps at which an ensemble is observed: multiples of ``observe_every``, and the last."""
    return np.append(np.arange(0, plan.steps, plan.observe_every, dtype=np.int64), plan.steps)


def _run_cells(
    f: Objective,
    lanes: np.ndarray,
    plans: dict[tuple[str, str], Plan],
    held_out: tuple[np.ndarray, np.ndarray] | None,
    folder: Path | None,
    progress: Progress,
) -> list[_Cell]:
    """Run the cells of the grid one after another; after Ctrl-C the remaining ones do no step."""
    cells: list[_Cell] = []
    interrupted = False
    total = sum(plan.steps for plan in plans.values())
    with working(progress=progress) as clock:
        before = 0
        for number, plan in enumerate(plans.values()):
            observer = Observer(f, plan, held_out)

            def report(position: int, running: int, before: int = before) -> None:
                clock.tell(f"SAM steps, {running} lanes running", before + position, total)

            hooks = Hooks(report, observer if plan.observe_every else None)
            if folder is not None:
                saved = CellCheckpoint(folder, number, fingerprint_of(f, lanes, plan, held_out or ()))
                hooks = replace(hooks, load=saved.load, save=saved.save)
            state = iterate(f, lanes, plan, hooks, stop=interrupted)
            interrupted = interrupted or state.interrupted
            cells.append(_Cell(state, observer))
            before += plan.steps
    return cells


def _joined(
    f: Objective, cells: list[_Cell], names: list[tuple[str, str]], seeds: np.ndarray, plan: Plan, has_accuracy: bool
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
        accuracy=columns[4] if has_accuracy else None,
        curves=curves,
        history=history,
        steps_kept=steps_kept,
    )


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
