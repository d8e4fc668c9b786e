"""Drives the SAM loop: cuts a run into short calls, spreads lanes over threads, stops cleanly at Ctrl-C.

How a run is cut changes nothing about its results: every lane does the same operations in the same order. So a run
that was stopped goes on from its last saved state and ends at the same numbers. A checkpoint of an ensemble is a folder
that holds, for each cell of the grid, the exact state of its lanes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypedDict, cast

import numpy as np

from hallucert.clock import Progress, working
from hallucert.errors import CheckpointError
from hallucert.files import Checkpoint, kind_of_file, write_nothing
from hallucert.objectives.network.floats import shares_right
from hallucert.objectives.network.structure import training_of
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM
from hallucert.sam.engine import Engine, choose_engine
from hallucert.sam.lanes import IS_CONVERGED, IS_OUTSIDE, IS_STATIONARY, IS_UNDERFLOW, RUNNING, Lanes, Steps, statuses
from hallucert.sam.maps import is_flat, sam_lanes
from hallucert.sam.settings import Plan

CALL_SECONDS = 0.06
"""Aim for the length of one call: long against the cost of a call, short for a person who pressed Ctrl-C."""

SAVE_SECONDS = 5.0
"""How often the state of a run is saved, if it is."""


@dataclass
class State:
    """Where the lanes are, as in `Lanes`, and what has been seen of them; `position` steps are done by those that run.

    `kept` are arrays (rows, k, d) of the iterates before every step that is a multiple of ``every``, not filled where a
    lane has stopped; `observed` is what the observer returned, once for every multiple of ``observe_every``.
    """

    x: np.ndarray
    codes: np.ndarray
    done: np.ndarray
    velocity: np.ndarray
    position: int = 0
    kept: list[np.ndarray] = field(default_factory=list)
    observed: list[np.ndarray] = field(default_factory=list)
    interrupted: bool = False

    def history(self, every: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the kept iterates of all lanes with the end points as last row, and the step numbers of the rows."""
        last = int(self.done.max(initial=0))
        steps_kept = np.append(np.arange(0, last, every, dtype=np.int64), last)
        rows = steps_kept.size - 1
        history = np.concatenate([*self.kept, np.empty((1, *self.x.shape))])[: rows + 1]
        history[rows] = self.x
        for i in range(int(np.searchsorted(steps_kept, self.done.min(initial=last))), rows):
            stopped = steps_kept[i] >= self.done
            history[i, stopped] = self.x[stopped]
        return history, steps_kept


@dataclass(frozen=True)
class Hooks:
    """Who is told about a run under way.

    ``report(position, running)`` is called after every call; what ``observe(x, position)`` returns for the iterates
    (k, d) of all lanes goes into `State.observed`; `load` returns a saved state, or None, from which the run goes on.
    """

    report: Callable[[int, int], None]
    observe: Callable[[np.ndarray, int], np.ndarray] | None = None
    load: Callable[[], State | None] = lambda: None
    save: Callable[[State], None] | None = None


def iterate(objective: Objective, starts: np.ndarray, plan: Plan, hooks: Hooks, stop: bool = False) -> State:
    """Run SAM from `starts` of shape (k, d) until every lane stopped, the steps ran out or Ctrl-C was pressed.

    With `stop` nothing is run, as if Ctrl-C had been pressed at once; a saved state is still read.
    """
    engine = choose_engine(objective, starts.shape[0], plan)
    state = hooks.load() or _fresh(engine.project(starts), plan)
    state.interrupted = stop
    try:
        # Leaving the pool waits for calls under way, so that the state is whole when it is read.
        with engine.session(), ThreadPoolExecutor(max(1, engine.threads - 1)) as pool:
            if not stop:
                _loop(state, starts, plan, engine, pool, hooks)
    except KeyboardInterrupt:
        state.interrupted = True
        _settle(state, plan)
    if hooks.save is not None and not stop:
        hooks.save(state)
    state.x = engine.lift(state.x, starts)
    state.kept = [np.stack([engine.lift(row, starts) for row in rows]) for rows in state.kept if len(rows)]
    return state


def _fresh(x: np.ndarray, plan: Plan) -> State:
    k = x.shape[0]
    velocity = np.zeros_like(x) if plan.momentum else np.zeros((0, 0), x.dtype)
    return State(x, np.full(k, RUNNING, dtype=np.int64), np.zeros(k, dtype=np.int64), velocity)


def _settle(state: State, plan: Plan) -> None:
    """Find the position after an interruption; lanes that are ahead of it are where `State.done` says."""
    running = state.done[state.codes == RUNNING]
    state.position = int(running.min(initial=plan.steps))


