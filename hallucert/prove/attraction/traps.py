"""Proposing traps (`hallucert.check.basins.trap`): cells that runs reach late, and all that images of these touch.

From where some runs are, the images of cells in one step are followed to the cells that they touch, until no new ones
are found; cells whose images leave the box, or lead to such, are then left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from hallucert.balls.ball_lanes import lane_arithmetic
from hallucert.check.basins.attractor import Ellipse, Region
from hallucert.check.basins.graph import FARTHEST, LEAVES, Flow
from hallucert.check.basins.partition import Partition
from hallucert.check.basins.tube import SamStep, Tubes
from hallucert.check.problem import Problem
from hallucert.find.basins.search import Search
from hallucert.prove.attraction.attractors import COARSE, ROOM, all_cells, other_cells
from hallucert.sam.runs import run_ensemble

LEVELS = (8, 9, 10)
"""Of cells that are tried."""
MOST = 100_000
"""Cells of a trap."""
STARTS, LATE = 2000, 0.9
"""So many runs are followed for as long as this part of them takes to arrive."""
SPREAD = 2.0
"""A step for all directions is taken where a tube has so many times the size of its cell, or is not known."""


def around_ends(
    problem: Problem, step: Fraction, box: np.ndarray, regions: Sequence[Sequence[Region]], ends: np.ndarray, depth: int
) -> np.ndarray:
    """Return the core of a trap without an attractor, around those ends of runs that lie in no ellipse.

    Rows ``(level, i, j, steps)``; none if no level has one.
    """
    ellipses = [region for own in regions for region in own if isinstance(region, Ellipse)]
    points = np.repeat(ends[..., None], 2, axis=2)
    for ellipse in ellipses:
        points = points[~ellipse.contains(points)]
    curves = len(ellipses) < sum(map(len, regions))  # whose own cells nobody knows
    for level in () if curves else sorted({min(level, depth) for level in LEVELS}):
        cells = all_cells(level)
        nothing = np.zeros(len(cells), np.int64)
        flow = Flow(problem, step, Partition(box, cells), nothing, nothing, [])
        core, steps = closed(flow, _at(flow.partition, points[..., 0]))
        centres = np.reshape([ellipse.centre for ellipse in ellipses], (-1, 2))
        if len(core) and not np.isin(_at(flow.partition, centres), core).any():
            return np.column_stack([cells[core], steps[core]])
    return np.zeros((0, 4), np.int64)


def among_open(
    problem: Problem, step: Fraction, search: Search, regions: Sequence[Sequence[Region]], depth: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the core of a trap among the cells that a search did not settle, and all others, as large as they can be.

    Rows ``(level, i, j, steps)`` and ``(level, i, j)``. Images may be in cells that are settled, and in ellipses.
    """
    level = min(depth, LEVELS[-1])
    places = late(problem, step, search)
    grid = all_cells(level)
    labels = search.labels_of(grid)
    flow = Flow(problem, step, Partition(search.box, grid), labels, np.zeros(len(grid), np.int64), regions)
    core = grid[closed(flow, _at(flow.partition, places))[0]]
    settled = search.settled
    whole = core[~np.isin(_code(core, level), _code(settled[settled[:, 0] > level, :3], level))]
    known = np.concatenate([settled[:, :3], whole])
    both = np.concatenate([known, other_cells(known, int(known[:, 0].min(initial=min(COARSE, depth))))])
    labels, steps = np.zeros((2, len(both)), np.int64)
    labels[: len(settled)] = settled[:, 3]
    flow = Flow(problem, step, Partition(search.box, both), labels, steps, regions)
    own, steps = closed(flow, np.flatnonzero(np.isin(_code(both, level), _code(core, level))))
    rest = labels == 0
    rest[own] = False
    return np.column_stack([both[own], steps[own]]), both[rest]


def late(problem: Problem, step: Fraction, search: Search) -> np.ndarray:
    """Return where runs from the middles of some cells that are not settled are when most have arrived somewhere."""
    cells = search.unsettled
    rng, area = np.random.default_rng(0), 4.0 ** -cells[:, 0]
    chosen = cells[rng.choice(len(cells), min(STARTS, len(cells)), replace=False, p=area / area.sum())]
    steps = np.sort(search.arrivals(chosen))
    starts = search.centres(chosen)
    when = int(steps[min(int(LATE * len(steps)), len(steps) - 1)])
    ends: np.ndarray = run_ensemble(problem.objective, starts, problem.rho, step, when, progress=False).x
    return ends


def closed(flow: Flow, core: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of cells of a trap that grows from some, and the steps of all cells, (n,).

    Images may lie in the regions of the flow, and in cells with labels but that of leaving; none is returned if there
    are too many cells.
    """
    cells = len(flow.labels)
    steps, inside, wrong = np.zeros(cells, np.int64), np.zeros(cells, bool), np.zeros(cells, bool)
    none = np.zeros(0, np.int64)
    sources, targets, fresh = [none], [none], np.unique(core[flow.labels[core] == 0])
    while len(fresh):
        inside[fresh] = True
        if inside.sum() > MOST:
            return none, steps
        steps[fresh] = _directions(flow, fresh)
        numbers, boxes, whole = replace(flow, steps=steps).images(lane_arithmetic("float"), fresh)
        far = ~(np.abs(boxes) < FARTHEST).all(axis=(1, 2))
        wrong[np.setdiff1d(fresh, whole)], wrong[numbers[far]] = True, True
        numbers, boxes = numbers[~far], boxes[~far]
        boxes = boxes + (boxes[..., 1:] - boxes[..., :1]) * np.array([-ROOM, ROOM])
        for ellipse in (region for own in flow.regions for region in own if isinstance(region, Ellipse)):
            out = ~ellipse.contains(boxes)
            numbers, boxes = numbers[out], boxes[out]
        box, target, leaves = flow.partition.touched(boxes)
        wrong[numbers[leaves]], wrong[numbers[box[flow.labels[target] == LEAVES]]] = True, True
        open_ = flow.labels[target] == 0
        sources.append(numbers[box[open_]])
        targets.append(target[open_])
        fresh = np.setdiff1d(targets[-1], np.flatnonzero(inside))
    source, target = np.concatenate(sources), np.concatenate(targets)
    while wrong.any():
        inside &= ~wrong
        wrong = np.zeros(cells, bool)
        wrong[source[inside[source] & ~inside[target]]] = True
    return np.flatnonzero(inside), steps


def _directions(flow: Flow, cells: np.ndarray) -> np.ndarray:
    """Return 1 for cells whose images are known and not large, and -1, a step for all directions, for others."""
    tubes = Tubes.around(*flow.partition.bounds(cells))
    with lane_arithmetic("float") as lanes:
        images, known = SamStep(lanes, flow.f, flow.problem.rho, flow.step).image(tubes)
    return np.where(known & (images.size.max(axis=1) <= SPREAD * tubes.size.max(axis=1)), 1, -1)


def _at(partition: Partition, points: np.ndarray) -> np.ndarray:
    """Return the numbers of the cells that hold those of some points (k, 2) that are in the box."""
    points = points[((points > partition.box[:, 0]) & (points < partition.box[:, 1])).all(axis=1)]
    return np.unique(partition.touched(np.stack([points, points], -1))[1])


def _code(cells: np.ndarray, level: int) -> np.ndarray:
    """Return a number of the cell of a level that holds each cell of it or below; others have that of their corner."""
    up = cells[:, 0] - level
    i, j = (np.where(up >= 0, k >> np.maximum(up, 0), k << np.maximum(-up, 0)) for k in cells[:, 1:].T)
    result: np.ndarray = (i << 30) | j
    return result
