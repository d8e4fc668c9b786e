"""Verifying basins: the attractors are proved again, and the image of every cell is enclosed again.

What is not shared with the prover: the arithmetic, intervals of doubles of their own (`intervals`), and the order in
which cells were settled, which is found anew. Some cells, all of them in a small file, are followed in the mpmath
backend at 64 bits as well (Arb's balls, whose products are wider, would fail); it takes thirty times as long. Shared
are the formulas of tubes, and the doubles with which boxes are compared with cells and ellipses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hallucert.balls.ball_lanes import LaneArithmetic, lane_arithmetic
from hallucert.balls.facade import BallArithmetic
from hallucert.check.basins.attractor import regions_of
from hallucert.check.basins.certificate import DRAWN, NAME, TRAPPED, Basins
from hallucert.check.basins.graph import FIRST, LEAVES, Edges, Flow
from hallucert.check.basins.intervals import Intervals
from hallucert.check.claim import PROVOKED, Claim
from hallucert.check.file.verify import SPENT, Result, provoked, rechecked
from hallucert.check.point.verify import check as check_point
from hallucert.clock import Clock

BITS = 64
OF_DRAW = 0
"""What stands for the labels of cells that were drawn."""
SAMPLED = 4000
"""Steps of cells that are followed in mpmath too: a few seconds."""


def check(basins: Basins, ar: BallArithmetic, max_boxes: int, clock: Clock) -> list[Result]:
    """Return what became of all claims, and what fails of attractors, which the card shows with cells and without."""
    points = [check_point(point, ar, max_boxes, clock) for point in basins.attractors]
    wrong = [any(not result.passed for result in results) for results in points]
    try:
        missing = _unsettled(basins, clock)
    except PROVOKED as error:
        missing = {label: provoked(error) for label in range(basins.labels_known)}

    def objection(claim: Claim, _: list[Result]) -> str | None:
        own: tuple[int, ...] = (LEAVES,)
        if claim.name == NAME:
            own = (claim.inputs["attractor"] - 1 + FIRST,)
        elif claim.name == TRAPPED:
            own = basins.traps[claim.inputs["trap"] - 1].labels
        elif claim.name == DRAWN:  # from what is not decided, of which all has to be known
            own = (OF_DRAW, *basins.single)
        for number in sorted(label - FIRST for label in basins.meant(own)):
            if 0 <= number < len(wrong) and wrong[number]:
                failed = [result.name for result in points[number] if not result.passed]
                return f"of its attractor is not re-proved: {', '.join(failed)}"
        return next((missing[label] for label in own if label in missing), None)

    failed = [
        replace(result, name=f"attractors[{i}].{result.name}")
        for i, results in enumerate(points)
        for result in results
        if not result.passed
    ]
    return rechecked(basins.all_claims, objection) + failed


def _unsettled(basins: Basins, clock: Clock) -> dict[int, str]:
    """Say of each label what is wrong with its cells."""
    regions = [regions_of(point, basins.problem, basins.step) for point in basins.attractors]
    flow = Flow(basins.problem, basins.step, basins.partition, basins.labels, basins.steps, regions, basins.traps)
    edges, late = _edges(flow, "cells", clock)
    settled = flow.settled(_confirmed(flow, edges))
    lost = {label: int((~settled & (basins.labels == label)).sum()) for label in range(1, basins.labels_known)}
    missing = {label: late or _few(count) for label, count in lost.items() if count}
    return missing | _undrawn(basins, flow, settled, clock)


def _undrawn(basins: Basins, flow: Flow, settled: np.ndarray, clock: Clock) -> dict[int, str]:
    """Say what is wrong with the cells that were drawn, if there are any."""
    if basins.draw is None:
        return {}
    try:
        drawn = basins.draw.flow(flow, basins.single)
        edges, late = _edges(drawn, "drawn cells", clock)
        lost = int((~drawn.proved(_confirmed(drawn, edges), settled) & (drawn.labels > 0)).sum())
    except PROVOKED as error:
        return {OF_DRAW: provoked(error)}
    return {OF_DRAW: late or _few(lost)} if lost else {}


def _few(count: int) -> str:
    return f"{count} cells do not flow where they should"


def _edges(flow: Flow, what: str, clock: Clock) -> tuple[list[Edges], str]:
    """Return the edges of labelled cells, as far as there is time, and what is said if there is not enough."""
    edges: list[Edges] = []
    tasks = flow.tasks(Intervals)
    for number, task in enumerate(tasks):
        clock.tell(what, number, len(tasks))
        if clock.passed():
            return edges, SPENT
        edges.append(task())
    return edges, ""


def _confirmed(flow: Flow, edges: Sequence[Edges]) -> list[Edges]:
    """Leave out cells that do not pass in mpmath, of those that are followed in it."""
    cells = np.random.default_rng(0).permutation(np.flatnonzero(flow.labels))
    sample = cells[np.cumsum(1 + np.abs(flow.steps[cells])) <= SAMPLED]
    again = flow.edges(_mpmath, sample)
    lost, none = np.setdiff1d(sample, again.cells), np.zeros(0, np.int64)
    return [replace(again, cells=none), *(replace(part, cells=np.setdiff1d(part.cells, lost)) for part in edges)]


def _mpmath() -> LaneArithmetic:
    return lane_arithmetic("mpmath", BITS)
