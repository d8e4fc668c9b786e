"""What cells flow into: the theorem behind basins, over a graph of cells.

A partition of a box has cells with labels, attractors or *leaves*. A cell with ``k >= 0`` steps is *settled* if its
image under ``S^k`` is covered by boxes (`tube`), each of which lies in a region of its attractor (`attractor`), or
touches only cells with the same label that were settled before; a box may reach out of the box only if the label is
*leaves*. Of zeros of a residual only the boxes of cells with k = 0 are asked, which is enough and cheaper. If the
number is -k, the last of the k steps is one for all directions (`fan`), which is defined also where g = 0. Traps, in
which runs stay for ever, have labels of their own (`trap`).

**Theorem.** Let a run take u = g/|g| where g != 0, and any unit vector where g = 0. From every start in a settled cell
it comes into a region of its attractor, to which it converges; with the label *leaves*, to a point outside of the box.
*Proof.* By induction over the order in which cells are settled: the k steps take each point of the cell, as its tube
shows step by step, into the region, out of the box, or into a cell for which this holds already.

So no cell may lean on itself, not even through others, but in the core of a trap; what the checker computes is the
least set that is closed under this rule, which has no use for an order in a file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial
from typing import cast

import numpy as np

from hallucert.balls.ball_lanes import LaneArithmetic
from hallucert.check.basins.attractor import Ellipse, Region
from hallucert.check.basins.fan import fan
from hallucert.check.basins.partition import Partition
from hallucert.check.basins.trap import Trap, leaning
from hallucert.check.basins.tube import PARTS, SamStep, Tubes
from hallucert.check.problem import Problem
from hallucert.clock import look
from hallucert.objectives.formula import FormulaObjective

LEAVES, FIRST = 1, 2
"""The label of cells that leave the box, and of the first attractor."""
FARTHEST = 1e150
"""Boxes that reach farther, or are not finite, say nothing: a coordinate in units of cells could overflow."""
CHUNK = 2000
"""Cells that are looked at together."""


@dataclass(frozen=True)
class Edges:
    """What cells lean on: pairs (source, target) of their numbers; of the `cells` that is all, others have no proof."""

    cells: np.ndarray
    source: np.ndarray
    target: np.ndarray


@dataclass(frozen=True)
class Flow:
    """Labels (n,) and numbers of steps (n,) of the cells of a partition, for a problem and a step.

    The label of an attractor is `FIRST` more than its number, by which its regions are found; those of traps follow.
    """

    problem: Problem
    step: Fraction
    partition: Partition
    labels: np.ndarray
    steps: np.ndarray
    regions: Sequence[Sequence[Region]]
    traps: Sequence[Trap] = ()

    @property
    def targets(self) -> np.ndarray:
        """The labels of the cells that images touch."""
        return self.labels

    def bounds(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return lower and upper corners of cells (k, 2), rounded outward."""
        return self.partition.bounds(cells)

    @cached_property
    def leaning(self) -> np.ndarray:
        """Which labels may be touched from which."""
        known = FIRST + len(self.regions) + 2 * len(self.traps)
        return leaning(self.traps, max(known, *(int(each.max(initial=0)) + 1 for each in (self.labels, self.targets))))

    def tasks(self, lanes: Callable[[], LaneArithmetic], known: Sequence[Edges] = ()) -> list[Callable[[], Edges]]:
        """Return the work: the edges of all other labelled cells, in chunks of those that take about as many steps."""
        cells = np.setdiff1d(
            np.flatnonzero(self.labels), np.concatenate([np.zeros(0, np.int64), *(part.cells for part in known)])
        )
        cells = cells[np.argsort(np.abs(self.steps[cells]), kind="stable")]
        return [partial(self.edges, lanes, cells[i : i + CHUNK]) for i in range(0, len(cells), CHUNK)]

    def edges(self, lanes: Callable[[], LaneArithmetic], cells: np.ndarray) -> Edges:
        """Return the edges of some cells."""
        numbers, boxes, whole = self.images(lanes(), cells)
        far = ~(np.abs(boxes) < FARTHEST).all(axis=(1, 2))
        core = np.isin(self.labels[cells], [trap.core for trap in self.traps])
        lost = np.concatenate([numbers[far], cells[core & (np.abs(self.steps[cells]) != 1)]])
        numbers, boxes = numbers[~far], boxes[~far]
        label = self.labels[numbers]
        for k, own in enumerate(self.regions, FIRST):
            for region in own:
                mine = self.leaning[label, k] & (isinstance(region, Ellipse) | (self.steps[numbers] == 0))
                with lanes() as arithmetic:
                    mine[mine] = region.contains(boxes[mine], arithmetic)
                numbers, boxes, label = numbers[~mine], boxes[~mine], label[~mine]
        box, target, leaves = self.partition.touched(boxes)
        elsewhere = box[~self.leaning[label[box], self.targets[target]]]
        wrong = np.concatenate([lost, numbers[leaves & ~self.leaning[label, LEAVES]], numbers[elsewhere]])
        good = np.setdiff1d(whole, wrong)
        return Edges(good, *np.divmod(np.unique(numbers[box] * len(self.targets) + target), len(self.targets)))

    def images(self, lanes: LaneArithmetic, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return boxes that cover the images of cells, with the numbers of the cells, and the cells that have them."""
        fanned = self.steps[cells] < 0
        tubes, left, count = Tubes.around(*self.bounds(cells)), np.abs(self.steps[cells]) - fanned, 0
        whole, numbers, boxes = [], [np.zeros(0, np.int64)], [np.zeros((0, 2, 2))]
        with lanes:
            step = SamStep(lanes, self.f, self.problem.rho, self.step)
            while len(cells):
                here = (left == count) & ~fanned
                whole.append(cells[here])
                numbers.append(np.repeat(cells[here], PARTS**2))
                boxes.append(tubes[here].boxes().reshape(-1, 2, 2))
                last = (left == count) & fanned
                if last.any():
                    owner, images, known = fan(step, tubes[last])
                    whole.append(cells[last][known])
                    numbers.append(cells[last][owner])
                    boxes.append(images)
                on = left > count
                cells, tubes, left, fanned = cells[on], tubes[on], left[on], fanned[on]
                if len(cells):
                    look()
                    tubes, known = step.image(tubes)
                    cells, tubes, left, fanned = cells[known], tubes[known], left[known], fanned[known]
                    count += 1
        return np.concatenate(numbers), np.concatenate(boxes), np.concatenate(whole)

    @property
    def f(self) -> FormulaObjective:
        """The function: basins are of formulas alone."""
        return cast(FormulaObjective, self.problem.objective)

    def settled(self, edges: Sequence[Edges]) -> np.ndarray:
        """Return which cells are settled, (n,), from the edges of all labelled cells that were looked at."""
        n, none = len(self.labels), np.zeros(0, np.int64)
        source, target, cells = (
            np.concatenate([none, *(getattr(part, name) for part in edges)]) for name in ("source", "target", "cells")
        )
        ready, done, stands = np.zeros(n, bool), np.zeros(n, bool), np.arange(n)
        ready[cells] = True
        cores = [np.flatnonzero(self.labels == trap.core) for trap in self.traps]
        for core in cores:  # its first cell stands for all of it
            stands[core], ready[core] = core[:1], ready[core].all()
        free = (stands[source] == stands[target]) & np.isin(source, np.concatenate([none, *cores]))
        source, target = stands[source[~free]], stands[target[~free]]
        order = np.argsort(target, kind="stable")
        starts, open_ = np.searchsorted(target[order], np.arange(n + 1)), np.bincount(source, minlength=n)
        fresh = np.flatnonzero(ready & (open_ == 0))
        while len(fresh):
            done[fresh] = True
            counts = starts[fresh + 1] - starts[fresh]
            places = np.arange(counts.sum()) + np.repeat(starts[fresh] - np.cumsum(counts) + counts, counts)
            waiting = source[order[places]]
            np.subtract.at(open_, waiting, 1)
            waiting = np.unique(waiting)
            fresh = waiting[(open_[waiting] == 0) & ready[waiting]]
        return done[stands]
