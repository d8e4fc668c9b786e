"""The two systems behind a census, in lanes: critical points of ``f``, and hallucinated points of targets on charts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property

import numpy as np

from hallucert.balls.ball_lanes import Boxes, SearchLanes, lane_arithmetic
from hallucert.balls.facade import Ball
from hallucert.balls.lanes import FloatLanes
from hallucert.check.census.charts import ChartPoint, charts
from hallucert.check.census.records import Problem
from hallucert.objectives.objective import Objective
from hallucert.prove.census.branch_and_prune import Expansion, excludes_zero

LONG = 4
"""With so many variables a census takes seconds."""


@cache
def _orders(dimension: int) -> np.ndarray:
    """Return the coordinates in the order of each chart, one a row."""
    return np.array([chart.to_chart(range(dimension)) for chart in charts(dimension)])


@dataclass(frozen=True)
class LaneCharts:
    """A chart of its own in each of k lanes: `numbers` (k,) in the order of `charts`, of a sphere in d dimensions."""

    lanes: SearchLanes
    numbers: np.ndarray
    dimension: int

    def signed(self, value: Ball) -> Ball:
        """Return s times a value in each lane, exactly."""
        return self.lanes.negated(value, self._negative)

    @cached_property
    def _negative(self) -> np.ndarray:
        """Where s is -1, shape (k,)."""
        return np.asarray(self.numbers % 2 == 1)

    @cached_property
    def _order(self) -> np.ndarray:
        """Row m holds the coordinates that are number m in the order of the charts, shape (d, k)."""
        return np.asarray(_orders(self.dimension)[self.numbers].T)

    @cached_property
    def _own_order(self) -> np.ndarray:
        """Row i holds the numbers that coordinate i has in the order of the charts, shape (d, k)."""
        return self._order.argsort(axis=0)

    def to_chart(self, values: Sequence[Ball]) -> list[Ball]:
        """Return one value for each coordinate in the order of the chart of each lane."""
        return list(self.lanes.permuted(values, self._order))

    def from_chart(self, values: Sequence[Ball]) -> list[Ball]:
        """Return them in their own order."""
        return list(self.lanes.permuted(values, self._own_order))

    def matrix_to_chart(self, rows: Sequence[Sequence[Ball]]) -> list[list[Ball]]:
        """Return a matrix with rows and columns in the order of the chart of each lane."""
        d, order = self.dimension, self._order
        pairs = (d * order[:, None] + order[None]).reshape(d * d, -1)
        flat = self.lanes.permuted([entry for row in rows for entry in row], pairs)
        return [list(flat[i * d : (i + 1) * d]) for i in range(d)]

    def picked(self, which: np.ndarray) -> LaneCharts:
        """Return the charts of some of the lanes."""
        return LaneCharts(self.lanes, self.numbers[which], self.dimension)


class LanePoint(ChartPoint):
    """Everything about the points of many boxes, with a chart for each of them."""

    chart: LaneCharts

    def picked(self, which: np.ndarray) -> LanePoint:
        """Return the point of some of the lanes."""
        pick, part = self.chart.lanes.picked, LanePoint.__new__(LanePoint)
        names = ("y", "normal", "x", "gradient", "equations")
        known = {name: [pick(value, which) for value in getattr(self, name)] for name in names}
        chart, factor = self.chart.picked(which), pick(self.factor, which)
        vars(part).update(known, arithmetic=self.arithmetic, f=self.f, chart=chart, factor=factor)
        return part


def outside_of(lanes: SearchLanes, x: Sequence[Ball], region: np.ndarray) -> np.ndarray:
    """Tell which points are certainly outside of a region, shape (d, 2)."""
    sides = zip(x, region, strict=True)
    return np.asarray(np.any([lanes.outside(side, low, high) for side, (low, high) in sides], axis=0))


def _with_middles(boxes: Boxes) -> Boxes:
    """Return boxes, and after them their midpoints."""
    return Boxes.join([boxes, Boxes(boxes.tag, boxes.middle, boxes.middle)])


class SphereSystem:
    """The hallucinated points in a region (d, 2), of several targets in boxes (T, d, 2).

    A tag is ``2 d`` times the number of the target plus that of the chart. In float points only `at_points` has a
    meaning.
    """

    def __init__(
        self, lanes: SearchLanes, f: Objective, rho: Fraction, targets: np.ndarray, region: np.ndarray | None
    ) -> None:
        self.lanes, self.f, self.targets, self.region = lanes, f, targets, region
        self.rho = lanes.constant(rho)

    def point(self, boxes: Boxes) -> LanePoint:
        """Everything about the points of the boxes."""
        numbers, faces = np.divmod(boxes.tag, 2 * self.f.dimension)
        chart = LaneCharts(self.lanes, faces, self.f.dimension)
        return LanePoint(self.lanes, self.f, self.rho, self.centre(numbers), chart, boxes.lanes(self.lanes))

    def centre(self, numbers: np.ndarray) -> list[Ball]:
        """The targets with these numbers, d values."""
        own = self.targets[numbers]
        return [self.lanes.box(own[:, j, 0], own[:, j, 1]) for j in range(self.f.dimension)]

    def impossible(self, boxes: Boxes) -> np.ndarray:
        """Outside the region, or g certainly not normal to the sphere, or certainly not inward."""
        return self._impossible(self.point(boxes), len(boxes)) if len(boxes) else np.zeros(0, bool)

    def _impossible(self, point: LanePoint, count: int) -> np.ndarray:
        lanes, result = self.lanes, np.zeros(count, bool)
        if self.region is not None:
            result |= outside_of(lanes, point.x, self.region)
        for inward in (point.outward, point.radial):
            result |= lanes.lower(inward) >= 0
        return np.asarray(result | excludes_zero(lanes, point.equations, count))

    def look(self, boxes: Boxes) -> tuple[np.ndarray, Callable[[np.ndarray], Expansion]]:
        """What is impossible, and the expansion of the rest."""
        count, point = len(boxes), self.point(_with_middles(boxes))

        def expand(left: np.ndarray) -> Expansion:
            rows = np.flatnonzero(left)
            own = point.picked(rows)
            at_middle = [self.lanes.picked(value, rows + count) for value in point.equations]
            return Expansion(own.equations, at_middle, own.jacobian)

        return self._impossible(point, 2 * count)[:count], expand

    def at_points(self, points: Boxes) -> tuple[list[Ball], list[list[Ball]]]:
        """G and DG."""
        point = self.point(points)
        return point.equations, point.jacobian


class CriticalSystem:
    """The critical points of `f` at distance `rho` (None: any) from some point of a `region`, shape (d, 2)."""

    def __init__(self, lanes: SearchLanes, f: Objective, rho: Fraction | None, region: np.ndarray) -> None:
        self.lanes, self.f, self.rho, self.region = lanes, f, rho, region

    def look(self, boxes: Boxes) -> tuple[np.ndarray, Callable[[np.ndarray], Expansion]]:
        """What is impossible, and the expansion of the rest.

        Impossible is what is too far from the region or, all of it, too near; or the gradient is certainly not 0.
        """
        lanes, count = self.lanes, len(boxes)
        gradient = self._gradient(_with_middles(boxes))
        impossible = excludes_zero(lanes, gradient, 2 * count)[:count]
        left = np.flatnonzero(~impossible)
        impossible[left] = self._unreachable(boxes[left])

        def expand(which: np.ndarray) -> Expansion:
            rows = np.flatnonzero(which)
            on_box, at_middle = ([lanes.picked(g, part) for g in gradient] for part in (rows, rows + count))
            return Expansion(on_box, at_middle, self.f.enclose_hessian(lanes, boxes[rows].lanes(lanes)))

        return impossible, expand

    def _unreachable(self, boxes: Boxes) -> np.ndarray:
        """Tell which boxes are too far from the region or, all of them, too near to all of it."""
        lanes, (count, d) = self.lanes, boxes.lo.shape
        if self.rho is None or not count:
            return np.zeros(count, bool)
        # Side by side: a point can be at most p = hi - low below, and q = high - lo above, a point of the region.
        lo, hi, low, high = boxes.lo.ravel(), boxes.hi.ravel(), *np.tile(self.region.T, count)
        p, q = (lanes.upper(lanes.box(a, a) - lanes.box(b, b)) for a, b in ((hi, low), (high, lo)))
        sides = np.concatenate([np.maximum(np.maximum(-p, -q), 0.0), np.maximum(p, q)])  # nearest, farthest
        squares, first = lanes.power(lanes.box(sides, sides), 2), d * np.arange(2 * count)
        distance = lanes.picked(squares, first)
        for j in range(1, d):
            distance = distance + lanes.picked(squares, first + j)
        (lower, upper), square = lanes.ends(distance), lanes.ends(lanes.power(lanes.constant(self.rho), 2))
        return np.asarray((lower[:count] > square[1]) | (upper[count:] < square[0]))

    def _gradient(self, boxes: Boxes) -> list[Ball]:
        return self.f.enclose_gradient(self.lanes, boxes.lanes(self.lanes))

    def at_points(self, points: Boxes) -> tuple[list[Ball], list[list[Ball]]]:
        """The gradient and the Hessian."""
        return self._gradient(points), self.f.enclose_hessian(self.lanes, points.lanes(self.lanes))


def lanes_for(problem: Problem) -> SearchLanes:
    """Return the arithmetic in which a problem is searched.

    Compiled where a compiler is loaded anyway, or the search takes longer than loading it; the numbers are the same.
    """
    if problem.backend != "float":
        return lane_arithmetic(problem.backend, problem.precision)
    if "numba" not in sys.modules and problem.f.dimension < LONG:
        return FloatLanes()
    from hallucert.prove.census.compiled_lanes import CompiledFloatLanes

    return CompiledFloatLanes()
