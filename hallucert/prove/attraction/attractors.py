"""Attractors of SAM with a fixed step in the plane, for basins: points, two-cycles, and curves of points.

Runs in floats end at them, and `certify` proves them. Of a curve one point is certified, whatever the number of runs
that end on it; cells beside it that certainly converge to it are where a search for its basin begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from fractions import Fraction

import numpy as np

from hallucert.balls.ball_lanes import lane_arithmetic
from hallucert.check.basins.attractor import Region, regions_of
from hallucert.check.basins.graph import FIRST
from hallucert.check.basins.partition import NAMES, corners
from hallucert.check.basins.tube import Tubes
from hallucert.check.basins.zeros import Zeros
from hallucert.check.point.certificate import Certificate
from hallucert.check.problem import Problem
from hallucert.clock import Clock
from hallucert.errors import HallucertError, SearchError
from hallucert.find.basins.search import codes
from hallucert.find.refine import refine
from hallucert.find.shifted import Shifted
from hallucert.find.two_cycle import two_cycle
from hallucert.prove.certify import certify
from hallucert.sam.runs import run_ensemble

RUNS, RUN_STEPS = 200, 40_000
"""In floats."""
CERTIFYING = 0.1
"""Of the time left after the runs: no more points are certified then."""
_APART = 2.0**-20
"""Of the box: ends of runs that are nearer are the same attractor."""
_ZERO = 2.0**-24
"""Residuals that are smaller by this factor at ``x+`` than at x are zeros there."""

COARSE, FINE = 7, 10
"""Levels of cells beside curves."""
BESIDE = 6.0
"""Cells are looked at whose middles would come to a curve in so many of their sides, were it straight."""
ROOM = 2.0**-10
"""They are found as cells larger by this part, so that other roundings do not matter."""

Found = tuple[Certificate, tuple[Region, ...]]
"""An attractor with the sets from which SAM converges to it."""


def found_by_runs(
    problem: Problem, step: Fraction, region: np.ndarray, seed: int, clock: Clock
) -> tuple[list[Found], np.ndarray]:
    """Run SAM from random starts, and certify where it stops, or is in turn in one and in another point.

    Return also all ends, (k, 2).
    """
    starts = np.random.default_rng(seed).uniform(region[:, 0], region[:, 1], (RUNS, 2))
    clock.tell("runs", 0)
    ensemble = run_ensemble(problem.objective, starts, problem.rho, step, RUN_STEPS, progress=False)
    part, near = clock.part(CERTIFYING), _APART * float((region[:, 1] - region[:, 0]).max())
    ends = ensemble.x[np.argsort(ensemble.shifted_gradient_norm, kind="stable")]
    ends = ends[np.isfinite(ends).all(axis=1)]
    curve = False
    tried: list[np.ndarray] = []
    found: list[Found] = []
    for x, zero in zip(ends, _zeros(problem, ends).tolist(), strict=True):
        if part.passed() or len(found) == len(NAMES):
            break
        if (zero and curve) or any(np.abs(x - y).max() <= near for y in tried):
            continue
        with suppress(HallucertError):
            proof, points = _proof(problem, step, None if zero else step, x, near)
            tried += [x, *points]
            point = proof()
            if regions := regions_of(point, problem, step):
                found.append((point, regions))
                curve |= zero
    return found, ends


def _zeros(problem: Problem, x: np.ndarray) -> np.ndarray:
    """Tell at which points (k, 2) of a function with one residual ``r(x+)`` seems to be 0."""
    f = problem.objective
    if f.residual_count != 1:
        return np.zeros(len(x), bool)
    here, ahead = f.floats.residual(x), Shifted(f, float(problem.rho)).residual_lanes(x)
    return np.asarray(np.abs(ahead[:, 0]) <= _ZERO * np.abs(here[:, 0]))


def _proof(
    problem: Problem, step: Fraction, basin: Fraction | None, x: np.ndarray, near: float
) -> tuple[Callable[[], Certificate], np.ndarray]:
    """Return what certifies the point or the two-cycle at the end of a run, and where it is.

    Raises `SearchError` if there is none so near: the run had not stopped.
    """
    f = problem.objective
    with suppress(SearchError):
        candidate = refine(f, x, problem.rho)
        if np.abs(candidate.x - x).max() <= near:
            return lambda: certify(candidate, basin=basin), candidate.x[None]
    cycle = two_cycle(f, x, problem.rho, step, 0)
    if np.abs(cycle.points[0] - x).max() > near:
        raise SearchError("the run has not stopped")
    return lambda: certify(cycle), cycle.points


def beside_curves(regions: Sequence[Sequence[Region]], box: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut a box (2, 2) into cells, down to a level, of which those beside curves certainly converge to them.

    Return rows ``(level, i, j, label, 0)`` of these, (k, 5), and ``(level, i, j)`` of all others, (n, 3).
    """
    settled = np.zeros((0, 5), np.int64)
    for label, own in enumerate(regions, FIRST):
        if own and isinstance(own[0], Zeros) and not len(settled):
            cells = _beside(own[0], box, depth)
            settled = np.column_stack([cells, np.full(len(cells), label), np.zeros(len(cells), np.int64)])
    return settled, other_cells(settled[:, :3], min(COARSE, depth))


def _beside(zeros: Zeros, box: np.ndarray, depth: int) -> np.ndarray:
    """Return cells beside a curve, (k, 3), none of which contains another one."""
    level = min(COARSE, depth)
    cells, found = all_cells(level), []
    while True:
        low, high = corners(box, cells)
        middle = np.repeat((low + high)[..., None] / 2, 2, axis=2)
        with lane_arithmetic("float") as lanes:
            reach, known = zeros.reach(lanes, middle, middle)
            cells = cells[known & (np.abs(reach - middle).max(axis=2) <= BESIDE * (high - low)).all(axis=1)]
            low, high = corners(box, cells)
            more = (high - low) * ROOM
            parts = Tubes.around(low - more, high + more).boxes()
            done = zeros.contains(parts.reshape(-1, 2, 2), lanes).reshape(parts.shape[:2]).all(axis=1)
        found.append(cells[done])
        if level >= min(FINE, depth):
            return np.concatenate(found)
        cells, level = _children(cells[~done]), level + 1


def other_cells(settled: np.ndarray, level: int) -> np.ndarray:
    """Return the other leaves of the smallest tree that has some cells (k, 3), and down to a level all others."""
    nodes, found, own = all_cells(level), [np.zeros((0, 3), np.int64)], codes(settled)
    while len(nodes):
        deeper = settled[settled[:, 0] > level]
        above = np.column_stack([np.full(len(deeper), level), deeper[:, 1:] >> (deeper[:, :1] - level)])
        split = np.isin(codes(nodes), codes(above))
        found.append(nodes[~split & ~np.isin(codes(nodes), own)])
        nodes, level = _children(nodes[split]), level + 1
    return np.concatenate(found)


def all_cells(level: int) -> np.ndarray:
    """Return all cells of a level."""
    i, j = np.divmod(np.arange(4**level), 2**level)
    return np.stack([np.full(len(i), level), i, j], -1)


def _children(cells: np.ndarray) -> np.ndarray:
    """Return the children of cells."""
    return np.concatenate([cells * [1, 2, 2] + [1, a, b] for a in (0, 1) for b in (0, 1)])
