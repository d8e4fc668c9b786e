"""Cells that are drawn from what basins leave open, each followed until it is where it is known what happens.

What the intervals of the prover propose has to pass in those of the checker, too: where the direction tears, rounding
decides whether a cell comes through, and one that does not would spoil the claims.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from hallucert.balls.ball_lanes import lane_arithmetic
from hallucert.check.basins.attractor import Ellipse
from hallucert.check.basins.draw import Draw
from hallucert.check.basins.graph import CHUNK, FARTHEST, LEAVES, Flow
from hallucert.check.basins.intervals import Intervals
from hallucert.check.basins.partition import corners
from hallucert.check.basins.tube import SamStep, Tubes
from hallucert.clock import Clock, look
from hallucert.interrupt import in_time

LONGEST = 4000
"""Steps of a drawn cell."""
WIDEST = 2.0**-4
"""Of the sides of the box: images that are wider are in no cells of one label."""
FOLLOWING = 0.5
"""Of the time that is left; the rest is for the proof."""


def followed(
    flow: Flow, decided: Sequence[int], seed: int, count: int, jobs: int | None, worth: float, clock: Clock
) -> Draw | None:
    """Return what is proved of so many cells, drawn from all without one of the labels that are decided.

    None if nothing is left to draw from, or there is no time. What cannot be followed in time is open.
    """
    labels, steps = np.zeros((2, count), np.int64)
    nodes = Draw(seed, labels, steps).flow(flow, decided).nodes
    if clock.passed() or not len(nodes):
        return None
    parts = [slice(first, first + CHUNK) for first in range(0, count, CHUNK)]
    tasks = [partial(_ends, flow, decided, nodes[part]) for part in parts]
    for number, ends in enumerate(in_time(tasks, "drawn cells", jobs, worth, clock.part(FOLLOWING))):
        labels[parts[number]], steps[parts[number]] = ends
    drawn = Draw(seed, labels, steps).flow(flow, decided)
    edges = list(in_time(drawn.tasks(Intervals), "drawn cells proved", jobs, worth, clock))
    labels = np.where(drawn.proved(edges, flow.labels > 0), labels, 0)
    return Draw(seed, labels, np.where(labels > 0, steps, 0))


def _ends(flow: Flow, decided: Sequence[int], cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which label cells come to, 0 for none, and after how many steps."""
    labels, steps = np.zeros((2, len(cells)), np.int64)
    tubes, active = Tubes.around(*corners(flow.partition.box, cells)), np.arange(len(cells))
    lanes, sides = lane_arithmetic("float"), flow.partition.box[:, 1] - flow.partition.box[:, 0]
    with lanes:
        step = SamStep(lanes, flow.f, flow.problem.rho, flow.step)
        for count in range(LONGEST + 1):
            boxes = tubes.boxes()
            found = _there(flow, decided, np.stack([boxes[..., 0].min(axis=1), boxes[..., 1].max(axis=1)], -1))
            labels[active], steps[active] = found, np.where(found > 0, count, 0)
            active, tubes = active[found == 0], tubes[found == 0]
            if not len(active) or count == LONGEST:
                break
            look()
            tubes, known = step.image(tubes)
            known &= (2 * tubes.size < WIDEST * sides.min()).all(axis=1)
            active, tubes = active[known], tubes[known]
    return labels, steps


def _there(flow: Flow, decided: Sequence[int], boxes: np.ndarray) -> np.ndarray:
    """Return the label of a cell whose image is a box, for boxes (k, 2, 2): 0 for none of those that are decided."""
    fits = np.zeros((len(boxes), len(flow.leaning)), bool)
    near = np.flatnonzero((np.abs(boxes) < FARTHEST).all(axis=(1, 2)))
    number, cell, leaves = flow.partition.touched(boxes[near])
    fits[near] = ~leaves[:, None]
    fits[near, LEAVES] = True
    np.logical_and.at(fits, near[number], flow.leaning[:, flow.labels[cell]].T)
    for k, own in enumerate(flow.regions, LEAVES + 1):
        for region in own:
            if isinstance(region, Ellipse):
                fits[near[region.contains(boxes[near])], k] = True
    some = np.setdiff1d(decided, [trap.core for trap in flow.traps])  # cells that flow in lean on these
    which = fits[:, some]
    return np.where(which.any(axis=1), some[which.argmax(axis=1)], 0)
