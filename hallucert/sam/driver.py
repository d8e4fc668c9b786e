"""Drives the SAM loop: cuts a run into short calls, spreads lanes over threads, stops cleanly at Ctrl-C.

How a run is cut changes nothing about its results: every lane does the same operations in the same order.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hallucert.objectives.network import TanhNetwork
from hallucert.objectives.objective import Objective
from hallucert.sam.plain import advance_plain
from hallucert.sam.progress import Progress, Reporter
from hallucert.sam.schedule import Positive
from hallucert.sam.status import RUNNING

if TYPE_CHECKING:
    from hallucert.sam.kernel import GradientProgram

CALL_SECONDS = 0.06
"""Aim for the length of one call: long against the cost of a call, short for a person who pressed Ctrl-C."""


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


@dataclass(frozen=True)
class _Crew:
    """Who runs the lanes.

    Attributes
    ----------
    advance : callable
        ``advance(piece, lanes, ...)``; pieces that run at once have memory of their own.
    threads, lanes_per_thread : int
        Number of threads, and how many lanes are worth one.
    """

    advance: Callable[..., None]
    threads: int
    lanes_per_thread: int

    def pieces(self, lanes: int) -> int:
        """Return into how many pieces to cut `lanes` lanes."""
        return min(self.threads, -(-lanes // self.lanes_per_thread))


def iterate(objective: Objective, starts: np.ndarray, plan: Plan, progress: Progress) -> State:
    """Run SAM from `starts` of shape (k, d) until every lane stopped, the steps ran out or Ctrl-C was pressed."""
    k = starts.shape[0]
    state = State(np.array(starts, order="C"), np.full(k, RUNNING, dtype=np.int64), np.zeros(k, dtype=np.int64))
    crew = _crew(_program(objective), objective, plan.threads, k)
    try:
        # Leaving the pool waits for calls under way, so that the state is whole when it is read.
        with ThreadPoolExecutor(crew.threads) as pool, Reporter(progress, plan.steps) as reporter:
            _loop(state, plan, crew, pool if crew.threads > 1 else None, reporter)
    except KeyboardInterrupt:
        state.interrupted = True
    return state


def _loop(state: State, plan: Plan, crew: _Crew, pool: ThreadPoolExecutor | None, reporter: Reporter) -> None:
    position, count = 0, 32
    while position < plan.steps:
        lanes = np.flatnonzero(state.codes == RUNNING)
        if lanes.size == 0:
            return
        warm = position < plan.warmup_steps
        count = min(count, (plan.warmup_steps if warm else plan.steps) - position)
        began = time.perf_counter()
        _call(state, plan, crew, pool, lanes, position, count, warm)
        elapsed = time.perf_counter() - began
        position += count
        count = max(1, int(count * min(8.0, CALL_SECONDS / max(elapsed, 1e-9))))
        reporter.update(position, lanes.size)


def _call(
    state: State,
    plan: Plan,
    crew: _Crew,
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
        crew.advance(0, lanes, *settings)
        return
    pieces = crew.pieces(lanes.size)
    futures = [pool.submit(crew.advance, i, part, *settings) for i, part in enumerate(np.array_split(lanes, pieces))]
    wait(futures)
    for future in futures:
        future.result()


def _program(objective: Objective) -> GradientProgram | None:
    """Return the gradient as a program of a kind that the compiled loop can run, or None."""
    if objective.gradient_program is not None:
        return objective.gradient_program
    if not isinstance(objective, TanhNetwork):
        return None
    # Only now, because it loads the compiler.
    from hallucert.sam.network_kernel import network_program

    return network_program(objective)


def _crew(program: GradientProgram | None, objective: Objective, wanted: int | None, lanes: int) -> _Crew:
    """Return who runs `lanes` lanes: the compiled loop on at most `wanted` threads, or numpy's on one."""
    if program is None:
        return _Crew(lambda _, *arguments: advance_plain(objective, *arguments), 1, 1)

    from hallucert.objectives.machine import registers_array
    from hallucert.sam.kernel import EXTRA_ROWS, advance

    threads = max(1, min(wanted or os.cpu_count() or 1, lanes // program.lanes_per_thread))
    extra = program.dimension + EXTRA_ROWS
    block = program.block(-(-lanes // threads), extra)
    work = [registers_array(program.registers + extra, block) for _ in range(threads)]

    def run(piece: int, *arguments: Any) -> None:
        advance(program, work[piece], block, *arguments)

    return _Crew(run, threads, program.lanes_per_thread)
