"""Drives the SAM loop: cuts a run into short calls, spreads lanes over threads, stops cleanly at Ctrl-C.

How a run is cut changes nothing about its results: every lane does the same operations in the same order. So a run
that was stopped goes on from its last saved state and ends at the same numbers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import numpy as np

from hallucert.objectives.objective import Objective
from hallucert.sam.engine import Engine, choose_engine
from hallucert.sam.lanes import RUNNING, Lanes, Steps
from hallucert.sam.settings import Plan

CALL_SECONDS = 0.06
"""Aim for the length of one call: long against the cost of a call, short for a person who pressed Ctrl-C."""

SAVE_SECONDS = 5.0
"""How often the state of a run is saved, if it is."""


@dataclass
class State:
    """Where the lanes are.

    Attributes
    ----------
    x : (k, d) array
        Iterates; a lane that stopped keeps the point where it stopped.
    codes, done : (k,) int64 arrays
        Status codes and steps done.
    velocity : (k, d) array, or (0, 0) without momentum
        Velocities.
    position : int
        Steps that the running lanes have done.
    kept : list of (rows, k, d) arrays
        Iterates before every step that is a multiple of ``every``; rows after a lane stopped are not filled.
    observed : list of arrays
        What the observer returned, once for every multiple of ``observe_every``.
    interrupted : bool
        Whether Ctrl-C ended the run.
    """

    x: np.ndarray
    codes: np.ndarray
    done: np.ndarray
    velocity: np.ndarray
    position: int = 0
    kept: list[np.ndarray] = field(default_factory=list)
    observed: list[np.ndarray] = field(default_factory=list)
    interrupted: bool = False


@dataclass(frozen=True)
class Hooks:
    """Who is told about a run under way.

    Attributes
    ----------
    report : callable
        ``report(position, running)`` after every call.
    observe : callable or None
        ``observe(x, position)`` with the iterates (k, d) of all lanes; what it returns goes into `State.observed`.
    load : callable
        Returns a saved state, or None.
    save : callable or None
        Saves a state, from which `load` lets the run go on.
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
        with engine.session(), ThreadPoolExecutor(engine.threads) as pool:
            if not stop:
                _loop(state, starts, plan, engine, pool if engine.threads > 1 else None, hooks)
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


def _loop(
    state: State, starts: np.ndarray, plan: Plan, engine: Engine, pool: ThreadPoolExecutor | None, hooks: Hooks
) -> None:
    count, saved = 32, time.monotonic()
    while True:
        due = plan.observe_every and state.position % plan.observe_every == 0
        if due and hooks.observe and len(state.observed) <= state.position // plan.observe_every:
            state.observed.append(hooks.observe(engine.lift(state.x, starts), state.position))
        # After an interruption some lanes may be ahead.
        lanes = np.flatnonzero((state.codes == RUNNING) & (state.done == state.position))
        if lanes.size == 0 or state.position >= plan.steps:
            return
        count = min(count, _room(state, plan))
        began = time.perf_counter()
        _call(state, plan, engine, pool, lanes, count)
        elapsed = time.perf_counter() - began
        state.position += count
        count = max(1, int(count * min(8.0, CALL_SECONDS / max(elapsed, 1e-9))))
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


def _call(
    state: State, plan: Plan, engine: Engine, pool: ThreadPoolExecutor | None, members: np.ndarray, count: int
) -> None:
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
    if pool is None:
        engine.advance(0, members, lanes, steps)
        return
    parts = np.array_split(members, engine.pieces(members.size))
    futures = [pool.submit(engine.advance, i, part, lanes, steps) for i, part in enumerate(parts)]
    wait(futures)
    for future in futures:
        future.result()
