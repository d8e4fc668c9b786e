"""Drives the SAM loop: cuts a run into short calls, spreads lanes over threads, stops cleanly at Ctrl-C.

How a run is cut changes nothing about its results: every lane does the same operations in the same order.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from hallucert.objectives.objective import Objective
from hallucert.sam.plain import advance_plain
from hallucert.sam.progress import Progress, Reporter
from hallucert.sam.schedule import Positive
from hallucert.sam.status import RUNNING

CALL_SECONDS = 0.06
"""Aim for the length of one call: long against the cost of a call, short for a person who pressed Ctrl-C."""

LANES_PER_THREAD = 64
"""Fewer lanes than this are not worth a thread of their own."""


@dataclass(frozen=True)
class Plan:
    """What a run is asked to do; `rho` and `step_size` are schedules, the first `warmup_steps` are plain descent."""

    rho: Positive
    step_size: Positive
    steps: int
    warmup_steps: int
    tolerance: float
    bound: float
    every: int
    threads: int | None = None


@dataclass
class State:
    """Where the lanes are.

    Attributes
    ----------
    x : (k, d) array
        Iterates; a lane that stopped keeps the point where it stopped.
    codes, done : (k,) int64 arrays
        Status codes and steps done.
    kept : list of (rows, k, d) arrays
        Iterates before every step that is a multiple of ``every``; rows after a lane stopped are not filled.
    interrupted : bool
        Whether Ctrl-C ended the run.
    """

    x: np.ndarray
    codes: np.ndarray
    done: np.ndarray
    kept: list[np.ndarray] = field(default_factory=list)
    interrupted: bool = False


def iterate(objective: Objective, starts: np.ndarray, plan: Plan, progress: Progress) -> State:
    """Run SAM from `starts` of shape (k, d) until every lane stopped, the steps ran out or Ctrl-C was pressed."""
    k = starts.shape[0]
    state = State(np.array(starts, order="C"), np.full(k, RUNNING, dtype=np.int64), np.zeros(k, dtype=np.int64))
    pieces = _threads(objective, plan, k)
    advance = _advancer(objective, k, pieces)
    try:
        # Leaving the pool waits for calls under way, so that the state is whole when it is read.
        with ThreadPoolExecutor(pieces) as pool, Reporter(progress, plan.steps) as reporter:
            _loop(state, plan, advance, pool if pieces > 1 else None, reporter)
    except KeyboardInterrupt:
        state.interrupted = True
    return state


def _loop(
    state: State, plan: Plan, advance: Callable[..., None], pool: ThreadPoolExecutor | None, reporter: Reporter
) -> None:
    position, count = 0, 32
    while position < plan.steps:
        lanes = np.flatnonzero(state.codes == RUNNING)
        if lanes.size == 0:
            return
        warm = position < plan.warmup_steps
        count = min(count, (plan.warmup_steps if warm else plan.steps) - position)
        began = time.perf_counter()
        _call(state, plan, advance, pool, lanes, position, count, warm)
        elapsed = time.perf_counter() - began
        position += count
        count = max(1, int(count * min(8.0, CALL_SECONDS / max(elapsed, 1e-9))))
        reporter.update(position, lanes.size)


def _call(
    state: State,
    plan: Plan,
    advance: Callable[..., None],
    pool: ThreadPoolExecutor | None,
    lanes: np.ndarray,
    position: int,
    count: int,
    warm: bool,
) -> None:
    """Do `count` steps on `lanes`."""
    rows = len(range(-position % plan.every, count, plan.every)) if plan.every else 0
    kept = np.empty((rows, *state.x.shape))
    rho, eta = plan.rho.values(position, count), plan.step_size.values(position, count)
    if rows:
        state.kept.append(kept)
    settings = (state.x, state.codes, state.done, rho, eta, warm, plan.tolerance, plan.bound, kept, plan.every)
    if pool is None:
        advance(0, lanes, *settings)
        return
    pieces = min(pool._max_workers, -(-lanes.size // LANES_PER_THREAD))
    futures = [pool.submit(advance, i, part, *settings) for i, part in enumerate(np.array_split(lanes, pieces))]
    wait(futures)
    for future in futures:
        future.result()


def _threads(objective: Objective, plan: Plan, lanes: int) -> int:
    if objective.gradient_program is None:
        return 1
    available = plan.threads or os.cpu_count() or 1
    return max(1, min(available, lanes // LANES_PER_THREAD))


def _advancer(objective: Objective, lanes: int, pieces: int) -> Callable[..., None]:
    """Return ``advance(piece, lanes, ...)``: the compiled loop, with memory of its own for every piece, or numpy's."""
    program = objective.gradient_program
    if program is None:
        return lambda _, *arguments: advance_plain(objective, *arguments)

    from hallucert.objectives.machine import registers_array
    from hallucert.sam.kernel import EXTRA_ROWS, advance

    extra = program.dimension + EXTRA_ROWS
    block = program.block(-(-lanes // pieces), extra)
    work = [registers_array(program.registers + extra, block) for _ in range(pieces)]
    run = partial(advance, program.code, program.constants, program.outputs, program.registers)
    return lambda piece, *arguments: run(work[piece], block, *arguments)
