"""The least key of a point of some boxes, bracketed by a search in lanes: boxes with the least keys first.

Keys of boxes bound those of their points from below, and of points that are looked at from above. A box with an
infinite key is settled; others are halved until the ends are as close as asked, and no box with a key above the upper
end is looked at. So a spent budget leaves a wider bracket, which is true.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.balls.ball_lanes import Boxes, LaneArithmetic, ends
from hallucert.balls.facade import Ball
from hallucert.check.reason import Coded
from hallucert.check.region.convexity import smallest_eigenvalues
from hallucert.clock import Clock, OutOfTime
from hallucert.objectives.formula import FormulaObjective

BATCH = 512
FEW = 64
"""So many boxes are looked at together at least: a step in doubles costs about the same for one as for a hundred."""
FARTHER = 4.0
"""Boxes are looked at together if their keys differ at most by this factor."""
PART = 0.99
"""The ends come so close to each other, as a part of the tolerance: the rest is for rounding."""
CORE, CUBE = 2.0**-4, 2.0**20
"""Half widths of the cube that is searched first, and of all that is searched: larger radii are not of interest."""
NOTHING = 2.0**-30
"""Convexity that is not proved on a box of this width around the centre is not proved at all."""
SMALLEST, ROUNDING = 2.0**-44, 2.0**-50
"""Smaller boxes are not split, beside what they are compared with, and beside their coordinates."""


class SearchEnd(Coded):
    """Why the search for a bracket ended: as narrow as asked, or not.

    Whatever the reason, both ends of the bracket are proved.
    """

    REACHED = "reached"
    BOXES = "boxes"
    TIME = "time"
    RESOLUTION = "resolution"
    RANGE = "range"


@dataclass(frozen=True)
class Bracket:
    """Bounds of the least key, infinite if there is none, how many boxes were looked at, and why the search ended."""

    low: float
    high: float
    boxes: int
    ended: SearchEnd


class Keys(ABC):
    """The keys of the points at which the Hessian of a function has a negative eigenvalue.

    `power` is that of a radius in a key; keys from `edge` on are not of interest.
    """

    power: int
    edge = CUBE

    def __init__(self, lanes: LaneArithmetic, f: FormulaObjective, rtol: float) -> None:
        self.lanes, self.f, self.aim = lanes, f, (1 - PART * rtol) ** self.power

    @abstractmethod
    def first(self, boxes: Boxes, known: np.ndarray) -> np.ndarray:
        """Bound the keys of boxes before they are looked at, given bounds for larger boxes."""

    @abstractmethod
    def look(self, boxes: Boxes) -> tuple[np.ndarray, float]:
        """Bound the keys of boxes from below, and that of some point from above."""

    @abstractmethod
    def least_width(self, boxes: Boxes, keys: np.ndarray) -> np.ndarray:
        """Return widths from which on boxes are not split."""

    def eigenvalues(self, boxes: Boxes) -> tuple[np.ndarray, np.ndarray]:
        """Bound the smallest eigenvalue of the Hessian on boxes, and say nothing of those where f may be undefined."""
        x, count = boxes.lanes(self.lanes), len(boxes)
        low, high = smallest_eigenvalues(self.lanes, self.f.enclose_hessian(self.lanes, x), count)
        defined = np.isfinite(np.stack(ends(self.lanes, self.f.enclose_value(self.lanes, x), count))).all(0)
        return np.where(defined, low, -np.inf), np.where(defined, high, np.inf)


class Distances(Keys):
    """Squared distances from a box (d, 2) around a critical point."""

    power, edge = 2, CUBE * CUBE

    def __init__(self, lanes: LaneArithmetic, f: FormulaObjective, rtol: float, centre: np.ndarray) -> None:
        super().__init__(lanes, f, rtol)
        self.centre, self.smallest = centre, max(rtol * rtol / 16, SMALLEST)

    def first(self, boxes: Boxes, known: np.ndarray) -> np.ndarray:
        return self.squares(boxes)[0]

    def look(self, boxes: Boxes) -> tuple[np.ndarray, float]:
        """Settle convex boxes. The nearest point of another one is often still convex; its middle need not be."""
        convex = self.eigenvalues(boxes)[0] >= 0
        rest, nearest = boxes[~convex], np.clip(self.centre.mean(axis=1), boxes.lo, boxes.hi)[~convex]
        keys = np.where(convex, np.inf, self.squares(boxes)[0])
        if not len(rest):
            return keys, math.inf
        points = Boxes.join([Boxes(rest.tag, x, x) for x in (nearest, rest.middle)])
        # Where the Hessian is one, but f is undefined, f is not convex either.
        hessian = self.f.enclose_hessian(self.lanes, points.lanes(self.lanes))
        bent = smallest_eigenvalues(self.lanes, hessian, len(points))[1] < 0
        return keys, float(self.squares(points)[1][bent].min(initial=math.inf))

    def least_width(self, boxes: Boxes, keys: np.ndarray) -> np.ndarray:
        """Compare with the distance, and with doubles of the size of the coordinates."""
        size = np.maximum(np.abs(boxes.lo), np.abs(boxes.hi)).max(axis=1)
        beside = np.where(keys > 0, self.smallest * np.sqrt(keys), NOTHING)
        widths: np.ndarray = np.maximum(beside, size * ROUNDING)
        return widths

    def squares(self, boxes: Boxes) -> tuple[np.ndarray, np.ndarray]:
        """Bound the squared distances from the centre to the points of each box."""
        lanes, count = self.lanes, len(boxes)
        total: Ball = lanes.constant(Fraction(0))
        for x, (low, high) in zip(boxes.lanes(lanes), self.centre, strict=True):
            total = total + lanes.power(x - lanes.box(np.full(count, low), np.full(count, high)), 2)
        low, high = ends(lanes, total, count)
        return np.maximum(low, 0.0), high


class Moduli(Keys):
    """Reciprocals ``1/l`` of eigenvalues ``-l``, on a box (d, 2)."""

    power = 1

    def __init__(self, lanes: LaneArithmetic, f: FormulaObjective, rtol: float, box: np.ndarray) -> None:
        super().__init__(lanes, f, rtol)
        self.smallest = SMALLEST * float((box[:, 1] - box[:, 0]).max())

    def first(self, boxes: Boxes, known: np.ndarray) -> np.ndarray:
        return known

    def look(self, boxes: Boxes) -> tuple[np.ndarray, float]:
        """Take the eigenvalues on boxes and at their middles."""
        low = self.eigenvalues(boxes)[0]
        high = self.eigenvalues(Boxes(boxes.tag, boxes.middle, boxes.middle))[1].min()
        with np.errstate(divide="ignore"):
            keys = np.where(low < 0, np.nextafter(-1 / low, 0.0), np.inf)
        return keys, math.nextafter(-1 / float(high), math.inf) if high < 0 else math.inf

    def least_width(self, boxes: Boxes, keys: np.ndarray) -> np.ndarray:
        """Compare with the whole box."""
        return np.full(len(boxes), self.smallest)


def bracket(keys: Keys, boxes: Boxes, max_boxes: int, clock: Clock) -> Bracket:
    """Bracket the least key of a point of some boxes, which are doubles."""
    upper, barrier, spent = math.inf, math.inf, 0
    # A step in doubles is for many boxes; in balls there is nothing to be saved.
    few = FEW if keys.lanes.name == "float" else 1
    with keys.lanes:
        known = keys.first(boxes, np.zeros(len(boxes)))
        while True:
            # Above the nearest box that cannot be decided nothing is looked at either.
            keep = np.flatnonzero(known < min(upper, barrier))
            order = keep[np.argsort(known[keep], kind="stable")]
            boxes, known = boxes[order], known[order]
            low = min(float(known[0]) if len(known) else math.inf, upper, barrier)
            if upper < math.inf and low >= keys.aim * upper:
                return Bracket(low, upper, spent, SearchEnd.REACHED)
            if low >= keys.edge or not len(boxes):
                return Bracket(low, upper, spent, SearchEnd.RANGE if low >= keys.edge else SearchEnd.RESOLUTION)
            if spent >= max_boxes or clock.passed():
                return Bracket(low, upper, spent, SearchEnd.BOXES if spent >= max_boxes else SearchEnd.TIME)
            count = max(int(np.searchsorted(known[:BATCH], FARTHER * known[0], side="right")), few)
            batch = boxes[:count]
            spent += len(batch)
            clock.tell("boxes", spent)
            try:
                with clock.watched():
                    found, point = keys.look(batch)
            except OutOfTime:
                return Bracket(low, upper, spent, SearchEnd.TIME)
            upper, found = min(upper, point), np.maximum(found, known[:count])
            tiny = batch.width <= keys.least_width(batch, found)
            barrier = min(barrier, float(found[tiny].min(initial=math.inf)))
            rest = ~tiny & (found < min(upper, barrier))
            halves = batch[rest].halves()
            known = np.concatenate([known[count:], keys.first(halves, np.tile(found[rest], 2))])
            boxes = Boxes.join([boxes[count:], halves])


def rings(centre: np.ndarray) -> Boxes:
    """Cover the large cube by a small one and, around it, the rings between cubes, each twice as wide as the next."""
    d, half = len(centre), CORE
    inner = _cube(centre, half)
    boxes = [inner]
    while half < CUBE:
        half *= 2
        outer = _cube(centre, half)
        for j in range(d):
            # Below and above the inner cube in coordinate j: within it in those before j, anywhere in those after.
            low = np.where(np.arange(d)[:, None] < j, inner, outer)
            high = low.copy()
            low[j], high[j] = (outer[j, 0], inner[j, 0]), (inner[j, 1], outer[j, 1])
            boxes += [low, high]
        inner = outer
    return boxes_of(np.array(boxes))


def boxes_of(sides: np.ndarray) -> Boxes:
    """Return boxes with the given sides, shape (k, d, 2)."""
    return Boxes(np.zeros(len(sides), int), sides[..., 0], sides[..., 1])


def _cube(centre: np.ndarray, half: float) -> np.ndarray:
    return np.stack([np.nextafter(centre[:, 0] - half, -np.inf), np.nextafter(centre[:, 1] + half, np.inf)], -1)