def _loop(state: State, starts: np.ndarray, plan: Plan, engine: Engine, pool: ThreadPoolExecutor, hooks: Hooks) -> None:
    count, saved = 32, time.monotonic()
    while True:
        due = plan.observe_every and state.position % plan.observe_every == 0
        if due and hooks.observe and len(state.observed) <= state.position // plan.observe_every:
            state.observed.append(hooks.observe(engine.lift(state.x, starts), state.position))
        # After an interruption some lanes may be ahead.
        lanes = np.flatnonzero((state.codes == RUNNING) & (state.done == state.position))
        if lanes.size == 0 or state.position >= plan.steps:
            return
        room = _room(state, plan)
        count = room if room < 2 * count else count  # no short call for a rest
        began = time.perf_counter()
        _call(state, plan, engine, pool, lanes, count)
        elapsed = time.perf_counter() - began
        state.position += count
        count = max(1, int(count * min(64.0, CALL_SECONDS / max(elapsed, 1e-9))))
        hooks.report(state.position, lanes.size)
        if hooks.save is not None and time.monotonic() - saved > SAVE_SECONDS:
            hooks.save(state)
            saved = time.monotonic()


def _room(state: State, plan: Plan) -> int:
    """Return how many steps may be done in one call: to the end of the warm-up, the next observation, or the end."""
    ends = [plan.warmup_steps if state.position < plan.warmup_steps else plan.steps]
    if plan.observe_every:
        ends.append((state.position // plan.observe_every + 1) * plan.observe_every)
    ahead = state.done[(state.codes == RUNNING) & (state.done > state.position)]
    ends.extend(ahead.tolist())
    return min(ends) - state.position


def _call(state: State, plan: Plan, engine: Engine, pool: ThreadPoolExecutor, members: np.ndarray, count: int) -> None:
    """Do `count` steps on some lanes."""
    position = state.position
    rows = len(range(-position % plan.every, count, plan.every)) if plan.every else 0
    kept = np.empty((rows, *state.x.shape), state.x.dtype)
    if rows:
        state.kept.append(kept)
    rho, eta = plan.rho.values(position, count), plan.step_size.values(position, count)
    steps = Steps(
        # Where gradients are divided by 2**height, steps along them are multiplied by it.
        rho=rho if plan.law.normalised else np.ldexp(rho, engine.height),
        eta=np.ldexp(eta, engine.height),
        kept=kept,
        batches=np.empty((0, 0), dtype=np.int64) if plan.batches is None else plan.batches.at(position, count),
        tolerance=float(np.ldexp(plan.tolerance, -engine.height)),
        relative=plan.relative,
        bound=plan.bound,
        every=plan.every,
        momentum=plan.momentum,
        warm=position < plan.warmup_steps,
        normalised=plan.law.normalised,
    )
    lanes = Lanes(state.x, state.codes, state.done, state.velocity)
    mine, *others = np.array_split(members, engine.pieces(members.size))
    futures = [pool.submit(engine.advance, i, part, lanes, steps) for i, part in enumerate(others, 1)]
    engine.advance(0, mine, lanes, steps)
    wait(futures)
    for future in futures:
        future.result()


class Observer:
    """Computes the columns of the table: ``f(x), f(x+), |g|, |g+|`` and, of networks, the accuracy on held-out data."""

    def __init__(self, objective: Objective, plan: Plan, held_out: tuple[np.ndarray, np.ndarray] | None) -> None:
        self.objective, self.plan, self.held_out = objective, plan, held_out

    def __call__(self, x: np.ndarray, steps: int | np.ndarray) -> np.ndarray:
        """Return the columns as an array (columns, k) for lanes (k, d) at the given step numbers."""
        last = np.minimum(np.broadcast_to(steps, x.shape[:1]), max(self.plan.steps - 1, 0))
        columns = sam_lanes(self.objective, x, self.plan.rho.at(last), self.plan.law)
        if self.held_out is None:
            return np.array(columns)
        network = training_of(self.objective)
        assert network is not None
        return np.array([*columns, shares_right(network, x, *self.held_out)])

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
        state.codes[undefined & ((state.codes == RUNNING) | (state.codes == IS_CONVERGED))] = IS_OUTSIDE
        return columns


# ---------------------------------------------------------------------- cells of a grid


class Cell:
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


def run_cells(
    f: Objective,
    lanes: np.ndarray,
    plans: Sequence[Plan],
    held_out: tuple[np.ndarray, np.ndarray] | None,
    folder: Path | None,
    progress: Progress,
) -> list[Cell]:
    """Run the cells of the grid one after another; after Ctrl-C the remaining ones do no step."""
    cells: list[Cell] = []
    interrupted, before, total = False, 0, sum(plan.steps for plan in plans)
    with working(progress=progress) as clock:
        for number, plan in enumerate(plans):
            observer = Observer(f, plan, held_out)

            def report(position: int, running: int, before: int = before) -> None:
                step = "SAM steps" if len(lanes) == 1 else f"SAM steps, {running} lanes running"
                clock.tell(step, before + position, total)

            hooks = Hooks(report, observer if plan.observe_every else None)
            if folder is not None:
                saved = CellCheckpoint(folder, number, fingerprint_of(f, lanes, plan, held_out or ()))
                hooks = replace(hooks, load=saved.load, save=saved.save)
            state = iterate(f, lanes, plan, hooks, stop=interrupted)
            interrupted = interrupted or state.interrupted
            cells.append(Cell(state, observer))
            before += plan.steps
    return cells


# ---------------------------------------------------------------------- checkpoints

FORMAT = "hallucert-checkpoint-2"


class _Array(TypedDict):
    """An array as plain data, to the last bit."""

    dtype: str
    shape: list[int]
    data: str


class CellCheckpoint:
    """The saved state of a cell of the grid, by its number, in a folder that is made if it is missing.

    The fingerprint is that of the run. A folder that cannot be made or written is a `CheckpointError`.
    """

    def __init__(self, folder: Path, cell: int, fingerprint: str) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_nothing(folder)
        except FileExistsError:
            raise CheckpointError(
                f"the checkpoint {folder} must be a folder; it is {kind_of_file(folder) or 'a file'}: use another path"
            ) from None
        except OSError as error:
            raise CheckpointError(
                f"the checkpoint folder {folder} cannot be made or written to: {error.strerror}"
            ) from None
        path = folder / f"cell-{cell:04d}.json"
        self.kept = Checkpoint(path, fingerprint, "run", "other data, starts, or settings")

    def load(self) -> State | None:
        """Return the saved state, None if there is none."""
        entries = self.kept.entries
        if not entries:
            return None
        try:
            lanes = Lanes(*(_array_from_json(cast(_Array, entries[name])) for name in Lanes._fields))
            observed = [_array_from_json(row) for row in cast(list[_Array], entries["observed"])]
            position = int(cast(int, entries["position"]))
            return State(lanes.x, lanes.codes, lanes.done, lanes.velocity, position, observed=observed)
        except (ValueError, KeyError, TypeError) as error:
            self.kept.refuse(repr(error), "delete it")

    def save(self, state: State) -> None:
        """Write the state; if that cannot be done the old file stays, and there is a `CheckpointError`."""
        entries = self.kept.entries
        entries |= {name: _array_to_json(getattr(state, name)) for name in Lanes._fields}
        entries["observed"] = [_array_to_json(row) for row in state.observed]
        self.kept.add("position", state.position)


def _array_to_json(array: np.ndarray) -> _Array:
    data = base64.b64encode(array.tobytes()).decode()
    return {"dtype": array.dtype.str, "shape": list(array.shape), "data": data}


def _array_from_json(entry: _Array) -> np.ndarray:
    if entry["dtype"] not in ("<f8", "<f4", "<i8"):
        raise ValueError(f"numbers of the type {entry['dtype']!r}")
    content = np.frombuffer(base64.b64decode(entry["data"]), entry["dtype"])
    return content.reshape(entry["shape"]).copy()


def fingerprint_of(objective: Objective, starts: np.ndarray, plan: Plan, held_out: Iterable[np.ndarray]) -> str:
    """Return a digest of all that determines the numbers of a run: objective, starts, schedules and settings."""
    digest = hashlib.sha256(FORMAT.encode())
    for array in (*_objective_arrays(objective, starts), starts, *held_out):
        digest.update(str((array.shape, array.dtype.str)).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    for first in range(0, plan.steps, 4096):
        count = min(4096, plan.steps - first)
        digest.update(plan.rho.values(first, count).tobytes() + plan.step_size.values(first, count).tobytes())
    batches = None if plan.batches is None else plan.batches.key
    settings = (plan.steps, plan.warmup_steps, plan.tolerance, plan.relative, plan.bound, plan.momentum, plan.dtype)
    digest.update(repr((settings, batches, plan.observe_every)).encode())
    if plan.law != SAM:
        digest.update(repr(plan.law).encode())
    return digest.hexdigest()


def _objective_arrays(objective: Objective, starts: np.ndarray) -> list[np.ndarray]:
    """Return arrays that tell the objective from others."""
    if (network := training_of(objective)) is not None:
        kind = (network.layer_sizes, network.loss, network.output)
        numbers = tuple(map(str, (network.weight_decay, network.label_smoothing, network.factor)))
        return [np.array(repr((kind, numbers))), network.inputs, network.targets]
    if objective.rigorous:
        return [np.array(json.dumps(objective.to_json(), sort_keys=True))]
    # A float-only callable cannot be written down; its gradients at the starts stand for it.
    return [objective.floats.gradient(starts)]
